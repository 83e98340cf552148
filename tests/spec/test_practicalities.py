"""How options are given: how much was read, who inherits what, and what a result holds of it."""

from __future__ import annotations

import pytest
from scripts.practicalities import AT_LEAST, below, needed, rows, share
from tests.support.answered import answered
from tests.support.results import example_records, examples

from rearm.assessment import explain
from rearm.assessment.result import Assessment
from rearm.knowledge import load
from rearm.knowledge.practicalities import (
    IN_A_CELL,
    OptionPractice,
    Practicality,
    practice_of,
    told_of,
)
from rearm.report.assessment.practicalities_words import brief_words, how_given
from rearm.report.sheet import sheet
from rearm.rules import parse_condition, truth

KNOWLEDGE = load()

# Looked for in vain: the dose of dual-target CAR-T, what a CAR-T, an alkylator or a conjugate does
# to a further collection, premedication and stay of the trispecific, of which others are told.
LOOKED_FOR_IN_VAIN = {
    "bortezomib-cyclophosphamide-dexamethasone",
    "dual-target-car-t",
    "trispecific-bcma-cd38",
}


def practice(option: str) -> OptionPractice:
    return practice_of(KNOWLEDGE.options[option], KNOWLEDGE.practicalities.values())


def told(option: str, field: str) -> list[str]:
    return [
        row.id for name, found in practice(option).rows.items() if name == field for row in found
    ]


def test_nine_tenths_of_what_must_be_known_was_read() -> None:
    found = rows(KNOWLEDGE, needed(KNOWLEDGE))
    assert {"teclistamab", "talquetamab", "elranatamab", "linvoseltamab"} <= set(found)
    assert {"second-cart-ide-cel", "second-cart-cilta-cel"} <= set(found)
    assert "belantamab-bortezomib-dexamethasone" in found
    assert sum(map(share, found.values())) / len(found) >= AT_LEAST
    assert set(below(found)) <= LOOKED_FOR_IN_VAIN


def test_usual_practice_and_what_nobody_read_are_not_counted() -> None:
    found = practice("mezigdomide-dexamethasone")
    assert set(found.opinion) == {"rems", "first_dose"}
    assert set(found.not_read) == {"dose", "kidney", "toxicity"}
    assert share(found) == 7 / 12
    assert set(practice("trispecific-bcma-cd38").opinion) == {"premedication", "stay"}
    nothing = practice("checkpoint-inhibitor")
    assert {"dose", "kidney", "infections"} <= set(nothing.not_read)


def test_what_holds_for_a_class_stands_once_and_is_taken_by_each_of_it() -> None:
    engagers = [o.id for o in KNOWLEDGE.options.values() if "t-cell-engager" in o.tags]
    assert len(engagers) >= 8
    assert all("engager-herpes" in told(option, "infections") for option in engagers)
    every = KNOWLEDGE.practicalities.values()
    read = [row.text for row in every if row.sources != ("accepted-practice",)]
    assert len(read) > 100
    assert {text for text in read if read.count(text) > 1} == set()


def test_the_nearer_text_replaces_the_wider_one_where_it_says_so() -> None:
    assert told("carfilzomib-dexamethasone", "first_dose") == ["carfilzomib-first-dose"]
    assert told("bortezomib-dexamethasone", "first_dose") == ["conventional-first-dose"]
    # a combination has the texts of each of its drugs
    both = told("daratumumab-bortezomib-dexamethasone", "kidney")
    assert both == ["bortezomib-kidney", "daratumumab-kidney"]
    # the schedule of a drug alone is not that of its combination
    assert "dose" in practice("talquetamab-teclistamab").not_read


def test_nothing_of_the_kind_gives_way_to_what_there_is() -> None:
    assert told("bortezomib-dexamethasone", "rems") == ["conventional-rems"]
    assert told("pomalidomide-dexamethasone", "rems") == ["pomalidomide-rems"]


def in_region(region: str | None) -> Assessment:
    import rearm

    return rearm.assess(example_records()["SYN-04"], region=region)


def test_the_region_chooses_the_text_and_what_is_read_elsewhere_says_where() -> None:
    words = {
        region: dict(brief_words(in_region(region), "teclistamab")) for region in (None, "US", "EU")
    }
    assert words["US"]["schedule"] == "step-up days 1, 4, 7, then weekly"
    assert words["EU"]["schedule"] == "step-up days 1, 3, 5, then weekly"
    assert words[None]["stay"] == "US 48 h in hospital, 3 times, EU 48 h near the centre, 3 times"
    here = dict(brief_words(in_region("EU"), "talquetamab"))
    assert here["schedule"] == "step-up days 1, 3, 5, 7, then every 2 weeks"
    assert here["stay"] == "48 h near the centre after each step-up dose"
    both = dict(brief_words(in_region(None), "talquetamab"))
    assert both["stay"].startswith("US 48 h in hospital after each step-up dose, EU 48 h near")


def test_a_text_of_another_region_never_stands_as_if_it_held_here() -> None:
    seen = 0
    for region in ("US", "EU"):
        result = in_region(region)
        assert all(
            not x.regions or region in x.regions for x in result.practicalities.lines.values()
        )
        assert ("REMS (US)" in result.practicalities.tasks) is (region == "US")
        for option, own in result.practicalities.options.items():
            words = dict(brief_words(result, option))
            assert all(
                (words[title] == f"{region} text not read") is (field not in own)
                for field, title in (("dose", "schedule"), ("stay", "stay"))
            )
            seen += 1
    assert seen >= 6


def test_a_result_tells_the_first_two_options_in_full_and_the_cells_of_the_others() -> None:
    seen = 0
    for result in answered().values():
        shown = [s.option for t in result.answer.tiers for s in t.strategies if s.open]
        given = result.practicalities
        assert list(given.options) == list(dict.fromkeys(shown))
        assert given.in_full == tuple(given.options)[:2]
        for name in list(given.options)[2:]:
            assert set(given.options[name]) <= set(IN_A_CELL)
            seen += 1
        used = {x for own in given.options.values() for ids in own.values() for x in ids}
        assert used == set(given.lines)
    assert seen >= 10


def test_the_addition_to_a_result_is_small() -> None:
    sizes = []
    for result in answered().values():
        text = len(str(result.to_dict()["practicalities"]))
        sizes.append(text)
    assert max(sizes) <= 9_000
    assert sum(size > 500 for size in sizes) >= 30


def test_the_sheet_shows_start_stay_and_schedule_and_what_to_arrange() -> None:
    text = sheet(examples()["SYN-04"])
    assert "48 h in hospital" in text and "step-up days 1, 4, 7, 10" in text
    assert "dexamethasone 16 mg, antihistamine, paracetamol" in text
    assert "tocilizumab at hand, ICE score" in text


def test_what_was_not_read_is_said() -> None:
    lacking = {
        x.option_id: x.not_read
        for result in answered().values()
        for x in how_given(result)
        if x.not_read
    }
    assert "dose and schedule" in lacking["talquetamab-teclistamab"]


def test_explain_tells_how_any_option_is_given() -> None:
    found = explain(example_records()["SYN-04"], "elranatamab")
    assert {given.field for given in found.given} >= {"dose", "stay", "rems", "later_t_cells"}
    assert found.not_read == ()
    assert explain(example_records()["SYN-04"], "dual-target-car-t").not_read == (
        "dose",
        "later_t_cells",
    )


# ---------------------------------------------------------------- for this patient

TOLD = """
option                | field      | of the patient                                             | in the cell
dexamethasone-holding | dose       | age 82, frailty frail, goals_of_care comfort_only          | 2 to 8 mg a day for symptoms
dexamethasone-holding | dose       | age 82, goals_of_care disease_control                      | 20 mg for 4 days at most
dexamethasone-holding | dose       | age 60, frailty frail                                      | 20 mg for 4 days at most
dexamethasone-holding | dose       | age 60, ecog 3                                             | 20 mg for 4 days at most
dexamethasone-holding | dose       | age 60                                                     | 40 mg for 4 days
dexamethasone-holding | dose       | nothing                                                    | 20 mg for 4 days (age unknown)
dexamethasone-holding | dose       | age 82, cord_compression yes                               | 16 mg a day until radiotherapy or surgery
dexamethasone-holding | stay       | age 60, urgent yes                                         | in hospital until the emergency is over
dexamethasone-holding | stay       | urgent yes, goals_of_care no_hospital                      | at home, per goals of care
dexamethasone-holding | stay       | urgent no, cord_threatened no                              | outpatient
radiotherapy          | stay       | cord_threatened yes                                        | in hospital while the cord is threatened
radiotherapy          | dose       | cord_threatened yes                                        | a course of 30 Gy in 10 or longer
radiotherapy          | dose       | cord_threatened no, cord_compression no                    | 8 Gy once, or 30 Gy in 10
radiotherapy          | dose       | cns_disease yes, cord_compression no                       | as for CNS treatment
radiotherapy          | dose       | cns_disease yes, cord_threatened yes                       | a course of 30 Gy in 10 or longer
dexamethasone-holding | first_dose | active_infection yes                                       | once the infection is controlled
dexamethasone-holding | first_dose | active_infection yes, cord_threatened yes                  | the same day
dexamethasone-holding | first_dose | active_infection no                                        | the same day
dexamethasone-holding | first_dose | nothing                                                    | the same day
talquetamab           | first_dose | lines_after_car_t 0                                        | days
talquetamab           | first_dose | lines_after_car_t 1                                        | days, two weeks after the last drug
talquetamab           | first_dose | nothing                                                    | days, two weeks after the last drug
elranatamab           | kidney     | dialysis yes                                               | 4 on dialysis had the usual step-up (teclistamab)
elranatamab           | kidney     | dialysis no                                                | -
elranatamab           | kidney     | nothing                                                    | -
"""  # noqa: E501


def of_patient(text: str) -> dict[str, bool | int | str]:
    pairs = [] if text == "nothing" else [part.split() for part in text.split(", ")]
    known: dict[str, bool | int | str] = {"yes": True, "no": False}
    return {name: known.get(v, int(v) if v.isdigit() else v) for name, v in pairs}


@pytest.mark.parametrize("line", TOLD.strip().splitlines()[1:])
def test_what_is_told_fits_the_patient_and_what_is_not_known_tells_the_careful_text(
    line: str,
) -> None:
    option, field, patient, cell = (part.strip() for part in line.split("|"))
    values = of_patient(patient)

    def holds(row: Practicality) -> bool | None:
        assert row.when is not None
        return truth(parse_condition(row.when, KNOWLEDGE.catalogue), values)

    of_field = next(rows for name, rows in practice(option).rows.items() if name == field)
    found = [row.brief for row in told_of(of_field, holds) if row.brief is not None]
    assert found == ([] if cell == "-" else [cell])
