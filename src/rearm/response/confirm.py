"""Confirmation: two consecutive visits for every response and for every progression by laboratory
values.

Visits that could not be evaluated are left out before pairing. The pair must be complete before any
new therapy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from rearm.response.criteria import RESPONSES, Criteria
from rearm.response.progression import MetCriterion
from rearm.response.score import Visit

__all__ = ["Confirmed", "Progression", "confirm", "confirmed_depth"]

_LEVEL = {name: n for n, name in enumerate(RESPONSES)}
_SD = _LEVEL["SD"]


class Progression(msgspec.Struct, frozen=True, kw_only=True):
    """A confirmed progression: first met on `day`, at `visit`, by `met`.

    `by`: what stood for the repeat: nothing unusual, death of myeloma, or new therapy that came
    before it (A3).
    """

    visit: Visit
    day: int
    met: tuple[MetCriterion, ...]
    by: Literal["usual", "death", "new_therapy"] = "usual"


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """Outcome of the pairing: `statuses` of all visits, best response with its day, progression.

    `pending`: the visit whose progression waits for its repeat (`pending_provisional`: for time,
    because it is too early after CAR-T).
    """

    statuses: tuple[str, ...]
    best: str
    best_day: int | None
    progression: Progression | None
    pending: Visit | None
    pending_provisional: bool


class _Ends(msgspec.Struct, frozen=True, kw_only=True):
    """What may end the course before a repeat."""

    criteria: Criteria
    new_therapy_day: int | None
    died_of_myeloma: bool
    provisional_until: int | None


def confirm(
    visits: Sequence[Visit],
    criteria: Criteria,
    *,
    new_therapy_day: int | None = None,
    died_of_myeloma: bool = False,
    provisional_until: int | None = None,
) -> Confirmed:
    """Confirmed status of every visit, best response and progression.

    The running status is the best confirmed response so far, dated at the first visit of its pair,
    until confirmed progression, which stays. `provisional_until`: after CAR-T a pair that lies
    wholly before this day does not confirm a progression.
    """
    ends = _Ends(
        criteria=criteria,
        new_therapy_day=new_therapy_day,
        died_of_myeloma=died_of_myeloma,
        provisional_until=provisional_until,
    )
    evaluable = _evaluable(visits, new_therapy_day)
    status, reached, best_day = "BL", 0, None
    progression: Progression | None = None
    statuses: list[str] = []
    place = 0  # of the next evaluable visit
    for visit in visits:
        if progression is None and place < len(evaluable) and visit is evaluable[place]:
            place += 1
            if visit.response == "PD":
                progression = _progression(visit, evaluable[place:], ends)
                status = status if progression is None else "PD"
            elif visit.response != "NE":
                following = evaluable[place] if place < len(evaluable) else None
                level = _paired(visit, following, criteria)
                if level > reached:
                    reached, status, best_day = level, RESPONSES[level], visit.day
        statuses.append(status)
    waiting = [] if progression is not None else _run_of_progression(evaluable)
    best = "NE" if best_day is None else RESPONSES[reached]
    if progression is not None and progression.visit is evaluable[0]:
        best, best_day = "PD", progression.visit.day  # nothing was seen before it
    return Confirmed(
        statuses=tuple(statuses),
        best=best,
        best_day=best_day,
        progression=progression,
        pending=waiting[0] if waiting else None,
        pending_provisional=bool(waiting) and all(p.provisional for p in waiting[-1].pd),
    )


def confirmed_depth(
    visits: Sequence[Visit], criteria: Criteria, *, new_therapy_day: int | None, last: int
) -> tuple[str, bool]:
    """The deepest response that two consecutive visits share, the first of them up to day `last`,
    and whether it lacks the urine, without which strict IMWG calls no more than PR. NE where no
    response can be called.
    """
    deepest, lacking = _LEVEL["NE"], False
    evaluable = _evaluable(visits, new_therapy_day)
    for place, visit in enumerate(evaluable):
        if visit.day > last or visit.confirmed == "PD":
            break
        if visit.response in ("PD", "NE"):
            continue
        following = evaluable[place + 1] if place + 1 < len(evaluable) else None
        strict = _paired(visit, following, criteria)
        level = max(strict, _paired_without_urine(visit, following))
        if level > deepest:
            deepest, lacking = level, level > strict
    return RESPONSES[deepest], lacking


def _paired_without_urine(visit: Visit, following: Visit | None) -> int:
    if following is None or following.response in ("PD", "NE"):
        return _SD
    return min(_LEVEL[v.without_urine or v.response] for v in (visit, following))


def _evaluable(visits: Sequence[Visit], new_therapy_day: int | None) -> list[Visit]:
    """The visits up to new therapy at which response or progression could be seen."""
    end = math.inf if new_therapy_day is None else new_therapy_day
    return [
        v
        for v in visits
        if v.day <= end and (v.response != "NE" or (v.rule == "ne-no-baseline" and v.assessed))
    ]


def _paired(visit: Visit, following: Visit | None, criteria: Criteria) -> int:
    """The level that two consecutive visits reach. A PD that follows confirms nothing."""
    level = _LEVEL[visit.response]
    if following is None:
        return _SD if criteria.A17 == "sd" else level
    shared = _LEVEL[following.response]
    if shared > level:
        shared = level
    return shared if shared > _SD else _SD


def _progression(visit: Visit, following: Sequence[Visit], ends: _Ends) -> Progression | None:
    """Is the progression of this visit confirmed, by what follows?"""
    at_once = [p for p in visit.pd if not p.repeat and not p.provisional]
    repeatable = [p for p in visit.pd if p.repeat]
    if at_once:
        return _dated(visit, [*at_once, *repeatable], by=at_once)
    repeats = _repeats(repeatable, following, ends.criteria)
    if any(_in_time(repeat, ends.provisional_until) for repeat in repeats):
        return _dated(visit, repeatable, by=repeatable)
    return _without_repeat(visit, repeatable, following, ends, repeated=bool(repeats))


def _without_repeat(
    visit: Visit,
    repeatable: Sequence[MetCriterion],
    following: Sequence[Visit],
    ends: _Ends,
    *,
    repeated: bool,
) -> Progression | None:
    """What may stand for the repeat: death of myeloma, or new therapy that came first (A3)."""
    contradicted = any(v.response != "PD" for v in following)
    died = ends.died_of_myeloma and (repeated or not following)
    if died and not contradicted:
        return _dated(visit, visit.pd, by=visit.pd, instead="death")
    treated = ends.new_therapy_day is not None and not following
    if treated and repeatable and ends.criteria.A3 == "pd":
        return _dated(visit, repeatable, by=repeatable, instead="new_therapy")
    return None


def _repeats(
    met: Sequence[MetCriterion], following: Sequence[Visit], criteria: Criteria
) -> list[Visit]:
    """The visits that directly follow and are progressive too (A2: by any criterion, or by the
    same).
    """
    wanted = {p.criterion for p in met}
    repeats: list[Visit] = []
    for visit in following if wanted else ():
        same = any(p.criterion in wanted for p in visit.pd)
        if visit.response != "PD" or (criteria.A2 == "same" and not same):
            break
        repeats.append(visit)
    return repeats


def _in_time(repeat: Visit, provisional_until: int | None) -> bool:
    """Is the repeat late enough after CAR-T, or does it hold what needs no repeat?"""
    if provisional_until is None or repeat.day >= provisional_until:
        return True
    return any(not p.provisional and not p.repeat for p in repeat.pd)


def _run_of_progression(evaluable: Sequence[Visit]) -> list[Visit]:
    """The progressive visits at the end: no later visit contradicts them."""
    run: list[Visit] = []
    for visit in reversed(evaluable):
        if visit.response != "PD":
            break
        run.insert(0, visit)
    return run


def _dated(
    visit: Visit,
    met: Sequence[MetCriterion],
    *,
    by: Sequence[MetCriterion],
    instead: Literal["usual", "death", "new_therapy"] = "usual",
) -> Progression:
    """Dated at the first visit that met the criterion; results of one visit may lie some days
    apart.
    """
    day = min(p.day for p in by)
    return Progression(visit=visit, day=day, met=tuple(met), by=instead)
