"""A rise is certain, possible or none: by the smallest and the largest that the bounds allow.

Each row: the lowest value before, the value that is seen twice, whether that is a rise by the size
of a progression, and the status of the infusion. Serum M-protein in g/dL, 3.0 at baseline.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from itertools import product

import pytest
from tests.support.course_builder import lab, record, serum
from tests.support.loops import some

from rearm.interval import Interval, Undetected
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.response.course import response_course
from rearm.response.criteria import load_criteria
from rearm.response.progression import Series, dflc_rises, marrow_rises, serum_rises, urine_rises
from rearm.response.sentences import reason_words

UNDETECTED = Undetected(0.0, 0.11, high_open=True)


def under(limit: float) -> Interval:
    return Interval(0.0, limit, high_open=True)


def over(limit: float) -> Interval:
    return Interval(limit, float("inf"), low_open=True)


def exact(value: float) -> Interval:
    return Interval.of(value)


# fmt: off
#   nadir       value        rise        status
ROWS = [
    (exact(0.4),  exact(0.89), "none",     "suspected"),  # 25 % up twice: a biochemical rise
    (exact(0.4),  exact(0.9),  "certain",  "failed"),
    (exact(0.4),  exact(0.45), "none",     "not_failed"),
    (under(0.5),  exact(0.3),  "none",     "not_failed"),
    (under(0.5),  exact(0.5),  "possible", "cannot_be_judged"),
    (under(0.5),  exact(0.55), "possible", "cannot_be_judged"),
    (under(0.5),  exact(0.9),  "possible", "suspected"),  # 0.4 to 0.9 more
    (under(0.5),  exact(1.0),  "certain",  "failed"),
    (under(0.5),  under(0.5),  "none",     "not_failed"),
    (under(1.6),  under(1.6),  "possible", "cannot_be_judged"),
    (exact(0.2),  under(0.7),  "none",     "cannot_be_judged"),  # 0 to 0.69 between the two
    (exact(0.2),  under(0.8),  "possible", "cannot_be_judged"),
    (exact(0.2),  over(0.7),   "certain",  "failed"),
    (UNDETECTED,  UNDETECTED,  "none",     "not_failed"),
    (UNDETECTED,  exact(0.4),  "none",     "suspected"),
    (UNDETECTED,  exact(0.94), "certain",  "failed"),
]
# fmt: on


def judged(nadir: Interval, value: Interval) -> Failure:
    values = {-5: exact(3.0), 30: nadir, 150: value, 180: value}
    labs = [lab("serum_m_protein", day, x) for day, x in values.items()]
    labs += [lab("urine_m_protein_24h", day, 0) for day in values]
    (found,) = failures(record(labs=labs))
    return found


@pytest.mark.parametrize(("nadir", "value", "rise", "status"), ROWS)
def test_rise(nadir: Interval, value: Interval, rise: str, status: str) -> None:
    found = judged(nadir, value)
    course = found.course
    assert course is not None
    met = bool(course.visits[1].pd)
    told = "certain" if met else "possible" if 150 in course.open_visits else "none"
    assert (told, found.status) == (rise, status)


def test_what_is_said_of_a_possible_rise() -> None:
    signal = judged(under(0.5), exact(0.9)).signals[0].text
    assert signal == (
        "serum M-protein 0.9 g/dL against a nadir of <0.5, again at the next sample; the bounds "
        "leave open whether the limit for progression is reached"
    )
    reason = judged(under(0.5), exact(0.55)).reason
    assert "against values that are bounds, leaves open whether the disease progressed" in reason


def test_the_chain_that_is_a_bound_is_named() -> None:
    chains = {-5: exact(890), 30: under(30), 90: exact(120), 120: exact(120)}
    labs = [lab("kappa_flc", day, x) for day, x in chains.items()]
    labs += [lab("lambda_flc", day, 8) for day in chains]
    labs += [*serum({-5: 0.0}), lab("lambda_flc", 150, under(30)), lab("kappa_flc", 150, 120)]
    course = response_course(record(labs=labs), start=0)
    assert course.open_visits == {
        90: ("kappa_flc",),  # both exact: by what was before
        120: ("kappa_flc",),
        150: ("lambda_flc",),
    }


def test_no_figure_is_made_of_undetectable() -> None:
    found = judged(UNDETECTED, exact(0.94))
    assert "serum M-protein from undetectable to 0.94 g/dL." in found.reason
    course = found.course
    assert course is not None
    because = ("serum", "serum M-protein", UNDETECTED, exact(3.0))
    assert reason_words(because) == "serum M-protein undetectable, down from 3 at baseline"
    assert not any("0.11" in " ".join((v.reason, *v.missing)) for v in course.visits)


def _progressive(
    values: list[Interval], rises: Callable[[Series], Mapping[int, object]]
) -> set[int]:
    return set(rises(Series.of(values[1:], values[0], load_criteria())))


@pytest.mark.parametrize("seed", range(300))
def test_certain_and_possible_hold_for_what_the_bounds_allow(seed: int) -> None:
    """Certain: whatever the values are; possible: by some of them. Against every choice of ends."""
    r, c = random.Random(seed), load_criteria()
    markers: list[tuple[Callable[[Series], Mapping[int, object]], float]] = [
        (lambda x: serum_rises(x, c, "M"), 0.5),
        (lambda x: urine_rises(x, c), 200.0),
        (lambda x: dflc_rises(x, c), 10.0),
        (lambda x: marrow_rises(x, c), 10.0),
    ]
    rises, limit = r.choice(markers)
    steps = [limit * n / 4 for n in range(30)]
    values = []
    for _ in range(r.randint(2, 5)):
        low, high = sorted(r.sample(steps, 2))
        values.append(exact(low) if r.random() < 0.5 else Interval(low, high))
    series = Series.of(values[1:], values[0], c)
    certain, possible = set(rises(series)), set(rises(series.widest()))
    chosen = [
        _progressive([exact(x) for x in ends], rises)
        for ends in product(*((x.low, x.high) for x in values))
    ]
    for place in some(range(len(values) - 1)):
        answers = {place in met for met in chosen}
        assert (place in certain) <= (answers == {True})
        assert (place in possible) >= (True in answers)
