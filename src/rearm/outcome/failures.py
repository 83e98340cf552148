"""Did each CAR-T infusion of a patient fail, and when: `failures` is the public entry."""

from __future__ import annotations

from rearm.outcome.every_reading import in_every_reading
from rearm.outcome.failure import Failure
from rearm.outcome.infusion_case import InfusionCase
from rearm.outcome.infusion_failure import judged
from rearm.outcome.infusions import InfusedProduct, course_of, infused_products
from rearm.record import Record
from rearm.response.criteria import Criteria, load_criteria

__all__ = ["failures"]


def failures(record: Record, criteria: Criteria | None = None) -> tuple[Failure, ...]:
    """One `Failure` for each infusion of `record`, in the order of time; empty where nothing was
    infused. `criteria`: by default the IMWG 2016 criteria. Where the results do not tell, the
    status is suspected or cannot be judged, never failed. Raises nothing on what a record holds.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> from rearm.outcome.failures import failures
    >>> [(f.status, f.day, f.certainty) for f in failures(record)]
    [('failed', 402, 'confirmed')]
    """
    c = criteria or load_criteria()
    return in_every_reading(record, [lambda reading: _by_days(reading, c)])


def _by_days(record: Record, c: Criteria) -> tuple[Failure, ...]:
    """By the results that have a day."""
    products = infused_products(record, c)
    return tuple(
        _failure(record, c, product, products[i - 1] if i else None, i + 1)
        for i, product in enumerate(products)
    )


def _failure(
    record: Record,
    c: Criteria,
    product: InfusedProduct,
    before: InfusedProduct | None,
    number: int,
) -> Failure:
    if product.day is None:
        return Failure(
            infusion_day=None,
            product=product.doses[0].product,
            targets=product.doses[0].targets,
            number=number,
            status="cannot_be_judged",
            because=(
                "perhaps_not_infused"
                if all(dose.perhaps_given for dose in product.doses)
                else "infusion_undated"
            ),
            basis=tuple(dose.source for dose in product.doses),
        )
    course = course_of(record, c, product, before)
    return judged(InfusionCase(record, c, product, course, number))
