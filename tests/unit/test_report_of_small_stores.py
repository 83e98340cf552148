"""Stores in which little or nothing is known: a report all the same, or a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.random_store import random_tables
from tests.support.tiny_store import tiny_store

from rearm.errors import InputError
from rearm.report.cohort.contents import cohort_report
from rearm.report.cohort.page import cohort_page, every_table

NOBODY: dict[str, list[dict[str, Any]]] = {}
STORES: dict[str, dict[str, list[dict[str, Any]]]] = {
    "one patient": random_tables(1, 1),
    "four patients": random_tables(4, 1),
    "seven patients": random_tables(7, 1),
    "patients without an infusion": {
        "patients": [{"patient_id": f"P{i}"} for i in range(9)],
    },
    "patients with whom something failed": {
        "patients": [{"patient_id": f"P{i}", "error": "internal error"} for i in range(9)],
    },
    "infusions and nothing else": {
        "patients": [{"patient_id": f"P{i}"} for i in range(9)],
        "infusions": [
            {"patient_id": f"P{i}", "infusion": 1, "status": "cannot_be_judged"} for i in range(9)
        ],
    },
}


@pytest.mark.parametrize("least", [1, 5])
@pytest.mark.parametrize("name", STORES)
def test_a_report_of_little(name: str, least: int, tmp_path: Path) -> None:
    store = tiny_store(tmp_path / "store", STORES[name])
    report = cohort_report(store, min_cell=least, adjust=("age",))
    page = cohort_page(report)
    assert "How to read this page" in page and len(every_table(report)) >= 3
    again = cohort_report(store, min_cell=least, adjust=("age",))
    assert again.to_dict() == report.to_dict()


def test_of_few_patients_nothing_is_told(tmp_path: Path) -> None:
    report = cohort_report(tiny_store(tmp_path / "store", STORES["four patients"]))
    assert report.patients is None
    shown = [
        cell.value
        for table in every_table(report)
        for _, cells in table.rows
        for cell in cells
        if cell.value
    ]
    assert shown == [] and report.states == ()


def test_a_store_of_nobody_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no patients"):
        cohort_report(tiny_store(tmp_path / "store", NOBODY))


def test_what_is_entered_as_a_product_is_shown_to_those_alone_who_may_see_it(
    tmp_path: Path,
) -> None:
    """It is free text, which may name a person."""
    entered = "Jane Doe's product"
    tables = random_tables(60, 2)
    for row in (*tables["infusions"], *tables["patients"]):
        row["product"] = entered if row.get("product") == "ide-cel" else row.get("product")
    store = tiny_store(tmp_path / "store", tables)
    assert "Jane Doe" in str(cohort_report(store, min_cell=1).to_dict())
    report = cohort_report(store)
    assert "Jane Doe" not in str(report.to_dict()) and "Jane Doe" not in cohort_page(report)
    assert "another product" in str(report.to_dict())
