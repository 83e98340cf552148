"""Whether a condition, or a toxicity of earlier treatment, is present: read from the rows that
speak of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from rearm.findings.base import NOTHING, Found, Text
from rearm.record import Condition, Source, Toxicity, When

__all__ = ["Presence", "condition_presence", "grade_words", "newest", "toxicity_presence"]

# What stops or endangers a treatment: here a row that says "present" stands until another surely
# follows that says it is over.
_STOPS = frozenset({
    "active_gvhd", "active_infection", "cmv_reactivation", "cns_myeloma", "cord_compression",
    "cranial_nerve_palsy", "crs", "enterocolitis", "febrile_neutropenia", "guillain_barre",
    "hyperviscosity", "icans", "iec_hs", "infection", "liver_failure", "mds_aml", "parkinsonism",
    "plasma_cell_leukaemia", "pregnancy", "t_cell_lymphoma",
})  # fmt: skip
_PRESENT = {"present": True, "resolved": False, "absent": False}

_Row = TypeVar("_Row")


class Presence:
    """Whether something is present at as_of, by the latest row that speaks of it; None: nobody
    says, or the rows contradict each other.
    """

    __slots__ = ("_text", "present", "rows")

    def __init__(
        self,
        present: bool | None,
        rows: tuple[Condition | Toxicity, ...] = (),
        text: Text = "",
    ) -> None:
        self.present = present
        self.rows = rows
        self._text = text

    @property
    def text(self) -> str:
        return self._text if isinstance(self._text, str) else self._text()

    @property
    def has_text(self) -> bool:
        return bool(self.rows)

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple(x.source for x in self.rows)

    def found(self) -> Found:
        return Found(self.present, self.sources, self._text) if self.rows else NOTHING


_NOT_STATED = Presence(None)

# What the end of a row says of as_of; ends after as_of were taken away when the record was cut.
_Ending = Literal["none", "before_start", "past", "open", "not_recorded"]


@dataclass(frozen=True, slots=True)
class _RowReading:
    """What one row says: present or not, since when it says so, and what its end has to do with
    that.
    """

    row: Condition | Toxicity
    present: bool | None
    since: When
    ending: _Ending

    @property
    def text(self) -> str:
        row = self.row
        if isinstance(row, Condition):
            name = f"{row.condition.replace('_', ' ')} {row.status}"
        else:
            name = row.toxicity.replace("_", " ")
        grade = "" if (words := grade_words(row)) is None else f" grade {words}"
        ending = {
            "none": "",
            "before_start": f", its recorded end ({row.end}) is before its start",
            "past": f", ended {row.end}",
            "open": ", end not known",
            "not_recorded": ", no end recorded",
        }[self.ending]
        return f"{name}{grade}, {row.when}{ending}"


def grade_words(row: Condition | Toxicity) -> str | None:
    """`3`, `3 or more`; None where no grade is stated."""
    if row.grade is not None:
        return str(row.grade)
    least = row.grade_at_least if isinstance(row, Toxicity) else None
    return None if least is None else f"{least} or more"


def condition_presence(
    name: str, rows: Sequence[Condition], history: Sequence[Condition] = ()
) -> Presence:
    """The latest row decides; rows of one day that contradict each other decide nothing, except for
    what stops a treatment: there "present" stands until a row surely follows that says it is over.
    A row that could not be read, or says no more than a suspicion, decides nothing. `history`: rows
    that say nothing of now, because a response ended what they tell.
    """
    if not rows:
        return _of_the_past(history) if history else _NOT_STATED
    return _decided(name, [_statement(row, _PRESENT.get(row.status)) for row in rows])


def _of_the_past(rows: Sequence[Condition]) -> Presence:
    said = [_statement(row, _PRESENT.get(row.status)) for row in rows]
    return Presence(
        None, tuple(rows), lambda: f"{_texts(said)}: before the infusion and the response to it"
    )


def toxicity_presence(name: str, rows: Sequence[Toxicity], since: int | None) -> Presence:
    """Whether a toxicity is not yet over. Grade 0 is a statement of absence.

    Without an end it lasts; with `since`, only where its row is not older than that day: before,
    a missing end is a gap in the record.
    """
    if not rows:
        return _NOT_STATED
    statements = []
    for row in rows:
        said = _statement(row, row.grade != 0)
        old = since is not None and (row.when.last is None or row.when.last < since)
        if said.present and old:
            ending = "not_recorded" if said.ending == "none" else said.ending
            said = _RowReading(row, None, row.when, ending)
        statements.append(said)
    return _decided(name, statements)


def _statement(row: Condition | Toxicity, present: bool | None) -> _RowReading:
    """An end that is known to be past makes it a thing of the past."""
    start, end = row.when, row.end
    if not present or (end.first is None and end.last is None):
        return _RowReading(row, present, start, "none")
    if end.last is None:
        return _RowReading(row, None, end, "open")
    if start.first is not None and end.last < start.first:
        return _RowReading(row, present, start, "before_start")
    return _RowReading(row, False, end, "past")


def _decided(name: str, said: Sequence[_RowReading]) -> Presence:
    if name in _STOPS and (standing := _standing(said)):
        return standing
    latest = newest(said, lambda x: x.since, lambda x: x.present)
    if latest is None:
        words = name.replace("_", " ")
        return Presence(
            None,
            tuple(x.row for x in said),
            lambda: f"{words}: the record contradicts itself ({_texts(said)})",
        )
    return Presence(latest.present, (latest.row,), lambda: latest.text)


def _standing(said: Sequence[_RowReading]) -> Presence | None:
    """Present by a row that no row surely follows which says it is over; what speaks against it, or
    may be later, is said beside it.
    """
    over = [x for x in said if x.present is False]
    here = [x for x in said if x.present and not any(x.since.before(y.since) for y in over)]
    if not here:
        return None
    against = [
        x for x in said if x.present is not True and not any(x.since.before(y.since) for y in here)
    ]

    def text() -> str:
        if not against:
            return _texts(here)
        return (
            f"{_texts(here)}; the record contradicts itself or leaves this open"
            f" ({_texts(against)}), so that it counts as present"
        )

    return Presence(True, tuple(x.row for x in (*here, *against)), text)


def _texts(said: Iterable[_RowReading]) -> str:
    return "; ".join(x.text for x in said)


def newest(
    rows: Sequence[_Row], when: Callable[[_Row], When], what: Callable[[_Row], Any]
) -> _Row | None:
    """The row that nothing different may follow; None where rows that differ can't be brought into
    order. `what`: that in which rows differ.
    """
    for row in reversed(rows):
        same = [x for x in rows if what(x) == what(row)]
        others = [x for x in rows if what(x) != what(row)]
        if all(when(x).before(when(row)) is True for x in others):
            return max(same, key=lambda x: _last_day(when(x)))
    return None


def _last_day(when: When) -> float:
    return -math.inf if when.last is None else when.last
