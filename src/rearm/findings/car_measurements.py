"""CAR measurements in blood, by transgene copies and by flow cytometry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rearm.findings.chart import PatientChart
from rearm.findings.results import Window
from rearm.interval import Interval
from rearm.record import Lab

__all__ = [
    "ASSAYS",
    "COPIES",
    "EVER",
    "DatedValue",
    "car_aside",
    "car_rows",
    "dated_values",
    "in_blood",
    "is_detected",
]

COPIES = ("car_copies_per_ug_dna", "car_copies_per_1000_cells")
ASSAYS = (*COPIES, "car_t_cells_flow", "car_t_cells_absolute", "car_t_cells_of_lymphocytes")
EVER = 10**6


class DatedValue(NamedTuple):
    """A measurement whose day is known."""

    day: int
    value: Interval
    lab: Lab


def dated_values(rows: Iterable[Lab]) -> list[DatedValue]:
    return [
        DatedValue(x.day, x.quantity, x)
        for x in rows
        if x.day is not None and x.quantity is not None
    ]


def in_blood(lab: Lab) -> bool:
    """Whether the sample is blood, also where nothing else is said: CAR-T cells in the
    cerebrospinal fluid or in a lesion tell no expansion.
    """
    return lab.specimen in (None, "blood")


def is_detected(value: Interval) -> bool:
    """Whether a CAR measurement shows CAR-T cells. `<10` is a measurement below its limit: not
    detected; a range above zero is seen.
    """
    return value.above(0.0, tolerance=0.0) is True


def car_rows(chart: PatientChart, window: Window | None) -> list[DatedValue]:
    """The measurements, oldest first; `not detected` in words is none."""
    labs = [x for test in ASSAYS for x in chart.results(test, window, in_blood)]
    none = [
        DatedValue(x.day, Interval.of(0.0), x)
        for x in labs
        if x.day is not None and x.word == "not_detected"
    ]
    return sorted([*dated_values(labs), *none], key=lambda x: x.day)


def car_aside(chart: PatientChart, window: Window | None) -> list[Lab]:
    """The measurements that may lie in the window and could not be used."""
    return [x for test in ASSAYS for x in chart.aside(test, window, in_blood)]
