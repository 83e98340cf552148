"""Numbers that no record can mean as they stand: the field is set aside, the row is kept."""

from __future__ import annotations

from typing import Any

import pytest

from rearm.intake import read_tables

INFUSION = {"day": 0, "product": "ide-cel"}


@pytest.mark.parametrize(
    ("table", "row", "field", "column", "inside", "outside"),
    [
        ("infusions", INFUSION, "infusions", "dose_cells", (1e5, 4.5e8, 1e10), (450, 9.9e4, 2e10)),
        (
            "variants",
            {"day": 0, "gene": "1q21", "result": "present"},
            "variants",
            "copies",
            (0, 3, 20),
            (-1, 21),
        ),
        (
            "imaging",
            {"day": 0, "method": "PET-CT", "result": "positive"},
            "imaging",
            "suv",
            (0, 12.5, 200),
            (-1, 201),
        ),
        (
            "therapies",
            {"start_day": 0, "regimen": "VRd"},
            "therapies",
            "line",
            (0, 1, 30),
            (-1, 31),
        ),
    ],
)
def test_limits_of_fields(
    table: str,
    row: dict[str, Any],
    field: str,
    column: str,
    inside: tuple[float, ...],
    outside: tuple[float, ...],
) -> None:
    for value in (*inside, *outside):
        (record,) = read_tables(
            {"patients": [{"patient_id": "A"}], table: [{"patient_id": "A", **row, column: value}]}
        ).records
        (event,) = getattr(record, field)
        told = [i for i in record.issues if i.code == "value_impossible"]
        assert getattr(event, column) == (value if value in inside else None)
        assert [(i.severity, i.done) for i in told] == (
            [] if value in inside else [("error", "set_aside")]
        )


@pytest.mark.parametrize(
    ("test", "count"), [("neutrophils", 1200), ("lymphocytes", 800), ("platelets", 90000)]
)
def test_cells_per_microlitre_under_the_unit_of_litres_are_set_aside(
    test: str, count: float
) -> None:
    labs: list[dict[str, Any]] = [
        {"patient_id": "A", "day": 0, "test": test, "value": count, "unit": "10*9/L"}
    ]
    (record,) = read_tables({"patients": [{"patient_id": "A"}], "labs": labs}).records
    assert not record.labs and len(record.set_aside) == 1
    assert [(i.severity, i.done) for i in record.issues] == [("error", "set_aside")]
