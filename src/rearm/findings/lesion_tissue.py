"""What a biopsy of a lesion is of, and what it shows besides a stated histology: an antigen counted
on its plasma cells tells that they are there. A biopsy speaks for its own lesion, and for those
that came with it in the same organ.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from rearm.findings.chart import PatientChart
from rearm.findings.results import Window
from rearm.record import Imaging, Lab, Variant
from rearm.response.lesion_kind import same_organ

__all__ = [
    "lesion_name",
    "naming_no_lesion",
    "plasma_cells_shown",
    "samples_by_lesion",
    "spoken_for",
]

_Sample = TypeVar("_Sample", Lab, Variant, Lab | Variant)

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


def samples_by_lesion(
    chart: PatientChart, lesions: Sequence[Imaging], samples: Sequence[_Sample]
) -> dict[str, list[_Sample]]:
    """By name of the lesion (see `lesion_name`) the samples that are of it: those that name it, and
    those that name no lesion where only one is there.
    """
    names = {lesion_name(x) for x in lesions}
    only = next(iter(names)) if len(names) == 1 else None
    of = [(_lesion_of(x, chart.record.imaging) or only, x) for x in samples]
    return {name: [x for lesion, x in of if lesion == name] for name in names}


def naming_no_lesion(chart: PatientChart, samples: Sequence[_Sample]) -> list[_Sample]:
    """Samples that name no lesion that was ever seen."""
    return [x for x in samples if _lesion_of(x, chart.record.imaging) is None]


def spoken_for(
    chart: PatientChart, lesions: Sequence[Imaging], sampled: Collection[str]
) -> set[str]:
    """Names of the lesions of which a biopsy tells: those that were sampled, and those that came
    with one of them in the same organ and go the same way.
    """
    seen: dict[str, list[Imaging]] = {}
    for row in sorted(chart.record.imaging, key=_first_day):
        seen.setdefault(lesion_name(row), []).append(row)
    names = {lesion_name(x) for x in lesions}
    told = names.intersection(sampled)
    return told | {
        name
        for name in names - told
        if any(_came_together(seen[name], seen[other]) for other in told)
    }


def _came_together(one: Sequence[Imaging], other: Sequence[Imaging]) -> bool:
    """First seen in one examination, in one organ, neither of them alone new, and none going where
    the other comes.
    """
    first, beside = (
        next((x for x in rows if x.result == "positive"), None) for rows in (one, other)
    )
    if first is None or beside is None or first.when != beside.when:
        return False
    return first.new == beside.new and same_organ(first, beside) and not _part(one, other)


def _first_day(row: Imaging) -> float:
    return math.inf if row.when.first is None else row.when.first


def _part(one: Sequence[Imaging], other: Sequence[Imaging]) -> bool:
    """Whether one goes, or shrinks, while the other stays or grows."""
    last = [rows[-1].result for rows in (one, other)]
    ways = [_way(rows) for rows in (one, other)]
    return (last[0] != last[1] and "negative" in last) or ways in ([1, -1], [-1, 1])


def _way(rows: Sequence[Imaging]) -> int:
    """1 where it became longer, -1 where shorter, 0 where neither is known."""
    lengths = [x.length_mm for x in rows if x.length_mm is not None]
    return (lengths[-1] > lengths[0]) - (lengths[-1] < lengths[0]) if lengths else 0


def lesion_name(row: Imaging) -> str:
    return (row.lesion or row.site or "").strip().casefold()


def _lesion_of(sample: Lab | Variant, seen: Iterable[Imaging]) -> str | None:
    """The lesion that a sample names by itself or, where only one lies there, by its site."""
    said = sample.sample_id if isinstance(sample, Lab) else sample.site
    named = (said or "").strip().casefold()
    lesions = [(lesion_name(x), (x.site or "").strip().casefold()) for x in seen]
    if not named or any(name == named for name, _ in lesions):
        return named or None
    there = {name for name, site in lesions if site == named}
    return there.pop() if len(there) == 1 else None
