"""What a test might show: for each work-up the results that can come out, as rows of findings
beside the patient's own row.

All findings that a work-up supplies are varied together and before derivation; what is already
known stays as it is, unless the work-up is asked for in order to settle just that.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from rearm.assessment.patient import Patient
from rearm.assessment.plan import Plan, WorkupPlan
from rearm.findings import derived_from
from rearm.findings.whose import LATER_LINES, PAST_AFTER_A_LATER_LINE
from rearm.knowledge.catalogue import Finding
from rearm.rules import findings_frame, with_values

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "Scenario",
    "Varied",
    "own_rows",
    "pair",
    "rows_by_last",
    "scenario_rows",
    "varied",
    "worth_trying",
]

Outcome: TypeAlias = Mapping[str, bool | float | int | str]
Answers: TypeAlias = Sequence[int]


_NO_BOUNDS = object()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One possible result: the values it gives, and with them every finding that is different from
    now (derived ones included).
    """

    values: Outcome
    changed: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Varied:
    """One or two work-ups that would tell something new of a patient, with the results that can
    come out.

    `findings`: what they would give that is not known yet, or that they would settle; `partly`: the
    rest is on record already.
    """

    workups: tuple[WorkupPlan, ...]
    mandatory: bool
    findings: tuple[str, ...]
    partly: bool
    scenarios: tuple[Scenario, ...]


def _around(limits: Sequence[float], *, whole: bool) -> tuple[float | int, ...]:
    """One value below, at and above each limit; between two limits one value serves both. Nothing
    below zero: no finding is.
    """
    if not limits:
        return ()
    step = 1.0 if whole else max(abs(limits[0]) * 0.1, 1e-6)
    points = {
        limits[0] - step,
        limits[-1] + (1.0 if whole else max(abs(limits[-1]) * 0.1, 1e-6)),
        *limits,
    }
    points |= {(a + b) / 2 for a, b in itertools.pairwise(limits) if not whole or b - a > 1}
    kept = sorted(p for p in points if p >= 0)
    return tuple(dict.fromkeys(int(p) for p in kept)) if whole else tuple(kept)


def worth_trying(plan: Plan, entry: Finding) -> tuple[bool | float | int | str, ...]:
    """The values of a finding that rules can tell apart; empty for a number that no rule compares
    with a literal.
    """
    if entry.type == "bool":
        return (True, False)
    if entry.type == "word":
        return entry.values
    return _around(plan.limits.get(entry.name, ()), whole=entry.type == "integer")


def varied(plan: Plan, patient: Patient, answers: Answers, *, tried: bool) -> list[Varied]:
    """Every work-up that would tell something new of this patient, in the order of the knowledge.

    `answers` are those of the patient's own row, by number of condition. `tried` False: the results
    that can come out are not listed, because nobody asks what they would change.
    """
    found = []
    past = PAST_AFTER_A_LATER_LINE if patient.values.get(LATER_LINES) else frozenset()
    for workup in plan.workups:
        mandatory = _holds(workup.mandatory, answers)
        elsewhere = workup.only_where is not None and not _holds(workup.only_where, answers)
        if _holds(workup.settled, answers) or elsewhere or not (mandatory or tried):
            continue
        settles = workup.settles if mandatory else frozenset()
        names = tuple(
            n
            for n in workup.workup.supplies
            if n in plan.relevant
            and n not in past
            and (n in settles or not _told(plan, patient, n))
        )
        if not names:
            continue
        partly = any(
            n not in settles and n not in past and _told(plan, patient, n)
            for n in workup.workup.supplies
        )
        scenarios = _possible(plan, workup, patient, names) if tried else ()
        found.append(Varied((workup,), mandatory, names, partly, scenarios))
    return found


def _holds(number: int | None, answers: Answers) -> bool:
    return number is not None and answers[number] == 1


def _possible(
    plan: Plan, workup: WorkupPlan, patient: Patient, names: Collection[str]
) -> tuple[Scenario, ...]:
    """The results that can come out and do not contradict what is shown."""
    scenarios = (_scenario(plan, patient, o) for o in _outcomes(plan, workup, patient, names))
    return tuple(s for s in scenarios if not _impossible(s, patient))


def _told(plan: Plan, patient: Patient, name: str) -> bool:
    """Whether the finding is known, or known well enough: no limit that a rule compares it with
    lies within its bounds, and no word that is derived from it is left open.
    """
    if patient.values.get(name) is not None:
        return True
    bounds = patient.intervals.get(name)
    if bounds is None or any(bounds.contains(limit) for limit in plan.limits.get(name, ())):
        return False
    catalogue = plan.knowledge.catalogue
    return not any(name in catalogue[derived].from_ for derived in patient.possible)


def pair(plan: Plan, patient: Patient, first: Varied, second: Varied) -> Varied:
    """Both work-ups together, with every result of the one beside every result of the other."""
    outcomes = [{**a.values, **b.values} for a in first.scenarios for b in second.scenarios]
    limit = plan.parameters.scenarios_per_workup
    chosen = tuple(_scenario(plan, patient, o) for o in outcomes[:limit])
    findings = tuple(dict.fromkeys(first.findings + second.findings))
    return Varied(
        first.workups + second.workups,
        first.mandatory and second.mandatory,
        findings,
        first.partly or second.partly,
        chosen,
    )


def _outcomes(
    plan: Plan, workup: WorkupPlan, patient: Patient, names: Collection[str]
) -> list[Outcome]:
    stated = [o for o in workup.workup.outcomes if not _contradicts(o, patient, names)]
    if stated:
        cut = [
            {name: value for name, value in outcome.items() if name in names} for outcome in stated
        ]
        return [o for i, o in enumerate(cut) if o and o not in cut[:i]]
    # none is stated, or none fits what is known: each finding by itself then, as far as its bounds
    # allow
    bounded = any(name in patient.intervals for name in names)
    key = (workup.workup.id, tuple(names))
    if not bounded and key in plan.free_outcomes:
        return plan.free_outcomes[key]
    choices = {
        name: tuple(
            v
            for v in worth_trying(plan, plan.knowledge.catalogue[name])
            if _within(v, name, patient)
        )
        for name in names
    }
    outcomes = _combined(
        {name: values for name, values in choices.items() if values},
        plan.parameters.scenarios_per_workup,
    )
    if not bounded:
        plan.free_outcomes[key] = outcomes
    return outcomes


def _contradicts(
    outcome: Mapping[str, Any], patient: Patient, varied_names: Collection[str]
) -> bool:
    """Whether a joint outcome goes against a yes, a no or a word that is known and stays, or lies
    outside of known bounds.

    Numbers of two methods may differ.
    """
    for name, value in outcome.items():
        known = None if name in varied_names else patient.values.get(name)
        if (isinstance(known, bool | str) and known != value) or not _within(value, name, patient):
            return True
    return False


def _within(value: Any, name: str, patient: Patient) -> bool:
    bounds = patient.intervals.get(name)
    return bounds is None or isinstance(value, bool | str) or bounds.contains(value)


# A status of an antigen that two methods or the gene have settled; one negative stain is not, so
# that a positive one may still refute it.
_DECISIVE = ("lost", "retained")


def _impossible(scenario: Scenario, patient: Patient) -> bool:
    """Whether the result contradicts what is shown, so that the status of an antigen would be open
    again.
    """
    return any(
        (value is None or isinstance(value, tuple)) and patient.values.get(name) in _DECISIVE
        for name, value in scenario.changed.items()
    )


def _combined(
    choices: Mapping[str, Sequence[bool | float | int | str]], limit: int
) -> list[Outcome]:
    """Every combination; where these are too many, each value of each finding by itself, and all
    first and all last values together.
    """
    size = 1
    for values in choices.values():
        size *= len(values)
    if size <= limit:
        return [
            dict(zip(choices, combination, strict=True))
            for combination in itertools.product(*choices.values())
        ]
    alone: list[Outcome] = [{name: value} for name, values in choices.items() for value in values]
    return [
        *alone,
        {name: values[0] for name, values in choices.items()},
        {name: values[-1] for name, values in choices.items()},
    ]


def _scenario(plan: Plan, patient: Patient, outcome: Outcome) -> Scenario:
    changed: dict[str, Any] = {name: value for name, value in outcome.items() if name in plan.read}
    if plan.feeds.intersection(outcome):
        derived = derived_from(patient.inputs, outcome)
        for name in plan.derived:
            if name not in derived or derived[name] == patient.intervals.get(name, _NO_BOUNDS):
                continue
            if (
                derived[name] != patient.values.get(name)
                or name in patient.intervals
                or name in patient.possible
            ):
                changed[name] = derived[name]
    return Scenario(outcome, changed)


def own_rows(plan: Plan, patients: Sequence[Patient]) -> pl.DataFrame:
    """One row for each patient as he is."""
    return findings_frame(
        [p.values for p in patients],
        plan.columns,
        plan.knowledge.catalogue,
        [p.bounds for p in patients],
    )


def rows_by_last(plan: Plan, patients: Sequence[Patient], own: pl.DataFrame) -> pl.DataFrame:
    """One row for each patient as he would be if what the last results point to still held; `own`
    itself where they point to nothing.
    """
    if not any(p.last for p in patients):
        return own
    flags = [{n: x for n, x in p.last.items() if isinstance(x, bool)} for p in patients]
    numbers = [{n: x for n, x in p.last.items() if not isinstance(x, bool)} for p in patients]
    return findings_frame(
        [{**p.values, **of} for p, of in zip(patients, flags, strict=True)],
        plan.columns,
        plan.knowledge.catalogue,
        [{**p.bounds, **of} for p, of in zip(patients, numbers, strict=True)],
    )


def scenario_rows(own: pl.DataFrame, scenarios: Sequence[tuple[int, Scenario]]) -> pl.DataFrame:
    """One row for each scenario, given with the position of its patient in `own`."""
    frame = own[[position for position, _ in scenarios]]
    changes: dict[str, tuple[list[int], list[Any]]] = defaultdict(lambda: ([], []))
    for row, (_, scenario) in enumerate(scenarios):
        for name, value in scenario.changed.items():
            rows, values = changes[name]
            rows.append(row)
            values.append(value)
    return with_values(frame, changes)
