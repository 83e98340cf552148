"""The table of codes is equal to the codes of the full results, patient by patient."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.support.generated_patients import write_patients

import rearm
from rearm.assessment import Assessment, assess_tables, table_schema
from rearm.assessment.patient import Patient, patient_at
from rearm.record import Record

EXAMPLES = Path(__file__).parents[2] / "examples" / "tables"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    folder = write_patients(150, tmp_path_factory.mktemp("generated"))
    return [*rearm.read(EXAMPLES).records, *rearm.read(folder).records]


@pytest.fixture(scope="module")
def results(records: list[Record]) -> list[Assessment]:
    return list(rearm.assess_each(records))


def codes(a: Assessment) -> dict[str, Any]:
    """What the table says of a patient, taken from his result."""
    last = a.failures[-1] if a.failures else None
    row: dict[str, Any] = {
        "patient_id": a.patient_id,
        "error": None,
        "as_of": a.as_of,
        "as_of_date": a.as_of_date,
        "about": a.about.code,
        "infusions": len(a.failures),
        "alerts": [x.id for x in a.alerts if x.status == "certain"],
        "open_alerts": [x.id for x in a.alerts if x.status == "open"],
        "answer_state": a.answer.state,
        "then": list(a.answer.then),
        "undetermined": a.causes.undetermined if a.causes.groups else None,
        "tests": ["+".join(t.ids) for t in a.next_tests],
        "mandatory_tests": ["+".join(t.ids) for t in a.next_tests if t.mandatory],
    }
    for name in (
        "infusion_day", "product", "status", "certainty", "day", "kind", "timing", "responded",
        "best_response", "best_response_by", "best_response_computed", "best_response_team",
        "best_response_at_least", "followed_to_day", "computed_day", "team_day",
    ):  # fmt: skip
        row[name] = None if last is None else getattr(last, name)
    row["best_response_lacks"] = None if last is None else list(last.best_response_lacks)
    row["day_low"] = None if last is None else last.when.low
    row["day_high"] = None if last is None else last.when.high
    row["pattern"] = None if last is None else list(last.pattern)
    row["signals"] = None if last is None else [s.id for s in last.signals]
    for column, status in (("actions", "due"), ("open_actions", "open")):
        row[column] = [x.id for x in a.actions if x.status == status]
    relapse, watched = a.relapse, a.watched
    for name in ("after", "line", "status", "certainty", "tempo", "since"):
        row[f"relapse_{name}"] = None if relapse is None else getattr(relapse, name)
    row["relapse_day_low"] = None if relapse is None else relapse.day.low
    row["relapse_day_high"] = None if relapse is None else relapse.day.high
    row["relapse_pattern"] = None if relapse is None else list(relapse.pattern)
    row["watched"] = None if watched is None else watched.code
    row["watched_after"] = None if watched is None else watched.after
    for group in a.causes.groups:
        row[f"group_{group.group}"] = group.grade
        row |= {f"factor_{factor.id}": factor.grade for factor in group.factors}
        row |= {f"factor_{name}": "not_applicable" for name in group.not_applicable}
    for tier in a.answer.tiers:
        row |= {f"tier_{placed.strategy}": tier.tier for placed in tier.strategies}
    for option in a.options:
        row[f"verdict_{option.id}"] = option.verdict
        row[f"if_clear_{option.id}"] = option.if_clear
        row[f"afterwards_{option.id}"] = option.afterwards
    return row


def test_the_table_is_equal_to_the_results(
    records: list[Record], results: list[Assessment]
) -> None:
    table = rearm.assess_table(records, tests=True)
    assert dict(table.schema) == table_schema(tests=True)
    assert table.height == len(results) > 100
    assert {"failed", "suspected", "not_failed"} <= set(table["status"])
    assert {"choose", "confirm_first", "emergency_first", "controlled"} <= set(
        table["answer_state"]
    )
    assert table["tier_bispecific-gprc5d"].n_unique() > 3
    for row, result in zip(table.iter_rows(named=True), results, strict=True):
        expected = codes(result)
        # a factor that only earlier facts speak of has a grade that no result shows
        risks_only = {name for name in row if name.startswith("factor_")} - set(expected)
        found = {name: value for name, value in row.items() if name not in risks_only}
        missing = {name: None for name in found if name not in expected}
        assert found == expected | missing, result.patient_id


def test_without_tests_it_is_the_same_table(records: list[Record]) -> None:
    with_tests = rearm.assess_table(records, tests=True)
    assert rearm.assess_table(records).equals(with_tests.drop("tests", "mandatory_tests"))


def test_parts_make_the_whole(records: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rearm.assessment.table.ROWS", 64)
    parts = list(assess_tables(records))
    assert len(parts) > 1
    assert pl.concat(parts).equals(rearm.assess_table(records))


def test_nobody_gives_an_empty_table_with_the_columns() -> None:
    empty = rearm.assess_table([])
    assert empty.height == 0
    assert dict(empty.schema) == table_schema()


def test_who_cannot_be_assessed_is_a_row_and_the_others_are_done(records: list[Record]) -> None:
    """A date cannot be placed without day zero; a day zero may lie outside of the calendar."""
    undated = replace(records[1], patient_id="undated", day_zero=None, birth_date=None)
    beyond = replace(records[2], patient_id="beyond", day_zero=date(9999, 12, 31))
    asked = [records[0], undated, records[3]]
    table = rearm.assess_table(asked, as_of=date(2025, 1, 1))
    assert table["patient_id"].to_list() == [r.patient_id for r in asked]
    assert table["error"].is_null().to_list() == [True, False, True]
    assert "no day zero" in table["error"][1] and table["status"][1] is None
    table = rearm.assess_table([beyond, records[0]])
    assert "outside of the calendar" in table["error"][0]
    assert table["status"][1] == "failed"


def test_a_fault_in_one_patient_costs_the_others_nothing(
    records: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(record: Record, *given: Any, **named: Any) -> Patient:
        if record is records[1]:
            raise ZeroDivisionError("division by zero")
        return patient_at(record, *given, **named)

    monkeypatch.setattr("rearm.assessment.table.patient_at", faulty)
    table = rearm.assess_table(records[:3])
    assert table["error"].to_list() == [
        None,
        "internal error (ZeroDivisionError: division by zero)",
        None,
    ]
    monkeypatch.undo()
    assert table[[0, 2]].equals(rearm.assess_table([records[0], records[2]]))


@pytest.mark.parametrize("wrong", ["2019-01-01", True, 1.5])
def test_as_of_is_a_day_or_a_date(records: list[Record], wrong: Any) -> None:
    with pytest.raises(rearm.AssessmentError, match="as_of is a day of the patient's axis"):
        rearm.assess(records[0], as_of=wrong)
