"""The option rules on hand-written patients: a row of findings each, and what a careful panel
expects of each strategy.

`verdict` here is the obvious reading of the order of verdicts, without evidence and availability:
what they could only lower stands as `favoured`. The patients are invented; the expectations that
need no more than findings follow the shared vignettes D01 to D14.
"""

from __future__ import annotations

from datetime import date

import pytest
from tests.support.loops import some

from rearm.knowledge import Knowledge, load
from rearm.knowledge.rulesets import Option
from rearm.rules import parse_condition, truth

Row = dict[str, bool | float | int | str | None]

DISCOURAGED_OR_WORSE = {"excluded", "discouraged"}
OPEN = {"open", "favoured"}
BELOW_FAVOURED = {"excluded", "discouraged", "needs_information", "open"}
NOT_EXCLUDED = {"discouraged", "needs_information", "open", "favoured"}


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load()


def holds(knowledge: Knowledge, when: str, row: Row) -> bool | None:
    return truth(parse_condition(when, knowledge.catalogue), row)


def verdict(knowledge: Knowledge, option: Option, row: Row) -> str:
    """The first verdict that holds: a true stop, a true objection, an unknown stop of stage choose,
    a true reason for it.
    """
    truths = [(rule, holds(knowledge, rule.when, row)) for rule in option.rules]
    stops = [(rule,
        is_true if rule.effect == "exclude" else None if is_true is None else not is_true)
             for rule, is_true in truths if rule.effect in ("exclude", "require")]  # fmt: skip
    if any(stopped for _, stopped in stops):
        return "excluded"
    if any(is_true for rule, is_true in truths if rule.effect == "discourage"):
        return "discouraged"
    if any(stopped is None and rule.stage == "choose" for rule, stopped in stops):
        return "needs_information"
    return (
        "favoured"
        if any(is_true for rule, is_true in truths if rule.effect == "favour")
        else "open"
    )


def permanent(knowledge: Knowledge, option: Option, row: Row) -> bool:
    """Whether a stop without `until` is true."""
    return any(
        holds(knowledge, r.when, row) is (r.effect == "exclude") and r.until is None
        for r in option.rules
        if r.effect in ("exclude", "require")
    )


TRIPLE: Row = {
    "exposed_pi": True,
    "exposed_imid": True,
    "exposed_anti_cd38": True,
    "refractory_pi": True,
    "refractory_imid": True,
    "refractory_anti_cd38": True,
    "refractory_carfilzomib": True,
    "refractory_pomalidomide": True,
    "refractory_lenalidomide": True,
}
FAILED: Row = {
    "failure_status": "failed",
    "car_target_bcma": True,
    "car_target_gprc5d": False,
    "urgent": False,
}
IDE: Row = {
    "car_product": "ide-cel",
    "infused_ide_cel": True,
    "infused_cilta_cel": False,
    "infused_eque_cel": False,
    "construct_human": False,
}
CILTA: Row = IDE | {"car_product": "cilta-cel", "infused_ide_cel": False, "infused_cilta_cel": True}
NO_GPRC5D: Row = {
    "exposed_gprc5d": False,
    "exposed_talquetamab": False,
    "refractory_gprc5d": False,
    "exposed_bcma_bispecific": False,
    "refractory_bcma_bispecific": False,
    "exposed_tce_after_infusion": False,
}
LATE: Row = {
    "failure_timing": "late",
    "responded": True,
    "early_or_no_response": False,
    "relapse_pattern_extraosseous": False,
}

PATIENTS: dict[str, Row] = {
    "D01 both TNFRSF17 copies lost, t(11;14)": (
        FAILED
        | IDE
        | NO_GPRC5D
        | LATE
        | TRIPLE
        | {
            "bcma_status": "lost",
            "bcma_loss_fraction": 0.93,
            "gprc5d_status": "retained",
            "t_11_14": True,
            "days_since_infusion": 300,
        }
    ),
    "D02 ectodomain variant, stain positive, keratopathy 3": (
        FAILED
        | IDE
        | NO_GPRC5D
        | LATE
        | TRIPLE
        | {
            "bcma_status": "retained",
            "tnfrsf17_ectodomain_variant": True,
            "gprc5d_status": "retained",
            "keratopathy_grade": 3,
            "eye_care_access": True,
            "neutrophils": 1.9,
            "platelets": 96.0,
            "lvef": 58.0,
            "ecog": 1,
        }
    ),
    "D03 one copy lost, heart failure, T-cell therapy planned": (
        FAILED
        | CILTA
        | NO_GPRC5D
        | LATE
        | {
            "bcma_status": "retained",
            "tnfrsf17_one_copy": True,
            "lvef": 30.0,
            "heart_failure_severe": True,
            "next_tcell_therapy_planned": True,
            "neutrophils": 2.1,
        }
    ),
    "D04 one negative stain, neuropathy 3": (
        FAILED
        | IDE
        | NO_GPRC5D
        | {
            "bcma_status": "not_detected_unconfirmed",
            "early_or_no_response": True,
            "responded": True,
            "failure_timing": "intermediate",
            "neuropathy_grade": 3,
            "neutrophils": 1.6,
        }
    ),
    "D05 liver lesion untested, cord, talquetamab stopped": (
        FAILED
        | CILTA
        | LATE
        | {
            "bcma_status": "retained",
            "relapse_pattern_extraosseous": True,
            "untested_lesion": True,
            "urgent": True,
            "cord_compression": True,
            "any_plasmacytoma_at_relapse": True,
            "lesions_at_relapse": 2,
            "exposed_gprc5d": True,
            "exposed_talquetamab": True,
            "exposed_bcma_bispecific": False,
            "stopped_for_toxicity_talquetamab": True,
            "oral_or_weight_toxicity": True,
        }
    ),
    "D06 primary refractory, antigen unknown": (
        FAILED
        | IDE
        | NO_GPRC5D
        | TRIPLE
        | {
            "responded": False,
            "early_or_no_response": True,
            "failure_timing": "early",
            "days_since_infusion": 60,
            "neutrophils": 1.4,
            "platelets": 70.0,
            "refractory_bendamustine": True,
        }
    ),
    "D07 early relapse, nothing tested": (
        FAILED
        | CILTA
        | NO_GPRC5D
        | TRIPLE
        | {
            "responded": True,
            "early_or_no_response": True,
            "failure_timing": "early",
            "days_since_infusion": 90,
            "neutrophils": 1.2,
            "platelets": 62.0,
        }
    ),
    "D08 late relapse from CR, no t(11;14), hepatitis B": (
        FAILED
        | CILTA
        | NO_GPRC5D
        | LATE
        | {
            "days_since_infusion": 560,
            "bcma_status": "retained",
            "t_11_14": False,
            "hbsag": True,
            "neutrophils": 2.2,
        }
    ),
    "D10 GPRC5D lost after a talquetamab bridge, leukaemic, CNS": (
        FAILED
        | CILTA
        | LATE
        | {
            "bcma_status": "retained",
            "gprc5d_status": "lost",
            "exposed_gprc5d": True,
            "exposed_talquetamab": True,
            "exposed_bcma_bispecific": False,
            "urgent": True,
            "cns_disease": True,
            "plasma_cell_leukaemia": True,
            "neutrophils": 1.3,
            "platelets": 38.0,
        }
    ),
    "D11 anti-CAR antibody, pneumonia, comfort only, 83": (
        FAILED
        | IDE
        | NO_GPRC5D
        | {
            "bcma_status": "retained",
            "early_or_no_response": True,
            "responded": True,
            "failure_timing": "intermediate",
            "anti_car_antibody": True,
            "active_infection": True,
            "goals_of_care": "comfort_only",
            "age": 83,
            "neutrophils": 2.9,
            "igg": 310.0,
        }
    ),
    "D12 relapse from CR by immunofixation only": (
        FAILED | CILTA | NO_GPRC5D | {"failure_status": "suspected", "asymptomatic_relapse": True}
    ),
    "D14 hypercalcaemia, neutrophils 0.3, stored cells, BRAF": (
        FAILED
        | CILTA
        | NO_GPRC5D
        | LATE
        | {
            "failure_status": "suspected",
            "urgent": True,
            "neutrophils": 0.3,
            "platelets": 24.0,
            "prolonged_cytopenia": True,
            "stored_cd34": True,
            "braf_v600e": True,
        }
    ),
}

# patient, strategy, agents that the option contains or None, only these targets or None, allowed
# verdicts
TABLE: list[tuple[str, str, set[str] | None, set[str] | None, set[str]]] = [
    ("D01", "bispecific-bcma", None, {"BCMA"}, {"excluded"}),
    ("D01", "adc-bcma", None, None, {"excluded"}),
    ("D01", "cart-reinfusion", None, None, {"excluded"}),
    ("D01", "second-cart-same-target", None, {"BCMA"}, {"excluded"}),
    ("D01", "bispecific-gprc5d", None, None, OPEN),
    ("D01", "bcl2-inhibitor", None, None, OPEN),
    ("D01", "bispecific-fcrh5", None, None, BELOW_FAVOURED),
    ("D01", "checkpoint-inhibitor", None, None, BELOW_FAVOURED),
    ("D01", "clinical-trial", None, None, NOT_EXCLUDED),
    ("D01", "xpo1-inhibitor", None, None, NOT_EXCLUDED),
    (
        "D01",
        "bispecific-combination",
        {"talquetamab", "teclistamab"},
        None,
        {"discouraged"},
    ),  # one arm inert, said so
    ("D02", "bispecific-bcma", None, None, {"discouraged"}),
    ("D02", "cart-reinfusion", None, None, BELOW_FAVOURED),
    ("D02", "second-cart-same-target", None, None, BELOW_FAVOURED),
    ("D02", "adc-bcma", None, None, DISCOURAGED_OR_WORSE),
    ("D02", "bispecific-gprc5d", None, None, OPEN),
    ("D03", "bispecific-bcma", None, None, NOT_EXCLUDED),
    ("D03", "bispecific-gprc5d", None, None, OPEN),
    ("D03", "pi-combination", {"carfilzomib"}, None, DISCOURAGED_OR_WORSE),
    ("D03", "alkylator-intensive", None, None, DISCOURAGED_OR_WORSE),
    ("D03", "alkylator-conventional", {"bendamustine"}, None, DISCOURAGED_OR_WORSE),
    ("D03", "autologous-sct", None, None, DISCOURAGED_OR_WORSE),
    ("D03", "allogeneic-sct", None, None, DISCOURAGED_OR_WORSE),
    ("D04", "bispecific-bcma", None, None, {"discouraged"}),  # one negative stain is not a loss
    ("D04", "adc-bcma", None, None, BELOW_FAVOURED),
    ("D04", "second-cart-same-target", None, None, BELOW_FAVOURED),
    ("D04", "cart-reinfusion", None, None, BELOW_FAVOURED),
    ("D04", "pi-combination", {"bortezomib"}, None, DISCOURAGED_OR_WORSE),
    ("D04", "bispecific-gprc5d", None, None, OPEN),
    ("D05", "radiotherapy", None, None, {"favoured"}),
    ("D05", "observe", None, None, BELOW_FAVOURED),
    ("D05", "adc-bcma", None, None, BELOW_FAVOURED),
    ("D05", "bispecific-gprc5d", None, None, BELOW_FAVOURED),
    ("D05", "bispecific-combination", None, None, NOT_EXCLUDED),
    ("D05", "corticosteroid", None, None, NOT_EXCLUDED),
    ("D06", "bispecific-bcma", None, {"BCMA"}, {"needs_information"}),
    ("D06", "cart-reinfusion", None, None, BELOW_FAVOURED),
    ("D06", "adc-bcma", None, None, BELOW_FAVOURED),
    ("D06", "bispecific-gprc5d", None, None, {"favoured"}),
    ("D06", "xpo1-inhibitor", None, None, NOT_EXCLUDED),
    ("D07", "bispecific-bcma", None, {"BCMA"}, {"needs_information"}),
    ("D07", "bispecific-gprc5d", None, None, {"favoured"}),
    ("D07", "adc-bcma", None, None, BELOW_FAVOURED),
    ("D07", "cart-reinfusion", None, None, BELOW_FAVOURED),
    ("D07", "bispecific-fcrh5", None, None, BELOW_FAVOURED),
    ("D08", "bcl2-inhibitor", None, None, DISCOURAGED_OR_WORSE),
    ("D08", "bispecific-gprc5d", None, None, OPEN),
    ("D08", "bispecific-bcma", None, None, {"favoured"}),
    ("D08", "cart-reinfusion", None, None, BELOW_FAVOURED),
    ("D10", "bispecific-gprc5d", None, {"GPRC5D"}, {"excluded"}),
    ("D10", "second-cart-new-target", None, {"GPRC5D"}, {"excluded"}),
    ("D10", "observe", None, None, BELOW_FAVOURED),
    ("D10", "bispecific-bcma", None, None, NOT_EXCLUDED),
    ("D11", "bispecific-bcma", None, None, {"excluded"}),
    ("D11", "bispecific-gprc5d", None, None, {"excluded"}),
    ("D11", "bispecific-combination", None, None, {"excluded"}),
    ("D11", "cart-reinfusion", None, None, DISCOURAGED_OR_WORSE),
    ("D11", "second-cart-same-target", None, None, DISCOURAGED_OR_WORSE),
    ("D11", "second-cart-new-target", None, None, DISCOURAGED_OR_WORSE),
    ("D11", "autologous-sct", None, None, DISCOURAGED_OR_WORSE),
    ("D11", "allogeneic-sct", None, None, DISCOURAGED_OR_WORSE),
    ("D11", "alkylator-intensive", None, None, DISCOURAGED_OR_WORSE),
    ("D11", "xpo1-inhibitor", None, None, DISCOURAGED_OR_WORSE),
    ("D11", "adc-bcma", None, None, DISCOURAGED_OR_WORSE),
    ("D11", "supportive-care", None, None, NOT_EXCLUDED),
    ("D12", "observe", None, None, {"favoured"}),
    ("D12", "alkylator-intensive", None, None, BELOW_FAVOURED),
    ("D12", "allogeneic-sct", None, None, BELOW_FAVOURED),
    ("D14", "bispecific-bcma", None, None, {"excluded"}),
    ("D14", "bispecific-gprc5d", None, None, {"excluded"}),
    ("D14", "stem-cell-boost", None, None, {"favoured"}),
    ("D14", "mapk-inhibitor", None, None, {"open"}),
    ("D14", "corticosteroid", None, None, NOT_EXCLUDED),
    ("D14", "observe", None, None, BELOW_FAVOURED),
    ("D14", "alkylator-intensive", None, None, BELOW_FAVOURED),
]


@pytest.mark.parametrize(("patient", "strategy", "agents", "targets", "allowed"), TABLE)
def test_expected_verdicts(
    knowledge: Knowledge,
    patient: str,
    strategy: str,
    agents: set[str] | None,
    targets: set[str] | None,
    allowed: set[str],
) -> None:
    row = row_of(patient)
    options = [
        o for o in knowledge.options.values()
        if o.strategy == strategy
        and (agents is None or agents <= set(o.agents))
        and (targets is None or targets == set(o.targets))
    ]  # fmt: skip
    assert options
    for option in some(options):
        assert verdict(knowledge, option, row) in allowed, option.id


def row_of(patient: str) -> Row:
    return next(row for name, row in PATIENTS.items() if name.startswith(patient))


@pytest.mark.parametrize(
    ("patient", "strategy"),
    [("D14", "bispecific-bcma"), ("D14", "bispecific-gprc5d"), ("D11", "bispecific-gprc5d")],
)
def test_stop_is_temporary(knowledge: Knowledge, patient: str, strategy: str) -> None:
    for option in some(o for o in knowledge.options.values() if o.strategy == strategy):
        assert not permanent(knowledge, option, row_of(patient)), option.id


def test_every_failed_patient_has_a_way_on_and_few_open_questions(knowledge: Knowledge) -> None:
    for name, row in some(PATIENTS.items()):
        verdicts = [
            verdict(knowledge, o, row) for o in knowledge.options.values() if o.role != "supportive"
        ]
        assert len(set(verdicts)) >= 3, name
        assert verdicts.count("needs_information") <= len(verdicts) / 3, name
        if row.get("goals_of_care") != "comfort_only":
            assert OPEN & set(verdicts), name


@pytest.mark.parametrize(
    ("findings", "allowed"),
    [
        ({"bcma_status": "lost"}, {"excluded"}),
        ({"bcma_status": "subclonal_loss", "bcma_loss_fraction": 0.2}, {"discouraged"}),
        ({"bcma_status": "not_detected_unconfirmed"}, {"discouraged"}),
        ({"bcma_status": "retained", "tnfrsf17_ectodomain_variant": True}, {"discouraged"}),
        (
            {},
            BELOW_FAVOURED,
        ),  # unknown after a late failure is a caution: never favoured, never a stop
    ],
)
def test_antigen_states_on_options_against_bcma_alone(
    knowledge: Knowledge, findings: Row, allowed: set[str]
) -> None:
    """Late relapse after a BCMA CAR-T that worked; the product is one of none of the options."""
    row = (
        FAILED
        | LATE
        | NO_GPRC5D
        | {"infused_ide_cel": False, "infused_cilta_cel": False, "infused_eque_cel": False}
        | findings
    )
    row |= {"car_product": "other", "reinfusion_without_expansion": False}
    for option in some(o for o in knowledge.options.values() if set(o.targets) == {"BCMA"}):
        assert verdict(knowledge, option, row) in allowed, option.id


@pytest.mark.parametrize("early", [True, False])
def test_unknown_bcma_is_a_question_after_an_early_failure_only(
    knowledge: Knowledge, early: bool
) -> None:
    row = FAILED | NO_GPRC5D | {"early_or_no_response": early, "responded": True}
    expected = "needs_information" if early else "open"
    assert {
        verdict(knowledge, knowledge.options[o], row)
        for o in ("teclistamab", "elranatamab", "linvoseltamab")
    } == {expected}


def test_unknown_gprc5d_is_a_question_after_exposure_only(knowledge: Knowledge) -> None:
    base = FAILED | LATE
    assert verdict(knowledge, knowledge.options["talquetamab"], base | NO_GPRC5D) == "favoured"
    assert (
        verdict(
            knowledge, knowledge.options["talquetamab"], base | NO_GPRC5D | {"exposed_gprc5d": True}
        )
        == "needs_information"
    )
    assert (
        verdict(
            knowledge,
            knowledge.options["talquetamab"],
            base | {"exposed_gprc5d": True, "gprc5d_status": "retained"},
        )
        == "open"
    )


def test_each_rule_has_a_row_where_it_fires_and_one_where_it_must_not(knowledge: Knowledge) -> None:
    for option in some(knowledge.options.values()):
        for rule in option.rules:
            assert rule.example_true is not None and rule.example_false is not None, rule.id
            assert holds(knowledge, rule.when, dict(rule.example_true)) is True, rule.id
            assert holds(knowledge, rule.when, dict(rule.example_false)) is False, rule.id


def test_stage_belongs_to_stops_and_choose_to_target_exposure_and_marker(
    knowledge: Knowledge,
) -> None:
    """Infection, counts, organs, viruses and pregnancy are often silent in records: they never
    leave an option a question.
    """
    findings = {f.name: f for f in knowledge.catalogue.values()}
    for option in some(knowledge.options.values()):
        for rule in option.rules:
            assert (rule.stage is not None) == (rule.effect in ("exclude", "require")), rule.id
            if rule.stage == "choose":
                groups = {
                    findings[name].group
                    for name in parse_condition(rule.when, knowledge.catalogue).reads
                }
                assert groups <= {"antigen", "exposure", "course", "tumour"}, rule.id


def test_trial_only_options_have_no_approval_and_approvals_are_dated(knowledge: Knowledge) -> None:
    assert [o.id for o in knowledge.options.values() if "trial" in o.tags and o.availability] == []
    for option in some(knowledge.options.values()):
        for row in option.availability:
            assert (
                row.region in {"US", "EU", "CN"} and row.from_ <= date(2026, 11, 30) and row.source
            ), option.id
