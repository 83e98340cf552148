"""Findings on inflammation and the microenvironment."""

from __future__ import annotations

import math
from collections.abc import Callable

from rearm.findings.base import (
    NOTHING,
    Found,
    all3,
    finding,
    joined,
    measured,
    rows_of,
    sources_of,
    unknown,
)
from rearm.findings.chart import PatientChart
from rearm.findings.product import lymphodepletion_start
from rearm.findings.results import NO_RESULT, Window
from rearm.interval import Interval
from rearm.record import Lab, Therapy

_BEFORE_DAYS = 30
_IMMUNOSUPPRESSION_DAYS = 30
# Given against the toxicity and against T cells alike. Tocilizumab blocks interleukin-6 and is not
# counted.
_IMMUNOSUPPRESSANTS = (
    "anakinra",
    "ruxolitinib",
    "emapalumab",
    "anti-thymocyte globulin",
    "etoposide",
    "cyclophosphamide",
)
# Share of cells from which a marker counts as carried: the usual convention of flow cytometry, no
# outcome-tested limit.
_CARRIED_PERCENT = 20.0


@finding("ferritin_before_infusion")
def ferritin_before_infusion(chart: PatientChart) -> Found:
    return chart.number("ferritin", chart.before_infusion(_BEFORE_DAYS))


@finding("ferritin_above_normal_before_infusion")
def ferritin_above_normal_before_infusion(chart: PatientChart) -> Found:
    """As the centre states it for this time, else against the laboratory's limit; unknown where the
    two contradict each other.
    """
    window = chart.before_infusion(_BEFORE_DAYS)
    computed = above_normal(chart, "ferritin", window)
    fact, nothing = chart.fact("ferritin_above_normal")
    if nothing is not NOTHING:
        return nothing
    if window is None or fact is None or fact.when.first is None or fact.when.last is None:
        return computed
    if fact.when.first < window[0] or fact.when.last > window[1]:
        return computed
    stated = chart.yes_no_fact("ferritin_above_normal")
    value = stated.value if computed.value in (None, stated.value) else None
    return Found(value, sources_of(stated, computed), joined(stated, computed))


@finding("crp_before_infusion")
def crp_before_infusion(chart: PatientChart) -> Found:
    return chart.number("crp", chart.before_infusion(_BEFORE_DAYS))


@finding("ldh_above_normal")
def ldh_above_normal(chart: PatientChart) -> Found:
    return above_normal(chart, "ldh", chart.at_failure)


def above_normal(chart: PatientChart, test: str, window: Window | None) -> Found:
    """Against the upper limit that the laboratory reports with the value; limits differ between
    assays, so none is assumed.
    """
    latest = chart.latest(test, window)
    if latest is NO_RESULT:
        return NOTHING
    if latest.quantity is None:
        return unknown(latest.describe, latest.sources)
    limits = {x.ref_high for x in latest.labs}
    limit = limits.pop() if len(limits) == 1 else None
    if limit is None:
        return unknown(
            lambda: f"{latest.text}, without the laboratory's upper limit", latest.sources
        )
    value = latest.quantity.above(limit)
    return Found(value, latest.sources, lambda: f"{latest.text}, upper limit {limit:g}")


@finding("treg_percent")
def treg_percent(chart: PatientChart) -> Found:
    return chart.number("regulatory_t_cells", chart.at_failure)


@finding("marrow_tregs_high")
def marrow_tregs_high(_: PatientChart) -> Found:
    """Only as somebody states it: no test of the dictionary measures them in marrow."""
    return NOTHING


# ---------------------------------------------------------------- before lymphodepletion


def before_lymphodepletion(chart: PatientChart) -> Window | None:
    """The 30 days up to the first day of lymphodepletion; without its day, up to five days before
    the infusion, its usual beginning.
    """
    start = lymphodepletion_start(chart)
    if start is None and chart.infusion_day is not None:
        start = chart.infusion_day - 5
    return None if start is None else (start - _BEFORE_DAYS, start)


# Points of the CAR-HEMATOTOX score (Rejeski, Blood 2021), item limits as restated second-hand. Each
# line that holds is one point.
_HEMATOTOX: tuple[tuple[str, Callable[[Interval], bool | None]], ...] = (
    ("platelets", lambda x: x.at_most(175)),  # 10*9/L
    ("platelets", lambda x: x.below(75)),
    ("neutrophils", lambda x: x.below(1.2)),  # 10*9/L
    ("hemoglobin", lambda x: x.below(9.0)),  # g/dL
    ("crp", lambda x: x.at_least(30.0)),  # mg/L; the score is written in mg/dL
    ("ferritin", lambda x: x.at_least(650)),  # ng/mL
    ("ferritin", lambda x: x.above(2000)),
)


@finding("car_hematotox")
def car_hematotox(chart: PatientChart) -> Found:
    window = before_lymphodepletion(chart)
    latest = {test: chart.latest(test, window) for test, _ in _HEMATOTOX}
    known = {test: x.quantity for test, x in latest.items() if x.quantity is not None}
    missing = [test for test in latest if test not in known]
    sources = [s for x in latest.values() for s in x.sources]
    if not known:
        return unknown(sources=sources)
    if missing:
        return unknown(f"missing before lymphodepletion: {', '.join(missing)}", sources)
    points = [holds(known[test]) for test, holds in _HEMATOTOX]
    score = Interval(float(points.count(True)), float(len(points) - points.count(False)))
    return measured(
        score,
        f"CAR-HEMATOTOX {score.low:g}{f' to {score.high:g}' if score.exact is None else ''}",
        sources,
        whole=True,
    )


@finding("neutrophil_lymphocyte_ratio")
def neutrophil_lymphocyte_ratio(chart: PatientChart) -> Found:
    """From the last day on which both were measured."""
    window = before_lymphodepletion(chart)
    lymphocytes = {x.day: x for x in chart.results("lymphocytes", window) if x.day is not None}
    for row in reversed(chart.results("neutrophils", window)):
        other = lymphocytes.get(row.day) if row.day is not None else None
        if other is None or row.quantity is None or other.quantity is None:
            continue
        text = (
            f"neutrophils {row.quantity} and lymphocytes {other.quantity} (10*9/L), day {row.day}"
        )
        return measured(divided(row.quantity, other.quantity), text, rows_of((row, other)))
    return NOTHING


def divided(top: Interval, bottom: Interval) -> Interval:
    """The quotient of two numbers that can't be negative, as an interval. Open upwards where the
    divisor may be zero.
    """
    low = top.low / bottom.high if bottom.high > 0 else 0.0
    high = top.high / bottom.low if bottom.low > 0 else math.inf
    return Interval(low, high, top.low_open or bottom.high_open, top.high_open or bottom.low_open)


# ---------------------------------------------------------------- lesions and immunosuppression


@finding("emd_tim3_tigit")
def emd_tim3_tigit(chart: PatientChart) -> Found:
    def of_lesion(lab: Lab) -> bool:
        return lab.specimen == "lesion_biopsy"

    window = chart.after_infusion(1, 10**6)
    markers = [
        chart.latest(test, window, of_lesion) for test in ("cd8_t_cells_tim3", "cd8_t_cells_tigit")
    ]
    carried = all3(x.quantity.at_least(_CARRIED_PERCENT) if x.quantity else None for x in markers)
    return Found(carried, sources_of(*markers), joined(*markers))


@finding("post_infusion_immunosuppression")
def post_infusion_immunosuppression(chart: PatientChart) -> Found:
    window = chart.after_infusion(0, _IMMUNOSUPPRESSION_DAYS)
    rows = [x for x in chart.record.therapies if x.purpose == "toxicity_management"]
    if window is None or not rows:
        return NOTHING
    near = [(x, _within(x, window)) for x in rows if _within(x, window) is not False]
    suppressing = [(x, within) for x, within in near if _suppresses(chart, x)]
    for row, within in suppressing:
        if within:
            return Found(True, (row.source,), f"{' + '.join(row.agents)} for toxicity, {row.start}")
    if suppressing or any(x.unread or not x.agents for x, _ in near):
        return unknown(
            "the day or agents of toxicity treatment are unknown",
            rows_of(x for x, _ in near),
        )
    return Found(
        False,
        rows_of(rows),
        "toxicity treatment on record, without immunosuppression then",
    )


def _within(row: Therapy, window: Window) -> bool | None:
    """Whether the treatment began in the window; None where its days leave that open."""
    first, last = row.start.first, row.start.last
    if first is None or last is None:
        return None
    if last < window[0] or first > window[1]:
        return False
    return True if first >= window[0] and last <= window[1] else None


def _suppresses(chart: PatientChart, row: Therapy) -> bool:
    return any(
        agent in _IMMUNOSUPPRESSANTS or "steroid" in chart.lexicon.agent_class(agent)
        for agent in row.agents
    )
