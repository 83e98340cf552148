"""Who was under observation from which day to which, and how it ended: what every estimate of this
room is made from, checked row by row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rearm.cohort.survival.estimate import Bools, Ints
from rearm.errors import InputError

__all__ = ["CENSORED", "LONGEST", "FollowUp", "Landmark", "landmark", "whole_numbers"]

CENSORED = 0
_EXACT = 2**53  # whole numbers below are exact as floats
LONGEST = 40_000  # days, 109 years: a later day is a date of a spreadsheet or a slip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FollowUp:
    """One row a patient, in whole days after the origin (day 0: the failure, or the first dose).

    `entry`: the day on which observation begins; the patient is at risk from the day after it on.
    0: from the origin on. Later: delayed entry, the patients who had the event before are not in
    the data. `exit`: the last day of observation. `cause`: how it ended on that day: 0 censored
    (still free of every event), 1, 2, ... an event of that kind. Use `of` to make one. No day is
    missing: a vague one is for `earliest_and_latest`.

    >>> from rearm.cohort.survival import FollowUp
    >>> len(FollowUp.of(exit=[30, 60], cause=[1, 0], entry=[0, 10]))
    2
    """

    entry: Ints
    exit: Ints
    cause: Ints

    @classmethod
    def of(
        cls,
        *,
        exit: Iterable[Any],
        cause: Iterable[Any],
        entry: Iterable[Any] | None = None,
    ) -> FollowUp:
        """The rows as given, in their order; without `entry` everybody enters on day 0.

        Raises `InputError` with the number of the row (from 1) where a day or a cause is missing
        or no whole number, where 0 <= entry < exit does not hold, and where a day lies more than
        40,000 days after the origin. An event on day 0 can't be counted by days: leave the row
        out, or count that day as day 1 for everybody.
        """
        last = whole_numbers(exit, "exit")
        causes = whole_numbers(cause, "cause")
        first = np.zeros_like(last) if entry is None else whole_numbers(entry, "entry")
        if not len(last) == len(causes) == len(first):
            raise InputError(
                f"There are {len(first)} entries, {len(last)} exits and {len(causes)} causes."
                " Each row needs one of each."
            )
        _refuse(first < 0, "entry on day {} lies before day 0. Write 0.", first)
        _refuse(
            last > LONGEST,
            f"exit on day {{}} lies more than {LONGEST} days after day 0."
            " Count days from the origin.",
            last,
        )
        _refuse(
            first >= last,
            "exit on day {} is not after entry on day {}. Leave the row out or correct the day.",
            last,
            first,
        )
        _refuse(
            causes < CENSORED,
            "cause {} is none. Write 0 for censored and 1, 2, ... for the kinds of event.",
            causes,
        )
        return cls(entry=first, exit=last, cause=causes)

    def __len__(self) -> int:
        return len(self.exit)

    def rows(self, which: Bools | Ints) -> FollowUp:
        """Some of the rows, by a mask or by their numbers from 0."""
        return FollowUp(entry=self.entry[which], exit=self.exit[which], cause=self.cause[which])

    @property
    def delayed(self) -> bool:
        """Whether anybody entered after day 0."""
        return bool((self.entry > 0).any())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Landmark:
    """Those still under observation and free of every event after a landmark day.

    `kept` marks their rows; in `follow_up` that day is day 0 and everybody enters on it. Who was
    not observed then is absent.

    >>> from rearm.cohort.survival import FollowUp, landmark
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 2, 0, 1])
    >>> landmark(follow_up, 45).kept.tolist()
    [False, True, True, True]
    """

    kept: Bools
    follow_up: FollowUp


def landmark(follow_up: FollowUp, day: int) -> Landmark:
    """Follow-up from a landmark day on: a group is then formed by what was known on that day, and
    no patient's survival counts for a treatment begun later (Anderson, Cain and Gelber 1983).

    Left out are patients who entered after the day: what they were on it was not observed.
    `follow_up`: the patients; `day`: of the landmark, from the origin. What happened to those left
    out is unknown here. Raises nothing.

    >>> from rearm.cohort.survival import FollowUp, landmark
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 2, 0, 1])
    >>> landmark(follow_up, 45).follow_up.exit.tolist()
    [15, 45, 75]
    """
    kept = (follow_up.entry <= day) & (follow_up.exit > day)
    left = follow_up.rows(kept)
    return Landmark(
        kept=kept,
        follow_up=FollowUp(entry=np.zeros_like(left.exit), exit=left.exit - day, cause=left.cause),
    )


def whole_numbers(values: Iterable[Any], name: str) -> Ints:
    """The values as whole numbers. Raises `InputError` with the row of the first that is none."""
    listed = values if isinstance(values, np.ndarray) else list(values)
    try:
        given = np.asarray(listed)
    except ValueError:  # lists of unlike length
        given = np.empty((0, 0))
    if given.ndim != 1:
        raise InputError(f"{name} must be one number a row.")
    if len(given) == 0:
        return np.zeros(0, dtype=np.int64)
    if given.dtype.kind in "ib":
        return given.astype(np.int64)
    if given.dtype.kind == "f":
        bad = ~(np.isfinite(given) & (given == np.rint(given)) & (np.abs(given) < _EXACT))
        _refuse(bad, f"{name} is {{}}, which is missing or no whole number.", given)
        return given.astype(np.int64)
    return np.array(
        [_whole(value, row, name) for row, value in enumerate(listed, 1)], dtype=np.int64
    )


def _whole(value: Any, row: int, name: str) -> int:
    numeric = isinstance(value, int | float | np.integer | np.floating)
    if numeric and abs(value) < _EXACT and value == int(value):
        return int(value)
    shown = "missing" if value is None else f"'{value}'"
    raise InputError(f"Row {row}: {name} is {shown}, and must be a whole number.")


def _refuse(bad: Bools, sentence: str, *shown: np.ndarray[Any, Any]) -> None:
    """An error for the first bad row, with what stands in it."""
    rows = np.flatnonzero(bad)
    if len(rows):
        first = int(rows[0])
        more = f" {len(rows)} rows are like this." if len(rows) > 1 else ""
        raise InputError(f"Row {first + 1}: " + sentence.format(*(x[first] for x in shown)) + more)
