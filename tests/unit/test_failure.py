"""Failure of CAR-T: laboratory against team, what is too early to tell, lesions, signals, several
infusions.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.course_builder import (
    condition,
    death,
    fact,
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

from rearm.interval import Interval
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.outcome.infusions import course_of, infused_products
from rearm.record import Lab, Record, ResponseStatement, When
from rearm.response.criteria import load_criteria

RESPONSE = {-6: 3.0, 28: 1.0, 56: 0.5, 90: 0.5}
FAILED = {**RESPONSE, 120: 1.2, 134: 1.4}


def one(**parts: Any) -> Failure:
    found = failures(record(**parts))
    assert len(found) == 1
    return found[0]


def signals(failure: Failure) -> dict[str, bool]:
    return {s.id: s.open for s in failure.signals}


def test_no_infusion_gives_no_entry() -> None:
    assert failures(record(infusions=[])) == ()
    assert (
        failures(record(infusions=[infusion(None, infused=False, reason="manufacturing failure")]))
        == ()
    )


def test_infusion_without_a_day_cannot_be_judged() -> None:
    failure = one(infusions=[infusion(None)], labs=serum(FAILED))
    assert (failure.status, failure.infusion_day) == ("cannot_be_judged", None)
    assert failure.reason == (
        "The day of this infusion is unknown, so nothing can be dated after it."
    )
    assert failure.difference is None
    undated = record(infusions=[infusion(None)], labs=serum(FAILED))
    criteria = load_criteria()
    product = infused_products(undated, criteria)[0]
    with pytest.raises(ValueError, match="a course needs the day of its infusion"):
        course_of(undated, criteria, product, None)


@pytest.mark.parametrize(
    ("pd_day", "timing"),
    [(90, "early"), (91, "intermediate"), (183, "intermediate"), (184, "late")],
)
def test_timing_at_its_limits(pd_day: int, timing: str) -> None:
    failure = one(labs=serum({-6: 3.0, 28: 1.0, 56: 1.0, pd_day: 2.0, pd_day + 14: 2.0}))
    assert (failure.status, failure.day, failure.timing) == ("failed", pd_day, timing)


@pytest.mark.parametrize(
    ("serum_values", "kind"),
    [
        ({-6: 3.0, 28: 2.9, 42: 4.0, 56: 4.1}, "primary_refractory"),
        # one PR that was never repeated: neither a response nor none
        ({-6: 3.0, 28: 1.4, 60: 2.2, 74: 2.2}, None),
        (FAILED, "progression_after_response"),
    ],
)
def test_kind_by_the_confirmed_response_before(
    serum_values: dict[int, float], kind: str | None
) -> None:
    assert one(labs=serum(serum_values)).kind == kind


def test_depth_of_response_is_a_parameter() -> None:
    record_ = record(labs=serum(FAILED))
    assert failures(record_, load_criteria(response_depth="CR"))[0].kind == "primary_refractory"


def test_computed_progression_stands_against_a_team_response() -> None:
    failure = one(labs=serum(FAILED), responses=[team(60, "PR"), team(134, "PR")])
    assert (failure.status, failure.certainty, failure.day, failure.team_day) == (
        "failed",
        "confirmed",
        120,
        None,
    )
    assert failure.difference is not None
    assert "PR on day 134" in failure.difference


def test_both_days_are_kept_with_the_likely_reason() -> None:
    failure = one(labs=serum(FAILED), responses=[team(134, "PD")])
    assert (failure.day, failure.computed_day, failure.team_day) == (120, 120, 134)
    assert failure.difference is not None
    assert "confirming sample" in failure.difference


def test_one_day_of_progression_is_no_difference() -> None:
    failure = one(labs=serum(FAILED), responses=[team(120, "PD")])
    assert (failure.computed_day, failure.team_day, failure.difference) == (120, 120, None)


@pytest.mark.parametrize(
    ("stated", "team_day", "why"),
    [
        (
            team(0, "PD", when=When(), nominal_day=180),
            180,
            "the team's day is that of a planned visit",
        ),
        # the plan is known too, but the day is that of the visit itself
        (
            team(0, "PD", when=When.on(170), nominal_day=180),
            170,
            "the team may have waited for clinical signs",
        ),
        (
            team(0, "PD", when=When.on(100), nominal_day=90),
            100,
            "team and laboratory may have used other results",
        ),
    ],
)
def test_a_planned_visit_explains_only_a_day_that_is_the_plans(
    stated: ResponseStatement, team_day: int, why: str
) -> None:
    failure = one(labs=serum(FAILED), responses=[stated])
    assert failure.team_day == team_day
    assert failure.difference == f"computed: progression on day 120; team: day {team_day}; {why}"


def test_team_progression_without_the_laboratory() -> None:
    failure = one(responses=[team(30, "PR"), team(80, "PD", pattern="extraosseous; clinical")])
    assert (failure.status, failure.certainty, failure.day, failure.kind) == (
        "failed",
        "recorded_by_team",
        80,
        "progression_after_response",
    )
    assert failure.pattern == ("clinical", "extraosseous")


def test_the_named_progression_day_goes_before_planned_visits() -> None:
    """A visit known by its plan only: its PD is not earlier than the stated day, and its response
    is not before it.
    """
    statements = [
        team(0, "PR", when=When(15, 60), nominal_day=30),
        team(0, "PD", when=When(61, 137), nominal_day=91),
        team(75, "PD", basis="progression day"),
        team(0, "VGPR", when=When(61, 137), nominal_day=91),
    ]
    failure = one(responses=statements)
    assert (failure.day, failure.kind, failure.best_response) == (
        75,
        "progression_after_response",
        "PR",
    )
    only_later = one(
        responses=[
            team(20, "PD", basis="progression day"),
            team(0, "PR", when=When(15, 60), nominal_day=30),
        ]
    )
    assert only_later.kind is None  # the visit with PR may have been before day 20


def test_baseline_before_bridging_nadir_from_before_lymphodepletion() -> None:
    """The fall by bridging counts as response, but a rise back from it is not held against the
    cells before it is one from the nadir.
    """
    labs = serum({-40: 4.0, -6: 1.5, 28: 1.6, 56: 1.6, 84: 2.0, 98: 2.0})
    rows = [therapy(-36, "bridging"), therapy(-5, "lymphodepletion")]
    failure = one(labs=labs, therapies=rows)
    assert failure.course is not None
    assert failure.course.baseline.values["serum_m_protein"] == Interval.of(4.0)
    assert failure.day == 84  # +0.5 over 1.5
    assert failure.kind == "progression_after_response"
    unbridged = one(labs=labs, therapies=rows[1:])
    assert unbridged.course is not None
    assert unbridged.course.baseline.values["serum_m_protein"] == Interval.of(1.5)


@pytest.mark.parametrize(
    ("values", "status", "certainty", "day"),
    [
        ({-6: 3.0, 14: 4.0}, "suspected", "provisional", 14),
        ({-6: 3.0, 14: 4.0, 21: 4.2}, "suspected", "provisional", 14),
        ({-6: 3.0, 14: 4.0, 28: 4.2}, "failed", "confirmed", 14),
        ({-6: 3.0, 14: 4.0, 28: 2.9}, "not_failed", None, None),
        ({-6: 3.0, 30: 4.0}, "suspected", "unconfirmed", 30),
    ],
)
def test_biochemical_progression_before_day_28(
    values: dict[int, float], status: str, certainty: str | None, day: int | None
) -> None:
    failure = one(labs=serum(values))
    assert (failure.status, failure.certainty, failure.day) == (status, certainty, day)


@pytest.mark.parametrize(
    ("rows", "facts", "status", "certainty", "day"),
    [
        (
            [lesion(59, kind="extramedullary", length_mm=30, new=True)],
            [],
            "suspected",
            "provisional",
            59,
        ),
        (
            [lesion(60, kind="extramedullary", length_mm=30, new=True)],
            [],
            "failed",
            "confirmed",
            60,
        ),
        (
            [lesion(40, kind="extramedullary", length_mm=30, new=True)],
            [("L1=plasma_cells", 45)],
            "failed",
            "confirmed",
            40,
        ),
        (
            [
                lesion(40, kind="extramedullary", length_mm=30, new=True),
                lesion(75, kind="extramedullary", length_mm=30),
            ],
            [],
            "failed",
            "confirmed",
            40,
        ),
        (
            [lesion(100, kind="extramedullary", length_mm=30, new=True)],
            [("L1=t_cell_neoplasm", 110)],
            "not_failed",
            None,
            None,
        ),
        (
            [lesion(100, kind="extramedullary", length_mm=30, new=True)],
            [("L1=benign", 105), ("L1=plasma_cells", 110)],
            "failed",
            "confirmed",
            100,
        ),
    ],
)
def test_lesions(
    rows: list[Any],
    facts: list[tuple[str, int]],
    status: str,
    certainty: str | None,
    day: int | None,
) -> None:
    failure = one(
        labs=serum(RESPONSE), imaging=rows, facts=[fact("lesion_histology", v, d) for v, d in facts]
    )
    assert (failure.status, failure.certainty, failure.day) == (status, certainty, day)


def test_uptake_alone_is_a_signal() -> None:
    failure = one(
        labs=serum(RESPONSE),
        imaging=[lesion(90, method="PET-CT", kind="extramedullary", suv=9.0, new=True)],
    )
    assert (failure.status, failure.certainty) == ("suspected", "signal")
    assert signals(failure) == {"new_uptake": True}
    gone = one(
        labs=serum({**RESPONSE, 150: 0.5}),
        imaging=[
            lesion(90, method="PET-CT", kind="extramedullary", suv=9.0, new=True),
            lesion(150, method="PET-CT", kind="extramedullary", result="negative"),
        ],
    )
    assert (gone.status, signals(gone)) == ("not_failed", {"new_uptake": False})
    biopsied = one(
        labs=serum(RESPONSE),
        imaging=[lesion(90, method="PET-CT", kind="extramedullary", suv=9.0, new=True)],
        facts=[fact("lesion_histology", "L1=plasma_cells", 95)],
    )
    assert (biopsied.status, biopsied.day, biopsied.pattern) == ("failed", 90, ("extraosseous",))


def test_a_lesion_not_stated_as_new_needs_an_earlier_examination_by_the_same_method() -> None:
    seen = [
        lesion(-10, "none", result="negative", method="MRI"),
        lesion(90, method="MRI", kind="paraskeletal", length_mm=20),
    ]
    assert one(labs=serum(RESPONSE), imaging=seen).status == "failed"
    other = [
        lesion(-10, "none", result="negative", method="CT"),
        lesion(90, method="MRI", kind="paraskeletal", length_mm=20),
    ]
    assert signals(one(labs=serum(RESPONSE), imaging=other)) == {"new_uptake": True}


def test_death() -> None:
    assert one(labs=serum(RESPONSE), deaths=[death(120, "myeloma")]).kind == "death_of_myeloma"
    other = one(labs=serum(RESPONSE), deaths=[death(120, "infection")])
    assert (other.status, other.followed_to_day, other.timing) == (
        "died_without_progression",
        120,
        None,
    )
    unknown = one(labs=serum(RESPONSE), deaths=[death(120, "unknown")])
    assert unknown.status == "died_without_progression"
    assert "of unknown cause" in unknown.reason
    # a value at the level of progression is confirmed by death of myeloma, and by no other death
    rising = serum({**RESPONSE, 110: 1.2})
    by_death = one(labs=rising, deaths=[death(120, "myeloma")])
    assert by_death.day == 110
    assert by_death.reason == (
        "Progressive disease on day 110 (confirmed by death of myeloma): serum M-protein 0.5 to"
        " 1.2 g/dL (+0.7, +140 %). Died (day 120) of myeloma."
    )
    assert one(labs=rising, deaths=[death(120, "infection")]).certainty == "unconfirmed"


def test_new_therapy_without_progression() -> None:
    rows = [therapy(100, "salvage", agents=("talquetamab",))]
    failure = one(labs=serum(RESPONSE), therapies=rows)
    assert (failure.status, failure.certainty) == ("suspected", "signal")
    assert signals(failure) == {"new_therapy_without_pd": True}
    counted = failures(
        record(labs=serum(RESPONSE), therapies=rows), load_criteria(new_therapy_is_failure=1)
    )[0]
    assert (counted.status, counted.kind, counted.day) == ("failed", "new_therapy_without_pd", 100)
    assert counted.reason == (
        "New anti-myeloma therapy (day 100) without progression counts as failure by the chosen "
        "setting."
    )
    undated = one(labs=serum(RESPONSE), therapies=[therapy(None, "salvage", after_infusion=1)])
    assert [(s.id, s.day) for s in undated.signals] == [("new_therapy_without_pd", None)]


@pytest.mark.parametrize(
    "purpose",
    [
        "maintenance",
        "consolidation",
        "supportive",
        "toxicity_management",
        "radiotherapy",
        "mobilisation",
    ],
)
def test_planned_therapy_ends_nothing(purpose: str) -> None:
    assert one(labs=serum(RESPONSE), therapies=[therapy(80, purpose)]).status == "not_failed"


def test_progression_after_new_therapy_is_not_this_infusions() -> None:
    labs = serum({**RESPONSE, 150: 1.5, 164: 1.6})
    failure = one(labs=labs, therapies=[therapy(100, "salvage")])
    assert (failure.status, failure.day, failure.computed_day) == ("suspected", 100, None)


def test_no_response_by_day_90() -> None:
    failure = one(labs=serum({-6: 3.0, 28: 2.6, 56: 2.5, 88: 2.5}))
    assert (failure.status, failure.certainty) == ("suspected", "signal")
    assert signals(failure) == {"no_response_by_day_90": True}
    late = one(labs=serum({-6: 3.0, 28: 2.6, 56: 2.5, 88: 2.5, 120: 1.0, 150: 1.0}))
    assert (late.status, signals(late)) == ("not_failed", {"no_response_by_day_90": False})
    counted = failures(
        record(labs=serum({-6: 3.0, 28: 2.6, 56: 2.5, 88: 2.5})),
        load_criteria(no_response_is_failure=1),
    )[0]
    assert (counted.status, counted.kind) == ("failed", "primary_refractory")
    assert counted.reason == (
        "No partial response by day 90, which counts as failure by the chosen setting."
    )


def test_biochemical_rise_opens_and_closes() -> None:
    rising = one(labs=serum({**RESPONSE, 120: 0.7, 150: 0.8}))
    assert (rising.status, signals(rising)) == ("suspected", {"biochemical_rise": True})
    back = one(labs=serum({**RESPONSE, 120: 0.7, 150: 0.8, 180: 0.5}))
    assert (back.status, signals(back)) == ("not_failed", {"biochemical_rise": False})
    under = one(labs=serum({**RESPONSE, 120: 0.62, 150: 0.62}))  # +24 %
    assert under.status == "not_failed"


def test_light_chain_escape() -> None:
    chains = [
        x
        for d, v in ((-6, 100), (28, 50), (56, 50), (90, 600))
        for x in (lab("kappa_flc", d, v), lab("lambda_flc", d, 10))
    ]
    failure = one(labs=serum(RESPONSE) + chains)
    assert (failure.status, signals(failure)) == ("suspected", {"light_chain_escape": True})


def test_organ_damage_is_never_attributed_by_itself() -> None:
    crab = [lab("calcium_corrected", 90, 12.0)]
    silent = one(labs=serum(RESPONSE) + crab)
    assert (silent.status, signals(silent), silent.pattern) == (
        "suspected",
        {"unattributed_crab": True},
        (),
    )
    assert (
        one(
            labs=serum(RESPONSE) + crab,
            conditions=[condition("hypercalcaemia", 91, attributed=False)],
        ).status
        == "not_failed"
    )
    stated = one(
        labs=[*serum(FAILED), lab("calcium_corrected", 120, 12.0)],
        conditions=[condition("hypercalcaemia", 121, attributed=True)],
    )
    assert stated.pattern == ("biochemical", "clinical")
    assert stated.course is not None
    assert stated.course.clinical_relapse_day == 120


def test_early_fall_of_haemoglobin_is_only_noted() -> None:
    failure = one(
        labs=[
            *serum(RESPONSE),
            lab("hemoglobin", -6, 11.0),
            lab("hemoglobin", 20, 8.0),
            lab("hemoglobin", 90, 11.0),
        ]
    )
    assert failure.status == "not_failed"
    assert "cytopenia" in {f.id for f in failure.flags}
    late = one(
        labs=[
            *serum({**RESPONSE, 150: 0.5}),
            lab("hemoglobin", -6, 11.0),
            lab("hemoglobin", 150, 8.0),
        ]
    )
    assert signals(late) == {"unattributed_crab": True}
    with_neutropenia = one(
        labs=[
            *serum({**RESPONSE, 150: 0.5}),
            lab("hemoglobin", -6, 11.0),
            lab("hemoglobin", 150, 8.0),
            lab("neutrophils", 150, 0.6),
        ]
    )
    assert with_neutropenia.status == "not_failed"


def test_mrd_conversion_needs_sensitivity() -> None:
    def mrd(day: int, word: str, sensitivity: float | None) -> Lab:
        return lab("mrd", day, word, sensitivity=sensitivity)

    assert signals(
        one(labs=[*serum(RESPONSE), mrd(30, "negative", 1e-05), mrd(90, "positive", 1e-05)])
    ) == {"mrd_conversion": True}
    assert (
        one(labs=[*serum(RESPONSE), mrd(30, "negative", None), mrd(90, "positive", 1e-05)]).status
        == "not_failed"
    )
    assert (
        one(labs=[*serum(RESPONSE), mrd(30, "negative", 1e-05), mrd(90, "positive", 1e-06)]).status
        == "not_failed"
    )  # the finer test finds more


def test_split_doses_are_one_infusion_another_product_is_not() -> None:
    split = failures(record(infusions=[infusion(0), infusion(7)], labs=serum(RESPONSE)))
    assert [f.infusion_day for f in split] == [0]
    assert [
        f.infusion_day
        for f in failures(record(infusions=[infusion(0), infusion(15)], labs=serum(RESPONSE)))
    ] == [0, 15]
    assert [
        f.infusion_day
        for f in failures(
            record(infusions=[infusion(0), infusion(7, "cilta-cel")], labs=serum(RESPONSE))
        )
    ] == [0, 7]


def test_a_later_infusion_ends_the_course() -> None:
    labs = serum({**RESPONSE, 195: 0.6, 230: 0.1, 260: 0.1, 300: 0.9, 314: 0.9})
    first, second = failures(record(infusions=[infusion(0), infusion(200, "cilta-cel")], labs=labs))
    assert (first.status, first.certainty, first.followed_to_day) == ("suspected", "signal", 200)
    assert second.course is not None
    assert second.course.baseline.values["serum_m_protein"] == Interval.of(0.6)
    assert (second.status, second.day) == ("failed", 300)


def test_unusable_result_is_shown_and_not_read() -> None:
    bad = Lab(
        test="serum_m_protein",
        when=When.on(120),
        source=src("bad"),
        as_given="9",
        why_set_aside="no unit",
    )
    failure = one(labs=serum(RESPONSE), set_aside=[bad])
    assert failure.course is not None
    assert (
        failure.course.visits[-1].missing[0]
        == "serum M-protein of day 120 is on record but could not be used (no unit)"
    )


def test_diseases_with_criteria_of_their_own() -> None:
    for name in ("al_amyloidosis", "plasma_cell_leukaemia"):
        failure = one(labs=serum(FAILED), conditions=[condition(name, -100)])
        assert failure.status == "cannot_be_judged"
        assert "not evaluable by these" in failure.reason
    # a leukaemic relapse is a pattern of myeloma
    relapse = one(labs=serum(FAILED), conditions=[condition("plasma_cell_leukaemia", 125)])
    assert relapse.pattern == ("biochemical", "leukaemic")
    stated = one(
        conditions=[condition("al_amyloidosis", -100)], responses=[team(50, "PR"), team(90, "PD")]
    )
    assert stated.certainty == "recorded_by_team"


def test_nothing_assessed_cannot_be_judged() -> None:
    failure = one(labs=[lab("ferritin", 20, 100)], last_seen_day=40)
    assert failure.status == "cannot_be_judged"
    assert failure.basis


def test_without_baseline_rises_still_count() -> None:
    failure = one(labs=serum({28: 0.3, 56: 0.3, 120: 1.2, 134: 1.4}))
    assert (failure.status, failure.day) == ("failed", 120)
    assert "no_baseline" in {f.id for f in failure.flags}
    refuted = one(labs=serum({28: 0.3, 120: 1.2, 134: 0.3, 150: 1.2}))
    assert (refuted.status, refuted.certainty, refuted.day) == ("suspected", "unconfirmed", 150)


def test_follow_up_and_basis() -> None:
    failure = one(labs=serum(RESPONSE), last_seen_day=80)
    assert (failure.followed_to_day, failure.last_assessed_day) == (90, 90)
    assert "data_after_last_contact" in {f.id for f in failure.flags}
    progressed = one(labs=serum(FAILED))
    assert {s.place for s in progressed.basis} == {"serum_m_protein 120", "serum_m_protein 134"}


def test_marrow_after_the_blood_belongs_to_the_same_assessment() -> None:
    clear = [
        x
        for d in (84, 112, 140)
        for x in (
            lab("serum_immunofixation", d, "negative"),
            lab("urine_immunofixation", d, "negative"),
        )
    ]
    failure = one(
        labs=serum({-6: 3.0, 28: 0.5, 84: 0, 112: 0, 140: 0})
        + clear
        + [lab("marrow_plasma_cells", 115, 1)]
    )
    assert failure.course is not None
    assert {v.day: v.response for v in failure.course.visits} == {
        28: "PR",
        84: "VGPR",
        112: "CR",
        140: "CR",
    }
    assert failure.course.visits[-1].carried == {"marrow_plasma_cells": 25}


def test_set_aside_marrow_stops_the_older_one() -> None:
    clear = [
        x
        for d in (84, 112, 140)
        for x in (
            lab("serum_immunofixation", d, "negative"),
            lab("urine_immunofixation", d, "negative"),
        )
    ]
    bad = Lab(
        test="marrow_plasma_cells", when=When.on(112), source=src("bad"), why_set_aside="no unit"
    )
    failure = one(
        labs=serum({-6: 3.0, 84: 0, 112: 0, 140: 0}) + clear + [lab("marrow_plasma_cells", 84, 1)],
        set_aside=[bad],
    )
    assert failure.course is not None
    assert [v.response for v in failure.course.visits] == ["CR", "VGPR", "VGPR"]


BAD: list[Record] = [
    record(labs=[]),
    record(labs=serum({28: 1.0})),
    record(labs=serum({-6: -3.0, 28: -1.0})),
    record(labs=serum({5: 3.0, 28: 1.0})),
    record(
        labs=[lab("serum_m_protein", d, Interval(0, 0.1, high_open=True)) for d in (-6, 28, 56)]
    ),
    record(
        labs=[
            lab("serum_m_protein", d, Interval(2, float("inf"), low_open=True))
            for d in (-6, 28, 56)
        ]
    ),
    record(
        labs=[
            Lab(
                test="serum_m_protein",
                when=When(10, 40),
                source=src("interval"),
                quantity=Interval.of(2.0),
            )
        ]
    ),
    record(
        labs=[
            Lab(
                test="serum_m_protein", when=When(), source=src("no day"), quantity=Interval.of(2.0)
            )
        ]
    ),
    record(
        labs=[
            lab("serum_immunofixation", 30, "unclear"),
            lab("dira", 30, "odd"),
            lab("mrd", 30, "unclear"),
        ]
    ),
    record(labs=serum(RESPONSE) + serum({28: 9.0, 56: 0.0})),
    record(labs=serum(RESPONSE), imaging=[lesion(60, result="positive", length_mm=0, width_mm=0)]),
    record(labs=serum(RESPONSE), facts=[fact("lesion_histology", "no equals sign", 50)]),
    record(labs=serum(RESPONSE), responses=[team(50, "wonderful"), team(0, "PD", when=When())]),
    record(labs=serum(RESPONSE), deaths=[death(-400, "unknown")]),
    record(labs=serum(RESPONSE), heavy_chain=("IgG", "IgA"), light_chain="both"),
    record(
        labs=serum(RESPONSE), infusions=[infusion(0), infusion(None), infusion(30, infused=False)]
    ),
]


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_bad_input_gives_an_answer_with_its_reason(bad: Record) -> None:
    for failure in some(failures(bad)):
        assert failure.status in {
            "failed",
            "suspected",
            "not_failed",
            "died_without_progression",
            "cannot_be_judged",
        }
        assert failure.reason


@pytest.mark.parametrize(
    ("result", "pattern"),
    [
        (lab("marrow_plasma_cells", 120, 10), ("biochemical", "marrow")),
        (lab("marrow_plasma_cells", 120, 9.9), ("biochemical",)),
        # what a row says in words only is no count
        (lab("marrow_plasma_cells", 120, "increased"), ("biochemical",)),
        (lab("circulating_plasma_cells", 120, "positive"), ("biochemical",)),
        (lab("csf_plasma_cells", 120, "positive"), ("biochemical", "cns")),
    ],
)
def test_the_pattern_of_a_single_result(result: Lab, pattern: tuple[str, ...]) -> None:
    failure = one(labs=[*serum(FAILED), result])
    assert (failure.day, failure.pattern) == (120, pattern)


def test_support_begun_on_the_day_of_the_infusion_is_no_line() -> None:
    """The day of the infusion has rows, but no line whose later parts would be planned."""
    rows = [therapy(0, "supportive"), therapy(100, "salvage", agents=("talquetamab",))]
    failure = one(labs=serum(RESPONSE), therapies=rows)
    assert failure.course is not None
    assert failure.course.new_therapy_day == 100
    assert [(s.id, s.day) for s in failure.signals] == [("new_therapy_without_pd", 100)]
