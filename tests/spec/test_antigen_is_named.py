"""A stain of the antigen that decides nothing, lacks its method or its day is still named on the
antigen line, with what is missing to it. Infusion on 1 June 2024, progression on day 200.
"""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console
from tests.support.findings_case import findings, shown, stain

from rearm import assess
from rearm.assessment import Assessment
from rearm.intake import read_tables
from rearm.report.assessment.page import page
from rearm.report.assessment.terminal import print_assessment

Day = int | str | None
NO_METHOD = "(less specific: method not stated)"
NO_DAY = "(less specific: exact day unknown)"
NEITHER = "(less specific: method not stated and exact day unknown)"
OPEN = "unknown whether it is of this time"


def assessed(day: Day, percent: object = 40, method: str | None = None) -> Assessment:
    tables: dict[str, list[dict[str, Any]]] = {
        "patients": [{"day_zero": "2024-06-01"}],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "assessments": [
            {"day": 30, "response": "PR", "by": "team"},
            {"day": 200, "response": "PD", "by": "team"},
        ],
        "labs": [
            {
                "test": "bcma_positive_plasma_cells",
                "value": percent,
                "unit": "%",
                "specimen": "marrow",
                "day": day,
                "method": method,
            }
        ],
    }
    rows = {name: [{"patient_id": "P"} | row for row in given] for name, given in tables.items()}
    return assess(read_tables(rows).records[0])


def causes_of(assessment: Assessment) -> str:
    out = io.StringIO()
    print_assessment(Console(file=out, width=400), assessment, full=True)
    return out.getvalue().split("Why did it fail?")[1]


@pytest.mark.parametrize(
    ("day", "method", "missing"),
    [
        (205, "flow cytometry", "marrow, day 205."),
        (205, None, f"day 205 {NO_METHOD}"),
        ("2024-12", "flow cytometry", f"between day 183 and day 213 {NO_DAY}"),
        ("2024-12", "Durchflusszytometrie", f"between day 183 and day 213 {NO_DAY}"),
        ("2024-12", None, f"between day 183 and day 213 {NEITHER}"),
        ("2024-11", None, f"between day 153 and day 182 {NEITHER}"),
        ("after infusion", None, NEITHER),
        ("2024", None, OPEN),
        (None, "flow cytometry", OPEN),
        (None, None, OPEN),
    ],
)
def test_on_the_antigen_line(day: Day, method: str | None, missing: str) -> None:
    assessment = assessed(day, method=method)
    told = causes_of(assessment)
    line = next(x for x in told.splitlines() if "On record, not enough to decide" in x)
    assert "BCMA positive cells among clonal plasma cells 40 %" in line and missing in line
    (group,) = [x for x in assessment.causes.groups if x.group == "antigen"]
    assert (group.grade, group.undecided) == ("not_assessed", ("bcma_status",))
    drawn = page(assessment, with_picture=False)
    blank = drawn.rpartition('<span class="label">Not assessed:</span>')[2].partition("</p>")[0]
    assert "On record, not enough to decide: " in drawn and "Antigen" not in blank


def test_nothing_is_named_where_nothing_is_on_record() -> None:
    told = causes_of(assessed(-100, method="flow cytometry"))
    assert "On record" not in told and "Not assessed: " in told


def test_what_decides_stands_with_its_factor_alone() -> None:
    (group,) = [x for x in assessed(205, 2).causes.groups if x.group == "antigen"]
    assert group.grade == "possible"
    assert "bcma_status" not in group.undecided


@pytest.mark.parametrize(
    ("day", "value"),
    [(205, 40.0), ("2024-12", 40.0), ("2024-11", 40.0), ("2024-06", None), ("2024", None)],
)
def test_a_month_after_the_infusion_that_may_be_of_the_failure_counts(
    day: Day, value: object
) -> None:
    assert shown(findings(stain(day, 40))["bcma_flow_percent"]) == value
    assert shown(findings(stain(day, 40, None))["bcma_stain_percent"]) == value
