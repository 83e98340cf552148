"""Outcomes over time: worked by hand, bad input in sentences, and what stays unknown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rearm.cohort.survival import (
    UNKNOWN,
    AtRisk,
    FollowUp,
    Stays,
    Unwatched,
    cause_specific_cox,
    cumulative_incidence,
    earliest_and_latest,
    fine_gray,
    follow_up_time,
    gray_test,
    kaplan_meier,
    landmark,
    numbers_at_risk,
    restricted_mean,
    state_occupation,
    stays_of,
)
from rearm.cohort.survival.estimate import chi_square_tail
from rearm.errors import InputError, RearmError
from rearm.interval import Interval

#            A   B   C   D   E    D enters on day 10
EXIT = [10, 20, 20, 30, 40]
CAUSE = [1, 0, 2, 1, 0]
ENTRY = [0, 0, 0, 10, 0]
NOBODY = FollowUp.of(exit=[], cause=[])


def _five() -> FollowUp:
    return FollowUp.of(entry=ENTRY, exit=EXIT, cause=CAUSE)


def test_kaplan_meier_by_hand() -> None:
    """Day 10: 4 at risk, D is not yet. Day 20: B, C, D, E at risk, C has the event before B is
    censored. Day 30: D and E.
    """
    curve = kaplan_meier(_five())
    assert curve.at_risk.tolist() == [4, 4, 2, 1]
    assert curve.survival.tolist() == pytest.approx([3 / 4, 9 / 16, 9 / 32, 9 / 32])
    greenwood = 9 / 32 * (1 / 12 + 1 / 12 + 1 / 2) ** 0.5
    assert curve.on(35).standard_error == pytest.approx(greenwood)
    assert curve.median().value == 30
    assert curve.on(9).value == 1 and curve.on(9).low is None
    assert curve.on(41) == UNKNOWN  # E was free on day 40; nobody knows what became of E


def test_incidence_by_hand() -> None:
    first, second = (cumulative_incidence(_five(), cause=c) for c in (1, 2))
    assert first.on(30).value == pytest.approx(1 / 4 + 9 / 16 / 2)
    assert second.on(30).value == pytest.approx(3 / 4 / 4)
    assert second.on(10).value == 0 and second.on(10).high is None


def test_restricted_mean_by_hand() -> None:
    curve = kaplan_meier(_five())
    mean = restricted_mean(curve, 40)
    assert mean.value == pytest.approx(10 + 10 * 3 / 4 + 10 * 9 / 16 + 10 * 9 / 32)
    assert restricted_mean(curve, 41) == UNKNOWN
    assert restricted_mean(curve, 0) == UNKNOWN


def test_follow_up_counts_events_of_a_day_before_its_censorings() -> None:
    """Day 20: B is censored among B, D and E; C, with an event that day, has left before."""
    assert follow_up_time(_five()).survival.tolist() == pytest.approx([1, 2 / 3, 2 / 3, 0])


def test_numbers_at_risk_by_hand() -> None:
    assert numbers_at_risk(_five(), [0, 20, 50]) == (
        AtRisk(day=0, at_risk=4, entered=4, events=0, censored=0),
        AtRisk(day=20, at_risk=4, entered=5, events=2, censored=1),
        AtRisk(day=50, at_risk=0, entered=5, events=3, censored=2),
    )


def test_quantiles_of_a_level_stretch_and_of_none() -> None:
    level = kaplan_meier(FollowUp.of(exit=[10, 20], cause=[1, 1]))
    assert level.median().value == 15
    never = kaplan_meier(FollowUp.of(exit=[10, 20], cause=[0, 0]))
    assert never.median() == UNKNOWN


def test_nobody_gives_unknown() -> None:
    curve, had = kaplan_meier(NOBODY), cumulative_incidence(NOBODY, cause=1)
    assert curve.on(10) == UNKNOWN and had.on(10) == UNKNOWN
    assert curve.median() == UNKNOWN and restricted_mean(curve, 10) == UNKNOWN
    assert follow_up_time(NOBODY).median() == UNKNOWN
    assert numbers_at_risk(NOBODY, [5])[0].at_risk == 0
    assert gray_test(NOBODY, [], cause=1).unknown == "one_group"
    assert set(state_occupation(Stays.of([])).on(5).values()) == {UNKNOWN}


def test_an_event_that_nobody_had_is_zero_without_limits() -> None:
    got = cumulative_incidence(_five(), cause=7).on(30)
    assert (got.value, got.low, got.high) == (0.0, None, None)


def test_an_early_risk_set_that_dies_out_leaves_the_rest_unknown() -> None:
    """Two die before three others enter: that nobody is left is no fact about the disease."""
    curve = kaplan_meier(
        FollowUp.of(entry=[0, 0, 20, 20, 20], exit=[8, 14, 60, 70, 80], cause=[1, 1, 1, 0, 0])
    )
    assert curve.on(8).value == 0.5
    assert [curve.on(day) for day in (14, 30, 60)] == [UNKNOWN] * 3
    assert curve.quantile(0.4).value == 8 and curve.quantile(0.6).value is None


def test_a_gap_in_observation_leaves_the_rest_unknown() -> None:
    curve = kaplan_meier(FollowUp.of(entry=[0, 30], exit=[10, 50], cause=[0, 1]))
    assert curve.on(10).value == 1 and curve.on(11) == UNKNOWN and curve.on(50) == UNKNOWN


def test_before_the_first_entry_nothing_is_known() -> None:
    curve = kaplan_meier(FollowUp.of(entry=[5, 7], exit=[30, 40], cause=[1, 1]))
    assert curve.free_at == 5
    assert curve.on(4) == UNKNOWN and curve.on(5).value == 1
    assert curve.on(1000).value == 0  # all have had the event


BAD_ROWS: list[tuple[dict[str, list[Any]], str]] = [
    ({"exit": [5, None], "cause": [1, 1]}, "Row 2: exit is missing"),
    ({"exit": [5, 7.5], "cause": [1, 1]}, "Row 2: exit is 7.5"),
    ({"exit": [5, float("nan")], "cause": [1, 1]}, "Row 2: exit is nan"),
    ({"exit": [5, "x"], "cause": [1, 1]}, "Row 2: exit is 'x'"),
    ({"exit": [5, 10**30], "cause": [1, 1]}, "Row 2: exit is"),
    ({"exit": [5, 0], "cause": [1, 1]}, "Row 2: exit on day 0 is not after entry on day 0"),
    ({"exit": [5, 9], "cause": [1, 1], "entry": [0, 9]}, "Row 2: exit on day 9 is not after"),
    ({"exit": [5, 9], "cause": [1, 1], "entry": [0, -3]}, "Row 2: entry on day -3"),
    ({"exit": [5, 44_600], "cause": [1, 1]}, "Row 2: exit on day 44600 lies more than"),
    ({"exit": [5, 9], "cause": [1, -1]}, "Row 2: cause -1 is none"),
    ({"exit": [5, 9], "cause": [1, None]}, "Row 2: cause is missing"),
    ({"exit": [5, 9, 4], "cause": [1, 1]}, "There are 3 entries, 3 exits and 2 causes"),
    ({"exit": [[5], [6, 7]], "cause": [1, 1]}, "exit must be one number a row"),
    ({"exit": [[5], [6]], "cause": [1, 1]}, "exit must be one number a row"),
    ({"exit": [0, 0, 0], "cause": [1, 1, 1]}, "3 rows are like this"),
]


@pytest.mark.parametrize(("columns", "sentence"), BAD_ROWS)
def test_a_bad_row_is_refused_by_its_number(columns: dict[str, list[Any]], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        FollowUp.of(**columns)


@pytest.mark.parametrize("kind", [np.int16, np.uint8, np.uint64, np.float64, object])
def test_whole_numbers_are_read_from_any_column(kind: type) -> None:
    got = FollowUp.of(exit=np.array(EXIT, dtype=kind), cause=np.array(CAUSE, dtype=kind))
    assert got.exit.tolist() == EXIT and got.cause.tolist() == CAUSE
    assert FollowUp.of(exit=[3, 4], cause=[True, False]).cause.tolist() == [1, 0]


def test_a_landmark_keeps_who_is_free_and_seen() -> None:
    got = landmark(_five(), 10)
    assert got.kept.tolist() == [False, True, True, True, True]
    assert got.follow_up.exit.tolist() == [10, 10, 20, 30]
    assert landmark(_five(), 5).kept.tolist() == [True, True, True, False, True]


def test_gray_says_why_it_is_unknown() -> None:
    late = gray_test(_five(), list("aabbb"), cause=1)
    assert (late.unknown, late.statistic, late.p) == ("delayed_entry", None, None)
    assert late.groups == (("a", 2, 1), ("b", 3, 1))
    plain = FollowUp.of(exit=EXIT, cause=CAUSE)
    assert gray_test(plain, list("aabbb"), cause=7).unknown == "no_events"
    assert gray_test(plain, list("aaaaa"), cause=1).unknown == "one_group"
    with pytest.raises(InputError, match="5 rows and 2 group labels"):
        gray_test(plain, ["a", "b"], cause=1)


@pytest.mark.parametrize(
    ("statistic", "degrees", "tail"),
    [  # pchisq(x, df, lower.tail = FALSE) of R
        (9.080615, 1, 2.583331588e-03),
        (5.991465, 2, 4.999998868e-02),
        (7.814728, 3, 4.999999783e-02),
        (40.0, 7, 1.258790387e-06),
        (0.0, 3, 1.0),
        (2000.0, 4, 0.0),
    ],
)
def test_the_tail_of_chi_square(statistic: float, degrees: int, tail: float) -> None:
    assert chi_square_tail(statistic, degrees) == pytest.approx(tail, rel=1e-6, abs=1e-300)


Model = Callable[..., Any]
MODELS: tuple[Model, ...] = (cause_specific_cox, fine_gray)


@pytest.mark.parametrize("model", MODELS)
def test_a_regression_says_why_it_is_unknown(model: Model) -> None:
    follow_up = FollowUp.of(exit=[4, 5, 6, 7, 8, 9], cause=[1, 1, 1, 0, 2, 0])
    x = [0, 1, 0, 1, 1, 0]
    assert model(follow_up, {"x": x}, cause=7).unknown == "no_events"
    assert model(follow_up, {"x": [3] * 6}, cause=1).unknown == "constant"
    twice = {"x": x, "y": [2 * v + 1 for v in x]}
    assert model(follow_up, twice, cause=1).unknown == "collinear"
    split = model(follow_up, {"x": [1, 1, 1, 0, 0, 0]}, cause=1)
    assert split.unknown == "not_bounded"
    assert split.ratios[0].ratio is None and split.ratios[0].p is None
    told = model(follow_up, {"x": x}, cause=1)
    assert told.unknown is None and (told.patients, told.events) == (6, 3)
    ratio = told.ratios[0]
    assert ratio.low < ratio.ratio < ratio.high


def test_weights_that_nobody_can_know() -> None:
    late = FollowUp.of(entry=[0, 0, 20, 20, 20], exit=[8, 14, 60, 70, 80], cause=[2, 2, 1, 1, 0])
    assert fine_gray(late, {"x": [0, 1, 0, 1, 1]}, cause=1).unknown == "emptied"


def test_a_model_that_does_not_fit_into_memory_is_refused() -> None:
    n = 4_000
    many = FollowUp.of(exit=[1] * n + list(range(2, n + 2)), cause=[2] * n + [1] * n)
    with pytest.raises(InputError, match="16000000 weighted rows"):
        fine_gray(many, {"x": range(2 * n)}, cause=1)


@pytest.mark.parametrize("model", MODELS)
def test_covariates_are_checked(model: Model) -> None:
    with pytest.raises(InputError, match="Row 3: age is missing"):
        model(_five(), {"age": [60, 61, None, 63, 64]}, cause=1)
    with pytest.raises(InputError, match="Row 2: age is missing"):
        model(_five(), {"age": [60, float("nan"), 62, 63, 64]}, cause=1)
    with pytest.raises(InputError, match="5 rows and 2 values of age"):
        model(_five(), {"age": [60, 61]}, cause=1)
    with pytest.raises(InputError, match="at least one covariate"):
        model(_five(), {}, cause=1)


@pytest.mark.parametrize("model", MODELS)
def test_without_lifelines_one_sentence(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lifelines", None)
    with pytest.raises(RearmError, match=r"pip install 'rearm\[cohort\]'"):
        model(_five(), {"age": [60, 61, 62, 63, 64]}, cause=1)
    assert kaplan_meier(_five()).median().value == 30  # the rest needs nothing


def test_states_by_hand() -> None:
    """Two relapse, one of them is salvaged, one dies in remission; d enters in relapse."""
    got = state_occupation(
        Stays.of(
            [
                ("a", "remission", "relapse", 0, 10),
                ("a", "relapse", "salvage_1", 10, 30),
                ("a", "salvage_1", None, 30, 50),
                ("b", "remission", "death", 0, 20),
                ("c", "remission", None, 0, 50),
                ("d", "relapse", "death", 25, 40),
            ]
        )
    )
    on_30 = {name: x.value for name, x in got.on(30).items()}
    # day 10: 1 of 3 to relapse; day 20: 1 of the 2 in remission dies; day 30: a of a and d
    wanted = {
        "remission": 1 / 3,
        "relapse": 1 / 6,
        "salvage_1": 1 / 6,
        "salvage_2": 0,
        "death": 1 / 3,
    }
    assert on_30 == pytest.approx(wanted)
    assert got.on(40)["death"].value == pytest.approx(1 / 2)
    assert got.on(51)["death"] == UNKNOWN
    assert got.patients == 4 and got.unwatched == ()


def test_a_state_that_nobody_watches_is_named() -> None:
    got = state_occupation(
        Stays.of(
            [
                ("a", "remission", "relapse", 0, 10),
                ("a", "relapse", None, 10, 15),
                ("b", "remission", "relapse", 0, 30),
                ("b", "relapse", "death", 30, 40),
            ]
        )
    )
    assert got.unwatched == (Unwatched(state="relapse", first=16, last=30),)


def test_stays_from_the_days_on_which_states_began() -> None:
    reached = {"relapse": 100, "salvage_1": 120, "death": 300}
    assert stays_of("a", reached, last=300) == [
        ("a", "remission", "relapse", 0, 100),
        ("a", "relapse", "salvage_1", 100, 120),
        ("a", "salvage_1", "death", 120, 300),
    ]
    assert stays_of("a", reached, entry=110, last=300)[0] == ("a", "relapse", "salvage_1", 110, 120)
    assert stays_of("a", reached, entry=120, last=300) == [("a", "salvage_1", "death", 120, 300)]
    assert stays_of("a", {"relapse": 100}, last=100) == [("a", "remission", "relapse", 0, 100)]
    assert stays_of("a", {}, last=50) == [("a", "remission", None, 0, 50)]
    assert stays_of("a", reached, entry=300, last=300) == []
    assert stays_of("a", {"relapse": 100}, entry=70, last=140) == [
        ("a", "remission", "relapse", 70, 100),
        ("a", "relapse", None, 100, 140),
    ]


def test_states_that_begin_on_one_day_are_one_step() -> None:
    reached = {"relapse": 100, "salvage_1": 100, "death": 100}
    assert stays_of("a", reached, last=100) == [("a", "remission", "death", 0, 100)]
    reached = {"relapse": 100, "salvage_1": 100}
    assert stays_of("a", reached, last=130) == [
        ("a", "remission", "salvage_1", 0, 100),
        ("a", "salvage_1", None, 100, 130),
    ]


@pytest.mark.parametrize(
    ("reached", "sentence"),
    [
        ({"relaps": 5}, "Patient a: 'relaps' is none of the states"),
        ({"remission": 5}, "Patient a: 'remission' is none of the states"),
        ({"relapse": 9, "salvage_1": 7}, "'salvage_1' begins on day 7, before 'relapse' on day 9"),
        ({"relapse": -4}, "'relapse' begins on day -4, before 'remission' on day 0"),
        ({"death": 11}, "'death' begins on day 11, after the last day of observation, 10"),
    ],
)
def test_days_that_contradict_each_other_are_refused(
    reached: dict[str, int], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        stays_of("a", reached, last=10)


BAD_STAYS: list[tuple[list[tuple[Any, ...]], str]] = [
    ([(1, "remision", None, 0, 5)], "Row 1: 'remision' is no state"),
    ([(1, "relapse", "remission", 0, 5)], "Row 1: from 'relapse' nobody goes back"),
    ([(1, "remission", "remission", 0, 5)], "Row 1: from 'remission' nobody goes back"),
    ([(1, "death", None, 0, 5)], "Row 1: nobody leaves the state 'death'"),
    ([(1, "remission", None, 5, 5)], "Row 1: a stay from day 5 to day 5"),
    ([(1, "remission", None, -1, 5)], "Row 1: a stay from day -1"),
    ([(1, "remission", None, 0, None)], "Row 1: exit is missing"),
    (
        [(1, "remission", "relapse", 0, 5), (1, "relapse", None, 6, 9)],
        "Row 2 does not follow on row 1",
    ),
    (
        [(1, "salvage_1", None, 5, 9), (1, "remission", "relapse", 0, 5)],
        "Row 1 does not follow on row 2",
    ),
]


@pytest.mark.parametrize(("rows", "sentence"), BAD_STAYS)
def test_a_bad_stay_is_refused_by_its_number(rows: list[Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Stays.of(rows)


def test_an_event_found_at_a_visit_lies_between_two_visits() -> None:
    """A relapse after the visit of day 30 and up to that of day 60; one of an exact day; a
    patient free on day 90; and a death of which only the day of hearing is known.
    """
    both = earliest_and_latest(
        kaplan_meier,
        day=[
            Interval(30, 60, low_open=True),
            Interval.of(45),
            Interval.of(90),
            Interval(70, float("inf")),
        ],
        cause=[1, 1, 0, 1],
        known_by=[None, None, None, 85],
    )
    assert both.earliest.day.tolist() == [31, 45, 70, 90]
    assert both.latest.day.tolist() == [45, 60, 85, 90]
    assert (both.earliest.median().value, both.latest.median().value) == (57.5, 72.5)


def test_an_event_is_not_before_the_day_after_entry() -> None:
    both = earliest_and_latest(
        lambda f: f.exit.tolist(), day=[Interval(float("-inf"), 9)], cause=[1], entry=[4]
    )
    assert (both.earliest, both.latest) == ([5], [9])


@pytest.mark.parametrize(
    ("bounds", "sentence"),
    [
        (Interval(3, float("inf")), "Row 1: the day has no upper bound"),
        (Interval(3, 4, True, True), "Row 1: no whole day lies within"),
        (Interval(6, 7, True, True), "Row 1: no whole day lies within"),
        (Interval(1, 5), "Row 1: no whole day lies within the bounds after entry on day 5"),
        (Interval(float("nan"), 5), "Row 1: the day is no number"),
    ],
)
def test_bounds_without_a_day_are_refused(bounds: Interval, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        earliest_and_latest(kaplan_meier, day=[bounds], cause=[1], entry=[5])
