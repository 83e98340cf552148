"""Whose response can be judged: a progression as the first assessment is one, no assessment is
none.
"""

from __future__ import annotations

from typing import Any

import pytest

from rearm.cohort.store.rows import evaluable
from rearm.intake import read_tables
from rearm.outcome.failures import failures

# serum M-protein (day, g/L), what the team stated (day, response), whether the patient died of it
CASES = [
    ("no assessment", [(-10, 30)], [], False, False),
    ("a response by results", [(-10, 30), (30, 3), (60, 3)], [], False, True),
    ("a response by the team", [], [(60, "VGPR")], False, True),
    ("progression first, by results", [(-10, 30), (30, 45), (60, 55)], [], False, True),
    ("progression first, by the team", [(-10, 30)], [(30, "PD")], False, True),
    ("the team could not judge", [], [(60, "NE")], False, False),
    ("a death of myeloma alone", [(-10, 30)], [], True, False),
]


@pytest.mark.parametrize(("title", "serum", "team", "died", "judged"), CASES)
def test_who_is_evaluable(
    title: str, serum: list[Any], team: list[Any], died: bool, judged: bool
) -> None:
    rows: dict[str, list[dict[str, Any]]] = {
        "patients": [{}],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "labs": [
            {"day": day, "test": "serum_m_protein", "value": value, "unit": "g/L"}
            for day, value in serum
        ],
        "assessments": [{"day": day, "response": word, "by": "team"} for day, word in team],
        "deaths": [{"day": 90, "cause": "myeloma"}] if died else [],
    }
    with_id = {name: [{"patient_id": "A", **x} for x in own] for name, own in rows.items() if own}
    (record,) = read_tables(with_id).records
    (failure,) = failures(record)
    assert evaluable(failure) is judged, title
