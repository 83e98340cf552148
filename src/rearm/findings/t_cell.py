"""Findings on CAR-T cells and T cells: expansion, persistence, phenotype, counts.

A peak is the highest value that was measured. It is a value only where the usual time of the peak
was looked at; else the true peak was at least this high and the finding is open upwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from rearm.findings.base import Found, any3, finding, measured, unknown
from rearm.findings.chart import PatientChart, lab_text
from rearm.findings.exposure import apheresis_day
from rearm.findings.microenvironment import before_lymphodepletion, divided
from rearm.interval import Interval
from rearm.record import Lab

_COPIES = ("car_copies_per_ug_dna", "car_copies_per_1000_cells")
_CELLS = ("car_t_cells_flow", "car_t_cells_absolute", "car_t_cells_of_lymphocytes")
# CAR-T cells of the products in use peak from about day 7 on; before that a count says nothing on
# expansion
_FIRST_PEAK_DAY = 7
_LAST_PEAK_DAY = 28
_LATE_AFTER_DAY = 21
_LATE_RISE_AFTER_DAY = 60
_LATE_RISE = (
    2.0  # a doubling lies beyond the scatter of quantitative PCR; a convention of this project
)
_PERSISTENCE_NEAR_DAYS = 60
_RECENT_DAYS = 60
_EVER = 10**6


def _peak(
    chart: PatientChart, test: str, last: int, *, needs: tuple[int, int], complete_from: int
) -> Found:
    """Highest value from the infusion to day `last`. Exact only with a value in the days `needs`
    and as_of at least at `complete_from`.
    """
    if chart.infusion_day is None:
        return unknown()
    top, labs, why = chart.highest(test, chart.after_infusion(0, last))
    if top is None:
        return unknown()
    sources = [x.source for x in labs]
    text = f"highest {lab_text(labs[0])}"
    if not chart.results(test, chart.after_infusion(*needs)):
        why = f"no value from day {needs[0]} to {needs[1]} after the infusion"
    elif chart.as_of < chart.infusion_day + complete_from:
        why = f"only {chart.as_of - chart.infusion_day} days since the infusion"
    if why:
        return measured(
            Interval(top.low, math.inf, top.low_open),
            f"{text}; {why}, so that the peak may have been higher",
            sources,
        )
    return measured(top, text, sources)


@finding("alc_peak_15")
def alc_peak_15(chart: PatientChart) -> Found:
    return _peak(chart, "lymphocytes", 15, needs=(_FIRST_PEAK_DAY, 15), complete_from=15)


@finding("alc_peak_60")
def alc_peak_60(chart: PatientChart) -> Found:
    return _peak(
        chart, "lymphocytes", 60, needs=(_FIRST_PEAK_DAY, 60), complete_from=_LAST_PEAK_DAY
    )


@finding("car_peak_copies_per_ug")
def car_peak_copies_per_ug(chart: PatientChart) -> Found:
    return _peak(
        chart,
        "car_copies_per_ug_dna",
        60,
        needs=(_FIRST_PEAK_DAY, _LAST_PEAK_DAY),
        complete_from=15,
    )


@finding("alc_before_lymphodepletion")
def alc_before_lymphodepletion(chart: PatientChart) -> Found:
    return chart.number("lymphocytes", before_lymphodepletion(chart))


def _peak_row(chart: PatientChart, tests: Iterable[str], last: int) -> tuple[Lab | None, list[Lab]]:
    """The row of the highest value of the first test that was followed from day 7 to 28, and all
    its rows; None where bounds hide it.
    """
    for test in tests:
        window = chart.after_infusion(0, last)
        rows = [
            x for x in chart.results(test, window) if x.day is not None and x.quantity is not None
        ]
        if not chart.results(test, chart.after_infusion(_FIRST_PEAK_DAY, _LAST_PEAK_DAY)):
            continue
        if chart.aside(test, window):
            return None, rows
        best = max(rows, key=lambda x: (x.quantity.low if x.quantity else 0.0, -(x.day or 0)))
        low = best.quantity.low if best.quantity else 0.0
        rivals = [
            x
            for x in rows
            if x is not best
            and x.quantity is not None
            and x.quantity.high > low
            and x.quantity.exact is None
        ]
        return (None if rivals or low <= 0 else best), rows
    return None, []


@finding("car_peak_day")
def car_peak_day(chart: PatientChart) -> Found:
    best, rows = _peak_row(chart, (*_COPIES, *_CELLS), 100)
    if best is None or best.day is None or chart.infusion_day is None:
        return unknown(
            "the CAR was measured, the day of its peak is not clear" if rows else "",
            [x.source for x in rows],
        )
    return Found(best.day - chart.infusion_day, (best.source,), f"highest {lab_text(best)}")


@finding("expansion_late")
def expansion_late(chart: PatientChart) -> Found:
    """CAR copies or cells decide; lymphocytes only where the CAR was not measured."""
    for tests, last in (((*_COPIES, *_CELLS), 100), (("lymphocytes",), 60)):
        best, rows = _peak_row(chart, tests, last)
        if not rows or chart.infusion_day is None:
            continue
        if best is None or best.day is None:
            return unknown("the day of the peak is not clear", [x.source for x in rows])
        day = best.day - chart.infusion_day
        if day > _LATE_AFTER_DAY:
            return Found(
                True, (best.source,), f"highest {lab_text(best)}, {day} days after the infusion"
            )
        later = [
            x for x in rows if x.day is not None and x.day > chart.infusion_day + _LATE_AFTER_DAY
        ]
        if later:
            return Found(
                False,
                (best.source, later[0].source),
                f"highest {lab_text(best)}, lower after day {_LATE_AFTER_DAY}",
            )
        return unknown(
            f"highest {lab_text(best)}; nothing was measured after day {_LATE_AFTER_DAY}",
            [best.source],
        )
    return unknown()


# ---------------------------------------------------------------- persistence


def detectable(lab: Lab) -> bool | None:
    """Whether a CAR measurement shows CAR-T cells. `<10` is a measurement below its limit: not
    detected; a range above zero is seen.
    """
    quantity = lab.quantity
    return (
        None if quantity is None else quantity.low > 0 or (quantity.low == 0 and quantity.low_open)
    )


def _car_rows(chart: PatientChart, window: tuple[int, int] | None) -> list[Lab]:
    rows = [
        x
        for test in (*_COPIES, *_CELLS)
        for x in chart.results(test, window)
        if x.specimen in (None, "blood") and x.day is not None
    ]
    return sorted(rows, key=lambda x: x.day or 0)


def _car_aside(chart: PatientChart, window: tuple[int, int] | None) -> list[Lab]:
    return [x for test in (*_COPIES, *_CELLS) for x in chart.aside(test, window)]


@finding("car_detectable_at_failure")
def car_detectable_at_failure(chart: PatientChart) -> Found:
    rows = _car_rows(chart, chart.at_failure)
    seen = [x for x in rows if detectable(x)]
    if seen:
        return Found(True, (seen[-1].source,), lab_text(seen[-1]))
    if not rows:
        return unknown()
    if aside := _car_aside(chart, chart.at_failure):
        return unknown("a CAR measurement at failure was set aside", [x.source for x in aside])
    return Found(False, tuple(x.source for x in rows), "; ".join(lab_text(x) for x in rows[-3:]))


@finding("car_last_detectable_day")
def car_last_detectable_day(chart: PatientChart) -> Found:
    window = chart.after_infusion(1, _EVER)
    seen = [x for x in _car_rows(chart, window) if detectable(x)]
    if not seen or chart.infusion_day is None:
        return unknown()
    last = seen[-1]
    if any(
        x.when.last is not None and last.day is not None and x.when.last > last.day
        for x in _car_aside(chart, window)
    ):
        return unknown("a later CAR measurement was set aside", [last.source])
    return Found((last.day or 0) - chart.infusion_day, (last.source,), lab_text(last))


@finding("car_gone_before_failure")
def car_gone_before_failure(chart: PatientChart) -> Found:
    """Cells seen after the infusion, then a measurement below detection before the failure, and
    none seen after that.
    """
    if chart.failure_day is None or chart.infusion_day is None:
        return unknown()
    rows = _car_rows(chart, chart.after_infusion(1, _EVER))
    seen = [x for x in rows if detectable(x) and (x.day or 0) <= chart.failure_day]
    gone = [x for x in rows if detectable(x) is False and (x.day or 0) < chart.failure_day]
    back = [x for x in rows if detectable(x) and gone and (x.day or 0) >= (gone[-1].day or 0)]
    if not rows:
        return unknown()
    if back or (
        seen
        and (seen[-1].day or 0) >= chart.failure_day - _PERSISTENCE_NEAR_DAYS
        and not _after(gone, seen[-1])
    ):
        last = (back or seen)[-1]
        return Found(False, (last.source,), lab_text(last))
    if not seen:
        return unknown("the CAR was never seen before the failure", [x.source for x in rows])
    after = _after(gone, seen[-1])
    if not after:
        return unknown(
            f"last seen: {lab_text(seen[-1])}; nothing between then and the failure",
            [seen[-1].source],
        )
    if aside := _car_aside(chart, (seen[-1].day or 0, chart.as_of)):
        return unknown(
            "a CAR measurement near the failure was set aside", [x.source for x in aside]
        )
    return Found(
        True,
        (seen[-1].source, after[0].source),
        f"last seen: {lab_text(seen[-1])}; then {lab_text(after[0])}, failure day"
        f" {chart.failure_day}",
    )


def _after(rows: list[Lab], row: Lab) -> list[Lab]:
    return [x for x in rows if (x.day or 0) > (row.day or 0)]


@finding("car_copies_rising_late")
def car_copies_rising_late(chart: PatientChart) -> Found:
    """CAR-T cells fall after their peak. A rise months later without a new infusion may be a clone
    that grows on its own.
    """
    window = chart.after_infusion(_LAST_PEAK_DAY, _EVER)
    seen: list[Found] = []
    for test in _COPIES:
        rows = [
            x
            for x in chart.results(test, window)
            if x.specimen in (None, "blood") and x.day is not None and x.quantity is not None
        ]
        if (
            len(rows) < 2
            or chart.infusion_day is None
            or (rows[-1].day or 0) <= chart.infusion_day + _LATE_RISE_AFTER_DAY
        ):
            continue
        last = rows[-1]
        before = [x for x in rows if (x.day or 0) < (last.day or 0)]
        lowest = min(before, key=lambda x: x.quantity.high if x.quantity else 0.0, default=None)
        if lowest is None or lowest.quantity is None or last.quantity is None:
            continue
        value: bool | None = detectable(last) and last.quantity.at_least(
            _LATE_RISE * lowest.quantity.high
        )
        if value is False and chart.aside(test, window):
            value = None  # what was set aside may have been lower before, or higher since
        text = f"{lab_text(last)}; lowest from day {_LAST_PEAK_DAY} on: {lab_text(lowest)}"
        seen.append(Found(value, (lowest.source, last.source), text))
    if not seen:
        return unknown()
    any_rise = any3([x.value if isinstance(x.value, bool) else None for x in seen])
    use = [x for x in seen if x.value is any_rise] or seen
    return Found(any_rise, tuple(s for x in use for s in x.sources), "; ".join(x.text for x in use))


@finding("reinfusion_without_expansion")
def reinfusion_without_expansion(chart: PatientChart) -> Found:
    """Only after a further infusion of the same product; without one there is nothing to judge."""
    given = [x for x in chart.record.infused() if x not in chart.infusion_rows]
    if (
        chart.infusion is None
        or chart.infusion.product is None
        or not any(x.product == chart.infusion.product for x in given)
    ):
        return unknown()
    rows = _car_rows(chart, chart.after_infusion(_FIRST_PEAK_DAY, _LAST_PEAK_DAY))
    if not rows or _car_aside(chart, chart.after_infusion(_FIRST_PEAK_DAY, _LAST_PEAK_DAY)):
        return unknown()
    seen = [x for x in rows if detectable(x)]
    return Found(
        not seen, tuple(x.source for x in rows), "; ".join(lab_text(x) for x in (seen or rows)[-3:])
    )


# ---------------------------------------------------------------- phenotype and counts


def _whole_of_parts(
    chart: PatientChart,
    whole: str,
    parts: tuple[str, str],
    window: tuple[int, int] | None,
    shares: tuple[str, str] | None,
) -> Found:
    """A percentage of all cells, else from its CD4+ and CD8+ parts of one day: weighted by their
    shares if known, else between the two.
    """
    reading = chart.latest(whole, window)
    cd4, cd8 = chart.latest(parts[0], window), chart.latest(parts[1], window)
    newer = reading.day is None or (cd4.day is not None and cd4.day > reading.day)
    if reading.quantity is None and reading.why:
        return unknown(reading.why, reading.sources)
    if (
        not newer
        or cd4.quantity is None
        or cd8.quantity is None
        or cd4.day is None
        or cd4.day != cd8.day
    ):
        return measured(reading.quantity, reading.text, reading.sources)
    text, sources = f"{cd4.text}; {cd8.text}", (*cd4.sources, *cd8.sources)
    if shares is not None and cd4.quantity.exact is not None and cd8.quantity.exact is not None:
        day = (cd4.day, cd4.day)
        of = [
            x.quantity.exact if x.quantity else None
            for x in (chart.latest(shares[0], day), chart.latest(shares[1], day))
        ]
        if of[0] is not None and of[1] is not None and of[0] + of[1] > 0:
            value = (cd4.quantity.exact * of[0] + cd8.quantity.exact * of[1]) / (of[0] + of[1])
            return measured(
                Interval.of(round(value, 2)), f"{text}, weighted by their shares", sources
            )
    return measured(
        Interval.hull([cd4.quantity, cd8.quantity]), f"{text}; all cells lie between", sources
    )


_SHARES = ("car_t_cd4_share", "car_t_cd8_share")


@finding("car_exhausted_percent")
def car_exhausted_percent(chart: PatientChart) -> Found:
    return chart.number("car_t_exhausted", chart.after_infusion(_FIRST_PEAK_DAY, _EVER))


@finding("car_tim3_percent")
def car_tim3_percent(chart: PatientChart) -> Found:
    return _whole_of_parts(
        chart,
        "car_t_tim3",
        ("car_t_cd4_tim3", "car_t_cd8_tim3"),
        chart.after_infusion(_FIRST_PEAK_DAY, _EVER),
        _SHARES,
    )


@finding("car_tigit_percent")
def car_tigit_percent(chart: PatientChart) -> Found:
    return _whole_of_parts(
        chart,
        "car_t_tigit",
        ("car_t_cd4_tigit", "car_t_cd8_tigit"),
        chart.after_infusion(_FIRST_PEAK_DAY, _EVER),
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


@finding("cd4_count")
def cd4_count(chart: PatientChart) -> Found:
    return chart.number("cd4_t_cells", chart.recent(_RECENT_DAYS))


@finding("cd8_count")
def cd8_count(chart: PatientChart) -> Found:
    return chart.number("cd8_t_cells", chart.recent(_RECENT_DAYS))


@finding("cd4_count_month_1")
def cd4_count_month_1(chart: PatientChart) -> Found:
    """Of several values in the time the one nearest to day 30."""
    window = chart.after_infusion(21, 45)
    rows = [x for x in chart.results("cd4_t_cells", window) if x.day is not None]
    if not rows or chart.infusion_day is None:
        return chart.number("cd4_t_cells", window)
    month = chart.infusion_day + 30
    nearest = min((x.day or 0 for x in rows), key=lambda d: (abs(d - month), d))
    return chart.number("cd4_t_cells", (nearest, nearest))


@finding("cd4_cd8_ratio_apheresis")
def cd4_cd8_ratio_apheresis(chart: PatientChart) -> Found:
    day = apheresis_day(chart)
    if day is None:
        return unknown()
    window = (day - 14, min(day + 1, chart.as_of))
    ratio = chart.latest("cd4_cd8_ratio", window)
    if ratio.quantity is not None or ratio.why:
        return measured(ratio.quantity, ratio.text, ratio.sources)
    cd4, cd8 = chart.latest("cd4_t_cells", window), chart.latest("cd8_t_cells", window)
    if cd4.quantity is None or cd8.quantity is None or cd4.day != cd8.day:
        return unknown()
    return measured(
        divided(cd4.quantity, cd8.quantity), f"{cd4.text}; {cd8.text}", (*cd4.sources, *cd8.sources)
    )
