"""What the tissue of a lesion shows besides a stated histology: an antigen counted on its plasma
cells tells that they are there.
"""

from __future__ import annotations

from collections.abc import Sequence

from rearm.findings.chart import PatientChart
from rearm.findings.results import Window
from rearm.record import Imaging, Lab

__all__ = ["lesion_name", "naming_no_lesion", "plasma_cells_of", "plasma_cells_shown"]

_STAINS = (
    "bcma_positive_plasma_cells",
    "gprc5d_positive_plasma_cells",
    "fcrh5_positive_plasma_cells",
)


def plasma_cells_shown(chart: PatientChart, window: Window) -> list[Lab]:
    """Stains of biopsied lesions that are positive. A negative one may be of any tissue."""
    return [
        x
        for test in _STAINS
        for x in chart.results(test, window, lambda lab: lab.specimen == "lesion_biopsy")
        if x.quantity is not None and x.quantity.above(0.0)
    ]


def plasma_cells_of(
    chart: PatientChart, lesions: Sequence[Imaging], stains: Sequence[Lab]
) -> dict[str, list[Lab]]:
    """By name of the lesion (see `lesion_name`) the stains that are of it: those that name it, and
    those that name no lesion where only one is there.
    """
    names = {lesion_name(x) for x in lesions}
    nameless = naming_no_lesion(chart, stains) if len(names) == 1 else []
    return {name: [x for x in stains if _named(x) == name or x in nameless] for name in names}


def naming_no_lesion(chart: PatientChart, stains: Sequence[Lab]) -> list[Lab]:
    """Stains that name no lesion that was ever seen."""
    seen = {lesion_name(x) for x in chart.record.imaging}
    return [x for x in stains if _named(x) not in seen]


def lesion_name(row: Imaging) -> str:
    return (row.lesion or row.site or "").strip().casefold()


def _named(lab: Lab) -> str:
    return (lab.sample_id or "").strip().casefold()
