"""Findings on toxicities of earlier therapy: what lasts, and the highest grade there was."""

from __future__ import annotations

from rearm.findings.base import Found, any3, finding, measured, unknown
from rearm.findings.chart import PatientChart
from rearm.findings.exposure import agents_against
from rearm.interval import Interval
from rearm.record import Toxicity

# Cytokine release and neurotoxicity last days; a row without an end speaks for this long.
_CRS_DAYS = 30


def _grade(chart: PatientChart, condition: str, toxicity: str) -> Found:
    """Highest grade that lasts at as_of; 0 where it is said to be absent or over."""
    states = [chart.condition(condition), chart.toxicity(toxicity)]
    told = [s for s in states if s.rows]
    text, sources = "; ".join(s.text for s in told), tuple(r for s in told for r in s.sources)
    present = [s for s in told if s.present]
    grades = [r.grade for s in present for r in s.rows]
    if any(g is None for g in grades) or any(s.present is None for s in told):
        low = max((g for g in grades if g is not None), default=1 if present else 0)
        return measured(
            Interval(float(low), 5.0), f"{text}; the grade is not certain", sources, whole=True
        )
    if present:
        return Found(max(g for g in grades if g is not None), sources, text)
    return Found(0, sources, text) if told else unknown()


@finding("neuropathy_grade")
def neuropathy_grade(chart: PatientChart) -> Found:
    return _grade(chart, "peripheral_neuropathy", "peripheral_neuropathy")


@finding("keratopathy_grade")
def keratopathy_grade(chart: PatientChart) -> Found:
    return _grade(chart, "keratopathy", "keratopathy")


@finding("oral_or_weight_toxicity")
def oral_or_weight_toxicity(chart: PatientChart) -> Found:
    rows = [
        x
        for x in chart.record.toxicities
        if x.toxicity in ("weight_loss", "oral_toxicity", "dysgeusia")
    ]
    severe = [
        x
        for x in rows
        if x.grade is not None and x.grade >= 3 and (_under_gprc5d(chart, x) or _lasts(x))
    ]
    if severe:
        return Found(
            True,
            tuple(x.source for x in severe),
            "; ".join(f"{x.toxicity.replace('_', ' ')} grade {x.grade}, {x.when}" for x in severe),
        )
    if not rows:
        return unknown()
    if any(x.grade is None or (x.grade >= 3 and x.when.first is None) for x in rows):
        return unknown("the grade or the day is not recorded", [x.source for x in rows])
    return Found(
        False,
        tuple(x.source for x in rows),
        "; ".join(f"{x.toxicity.replace('_', ' ')} grade {x.grade}, {x.when}" for x in rows),
    )


def _lasts(row: Toxicity) -> bool:
    return row.end.first is None and row.end.last is None


def _under_gprc5d(chart: PatientChart, row: Toxicity) -> bool:
    """Begun while an agent against GPRC5D was given or within 60 days after it."""
    for therapy in chart.treated(a.id for a in agents_against("GPRC5D")):
        if row.when.last is None or therapy.start.first is None:
            continue
        stop = therapy.end.last if therapy.end.last is not None else chart.as_of
        if therapy.start.first <= row.when.last <= stop + 60:
            return True
    return False


def _highest_grade(chart: PatientChart, toxicity: str) -> Found:
    rows = [x for x in chart.record.toxicities if x.toxicity == toxicity]
    if not rows:
        return unknown()
    grades = [x.grade for x in rows if x.grade is not None]
    text = "; ".join(
        f"{toxicity.upper()} grade {'not stated' if x.grade is None else x.grade}, {x.when}"
        for x in rows
    )
    if len(grades) < len(rows):
        low = max([*grades, 1])
        return measured(Interval(float(low), 5.0), text, [x.source for x in rows], whole=True)
    return Found(max(grades), tuple(x.source for x in rows), text)


@finding("crs_grade_past")
def crs_grade_past(chart: PatientChart) -> Found:
    return _highest_grade(chart, "crs")


@finding("icans_grade_past")
def icans_grade_past(chart: PatientChart) -> Found:
    return _highest_grade(chart, "icans")


@finding("unresolved_crs_icans")
def unresolved_crs_icans(chart: PatientChart) -> Found:
    states = [chart.toxicity(t, lasts=_CRS_DAYS) for t in ("crs", "icans")]
    told = [s for s in states if s.present] or [s for s in states if s.rows]
    return Found(
        any3([s.present for s in states if s.rows]),
        tuple(r for s in told for r in s.sources),
        "; ".join(s.text for s in told),
    )


@finding("parkinsonism")
def parkinsonism(chart: PatientChart) -> Found:
    states = [
        s
        for t in ("parkinsonism", "cranial_nerve_palsy", "guillain_barre")
        if (s := chart.toxicity(t)).rows
    ]
    told = [s for s in states if s.present] or states
    return Found(
        any3([s.present for s in states]),
        tuple(r for s in told for r in s.sources),
        "; ".join(s.text for s in told),
    )
