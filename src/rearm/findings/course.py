"""Findings on the course after the last infusion: did it fail, how, how fast.

A pattern or a signal that the judgement of the course does not list is false only where the test
that would show it was done.
"""

from __future__ import annotations

import math

from rearm.findings.base import Found, all3, finding, unknown
from rearm.findings.chart import PatientChart, test_name
from rearm.findings.tumour import extraosseous, leukaemic_counts, soft_tissue
from rearm.record import Lab, Source

_RESPONSES = ("sCR", "CR", "VGPR", "PR", "MR", "SD", "PD")
_PARTIAL_OR_BETTER = ("sCR", "CR", "nCR", "VGPR", "PR")

# Smallest rise that is read as growth and not as the scatter of the measurement (immunoturbidimetry
# and electrophoresis vary by some 5 to 10 %); a convention of this project, no published limit.
_SMALLEST_RISE = {"serum_m_protein": 0.1, "kappa_flc": 10.0, "lambda_flc": 10.0}  # g/dL, mg/L, mg/L


def _said(chart: PatientChart, value: str | None) -> Found:
    failure = chart.failure
    if failure is None:
        return unknown("no CAR-T infusion in the record")
    if value is None:
        return unknown()
    return Found(value, chart.failure_sources, failure.reason)


@finding("failure_status")
def failure_status(chart: PatientChart) -> Found:
    return _said(chart, chart.failure.status if chart.failure else None)


@finding("failure_certainty")
def failure_certainty(chart: PatientChart) -> Found:
    return _said(
        chart, chart.failure.certainty if chart.failure and chart.failure_status_open else None
    )


@finding("failure_kind")
def failure_kind(chart: PatientChart) -> Found:
    return _said(chart, chart.failure.kind if chart.failure and chart.failure_status_open else None)


@finding("failure_timing")
def failure_timing(chart: PatientChart) -> Found:
    return _said(
        chart, chart.failure.timing if chart.failure and chart.failure_status_open else None
    )


@finding("time_to_failure_days")
def time_to_failure_days(chart: PatientChart) -> Found:
    if chart.failure is None or chart.failure_day is None or chart.infusion_day is None:
        return unknown()
    days = chart.failure_day - chart.infusion_day
    return Found(
        days,
        chart.failure_sources,
        f"{days} days from the infusion (day {chart.infusion_day}) to day {chart.failure_day}",
    )


@finding("best_response")
def best_response(chart: PatientChart) -> Found:
    best = chart.failure.best_response if chart.failure else None
    if best == "nCR":  # near-complete response is kept as stated and counts as VGPR (DESIGN 2)
        best = "VGPR"
    if chart.failure is None or best not in _RESPONSES:
        return unknown()
    return Found(best, chart.failure_sources, f"best response {best}")


@finding("responded")
def responded(chart: PatientChart) -> Found:
    failure = chart.failure
    if failure is None:
        return unknown()
    if failure.kind in ("progression_after_response", "progression_from_cr"):
        return Found(True, chart.failure_sources, f"{failure.kind.replace('_', ' ')}")
    if failure.kind == "primary_refractory":
        return Found(False, chart.failure_sources, "no partial response before the progression")
    best = best_response(chart)
    if best.value in _PARTIAL_OR_BETTER:
        return Found(True, best.sources, best.text)
    if best.value is not None and chart.failure_day is not None:
        return Found(False, best.sources, best.text)
    return unknown(best.text, best.sources)


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


def _pattern(chart: PatientChart, word: str, absent: Found) -> Found:
    """True where the judgement of the course lists the pattern; else what the test that would show
    it says.
    """
    failure = chart.failure
    if failure is None or chart.failure_day is None:
        return unknown("no failure")
    if word in failure.pattern:
        return Found(
            True, chart.failure_sources, f"the failure of day {chart.failure_day} is {word}"
        )
    return absent if absent.value is False else unknown(absent.text, absent.sources)


@finding("pattern_biochemical")
def pattern_biochemical(chart: PatientChart) -> Found:
    rows = [
        x
        for test in ("serum_m_protein", "urine_m_protein_24h", "kappa_flc", "lambda_flc")
        for x in chart.results(test, chart.at_failure)
    ]
    absent = (
        Found(
            False,
            _sources(rows),
            "M-protein or light chains were measured at failure and do not show it",
        )
        if rows
        else unknown()
    )
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
        return _pattern(
            chart, "cns", Found(False, (*state.sources, *csf.sources), state.text or csf.text)
        )
    return _pattern(chart, "cns", unknown(csf.text, csf.sources))


@finding("pattern_leukaemic")
def pattern_leukaemic(chart: PatientChart) -> Found:
    state = chart.condition("plasma_cell_leukaemia")
    counts = leukaemic_counts(chart, chart.at_failure)
    if state.present is False and counts.value is not True:
        return _pattern(chart, "leukaemic", Found(False, state.sources, state.text))
    return _pattern(
        chart, "leukaemic", counts if not state.rows else unknown(state.text, state.sources)
    )


# ---------------------------------------------------------------- signals


def _signal(chart: PatientChart, word: str, absent: Found) -> Found:
    if chart.failure is None:
        return unknown()
    for signal in chart.failure.signals:
        if signal.id == word:
            return Found(
                signal.open,
                chart.failure_sources,
                f"{signal.text}{'' if signal.open else ', later taken back'} (day {signal.day})",
            )
    return absent if absent.value is False else unknown(absent.text, absent.sources)


@finding("signal_relapse_from_cr")
def signal_relapse_from_cr(chart: PatientChart) -> Found:
    best = best_response(chart)
    if best.value is not None and best.value not in ("CR", "sCR"):
        return _signal(
            chart,
            "relapse_from_cr",
            Found(False, best.sources, f"{best.text}, no complete response"),
        )
    last = chart.latest("serum_immunofixation", chart.after_infusion(1, 10**6))
    if best.value in ("CR", "sCR") and last.word == "negative":
        return _signal(chart, "relapse_from_cr", Found(False, last.sources, last.text))
    return _signal(chart, "relapse_from_cr", unknown(last.text if last.why else ""))


@finding("signal_mrd_conversion")
def signal_mrd_conversion(chart: PatientChart) -> Found:
    rows = chart.results("mrd", chart.after_infusion(1, 10**6))
    last = chart.latest("mrd", chart.after_infusion(1, 10**6))
    if last.word == "negative":
        return _signal(chart, "mrd_conversion", Found(False, last.sources, last.text))
    if rows and all(x.word == "positive" for x in rows) and not last.why:
        return _signal(
            chart,
            "mrd_conversion",
            Found(
                False,
                _sources(rows),
                "minimal residual disease was never negative after the infusion",
            ),
        )
    return _signal(chart, "mrd_conversion", unknown(last.why))


@finding("signal_light_chain_escape")
def signal_light_chain_escape(chart: PatientChart) -> Found:
    window = chart.at_failure or chart.recent(60)
    protein = chart.results("serum_m_protein", window)
    chains = [x for test in ("kappa_flc", "lambda_flc") for x in chart.results(test, window)]
    both = all3([bool(protein) or None, bool(chains) or None])
    text = "M-protein and light chains were measured and do not part"
    return _signal(
        chart,
        "light_chain_escape",
        Found(False, _sources([*protein, *chains]), text) if both else unknown(),
    )


# ---------------------------------------------------------------- tempo


@finding("m_protein_doubling_days")
def m_protein_doubling_days(chart: PatientChart) -> Found:
    """From the values that the judgement of the course used: light chains that contradict each
    other are left out there.
    """
    course = chart.failure.course if chart.failure else None
    if course is None or chart.failure_day is None or chart.infusion_day is None:
        return unknown()
    chain = {"kappa": "kappa_flc", "lambda": "lambda_flc"}.get(chart.record.light_chain or "")
    why = ""
    for test in ("serum_m_protein", chain):
        if test is None:
            continue
        seen = [
            (v.day, v.values[test])
            for v in course.visits
            if test in v.values and chart.infusion_day < v.day <= chart.failure_day
        ]
        if len(seen) < 2:
            continue
        (first_day, first), (last_day, last) = seen[-2:]
        if chart.aside(test, (first_day + 1, chart.failure_day)):
            return unknown(f"a value of {test_name(test)} near the failure was set aside")
        if isinstance(first, str) or isinstance(last, str):
            continue
        before, now = first.exact, last.exact
        if before is None or now is None:
            continue
        if before <= 0 or now - before < _SMALLEST_RISE[test] or last_day <= first_day:
            why = (
                why
                or "the last two values up to the failure do not rise measurably, or the first is zero"
            )
            continue
        # exponential growth between the two
        days = (last_day - first_day) * math.log(2) / math.log(now / before)
        text = (
            f"{test_name(test)} {before:g} on day {first_day}, {now:g} on day {last_day}:"
            f" doubling in {days:.0f} days"
        )
        rows = [
            x for x in chart.results(test, (first_day, last_day)) if x.day in (first_day, last_day)
        ]
        return Found(round(days, 1), _sources(rows), text)
    return unknown(why)


def _sources(rows: list[Lab]) -> tuple[Source, ...]:
    return tuple(x.source for x in rows)
