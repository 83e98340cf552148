"""Findings on the relapse to decide on: after what, since when, how it shows, how fast it is.

Where no line followed the CAR-T it is the failure of the CAR-T.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rearm.findings.base import FUNCTIONS, NOTHING, Found, finding, measured, rows_of, unknown
from rearm.findings.chart import PatientChart
from rearm.findings.course import (
    extraosseous_pattern,
    leukaemic,
    paraskeletal_pattern,
    pattern_biochemical,
    pattern_cns,
    rise_found,
)
from rearm.findings.results import Window
from rearm.findings.whose import LATER_LINES
from rearm.interval import Interval
from rearm.outcome.relapse import CAR_T, PresentRelapse
from rearm.record import Lab, Source
from rearm.therapy.lines import Line

__all__ = ["relapse_status"]

_KINDS = {"bispecific": "engager", "trispecific": "engager", "adc": "conjugate"}


def _relapse_words(relapse: PresentRelapse) -> str:
    line = "" if relapse.after == CAR_T or relapse.line is None else f" (line {relapse.line})"
    return f"relapse after {relapse.after}{line}, {relapse.when}"


@finding(LATER_LINES)
def lines_after_car_t(chart: PatientChart) -> Found:
    if chart.failure is None:
        return NOTHING
    lines = chart.disease.lines
    sources = tuple(source for x in lines for source in x.line.sources)
    text = "; ".join(f"{' + '.join(x.agents)}, {x.line.start}" for x in lines)
    return Found(len(lines), sources, text or "none")


def relapse_status(chart: PatientChart) -> Found:
    """`none` where it is known that there is nothing to decide on."""
    relapse, watching = chart.disease.relapse, chart.disease.watching
    if relapse is not None:
        return Found(relapse.status, relapse.basis, lambda: _relapse_words(relapse))
    if watching is None:
        return NOTHING
    seen = watching.response or "no progression"
    return Found("none", _sources_of_last(chart), f"{seen} after {watching.after}")


def _sources_of_last(chart: PatientChart) -> tuple[Source, ...]:
    judged = chart.of_relapse.failure
    return () if judged is None else judged.basis


@finding("relapse_after")
def relapse_after(chart: PatientChart) -> Found:
    relapse = chart.disease.relapse
    if relapse is None:
        return NOTHING
    lines = [x for x in chart.disease.lines if x.failure is relapse.failure]
    word = _class_of(chart, lines[0].line) if lines else "car_t"
    return Found(word, relapse.basis, lambda: _relapse_words(relapse))


def _class_of(chart: PatientChart, line: Line) -> str:
    known = (chart.lexicon.agents.get(agent) for agent in line.agents)
    kinds = {_KINDS.get(agent.kind, "other") for agent in known if agent is not None}
    return next((x for x in ("engager", "conjugate") if x in kinds), "other")


@finding("relapse_tempo")
def relapse_tempo(chart: PatientChart) -> Found:
    relapse = chart.disease.relapse
    if relapse is None:
        return NOTHING
    if relapse.tempo is None:
        return unknown(_why_no_tempo(relapse))
    return Found(relapse.tempo, relapse.basis, f"{relapse.tempo} {_relapse_words(relapse)}")


def _why_no_tempo(relapse: PresentRelapse) -> str:
    if relapse.treated_by is None:
        return ""
    agents = " + ".join(relapse.treated_by.agents)
    return f"{agents} was started since; its effect is unknown"


@finding("relapse_doubling_days")
def relapse_doubling_days(chart: PatientChart) -> Found:
    """A rise from before a treatment that was begun since tells of now only where it was fast."""
    relapse = chart.disease.relapse
    if relapse is None or relapse.rise is None:
        return NOTHING
    if relapse.treated_by is not None and relapse.tempo != "rapid":
        return unknown(_why_no_tempo(relapse))
    return rise_found(chart, relapse.rise)


@finding("days_since_relapse")
def days_since_relapse(chart: PatientChart) -> Found:
    relapse = chart.disease.relapse
    if relapse is None:
        return NOTHING
    first, last = relapse.when.first, relapse.when.last
    if first is None or last is None:
        return NOTHING
    days = Interval(float(max(0, chart.as_of - last)), float(chart.as_of - first))
    return measured(days, f"since {relapse.when}", relapse.basis, whole=True)


@finding("relapse_responded")
def relapse_responded(chart: PatientChart) -> Found:
    """Whether the line that ended in it had a response."""
    relapse = chart.disease.relapse
    if relapse is None or relapse.failure.responded is None:
        return NOTHING
    responded = relapse.failure.responded
    word = "a response" if responded else "no response"
    return Found(responded, relapse.basis, f"{word} to {relapse.after} before its failure")


@finding("days_to_relapse")
def days_to_relapse(chart: PatientChart) -> Found:
    """From the first day of the line to the relapse that ended it."""
    relapse = chart.disease.relapse
    start = None if relapse is None else relapse.failure.infusion_day
    if relapse is None or start is None or relapse.when.first is None:
        return NOTHING
    last = relapse.when.last
    high = float("inf") if last is None else float(last - start)
    days = Interval(float(relapse.when.first - start), high)
    return measured(days, lambda: _relapse_words(relapse), relapse.basis, whole=True)


# ---------------------------------------------------------------- a second sample

# Markers in blood and urine, by what is measured together: a second sample has what the first had.
_MARKERS = (
    ("serum_m_protein", "serum_immunofixation"),
    ("kappa_flc", "lambda_flc"),
    ("urine_m_protein_24h", "urine_immunofixation"),
)
# What these show is not repeated in blood or urine.
_NOT_OF_MARKERS = ("mrd_conversion", "new_uptake", "unattributed_crab", "marrow_plasma_cells")


@finding("relapse_marker_repeated")
def relapse_marker_repeated(chart: PatientChart) -> Found:
    """Of a suspected relapse: whether the markers were measured again after the last sign of it.
    False as long as no later sample surely exists.
    """
    relapse, own = chart.disease.relapse, chart.of_relapse
    if relapse is None or relapse.status != "suspected":
        return NOTHING
    day = _last_sign(relapse)
    if day is None:
        return Found(False, relapse.basis, "the first sign has no exact day")
    first = [tests for tests in _MARKERS if _measured(own, tests, (day, day))]
    later = (day + 1, own.until)
    again = [x for tests in first or _MARKERS[:2] for x in _measured(own, tests, later)]
    repeated = [tests for tests in first or _MARKERS[:1] if _measured(own, tests, later)]
    if not again or len(repeated) < len(first or _MARKERS[:1]):
        return Found(False, relapse.basis, f"no second sample after the sign on day {day}")
    rows = (*relapse.basis, *rows_of(again))
    return Found(True, rows, f"measured again after the sign on day {day}")


def _last_sign(relapse: PresentRelapse) -> int | None:
    """Day of the last sign in blood or urine; where there is none, of the last sign."""
    judged = relapse.failure
    signs = [x for x in judged.signals if x.open and x.day is not None]
    of_markers = [x.day for x in signs if x.id not in _NOT_OF_MARKERS]
    if relapse.certainty != "signal":  # once measured progression, on the day itself
        of_markers.append(judged.when.last)
    days = [day for day in of_markers or [x.day for x in signs] if day is not None]
    return max(days, default=judged.when.last)


def _measured(chart: PatientChart, tests: Sequence[str], window: Window) -> list[Lab]:
    return [x for test in tests for x in chart.results(test, window)]


# ---------------------------------------------------------------- pattern


def _of_relapse(give: Callable[[PatientChart], Found]) -> Callable[[PatientChart], Found]:
    return lambda chart: give(chart.of_relapse)


for _name, _give in {
    "relapse_pattern_biochemical": pattern_biochemical,
    "relapse_pattern_extraosseous": extraosseous_pattern,
    "relapse_pattern_paraskeletal": paraskeletal_pattern,
    "relapse_pattern_cns": pattern_cns,
    "relapse_pattern_leukaemic": leukaemic,
}.items():
    FUNCTIONS[_name] = _of_relapse(_give)


@finding("relapse_pattern_marrow")
def relapse_pattern_marrow(chart: PatientChart) -> Found:
    own = chart.of_relapse
    if chart.disease.relapse is None:
        return NOTHING
    if "marrow" in own.failure_pattern:
        return Found(True, own.failure_sources, f"marrow, {chart.disease.relapse.when}")
    latest = own.latest("marrow_plasma_cells", own.at_failure)
    if latest.quantity is None:
        return unknown(latest.why, latest.sources)
    return Found(False, latest.sources, latest.describe)


@finding("relapse_pattern_clinical")
def relapse_pattern_clinical(chart: PatientChart) -> Found:
    """New organ damage that is stated as due to myeloma; of damage whose cause nobody states it is
    not known.
    """
    own = chart.of_relapse
    relapse = chart.disease.relapse
    if relapse is None or own.failure is None or own.failure.course is None:
        return NOTHING
    if "clinical" in own.failure_pattern:
        return Found(True, own.failure_sources, _relapse_words(relapse))
    open_events = [x for x in own.failure.course.clinical_events if x.open]
    if any(x.attributed is not False for x in open_events):
        return unknown(lambda: "; ".join(f"{x.text}, day {x.day}" for x in open_events))
    tests = ("hemoglobin", "creatinine", "calcium_corrected")
    measured_now = [own.results(test, own.at_failure) for test in tests]
    if not all(measured_now):
        return NOTHING
    rows = [x for rows in measured_now for x in rows]
    return Found(False, rows_of(rows), "blood count, kidney and calcium show no new damage")
