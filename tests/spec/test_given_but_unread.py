"""What was given and could not be read is called so, and never missing."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from rearm.assessment import assess
from rearm.cli.check_files import worklist_of
from rearm.intake import read_tables
from rearm.intake.result import Reading
from rearm.report.assessment.page import page
from rearm.report.assessment.terminal import print_assessment
from rearm.report.worklist.terminal import print_worklist

TESTS = {"serum_m_protein": (1.2, "g/dL"), "bcma_positive_plasma_cells": (30, "%")}


def _reading(days: list[str], *more: dict[str, Any]) -> Reading:
    labs = [
        {"day": day, "test": test, "value": value, "unit": unit}
        for day in days
        for test, (value, unit) in TESTS.items()
    ]
    tables: dict[str, list[dict[str, Any]]] = {
        "patients": [{"day_zero": "2023-05-01"}],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "assessments": [{"day": 276, "response": "PD"}],
        "labs": [*labs, *more],
    }
    return read_tables(
        {name: [{"patient_id": "A"} | row for row in rows] for name, rows in tables.items()}
    )


UNREADABLE = ["01/07/23", "02/07/23", "03/07/23"]
# a word in place of a number: it has its day
UNUSABLE = {"day": 40, "test": "creatinine", "value": "much", "unit": "mg/dL"}


TOLD = [
    (
        _reading(UNREADABLE),
        "6 results are left out because their dates could not be read: correct them first.",
    ),
    (
        _reading(UNREADABLE, UNUSABLE),
        "7 results are left out because they could not be used, 6 of them without a readable date",
    ),
    (
        _reading([], UNUSABLE),
        "1 result is left out because it could not be used: correct it first.",
    ),
    (_reading(["2023-07-01"]), None),
    # of a test that nobody knows nothing would be read
    (_reading([], {"day": 40, "test": "XYZ", "value": 1}), None),
]


@pytest.mark.parametrize(("reading", "told"), TOLD)
def test_page_and_terminal_say_it_first(reading: Reading, told: str | None) -> None:
    assessment = assess(reading.records[0])
    console = Console(file=io.StringIO(), width=200)
    print_assessment(console, assessment)
    html, terminal = page(assessment, with_picture=False), console.file.getvalue()  # type: ignore[attr-defined]
    for text in (html.partition("<h2>The case</h2>")[0], terminal.partition("CASE  ")[0]):
        assert ("left out" in text) is (told is not None)
        assert told is None or told in text


def test_reason_says_what_to_correct() -> None:
    reason = assess(_reading(UNREADABLE).records[0]).failures[0].reason
    assert "no laboratory series" not in reason
    assert "3 results of the disease could not be read" in reason
    assert "correct their dates first" in reason
    without = assess(_reading([]).records[0]).failures[0].reason
    assert "there is no laboratory series to compute it from" in without


def test_check_lists_them_first() -> None:
    worklist = worklist_of(_reading(UNREADABLE))
    unread = {row.workup: row.unread for row in worklist.missing if row.unread}
    assert list(unread.values()) == [3]
    assert any("BCMA" in workup for workup in unread)
    assert [row.unread > 0 for row in worklist.missing][:2] == [True, False]
    console = Console(file=io.StringIO(), width=200)
    print_worklist(console, worklist, each=False)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert text.count("was entered but could not be read (3 results)") == 1
    assert worklist.tables()["not_on_record"][1][-1] == 3
