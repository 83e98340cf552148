"""Which arms speak for an option, and which of them may stand in one pool."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rearm.evidence.pool import ArmData, Measure, NotPooled, data_of
from rearm.knowledge.studies import Arm, Directness, Study

__all__ = [
    "ORDER",
    "SELECTED_BY",
    "arms_for",
    "backbone",
    "barred",
    "choose",
    "own",
    "steroid_differs",
]

ORDER: dict[Directness, int] = {"direct": 0, "near": 1, "indirect only": 2, "none read": 3}

STEROIDS = frozenset({"dexamethasone", "prednisone"})

SELECTED_BY = {"bcl2-inhibitor": "t(11;14)", "mapk-inhibitor": "BRAF V600E"}
"""Strategies given by a marker: only arms selected by that marker are pooled, the others are shown.
"""


def backbone(agents: frozenset[str]) -> frozenset[str]:
    """The agents without steroids, which do not tell two therapies apart; a steroid alone stays."""
    return agents - STEROIDS or agents


def _fits(option: frozenset[str] | None, arm: frozenset[str]) -> bool:
    """One set of targets is contained in the other, or one of them is not named."""
    return not option or not arm or option <= arm or arm <= option


def arms_for(
    strategy: str,
    studies: Iterable[Study],
    targets: frozenset[str] | None,
    agents: frozenset[str] | None,
) -> list[Arm]:
    """Arms of the strategy, or shown under it, in order of id.

    They fit the option's targets and contain its agents. Arms with further agents are among them,
    and are listed only (`own`, `choose`). Steroids do not count.
    """
    wanted = backbone(agents or frozenset())
    fitting = [
        arm
        for study in studies
        for arm in study.arms
        if (arm.strategy == strategy or strategy in arm.shown_under)
        and _fits(targets, arm.targets)
        and (not arm.agents or wanted <= backbone(arm.agents))
    ]
    return sorted(fitting, key=lambda arm: arm.id)


def own(arm: Arm, agents: frozenset[str] | None) -> bool:
    """Whether the arm gave exactly the option's agents; without agents, any do. Steroids aside."""
    return not agents or backbone(arm.agents) == backbone(agents)


def choose(
    arms: Sequence[Arm],
    strategy: str,
    measure: Measure,
    agents: frozenset[str] | None,
    studies: Mapping[str, Study],
) -> tuple[list[ArmData], dict[str, NotPooled]]:
    """The rows to pool, at most one of each overlap group, and for every other arm why not.

    Within a group the more direct arm stands, then the larger, then the later publication: the
    choice does not depend on the order.
    """
    rows: list[ArmData] = []
    reasons: dict[str, NotPooled] = {}
    for arm in arms:
        data = barred(arm, strategy, agents, studies[arm.study]) or data_of(arm, measure)
        if isinstance(data, NotPooled):
            reasons[arm.id] = data
        else:
            rows.append(data)
    rows.sort(
        key=lambda row: (
            ORDER[row.arm.directness],
            -(row.patients or 0),
            -(studies[row.arm.study].citation.year or 0),
            row.arm.id,
        )
    )
    taken: dict[str, str] = {}
    kept = []
    for row in rows:
        if shared := sorted(taken[group] for group in row.arm.overlap if group in taken):
            reasons[row.arm.id] = NotPooled("shares_patients", shared[0])
            continue
        kept.append(row)
        taken.update(dict.fromkeys(row.arm.overlap, row.arm.id))
    return kept, reasons


def steroid_differs(option: frozenset[str], arm: Arm) -> bool:
    """Whether one drug by itself is set against the same drug with a steroid.

    Randomised, pomalidomide with dexamethasone did better than alone (MM-002), so the steroid
    counts there. Beside several drugs it does not tell two therapies apart.
    """
    alone = len(backbone(option)) == 1
    return (
        alone and not arm.steroid_in_some and bool(option & STEROIDS) != bool(arm.agents & STEROIDS)
    )


def barred(
    arm: Arm, strategy: str, agents: frozenset[str] | None, study: Study
) -> NotPooled | None:
    """Why an arm is pooled for no measure of this option; None where it may be."""
    if study.design == "case-report":
        return NotPooled("case_report")
    if arm.strategy != strategy:
        return NotPooled("other_use")
    if agents and not arm.agents:
        return NotPooled("agents_not_separated")
    if not own(arm, agents):
        further = backbone(arm.agents) - backbone(agents or frozenset())
        return NotPooled("in_combination", ", ".join(sorted(further)))
    if agents and steroid_differs(agents, arm):
        return NotPooled("steroid_differs")
    if arm.unlicensed_dose:
        return NotPooled("unlicensed_dose")
    if strategy in SELECTED_BY and arm.biomarker != SELECTED_BY[strategy]:
        return NotPooled("not_selected", SELECTED_BY[strategy])
    return None
