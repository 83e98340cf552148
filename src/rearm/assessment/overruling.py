"""The answer with facts that the team states over the computed ones, or that are assumed.

Both stand: the result names each such fact with what was computed. One that no longer fits the
record (another infusion, another relapse, a finding that is gone) is shown and not applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from msgspec import structs

from rearm.assessment.assembly import is_judged
from rearm.assessment.centre import NO_CENTRE, Centre
from rearm.assessment.judging import judge
from rearm.assessment.logic import GRADES, NOT_APPLICABLE, grade_word
from rearm.assessment.patient import AssessmentError, Patient, patient_at, restated
from rearm.assessment.pipeline import assess_patients
from rearm.assessment.plan import Plan
from rearm.assessment.planner import plan_of
from rearm.assessment.regions import region_of, regions_of
from rearm.assessment.result import Assessment, FactKind, Grade, Overruled
from rearm.findings import Found, Instead
from rearm.findings.base import NOTHING, Value
from rearm.findings.instead import allowed, found_words
from rearm.findings.whose import LATER_LINES
from rearm.garbage import no_collection
from rearm.interval import Interval
from rearm.knowledge.bundle import Knowledge, load
from rearm.outcome.overruled import (
    CourseStated,
    StatedAs,
    overruled_disease,
    overruled_failures,
)
from rearm.outcome.relapse import present_relapse
from rearm.record import Record

__all__ = [
    "COURSE_WORDS",
    "OF_THE_COURSE",
    "StatedFact",
    "anchor_of",
    "assess_overruled",
    "computed_words",
    "fact_name",
    "fact_now",
    "fact_title",
    "fact_words",
    "grades_of",
    "settable_findings",
    "stated_words",
]

OF_THE_COURSE = frozenset(
    {
        "days_since_infusion",
        "days_since_relapse",
        "days_to_relapse",
        "failure_certainty",
        "failure_kind",
        "failure_status",
        "failure_timing",
        "identity_contradictions",
        "relapse_after",
        "relapse_status",
        "team_and_laboratory_differ",
        "time_to_failure_days",
        LATER_LINES,
    }
)
"""Findings that follow from the course and can't be stated by themselves: the failure, the relapse
and their days can.
"""

_STATED_AS: dict[str, StatedAs] = {
    "confirmed": "confirmed",
    "recorded_by_team": "recorded_by_team",
    "suspected": "suspected",
    "none": "none",
}
COURSE_WORDS: Mapping[str, str] = {
    "confirmed": "progression, confirmed",
    "recorded_by_team": "progression, recorded by the team",
    "suspected": "suspected progression",
    "none": "no progression",
}
"""How sure the team is of a progression, by its code."""

_NAMES: dict[FactKind, str] = {
    "failure": "failure of the last CAR-T",
    "failure_day": "day of the failure of the last CAR-T",
    "relapse": "relapse to decide on",
    "relapse_day": "day of the relapse to decide on",
}
_GRADES: dict[str, Grade] = {str(grade): grade for grade in GRADES}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedFact:
    """A fact as the team states it, or as it is assumed (without `by`).

    `kind` and `what` name the fact (see `Overruled`). `value`: of a finding by its type; of a
    failure or relapse `confirmed`, `recorded_by_team`, `suspected` or `none`; of a day its number
    on the patient's axis; of a cause its grade. `low`, `high`: bounds of a number; `possible`: the
    words that are left; all absent: not known. `anchor`: to which infusion and relapse it was
    stated (`anchor_of`), empty: whatever they are; `was`: what was computed then, in words.
    """

    kind: FactKind
    what: str = ""
    value: Value = None
    low: float | None = None
    high: float | None = None
    possible: tuple[str, ...] = ()
    id: str = ""
    by: str = ""
    at: str = ""
    reason: str = ""
    anchor: str = ""
    was: str = ""

    @property
    def bound(self) -> Interval | tuple[str, ...] | None:
        """The bounds of a number, or the words that are left; None where there are neither."""
        if self.possible:
            return self.possible
        if self.low is None and self.high is None:
            return None
        low = 0.0 if self.low is None else self.low
        return Interval(low, float("inf") if self.high is None else self.high)

    @property
    def instead(self) -> Instead:
        """The finding as stated, with who states it."""
        by = f"stated by the team ({self.by}, {self.at[:10]})" if self.by else "assumed"
        return Instead(value=self.value, bound=self.bound, by=by)


def assess_overruled(
    record: Record,
    facts: Iterable[StatedFact],
    *,
    hypothetical: bool = False,
    knowledge: Knowledge | None = None,
    as_of: int | date | None = None,
    region: str | None = None,
    centre: Centre = NO_CENTRE,
) -> Assessment:
    """`assess`, with facts as they are stated over the computed ones. Of several for one fact the
    last is taken. Without any it is the answer of `assess`. `hypothetical`: those without `id` are
    assumed. One with an `id` that does not fit is shown as stale; one without raises
    AssessmentError with a sentence.
    """
    plan = plan_of(knowledge or load())
    where = region_of(region, regions_of(plan.knowledge))
    last = {(x.kind, x.what): x for x in facts}
    with no_collection():
        patient = patient_at(record, as_of, plan)
        grades: Mapping[str, str] = {}
        if any(kind == "cause" for kind, _ in last):
            grades = grades_of(patient, plan, where)
        if not last:
            (plain,) = assess_patients(plan, [patient], where, centre)
            return structs.replace(plain, hypothetical=hypothetical)
        fit: list[tuple[StatedFact, str]] = []
        misfit: list[tuple[StatedFact, str]] = []
        for fact in last.values():
            why = _why_stale(fact, patient, grades, plan)
            if why and not fact.id:
                name = fact_name(fact.kind, fact.what, plan)
                raise AssessmentError(f"{name}: {why}")
            (misfit if why else fit).append((fact, why))
        stated = _stated(patient, plan, [fact for fact, _ in fit])
        (found,) = assess_patients(plan, [stated], where, centre, [patient])
    shown = tuple(_shown(fact, patient, grades, plan, why) for fact, why in (*fit, *misfit))
    return structs.replace(found, overruled=shown, hypothetical=hypothetical)


def _stated(patient: Patient, plan: Plan, facts: Sequence[StatedFact]) -> Patient:
    """The patient with the facts that fit."""
    by_kind = {x.kind: x for x in facts if x.kind not in ("finding", "cause")}
    failures, disease = patient.failures, patient.disease
    of_failure = _course(by_kind.get("failure"), by_kind.get("failure_day"))
    if of_failure is not None:
        failures = overruled_failures(failures, of_failure)
        disease = present_relapse(patient.record, failures)
    of_relapse = _course(by_kind.get("relapse"), by_kind.get("relapse_day"))
    if of_relapse is not None:
        disease = overruled_disease(disease, of_relapse)
    return restated(
        patient,
        plan,
        failures=failures,
        disease=disease,
        instead={x.what: x.instead for x in facts if x.kind == "finding"},
        causes={x.what: _GRADES[str(x.value)] for x in facts if x.kind == "cause"},
    )


def _course(stated: StatedFact | None, day: StatedFact | None) -> CourseStated | None:
    if stated is None and day is None:
        return None
    return CourseStated(
        stated=None if stated is None else _STATED_AS[str(stated.value)],
        day=None if day is None else int(str(day.value)),
    )


# ---------------------------------------------------------------- does it fit


def anchor_of(patient: Patient, kind: FactKind) -> str:
    """What a fact was stated of: the last infusion and the lines since, and for the relapse the
    treatment that it follows. Where this changes, the fact is another one.
    """
    infusion = patient.failures[-1].infusion_day if patient.failures else None
    anchor = f"infusion {infusion}, {len(patient.disease.lines)} lines since"
    if kind in ("relapse", "relapse_day"):
        relapse = patient.disease.relapse
        anchor += f", relapse after {'nothing' if relapse is None else relapse.after}"
    return anchor


def _why_stale(fact: StatedFact, patient: Patient, grades: Mapping[str, str], plan: Plan) -> str:
    """Why it does not fit this patient, as a sentence; empty where it fits."""
    if fact.anchor and fact.anchor != anchor_of(patient, fact.kind):
        return (
            "The record shows another CAR-T, another line of treatment or another relapse since. "
            "Look at it again, then state it anew or take it back."
        )
    if fact.kind == "finding":
        return _finding_misfit(fact, plan)
    if fact.kind == "cause":
        return _cause_misfit(fact, grades)
    return _course_misfit(fact, patient)


def _finding_misfit(fact: StatedFact, plan: Plan) -> str:
    entry = plan.knowledge.catalogue.findings.get(fact.what)
    if entry is None:
        return "This version of the knowledge has no such finding."
    if entry.name in OF_THE_COURSE:
        return "It follows from the course. State the failure, the relapse or their days instead."
    return "" if allowed(entry, fact.instead) else "The finding can't have this value."


def _cause_misfit(fact: StatedFact, grades: Mapping[str, str]) -> str:
    if not grades:
        return "Causes are judged only where the last CAR-T failed or is suspected to have failed."
    if fact.what not in grades:
        return "This cause can't apply to this patient, or the knowledge has no such cause."
    return "" if fact.value in _GRADES else "A cause is graded by one of the words of the list."


def _course_misfit(fact: StatedFact, patient: Patient) -> str:
    of_failure = fact.kind in ("failure", "failure_day")
    if of_failure and (not patient.failures or patient.failures[-1].infusion_day is None):
        return "The record holds no CAR-T infusion with a day."
    if not of_failure and patient.disease.relapse is None:
        return "By the record there is no relapse to decide on."
    if not of_failure and not patient.disease.lines:
        return "No line followed the CAR-T: the relapse is its failure. State that instead."
    if fact.kind in ("failure", "relapse"):
        return "" if fact.value in _STATED_AS else "Choose one of the words of the list."
    return _day_misfit(fact.value, patient, of_failure=of_failure)


def _day_misfit(day: Value, patient: Patient, *, of_failure: bool) -> str:
    if not isinstance(day, int) or isinstance(day, bool):
        return "Give the day as a whole number on the axis of the patient."
    relapse = patient.disease.relapse
    judged = patient.failures[-1] if of_failure or relapse is None else relapse.failure
    if judged.infusion_day is not None and day < judged.infusion_day:
        return f"Day {day} lies before the treatment began (day {judged.infusion_day})."
    if patient.as_of is not None and day > patient.as_of:
        return f"Day {day} lies after the last day of the record (day {patient.as_of})."
    if judged.status not in ("failed", "suspected") and of_failure:
        return "By the record there is no failure. State first that it failed, or is suspected."
    return ""


# ---------------------------------------------------------------- in words


def _shown(
    fact: StatedFact, patient: Patient, grades: Mapping[str, str], plan: Plan, why: str
) -> Overruled:
    stated = stated_words(fact, plan)
    computed = computed_words(fact.kind, fact.what, patient, grades, plan)
    return Overruled(
        kind=fact.kind,
        what=fact.what,
        name=fact_name(fact.kind, fact.what, plan),
        stated=stated,
        computed=computed,
        was="" if fact.was == computed else fact.was,
        changed=bool(fact.was) and fact.was != computed,
        agrees=stated == computed,
        status="stale" if why else "applied",
        why=why,
        id=fact.id,
        by=fact.by,
        at=fact.at,
        reason=fact.reason,
    )


def fact_title(kind: FactKind) -> str:
    """A fact of the course as a noun phrase."""
    return _NAMES[kind]


@cache
def settable_findings(knowledge: Knowledge) -> frozenset[str]:
    """The findings that a rule reads and that do not follow from the course."""
    return plan_of(knowledge).relevant - OF_THE_COURSE


def fact_name(kind: FactKind, what: str, plan: Plan) -> str:
    """The fact as a noun phrase; the id of one that the knowledge no longer has."""
    if kind == "finding":
        entry = plan.knowledge.catalogue.findings.get(what)
        return what if entry is None else entry.asked_as
    if kind == "cause":
        factor = plan.knowledge.factors.get(what)
        return what if factor is None else f"cause: {factor.name}"
    return _NAMES[kind]


def fact_words(fact: StatedFact, knowledge: Knowledge | None = None) -> tuple[str, str]:
    """The fact as a noun phrase, and its value as stated, in words."""
    plan = plan_of(knowledge or load())
    return fact_name(fact.kind, fact.what, plan), stated_words(fact, plan)


def stated_words(fact: StatedFact, plan: Plan) -> str:
    """The value as stated, in words."""
    if fact.kind == "finding":
        entry = plan.knowledge.catalogue.findings.get(fact.what)
        bound = fact.bound
        found = Found(
            fact.value,
            interval=bound if isinstance(bound, Interval) else None,
            possible=bound if isinstance(bound, tuple) else None,
        )
        return str(fact.value) if entry is None else found_words(entry, found)
    if fact.kind == "cause":
        return str(fact.value).replace("_", " ")
    if fact.kind in ("failure", "relapse"):
        return COURSE_WORDS.get(str(fact.value), str(fact.value))
    return f"day {fact.value}"


def computed_words(
    kind: FactKind, what: str, patient: Patient, grades: Mapping[str, str], plan: Plan
) -> str:
    """What the record tells of the fact, in the words of `stated_words`."""
    if kind == "finding":
        entry = plan.knowledge.catalogue.findings.get(what)
        found = patient.found.get(what, NOTHING)
        return "not known" if entry is None else found_words(entry, found)
    if kind == "cause":
        return grades.get(what, "not applicable").replace("_", " ")
    relapse = patient.disease.relapse
    of_failure = kind in ("failure", "failure_day")
    judged = (patient.failures[-1] if patient.failures else None) if of_failure else relapse
    if kind in ("failure_day", "relapse_day"):
        concerned = judged is not None and judged.status in ("failed", "suspected")
        return str(judged.when) if concerned and judged is not None else "no day"
    if judged is None:
        return "no CAR-T" if of_failure else COURSE_WORDS["none"]
    return _course_words(judged.status, judged.certainty)


def _course_words(status: str, certainty: str | None) -> str:
    if status == "failed":
        return COURSE_WORDS.get(str(certainty), "progression")
    if status == "suspected":
        return COURSE_WORDS["suspected"]
    return COURSE_WORDS["none"] if status == "not_failed" else status.replace("_", " ")


def grades_of(patient: Patient, plan: Plan, region: str | None) -> dict[str, str]:
    """The computed grade of each cause that can apply; empty where no cause is judged."""
    if not is_judged(patient):
        return {}
    codes = judge(plan, [patient], region).codes.factors[0].tolist()
    return {
        factor.factor.id: grade_word(code)
        for factor, code in zip(plan.factors, codes, strict=True)
        if code != NOT_APPLICABLE
    }


def fact_now(
    record: Record,
    fact: StatedFact,
    *,
    knowledge: Knowledge | None = None,
    as_of: int | date | None = None,
    region: str | None = None,
) -> StatedFact:
    """The fact with what is computed of it now, and what it is stated of. Raises AssessmentError
    with a sentence where it does not fit the record.
    """
    plan = plan_of(knowledge or load())
    patient = patient_at(record, as_of, plan)
    grades: Mapping[str, str] = {}
    if fact.kind == "cause":
        grades = grades_of(patient, plan, region_of(region, regions_of(plan.knowledge)))
    why = _why_stale(replace(fact, anchor=""), patient, grades, plan)
    if why:
        raise AssessmentError(f"{fact_name(fact.kind, fact.what, plan)}: {why}")
    return replace(
        fact,
        anchor=anchor_of(patient, fact.kind),
        was=computed_words(fact.kind, fact.what, patient, grades, plan),
    )
