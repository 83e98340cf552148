"""A patient of whom only findings are known, assessed with the bundled knowledge: what a spec table
of rules is run on.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import cache
from typing import Any

from tests.support.disease import disease_after

from rearm.assessment.patient import Patient
from rearm.assessment.pipeline import assess_patients
from rearm.assessment.plan import Plan
from rearm.assessment.planner import plan_of
from rearm.assessment.result import Assessment
from rearm.findings import Found, derive, inputs
from rearm.knowledge import load
from rearm.outcome.failure import Failure
from rearm.record import Death, Record, Source


@cache
def plan() -> Plan:
    return plan_of(load())


def assessed(values: dict[str, Any], *, region: str | None = "US", **more: Any) -> Assessment:
    """The assessment of `patient_of` these findings."""
    (assessment,) = assess_patients(plan(), [patient_of(values, **more)], region)
    return assessment


def patient_of(
    values: dict[str, Any],
    *,
    day: date | None = date(2025, 6, 1),
    status: str = "failed",
    deaths: tuple[Death, ...] = (),
    declined: Collection[str] = (),
) -> Patient:
    """A patient with these findings; what follows from them is derived, the rest is unknown.
    `declined`: strategies that the patient does not want. Without an infusion where `status` is
    `no_infusion`.
    """
    found = {
        name: Found(value, (Source("case", name),), f"{name}: {value}")
        for name, value in {"failure_status": status, **values}.items()
    }
    for name, value in derive(inputs(found)).items():
        if (
            name not in found
            and name in plan().knowledge.catalogue
            and isinstance(value, bool | int | float | str)
        ):
            found[name] = Found(value, (), f"{name}: {value}")
    failure = None if status == "no_infusion" else _failure(status)
    return Patient(
        record=Record(patient_id="case", source=Source("case", ""), deaths=deaths),
        as_of=400,
        day=day,
        failures=() if failure is None else (failure,),
        found=found,
        values={name: x.value for name, x in found.items()},
        intervals={},
        inputs=inputs(found),
        declined={
            option.option.id: option.option.strategy
            for option in plan().options
            if option.option.strategy in declined
        },
        disease=disease_after(failure),
    )


def _failure(status: Any) -> Failure:
    return Failure(
        infusion_day=0,
        product="ide-cel",
        targets=("BCMA",),
        number=1,
        status=status,
        because="no_progression",
        day=300,
        followed_to_day=400,
        last_assessed_day=400,
    )
