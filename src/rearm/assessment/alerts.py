"""Emergencies and what must not be taken for relapse: shown first, whatever the response course
says.
"""

from __future__ import annotations

from collections.abc import Sequence

from rearm.assessment.basis import Basis
from rearm.assessment.patient import Patient
from rearm.assessment.plan import AlertPlan, Plan
from rearm.assessment.result import Alert, AlertStatus

__all__ = ["alerts_of", "lost_alerts_of", "raised"]


def alerts_of(basis: Basis) -> tuple[Alert, ...]:
    """The alerts that hold or are open, in the order of the knowledge. Silence of the record raises
    none.
    """
    return tuple(
        Alert(
            id=plan.alert.id,
            status=status,
            text=_text(basis, plan, status),
            findings=basis.read_by(plan.number),
        )
        for plan, status in raised(basis.plan, basis.patient, basis.answers)
    )


def lost_alerts_of(basis: Basis, computed: Basis) -> tuple[Alert, ...]:
    """The alerts that the computed facts raise and that what is stated over them takes away, or
    makes uncertain; each with the findings that it rests on, as they are stated now.
    """
    left = {(plan.alert.id, status) for plan, status in
            raised(basis.plan, basis.patient, basis.answers)}  # fmt: skip
    still = {name for name, _ in left}
    return tuple(
        Alert(
            id=plan.alert.id,
            status=status,
            text=_text(computed, plan, status),
            findings=basis.read_by(plan.number),
        )
        for plan, status in raised(computed.plan, computed.patient, computed.answers)
        if plan.alert.id not in still
        or (status == "certain" and (plan.alert.id, "certain") not in left)
    )


def raised(
    plan: Plan, patient: Patient, answers: Sequence[int]
) -> list[tuple[AlertPlan, AlertStatus]]:
    """The alerts with their status; `answers` are the patient's own, by number of condition."""
    status = {a.alert.id: _status(a, plan, patient, answers) for a in plan.alerts}
    found: list[tuple[AlertPlan, AlertStatus]] = []
    for alert in plan.alerts:
        own, wider = status[alert.alert.id], status.get(alert.alert.covered_by or "")
        covered = wider == "certain" or (wider == "open" and own == "open")
        if own is not None and not covered:
            found.append((alert, own))
    return found


def _status(
    alert: AlertPlan, plan: Plan, patient: Patient, answers: Sequence[int]
) -> AlertStatus | None:
    answer = answers[alert.number]
    if answer == 1:
        return "certain"
    if answer == 0 or alert.alert.open_text is None:
        return None
    reads = plan.conditions[alert.number].reads
    found = patient.found
    return "open" if any(name in found and found[name].suspected for name in reads) else None


def _text(basis: Basis, plan: AlertPlan, status: AlertStatus) -> str:
    if status == "open" and plan.alert.open_text is not None:
        return plan.alert.open_text
    for wording, number in plan.wordings:
        if basis.truth(number):
            return wording.text
    return plan.alert.text
