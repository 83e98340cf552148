"""The filtration of the kidney: as reported, else computed from creatinine."""

from __future__ import annotations

from collections.abc import Callable

from rearm.findings.base import NOTHING, Found, finding, measured, sources_of, unknown
from rearm.findings.chart import PatientChart
from rearm.findings.last_known import SLOW_TO_CHANGE_DAYS, last_known
from rearm.findings.patient import age
from rearm.findings.results import LatestResult
from rearm.interval import Interval

_DAYS = 30
_REPORTED = ("creatinine_clearance", "egfr")
_EVER = 10**6
# CKD-EPI 2021, creatinine without race (N Engl J Med 2021;385:1737-49): by sex the creatinine that
# divides the two slopes (mg/dL), the slope below it, and the factor.
_CKD_EPI = {"F": (0.7, -0.241, 1.012), "M": (0.9, -0.302, 1.0)}
_SLOPE_ABOVE, _BY_YEAR, _AT_START = -1.2, 0.9938, 142.0
# Kidney failure begins below 15 mL/min/1.73 m2; on dialysis creatinine tells of the machine.
_ON_DIALYSIS = Interval(0.0, 15.0)


@finding("creatinine_clearance")
def creatinine_clearance(chart: PatientChart) -> Found:
    """On dialysis at most 15 mL/min, whatever was reported or could be computed. Else the later of
    a reported clearance and a reported eGFR (mL/min/1.73 m2, read as mL/min); else Cockcroft-Gault,
    and without a weight CKD-EPI 2021.

    A creatinine after the reported value may only worsen it: the kidney may have failed in between.
    Where what is computed from it is lower it stands instead, and where nothing can be computed
    nothing is known. Where all are too old, the last goes on pointing to what it would mean.
    """
    dialysis = chart.condition("dialysis")
    if dialysis.present:
        return measured(_ON_DIALYSIS, lambda: f"at most 15: {dialysis.text}", dialysis.sources)
    now = _filtration(chart, lambda test: chart.latest(test, chart.recent(_DAYS)))
    if now.known or now.last is not None:
        return now
    last = _filtration(chart, lambda test: last_known(chart, test, SLOW_TO_CHANGE_DAYS))
    kept = last.last if last.quantity is None else last.quantity
    if kept is None:
        return now
    return Found(None, last.sources, lambda: f"last {last.text}", last=kept, day=last.day)


def _filtration(chart: PatientChart, latest: Callable[[str], LatestResult]) -> Found:
    """As reported or computed, from what `latest` gives of a test."""
    blood = latest("creatinine")
    known = [x for x in map(latest, _REPORTED) if x.quantity is not None]
    if not known:
        return _computed(chart, blood)
    last = max(known, key=_since_when)
    stated = measured(last.quantity, last.describe, last.sources)
    stated.day = _since_when(last)
    if blood.day is None or last.day is None or last.day >= blood.day:
        return stated
    computed = _computed(chart, blood)
    if computed.quantity is None or last.quantity is None:
        text = f"{last.text}, but a later creatinine exists: {blood.text}"
        sources = sources_of(last, blood)
        return Found(None, sources, text, last=last.quantity, day=_since_when(last))
    return computed if computed.quantity.high < last.quantity.low else stated


def _since_when(latest: LatestResult) -> int:
    """The first day of its days; a result in a window has one."""
    first = latest.labs[0].when.first
    assert first is not None
    return first


def _computed(chart: PatientChart, blood: LatestResult) -> Found:
    """From creatinine, age and sex, with the weight where there is one."""
    years, weight = age(chart), chart.latest("weight", chart.recent(_EVER))
    creatinine, age_, mass = blood.quantity, years.quantity, weight.quantity
    if creatinine is None or age_ is None:
        missing = [
            name
            for name, quantity in (("creatinine", creatinine), ("age", age_), ("weight", mass))
            if quantity is None
        ]
        return unknown(f"missing: {', '.join(missing)}" if len(missing) < 3 else "")
    if creatinine.low <= 0 or chart.record.sex not in _CKD_EPI:
        return NOTHING
    if mass is None:
        found = measured(
            _ckd_epi(creatinine, age_, chart.record.sex),
            lambda: f"CKD-EPI 2021 from {blood.text}; {years.text}",
            sources_of(blood, years),
        )
    else:
        found = measured(
            _cockcroft_gault(creatinine, age_, mass, chart.record.sex),
            lambda: f"Cockcroft-Gault from {blood.text}; {years.text}; {weight.text}",
            sources_of(blood, years, weight),
        )
    found.day = _since_when(blood)
    return found


def _cockcroft_gault(creatinine: Interval, years: Interval, mass: Interval, sex: str) -> Interval:
    """Clearance in mL/min (Nephron 1976;16:31-41)."""
    factor = 0.85 if sex == "F" else 1.0
    low = (140 - years.high) * mass.low / (72 * creatinine.high) * factor
    high = (140 - years.low) * mass.high / (72 * creatinine.low) * factor
    return Interval(round(low, 1), round(high, 1))


def _ckd_epi(creatinine: Interval, years: Interval, sex: str) -> Interval:
    """Filtration rate in mL/min/1.73 m2; it falls with creatinine and with age."""
    divides, slope, factor = _CKD_EPI[sex]

    def rate(value: float, age_: float) -> float:
        share = value / divides
        by_creatinine = min(share, 1.0) ** slope * max(share, 1.0) ** _SLOPE_ABOVE
        return float(_AT_START * by_creatinine * _BY_YEAR**age_ * factor)

    low, high = rate(creatinine.high, years.high), rate(creatinine.low, years.low)
    return Interval(round(low, 1), round(high, 1))
