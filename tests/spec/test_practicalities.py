"""How options are given: how much was read, who inherits what, and what a result holds of it."""

from __future__ import annotations

from scripts.practicalities import AT_LEAST, below, needed, rows, share
from tests.support.answered import answered
from tests.support.results import example_records, examples

from rearm.assessment import explain
from rearm.assessment.result import Assessment
from rearm.knowledge import load
from rearm.knowledge.practicalities import IN_A_CELL, OptionPractice, practice_of
from rearm.report.assessment.practicalities_words import brief_words, how_given
from rearm.report.sheet import sheet

KNOWLEDGE = load()

# Looked for in vain: the dose of dual-target CAR-T and of zevor-cel, what a CAR-T, an alkylator or
# a conjugate does to a further collection; how a trispecific antibody is given; kidney and toxicity
# of iberdomide; the stay and the premedication of a boost and of intrathecal treatment.
LOOKED_FOR_IN_VAIN = {
    "bortezomib-cyclophosphamide-dexamethasone",
    "cns-directed",
    "dual-target-car-t",
    "iberdomide-dexamethasone",
    "second-cart-zevor-cel",
    "stem-cell-boost",
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
    assert {"belantamab-bortezomib-dexamethasone", "daratumumab-bortezomib-dexamethasone"} <= set(
        found
    )
    assert sum(map(share, found.values())) / len(found) >= AT_LEAST
    assert set(below(found)) <= LOOKED_FOR_IN_VAIN


def test_usual_practice_and_what_nobody_read_are_not_counted() -> None:
    found = practice("stem-cell-boost")
    assert set(found.opinion) == {"premedication", "stay"}
    assert share(found) == 10 / 12
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
    elsewhere = dict(brief_words(in_region("EU"), "talquetamab"))
    assert elsewhere["stay"].startswith("US ")


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
