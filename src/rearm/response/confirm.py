"""Confirmation: two consecutive assessments for every response and for every progression by
laboratory values (section 5).

Assessments that could not be evaluated are left out before pairing. The pair must be complete
before any new therapy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rearm.response.criteria import RESPONSES, Criteria
from rearm.response.lesions import Pd
from rearm.response.score import Visit

__all__ = ["Confirmed", "confirm"]

_LEVEL = {name: n for n, name in enumerate(RESPONSES)}
_SD, _PD = _LEVEL["SD"], _LEVEL["PD"]


@dataclass(slots=True)
class Confirmed:
    """Outcome of the pairing. `pending`: the assessment whose progression waits for its repeat (or
    for time, where provisional).
    """

    best: str = "NE"
    best_day: int | None = None
    progression_day: int | None = None
    progression: tuple[Pd, ...] = ()
    progression_visit: Visit | None = None
    pending: Visit | None = None
    pending_provisional: bool = False
    by_new_therapy: bool = (
        False  # A3: progression was counted although new therapy came before the repeat
    )
    by_death: bool = False


def confirm(
    visits: Sequence[Visit],
    criteria: Criteria,
    *,
    new_therapy_day: int | None = None,
    myeloma_death_day: int | None = None,
    provisional_until: int | None = None,
) -> Confirmed:
    """Set `confirmed` of every visit and return best response and progression.

    The running status is the best confirmed response so far, dated at the first assessment of its
    pair, until confirmed progression, which stays. `provisional_until`: after CAR-T a pair that
    lies wholly before this day does not confirm a progression.
    """
    out = Confirmed()
    valid = [v for v in visits if new_therapy_day is None or v.day <= new_therapy_day]
    evaluable = [
        v for v in valid if v.response != "NE" or (v.rule == "ne-no-baseline" and v.assessed)
    ]
    status = "BL"
    status_level = 0
    index = 0
    count = len(evaluable)
    for visit in visits:
        if out.progression_day is not None or index >= count or visit is not evaluable[index]:
            visit.confirmed = "PD" if out.progression_day is not None else status
            continue
        following = evaluable[index + 1] if index + 1 < count else None
        index += 1
        if visit.response == "PD":
            if _progressed(
                visit,
                evaluable,
                index,
                criteria,
                new_therapy_day,
                myeloma_death_day,
                provisional_until,
                out,
            ):
                status = "PD"
            visit.confirmed = status
            continue
        if visit.response == "NE":
            visit.confirmed = status
            continue
        level = _LEVEL[visit.response]
        if (
            following is not None
        ):  # a PD that follows confirms nothing; what was not evaluable has been left out
            level = max(_SD, min(level, _LEVEL[following.response]))
        elif criteria.A17 == "sd":
            level = _SD
        if level > status_level:
            status_level, status = level, RESPONSES[level]
            out.best, out.best_day = status, visit.day
        visit.confirmed = status
    return out


def _progressed(
    visit: Visit,
    evaluable: list[Visit],
    index: int,
    criteria: Criteria,
    new_therapy_day: int | None,
    death_day: int | None,
    provisional_until: int | None,
    out: Confirmed,
) -> bool:
    """Is the progression of this visit confirmed? `index` is the place of the next evaluable
    assessment. Sets the outcome.
    """
    at_once = [p for p in visit.pd if not p.repeat and not p.provisional]
    if at_once:
        _set(out, visit, (*at_once, *(p for p in visit.pd if p.repeat)), at_once)
        return True
    repeatable = [p for p in visit.pd if p.repeat]
    wanted = {p.criterion for p in repeatable}
    last = None
    if repeatable:
        for follower in evaluable[index:]:
            if follower.response != "PD":
                break
            # A2: any criterion of progression at the next assessment, or the same parameter again
            if criteria.A2 == "same" and not wanted & {p.criterion for p in follower.pd}:
                break
            last = follower
            if (
                provisional_until is None
                or follower.day >= provisional_until
                or any(not p.provisional and not p.repeat for p in follower.pd)
            ):
                _set(out, visit, repeatable, repeatable)
                return True
    nothing_refutes = last is not None or index >= len(evaluable)
    if death_day is not None and nothing_refutes and _run_to_end(evaluable, index):
        _set(out, visit, visit.pd, visit.pd)
        out.by_death = True
        return True
    if (
        criteria.A3 == "pd"
        and new_therapy_day is not None
        and index >= len(evaluable)
        and repeatable
    ):
        _set(out, visit, repeatable, repeatable)
        out.by_new_therapy = True
        return True
    if _run_to_end(evaluable, index):
        if out.pending is None:
            out.pending = visit
        out.pending_provisional = all(p.provisional for p in visit.pd)
    else:
        out.pending = None
    return False


def _run_to_end(evaluable: list[Visit], index: int) -> bool:
    """No later assessment contradicts: all that follow are PD too, or none follows."""
    return all(v.response == "PD" for v in evaluable[index:])


def _set(out: Confirmed, visit: Visit, all_met: Sequence[Pd], dated_by: Sequence[Pd]) -> None:
    # dated at the first assessment that met the criterion; results of one assessment may lie some
    # days apart
    out.progression_day = min(p.day for p in dated_by)
    out.progression = tuple(all_met)
    out.progression_visit = visit
    out.pending = None
