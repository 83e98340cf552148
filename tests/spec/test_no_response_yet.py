"""Disease that has not progressed is not controlled by that: without a response the markers are
repeated.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.results import terminal_text

import rearm
from rearm.assessment import Assessment
from rearm.intake import read_tables
from rearm.report.assessment.index import index_row
from rearm.report.assessment.page import page

Row = dict[str, Any]


def assessed(*values: tuple[int, float]) -> Assessment:
    """A patient whose serum M-protein was 4 g/dL before cilta-cel, and then these by day."""
    labs = [
        {"day": day, "test": test, "value": value, "unit": unit}
        for day, protein in ((-30, 4.0), (-7, 4.0), *values)
        for test, value, unit in (
            ("serum_m_protein", protein, "g/dL"),
            ("urine_m_protein_24h", 0, "mg/24h"),
        )
    ]
    rows: dict[str, list[Row]] = {
        "patients": [{"sex": "F", "heavy_chain": "IgG", "light_chain": "kappa"}],
        "infusions": [{"day": 0, "product": "cilta-cel"}],
        "labs": labs,
    }
    with_id = {name: [{"patient_id": "W"} | row for row in own] for name, own in rows.items()}
    (record,) = read_tables(with_id).records
    return rearm.assess(record)


@pytest.mark.parametrize(
    ("values", "response", "code", "first"),
    [
        (((28, 3.8),), "SD", "no_progression", "repeat markers"),
        (((28, 3.7), (56, 3.6)), "SD", "no_progression", "repeat markers"),
        (((28, 1.5), (56, 1.4)), "PR", "response", "controlled"),
    ],
)
def test_only_a_response_is_control(
    values: tuple[tuple[int, float], ...], response: str, code: str, first: str
) -> None:
    result = assessed(*values)
    assert result.relapse is None and result.watched is not None
    assert (result.watched.response, result.watched.code) == (response, code)
    assert index_row("w.html", result).first == first
    for text in (page(result), terminal_text(result)):
        flat = " ".join(text.split())
        assert ("myeloma is controlled" in flat) is (code == "response")
        assert ("repeat the markers" in flat) is (code != "response")
        assert ("No response yet" in flat) is (code != "response")
