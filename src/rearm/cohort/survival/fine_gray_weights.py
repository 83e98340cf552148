"""Rows with weights that turn a Cox model into the model of Fine and Gray."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rearm.cohort.survival.at_risk import on_days
from rearm.cohort.survival.estimate import Bools, Floats, Ints
from rearm.cohort.survival.follow_up import CENSORED, FollowUp
from rearm.errors import InputError

__all__ = ["MOST_ROWS", "WeightedRows", "fine_gray_rows"]

MOST_ROWS = 3_000_000  # about a gigabyte, and a minute of lifelines; some 12,000 patients


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightedRows:
    """Rows (start, stop] of patients `row` (their number from 0), with an event of the cause at
    `stop` or not, and the weight with which each counts among those at risk.
    """

    row: Ints
    start: Ints
    stop: Ints
    event: Bools
    weight: Floats


def fine_gray_rows(follow_up: FollowUp, *, cause: int) -> WeightedRows:
    """Each patient's own time with weight 1, and after a competing event on day s the days on
    which the cause occurs later, with the weight (Geskus 2011)

        G(before t) / G(before s) · H(t) / H(s).

    G is the Kaplan-Meier estimate of being uncensored, patients with an event on a day leaving
    before its censorings. H is the share that has entered before a day: the product over the days
    u of entry from t on of 1 - entries(u) / (at risk just after u); 1 without delayed entry.

    A weight is not finite where nobody who was at risk on day s was still there when others
    entered: how many would have been in the data is then not known. Raises `InputError` where
    there would be more than `MOST_ROWS`.
    """
    entry, last, kind = follow_up.entry, follow_up.exit, follow_up.cause
    span = int(last.max(initial=0)) + 1
    weight_on = _uncensored_before(follow_up, span) * _entered_before(follow_up, span)
    days = np.unique(last[kind == cause])
    competing = np.flatnonzero((kind != cause) & (kind != CENSORED))
    first = np.searchsorted(days, last[competing], side="right")  # first day of the cause after s
    many = len(days) - first
    if many.sum() > MOST_ROWS:
        raise InputError(
            f"{len(competing)} patients with a competing event and {len(days)} days with the event"
            f" need {many.sum()} weighted rows; at most {MOST_ROWS} fit into memory."
            " Fit the model to a sample of the patients, or in weeks."
        )
    row = np.repeat(competing, many)
    at = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many) + np.repeat(first, many)
    own = last[row]
    stop = days[at]
    start = np.where(at > np.repeat(first, many), days[at - 1], own)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = weight_on[stop] / weight_on[own]
    kept = weight != 0
    return WeightedRows(
        row=np.concatenate((np.arange(len(last)), row[kept])),
        start=np.concatenate((entry, start[kept])),
        stop=np.concatenate((last, stop[kept])),
        event=np.concatenate((kind == cause, np.zeros(int(kept.sum()), dtype=bool))),
        weight=np.concatenate((np.ones(len(last)), weight[kept])),
    )


def _uncensored_before(follow_up: FollowUp, span: int) -> Floats:
    """G just before each day from 0 to span - 1."""
    ends = np.bincount(follow_up.exit, minlength=span)
    starts = np.bincount(follow_up.entry, minlength=span)
    censored = on_days(follow_up, follow_up.cause == CENSORED, span)
    under = np.cumsum(starts - ends)  # at the end of a day: at risk on the next
    at_risk = np.concatenate(([0], under[:-1])) - (ends - censored)
    step = np.where(censored > 0, 1.0 - censored / np.maximum(at_risk, 1), 1.0)
    return np.concatenate(([1.0], np.cumprod(step)[:-1]))


def _entered_before(follow_up: FollowUp, span: int) -> Floats:
    """H on each day from 0 to span - 1, up to a factor that is the same for all; 0 only where
    nobody has entered.
    """
    ends = np.bincount(follow_up.exit, minlength=span)
    starts = np.bincount(follow_up.entry, minlength=span)
    after = np.cumsum(starts - ends)  # at risk just after a day
    # who enters on a day and leaves on a later one is among `after`; exits of the day are not
    step = np.where(starts > 0, 1.0 - starts / np.maximum(after, 1), 1.0)
    return np.asarray(np.cumprod(step[::-1])[::-1])
