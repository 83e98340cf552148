"""CAR-T cells are given for other diseases, too, and registries hold them all: such a patient gets
a sentence in place of an answer, and no table counts him.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import rearm
import rearm.cohort
from rearm.assessment import AssessmentError
from rearm.intake import read_tables
from rearm.record import Record

ROWS: dict[str, list[dict[str, Any]]] = {
    "infusions": [{"day": 0, "product": "ide-cel"}],
    "assessments": [
        {"day": 45, "response": "PR", "by": "team"},
        {"day": 240, "response": "PD", "by": "team"},
    ],
}


def record_of(*people: dict[str, Any], patient_id: str = "Q-4") -> Record:
    rows = {"patients": [*people], **ROWS}
    with_id = {n: [{"patient_id": patient_id} | row for row in own] for n, own in rows.items()}
    (record,) = read_tables(with_id).records
    return record


@pytest.mark.parametrize(
    ("entered", "read", "assessed"),
    [
        (None, None, True),
        ("multiple_myeloma", "multiple_myeloma", True),
        ("Multiples Myelom", "multiple_myeloma", True),
        ("RRMM", "multiple_myeloma", True),
        ("PCL", "plasma_cell_leukaemia", True),
        ("AL", "al_amyloidosis", True),
        ("DLBCL", "lymphoma", False),
        ("B-ALL", "leukaemia", False),
        ("other", "other", False),
        ("autoimmune disease", "autoimmune_disease", False),
        ("C90.0", "multiple_myeloma", True),
        ("Myélome multiple IgG kappa", "multiple_myeloma", True),
        ("mieloma", "multiple_myeloma", True),
        ("CLL/SLL", "leukaemia", False),
        ("tFL", "lymphoma", False),
        ("SLE", "autoimmune_disease", False),
        ("C83.3", "C83.3", False),  # no word of the list: it may be another
    ],
)
def test_whose_disease_is_judged(entered: str | None, read: str | None, assessed: bool) -> None:
    record = record_of({"sex": "F", "disease": entered})
    assert record.disease == read
    if assessed:
        assert rearm.assess(record).answer.state == "choose"
    else:
        with pytest.raises(AssessmentError, match="Rearm judges multiple myeloma"):
            rearm.assess(record)


def test_a_word_that_is_not_known_is_told() -> None:
    (issue,) = [x for x in record_of({"disease": "C83.3"}).issues if x.column == "disease"]
    assert "C83.3" in issue.message


def test_no_table_of_a_store_counts_who_is_not_judged(tmp_path: Path) -> None:
    people = [
        {"patient_id": "A", "sex": "F"},
        {"patient_id": "B", "sex": "M", "disease": "lymphoma"},
        {"patient_id": "C", "sex": "M", "light_chain": "kappa"},
        {"patient_id": "C", "sex": "F", "light_chain": "lambda"},  # two persons under one id
    ]
    data = tmp_path / "data"
    data.mkdir()
    pl.DataFrame(people).write_csv(data / "patients.csv")
    for name, rows in ROWS.items():
        of_all = [{"patient_id": p, **row} for p in "ABC" for row in rows]
        pl.DataFrame(of_all).write_csv(data / f"{name}.csv")
    summary = rearm.cohort.build(data, tmp_path / "store")
    assert set(summary.errors) == {"B", "C"}
    assert summary.errors["B"].startswith("the disease is entered as 'lymphoma'")
    assert summary.errors["C"].startswith("the rows under this id may be of two patients")
    store = rearm.cohort.open(tmp_path / "store")
    for name in store.tables:
        if name not in ("patients", "issues"):
            own = store.table(name).collect()
            assert set(own["patient_id"]) <= {"A"}, name
    assert store.where("failure_status = 'failed'").certain == ("A",)
