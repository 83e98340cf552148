"""The deepest response of a visit that its results do not deny. What is missing denies none, and a
bound denies only what every value that it allows does.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from msgspec.structs import replace

from rearm.interval import Interval
from rearm.response.criteria import RESPONSES, Criteria
from rearm.response.levels import CR, NE, SCR, VGPR, Level, Levels
from rearm.response.markers import Markers
from rearm.response.measurable import BaselineDisease, ratio_normal
from rearm.response.score import Visit, still_quantified
from rearm.response.sentences import Because

__all__ = ["deepest", "deepest_by_bounds", "denied_by"]

# reasons of a level that something is missing to
_MISSING = frozenset(
    (
        "serum-absent",
        "urine-absent",
        "urine-cap-absent",
        "flc-absent",
        "marrow-absent",
        "lesions-unread",
        "lesions-not-imaged",
        "lesions-unmeasured",
        "none-measurable",
        "none-no-pr-by-lesions",
        "none-unusable",
        "none-measured",
    )
)
# by these alone CR is not denied: a normal ratio and a clear marrow speak for it
_NOT_OF_CR = frozenset(("flc", "marrow"))


def deepest(visit: Visit) -> str:
    """The deepest response that nothing on record denies."""
    markers = visit.markers
    if markers is None or visit.response == "PD":
        return visit.response
    levels = list(_widest(visit, markers))
    of_protein = min((x for x, name in levels if name not in _NOT_OF_CR), default=SCR)
    if of_protein >= VGPR and _may_be_complete(visit, markers):
        return RESPONSES[SCR if _may_be_stringent(visit, markers) else CR]
    return RESPONSES[min([VGPR, *(level for level, _ in levels)])]


def deepest_by_bounds(visit: Visit) -> str:
    """The deepest response, VGPR at most, that the bounds of a visit allow with what is on
    record.
    """
    markers = visit.markers
    if markers is None or visit.response in ("NE", "PD"):
        return visit.response
    wide = {name: level for level, name in _widest(visit, markers)}
    levels = [wide.get(name, level) for level, name, _, _ in visit.levels]
    return max(visit.response, RESPONSES[min([VGPR, *levels])], key=RESPONSES.index)


def denied_by(visit: Visit) -> Because:
    """What denies a deeper response."""
    if visit.serum_ife == "positive" or visit.urine_ife == "positive":
        return ("ife-positive",)
    known = [x for x in visit.levels if x[2][0] not in _MISSING]
    return min(known)[2] if known else visit.because


def _widest(visit: Visit, markers: Markers) -> Iterator[tuple[int, str]]:
    """What each parameter allows at most, by the largest fall that the bounds allow."""
    levels = _best_levels(markers.criteria, markers.disease, markers.serum_name)
    for level, name, because, _ in visit.levels:
        if because[0] not in _MISSING:
            yield max(level, _again(visit, levels, name)), name


def _again(visit: Visit, levels: Levels, name: str) -> int:
    """The level of a parameter by the lowest value that a bound allows."""
    results = visit.results
    found: Level | None = None
    if name == "serum":
        found = levels.serum(results, _lowest(visit.serum), visit.serum_ife)
    elif name == "urine":
        found = levels.urine(results, _lowest(visit.urine), visit.urine_ife)
    elif name == "urine-cap":
        found = levels.urine_cap(results, _lowest(visit.urine))
    elif name == "flc":
        found = levels.flc(results, _lowest(visit.dflc))
    elif name == "marrow" and visit.marrow is not None:
        day, value = visit.marrow
        found = levels.marrow(results, (day, Interval.of(value.low)))
    return NE if found is None else found[0]


def _lowest(value: Interval | None) -> Interval | None:
    return None if value is None else Interval.of(value.low)


@lru_cache(maxsize=8)
def _best_levels(criteria: Criteria, disease: BaselineDisease, serum_name: str) -> Levels:
    """Falls counted from the highest baseline that the bounds allow."""
    highest = replace(
        disease,
        serum=_highest(disease.serum),
        urine=_highest(disease.urine),
        dflc=_highest(disease.dflc),
        marrow=_highest(disease.marrow),
    )
    return Levels(criteria, highest, serum_name)


def _highest(value: Interval | None) -> Interval | None:
    return None if value is None else Interval.of(value.high)


def _may_be_complete(visit: Visit, markers: Markers) -> bool:
    """Is no condition of CR denied?"""
    if visit.serum_ife == "positive" or visit.urine_ife == "positive":
        return False
    if still_quantified(visit, by_spep=markers.by_spep):
        return False
    marrow = visit.marrow
    if marrow is not None and marrow[1].below(markers.criteria.marrow_cr_below) is False:
        return False
    if any(
        name == "lesions" and x < SCR and b[0] not in _MISSING for x, name, b, _ in visit.levels
    ):
        return False
    of_chains = markers.disease.measurable[:1] == ("flc",)
    return not of_chains or ratio_normal(visit.results, markers.criteria) is not False


def _may_be_stringent(visit: Visit, markers: Markers) -> bool:
    """Are neither the ratio of the light chains nor the cells of the marrow clonal?"""
    clonal = visit.clonality is not None and visit.clonality[1] == "clonal"
    return not clonal and ratio_normal(visit.results, markers.criteria) is not False
