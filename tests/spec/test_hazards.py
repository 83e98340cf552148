"""What could harm a patient, and what stands against it.

The table is docs/validation/hazards.toml: a hazard a row, the guard in the program, the tests that
hold it in full. Here is one probe of each, which passes with the guard and fails when the guard is
taken out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scripts import slips
from scripts.hazards import hazards, hazards_page
from tests.support.course_builder import lab as course_lab
from tests.support.course_builder import record as course_record
from tests.support.course_builder import serum, therapy
from tests.support.fhir_builder import code as fhir_code
from tests.support.fhir_builder import infusion as fhir_infusion
from tests.support.fhir_builder import m_protein as fhir_m_protein
from tests.support.fhir_builder import patient as fhir_patient
from tests.support.fhir_builder import record_of as fhir_record
from tests.support.loops import some
from tests.support.places import DATA, ROOT
from tests.support.read_back import untold_in_page
from tests.support.yaml_files import read_yaml

import rearm
from rearm.assessment import Assessment
from rearm.assessment.plan import TIERS
from rearm.findings.results import LatestResult
from rearm.intake import days, read_tables
from rearm.intake.rows import Moment
from rearm.interval import Interval
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.outcome.relapse import DiseaseNow, present_relapse
from rearm.record import Record
from rearm.report.figures import figure_line
from rearm.report.sheet import sheet
from rearm.report.sheet.contents import sheet_contents
from rearm.units import Number, parse_number

Probe = Callable[[], None]
INFUSED: dict[str, Any] = {
    "patient_id": "A",
    "day": 0,
    "product": "ide-cel",
    "target": "BCMA",
    "infused": "yes",
}


def labs(*values: str, unit: str = "g/dL") -> Record:
    rows: list[dict[str, Any]] = [
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


def wrong_code() -> None:
    """A code with a wrong check digit is no result of the test that it looks like."""
    slip = m_protein_of(coded="33358-4")
    assert slip.labs == ()
    assert "loinc_check_digit" in {issue.code for issue in slip.issues}


def m_protein_of(*, coded: str) -> Record:
    result = fhir_m_protein() | {"code": fhir_code("http://loinc.org", coded, "serum M-protein")}
    return fhir_record(fhir_patient(), fhir_infusion(), result)


def missing_as_denied() -> None:
    """Of one heart disease that is denied nothing follows for the others, of which nobody spoke."""
    heart: dict[str, Any] = {
        "patient_id": "A",
        "day": 5,
        "condition": "arrhythmia",
        "status": "absent",
    }
    (record,) = read_tables(
        {"patients": [{"patient_id": "A"}], "infusions": [INFUSED], "conditions": [heart]}
    ).records
    found = rearm.assess(record, as_of=10).findings.get("cardiac_disease")
    assert found is None or found.value is None


def unconfirmed_as_confirmed() -> None:
    """One value above the limit is a progression that waits for its repeat."""
    (failure,) = failures(labs("0.4", "0.4", "2.4"))
    assert (failure.status, failure.certainty) == ("suspected", "unconfirmed")


def antibody_band() -> None:
    """Under daratumumab a band is said to be, perhaps, the drug."""
    course = failures(
        course_record(
            labs=[
                *serum({-3: 3.0, 30: 0.0, 60: 0.0}),
                course_lab("serum_immunofixation", 30, "positive"),
            ],
            therapies=[therapy(10, "maintenance", agents=("daratumumab",))],
        )
    )[0].course
    assert course is not None
    assert "antibody_band_possible" in {flag.id for flag in course.flags}


def chains_swapped() -> None:
    """The raised chain of a kappa myeloma is lambda: told."""
    chains = (("kappa_flc", "8"), ("lambda_flc", "400"))
    rows: list[dict[str, Any]] = [
        {"patient_id": "A", "day": 5, "test": test, "value": value, "unit": "mg/L"}
        for test, value in chains
    ]
    person: dict[str, Any] = {"patient_id": "A", "light_chain": "kappa"}
    (record,) = read_tables({"patients": [person], "infusions": [INFUSED], "labs": rows}).records
    assert "light_chains_swapped" in codes(record)


def retracted_result() -> None:
    """A result entered in error is none."""
    row: dict[str, Any] = {
        "patient_id": "A",
        "day": 30,
        "test": "serum_m_protein",
        "value": "3",
        "unit": "g/dL",
    }
    (record,) = read_tables(
        {
            "patients": [{"patient_id": "A"}],
            "infusions": [INFUSED],
            "labs": [row | {"status": "entered-in-error"}],
        }
    ).records
    assert record.labs == ()


def with_filtration(value: str, age: int) -> Assessment:
    """A patient with a relapse whose eGFR is this many days old."""
    row: dict[str, Any] = {"patient_id": "A", "day": 500 - age, "test": "egfr", "value": value}
    states = ((60, "PR"), (480, "PD"))
    (record,) = read_tables(
        {
            "patients": [{"patient_id": "A"}],
            "infusions": [INFUSED],
            "assessments": [
                {"patient_id": "A", "day": day, "response": response, "by": "team"}
                for day, response in states
            ],
            "labs": [row | {"unit": "mL/min/1.73m2"}],
        }
    ).records
    return rearm.assess(record, as_of=500)


def old_value_as_now() -> None:
    """A filtration of four months ago is not that of today."""
    found = with_filtration("75", 120).findings.get("creatinine_clearance")
    assert found is None or found.value is None


def old_value_forgotten() -> None:
    """A filtration of 22 mL/min goes on warning when it is too old to count."""
    result = with_filtration("22", 40)
    assert "engager-kidney" in result.option("talquetamab").cautions
    assert result.reasons["engager-kidney"].pointed


def month_as_day() -> None:
    """March 2026 is one of its days, and nobody knows which."""
    days._moment_of_text.cache_clear()
    row: dict[str, Any] = {
        "patient_id": "A",
        "day": "2026-03",
        "test": "serum_m_protein",
        "value": "3",
    }
    (record,) = read_tables(
        {
            "patients": [{"patient_id": "A", "day_zero": "2026-01-01"}],
            "infusions": [INFUSED],
            "labs": [row | {"unit": "g/dL"}],
        }
    ).records
    (result,) = record.labs
    assert (result.when.first, result.when.last) == (59, 89)


def contraindication_missed() -> None:
    """Bendamustine is not given with a clearance below 30 mL/min."""
    assert with_filtration("22", 0).option("bendamustine-prednisone").verdict == "excluded"


def ranking_over_trusted() -> None:
    """Each line of a sheet stands with its reason and its ground."""
    lines = sheet_contents(after_teclistamab()).lines
    for line in some(lines):
        assert line.why and line.line.ground, line.line.strategy


def report_differs() -> None:
    """The figures of the page are those of the result."""
    result = after_teclistamab()
    assert untold_in_page(result, sheet(result)) == []


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


def unknown_is_no(values: Any) -> bool:
    return any(values)


def confirms_itself(met: Any, following: Any, criteria: Any) -> Any:
    return [SimpleNamespace(day=10**6, pd=met)]


def first_of_month(year: int, month: int, day: int | None, *, given: str) -> Moment:
    exact = date(year, month, day or 1).toordinal()
    return Moment(exact, exact, dated=True)


def another_figure(evidence: Any) -> str:
    return figure_line(evidence).translate(str.maketrans("123456789", "234567891"))


# By the id of the hazard: the probe, and what stands in the place of its guard.
PROBES: dict[str, tuple[Probe, Any]] = {
    "wrong-unit": (wrong_unit, lambda *_, **__: 1.0),
    "wrong-code": (wrong_code, lambda _: True),
    "comparator-lost": (lost_comparator, without_comparator),
    "missing-as-denied": (missing_as_denied, unknown_is_no),
    "wrong-day-zero": (wrong_day_zero, lambda *_, **__: ()),
    "unconfirmed-as-confirmed": (unconfirmed_as_confirmed, confirms_itself),
    "antibody-band": (antibody_band, lambda *_: None),
    "chains-swapped": (chains_swapped, lambda *_: ()),
    "mixed-up-patient": (mixed_up_patient, lambda patient_id: patient_id),
    "retracted-result": (retracted_result, {}),
    "tenfold-slip": (tenfold_slip, lambda *_, **__: ()),
    "wrong-relapse": (wrong_relapse, of_the_car_t),
    "old-value-as-now": (old_value_as_now, lambda chart, _: (-(10**6), chart.as_of)),
    "old-value-forgotten": (old_value_forgotten, lambda *_: LatestResult()),
    "month-as-day": (month_as_day, first_of_month),
    "excluded-drug-first": (excluded_drug_first, no_limits),
    "contraindication-missed": (
        contraindication_missed,
        lambda answers, *_: np.zeros(len(answers), dtype=bool),
    ),
    "ranking-over-trusted": (ranking_over_trusted, lambda *_: ()),
    "report-differs": (report_differs, another_figure),
}

HAZARDS = hazards()
in_program = pytest.mark.parametrize("name", [x.id for x in HAZARDS.values() if not x.red])


def test_every_hazard_has_a_probe_and_every_cell_a_word() -> None:
    assert set(PROBES) == {name for name, hazard in HAZARDS.items() if not hazard.red}
    assert all(x.name and x.cause and x.control and x.guard and x.tests for x in HAZARDS.values())
    assert {x.severity for x in HAZARDS.values()} <= {"H", "M", "L"}


@in_program
def test_the_guard_holds(name: str) -> None:
    probe, _ = PROBES[name]
    probe()
    assert probe.__doc__


@in_program
def test_without_its_guard_the_harm_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    probe, off = PROBES[name]
    module, attribute = HAZARDS[name].guard.split(":")
    monkeypatch.setattr(f"{module}.{attribute}", off)
    with pytest.raises(AssertionError):
        probe()


@pytest.mark.parametrize("name", HAZARDS)
def test_the_tests_that_hold_it_are_there(name: str) -> None:
    hazard = HAZARDS[name]
    for held in some([*hazard.tests, *([hazard.red] if hazard.red else [])]):
        file, test = held.split("::")
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^def {test}\(", text, re.MULTILINE), held


def test_a_guard_outside_of_the_program_is_there() -> None:
    for hazard in some([x for x in HAZARDS.values() if x.red]):
        file, _, what = hazard.guard.partition(":")
        assert what in (ROOT / file).read_text(encoding="utf-8")


def test_the_page_is_the_table() -> None:
    assert (ROOT / "docs" / "validation" / "hazards.md").read_text("utf-8") == hazards_page()
