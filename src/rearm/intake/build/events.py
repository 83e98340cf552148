"""Rows of the tidy tables to events of the record; one function a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from rearm.intake.build import typed
from rearm.intake.build.axis import Axis, placed
from rearm.intake.build.conditions import read_condition, read_toxicity
from rearm.intake.build.imaging import read_imaging
from rearm.intake.build.infusions import read_infusion
from rearm.intake.build.log import IssueLog
from rearm.intake.build.terms import Terms
from rearm.intake.build.unread import UNREAD_RESPONSE, unread
from rearm.intake.rows import Row
from rearm.intake.values import Refused, not_done, number, shown, words, yes_no
from rearm.knowledge.option_names import declined_names
from rearm.record import (
    UNKNOWN_WHEN,
    Death,
    Fact,
    Infusion,
    Lab,
    RefractorinessStatement,
    ResponseStatement,
    Variant,
)

__all__ = ["EVENT_READERS", "read_best_response", "read_prior_lines"]

# What a progression was seen by, in English and German: read as it is written.
_SEEN_BY = re.compile(
    r"visit|visite|progress|response|imag|bildgeb|lesion|läsion|\bpet\b|\bmr[it]?\b|\bct\b|scan"
    r"|biops|investigator|committee|\birc\b|\bteam\b|imwg|assessment|plasm[ao][cz]",
    re.IGNORECASE,
)

EventReader = Callable[[Row, Axis, IssueLog, Terms], Iterable[Any]]


def _response(
    row: Row, axis: Axis, log: IssueLog, terms: Terms
) -> Iterable[ResponseStatement | Lab]:
    """What somebody stated; a word that can't be read is set aside."""
    response = typed.word(row, "response", log)
    when, _ = placed(row, "day", axis, log)
    place = typed.whole(row, "after_infusion", log)
    if place is not None and when == UNKNOWN_WHEN:
        when = axis.after_infusion(place)
    if response is not None:
        yield ResponseStatement(
            response=response,
            when=when,
            source=row.source,
            by=typed.word(row, "by", log),
            basis=typed.text(row, "basis", log),
            nominal_day=typed.whole(row, "nominal_day", log),
            pattern=_pattern(row, response, log, terms),
            after_infusion=place,
        )
    elif (aside := unread(row, "response", UNREAD_RESPONSE, when)) is not None:
        yield aside


def _pattern(row: Row, response: str, log: IssueLog, terms: Terms) -> str | None:
    """Where the progression showed itself, by the pattern and by what it rests on. What can't be
    read of it is kept as written, and told.
    """
    column = terms.tidy.tables["assessments"].columns["pattern"]
    stated = typed.words(row, "pattern", log)
    basis = row.cell("basis")
    rests_on = words(basis.value, column) if basis.value is not None else ()
    found = dict.fromkeys((*stated, *(word for word in rests_on if word in column.words)))
    if response == "PD":
        unread = {"pattern": [word for word in stated if word not in column.words]}
        if "basis" not in row.constants:
            unread["basis"] = [x for x in rests_on if x not in column.words and not _is_basis(x)]
        for name, parts in unread.items():
            if parts:
                log.warning(row, name, "pattern_unread", _unread_pattern(parts, column.words))
    return ";".join(found) or None


def _is_basis(given: str) -> bool:
    """Whether it names what a progression was seen by, which says nothing of where it showed
    itself.
    """
    return _SEEN_BY.search(given) is not None


def _unread_pattern(parts: Iterable[str], known: Iterable[str]) -> str:
    return (
        f"The pattern of progression {', '.join(map(shown, parts))} could not be read, so "
        "whether it is extramedullary, in the marrow or biochemical is unknown. Enter one of "
        f"{', '.join(known)} as pattern."
    )


def read_best_response(
    row: Row, infusion: Infusion, axis: Axis, log: IssueLog
) -> Iterable[ResponseStatement]:
    """The best response to the infusion of a row, as a response on some day after it and before the
    next.
    """
    response = typed.word(row, "best_response", log)
    if response is None or infusion.infused is False:
        return
    # a row that repeats another is that infusion
    same = [replace(x, source=infusion.source) == infusion for x in axis.infusions]
    number = same.index(True) + 1
    yield ResponseStatement(
        response=response,
        when=axis.after_infusion(number),
        source=row.at("best_response"),
        basis="best response",
        after_infusion=number,
    )


def read_prior_lines(row: Row, log: IssueLog) -> Iterable[Fact]:
    """The number of lines before the CAR-T, as a statement."""
    lines = typed.whole(row, "prior_lines", log)
    if lines is not None:
        yield Fact(finding="prior_lines", value=str(lines), source=row.at("prior_lines"))


def _refractoriness(
    row: Row, axis: Axis, log: IssueLog, terms: Terms
) -> Iterable[RefractorinessStatement]:
    name = typed.text(row, "agent_or_class", log) or ""
    status = typed.word(row, "status", log)
    agent = terms.agent(name)
    known = terms.agent_class(name) if agent is None else agent.id
    when, _ = placed(row, "day", axis, log)
    if known is None:
        log.error(
            row,
            "agent_or_class",
            "unknown_agent",
            (
                f"{shown(name)} is neither an agent nor a class in the lexicon. The statement "
                "is not used."
            ),
        )
    elif status is not None:
        yield RefractorinessStatement(
            agent_or_class=known,
            status=status,
            source=row.source,
            when=when,
            by=typed.word(row, "by", log),
        )


def _variant(row: Row, axis: Axis, log: IssueLog, terms: Terms) -> Iterable[Variant]:
    gene = typed.text(row, "gene", log)
    result = typed.word(row, "result", log)
    when, _ = placed(row, "day", axis, log)
    reported, _ = placed(row, "reported_day", axis, log)
    if gene is not None and result is not None:
        yield Variant(
            gene=gene,
            result=result,
            source=row.source,
            when=when,
            change=typed.text(row, "change", log),
            kind=typed.word(row, "kind", log),
            copies=typed.number(row, "copies", log),
            vaf=typed.number(row, "vaf", log),
            clonal_fraction=typed.number(row, "clonal_fraction", log),
            specimen=typed.text(row, "specimen", log),
            site=typed.text(row, "site", log),
            assay=typed.word(row, "assay", log),
            reported_day=reported.day,
        )


def _fact(row: Row, axis: Axis, log: IssueLog, terms: Terms) -> Iterable[Fact]:
    finding = typed.word(row, "finding", log)
    value = typed.text(row, "value", log)
    when, _ = placed(row, "day", axis, log)
    if finding is None or value is None or not_done(value):
        return
    value = _stated_value(row, log, terms, finding, value)
    if value is not None:
        _log_what_no_rule_reads(row, log, terms, finding, value)
        yield Fact(
            finding=finding,
            value=value,
            source=row.source,
            when=when,
            by=typed.word(row, "by", log),
        )


def _log_what_no_rule_reads(
    row: Row, log: IssueLog, terms: Terms, finding: str, value: str
) -> None:
    """What is kept as stated and changes nothing."""
    if finding in terms.tidy.facts_unread:
        sentence = f"{finding} is kept as entered ({shown(value)}); no rule uses it."
        log.note(row, "finding", "fact_unread", sentence)
    elif finding == "declined":
        unknown = [name for name in declined_names(value) if not terms.options_named(name)]
        if unknown:
            sentence = (
                f"The declined treatment ({', '.join(map(shown, unknown))}) could not be "
                "matched to an option, drug or kind of treatment, so no option is excluded for "
                "it. Enter a name such as talquetamab, bispecific, CAR-T or transplant."
            )
            log.warning(row, "value", "declined_unread", sentence, "used")


def _stated_value(row: Row, log: IssueLog, terms: Terms, finding: str, value: str) -> str | None:
    """A value of the finding's type, as it is written everywhere; free text where it has none.
    None, with an issue, where it is of another type.
    """
    if (allowed := terms.tidy.facts.get(finding)) is not None:
        return _allowed_value(row, log, finding, value, allowed)
    if finding in terms.tidy.fact_options and "=" in value:
        option, _, number = value.rpartition("=")
        size = _number_of(row, log, finding, number)
        return None if size is None else f"{option.strip()}={size}"
    listed = finding in terms.tidy.tables["facts"].columns["finding"].words
    known = None if listed else terms.catalogue.get(finding)
    if finding in terms.tidy.fact_numbers | terms.tidy.fact_options or (known and known.numeric):
        return _number_of(row, log, finding, value)
    if known is None:
        return value
    if known.type == "word":
        return _allowed_value(row, log, finding, value, known.values)
    try:
        return "yes" if yes_no(value) else "no"
    except Refused as refusal:
        _log_value(row, log, finding, str(refusal))
        return None


def _number_of(row: Row, log: IssueLog, finding: str, value: str) -> str | None:
    try:
        return f"{number(value.strip(), decimal=row.decimal):g}"
    except Refused as refusal:
        _log_value(row, log, finding, str(refusal))
        return None


def _log_value(row: Row, log: IssueLog, finding: str, why: str) -> None:
    log.error(row, "value", "unknown_word", f"{finding}: {why} It is not used.")


def _allowed_value(
    row: Row, log: IssueLog, finding: str, value: str, allowed: Iterable[str]
) -> str | None:
    """The value as its list writes it; None, with an issue, where it is in no list. A histology
    names its lesion: `lesion=word`.
    """
    lesion, mark, last = value.rpartition("=")
    of_lesion = finding == "lesion_histology"
    word = {w.casefold(): w for w in allowed}.get(last.strip().casefold())
    if word is None or of_lesion != bool(mark):
        form = "<lesion>=<word>, word one of " if of_lesion else ""
        log.error(
            row,
            "value",
            "unknown_word",
            f"{shown(value)} is not a value of {finding}; allowed: {form}{', '.join(allowed)}."
            " It is not used.",
        )
        return None
    return f"{lesion.strip()}={word}" if mark else word


def _death(row: Row, axis: Axis, log: IssueLog, terms: Terms) -> Iterable[Death]:
    when, _ = placed(row, "day", axis, log)
    causes = [cause for cause in typed.words(row, "cause", log) if cause != "unknown"]
    yield Death(when=when, cause="; ".join(causes) or "unknown", source=row.source)


# field of the record and reader, by table, in the order in which they are read: deaths and
# infusions first, because other days are placed by them; labs and therapies are read apart
EVENT_READERS: Mapping[str, tuple[str, EventReader]] = {
    "deaths": ("deaths", _death),
    "infusions": ("infusions", read_infusion),
    "assessments": ("responses", _response),
    "refractoriness": ("refractoriness", _refractoriness),
    "variants": ("variants", _variant),
    "imaging": ("imaging", read_imaging),
    "toxicities": ("toxicities", read_toxicity),
    "conditions": ("conditions", read_condition),
    "facts": ("facts", _fact),
}
