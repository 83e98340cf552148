"""How an option is given and when the board looks again, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from rearm.assessment.result import (
    Assessment,
    CountedFrom,
    NextReview,
    OptionResult,
    PracticalField,
    PracticalLine,
    ReviewMarker,
)

__all__ = [
    "COUNTED_WORDS",
    "FIELD_TITLES",
    "GivenField",
    "HowGiven",
    "ReviewWords",
    "brief_words",
    "how_given",
    "review_words",
]

FIELD_TITLES: Mapping[PracticalField, str] = {
    "dose": "dose and schedule",
    "premedication": "premedication",
    "stay": "stay",
    "visits": "visits",
    "rems": "restricted programme",
    "first_dose": "time to the first dose",
    "kidney": "kidney",
    "toxicity": "toxicity: holds and stops",
    "crs_icans": "CRS and ICANS",
    "infections": "infections",
    "later_t_cells": "later T-cell therapy",
    "next": "what comes next",
}
_IN_THE_TABLE: Mapping[PracticalField, str] = {
    "first_dose": "start",
    "stay": "stay",
    "dose": "schedule",
}
_WHERE_TOLD: Mapping[PracticalField, str] = {"kidney": "kidney"}  # only where there are words
COUNTED_WORDS: Mapping[CountedFrom, str] = {
    "today": "from today",
    "first_dose": "after the first dose",
    "infusion": "after the infusion",
    "end_of_course": "after the end of the course",
}
_MARKERS: Mapping[ReviewMarker, str] = {
    "serum_m_protein": "serum M-protein",
    "urine_m_protein_24h": "M-protein in 24 h urine",
    "kappa_flc": "kappa light chain",
    "lambda_flc": "lambda light chain",
    "free_light_chains": "free light chains",
    "marrow_plasma_cells": "marrow plasma cells",
    "lesions": "imaging of the lesions",
    "none_on_record": "M-protein and free light chains (no marker on record)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenField:
    """One field of an option: what was read, each text with the ids of its citations."""

    title: str
    lines: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HowGiven:
    """How one option of the sheet is given. `not_read`: the titles of the fields of which nothing
    was read. `in_full` False: only what the table shows is told of it.
    """

    option_id: str
    option: str
    fields: tuple[GivenField, ...]
    not_read: tuple[str, ...]
    in_full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewWords:
    """The next review: when, at what, which result changes the plan, and who. `usual`: nothing but
    usual practice stands behind it.
    """

    when: str
    looks_at: str
    changes: str
    who: str
    usual: bool
    citations: tuple[str, ...]


def how_given(result: Assessment) -> tuple[HowGiven, ...]:
    """The options of the sheet in its order."""
    return tuple(_how_given(result, result.option(name)) for name in result.practicalities.options)


def _how_given(result: Assessment, option: OptionResult) -> HowGiven:
    own = result.practicalities.options[option.id]
    full = option.id in result.practicalities.in_full
    fields: list[GivenField] = []
    not_read: list[str] = []
    for field in get_args(PracticalField):
        lines = _lines(result, option, field)
        if field in own or lines:
            told = lines or (("none", ()),)
            fields.append(GivenField(title=FIELD_TITLES[field], lines=told))
        elif full:
            not_read.append(FIELD_TITLES[field])
    return HowGiven(
        option_id=option.id,
        option=option.name,
        fields=tuple(fields),
        not_read=tuple(not_read),
        in_full=full,
    )


def _lines(
    result: Assessment, option: OptionResult, field: PracticalField
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    practice = result.practicalities
    told = [practice.lines[key] for key in practice.options[option.id].get(field, ())]
    lines = [(line.text, line.citations) for line in told]
    full = option.id in practice.in_full
    if full and field == "later_t_cells" and option.later_t_cells is not None:
        note = result.notes[option.later_t_cells.note]
        lines += [(note.text, note.citations)] if note.text else []
    if full and field == "next" and option.sequence:
        titles = [result.titles.strategies[name] for name in option.sequence]
        lines.append((f"May be followed by {', '.join(titles)}.", ()))
    return tuple(lines)


def brief_words(result: Assessment, option: str) -> tuple[tuple[str, str], ...]:
    """Time to the first dose, stay and schedule in few words, each with its title, for the cell of
    a table. Where texts differ by region and no region was chosen, each stands with its region.
    """
    own = result.practicalities.options.get(option)
    if own is None:
        return ()
    lines = result.practicalities.lines
    shown = dict(_IN_THE_TABLE)
    for field, title in _WHERE_TOLD.items():
        if any(lines[key].brief is not None for key in own.get(field, ())):
            shown[field] = title
    return tuple(
        (title, _brief(result, own.get(field), each=field == "dose"))
        for field, title in shown.items()
    )


def _brief(result: Assessment, keys: tuple[str, ...] | None, *, each: bool) -> str:
    """`each`: of several drugs the words of each stand; else those of the first in a region."""
    if keys is None:
        return "not read" if result.region is None else f"{result.region} text not read"
    told = [x for x in map(result.practicalities.lines.__getitem__, keys) if x.brief is not None]
    if not each:
        told = list({line.regions: line for line in reversed(told)}.values())[::-1]
    return ", ".join(dict.fromkeys(_with_region(result, line) for line in told)) or "none"


def _with_region(result: Assessment, line: PracticalLine) -> str:
    """The words, after the region that they hold in where that is not the one asked for."""
    words = line.brief or ""
    here = not line.regions or result.region in line.regions
    return words if here else f"{', '.join(line.regions)} {words}"


def review_words(result: Assessment) -> ReviewWords | None:
    """The next review; None where there is nothing to look at again."""
    review = result.answer.next_review
    if review is None:
        return None
    return ReviewWords(
        when=_when(review),
        looks_at=", ".join(_looked_at(review)),
        changes=review.changes,
        who=review.who,
        usual=all(result.citations[x].strength == "opinion" for x in review.citations),
        citations=review.citations,
    )


def _when(review: NextReview) -> str:
    low, high = review.days_low, review.days_high
    days = f"{low} to {high} days" if low != high else f"{high} day{'s' if high != 1 else ''}"
    by = "" if review.date is None else f", by {review.date}"
    return f"{days} {COUNTED_WORDS[review.counted_from]}{by}"


def _looked_at(review: NextReview) -> Iterator[str]:
    yield from (_MARKERS[marker] for marker in review.markers)
    if review.also is not None:
        yield review.also
