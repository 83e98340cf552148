"""Which infusions count, and the response course that belongs to each."""

from __future__ import annotations

from dataclasses import dataclass

from rearm.record import Infusion, Record
from rearm.response.course import ResponseCourse, new_therapy, response_course
from rearm.response.criteria import Criteria

__all__ = ["Given", "course_of", "given"]


@dataclass(frozen=True, slots=True)
class Given:
    """One infusion as it counts: the doses of one product within 14 days together. `numbers` count
    the doses in the record from 1.
    """

    day: int | None
    doses: tuple[Infusion, ...]
    numbers: tuple[int, ...]
    ends: int | None  # day of the next infusion, which ends this course
    next: Infusion | None  # that infusion


def given(record: Record, criteria: Criteria) -> list[Given]:
    """What was infused, split doses of one product taken together; what was only collected is left
    out.
    """
    groups: list[list[tuple[int, Infusion]]] = []
    for number, dose in enumerate(record.infused(), start=1):
        last = groups[-1] if groups else None
        if last is not None and _one_infusion(last[0][1], dose, criteria.split_infusion_days):
            last.append((number, dose))
        else:
            groups.append([(number, dose)])
    out = []
    for i, group in enumerate(groups):
        after = groups[i + 1][0][1] if i + 1 < len(groups) else None
        out.append(
            Given(
                group[0][1].day,
                tuple(d for _, d in group),
                tuple(n for n, _ in group),
                after.day if after else None,
                after,
            )
        )
    return out


def _one_infusion(first: Infusion, dose: Infusion, within: int) -> bool:
    if first.day is None or dose.day is None or first.product != dose.product:
        return False
    return dose.day - first.day <= within


def course_of(
    record: Record,
    c: Criteria,
    group: Given,
    before: Given | None,
    *,
    through_new_therapy: bool = False,
) -> ResponseCourse:
    """The response course of one infusion: baseline before bridging, nadir from before
    lymphodepletion (DESIGN 5).

    `through_new_therapy`: read it on past new therapy, as EMA-style endpoints want.
    """
    day = group.day
    if day is None:
        raise ValueError("a course needs the day of its infusion")
    since = before.day if before is not None and before.day is not None else -(10**9)
    bridging = [
        d
        for t in record.therapies
        if t.purpose == "bridging"
        and (d := t.start.day) is not None
        and max(since, day - c.bridging_days) < d <= day
    ]
    depletion = [
        d
        for t in record.therapies
        if t.purpose == "lymphodepletion"
        and (d := t.start.day) is not None
        and max(since, day - c.lymphodepletion_days) < d <= day
    ]
    floor = min(depletion, default=day)
    therapy = new_therapy(record, day, until=group.ends)
    next_day = therapy.start.day if therapy is not None else group.ends
    return response_course(
        record,
        start=day,
        until=group.ends,
        criteria=c,
        baseline_day=min([*bridging, floor]),
        floor_day=floor,
        infusion=True,
        new_therapy_day=next_day,
        through_new_therapy=through_new_therapy,
        baseline_from=since if before is not None and before.day is not None else None,
    )
