"""Rows of findings to codes: verdicts of options, grades of factors and of their groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rearm.assessment.logic import GRADES, Judged, grades, group_grades, verdicts
from rearm.assessment.patient import Patient
from rearm.assessment.placing import option_limits, placements, to_be_had
from rearm.assessment.plan import Plan
from rearm.assessment.scenarios import Scenario, own_rows, rows_by_last, scenario_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from rearm.assessment.logic import Codes, Flags

__all__ = ["Codings", "Judging", "OwnCodes", "judge", "judge_scenarios"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codings:
    """Everything judged, by row: verdicts, factor grades, group grades, tiers of strategies, the
    highest that their options allow, the highest that each option allows, and the tiers once the
    stops that will end have ended.
    """

    judged: Judged
    factors: Codes
    groups: Codes
    tiers: Codes
    allowed: Codes
    limits: Codes
    afterwards: Codes


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCodes:
    """The codes of one patient as he is, by option, factor, group and strategy."""

    verdict: Codes
    clear: Codes
    open: Codes
    factors: Codes
    groups: Codes
    tiers: Codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """Rows with their answers (rows x conditions: 1 true, 0 false, -1 unknown) and their codes.
    `frame` holds the findings; `by_last` the answers to what is unknown if what the last results
    point to still holds.
    """

    frame: pl.DataFrame
    answers: Codes
    by_last: Codes
    codes: Codings

    def answers_of(self, place: int) -> tuple[list[int], list[int]]:
        """The answers of one row, and those by the last results."""
        return self.answers[place].tolist(), self.by_last[place].tolist()

    def row(self, place: int) -> OwnCodes:
        """The codes of one row."""
        judged = self.codes.judged
        return OwnCodes(
            verdict=judged.verdict[place],
            clear=judged.clear[place],
            open=judged.open[place],
            factors=self.codes.factors[place],
            groups=self.codes.groups[place],
            tiers=self.codes.tiers[place],
        )


def judge(plan: Plan, patients: Sequence[Patient], region: str | None) -> Judging:
    """The patients as they are, one row each."""
    import numpy as np

    frame, everybody = own_rows(plan, patients), np.arange(len(patients))
    by_last = _answers(plan, rows_by_last(plan, patients, frame))
    return _judging(plan, frame, by_last, patients, region, everybody)


def judge_scenarios(
    plan: Plan,
    patients: Sequence[Patient],
    region: str | None,
    own: Judging,
    scenarios: Sequence[tuple[int, Scenario]],
) -> Codings:
    """What the patients would be judged to be, one row for each scenario; each comes with the
    position of its patient in `own`.
    """
    import numpy as np

    frame = scenario_rows(own.frame, scenarios)
    of_row = np.array([position for position, _ in scenarios], dtype=np.intp)
    return _judging(plan, frame, own.by_last[of_row], patients, region, of_row).codes


def _judging(
    plan: Plan,
    frame: pl.DataFrame,
    if_last_holds: Codes,
    patients: Sequence[Patient],
    region: str | None,
    of_row: npt.NDArray[np.intp],
) -> Judging:
    import numpy as np

    answers = _answers(plan, frame)
    by_last = np.where(answers == -1, if_last_holds, np.int8(-1))
    factors = grades(plan, answers, _stated(plan, patients, of_row))
    factors = _as_the_team_sees(factors, plan, patients, of_row)
    judged = verdicts(
        plan,
        answers,
        _declined(plan, patients, of_row),
        by_last,
    )
    had = to_be_had(plan, patients, region, of_row)
    limits = option_limits(plan, answers, judged, had)
    tiers, allowed = placements(plan, answers, limits)
    later, _ = placements(plan, answers, option_limits(plan, answers, judged, had, afterwards=True))
    codes = Codings(
        judged=judged,
        factors=factors,
        groups=group_grades(plan, factors),
        tiers=tiers,
        allowed=allowed,
        limits=limits,
        afterwards=later,
    )
    return Judging(frame=frame, answers=answers, by_last=by_last, codes=codes)


def _answers(plan: Plan, frame: pl.DataFrame) -> Codes:
    import numpy as np

    read = plan.compiled.evaluate(frame)
    always = np.ones((len(read), 1), dtype=np.int8)  # the last column is `plan.always`
    answers: Codes = np.hstack([read, always])
    return answers


def _stated(plan: Plan, patients: Sequence[Patient], of_row: npt.NDArray[np.intp]) -> Flags | None:
    """Which answers rest on what somebody states, rows x conditions; None where none does."""
    import numpy as np

    if not any(patient.stated for patient in patients):
        return None
    of_patient = np.array(
        [[*(not p.stated.isdisjoint(c.reads) for c in plan.conditions), False] for p in patients]
    )
    flags: Flags = of_patient[of_row]
    return flags


def _as_the_team_sees(
    factors: Codes, plan: Plan, patients: Sequence[Patient], of_row: npt.NDArray[np.intp]
) -> Codes:
    """The grades with those that the team states in the place of the computed ones."""
    for place, patient in enumerate(patients):
        for number, factor in enumerate(plan.factors):
            grade = patient.causes.get(factor.factor.id)
            if grade is not None:
                factors[of_row == place, number] = GRADES.index(grade)
    return factors


def _declined(plan: Plan, patients: Sequence[Patient], of_row: npt.NDArray[np.intp]) -> Flags:
    """Which options the patient does not want, rows x options."""
    import numpy as np

    wanted_not = [[o.option.id in patient.declined for o in plan.options] for patient in patients]
    flags: Flags = np.array(wanted_not, dtype=bool).reshape(len(patients), len(plan.options))
    return flags[of_row]
