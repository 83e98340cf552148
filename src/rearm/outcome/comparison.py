"""How the progression that the team recorded stands to the one that is computed."""

from __future__ import annotations

from typing import Literal

from rearm.outcome.infusion_case import InfusionCase
from rearm.outcome.statements import stated_day
from rearm.response.score import Visit

__all__ = ["Comparison", "compared", "last_evaluable_before"]

# `contradicted`: only one of the two tells of it, and what the other saw near it speaks against it.
# `unrepeated`: the results show what the team recorded and were not repeated. `team_only`: no
# results near it can be judged, or none of the kind that would show it. `other_day`: both, on
# different days.
Comparison = Literal["contradicted", "unrepeated", "team_only", "other_day"]

# Results that speak of the progression of a day: from a month before it to two months after it, as
# a later line may have changed them from then on. A convention of this project.
_BEFORE, _AFTER = 30, 60
# A relapse that the team describes by these alone does not show in blood or urine.
_NOT_IN_BLOOD = frozenset({"extraosseous", "paraskeletal", "cns", "clinical", "marrow"})


def compared(case: InfusionCase) -> Comparison | None:
    """None where the two agree, or neither tells of a progression."""
    computed, stated = case.course.progression_day, case.team_progression
    if stated is None:
        return None if computed is None or not _team_goes_on(case, computed) else "contradicted"
    if computed is not None:
        return None if _same_day(case, computed) else "other_day"
    return _of_team_alone(case)


def _team_goes_on(case: InfusionCase, computed: int) -> bool:
    """Whether the team recorded something else on that day or later."""
    return any(
        s.response not in ("PD", "NE") and (day := stated_day(s)) is not None and day >= computed
        for s in case.stated
    )


def _same_day(case: InfusionCase, computed: int) -> bool:
    """An exact day of the team is this one, or the days that it gives hold it."""
    if case.team_day is not None:
        return case.team_day == computed
    when = case.team_when
    return (when.first is None or when.first <= computed) and (
        when.last is None or computed <= when.last
    )


def _of_team_alone(case: InfusionCase) -> Comparison:
    last = case.team_when.last
    near = [
        v for v in _evaluable(case) if last is not None and last - _BEFORE <= v.day <= last + _AFTER
    ]
    if any(v.pd for v in near):
        return "unrepeated"
    stated = case.team_progression
    words = (stated.pattern or "").replace(";", " ").split() if stated is not None else []
    shows_elsewhere = bool(words) and _NOT_IN_BLOOD.issuperset(words)
    return "contradicted" if near and not shows_elsewhere else "team_only"


def _evaluable(case: InfusionCase) -> list[Visit]:
    return [v for v in case.course.visits if v.pd or v.response != "NE"]


def last_evaluable_before(case: InfusionCase) -> int | None:
    """Day of the last results before the progression of the team that could be judged."""
    last = case.team_when.last
    days = [v.day for v in _evaluable(case) if last is not None and v.day <= last]
    return max(days, default=None)
