"""A fall of haemoglobin alone, with no M-protein: a sign of relapse while it lasts, closed by a
recovery, or by a stringent CR on or after the last value, stated and borne out by the results.
"""

from __future__ import annotations

from typing import Any

import pytest

from rearm.intake import read_tables
from rearm.outcome.failures import failures

HB = {-5: 95, 182: 135, 273: 111, 365: 128, 540: 107}
FALLEN = {day: value for day, value in HB.items() if day <= 273}
PROTEIN = {-5: 20, 30: 0, 90: 0, 180: 0, 273: 0, 365: 0, 540: 0}
CR = [(90, "CR")]
# haemoglobin and M-protein in g/L by day; what the team stated; is it a suspected failure?
CASES: dict[str, tuple[dict[int, int], dict[int, int], list[tuple[int, str]], bool]] = {
    "fallen": (FALLEN, PROTEIN, CR, True),
    "recovered": (FALLEN | {365: 128}, PROTEIN, CR, False),
    "fallen again": (HB, PROTEIN, CR, True),
    "sCR between the two falls": (HB, PROTEIN, [*CR, (365, "sCR")], True),
    "sCR after both": (HB, PROTEIN, [*CR, (365, "sCR"), (540, "sCR")], False),
    "CR after both": (HB, PROTEIN, [*CR, (540, "CR")], True),
    "sCR stated, the M-protein is back": (HB, PROTEIN | {540: 3}, [*CR, (540, "sCR")], True),
    "sCR stated, nothing measured": (
        HB, {d: v for d, v in PROTEIN.items() if d < 365}, [*CR, (540, "sCR")], True),
}  # fmt: skip


@pytest.mark.parametrize(("hb", "protein", "stated", "suspected"), CASES.values(), ids=CASES)
def test_a_fall_of_haemoglobin_alone(
    hb: dict[int, int], protein: dict[int, int], stated: list[tuple[int, str]], suspected: bool
) -> None:
    measured = (("hemoglobin", hb), ("serum_m_protein", protein))
    tables: dict[str, list[dict[str, Any]]] = {
        "patients": [{"light_chain": "kappa"}],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "assessments": [{"day": d, "response": word, "by": "team"} for d, word in stated],
        "labs": [
            {"day": d, "test": test, "value": value, "unit": "g/L"}
            for test, values in measured
            for d, value in values.items()
        ],
    }
    rows = {name: [{"patient_id": "A", **row} for row in own] for name, own in tables.items()}
    (failure,) = failures(read_tables(rows).records[0])
    assert failure.status == ("suspected" if suspected else "not_failed")
    assert "unattributed_crab" in {signal.id for signal in failure.signals}
