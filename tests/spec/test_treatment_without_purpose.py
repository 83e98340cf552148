"""Treatment shortly before CAR-T cells of which no purpose is on record: bridging and
lymphodepletion are no lines, so it may be one or none. OMOP and plain FHIR have no place for a
purpose.
"""

from __future__ import annotations

from typing import Any

import pytest

from rearm.intake import read_tables
from rearm.record import Record
from rearm.therapy.lines import prior_lines

INDUCTION = {"start_day": -900, "end_day": -700, "regimen": "VRd"}


def record(*therapies: dict[str, Any], **infusion: Any) -> Record:
    tables: dict[str, list[dict[str, Any]]] = {
        "patients": [{}],
        "infusions": [{"day": 0, "product": "ide-cel", **infusion}],
        "therapies": [INDUCTION, *therapies],
    }
    rows = {name: [{"patient_id": "A", **row} for row in own] for name, own in tables.items()}
    return read_tables(rows).records[0]


# the row before the infusion, the days of leukapheresis; lines before the cells at least, at most
ROWS = [
    ("-40", None, None, "", (1, 2)),
    ("-40", None, "bridging", "", (1, 1)),
    ("-40", None, "treatment", "", (2, 2)),
    ("-40", 2, None, "", (2, 2)),
    ("-61", None, None, "", (2, 2)),
    ("-40", None, None, "-50", (1, 2)),
    ("-90", None, None, "-95", (1, 2)),
    ("-40", None, None, "-30", (2, 2)),
]


@pytest.mark.parametrize(("start", "line", "purpose", "collected", "between"), ROWS)
def test_what_may_have_bridged_is_a_line_or_none(
    start: str, line: int | None, purpose: str | None, collected: str, between: tuple[int, int]
) -> None:
    row = {"start_day": start, "end_day": "-10", "regimen": "KPd", "line": line or ""}
    found = record(row | {"purpose": purpose or ""}, apheresis_days=collected)
    counted = prior_lines(found, 0)
    assert (counted.fewest, counted.most) == between


# the row before the infusion: begun, line, drug, purpose; the days of leukapheresis; is it told?
TOLD = [
    ("-35", None, "DCEP", None, "-45", True),
    ("-35", 2, "DCEP", None, "-45", True),
    ("-35", None, "dexamethasone", None, "-45", True),
    ("-45", None, "DCEP", None, "-45", True),
    ("-35", None, "DCEP", "bridging", "-45", False),
    ("-35", None, "DCEP", "treatment", "-45", False),
    ("-35", None, "IVIG", None, "-45", False),
    ("-60", None, "DCEP", None, "-45", False),
    ("-35", None, "DCEP", None, "", False),
    ("0", None, "DCEP", None, "-45", False),
    ("-35", None, "DCEP", None, "-90;-30", False),
]


@pytest.mark.parametrize(("start", "line", "drug", "purpose", "collected", "told"), TOLD)
def test_treatment_between_leukapheresis_and_infusion_is_told(
    start: str, line: int | None, drug: str, purpose: str | None, collected: str, told: bool
) -> None:
    row = {"start_day": start, "regimen": drug, "line": line or "", "purpose": purpose or ""}
    found = record(row, apheresis_days=collected)
    issues = [x for x in found.issues if x.code == "perhaps_bridging"]
    assert [(x.severity, x.column) for x in issues] == [("note", "purpose")] * told
    assert all("enter the purpose bridging if it was" in x.message for x in issues)


# the drug and its days before the cells; whether it is read as lymphodepletion
DEPLETING = [
    ("fludarabine", -5, True),
    ("fludarabine", -20, False),
    ("bendamustine", -5, True),
    ("bendamustine", -12, False),
    ("cyclophosphamide", -5, False),
]


@pytest.mark.parametrize(("drug", "day", "depletes"), DEPLETING)
def test_a_drug_days_before_the_cells_is_lymphodepletion(
    drug: str, day: int, depletes: bool
) -> None:
    row = {"start_day": day, "end_day": day + 2, "agents": drug, "regimen": drug}
    therapy = next(x for x in record(row).therapies if drug in x.agents)
    assert (therapy.purpose == "lymphodepletion") is depletes
