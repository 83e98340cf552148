"""How fast a relapse is, from its own course: rapid, intermediate, slow, or not known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from rearm.outcome.failure import Failure
from rearm.outcome.marker_rise import RAPID_DAYS, SLOW_DAYS, MarkerRise, marker_rise
from rearm.record import Record
from rearm.response.lesion_kind import whole_body

__all__ = ["Tempo", "relapse_rise", "tempo_of"]

Tempo = Literal["rapid", "intermediate", "slow"]

_RAPID_PATTERNS = ("leukaemic", "extraosseous", "paraskeletal")
_BLOOD = (("hemoglobin",), ("creatinine",), ("calcium_corrected", "calcium_ionised", "calcium"))


def relapse_rise(record: Record, failure: Failure, until: int | None) -> MarkerRise | None:
    """The rise of the marker of a relapse: up to the relapse, or up to `until`, the last day of its
    own course (None: there is no other), whichever doubles faster.
    """
    latest = marker_rise(record, failure, until)
    known = [latest] if failure.day is None else [latest, marker_rise(record, failure, failure.day)]
    doubling = [x for x in known if x is not None and x.days is not None]
    return min(doubling, key=_days, default=latest)


def _days(rise: MarkerRise) -> float:
    """The longest that it may take."""
    assert rise.days is not None
    return rise.days.high


def tempo_of(
    record: Record, failure: Failure, rise: MarkerRise | None, until: int | None
) -> Tempo | None:
    """Rapid: the marker surely doubles within 60 days, or there is new organ damage of myeloma, a
    soft tissue lesion that is new or grows, or plasma cells circulate. Slow: surely over 180 days,
    where blood and whole body were looked at and show none of these. None: not known.
    """
    days = None if rise is None else rise.days
    if _is_rapid(failure) or (days is not None and days.high <= RAPID_DAYS):
        return "rapid"
    if days is None:
        return None
    if days.low <= SLOW_DAYS:
        return "intermediate"
    quiet = "cns" not in failure.pattern and not _organ_damage(failure)
    return "slow" if quiet and _looked_at(record, failure, until) else None


def _is_rapid(failure: Failure) -> bool:
    """By what is there beside the marker."""
    return "clinical" in failure.pattern or any(x in failure.pattern for x in _RAPID_PATTERNS)


def _organ_damage(failure: Failure) -> bool:
    """Whether there is organ damage that nobody says has another cause."""
    events = () if failure.course is None else failure.course.clinical_events
    return any(event.open and event.attributed is not False for event in events)


def _looked_at(record: Record, failure: Failure, until: int | None) -> bool:
    """Were blood and whole body examined at the relapse or since?"""
    first = failure.when.first
    if first is None or failure.course is None:
        return False
    since = first - failure.course.criteria.pattern_days

    def in_time(days: Iterable[int | None]) -> bool:
        return any(d is not None and since <= d and (until is None or d <= until) for d in days)

    blood = all(in_time(x.day for x in record.labs if x.test in tests) for tests in _BLOOD)
    whole = [x for x in record.imaging if x.result is not None and (not x.method or whole_body(x))]
    return blood and in_time(x.when.day for x in whole)
