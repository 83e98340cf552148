"""Emergencies and what must not be taken for relapse: shown first, whatever the response course
says.
"""

from __future__ import annotations

from rearm.assessment.patient import Shown
from rearm.assessment.result import Alert

__all__ = ["alerts_of"]


def alerts_of(shown: Shown) -> tuple[Alert, ...]:
    """The alerts that hold, in the order of the knowledge. Unknown raises none: silence of the
    record is not an emergency.
    """
    return tuple(
        Alert(id=alert.id, text=alert.text, basis=shown.basis(number, f"alert-{alert.id}"))
        for alert, number in shown.plan.alerts
        if shown.truth(number)
    )
