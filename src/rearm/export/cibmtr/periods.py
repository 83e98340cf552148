"""The reporting periods of each infusion of a patient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rearm.export.cibmtr.fields import PeriodEnd
from rearm.outcome.infusions import InfusedProduct, infused_products
from rearm.record import Record
from rearm.response.criteria import Criteria

__all__ = ["Period", "periods_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One period of one infusion, from `first` to `last` day of the patient's axis.

    `number`: of the infusion, from 1. `over`: whether the record reaches its end; else what stands
    of it so far is answered. `ended_by_infusion`: the day of a further infusion that cuts it.
    """

    number: int
    product: InfusedProduct
    before: InfusedProduct | None
    name: str
    infused: int
    first: int
    last: int
    over: bool
    ended_by_infusion: int | None = None

    @property
    def cut(self) -> int:
        """The last day whose data belong to it: those of a further infusion's day do not."""
        return self.last if self.ended_by_infusion is None else self.last - 1


def periods_of(record: Record, criteria: Criteria, ends: Sequence[PeriodEnd]) -> Iterator[Period]:
    """The periods that have begun by the last day with data, up to the death (of a death known by
    its month up to its first possible day); none of an infusion without a day.
    """
    products = infused_products(record, criteria)
    days = (record.last_contact(), *(death.when.first for death in record.deaths))
    seen = max((day for day in days if day is not None), default=None)
    for place, product in enumerate(products):
        day = product.day
        if day is None or seen is None:
            continue
        death = record.death_since(day)
        died = None if death is None else death.day
        stop = min(x for x in (seen, product.ends, died) if x is not None)
        first = day + 1
        for end in ends:
            if first > stop and first > day + 1:
                break
            last = day + end.end
            cut = product.ends if product.ends is not None and product.ends <= last else None
            yield Period(
                number=place + 1,
                product=product,
                before=products[place - 1] if place else None,
                name=end.name,
                infused=day,
                first=first,
                last=last if cut is None else cut,
                over=stop >= last or cut is not None or died == stop,
                ended_by_infusion=cut,
            )
            if cut is not None:
                break
            first = last + 1
