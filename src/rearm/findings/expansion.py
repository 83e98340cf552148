"""Findings on the expansion of the CAR-T cells: the height and the day of their peak.

A peak is the highest value that was measured. It is a value only where the days of the usual peak
were looked at; else the true peak was at least this high and the finding is open upwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from rearm.findings.base import (
    NOTHING,
    Found,
    finding,
    joined,
    measured,
    rows_of,
    sources_of,
    texts,
    unknown,
)
from rearm.findings.car_measurements import (
    ASSAYS,
    EVER,
    DatedValue,
    car_aside,
    car_rows,
    dated_values,
    in_blood,
    is_detected,
)
from rearm.findings.chart import PatientChart
from rearm.findings.results import lab_text
from rearm.interval import Interval

# Days on which a sample shows the height of the peak. Ide-cel peaks after about 8.7 days
# (KarMMa-3), cilta-cel after 12.7 by its transgene and 14 by its cells (CARTITUDE-1, -2 and -4).
# How far from these days a sample may lie is a convention of this project; for other products it
# must fit both.
_USUAL_PEAK = {"ide-cel": (8, 15), "cilta-cel": (10, 18)}
_USUAL_PEAK_OF_OTHERS = (10, 15)
_MONTH_AFTER = (7, 28)  # when samples for expansion are taken
_LATE_AFTER_DAY = 21
# A rise to twice the height lies beyond the scatter of quantitative PCR; a convention of this
# project.
_LATE_RISE = 2.0
# The height of a peak is sought up to day 60, the limit of the published lymphocyte peaks; the day
# of a peak up to day 100, so that one that came late is found. Conventions of this project.
_HEIGHT_UNTIL_DAY = 60
_DAY_OF_PEAK_UNTIL = 100
_EARLY_PEAK_DAY = 15  # the other limit of the lymphocyte peaks: `alc_peak_15`
_ALC_COMPLETE_FROM = 28


class _Heights(NamedTuple):
    """Below `low` a peak is low, from `high` on the cells clearly grew; between the two nothing is
    said.
    """

    low: float
    high: float


# No height was tested against outcome. Cilta-cel: copies per microgram from one standard deviation
# below the mean of CARTITUDE-1 to the mean; cells per microlitre the medians without and with a
# response (54 patients). Others: one copy in a hundred cells and a height at which copies are no
# rarity in any series, conventions of this project. Per 1000 cells: a microgram of DNA is that of
# 150,000 cells or 300,000 haploid genomes; laboratories mean either, so that the limits are the
# outer ones.
_CELLS_PER_UG, _GENOMES_PER_UG = 150.0, 300.0  # in thousands


def _by_copies(low: float, high: float) -> dict[str, _Heights]:
    return {
        "car_copies_per_ug_dna": _Heights(low, high),
        "car_copies_per_1000_cells": _Heights(low / _GENOMES_PER_UG, high / _CELLS_PER_UG),
    }


_HEIGHTS = {"cilta-cel": {**_by_copies(21_500, 48_700), "car_t_cells_absolute": _Heights(66, 155)}}
_HEIGHTS_OF_OTHERS = _by_copies(3_000, 100_000)
_WORDS = ("minimal", "low", "intermediate", "high")
_GREW_LITTLE = frozenset(("minimal", "low"))
_MINIMAL = 0.1  # of the low limit: hardly any cells, a convention of this project


def _product(chart: PatientChart) -> str | None:
    return chart.infusion.product if chart.infusion is not None else None


def _usual_peak(chart: PatientChart) -> tuple[int, int]:
    return _USUAL_PEAK.get(_product(chart) or "", _USUAL_PEAK_OF_OTHERS)


def _not_looked_at(days: tuple[int, int]) -> str:
    return f"no value on the usual peak days ({days[0]} to {days[1]} after infusion)"


# ---------------------------------------------------------------- height


def _highest_value(
    chart: PatientChart, test: str, last: int, *, needs: tuple[int, int], complete_from: int
) -> Found:
    """Highest value from the infusion to day `last`. Exact only with a value in the days `needs`
    and as_of at least at `complete_from`.
    """
    highest = chart.highest(test, chart.after_infusion(0, last), in_blood)
    if highest is None or chart.infusion_day is None:
        return NOTHING
    since = chart.as_of - chart.infusion_day
    if not chart.results(test, chart.after_infusion(*needs), in_blood):
        why = _not_looked_at(needs)
    elif since < complete_from:
        why = f"only {since} days since the infusion"
    else:
        why = highest.why
    if not why:
        return measured(
            highest.quantity, lambda: f"highest {lab_text(highest.labs[0])}", highest.sources
        )
    at_least = Interval(highest.quantity.low, math.inf, highest.quantity.low_open)
    return measured(
        at_least,
        lambda: f"highest {lab_text(highest.labs[0])}; {why}, so the peak may have been higher",
        highest.sources,
    )


@finding("alc_peak_15")
def alc_peak_15(chart: PatientChart) -> Found:
    return _highest_value(
        chart,
        "lymphocytes",
        _EARLY_PEAK_DAY,
        needs=(_usual_peak(chart)[0], _EARLY_PEAK_DAY),
        complete_from=_EARLY_PEAK_DAY,
    )


@finding("alc_peak_60")
def alc_peak_60(chart: PatientChart) -> Found:
    return _highest_value(
        chart,
        "lymphocytes",
        _HEIGHT_UNTIL_DAY,
        needs=(_usual_peak(chart)[0], _HEIGHT_UNTIL_DAY),
        complete_from=_ALC_COMPLETE_FROM,
    )


def _car_peak(chart: PatientChart, test: str) -> Found:
    return _highest_value(
        chart,
        test,
        _HEIGHT_UNTIL_DAY,
        needs=_usual_peak(chart),
        complete_from=_usual_peak(chart)[1],
    )


@finding("car_peak_copies_per_ug")
def car_peak_copies_per_ug(chart: PatientChart) -> Found:
    return _car_peak(chart, "car_copies_per_ug_dna")


@finding("car_peak_copies_per_1000_cells")
def car_peak_copies_per_1000_cells(chart: PatientChart) -> Found:
    return _car_peak(chart, "car_copies_per_1000_cells")


@finding("car_peak_cells_per_ul")
def car_peak_cells_per_ul(chart: PatientChart) -> Found:
    return _car_peak(chart, "car_t_cells_absolute")


class _Height(NamedTuple):
    """What one assay tells: the places in `_WORDS` between which the height lies."""

    least: int
    most: int
    peak: Found


@finding("car_peak_height")
def car_peak_height(chart: PatientChart) -> Found:
    """By the assays that have limits for this product; of several the one that shows most counts,
    since no assay finds cells that are not there.
    """
    heights = [
        _height(_car_peak(chart, test), limit)
        for test, limit in _limits(chart).items()
        if chart.results(test, chart.after_infusion(0, _HEIGHT_UNTIL_DAY), in_blood)
    ]
    telling = [x for x in heights if (x.least, x.most) != (0, len(_WORDS) - 1)]
    peaks = [x.peak for x in telling or heights]
    if not telling:
        return unknown(joined(*peaks), sources_of(*peaks)) if peaks else NOTHING
    least, most = max(x.least for x in telling), max(x.most for x in telling)
    left = _WORDS[least : most + 1]
    return Found(
        left[0] if len(left) == 1 else None,
        sources_of(*peaks),
        joined(*peaks),
        possible=None if len(left) == 1 else left,
    )


def _height(peak: Found, limits: _Heights) -> _Height:
    quantity = peak.quantity
    if quantity is None:
        return _Height(0, len(_WORDS) - 1, peak)
    edges = (_MINIMAL * limits.low, limits.low, limits.high)
    least = sum(quantity.at_least(edge) is True for edge in edges)
    most = sum(quantity.below(edge) is not True for edge in edges)
    return _Height(least, most, peak)


def _limits(chart: PatientChart) -> dict[str, _Heights]:
    return _HEIGHTS.get(_product(chart) or "", _HEIGHTS_OF_OTHERS)


def _shows_none(chart: PatientChart, row: DatedValue) -> bool:
    """Whether a measurement tells that hardly a CAR-T cell was there: none found, or a bound below
    a minimal height for the product. `<10000` copies may hide an expansion.
    """
    if row.value.high <= 0:
        return True
    limits = _limits(chart).get(row.lab.test)
    return limits is not None and row.value.below(_MINIMAL * limits.low) is True


def _grew_little(height: Found) -> bool:
    """Is the peak low for the product by everything that it may be?"""
    possible = height.possible or ((height.value,) if isinstance(height.value, str) else ())
    return bool(possible) and _GREW_LITTLE.issuperset(possible)


@finding("car_assay_of_expansion")
def car_assay_of_expansion(chart: PatientChart) -> Found:
    """False where none was done, or shows a height that is neither low nor high: then the
    lymphocytes speak. What was done and does not tell leaves it open.
    """
    if chart.infusion_day is None:
        return NOTHING
    never, height = car_never_detected(chart), car_peak_height(chart)
    if never.value:
        return Found(True, never.sources, joined(never))
    if height.value == "high" or _grew_little(height):
        return Found(True, height.sources, joined(height))
    if height.value is not None:
        return Found(False, height.sources, joined(height))
    window = chart.after_infusion(0, _HEIGHT_UNTIL_DAY)
    vague = [
        x
        for test in _limits(chart)
        for x in (*chart.without_exact_day(test, in_blood), *chart.aside(test, window, in_blood))
        if x.when.last is None or x.when.last > chart.infusion_day
    ]
    if height.has_text or vague:
        return unknown(
            joined(height) or "a CAR assay without exact day or value",
            (*height.sources, *rows_of(vague)),
        )
    return Found(False, (), "no CAR assay with a limit for this product on record")


@finding("car_never_detected")
def car_never_detected(chart: PatientChart) -> Found:
    """No CAR-T cells in blood at any time after the infusion, though they were looked for while
    they usually peak.
    """
    rows = car_rows(chart, chart.after_infusion(1, EVER))
    seen = [x.lab for x in rows if is_detected(x.value)]
    if seen:
        return Found(False, rows_of(seen[-1:]), texts(seen[-1:], lab_text))
    if not rows:
        return NOTHING
    if why := _why_open_at_peak(chart):
        return unknown(lambda: f"{lab_text(rows[-1].lab)}; {why}", rows_of(x.lab for x in rows))
    if aside := car_aside(chart, chart.after_infusion(1, EVER)):
        return unknown("a CAR result after the infusion was set aside", rows_of(aside))
    none = [x.lab for x in rows if _shows_none(chart, x)]
    return Found(True, rows_of(none), texts(none[-3:], lab_text))


def _why_open_at_peak(chart: PatientChart) -> str:
    """Why it is not known, where no CAR-T cells were found, whether there were none while they
    usually peak; empty where it is.
    """
    usual = _usual_peak(chart)
    at_peak = car_rows(chart, chart.after_infusion(*usual))
    if not at_peak:
        return _not_looked_at(usual)
    if not any(_shows_none(chart, x) for x in at_peak):
        return "the detection limit is too high to show a minimal peak"
    return ""


@finding("car_expansion_poor")
def car_expansion_poor(_: PatientChart) -> Found:
    """Only as somebody states it: what an assay shows is read by its height."""
    return NOTHING


@finding("reinfusion_without_expansion")
def reinfusion_without_expansion(chart: PatientChart) -> Found:
    """Only after a further infusion of the same product; without one there is nothing to judge."""
    product = _product(chart)
    if product is None or all(x.product != product for x in chart.earlier_infusions):
        return NOTHING
    window = chart.after_infusion(*_MONTH_AFTER)
    rows = car_rows(chart, window)
    if not rows or car_aside(chart, window):
        return NOTHING
    labs = [x.lab for x in rows]
    seen = [x.lab for x in rows if is_detected(x.value)]
    if not seen and (why := _why_open_at_peak(chart)):
        return unknown(why, rows_of(labs))
    return Found(not seen, rows_of(labs), texts((seen or labs)[-3:], lab_text))


# ---------------------------------------------------------------- day


@dataclass(frozen=True, slots=True)
class _Expansion:
    """A marker of expansion after the infusion: its values, those on the days of the usual peak,
    and the highest of all; None where bounds, or a result set aside, hide which one it is.
    """

    rows: list[DatedValue]
    at_usual_peak: list[DatedValue]
    highest: DatedValue | None


def _expansion(chart: PatientChart, tests: Iterable[str], last: int) -> _Expansion | None:
    """The first of the tests that was followed in blood in the first month; None where none was."""
    followed = chart.after_infusion(*_MONTH_AFTER)
    test = next((x for x in tests if chart.results(x, followed, in_blood)), None)
    if test is None:
        return None
    window = chart.after_infusion(0, last)
    rows = dated_values(chart.results(test, window, in_blood))
    usual = dated_values(chart.results(test, chart.after_infusion(*_usual_peak(chart)), in_blood))
    if not rows or chart.aside(test, window, in_blood):
        return _Expansion(rows, usual, None)
    highest = max(rows, key=lambda x: (x.value.low, -x.day))
    another_may_be_higher = any(
        x.value.exact is None and x.value.high > highest.value.low for x in rows if x is not highest
    )
    never_seen = highest.value.low <= 0
    hidden = another_may_be_higher or never_seen
    return _Expansion(rows, usual, None if hidden else highest)


@finding("car_peak_day")
def car_peak_day(chart: PatientChart) -> Found:
    marker = _expansion(chart, ASSAYS, _DAY_OF_PEAK_UNTIL)
    if marker is None or not marker.rows or chart.infusion_day is None:
        return NOTHING
    if marker.highest is None:
        text = "CAR measured, day of peak unclear"
        return unknown(text, rows_of(x.lab for x in marker.rows))
    lab = marker.highest.lab
    if not marker.at_usual_peak:
        return unknown(f"{lab_text(lab)}; {_not_looked_at(_usual_peak(chart))}", [lab.source])
    days = marker.highest.day - chart.infusion_day
    return Found(days, (lab.source,), lambda: f"highest {lab_text(lab)}")


@finding("expansion_late")
def expansion_late(chart: PatientChart) -> Found:
    """CAR copies or cells decide; lymphocytes only where the CAR was not measured."""
    marker = _expansion(chart, ASSAYS, _DAY_OF_PEAK_UNTIL)
    if marker is None or not marker.rows:
        marker = _expansion(chart, ("lymphocytes",), _HEIGHT_UNTIL_DAY)
    if marker is None or not marker.rows or chart.infusion_day is None:
        return NOTHING
    if marker.highest is None:
        return unknown("day of peak unclear", rows_of(x.lab for x in marker.rows))
    lab, late_from = marker.highest.lab, chart.infusion_day + _LATE_AFTER_DAY
    highest = f"highest {lab_text(lab)}"
    if marker.highest.day > late_from:
        return _late(chart, marker, marker.highest)
    later = [x.lab for x in marker.rows if x.day > late_from]
    if later:
        text = f"{highest}, lower after day {_LATE_AFTER_DAY}"
        return Found(False, (lab.source, later[0].source), text)
    return unknown(f"{highest}; no value after day {_LATE_AFTER_DAY}", [lab.source])


def _late(chart: PatientChart, marker: _Expansion, highest: DatedValue) -> Found:
    """Whether the highest value, a late one, is an expansion: only as a clear rise from the days of
    the usual peak, to more than a low height.
    """
    assert chart.infusion_day is not None  # it has a day after the infusion
    text = f"highest {lab_text(highest.lab)}, {highest.day - chart.infusion_day} days after the"
    text += " infusion"
    if not marker.at_usual_peak:
        return unknown(f"{text}; {_not_looked_at(_usual_peak(chart))}", [highest.lab.source])
    before = max(marker.at_usual_peak, key=lambda x: x.value.high)
    sources = (before.lab.source, highest.lab.source)
    if not highest.value.at_least(_LATE_RISE * before.value.high):
        return unknown(f"{text}, less than twice {lab_text(before.lab)}", sources)
    if _grew_little(car_peak_height(chart)):
        return unknown(f"{text}, and still low", sources)
    return Found(True, sources, text)
