"""A single row dated long after everything else: mostly a slip in its year, and it would set the
day as of which the record is judged.
"""

from __future__ import annotations

from collections import defaultdict

from rearm.record import EVENT_FIELDS, Issue, Record, Source, When

__all__ = ["flag_lonely_day"]

FAR = 365  # days after the data before it


def flag_lonely_day(record: Record) -> list[Issue]:
    """An issue where the last day with data is named by one row only and lies more than a year
    after the day before it.

    Deaths and the stated last contact are not wondered about: they are known of patients who are no
    longer examined. Nor is the first infusion, which the record is about and which may be all that
    is known after earlier lines.
    """
    rows: dict[int, set[Source]] = defaultdict(set)
    for name in EVENT_FIELDS:
        for event in getattr(record, name):
            for when in (event.when, getattr(event, "end", When())):
                if when.day is not None:
                    rows[when.day].add(event.source)
    days = sorted(rows)
    if len(days) < 2 or days[-1] - days[-2] <= FAR or len(rows[days[-1]]) > 1:
        return []
    last, before = days[-1], days[-2]
    first_infusion = min((x.day for x in record.infused() if x.day is not None), default=None)
    if last == first_infusion or any(death.day == last for death in record.deaths):
        return []
    (source,) = rows[last]
    supported = record.last_seen_day is not None and record.last_seen_day >= last
    sets = (
        ""
        if supported
        else (
            f" It is the last day with data, so the record is judged as of day {last} unless a day"
            " is stated."
        )
    )
    message = (
        f"The row of day {last} stands alone, {last - before} days after the data before it (day"
        f" {before}): check its date.{sets}"
    )
    return [
        Issue("warning", "lonely_last_day", source, message, "used", record.patient_id, day=last)
    ]
