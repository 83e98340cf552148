"""Which infusions count, and the response course that belongs to each."""

from __future__ import annotations

from dataclasses import dataclass

from rearm.knowledge.bundle import bundled
from rearm.record import Infusion, Record, split_doses
from rearm.response.course import CourseDays, ResponseCourse, response_course
from rearm.response.criteria import Criteria
from rearm.response.new_therapy import begins, new_therapy

__all__ = ["InfusedProduct", "course_of", "infused_products"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusedProduct:
    """One infusion as it counts: doses of one product (or of what may be
    one) within the days of a split infusion together.

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
    known = bundled().lexicon.products
    groups = split_doses(record.infused(), criteria.split_infusion_days, known)
    out: list[InfusedProduct] = []
    number = 0
    for i, group in enumerate(groups):
        after = groups[i + 1][0] if i + 1 < len(groups) else None
        numbers = tuple(range(number + 1, number + len(group) + 1))
        number += len(group)
        out.append(
            InfusedProduct(
                day=group[0].day,
                doses=tuple(group),
                numbers=numbers,
                ends=after.day if after is not None else None,
                next=after,
            )
        )
    return out


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
