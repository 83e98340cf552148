"""Findings on toxicities of earlier therapy: what lasts, and the highest grade there was."""

from __future__ import annotations

from collections.abc import Sequence

from rearm.findings.base import (
    NOTHING,
    Found,
    finding,
    measured,
    rows_of,
    sources_of,
    texts,
    unknown,
)
from rearm.findings.chart import PatientChart
from rearm.findings.exposure import agents_against
from rearm.findings.presence import any_present, grade_words
from rearm.interval import Interval
from rearm.record import Condition, Toxicity


def _grade(chart: PatientChart, name: str) -> Found:
    """Highest grade that lasts at as_of, as a condition or as a toxicity; 0 where it is said to be
    absent or over.
    """
    stated = [x for x in (chart.condition(name), chart.toxicity(name)) if x.rows]
    if not stated:
        return NOTHING
    lasting: list[Condition | Toxicity] = [row for x in stated if x.present for row in x.rows]
    if any(x.present is None for x in stated):
        lowest = max((row.grades.low for row in lasting), default=0.0)
        highest = Interval(lowest, 5.0)
    else:
        highest = _highest(lasting)
    certain = highest.exact is not None
    return measured(
        highest,
        lambda: "; ".join(x.text for x in stated) + ("" if certain else _NOT_CERTAIN),
        sources_of(*stated),
        whole=True,
    )


_NOT_CERTAIN = "; the grade is uncertain"


def _highest(rows: Sequence[Condition | Toxicity]) -> Interval:
    """The highest of the grades, as far as they are known; 0 where there are no rows."""
    grades = [row.grades for row in rows]
    return Interval(
        max((grade.low for grade in grades), default=0.0),
        max((grade.high for grade in grades), default=0.0),
    )


@finding("neuropathy_grade")
def neuropathy_grade(chart: PatientChart) -> Found:
    return _grade(chart, "peripheral_neuropathy")


@finding("keratopathy_grade")
def keratopathy_grade(chart: PatientChart) -> Found:
    return _grade(chart, "keratopathy")


@finding("oral_or_weight_toxicity")
def oral_or_weight_toxicity(chart: PatientChart) -> Found:
    """Grade 3 or more that lasts, or that came under an agent against GPRC5D."""
    rows = chart.toxicity_rows("weight_loss", "oral_toxicity", "dysgeusia")
    if not rows:
        return NOTHING
    severe = [x for x in rows if _is_severe(x) and (_lasts(x) or _under_gprc5d(chart, x))]
    if severe:
        return Found(True, rows_of(severe), texts(severe, _grade_text))
    if any(_is_severe(x) is None or (_is_severe(x) and x.when.first is None) for x in rows):
        return unknown("grade or day not recorded", rows_of(rows))
    return Found(False, rows_of(rows), texts(rows, _grade_text))


@finding("gprc5d_agent_badly_borne")
def gprc5d_agent_badly_borne(chart: PatientChart) -> Found:
    """Grade 2 or more under an agent against GPRC5D, whether it lasts or not: what came once comes
    again with another agent against this target.
    """
    rows = chart.toxicity_rows("weight_loss", "oral_toxicity", "dysgeusia")
    own = [x for x in rows if _under_gprc5d(chart, x)]
    if not own:
        return NOTHING
    borne = [x for x in own if x.grades.at_least(2)]
    if borne:
        return Found(True, rows_of(borne), texts(borne, _grade_text))
    if any(x.grades.at_least(2) is None for x in own):
        return unknown("grade not recorded", rows_of(own))
    return Found(False, rows_of(own), texts(own, _grade_text))


def _is_severe(row: Toxicity) -> bool | None:
    return row.grades.at_least(3)


def _lasts(row: Toxicity) -> bool:
    return row.end.first is None and row.end.last is None


def _grade_text(row: Toxicity) -> str:
    return f"{row.toxicity.replace('_', ' ')} grade {_stated_grade(row)}, {row.when}"


def _stated_grade(row: Toxicity) -> str:
    return grade_words(row) or "not stated"


def _under_gprc5d(chart: PatientChart, row: Toxicity) -> bool:
    """Begun while an agent against GPRC5D was given or within 60 days after it."""
    for therapy in chart.treated(agents_against(chart.lexicon, "GPRC5D")):
        if row.when.last is None or therapy.start.first is None:
            continue
        stop = therapy.end.last if therapy.end.last is not None else chart.as_of
        if therapy.start.first <= row.when.last <= stop + 60:
            return True
    return False


def _highest_grade(chart: PatientChart, toxicity: str) -> Found:
    rows = chart.toxicity_rows(toxicity)
    if not rows:
        return NOTHING
    text = texts(rows, lambda x: f"{toxicity.upper()} grade {_stated_grade(x)}, {x.when}")
    return measured(_highest(rows), text, rows_of(rows), whole=True)


@finding("crs_grade_past")
def crs_grade_past(chart: PatientChart) -> Found:
    return _highest_grade(chart, "crs")


@finding("icans_grade_past")
def icans_grade_past(chart: PatientChart) -> Found:
    return _highest_grade(chart, "icans")


@finding("unresolved_crs_icans")
def unresolved_crs_icans(chart: PatientChart) -> Found:
    return any_present([chart.toxicity(name) for name in ("crs", "icans")])


@finding("parkinsonism")
def parkinsonism(chart: PatientChart) -> Found:
    names = ("parkinsonism", "cranial_nerve_palsy", "guillain_barre")
    return any_present([chart.toxicity(name) for name in names])
