"""Whether an approval covers this patient in the region asked, on the day asked."""

from __future__ import annotations

from rearm.assessment.basis import Basis
from rearm.assessment.plan import OptionPlan, in_effect
from rearm.assessment.result import Approval, AvailabilityResult
from rearm.knowledge.rulesets import Availability

__all__ = ["availability_of"]


def availability_of(basis: Basis, plan: OptionPlan, region: str | None) -> AvailabilityResult:
    """The approvals that count for this patient. `region` None: anywhere. Unknown says "check" and
    bars nothing.
    """
    if not plan.approval_needed:
        return AvailabilityResult(status="not_needed")
    day = basis.patient.day
    counted = [(row, number) for row, number in plan.labels if in_effect(row, region, day)]
    if counted:
        return _of_labels(basis, counted, dated=day is not None)
    marketed = any(in_effect(row, region, day) for row in plan.off_label)
    if marketed or (not plan.option.availability and "off-label" in plan.option.tags):
        return AvailabilityResult(status="off_label")
    later = [row.from_ for row, _ in plan.labels if region in (None, row.region)]
    return AvailabilityResult(status="trial_only", first=min(later).isoformat() if later else None)


def _of_labels(
    basis: Basis, counted: list[tuple[Availability, int]], *, dated: bool
) -> AvailabilityResult:
    rows = tuple(
        Approval(
            region=row.region,
            from_=row.from_.isoformat(),
            applies=basis.truth(number),
            note=row.note,
            source=basis.cite((row.source,))[0] if row.source else row.source,
        )
        for row, number in counted
    )
    applies = {row.applies for row in rows}
    if True in applies:
        # without a calendar date it is not known whether the approval was in force
        return AvailabilityResult(status="available" if dated else "check", rows=rows)
    if None in applies:
        missing = dict.fromkeys(name for _, number in counted for name in basis.missing(number))
        for name in missing:
            basis.finding(name)
        return AvailabilityResult(status="check", rows=rows, missing=tuple(missing))
    return AvailabilityResult(status="outside_label", rows=rows)
