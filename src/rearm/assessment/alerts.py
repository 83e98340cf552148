"""Emergencies and what must not be taken for relapse: shown first, whatever the response course
says.
"""

from __future__ import annotations

from rearm.assessment.basis import Basis
from rearm.assessment.result import Alert

__all__ = ["alerts_of"]


def alerts_of(basis: Basis) -> tuple[Alert, ...]:
    """The alerts that hold, in the order of the knowledge. Unknown raises none: silence of the
    record is not an emergency.
    """
    return tuple(
        Alert(id=alert.id, text=alert.text, findings=basis.read_by(number))
        for alert, number in basis.plan.alerts
        if basis.truth(number)
    )
