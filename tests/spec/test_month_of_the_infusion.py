"""A result of the month in which the CAR-T was infused: whether it is the baseline or a value under
the CAR-T is not known. `rearm assess` and `rearm response` say what both orders have in common, and
the input check asks for the day. Infusion on 10 June 2024.
"""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from rearm import assess
from rearm.export.response_json import response_object
from rearm.intake import read_tables
from rearm.outcome.patient_course import patient_course
from rearm.record import Record
from rearm.report.response.terminal import print_course

Day = int | str | None


def record_of(*series: tuple[Day, float], test: str = "serum_m_protein") -> Record:
    unit = "g/dL" if test == "serum_m_protein" else "mg/L"
    rows: dict[str, list[dict[str, Any]]] = {
        "patients": [
            {
                "day_zero": "2024-06-10",
                "last_seen_day": 120,
                "heavy_chain": "IgG",
                "light_chain": "kappa",
            }
        ],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "labs": [{"day": day, "test": test, "value": v, "unit": unit} for day, v in series],
    }
    tables = {name: [{"patient_id": "P"} | row for row in kept] for name, kept in rows.items()}
    return read_tables(tables).records[0]


FALLING = ((30, 1.0), (60, 0.9), (90, 0.8))


@pytest.mark.parametrize(
    ("what", "baseline", "best", "visits", "asked"),
    [
        ("a day before", [(-5, 3.0)], "PR", ["PR", "PR", "PR"], 0),
        ("the month before", [("2024-05", 3.0)], "PR", ["PR", "PR", "PR"], 0),
        ("before the infusion", [("before infusion", 3.0)], "PR", ["PR", "PR", "PR"], 0),
        ("the month of the infusion", [("2024-06", 3.0)], "NE", ["NE", "NE", "NE"], 1),
        ("the same in German", [("Juni 2024", 3.0)], "NE", ["NE", "NE", "NE"], 1),
        ("its year", [("2024", 3.0)], "NE", ["NE", "NE", "NE"], 1),
        ("beside an exact baseline", [(-5, 3.1), ("2024-06", 3.0)], "PR", None, 1),
        ("none", [], "NE", ["NE", "NE", "NE"], 0),
    ],
)
def test_both_commands_say_what_both_orders_have_in_common(
    what: str,
    baseline: list[tuple[Day, float]],
    best: str,
    visits: list[str] | None,
    asked: int,
) -> None:
    record = record_of(*baseline, *FALLING)
    assessment = assess(record)
    found = patient_course(record)
    exact = [v for v in found.visits if v.when.day is not None]
    assert found.course is not None and found.course.best_confirmed == best, what
    assert (assessment.failures[-1].best_response or "NE") == best, what
    if visits is not None:
        assert [v.response for v in exact] == visits, what
        assert [v.response for v in assessment.visits if v.between is None] == visits, what
    assert response_object(found)["best_confirmed"] == best, what
    codes = [issue.code for issue in record.issues]
    assert codes.count("month_holds_infusion") == asked, what


def test_the_reason_stands_with_each_visit_and_above() -> None:
    found = patient_course(record_of(("2024-06", 3.0), *FALLING))
    why = "PR or NE, depending on results that are not exact"
    assert {v.reason for v in found.visits} == {why}
    out = io.StringIO()
    print_course(Console(file=out, width=300), found)
    assert f"Best confirmed response: NE ({why})" in out.getvalue()


@pytest.mark.parametrize(
    ("day", "test", "asked"),
    [
        ("2024-06", "serum_m_protein", True),
        ("06/2024", "kappa_flc", True),
        ("2024", "kappa_flc", True),
        ("2024-07", "serum_m_protein", False),
        ("2024-05", "serum_m_protein", False),
        ("after infusion", "serum_m_protein", False),
        ("before infusion", "serum_m_protein", False),
        (None, "serum_m_protein", False),
        (0, "serum_m_protein", False),
    ],
)
def test_the_check_asks_for_the_day(day: Day, test: str, asked: bool) -> None:
    record = record_of((day, 3.0), test=test)
    issues = [issue for issue in record.issues if issue.code == "month_holds_infusion"]
    assert bool(issues) is asked
    for issue in issues:
        assert issue.column == "day" and issue.severity == "warning"
        assert "it may be from before or after the infusion. Enter the exact day." in issue.message
