"""One moment is one sample: a result that is sent again in another time zone stands under another
date, and must not confirm itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rearm.intake.build.log import IssueLog
from rearm.intake.rows import BLANK, Cell

if TYPE_CHECKING:
    from rearm.intake.build.labs import LabRow

__all__ = ["instant_of", "to_one_day"]


def instant_of(day: Cell, time: Cell = BLANK) -> datetime | None:
    """The moment that a date and a time with its offset from UTC state, in UTC; None where the
    offset is missing, or anything else that the moment needs.
    """
    stated = day.given
    if isinstance(stated, str) and ":" not in stated and ":" in time.text:
        stated = f"{stated.strip()}T{time.text.strip()}"
    if isinstance(stated, str):
        if ":" not in stated:
            return None
        try:
            stated = datetime.fromisoformat(stated.strip())
        except ValueError:
            return None
    if not isinstance(stated, datetime) or stated.tzinfo is None:
        return None
    try:
        return stated.astimezone(UTC)
    except OverflowError:
        return None


def to_one_day(rows: Sequence[LabRow], log: IssueLog) -> None:
    """Results of one test and one moment under several dates are put on the day of the first of
    them.
    """
    same: dict[tuple[str, datetime], list[LabRow]] = defaultdict(list)
    for item in rows:
        if item.instant is not None and item.lab.day is not None:
            same[item.lab.test, item.instant].append(item)
    for items in same.values():
        first = items[0]
        for item in items[1:]:
            if item.lab.day == first.lab.day:
                continue
            log.note(
                item.row,
                "day",
                "one_moment",
                f"The result of {item.lab.when} and that at {first.lab.source.place} are of one"
                f" moment, written in two time zones; both are read as of {first.lab.when}.",
                "used",
            )
            item.lab = replace(item.lab, when=first.lab.when, time=first.lab.time)
