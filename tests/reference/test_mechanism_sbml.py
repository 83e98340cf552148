"""The SBML export in libroadrunner agrees with the kernel (skipped where libroadrunner is not
installed).
"""

import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest
from tests.support.loops import some

pytest.importorskip("numba")

from rearm.mechanism.model import OUTPUTS
from rearm.mechanism.parameters import load
from rearm.mechanism.population import Dose, draw, inputs, simulate
from rearm.mechanism.sbml import sbml

pytestmark = pytest.mark.slow


def _patients() -> Any:
    m = load()
    drawn = draw(m, "cilta-cel", [1] * len(m.names), 3)
    return inputs(m, drawn, first=Dose(day=0.0, cells=0.1)).without_extinction()


def test_the_export_is_well_formed_and_complete() -> None:
    patients = _patients()
    root = ET.fromstring(sbml(patients.params[0], patients.start[0]))
    rules = [e for e in root.iter() if e.tag.endswith("rateRule")]
    assert len(rules) == 15


def test_libroadrunner_agrees_with_the_kernel() -> None:
    roadrunner = pytest.importorskip("roadrunner")
    patients = _patients()
    days = np.array([0.0, 5.0, 10.0, 20.0, 40.0, 90.0, 200.0, 365.0])
    got = simulate(patients, days, OUTPUTS)
    names = [
        "T_pp",
        "E",
        "M",
        "X",
        "I",
        "N",
        "P",
        "m_protein",
        "flc",
        "sbcma_tumour",
        "sbcma_normal",
    ]
    for i in some(range(len(patients))):
        r = roadrunner.RoadRunner(sbml(patients.params[i], patients.start[i]))
        r.integrator.relative_tolerance, r.integrator.absolute_tolerance = 1e-9, 1e-13
        r.timeCourseSelections = names
        want = np.array(r.simulate(times=days.tolist()))
        mine = np.stack([got[n][i] for n in names], axis=1)
        assert (np.abs(mine - want) / (np.abs(want) + 1e-6)).max() < 1e-2
