"""Findings on toxicities of earlier therapy: what lasts, and the highest grade there was."""

from __future__ import annotations

from rearm.findings.base import (
    NOTHING,
    Found,
    finding,
    joined,
    measured,
    rows_of,
    sources_of,
    texts,
    unknown,
)
from rearm.findings.chart import PatientChart
from rearm.findings.exposure import agents_against
from rearm.findings.presence import any_present
from rearm.interval import Interval
from rearm.record import Condition, Toxicity


def _grade(chart: PatientChart, name: str) -> Found:
    """Highest grade that lasts at as_of, as a condition or as a toxicity; 0 where it is said to be
    absent or over.
    """
    stated = [x for x in (chart.condition(name), chart.toxicity(name)) if x.rows]
    if not stated:
        return NOTHING
    sources, text = sources_of(*stated), joined(*stated)
    lasting: list[Condition | Toxicity] = [row for x in stated if x.present for row in x.rows]
    grades = [row.grade for row in lasting if row.grade is not None]
    if len(grades) < len(lasting) or any(x.present is None for x in stated):
        at_least = max(grades, default=1 if lasting else 0)
        return measured(
            Interval(float(at_least), 5.0),
            lambda: "; ".join(x.text for x in stated) + "; the grade is not certain",
            sources,
            whole=True,
        )
    return Found(max(grades, default=0), sources, text)


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
    if any(x.grade is None or (_is_severe(x) and x.when.first is None) for x in rows):
        return unknown("the grade or the day is not recorded", rows_of(rows))
    return Found(False, rows_of(rows), texts(rows, _grade_text))


def _is_severe(row: Toxicity) -> bool:
    return row.grade is not None and row.grade >= 3


def _lasts(row: Toxicity) -> bool:
    return row.end.first is None and row.end.last is None


def _grade_text(row: Toxicity) -> str:
    return f"{row.toxicity.replace('_', ' ')} grade {row.grade}, {row.when}"


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
    grades = [x.grade for x in rows if x.grade is not None]
    name = toxicity.upper()
    text = texts(
        rows, lambda x: f"{name} grade {'not stated' if x.grade is None else x.grade}, {x.when}"
    )
    if len(grades) < len(rows):
        at_least = max([*grades, 1])
        return measured(Interval(float(at_least), 5.0), text, rows_of(rows), whole=True)
    return Found(max(grades), rows_of(rows), text)


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
