"""Where the strategies stand: one situation a row, as a haematologist would check it.

The patient of every row had a late relapse after ide-cel with BCMA and GPRC5D kept, is fit, has
five lines behind and is refractory to three classes; each row says what is different.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from tests.support.assess_case import assessed, patient_of, plan
from tests.support.loops import some

from rearm.assessment import Assessment
from rearm.assessment.pipeline import assess_patients
from rearm.assessment.plan import TIERS
from rearm.knowledge.rulesets import Place
from rearm.record import Death, Source, When
from rearm.report.assessment.answer_words import state_words
from rearm.rules import parse_condition, truth

Values = dict[str, Any]

LATE: Values = {
    "car_target_bcma": True, "car_target_gprc5d": False, "car_product": "ide-cel",
    "infused_ide_cel": True, "infused_cilta_cel": False, "infused_eque_cel": False,
    "construct_human": False,
    "responded": True, "best_response": "CR", "failure_timing": "late",
    "time_to_failure_days": 400, "days_since_infusion": 410,
    "bcma_status": "retained", "gprc5d_status": "retained", "tnfrsf17_ectodomain_variant": False,
    "relapse_pattern_extraosseous": False, "relapse_pattern_cns": False, "cns_disease": False,
    "leukaemic_now": False, "high_risk_cytogenetics": False, "t_11_14": False,
    "cord_threatened": False, "cord_compression": False,
    "prior_lines": 5, "exposed_pi": True, "exposed_imid": True, "exposed_anti_cd38": True,
    "refractory_pi": True, "refractory_imid": True, "refractory_anti_cd38": True,
    "exposed_pomalidomide": True, "exposed_gprc5d": False, "refractory_gprc5d": False,
    "exposed_bcma_bispecific": False, "refractory_bcma_bispecific": False,
    "ecog": 1, "age": 62, "frailty": "fit", "goals_of_care": "disease_control",
    "active_infection": False, "igg": 650.0, "neutrophils": 2.5, "platelets": 140.0,
    "hemoglobin": 11.5,
}  # fmt: skip
EARLY: Values = {
    "best_response": "PR", "failure_timing": "early", "time_to_failure_days": 80,
    "days_since_infusion": 95,
}  # fmt: skip
BCMA, GPRC5D, PAIR = "bispecific-bcma", "bispecific-gprc5d", "bispecific-combination"
SAME, NEW, TRIAL = "second-cart-same-target", "second-cart-new-target", "clinical-trial"
DEAD = {"deaths": (Death(when=When(), cause="myeloma", source=Source("case", "death")),)}
SUSPECTED = {"status": "suspected"}

# what is different, how, asked with, state of the answer, tiers of some strategies
SITUATIONS: list[tuple[str, Values, dict[str, Any], str, dict[str, str | None]]] = [
    ("late relapse, antigens kept", {}, {}, "choose",
     {BCMA: "first", GPRC5D: "first", SAME: "alternative", "observe": "avoid"}),
    ("BCMA not tested", {"bcma_status": None}, {}, "choose",
     {BCMA: "alternative", GPRC5D: "first", SAME: "situational"}),
    ("early relapse", EARLY, {}, "choose",
     {GPRC5D: "first", BCMA: "alternative", SAME: "situational"}),
    ("never responded", {"responded": False, "best_response": "SD"}, {}, "choose",
     {GPRC5D: "first", BCMA: "alternative", SAME: "avoid"}),
    ("BCMA lost", {"bcma_status": "lost"}, {}, "choose",
     {GPRC5D: "first", BCMA: "not_possible", SAME: "not_possible", "adc-bcma": "not_possible"}),
    ("rapid by organ damage, the marker slow",
     {"relapse_tempo": "rapid", "relapse_doubling_days": 140.0}, {}, "choose",
     {GPRC5D: "first", BCMA: "first", SAME: "situational", "observe": "avoid",
      "alkylator-conventional": "situational"}),
    ("slow and silent",
     {"relapse_tempo": "slow", "relapse_pattern_biochemical": True, "relapse_responded": True,
      "relapse_early_or_no_response": False, "relapse_doubling_days": None}, {}, "choose",
     {GPRC5D: "first", "observe": "alternative"}),
    ("two severe infections in half a year, IgG kept",
     {"recurrent_severe_infections": True, "relapse_pattern_extraosseous": True}, {}, "choose",
     {GPRC5D: "alternative", BCMA: "alternative", PAIR: "situational"}),
    ("two severe infections, disease in the marrow",
     {"recurrent_severe_infections": True}, {}, "choose", {GPRC5D: "first", BCMA: "alternative"}),
    ("hyperinflammation of the first cells, long over", {"iec_hs_past": True}, {}, "choose",
     {GPRC5D: "first", SAME: "situational"}),
    ("a tenth of the weight lost", {"weight_loss_percent": 11.0}, {}, "choose",
     {GPRC5D: "alternative", BCMA: "first"}),
    ("platelets 18", {"platelets": 18.0}, {}, "stabilise_first",
     {GPRC5D: "not_possible", BCMA: "not_possible"}),
    ("haemoglobin 7.2", {"hemoglobin": 7.2}, {}, "stabilise_first",
     {GPRC5D: "not_possible", BCMA: "not_possible"}),
    ("platelets 38, no bleeding", {"platelets": 38.0, "bleeding": False}, {}, "choose",
     {GPRC5D: "first", BCMA: "first"}),
    ("platelets 38 and bleeding", {"platelets": 38.0, "bleeding": True}, {}, "stabilise_first",
     {GPRC5D: "not_possible", BCMA: "not_possible"}),
    ("ICANS of grade 4 came with teclistamab",
     {"icans_grade_past": 4, "stopped_for_toxicity_teclistamab": True}, {}, "choose",
     {GPRC5D: "situational", BCMA: "situational"}),
    ("one stain without BCMA", {"bcma_status": "not_detected_unconfirmed"}, {}, "choose",
     {GPRC5D: "first", BCMA: "avoid", SAME: "avoid"}),
    ("GPRC5D lost", {"gprc5d_status": "lost"}, {}, "choose",
     {BCMA: "first", GPRC5D: "not_possible"}),
    ("extramedullary", {"relapse_pattern_extraosseous": True}, {}, "choose",
     {PAIR: "first", GPRC5D: "alternative", BCMA: "alternative", SAME: "situational"}),
    ("central nervous system", {"cns_disease": True, "relapse_pattern_cns": True}, {},
     "emergency_first",
     {"cns-directed": "first", "radiotherapy": "first", "corticosteroid": "first",
      GPRC5D: "alternative", BCMA: "alternative"}),
    ("leukaemic and in the nervous system",
     {"cns_disease": True, "relapse_pattern_cns": True, "leukaemic_now": True}, {},
     "emergency_first",
     {"cns-directed": "first", BCMA: "alternative", GPRC5D: "alternative",
      "alkylator-intensive": "alternative", "corticosteroid": "first"}),
    ("leukaemic", {"leukaemic_now": True}, {}, "choose",
     {GPRC5D: "first", "corticosteroid": "alternative", "alkylator-intensive": "alternative"}),
    ("leukaemic and too weak for chemotherapy", {"leukaemic_now": True, "ecog": 2}, {}, "choose",
     {"corticosteroid": "alternative", "alkylator-intensive": "avoid"}),
    ("an M-protein of 7", {"m_protein_very_high": True}, {}, "choose",
     {"corticosteroid": "alternative", "alkylator-intensive": "situational",
      "alkylator-conventional": "situational"}),
    ("cytopenic", {"neutrophils": 0.3, "platelets": 18.0}, {}, "stabilise_first",
     {GPRC5D: "not_possible", BCMA: "not_possible", SAME: "not_possible"}),
    ("cytopenic for long, stem cells stored",
     {"neutrophils": 0.3, "platelets": 18.0, "prolonged_cytopenia": True, "stored_cd34": True},
     {}, "stabilise_first", {"stem-cell-boost": "alternative", GPRC5D: "not_possible"}),
    ("cytopenic for long, stem cells stored, infected",
     {"neutrophils": 0.3, "platelets": 18.0, "prolonged_cytopenia": True, "stored_cd34": True,
      "active_infection": True},
     {}, "stabilise_first", {"stem-cell-boost": "situational", GPRC5D: "not_possible"}),
    ("inhibitors still useful, pomalidomide never given",
     {"refractory_pi": False, "exposed_pomalidomide": False}, {}, "choose",
     {"pi-imid-combination": "alternative"}),
    ("inhibitors still useful, an IMiD failed and pomalidomide was given",
     {"refractory_pi": False, "exposed_pomalidomide": True}, {}, "choose",
     {"pi-imid-combination": "situational"}),
    ("frail and 81 years", {"frailty": "frail", "age": 81}, {}, "choose",
     {GPRC5D: "first", PAIR: "situational", "alkylator-intensive": "avoid"}),
    ("in bed for half of the day", {"ecog": 3}, {}, "choose",
     {GPRC5D: "alternative", "supportive-care": "alternative", SAME: "avoid"}),
    ("comfort only", {"goals_of_care": "comfort_only"}, {}, "comfort",
     {"supportive-care": "first", GPRC5D: "avoid", BCMA: "avoid", SAME: "avoid"}),
    ("no hospital", {"goals_of_care": "no_hospital"}, {}, "choose",
     {"xpo1-inhibitor": "alternative", GPRC5D: "avoid", SAME: "avoid"}),
    ("a trial is open", {"trials_open": True}, {}, "choose",
     {TRIAL: "first", NEW: "alternative"}),
    ("no trial is open", {"trials_open": False}, {}, "choose",
     {TRIAL: "situational", NEW: "situational", "bispecific-fcrh5": "situational"}),
    ("nobody asked for trials", {"trials_open": None}, {}, "choose",
     {TRIAL: "situational", NEW: "situational", "bispecific-fcrh5": "situational"}),
    ("no engager approved where asked", {}, {"region": "CN"}, "choose",
     {GPRC5D: "situational", BCMA: "situational", SAME: "alternative"}),
    ("in Europe", {}, {"region": "EU"}, "choose", {GPRC5D: "first", BCMA: "first"}),
    ("before the approvals", {}, {"day": date(2020, 6, 1)}, "choose",
     {GPRC5D: "situational", BCMA: "situational", SAME: "situational"}),
    ("declined", {}, {"declined": (GPRC5D,)}, "choose",
     {GPRC5D: "not_possible", BCMA: "first"}),
    ("controlled", {}, {"status": "not_failed"}, "controlled", {GPRC5D: None, BCMA: None}),
    ("died", {}, DEAD, "died", {GPRC5D: None, "supportive-care": None}),
    ("suspected", {"relapse_status": "suspected"}, SUSPECTED, "confirm_first",
     {GPRC5D: "situational", BCMA: "situational", "observe": "alternative"}),
    ("suspected, a CD38 antibody still useful",
     {"relapse_status": "suspected", "refractory_anti_cd38": False}, SUSPECTED, "confirm_first",
     {"anti-cd38-combination": "situational", "observe": "alternative"}),
    ("suspected by a signal alone",
     {"relapse_status": "suspected", "failure_certainty": "signal"}, SUSPECTED, "confirm_first",
     {"observe": "first", GPRC5D: "situational"}),
    ("an infection with neutropenia, engagers used up",
     {"active_infection": True, "neutrophils": 0.3, "refractory_bcma_bispecific": True,
      "refractory_gprc5d": True}, {}, "stabilise_first",
     {"xpo1-inhibitor": "not_possible", "pi-combination": "not_possible"}),
    ("platelets 18, engagers used up",
     {"platelets": 18.0, "refractory_bcma_bispecific": True, "refractory_gprc5d": True}, {},
     "stabilise_first", {"xpo1-inhibitor": "not_possible"}),
    ("every partner of a CD38 antibody is spent",
     {"refractory_anti_cd38": False, "refractory_bortezomib": True, "refractory_carfilzomib": True,
      "refractory_pomalidomide": True, "refractory_iberdomide": True}, {}, "choose",
     {"anti-cd38-combination": "avoid"}),
    ("one partner of a CD38 antibody is left",
     {"refractory_anti_cd38": False, "refractory_bortezomib": False,
      "refractory_carfilzomib": True, "refractory_pomalidomide": True}, {}, "choose",
     {"anti-cd38-combination": "alternative"}),
    ("t(11;14)", {"t_11_14": True}, {}, "choose",
     {"bcl2-inhibitor": "alternative", GPRC5D: "first"}),
    ("t(11;14), both engagers failed",
     {"t_11_14": True, "exposed_gprc5d": True, "refractory_gprc5d": True,
      "exposed_bcma_bispecific": True, "refractory_bcma_bispecific": True}, {}, "choose",
     {"bcl2-inhibitor": "first", "xpo1-inhibitor": "first", GPRC5D: "avoid", BCMA: "avoid"}),
    ("had a GPRC5D agent", {"exposed_gprc5d": True}, {}, "choose",
     {GPRC5D: "alternative", BCMA: "first"}),
    ("progressed on a GPRC5D agent", {"exposed_gprc5d": True, "refractory_gprc5d": True}, {},
     "choose", {GPRC5D: "avoid", BCMA: "first", NEW: "avoid", "xpo1-inhibitor": "alternative"}),
    ("low IgG", {"igg": 250.0}, {}, "choose", {GPRC5D: "first", BCMA: "alternative"}),
    ("active infection", {"active_infection": True}, {}, "stabilise_first",
     {GPRC5D: "not_possible", BCMA: "not_possible", SAME: "not_possible"}),
    ("cord threatened", {"cord_threatened": True, "bone_lesion_or_cord_at_relapse": True}, {},
     "emergency_first",
     {"radiotherapy": "first", "corticosteroid": "first", GPRC5D: "alternative",
      BCMA: "alternative"}),
    ("neurotoxicity of grade 4 once", {"icans_grade_past": 4}, {}, "choose",
     {GPRC5D: "situational", BCMA: "situational", SAME: "avoid", "xpo1-inhibitor": "first"}),
    ("CD38 antibody never given",
     {"exposed_anti_cd38": False, "refractory_anti_cd38": False}, {}, "choose",
     {"anti-cd38-combination": "first", GPRC5D: "alternative", BCMA: "alternative"}),
    ("a T-cell neoplasm", {"t_cell_neoplasm": True, "lesion_not_myeloma": True}, {}, "choose",
     {GPRC5D: "avoid", BCMA: "avoid", SAME: "avoid"}),
    ("no infusion", {}, {"status": "no_infusion"}, "cannot_judge", {GPRC5D: None, BCMA: None}),
    ("cannot be judged", {}, {"status": "cannot_be_judged"}, "cannot_judge", {GPRC5D: None}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "change", "asked", "state", "tiers"), SITUATIONS, ids=[row[0] for row in SITUATIONS]
)
def test_where_strategies_stand(
    what: str, change: Values, asked: dict[str, Any], state: str, tiers: dict[str, str | None]
) -> None:
    result = assessed(LATE | change, **asked)
    assert result.answer.state == state
    assert {name: result.answer.tier_of(name) for name in tiers} == tiers


WITH_TIERS = [row for row in SITUATIONS if row[3] not in ("controlled", "died", "cannot_judge")]


@pytest.mark.parametrize(("what", "change", "asked"), [row[:3] for row in WITH_TIERS])
def test_no_strategy_stands_above_its_options(
    what: str, change: Values, asked: dict[str, Any]
) -> None:
    """What is excluded, discouraged or for trials only never leads; the best option is meant."""
    result = assessed(LATE | change, **asked)
    trials_open = change.get("trials_open") is True
    for tier in some(result.answer.tiers):
        for line in some(tier.strategies):
            limits = [allowed(result, name, trials_open=trials_open) for name in line.options]
            assert height(tier.tier) <= max(limits), line.strategy
            assert allowed(result, line.option, trials_open=trials_open) == max(limits)
            if max(limits) == height("not_possible"):
                assert tier.tier == "not_possible" and not line.open and not line.waits_for


def height(tier: str) -> int:
    return TIERS.index(tier)


def allowed(result: Assessment, name: str, *, trials_open: bool) -> int:
    """The highest tier that an option allows its strategy."""
    option = result.option(name)
    if option.verdict == "excluded":
        return height("not_possible")
    if option.verdict == "discouraged":
        return height("avoid")
    if option.availability.status == "trial_only" and not trials_open:
        return height("situational")
    return height("first")


def test_stops_of_which_nobody_knows_stand_on_the_line() -> None:
    silent = {
        name: x for name, x in LATE.items() if name not in ("active_infection", "neutrophils")
    }
    result = assessed(silent)
    line = next(s for s in result.answer.tiers[0].strategies if s.strategy == GPRC5D)
    assert result.answer.tiers[0].tier == "first"
    asked = {x for name in line.waits_for for x in result.missing(result.reasons[name])}
    assert {"active_infection", "neutrophils"} <= asked
    known = assessed(LATE)
    line = next(s for s in known.answer.tiers[0].strategies if s.strategy == GPRC5D)
    asked = {x for name in line.waits_for for x in known.missing(known.reasons[name])}
    assert not {"active_infection", "neutrophils"} & asked


@pytest.mark.parametrize(
    ("change", "then"),
    [
        ({"active_infection": True}, (BCMA, GPRC5D, SAME)),
        ({"neutrophils": 0.3}, (BCMA, GPRC5D, SAME)),
        ({"active_infection": True, "bcma_status": "lost"}, (GPRC5D,)),
        ({"active_infection": True} | EARLY, (GPRC5D, BCMA)),
    ],
)
def test_what_follows_once_the_patient_is_stable(change: Values, then: tuple[str, ...]) -> None:
    """What would be first or alternative without the stop, and nothing that is avoided anyway."""
    answer = assessed(LATE | change).answer
    assert (answer.state, answer.then) == ("stabilise_first", then)


USED_UP: Values = {
    "bcma_status": "not_detected_unconfirmed", "gprc5d_status": "not_detected_unconfirmed",
    "exposed_selinexor": True, "refractory_selinexor": True, "exposed_elotuzumab": True,
    "refractory_elotuzumab": True, "refractory_pomalidomide": True,
    "refractory_carfilzomib": True, "refractory_lenalidomide": True, "refractory_bortezomib": True,
    "exposed_bcma_bispecific": True, "refractory_bcma_bispecific": True,
    "exposed_gprc5d": True, "refractory_gprc5d": True, "exposed_venetoclax": True,
    "refractory_venetoclax": True, "trials_open": False,
}  # fmt: skip


def test_where_nothing_stands_high_the_best_of_the_rest_are_shown() -> None:
    """The room has to choose all the same: three that treat the myeloma, each with its reason."""
    result = assessed(LATE | USED_UP)
    assert result.answer.state == "choose"
    assert not {"first", "alternative"} & {tier.tier for tier in result.answer.tiers}
    shown = [(t.tier, s) for t in result.answer.tiers for s in t.strategies if s.open]
    assert 1 <= len(shown) <= 3
    for tier, line in some(shown):
        assert tier == "situational" and line.because
        assert result.option(line.option).role == "definitive"
    assert "Every strategy has a reason against it" in state_words(result)
    usual = assessed(LATE)
    assert all(s.open is False for t in usual.answer.tiers[2:] for s in t.strategies)
    assert "Something speaks against" not in state_words(usual)


def test_where_nothing_at_all_can_be_given_the_patient_is_stabilised() -> None:
    """An infection stops what would be situational: it follows once the infection has ended."""
    result = assessed(LATE | USED_UP | {"active_infection": True})
    assert result.answer.state == "stabilise_first"
    assert result.answer.then
    before = assessed(LATE | USED_UP)
    assert {before.answer.tier_of(name) for name in result.answer.then} == {"situational"}
    shown = [s.option for t in result.answer.tiers for s in t.strategies if s.open]
    assert all(result.option(x).role in ("bridge", "local", "supportive") for x in some(shown))


def test_what_would_lift_a_strategy_is_named() -> None:
    result = assessed(LATE | {"bcma_status": None})
    line = next(s for t in result.answer.tiers for s in t.strategies if s.strategy == BCMA)
    assert line.would_be is not None and line.would_be.tier == "first"
    assert "bcma_status" in result.missing(result.reasons[line.would_be.if_])


def test_an_emergency_that_nothing_points_to_is_not_told() -> None:
    """Whether the cord is threatened is often not on record: no reason to speak of it."""
    silent = {k: v for k, v in LATE.items() if k not in ("cord_threatened", "cord_compression")}
    told = [
        strategy.would_be.if_
        for tier in assessed(silent).answer.tiers
        for strategy in tier.strategies
        if strategy.would_be is not None
    ]
    assert told
    assert not {"place-radiotherapy-cord-or-nerves", "place-steroid-in-an-emergency"} & set(told)


# ---------------------------------------------------------------- the one target for the other

SWAPPED = (
    ("car_target_bcma", "car_target_gprc5d"),
    ("exposed_bcma_bispecific", "exposed_gprc5d"),
    ("refractory_bcma_bispecific", "refractory_gprc5d"),
    ("bcma_status", "gprc5d_status"),
)
# Findings in which the two differ for a reason (`asymmetry` of the rows) are not among these.
MIRRORED: list[Values] = [
    {},
    EARLY,
    {"responded": False, "best_response": "SD"},
    {"bcma_status": "lost"},
    {"gprc5d_status": "lost"},
    {"bcma_status": "subclonal_loss"},
    {"bcma_status": "not_detected_unconfirmed"},
    {"bcma_status": None},
    {"gprc5d_status": None},
    {"exposed_gprc5d": True},
    {"exposed_bcma_bispecific": True},
    {"exposed_bcma_bispecific": True, "refractory_bcma_bispecific": True},
    {"exposed_gprc5d": True, "refractory_gprc5d": True},
    {"days_since_infusion": 200, "time_to_failure_days": 190},
    {"relapse_pattern_extraosseous": True},
    {"cns_disease": True, "relapse_pattern_cns": True},
    {"cord_threatened": True, "bone_lesion_or_cord_at_relapse": True},
    {"ecog": 3},
    {"icans_grade_past": 4},
    {"active_infection": True},
    {"goals_of_care": "comfort_only"},
]
NO_PRODUCT = {
    "car_product": "other", "infused_ide_cel": False, "soluble_bcma_at_relapse": None,
    "exposed_talquetamab": False,
}  # fmt: skip


def swapped(values: Mapping[str, Any]) -> Values:
    other = {a: b for pair in SWAPPED for a, b in (pair, pair[::-1])}
    return {other.get(name, name): value for name, value in values.items()}


@pytest.mark.parametrize("change", MIRRORED, ids=str)
def test_the_engagers_change_places_with_their_targets(change: Values) -> None:
    values = LATE | NO_PRODUCT | change
    one, other = assessed(values).answer, assessed(swapped(values)).answer
    assert one.state == other.state
    assert one.tier_of(BCMA) == other.tier_of(GPRC5D)
    assert one.tier_of(GPRC5D) == other.tier_of(BCMA)


# ---------------------------------------------------------------- one row, one move

ROWS = [place for place in plan().knowledge.places.values() if place.when is not None]


def placed_by_hand(strategy: str, values: Mapping[str, Any]) -> int:
    """The slow and obvious reading: the highest row that is true, under the lowest cap."""
    standing, cap = height("avoid"), height("first")
    for place in plan().knowledge.places.values():
        if strategy not in place.of or not holds(place, values):
            continue
        if place.tier is not None:
            standing = max(standing, height(place.tier))
        if place.at_most is not None:
            cap = min(cap, height(place.at_most))
    return min(standing, cap)


def holds(place: Place, values: Mapping[str, Any]) -> bool:
    if place.when is None:
        return True
    return truth(parse_condition(place.when, plan().knowledge.catalogue), dict(values)) is True


@pytest.fixture(scope="module")
def added() -> dict[str, tuple[Values, Assessment]]:
    """By row: the findings of the patient with its example, and the result; and, as an empty name,
    those of the patient as such.
    """
    patients = {"": patient_of(LATE)}
    patients |= {row.id: patient_of(LATE | dict(row.example_true or {})) for row in ROWS}
    results = assess_patients(plan(), list(patients.values()), "US")
    return {
        name: (dict(patient.values), result)
        for (name, patient), result in zip(patients.items(), results, strict=True)
    }


def limit(result: Assessment, strategy: str, values: Mapping[str, Any]) -> int:
    """The highest tier that the options of a strategy allow."""
    trials_open = values.get("trials_open") is True
    return max(
        allowed(result, option.id, trials_open=trials_open)
        for option in result.options
        if option.strategy == strategy
    )


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_a_finding_moves_the_strategy_of_its_row_and_nothing_else(
    row: Place, added: dict[str, tuple[Values, Assessment]]
) -> None:
    """The row lifts or caps its strategies as it says. A strategy moves only if a row of its own
    became true or false, or its options allow another tier.
    """
    (before, without), (values, result) = added[""], added[row.id]
    assert holds(row, values)
    for strategy in row.of:
        tier, most = result.answer.tier_of(strategy), limit(result, strategy, values)
        assert tier is not None
        if row.at_most is not None:
            assert height(tier) <= height(row.at_most)
        else:
            caps = [p for p in ROWS if p.at_most and strategy in p.of and holds(p, values)]
            under = min((height(str(p.at_most)) for p in caps), default=height("first"))
            assert height(tier) >= min(height(str(row.tier)), under, most)
    for strategy in some([s.strategy for s in plan().strategies]):
        now = result.answer.tier_of(strategy)
        most = limit(result, strategy, values)
        assert now == TIERS[min(placed_by_hand(strategy, values), most)], strategy
        turned = any(
            strategy in place.of and holds(place, before) != holds(place, values)
            for place in plan().knowledge.places.values()
        )
        if not turned and most == limit(without, strategy, before):
            assert now == without.answer.tier_of(strategy), strategy


@pytest.mark.parametrize("change", [{}, EARLY, {"high_risk_cytogenetics": True}])
def test_of_the_pairs_the_one_with_figures_leads(change: Values) -> None:
    """A pair of which no result was read stands behind talquetamab with teclistamab."""
    answer = assessed(LATE | change).answer
    leads = {s.strategy: s.option for tier in answer.tiers for s in tier.strategies}
    assert leads[PAIR] == "talquetamab-teclistamab"
