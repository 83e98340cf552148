"""Traps of results in a CDM of OMOP: operators, units, codes, values that are concepts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.loops import some
from tests.support.small_cdm import SmallCdm, codes, the_issue

from rearm.record import Lab


@pytest.fixture
def cdm(tmp_path: Path) -> SmallCdm:
    return SmallCdm(tmp_path / "cdm")


def _labs(cdm: SmallCdm) -> tuple[Lab, ...]:
    return cdm.read().records[0].labs


def _set_aside(cdm: SmallCdm) -> tuple[Lab, ...]:
    (record,) = cdm.read().records
    assert record.labs == ()
    return record.set_aside


# operator, value_as_number, value_source_value: low, high, low open, high open (g/dL)
OPERATORS = [
    (4172703, 2, None, (2, 2, False, False)),
    (0, 2, None, (2, 2, False, False)),
    (None, 2, "2", (2, 2, False, False)),
    (4171756, 0.1, None, (0, 0.1, False, True)),
    (4171755, 4, None, (4, float("inf"), False, False)),
    (0, 0.1, "<0.1", (0, 0.1, False, True)),
    (None, 0.1, "< 0,1", (0, 0.1, False, True)),
    (0, 4, "≥ 4", (4, float("inf"), False, False)),
    (4171756, 0.1, "<0.1", (0, 0.1, False, True)),
]


@pytest.mark.parametrize(("operator", "number", "source", "expected"), OPERATORS)
def test_operators(
    operator: int | None, number: float, source: str | None, expected: tuple[Any, ...],
    cdm: SmallCdm,
) -> None:  # fmt: skip
    cdm.measured(operator_concept_id=operator, value_as_number=number, value_source_value=source)
    (lab,) = _labs(cdm)
    assert lab.quantity is not None
    q = lab.quantity
    assert (q.low, q.high, q.low_open, q.high_open) == expected


def test_an_operator_of_the_source_alone_is_told(cdm: SmallCdm) -> None:
    cdm.measured(operator_concept_id=0, value_as_number=0.1, value_source_value="<0.1")
    issue = the_issue(cdm.read(), "operator_from_source")
    assert (issue.severity, issue.done) == ("note", "used")
    assert issue.places[0].source.place == "measurement, measurement_id 1"
    assert issue.places[0].value == "<0.1"


def test_operators_that_contradict_each_other(cdm: SmallCdm) -> None:
    cdm.measured(operator_concept_id=4171755, value_as_number=0.1, value_source_value="<0.1")
    assert the_issue(cdm.read(), "operator_contradiction").severity == "error"
    (lab,) = _set_aside(cdm)
    assert lab.test == "serum_m_protein"


def test_an_operator_that_is_none_is_not_passed_over(cdm: SmallCdm) -> None:
    cdm.measured(operator_concept_id=532, value_as_number=0.1)
    assert "532 Stress" in the_issue(cdm.read(), "operator_unknown").message
    assert len(_set_aside(cdm)) == 1


def test_a_number_at_the_limit_without_operator_and_source_may_be_less(cdm: SmallCdm) -> None:
    for day, number in enumerate([0.2] * 6 + [1.5, 2.5, 3.5], 10):
        cdm.measured(value_as_number=number, measurement_date=f"2021-03-{day}")
    issue = the_issue(cdm.read(), "limit_may_be_lost")
    assert issue.message.startswith("serum M-protein: 6 rows")
    assert (issue.severity, issue.done, len(issue.places)) == ("warning", "used", 6)
    assert len(_labs(cdm)) == 9


def test_a_number_at_the_reference_limit_may_be_less(cdm: SmallCdm) -> None:
    cdm.measured(operator_concept_id=0, value_as_number=0.3, range_low=0.3)
    cdm.measured(operator_concept_id=0, value_as_number=1.3, range_low=0.3)
    assert the_issue(cdm.read(), "limit_may_be_lost").message.startswith("serum M-protein: 1 row")


@pytest.mark.parametrize(
    "cells", [{"value_source_value": "0.3"}, {"operator_concept_id": 4172703}, {"range_low": 0.2}]
)
def test_no_limit_is_lost_where_the_source_speaks(cells: dict[str, Any], cdm: SmallCdm) -> None:
    cdm.measured(**{"value_as_number": 0.3, "range_low": 0.3} | cells)
    assert "limit_may_be_lost" not in codes(cdm.read())


# ------------------------------------------------------------------ codes


def test_without_a_concept_the_source_value_is_read(cdm: SmallCdm) -> None:
    cdm.measured(measurement_concept_id=0, measurement_source_value="36916-5", unit_concept_id=512)
    cdm.measured(measurement_concept_id=0, measurement_source_value="M-Gradient")
    assert [lab.test for lab in _labs(cdm)] == ["kappa_flc", "serum_m_protein"]


def test_what_neither_concept_nor_source_names_is_counted(cdm: SmallCdm) -> None:
    for source in ("local 17", "local 17", "local 18"):
        cdm.measured(measurement_concept_id=0, measurement_source_value=source)
    issue = the_issue(cdm.read(), "concept_unmapped")
    assert issue.message.startswith("3 rows have no concept")
    assert "no concept, local 17: 2" in issue.message
    assert len(issue.places) == 2


def test_a_test_outside_the_dictionary_is_a_note_by_concept(cdm: SmallCdm) -> None:
    for _ in range(3):
        cdm.measured(measurement_concept_id=505)
    issue = the_issue(cdm.read(), "unknown_code")
    assert issue.severity == "note"
    assert "3 rows have concepts outside" in issue.message and "1 concept: 505" in issue.message
    assert "Systolic blood pressure" in issue.message


def test_a_published_code_with_a_wrong_check_digit_is_not_lambda(cdm: SmallCdm) -> None:
    cdm.measured(measurement_concept_id=0, measurement_source_value="33944-8", unit_concept_id=512)
    cdm.concepts[590] = ("LOINC", "33944-8", "Kappa light chains free in serum", "Lab Test")
    cdm.measured(measurement_concept_id=590, unit_concept_id=512)
    reading = cdm.read()
    issues = [i for i in reading.issues if i.code in ("loinc_check_digit", "unknown_code")]
    assert {i.severity for i in some(issues)} == {"error"}
    labs = reading.records[0].set_aside
    assert reading.records[0].labs == () and len(labs) == 2
    assert not any(lab.test in ("kappa_flc", "lambda_flc") for lab in labs)


def test_a_concept_whose_name_is_another_test_is_not_used(cdm: SmallCdm) -> None:
    cdm.concepts[503] = ("LOINC", "33944-0", "Kappa light chains.free [Mass/volume] in Serum", "")
    cdm.measured(measurement_concept_id=503, unit_concept_id=512)
    assert the_issue(cdm.read(), "code_contradiction").severity == "error"
    assert len(_set_aside(cdm)) == 1


def test_a_source_code_of_another_test_than_the_concept_is_not_used(cdm: SmallCdm) -> None:
    cdm.measured(measurement_concept_id=503, measurement_source_value="36916-5",
                 unit_concept_id=512)  # fmt: skip
    message = the_issue(cdm.read(), "code_contradiction").message
    assert "free kappa" in message and "free lambda" in message
    assert len(_set_aside(cdm)) == 1


def test_plasma_cells_under_the_code_of_something_else_are_no_plasma_cells(cdm: SmallCdm) -> None:
    cdm.concepts[591] = ("LOINC", "24541-5", "XR Ankle Views", "Clinical Observation")
    cdm.measured(measurement_concept_id=591, measurement_source_value="Plasma cells in marrow",
                 unit_concept_id=513)  # fmt: skip
    issue = the_issue(cdm.read(), "unknown_code")
    assert issue.severity == "error" and "Plasma cells" in issue.message
    assert [lab.test for lab in _set_aside(cdm)] == ["Plasma cells in marrow"]


@pytest.mark.parametrize(
    ("concept", "source", "code"),
    [
        (503, "33944-8", "loinc_check_digit"),  # lambda's code with another digit: kappa was meant
        (505, "33358-3", "code_contradiction"),  # a blood pressure
    ],
)
def test_a_source_code_that_the_concept_is_not(
    concept: int, source: str, code: str, cdm: SmallCdm
) -> None:
    cdm.measured(measurement_concept_id=concept, measurement_source_value=source,
                 unit_concept_id=512)  # fmt: skip
    assert the_issue(cdm.read(), code).severity == "error"
    assert len(_set_aside(cdm)) == 1


def test_flow_of_plasma_cells_is_not_their_share_on_a_smear(cdm: SmallCdm) -> None:
    cdm.concepts[37019751] = (
        "LOINC",
        "93021-4",
        "Abnormal plasma cells in Bone marrow by flow",
        "",
    )
    cdm.measured(measurement_concept_id=37019751, unit_concept_id=513)
    (lab,) = _labs(cdm)
    assert lab.test == "marrow_abnormal_plasma_cells_flow"


def test_a_concept_table_without_codes_is_told_and_source_values_are_read(cdm: SmallCdm) -> None:
    cdm.concepts[501] = ("LOINC", "", "Protein.monoclonal", "Lab Test")
    cdm.measured(measurement_source_value="33358-3")
    assert "1 concept" in the_issue(cdm.read(), "concept_without_code").message
    assert [lab.test for lab in _labs(cdm)] == ["serum_m_protein"]


def test_without_a_concept_table_the_known_ids_are_read(cdm: SmallCdm) -> None:
    cdm.with_vocabulary = False
    cdm.measured(measurement_concept_id=3046299, unit_concept_id=8713, operator_concept_id=4171756)
    cdm.measured(measurement_concept_id=501, unit_concept_id=8713)
    reading = cdm.read()
    assert the_issue(reading, "concept_table_missing").severity == "warning"
    (lab,) = reading.records[0].labs
    assert (lab.test, lab.unit) == ("serum_m_protein", "g/dL")
    assert lab.quantity is not None and lab.quantity.high_open
    assert "501 (not in CONCEPT): 1" in the_issue(reading, "concept_unmapped").message
    assert reading.records[0].sex == "M"


def test_the_concept_of_the_site_goes_before_a_known_id(cdm: SmallCdm) -> None:
    cdm.concepts[3046299] = CONCEPT_OF_KAPPA
    cdm.measured(measurement_concept_id=3046299, unit_concept_id=512)
    issue = the_issue(cdm.read(), "concept_differs")
    assert "33358-3" in issue.message and "What CONCEPT says is used" in issue.message
    assert [lab.test for lab in _labs(cdm)] == ["kappa_flc"]


CONCEPT_OF_KAPPA = ("LOINC", "36916-5", "Kappa light chains.free [Mass/volume] in Serum", "")


def test_where_a_row_comes_from_is_no_question(cdm: SmallCdm) -> None:
    cdm.measured(measurement_concept_id=571)
    cdm.add("observation", {"observation_concept_id": 32817, "value_as_string": "prior transplant"})
    issues = [i for i in cdm.read().issues if i.code == "type_concept_as_question"]
    assert {(i.severity, i.source.file) for i in some(issues)} == {
        ("error", "measurement.csv"),
        ("error", "observation.csv"),
    }


# ------------------------------------------------------------------ units


def test_a_whole_column_without_unit_is_one_issue(cdm: SmallCdm) -> None:
    for day in range(10, 16):
        cdm.measured(
            measurement_concept_id=502, unit_concept_id=0, measurement_date=f"2021-03-{day}"
        )
    reading = cdm.read()
    issue = the_issue(reading, "unit_missing")
    assert issue.message.startswith("All 6 rows of free kappa light chains in serum have no unit.")
    assert len(issue.places) == 6
    assert len(_set_aside(cdm)) == 6  # never projected onto a unit


def test_some_rows_without_unit(cdm: SmallCdm) -> None:
    cdm.measured(unit_concept_id=None)
    cdm.measured(measurement_date="2021-04-17")
    assert the_issue(cdm.read(), "unit_missing").message.startswith("1 row of 2 of serum M-protein")


def test_the_unit_of_the_source_where_the_concept_is_none(cdm: SmallCdm) -> None:
    cdm.measured(unit_concept_id=0, unit_source_value="g/l", value_as_number=20)
    cdm.measured(unit_concept_id=999999, unit_source_value="g/L", value_as_number=21)
    assert [lab.as_given for lab in _labs(cdm)] == ["20 g/l", "21 g/L"]


def test_a_unit_of_another_quantity_is_not_used(cdm: SmallCdm) -> None:
    cdm.measured(measurement_concept_id=504, unit_concept_id=513, value_as_number=31)
    issue = the_issue(cdm.read(), "unit_not_allowed")
    assert "'%'" in issue.message
    assert len(_set_aside(cdm)) == 1


def test_a_converted_number_has_the_unit_of_its_concept(cdm: SmallCdm) -> None:
    cdm.measured(value_as_number=2.0, value_source_value="20", unit_source_value="g/L")
    (lab,) = _labs(cdm)
    assert lab.quantity is not None and lab.quantity.low == 2.0


def test_one_number_in_two_units_is_not_used(cdm: SmallCdm) -> None:
    cdm.measured(value_as_number=20, value_source_value="20", unit_source_value="g/L")
    assert the_issue(cdm.read(), "unit_contradiction").severity == "error"
    assert len(_set_aside(cdm)) == 1


# ------------------------------------------------------------------ values


def _immunofixation(cdm: SmallCdm, **cells: Any) -> SmallCdm:
    cells = {"value_as_number": None, "unit_concept_id": 0, "measurement_concept_id": 0,
             "measurement_source_value": "serum_immunofixation"} | cells  # fmt: skip
    return cdm.measured(**cells)


def test_a_result_that_is_a_concept(cdm: SmallCdm) -> None:
    _immunofixation(cdm, value_as_concept_id=521)
    assert [lab.word for lab in _labs(cdm)] == ["positive"]


def test_a_result_that_is_a_known_concept_without_the_table(cdm: SmallCdm) -> None:
    cdm.with_vocabulary = False
    _immunofixation(cdm, value_as_concept_id=9189)
    assert [lab.word for lab in _labs(cdm)] == ["negative"]


def test_a_result_that_is_text(cdm: SmallCdm) -> None:
    _immunofixation(cdm, value_source_value="negativ")
    assert [lab.word for lab in _labs(cdm)] == ["negative"]


def test_a_result_that_is_another_concept_is_counted(cdm: SmallCdm) -> None:
    _immunofixation(cdm, value_as_concept_id=532)
    assert "532 Stress" in the_issue(cdm.read(), "unknown_value_code").message
    assert _labs(cdm) == ()


def test_a_result_without_a_value_is_counted_once(cdm: SmallCdm) -> None:
    for _ in range(4):
        cdm.measured(value_as_number=None)
    assert the_issue(cdm.read(), "value_blank").message.startswith("4 rows of tests have no value")


def test_one_row_is_told_as_one(cdm: SmallCdm) -> None:
    cdm.measured(value_as_number=None)
    cdm.measured(measurement_concept_id=505)
    told = {issue.code: issue.message for issue in cdm.read().issues}
    assert told["value_blank"].startswith("1 row of tests has no value")
    assert told["value_blank"].endswith("It is not read.")
    assert told["unknown_code"].startswith("1 row has concepts outside the dictionary")


def test_a_number_that_is_none_is_read_with_its_doubts(cdm: SmallCdm) -> None:
    cdm.measured(value_as_number="1,5")
    assert the_issue(cdm.read(), "number_unreadable").places[0].value == "1,5"
    (lab,) = _labs(cdm)
    assert lab.quantity is not None and lab.quantity.low == 1.5
    cdm.tables["measurement"] = []
    cdm.measured(value_as_number="1,234")
    (lab,) = _set_aside(cdm)


def test_a_month_is_an_interval(cdm: SmallCdm) -> None:
    cdm.measured(measurement_date="2021-03")
    cdm.measured(measurement_date="2021-05-20")
    month = _labs(cdm)[0].when
    assert month.first is not None and month.last is not None
    assert month.last - month.first == 30


def test_dates_that_were_months_are_doubted(cdm: SmallCdm) -> None:
    for n in range(40):
        cdm.measured(measurement_date=f"20{10 + n // 12}-{1 + n % 12:02d}-{2 + n % 25:02d}")
    assert "first_of_month" not in codes(cdm.read())
    for n in range(30):
        cdm.measured(measurement_date=f"20{10 + n // 12}-{1 + n % 12:02d}-01")
    issue = the_issue(cdm.read(), "first_of_month")
    assert issue.severity == "warning"
    assert issue.message.startswith("30 rows of 70 are dated on the first of a month")


def test_a_stated_measurable_disease_is_no_fact_of_ours(cdm: SmallCdm) -> None:
    cdm.add("observation", {"observation_concept_id": 0, "observation_date": "2021-03-17",
                            "observation_source_value": "measurable disease",
                            "value_as_string": "yes"})  # fmt: skip
    reading = cdm.read()
    assert "measurable disease: 1" in the_issue(reading, "concept_unmapped").message
    assert reading.records[0].facts == ()
