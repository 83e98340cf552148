"""The visits between a treatment and its failure: markers, counts, marrow, imaging, and the
response that the team records.
"""

from __future__ import annotations

from collections.abc import Iterator

from rearm.demo import rates
from rearm.demo.chart import Chart
from rearm.demo.course import Course, Treatment
from rearm.demo.disease import Disease
from rearm.demo.samples import (
    add_counts,
    add_immunoglobulins,
    add_markers,
    add_marrow,
    fixation_is_negative,
)

__all__ = ["add_visits"]

_MONTHLY_UNTIL, _TWO_MONTHLY_UNTIL = 112, 196
_JITTER = 4
_FREE = 9  # days before a progression that hold no other visit
_STEPS = ("sCR", "CR", "VGPR", "PR", "MR", "SD")
_FIRST_RESPONSE = 21  # days
_LEAST_LEVEL = 0.03  # of disease at the start, for its markers to show a response


def add_visits(
    chart: Chart, disease: Disease, course: Course, treatment: Treatment, until: int
) -> None:
    """Visits after the start of a treatment, and the two samples that show its failure; none at or
    after the day `until`, on which the next treatment starts or follow-up ends.
    """
    burden = course.burden
    last = treatment.seen - (0 if treatment.quiet else _FREE)
    cells = treatment.start if treatment.salvage is None or treatment.product else 0
    for planned, day in _days(chart, treatment.start):
        if day >= min(until, last):
            break
        if chart.chance(rates.VISIT_MISSED):
            continue
        add_markers(chart, disease, burden, day)
        if chart.chance(rates.COUNTS_AT_VISIT):
            add_counts(chart, disease, burden, day, day - cells)
        if chart.chance(rates.IMMUNOGLOBULINS_AT_VISIT):
            add_immunoglobulins(chart, disease, burden, day, day - cells)
        if chart.chance(rates.MARROW_AT.get(planned, 0.0)):
            add_marrow(chart, disease, burden, day)
        if planned == 84 and chart.chance(rates.PET_AT_84):
            _add_negative_pet(chart, treatment, day)
        if chart.chance(rates.RESPONSE_STATED):
            _add_response(chart, disease, course, treatment, day)
    for day in (treatment.seen, treatment.checked):
        if day < until:
            add_markers(chart, disease, burden, day, whole=True)


def _days(chart: Chart, start: int) -> Iterator[tuple[int, int]]:
    """The planned day after the start, and the day of the visit."""
    planned = 0
    while start + planned <= chart.end:
        monthly = 28 if planned < _MONTHLY_UNTIL else 56
        planned += monthly if planned < _TWO_MONTHLY_UNTIL else 91
        yield planned, start + planned + chart.day_between((-_JITTER, _JITTER))


def _add_negative_pet(chart: Chart, treatment: Treatment, day: int) -> None:
    """Lesions that were there before are gone where the treatment works; else nobody looks."""
    if treatment.response in ("CR", "VGPR"):
        chart.row("imaging", day=day, method="PET-CT", result="negative", kind="extramedullary")


def _add_response(
    chart: Chart, disease: Disease, course: Course, treatment: Treatment, day: int
) -> None:
    """What the team records: mostly what the results show, now and then one step away."""
    if day - treatment.start < _FIRST_RESPONSE or treatment.level < _LEAST_LEVEL:
        return
    left = course.burden.at(day)
    step = _step(left / max(treatment.level, 1e-6))
    if step == "CR" and not fixation_is_negative(disease, left):
        step = "VGPR"
    if step == "CR" and chart.chance(rates.STRINGENT):
        step = "sCR"
    if chart.chance(rates.RESPONSE_DIFFERS):
        place = _STEPS.index(step) + (1 if chart.chance(0.5) else -1)
        step = _STEPS[min(max(place, 0), len(_STEPS) - 1)]
    chart.row("assessments", day=day, response=step, by="team", basis="visit")


def _step(share: float) -> str:
    """The response that a share of the burden before is."""
    for least, step in ((0.005, "CR"), (0.1, "VGPR"), (0.5, "PR"), (0.75, "MR")):
        if share <= least:
            return step
    return "SD"
