"""Days around an infusion that cannot be as they stand: used as stated, and said, because all
timing hangs on them.
"""

from __future__ import annotations

from itertools import combinations

from rearm.record import Infusion, Issue, Record

__all__ = ["flag_infusion_days"]

_EARLIEST, _LATEST = 1, 30  # days from the last lymphodepletion before an infusion to the infusion
_NEAR = 90  # a lymphodepletion further away belongs to no infusion that is recorded here


def flag_infusion_days(record: Record) -> list[Issue]:
    """Errors for an infusion that does not follow its lymphodepletion or its apheresis, a warning
    for two products on one day.

    An infusion is compared with the nearest lymphodepletion; the rest of a split dose within 30
    days of another infusion needs none of its own. Infusions without an exact day are not judged.
    """
    issues: list[Issue] = []
    given = [(x, x.day) for x in record.infusions if x.infused is not False and x.day is not None]
    depletion = sorted(
        {
            d
            for t in record.therapies
            if t.purpose == "lymphodepletion"
            for d in (t.start.day, t.end.day)
            if d is not None
        }
    )
    for infusion, day in given:
        before = [d for d in depletion if day - _LATEST <= d <= day - _EARLIEST]
        follows = any(0 < day - other <= _LATEST for _, other in given)
        near = [d for d in depletion if abs(day - d) <= _NEAR]
        if near and not before and not follows:
            nearest = min(near, key=lambda d: abs(day - d))
            message = (
                f"The infusion stands on day {day}, the nearest lymphodepletion on day {nearest};"
                f" an infusion follows it by {_EARLIEST} to {_LATEST} days. Both are used as"
                " stated; check both days, and which day is day 0."
            )
            issues.append(_issue(record, infusion, "lymphodepletion_day", message))
        late = [d for d in infusion.apheresis_days if d >= day]
        if late:
            message = (
                f"The apheresis for the infusion of day {day} stands on day"
                f" {', '.join(map(str, late))}, not before it. Both are used as stated; check both"
                " days."
            )
            issues.append(_issue(record, infusion, "apheresis_after_infusion", message))
    for (one, day), (other, same) in combinations(given, 2):
        if day == same and one.product and other.product and one.product != other.product:
            message = (
                f"Two products ({one.product} and {other.product}) stand as infused on day {day}."
                " Both are used; check which was given."
            )
            issues.append(
                Issue(
                    "warning",
                    "two_products_one_day",
                    other.source,
                    message,
                    "used",
                    record.patient_id,
                )
            )
    return issues


def _issue(record: Record, infusion: Infusion, code: str, message: str) -> Issue:
    return Issue("error", code, infusion.source, message, "used", record.patient_id)
