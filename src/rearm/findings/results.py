"""Laboratory results of a patient by test and window of days: all of them, the latest, the highest.

A result that was set aside is never read as a value, but it stops an older one from being carried
forward past it. A result whose day is open on a side is never placed in a window, but where nothing
else lies there it is said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Literal, NamedTuple, TypeAlias

from rearm.interval import Interval
from rearm.knowledge.lab_tests import load_tests
from rearm.record import Lab, Source, When

__all__ = [
    "NO_RESULT",
    "HighestResult",
    "Keep",
    "LatestResult",
    "Results",
    "Window",
    "lab_text",
    "lies_in",
    "may_lie_in",
    "test_name",
    "together",
]

Window: TypeAlias = tuple[int, int]  # first and last day
Keep: TypeAlias = Callable[[Lab], bool]
_DatedLab: TypeAlias = tuple[int, int, Lab]  # with the first and the last day it may be of
_LONG_AGO = -(10**6)

# Why the latest result can't be read: the only one was set aside; a later one was; the latest is
# older than the window; results of one day contradict each other; it may lie in the window, but its
# day is not known.
Problem = Literal["set_aside", "later_set_aside", "outdated", "contradiction", "no_day"]


class LatestResult(NamedTuple):
    """The latest result in a window: `quantity` or `word` and the rows it rests on, or the problem
    for which nothing can be read, with the row that makes it. All empty: there is no result.
    """

    quantity: Interval | None = None
    word: str | None = None
    labs: tuple[Lab, ...] = ()
    problem: Problem | None = None
    outdated: Lab | None = None

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple([x.source for x in self.labs])

    @property
    def day(self) -> int | None:
        """The day of the result where it is exact."""
        return self.labs[-1].day if self.labs else None

    @property
    def text(self) -> str:
        """What was seen, or why nothing can be said."""
        return self.describe()

    @property
    def has_text(self) -> bool:
        return self is not NO_RESULT and (bool(self.labs) or self.outdated is not None)

    @property
    def why(self) -> str:
        """Why nothing can be said; empty where a result is read or there is none."""
        return self.describe() if self.problem is not None else ""

    def describe(self) -> str:
        if self.outdated is not None:
            name, when = test_name(self.outdated.test), self.outdated.when
            return f"the last {name} ({when}) is too old for this"
        if self.problem == "contradiction":
            return "contradiction: " + "; ".join(lab_text(x) for x in self.labs)
        if self.problem is None:
            return "; ".join(dict.fromkeys(lab_text(x) for x in self.labs))
        (lab,) = self.labs
        name, why = test_name(lab.test), lab.why_set_aside
        if self.problem == "no_day":
            return f"{lab_text(lab)}: unknown whether it is of this time"
        if self.problem == "set_aside":
            return f"{name} of {lab.when} was set aside: {why}"
        return f"a later {name} ({lab.when}) was set aside: {why}"


NO_RESULT = LatestResult()


@dataclass(frozen=True, slots=True)
class HighestResult:
    """The highest of the results in a window, the rows it may be, and the row set aside for which
    it is only known to be at least this high.
    """

    quantity: Interval
    labs: tuple[Lab, ...]
    set_aside: Lab | None = None

    @property
    def sources(self) -> tuple[Source, ...]:
        beside = () if self.set_aside is None else (self.set_aside,)
        return tuple(x.source for x in (*self.labs, *beside))

    @property
    def why(self) -> str:
        """What limits it."""
        if self.set_aside is None:
            return ""
        name, when = test_name(self.set_aside.test), self.set_aside.when
        return f"{name} of {when} was set aside, so the highest value is unknown"


class Results:
    """Results by test. Those whose day is open on a side have no place in a window."""

    def __init__(self, labs: Iterable[Lab], set_aside: Iterable[Lab]) -> None:
        rows = tuple(labs)
        self._as_given = _by_test(rows)
        self._unplaced: dict[str, list[Lab]] = {}
        for lab in rows:
            if lab.when.first is None or lab.when.last is None:
                self._unplaced.setdefault(lab.test, []).append(lab)
        self._oldest_first = {
            test: sorted(rows, key=itemgetter(0)) for test, rows in self._as_given.items()
        }
        self._aside = {
            test: sorted(rows, key=itemgetter(1)) for test, rows in _by_test(set_aside).items()
        }

    def of(self, test: str, window: Window | None, keep: Keep | None = None) -> list[Lab]:
        """Results that lie wholly in the window, oldest first."""
        rows = self._oldest_first.get(test)
        if rows is None or window is None:
            return []
        first, last = window
        found = [lab for begin, end, lab in rows if begin >= first and end <= last]
        return found if keep is None else [x for x in found if keep(x)]

    def aside(self, test: str, window: Window | None, keep: Keep | None = None) -> list[Lab]:
        """Results that may lie in the window and could not be used, by their last possible day."""
        rows = self._aside.get(test)
        if rows is None or window is None:
            return []
        first, last = window
        found = [lab for begin, end, lab in rows if end >= first and begin <= last]
        return found if keep is None else [x for x in found if keep(x)]

    def without_exact_day(self, test: str, keep: Keep | None = None) -> list[Lab]:
        """Results of which the day is open on a side (`after infusion`), known by the month, or not
        known at all; those that are placed last.
        """
        within = [lab for _, _, lab in self._as_given.get(test, []) if lab.day is None]
        found = [*self._unplaced.get(test, []), *within]
        return found if keep is None else [x for x in found if keep(x)]

    def latest(self, test: str, window: Window | None, keep: Keep | None = None) -> LatestResult:
        """The latest usable result in the window.

        Results of one day without a time are taken together: numbers as the range they span, words
        that differ as unknown. A later result that was set aside stops an older one from being
        carried forward.
        """
        known = (self._as_given, self._aside, self._unplaced)
        if window is None or not any(test in rows for rows in known):
            return NO_RESULT
        rows = self.of(test, window, keep)
        aside = self.aside(test, window, keep) if test in self._aside else []
        if not rows:
            return self._not_usable(test, window, keep, aside)
        newest = rows[-1].when.first
        assert newest is not None  # only dated results are kept
        if aside:
            last = aside[-1].when.last
            if last is not None and last > newest:
                return LatestResult(labs=(aside[-1],), problem="later_set_aside")
        possible = [
            lab for begin, end, lab in self._as_given[test] if end >= newest and begin <= window[1]
        ]
        return together(
            _latest_time(possible if keep is None else [x for x in possible if keep(x)])
        )

    def _not_usable(
        self, test: str, window: Window, keep: Keep | None, aside: list[Lab]
    ) -> LatestResult:
        """Why a window without a usable result has none."""
        if aside:
            return LatestResult(labs=(aside[-1],), problem="set_aside")
        undated = self.without_exact_day(test, keep)
        if perhaps := [x for x in undated if may_lie_in(x.when, window)]:
            return LatestResult(labs=(perhaps[-1],), problem="no_day")
        older = self.of(test, (_LONG_AGO, window[0] - 1), keep)
        return LatestResult(problem="outdated", outdated=older[-1]) if older else NO_RESULT

    def highest(
        self, test: str, window: Window | None, keep: Keep | None = None
    ) -> HighestResult | None:
        """The highest number in the window; None without one. A result set aside may be higher:
        then it is open upwards.
        """
        rows = self.of(test, window, keep)
        quantities = [x.quantity for x in rows if x.quantity is not None]
        if not quantities:
            return None
        low = max(quantities, key=lambda q: (q.low, q.low_open))
        high = max(quantities, key=lambda q: (q.high, not q.high_open))
        labs = tuple(x for x in rows if x.quantity is not None and x.quantity.high >= low.low)
        if aside := self.aside(test, window, keep):
            return HighestResult(Interval(low.low, math.inf, low.low_open), labs, aside[-1])
        return HighestResult(Interval(low.low, high.high, low.low_open, high.high_open), labs)


def lies_in(when: When, window: Window) -> bool:
    """Whether the day surely lies in the window. A window that begins long ago has no beginning."""
    first, last = window
    if when.last is None or when.last > last:
        return False
    return first <= _LONG_AGO // 2 or (when.first is not None and when.first >= first)


def may_lie_in(when: When, window: Window) -> bool:
    """Whether the day may lie in the window."""
    first, last = window
    surely_before = when.last is not None and when.last < first
    surely_after = when.first is not None and when.first > last
    return not surely_before and not surely_after


def _by_test(labs: Iterable[Lab]) -> dict[str, list[_DatedLab]]:
    found: dict[str, list[_DatedLab]] = {}
    for lab in labs:
        first, last = lab.when.first, lab.when.last
        if first is not None and last is not None:
            found.setdefault(lab.test, []).append((first, last, lab))
    return found


def _latest_time(rows: list[Lab]) -> list[Lab]:
    """Of results of one day that all have a time, those of the last time."""
    if len(rows) == 1:
        return rows
    one_day = len({x.day for x in rows}) == 1 and rows[0].day is not None
    if one_day and all(x.time for x in rows):
        last = max(x.time or "" for x in rows)
        return [x for x in rows if x.time == last]
    return rows


def together(rows: Sequence[Lab]) -> LatestResult:
    """Results of one time read as one: numbers as the range they span, words that differ not."""
    labs = tuple(rows)
    if len(labs) == 1:
        return LatestResult(labs[0].quantity, labs[0].word, labs)
    words = {x.word for x in rows if x.word is not None}
    numbers = [x.quantity for x in rows if x.quantity is not None]
    if len(words) > 1 or (words and numbers):
        return LatestResult(labs=labs, problem="contradiction")
    return LatestResult(
        Interval.hull(numbers) if numbers else None, words.pop() if words else None, labs
    )


def lab_text(lab: Lab) -> str:
    """`BCMA-positive plasma cells 96 %, flow cytometry, marrow, day 214`."""
    value = lab.word.replace("_", " ") if lab.word is not None else f"{lab.quantity}"
    has_unit = lab.quantity is not None and lab.unit not in (None, "score", "ratio")
    unit = f" {lab.unit}" if has_unit else ""
    rest = [x.replace("_", " ") for x in (lab.method, lab.specimen, lab.sample_id) if x]
    return ", ".join([f"{test_name(lab.test)} {value}{unit}", *rest, str(lab.when)])


def lab_texts(labs: Sequence[Lab]) -> str:
    return "; ".join(lab_text(x) for x in labs)


def test_name(test: str) -> str:
    """The name of a test in the dictionary."""
    known = load_tests().get(test)
    return known.name if known else test.replace("_", " ")
