"""Immunoglobulin and a boost of stem cells as a centre writes them, without a purpose: support,
read in full, and no line of therapy.
"""

from __future__ import annotations

from typing import Any

import pytest

from rearm.intake import read_tables
from rearm.therapy.lines import lines, prior_lines

IMMUNOGLOBULIN = (
    "IgIV 0,4 g/kg/mois", "IgIV", "IVIG", "IVIG 0.4 g/kg", "IVIg monthly", "Immunglobuline",
    "Immunglobuline i.v.", "Immunglobulinsubstitution", "SCIG", "IgSC",
    "immunoglobulines polyvalentes", "immunoglobulin replacement", "Privigen 30 g",
)  # fmt: skip
BOOST = (
    "Boost CD34+ autologue", "CD34 boost", "CD34+ boost", "stem cell boost", "stem-cell boost",
    "Stammzellboost", "autologous stem cell boost", "autologer Stammzellboost", "ASCT boost",
    "Boost CD34",
)  # fmt: skip


@pytest.mark.parametrize("line", [None, 2])
@pytest.mark.parametrize("text", [*IMMUNOGLOBULIN, *BOOST])
def test_support_without_a_purpose_is_no_line(text: str, line: int | None) -> None:
    row: dict[str, Any] = {"patient_id": "A", "start_day": 90, "regimen": text, "line": line or ""}
    tables: dict[str, list[dict[str, Any]]] = {
        "patients": [{"patient_id": "A"}],
        "infusions": [{"patient_id": "A", "day": 0, "product": "ide-cel"}],
        "therapies": [row],
    }
    (record,) = read_tables(tables).records
    (therapy,) = record.therapies
    assert therapy.unread == ()
    assert therapy.agents == (("immunoglobulin",) if text in IMMUNOGLOBULIN else ())
    assert [x.infusion is not None for x in lines(record)] == [True]
    assert prior_lines(record, 200).most == 1
    assert not any(issue.code.startswith("regimen") for issue in record.issues)
