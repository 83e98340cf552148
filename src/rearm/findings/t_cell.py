"""Findings on CAR-T cells and T cells: persistence, phenotype, counts."""

from __future__ import annotations

from collections.abc import Sequence

from rearm.findings.base import (
    NOTHING,
    Found,
    any3,
    finding,
    joined,
    measured,
    rows_of,
    sources_of,
    texts,
    unknown,
)
from rearm.findings.car_measurements import (
    COPIES,
    EVER,
    DatedValue,
    car_aside,
    car_rows,
    dated_values,
    in_blood,
    is_detected,
)
from rearm.findings.chart import PatientChart
from rearm.findings.exposure import apheresis_of
from rearm.findings.last_known import latest_number
from rearm.findings.microenvironment import before_lymphodepletion, divided
from rearm.findings.results import NO_RESULT, LatestResult, Window, lab_text
from rearm.interval import Interval
from rearm.record import Lab

_CONTRACTED_DAY = 28  # copies have fallen from their peak by then
_LATE_RISE_AFTER_DAY = 60
# a doubling lies beyond the scatter of quantitative PCR; a convention of this project
_LATE_RISE = 2.0
_PERSISTENCE_NEAR_DAYS = 60
_PHENOTYPE_FROM_DAY = 7  # before that hardly a CAR-T cell in blood is of those that grew there
_RECENT_DAYS = 60
# Month 1 is day 30; visits are planned with some weeks of room.
_MONTH_1_DAY = 30
_MONTH_1_FIRST, _MONTH_1_LAST = 21, 45
# A count this long before the apheresis still tells what was collected; one day after it, because
# the sample and the collection may carry the dates of two days.
_BEFORE_APHERESIS_DAYS = 14
_AFTER_APHERESIS_DAYS = 1
_SHARES = ("car_t_cd4_share", "car_t_cd8_share")
_EXHAUSTED_PERCENT = 20.0  # with TIM-3 and TIGIT: the usual convention of flow cytometry


# ---------------------------------------------------------------- persistence


@finding("car_detectable_at_failure")
def car_detectable_at_failure(chart: PatientChart) -> Found:
    rows = car_rows(chart, chart.at_failure)
    seen = [x.lab for x in rows if is_detected(x.value)]
    if seen:
        return Found(True, (seen[-1].source,), texts(seen[-1:], lab_text))
    if not rows:
        return NOTHING
    if aside := car_aside(chart, chart.at_failure):
        return unknown("a CAR result at failure was set aside", rows_of(aside))
    labs = [x.lab for x in rows]
    return Found(False, rows_of(labs), texts(labs[-3:], lab_text))


@finding("car_last_detectable_day")
def car_last_detectable_day(chart: PatientChart) -> Found:
    window = chart.after_infusion(1, EVER)
    seen = [x for x in car_rows(chart, window) if is_detected(x.value)]
    if not seen or chart.infusion_day is None:
        return NOTHING
    last = seen[-1]
    later = (x.when.last for x in car_aside(chart, window))
    if any(day is not None and day > last.day for day in later):
        return unknown("a later CAR result was set aside", [last.lab.source])
    return Found(last.day - chart.infusion_day, (last.lab.source,), texts((last.lab,), lab_text))


@finding("car_gone_before_failure")
def car_gone_before_failure(chart: PatientChart) -> Found:
    """Cells seen after the infusion, then a measurement below detection before the failure, and
    none seen after that.
    """
    failure = chart.failure_day
    if failure is None or chart.infusion_day is None:
        return NOTHING
    rows = car_rows(chart, chart.after_infusion(1, EVER))
    return _lost_by(chart, rows, failure) if rows else NOTHING


def _lost_by(chart: PatientChart, rows: Sequence[DatedValue], failure: int) -> Found:
    """Whether the measurements, oldest first, show that the cells were gone by the failure."""
    seen = [x for x in rows if is_detected(x.value)]
    lost_before = [x for x in rows if not is_detected(x.value) and x.day < failure]
    seen_again = bool(seen) and bool(lost_before) and seen[-1].day >= lost_before[-1].day
    if seen_again:
        last = seen[-1].lab
        return Found(False, (last.source,), lambda: lab_text(last))
    last_seen = next((x for x in reversed(seen) if x.day <= failure), None)
    if last_seen is None:
        return unknown("CAR-T cells never detected before failure", rows_of(x.lab for x in rows))
    first_lost = next((x for x in lost_before if x.day > last_seen.day), None)
    if first_lost is not None:
        return _gone(chart, last_seen, first_lost.lab)
    return _last_seen(last_seen, failure)


def _last_seen(last: DatedValue, failure: int) -> Found:
    """There until the failure where they were seen near it; else not known."""
    if last.day >= failure - _PERSISTENCE_NEAR_DAYS:
        return Found(False, (last.lab.source,), lambda: lab_text(last.lab))
    text = f"last seen: {lab_text(last.lab)}; nothing between then and the failure"
    return unknown(text, [last.lab.source])


def _gone(chart: PatientChart, last_seen: DatedValue, first_lost: Lab) -> Found:
    """Gone, unless a result that was set aside may have shown them again."""
    if aside := car_aside(chart, (last_seen.day, chart.as_of)):
        return unknown("a CAR result near the failure was set aside", rows_of(aside))
    return Found(
        True,
        (last_seen.lab.source, first_lost.source),
        lambda: (
            f"last seen: {lab_text(last_seen.lab)}; then {lab_text(first_lost)}, failure day"
            f" {chart.failure_day}"
        ),
    )


@finding("car_copies_rising_late")
def car_copies_rising_late(chart: PatientChart) -> Found:
    """CAR-T cells fall after their peak. A rise months later without a new infusion may be a clone
    that grows on its own.
    """
    rises = [x for x in (_late_rise(chart, test) for test in COPIES) if x is not None]
    if not rises:
        return NOTHING
    value = any3(x.value if isinstance(x.value, bool) else None for x in rises)
    deciding = [x for x in rises if x.value is value] or rises
    return Found(value, sources_of(*deciding), joined(*deciding))


def _late_rise(chart: PatientChart, test: str) -> Found | None:
    """Whether the last value is at least twice the lowest since day 28; None where the CAR was not
    followed beyond day 60.
    """
    window = chart.after_infusion(_CONTRACTED_DAY, EVER)
    rows = dated_values(chart.results(test, window, in_blood))
    if not rows or chart.infusion_day is None:
        return None
    last = rows[-1]
    before = [x for x in rows if x.day < last.day]
    if not before or last.day <= chart.infusion_day + _LATE_RISE_AFTER_DAY:
        return None
    lowest = min(before, key=lambda x: x.value.high)
    doubled = last.value.at_least(_LATE_RISE * lowest.value.high)
    value = doubled if is_detected(last.value) else False
    if value is False and chart.aside(test, window, in_blood):
        value = None  # what was set aside may have been lower before, or higher since
    return Found(
        value,
        rows_of((lowest.lab, last.lab)),
        lambda: (
            f"{lab_text(last.lab)}; lowest from day {_CONTRACTED_DAY} on: {lab_text(lowest.lab)}"
        ),
    )


# ---------------------------------------------------------------- phenotype and counts


def _whole_of_parts(
    chart: PatientChart,
    whole: str,
    parts: tuple[str, str],
    window: Window | None,
    shares: tuple[str, str] | None,
) -> Found:
    """A percentage of all cells, else from its CD4+ and CD8+ parts of one later day: weighted by
    their shares if known, else between the two.
    """
    latest = chart.latest(whole, window)
    if latest.problem is not None:
        return unknown(latest.describe, latest.sources)
    cd4, cd8 = chart.latest(parts[0], window), chart.latest(parts[1], window)
    one_day = cd4.day is not None and cd4.day == cd8.day
    newer = latest.day is None or (cd4.day is not None and cd4.day > latest.day)
    if cd4.quantity is None or cd8.quantity is None or not (one_day and newer):
        if latest is NO_RESULT:
            return NOTHING
        return measured(latest.quantity, latest.describe, latest.sources)
    text, sources = f"{cd4.text}; {cd8.text}", sources_of(cd4, cd8)
    weighted = None if shares is None else _weighted(chart, (cd4, cd8), shares)
    if weighted is not None:
        return measured(Interval.of(weighted), f"{text}, weighted by their shares", sources)
    between = Interval.hull([cd4.quantity, cd8.quantity])
    return measured(between, f"{text}; all cells lie between", sources)


def _weighted(
    chart: PatientChart, parts: Sequence[LatestResult], shares: Sequence[str]
) -> float | None:
    """The mean of the parts by their shares of the same day; None where a number is not exact."""
    day = parts[0].day
    if day is None:
        return None
    weights = [chart.latest(share, (day, day)) for share in shares]
    pairs = [
        (part.quantity.exact, weight.quantity.exact)
        for part, weight in zip(parts, weights, strict=True)
        if part.quantity is not None and weight.quantity is not None
    ]
    exact = [(value, weight) for value, weight in pairs if value is not None and weight is not None]
    total = sum(weight for _, weight in exact)
    if len(exact) < len(parts) or total <= 0:
        return None
    return round(sum(value * weight for value, weight in exact) / total, 2)


@finding("car_exhausted")
def car_exhausted(chart: PatientChart) -> Found:
    """By the share of the cells with both markers, else as somebody states it."""
    share = car_exhausted_percent(chart)
    if share.quantity is None:
        return unknown(share.text, share.sources) if share.has_text else NOTHING
    return Found(share.quantity.at_least(_EXHAUSTED_PERCENT), share.sources, joined(share))


@finding("car_exhausted_percent")
def car_exhausted_percent(chart: PatientChart) -> Found:
    return chart.number("car_t_exhausted", chart.after_infusion(_PHENOTYPE_FROM_DAY, EVER))


@finding("car_tim3_percent")
def car_tim3_percent(chart: PatientChart) -> Found:
    return _whole_of_parts(
        chart,
        "car_t_tim3",
        ("car_t_cd4_tim3", "car_t_cd8_tim3"),
        chart.after_infusion(_PHENOTYPE_FROM_DAY, EVER),
        _SHARES,
    )


@finding("car_tigit_percent")
def car_tigit_percent(chart: PatientChart) -> Found:
    return _whole_of_parts(
        chart,
        "car_t_tigit",
        ("car_t_cd4_tigit", "car_t_cd8_tigit"),
        chart.after_infusion(_PHENOTYPE_FROM_DAY, EVER),
        _SHARES,
    )


@finding("t_cells_pd1_percent")
def t_cells_pd1_percent(chart: PatientChart) -> Found:
    return _whole_of_parts(
        chart,
        "t_cells_pd1",
        ("cd4_t_cells_pd1", "cd8_t_cells_pd1"),
        chart.recent(_RECENT_DAYS),
        None,
    )


@finding("alc_before_lymphodepletion")
def alc_before_lymphodepletion(chart: PatientChart) -> Found:
    return chart.number("lymphocytes", before_lymphodepletion(chart))


@finding("cd4_count")
def cd4_count(chart: PatientChart) -> Found:
    return latest_number(chart, "cd4_t_cells", _RECENT_DAYS)


@finding("cd8_count")
def cd8_count(chart: PatientChart) -> Found:
    return chart.number("cd8_t_cells", chart.recent(_RECENT_DAYS))


@finding("cd4_count_month_1")
def cd4_count_month_1(chart: PatientChart) -> Found:
    """Of several values in the time the one nearest to day 30."""
    window = chart.after_infusion(_MONTH_1_FIRST, _MONTH_1_LAST)
    days = [x.day for x in chart.results("cd4_t_cells", window) if x.day is not None]
    if not days or chart.infusion_day is None:
        return chart.number("cd4_t_cells", window)
    month_1 = chart.infusion_day + _MONTH_1_DAY
    nearest = min(days, key=lambda day: (abs(day - month_1), day))
    return chart.number("cd4_t_cells", (nearest, nearest))


@finding("cd4_cd8_ratio_apheresis")
def cd4_cd8_ratio_apheresis(chart: PatientChart) -> Found:
    collected = apheresis_of(chart)
    if collected.first is None or collected.last is None:
        return NOTHING
    # near to it on whichever of its days it was
    latest = min(collected.first + _AFTER_APHERESIS_DAYS, chart.as_of)
    window = (collected.last - _BEFORE_APHERESIS_DAYS, latest)
    ratio = chart.latest("cd4_cd8_ratio", window)
    if ratio.quantity is not None or ratio.problem is not None:
        return measured(ratio.quantity, ratio.describe, ratio.sources)
    cd4, cd8 = chart.latest("cd4_t_cells", window), chart.latest("cd8_t_cells", window)
    if cd4.quantity is None or cd8.quantity is None or cd4.day != cd8.day:
        return NOTHING
    return measured(divided(cd4.quantity, cd8.quantity), joined(cd4, cd8), sources_of(cd4, cd8))
