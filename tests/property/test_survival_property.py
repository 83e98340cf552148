"""What must hold of any follow-up: drawn patients, against plain loops and against each other."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support import survival_loops as loops
from tests.support.survival_loops import Patient

from rearm.cohort.survival import (
    STATES,
    FollowUp,
    Stays,
    cumulative_incidence,
    earliest_and_latest,
    follow_up_time,
    gray_test,
    kaplan_meier,
    landmark,
    numbers_at_risk,
    restricted_mean,
    state_occupation,
    stays_of,
)
from rearm.cohort.survival.fine_gray_weights import fine_gray_rows
from rearm.interval import Interval

LAST = 14  # days: few, so that many patients share one


@st.composite
def patient(draw: st.DrawFn) -> Patient:
    entry = draw(st.sampled_from([0, 0, 0, 1, 2, 5, 8]))
    return entry, draw(st.integers(entry + 1, LAST)), draw(st.integers(0, 3))


def patients(least: int = 1) -> st.SearchStrategy[list[Patient]]:
    return st.lists(patient(), min_size=least, max_size=25)


def _follow_up(rows: list[Patient]) -> FollowUp:
    return FollowUp.of(
        entry=[e for e, _, _ in rows], exit=[x for _, x, _ in rows], cause=[c for _, _, c in rows]
    )


def _same(a: float | None, b: float | None) -> bool:
    if a is None or b is None or math.isnan(b):
        return a is None and (b is None or math.isnan(b))
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


@given(patients())
@example([(0, 1, 0), (2, 3, 1)])
@example([(0, 1, 1), (1, 3, 1)])
@settings(max_examples=200, deadline=None)
def test_kaplan_meier_is_that_of_the_loops(rows: list[Patient]) -> None:
    curve = kaplan_meier(_follow_up(rows))
    for day in range(LAST + 2):
        got = curve.on(day)
        if not loops.known(rows, day):
            assert got.value is None
            continue
        assert _same(got.value, float(loops.survival(rows, day)))
        error = math.sqrt(loops.survival_variance(rows, day))
        assert _same(got.standard_error, error)
    assert curve.median().value == loops.median(rows)


@given(patients())
@settings(max_examples=100, deadline=None)
def test_restricted_mean_is_that_of_the_loops(rows: list[Patient]) -> None:
    curve = kaplan_meier(_follow_up(rows))
    for days in range(1, LAST + 2):
        got = restricted_mean(curve, days)
        if loops.known(rows, days):
            assert _same(got.value, loops.restricted_mean(rows, days))


@given(patients(), st.integers(1, 3))
@settings(max_examples=200, deadline=None)
def test_incidence_is_that_of_the_loops(rows: list[Patient], cause: int) -> None:
    curve = cumulative_incidence(_follow_up(rows), cause=cause)
    for day in range(LAST + 2):
        got = curve.on(day)
        if not loops.known(rows, day):
            assert got.value is None
            continue
        assert _same(got.value, float(loops.incidence(rows, day, cause)))
        variance = loops.incidence_variance(rows, day, cause)
        assert _same((got.standard_error or 0.0) ** 2, variance)


@given(patients())
@settings(max_examples=100, deadline=None)
def test_incidences_and_survival_add_to_one(rows: list[Patient]) -> None:
    follow_up = _follow_up(rows)
    free = kaplan_meier(follow_up)
    had = sum(cumulative_incidence(follow_up, cause=c).incidence for c in (1, 2, 3))
    assert free.survival + had == pytest.approx(np.ones(len(free.day)), abs=1e-12)


@given(patients())
@settings(max_examples=100, deadline=None)
def test_curves_are_monotone_and_limits_hold_them(rows: list[Patient]) -> None:
    follow_up = _follow_up(rows)
    for kind in ("log-log", "log", "plain"):
        free = kaplan_meier(follow_up, limits=kind)
        had = cumulative_incidence(follow_up, cause=1, limits=kind)
        assert (np.diff(free.survival) <= 1e-15).all()
        assert (np.diff(had.incidence) >= -1e-15).all()
        for low, middle, high in (
            (free.low, free.survival, free.high),
            (had.low, had.incidence, had.high),
        ):
            told = np.isfinite(low)
            assert ((low[told] <= middle[told]) & (middle[told] <= high[told])).all()
            assert ((low[told] >= 0) & (high[told] <= 1)).all()


@given(patients(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_rows_is_nothing(rows: list[Patient], r: random.Random) -> None:
    shuffled = r.sample(rows, len(rows))
    a, b = _follow_up(rows), _follow_up(shuffled)
    for estimate in (kaplan_meier, follow_up_time):
        assert (estimate(a).survival == estimate(b).survival).all()
        assert estimate(a).median() == estimate(b).median()
    assert (
        cumulative_incidence(a, cause=1).standard_error
        == cumulative_incidence(b, cause=1).standard_error
    ).all()


@given(patients())
@settings(max_examples=60, deadline=None)
def test_without_delayed_entry_the_curve_is_the_plain_one(rows: list[Patient]) -> None:
    plain = [(0, last, cause) for _, last, cause in rows]
    curve = kaplan_meier(FollowUp.of(exit=[x for _, x, _ in plain], cause=[c for *_, c in plain]))
    left, share = len(plain), 1.0
    for day in sorted({last for _, last, _ in plain}):
        gone = sum(1 for _, last, cause in plain if last == day and cause)
        share *= 1 - gone / left
        left -= sum(1 for _, last, _ in plain if last == day)
        assert curve.survival[curve.day == day][0] == pytest.approx(share, abs=1e-12)


@given(patients())
@settings(max_examples=60, deadline=None)
def test_swapping_events_and_ends_is_the_reverse_up_to_ties(rows: list[Patient]) -> None:
    """With events moved half a day ahead no ties are left, and follow-up time is plain."""
    spread = [(2 * e, 2 * x - (c != 0), c) for e, x, c in rows]
    turned = [(e, x, int(c == 0)) for e, x, c in spread]
    mine, theirs = follow_up_time(_follow_up(rows)), kaplan_meier(_follow_up(turned))
    for day in range(1, LAST + 1):
        a, b = mine.on(day).value, theirs.on(2 * day).value
        assert a is None or b is None or math.isclose(a, b, abs_tol=1e-12)
    assert _at(mine, LAST) == pytest.approx(_at(theirs, 2 * LAST))


def _at(curve: Any, day: int) -> float:
    return float(curve.survival[curve.day <= day][-1])


@given(patients(), st.integers(0, LAST))
@settings(max_examples=100, deadline=None)
def test_numbers_at_risk_add_up(rows: list[Patient], day: int) -> None:
    (got,) = numbers_at_risk(_follow_up(rows), [day])
    assert got.events + got.censored == sum(last <= day for _, last, _ in rows)
    if day:
        assert got.at_risk == loops.at_risk(rows, day)


@given(patients(3))
@settings(max_examples=60, deadline=None)
def test_fine_gray_weights_are_those_of_the_loops(rows: list[Patient]) -> None:
    made = fine_gray_rows(_follow_up(rows), cause=1)
    assert len(made.row) >= len(rows)
    for i in range(len(made.row)):
        entry, last, cause = rows[made.row[i]]
        if made.start[i] == entry:
            assert (made.stop[i], made.weight[i]) == (last, 1.0)
            assert made.event[i] == (cause == 1)
        else:
            assert cause > 1
            if not math.isfinite(made.weight[i]):
                with pytest.raises(ZeroDivisionError):
                    loops.fine_gray_weight(rows, last, int(made.stop[i]))
                continue
            wanted = loops.fine_gray_weight(rows, last, int(made.stop[i]))
            assert made.weight[i] == pytest.approx(float(wanted), abs=1e-12)


@given(patients(4), st.data())
@settings(max_examples=60, deadline=None)
def test_gray_does_not_depend_on_which_group_is_last(
    rows: list[Patient], data: st.DataObject
) -> None:
    plain = FollowUp.of(exit=[x for _, x, _ in rows], cause=[c for *_, c in rows])
    labels = data.draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows)))
    turn = np.arange(len(rows))[::-1]
    one = gray_test(plain, labels, cause=1)
    other = gray_test(plain.rows(turn), [labels[i] for i in turn], cause=1)
    assert one.unknown == other.unknown
    if one.statistic is not None:
        assert one.statistic >= 0
        assert other.statistic == pytest.approx(one.statistic, rel=1e-6, abs=1e-9)


@given(patients(2), st.integers(1, LAST - 1))
@settings(max_examples=60, deadline=None)
def test_a_landmark_is_the_conditional_curve(rows: list[Patient], day: int) -> None:
    """Without delayed entry, S from a landmark is S(t) / S(landmark)."""
    plain = FollowUp.of(exit=[x for _, x, _ in rows], cause=[c for *_, c in rows])
    whole, later = kaplan_meier(plain), kaplan_meier(landmark(plain, day).follow_up)
    at = whole.on(day).value
    for after in range(LAST - day + 1):
        share, sum_of_both = later.on(after).value, whole.on(day + after).value
        if share is not None and at and sum_of_both is not None:
            assert share * at == pytest.approx(sum_of_both, abs=1e-12)


@st.composite
def course(draw: st.DrawFn) -> list[loops.Stay]:
    """A patient's stays in five states, observed from some day to another."""
    seen_from, seen_to = draw(st.sampled_from([0, 0, 3])), draw(st.integers(5, LAST))
    stays: list[loops.Stay] = []
    state, day = 0, 0
    while state < 4 and day < seen_to:
        to, until = draw(st.integers(state + 1, 4)), day + draw(st.integers(1, 6))
        if until > seen_from:
            ends = until <= seen_to
            stays.append((state, to if ends else None, max(day, seen_from), min(until, seen_to)))
        state, day = to, until
    return stays


@given(st.lists(course(), min_size=1, max_size=10))
@settings(max_examples=100, deadline=None)
def test_state_occupation_is_that_of_the_loops(courses: list[list[loops.Stay]]) -> None:
    names = ("a", "b", "c", "d", "e")
    rows = [
        (i, names[state], None if to is None else names[to], entry, last)
        for i, stays in enumerate(courses)
        for state, to, entry, last in stays
    ]
    got = state_occupation(Stays.of(rows, names))
    flat = [stay for stays in courses for stay in stays]
    for i, day in enumerate(got.day):
        wanted = [float(x) for x in loops.occupation(flat, 5, int(day))]
        assert got.share[i].tolist() == pytest.approx(wanted, abs=1e-12)
        assert got.share[i].sum() == pytest.approx(1.0, abs=1e-12)


@given(
    st.lists(st.integers(0, LAST), max_size=4),
    st.lists(st.sampled_from(STATES[1:]), unique=True, max_size=4),
    st.integers(0, LAST),
)
@settings(max_examples=200, deadline=None)
def test_stays_of_a_course_follow_on_each_other(
    days: list[int], names: list[str], entry: int
) -> None:
    order = [name for name in STATES if name in names]
    reached = dict(zip(order, sorted(days), strict=False))
    rows = stays_of("a", reached, entry=entry, last=LAST)
    stays = Stays.of(rows)  # refuses what does not fit together
    dead = reached.get("death", LAST)
    assert sum(stays.exit - stays.entry) == max(min(dead, LAST) - entry, 0)
    for _, state, _, since, until in rows:
        for day in range(since + 1, until + 1):  # at risk on a day: the state when it began
            began = [name for name, first in reached.items() if first < day]
            assert state == (began[-1] if began else STATES[0])


@given(patients())
@example([(0, 1, 0), (2, 3, 1)])
@example([(0, 1, 1), (1, 3, 1)])
@example([(0, 1, 1), (2, 3, 1)])
@example([(1, 2, 0), (0, 9, 1), (0, 9, 2)])
@settings(max_examples=300, deadline=None)
def test_two_states_are_kaplan_meier(rows: list[Patient]) -> None:
    """Remission and death alone: the share in remission, with Greenwood's error."""
    stays = Stays.of(
        [(i, "r", "d" if c else None, e, x) for i, (e, x, c) in enumerate(rows)], ("r", "d")
    )
    got, curve = state_occupation(stays), kaplan_meier(_follow_up(rows))
    assert got.day.tolist() == curve.day.tolist()
    assert got.known_to == curve.known_to
    assert got.share[:, 0] == pytest.approx(curve.survival, abs=1e-12)
    told = np.isfinite(curve.standard_error)
    assert got.standard_error[told, 0] == pytest.approx(curve.standard_error[told], abs=1e-9)


@given(patients())
@settings(max_examples=60, deadline=None)
def test_states_without_order_are_incidences(rows: list[Patient]) -> None:
    """Remission to one of three ends: the share in each end is its cumulative incidence."""
    names = ("0", "1", "2", "3", "never")
    stays = Stays.of(
        [(i, "0", names[c] if c else None, e, x) for i, (e, x, c) in enumerate(rows)], names
    )
    got = state_occupation(stays)
    for cause in (1, 2, 3):
        wanted = cumulative_incidence(_follow_up(rows), cause=cause)
        assert got.share[:, cause] == pytest.approx(wanted.incidence, abs=1e-12)


@given(patients(), st.data())
@settings(max_examples=60, deadline=None)
def test_exact_days_are_earliest_and_latest(rows: list[Patient], data: st.DataObject) -> None:
    """Exact days give one curve twice. Where everybody's event is seen, the curve of any days
    within the bounds lies between the two.
    """
    exact = earliest_and_latest(
        kaplan_meier,
        day=[Interval.of(x) for _, x, _ in rows],
        cause=[c for *_, c in rows],
        entry=[e for e, *_ in rows],
    )
    assert exact.earliest.survival.tolist() == exact.latest.survival.tolist()
    width = [data.draw(st.integers(0, 4)) for _ in rows]
    bounds = [Interval(max(x - w, 1), x + w) for (_, x, _), w in zip(rows, width, strict=True)]
    both = earliest_and_latest(kaplan_meier, day=bounds, cause=[1] * len(rows))
    middle = kaplan_meier(FollowUp.of(exit=[x for _, x, _ in rows], cause=[1] * len(rows)))
    for day in range(LAST + 5):
        low, here, high = (c.on(day).value for c in (both.earliest, middle, both.latest))
        assert low is not None and here is not None and high is not None
        assert low <= here + 1e-12 and here <= high + 1e-12
