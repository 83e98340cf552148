"""Day 0 against the date of the infusion: what can't both be right is told."""

from __future__ import annotations

from typing import Any

import pytest

from rearm import assess
from rearm.intake import read_tables
from rearm.record import When


@pytest.mark.parametrize(
    ("what", "day_zero", "infused", "lab_day", "told"),
    [
        ("day 0 is the infusion", "2024-02-12", ["2024-02-12"], 30, False),
        ("day 0 a year early", "2023-02-12", ["2024-02-12"], 30, True),
        (
            "all are dates: the axis is only moved",
            "2023-02-12",
            ["2024-02-12"],
            "2024-03-12",
            False,
        ),
        (
            "the second infusion has a later date",
            "2024-02-12",
            ["2024-02-12", "2024-12-01"],
            30,
            False,
        ),
        ("the infusion is a day number too", "2023-02-12", [0], 30, False),
    ],
)
def test_day_zero_and_infusion(
    what: str, day_zero: str, infused: list[Any], lab_day: object, told: bool
) -> None:
    tables = {
        "patients": [{"patient_id": "P", "sex": "F", "day_zero": day_zero}],
        "infusions": [
            {"patient_id": "P", "day": d, "product": "ide-cel", "infused": "yes"} for d in infused
        ],
        "labs": [
            {
                "patient_id": "P",
                "day": lab_day,
                "test": "serum_m_protein",
                "value": 1.0,
                "unit": "g/dL",
            }
        ],
    }
    issues = [i for i in read_tables(tables).all_issues() if i.code == "day_zero_off_infusion"]
    assert bool(issues) is told, what
    assert all(i.severity == "error" for i in issues)


@pytest.mark.parametrize("column", ["day_zero", "birth_date"])
@pytest.mark.parametrize("date", ["9999-12-31", "2501-01-01", "31.12.9999", "0001-01-01"])
def test_a_date_out_of_every_life_is_set_aside(column: str, date: str) -> None:
    """Days counted from it would leave the calendar."""
    person = {"patient_id": "P", "sex": "F", column: date}
    lab: dict[str, Any] = {"patient_id": "P", "day": 1, "test": "crp"}
    labs = [lab | {"value": 3, "unit": "mg/L"}]
    (record,) = read_tables({"patients": [person], "labs": labs}).records
    assert (record.day_zero, record.birth_date, len(record.labs)) == (None, None, 1)
    assert [(i.code, i.done) for i in record.issues] == [("date_impossible", "set_aside")]
    assert column in record.issues[0].message
    assert assess(record).to_dict()["patient_id"] == "P"


def test_no_day_zero_is_chosen_out_of_every_life() -> None:
    infusions = [{"patient_id": "P", "day": "9999-12-31", "product": "ide-cel", "infused": "yes"}]
    (record,) = read_tables({"infusions": infusions}).records
    assert record.day_zero is None and "date_impossible" in {i.code for i in record.issues}
    shifted = [{"patient_id": "P", "day": "2197-12-31", "product": "ide-cel", "infused": "yes"}]
    (record,) = read_tables({"infusions": shifted}).records
    assert str(record.day_zero) == "2197-12-31", "shifted for de-identification: used"


# the days of an assessment and of a result, as dates or counted: what they are on the stated axis
BESIDE = [("2024-01-05", "2023-05-10"), (301, 61), ("2024-01-05", 61)]


@pytest.mark.parametrize(("assessed", "sampled"), BESIDE)
def test_stated_day_zero_beside_an_infusion_of_a_month(assessed: object, sampled: object) -> None:
    """The infusion is an interval on the stated axis; nothing else is lost by that."""
    a = {"patient_id": "P"}
    lab = {"test": "serum_m_protein", "value": 1.0, "unit": "g/dL"}
    tables: dict[str, Any] = {
        "patients": [a | {"day_zero": "2023-03-10", "diagnosis_day": "2018-05"}],
        "infusions": [a | {"day": "2023-03", "product": "ide-cel", "best_response": "VGPR"}],
        "assessments": [a | {"day": assessed, "response": "PD", "by": "team"}],
        "labs": [a | {"day": sampled, **lab}],
        "therapies": [a | {"regimen": "VRd", "start_day": "2018-06", "end_day": "2018-12"}],
        "toxicities": [a | {"day": "after infusion", "toxicity": "crs", "grade": 2}],
    }
    (record,) = read_tables(tables).records
    assert [(x.when, x.infused) for x in record.infusions] == [(When(-9, 21), True)]
    assert str(record.day_zero) == "2023-03-10"
    assert [(x.response, x.when) for x in record.responses] == [
        ("PD", When.on(301)), ("VGPR", When(-8, None)),
    ]  # fmt: skip
    assert [x.when for x in record.labs] == [When.on(61)]
    assert [x.when for x in record.toxicities] == [When(-8, None)]
    assert len(record.therapies) == 1
    (told,) = [i for i in record.issues if i.severity == "error"]
    assert (told.code, told.done, told.column, told.value) == (
        "infusion_day_not_exact", "used", "day", "2023-03",
    )  # fmt: skip
    assert (
        "so the response, the failure and everything counted from the infusion cannot be judged"
        in told.message
    )
    (failure,) = assess(record).failures
    assert (failure.status, failure.infusion_day) == ("cannot_be_judged", None)


def test_a_product_of_a_month_that_was_not_infused() -> None:
    infusion = {"patient_id": "P", "day": "2023-03", "product": "ide-cel", "infused": "no"}
    person = {"patient_id": "P", "day_zero": "2023-03-10"}
    (record,) = read_tables({"patients": [person], "infusions": [infusion]}).records
    assert [(x.when, x.infused) for x in record.infusions] == [(When(), False)]
    assert [(i.code, i.value) for i in record.issues] == [("day_of_no_infusion", "2023-03")]
