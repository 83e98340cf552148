"""Where each strategy stands: placements of the knowledge, and the verdicts of its options, as
arithmetic on answers.

A strategy stands in the highest tier of which a condition is true, no higher than its caps, and no
higher than its best option allows. What is not known neither lifts nor lowers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from rearm.assessment.logic import DISCOURAGED, EXCLUDED, Judged
from rearm.assessment.patient import Patient
from rearm.assessment.plan import TIERS, OptionPlan, Plan, StrategyPlan, in_effect

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from rearm.assessment.logic import Codes, Flags

__all__ = [
    "ALTERNATIVE",
    "AVOID",
    "FIRST",
    "NOT_POSSIBLE",
    "SITUATIONAL",
    "option_limits",
    "placements",
    "to_be_had",
]

NOT_POSSIBLE, AVOID, SITUATIONAL, ALTERNATIVE, FIRST = range(len(TIERS))


def placements(plan: Plan, answers: Codes, limits: Codes) -> tuple[Codes, Codes]:
    """The tier of every strategy on every row, and the highest that its options allow, rows x
    strategies. `limits`: of `option_limits`.
    """
    import numpy as np

    shape = (len(answers), len(plan.strategies))
    tiers, allowed = np.empty(shape, dtype=np.int8), np.empty(shape, dtype=np.int8)
    for i, strategy in enumerate(plan.strategies):
        allowed[:, i] = limits[:, strategy.options].max(axis=1)
        tiers[:, i] = np.minimum(_placed(strategy, answers), allowed[:, i])
    return tiers, allowed


def option_limits(
    plan: Plan, answers: Codes, judged: Judged, had: Flags, *, afterwards: bool = False
) -> Codes:
    """The highest tier that each option allows its strategy, rows x options. `had`: whether the
    option is more than a trial; one for trials only waits for a trial that is named as open.
    `afterwards`: once the stops that will end have ended.
    """
    import numpy as np

    verdict = judged.afterwards if afterwards else judged.verdict
    usable = had | _trial_open(plan, answers)[:, None]
    limits: Codes = np.select(
        [verdict == EXCLUDED, verdict == DISCOURAGED, usable],
        [NOT_POSSIBLE, AVOID, FIRST],
        SITUATIONAL,
    ).astype(np.int8)
    return limits


def _placed(strategy: StrategyPlan, answers: Codes) -> Codes:
    """By the placements alone. A strategy without any stands nowhere: situational."""
    import numpy as np

    base = np.full(len(answers), AVOID if strategy.places else SITUATIONAL, dtype=np.int8)
    cap = np.full(len(answers), FIRST, dtype=np.int8)
    for place in strategy.places:
        true = answers[:, place.number] == 1
        if place.caps:
            cap = np.where(true, np.minimum(cap, place.tier), cap)
        else:
            base = np.where(true, np.maximum(base, place.tier), base)
    placed: Codes = np.minimum(base, cap).astype(np.int8)
    return placed


def _trial_open(plan: Plan, answers: Codes) -> Flags:
    import numpy as np

    if plan.trial_open is None:
        return np.full(len(answers), False)
    named: Flags = answers[:, plan.trial_open] == 1
    return named


def to_be_had(
    plan: Plan, patients: Sequence[Patient], region: str | None, of_row: npt.NDArray[np.intp]
) -> Flags:
    """Which options are more than a trial for the patient of each row, rows x options: approved or
    on the market, whatever the label says of this patient.
    """
    import numpy as np

    days = [patient.day for patient in patients]
    flags: Flags = np.array(
        [[_to_be_had(option, region, day) for option in plan.options] for day in days], dtype=bool
    ).reshape(len(days), len(plan.options))
    return flags[of_row]


def _to_be_had(option: OptionPlan, region: str | None, day: date | None) -> bool:
    if not option.approval_needed:
        return True
    if any(in_effect(row, region, day) for row, _ in option.labels):
        return True
    marketed = any(in_effect(row, region, day) for row in option.off_label)
    return marketed or (not option.option.availability and "off-label" in option.option.tags)
