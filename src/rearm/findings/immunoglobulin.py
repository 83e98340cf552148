"""Findings on uninvolved IgG: total IgG holds an IgG paraprotein, which is taken out first."""

from __future__ import annotations

from rearm.findings.base import NOTHING, Found, finding, measured, sources_of, suspected, unknown
from rearm.findings.chart import PatientChart
from rearm.findings.results import LatestResult
from rearm.interval import Interval

_DAYS = 60
_EVER = 10**6
_MG_PER_G = 1000
# Immunoassay and electrophoresis each vary by about a tenth, and a low M-protein by 0.1 g/dL, so
# that their difference is known within bounds only; where the M-protein is larger than the total by
# more than a quarter and 0.2 g/dL, one of the two is wrong. Conventions of this project.
_LOW, _HIGH, _SCATTER = 0.9, 1.1, 100.0  # mg/dL
_CONTRADICTION, _LEAST = 1.25, 200.0


@finding("igg")
def igg(chart: PatientChart) -> Found:
    return _healthy_igg(chart, _DAYS)


@finding("igg_last_known")
def igg_last_known(chart: PatientChart) -> Found:
    """Whatever its age: a low value that is out of date is a reason to measure again, not one to
    forget.
    """
    return _healthy_igg(chart, _EVER)


def _healthy_igg(chart: PatientChart, days: int) -> Found:
    total = chart.latest("igg", chart.recent(days))
    if total.quantity is None:
        return unknown(total.describe, total.sources) if total.has_text else NOTHING
    isotype = chart.record.heavy_chain
    if isotype and "IgG" not in isotype:
        return measured(total.quantity, total.describe, total.sources)
    day = chart.as_of if total.day is None else total.day
    same_day = chart.latest("serum_m_protein", (day, day))
    near = chart.latest("serum_m_protein", (day - _DAYS, min(day + _DAYS, chart.as_of)))
    if near.quantity is not None and near.quantity.at_most(0.0):
        return measured(total.quantity, total.describe, sources_of(total, near))
    if isotype == ("IgG",) and same_day.quantity is not None:
        return _without_paraprotein(total, total.quantity, same_day, same_day.quantity)
    kind = "IgG myeloma" if isotype else "myeloma of unrecorded heavy chain"
    return measured(
        Interval(0.0, total.quantity.high, False, total.quantity.high_open),
        lambda: (
            f"{total.text}; {kind}, {near.text or 'M-protein unknown'}: uninvolved IgG at most this"
        ),
        sources_of(total, near),
    )


def _without_paraprotein(
    total: LatestResult, igg: Interval, protein: LatestResult, m_protein: Interval
) -> Found:
    """The total less the M-protein of the same day."""
    low, high = _MG_PER_G * m_protein.low, _MG_PER_G * m_protein.high
    sources = sources_of(total, protein)
    if low > max(_CONTRADICTION * igg.high, igg.high + _LEAST):
        text = f"total IgG below the M-protein ({total.text}; {protein.text}): check both"
        return suspected(text, sources)  # whichever is wrong, uninvolved IgG may be low
    healthy = Interval(
        max(0.0, round(_LOW * igg.low - _HIGH * high - _SCATTER, 1)),
        max(0.0, min(igg.high, round(_HIGH * igg.high - _LOW * low + _SCATTER, 1))),
    )
    return measured(
        healthy,
        lambda: f"{total.text} less {protein.text}: uninvolved IgG about {healthy} mg/dL",
        sources,
    )
