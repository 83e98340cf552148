"""Findings on the course after the last infusion: did it fail, how, how fast.

A pattern or a signal that the judgement of the course does not list is false only where the test
that would show it was done.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rearm.findings.base import NOTHING, Found, finding, rows_of, sources_of, unknown
from rearm.findings.chart import PatientChart
from rearm.findings.results import test_name
from rearm.findings.tumour import extraosseous, leukaemic_counts, soft_tissue
from rearm.interval import Interval
from rearm.record import Source, When

_RESPONSES = ("sCR", "CR", "VGPR", "PR", "MR", "SD", "PD")
_PARTIAL_OR_BETTER = ("sCR", "CR", "nCR", "VGPR", "PR")

# Smallest rise that is read as growth and not as the scatter of the measurement (immunoturbidimetry
# and electrophoresis vary by some 5 to 10 %); a convention of this project, no published limit.
_SMALLEST_RISE = {"serum_m_protein": 0.1, "kappa_flc": 10.0, "lambda_flc": 10.0}  # g/dL, mg/L, mg/L
# From these values on, over at least this time, a rise is told as a time of doubling; below them
# the same few tenths would double in no time. Those of the IMWG for a measurable rise.
_DOUBLING_FROM = {"serum_m_protein": 0.5, "kappa_flc": 100.0, "lambda_flc": 100.0}
_DOUBLING_DAYS = 28


def _judged(chart: PatientChart, value: str | None) -> Found:
    """A word of the judgement of the course, with its reason."""
    if chart.failure is None:
        return unknown("no CAR-T infusion in the record")
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
    return Found(differ, chart.failure_sources, failure.difference or failure.reason)


def _of_failure(chart: PatientChart, value: str | None) -> Found:
    """A word of the failure; the reason stands with its status."""
    if chart.failure is None or value is None or not chart.failed_or_suspected:
        return _judged(chart, None)
    return Found(value, chart.failure_sources, f"the failure: {value.replace('_', ' ')}")


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
        f"{days} days from the infusion (day {chart.infusion_day}) to day {chart.failure_day}",
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
        return unknown("whether there was a response is not known")
    before = " before the progression" if chart.failed_or_suspected else ""
    text = "partial response or better" if failure.responded else "no partial response"
    return Found(failure.responded, chart.failure_sources, text + before)


@finding("days_since_infusion")
def days_since_infusion(chart: PatientChart) -> Found:
    if chart.infusion_day is None:
        return unknown(
            "the day of the infusion is not known"
            if chart.infusion_rows
            else "no CAR-T infusion in the record"
        )
    days = chart.as_of - chart.infusion_day
    return Found(
        days,
        tuple(x.source for x in chart.infusion_rows),
        f"{days} days since the infusion (day {chart.infusion_day})",
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
        text = f"{absent.text}: whether it was new or grew at the failure is not known"
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
        text = "M-protein or light chains were measured at failure and do not show it"
        absent = Found(False, rows_of(rows), text)
    elif perhaps:
        text = "M-protein or light chains were measured; the failure has no exact day"
        absent = unknown(text, rows_of(perhaps))
    return _pattern(chart, "biochemical", absent)


@finding("pattern_extraosseous")
def pattern_extraosseous(chart: PatientChart) -> Found:
    return _pattern(chart, "extraosseous", extraosseous(chart, chart.at_failure))


@finding("pattern_paraskeletal")
def pattern_paraskeletal(chart: PatientChart) -> Found:
    return _pattern(chart, "paraskeletal", soft_tissue(chart, chart.at_failure, "paraskeletal"))


@finding("pattern_cns")
def pattern_cns(chart: PatientChart) -> Found:
    state = chart.condition("cns_myeloma")
    csf = chart.positive("csf_plasma_cells", chart.at_failure)
    if state.present is False or (csf.value is False and not state.rows):
        text = state.text or csf.text
        return _pattern(chart, "cns", Found(False, sources_of(state, csf), text))
    return _pattern(chart, "cns", Found(None, csf.sources, csf.text))


@finding("pattern_leukaemic")
def pattern_leukaemic(chart: PatientChart) -> Found:
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
            taken_back = "" if signal.open else ", later taken back"
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
        text = "minimal residual disease was never negative after the infusion"
        return _signal(chart, "mrd_conversion", Found(False, rows_of(rows), text))
    return _signal(chart, "mrd_conversion", unknown(last.why))


@finding("signal_light_chain_escape")
def signal_light_chain_escape(chart: PatientChart) -> Found:
    window = chart.at_failure or chart.recent(60)
    protein = chart.results("serum_m_protein", window)
    chains = [x for test in ("kappa_flc", "lambda_flc") for x in chart.results(test, window)]
    absent = NOTHING
    if protein and chains:
        text = "M-protein and light chains were measured and do not part"
        absent = Found(False, rows_of([*protein, *chains]), text)
    return _signal(chart, "light_chain_escape", absent)


# ---------------------------------------------------------------- tempo


@finding("m_protein_doubling_days")
def m_protein_doubling_days(chart: PatientChart) -> Found:
    """From the values that the judgement of the course used: light chains that contradict each
    other are left out there. The involved light chain speaks where the M-protein does not rise.
    """
    if chart.infusion_day is None or chart.failure_day is None:
        return NOTHING
    chain = {"kappa": "kappa_flc", "lambda": "lambda_flc"}.get(chart.record.light_chain or "")
    why: list[str] = []
    for test in ("serum_m_protein", chain):
        seen = [] if test is None else _up_to_failure(chart, test)
        if test is None or len(seen) < 2:
            continue
        found = _doubling(chart, test, seen)
        if found.value is not None or found.sources:
            return found
        why += [found.text] if found.has_text else []
    return unknown(why[0] if why else "")


def _doubling(chart: PatientChart, test: str, seen: Sequence[tuple[int, float | None]]) -> Found:
    """Between the last value and the last one before it that is far enough away in time."""
    last_day, last = seen[-1]
    earlier = [pair for pair in seen[:-1] if last_day - pair[0] >= _DOUBLING_DAYS]
    first_day, first = earlier[-1] if earlier else seen[-2]
    rows = [x for x in chart.results(test, (first_day, last_day)) if x.day in (first_day, last_day)]
    aside = chart.aside(test, (first_day + 1, last_day))
    if aside:
        text = f"a value of {test_name(test)} near the failure was set aside"
        return unknown(text, rows_of(aside))
    if first is None or last is None:
        return NOTHING
    if last - first < _SMALLEST_RISE[test]:
        return unknown("the last values up to the failure do not rise measurably")
    rise = f"{test_name(test)} {first:g} on day {first_day}, {last:g} on day {last_day}"
    if not earlier or first < _DOUBLING_FROM[test]:
        text = f"{rise}: a rise by {last - first:.3g}, too low or too soon to tell a doubling"
        return unknown(text, rows_of(rows))
    # exponential growth between the two
    days = (last_day - first_day) * math.log(2) / math.log(last / first)
    return Found(round(days, 1), rows_of(rows), f"{rise}: doubling in {days:.0f} days")


def _up_to_failure(chart: PatientChart, test: str) -> list[tuple[int, float | None]]:
    """Day and value of each visit from the infusion to the failure; None where it is not exact."""
    course = chart.failure.course if chart.failure else None
    if course is None or chart.infusion_day is None or chart.failure_day is None:
        return []
    values = [
        (visit.day, visit.values[test])
        for visit in course.visits
        if test in visit.values and chart.infusion_day < visit.day <= chart.failure_day
    ]
    return [(day, None if isinstance(x, str) else x.exact) for day, x in values]
