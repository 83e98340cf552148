"""What must hold of the kernel for any parameters."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

numba = pytest.importorskip("numba")

from rearm.mechanism.equations import rate_of_change  # noqa: E402
from rearm.mechanism.model import OUTPUTS, PARAMETERS, STATES  # noqa: E402
from rearm.mechanism.parameters import load  # noqa: E402
from rearm.mechanism.population import Dose, draw, events, inputs, simulate  # noqa: E402

pytestmark = pytest.mark.slow

DAYS = np.arange(0.0, 400.0, 20.0)


def _group(seed: int, per: int = 2) -> Any:
    m = load()
    drawn = draw(m, "cilta-cel", [per] * len(m.names), seed)
    return m, inputs(m, drawn, first=Dose(day=0.0, cells=0.1))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_nothing_is_negative_and_nothing_is_nan(seed: int) -> None:
    _, patients = _group(seed)
    values = simulate(patients, DAYS, OUTPUTS).values
    assert np.isfinite(values).all() and (values >= 0).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_cells_that_change_kind_are_neither_lost_nor_made(seed: int) -> None:
    """Without division and death the sum of effector, memory and exhausted cells stays as it is."""
    _, patients = _group(seed, 1)
    assert len(patients)
    names = {n: i for i, n in enumerate(PARAMETERS)}
    for p, s in zip(patients.params, patients.start, strict=True):
        p = p.copy()
        p[[names[n] for n in ("rho", "d_E", "d_M", "d_X")]] = 0.0
        y = s.copy()
        y[5:8] = (0.5, 0.4, 0.3)
        d = rate_of_change(0.0, y, p, alive=np.ones(5))
        assert d[5] + d[6] + d[7] == pytest.approx(0.0, abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_without_cells_and_drugs_the_tumour_grows_by_itself(seed: int) -> None:
    _, patients = _group(seed)
    patients.start[:, 5:8] = 0.0
    patients.start[:, 1:5] = -60.0
    burden = simulate(patients.without_extinction(), DAYS, ["burden"])["burden"]
    r, cap = patients.params[:, :1], patients.params[:, 1:2]
    b0 = np.exp(patients.start[:, :1])
    logistic = cap / (1.0 + (cap / b0 - 1.0) * np.exp(-r * DAYS[None, :]))
    assert burden == pytest.approx(logistic, rel=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 0.9))
def test_a_split_dose_equals_its_sum_at_the_same_time(seed: int, part: float) -> None:
    m, patients = _group(seed)
    n = len(patients)
    one = events(m, patients.values, [[Dose(day=100.0, cells=0.4)]] * n)
    two = events(
        m,
        patients.values,
        [[Dose(day=100.0, cells=0.4 * part), Dose(day=100.0, cells=0.4 * (1.0 - part))]] * n,
    )
    a = simulate(patients, DAYS, OUTPUTS, later=one).values
    b = simulate(patients, DAYS, OUTPUTS, later=two).values
    assert b == pytest.approx(a, rel=1e-9, abs=1e-12)


def test_the_number_of_threads_changes_nothing() -> None:
    _, patients = _group(11, 12)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one = simulate(patients, DAYS, OUTPUTS).values
        numba.set_num_threads(before)
        many = simulate(patients, DAYS, OUTPUTS).values
    finally:
        numba.set_num_threads(before)
    assert np.array_equal(one, many)


def test_a_dose_on_the_day_of_the_start_is_given() -> None:
    m, patients = _group(5)
    patients.start[:, 5:8] = 0.0
    later = events(m, patients.values, [[Dose(day=0.0, cells=0.4)]] * len(patients))
    car = simulate(patients, [0.0, 5.0], ["car"], later=later)["car"]
    assert (car[:, 0] > 0).all() and len(STATES) == 11
