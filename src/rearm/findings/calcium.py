"""Findings on calcium: corrected for albumin, and whether it is too high."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rearm.findings.base import Found, Text, finding, measured, suspected, unknown
from rearm.findings.chart import PatientChart
from rearm.findings.last_known import EMERGENCY_DAYS, LAST_KNOWN_DAYS, age_words
from rearm.findings.presence import Presence
from rearm.findings.results import LatestResult, Window
from rearm.interval import Interval
from rearm.record import UNKNOWN_WHEN, Lab, Source, When

_LIMIT = 11.0  # mg/dL (2.75 mmol/L): the C of CRAB (IMWG, Lancet Oncol 2014;15:e538)
_PER_ALBUMIN, _NORMAL_ALBUMIN = 0.8, 4.0  # Payne et al., BMJ 1973;4:643-646
# Albumin of the same week corrects as that of the same day does, as its half-life is about three
# weeks; without one, calcium is bounded by the albumin that a patient may have. Both conventions.
_ALBUMIN_DAYS = 7
_PLAUSIBLE_ALBUMIN = Interval(2.0, 5.5)  # g/dL


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calcium:
    """Calcium corrected for albumin in mg/dL, or why it can't be read. `high`: whether what is
    measured lies above the limit, uncorrected where no albumin is known. `doubted`: something that
    could not be used may be later, so that this is a suspicion and no more.
    """

    value: Interval | None = None
    high: bool | None = None
    text: Text = ""
    sources: tuple[Source, ...] = ()
    day: int | None = None
    when: When = UNKNOWN_WHEN
    doubted: bool = False

    @property
    def said(self) -> str:
        """What was measured, in words."""
        return self.text if isinstance(self.text, str) else self.text()

    @property
    def certainly_high(self) -> bool | None:
        return None if self.value is None or self.doubted else self.value.above(_LIMIT)


@finding("calcium_corrected")
def calcium_corrected(chart: PatientChart) -> Found:
    calcium = _calcium(chart, EMERGENCY_DAYS)
    if calcium.doubted:
        return unknown(calcium.text, calcium.sources)
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
    """The newest of the last days: as the laboratory corrected it, or a total calcium, which is
    corrected here. Neither hides a later one of the other kind.
    """
    window = chart.recent(days)
    reported = _reported(chart, window)
    totals = [x for x in chart.results("calcium", window) if x.day is not None]
    if not totals:
        return reported
    total = _corrected(chart, totals[-1])
    if total.value is None:
        return reported
    if reported.value is None:
        return _beside_unusable(reported, total)
    if reported.when.before(total.when):
        return _newest_that_decides(total, reported)
    if total.when.before(reported.when):
        return _newest_that_decides(reported, total)
    return _of_one_time(reported, total)


def _reported(chart: PatientChart, window: Window) -> _Calcium:
    """The latest that the laboratory corrected."""
    latest = chart.latest("calcium_corrected", window)
    when = latest.labs[-1].when if latest.labs else UNKNOWN_WHEN
    if latest.quantity is None:
        return _Calcium(text=latest.describe(), sources=latest.sources, when=when)
    return _Calcium(
        value=latest.quantity,
        high=latest.quantity.above(_LIMIT),
        text=lambda: f"{latest.text}{age_words(chart, latest)}",
        sources=latest.sources,
        day=latest.day,
        when=when,
    )


def _beside_unusable(reported: _Calcium, total: _Calcium) -> _Calcium:
    """Total calcium where no corrected one can be used. One that could not be used and may be later
    leaves of it no more than the suspicion that calcium is too high.
    """
    if not reported.sources or reported.when.before(total.when):
        return total
    return reported if total.high is False else replace(total, doubted=True)


def _newest_that_decides(newer: _Calcium, older: _Calcium) -> _Calcium:
    """The newer one; where it only bounds calcium, the older one that decides, unless that would
    hide a newer one which may be too high.
    """
    if newer.certainly_high is not None or older.certainly_high is None:
        return newer
    return older if older.certainly_high or newer.high is False else newer


def _of_one_time(reported: _Calcium, total: _Calcium) -> _Calcium:
    """The laboratory's own correction, unless the total is too high at any albumin: then the two
    contradict each other, and calcium may be either.
    """
    if reported.certainly_high or not total.certainly_high:
        return reported
    assert reported.value is not None and total.value is not None
    return _Calcium(
        value=Interval.hull([reported.value, total.value]),
        high=True,
        text=lambda: f"{reported.said}; {total.said}: the two contradict each other",
        sources=(*reported.sources, *total.sources),
        day=reported.day,
        when=reported.when,
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
        when=total.when,
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
