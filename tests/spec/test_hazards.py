"""What could harm a patient, and what stands against it.

One row a hazard: the guard in the program, the tests that hold it in full, and here one probe that
passes with the guard and fails when the guard is taken out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scripts import slips
from tests.support.loops import some
from tests.support.places import DATA, ROOT
from tests.support.yaml_files import read_yaml

import rearm
from rearm.assessment import Assessment
from rearm.assessment.plan import TIERS
from rearm.intake import read_tables
from rearm.interval import Interval
from rearm.outcome.failure import Failure
from rearm.outcome.relapse import DiseaseNow, present_relapse
from rearm.record import Record
from rearm.units import Number, parse_number

Probe = Callable[[], None]
INFUSED = {"patient_id": "A", "day": 0, "product": "ide-cel", "target": "BCMA", "infused": "yes"}


@dataclass(frozen=True, kw_only=True)
class Hazard:
    """`guard`: what is taken out, as `module:name`; `off`: what stands in its place. `held_by`: the
    tests that hold it, as `file::name`.
    """

    probe: Probe
    guard: str
    off: Any
    held_by: tuple[str, ...]


def labs(*values: str, unit: str = "g/dL") -> Record:
    rows = [
        {"patient_id": "A", "day": 30 + 28 * n, "test": "serum_m_protein", "value": value}
        | {"unit": unit}
        for n, value in enumerate(values)
    ]
    tables: dict[str, Any] = {
        "patients": [{"patient_id": "A"}],
        "infusions": [INFUSED],
        "labs": rows,
    }
    (record,) = read_tables(tables).records
    return record


def m_protein(record: Record) -> Interval | None:
    return record.labs[0].quantity if record.labs else None


def codes(record: Record) -> set[str]:
    return {issue.code for issue in record.issues}


# ---------------------------------------------------------------- one probe a hazard


def wrong_unit() -> None:
    """4 g/L are 0.4 g/dL; a value with a unit of another kind is not read."""
    found = m_protein(labs("4", unit="g/L"))
    assert found is not None and found.exact == pytest.approx(0.4)
    assert labs("3.1", unit="mmol/L").labs == ()


def wrong_day_zero() -> None:
    """Laboratory days that count from another day than the infusion are told."""
    shifted = slips.shifted(slips.examples()["SYN-01"], -60)
    assert "laboratory_days_doubtful" in {i.code for i in slips.read(shifted).issues}


def lost_comparator() -> None:
    """Below 0.1 is not 0.1."""
    found = m_protein(labs("<0.1"))
    assert found is not None
    assert (found.low, found.high, found.high_open) == (0.0, 0.1, True)


def mixed_up_patient() -> None:
    """Two spellings of an id are two patients, and an error that names both."""
    reading = read_tables({"patients": [{"patient_id": "P 1"}, {"patient_id": "P_1"}]})
    assert [record.patient_id for record in reading.records] == ["P 1", "P_1"]
    assert [i.severity for i in reading.issues if i.code == "ids_alike"] == ["error"]


def tenfold_slip() -> None:
    """0.9 without its point is told."""
    assert "possible_slip" in codes(labs("0.8", "0.9", "9"))


def after_teclistamab() -> Assessment:
    """The patient relapsed after ide-cel, then after seventeen months of teclistamab."""
    stored = read_yaml(DATA / "vignettes_2.yaml")
    vignette = next(one for one in stored if one["id"] == "E01")
    (record,) = read_tables(vignette["tables"]).records
    return rearm.assess(record, as_of=vignette["as_of"], region="US")


def wrong_relapse() -> None:
    """The choice is made on the relapse of today, which is fast: waiting is no choice, and the
    days of it are those of now.
    """
    result = after_teclistamab()
    assert result.relapse is not None
    assert result.relapse.after == "teclistamab"
    assert result.relapse.day.low is not None and result.relapse.day.low > 600
    assert result.answer.tier_of("observe") in ("avoid", "not_possible")


def excluded_drug_first() -> None:
    """What is excluded or discouraged leads no line above avoid, in any example."""
    results = rearm.assess_all(rearm.read(ROOT / "examples" / "tables").records, region="US")
    for result in some(results):
        for tier in result.answer.tiers:
            for line in tier.strategies:
                verdict = result.option(line.option).verdict
                limit = {"excluded": "not_possible", "discouraged": "avoid"}.get(str(verdict))
                if limit is not None:
                    assert TIERS.index(tier.tier) <= TIERS.index(limit), line.option


# ---------------------------------------------------------------- the guards taken out


def no_limits(plan: Any, answers: Any, judged: Any, had: Any, **more: Any) -> Any:
    """Verdicts of options no longer limit their strategies."""
    return np.full(judged.verdict.shape, len(TIERS) - 1, dtype=np.int8)


def of_the_car_t(record: Record, failures: tuple[Failure, ...], *more: Any) -> DiseaseNow:
    """The failure of the CAR-T is taken for the relapse of today: later lines are not looked at."""
    without = [x for x in record.therapies if x.when.first is None or x.when.first <= 0]
    until = next((f.day for f in failures if f.day is not None), None)
    earlier = record if until is None else record.known_at(until + 40)
    return present_relapse(
        type(record)(**_fields(earlier) | {"therapies": tuple(without)}), failures
    )


def _fields(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def without_comparator(text: Any, **more: Any) -> Number:
    return Number(parse_number(text, **more).value)


HAZARDS: dict[str, Hazard] = {
    "a wrong unit": Hazard(
        probe=wrong_unit,
        guard="rearm.intake.build.lab_values:factor",
        off=lambda *_, **__: 1.0,
        held_by=(
            "tests/spec/test_units_traps.py::test_is_refused",
            "tests/reference/test_units_pint.py::test_the_table_is_what_pint_gives",
            "tests/spec/test_intake_slips.py::test_another_unit_for_a_number_that_goes_on",
        ),
    ),
    "a wrong day 0": Hazard(
        probe=wrong_day_zero,
        guard="rearm.intake.build.records:flag_early_laboratory",
        off=lambda *_, **__: (),
        held_by=(
            "tests/spec/test_intake_day_zero.py::test_day_zero_and_infusion",
            "tests/reference/test_slips.py::test_laboratory_days_on_another_axis_are_told",
        ),
    ),
    "a lost comparator": Hazard(
        probe=lost_comparator,
        guard="rearm.intake.build.lab_values:parse_number",
        off=without_comparator,
        held_by=("tests/unit/test_units_numbers.py::test_a_comparator_survives_as_an_interval",),
    ),
    "a mixed-up patient": Hazard(
        probe=mixed_up_patient,
        guard="rearm.intake.build.checks.ids:id_key",
        off=lambda patient_id: patient_id,
        held_by=(
            "tests/spec/test_intake_ids.py::test_ids_alike_are_two_patients_and_an_error",
            "tests/spec/test_intake_ids.py::test_rows_of_no_patient_are_one_issue_a_table",
        ),
    ),
    "a tenfold slip": Hazard(
        probe=tenfold_slip,
        guard="rearm.intake.build.records:flag_outliers",
        off=lambda *_, **__: (),
        held_by=(
            "tests/spec/test_intake_slips.py::test_one_value_far_above_both_its_neighbours",
            "tests/reference/test_slips.py::test_slips_that_change_an_answer_are_told",
        ),
    ),
    "the wrong relapse": Hazard(
        probe=wrong_relapse,
        guard="rearm.assessment.patient:present_relapse",
        off=of_the_car_t,
        held_by=(
            "tests/spec/test_present_relapse.py::test_the_relapse_to_decide_on",
            "tests/spec/test_relapse_in_the_answer.py::test_tempo_is_that_of_the_present_relapse",
        ),
    ),
    "an excluded drug shown first": Hazard(
        probe=excluded_drug_first,
        guard="rearm.assessment.judging:option_limits",
        off=no_limits,
        held_by=(
            "tests/spec/test_tiers.py::test_no_strategy_stands_above_its_options",
            "tests/property/test_answer_laws.py::"
            "test_every_answer_keeps_the_laws_and_the_table_says_the_same",
        ),
    ),
}
every = pytest.mark.parametrize("name", HAZARDS)


@every
def test_the_guard_holds(name: str) -> None:
    hazard = HAZARDS[name]
    hazard.probe()
    assert hazard.probe.__doc__


@every
def test_without_its_guard_the_harm_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hazard = HAZARDS[name]
    module, attribute = hazard.guard.split(":")
    monkeypatch.setattr(f"{module}.{attribute}", hazard.off)
    with pytest.raises(AssertionError):
        hazard.probe()


@every
def test_the_tests_that_hold_it_are_there(name: str) -> None:
    for held in some(HAZARDS[name].held_by):
        file, test = held.split("::")
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {test}\(", text, re.MULTILINE), held
