"""Real records: responses nobody recorded, days that are not exact, deaths without a day."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from tests.support.course_builder import (
    death,
    fact,
    infusion,
    lab,
    record,
    serum,
    src,
    team,
    therapy,
)
from tests.support.loops import some

from rearm.export.adam import response_datasets
from rearm.export.response_json import response_object, response_schema
from rearm.findings import find
from rearm.intake import read_tables
from rearm.knowledge.catalogue import load_catalogue
from rearm.outcome.endpoints import Endpoint, endpoints
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.outcome.patient_course import patient_course
from rearm.record import UNKNOWN_WHEN, Death, Infusion, Lab, Record, When
from rearm.report.response.headline import headline
from rearm.response.course import response_course

AFTER = When(1, None)


def one(**parts: Any) -> Failure:
    found = failures(record(**parts))
    assert len(found) == 1
    return found[0]


def ends(patient: Record) -> dict[Any, Endpoint]:
    return dict(endpoints(patient, failures(patient))[1])


def told(e: Endpoint) -> tuple[str, str | None, int | None]:
    return e.status, e.obstacle, e.day


def tidy(**tables: list[dict[str, str]]) -> Record:
    """Through the tidy reader: an infusion on day 0 of the year 2024."""
    given = {
        "patients": [{"heavy_chain": "IgG", "light_chain": "kappa", "day_zero": "2024-01-15"}],
        "infusions": [{"day": "0", "product": "ide-cel", "infused": "yes"}],
        **tables,
    }
    rows = {name: [{"patient_id": "X", **row} for row in table] for name, table in given.items()}
    (patient,) = read_tables(rows).records
    return patient


# ---- nobody recorded a response ----------------


@pytest.mark.parametrize(
    "earlier",
    [
        [],
        [team(0, "VGPR", when=When())],
        [team(0, "VGPR", when=AFTER)],
        [team(60, "NE")],
    ],
)
def test_no_response_recorded_is_not_no_response(earlier: list[Any]) -> None:
    found = one(responses=[*earlier, team(310, "PD")])
    assert (found.status, found.day, found.timing) == ("failed", 310, "late")
    assert (found.kind, found.responded, found.best_response) == (None, None, None)
    assert not found.signals


def test_a_response_in_words_that_cannot_be_read_is_not_none() -> None:
    patient = tidy(
        assessments=[
            {"day": "60", "response": "responded", "by": "team"},
            {"day": "90", "response": "SD", "by": "team"},
            {"day": "130", "response": "PD", "by": "team"},
        ]
    )
    (found,) = failures(patient)
    assert (found.status, found.kind, found.responded) == ("failed", None, None)
    assert "no_response_by_day_90" not in {s.id for s in found.signals}


def test_of_the_earlier_course_nothing_is_known_either() -> None:
    patient = record(
        infusions=[infusion(-900), infusion(0, "arlo-cel")], responses=[team(-500, "PD")]
    )
    first, second = failures(patient)
    assert (first.status, first.day, first.kind, first.responded) == ("failed", -500, None, None)
    assert (second.status, second.responded) == ("cannot_be_judged", None)


@pytest.mark.parametrize(
    ("values", "kind", "responded"),
    [
        # progression so early that there was no room for a response
        ({-6: 3.0, 30: 4.0, 45: 4.2}, "primary_refractory", False),
        # the first look is late
        ({-6: 3.0, 70: 4.0, 85: 4.2}, None, None),
        # looked at in between, and again
        ({-6: 3.0, 30: 2.9, 70: 4.0, 85: 4.2}, "primary_refractory", False),
        ({-6: 3.0, 30: 2.9, 140: 4.0, 155: 4.2}, "primary_refractory", False),
        # nobody looked for most of a year
        ({-6: 3.0, 30: 2.9, 340: 4.0, 355: 4.2}, None, None),
        # known not to have responded; refractory from the start and late do not go together
        ({-6: 3.0, 30: 2.9, 120: 2.9, 220: 4.0, 235: 4.2}, None, False),
    ],
)
def test_no_response_needs_somebody_who_looked(
    values: dict[int, float], kind: str | None, responded: bool | None
) -> None:
    found = one(labs=serum(values))
    assert (found.status, found.kind, found.responded) == ("failed", kind, responded)


def test_later_results_that_cannot_be_used_make_no_signal() -> None:
    aside = Lab(
        test="serum_m_protein", when=When.on(88), source=src("aside"), why_set_aside="no unit"
    )
    seen = serum({-6: 3.0, 30: 2.8, 65: 2.8})
    assert {s.id for s in one(labs=seen).signals} == {"no_response_by_day_90"}
    unread = one(labs=seen, set_aside=[aside])
    assert (unread.status, unread.signals) == ("cannot_be_judged", ())


def test_the_finding_says_what_the_judgement_says() -> None:
    patient = record(labs=serum({-6: 3.0, 200: 0.3, 336: 1.2, 350: 1.4}))
    found = find(patient, failures(patient), load_catalogue(), as_of=400)
    assert [found[name].value for name in ("responded", "failure_kind", "best_response")] == [
        None,
        None,
        None,
    ]


# ---- the depth, and the team's word beside it ----------------

DEEP = {-6: 3.4, 30: 0.5, 60: 0.2, 90: 0.2}


def test_the_depth_is_shown_with_what_is_missing_and_strict_criteria_keep_their_cap() -> None:
    patient = record(labs=serum(DEEP, urine=False), responses=[team(60, "VGPR")])
    (found,) = failures(patient)
    assert (found.best_response, found.best_response_by) == ("VGPR", "computed")
    assert (found.best.computed, found.best.team, found.best.lacks) == ("VGPR", "VGPR", ("urine",))
    assert found.best_response_text == "VGPR by serum, urine not on record; team: VGPR"
    assert found.course is not None and found.course.best_confirmed == "PR"
    written = response_object(patient_course(patient))
    assert written["best_confirmed"] == "PR"
    assert written["best_response"] == {
        "response": "VGPR",
        "by": "computed",
        "computed": "VGPR",
        "team": "VGPR",
        "at_least": None,
        "lacks": ["urine"],
        "text": "VGPR by serum, urine not on record; team: VGPR",
    }
    jsonschema.validate(written, response_schema())
    said = " ".join(headline(patient_course(patient)))
    assert "PR on day 30 (VGPR by serum, urine not on record; team: VGPR)" in said
    adrs = response_datasets([patient_course(patient)]).adrs.to_dicts()
    assert [r["AVALC"] for r in adrs if r["PARAMCD"] == "CBOR"] == ["PR"]


@pytest.mark.parametrize(
    "urine",
    [
        {"facts": [fact("urine_protein_ever_positive", "no", 0)]},
        {"labs": [lab("urine_immunofixation", -6, "negative")]},
        {"labs": [lab("urine_m_protein_24h", -6, 0)]},
    ],
)
def test_urine_that_was_never_positive_is_not_missing(urine: dict[str, Any]) -> None:
    labs = [*serum(DEEP, urine=False), *urine.get("labs", ())]
    found = one(labs=labs, facts=urine.get("facts", []))
    assert (found.best_response, found.best.lacks) == ("VGPR", ())
    assert found.best_response_text == "VGPR"
    assert found.course is not None and found.course.best_confirmed == "PR"


@pytest.mark.parametrize(
    "urine",
    [
        [lab("urine_immunofixation", -60, "positive")],
        [lab("urine_immunofixation", -6, "negative"), lab("urine_m_protein_24h", -200, 350)],
    ],
)
def test_urine_that_once_was_positive_is_missing(urine: list[Lab]) -> None:
    found = one(labs=[*serum(DEEP, urine=False), *urine])
    assert (found.best_response, found.best.lacks) == ("VGPR", ("urine",))


def test_one_visit_gives_at_least_and_the_team_stands_beside_it() -> None:
    labs = serum({-6: 2.8, 200: 0.9, 336: 1.6, 350: 1.7})
    alone = one(labs=labs)
    assert (alone.best_response, alone.best.at_least) == (None, "PR")
    assert alone.best_response_text == "at least PR, one visit"
    assert (alone.kind, alone.responded) == (None, None)
    with_team = one(labs=labs, responses=[team(200, "VGPR")])
    assert (with_team.best_response, with_team.best_response_by) == ("VGPR", "team")
    assert with_team.best_response_text == (
        "at least PR, one visit; team: VGPR, which is used because the result was not repeated"
    )
    assert (with_team.kind, with_team.responded) == ("progression_after_response", True)


def test_a_deeper_visit_that_was_not_repeated_bears_out_the_team() -> None:
    labs = serum({-6: 2.2, 56: 0.4, 112: 0.15, 385: 0.9, 410: 1.3}, urine=False)
    alone = one(labs=labs)
    assert (alone.best_response, alone.best.at_least) == ("PR", "VGPR")
    assert alone.best_response_text == "PR, VGPR by serum at one visit, urine not on record"
    found = one(labs=labs, responses=[team(112, "VGPR")])
    assert (found.best_response, found.best_response_by) == ("VGPR", "team")
    assert found.best_response_text == (
        "PR, VGPR by serum at one visit, urine not on record; team: VGPR, which is used because "
        "one visit supports it"
    )


def test_the_best_response_may_be_stated_as_a_fact() -> None:
    labs = [
        {"day": day, "test": "serum_m_protein", "value": value, "unit": "g/dL"}
        for day, value in (("-35", "2.9"), ("75", "0.28"), ("395", "1.1"), ("420", "1.4"))
    ]
    said = {"finding": "best_response_after_car_t", "value": "VGPR", "by": "clinician"}
    patient = tidy(labs=labs, facts=[{"day": "425", **said}])
    (found,) = failures(patient)
    assert (found.kind, found.responded, found.best.team) == (
        "progression_after_response",
        True,
        "VGPR",
    )
    assert "word_not_listed" not in {issue.code for issue in patient.issues}
    (without,) = failures(tidy(labs=labs))
    assert (without.kind, without.responded) == (None, None)


def test_two_visits_stand_above_the_team_and_both_are_shown() -> None:
    labs = serum({-6: 3.4, 60: 1.2, 90: 1.2, 240: 1.8, 260: 2.0})
    found = one(labs=labs, responses=[team(60, "CR")])
    assert (found.best_response, found.best.team, found.kind) == (
        "PR",
        "CR",
        "progression_after_response",
    )
    assert found.best_response_text == (
        "PR; team: CR (the results are used: serum M-protein 1.2 g/dL, 64.7 % down from 3.4 at"
        " baseline, on day 60)"
    )
    # an earlier response is no answer of the team to the later progression
    assert found.difference is None


def test_where_nothing_is_measurable_no_response_is_called() -> None:
    low = serum({-6: 0.5, 30: 0.4, 60: 0.4, 85: 0.4})
    found = one(labs=low, responses=[team(60, "VGPR")])
    assert (found.best_response, found.best_response_by, found.best.computed) == (
        "VGPR",
        "team",
        None,
    )


# ---- infusions and progression without a day ----------------


@pytest.mark.parametrize("when", [When(None, -1), When(), When(-400, -371)])
def test_the_dated_later_infusion_is_the_one_that_is_judged(when: When) -> None:
    undated = Infusion(source=src("undated"), when=when, product="ide-cel", targets=("BCMA",))
    for given in some([[infusion(0, "cilta-cel"), undated], [undated, infusion(0, "cilta-cel")]]):
        patient = record(infusions=given, responses=[team(60, "VGPR"), team(310, "PD")])
        first, last = failures(patient)
        assert (first.product, first.status) == ("ide-cel", "cannot_be_judged")
        assert (last.product, last.status, last.day, last.number) == ("cilta-cel", "failed", 310, 2)


def test_an_infusion_that_is_known_to_follow_stays_the_last() -> None:
    later = Infusion(source=src("later"), when=When(500, 530), product="ide-cel")
    patient = record(infusions=[later, infusion(0, "cilta-cel")])
    assert [f.product for f in failures(patient)] == ["cilta-cel", "ide-cel"]


def test_progression_after_infusion_is_a_failure_on_a_day_that_is_not_known() -> None:
    patient = tidy(
        assessments=[{"day": "after infusion", "response": "PD", "by": "team"}],
        labs=[{"day": "200", "test": "hemoglobin", "value": "10", "unit": "g/dL"}],
    )
    (found,) = failures(patient)
    assert (found.status, found.certainty) == ("failed", "recorded_by_team")
    assert (found.day, found.when) == (None, When(1, 200))
    assert (found.timing, found.kind, found.responded) == (None, None, None)
    assert "on a day between 1 and 200" in found.reason
    by_name = ends(patient)
    for name in some(("PFS", "TTP", "failure-a")):
        assert told(by_name[name]) == ("not_computable", "progression_undated", None)
    assert told(by_name["OS"]) == ("censored", None, 200)
    values = find(patient, (found,), load_catalogue(), as_of=200)
    days = values["time_to_failure_days"]
    assert days.value is None and days.interval is not None
    assert (days.interval.low, days.interval.high) == (1, 200)


def test_a_response_after_infusion_has_no_day_made_up() -> None:
    (found,) = failures(
        tidy(assessments=[{"day": "after infusion", "response": "sCR", "by": "team"}])
    )
    assert (found.status, found.last_assessed_day) == ("not_failed", None)
    assert (found.best_response, found.best_response_by) == ("sCR", "team")
    assert found.reason == ("No progression is on record; the team recorded sCR on an unknown day.")


def test_progression_without_any_word_on_its_day_leaves_the_failure_open() -> None:
    patient = record(responses=[team(0, "PD", when=When())], last_seen_day=300)
    (found,) = failures(patient)
    assert found.status == "cannot_be_judged"
    assert told(ends(patient)["PFS"]) == ("not_computable", "progression_undated", None)
    by_order = record(responses=[team(0, "PD", when=When(), after_infusion=1)], last_seen_day=300)
    assert (failures(by_order)[0].status, failures(by_order)[0].when) == ("failed", When(1, 300))


def test_after_the_first_infusion_may_be_after_the_second() -> None:
    patient = record(
        infusions=[infusion(0), infusion(400, "cilta-cel")],
        responses=[team(0, "PD", when=AFTER)],
        last_seen_day=700,
    )
    assert [f.status for f in failures(patient)] == ["suspected", "cannot_be_judged"]


@pytest.mark.parametrize(
    ("month", "timing", "days"),
    [
        ("2024-03", "early", (46, 76)),
        ("2024-06", "intermediate", (138, 167)),
        ("2024-07", None, (168, 198)),
        ("2024-08", "late", (199, 229)),
    ],
)
def test_a_month_decides_where_its_bounds_do(
    month: str, timing: str | None, days: tuple[int, int]
) -> None:
    patient = tidy(
        patients=[{"day_zero": "2024-01-15", "last_seen_day": "400"}],
        assessments=[{"day": month, "response": "PD", "by": "team"}],
    )
    (found,) = failures(patient)
    assert (found.status, found.day, found.when) == ("failed", None, When(*days))
    assert found.timing == timing
    pfs = ends(patient)["PFS"]
    assert (pfs.status, pfs.event, pfs.day) == ("event", "PD", sum(days) // 2)
    assert pfs.between == When(*days)


def test_a_computed_progression_within_the_month_of_the_team_is_no_difference() -> None:
    labs = serum({-6: 3.0, 28: 1.0, 56: 0.5, 120: 1.2, 134: 1.4})
    same = one(labs=labs, responses=[team(0, "PD", when=When(107, 137))])
    assert (same.day, same.difference) == (120, None)
    other = one(labs=labs, responses=[team(0, "PD", when=When(168, 198))])
    assert other.difference is not None and "between 168 and 198" in other.difference


# ---- deaths without a day ----------------

ALIVE = {-6: 2.9, 29: 1.1, 57: 0.9, 85: 0.9}
ENDED_BY_DEATH = (
    "PFS", "TTP", "DOR", "TTNT", "OS", "PFS2", "failure-a", "failure-b", "failure-c", "failure-d",
)  # fmt: skip


def undated_death(cause: str, when: When = UNKNOWN_WHEN) -> Death:
    return Death(when=when, cause=cause, source=src("death"))


@pytest.mark.parametrize("cause", ["myeloma", "infection; myeloma", "infection", "unknown"])
def test_a_death_without_a_day_is_a_death(cause: str) -> None:
    patient = record(labs=serum(ALIVE), deaths=[undated_death(cause)])
    (found,) = failures(patient)
    assert found.status == ("failed" if "myeloma" in cause else "died_without_progression")
    assert found.day is None
    assert "death_day_unknown" in {flag.id for flag in found.flags}
    by_name = ends(patient)
    for name in some(ENDED_BY_DEATH):
        assert told(by_name[name]) == ("not_computable", "death_undated", None), name
    datasets = response_datasets([patient_course(patient)])
    assert datasets.adtte.height == 0
    assert {x.reason for x in datasets.left_out if x.parameter == "OS"} == {
        "the patient died on an unknown day"
    }


def test_a_death_without_a_day_comes_after_all_that_has_one() -> None:
    failed = {**ALIVE, 120: 1.6, 134: 1.8}
    patient = record(labs=serum(failed), deaths=[undated_death("infection")])
    by_name = ends(patient)
    assert (by_name["PFS"].event, by_name["PFS"].day) == ("PD", 120)
    assert told(by_name["OS"]) == ("not_computable", "death_undated", None)
    treated = record(
        labs=serum(ALIVE), therapies=[therapy(100, "salvage")], deaths=[undated_death("myeloma")]
    )
    censored = ends(treated)["PFS"]
    assert (censored.status, censored.censored_by, censored.day) == ("censored", "new_therapy", 85)
    assert ends(treated)["TTNT"].event == "new therapy"


def test_a_death_known_by_its_month_counts_at_the_middle_of_what_is_left() -> None:
    month = undated_death("unknown", When(138, 167))
    patient = record(labs=serum(ALIVE), deaths=[month])
    by_name = ends(patient)
    overall = by_name["OS"]
    assert (overall.status, overall.event, overall.day) == ("event", "death", 152)
    assert overall.between == When(138, 167)
    assert "on a day between 138 and 167: the middle counts" in overall.reason
    assert (by_name["TTNT"].censored_by, by_name["TTNT"].day) == ("death_before_new_therapy", 152)
    row = next(
        r
        for r in response_datasets([patient_course(patient)]).adtte.to_dicts()
        if r["PARAMCD"] == "OS"
    )
    assert (row["CNSR"], row["AVAL"], row["ADTF"]) == (0, 153.0, "D")
    assert response_object(patient_course(patient))["endpoints"]["OS"]["between"] == [138, 167]
    seen = record(labs=serum({**ALIVE, 160: 0.9}), deaths=[month])
    assert (ends(seen)["OS"].day, ends(seen)["OS"].between) == (163, When(160, 167))


def test_a_death_known_by_its_year_only_is_not_counted() -> None:
    patient = record(labs=serum(ALIVE), deaths=[undated_death("infection", When(100, 464))])
    assert told(ends(patient)["OS"]) == ("not_computable", "death_undated", None)


def test_a_death_of_myeloma_without_a_day_confirms_the_last_progression() -> None:
    rising = serum({**ALIVE, 110: 1.5})
    dated = response_course(record(labs=rising, deaths=[death(120, "myeloma")]), start=0)
    undated = response_course(record(labs=rising, deaths=[undated_death("myeloma")]), start=0)
    assert dated.progression_day == undated.progression_day == 110
    other = response_course(record(labs=rising, deaths=[undated_death("infection")]), start=0)
    assert other.progression_day is None
