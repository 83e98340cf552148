"""The comparison of two versions can say that they differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scripts.compare_versions import VALIDATION, Reason, compare, reasons, table
from tests.support.generated_patients import generated_patient, write_patients

import rearm


def _file(path: Path, answers: dict[str, dict[str, Any]], set_: str = "generated") -> Path:
    lines = [json.dumps({"set": set_, "patient": p, "values": v}) for p, v in answers.items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


BEFORE: dict[str, dict[str, Any]] = {
    "A": {"failures.0.status": "failed", "options.x.rank": 1},
    "B": {"failures.0.status": "failed"},
}


def _differences(tmp_path: Path, now: dict[str, dict[str, Any]], *known: Reason) -> tuple[str, int]:
    comparison = compare(_file(tmp_path / "a", BEFORE), _file(tmp_path / "b", now))
    return table(comparison, known)


def test_equal_answers_in_another_order_do_not_differ(tmp_path: Path) -> None:
    text, left = _differences(tmp_path, dict(reversed(BEFORE.items())))
    assert left == 0
    assert "3 values of 2 patients compared: 0 differ, 0 without a reason." in text


def test_a_changed_an_absent_and_a_new_value_differ(tmp_path: Path) -> None:
    now = {"A": {"failures.0.status": "suspected", "options.y.rank": 1}, "B": BEFORE["B"]}
    text, left = _differences(tmp_path, now)
    assert left == 3
    assert "generated, A, failures.0.status" in text
    assert '    now: "suspected"' in text


def test_a_patient_that_one_version_lacks_differs(tmp_path: Path) -> None:
    text, left = _differences(tmp_path, {"A": BEFORE["A"]})
    assert left == 1
    assert "generated, B, patient" in text


def _reason(**other: Any) -> Reason:
    anything: dict[str, Any] = dict.fromkeys(("sets", "patients", "before", "now"), ())
    anything |= {"number": 1, "title": "ranks", "places": ("options.*.rank",)}
    return Reason(**anything | other)


@pytest.mark.parametrize(
    ("values", "left"),
    [
        ({}, 0),
        ({"before": (1,)}, 0),
        ({"now": (2, 3)}, 0),
        ({"before": (5,)}, 1),
        ({"now": (3,)}, 1),
    ],
)
def test_a_reason_may_name_the_values_too(tmp_path: Path, values: Any, left: int) -> None:
    now = {"A": BEFORE["A"] | {"options.x.rank": 2}, "B": BEFORE["B"]}
    assert _differences(tmp_path, now, _reason(**values))[1] == left


def test_a_reason_explains_its_places_only(tmp_path: Path) -> None:
    reason = _reason(patients=("A",))
    now = {"A": {"failures.0.status": "suspected", "options.x.rank": 2}, "B": BEFORE["B"]}
    text, left = _differences(tmp_path, now, reason)
    assert left == 1
    assert "Reason 1, ranks: 1 in generated" in text


def test_of_the_cohort_only_counts_are_shown(tmp_path: Path) -> None:
    before = _file(tmp_path / "a", BEFORE, "leipzig cohort")
    now = _file(tmp_path / "b", {"A": BEFORE["A"], "B": {}}, "leipzig cohort")
    text, left = table(compare(before, now), [])
    assert left == 1
    assert '"failed"' not in text
    assert "leipzig cohort: failures 1 (not shown" in text


@pytest.mark.parametrize("file", sorted(VALIDATION.glob("differences*.toml")), ids=lambda f: f.name)
def test_the_file_of_reasons_can_be_read(file: Path) -> None:
    numbers = [reason.number for reason in reasons(file)]
    assert numbers
    assert numbers == sorted(set(numbers))


def test_a_generated_patient_depends_on_number_and_seed_only(tmp_path: Path) -> None:
    assert generated_patient(7) == generated_patient(7)
    assert generated_patient(7) != generated_patient(7, seed=1)
    few, more = (write_patients(n, tmp_path / str(n)) for n in (5, 8))
    lines = (few / "labs.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 1
    assert (more / "labs.csv").read_text(encoding="utf-8").splitlines()[: len(lines)] == lines


@pytest.mark.slow
def test_generated_patients_meet_every_kind_of_answer(tmp_path: Path) -> None:
    """What the comparison and the benchmarks rest on: the patients must differ where it counts."""
    assessments = rearm.assess_all(rearm.read(write_patients(120, tmp_path / "p")).records)
    statuses = {a.failures[-1].status if a.failures else None for a in assessments}
    assert statuses >= {"failed", "suspected", "not_failed", "died_without_progression"}
    verdicts = {o.verdict for a in assessments for o in a.options}
    assert verdicts >= {"excluded", "discouraged", "needs_information", "open"}
    grades = {g.grade for a in assessments for g in a.causes.groups}
    assert grades >= {"established", "likely", "possible", "unlikely", "not_assessed"}


@pytest.mark.parametrize("number", [0, 3])
def test_patients_are_numbered(number: int) -> None:
    assert generated_patient(number)["patients"][0]["patient_id"] == f"G{number:05d}"
