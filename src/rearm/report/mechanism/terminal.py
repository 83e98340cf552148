"""The same as the pages for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rearm.mechanism.result import NOTE
from rearm.report.mechanism.words import (
    SETTLED_TEXT,
    TEST,
    answer,
    basis,
    is_settled,
    names,
    with_interval,
)

if TYPE_CHECKING:
    from rearm.mechanism.result import MechanismResult
    from rearm.mechanism.trial import TrialResult

__all__ = ["mechanism_text", "trial_text"]


def mechanism_text(result: MechanismResult) -> str:
    """The answer for one patient."""
    lines = [f"{result.patient_id}: {NOTE}", answer(result)]
    lines += [""] if result.classes else []
    for c in result.classes:
        bar = "#" * round(30 * c.probability)
        lines.append(
            f"  {names(result, c.members):48s} {c.probability:6.1%} +- {c.error:5.1%}  (before the"
            f" data {c.prior:5.1%})  {bar}"
        )
    if result.next_measurements:
        lines += ["", "  Most informative tests:"]
        lines += (
            [f"    {SETTLED_TEXT}"]
            if is_settled(result)
            else [
                f"    {TEST[c.test]} on day {c.day:g}: {c.bits:.2f} of {result.entropy_bits:.2f}"
                " bits"
                for c in result.next_measurements[:3]
            ]
        )
    lines += ["", *[f"  note: {n}" for n in (*result.notes, *basis(result))]]
    return "\n".join(lines)


def trial_text(result: TrialResult) -> str:
    """The outcome of a virtual trial."""
    lines = [
        f"{result.title}: {NOTE}",
        (
            f"{result.patients} virtual patients, the same in every arm; intervals of a trial of"
            f" {result.trial_size}"
        ),
    ]
    for arm in result.arms:
        lines.append(f"\n{arm.name}")
        for s in arm.steps:
            response, deep, free = (
                with_interval(s.orr, "%"),
                with_interval(s.cr, "%"),
                with_interval(s.pfs_median),
            )
            lines.append(
                f"  {s.name:32s} n {s.treated:6d}   response {response:>26s}   CR {deep:>26s}   PFS"
                f" {free:>28s} mo"
            )
    lines += [
        f"\n{n}, {what}: {with_interval((d, a, b))} %" for n, what, d, a, b in result.differences
    ]
    lines += ["", *[f"  note: {n}" for n in (*result.notes, f"Seed {result.seed}.")]]
    return "\n".join(lines)
