"""How the options that the sheet shows are given, and when the board looks again."""

from __future__ import annotations

from typing import Literal

from msgspec import field

from rearm.assessment.result.parts import BriefPart, Part
from rearm.knowledge.practicalities import PracticalField
from rearm.knowledge.reviews import CountedFrom

__all__ = [
    "CountedFrom",
    "NextReview",
    "PracticalField",
    "PracticalLine",
    "Practicalities",
    "ReviewMarker",
]

ReviewMarker = Literal[
    "serum_m_protein",
    "urine_m_protein_24h",
    "kappa_flc",
    "lambda_flc",
    "free_light_chains",
    "marrow_plasma_cells",
    "lesions",
    "none_on_record",
]
"""By what the disease of this patient is measured; `free_light_chains`: of which chain is not
known; `none_on_record`: no marker of it is on record.
"""


class PracticalLine(BriefPart, frozen=True, kw_only=True):
    """One thing to know of an option. `brief`: the same in a few words. `regions`: where it holds,
    everywhere where empty.
    """

    text: str
    brief: str | None = None
    regions: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()


class Practicalities(Part, frozen=True, kw_only=True):
    """How the options that the sheet shows are given: for each option the ids of its `lines` by
    field, none where there is nothing of the kind.

    `in_full`: the options of which every field is told, the first of the sheet. A field that one
    of them lacks was not read, but for `later_t_cells` and `next` where the option itself has
    `later_t_cells` or `sequence`. Of the other options only those fields are told that a table
    shows side by side. `tasks`: what is to be done or arranged before the first dose of the option
    that leads.
    """

    lines: dict[str, PracticalLine] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    in_full: tuple[str, ...] = ()
    options: dict[str, dict[PracticalField, tuple[str, ...]]] = field(default_factory=dict)


class NextReview(BriefPart, frozen=True, kw_only=True):
    """When the board looks again: `days_low` to `days_high` days from `counted_from`; `date`: the
    last of them on the calendar, where they count from today and the date of today is known.

    `markers`: those by which this patient's disease is measured; empty where the review looks at
    something else. `also`: what else is looked at; `changes`: the result
    that changes the plan; `who`: who looks. `rule`: the id in the knowledge.
    """

    rule: str
    days_low: int
    days_high: int
    changes: str
    who: str
    counted_from: CountedFrom = "today"
    date: str | None = None
    markers: tuple[ReviewMarker, ...] = ()
    also: str | None = None
    citations: tuple[str, ...] = ()
