"""The failure of the last CAR-T, and the relapse to decide on, as the team states them over what
was computed. What was computed is kept beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rearm.outcome.failure import Failure, FailureCertainty
from rearm.outcome.infusion_failure import timing
from rearm.outcome.relapse import DiseaseNow, PresentRelapse, Watching
from rearm.record import UNKNOWN_WHEN, When

__all__ = ["CourseStated", "StatedAs", "overruled_disease", "overruled_failures"]

StatedAs = Literal["confirmed", "recorded_by_team", "suspected", "none"]
"""How sure the team is of a progression; `none`: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseStated:
    """What the team states of a progression; None: it leaves that as computed."""

    stated: StatedAs | None = None
    day: int | None = None


def overruled_failures(failures: Sequence[Failure], of_last: CourseStated) -> tuple[Failure, ...]:
    """The failures with the last one as stated. Raises ValueError where nothing was infused, or the
    day lies before the infusion.
    """
    if not failures or failures[-1].infusion_day is None:
        raise ValueError("no infusion with a day, so nothing to state of it")
    return (*failures[:-1], _failure(failures[-1], of_last))


def _failure(judged: Failure, told: CourseStated) -> Failure:
    start = judged.infusion_day
    if told.day is not None and start is not None and told.day < start:
        raise ValueError("the day lies before the infusion")
    if told.stated == "none":
        return replace(
            judged,
            status="not_failed",
            certainty=None,
            day=None,
            when=UNKNOWN_WHEN,
            kind=None,
            timing=None,
            pattern=(),
            computed=judged,
        )
    concerned = judged.status in ("failed", "suspected")
    when = When.on(told.day) if told.day is not None else judged.when
    status = judged.status if concerned else "suspected"
    certainty = judged.certainty if concerned else "signal"
    if told.stated is not None:
        status = "suspected" if told.stated == "suspected" else "failed"
        certainty = _certainty(told.stated, judged.certainty)
    return replace(
        judged,
        status=status,
        certainty=certainty,
        day=when.day,
        when=when,
        timing=None if judged.case is None else timing(judged.case, when),
        computed=judged,
    )


def _certainty(stated: StatedAs, computed: FailureCertainty | None) -> FailureCertainty:
    if stated == "confirmed":
        return "confirmed"
    if stated == "recorded_by_team":
        return "recorded_by_team"
    return computed if computed in ("unconfirmed", "provisional", "signal") else "unconfirmed"


def overruled_disease(disease: DiseaseNow, told: CourseStated) -> DiseaseNow:
    """The disease with the present relapse as stated. Raises ValueError where there is none."""
    relapse = disease.relapse
    if relapse is None:
        raise ValueError("no relapse to decide on, so nothing to state of it")
    if told.stated == "none":
        watching = Watching(
            code="no_progression",
            after=relapse.after,
            line=relapse.line,
            response=None,
            last_assessed_day=relapse.failure.last_assessed_day,
        )
        return DiseaseNow(relapse=None, watching=watching, lines=disease.lines)
    return replace(disease, relapse=_relapse(relapse, told))


def _relapse(relapse: PresentRelapse, told: CourseStated) -> PresentRelapse:
    failure = _failure(relapse.failure, told)
    status: Literal["failed", "suspected"] = (
        "suspected" if failure.status == "suspected" else "failed"
    )
    return replace(
        relapse,
        status=status,
        certainty=failure.certainty,
        when=failure.when,
        since=relapse.since if told.day is None else told.day,
        failure=failure,
        computed=relapse.failure,
    )
