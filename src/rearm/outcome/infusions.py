"""Which infusions count, and the response course that belongs to each."""

from __future__ import annotations

from dataclasses import dataclass

from rearm.record import Infusion, Record
from rearm.response.course import CourseDays, ResponseCourse, response_course
from rearm.response.criteria import Criteria
from rearm.response.new_therapy import begins, new_therapy

__all__ = ["InfusedProduct", "course_of", "infused_products"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusedProduct:
    """One infusion as it counts: doses of one product within the days of a split infusion together.

    `numbers` count the doses in the record from 1. `next`: the infusion after it, `ends` its day,
    which ends the course of this one.
    """

    day: int | None
    doses: tuple[Infusion, ...]
    numbers: tuple[int, ...]
    ends: int | None
    next: Infusion | None


def infused_products(record: Record, criteria: Criteria) -> list[InfusedProduct]:
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
            InfusedProduct(
                day=group[0][1].day,
                doses=tuple(dose for _, dose in group),
                numbers=tuple(number for number, _ in group),
                ends=after.day if after is not None else None,
                next=after,
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
    product: InfusedProduct,
    before: InfusedProduct | None,
    *,
    through_new_therapy: bool = False,
) -> ResponseCourse:
    """The response course of one infusion: falls are counted from before bridging, the nadir opens
    before lymphodepletion. `before`: the infusion before this one, which ends its baseline.

    `through_new_therapy`: read it on past new therapy, as EMA-style endpoints want. Raises
    ValueError where the day of the infusion is not known.
    """
    day = product.day
    if day is None:
        raise ValueError("a course needs the day of its infusion")
    since = before.day if before is not None else None

    def begun(purpose: str, within: int) -> list[int]:
        earliest = day - within if since is None else max(since, day - within)
        return [
            start
            for therapy in record.therapies
            if therapy.purpose == purpose
            and (start := therapy.start.day) is not None
            and earliest < start <= day
        ]

    floor = min(begun("lymphodepletion", c.lymphodepletion_days), default=day)
    therapy = new_therapy(record, day, until=product.ends)
    return response_course(
        record,
        start=day,
        until=product.ends,
        criteria=c,
        days=CourseDays(
            baseline=min([*begun("bridging", c.bridging_days), floor]),
            floor=floor,
            baseline_from=since,
            new_therapy=begins(therapy) if therapy is not None else product.ends,
        ),
        infusion=True,
        through_new_therapy=through_new_therapy,
    )
