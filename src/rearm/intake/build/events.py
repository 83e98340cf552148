"""Rows of the tidy tables to events of the record; one function a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
from rearm.intake.values import not_done, shown
from rearm.record import (
    Death,
    Fact,
    Lab,
    RefractorinessStatement,
    ResponseStatement,
    Variant,
)

__all__ = ["EVENT_READERS"]

EventReader = Callable[[Row, Axis, IssueLog, Terms], Iterable[Any]]


def _response(
    row: Row, axis: Axis, log: IssueLog, terms: Terms
) -> Iterable[ResponseStatement | Lab]:
    """What somebody stated; a word that can't be read is set aside."""
    response = typed.word(row, "response", log)
    when, _ = placed(row, "day", axis, log)
    if response is not None:
        yield ResponseStatement(
            response=response,
            when=when,
            source=row.source,
            by=typed.word(row, "by", log),
            basis=typed.text(row, "basis", log),
            nominal_day=typed.whole(row, "nominal_day", log),
            pattern=typed.text(row, "pattern", log),
        )
    elif (aside := unread(row, "response", UNREAD_RESPONSE, when)) is not None:
        yield aside


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
            f"{shown(name)} is no agent and no class of the lexicon; the statement is not used.",
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
    if (allowed := terms.tidy.facts.get(finding)) is not None:
        value = _allowed_value(row, log, finding, value, allowed)
    if value is not None:
        yield Fact(
            finding=finding,
            value=value,
            source=row.source,
            when=when,
            by=typed.word(row, "by", log),
        )


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
    yield Death(when=when, cause=typed.word(row, "cause", log) or "unknown", source=row.source)


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
