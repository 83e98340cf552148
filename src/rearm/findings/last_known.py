"""A laboratory value that endangers: by a result of the last two weeks for certain, by an older one
as a suspicion that is to be settled today. A number that is too old to count is kept as the last
one that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rearm.findings.base import (
    NOTHING,
    Found,
    any3,
    joined,
    measured,
    sources_of,
    suspected,
    unknown,
)
from rearm.findings.chart import PatientChart
from rearm.findings.results import LatestResult
from rearm.interval import Interval
from rearm.record import Source

__all__ = [
    "EMERGENCY_DAYS",
    "LAST_KNOWN_DAYS",
    "SLOW_TO_CHANGE_DAYS",
    "Danger",
    "Harmful",
    "any_danger",
    "danger",
    "last_known",
    "latest_number",
    "too_old",
]

EMERGENCY_DAYS = 14  # a laboratory value speaks of an emergency of now for this long
# Until then the last value is a reason to measure today, whatever became of it: a convention of
# this project.
LAST_KNOWN_DAYS = 60
# Kidney and heart seldom recover without being looked at: a convention of this project.
SLOW_TO_CHANGE_DAYS = 365

Harmful = Callable[[Interval], bool | None]


class Danger(NamedTuple):
    """Whether the latest result is harmful; `suspected`: not known, but the last value may be."""

    harmful: bool | None
    suspected: bool
    latest: LatestResult
    age_words: str = ""

    @property
    def sources(self) -> tuple[Source, ...]:
        return self.latest.sources

    @property
    def has_text(self) -> bool:
        return self.latest.has_text

    @property
    def text(self) -> str:
        return f"{self.latest.text}{self.age_words}"


def danger(chart: PatientChart, test: str, harmful: Harmful) -> Danger:
    """The latest result of two weeks; without one, the last of two months."""
    now = chart.latest(test, chart.recent(EMERGENCY_DAYS))
    if now.quantity is not None:
        answer = harmful(now.quantity)
        return Danger(answer, answer is None, now)
    last = last_known(chart, test)
    if last.quantity is None or harmful(last.quantity) is False:
        return Danger(None, False, now)
    return Danger(None, True, last, age_words(chart, last))


def last_known(chart: PatientChart, test: str, days: int = LAST_KNOWN_DAYS) -> LatestResult:
    """The last result of these days that could be used, whatever was set aside after it."""
    rows = chart.results(test, chart.recent(days))
    last = rows[-1].when.last if rows else None
    return LatestResult() if last is None else chart.latest(test, (last - days, last))


def latest_number(
    chart: PatientChart,
    test: str,
    days: int,
    *,
    last_days: int = 0,
    whole: bool = False,
) -> Found:
    """The latest number of these days. Without one nothing is known but the last of twice the time
    (or of `last_days`), which goes on pointing to what it would mean.
    """
    now = chart.latest(test, chart.recent(days))
    if now.quantity is not None:
        found = measured(now.quantity, now.describe, now.sources, whole=whole)
        found.day = _first_day(now)
        return found
    last = last_known(chart, test, max(2 * days, last_days))
    if last.quantity is not None:
        return too_old(chart, last, last.quantity)
    return unknown(now.describe, now.sources) if now.has_text else NOTHING


def too_old(chart: PatientChart, last: LatestResult, quantity: Interval) -> Found:
    """A number that is not known, and the last of it."""
    text = f"last {last.text}{age_words(chart, last)}"
    return Found(None, last.sources, text, last=quantity, day=_first_day(last))


def _first_day(latest: LatestResult) -> int | None:
    return latest.labs[0].when.first if latest.labs else None


def age_words(chart: PatientChart, latest: LatestResult) -> str:
    """` (18 days ago)`; empty for a result of the day itself."""
    last = latest.labs[-1].when.last if latest.labs else None
    days = 0 if last is None else chart.as_of - last
    return f" ({days} day{'s' if days != 1 else ''} ago)" if days else ""


def any_danger(dangers: Sequence[Danger]) -> Found:
    """Whether one of them is harmful; all must be known to say that none is."""
    value = any3(x.harmful for x in dangers)
    if value is True:
        shown = [x for x in dangers if x.harmful]
        return Found(True, sources_of(*shown), joined(*shown))
    if pointing := [x for x in dangers if x.suspected]:
        return suspected(joined(*pointing), sources_of(*pointing))
    shown = [x for x in dangers if x.has_text]
    if not shown:
        return NOTHING
    if value is None:
        return unknown(joined(*shown), sources_of(*shown))
    return Found(value, sources_of(*shown), joined(*shown))
