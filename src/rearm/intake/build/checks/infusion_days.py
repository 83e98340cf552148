"""Days around an infusion that cannot be as they stand: used as stated, and said, because all
timing hangs on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.knowledge.bundle import bundled
from rearm.knowledge.split_dose import split_infusion_days
from rearm.record import Infusion, Issue, Record, certainly_one_product, split_doses

__all__ = ["flag_infusion_days"]

_EARLIEST, _LATEST = 1, 30  # days from the last lymphodepletion before an infusion to the infusion
_NEAR = 90  # a lymphodepletion further away belongs to no infusion that is recorded here
_Given = tuple[Infusion, int]  # an infusion with its exact day


def flag_infusion_days(record: Record) -> Iterator[Issue]:
    """Errors for an infusion that does not follow its lymphodepletion or its apheresis, a warning
    for two products on one day, and for infusions that may be one split dose by their names.

    An infusion is compared with the nearest lymphodepletion; the rest of a split dose within 30
    days of another infusion needs none of its own. Infusions without an exact day are not judged.
    """
    given = [(x, x.day) for x in record.infusions if x.infused is not False and x.day is not None]
    depletion = _lymphodepletion_days(record) if given else []
    for infusion, day in given:
        for problem in (
            _far_from_lymphodepletion(day, depletion, given),
            _late_apheresis(infusion, day),
        ):
            if problem is not None:
                yield issue_at(infusion.source, problem, record.patient_id)
    split = split_doses(record.infused(), split_infusion_days(), bundled().lexicon.products)
    unsure = [doses for doses in split if not certainly_one_product(doses)]
    for doses in unsure:
        yield issue_at(doses[-1].source, _perhaps_split(doses), record.patient_id)
    for (one, day), (other, same_day) in combinations(given, 2):
        differ = one.product and other.product and one.product != other.product
        if day == same_day and differ and not any(one in x and other in x for x in unsure):
            sentence = (
                f"Two products ({one.product} and {other.product}) are recorded as infused on "
                f"day {day}. Both are used; check which one was given."
            )
            problem = CellProblem("warning", "two_products_one_day", sentence, "used")
            yield issue_at(other.source, problem, record.patient_id)


def _perhaps_split(doses: Sequence[Infusion]) -> CellProblem:
    names = " and ".join(dict.fromkeys(x.product or "no name" for x in doses))
    days = ", ".join(dict.fromkeys(str(x.day) for x in doses))
    sentence = (
        f"The infusions of day {days} ({names}) lie "
        "within the days of one split dose, and not each name is a product that Rearm knows. They "
        "are counted as one infusion in parts. If so, enter one name for all; if a second CAR-T "
        "was given, enter each product by a known name, or the targets if they differ."
    )
    return CellProblem("warning", "split_dose_by_name", sentence, "used")


def _lymphodepletion_days(record: Record) -> list[int]:
    periods = [t for t in record.therapies if t.purpose == "lymphodepletion"]
    days = {day for t in periods for day in (t.start.day, t.end.day) if day is not None}
    return sorted(days)


def _far_from_lymphodepletion(
    day: int, depletion: Sequence[int], given: Sequence[_Given]
) -> CellProblem | None:
    near = [d for d in depletion if abs(day - d) <= _NEAR]
    in_time = any(_EARLIEST <= day - d <= _LATEST for d in depletion)
    is_split_dose = any(0 < day - other <= _LATEST for _, other in given)
    if not near or in_time or is_split_dose:
        return None
    nearest = min(near, key=lambda d: abs(day - d))
    sentence = (
        f"The infusion is recorded on day {day} and the nearest lymphodepletion on day "
        f"{nearest}; the infusion usually follows {_EARLIEST} to {_LATEST} days after it. Both "
        "are used as entered; check both days, and which day is day 0."
    )
    return CellProblem("error", "lymphodepletion_day", sentence, "used")


def _late_apheresis(infusion: Infusion, day: int) -> CellProblem | None:
    late = [x.first for x in infusion.apheresis if x.first is not None and x.first >= day]
    if not late:
        return None
    sentence = (
        f"The apheresis for the infusion on day {day} is recorded on day "
        f"{', '.join(map(str, late))}, not before it. Both are used as entered; check both days."
    )
    return CellProblem("error", "apheresis_after_infusion", sentence, "used")
