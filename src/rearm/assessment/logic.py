"""Verdicts and grades as arithmetic on answers: one row for a patient as he is, many rows for what
a test might show.

Answers are 1 (true), 0 (false), -1 (unknown), rows x conditions. The words of the result are
positions in the tuples below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rearm.assessment.plan import FactorPlan, Plan
from rearm.assessment.result import Grade, Verdict

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Codes = npt.NDArray[np.int8]
    Flags = npt.NDArray[np.bool_]

__all__ = [
    "GRADES",
    "GROUPS",
    "VERDICTS",
    "Judged",
    "grade_word",
    "grades",
    "group_grades",
    "verdict_word",
    "verdicts",
]

# Better ones later; supportive care has no verdict (-1).
VERDICTS: tuple[Verdict, ...] = (
    "excluded",
    "discouraged",
    "needs_information",
    "open",
)
EXCLUDED, DISCOURAGED, NEEDS_INFORMATION, OPEN = range(4)
NO_VERDICT = -1

# Rising; not assessed stands below as -1, a factor that can't apply here is -2.
GRADES: tuple[Grade, ...] = ("excluded", "unlikely", "possible", "likely", "established")
RULED_OUT, UNLIKELY, POSSIBLE, LIKELY, ESTABLISHED = range(5)
NOT_ASSESSED, NOT_APPLICABLE = -1, -2
GROUPS: tuple[str, ...] = ("safety", "antigen", "t-cell", "microenvironment", "product", "tumour")


def verdict_word(code: int) -> Verdict | None:
    return None if code == NO_VERDICT else VERDICTS[code]


def grade_word(code: int) -> Grade:
    return GRADES[code] if code >= 0 else "not_assessed"


@dataclass(frozen=True, slots=True)
class Judged:
    """Codes, rows x options. `clear`: the verdict if every unknown stop turns out clear;
    `afterwards`: the verdict once the stops that will end have ended; `open`: how many of stage
    choose are unknown.
    """

    verdict: Codes
    clear: Codes
    afterwards: Codes
    open: Codes


def verdicts(plan: Plan, answers: Codes, declined: Flags, by_last: Codes) -> Judged:
    """The verdict of every option on every row, the first that holds.

    `declined`: rows x options, whether that patient does not want it; a stop that may end.
    `by_last`: of the shape of `answers`, the answers to what is unknown if what the last results
    point to still holds. An option that they would stop waits for a new result.
    """
    import numpy as np

    shape = (len(answers), len(plan.options))
    verdict, clear, afterwards, open_ = (np.empty(shape, dtype=np.int8) for _ in range(4))
    for i, option in enumerate(plan.options):
        stopped = (
            _any(answers, option.exclude, 1) | _any(answers, option.require, 0) | declined[:, i]
        )
        discouraged = (
            np.full(len(answers), True) if option.poor else _any(answers, option.discourage, 1)
        )
        best = np.where(discouraged, DISCOURAGED, OPEN)
        clear[:, i] = np.where(stopped, EXCLUDED, best)
        unknown = _waiting(answers, by_last, option.choose_exclude, option.exclude, 1) + _waiting(
            answers, by_last, option.choose_require, option.require, 0
        )
        open_[:, i] = unknown
        lasting = _any(answers, option.lasting_exclude, 1) | _any(
            answers, option.lasting_require, 0
        )
        waiting = np.where((unknown > 0) & (best > DISCOURAGED), NEEDS_INFORMATION, best)
        verdict[:, i] = np.where(stopped, EXCLUDED, waiting)
        afterwards[:, i] = np.where(lasting, EXCLUDED, waiting)
        if option.option.role == "supportive":
            verdict[:, i] = clear[:, i] = afterwards[:, i] = NO_VERDICT
    return Judged(verdict, clear, afterwards, open_)


def grades(plan: Plan, answers: Codes, stated: Flags | None = None) -> Codes:
    """The grade of every factor on every row, from what was found after the infusion.

    `stated`, of the same shape: where the answer rests on what somebody states. Nothing is
    established or excluded by that.
    """
    import numpy as np

    measured = answers if stated is None else np.where(stated, np.int8(-1), answers)

    found = np.empty((len(answers), len(plan.factors)), dtype=np.int8)
    for i, factor in enumerate(plan.factors):
        found[:, i] = _grade(factor, answers, measured)
    return found


def _grade(factor: FactorPlan, answers: Codes, measured: Codes) -> Codes:
    import numpy as np

    decisive, against_decisive = (
        _any(measured, x, 1) for x in (factor.decisive, factor.against_decisive)
    )
    strong, support = (_any(answers, x, 1) for x in (factor.strong, factor.supports))
    against_strong, against = (_any(answers, x, 1) for x in (factor.against_strong, factor.against))
    open_ = (
        _any(answers, factor.supports, -1) if len(factor.supports) else np.full(len(answers), True)
    )
    sample_speaks = (answers[:, factor.blocked] == 0).all(axis=1)
    grade = np.select(
        [
            decisive & ~against_decisive & sample_speaks,
            decisive
            & against_decisive,  # the two contradict each other: neither is taken for proof
            against_decisive,
            strong & ~against_strong,
            strong,  # strong signs on both sides
            support & ~against_strong,  # a weak sign does not stand against a strong one
            against,
            open_,
        ],
        [ESTABLISHED, POSSIBLE, RULED_OUT, LIKELY, POSSIBLE, POSSIBLE, UNLIKELY, NOT_ASSESSED],
        UNLIKELY,  # every supporting indicator is known to be false
    )
    if factor.explains is not None:
        applies = answers[:, factor.explains]
        grade = np.where(
            applies == 0,
            NOT_APPLICABLE,
            np.where(applies == -1, np.minimum(grade, POSSIBLE), grade),
        )
    return grade.astype(np.int8)


def group_grades(plan: Plan, factor_grades: Codes) -> Codes:
    """The grade of every group (order of GROUPS): that of its best factor; not assessed before
    unlikely, since a test may still show it.

    A factor that nothing found after the infusion can support keeps no group open: no test would
    ever settle it.
    """
    import numpy as np

    found = np.full((len(factor_grades), len(GROUPS)), NOT_ASSESSED, dtype=np.int8)
    for i, group in enumerate(GROUPS):
        members = [n for n, f in enumerate(plan.factors) if f.factor.group == group]
        if members:
            own = factor_grades[:, members]
            best = own.max(axis=1)
            telling = [bool(len(plan.factors[n].supports)) for n in members]
            open_ = (own[:, telling] == NOT_ASSESSED).any(axis=1) | (best <= NOT_ASSESSED)
            found[:, i] = np.where((best < POSSIBLE) & open_, NOT_ASSESSED, best)
    return found


def _waiting(
    answers: Codes,
    by_last: Codes,
    chosen_by: npt.NDArray[np.intp],
    stops: npt.NDArray[np.intp],
    stopping: int,
) -> npt.NDArray[np.intp]:
    """How many stops are unknown of those to be known before an option is chosen, and of the others
    those that the last result points to; by row.
    """
    import numpy as np

    pointed = stops[~np.isin(stops, chosen_by)]
    points = (answers[:, pointed] == -1) & (by_last[:, pointed] == stopping)
    number: npt.NDArray[np.intp] = (answers[:, chosen_by] == -1).sum(axis=1) + points.sum(axis=1)
    return number


def _any(answers: Codes, columns: npt.NDArray[np.intp], value: int) -> Flags:
    held: Flags = (answers[:, columns] == value).any(axis=1)
    return held
