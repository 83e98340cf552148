"""Which tests are asked for, what availability is called, and how a finding is worded: rules of the
bundle on small cases.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.support.assess_case import assessed, plan
from tests.support.loops import some

import rearm
from rearm.assessment.basis import Basis
from rearm.assessment.judging import judge
from rearm.assessment.patient import Patient
from rearm.assessment.scenarios import varied
from rearm.findings import Found
from rearm.interval import Interval
from rearm.record import Infusion, Lab, Record, Source, When
from rearm.report.assessment.context import page_context
from rearm.report.assessment.sentences import availability_text, finding_text
from rearm.report.figures import in_whom

ROOT = Path(__file__).parents[2]
LATE = {"responded": True, "time_to_failure_days": 300, "car_target_bcma": True, "prior_lines": 5}
COUNTS = {
    "neutrophils": 2.0,
    "platelets": 150.0,
    "hemoglobin": 11.0,
    "hypercalcaemia": False,
    "renal_failure": False,
}


def asked(values: Any, **more: Any) -> Any:
    return {t.ids[0]: t for t in assessed({**LATE, **values}, **more).next_tests}


# ---------------------------------------------------------------- next tests


def test_only_what_is_missing_is_asked_for_and_named() -> None:
    panel = asked(COUNTS)["blood_panel"]
    assert panel.mandatory
    assert panel.findings == ("creatinine_clearance",)
    assert "Missing: GFR or creatinine clearance." in panel.why


def test_a_panel_of_which_all_is_known_is_not_asked_for() -> None:
    assert "blood_panel" not in asked(COUNTS | {"creatinine_clearance": 80.0})


def test_a_panel_of_which_nothing_is_known_names_nothing_as_missing() -> None:
    assert "Missing" not in asked({})["blood_panel"].why


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        ({}, True),
        ({"bcma_flow_percent": 0.0}, True),  # one negative stain waits for a second method
        ({"bcma_flow_percent": 10.0}, True),
        ({"bcma_flow_percent": 90.0}, False),
        ({"bcma_flow_percent": 0.0, "bcma_ihc_percent": 0.0}, False),
        (
            {"tnfrsf17_biallelic_fraction": 0.9},
            False,
        ),  # both copies are gone: no stain changes that
    ],
)
def test_a_stain_is_asked_for_until_the_antigen_is_settled(known: Any, wanted: Any) -> None:
    assert ("bcma_on_tumour" in asked(known)) is wanted


def test_a_result_against_what_is_shown_is_not_tried() -> None:
    values: dict[str, Any] = {
        "failure_status": "failed",
        "bcma_flow_percent": 90.0,
        "bcma_status": "retained",
    }
    found = {name: Found(value, (), name) for name, value in values.items()}
    patient = Patient(
        record=Record(patient_id="case", source=Source("case", "")),
        as_of=400, day=None, failures=(), found=found, values=values,
            intervals={"marrow_blasts_percent": Interval(0.0, 6.0)}, inputs=values,
    )  # fmt: skip
    answers = judge(plan(), [patient], None).answers[0].tolist()
    ways = varied(plan(), patient, answers, tried=True)
    tried = {v.workups[0].workup.id: v for v in ways}
    fractions = {
        s.values["tnfrsf17_biallelic_fraction"] for s in tried["tnfrsf17_sequencing"].scenarios
    }
    assert fractions == {0.0, 0.2}  # 0.9 would leave no cells for the stain
    blasts = {s.values["marrow_blasts_percent"] for s in tried["marrow"].scenarios}
    assert blasts == {1.0}  # 10 lies outside of what is known


@pytest.mark.parametrize(
    ("bounds", "wanted"), [(Interval(75.0, 76.0), False), (Interval(55.0, 65.0), True)]
)
def test_bounds_are_enough_where_no_limit_lies_between_them(bounds: Any, wanted: Any) -> None:
    """A clearance of 75 or 76 (age by year of birth) is known as well as the rules need it; 55 to
    65 is not.
    """
    known: dict[str, Any] = {"failure_status": "failed", **COUNTS}
    patient = Patient(
        record=Record(patient_id="case", source=Source("case", "")), as_of=400, day=None,
            failures=(),
        found={n: Found(v, (), n) for n, v in known.items()}, values=known,
            intervals={"creatinine_clearance": bounds}, inputs=known,
    )  # fmt: skip
    answers = judge(plan(), [patient], None).answers[0].tolist()
    asked = {v.workups[0].workup.id for v in varied(plan(), patient, answers, tried=True)}
    assert ("blood_panel" in asked) is wanted


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        ({}, False),  # the imaging asks first
        (
            {
                "any_plasmacytoma_at_relapse": False,
                "lesion_without_histology": False,
                "untested_lesion": False,
            },
            False,
        ),
        (
            {
                "any_plasmacytoma_at_relapse": True,
                "lesion_without_histology": True,
                "untested_lesion": True,
            },
            True,
        ),
        (
            {
                "any_plasmacytoma_at_relapse": True,
                "lesion_without_histology": False,
                "untested_lesion": False,
            },
            False,
        ),
    ],
)
def test_a_biopsy_needs_a_lesion(known: Any, wanted: Any) -> None:
    assert ("lesion_biopsy" in asked(known)) is wanted


@pytest.mark.parametrize(
    ("bare", "untested", "wanted"),
    [
        (True, True, {"lesion_biopsy"}),
        (False, True, {"lesion_stains"}),  # the histology is there: stain the block
        (False, False, set()),
        (None, True, {"lesion_biopsy"}),  # nobody knows whether there is a block
    ],
)
def test_the_block_is_stained_where_there_is_one(
    bare: bool | None, untested: bool, wanted: set[str]
) -> None:
    known = {
        "any_plasmacytoma_at_relapse": True,
        "lesion_without_histology": bare,
        "untested_lesion": untested,
    }
    found = asked({name: value for name, value in known.items() if value is not None})
    assert {"lesion_biopsy", "lesion_stains"} & set(found) == wanted


def test_tissue_of_an_unbiopsied_lesion_comes_before_the_marrow() -> None:
    """What changes the first choice is asked for first; then the minimum work-up."""
    found = assessed(
        LATE
        | {
            "any_plasmacytoma_at_relapse": True,
            "lesion_without_histology": True,
            "untested_lesion": True,
        }
    )
    rest = [test for test in found.further_tests if test.mandatory]
    assert rest[0].ids == ("lesion_biopsy",)
    assert ("marrow",) in [test.ids for test in rest]
    kinds = {t.kind for test in found.tests for c in test.changes for t in c.turns}
    assert "strategy" in kinds


@pytest.mark.parametrize("status", ["suspected", "cannot_be_judged"])
def test_markers_are_repeated_while_failure_is_open(status: Any) -> None:
    test = asked({}, status=status)["repeat_markers"]
    assert test.mandatory
    assert test.findings == ("failure_status",)


def followed(last_contact: Any) -> Any:
    """In remission at day 100 by the markers, then only seen."""
    row = Source("case", "1")
    labs = [
        Lab(test="serum_m_protein", when=When.on(day), source=row, quantity=Interval.of(value))
        for day, value in ((-20, 30.0), (30, 8.0), (60, 6.0), (100, 6.0))
    ]
    infusion = Infusion(
        when=When.on(0), source=row, product="ide-cel", targets=("BCMA",), infused=True
    )
    return Record(
        patient_id="case",
        source=row,
        labs=tuple(labs),
        infusions=(infusion,),
        last_seen_day=last_contact,
    )


@pytest.mark.parametrize(("last_contact", "wanted"), [(220, False), (221, True)])
def test_old_markers_are_asked_for_and_not_mandatory(last_contact: Any, wanted: Any) -> None:
    found = rearm.assess(followed(last_contact))
    assert found.failures[-1].status == "not_failed"
    tests = [t for t in found.next_tests if t.ids == ("repeat_markers",)]
    assert bool(tests) is wanted
    for test in tests:
        assert not test.mandatory
        assert "day 100, 121 days before" in test.why


# ---------------------------------------------------------------- availability


def test_marketed_drugs_without_an_approval_for_this_use_are_off_label() -> None:
    result = assessed(LATE)
    found = {o.id: o for o in result.options}
    assert {
        found[name].availability.status
        for name in ("dcep", "pace", "venetoclax-dexamethasone", "talquetamab-teclistamab")
    } == {"off_label"}
    assert found["cevostamab"].availability.status == "trial_only"
    assert {
        found[name].availability.status for name in ("observe", "supportive-care", "radiotherapy")
    } == {"not_needed"}
    high = [
        s for t in result.answer.tiers if t.tier in ("first", "alternative") for s in t.strategies
    ]
    assert high
    assert not any(s.access == "trial_only" for s in high)
    assert all(s.access == found[s.option].availability.status for s in high)
    assert "in a trial only" not in availability_text(result, found["pace"])


@pytest.mark.parametrize(
    ("region", "hint"), [("DE", True), ("fr", True), ("CH", False), ("GB", False), ("XX", False)]
)
def test_a_member_state_is_led_to_the_eu(region: Any, hint: Any) -> None:
    with pytest.raises(
        rearm.AssessmentError, match="No approvals are recorded for the region"
    ) as error:
        rearm.assess(followed(150), region=region)
    assert ("give EU" in str(error.value)) is hint


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Found(True), "yes – received a proteasome inhibitor"),
        (Found(False), "no – received a proteasome inhibitor"),
        (Found(None), "not known: earlier proteasome inhibitor"),
        (
            Found(None, (), "the history is not complete"),
            "not known: earlier proteasome inhibitor (the history is not complete)",
        ),
        (Found(False, (), "none of 4 lines"), "none of 4 lines"),
    ],
)
def test_a_finding_never_reads_as_stated_when_it_is_not(found: Any, text: Any) -> None:
    patient = Patient(
        record=Record(patient_id="case", source=Source("case", "")),
        as_of=400, day=date(2025, 1, 1), failures=(), found={"exposed_pi": found}, values={},
            intervals={}, inputs={},
    )  # fmt: skip
    assert finding_text(Basis(plan(), patient, (), ()).finding("exposed_pi")) == text


def test_no_words_stand_twice_in_one_basis() -> None:
    records = rearm.read(ROOT / "examples" / "tables").records
    result = rearm.assess(next(r for r in records if r.patient_id == "SYN-01"))
    context = page_context(result, with_picture=False)
    twice = 0
    for name, reason in some(result.reasons.items()):
        read = [result.findings[finding].text for finding in reason.findings]
        twice += len(read) > len(set(read))
        unknown = [result.findings[finding].text for finding in result.missing(reason)]
        texts = (*context.seen(reason), *unknown)
        assert len(texts) == len(set(texts)), name
        assert not any(text.count("not known") > 1 for text in texts)
    assert twice  # some findings of one reason were seen in the same rows


# ---------------------------------------------------------------- evidence


def test_a_figure_of_the_class_is_called_so() -> None:
    """GPRC5D CAR-T names a product in trials; its figures are those of all GPRC5D CAR-T."""
    result = assessed(LATE | {"gprc5d_flow_percent": 90.0})
    own = {o.option.id: o.evidence.of_class for o in plan().options}
    assert own["gprc5d-car-t"] and not own["talquetamab"]
    for option in some(result.options):
        rows = result.evidence[option.evidence].expected
        of_class = [in_whom(row).startswith("class figure, ") for row in rows]
        assert of_class == [row.of_class for row in rows], option.id
        if own[option.id]:
            assert all(of_class), option.id
    assert result.evidence[result.option("gprc5d-car-t").evidence].expected
