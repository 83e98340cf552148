"""Total IgG that is lower than the IgG M-protein it must hold: flagged, never corrected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.record import Issue, Lab

__all__ = ["flag_igg_below_m_protein"]

_MG_PER_G = 1000
# Immunoassay and electrophoresis may part by a quarter, and by 0.2 g/dL where both are low, without
# a slip: conventions of this project.
_RATIO, _LEAST = 1.25, 200  # mg/dL


def flag_igg_below_m_protein(
    labs: Sequence[Lab], heavy_chain: tuple[str, ...], patient_id: str
) -> Iterator[Issue]:
    """An issue for each day on which the two contradict each other in a myeloma of type IgG."""
    if heavy_chain != ("IgG",):
        return
    proteins = {x.day: x for x in labs if x.test == "serum_m_protein" and x.day is not None}
    for total in labs:
        if total.test != "igg" or total.day not in proteins:
            continue
        protein = proteins[total.day]
        if total.quantity is None or protein.quantity is None:
            continue
        least = _MG_PER_G * protein.quantity.low
        if least > max(_RATIO * total.quantity.high, total.quantity.high + _LEAST):
            sentence = (
                f"Total IgG on day {total.day} ({total.as_given}) is lower than the M-protein "
                f"({protein.as_given}), which is part of it. Check both."
            )
            problem = CellProblem("warning", "igg_below_m_protein", sentence, "used")
            yield issue_at(total.source, problem, patient_id)
