"""The estimators of `cohort/survival` against R (`scripts/survival_golden.R`: survival, cmprsk,
etm), to six digits, on invented follow-ups: a bit of everything, heavy ties, heavy truncation, tiny
groups, an early risk set that all die, courses through five states.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripts import survival_cases
from tests.support.loops import some

from rearm.cohort.survival import (
    STATES,
    FollowUp,
    Limits,
    Regression,
    Stays,
    cause_specific_cox,
    cumulative_incidence,
    fine_gray,
    follow_up_time,
    gray_test,
    kaplan_meier,
    numbers_at_risk,
    restricted_mean,
    state_occupation,
)

GOLDEN = Path(__file__).parent / "golden"
R: dict[str, Any] = json.loads((GOLDEN / "survival.json").read_text(encoding="utf-8"))
DATA: dict[str, Any] = json.loads((GOLDEN / "survival_cases.json").read_text(encoding="utf-8"))
CASES = ["trial", "ties", "truncation", "tiny", "collapse"]
LIMITS: tuple[Limits, ...] = ("log-log", "log", "plain")
MODELLED = ["trial", "ties", "truncation"]


def _follow_up(case: dict[str, Any], *, late: bool = True) -> FollowUp:
    entry = case["entry"] if late else None
    return FollowUp.of(entry=entry, exit=case["exit"], cause=case["cause"])


def _equal(got: Any, wanted: Any) -> bool:
    """Equal to six digits; what R leaves out must be left out here as well."""
    a = np.atleast_1d(np.array(got, dtype=float))
    b = np.atleast_1d(np.array(wanted, dtype=float))
    return bool(a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _as_known(day: float | None, known_to: int | None) -> float | None:
    """R's day, or None where the curve is not known up to it (R carries its last value on)."""
    return None if day is None or (known_to is not None and day > known_to) else day


def test_the_data_are_those_of_the_recipe() -> None:
    assert survival_cases.cases() == DATA


def test_the_versions_stand_in_the_file() -> None:
    assert set(R["versions"]) == {"R", "survival", "cmprsk", "etm"}


def _curves() -> list[tuple[str, FollowUp, dict[str, Any]]]:
    """Each case as a whole, and by group: (name, follow-up, what R says)."""
    out = []
    for name in CASES:
        whole, group = _follow_up(DATA[name]), np.array(DATA[name]["group"])
        out.append((name, whole, R[name]["all"]))
        for label, wanted in zip(np.unique(group), R[name]["by_group"], strict=True):
            out.append((f"{name}-{label}", whole.rows(group == label), wanted))
    return out


CURVES = _curves()
each_curve = pytest.mark.parametrize(
    ("follow_up", "wanted"), [(f, w) for _, f, w in CURVES], ids=[name for name, _, _ in CURVES]
)


@each_curve
def test_kaplan_meier(follow_up: FollowUp, wanted: dict[str, Any]) -> None:
    got = kaplan_meier(follow_up)
    for field in ("day", "at_risk", "events", "censored", "survival"):
        assert getattr(got, field).tolist() == pytest.approx(_list(wanted[field]), abs=1e-8), field
    told = np.array(_list(wanted["survival"])) > 1e-12  # R: an error that is not a number
    error = np.array([math.nan if x is None else x for x in _list(wanted["se"])], dtype=float)
    assert _equal(got.standard_error[told], error[told])
    assert np.isnan(got.standard_error[~told]).all()


@each_curve
@pytest.mark.parametrize("kind", LIMITS)
def test_limits_and_quantiles(follow_up: FollowUp, wanted: dict[str, Any], kind: Limits) -> None:
    got, r = kaplan_meier(follow_up, limits=kind), wanted["limits"][kind]
    begun = (got.survival < 1) & (got.survival > 0)  # before the first event ours are unknown
    for field in ("low", "high"):
        limit = np.array(_list(r[field]), dtype=float)
        assert _equal(getattr(got, field)[begun], limit[begun]), field
        assert np.isnan(getattr(got, field)[~begun]).all()
    for share, *figures in zip(
        (0.25, 0.5), r["quantile"], r["quantile_low"], r["quantile_high"], strict=True
    ):
        quantile = got.quantile(share)
        curves = (got.survival, got.low, got.high)
        mine = (quantile.value, quantile.low, quantile.high)
        for curve, here, there in zip(curves, mine, figures, strict=True):
            told = curve[np.isfinite(curve)]
            if (np.diff(told) > 1e-12).any():
                continue  # a limit that rises again: R takes any of its crossings, we the first
            below = got.day[np.isfinite(curve)][told < 1 - share - 1e-8]
            end = there if there is None or len(below) == 0 else max(there, float(below[0]))
            known = _as_known(end, got.known_to) is not None  # where a level stretch ends
            assert here == (there if known else None), (share, here, there)


@each_curve
def test_restricted_mean_and_numbers_at_risk(follow_up: FollowUp, wanted: dict[str, Any]) -> None:
    curve = kaplan_meier(follow_up)
    from_day_0 = FollowUp.of(exit=follow_up.exit, cause=follow_up.cause)
    table = numbers_at_risk(from_day_0, wanted["days"])
    assert [row.at_risk for row in table] == wanted["at_risk_on"]
    for day, mean, error in zip(wanted["days"], wanted["mean"], wanted["mean_se"], strict=True):
        got = restricted_mean(curve, day)
        if curve.known_to is not None and curve.known_to < day:
            assert got.value is None  # R carries the last value on
        else:
            assert _equal([got.value, got.standard_error], [mean, error])


@pytest.mark.parametrize("name", CASES)
def test_follow_up_time(name: str) -> None:
    curve, wanted = follow_up_time(_follow_up(DATA[name])), R[name]["followed"]
    got = curve.median()
    for here, field in ((got.value, "median"), (got.low, "low"), (got.high, "high")):
        assert here == _as_known(wanted[field], curve.known_to), field


@pytest.mark.parametrize("name", CASES)
def test_cumulative_incidence_with_delayed_entry(name: str) -> None:
    wanted = R[name]["incidence"]
    for r in some(wanted["with_entry"]):
        got = cumulative_incidence(_follow_up(DATA[name]), cause=r["cause"])
        shared = np.isin(got.day, wanted["day"])
        assert shared.sum() == len(wanted["day"])
        assert _equal(got.incidence[shared], r["incidence"])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", LIMITS)
def test_cumulative_incidence_as_cmprsk(name: str, kind: Limits) -> None:
    for r in some(R[name]["incidence"]["without_entry"]):
        follow_up = _follow_up(DATA[name], late=False)
        got = cumulative_incidence(follow_up, cause=r["cause"], limits=kind)
        at = np.isin(got.day, r["day"])
        assert _equal(got.incidence[at], _list(r["incidence"]))
        assert _equal(got.standard_error[at] ** 2, _list(r["variance"]))
        inside = np.array(_list(r["incidence"])) < 1 - 1e-12
        for field in ("low", "high"):
            limit = np.array(_list(r["limits"][kind][field]), dtype=float)
            assert _equal(getattr(got, field)[at][inside], limit[inside]), field


@pytest.mark.parametrize("name", CASES)
def test_gray(name: str) -> None:
    case = DATA[name]
    for r in some(R[name]["gray"]):
        got = gray_test(_follow_up(case, late=False), case["group"], cause=r["cause"])
        if r["statistic"] == -1:  # cmprsk's way to say that the variance is singular
            assert got.unknown == "no_variance"
            continue
        assert got.degrees == r["df"]
        assert _equal([got.statistic, got.p], [r["statistic"], r["p"]])


@pytest.mark.parametrize("name", MODELLED)
@pytest.mark.parametrize(
    ("field", "model", "late"),
    [
        ("cox", cause_specific_cox, True),
        ("fine_gray", fine_gray, True),
        ("fine_gray_without_entry", fine_gray, False),
    ],
)
def test_hazard_ratios(name: str, field: str, model: Callable[..., Regression], late: bool) -> None:
    case = DATA[name]
    covariates = {"group": case["group"], "age": case["age"]}
    for r in some(R[name]["models"]):
        got = model(_follow_up(case, late=late), covariates, cause=r["cause"])
        assert [x.covariate for x in got.ratios] == ["group", "age"]
        assert [x.log_ratio for x in got.ratios] == pytest.approx(r[field]["log_ratio"], abs=1e-6)
        assert [x.standard_error for x in got.ratios] == pytest.approx(r[field]["se"], abs=1e-6)


def test_printed_figures_of_the_trial() -> None:
    """The same data as tried earlier by hand in R, figure by figure."""
    plain = cumulative_incidence(_follow_up(DATA["trial"], late=False), cause=1)
    late = cumulative_incidence(_follow_up(DATA["trial"]), cause=1)
    for day, free, variance, entered in [
        (90, 0.26656492, 0.00103248, 0.28865644),
        (180, 0.50218681, 0.00143148, 0.51399719),
        (365, 0.71038498, 0.00142710, 0.71311084),
    ]:
        assert plain.on(day).value == pytest.approx(free, abs=5e-9)
        assert (plain.on(day).standard_error or 0) ** 2 == pytest.approx(variance, abs=5e-9)
        assert late.on(day).value == pytest.approx(entered, abs=5e-9)


@pytest.fixture(scope="module")
def stays() -> Stays:
    case = DATA["stays"]
    names = dict(enumerate(STATES))
    return Stays.of(
        (patient, names[state], names.get(to), entry, last)
        for patient, state, to, entry, last in zip(*case.values(), strict=True)
    )


def test_state_occupation(stays: Stays) -> None:
    got, r = state_occupation(stays), R["stays"]
    shared = np.isin(got.day, r["day"])
    assert shared.sum() > 100
    wanted = np.array(r["share"])[np.isin(r["day"], got.day)]
    assert _equal(got.share[shared].ravel(), wanted.ravel())
    at_risk = np.array(r["at_risk"])[np.isin(r["day"], got.day)]
    assert (got.at_risk[shared, :4] == at_risk[:, :4]).all()


def test_standard_errors_of_state_occupation(stays: Stays) -> None:
    got, r = state_occupation(stays), R["stays"]["etm"]
    shared = np.isin(got.day, r["day"])
    assert shared.sum() == len(r["day"])
    assert _equal(got.share[shared].ravel(), np.array(r["share"]).ravel())
    assert _equal(got.standard_error[shared].ravel(), np.array(r["se"]).ravel())
