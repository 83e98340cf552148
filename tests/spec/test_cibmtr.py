"""What is answered in the fields of the CIBMTR forms, and what stays open: worked cases that a data
manager can check. An infusion on day 0; M-protein in g/dL by day.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.support.course_builder import (
    condition,
    death,
    infusion,
    lab,
    lesion,
    record,
    serum,
    src,
    team,
    therapy,
)
from tests.support.loops import some

from rearm.export.cibmtr import cibmtr_rows, load_form
from rearm.export.cibmtr.write import ANSWERED_BY
from rearm.knowledge import load
from rearm.record import Record, Toxicity, When

KNOWLEDGE = load()
FORM = load_form(KNOWLEDGE)
FALL = {-5: 4.0, 28: 1.0, 56: 0.9, 84: 0.3, 112: 0.3, 170: 0.35}
RISE = {**FALL, 240: 2.0, 260: 2.6}


def rows(patient: Record, **rest: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """Rows by period and field; of a second infusion with its number in front of the period."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in cibmtr_rows(patient, FORM, KNOWLEDGE, **rest):
        name = row["period"] if row["infusion"] == 1 else f"{row['infusion']}: {row['period']}"
        found.setdefault(name, {})[row["field"]] = row
    return found


def answers(patient: Record, period: str, *fields: str) -> list[str]:
    of_period = rows(patient)[period]
    return [of_period[field]["answer"] for field in fields]


# ---------------------------------------------------------------- periods


def test_periods_follow_each_other_until_the_last_day_with_data() -> None:
    found = rows(record(labs=serum(RISE), last_seen_day=400))
    assert list(found) == ["100 days", "6 months", "1 year", "2 years"]
    over = [row["contact_date"]["period_over"] for row in found.values()]
    assert over == ["yes", "yes", "yes", "no"]


def test_a_further_cell_therapy_begins_the_periods_anew() -> None:
    patient = record(
        labs=serum({**RISE, 290: 3.0, 330: 0.4}),
        infusions=[infusion(0), infusion(300, "cilta-cel")],
        last_seen_day=420,
    )
    found = rows(patient)
    assert list(found) == ["100 days", "6 months", "1 year", "2: 100 days", "2: 6 months"]
    assert found["1 year"]["subsequent_cell_therapy"]["answer"] == "yes"
    assert found["1 year"]["subsequent_cell_therapy_date"]["answer"] == "day 300"
    assert found["100 days"]["subsequent_cell_therapy"]["answer"] == ""
    products = {row["product"] for row in found["2: 100 days"].values()}
    assert products == {"cilta-cel"}


def test_a_further_dose_within_the_plan_is_no_further_therapy() -> None:
    patient = record(labs=serum(FALL), infusions=[infusion(0), infusion(7)], last_seen_day=180)
    assert list(rows(patient)) == ["100 days", "6 months"]


def test_nothing_is_asked_after_death() -> None:
    patient = record(labs=serum(FALL), deaths=[death(150, "infection")])
    found = rows(patient)
    assert list(found) == ["100 days", "6 months"]
    assert found["6 months"]["contact_date"]["period_over"] == "yes"


def test_an_infusion_without_a_day_has_no_period() -> None:
    assert rows(record(labs=serum(FALL), infusions=[infusion(None)])) == {}


def test_every_field_is_there_in_every_period_with_the_revision() -> None:
    for fields in some(rows(record(labs=serum(RISE)), revision="8").values()):
        assert list(fields) == [field.id for field in FORM.fields]
        assert {row["revision"] for row in fields.values()} == {"8"}


# ---------------------------------------------------------------- nothing by default


def test_a_record_with_an_infusion_and_nothing_else_answers_nothing() -> None:
    """Silence is neither no nor alive nor not tested."""
    (fields,) = rows(record(last_seen_day=0)).values()
    assert [name for name, row in fields.items() if row["answer"]] == []
    assert all(row["why_open"] for row in fields.values())


def test_each_row_has_an_answer_or_a_reason_and_never_both() -> None:
    patient = record(labs=serum(RISE), deaths=[death(500, "myeloma")])
    listed = {field.id: field.answers for field in FORM.fields}
    for fields in some(rows(patient).values()):
        for name, row in some(fields.items()):
            assert bool(row["answer"]) != bool(row["why_open"]), (name, row)
            if row["answer"] and listed[name]:
                assert row["answer"] in (*listed[name], "not applicable")


def test_an_answer_names_the_rows_that_it_comes_from() -> None:
    fields = rows(record(labs=serum(RISE)))["1 year"]
    relapse = fields["relapse_or_progression"]
    assert relapse["answer"] == "yes" and "serum_m_protein 240" in relapse["from"]


# ---------------------------------------------------------------- survival


@pytest.mark.parametrize(
    ("parts", "period", "expected"),
    [
        # a visit in the period shows that he lives
        ({"labs": serum(FALL)}, "6 months", ["alive", "day 170", "not applicable"]),
        # seen later, not in the period
        ({"labs": serum({-5: 4.0, 28: 1.0}), "last_seen_day": 300}, "6 months", ["", "", ""]),
        (
            {"labs": serum(FALL), "deaths": [death(150, "infection")]},
            "6 months",
            ["dead", "day 150", "infection"],
        ),
        # a cause is never inferred
        (
            {"labs": serum(FALL), "deaths": [death(150, "unknown")]},
            "6 months",
            ["dead", "day 150", ""],
        ),
    ],
)
def test_survival(parts: dict[str, Any], period: str, expected: list[str]) -> None:
    fields = ("survival_status", "contact_date", "cause_of_death")
    assert answers(record(**parts), period, *fields) == expected


def test_a_death_that_may_be_of_two_periods_is_told_in_neither() -> None:
    vague = replace(death(0, "myeloma"), when=When(90, 119))
    found = rows(record(labs=serum({-5: 4.0, 28: 1.0, 119: 0.5}), deaths=[vague]))
    for period in ("100 days", "6 months"):
        row = found[period]["survival_status"]
        assert row["answer"] == "" and "whether it was in this period" in row["why_open"]


def test_a_death_known_by_its_month_has_no_date() -> None:
    vague = replace(death(0, "myeloma"), when=When(60, 89))
    fields = rows(record(labs=serum({-5: 4.0, 28: 1.0, 90: 1.0}), deaths=[vague]))["100 days"]
    assert fields["survival_status"]["answer"] == "dead"
    assert fields["contact_date"]["answer"] == ""


# ---------------------------------------------------------------- response


def test_the_best_response_is_dated_once_then_previously_reported() -> None:
    found = rows(record(labs=serum(FALL), last_seen_day=400))
    assert [f["best_response"]["answer"] for f in found.values()] == ["PR", "VGPR", "VGPR", "VGPR"]
    when = [f["best_response_when"]["answer"] for f in found.values()]
    assert when == ["day 28", "day 84", "previously reported", "previously reported"]


def test_their_baseline_is_right_before_lymphodepletion_and_ours_before_bridging() -> None:
    """6.0 before bridging, 3.0 after it, 1.2 since: a fall of 80 % or of 60 %."""
    labs = serum({-40: 6.0, -7: 3.0, 28: 1.2, 56: 1.2})
    therapies = [therapy(-35, "bridging"), therapy(-5, "lymphodepletion")]
    fields = rows(record(labs=labs, therapies=therapies))["100 days"]
    assert fields["best_response"]["answer"] == "PR"
    labs = serum({-40: 6.0, -7: 2.0, 28: 1.2, 56: 1.2})
    fields = rows(record(labs=labs, therapies=therapies))["100 days"]
    assert fields["best_response"]["answer"] == "MR", (
        "not PR, which the value of day -40 would give"
    )


def test_without_a_value_after_bridging_no_response_is_given() -> None:
    labs = serum({-40: 6.0, 28: 1.2, 56: 1.2})
    therapies = [therapy(-35, "bridging"), therapy(-5, "lymphodepletion")]
    row = rows(record(labs=labs, therapies=therapies))["100 days"]["best_response"]
    assert row["answer"] == "" and "right before the lymphodepletion" in row["why_open"]


def test_results_at_the_best_response_are_those_of_its_visit() -> None:
    labs = [*serum(FALL), lab("kappa_flc", 84, 12.0), lab("kappa_flc", 170, 99.0)]
    fields = rows(record(labs=labs))["6 months"]
    assert fields["best_response_serum_m_protein"]["answer"] == "0.3 g/dL"
    assert fields["best_response_kappa_flc"]["answer"] == "12 mg/L"
    assert fields["best_response_lambda_flc"]["answer"] == ""


def test_a_therapy_for_relapse_ends_what_counts() -> None:
    labs = serum({-5: 4.0, 28: 3.8, 56: 3.9, 120: 0.3, 150: 0.3})
    therapies = [therapy(60, "salvage", agents=("talquetamab",))]
    found = rows(record(labs=labs, therapies=therapies))
    assert found["6 months"]["best_response"]["answer"] == "SD"


def test_maintenance_counts() -> None:
    labs = serum({-5: 4.0, 28: 3.8, 56: 3.9, 120: 0.3, 150: 0.3})
    therapies = [therapy(60, "maintenance", agents=("lenalidomide",))]
    found = rows(record(labs=labs, therapies=therapies))
    assert found["6 months"]["best_response"]["answer"] == "VGPR"


# ---------------------------------------------------------------- relapse


def test_progression_is_told_in_its_period_only() -> None:
    found = rows(record(labs=serum(RISE), last_seen_day=500))
    told = {period: f["relapse_or_progression"]["answer"] for period, f in found.items()}
    assert told == {"100 days": "no", "6 months": "no", "1 year": "yes", "2 years": ""}
    assert found["1 year"]["relapse_or_progression_date"]["answer"] == "day 240"
    assert found["6 months"]["relapse_or_progression_date"]["answer"] == "not applicable"
    assert "earlier period" in found["2 years"]["relapse_or_progression"]["why_open"]


def test_no_progression_needs_a_visit_that_shows_it() -> None:
    found = rows(record(labs=serum({-5: 4.0, 28: 1.0, 56: 0.9}), last_seen_day=180))
    assert found["100 days"]["relapse_or_progression"]["answer"] == "no"
    assert found["100 days"]["relapse_or_progression"]["day"] == 56
    assert found["6 months"]["relapse_or_progression"]["answer"] == ""


def test_a_progression_that_is_not_confirmed_stays_open() -> None:
    found = rows(record(labs=serum({**FALL, 240: 2.0}), last_seen_day=250))
    row = found["1 year"]["relapse_or_progression"]
    assert row["answer"] == "" and "not confirmed" in row["why_open"]


def test_the_teams_progression_is_told_and_that_by_criteria_is_another_question() -> None:
    patient = record(labs=serum(FALL), responses=[team(175, "PD")])
    fields = rows(patient)["6 months"]
    assert fields["relapse_or_progression"]["answer"] == "yes"
    assert fields["progressive_disease"]["answer"] == "no"


COMPLETE = {"serum_immunofixation": "negative", "urine_immunofixation": "negative"}


def in_cr(*days: int) -> list[Any]:
    labs = serum({-5: 4.0, **dict.fromkeys(days, 0.0)})
    for day in days:
        labs += [lab(test, day, word) for test, word in COMPLETE.items()]
        labs += [lab("marrow_plasma_cells", day, 1.0), lab("kappa_flc", day, 10.0)]
        labs += [lab("lambda_flc", day, 10.0)]
    return labs


def test_relapse_from_cr_without_progression() -> None:
    """The M-protein comes back twice at 0.3: a relapse from CR, no rise of 0.5 g/dL."""
    labs = [*in_cr(28, 56, 84), *serum({200: 0.3, 230: 0.3})]
    fields = rows(record(labs=labs))["1 year"]
    assert fields["best_response"]["answer"] in ("CR", "sCR")
    assert fields["relapse_from_cr"]["answer"] == "yes"
    assert fields["relapse_from_cr_date"]["answer"] == "day 200"
    assert fields["progressive_disease"]["answer"] == "no"


def test_without_a_cr_there_is_no_relapse_from_it() -> None:
    fields = rows(record(labs=serum(RISE)))["1 year"]
    assert fields["relapse_from_cr"]["answer"] == "not applicable"
    assert fields["progressive_disease"]["answer"] == "yes"


def test_a_relapse_shown_by_imaging() -> None:
    patient = record(labs=serum(FALL), imaging=[lesion(-5, result="negative"), lesion(175)])
    patient = replace(
        patient,
        imaging=tuple(replace(x, kind="extramedullary", length_mm=30.0) for x in patient.imaging),
    )
    fields = rows(patient)["6 months"]
    assert fields["relapse_or_progression"]["answer"] == "yes"
    assert fields["relapse_found_by_radiology"]["answer"] == "yes"


# ---------------------------------------------------------------- antigen escape


def bcma(day: int, percent: float, method: str | None = "flow_cytometry") -> Any:
    return lab("bcma_positive_plasma_cells", day, percent, method=method, cells_counted=20000)


@pytest.mark.parametrize(
    ("tests", "escape", "flow", "day"),
    [
        ([], "", "", ""),  # nobody knows whether anybody tested
        ([bcma(250, 0.0)], "yes", "yes", "day 250"),
        ([bcma(250, 15.0)], "yes", "yes", "day 250"),  # partial loss counts
        ([bcma(250, 98.0)], "no", "yes", "day 250"),
        ([bcma(-20, 98.0)], "", "", ""),  # before the infusion: tells nothing of the relapse
        ([bcma(250, 98.0, None)], "no", "", "day 250"),
        ([bcma(250, 98.0, "immunohistochemistry")], "no", "not applicable", "day 250"),
    ],
)
def test_antigen_escape(tests: list[Any], escape: str, flow: str, day: str) -> None:
    patient = record(labs=[*serum(RISE), *tests], last_seen_day=300)
    fields = ("antigen_escape", "antigen_escape_by_flow", "antigen_escape_date")
    assert answers(patient, "1 year", *fields) == [escape, flow, day]


def test_antigen_escape_without_relapse_is_not_applicable() -> None:
    patient = record(labs=[*serum(FALL), bcma(100, 98.0)])
    assert answers(patient, "6 months", "antigen_escape") == ["not applicable"]


def test_antigen_escape_stays_open_where_the_relapse_is() -> None:
    patient = record(labs=serum({**FALL, 240: 2.0}), last_seen_day=250)
    row = rows(patient)["1 year"]["antigen_escape"]
    assert row["answer"] == "" and row["why_open"].startswith("An earlier field is open")


def test_a_product_of_unknown_target_leaves_it_open() -> None:
    patient = record(
        labs=[*serum(RISE), bcma(250, 0.0)], infusions=[replace(infusion(), targets=())]
    )
    row = rows(patient)["1 year"]["antigen_escape"]
    assert row["answer"] == "" and "antigens the product binds" in row["why_open"]


# ---------------------------------------------------------------- toxicities, results, therapy


def crs(day: int | None, grade: int | None, end: int | None = None, **rest: Any) -> Toxicity:
    return Toxicity(
        toxicity="crs",
        source=src(f"crs {day}"),
        when=When() if day is None else When.on(day),
        grade=grade,
        end=When() if end is None else When.on(end),
        **rest,
    )


@pytest.mark.parametrize(
    ("episodes", "expected"),
    [
        ([], ["", "", "", ""]),
        ([crs(2, 1, 5)], ["yes", "day 2", "1", "day 5"]),
        ([crs(0, 2, 5)], ["yes", "day 0", "2", "day 5"]),  # the day of the infusion counts
        ([crs(2, 1, 5), crs(9, 3, 12)], ["yes", "day 2", "3", "day 12"]),
        ([crs(2, None, 5)], ["yes", "day 2", "", "day 5"]),
        ([crs(2, 1, 5), crs(9, None, grade_at_least=3)], ["yes", "day 2", "", ""]),
        ([crs(2, 0)], ["no", "not applicable", "not applicable", "not applicable"]),
        ([crs(None, 2)], ["", "", "", ""]),
        ([crs(-20, 2, -15)], ["", "", "", ""]),
    ],
)
def test_toxicities(episodes: list[Toxicity], expected: list[str]) -> None:
    patient = record(labs=serum(FALL), toxicities=episodes)
    fields = ("crs", "crs_onset", "crs_highest_grade", "crs_resolved")
    assert answers(patient, "100 days", *fields) == expected


@pytest.mark.parametrize("day", [None, 2])
def test_a_denial_without_a_day_is_told_as_one(day: int | None) -> None:
    patient = record(labs=serum(FALL), toxicities=[crs(day, 0)])
    found = rows(patient)["100 days"]["crs"]
    assert (found["answer"] == "no") is (day is not None)
    assert ("denied on record" in (found["why_open"] or "")) is (day is None)


def test_a_new_malignancy_is_new() -> None:
    patient = record(labs=serum(FALL), conditions=[condition("mds_aml", 120)])
    assert answers(patient, "6 months", "new_malignancy") == ["yes"]
    assert answers(patient, "100 days", "new_malignancy") == [""]
    known = record(
        labs=serum(FALL), conditions=[condition("mds_aml", -50), condition("mds_aml", 120)]
    )
    assert answers(known, "6 months", "new_malignancy") == [""]


def test_last_results_of_the_period() -> None:
    labs = [
        *serum(FALL),
        lab("platelets", 30, 50.0),
        lab("platelets", 90, 80.0),
        lab("car_copies_per_ug_dna", 14, 60000.0),
        lab("car_copies_per_ug_dna", 90, 0.0),
    ]
    fields = rows(record(labs=labs))["100 days"]
    assert fields["platelets"]["answer"] == "80 10*9/L"
    assert fields["persistence_copies"]["answer"] == "0 copies/ug"
    assert fields["persistence_last_detected"]["answer"] == "day 14"


def test_a_result_that_cant_be_read_is_not_passed_over() -> None:
    aside = replace(lab("platelets", 90, 80.0), quantity=None, why_set_aside="no unit")
    row = rows(record(labs=serum(FALL), set_aside=[aside]))["100 days"]["platelets"]
    assert row["answer"] == "" and "can't be used" in row["why_open"]


def test_therapy_of_the_period_with_its_purpose_and_dates() -> None:
    therapies = [
        therapy(-5, "lymphodepletion", agents=("fludarabine",)),
        therapy(120, "maintenance", agents=("lenalidomide",), end=When.on(160)),
    ]
    patient = record(labs=serum(FALL), therapies=therapies)
    assert answers(patient, "6 months", "therapy_since") == [
        "lenalidomide (maintenance), from day 120, to day 160"
    ]
    assert answers(patient, "100 days", "therapy_since") == [""]


def test_dates_where_day_zero_has_one() -> None:
    patient = replace(record(labs=serum(RISE)), day_zero=date(2024, 1, 1))
    assert answers(patient, "1 year", "relapse_or_progression_date") == ["2024-08-28"]


# ---------------------------------------------------------------- the file of fields


def test_every_field_is_answered_by_something() -> None:
    for field in some(FORM.fields):
        assert field.by in ANSWERED_BY, field.id
    used = {field.by for field in FORM.fields}
    assert used == set(ANSWERED_BY)


def test_the_antigen_questions_have_the_numbers_of_the_manual() -> None:
    numbers = {f.id: f.question for f in FORM.fields if f.id.startswith("antigen_escape")}
    assert numbers["antigen_escape"] == "4"
    assert set(numbers.values()) == {"4", "5-6", "7-8"}
