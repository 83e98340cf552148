"""The figures of an arm: a share, a time to event. What cannot be is refused with what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NoReturn

from rearm.knowledge._build import KnowledgeError
from rearm.knowledge.studies import Landmark, Months, Proportion

__all__ = ["MonthsRow", "ShareRow", "check_months", "proportion", "refuse", "time_to_event"]

_LONGEST = 360  # months; a longer time was meant in days


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRow:
    """A share as a file writes it."""

    percent: float | None = None
    n: int | None = None
    events: int | None = None
    computed: bool = False
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    evaluable: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthsRow:
    """A time to event as a file writes it."""

    median: float | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    landmarks: tuple[Landmark, ...] = ()


def refuse(where: str, text: str) -> NoReturn:
    """Ends the reading: what can't be, and where it stands."""
    raise KnowledgeError([f"{where}: {text}"])


def proportion(row: ShareRow | None, treated: int | None, where: str) -> Proportion | None:
    """A share whose counts, percentage and interval fit together."""
    if row is None:
        return None
    if row.evaluable:
        row = _of_the_fewest(row, treated, where)
    n = treated if row.n is None else row.n
    percent = row.percent
    if percent is not None and not 0 <= percent <= 100:
        refuse(where, f"{percent:g} is not a percentage. It runs from 0 to 100.")
    if row.events is not None:
        counted = _percent_of(row.events, n, where)
        percent = counted if percent is None else percent
        # Half a unit of the last printed digit, and a little for papers that round the other way.
        rounding = 0.51 * 10.0 ** -_decimals(percent)
        if row.percent is not None and n and abs(counted - percent) > rounding:
            refuse(
                where,
                f"{row.events} of {n} is {counted:.1f} %, but percent says {percent:g}. Check "
                "the source; if the percentage refers to another number of patients, give that "
                "as n.",
            )
    if percent is None:
        refuse(where, "percent and events are both missing. Give one of them.")
    _check_interval(row, where)
    _check_level(row.level, where)
    if _outside(percent, row):
        refuse(
            where,
            f"the interval {_limits(row)} does not contain {percent:g}. Leave out a misprinted "
            "interval.",
        )
    return Proportion(
        percent=percent,
        n=n,
        events=row.events,
        computed=row.computed,
        low=row.low,
        high=row.high,
        level=row.level,
        evaluable=row.evaluable,
    )


def _of_the_fewest(row: ShareRow, treated: int | None, where: str) -> ShareRow:
    """The share counted in the smallest number of patients that its percentage fits."""
    if row.percent is None or row.n is not None or row.events is not None:
        refuse(where, "evaluable goes with percent alone. Leave out n and events.")
    if list(row.evaluable) != sorted(set(row.evaluable)) or row.evaluable[0] < 1:
        refuse(where, "evaluable lists numbers of patients, the smallest first, each once.")
    for n in row.evaluable:
        events = round(row.percent * n / 100)
        misfit = abs(100 * events / n - row.percent) > 0.51 * 10.0 ** -_decimals(row.percent)
        if misfit or (treated is not None and n > treated):
            refuse(where, f"{row.percent:g} % fits no whole number of {n} patients treated.")
    fewest = row.evaluable[0]
    events = round(row.percent * fewest / 100)
    return replace(row, n=fewest, events=events, computed=True)


def _percent_of(events: int, n: int | None, where: str) -> float:
    if n is None:
        refuse(
            where,
            f"{events} events without a number of patients. Give n, or n_treated of the arm.",
        )
    if not 0 <= events <= n:
        refuse(
            where,
            f"{events} events in {n} patients. Give the number assessed as n if it is another.",
        )
    return 100 * events / n if n else 0.0


def _decimals(value: float) -> int:
    return len(f"{value:.10f}".rstrip("0").split(".")[1])


def time_to_event(row: MonthsRow | None, where: str) -> Months | None:
    """A time to event whose median, interval and landmarks can be."""
    if row is None:
        return None
    _check_interval(row, where)
    _check_level(row.level, where)
    if row.median is not None and (row.median <= 0 or _outside(row.median, row)):
        refuse(
            where,
            f"median {row.median:g} with interval {_limits(row)}. The median must be inside its "
            "interval and above 0.",
        )
    check_months(row.median, "median", where)
    for mark in row.landmarks:
        _check_landmark(mark, where)
    if row.median is None and not row.landmarks:
        refuse(where, "median and landmark are both missing. Leave the table out.")
    return Months(
        median=row.median, low=row.low, high=row.high, landmarks=row.landmarks, level=row.level
    )


def _check_landmark(mark: Landmark, where: str) -> None:
    _check_interval(mark, where)
    impossible = mark.month <= 0 or not 0 <= mark.percent <= 100
    if impossible or _outside(mark.percent, mark):
        refuse(
            where,
            (
                f"landmark {mark.percent:g} % ({_limits(mark)}) at month {mark.month:g} is not "
                "possible. Correct it."
            ),
        )


def check_months(value: float | None, what: str, where: str) -> None:
    if value is not None and not 0 < value <= _LONGEST:
        refuse(where, f"{what} {value:g} is not possible. Give months, up to {_LONGEST}.")


def _check_interval(row: ShareRow | MonthsRow | Landmark, where: str) -> None:
    if row.low is not None and row.high is not None and row.low > row.high:
        refuse(where, f"the interval {_limits(row)} is reversed. Swap low and high.")


def _check_level(level: float, where: str) -> None:
    if not 0.5 <= level < 1:
        refuse(
            where,
            f"level {level:g} is not the level of an interval. Write 0.9 for a 90 % interval.",
        )


def _outside(value: float, row: ShareRow | MonthsRow | Landmark) -> bool:
    """Whether a value does not lie in its interval, as far as that is printed."""
    return (row.low is not None and row.low > value) or (row.high is not None and row.high < value)


def _limits(row: ShareRow | MonthsRow | Landmark) -> str:
    low, high = ("?" if side is None else f"{side:g}" for side in (row.low, row.high))
    return f"{low}-{high}"
