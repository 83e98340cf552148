"""The timeline writes and draws no day that is not known: what is known by the month lies over the
days that it may be of, what is open on a side is named under the picture. Infusion on 1 June 2024.
"""

from __future__ import annotations

from typing import Any

import pytest

from rearm import assess
from rearm.assessment import Assessment
from rearm.assessment.result import DayRange
from rearm.intake import read_tables
from rearm.report.assessment.timeline import picture_of, timeline, words_below

Row = dict[str, Any]
Day = int | str | None


def assessed(**tables: list[Row]) -> Assessment:
    rows: dict[str, list[Row]] = {
        "patients": [{"day_zero": "2024-06-01", "last_seen_day": 260}],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        **tables,
    }
    given = {name: [{"patient_id": "P"} | row for row in kept] for name, kept in rows.items()}
    return assess(read_tables(given).records[0])


def m_protein(day: Day) -> Row:
    return {"day": day, "test": "serum_m_protein", "value": 1.2, "unit": "g/dL"}


def drawn(assessment: Assessment, key: str) -> list[Row]:
    """Every drawn row that has this key, from whatever panel."""
    spec = timeline(assessment, infusion_day=0, until=260)
    layers = [layer for panel in spec["vconcat"] for layer in panel["layer"]]
    values = [row for layer in layers for row in layer["data"]["values"]]
    return [row for row in values if key in row]


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (10, 40, "day 10 to 40"),
        (10, 10, "day 10"),
        (10, None, "start day 10, end not known"),
        (None, 40, "start not known, end day 40"),
        ("2024-07", None, "start between day 30 and day 60, end not known"),
        ("2024-07", 90, "start between day 30 and day 60, end day 90"),
        ("2024-07", "2024-08", "start between day 30 and day 60, end between day 61 and day 91"),
        ("after infusion", 90, "start between day 1 and day 260, end day 90"),
    ],
)
def test_a_therapy(start: Day, end: Day, words: str) -> None:
    row = {"agents": "teclistamab", "start_day": start, "end_day": end}
    assessment = assessed(therapies=[row])
    (bar,) = [x for x in drawn(assessment, "what") if "teclistamab" in x["what"]]
    assert bar["what"] == f"teclistamab (treatment, {words})"
    assert (bar["opacity"] < 1) is ("start" in words)
    assert ("is pale" in words_below(assessment)) is ("start" in words)


@pytest.mark.parametrize("start", [None, "before infusion", "unbekannt"])
def test_a_therapy_without_a_day_is_named_and_not_drawn(start: Day) -> None:
    assessment = assessed(therapies=[{"agents": "teclistamab", "start_day": start}])
    assert not [x for x in drawn(assessment, "what") if "teclistamab" in x["what"]]
    assert "Not drawn, as the day is not known: 1 stretch of treatment." in words_below(assessment)


@pytest.mark.parametrize(
    ("day", "days"),
    [
        (30, (30, 30)),
        ("2024-07", (30, 60)),
        ("2024-12", (183, 213)),
        ("after infusion", (1, 260)),  # up to the day that is judged
        (None, None),
    ],
)
def test_a_value(day: Day, days: tuple[int, int] | None) -> None:
    assessment = assessed(labs=[m_protein(day)])
    rows = {(x["day"], x["end"]) for x in drawn(assessment, "bound")}
    assert rows == ({days} if days else set())
    text = words_below(assessment)
    over_days = days is not None and days[0] != days[1]
    assert ("A horizontal line or bar covers the days" in text) is over_days
    assert ("1 result of M-protein" in text) is (days is None)
    exact = [x["text"] for x in drawn(assessment, "bound") if x["exact"]]
    assert bool(exact) is (day == 30)


def test_the_value_in_words_names_no_single_day() -> None:
    (row,) = {x["text"] for x in drawn(assessed(labs=[m_protein("2024-07")]), "bound")}
    assert row.startswith("between day 30 and day 60: ")


@pytest.mark.parametrize(
    ("day", "between"),
    [
        (90, None),
        ("2024-08", DayRange(low=61, high=91)),
        (None, DayRange(low=None, high=None)),
        ("after infusion", DayRange(low=1, high=260)),
    ],
)
def test_a_response_of_the_team(day: Day, between: DayRange | None) -> None:
    assessment = assessed(assessments=[{"day": day, "response": "VGPR", "by": "team"}])
    (stated,) = assessment.stated_responses
    assert (stated.day, stated.between) == (day if isinstance(day, int) else None, between)
    told = "1 response recorded by the team" in words_below(assessment)
    assert told is (day is None)


def test_a_failure_and_a_death_by_month_are_named() -> None:
    assessment = assessed(
        assessments=[
            {"day": 30, "response": "PR", "by": "team"},
            {"day": "2024-12", "response": "PD", "by": "team"},
        ],
        deaths=[{"day": "2025-02", "cause": "myeloma"}],
    )
    text = words_below(assessment)
    assert "death (between day 260 and day 272)" in text
    assert "the failure (between day 183 and day 213)" in text


def test_it_can_be_drawn() -> None:
    pytest.importorskip("vl_convert")
    assessment = assessed(
        labs=[m_protein("2024-07"), m_protein(-10), m_protein(90)],
        assessments=[{"day": "2024-08", "response": "VGPR", "by": "team"}],
        therapies=[{"agents": "teclistamab", "start_day": "2024-11"}],
    )
    assert picture_of(assessment).startswith("<svg")
