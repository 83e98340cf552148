"""Numbers as people write them: ranges are kept as intervals, approximate ones as their number."""

from __future__ import annotations

from typing import Any

import pytest

from rearm.assessment.patient import patient_at
from rearm.assessment.planner import plan_of
from rearm.intake import read_tables
from rearm.interval import Interval
from rearm.knowledge.bundle import bundled
from rearm.record import Record


def _lab(test: str, value: Any, **more: Any) -> Record:
    row: dict[str, Any] = {"patient_id": "A", "day": 5, "test": test, "value": value} | more
    return read_tables({"patients": [{"patient_id": "A"}], "labs": [row]}).records[0]


# value, unit beside it; lower and upper end
RANGES = [
    ("20-30 %", None, (20, 30)),
    ("20-30", "%", (20, 30)),
    ("20 – 30", "%", (20, 30)),
    ("20—30%", None, (20, 30)),
    ("20 to 30", "%", (20, 30)),
    ("20 bis 30 %", None, (20, 30)),
    ("20%-30%", None, (20, 30)),
    ("2,5-3,5", "%", (2.5, 3.5)),
    ("0.2-0.3", "fraction", (20, 30)),
    ("30-30", "%", (30, 30)),
]


@pytest.mark.parametrize(("value", "unit", "ends"), RANGES)
def test_range_is_an_interval(value: str, unit: str | None, ends: tuple[float, float]) -> None:
    record = _lab("marrow_plasma_cells", value, unit=unit)
    assert [x.quantity for x in record.labs] == [Interval(*ends)]
    assert record.issues == ()


ABOUT = ("ca.", "ca", "circa", "~", "≈", "etwa", "approx.", "about")


@pytest.mark.parametrize("value", [f"{word} 40 %" for word in ABOUT])
def test_approximate_number_is_kept_and_told(value: str) -> None:
    record = _lab("marrow_plasma_cells", value)
    assert [x.quantity for x in record.labs] == [Interval(40, 40)]
    assert [(i.severity, i.code, i.done) for i in record.issues] == [
        ("note", "value_approximate", "used")
    ]
    assert "as if it were exact" in record.issues[0].message


def test_approximate_range() -> None:
    record = _lab("marrow_plasma_cells", "ca. 20-30 %")
    assert [x.quantity for x in record.labs] == [Interval(20, 30)]
    assert [i.code for i in record.issues] == ["value_approximate"]


# what is no range is set aside
REFUSED = [
    ("marrow_plasma_cells", "30-20 %", "the larger number first"),
    ("marrow_plasma_cells", "20-300 %", "not possible"),
    ("marrow_plasma_cells", "<20-30 %", "not a number"),
    ("marrow_plasma_cells", "20-", "not a number"),
    ("serum_m_protein", "1-2 g/dL", None),
    ("serum_m_protein", "1 g/dL - 20 g/L", "not a number"),
    ("serum_m_protein", "1-2", "has no unit"),
]


@pytest.mark.parametrize(("test", "value", "why"), REFUSED)
def test_refused(test: str, value: str, why: str | None) -> None:
    record = _lab(test, value)
    assert (record.labs == ()) is (why is not None)
    if why is not None:
        assert why in record.issues[0].message


def test_performance_status_of_one_to_two() -> None:
    record = _lab("ecog", "1-2")
    found = patient_at(record, 5, plan_of(bundled())).found["ecog"]
    assert (found.value, found.interval) == (None, Interval(1, 2))


# test of the cell, value; word that is read, or the test that the message names
STAGES = [
    ("ISS", "ISS 2", "II", None),
    ("ISS", "Stadium 3", "III", None),
    ("ISS", "R-ISS II", None, "r_iss"),
    ("iss", "RISS 2", None, "r_iss"),
    ("ISS", "R2-ISS IV", None, "r2_iss"),
    ("R-ISS", "R-ISS 2", "II", None),
    ("R-ISS", "II", "II", None),
    ("R-ISS", "ISS II", None, "iss"),
    ("R2-ISS", "R2-ISS IV", "IV", None),
]


@pytest.mark.parametrize(("test", "value", "word", "other"), STAGES)
def test_stage_of_one_system_is_none_of_another(
    test: str, value: str, word: str | None, other: str | None
) -> None:
    record = _lab(test, value)
    assert [x.word for x in record.labs] == ([] if word is None else [word])
    if other is not None:
        assert f"a value of {other}. If so, enter that test" in record.issues[0].message


# name of a test, specimen; tests that the message names, tests that it does not
UNKNOWN = [
    ("BCMA", None, ["bcma_positive_plasma_cells", "soluble_bcma"], []),
    ("BCMA", "marrow", ["bcma_positive_plasma_cells"], ["sBCMA", "soluble"]),
    ("BCMA", "lesion_biopsy", ["bcma_positive_plasma_cells"], ["sBCMA", "soluble"]),
    ("GPRC5D", "marrow", ["gprc5d_positive_plasma_cells"], ["bcma"]),
]


@pytest.mark.parametrize(("test", "specimen", "named", "not_named"), UNKNOWN)
def test_antigen_without_a_test(
    test: str, specimen: str | None, named: list[str], not_named: list[str]
) -> None:
    record = _lab(test, 80, unit="%", specimen=specimen)
    assert record.labs == ()
    message = record.issues[0].message
    assert all(x in message for x in named)
    assert not any(x in message for x in not_named)


@pytest.mark.parametrize("grade", ["none", "keine", "no", "nein"])
def test_grade_in_words_of_absence_says_what_to_write(grade: str) -> None:
    row: dict[str, Any] = {"patient_id": "A", "day": 5, "toxicity": "icans", "grade": grade}
    record = read_tables({"patients": [{"patient_id": "A"}], "toxicities": [row]}).records[0]
    assert record.toxicities == ()
    assert "Enter 0 if it was looked for" in record.issues[0].message


STATUS = [
    ("ja", "present"), ("vorhanden", "present"), ("positiv", "present"), ("nein", "absent"),
    ("keine", "absent"), ("kein", "absent"), ("none", "absent"), ("negativ", "absent"),
    ("nicht vorhanden", "absent"), ("V.a.", "unclear"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "status"), STATUS)
def test_status_of_a_condition_in_german(given: str, status: str) -> None:
    row: dict[str, Any] = {"patient_id": "A", "day": 5, "condition": "Infektion", "status": given}
    record = read_tables({"patients": [{"patient_id": "A"}], "conditions": [row]}).records[0]
    assert [(x.condition, x.status) for x in record.conditions] == [("active_infection", status)]


# table, its row, column of one number, what stands there, what the refusal says
NUMBERS = [
    ("imaging", {"day": 3, "result": "positive", "lesion": "L"}, "length_mm", "20-30", "range"),
    ("imaging", {"day": 3, "result": "positive", "lesion": "L"}, "length_mm", "ca. 40", "'40'"),
    ("imaging", {"day": 3, "result": "positive", "lesion": "L"}, "suv", "<5", "comparator"),
    ("imaging", {"day": 3, "result": "positive"}, "n_lesions", "3 to 5", "range"),
    ("infusions", {"day": 0, "product": "ide-cel"}, "dose_cells", "300e6 - 460e6", "range"),
    ("infusions", {"day": 0, "product": "ide-cel"}, "dose_cells", "ca. 450e6", "'450e6'"),
    ("variants", {"gene": "TP53", "result": "present"}, "clonal_fraction", "0.2-0.3", "range"),
    ("variants", {"gene": "TP53", "result": "present"}, "copies", "ca. 4", "'4'"),
    ("therapies", {"start_day": 3, "regimen": "VRd"}, "line", "1-2", "range"),
    ("labs", {"day": 3, "test": "mrd", "value": "negative"}, "cells_counted", "~ 9000", "'9000'"),
    ("conditions", {"condition": "hiv", "status": "present"}, "grade", "2-3", "not a single grade"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "row", "column", "value", "told"), NUMBERS)
def test_a_field_of_one_number_says_what_to_write(
    table: str, row: dict[str, Any], column: str, value: str, told: str
) -> None:
    """The row is kept, the number is not used, and never as if it were exact."""
    rows = [{"patient_id": "A", **row, column: value}]
    (record,) = read_tables({"patients": [{"patient_id": "A"}], table: rows}).records
    (event,) = getattr(record, table)
    assert getattr(event, column) is None
    (issue,) = [i for i in record.issues if i.severity == "error"]
    assert (issue.done, issue.column, issue.value) == ("set_aside", column, value)
    assert told in issue.message
    assert "Enter" in issue.message


# grade, severity beside it; grade, lowest possible grade
GRADES = [
    ("2-3", None, None, 2),
    ("II-III", None, None, 2),
    ("Grad 3 bis 4", None, None, 3),
    (">=3", None, None, 3),
    ("≥ Grad 3", None, None, 3),
    (">2", None, None, 3),
    (">=2", "severe", None, 3),
    ("0-1", None, None, None),
    ("<3", None, None, None),
    ("3-2", None, None, None),
    ("3", None, 3, None),
]


@pytest.mark.parametrize(("given", "severity", "grade", "least"), GRADES)
def test_grades_of_a_toxicity(
    given: str, severity: str | None, grade: int | None, least: int | None
) -> None:
    """Also without a day: whoever writes two grades has seen one of them."""
    row = {"patient_id": "A", "toxicity": "crs", "grade": given, "severity": severity}
    (record,) = read_tables({"patients": [{"patient_id": "A"}], "toxicities": [row]}).records
    assert [(x.grade, x.grade_at_least) for x in record.toxicities] == [(grade, least)]
    told = {i.code: i.severity for i in record.issues if i.column == "grade"}
    refused = {"number_not_exact": "error"}
    assert told == ({"grade_not_exact": "note"} if least else {} if grade else refused)
