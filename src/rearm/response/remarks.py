"""What the results of single visits call for a remark, beside the response that they have: bands of
other clones, quantities that immunofixation does not bear out.
"""

from __future__ import annotations

from collections.abc import Iterator

from rearm.interval import Interval
from rearm.record import Record
from rearm.response.criteria import Criteria
from rearm.response.interference import names_bands, own_serum_ife
from rearm.response.markers import Markers
from rearm.response.measurable import high_chain
from rearm.response.score import Scored, Visit
from rearm.response.visits import CourseFlag, VisitResults

__all__ = ["visit_remarks"]

# said once, at the first visit that shows it
_ONCE = frozenset(
    (
        "nonsecretory",
        "immunoglobulin_without_band",
        "protein_without_band",
    )
)


def visit_remarks(scored: Scored, record: Record) -> list[CourseFlag]:
    """The remarks in the order of the visits, that on the light chain of the baseline first."""
    flags: list[CourseFlag] = []
    said: set[str] = set()
    for flag in _remarks(scored, record):
        if flag.id not in said:
            flags.append(flag)
        if flag.id in _ONCE:
            said.add(flag.id)
    return flags


def _remarks(scored: Scored, record: Record) -> Iterator[CourseFlag]:
    markers = scored.markers
    yield from _light_chain_contradiction(
        markers.collected.baseline, record.light_chain, markers.criteria
    )
    for visit in scored.visits:
        results = visit.results
        if results.values.get("serum_immunofixation") == "positive" and names_bands(results):
            yield from _bands(results, record)
        if not markers.secretory and visit.rule in ("cr-nonsecretory", "scr"):
            text = (
                "complete response in disease without measurable M-protein: by marrow,"
                " immunofixation and imaging only (A13)"
            )
            yield CourseFlag("nonsecretory", None, text)
        if visit.serum_ife == "negative" and visit.serum is not None and visit.serum.high > 0:
            yield from _without_band(visit, visit.serum, markers)


def _bands(results: VisitResults, record: Record) -> Iterator[CourseFlag]:
    _, flag = own_serum_ife(results, record.heavy_chain, record.light_chain)
    if flag is not None:
        yield flag


def _light_chain_contradiction(
    baseline: VisitResults, light: str | None, c: Criteria
) -> Iterator[CourseFlag]:
    high = high_chain(baseline, c)
    if high is not None and light is not None and high != light:
        text = (
            f"the light chain is entered as {light}, but {high} is raised at baseline; dFLC is "
            f"calculated for {light} as entered"
        )
        yield CourseFlag("light_chain_contradiction", baseline.day_of(f"{high}_flc"), text)


def _without_band(visit: Visit, serum: Interval, markers: Markers) -> Iterator[CourseFlag]:
    """A quantity that immunofixation does not bear out."""
    if markers.by_spep:
        if visit.response in ("CR", "sCR") and serum.above(0):
            text = (
                f"M-protein {serum.low:g} g/dL is quantified on day {visit.day} although"
                " immunofixation is negative: one of the two may be wrong"
            )
            yield CourseFlag("protein_without_band", visit.day, text)
    elif any(p.criterion == "serum" for p in visit.pd):
        text = (
            f"{markers.serum_name} rises by day {visit.day} without a band on immunofixation: "
            "recovering healthy plasma cells can also raise it"
        )
        yield CourseFlag("immunoglobulin_without_band", visit.day, text)
