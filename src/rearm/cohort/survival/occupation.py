"""In which state patients are: remission, relapse, first and second salvage, death."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from rearm.cohort.survival.estimate import (
    UNKNOWN,
    Estimate,
    Floats,
    Ints,
    Limits,
    is_known,
    limits_of,
    number,
)
from rearm.cohort.survival.follow_up import LONGEST, whole_numbers
from rearm.errors import InputError

__all__ = ["STATES", "Occupation", "Stay", "Stays", "Unwatched", "state_occupation", "stays_of"]

STATES = ("remission", "relapse", "salvage_1", "salvage_2", "death")
STAYS_ON = -1  # the state that a censored stay goes to
Stay = tuple[Any, str, str | None, int, int]  # patient, state, state after it, entry, exit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stays:
    """One row a stay of a patient in a state: entry < day <= exit, in whole days from the origin.

    `states`: their names in the order in which they can be gone through; the last can't be left.
    `patient`: a number for each patient. `state`: the number of the state, from 0. `to`: the state
    that the stay ended in, -1 where observation ended in this one. Use `of`. Nothing is unknown in
    it.

    >>> from rearm.cohort.survival import STATES, Stays, state_occupation, stays_of
    >>> one = stays_of("P-1", {STATES[1]: 40}, last=100)
    >>> stays = Stays.of([*one, *stays_of("P-2", {}, last=100)])
    >>> stays.states == STATES
    True
    """

    states: tuple[str, ...]
    patient: Ints
    state: Ints
    to: Ints
    entry: Ints  # the day before the first at risk
    exit: Ints  # the last day

    @classmethod
    def of(cls, rows: Iterable[Stay], states: Sequence[str] = STATES) -> Stays:
        """From rows (patient, state, state after it or None, entry, exit), in any order.

        A state of no whole day is skipped: who relapses and begins salvage on one day goes from
        remission to salvage. Raises `InputError` with the number of the row (from 1) where the
        days do not hold 0 <= entry < exit <= 40,000, a state is none of these, is the last one,
        or leads backwards, and where the stays of one patient do not follow on each other.
        """
        given = tuple(rows)
        number_of = {name: i for i, name in enumerate(states)}
        for at, (_, state, to, _, _) in enumerate(given, 1):
            for name in (state,) if to is None else (state, to):
                if name not in number_of:
                    raise InputError(
                        f"Row {at}: {name!r} is no state. There are {', '.join(states)}."
                    )
            if state == states[-1]:
                raise InputError(f"Row {at}: nobody leaves the state {state!r}. Drop the row.")
            if to is not None and number_of[to] <= number_of[state]:
                raise InputError(f"Row {at}: from {state!r} nobody goes back to {to!r}.")
        patients = {key: i for i, key in enumerate(dict.fromkeys(row[0] for row in given))}
        stays = cls(
            states=tuple(states),
            patient=np.array([patients[row[0]] for row in given], dtype=np.int64),
            state=np.array([number_of[row[1]] for row in given], dtype=np.int64),
            to=np.array(
                [STAYS_ON if row[2] is None else number_of[row[2]] for row in given],
                dtype=np.int64,
            ),
            entry=whole_numbers([row[3] for row in given], "entry"),
            exit=whole_numbers([row[4] for row in given], "exit"),
        )
        stays._check_days()
        stays._check_order()
        return stays

    def _check_days(self) -> None:
        bad = (self.entry < 0) | (self.entry >= self.exit) | (self.exit > LONGEST)
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise InputError(
                f"Row {row + 1}: a stay from day {self.entry[row]} to day {self.exit[row]}."
                f" The days must hold 0 <= entry < exit <= {LONGEST}."
            )

    def _check_order(self) -> None:
        order = np.lexsort((self.entry, self.patient))
        for before, after in pairwise(order):
            if self.patient[before] != self.patient[after]:
                continue
            follows = (
                self.exit[before] == self.entry[after] and self.to[before] == self.state[after]
            )
            if not follows:
                raise InputError(
                    f"Row {after + 1} does not follow on row {before + 1}, the stay of the same"
                    " patient before it: its entry must be that one's exit, its state the one"
                    " that that one leads to."
                )


def stays_of(
    patient: Any,
    reached: Mapping[str, int],
    *,
    last: int,
    entry: int = 0,
    states: Sequence[str] = STATES,
) -> list[Stay]:
    """The stays of one patient, who was in the first state on day 0.

    `reached`: the day on which each later state began, as far as it did; of states that begin on
    one day the last counts. `entry`, `last`: the first and last day of observation; what came
    before entry is where the patient is found. Empty where nothing is left to observe: death, or
    the last day, is not after entry. Raises `InputError` for a state that is none, for one that
    begins before an earlier one, and for one that begins after the last day. `patient`: an id;
    `states`: their names in order. A state of an unknown day is left out of `reached`.

    >>> from rearm.cohort.survival import STATES, stays_of
    >>> len(stays_of("P-1", {STATES[1]: 40}, last=100))
    2
    """
    unknown = [name for name in reached if name not in states[1:]]
    if unknown:
        raise InputError(
            f"Patient {patient}: {unknown[0]!r} is none of the states {', '.join(states[1:])}."
        )
    begun = [(states[0], 0)] + [(name, reached[name]) for name in states[1:] if name in reached]
    for (before, day), (after, next_day) in pairwise(begun):
        if next_day < day:
            raise InputError(
                f"Patient {patient}: {after!r} begins on day {next_day}, before {before!r} on"
                f" day {day}."
            )
    if begun[-1][1] > last:
        raise InputError(
            f"Patient {patient}: {begun[-1][0]!r} begins on day {begun[-1][1]}, after the last"
            f" day of observation, {last}."
        )
    ends = [*begun[1:], (None, last)]
    stays: list[Stay] = []
    for (state, since), (to, until) in zip(begun, ends, strict=True):
        if state != states[-1] and max(since, entry) < until:
            stays.append((patient, state, to, max(since, entry), until))
    return _joined(stays, ends)


def _joined(stays: list[Stay], ends: Sequence[tuple[str | None, int]]) -> list[Stay]:
    """Each stay led on to the last of the states that begin on the day of its end."""
    last_of_day = {until: to for to, until in ends if to is not None}
    return [
        (patient, state, None if to is None else last_of_day[until], since, until)
        for patient, state, to, since, until in stays
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwatched:
    """Days on which somebody is estimated to be in a state and nobody is observed in it: who is
    there is taken to stay there, for want of anything else. What became of them is unknown.

    >>> from rearm.cohort.survival import Unwatched
    >>> Unwatched(state="failed", first=40, last=60).last
    60
    """

    state: str  # its name
    first: int  # day from the origin
    last: int  # day from the origin


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Occupation:
    """Share of patients in each state (columns) at the end of each day on which a stay ends (rows);
    each row sums to 1. `came`, `left`: how many patients were by then seen to come to each state,
    and to leave it. `free_at`, `known_to`, `limits`: as of a survival curve. `unwatched` names the
    stretches on which a state stood still for want of patients. Unknown where the data do not tell
    it.

    >>> from rearm.cohort.survival import STATES, Stays, state_occupation, stays_of
    >>> one = stays_of("P-1", {STATES[1]: 40}, last=100)
    >>> stays = Stays.of([*one, *stays_of("P-2", {}, last=100)])
    >>> found = state_occupation(stays)
    >>> found.on(60)[STATES[0]].value
    0.5
    """

    states: tuple[str, ...]  # their names, in order
    patients: int  # number of them
    free_at: int | None
    known_to: int | None
    limits: Limits
    level: float  # probability of the limits
    day: Ints  # from the origin
    at_risk: Ints  # in each state
    came: Ints
    left: Ints
    share: Floats  # 0 to 1
    standard_error: Floats  # of the share
    low: Floats  # lower limit
    high: Floats  # upper limit
    unwatched: tuple[Unwatched, ...]

    def on(self, day: int) -> dict[str, Estimate]:
        """The share in each state at the end of a day, 0 to 1; unknown without patients, before
        anybody and after the last was under observation.
        """
        if not is_known(day, self.free_at, self.known_to):
            return dict.fromkeys(self.states, UNKNOWN)
        at = int(np.searchsorted(self.day, day, side="right")) - 1
        if at < 0:
            return {
                name: Estimate(value=1.0 if i == 0 else 0.0, standard_error=0.0)
                for i, name in enumerate(self.states)
            }
        return {
            name: Estimate(
                value=number(self.share[at, i]),
                standard_error=number(self.standard_error[at, i]),
                low=number(self.low[at, i]),
                high=number(self.high[at, i]),
            )
            for i, name in enumerate(self.states)
        }


def state_occupation(
    stays: Stays, *, limits: Limits = "log-log", level: float = 0.95
) -> Occupation:
    """The Aalen-Johansen estimate p(t) = p(before) (I + dA), everybody in the first state on day 0.

    dA has d_ij / n_i, with d_ij transitions of the day among n_i at risk in state i (entry < day <=
    exit, so that patients who come under observation late count from then on, in the state they are
    in). The covariance is Greenwood's (Andersen, Borgan, Gill and Keiding 1993, 4.4.1): the one
    before, carried by (I + dA)' · (I + dA), plus p_i² (diag(q) - q q') / n_i of each state i with
    transitions, q being row i of I + dA. With delayed entry the process is taken to be Markov: what
    follows depends on the state and the day, not on the day the state began. `stays`: what
    `Stays.of` makes; `limits`: log-log, log or plain; `level`: their probability. Raises nothing;
    after the last day watched shares are unknown.

    >>> from rearm.cohort.survival import STATES, Stays, state_occupation, stays_of
    >>> one = stays_of("P-1", {STATES[1]: 40}, last=100)
    >>> stays = Stays.of([*one, *stays_of("P-2", {}, last=100)])
    >>> found = state_occupation(stays)
    >>> found.share.shape[1] == len(STATES)
    True
    """
    states = len(stays.states)
    day = np.unique(stays.exit)
    span = int(day[-1]) + 1 if len(day) else 1
    moved = np.zeros((span, states, states))
    leaves = stays.to != STAYS_ON
    np.add.at(moved, (stays.exit[leaves], stays.state[leaves], stays.to[leaves]), 1.0)
    under = np.zeros((span, states), dtype=np.int64)
    np.add.at(under, (stays.entry, stays.state), 1)
    np.add.at(under, (stays.exit, stays.state), -1)
    at_risk = np.vstack((np.zeros(states, dtype=np.int64), np.cumsum(under, axis=0)[:-1]))

    share = np.zeros((len(day), states))
    variance = np.zeros((len(day), states))
    p = np.eye(states)[0]
    covariance = np.zeros((states, states))
    for i, today in enumerate(day):
        if moved[today].any():
            p, covariance = _step(p, covariance, moved[today], at_risk[today].astype(float))
        share[i], variance[i] = p, np.diag(covariance)
    error = np.sqrt(np.maximum(variance, 0.0))
    low, high = limits_of(share, error, kind=limits, level=level)
    free_at = int(stays.entry.min()) if len(day) else None
    return Occupation(
        states=stays.states,
        patients=len(np.unique(stays.patient)),
        free_at=free_at,
        known_to=_known_to(stays, at_risk, day, share),
        limits=limits,
        level=level,
        day=day,
        at_risk=at_risk[day],
        came=np.cumsum(moved[day].sum(axis=1), axis=0).astype(np.int64),
        left=np.cumsum(moved[day].sum(axis=2), axis=0).astype(np.int64),
        share=share,
        standard_error=error,
        low=low,
        high=high,
        unwatched=_unwatched(stays, at_risk, day, share),
    )


def _step(p: Floats, covariance: Floats, moved: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Share and covariance after a day with these moves among n at risk in each state."""
    safe = np.where(n > 0, n, 1.0)
    rise = moved / safe[:, None]
    np.fill_diagonal(rise, -rise.sum(axis=1))
    whole = np.eye(len(p)) + rise
    added = np.zeros_like(covariance)
    for i in np.flatnonzero(moved.sum(axis=1)):
        stays_or_goes = whole[i]
        spread = np.diag(stays_or_goes) - np.outer(stays_or_goes, stays_or_goes)
        added += p[i] ** 2 * spread / n[i]
    return p @ whole, whole.T @ covariance @ whole + added


def _known_to(stays: Stays, at_risk: Ints, day: Ints, share: Floats) -> int | None:
    """The last day on which the shares are known; None for ever, once everybody is in the last
    state. Before: to the last day of the first stretch on which anybody is under observation.
    Where all of a small early risk set leave the first state and others enter it later: to the day
    before that.
    """
    if not len(day):
        return None
    anybody = at_risk.sum(axis=1)[stays.entry.min() + 1 :]
    gap = np.flatnonzero(anybody == 0)
    last_watched = int(stays.entry.min() + gap[0]) if len(gap) else int(day[-1])
    left = np.flatnonzero(share[:, 0] == 0)
    if len(left):
        emptied = int(day[left[0]])
        enter_later = bool(((stays.state == 0) & (stays.entry >= emptied)).any())
        if enter_later and emptied <= last_watched:
            return emptied - 1
    at_end = share[np.searchsorted(day, last_watched), -1]
    return None if np.isclose(at_end, 1.0, rtol=0.0, atol=1e-12) else last_watched


def _unwatched(stays: Stays, at_risk: Ints, day: Ints, share: Floats) -> tuple[Unwatched, ...]:
    if not len(day):
        return ()
    every = np.arange(1, len(at_risk))
    last_row = np.searchsorted(day, every - 1, side="right") - 1  # the shares of the day before
    first_state = np.eye(share.shape[1])[0]
    before = np.where(last_row[:, None] >= 0, share[np.maximum(last_row, 0)], first_state)
    out = []
    for i, name in enumerate(stays.states[:-1]):
        alone = (before[:, i] > 1e-12) & (at_risk[1:, i] == 0) & (every > stays.entry.min())
        edges = np.diff(np.concatenate(([0], alone.astype(np.int64), [0])))
        starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
        out += [
            Unwatched(state=name, first=int(every[a]), last=int(every[b]))
            for a, b in zip(starts, ends, strict=True)
        ]
    return tuple(out)
