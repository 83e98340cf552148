"""Lesions on imaging whose day, or the day of the failure, is known by the month. Material from up
to 30 days before the failure is of it. Infusion on 1 June 2024 (day 0), read on day 260; November
is day 153 to 182, December day 183 to 213.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.findings_case import shown

from rearm.findings import Found, find
from rearm.intake import read_tables
from rearm.knowledge.catalogue import load_catalogue
from rearm.outcome.failures import failures

Day = int | str | None
OWN_DAY = "it has no exact day and may not be of the time of the failure"
OF_FAILURE = "the failure has no exact day, so this may be of another time"


def found(failed: Day, *images: dict[str, Any], labs: tuple[dict[str, Any], ...] = ()) -> Any:
    rows: dict[str, list[dict[str, Any]]] = {
        "patients": [{"day_zero": "2024-06-01", "last_seen_day": 260}],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "assessments": [
            {"day": 30, "response": "PR", "by": "team"},
            {"day": failed, "response": "PD", "by": "team"},
        ],
        "imaging": [{"method": "PET-CT"} | image for image in images],
        "labs": list(labs),
    }
    tables = {name: [{"patient_id": "P"} | row for row in kept] for name, kept in rows.items()}
    record = read_tables(tables).records[0].known_at(260)
    return find(record, failures(record), load_catalogue(), as_of=260)


def lesion(day: Day, **more: Any) -> dict[str, Any]:
    return {"day": day, "result": "positive", "kind": "extramedullary", "lesion": "A", **more}


def clear(day: Day) -> dict[str, Any]:
    return {"day": day, "result": "negative"}


_FINDINGS = ("emd_at_failure", "any_plasmacytoma_at_relapse", "untested_lesion",
             "lesion_without_histology")  # fmt: skip


@pytest.mark.parametrize(
    ("what", "failed", "images", "value", "why"),
    [
        ("on the day", 200, [lesion(200)], True, None),
        ("the whole month within 30 days", 200, [lesion("2024-12")], True, None),
        ("a month that only overlaps", 200, [lesion("2024-11")], None, OWN_DAY),
        ("the same in German", 200, [lesion("November 2024")], None, OWN_DAY),
        ("no day", 200, [lesion(None)], None, OWN_DAY),
        ("after the infusion", 200, [lesion("after infusion")], None, OWN_DAY),
        ("a month long before", 200, [lesion("2024-07")], None, None),
        ("failure and lesion of one month", "2024-12", [lesion("2024-12")], True, None),
        ("after the month of the failure", "2024-12", [lesion(230)], True, None),
        ("within 30 days of the last day of it", "2024-12", [lesion(185)], True, None),
        ("within 30 days of its first day only", "2024-12", [lesion(170)], None, OF_FAILURE),
        ("long before the failure of a month", "2024-12", [lesion(40)], None, None),
        ("some day after the infusion it failed", "after infusion", [lesion(40)], None, OF_FAILURE),
        ("looked at later, and gone", 200, [lesion("2024-11"), clear(200)], False, None),
        ("looked at, and perhaps there later", 200, [lesion("2025-01"), clear(220)], True, None),
        ("looked at, a lesion of no day", 200, [clear(200), lesion(None)], None, OWN_DAY),
        ("nothing seen, by month", 200, [clear("2024-12")], False, None),
        ("nothing seen in a month that overlaps", 200, [clear("2024-11")], None, OWN_DAY),
        ("nothing seen after the month it failed", "2024-12", [clear(230)], False, None),
        ("nothing seen early in the time", "2024-12", [clear(170)], None, OF_FAILURE),
    ],
)  # fmt: skip
def test_a_lesion(
    what: str, failed: Day, images: list[dict[str, Any]], value: object, why: str | None
) -> None:
    all_found = found(failed, *images)
    emd: Found = all_found["emd_at_failure"]
    assert emd.value is value, what
    assert (why in emd.text) if why else ("not known" not in emd.text), what
    others = {all_found[name].value for name in _FINDINGS}
    assert others == {value}, what
    pattern = all_found["relapse_pattern_extraosseous"]
    assert pattern.value is (False if value is False else None), what
    assert why is None or why in pattern.text, what


def test_a_lesion_that_may_be_of_the_failure_counts_as_perhaps_one_more() -> None:
    several = found(200, lesion(200), lesion(None, lesion="B"))
    assert shown(several["lesions_at_relapse"]) == "[1, 2]"
    assert shown(found(200, lesion(200), lesion("2024-11"))["lesions_at_relapse"]) == 1


def test_a_bone_lesion_of_an_open_day() -> None:
    bone = lesion("2024-11", kind="bone")
    assert found(200, bone)["bone_lesion_or_cord_at_relapse"].value is None
    assert found(200, clear(200), lesion(None, kind="bone"))[
        "bone_lesion_or_cord_at_relapse"
    ].value is None  # fmt: skip


@pytest.mark.parametrize(
    ("day", "value"), [(230, 300.0), (185, 300.0), (170, None), ("2024-11", None), (40, None)]
)
def test_a_result_of_serum_is_placed_by_the_last_day_of_the_failure(
    day: Day, value: object
) -> None:
    lab = {"day": day, "test": "soluble_bcma", "value": 300, "unit": "ng/mL"}
    told = found("2024-12", labs=(lab,))["soluble_bcma_at_relapse"]
    assert told.value == value
    assert ("unknown whether it is of this time" in told.text) is (day in (170, "2024-11"))


@pytest.mark.parametrize(("day", "value"), [(230, 4.0), (170, 4.0), ("2024-11", 4.0), (40, None)])
def test_cells_of_the_tumour_are_of_the_failure_unless_surely_before(
    day: Day, value: object
) -> None:
    lab = {
        "day": day,
        "test": "bcma_positive_plasma_cells",
        "value": 4,
        "unit": "%",
        "method": "flow_cytometry",
    }
    assert found("2024-12", labs=(lab,))["bcma_flow_percent"].value == value


def test_the_pattern_says_what_is_missing() -> None:
    text = found(200, lesion("2024-12"))["relapse_pattern_extraosseous"].text
    assert text.endswith("unknown whether it was new or grew at failure")
