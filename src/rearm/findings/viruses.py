"""Findings on viruses that lie dormant and come back under treatment. What was measured stands
above what is stated.
"""

from __future__ import annotations

from rearm.findings.base import (
    NOTHING,
    Found,
    any3,
    finding,
    joined,
    rows_of,
    sources_of,
    texts,
    unknown,
)
from rearm.findings.chart import PatientChart
from rearm.findings.results import NO_RESULT
from rearm.record import Condition

_DNA_DAYS = 30
_EVER = 10**6


@finding("hbsag")
def hbsag(chart: PatientChart) -> Found:
    """By the test, else negative where somebody states that there is no hepatitis B. A hepatitis B
    that is or was there tells nothing of the antigen of now.
    """
    return _tested(chart, "hbsag", _never_there(chart, "hepatitis_b"))


@finding("anti_hbc")
def anti_hbc(chart: PatientChart) -> Found:
    """By the test, else by a statement: a hepatitis B that is or was there leaves the antibody."""
    rows = [x for x in chart.condition_rows("hepatitis_b") if x.status in ("present", "resolved")]
    met = Found(True, rows_of(rows), texts(rows, _text))
    return _tested(chart, "anti_hbc", met if rows else _never_there(chart, "hepatitis_b"))


def _tested(chart: PatientChart, test: str, stated: Found) -> Found:
    measured = chart.positive(test, chart.recent(_EVER))
    return stated if measured is NOTHING else measured


def _never_there(chart: PatientChart, condition: str) -> Found:
    """That it is not there, where every row that speaks of it says so; else nothing."""
    rows = chart.condition_rows(condition)
    if not rows or any(row.status != "absent" for row in rows):
        return NOTHING
    return Found(False, rows_of(rows), texts(rows, _text))


def _text(row: Condition) -> str:
    return f"{row.condition.replace('_', ' ')} {row.status}, {row.when}"


def _detected(chart: PatientChart, test: str, days: int) -> Found:
    """Detected, not detected, or unknown: `<10` may be either, as a limit of quantification is no
    limit of detection.
    """
    latest = chart.latest(test, chart.recent(days))
    if latest is NO_RESULT:
        return NOTHING
    if latest.word == "not_detected":
        return Found(False, latest.sources, latest.describe)
    if latest.quantity is None:
        return unknown(latest.describe, latest.sources)
    return Found(latest.quantity.above(0.0), latest.sources, latest.describe)


@finding("hbv_dna_detected")
def hbv_dna_detected(chart: PatientChart) -> Found:
    """Without a result it is not detected where both serologies are negative: DNA is for those with
    an antibody (screen-hbv-hcv-hiv).
    """
    dna = _detected(chart, "hbv_dna", _EVER)
    serology = [hbsag(chart), anti_hbc(chart)]
    if dna is NOTHING and all(x.value is False for x in serology):
        return Found(False, sources_of(*serology), joined(*serology))
    return dna


@finding("hcv_rna_detected")
def hcv_rna_detected(chart: PatientChart) -> Found:
    """By the test, else not detected where somebody states that there is no hepatitis C."""
    rna = _detected(chart, "hcv_rna", _EVER)
    return _never_there(chart, "hepatitis_c") if rna is NOTHING else rna


@finding("hiv")
def hiv(chart: PatientChart) -> Found:
    serology = chart.positive("hiv_serology", chart.recent(_EVER))
    state = chart.condition("hiv")
    answers = [bool(serology.value)] if serology.value is not None else []
    value = any3([*answers, *([state.present] if state.rows else [])])
    return Found(value, sources_of(serology, state), joined(serology, state))


@finding("cmv_reactivation")
def cmv_reactivation(chart: PatientChart) -> Found:
    state, dna = chart.condition("cmv_reactivation"), _detected(chart, "cmv_dna", _DNA_DAYS)
    if state.rows:
        return state.found()
    if dna.value is True:
        text = f"{dna.text}; the record does not say whether it needs treatment"
        return unknown(text, dna.sources)
    return dna
