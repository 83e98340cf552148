"""What to do now, whatever therapy is chosen: each with why, how soon, and what lifts it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from rearm.assessment.basis import Basis
from rearm.assessment.patient import Patient
from rearm.assessment.plan import ActionPlan, Plan
from rearm.assessment.result import Action, ActionStatus, Reason, Urgency
from rearm.knowledge.rulesets import ActionRule
from rearm.rules import truth

__all__ = ["DueAction", "actions_of", "due_actions"]

_URGENCIES: tuple[Urgency, ...] = get_args(Urgency)
_STATUSES: tuple[ActionStatus, ...] = get_args(ActionStatus)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueAction:
    """An action that is due or open for one patient, and how soon."""

    plan: ActionPlan
    status: ActionStatus
    urgency: Urgency

    @property
    def id(self) -> str:
        return self.plan.action.id


def actions_of(basis: Basis) -> tuple[Action, ...]:
    """The actions that are due or open, the most urgent first. Silence of the record makes none
    due, and nothing is to be done for a patient who died.
    """
    found = due_actions(basis.plan, basis.patient, basis.answers)
    return tuple(_action(basis, action) for action in found)


def due_actions(plan: Plan, patient: Patient, answers: Sequence[int]) -> list[DueAction]:
    """The actions with their status; `answers` are the patient's own, by number of condition."""
    if patient.record.deaths:
        return []
    status = {a.action.id: _status(a, plan, patient, answers) for a in plan.actions}
    found = [
        DueAction(plan=action, status=own, urgency=_urgency(plan, action, status))
        for action in plan.actions
        if (own := status[action.action.id]) is not None
    ]
    return sorted(found, key=lambda x: (_URGENCIES.index(x.urgency), _STATUSES.index(x.status)))


def _status(
    plan: ActionPlan, whole: Plan, patient: Patient, answers: Sequence[int]
) -> ActionStatus | None:
    action, found = plan.action, patient.found
    if plan.unless is not None and answers[plan.unless] == 1:
        return None
    if action.finds_out and not _lacking(action, patient):
        return None
    answer = answers[plan.number]
    if answer == 1:
        return "due"
    if answer == 0 or action.open_text is None:
        return None
    signs = whole.conditions[plan.number].reads
    points = any(name in found and found[name].suspected for name in signs)
    points |= plan.open_when is not None and answers[plan.open_when] == 1
    return "open" if points else None


def _lacking(action: ActionRule, patient: Patient) -> tuple[str, ...]:
    """Of the findings that it is to find out, those that are not known."""
    found = patient.found
    return tuple(x for x in action.finds_out if not (x in found and found[x].known))


def _urgency(plan: Plan, action: ActionPlan, status: dict[str, ActionStatus | None]) -> Urgency:
    """Its own, or that of a more urgent action which is due and waits for it."""
    waiting = [
        other.action.urgency
        for other in plan.actions
        if other.action.id in action.action.before and status[other.action.id] == "due"
    ]
    return _URGENCIES[min(map(_URGENCIES.index, (action.action.urgency, *waiting)))]


def _action(basis: Basis, due: DueAction) -> Action:
    action = due.plan.action
    return Action(
        id=action.id,
        text=_text(basis, due),
        reason=_reason(basis, due),
        sources=basis.cite(action.sources),
        urgency=due.urgency,
        status=due.status,
        shows=_shown(basis, due),
        lacks=_lacking(action, basis.patient) if len(action.finds_out) > 1 else (),
        routine=due.plan.action.routine and due.status == "due",
    )


def _shown(basis: Basis, due: DueAction) -> tuple[str, ...]:
    """Of the findings to be shown, those that make it due by themselves; else, as where several
    have to come together, whatever is known of them and not denied.
    """
    condition, patient = basis.plan.conditions[due.plan.number], basis.patient
    found = {name: basis.finding(name) for name in due.plan.action.shows}
    alone = tuple(
        name
        for name, own in found.items()
        if own.known
        and truth(
            condition,
            {name: patient.values.get(name)},
            {x: bound for x, bound in patient.bounds.items() if x == name},
        )
    )
    return alone or tuple(
        name
        for name, own in found.items()
        if own.suspected or (own.known and own.value is not False)
    )


def _text(basis: Basis, due: DueAction) -> str:
    action = due.plan.action
    if due.status == "open" and action.open_text is not None:
        return action.open_text
    for wording, number in due.plan.wordings:
        if basis.truth(number):
            return wording.text
    return action.text


def _reason(basis: Basis, due: DueAction) -> str:
    """The id of its reason, which is its own."""
    action, number = due.plan.action, due.plan.number
    missing = basis.missing(number)
    findings = basis.read_by(number)
    unknown = tuple(name for name in findings if not basis.findings[name].known)
    basis.reasons[action.id] = Reason(
        text=action.because,
        effect="act",
        truth=basis.truth(number),
        findings=findings,
        until=action.until,
        missing=() if missing == unknown else missing,
        asks=basis.asks(missing),
    )
    return action.id
