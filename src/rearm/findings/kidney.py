"""Findings on a kidney that fails: creatinine of now against the lowest of the time before."""

from __future__ import annotations

from rearm.findings.base import Found, all3, any3, finding, rows_of, suspected, unknown
from rearm.findings.chart import PatientChart
from rearm.findings.last_known import EMERGENCY_DAYS, age_words, last_known
from rearm.findings.results import LatestResult, lab_text
from rearm.interval import Interval
from rearm.record import Lab

_RISE, _HIGH = 2.0, 2.0  # mg/dL, IMWG clinical relapse
_BASELINE_DAYS = 365
_NEW_DAYS = 60
# KDIGO 2012 calls a rise to 1.5 times the baseline within 7 days an acute injury; what rises within
# three months is no chronic disease either. That values are looked at over those three months, and
# a rise of at least KDIGO's 0.3 mg/dL is asked for besides, are conventions of this project.
_INJURY_RATIO, _INJURY_RISE, _INJURY_DAYS = 1.5, 0.3, 90
_EVER = 10**6
_RISES = {
    3.0: "at least tripled",
    2.0: "at least doubled",
    1.8: "nearly doubled",
    1.5: "risen by half",
}


@finding("renal_failure")
def renal_failure(chart: PatientChart) -> Found:
    """New renal failure: creatinine at least 2 mg/dL above the lowest value of the year before, or
    above 2 mg/dL and up by half.
    """
    state = chart.condition("renal_impairment")
    newly_stated = bool(state.present) and any(
        x.when.first is not None and x.when.first >= chart.as_of - _NEW_DAYS for x in state.rows
    )
    now = chart.latest("creatinine", chart.recent(EMERGENCY_DAYS))
    if now.quantity is None:
        if newly_stated or state.present is False:
            return state.found()
        return _by_what_is_known(chart, last_known(chart, "creatinine"), or_else=now)
    lowest = _lowest_before(chart, now, _BASELINE_DAYS)
    value = _failing(now.quantity, lowest)
    if value is not True and newly_stated:
        return state.found()
    if value is None:
        return _by_what_is_known(chart, now, or_else=now)
    return _found(chart, value, now, lowest)


def _by_what_is_known(
    chart: PatientChart, creatinine: LatestResult, *, or_else: LatestResult
) -> Found:
    """Of a creatinine that is old, or has no value of the year before: it points to renal failure
    unless the kidney is known to have been as bad before.
    """
    if creatinine.quantity is None:
        return unknown(or_else.text, or_else.sources)
    of_year = _lowest_before(chart, creatinine, _BASELINE_DAYS)
    lowest = of_year or _lowest_before(chart, creatinine, _EVER)
    if lowest is None:
        chronic = any(chart.condition(x).present for x in ("renal_impairment", "dialysis"))
        may_be_new = not chronic and creatinine.quantity.above(_HIGH) is not False
    else:
        may_be_new = _failing(creatinine.quantity, lowest) is not False
    seen = _found(chart, None, creatinine, lowest)
    return suspected(seen.text, seen.sources) if may_be_new else seen


@finding("kidney_injury")
def kidney_injury(chart: PatientChart) -> Found:
    """Creatinine up by half against the lowest of the three months before."""
    dialysis = chart.condition("dialysis")
    if dialysis.present:
        return unknown(dialysis.text, dialysis.sources)
    now = chart.latest("creatinine", chart.recent(EMERGENCY_DAYS))
    creatinine = now if now.quantity is not None else last_known(chart, "creatinine")
    if creatinine.quantity is None:
        return unknown(now.text, now.sources)
    lowest = _lowest_before(chart, creatinine, _INJURY_DAYS)
    value = _injured(creatinine.quantity, lowest)
    if creatinine is now:
        return _found(chart, value, now, lowest)
    seen = _found(chart, None, creatinine, lowest)
    return suspected(seen.text, seen.sources) if value else seen


def _injured(now: Interval, lowest: Lab | None) -> bool | None:
    if lowest is None or lowest.quantity is None:
        return None
    before = lowest.quantity.high
    return all3([now.at_least(_INJURY_RATIO * before), now.at_least(before + _INJURY_RISE)])


def _found(
    chart: PatientChart, value: bool | None, creatinine: LatestResult, lowest: Lab | None
) -> Found:
    """What a creatinine and the one before it say, with both rows."""
    earlier = "no earlier value" if lowest is None else f"before: {lab_text(lowest)}"
    return Found(
        value,
        (*creatinine.sources, *rows_of(() if lowest is None else (lowest,))),
        lambda: (
            f"{creatinine.text}{age_words(chart, creatinine)}, {earlier}"
            f"{_rise_words(creatinine, lowest)}"
        ),
    )


def _rise_words(creatinine: LatestResult, lowest: Lab | None) -> str:
    """`; it has nearly doubled since day 12`; empty for a rise of less than a half."""
    if lowest is None or lowest.quantity is None or creatinine.quantity is None:
        return ""
    for ratio, words in _RISES.items():
        if creatinine.quantity.at_least(ratio * lowest.quantity.high):
            return f"; it has {words} since {lowest.when}"
    return ""


def _lowest_before(chart: PatientChart, latest: LatestResult, days: int) -> Lab | None:
    """The lowest creatinine of the days before this one."""
    day = latest.labs[0].when.first
    if day is None:
        return None
    values = [
        (x.quantity.high, x)
        for x in chart.results("creatinine", (day - days, day - 1))
        if x.quantity is not None
    ]
    return min(values, key=lambda pair: pair[0])[1] if values else None


def _failing(now: Interval, lowest: Lab | None) -> bool | None:
    if now.at_most(_HIGH):
        return False
    if lowest is None or lowest.quantity is None:
        return None
    rise = now.at_least(lowest.quantity.high + _RISE)
    half = now.at_least(1.5 * lowest.quantity.high)
    above = now.above(_HIGH)
    return any3([rise, None if half is None or above is None else half and above])
