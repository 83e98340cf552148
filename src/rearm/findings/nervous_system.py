"""Findings on the spinal cord and the central nervous system: each stands until somebody surely
looked later and says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rearm.findings.base import (
    NOTHING,
    Found,
    finding,
    joined,
    rows_of,
    suspected,
    texts,
)
from rearm.findings.chart import DEEP_RESPONSES, PatientChart
from rearm.findings.results import Window
from rearm.findings.tumour import imaging_text, looked_at
from rearm.record import Imaging, Source, When
from rearm.response.lesion_kind import whole_body

# A lesion at the canal threatens for so long, and for so long nobody knows what became of it:
# conventions of this project.
_THREATENS_DAYS, _UNFOLLOWED_DAYS = 60, 180
_CSF_DAYS = 60


@finding("cord_compression")
def cord_compression(chart: PatientChart) -> Found:
    return chart.condition("cord_compression").found()


# Where a tumour reaches the spinal canal, as radiologists name it.
_IN_THE_CANAL = r"spinal canal|vertebral canal|epidural|intraspinal|spinalkanal|wirbelkanal"
_AT_THE_SPINE = re.compile(
    rf"{_IN_THE_CANAL}|para-?vertebral|para-?spinal|neuroforam", re.IGNORECASE
)
# The same said not to be so, within one clause: `no epidural component`, `spinal canal free`.
_CANAL_IS_FREE = re.compile(
    rf"\b(?:no|not|without|kein\w*|ohne|nicht)\b[^,;.]*(?:{_IN_THE_CANAL})"
    rf"|(?:{_IN_THE_CANAL})[^,;.]*\b(?:free|clear|none|absent|excluded|not|frei)\b",
    re.IGNORECASE,
)


@finding("cord_threatened")
def cord_threatened(chart: PatientChart) -> Found:
    """A lesion at the spinal canal while nobody has stated since what became of the cord. Nothing
    seen there is no all-clear: it stays unknown.
    """
    seen = [
        x
        for x in looked_at(chart, chart.recent(_UNFOLLOWED_DAYS))
        if x.result == "positive" and _at_the_canal(x)
    ]
    stated = chart.condition("cord_compression")
    if not seen:
        return Found(False, stated.sources, stated.text) if stated.rows else NOTHING
    open_ones = [x for x in seen if not _settled(chart, x)]
    if not open_ones:
        return Found(False, rows_of(seen), texts(seen, imaging_text))
    words, rows = texts(open_ones, imaging_text), rows_of(open_ones)
    fresh = any(_last(x.when) >= chart.as_of - _THREATENS_DAYS for x in open_ones)
    undated = any(row.when.last is None for row in chart.condition_rows("cord_compression"))
    return Found(True, rows, words) if fresh and not undated else suspected(words, rows)


def _at_the_canal(row: Imaging) -> bool:
    place = f"{row.site or ''} {row.lesion or ''}"
    return bool(_AT_THE_SPINE.search(place)) and not _CANAL_IS_FREE.search(place)


def _settled(chart: PatientChart, lesion: Imaging) -> bool:
    """Whether somebody surely spoke of the cord, looked there again, or saw a deep response, not
    before the lesion was seen.
    """
    stated = any(_not_before(x.when, lesion.when) for x in chart.condition_rows("cord_compression"))
    looked = any(_shows_it_gone(x, lesion) for x in chart.record.imaging)
    responded = any(
        x.response in DEEP_RESPONSES and lesion.when.before(x.when) for x in chart.record.responses
    )
    return stated or looked or responded


def _shows_it_gone(row: Imaging, lesion: Imaging) -> bool:
    if not lesion.when.before(row.when):
        return False
    same = lesion.lesion is not None and row.lesion == lesion.lesion
    if row.result == "positive":
        return same and row.site is not None and not _at_the_canal(row)
    there = bool(_AT_THE_SPINE.search(row.site or "") or re.search(r"spin|neura", row.site or ""))
    everywhere = row.site is None and (whole_body(row) or "mr" in (row.method or "").casefold())
    return row.result == "negative" and (same or there or everywhere)


def _not_before(when: When, other: When) -> bool:
    return when.first is not None and other.last is not None and when.first >= other.last


def _last(when: When) -> int:
    assert when.last is not None  # imaging of a window has a day
    return when.last


@finding("cns_disease")
def cns_disease(chart: PatientChart) -> Found:
    """As stated, by the spinal fluid, or by the pattern of a progression, as long as no statement
    surely follows. A response in serum tells nothing of this compartment.
    """
    state = chart.condition("cns_myeloma")
    if state.present:
        return state.found()
    over = state.rows[-1].when if state.present is False else None
    fluid = chart.latest("csf_plasma_cells", _since_infusion(chart))
    if fluid.word == "positive" and not _follows(over, fluid.labs[-1].when):
        fresh = _last(fluid.labs[-1].when) >= chart.as_of - _CSF_DAYS
        text = joined(fluid, state)
        return Found(True, fluid.sources, text) if fresh else suspected(text, fluid.sources)
    for progressed, sources in _progressions(chart):
        if fluid.word == "negative" and progressed.before(fluid.labs[-1].when) and over is None:
            return suspected(f"progression in it, {progressed}; {fluid.text}", fluid.sources)
        if not _follows(over, progressed):
            return Found(True, sources, f"progression in it, {progressed}")
    if state.rows:
        return state.found()
    return chart.positive("csf_plasma_cells", chart.recent(_CSF_DAYS))


@finding("csf_examined")
def csf_examined(chart: PatientChart) -> Found:
    """Cerebrospinal fluid of the last 60 days; that none is on record does not say that none was
    taken.
    """
    fluid = chart.latest("csf_plasma_cells", chart.recent(_CSF_DAYS))
    return Found(True if fluid.word else None, fluid.sources, fluid.describe)


def _progressions(chart: PatientChart) -> Iterator[tuple[When, tuple[Source, ...]]]:
    """Those after the infusion that showed there: the team's from the last on, and the failure."""
    for row in reversed(chart.record.responses):
        infused, day = chart.infusion_day, row.when.first
        if "cns" in (row.pattern or "") and (
            infused is None or (day is not None and day > infused)
        ):
            yield row.when, (row.source,)
    for own in dict.fromkeys((chart.of_relapse, chart)):
        if "cns" in own.failure_pattern and own.failure is not None:
            yield own.failure.when, own.failure_sources


def _since_infusion(chart: PatientChart) -> Window:
    recent = chart.as_of - _CSF_DAYS
    first = recent if chart.infusion_day is None else min(recent, chart.infusion_day + 1)
    return first, chart.as_of


def _follows(statement: When | None, other: When) -> bool:
    return statement is not None and _not_before(statement, other)
