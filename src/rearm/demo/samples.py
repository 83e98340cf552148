"""What the laboratory finds in one sample: markers of the disease, counts, immunoglobulins,
chemistry.
"""

from __future__ import annotations

from rearm.demo import rates
from rearm.demo.burden import Burden
from rearm.demo.chart import Chart
from rearm.demo.disease import Disease

__all__ = [
    "add_chemistry",
    "add_counts",
    "add_immunoglobulins",
    "add_markers",
    "add_marrow",
    "fixation_is_negative",
]

_QUANTIFIED = 0.1  # g/dL: below it a band is seen and not measured
_NO_BAND = 0.02  # g/dL: below it immunofixation is negative
_NO_BAND_BURDEN = 0.012  # of light chains alone
_URINE_NORMAL = (20.0, 110.0)  # mg/24h, without light chains
_URINE_DETECTED = 30.0
_COUNTS_LOST, _RECOVERY = 0.55, 45.0  # by the CAR-T; half of it is back after so many days
_OF_RED_CELLS = 0.25  # haemoglobin falls less
_CROWDED_OUT = 0.1  # by the disease at its burden before the CAR-T
_COUNT_UNITS = {"hemoglobin": "g/dL"}


def fixation_is_negative(disease: Disease, burden: float) -> bool:
    if disease.m_protein:
        return disease.m_protein * burden < _NO_BAND
    return burden < _NO_BAND_BURDEN


def add_markers(
    chart: Chart, disease: Disease, burden: Burden, day: int, *, whole: bool = False
) -> None:
    """M-protein, light chains, urine, immunofixation on a day; `whole`: a sample on which something
    is decided, so that the M-protein is there and nothing is left out for want of an order.
    """
    left = burden.at(day)
    negative = fixation_is_negative(disease, left)
    if disease.m_protein and (whole or not chart.chance(rates.RESULT_MISSING)):
        chart.lab(day, "serum_m_protein", _band(chart, disease, left), "g/dL", specimen="serum")
    if whole or not disease.m_protein or chart.chance(rates.LIGHT_CHAINS_AT_VISIT):
        _add_light_chains(chart, disease, left, day)
    if disease.urine or whole or chart.chance(rates.URINE_AT_VISIT):
        urine = disease.urine * left
        usual = chart.between(_URINE_NORMAL) if not disease.urine else 0.0
        value: float | str = chart.measured(urine) + usual
        if disease.urine and urine < _URINE_DETECTED:
            value = 0.0 if negative else f"<{_URINE_DETECTED:.0f}"
        chart.lab(day, "urine_m_protein_24h", value, "mg/24h", specimen="urine_24h")
    if left < 0.1 or whole:
        word = "negative" if negative else "positive"
        if chart.chance(rates.IMMUNOFIXATION_SERUM):
            chart.lab(day, "serum_immunofixation", word, specimen="serum")
        if negative and chart.chance(rates.IMMUNOFIXATION_URINE):
            chart.lab(day, "urine_immunofixation", word, specimen="urine")


def _band(chart: Chart, disease: Disease, left: float) -> float | str:
    m_protein = disease.m_protein * left
    if m_protein < _NO_BAND:
        return 0.0
    if m_protein < _QUANTIFIED:
        return f"<{_QUANTIFIED}"
    return chart.measured(m_protein)


def _add_light_chains(chart: Chart, disease: Disease, left: float, day: int) -> None:
    if chart.chance(rates.RESULT_MISSING):
        return
    kappa, lambda_ = map(chart.measured, disease.free_light_chains(left))
    chart.lab(day, "kappa_flc", kappa, "mg/L", specimen="serum")
    chart.lab(day, "lambda_flc", lambda_, "mg/L", specimen="serum")


def add_counts(chart: Chart, disease: Disease, burden: Burden, day: int, since_cells: int) -> None:
    """Blood counts; `since_cells`: days since the CAR-T cells, after which they recover."""
    recovered = 1.0 - _COUNTS_LOST * 0.5 ** (max(since_cells, 0) / _RECOVERY)
    crowded = 1.0 - _CROWDED_OUT * burden.at(day)
    for test, usual in disease.counts.items():
        if not chart.chance(rates.RESULT_MISSING):
            own = 1.0 - _OF_RED_CELLS * (1.0 - recovered) if test == "hemoglobin" else recovered
            value = chart.around(usual * crowded * own, rates.COUNT_SPREAD[test])
            chart.lab(day, test, value, _COUNT_UNITS.get(test, "10*9/L"), specimen="blood")


def add_chemistry(
    chart: Chart, disease: Disease, burden: Burden, day: int, *, organ: str = ""
) -> None:
    """Chemistry at a decision. `organ`: the condition that the myeloma has caused."""
    left = burden.at(day)
    for test, (unit, usual, by_burden, spread) in rates.CHEMISTRY.items():
        value = chart.around(usual + by_burden * left, spread)
        if (organ, test) in rates.ORGAN_DAMAGE:
            value = chart.around(*rates.ORGAN_DAMAGE[organ, test])
        if not chart.chance(rates.CHEMISTRY_MISSING):
            chart.lab(day, test, value, unit, specimen="serum")


def add_immunoglobulins(
    chart: Chart, disease: Disease, burden: Burden, day: int, since_cells: int
) -> None:
    """IgG: that of healthy plasma cells, low after the CAR-T, and the M-protein where it is IgG."""
    early = since_cells < rates.IGG_LOW_FOR
    healthy = chart.around(*(rates.IGG_EARLY if early else rates.IGG_LATE))
    own = disease.m_protein * burden.at(day) * 1000.0 if disease.heavy_chain == "IgG" else 0.0
    chart.lab(day, "igg", healthy + own, "mg/dL", specimen="serum")


def add_marrow(chart: Chart, disease: Disease, burden: Burden, day: int) -> None:
    """Plasma cells, and MRD where immunofixation is negative."""
    left = burden.at(day)
    percent = round(chart.around(disease.plasma_cells(left), 0.15))
    value = min(float(max(percent, 0)), rates.HIGHEST_MARROW)
    chart.lab(day, "marrow_plasma_cells", value, "%", specimen="marrow")
    if fixation_is_negative(disease, left) and chart.chance(rates.MRD_TESTED):
        negative = left < 1e-3 and chart.chance(rates.MRD_NEGATIVE_IN_CR)
        chart.lab(
            day,
            "mrd",
            "negative" if negative else "positive",
            specimen="marrow",
            method="flow_cytometry" if chart.chance(rates.MRD_BY_FLOW) else "NGS",
            sensitivity=0.00001,
        )
