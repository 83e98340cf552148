"""Myeloma cells in marrow or blood that are no progression where an M-protein or a light chain is
followed, and yet say that the disease is back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rearm.record import Record
from rearm.response.limits import at_least
from rearm.response.markers import CELLS, MARROW_CELLS, Markers
from rearm.response.score import Visit
from rearm.response.sentences import value_words
from rearm.response.signals import Signal

__all__ = ["marrow_and_blood"]

_LEUKAEMIC_PERCENT = 5.0  # of leukocytes: plasma-cell leukaemia (IMWG 2021)
_PERCENT = "circulating_plasma_cells_percent"


def marrow_and_blood(
    record: Record,
    visits: Sequence[Visit],
    markers: Markers,
    *,
    until: int | None,
) -> Iterator[Signal]:
    """A rise by the size of a progression; where nothing earlier is there to compare with, a level
    of that size from when a response is due, by when the cells from before are cleared. `until`:
    the last day that counts.
    """
    c, start = markers.criteria, markers.collected.start
    due = start + c.no_response_day
    if not markers.marrow_counts:
        yield from _risen(visits, markers, "marrow", c.marrow_pd_rise, due)
    if not markers.cells_count:
        yield from _risen(visits, markers, "circulating", c.circulating_pd_minimum, due)
    yield from _leukaemic(record, start, math.inf if until is None else until)


def _risen(
    visits: Sequence[Visit], markers: Markers, marker: str, limit: float, due: int
) -> Iterator[Signal]:
    of_marrow = marker == "marrow"
    test = MARROW_CELLS if of_marrow else CELLS
    if not any(markers.column(test)):
        return
    series = markers.series(marker)
    rises = markers.marrow_rises() if of_marrow else markers.circulating_rises()
    found: Visit | None = None
    back = False
    for place, visit in enumerate(visits):
        if series.lows[place] == -math.inf:
            continue
        alone = series.nadirs[place] == math.inf and visit.day >= due
        back = place in rises or (alone and at_least(series.lows[place], limit))
        if back and found is None and not visit.pd:
            found = visit
    value = None if found is None else found.results.number(test)
    if found is None or value is None:
        return
    what = "marrow plasma cells" if of_marrow else "circulating plasma cells"
    unit = "%: repeat or biopsy" if of_marrow else "per uL: look for plasma-cell leukaemia"
    else_measured = "neither M-protein nor light chains are" if of_marrow else "nothing else is"
    only_where = f"progression only if {else_measured} measurable"
    yield Signal(
        id="marrow_plasma_cells" if of_marrow else "circulating_plasma_cells",
        day=found.results.day_of(test),
        open=back,
        text=f"{what} {value_words(value)} {unit} ({only_where})",
    )


def _leukaemic(record: Record, start: int, until: float) -> Iterator[Signal]:
    """A share of the leukocytes, which no criterion of progression counts."""
    shares = sorted(
        ((x.day, x.quantity) for x in record.labs if x.test == _PERCENT and x.quantity and x.day),
        key=lambda x: x[0],
    )
    shares = [(day, value) for day, value in shares if start < day <= until]
    high = [(day, value) for day, value in shares if value.at_least(_LEUKAEMIC_PERCENT)]
    if not high:
        return
    day, value = high[0]
    yield Signal(
        id="circulating_plasma_cells",
        day=day,
        open=shares[-1] in high,
        text=f"plasma cells {value_words(value)} % of leukocytes: look for plasma-cell leukaemia",
    )
