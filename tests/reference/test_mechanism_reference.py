"""The kernel against a stiff solver at tight tolerance, and its parts against closed forms and
simulation.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support.loops import some

pytest.importorskip("numba")
pytest.importorskip("scipy")

from tests.support.mechanism_reference import solve

from rearm.mechanism.data import drug
from rearm.mechanism.equations import rate_of_change
from rearm.mechanism.model import LN_CELL, OUTPUTS, PARAMETERS
from rearm.mechanism.parameters import load
from rearm.mechanism.population import Dose, KernelInput, draw, events, inputs, simulate
from rearm.mechanism.therapies import rows

pytestmark = pytest.mark.slow

FLOOR = 1e-6  # 1000 cells; markers relative to the start
DAYS = np.unique(np.r_[np.arange(0, 60, 3.0), np.arange(60, 731, 30.0)])


def _group(per_mechanism: int, seed: int = 7) -> Any:
    m = load()
    drawn = draw(m, "ide-cel", [per_mechanism] * len(m.names), seed)
    patients = inputs(m, drawn, isotype="IgG", first=Dose(day=0.0, cells=0.45))
    return m, patients.without_extinction()


def _errors(got: np.ndarray, want: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    e = np.abs(got[:, :, :15] - want) / (np.abs(want) + FLOOR)
    return e[:, :, :11].max(axis=(1, 2)), e[:, :, 11:].max(axis=(1, 2))


def test_states_and_markers_agree_with_the_stiff_solver() -> None:
    _, patients = _group(4)
    want = np.array(
        [solve(p, s, DAYS) for p, s in zip(patients.params, patients.start, strict=True)]
    )
    states, markers = _errors(simulate(patients, DAYS, OUTPUTS).values, want)
    assert len(states) == 36  # `make gate-mechanism` takes 2,000
    assert np.median(states) <= 1e-5 and states.max() <= 1e-2
    assert np.median(markers) <= 1e-3 and markers.max() <= 1e-2


def test_second_infusion_and_drugs_agree_with_the_stiff_solver() -> None:
    m, patients = _group(1)
    n = len(patients)
    days = np.array([0.0, 20.0, 60.0, 118.0, 135.0, 140.0, 200.0, 300.0])
    doses = [
        [Dose(day=120.0 + i, cells=0.3, target="GPRC5D" if i % 2 else "BCMA")] for i in range(n)
    ]
    later = events(m, patients.values, doses)
    given = [
        [
            drug(m, "bispecific_bcma", start=60.0, end=150.0),
            drug(m, "belantamab", start=130.0, end=180.0),
        ]
        for _ in range(n)
    ]
    slots = rows(given)
    sim = simulate(patients, days, OUTPUTS, later=later, slots=slots)
    want = np.array(
        [
            solve(
                patients.params[i],
                patients.start[i],
                days,
                later=later[i],
                slots=list(slots[i]),
                rtol=1e-8,
                atol=1e-11,
            )
            for i in range(n)
        ]
    )
    states, markers = _errors(sim.values, want)
    assert np.median(states) <= 1e-4 and states.max() <= 1e-2
    assert markers.max() <= 1e-2


def test_the_written_equations_and_the_compiled_reference_are_the_same() -> None:
    from tests.support.mechanism_reference import slope

    _, patients = _group(3)
    for p, s in zip(some(patients.params), patients.start, strict=True):
        alive = (s[:5] > LN_CELL).astype(float)
        y = s.copy()
        y[5:8] = (0.7, 0.2, 0.1)
        plain = rate_of_change(0.0, y, p, alive=alive)
        compiled = slope(
            0.0, np.concatenate([y, np.ones(4)]), p, p[PARAMETERS.index("w_pp") :], 1.0, 1.0, alive
        )
        assert compiled[:11] == pytest.approx(plain, rel=1e-12, abs=1e-14)


def test_extinction_happens_as_often_as_in_a_birth_death_process() -> None:
    """One clone that is killed at a constant rate for a while and then grows: survival is known
    (Kendall 1948).
    """
    m, patients = _group(1)
    n = 4000
    same = patients.rows(np.zeros(n, dtype=np.int64))
    p, s = same.params, same.start
    s[:, 1:5] = -60.0
    s[:, 0] = np.log(1e-5)  # 10,000 cells
    s[:, 5:8] = 0.0
    kill, grow, until = 0.30, 0.05, 35.0
    p[:, PARAMETERS.index("r")] = grow
    p[:, PARAMETERS.index("turnover")] = 0.02
    one = replace(drug(m, "other", start=0.0, end=until), k=kill, lam=0.0, k_on=1e3, k_off=1e3)
    u = np.random.default_rng(3).uniform(size=(n, 5))
    sim = simulate(
        KernelInput(params=p, start=s, threshold=1.0 / -np.log1p(-u), values=same.values),
        [0.0, 60.0, 120.0],
        ["T_pp"],
        slots=np.repeat(rows([[one]]), n, axis=0),
    )
    alive = float((sim["T_pp"][:, -1] > 0).mean())
    # exact: births 0.07, deaths 0.02 (+ kill until day 35); start with 1e4 cells
    t = np.linspace(0, 120, 24001)
    birth, death = grow + 0.02, np.where(t < until, 0.02 + kill, 0.02)
    net = np.where(t < until, grow - kill, grow)
    size = np.exp(np.concatenate([[0.0], np.cumsum(0.5 * (net[1:] + net[:-1]) * np.diff(t))]))
    j = np.trapezoid(death / size, t)
    extinct_one = j / (1.0 + j)
    assert birth > 0
    assert alive == pytest.approx(1.0 - extinct_one**1e4, abs=0.03)
