"""The bundled rules on patients of a few findings each, as a haematologist would check them:
antigen, order of verdicts, goals, gaps.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.assess_case import assessed, plan
from tests.support.loops import some

# A patient with a late relapse after ide-cel, three classes refractory, nothing else known.
LATE = {
    "car_target_bcma": True,
    "car_target_gprc5d": False,
    "infused_ide_cel": True,
    "car_product": "ide-cel",
    "responded": True,
    "time_to_failure_days": 400,
    "prior_lines": 5,
    "exposed_pi": True,
    "exposed_imid": True,
    "exposed_anti_cd38": True,
    "exposed_gprc5d": False,
    "exposed_talquetamab": False,
    "refractory_talquetamab": False,
    "stopped_for_toxicity_talquetamab": False,
    "exposed_bcma_bispecific": False,
    "bcma_agent_between_failure_and_sample": False,
}
EARLY = LATE | {"time_to_failure_days": 60}
KEPT = {
    "bcma_flow_percent": 95.0,
    "bcma_ihc_percent": 95.0,
    "tnfrsf17_biallelic_fraction": 0.0,
    "tnfrsf17_ectodomain_variant": False,
}


def only_bcma() -> Any:
    """Options whose one tumour target is BCMA. The gamma-secretase inhibitor raises BCMA on the
    cell and is given beside another agent.
    """
    return [
        o.option.id
        for o in plan().options
        if o.option.targets == ("BCMA",) and o.option.role == "definitive"
    ]


def by_id(assessment: Any) -> Any:
    return {o.id: o for o in assessment.options}


def test_clonal_biallelic_loss_excludes_every_option_whose_only_target_is_bcma() -> None:
    found = by_id(assessed(LATE | {"tnfrsf17_biallelic_fraction": 0.9}))
    assert len(only_bcma()) >= 12
    assert {found[o].verdict for o in only_bcma()} == {"excluded"}
    assert all(found[o].permanent for o in only_bcma())


def test_loss_by_two_methods_excludes_as_well() -> None:
    found = by_id(assessed(LATE | {"bcma_flow_percent": 0.0, "bcma_ihc_percent": 1.0}))
    assert {found[o].verdict for o in only_bcma()} == {"excluded"}


def test_subclonal_loss_discourages_and_names_it() -> None:
    stains = {"bcma_flow_percent": 70.0, "bcma_ihc_percent": 70.0}
    found = by_id(assessed(LATE | KEPT | {"tnfrsf17_biallelic_fraction": 0.2} | stains))
    verdicts = {o: found[o].verdict for o in only_bcma()}
    assert set(verdicts.values()) <= {"discouraged", "excluded"}
    assert "bcma-subclonal-loss" in found["teclistamab"].against


@pytest.mark.parametrize("values", [{"bcma_flow_percent": 0.0}, {"bcma_ihc_percent": 0.0}])
def test_one_negative_stain_excludes_nothing_and_puts_nothing_first(values: Any) -> None:
    result = assessed(LATE | values)
    found = by_id(result)
    lost = [
        name
        for o in only_bcma()
        for name in found[o].against
        if result.reasons[name].effect == "exclude" and "lost" in name
    ]
    assert lost == []
    assert {found[o].verdict for o in only_bcma()} <= {"excluded", "discouraged"}
    strategies = {found[o].strategy for o in only_bcma()}
    assert {result.answer.tier_of(s) for s in strategies} <= {"avoid", "not_possible"}


def test_an_option_with_two_targets_says_which_arm_is_inert() -> None:
    found = assessed(LATE | {"tnfrsf17_biallelic_fraction": 0.9})
    dual = found.option("talquetamab-teclistamab")
    said = [r.text for r in found.reasons_of(dual.against + dual.cautions) if r.truth]
    assert any("BCMA" in text for text in said)
    assert dual.verdict != "excluded"


def test_an_extracellular_variant_with_a_positive_stain_leaves_no_bcma_bispecific_first() -> None:
    kept = assessed(LATE | KEPT)
    variant = assessed(LATE | KEPT | {"tnfrsf17_ectodomain_variant": True})
    for option in some(plan().options):
        if option.option.strategy == "bispecific-bcma":
            assert variant.option(option.option.id).verdict == "discouraged"
    assert kept.option("teclistamab").verdict == "open"
    assert kept.answer.tier_of("bispecific-bcma") == "alternative"
    assert variant.answer.tier_of("bispecific-bcma") == "avoid"
    assert variant.option("talquetamab").verdict == kept.option("talquetamab").verdict == "open"
    assert variant.answer.tier_of("bispecific-gprc5d") == "first"
    assert kept.answer.tier_of("bispecific-gprc5d") == "first"


def test_an_unknown_antigen_decides_after_an_early_failure_and_cautions_after_a_late_one() -> None:
    result = assessed(LATE)
    early, late = by_id(assessed(EARLY)), by_id(result)
    assert early["teclistamab"].verdict == "needs_information"
    assert early["teclistamab"].if_clear == "open"
    assert late["teclistamab"].verdict == "open"
    assert any(
        {"bcma_flow_percent", "bcma_status"} & set(result.missing(r))
        for r in result.reasons_of(late["teclistamab"].cautions)
    )
    never_responded = by_id(assessed(LATE | {"responded": False, "time_to_failure_days": 250}))
    assert never_responded["teclistamab"].verdict == "needs_information"


def test_loss_of_gprc5d_excludes_gprc5d_and_leaves_bcma() -> None:
    result = assessed(LATE | KEPT | {"gprc5d_biallelic_fraction": 0.9})
    found = by_id(result)
    assert found["talquetamab"].verdict == found["gprc5d-car-t"].verdict == "excluded"
    assert found["teclistamab"].verdict == "open"
    assert result.answer.tier_of("bispecific-gprc5d") == "not_possible"
    assert result.answer.tier_of("bispecific-bcma") in ("first", "alternative")


def test_an_active_infection_stops_engagers_until_it_is_cleared() -> None:
    infected = assessed(LATE | {"active_infection": True})
    found = by_id(infected)
    for option in ("talquetamab", "teclistamab", "second-cart-cilta-cel"):
        assert found[option].verdict == "excluded"
        assert found[option].until
        assert not found[option].permanent
        assert infected.answer.tier_of(found[option].strategy) == "not_possible"
    assert infected.answer.state == "stabilise_first"
    assert {"bispecific-gprc5d", "bispecific-bcma"} <= set(infected.answer.then)
    # silence on infection is no infection and no absence of it
    silent = assessed(LATE)
    talquetamab = silent.option("talquetamab")
    assert talquetamab.verdict == "open"
    assert silent.answer.tier_of("bispecific-gprc5d") == "first"
    asked = [name for r in silent.reasons_of(talquetamab.checklist) for name in silent.missing(r)]
    assert "active_infection" in asked


def test_comfort_as_the_goal_leaves_supportive_care() -> None:
    found = assessed(
        LATE | KEPT | {"goals_of_care": "comfort_only", "bone_lesion_or_cord_at_relapse": True}
    )
    assert {o.verdict for o in found.options} <= {"excluded", "discouraged", "open", None}
    open_ = {o.id for o in found.options if o.verdict == "open"}
    assert open_ == {
        "dexamethasone-holding",
        "radiotherapy",
        "observe",
        "cns-directed",
    }  # what relieves, and waiting
    assert found.answer.tier_of("cns-directed") == "avoid"  # no disease there is known
    (care,) = [o for o in found.options if o.role == "supportive"]
    assert care.verdict is None
    assert care.support
    assert found.answer.state == "comfort"
    assert [s.strategy for s in found.answer.tiers[0].strategies] == ["supportive-care"]
    assert found.answer.tiers[0].tier == "first"


@pytest.mark.parametrize(
    ("t_11_14", "verdicts"),
    [(None, {"needs_information"}), (True, {"open"}), (False, {"discouraged", "excluded"})],
)
def test_venetoclax_waits_for_the_translocation(t_11_14: Any, verdicts: Any) -> None:
    found = by_id(assessed(LATE | {"t_11_14": t_11_14}))
    assert found["venetoclax-dexamethasone"].verdict in verdicts


def test_two_unknown_stops_at_once_are_asked_for() -> None:
    found = assessed(EARLY | {"exposed_bcma_bispecific": None})
    asked = {
        t.ids[0]
        for t in found.next_tests
        for change in t.changes
        if any(x.kind == "option" and x.from_ == "needs_information" for x in change.turns)
    }
    assert "bcma_on_tumour" in asked
    assert "fish" in asked


@pytest.mark.parametrize("region", ["US", "EU", None])
@pytest.mark.parametrize("day", [None])
def test_without_a_date_availability_says_check_and_bars_nothing(region: Any, day: Any) -> None:
    found = assessed(LATE, region=region, day=day)
    assert found.option("talquetamab").availability.status == "check"
    assert found.option("talquetamab").verdict == "open"
    assert found.answer.tier_of("bispecific-gprc5d") == "first"


@pytest.mark.parametrize("trials_open", [None, False])
def test_what_has_no_approval_is_for_trials_and_never_first(trials_open: Any) -> None:
    found = assessed(LATE | KEPT | {"trials_open": trials_open})
    trial = {o.id for o in found.options if o.availability.status == "trial_only"}
    assert {"cevostamab", "gprc5d-car-t"} <= trial
    high = [
        strategy
        for tier in found.answer.tiers
        if tier.tier in ("first", "alternative")
        for strategy in tier.strategies
    ]
    assert high
    assert [strategy for strategy in high if strategy.option in trial] == []


def test_nothing_without_direct_evidence_shows_a_figure_after_car_t() -> None:
    for values in (
        LATE | KEPT,
        EARLY | KEPT,
        LATE | KEPT | {"t_11_14": True, "braf_v600e": True, "cord_compression": True},
    ):
        found = assessed(values)
        assert found.options
        for option in found.options:
            evidence = found.evidence[option.evidence]
            if evidence.directness != "direct":
                assert all(row.directness != "direct" or row.of_class for row in evidence.expected)


def test_facts_from_before_the_infusion_alone_leave_the_cause_open() -> None:
    found = assessed(
        LATE
        | {
            "del_17p": True,
            "ferritin_before_infusion": 2500.0,
            "ferritin_above_normal_before_infusion": True,
        }
    )
    assert found.causes.undetermined
    assert found.causes.risk_factors
    assert all(r.grade == "possible" for r in found.causes.risk_factors)


def test_poor_expansion_does_not_explain_a_relapse_after_a_long_complete_response() -> None:
    low = {"alc_peak_15": 0.3, "car_assay_of_expansion": True, "car_peak_height": "low"}
    early = assessed(
        EARLY | low | {"failure_timing": "early", "failure_kind": "progression_after_response"}
    )
    long = assessed(
        LATE
        | low
        | {
            "failure_timing": "late",
            "failure_kind": "progression_from_cr",
            "best_response": "CR",
        }
    )

    def grade(assessment: Any) -> Any:
        return next(
            (
                f.grade
                for g in assessment.causes.groups
                for f in g.factors
                if f.id == "poor_cart_expansion"
            ),
            "not_applicable",
        )

    assert grade(early) == "likely"
    assert grade(long) in ("not_applicable", "unlikely", "excluded")


def test_a_t_cell_neoplasm_stands_first_as_not_a_relapse() -> None:
    found = assessed(LATE | {"t_cell_neoplasm": True, "lesion_not_myeloma": True})
    assert found.causes.groups[0].group == "safety"
    assert found.causes.groups[0].rank is None
    assert [a.id for a in found.alerts] == ["second_malignancy"]
