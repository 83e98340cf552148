"""The patient as read: infusions, treatment, visits with their responses, the laboratory."""

from __future__ import annotations

from rearm.assessment.result.parts import BriefPart, DayRange, Part
from rearm.interval import IntervalDict

__all__ = [
    "CaseResult",
    "InfusionResult",
    "Point",
    "StatedResponse",
    "TherapyResult",
    "VisitResult",
]


class InfusionResult(BriefPart, frozen=True, kw_only=True):
    """A CAR-T product on record. `infused` None: nobody says."""

    day: DayRange
    product: str | None = None
    infused: bool | None = None


class CaseResult(Part, frozen=True, kw_only=True):
    """Who the patient is. `deaths`: the days of death on record, one as a rule."""

    sex: str | None
    heavy_chain: tuple[str, ...]
    light_chain: str | None
    infusions: tuple[InfusionResult, ...]
    deaths: tuple[DayRange, ...]


class TherapyResult(BriefPart, frozen=True, kw_only=True):
    """One stretch of treatment; `unread` are words of it that name no agent. `supportive`: it does
    not treat the myeloma.
    """

    start: DayRange
    end: DayRange
    row: int
    line: int | None = None
    regimen: str | None = None
    agents: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    purpose: str | None = None
    best_response: str | None = None
    supportive: bool = False


class VisitResult(BriefPart, frozen=True, kw_only=True):
    """The response computed for one visit after the last infusion, and what it lacks. `between`:
    the days that it may have been on, where `day` is only the first of them.
    """

    day: int
    between: DayRange | None = None
    response: str
    confirmed: str
    reason: str
    missing: tuple[str, ...] = ()


class StatedResponse(BriefPart, frozen=True, kw_only=True):
    """A response that the team recorded. `between`: where no day is known exactly, the days that it
    may have been on.
    """

    day: int | None = None
    between: DayRange | None = None
    response: str


class Point(BriefPart, frozen=True, kw_only=True):
    """One laboratory value: a number, or the interval that is known. `between`: where no day is
    known exactly, the days that it may be of.
    """

    day: int | None = None
    between: DayRange | None = None
    value: float | None = None
    interval: IntervalDict | None = None
    as_given: str | None = None

    def __post_init__(self) -> None:
        if self.value is None and self.interval is None:
            raise ValueError("a value with neither a number nor an interval")
