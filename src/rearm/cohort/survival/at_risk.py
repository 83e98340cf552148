"""How many are at risk on each day, and what happens on it: the counts behind every estimate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rearm.cohort.survival.estimate import Bools, Ints
from rearm.cohort.survival.follow_up import CENSORED, FollowUp

__all__ = ["AtRisk", "Counts", "counts", "known_to", "numbers_at_risk"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counts:
    """The days on which anybody's observation ends, ascending, and the patients on each.

    `at_risk`: entry < day <= exit, so an event of a day counts before a censoring of the same day,
    and who enters on a day is at risk from the next one on. `events`: of any cause; `censored`.
    """

    day: Ints
    at_risk: Ints
    events: Ints
    censored: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk:
    """What stands under a curve. On day 0: who is under observation from the origin on; later:
    entry < day <= exit. `entered`, `events`, `censored`: up to and with the day. A count is never
    unknown.

    >>> from rearm.cohort.survival import FollowUp, numbers_at_risk
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 2, 0, 1])
    >>> numbers_at_risk(follow_up, [60])[0].events
    2
    """

    day: int  # from the origin
    at_risk: int  # number of patients
    entered: int
    events: int
    censored: int


def counts(follow_up: FollowUp) -> Counts:
    """The counts of each day on which observation ends."""
    span = int(follow_up.exit.max(initial=0)) + 1
    ends = np.bincount(follow_up.exit, minlength=span)
    starts = np.bincount(follow_up.entry, minlength=span)
    events = on_days(follow_up, follow_up.cause != CENSORED, span)
    day = np.flatnonzero(ends)
    under = np.cumsum(starts - ends)  # under observation at the end of a day
    return Counts(
        day=day.astype(np.int64),
        at_risk=under[day - 1] if len(day) else np.zeros(0, dtype=np.int64),
        events=events[day],
        censored=(ends - events)[day],
    )


def on_days(follow_up: FollowUp, which: Bools, span: int) -> Ints:
    """How many of these rows end on each of the days 0 to span - 1."""
    return np.bincount(follow_up.exit[which], minlength=span)


def known_to(follow_up: FollowUp, table: Counts, zero_on: int | None) -> int | None:
    """The last day on which a curve is known; None where it is known for ever.

    Known it is while somebody is at risk, and for ever once it reached zero on `zero_on` with
    nobody entering later. Where all of a small early risk set have the event and others enter
    later, the product is zero from that day on for reasons of the data alone: the curve is known
    to the day before.
    """
    span = int(table.day[-1]) + 1
    starts = np.bincount(follow_up.entry, minlength=span)
    ends = np.bincount(follow_up.exit, minlength=span)
    nobody = np.flatnonzero(np.cumsum(starts - ends) == 0)  # at risk on the day after
    last_watched = int(nobody[nobody >= follow_up.entry.min()][0])
    if zero_on is None or last_watched < zero_on:
        return last_watched
    return zero_on - 1 if bool((follow_up.entry >= zero_on).any()) else None


def numbers_at_risk(follow_up: FollowUp, days: Iterable[int]) -> tuple[AtRisk, ...]:
    """The numbers at risk on these days. Without patients each is zero: a count is known.
    `follow_up`: the patients; `days`: days from the origin. Nothing is unknown. Raises nothing.

    >>> from rearm.cohort.survival import FollowUp, numbers_at_risk
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 2, 0, 1])
    >>> [x.at_risk for x in numbers_at_risk(follow_up, (0, 60, 100))]
    [4, 3, 1]
    """
    entry, last, event = follow_up.entry, follow_up.exit, follow_up.cause != CENSORED
    return tuple(
        AtRisk(
            day=day,
            at_risk=int(((entry < day) & (day <= last)).sum() if day > 0 else (entry <= 0).sum()),
            entered=int((entry <= day).sum()),
            events=int((event & (last <= day)).sum()),
            censored=int((~event & (last <= day)).sum()),
        )
        for day in days
    )
