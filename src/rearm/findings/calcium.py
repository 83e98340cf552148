"""Findings on calcium: corrected for albumin, and whether it is too high."""

from __future__ import annotations

from dataclasses import dataclass

from rearm.findings.base import Found, Text, finding, measured, suspected, unknown
from rearm.findings.chart import PatientChart
from rearm.findings.last_known import EMERGENCY_DAYS, LAST_KNOWN_DAYS, age_words
from rearm.findings.presence import Presence
from rearm.findings.results import LatestResult
from rearm.interval import Interval
from rearm.record import Lab, Source

_LIMIT = 11.0  # mg/dL (2.75 mmol/L): the C of CRAB (IMWG, Lancet Oncol 2014;15:e538)
_PER_ALBUMIN, _NORMAL_ALBUMIN = 0.8, 4.0  # Payne et al., BMJ 1973;4:643-646
# Albumin of the same week corrects as that of the same day does, as its half-life is about three
# weeks; without one, calcium is bounded by the albumin that a patient may have. Both conventions.
_ALBUMIN_DAYS = 7
_PLAUSIBLE_ALBUMIN = Interval(2.0, 5.5)  # g/dL


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calcium:
    """Calcium corrected for albumin in mg/dL, or why it can't be read. `high`: whether what is
    measured lies above the limit, uncorrected where no albumin is known.
    """

    value: Interval | None = None
    high: bool | None = None
    text: Text = ""
    sources: tuple[Source, ...] = ()
    day: int | None = None

    @property
    def certainly_high(self) -> bool | None:
        return None if self.value is None else self.value.above(_LIMIT)


@finding("calcium_corrected")
def calcium_corrected(chart: PatientChart) -> Found:
    calcium = _calcium(chart, EMERGENCY_DAYS)
    return measured(calcium.value, calcium.text, calcium.sources)


@finding("hypercalcaemia")
def hypercalcaemia(chart: PatientChart) -> Found:
    """The later of a measurement and a statement decides."""
    now, state = _calcium(chart, EMERGENCY_DAYS), chart.condition("hypercalcaemia")
    high = now.certainly_high
    if high:
        return Found(True, now.sources, now.text)
    newer = _is_newer(state, now.day)
    if state.present and (high is None or newer):
        return state.found()
    open_statement = bool(state.rows) and state.present is None and newer
    if high is False and not open_statement:
        return Found(False, now.sources, now.text)
    last = _calcium(chart, LAST_KNOWN_DAYS)
    settled = state.present is False and _is_newer(state, last.day)
    if high is None and not settled and last.high is not False and last.value is not None:
        return suspected(last.text, last.sources)
    return state.found() if state.rows else unknown(now.text, now.sources)


def _is_newer(state: Presence, day: int | None) -> bool:
    """Whether the statement is not older than the measurement, as far as their days are known."""
    stated = state.rows[0].when.last if state.rows else None
    return day is None or stated is None or stated >= day


def _calcium(chart: PatientChart, days: int) -> _Calcium:
    """The latest of the last days: as the laboratory corrected it, else corrected here."""
    window = chart.recent(days)
    reported = chart.latest("calcium_corrected", window)
    totals = [x for x in chart.results("calcium", window) if x.day is not None]
    if reported.quantity is None and (reported.problem in (None, "outdated")) and totals:
        return _corrected(chart, totals[-1])
    if reported.quantity is None:
        return _Calcium(text=reported.describe(), sources=reported.sources)
    return _Calcium(
        value=reported.quantity,
        high=reported.quantity.above(_LIMIT),
        text=lambda: f"{reported.text}{age_words(chart, reported)}",
        sources=reported.sources,
        day=reported.day,
    )


def _corrected(chart: PatientChart, total: Lab) -> _Calcium:
    """Total calcium corrected for albumin: 0.8 mg/dL for each g/dL below 4."""
    day, calcium = total.day, total.quantity
    assert day is not None
    if calcium is None:
        return _Calcium()
    albumin = _albumin_near(chart, day)
    known = albumin.quantity is not None
    value = _correct(calcium, albumin.quantity or _PLAUSIBLE_ALBUMIN)
    ago = age_words(chart, LatestResult(labs=(total,)))

    def text() -> str:
        seen = f"calcium {calcium} mg/dL, day {day}{ago}"
        if known:
            return f"{seen}, with {albumin.text}: corrected {value} mg/dL"
        return (
            f"{seen}; albumin is missing: corrected {value} mg/dL at any albumin from"
            f" {_PLAUSIBLE_ALBUMIN.low:g} to {_PLAUSIBLE_ALBUMIN.high:g} g/dL"
        )

    return _Calcium(
        value=value,
        high=(value if known else calcium).above(_LIMIT) or bool(value.above(_LIMIT)),
        text=text,
        sources=(total.source, *albumin.sources),
        day=day,
    )


def _albumin_near(chart: PatientChart, day: int) -> LatestResult:
    """Albumin of that day, else the latest of the week before, else the first of the week after."""
    before = chart.latest("albumin", (day - _ALBUMIN_DAYS, day))
    after = chart.results("albumin", (day + 1, min(day + _ALBUMIN_DAYS, chart.as_of)))
    if before.quantity is None and after:
        return LatestResult(after[0].quantity, None, (after[0],))
    return before if before.quantity is not None else LatestResult()


def _correct(calcium: Interval, albumin: Interval) -> Interval:
    return Interval(
        round(calcium.low + _PER_ALBUMIN * (_NORMAL_ALBUMIN - albumin.high), 2),
        round(calcium.high + _PER_ALBUMIN * (_NORMAL_ALBUMIN - albumin.low), 2),
        calcium.low_open,
        calcium.high_open,
    )
