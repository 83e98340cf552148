"""A reason that joins several conditions names the one that this patient has, and a strategy is
told by what stops all of its products.

The patient of a row had a late relapse after ide-cel with BCMA and GPRC5D kept; the row adds to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.spec.test_tiers import LATE
from tests.support.assess_case import assessed, plan
from tests.support.loops import some

from rearm.assessment import Assessment
from rearm.knowledge.rulesets import Place, Rule

Values = dict[str, Any]
USED_UP: Values = {"refractory_bcma_bispecific": True, "refractory_gprc5d": True}
CAR_T, ENGAGER = "second-cart-same-target", "bispecific-bcma"


def line(result: Assessment, strategy: str) -> Any:
    return next(s for t in result.answer.tiers for s in t.strategies if s.strategy == strategy)


def told(result: Assessment, strategy: str) -> str:
    return " / ".join(result.reasons[key].text for key in line(result, strategy).because)


# what the patient has, strategy, what the reason says, what it does not say
PLACED: list[tuple[Values, str, str, str]] = [
    ({"responded": False, "best_response": "SD"}, ENGAGER, "never worked", "six months"),
    ({"failure_timing": "early", "time_to_failure_days": 80, "days_since_infusion": 95,
      "early_or_no_response": True}, ENGAGER, "within six months", "never worked"),
    ({"igg": 250.0}, ENGAGER, "With low IgG", "infections GPRC5D"),
    ({"recurrent_severe_infections": True}, ENGAGER, "repeated severe infections", "low IgG"),
    (USED_UP, "xpo1-inhibitor", "both targets failed", "grade 4"),
    ({"icans_grade_past": 4}, "xpo1-inhibitor", "Grade 4 neurotoxicity", "targets failed"),
    ({"icans_grade_past": 4}, CAR_T, "grade 4 neurotoxicity", "nerve palsy"),
    ({"cord_threatened": True, "bone_lesion_or_cord_at_relapse": True}, "radiotherapy",
     "The cord is threatened", "nervous system"),
    ({"cord_compression": True, "cord_threatened": True, "bone_lesion_or_cord_at_relapse": True},
     "radiotherapy", "The cord is compressed", "threatened"),
    ({"renal_failure": True}, "corticosteroid", "If light chains harm the kidney", "calcium"),
    ({"goals_of_care": "no_hospital"}, "alkylator-conventional", "declined", "can be used"),
    ({"ecog": 2}, "alkylator-intensive", "ECOG is 2 or worse", "weak"),
    ({"icans_grade_past": 3}, CAR_T, "only in a trial and once neurology agrees", "first CAR-T"),
    ({"iec_hs": True, "iec_hs_past": True}, CAR_T, "is active", "After hyperinflammation"),
    ({"cns_disease": True}, "corticosteroid", "treatment of the CNS", "calcium"),
    ({"hypercalcaemia": True}, "corticosteroid", "calcium", "cord"),
    ({"hypercalcaemia": True}, ENGAGER, "Treat the hypercalcaemia first", "kidney"),
    ({"hemoglobin": 9.0}, "observe", "Anaemia", "lesion"),
    ({"relapse_pattern_extraosseous": True}, "observe", "A lesion", "Anaemia"),
    ({"t_11_14": None}, "bcl2-inhibitor", "was not tested", "has no"),
    ({"dialysis": True}, "second-cart-new-target", "on dialysis", "45 mL"),
    ({"relapse_status": "suspected"}, "pi-combination", "if progression is confirmed", "useful"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "strategy", "says", "silent"), PLACED, ids=str)
def test_the_reason_is_the_patients_own(
    change: Values, strategy: str, says: str, silent: str
) -> None:
    text = told(assessed(LATE | change), strategy)
    assert says in text
    assert silent not in text


# what the patient has, option, what one of its reasons says, what none of them says
RULED: list[tuple[Values, str, str, str]] = [
    ({"platelets": 18.0}, "selinexor-dexamethasone", "below 25 G/L", "infection"),
    ({"platelets": 40.0}, "elotuzumab-pomalidomide-dexamethasone", "Platelets are", "Neutrophils"),
    ({"dialysis": True}, "talquetamab", "dialysis unit", "below 30 mL/min"),
    ({"creatinine_clearance": 20.0, "dialysis": False}, "talquetamab", "below 30 mL/min",
     "dialysis"),
    ({"refractory_carfilzomib": True, "refractory_bortezomib": False},
     "selinexor-bortezomib-dexamethasone", "to carfilzomib and not to bortezomib", "relies on its"),
    ({"refractory_carfilzomib": True, "refractory_bortezomib": True},
     "selinexor-bortezomib-dexamethasone", "refractory to bortezomib", "not to bortezomib"),
    ({"refractory_anti_cd38": False, "refractory_bortezomib": True},
     "daratumumab-bortezomib-dexamethasone", "only a CD38 antibody", "pomalidomide"),
    ({"refractory_anti_cd38": True, "refractory_carfilzomib": True},
     "daratumumab-carfilzomib-dexamethasone", "to a CD38 antibody and to carfilzomib", "both"),
    ({"failure_timing": "early", "time_to_failure_days": 80, "days_since_infusion": 95,
      "early_or_no_response": True, "in_specification": True, "relapse_pattern_extraosseous": None},
     "second-cart-cilta-cel", "although the product met its specification", "extraosseous, where"),
    ({"icans_grade_past": 3}, "second-cart-cilta-cel", "once neurology agrees", "on a ward"),
    ({"icans_grade_past": 3}, "teclistamab", "start on a ward", "only in a trial"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "option", "says", "silent"), RULED, ids=str)
def test_the_rule_names_what_acts(change: Values, option: str, says: str, silent: str) -> None:
    result = assessed(LATE | change)
    own = result.option(option)
    keys = (*own.against, *own.cautions, *own.for_)
    texts = [result.reasons[key].text for key in keys if result.reasons[key].truth]
    assert any(says in text for text in texts), texts
    assert not any(silent in text for text in texts), texts


def test_bortezomib_that_never_failed_is_not_refused_for_carfilzomib() -> None:
    spent = {"refractory_pi": True, "refractory_carfilzomib": True}
    kept = assessed(LATE | spent | {"refractory_bortezomib": False})
    assert kept.option("bortezomib-dexamethasone").verdict == "open"
    gone = assessed(LATE | spent | {"refractory_bortezomib": True})
    assert gone.option("bortezomib-dexamethasone").verdict == "discouraged"


def test_the_labelled_combination_stands_before_the_pair_outside_its_label() -> None:
    """Selinexor with dexamethasone is labelled after five drugs failed, with bortezomib from the
    second line on; a caution more does not turn that round.
    """
    values = LATE | USED_UP | {
        "refractory_bortezomib": False, "refractory_carfilzomib": True,
        "penta_drug_refractory": False,
    }  # fmt: skip
    result = assessed(values)
    own = line(result, "xpo1-inhibitor")
    assert own.option == "selinexor-bortezomib-dexamethasone" and own.access == "available"
    assert result.option("selinexor-dexamethasone").availability.status == "outside_label"


@pytest.mark.parametrize("change", [{"active_infection": True}, {"ecog": 3}, {"hemoglobin": 7.0}])
def test_a_strategy_is_not_told_by_the_product_that_was_given(change: Values) -> None:
    result = assessed(LATE | change)
    own = line(result, CAR_T)
    assert result.option("second-cart-ide-cel").against != result.option(own.option).against
    assert "another product" not in told(result, CAR_T)


def test_light_chains_on_dialysis_are_not_told_by_creatinine() -> None:
    high = {"light_chain_very_high": True}
    alerts = {x.id: x.text for x in assessed(LATE | high | {"dialysis": True}).alerts}
    assert "nephrology" in alerts["cast_nephropathy_to_consider"]
    assert "Creatinine and urine" not in alerts["cast_nephropathy_to_consider"]
    alerts = {x.id: x.text for x in assessed(LATE | high | {"dialysis": None}).alerts}
    assert "Creatinine and urine" in alerts["cast_nephropathy_to_consider"]


def worded() -> Iterator[Rule | Place]:
    knowledge = plan().knowledge
    for option in knowledge.options.values():
        yield from (rule for rule in option.rules if rule.wordings)
    yield from (place for place in knowledge.places.values() if place.wordings)


def test_no_wording_is_said_twice() -> None:
    """A wording that repeats the reason, or another of its row, is none."""
    for owner in some(list(worded())):
        base = owner.reason if isinstance(owner, Place) else owner.because
        texts = [base, *(wording.text for wording in owner.wordings)]
        assert len(set(texts)) == len(texts), owner.id
        assert len({w.when for w in owner.wordings}) == len(owner.wordings), owner.id
