"""What is to be decided on, of a patient who is made of findings and one failure."""

from __future__ import annotations

from rearm.outcome.failure import Failure
from rearm.outcome.relapse import CAR_T, NOTHING_KNOWN, DiseaseNow, PresentRelapse, Watching

__all__ = ["disease_after"]


def disease_after(failure: Failure | None) -> DiseaseNow:
    """As `present_relapse` tells it where no line followed the CAR-T."""
    if failure is None:
        return NOTHING_KNOWN
    if failure.status in ("failed", "suspected"):
        return DiseaseNow(relapse=_relapse(failure), watching=None)
    if failure.status == "not_failed":
        return DiseaseNow(relapse=None, watching=_watching(failure))
    return NOTHING_KNOWN


def _relapse(failure: Failure) -> PresentRelapse:
    return PresentRelapse(
        after=CAR_T,
        line=None,
        status="failed" if failure.status == "failed" else "suspected",
        certainty=failure.certainty,
        when=failure.when,
        pattern=(),
        tempo=None,
        since=failure.day,
        basis=(),
        failure=failure,
    )


def _watching(failure: Failure) -> Watching:
    return Watching(
        code="no_progression",
        after=CAR_T,
        line=None,
        response=None,
        last_assessed_day=failure.last_assessed_day,
    )
