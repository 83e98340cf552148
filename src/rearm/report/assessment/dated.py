"""Days of the patient's axis with their dates, where the record is on the calendar."""

from __future__ import annotations

import re
from datetime import date, timedelta

from rearm.assessment.result import Assessment

__all__ = ["date_of", "date_or_day", "dated"]

# a day beside which a date stands already is left as it is
_DAY = re.compile(
    r"\b(?P<day>[Dd]ay (?P<number>-?[0-9]+))(?![0-9]|[ ,(]+[0-9]{4}-)"
    r"(?: \((?P<more>-?[0-9.]+ months|[0-9]+ days? ago)\))?"
)


def dated(text: str, result: Assessment) -> str:
    """`day 184 (6.0 months)` becomes `day 184 (2026-05-12; 6.0 months)`. For a text whose days all
    count from day 0 of this patient; without a date of the last entry it stays as it is.
    """

    def with_date(match: re.Match[str]) -> str:
        day = date_of(int(match["number"]), result)
        told = "; ".join(x for x in (day, match["more"]) if x)
        return f"{match['day']} ({told})" if told else match["day"]

    return _DAY.sub(with_date, text)


def date_of(day: int, result: Assessment) -> str:
    """The date of a day of the axis; empty where it has none."""
    if result.as_of is None or result.as_of_date is None:
        return ""
    try:
        found = date.fromisoformat(result.as_of_date) + timedelta(days=day - result.as_of)
    except (OverflowError, ValueError):  # a stored result may hold any text
        return ""
    return found.isoformat()


def date_or_day(day: int, result: Assessment) -> str:
    """`2026-05-12`; `day 184` where it has no date."""
    return date_of(day, result) or f"day {day}"
