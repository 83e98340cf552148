"""The CAR-T of one invented patient: the infusion, its toxicities, and the CAR-T cells in blood."""

from __future__ import annotations

from rearm.demo import rates
from rearm.demo.chart import Chart
from rearm.demo.course import Treatment
from rearm.demo.rates import Product

__all__ = ["add_infusion", "add_persistence", "add_toxicities", "product_named"]

_PEAK = (25_000.0, 0.9)  # copies per microgram of DNA
_PEAK_DAY = 12
_DAYS = (7, 14, 28, 84, 182, 364)
_DETECTED = 50.0
_HALF_LIFE = (9.0, 45.0)


def product_named(name: str) -> Product:
    return next(product for product in rates.PRODUCTS if product.name == name)


def add_infusion(
    chart: Chart, product: Product, day: int, apheresis: int, *, in_spec: bool
) -> None:
    cells = round(chart.around(product.cells, 0.15) / 1e6) * 1_000_000
    chart.row(
        "infusions",
        day=day,
        product=product.name,
        dose_cells=cells,
        apheresis_days=str(apheresis),
        in_specification="yes" if in_spec else "no",
        infused="yes",
    )


def add_toxicities(chart: Chart, product: Product, day: int) -> None:
    """CRS, ICANS, IEC-HS, parkinsonism, infection, counts and antibodies after an infusion; grade 0
    where they were looked for.
    """
    if chart.chance(rates.TOXICITY_RECORDED):
        first = max(1, day + product.crs_day + chart.day_between((-1, 2)))
        grade = 0
        if chart.chance(product.crs):
            severe = chart.chance(product.crs_severe)
            grade = chart.day_between((3, 4)) if severe else chart.day_between((1, 2))
        chart.toxicity(first, "crs", grade, first + chart.day_between((2, 6)))
        grade = chart.pick({1: 0.5, 2: 0.3, 3: 0.2}) if chart.chance(product.icans) else 0
        chart.toxicity(first + 2, "icans", grade, first + 2 + chart.day_between((1, 8)))
    if chart.chance(rates.IEC_HS):
        start = day + chart.day_between((8, 20))
        chart.toxicity(start, "iec_hs", chart.day_between((1, 3)), start + 14)
    if chart.chance(product.parkinsonism):
        chart.toxicity(day + chart.day_between((20, 90)), "parkinsonism", chart.day_between((2, 3)))
    if chart.chance(rates.INFECTION_SEVERE):
        start = day + chart.day_between((10, 240))
        chart.toxicity(start, "infection", 3, start + chart.day_between((6, 24)))
    if chart.chance(rates.CYTOPENIA_LATE):
        start = day + 30
        chart.toxicity(start, "cytopenia", chart.day_between((3, 4)), start + 40)
    if chart.chance(rates.HYPOGAMMAGLOBULINAEMIA):
        chart.toxicity(day + chart.day_between((28, 120)), "hypogammaglobulinaemia", 2)


def add_persistence(chart: Chart, treatment: Treatment, day: int) -> None:
    """CAR copies in blood up to the failure, and at it."""
    if not chart.chance(rates.PERSISTENCE_FOLLOWED):
        return
    peak, half_life = chart.around(*_PEAK), chart.between(_HALF_LIFE)
    stays = chart.chance(rates.PERSISTS_AT_FAILURE)
    for after in _DAYS:
        if day + after < treatment.seen:
            copies = peak * 0.5 ** (abs(after - _PEAK_DAY) / half_life)
            _add_copies(chart, day + after, max(copies, 2 * _DETECTED if stays else 0.0))
    _add_copies(chart, treatment.seen, chart.around(3 * _DETECTED, 0.3) if stays else 0.0)


def _add_copies(chart: Chart, day: int, copies: float) -> None:
    value = "not_detected" if copies < _DETECTED else str(round(copies))
    unit = "" if copies < _DETECTED else "copies/ug"
    chart.lab(day, "car_copies_per_ug_dna", value, unit, specimen="blood", method="PCR")
