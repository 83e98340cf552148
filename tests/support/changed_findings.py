"""Patients whose findings are changed after they were read, and where their strategies then stand.

The change is made on findings, not on rows of the input: what is derived from a changed finding is
derived anew, everything else of the patient stays. So one can ask what a single finding does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from tests.support.places import DATA
from tests.support.relapsed_patients import relapsed_patients
from tests.support.results import example_records
from tests.support.yaml_files import read_yaml

from rearm.assessment.judging import judge, judge_scenarios
from rearm.assessment.patient import Patient, patient_at
from rearm.assessment.plan import Plan
from rearm.assessment.planner import plan_of
from rearm.assessment.scenarios import Scenario, scenario_rows
from rearm.findings import Found, derived_from
from rearm.intake import read_tables
from rearm.knowledge import load

__all__ = ["Change", "Judged", "invented", "judged", "relapsed", "the_plan", "with_findings"]

Change = tuple[int, Mapping[str, Any]]
"""The position of a patient, and the findings that are set (None: made unknown)."""


def the_plan() -> Plan:
    return plan_of(load())


@cache
def relapsed() -> dict[str, Patient]:
    """The patients of the examples and of all vignettes who have a relapse to decide on."""
    plan = the_plan()
    found = {name: patient_at(record, None, plan) for name, record in example_records().items()}
    for file in ("vignettes", "vignettes_2"):
        for one in read_yaml(DATA / f"{file}.yaml"):
            (record,) = read_tables(one["tables"]).records
            found[one["id"]] = patient_at(record, one.get("as_of"), plan)
    return {name: p for name, p in found.items() if _decides(p)}


@cache
def invented(number: int, seed: int = 0) -> dict[str, Patient]:
    """Those of the first `number` of `relapsed_patients`."""
    plan = the_plan()
    records = [read_tables(tables).records[0] for tables in relapsed_patients(number, seed)]
    patients = {record.patient_id: patient_at(record, None, plan) for record in records}
    return {name: p for name, p in patients.items() if _decides(p)}


def _decides(patient: Patient) -> bool:
    return patient.disease.relapse is not None and not patient.record.deaths


@dataclass(frozen=True)
class Judged:
    """By row: the answers to all conditions (1 true, 0 false, -1 unknown), the tier of each
    strategy, the highest that its options allow, and the verdict of each option.
    """

    answers: Any
    tiers: Any
    allowed: Any
    verdicts: Any


def judged(patients: Sequence[Patient], changes: Sequence[Change], region: str = "US") -> Judged:
    """A row for each change; an empty one is the patient as he is."""
    import numpy as np

    plan = the_plan()
    own = judge(plan, patients, region)
    scenarios = [(place, _scenario(plan, patients[place], values)) for place, values in changes]
    codes = judge_scenarios(plan, patients, region, own, scenarios)
    read = plan.compiled.evaluate(scenario_rows(own.frame, scenarios))
    answers = np.hstack([read, np.ones((len(read), 1), dtype=np.int8)])
    return Judged(answers, codes.tiers, codes.allowed, codes.judged.verdict)


def _scenario(plan: Plan, patient: Patient, values: Mapping[str, Any]) -> Scenario:
    derived = derived_from(patient.inputs, values)
    together = {**derived, **values}
    return Scenario(values, {name: x for name, x in together.items() if name in plan.read})


def with_findings(patient: Patient, values: Mapping[str, Any]) -> Patient:
    """The patient with these findings set (None: made unknown), to be assessed in full."""
    changed = {**values, **_scenario(the_plan(), patient, values).changed}
    kept = {name: x for name, x in patient.found.items() if name not in changed}
    known = {n: x for n, x in changed.items() if isinstance(x, bool | int | float | str)}
    return replace(
        patient,
        found={**kept, **{name: Found(x, (), f"{name}: {x}") for name, x in known.items()}},
        values={**patient.values, **{name: known.get(name) for name in changed}},
        inputs={**patient.inputs, **values},
        possible={n: x for n, x in patient.possible.items() if n not in changed},
        intervals={n: x for n, x in patient.intervals.items() if n not in changed},
    )
