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
    them; so is the value of one sample that stands under two neighbouring days.
    """
    moments: dict[tuple[str, datetime], list[LabRow]] = defaultdict(list)
    samples: dict[tuple[object, ...], list[LabRow]] = defaultdict(list)
    for item in rows:
        lab = item.lab
        if lab.day is None:
            continue
        if item.instant is not None:
            moments[lab.test, item.instant].append(item)
        elif lab.sample_id is not None:
            samples[lab.test, lab.sample_id, lab.quantity, lab.word].append(item)
    for same in moments.values():
        _join(same, log, "are from one moment, written in two time zones", apart=_ZONES)
    for same in samples.values():
        _join(same, log, "are the same value of one sample", apart=1)


_ZONES = 2  # days: no two zones are further apart


def _join(same: Sequence[LabRow], log: IssueLog, why: str, *, apart: int) -> None:
    first = same[0]
    for item in same[1:]:
        days = (first.lab.day, item.lab.day)
        if None in days or not 0 < abs((days[0] or 0) - (days[1] or 0)) <= apart:
            continue
        log.note(
            item.row,
            "day",
            "one_moment",
            f"The result of {item.lab.when} and the one at {first.lab.source.place} {why}. Both "
            f"are read as of {first.lab.when}.",
            "used",
        )
        item.lab = replace(item.lab, when=first.lab.when, time=first.lab.time)
