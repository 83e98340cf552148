"""Virtual patients are judged by the same criteria as real ones: the fast rule agrees with
`rearm.response`, patient by patient.
"""

import os

import numpy as np
import pytest
from tests.support.loops import some
from tests.support.virtual_record import virtual_record

pytest.importorskip("numba")

from rearm.mechanism.parameters import load
from rearm.mechanism.virtual import best_level, cohort, patients
from rearm.outcome.failures import failures

pytestmark = pytest.mark.slow

# every patient is read by two rules; 150 in `make gate-mechanism`
_PATIENTS = 150 if os.environ.get("HYPOTHESIS_PROFILE") == "gate" else 60
DEPTH = {None: 1, "NE": 1, "PD": 1, "SD": 1, "MR": 2, "PR": 3, "VGPR": 4, "CR": 5, "sCR": 5}


@pytest.mark.parametrize("product", ["ide-cel", "cilta-cel"])
def test_progression_and_depth_of_response_agree(product: str) -> None:
    m = load()
    group = patients(m, product, _PATIENTS, 5)
    group.scales[:, 0] = np.maximum(
        group.scales[:, 0], np.log(1.2)
    )  # serum is measurable, the records hold serum alone
    c = cohort(m, product, group, months=24)
    best = best_level(c.level)
    last = c.simulation.days[-1]
    looked_at = 0
    for i in some(range(len(group))):
        if m.names[group.draws.mechanism[i]] == "sanctuary":
            continue  # lesions are measured by imaging, which these records do not hold
        looked_at += 1
        found = failures(virtual_record(c, product, i, light_chains=False))[0]
        day = found.day if found.status == "failed" else None
        mine = float(c.progression[i]) if c.progression[i] < last else None
        assert day == mine, (m.names[group.draws.mechanism[i]], day, mine)
        assert min(DEPTH[found.best_response], 4) == max(min(int(best[i]), 4), 1), (
            found.best_response,
            best[i],
        )
    assert looked_at > _PATIENTS * 2 // 3
