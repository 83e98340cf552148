"""Everything known of one patient, and what of it could be known on a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from rearm.record.events import (
    Condition,
    Death,
    Fact,
    Imaging,
    Infusion,
    Lab,
    RefractorinessStatement,
    ResponseStatement,
    Therapy,
    Toxicity,
    Variant,
)
from rearm.record.infusions import given_in_order
from rearm.record.issues import DOUBTS, Issue, Source
from rearm.record.when import UNKNOWN_WHEN, When

__all__ = ["EVENT_FIELDS", "Record"]

EVENT_FIELDS = (
    "labs", "set_aside", "therapies", "infusions", "responses", "refractoriness",
    "variants", "imaging", "toxicities", "conditions", "facts", "deaths",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything known of one patient. Event tuples are in the order of the input. Absence is
    unknown: no row means that nothing is known.

    `set_aside` holds results that are there but could not be used (no unit, contradiction,
    unreadable): they are never read as values, but they stop an older value from being carried
    forward past them. `day_zero_between`: the dates between which day 0 lies, where it is an event
    of which only the month or year is known. `unread`: the files of the input of which nothing
    could be read; what they hold of this patient is not known. The events are in `labs`,
    `therapies`, `infusions`, `responses`, `refractoriness`, `variants`, `imaging`, `toxicities`,
    `conditions`, `facts` and `deaths`; `issues` tells what was wrong with their rows.

    >>> import rearm
    >>> record = rearm.read("examples/tables").records[0]
    >>> record.patient_id, record.last_day(), len(record.known_at(100).labs) < len(record.labs)
    ('SYN-01', 428, True)
    """

    patient_id: str  # as in the input
    source: Source  # where the patient stands
    sex: str | None = None  # F | M
    birth_date: date | None = None  # where the input has it
    birth_year: int | None = None  # where the input has only the year
    day_zero: date | None = None  # the date of day 0, where it is known
    day_zero_between: tuple[date, date] | None = None
    diagnosis: When = UNKNOWN_WHEN  # the day of the diagnosis
    heavy_chain: tuple[str, ...] = ()  # IgG, IgA ...; several: as stated one after the other
    light_chain: str | None = None  # kappa | lambda
    disease: str | None = None  # as stated, where it is not myeloma
    last_seen_day: int | None = None  # the last day of contact, as stated
    labs: tuple[Lab, ...] = ()
    set_aside: tuple[Lab, ...] = ()
    therapies: tuple[Therapy, ...] = ()
    infusions: tuple[Infusion, ...] = ()
    responses: tuple[ResponseStatement, ...] = ()
    refractoriness: tuple[RefractorinessStatement, ...] = ()
    variants: tuple[Variant, ...] = ()
    imaging: tuple[Imaging, ...] = ()
    toxicities: tuple[Toxicity, ...] = ()
    conditions: tuple[Condition, ...] = ()
    facts: tuple[Fact, ...] = ()
    deaths: tuple[Death, ...] = ()
    issues: tuple[Issue, ...] = field(default=())
    unread: tuple[Issue, ...] = ()

    @property
    def diagnosis_day(self) -> int | None:
        """The day of the diagnosis where it is exact, else None."""
        return self.diagnosis.day

    def doubted(self) -> frozenset[tuple[str, str]]:
        """The rows (`Source.row`) of which the input check doubts a value that is used."""
        return frozenset(issue.source.row for issue in self.issues if issue.code in DOUBTS)

    def death_since(self, day: int) -> Death | None:
        """The death that is not surely before `day`, also where its own day is not known; None
        where there is none.
        """
        return next((d for d in self.deaths if d.when.last is None or d.when.last >= day), None)

    def last_day(self) -> int | None:
        """The last day with any data (event, report or `last_seen_day`); None where no day is known
        at all.
        """
        days = [d for name in EVENT_FIELDS for e in getattr(self, name) for d in _days(e)]
        if self.last_seen_day is not None:
            days.append(self.last_seen_day)
        return max(days, default=None)

    def last_contact(self) -> int | None:
        """The last day with any data, as `last_day`; of a death only where its own day is known:
        the far end of a month of death is no contact.
        """
        dated = tuple(death for death in self.deaths if death.day is not None)
        return replace(self, deaths=dated).last_day()

    def known_at(self, day: int) -> Record:
        """The record as it could be known on `day`: nothing dated or reported after it.

        Where the reporting day is unknown the sample day counts. Events whose day is unknown stay
        (their order may place them), but not a death when there are data after `day`: it comes
        after them. Events whose interval may end after `day` but begins on or before it stay; what
        ends later keeps its start and loses its end (of an interval its last day), together with
        what only the end could tell (best response, reason to stop, progression on it).
        """
        changes: dict[str, Any] = {
            name: tuple(_cut(e, day) for e in getattr(self, name) if _known(e, day))
            for name in EVENT_FIELDS
        }
        last = self.last_day()
        if last is not None and day < last:
            changes["deaths"] = tuple(
                d for d in changes["deaths"] if d.when.first is not None or d.when.last is not None
            )
        if self.last_seen_day is not None:
            changes["last_seen_day"] = min(self.last_seen_day, day)
        return replace(self, **changes)

    def of_test(self, *tests: str) -> list[Lab]:
        """Usable results of these tests with a known day, oldest first (same day: order of the
        input).
        """
        found = [x for x in self.labs if x.test in tests and x.day is not None]
        return sorted(found, key=lambda x: x.day or 0)

    def infused(self) -> list[Infusion]:
        """What was given, in its order; see `given_in_order`."""
        return given_in_order(self.infusions)


def _days(event: Any) -> Iterable[int]:
    when: When = event.when
    for d in (when.first, when.last, getattr(event, "reported_day", None)):
        if d is not None:
            yield d
    end: When | None = getattr(event, "end", None)
    if end is not None:
        yield from (d for d in (end.first, end.last) if d is not None)


def _known(event: Any, day: int) -> bool:
    reported = getattr(event, "reported_day", None)
    return not _begins_after(event.when, day) and (reported is None or reported <= day)


def _begins_after(when: When, day: int) -> bool:
    first = when.first if when.first is not None else when.last
    return first is not None and first > day


def _cut(event: Any, day: int) -> Any:
    if isinstance(event, Infusion) and any(_begins_after(x, day) for x in event.apheresis):
        known = tuple(x for x in event.apheresis if not _begins_after(x, day))
        return replace(event, apheresis=known)
    end: When | None = getattr(event, "end", None)
    if (
        end is None
        or (end.first is None and end.last is None)
        or (end.last if end.last is not None else end.first or 0) <= day
    ):
        return event
    # an end that may have been by then says neither that it lasts nor that it is over
    begun = end.first is not None and end.first <= day
    cut: dict[str, Any] = {"end": When(end.first, None) if begun else UNKNOWN_WHEN}
    if isinstance(event, Therapy):
        cut |= {"best_response": None, "stop_reason": None, "progression_on": None}
    return replace(event, **cut)
