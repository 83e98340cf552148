"""The posterior of one patient: what it says, when it refuses, that it is always the same."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

pytest.importorskip("numba")

from rearm.interval import Interval
from rearm.mechanism import MechanismError, MechanismResult, posterior
from rearm.record import (
    Death,
    Infusion,
    Lab,
    Record,
    ResponseStatement,
    Source,
    Therapy,
    When,
)
from rearm.report.mechanism import mechanism_page, mechanism_text

pytestmark = pytest.mark.slow

HERE = Source("test", "")
FEW, MANY = 12_000, 60_000


def lab(test: str, day: int, value: float | str, unit: str = "g/dL") -> Lab:
    quantity = (
        Interval(0.0, float(value[1:]), high_open=True)
        if isinstance(value, str)
        else Interval.of(value)
    )
    return Lab(test=test, when=When.on(day), source=HERE, quantity=quantity, unit=unit)


def record(*labs: Lab, product: str = "ide-cel", **more: Any) -> Record:
    given = Infusion(source=HERE, when=When.on(0), product=product, targets=("BCMA",), infused=True)
    return Record(
        patient_id="p", source=HERE, heavy_chain=("IgG",), infusions=(given,), labs=labs, **more
    )


DEEP_THEN_ESCAPE = record(
    *[
        lab("serum_m_protein", d, v)
        for d, v in (
            (-2, 3.0),
            (30, 1.2),
            (90, 0.1),
            (180, 0.15),
            (240, 0.6),
            (300, 1.9),
            (330, 2.8),
        )
    ],
    *[
        lab("soluble_bcma", d, v, "ng/mL")
        for d, v in ((-2, 120.0), (30, 2.0), (90, 2.5), (180, 3.0), (300, 3.0), (330, 3.5))
    ],
    *[
        lab("car_copies_per_ug_dna", d, v, "copies/ug")
        for d, v in ((7, 9e4), (14, 1.2e5), (30, 2e4), (90, 1500.0))
    ],
)
NO_EXPANSION = record(
    *[lab("serum_m_protein", d, v) for d, v in ((-2, 3.0), (28, 3.1), (56, 3.8), (84, 4.7))],
    *[lab("soluble_bcma", d, v, "ng/mL") for d, v in ((-2, 120.0), (28, 130.0), (84, 210.0))],
    *[
        lab("car_copies_per_ug_dna", d, v, "copies/ug")
        for d, v in ((7, 300.0), (14, 500.0), (28, 200.0))
    ],
)


@cache
def answer_to(given: Record, *, draws: int = FEW, seed: int = 1) -> MechanismResult:
    """The posterior; several tests read the same one."""
    return posterior(given, draws=draws, seed=seed)


def test_rising_serum_with_silent_soluble_bcma_is_antigen_escape() -> None:
    result = answer_to(DEEP_THEN_ESCAPE, draws=MANY)
    assert result.leading is not None and "antigen_negative" in result.leading.members
    assert result.probabilities["no_failure"] < 0.05


def test_cells_that_never_came_are_not_called_escape() -> None:
    result = answer_to(NO_EXPANSION)
    weak = sum(
        result.probabilities[m]
        for m in ("poor_expansion", "exhaustion", "suppression", "lost_persistence")
    )
    assert weak > 0.6 and result.probabilities["antigen_negative"] < 0.05


STEADY = record(
    *[
        lab("serum_m_protein", d, v)
        for d, v in (
            (-6, 2.2),
            (28, 0.8),
            (56, 0.3),
            (84, 0.2),
            (112, 0.2),
            (140, 0.2),
            (168, 0.2),
            (252, 0.2),
        )
    ],
    *[
        lab("soluble_bcma", d, v, "ng/mL")
        for d, v in ((-6, 170.0), (28, 20.0), (90, 6.0), (252, 6.0))
    ],
    *[
        lab("car_copies_per_ug_dna", d, v, "copies/ug")
        for d, v in ((7, 1.6e4), (14, 4.1e4), (28, 7000.0), (90, 400.0), (180, "<10"))
    ],
    product="cilta-cel",
)


def test_a_long_course_with_many_measurements_is_answered_and_alike_for_any_seed() -> None:
    """While all mechanisms were proposed together, a lucky draw of a rare one could outweigh the
    others here, and no answer came.
    """
    first, second = (answer_to(STEADY, draws=MANY, seed=seed) for seed in (1, 2))
    for result in (first, second):
        assert result.status == "told" and result.effective_draws > 200
    assert first.probabilities == pytest.approx(second.probabilities, abs=0.08)


def test_without_progression_the_answer_is_worded_as_an_expectation() -> None:
    result = answer_to(STEADY, draws=MANY, seed=1)
    text = mechanism_text(result)
    assert (
        "No progression is known by day 252. The model expects one before day 730" in text
        and "fits this course best" not in text
    )
    assert any("no dormant clone" in n for n in result.notes)


def test_probabilities_add_to_one_with_error_and_prior() -> None:
    result = answer_to(NO_EXPANSION)
    assert sum(result.probabilities.values()) == pytest.approx(1.0)
    assert sum(result.prior.values()) == pytest.approx(1.0)
    assert sum(c.probability for c in result.classes) == pytest.approx(1.0)
    assert all(0 <= e < 0.2 for e in result.errors.values())
    assert result.effective_draws > 40
    assert all(c.bits >= 0 and c.day > 84 for c in result.next_measurements)


def test_the_same_seed_gives_the_same_answer() -> None:
    a, b = (json.dumps(posterior(NO_EXPANSION, draws=FEW).to_dict()) for _ in range(2))
    assert a == b


def test_values_below_detection_are_read_as_such() -> None:
    low = replace(
        NO_EXPANSION, labs=tuple(x for x in NO_EXPANSION.labs if not x.test.startswith("car"))
    )
    undetected = replace(
        low, labs=(*low.labs, lab("car_copies_per_ug_dna", 14, "<50", "copies/ug"))
    )
    without, with_ = posterior(low, draws=FEW), posterior(undetected, draws=FEW)
    assert with_.probabilities["fast_disease"] <= without.probabilities["fast_disease"] + 0.02
    assert with_.measurements["car"] == 1


def test_nothing_measured_gives_the_prior_marked_so() -> None:
    result = posterior(record(), draws=FEW)
    assert result.status == "prior_only" and "before any data" in result.reason
    assert result.probabilities == pytest.approx(result.prior)


def test_a_single_measurement_gives_the_prior_marked_so() -> None:
    result = posterior(record(lab("serum_m_protein", 30, 1.0)), draws=FEW)
    assert result.status == "prior_only" and result.reason.startswith(
        "A single measurement after the infusion"
    )
    assert result.probabilities == pytest.approx(result.prior)


def test_contradictory_values_of_one_day_are_set_aside_and_said() -> None:
    result = posterior(
        record(lab("serum_m_protein", 30, 0.1), lab("serum_m_protein", 30, 9.0)), draws=FEW
    )
    assert result.status == "prior_only" and any(
        "given as 0.1 and as 9 g/dL: contradictory" in n for n in result.notes
    )
    repeated = posterior(
        record(
            lab("serum_m_protein", 30, 1.0),
            lab("serum_m_protein", 30, 1.1),
            lab("serum_m_protein", 60, 0.5),
        ),
        draws=FEW,
    )
    assert repeated.measurements["m_protein"] == 2 and not any(
        "contradictory" in n for n in repeated.notes
    )


def test_results_that_could_not_be_read_are_said() -> None:
    bad = Lab(
        test="serum_m_protein",
        when=When.on(30),
        source=HERE,
        as_given="1.6",
        why_set_aside="serum M-protein has no unit",
    )
    result = posterior(record(set_aside=(bad,)), draws=FEW)
    assert result.status == "prior_only" and any(
        "of serum_m_protein, 1 could not be read" in n for n in result.notes
    )


def test_nothing_after_the_death_is_read() -> None:
    died = (Death(when=When.on(40), cause="unknown", source=HERE),)
    result = posterior(
        record(lab("serum_m_protein", 30, 1.0), lab("serum_m_protein", 60, 0.3), deaths=died),
        draws=FEW,
    )
    assert result.measurements["m_protein"] == 1 and any(
        "after the death on day 40" in n for n in result.notes
    )


def test_a_day_in_the_far_future_does_not_hold_the_machine() -> None:
    result = posterior(
        record(lab("serum_m_protein", 30, 1.0), lab("serum_m_protein", 100_000, 0.3)), draws=FEW
    )
    assert result.horizon < 4000 and any("read only to day 3650" in n for n in result.notes)


def test_an_unknown_drug_and_a_response_on_the_day_of_progression_are_said() -> None:
    said = tuple(
        ResponseStatement(response=r, when=When.on(56), source=HERE, by="team")
        for r in ("CR", "PD")
    )
    given = (Therapy(source=HERE, agents=("unobtainium",), start=When.on(60)),)
    result = posterior(replace(NO_EXPANSION, responses=said, therapies=given), draws=FEW)
    assert any("unobtainium from day 60 is not a known agent" in n for n in result.notes)
    assert any("CR and progression are both given on day 56" in n for n in result.notes)


def test_a_progression_computed_from_the_markers_is_told_as_one() -> None:
    result = answer_to(DEEP_THEN_ESCAPE, draws=MANY)
    text, page = mechanism_text(result), mechanism_page(result)
    assert result.progression == 240 and "progression on day 240" in page
    assert "No progression is known" not in text and "no dormant clone" not in text


def test_without_progression_even_a_good_answer_is_an_expectation() -> None:
    deep = record(
        *[
            lab("serum_m_protein", d, v)
            for d, v in ((-2, 3.0), (30, 0.8), (60, 0.1), (90, 0.0), (180, 0.0), (360, 0.0))
        ]
    )
    result = posterior(deep, draws=FEW)
    assert result.probabilities["no_failure"] > 0.5
    assert (
        "No progression is known by day 360. The model expects none before day 730"
        in mechanism_text(result)
    )


def test_where_nothing_is_uncertain_no_measurement_is_named() -> None:
    result = replace(answer_to(NO_EXPANSION), entropy_bits=0.01)
    for shown in (mechanism_text(result), mechanism_page(result)):
        assert "The model leaves hardly any uncertainty" in shown and "0.00 of" not in shown


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (Record(patient_id="p", source=HERE), "no CAR-T infusion"),
        (
            Record(patient_id="p", source=HERE, infusions=(Infusion(source=HERE, infused=True),)),
            "day of the infusion is not known",
        ),
        (
            record(deaths=(Death(when=When.on(-5), cause="unknown", source=HERE),)),
            "one of the two days is wrong",
        ),
    ],
)
def test_bad_input_is_refused_in_a_sentence(broken: Record, words: str) -> None:
    with pytest.raises(MechanismError, match=words):
        posterior(broken, draws=FEW)


def test_absurd_values_are_set_aside_and_said() -> None:
    result = posterior(
        record(lab("serum_m_protein", 30, -2.0), lab("serum_m_protein", 60, 500.0)), draws=FEW
    )
    assert sum("out of range" in n for n in result.notes) == 2
    assert result.status != "told" and sum(result.measurements.values()) == 0


def test_too_few_draws_and_a_wrong_infusion_are_refused() -> None:
    with pytest.raises(MechanismError, match="too few"):
        posterior(NO_EXPANSION, draws=10)
    with pytest.raises(MechanismError, match="seed must not be negative"):
        posterior(NO_EXPANSION, draws=FEW, seed=-1)
    with pytest.raises(MechanismError, match="no infusion number 3"):
        posterior(NO_EXPANSION, infusion=3, draws=FEW)


def test_values_that_no_virtual_patient_shows_are_refused_or_flagged() -> None:
    up_and_down = record(
        *[lab("serum_m_protein", 20 * i, 0.2 if i % 2 else 9.0) for i in range(1, 12)]
    )
    result = posterior(up_and_down, draws=FEW)
    assert result.status == "refused" or any("lie outside" in n for n in result.notes)


def test_a_stated_complete_response_speaks_for_no_failure() -> None:
    said = tuple(
        ResponseStatement(response="CR", when=When.on(d), source=HERE, by="team")
        for d in (60, 120, 200)
    )
    with_ = posterior(record(responses=said, last_seen_day=200), draws=FEW)
    assert with_.probabilities["no_failure"] > with_.prior["no_failure"]


def test_page_and_text_carry_the_warning_and_escape_the_input() -> None:
    hostile = replace(NO_EXPANSION, patient_id="<b>x</b>")
    result = posterior(hostile, draws=FEW)
    page, text = mechanism_page(result), mechanism_text(result)
    assert "A model's hypothesis, not a test" in text and "hypothesis, not a test" in page
    assert (
        "<b>x</b>" not in page
        and "http://" not in page.replace("http://www.w3.org", "")
        and "<script" not in page
    )


def test_many_courses_of_drugs_cost_draws_and_it_is_said() -> None:
    drugs = (
        "bortezomib",
        "carfilzomib",
        "pomalidomide",
        "lenalidomide",
        "daratumumab",
        "teclistamab",
        "talquetamab",
        "melphalan",
    )
    given = tuple(
        Therapy(source=HERE, start=When.on(100 + i), end=When.on(120 + i), agents=(d,))
        for i, d in enumerate(drugs)
    )
    few, many = (
        answer_to(NO_EXPANSION),
        posterior(replace(NO_EXPANSION, therapies=given), draws=FEW),
    )
    assert many.draws < few.draws
    assert any("so fewer were simulated" in n for n in many.notes) and not any(
        "so fewer were simulated" in n for n in few.notes
    )
