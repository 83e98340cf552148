"""The relapse to decide on, or what is watched, as the result carries it."""

from __future__ import annotations

from rearm.assessment.basis import Basis
from rearm.assessment.patient import Patient
from rearm.assessment.result import ComputedCourse, DayRange, Relapse, TreatedSince, Watched
from rearm.outcome.failure import Failure
from rearm.outcome.later_lines import LineOutcome
from rearm.outcome.relapse import named
from rearm.record import When

__all__ = ["computed_course", "relapse_of", "watched_of"]


def relapse_of(basis: Basis) -> Relapse | None:
    """The present relapse; None where there is none."""
    relapse = basis.patient.disease.relapse
    if relapse is None:
        return None
    return Relapse(
        after=relapse.after,
        line=relapse.line,
        status=relapse.status,
        certainty=relapse.certainty,
        day=DayRange(low=relapse.when.first, high=relapse.when.last),
        pattern=relapse.pattern,
        tempo=relapse.tempo,
        since=relapse.since,
        rows=basis.rows_of(relapse.basis),
        treated_by=None if relapse.treated_by is None else _treated_since(relapse.treated_by),
        computed=None if relapse.computed is None else computed_course(relapse.computed),
    )


def _treated_since(outcome: LineOutcome) -> TreatedSince:
    line = outcome.line
    return TreatedSince(
        agents=named(outcome),
        line=line.number,
        start=DayRange(low=line.start.first, high=line.start.last),
        ended=line.end != When(),
    )


def computed_course(computed: Failure) -> ComputedCourse:
    """What the record tells of a progression that the team states otherwise."""
    return ComputedCourse(
        status=computed.status,
        certainty=computed.certainty,
        day=DayRange(low=computed.when.first, high=computed.when.last),
    )


def watched_of(patient: Patient) -> Watched | None:
    """What is watched; None where there is a relapse, or nothing can be said."""
    watching = patient.disease.watching
    if watching is None:
        return None
    return Watched(
        code=watching.code,
        after=watching.after,
        line=watching.line,
        response=watching.response,
        last_assessed_day=watching.last_assessed_day,
    )
