"""Findings on the course after the last infusion: did it fail, how, how fast.

A pattern or a signal that the judgement of the course does not list is false only where the test
that would show it was done.
"""

from __future__ import annotations

import math

from rearm.findings.base import NOTHING, Found, finding, measured, rows_of, sources_of, unknown
from rearm.findings.chart import PatientChart
from rearm.findings.results import test_name
from rearm.findings.tumour import extraosseous, leukaemic_counts, soft_tissue
from rearm.interval import Interval
from rearm.knowledge.lab_tests import load_tests
from rearm.outcome.marker_rise import COUNTED_FROM, MarkerRise
from rearm.record import Source, When

_RESPONSES = ("sCR", "CR", "VGPR", "PR", "MR", "SD", "PD")
_PARTIAL_OR_BETTER = ("sCR", "CR", "nCR", "VGPR", "PR")


def _judged(chart: PatientChart, value: str | None) -> Found:
    """A word of the judgement of the course, with its reason."""
    if chart.failure is None:
        return unknown("no CAR-T infusion on record")
    return NOTHING if value is None else Found(value, chart.failure_sources, chart.failure.reason)


@finding("failure_status")
def failure_status(chart: PatientChart) -> Found:
    return _judged(chart, chart.failure.status if chart.failure else None)


@finding("team_and_laboratory_differ")
def team_and_laboratory_differ(chart: PatientChart) -> Found:
    """Only one of the two tells of a progression, and what the other saw near it speaks against it.
    Where there is nothing to compare, nobody differs.
    """
    failure = chart.failure
    if failure is None or not chart.failed_or_suspected:
        return NOTHING
    differ = failure.comparison == "contradicted"
    text = failure.difference or "no contradiction between team and laboratory"
    return Found(differ, chart.failure_sources, text)


def _of_failure(chart: PatientChart, value: str | None) -> Found:
    """A word of the failure; the reason stands with its status."""
    if chart.failure is None or value is None or not chart.failed_or_suspected:
        return _judged(chart, None)
    return Found(value, chart.failure_sources, value.replace("_", " "))


@finding("failure_certainty")
def failure_certainty(chart: PatientChart) -> Found:
    return _of_failure(chart, chart.failure.certainty if chart.failure else None)


@finding("failure_kind")
def failure_kind(chart: PatientChart) -> Found:
    return _of_failure(chart, chart.failure.kind if chart.failure else None)


@finding("failure_timing")
def failure_timing(chart: PatientChart) -> Found:
    return _of_failure(chart, chart.failure.timing if chart.failure else None)


@finding("time_to_failure_days")
def time_to_failure_days(chart: PatientChart) -> Found:
    if chart.failure is None or chart.infusion_day is None or not chart.failed_or_suspected:
        return NOTHING
    if chart.failure_day is None:
        return _time_within_bounds(chart.failure.when, chart.infusion_day, chart.failure_sources)
    days = chart.failure_day - chart.infusion_day
    return Found(
        days,
        chart.failure_sources,
        f"{days} days from the infusion to day {chart.failure_day}",
    )


def _time_within_bounds(when: When, infusion_day: int, sources: tuple[Source, ...]) -> Found:
    """A failure whose day is not exact."""
    if when.first is None:
        return NOTHING
    low = when.first - infusion_day
    if when.last is None:
        text = f"{low} days after the infusion or later"
        return Found(None, sources, text, interval=Interval(low, math.inf))
    high = when.last - infusion_day
    text = f"between {low} and {high} days after the infusion"
    return Found(None, sources, text, interval=Interval(low, high))


@finding("best_response")
def best_response(chart: PatientChart) -> Found:
    best = chart.failure.best_response if chart.failure else None
    if best == "nCR":  # near-complete response is kept as stated and counts as VGPR
        best = "VGPR"
    if chart.failure is None or best not in _RESPONSES:
        return NOTHING
    return Found(best, chart.failure_sources, f"best response {best}")


@finding("responded")
def responded(chart: PatientChart) -> Found:
    failure = chart.failure
    if failure is None:
        return NOTHING
    if failure.responded is None:
        return unknown("the response is unknown")
    before = " before the progression" if chart.failed_or_suspected else ""
    text = "partial response or better" if failure.responded else "no partial response"
    return Found(failure.responded, chart.failure_sources, text + before)


@finding("days_since_infusion")
def days_since_infusion(chart: PatientChart) -> Found:
    if chart.infusion_day is None:
        return unknown(
            "the day of infusion is unknown"
            if chart.infusion_rows
            else "no CAR-T infusion on record"
        )
    days = chart.as_of - chart.infusion_day
    return Found(
        days,
        tuple(x.source for x in chart.infusion_rows),
        f"infused on day {chart.infusion_day}",
    )


# ---------------------------------------------------------------- pattern

_BIOCHEMICAL = ("serum_m_protein", "urine_m_protein_24h", "kappa_flc", "lambda_flc")


def _pattern(chart: PatientChart, word: str, absent: Found) -> Found:
    """True where the judgement of the course lists the pattern; else what the test that would show
    it says.
    """
    if chart.failure is None or not chart.failed_or_suspected:
        return unknown("no failure")
    if word in chart.failure_pattern:
        on = "" if chart.failure_day is None else f" of day {chart.failure_day}"
        text = f"the failure{on} is {word}"
        return Found(True, chart.failure_sources, text)
    if absent.value is True:
        text = f"{absent.text}: unknown whether it was new or grew at failure"
        return unknown(text, absent.sources)
    return _if_false(absent)


def _if_false(absent: Found) -> Found:
    """What a test says that was done, as far as it says no: whether it shows something that the
    judgement of the course does not list is left open.
    """
    return absent if absent.value is False else Found(None, absent.sources, absent.text)


@finding("pattern_biochemical")
def pattern_biochemical(chart: PatientChart) -> Found:
    rows, perhaps = (
        [x for test in _BIOCHEMICAL for x in chart.results(test, window)]
        for window in (chart.at_failure, chart.perhaps_at_failure)
    )
    absent = NOTHING
    if rows:
        text = "M-protein or light chains at failure do not show it"
        absent = Found(False, rows_of(rows), text)
    elif perhaps:
        text = "M-protein or light chains were measured; the failure has no exact day"
        absent = unknown(text, rows_of(perhaps))
    return _pattern(chart, "biochemical", absent)


def extraosseous_pattern(chart: PatientChart) -> Found:
    return _pattern(chart, "extraosseous", extraosseous(chart, chart.at_failure))


def paraskeletal_pattern(chart: PatientChart) -> Found:
    return _pattern(chart, "paraskeletal", soft_tissue(chart, chart.at_failure, "paraskeletal"))


@finding("pattern_cns")
def pattern_cns(chart: PatientChart) -> Found:
    state = chart.condition("cns_myeloma")
    csf = chart.positive("csf_plasma_cells", chart.at_failure)
    if state.present is False or (csf.value is False and not state.rows):
        text = state.text or csf.text
        return _pattern(chart, "cns", Found(False, sources_of(state, csf), text))
    return _pattern(chart, "cns", Found(None, csf.sources, csf.text))


def leukaemic(chart: PatientChart) -> Found:
    state = chart.condition("plasma_cell_leukaemia")
    counts = leukaemic_counts(chart, chart.at_failure)
    if state.present is False and counts.value is not True:
        return _pattern(chart, "leukaemic", Found(False, state.sources, state.text))
    stated_only = bool(state.rows) and not counts.known
    unclear = unknown(state.text, state.sources) if stated_only else counts
    return _pattern(chart, "leukaemic", unclear)


# ---------------------------------------------------------------- signals


def _signal(chart: PatientChart, word: str, absent: Found) -> Found:
    if chart.failure is None:
        return NOTHING
    for signal in chart.failure.signals:
        if signal.id == word:
            taken_back = "" if signal.open else ", later withdrawn"
            text = f"{signal.text}{taken_back} (day {signal.day})"
            return Found(signal.open, chart.failure_sources, text)
    return _if_false(absent)


@finding("signal_relapse_from_cr")
def signal_relapse_from_cr(chart: PatientChart) -> Found:
    best = best_response(chart)
    complete = best.value in ("CR", "sCR")
    if best.value is not None and not complete:
        text = f"{best.text}, no complete response"
        return _signal(chart, "relapse_from_cr", Found(False, best.sources, text))
    last = chart.latest("serum_immunofixation", chart.after_infusion(1, 10**6))
    if complete and last.word == "negative":
        return _signal(chart, "relapse_from_cr", Found(False, last.sources, last.describe))
    return _signal(chart, "relapse_from_cr", unknown(last.why))


@finding("signal_mrd_conversion")
def signal_mrd_conversion(chart: PatientChart) -> Found:
    window = chart.after_infusion(1, 10**6)
    rows, last = chart.results("mrd", window), chart.latest("mrd", window)
    if last.word == "negative":
        return _signal(chart, "mrd_conversion", Found(False, last.sources, last.describe))
    never_negative = bool(rows) and all(x.word == "positive" for x in rows)
    if never_negative and last.problem is None:
        text = "MRD was never negative after the infusion"
        return _signal(chart, "mrd_conversion", Found(False, rows_of(rows), text))
    return _signal(chart, "mrd_conversion", unknown(last.why))


@finding("signal_light_chain_escape")
def signal_light_chain_escape(chart: PatientChart) -> Found:
    window = chart.at_failure or chart.recent(60)
    protein = chart.results("serum_m_protein", window)
    chains = [x for test in ("kappa_flc", "lambda_flc") for x in chart.results(test, window)]
    absent = NOTHING
    if protein and chains:
        text = "M-protein and light chains were measured and agree"
        absent = Found(False, rows_of([*protein, *chains]), text)
    return _signal(chart, "light_chain_escape", absent)


# ---------------------------------------------------------------- tempo


def rise_found(chart: PatientChart, rise: MarkerRise) -> Found:
    """The time of doubling as a finding, or why none can be told."""
    if rise.code == "set_aside":
        text = f"a value of {test_name(rise.test)} near the failure was set aside"
        return unknown(text, rows_of(rise.aside))
    if rise.first is None or rise.last is None:
        return NOTHING
    if rise.code == "flat":
        return unknown("the last values up to relapse show no measurable rise")
    (first_day, first), (last_day, last) = rise.first, rise.last
    days = (first_day, last_day)
    rows = rows_of(x for x in chart.results(rise.test, days) if x.day in days)
    unit = load_tests()[rise.test].unit or ""
    seen = f"{test_name(rise.test)} {first} on day {first_day}, {last} {unit} on day {last_day}"
    if rise.days is None:
        risen = Interval(round(last.low - first.high, 2), round(last.high - first.low, 2))
        text = f"{seen}: a rise by {risen} {unit}, {_WHY_NO_DOUBLING[rise.code]}"
        return unknown(text, rows)
    return measured(rise.days, f"{seen}: {_doubling_words(rise, unit)}", rows)


_WHY_NO_DOUBLING = {
    "low": "too low for a doubling time",
    "soon": "too close together for a doubling time",
}


def _doubling_words(rise: MarkerRise, unit: str) -> str:
    """`doubling in 70 days`; of a rise from below what is counted also from where it is."""
    assert rise.days is not None
    fast, slow = rise.days.low, rise.days.high
    if fast == slow:
        return f"doubling in {fast:.0f} days"
    counted = f"{slow:.0f} days counted from {COUNTED_FROM[rise.test]:g} {unit}"
    return f"doubling in {fast:.0f} days, or {counted}" if fast else f"doubling in {counted}"
