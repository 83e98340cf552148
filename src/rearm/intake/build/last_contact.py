"""Last contact: moved to later data, and the end of what is open: after it, or after the death,
nothing was observed. A death is no contact: it follows the last one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rearm.intake.build.log import IssueLog
from rearm.intake.rows import CellProblem, Row
from rearm.record import Death, Record, Source, When

__all__ = ["until_last_contact"]

_OBSERVED = (
    "labs",
    "set_aside",
    "therapies",
    "infusions",
    "responses",
    "variants",
    "imaging",
    "toxicities",
    "conditions",
)


def until_last_contact(
    record: Record, last_seen: When, patient_rows: Sequence[Row], log: IssueLog
) -> Record:
    """The record with last contact moved to later data, with an issue; open intervals are cut at
    it, or at the last possible day of a later death. `last_seen`: the days that the last contact
    may have been on; none of them is cut off. Of the days of the death those before it are.
    """
    if record.last_seen_day is None:
        return record
    latest, source = _latest(record, record.last_seen_day)
    if source is not None:
        sentence = (
            f"Last contact is entered as day {record.last_seen_day}, but there are data on day "
            f"{latest} ({source.place}). Day {latest} is used as last contact."
        )
        problem = CellProblem("warning", "last_seen_before_data", sentence, "used")
        log.add(patient_rows[0].at("last_seen_day"), problem, day=latest)
    changes: dict[str, Any] = {
        "last_seen_day": latest,
        "deaths": tuple(_after_contact(death, latest) for death in record.deaths),
    }
    ends = (last_seen.last, *(death.when.last for death in record.deaths))
    until = max([latest, *(day for day in ends if day is not None)])
    for name in _OBSERVED:
        events = getattr(record, name)
        if any(_beyond(event.when, until) for event in events):
            changes[name] = tuple(_cut(event, name, until) for event in events)
    return replace(record, **changes)


def _after_contact(death: Death, contact: int) -> Death:
    """The death without the days on which the patient was still seen; as it is where all of its
    days lie before the contact, or begin after it.
    """
    first, last = death.when.first, death.when.last
    if first is None or first >= contact or (last is not None and last < contact):
        return death
    return replace(death, when=When(contact, last))


def _latest(record: Record, stated: int) -> tuple[int, Source | None]:
    """The last day of data, and where it stands where it is later than stated."""
    latest, source = stated, None
    for name in _OBSERVED:
        for event in getattr(record, name):
            first = event.when.first
            if first is not None and first > latest:
                latest, source = _best_day(event, first), event.source
    return latest, source


def _best_day(event: Any, first: int) -> int:
    """The day of an event, or the planned day of a visit whose day is an interval; else its first
    possible day.
    """
    planned: int | None = getattr(event, "nominal_day", None)
    if planned is None or planned < first:
        return first
    last = event.when.last
    return planned if last is None or planned <= last else first


def _beyond(when: When, latest: int) -> bool:
    """Whether a time begins by the last contact and may end after it, such as `after infusion`."""
    if when.first is None or when.first > latest:
        return False
    return when.last is None or when.last > latest


def _cut(event: Any, name: str, latest: int) -> Any:
    if not _beyond(event.when, latest):
        return event
    field = "start" if name == "therapies" else "when"
    return replace(event, **{field: When(event.when.first, latest)})
