"""Traps of a CDM of OMOP: persons, periods, conditions, drugs, lines, procedures, statements."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.loops import some
from tests.support.small_cdm import SmallCdm, codes, the_issue

from rearm.record import Record


@pytest.fixture
def cdm(tmp_path: Path) -> SmallCdm:
    return SmallCdm(tmp_path / "cdm")


def _record(cdm: SmallCdm) -> Record:
    (record,) = cdm.read().records
    return record


def _exposed(cdm: SmallCdm, concept: int, start: str, end: str = "", **cells: object) -> SmallCdm:
    return cdm.add("drug_exposure", {
        "drug_concept_id": concept, "drug_exposure_start_date": start,
        "drug_exposure_end_date": end or start, "drug_type_concept_id": 32818,
    } | cells)  # fmt: skip


# ------------------------------------------------------------------ persons


@pytest.mark.parametrize(
    ("cells", "date", "year"),
    [
        ({"year_of_birth": 1960, "month_of_birth": 2, "day_of_birth": 3}, "1960-02-03", None),
        ({"year_of_birth": 1960, "month_of_birth": 2}, "None", 1960),
        ({"year_of_birth": 1960}, "None", 1960),
        ({"year_of_birth": 1960, "month_of_birth": 13, "day_of_birth": 3}, "None", 1960),
        ({"year_of_birth": None, "birth_datetime": "1960-02-03 00:00:00"}, "1960-02-03", None),
        ({"year_of_birth": None}, "None", None),
    ],
)
def test_births(cells: dict[str, object], date: str, year: int | None, cdm: SmallCdm) -> None:
    cdm.tables["person"] = [{"person_id": 1, "gender_concept_id": 8507} | cells]
    record = _record(cdm.measured())
    assert (str(record.birth_date), record.birth_year) == (date, year)


def test_a_gender_that_is_neither_is_unknown(cdm: SmallCdm) -> None:
    cdm.tables["person"] = [{"person_id": 1, "gender_concept_id": 8521}]
    reading = cdm.measured().read()
    assert reading.records[0].sex is None
    assert the_issue(reading, "sex_not_used").done == "used"


def test_rows_without_a_person_are_counted(cdm: SmallCdm) -> None:
    cdm.measured(person_id=None)
    cdm.measured(person_id=None)
    assert the_issue(cdm.read(), "patient_id_missing").message.startswith(
        "2 rows have no person_id"
    )


def test_an_observation_that_ends_after_death_is_no_last_contact(cdm: SmallCdm) -> None:
    period = {"observation_period_start_date": "2020-01-01",
              "observation_period_end_date": "2022-12-31"}  # fmt: skip
    cdm.add("observation_period", period)
    cdm.add("death", {"death_date": "2022-06-01"})
    cdm.measured(measurement_date="2022-01-01")
    reading = cdm.read()
    assert the_issue(reading, "observed_after_death").severity == "warning"
    assert reading.records[0].last_seen_day is None
    cdm.tables["death"] = [{"person_id": 1, "death_date": "2023-06-01"}]
    record = _record(cdm)
    assert record.last_seen_day == 364  # a death is no contact


def test_an_observation_that_ends_before_it_starts(cdm: SmallCdm) -> None:
    cdm.add("observation_period", {"observation_period_start_date": "2022-01-02",
                                   "observation_period_end_date": "2022-01-01"})  # fmt: skip
    reading = cdm.measured().read()
    assert the_issue(reading, "end_before_start").source.file == "observation_period.csv"
    assert reading.records[0].last_seen_day is None


@pytest.mark.parametrize(
    ("cells", "cause"),
    [
        ({"cause_concept_id": 531}, "myeloma"),
        ({"cause_concept_id": 0, "cause_source_value": "Sepsis"}, "infection"),
        ({"cause_concept_id": 532}, None),
        ({}, None),
    ],
)
def test_causes_of_death(cells: dict[str, object], cause: str | None, cdm: SmallCdm) -> None:
    cdm.add("death", {"death_date": "2022-06-01"} | cells)
    reading = cdm.measured().read()
    (death,) = reading.records[0].deaths
    assert death.causes == ("unknown" if cause is None else cause,)
    assert ("cause_unread" in codes(reading)) == (cells.get("cause_concept_id") == 532)


# ------------------------------------------------------------------ conditions


def _diagnosed(cdm: SmallCdm, concept: int, start: str, end: str | None = None) -> SmallCdm:
    return cdm.add("condition_occurrence", {"condition_concept_id": concept,
        "condition_start_date": start, "condition_end_date": end})  # fmt: skip


def test_the_first_statement_of_myeloma_is_the_diagnosis(cdm: SmallCdm) -> None:
    cdm.measured(measurement_date="2021-03-17")
    for day in ("2021-03-10", "2021-03-07", "2021-04-01"):
        _diagnosed(cdm, 531, day)
    record = _record(cdm)
    assert record.labs[0].when.day is not None and record.diagnosis_day is not None
    assert record.labs[0].when.day - record.diagnosis_day == 10
    assert record.conditions == ()


def test_a_diagnosis_that_is_not_confirmed(cdm: SmallCdm) -> None:
    cdm.concepts[596] = ("Condition Status", "OMOP1", "Preliminary diagnosis", "")
    for concept in (531, 533):
        cdm.add("condition_occurrence", {"condition_concept_id": concept,
            "condition_start_date": "2021-03-07", "condition_status_concept_id": 596})  # fmt: skip
    reading = cdm.measured().read()
    assert the_issue(reading, "unconfirmed_condition").message.startswith("2 rows")
    assert reading.records[0].diagnosis_day is None
    (condition,) = reading.records[0].conditions
    assert (condition.condition, condition.status) == ("active_infection", "unclear")


def test_what_stands_below_myeloma_is_myeloma(cdm: SmallCdm) -> None:
    _diagnosed(cdm.measured(), 534, "2021-03-07")
    assert _record(cdm).diagnosis_day is None
    cdm.tables["concept_ancestor"] = [
        {"ancestor_concept_id": 531, "descendant_concept_id": 534},
    ]
    assert _record(cdm).diagnosis_day is not None


def test_conditions_that_no_rule_uses_are_counted_by_concept(cdm: SmallCdm) -> None:
    for _ in range(5):
        _diagnosed(cdm, 532, "2021-03-07")
    reading = cdm.measured().read()
    assert "532 Stress (snomed 73595000): 5" in the_issue(reading, "unknown_code").message
    assert reading.records[0].conditions == ()


def test_an_end_before_the_start_is_not_used(cdm: SmallCdm) -> None:
    _diagnosed(cdm.measured(), 533, "2021-03-20", "2021-03-19")
    reading = cdm.read()
    issue = the_issue(reading, "end_before_start")
    assert issue.places[0].source.place == "condition_occurrence, condition_occurrence_id 1"
    (condition,) = reading.records[0].conditions
    assert (condition.condition, condition.end.day) == ("active_infection", None)


# ------------------------------------------------------------------ drugs


def test_the_ingredient_by_ancestor(cdm: SmallCdm) -> None:
    _exposed(cdm, 547, "2021-03-01")
    assert _record(cdm.measured()).therapies == ()
    cdm.tables["concept_ancestor"] = [{"ancestor_concept_id": 546, "descendant_concept_id": 547}]
    (therapy,) = _record(cdm).therapies
    assert therapy.agents == ("lenalidomide",)


@pytest.mark.parametrize(
    ("concept", "source"), [(541, ""), (542, ""), (0, "358258"), (0, "Velcade"), (1336825, "")]
)
def test_the_ingredient_without_ancestor(concept: int, source: str, cdm: SmallCdm) -> None:
    _exposed(cdm.measured(), concept, "2021-03-01", drug_source_value=source)
    (therapy,) = _record(cdm).therapies
    assert therapy.agents == ("bortezomib",)


def test_a_code_and_a_name_that_are_two_agents(cdm: SmallCdm) -> None:
    cdm.concepts[541] = ("RxNorm", "358258", "lenalidomide", "Ingredient")
    _exposed(cdm.measured(), 541, "2021-03-01")
    reading = cdm.read()
    assert the_issue(reading, "code_contradiction").severity == "error"
    assert reading.records[0].therapies == ()


def test_other_drugs_are_counted_by_concept(cdm: SmallCdm) -> None:
    _exposed(cdm.measured(), 543, "2021-03-01")
    _exposed(cdm, 0, "2021-03-01", drug_source_value="NDC 17")
    reading = cdm.read()
    assert "hydrochlorothiazide 25 MG" in the_issue(reading, "unknown_code").message
    assert "no concept, NDC 17: 1" in the_issue(reading, "concept_unmapped").message
    assert reading.records[0].therapies == ()


def test_a_prescription_is_no_exposure(cdm: SmallCdm) -> None:
    _exposed(cdm.measured(), 541, "2021-03-01", drug_type_concept_id=32838)
    reading = cdm.read()
    assert the_issue(reading, "only_ordered").message.startswith("1 row of anti-myeloma drugs")
    assert reading.records[0].therapies == ()


def test_doses_are_one_period_until_a_gap(cdm: SmallCdm) -> None:
    for day in ("2021-01-04", "2021-01-11", "2021-03-01", "2021-09-01"):
        _exposed(cdm, 541, day)
    record = _record(cdm.measured(measurement_date="2021-01-04"))
    starts = [(t.start.day, t.end.day) for t in record.therapies]
    assert [b - a for a, b in starts if a is not None and b is not None] == [56, 0]
    assert "doses_joined" in codes(cdm.read())


# ------------------------------------------------------------------ lines


def _episode(cdm: SmallCdm, **cells: object) -> SmallCdm:
    return cdm.add("episode", {
        "episode_concept_id": 32531, "episode_start_date": "2021-01-01",
        "episode_end_date": "2021-06-30", "episode_number": 2, "episode_object_concept_id": 561,
        "episode_type_concept_id": 32817,
    } | cells)  # fmt: skip


def _linked(cdm: SmallCdm, episode: int, event: int, field: int = 1147094) -> SmallCdm:
    cdm.tables.setdefault("episode_event", []).append({
        "episode_id": episode, "event_id": event, "episode_event_field_concept_id": field,
    })  # fmt: skip
    return cdm


def test_a_charted_episode_is_a_stated_line_with_its_exposures(cdm: SmallCdm) -> None:
    _exposed(cdm, 541, "2021-01-01")
    _exposed(cdm, 546, "2021-01-08", "2021-02-01")
    _linked(_linked(_episode(cdm.measured()), 1, 1), 1, 2)
    (therapy,) = _record(cdm).therapies
    assert (therapy.line, therapy.regimen) == (2, "VRd")
    assert therapy.agents == ("bortezomib", "lenalidomide")
    assert therapy.source.place == "episode, episode_id 1"


def test_exposures_within_an_episode_that_refers_to_none_are_its_own(cdm: SmallCdm) -> None:
    _exposed(cdm, 541, "2021-02-01")
    _exposed(cdm, 546, "2021-08-01")
    first, second = _record(_episode(cdm.measured())).therapies
    assert {(t.line, t.agents) for t in (first, second)} == {
        (2, ("bortezomib",)),
        (None, ("lenalidomide",)),
    }


def test_the_line_is_the_number_of_the_treatment_above(cdm: SmallCdm) -> None:
    _episode(cdm, episode_concept_id=32941, episode_number=3, episode_object_concept_id=531)
    _episode(cdm.measured(), episode_number=1, episode_parent_id=1)
    (therapy,) = _record(cdm).therapies
    assert (therapy.line, therapy.regimen) == (3, "VRd")


def test_a_derived_line_is_computed_and_not_charted(cdm: SmallCdm) -> None:
    _exposed(cdm, 541, "2021-01-01")
    _linked(_episode(cdm.measured(), episode_type_concept_id=32880), 1, 1)
    reading = cdm.read()
    assert "computed, not charted" in the_issue(reading, "line_computed").message
    (therapy,) = reading.records[0].therapies
    assert (therapy.line, therapy.regimen, therapy.agents) == (None, None, ("bortezomib",))
    assert therapy.source.place == "drug_exposure, drug_exposure_id 1"


def test_a_derived_line_of_which_nothing_is_charted_keeps_its_treatment(cdm: SmallCdm) -> None:
    _episode(cdm.measured(), episode_type_concept_id=32880)
    (therapy,) = _record(cdm).therapies
    assert (therapy.line, therapy.regimen) == (None, "VRd")


def test_an_episode_holds_what_was_prescribed_for_it(cdm: SmallCdm) -> None:
    _exposed(cdm, 546, "2021-01-08", drug_type_concept_id=32838)
    _linked(_episode(cdm.measured()), 1, 1)
    (therapy,) = _record(cdm).therapies
    assert therapy.agents == ("lenalidomide",)


def test_events_of_other_tables_and_other_episodes_are_counted(cdm: SmallCdm) -> None:
    cdm.concepts[1147127] = ("CDM", "x", "condition_occurrence.condition_occurrence_id", "Field")
    _linked(_episode(cdm.measured()), 1, 1, 1147127)
    _episode(cdm, episode_concept_id=532)
    reading = cdm.read()
    assert "condition_occurrence_id" in the_issue(reading, "event_not_read").message
    assert "532 Stress" in the_issue(reading, "unknown_code").message


# ------------------------------------------------------------------ infusions and procedures


def _done(cdm: SmallCdm, concept: int, date: str = "2021-03-01", source: str = "") -> SmallCdm:
    return cdm.add("procedure_occurrence", {"procedure_concept_id": concept,
        "procedure_date": date, "procedure_source_value": source})  # fmt: skip


def test_one_infusion_as_drug_and_procedure(cdm: SmallCdm) -> None:
    _done(_exposed(cdm.measured(), 544, "2021-03-01"), 551)
    reading = cdm.read()
    (infusion,) = reading.records[0].infusions
    assert infusion.product == "cilta-cel" and infusion.infused
    assert the_issue(reading, "infusion_twice").done == "used"


def test_two_products_on_one_day_are_no_product(cdm: SmallCdm) -> None:
    _done(_exposed(cdm.measured(), 544, "2021-03-01"), 0, source="XW033K7")
    reading = cdm.read()
    assert the_issue(reading, "twin_contradiction").severity == "error"
    (infusion,) = reading.records[0].infusions
    assert infusion.product is None


@pytest.mark.parametrize(
    ("concept", "source", "product"),
    [(551, "", None), (0, "XW033C7", None), (0, "XW033K7", "ide-cel"), (43018384, "", None)],
)
def test_procedures_that_are_infusions(
    concept: int, source: str, product: str | None, cdm: SmallCdm
) -> None:
    (infusion,) = _record(_done(cdm.measured(), concept, source=source)).infusions
    assert (infusion.product, infusion.infused) == (product, True)


def test_a_procedure_that_speaks_of_car_t_cells_is_no_infusion(cdm: SmallCdm) -> None:
    reading = _done(cdm.measured(), 552).read()
    assert the_issue(reading, "possible_infusion").severity == "warning"
    assert reading.records[0].infusions == ()


def test_transplants(cdm: SmallCdm) -> None:
    cdm.concepts[592] = ("CPT4", "38241", "Autologous stem cell transplantation", "CPT4")
    _done(_done(cdm.measured(), 592), 0, "2021-09-01", source="30243Y2")
    first, second = _record(cdm).therapies
    assert {t.purpose for t in (first, second)} == {"transplant"}
    assert {t.regimen for t in (first, second)} == {"ASCT", "allogeneic transplant"}


# ------------------------------------------------------------------ statements


@pytest.mark.parametrize(
    "cells",
    [
        {"value_as_string": "VGPR"},
        {"value_as_concept_id": 593},
        {"value_source_value": "very good partial response"},
    ],
)
def test_stated_responses(cells: dict[str, object], cdm: SmallCdm) -> None:
    cdm.concepts[593] = ("Cancer Modifier", "x", "Very good partial response", "")
    cdm.add("observation", {"observation_concept_id": 36305408,
                            "observation_date": "2021-03-20"} | cells)  # fmt: skip
    (response,) = _record(cdm.measured()).responses
    assert (response.response, response.by) == ("VGPR", "team")


def test_a_response_that_is_no_word_is_told(cdm: SmallCdm) -> None:
    cdm.add("observation", {"observation_concept_id": 36305408, "value_as_string": "improved"})
    reading = cdm.measured().read()
    assert the_issue(reading, "response_unread").places[0].value == "improved"
    assert reading.records[0].responses == ()


def test_ecog_of_an_observation(cdm: SmallCdm) -> None:
    cdm.concepts[594] = ("LOINC", "89247-1", "ECOG Performance Status score", "")
    cdm.add("observation", {"observation_concept_id": 594, "observation_date": "2021-03-20",
                            "value_as_number": 1})  # fmt: skip
    labs = _record(cdm.measured()).labs
    assert {lab.test for lab in labs} == {"serum_m_protein", "ecog"}


@pytest.mark.parametrize(("answer", "result"), [(521, "present"), (0, None)])
def test_variants_need_a_result(answer: int, result: str | None, cdm: SmallCdm) -> None:
    cdm.concepts[595] = ("LOINC", "69548-6", "Genetic variant assessment", "")
    cdm.measured(measurement_concept_id=595, measurement_source_value="TNFRSF17 p.Arg27Pro",
                 value_as_concept_id=answer, value_as_number=None)  # fmt: skip
    reading = cdm.read()
    found = reading.records[0].variants
    assert [(v.gene, v.change, v.kind, v.result) for v in found] == (
        [] if result is None else [("TNFRSF17", "p.Arg27Pro", "snv", result)]
    )
    assert ("variant_undecided" in codes(reading)) == (result is None)


# ------------------------------------------------------------------ what is not used


def test_tables_and_columns_that_are_not_read_are_counted(cdm: SmallCdm) -> None:
    cdm.measured(provider_id=17, visit_occurrence_id=0)
    folder = cdm.write()
    (folder / "VISIT_OCCURRENCE.csv").write_text(
        "visit_occurrence_id,person_id\n1,1\n2,1\n", "utf-8"
    )
    (folder / "note.csv").write_text("note_id,person_id,note_text\n", "utf-8")
    reading = cdm.read()
    assert "visit_occurrence (2)." in the_issue(reading, "tables_not_read").message
    (columns,) = (i for i in reading.issues if i.code == "columns_not_read")
    assert columns.message.endswith("provider_id (1).")


def test_ten_thousand_unread_rows_are_not_ten_thousand_issues(cdm: SmallCdm) -> None:
    for n in range(2000):
        cdm.measured(measurement_concept_id=505, measurement_date="2021-03-17")
        _exposed(cdm, 543, "2021-03-01")
        cdm.measured(measurement_concept_id=0, measurement_source_value=f"local {n}")
    issues = cdm.read().all_issues()
    assert len(issues) < 20
    assert max(len(issue.places) for issue in some(issues)) <= 100
