"""The best response of an infusion as it is shown: by results, by the team, and which is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from rearm.response.ceiling import deepest_by_bounds
from rearm.response.criteria import RESPONSES
from rearm.response.measurable import Measurable
from rearm.response.score import Visit
from rearm.response.sentences import Because, CrCondition

__all__ = [
    "NO_RESPONSE_KNOWN",
    "PARTIAL",
    "RESPONSE_DEPTH",
    "BestResponse",
    "Lack",
    "UsedBecause",
    "lacks_of",
    "possible_by_bounds",
    "stated_by_team",
    "used_of",
]

RESPONSE_DEPTH = {name: depth for depth, name in enumerate(RESPONSES)}
RESPONSE_DEPTH["nCR"] = RESPONSE_DEPTH["VGPR"]  # nCR is kept as stated and counts as VGPR

PARTIAL = RESPONSE_DEPTH["PR"]


# What a response lacks: `urine` was never collected, so that strict IMWG calls at most PR;
# `second_assessment` to confirm it; `day`: it is not known on which one it was; other results by
# which a deeper one could have been called.
Lack = Literal[
    "urine",
    "second_assessment",
    "day",
    "immunofixation",
    "marrow",
    "imaging",
    "flc_ratio",
    "kappa_flc",
    "lambda_flc",
]
# Why the one of laboratory and team is used: the only one there, both agree, computed from results
# of two assessments; or the team's where the results are of one assessment only, where one that was
# not repeated bears it out, or where they call less only because something is missing.
UsedBecause = Literal[
    "only_one", "agree", "two_assessments", "one_assessment", "borne_out", "not_denied"
]
_LACKS: dict[CrCondition, Lack] = {
    "serum_ife": "immunofixation",
    "urine_ife": "urine",
    "marrow": "marrow",
    "lesions": "imaging",
    "flc_ratio": "flc_ratio",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BestResponse:
    """The best response of an infusion as it is shown.

    `response`: what is used, of `computed` (from results; `lacks` says what is missing to it) and
    `team`; None where none is known or confirmed. `at_least`: a deeper one that a single assessment
    showed and no second one confirmed. `possible`: a deeper one that the bounds of the values
    allow. `marker`: the first that is followed. `because` says why the one of the two is used;
    `denied`: the day on which results deny the team's, and what they show.
    """

    response: str | None = None
    by: Literal["computed", "team"] | None = None
    because: UsedBecause | None = None
    computed: str | None = None
    team: str | None = None
    at_least: str | None = None
    possible: str | None = None
    denied: tuple[int, Because] | None = None
    marker: Measurable | None = None
    lacks: tuple[Lack, ...] = ()

    @property
    def differs(self) -> str | None:
        """What the team stated where results give another response."""
        if self.computed is None or self.team is None:
            return None
        same = RESPONSE_DEPTH[self.team] == RESPONSE_DEPTH[self.computed]
        return None if same else self.team


NO_RESPONSE_KNOWN = BestResponse()


def used_of(best: BestResponse, team: str | None) -> BestResponse:
    """With the one that is used. `team`: what was stated of the time before the progression."""
    computed = RESPONSE_DEPTH[best.computed or "NE"]
    seen = RESPONSE_DEPTH[best.at_least or "NE"]
    stated = RESPONSE_DEPTH[team or "NE"]
    if computed < PARTIAL <= seen:  # one assessment is neither a response nor none
        best = replace(best, computed=None)
        if stated < PARTIAL:
            return best
        return replace(best, response=team, by="team", because="one_assessment")
    if computed < stated <= seen:
        return replace(best, response=team, by="team", because="borne_out")
    best = replace(best, response=best.computed, by="computed")
    if best.team is None:
        return replace(best, because="only_one")
    return replace(best, because="agree" if best.differs is None else "two_assessments")


def stated_by_team(team: str | None, undated: str | None, lacks: tuple[Lack, ...]) -> BestResponse:
    if team is None:
        return BestResponse(team=undated, lacks=("day",)) if undated else NO_RESPONSE_KNOWN
    return BestResponse(response=team, by="team", because="only_one", team=team, lacks=lacks)


def possible_by_bounds(judged: Iterable[Visit], *, than: str) -> str | None:
    """The deepest response that the bounds allow, where it is deeper."""
    found = max(map(deepest_by_bounds, judged), key=RESPONSE_DEPTH.__getitem__)
    return found if RESPONSE_DEPTH[found] > RESPONSE_DEPTH[than] else None


def lacks_of(visit: Visit) -> Iterator[Lack]:
    """What is missing to a deeper response of this visit."""
    if visit.urine is None and visit.urine_ife is None:
        yield "urine"
    if visit.because[0] == "cr-incomplete":
        yield from (_LACKS[x] for x in visit.because[1])
