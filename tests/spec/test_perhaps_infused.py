"""A product without a day of which nobody says that it was infused: collected, planned or given.
It is not counted as given, nothing is judged, and the input is asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import rearm
from rearm.cohort.store.build import Wanted, build
from rearm.intake import read_tables
from rearm.outcome.failures import failures
from rearm.record import Record
from rearm.report.cohort.contents import cohort_report
from rearm.report.cohort.page import every_table
from rearm.therapy.lines import prior_lines

# what stands in `day` and `infused`; the judgement, ide-cel given, infusions, lines at day 500
Case = tuple[str, str, str | None, bool | None, tuple[int, int] | None, tuple[int, int]]
CASES: dict[str, Case] = {
    "neither": ("", "", "perhaps_not_infused", None, (0, 1), (1, 2)),
    "planned": ("", "planned", "perhaps_not_infused", None, (0, 1), (1, 2)),
    "yes, no day": ("", "yes", "infusion_undated", True, (1, 1), (1, 2)),
    "a day": ("0", "", "no_progression", True, (1, 1), (2, 2)),
    "a month": ("2024-01", "", "infusion_undated", True, (1, 1), (2, 2)),
    "no": ("", "no", None, None, (0, 0), (1, 1)),
}


def tables(day: str, infused: str, patient: str = "A") -> dict[str, list[dict[str, Any]]]:
    own: dict[str, list[dict[str, Any]]] = {
        "patients": [{"day_zero": "2024-01-15"}],
        "infusions": [{"day": day, "infused": infused, "product": "ide-cel"}],
        "therapies": [{"start_day": -400, "end_day": -300, "regimen": "VRd"}],
        "assessments": [{"day": 90, "response": "VGPR", "by": "team"}],
    }
    return {name: [{"patient_id": patient, **row} for row in rows] for name, rows in own.items()}


def read(day: str, infused: str) -> Record:
    return read_tables(tables(day, infused)).records[0]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_nobody_says_is_not_counted_as_given(case: Case) -> None:
    day, infused, because, given, infusions, between = case
    record = read(day, infused)
    result = rearm.assess(record)
    assert [x.because for x in failures(record)] == [because] * (because is not None)
    found = result.findings
    ide_cel = found.get("infused_ide_cel")
    assert (None if ide_cel is None else ide_cel.value) is given
    counted = found["infusions_given"]
    shown = counted.interval
    both = (counted.value, counted.value) if shown is None else (shown["low"], shown["high"])
    assert both == infusions
    assert ("car_product" in found and found["car_product"].value == "ide-cel") is bool(given)
    lines = prior_lines(record, 500)
    assert (lines.fewest, lines.most) == between


@pytest.mark.parametrize("infused", ["", "planned"])
def test_the_input_is_asked_whether_it_was_given(infused: str) -> None:
    (issue,) = (x for x in read("", infused).issues if x.code == "infusion_without_day")
    assert (issue.severity, issue.done) == ("error", "used")
    assert "Whether the product of ide-cel was infused is not known" in issue.message


def test_a_later_line_makes_it_no_more_certain() -> None:
    rows = tables("", "")
    rows["therapies"].append({"patient_id": "A", "start_day": 200, "regimen": "Kd"})
    lines = prior_lines(read_tables(rows).records[0], 500)
    assert (lines.fewest, lines.most) == (2, 3)


def test_the_funnel_of_a_cohort_counts_the_infused(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    every: dict[str, list[dict[str, Any]]] = {}
    for number, (day, infused, *_) in enumerate(CASES.values()):
        for name, rows in tables(day, infused, f"P{number}").items():
            every.setdefault(name, []).extend(rows)
    for name, rows in every.items():
        head = list(rows[0])
        text = "".join(",".join(str(row[k]) for k in head) + "\n" for row in rows)
        (source / f"{name}.csv").write_text(",".join(head) + "\n" + text)
    build(source, tmp_path / "store", Wanted(buckets=1))
    report = cohort_report(tmp_path / "store", min_cell=1)
    funnel = next(table for table in every_table(report) if table.id == "funnel")
    counts = {label: cells[0].text for label, cells in funnel.rows}
    assert counts["with an answer"] == "6"
    assert counts["with a CAR-T infusion"] == "3"
