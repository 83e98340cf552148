"""Whether a condition, or a toxicity of earlier treatment, is present: read from the rows that
speak of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from rearm.findings.base import NOTHING, Found, Text, any3, joined, sources_of
from rearm.record import Condition, Source, Toxicity, When

__all__ = [
    "Presence",
    "any_present",
    "condition_presence",
    "grade_words",
    "newest",
    "toxicity_presence",
]

# What stops or endangers a treatment: here a row that says "present" stands until another surely
# follows that says it is over.
_STOPS = frozenset({
    "active_gvhd", "active_infection", "cmv_reactivation", "cns_myeloma", "cord_compression",
    "cranial_nerve_palsy", "crs", "enterocolitis", "febrile_neutropenia", "guillain_barre",
    "hyperviscosity", "icans", "iec_hs", "infection", "liver_failure", "mds_aml", "parkinsonism",
    "plasma_cell_leukaemia", "pregnancy", "t_cell_lymphoma",
})  # fmt: skip
# What comes again: the end of one episode is not that of an earlier one.
_EPISODES = frozenset({"active_infection", "cmv_reactivation", "febrile_neutropenia", "infection"})
_PRESENT = {"present": True, "resolved": False, "absent": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lasting:
    """For how many days a row without an end says that something is present, and for how many it
    may be: nobody has recorded the end.
    """

    present: int
    possible: int


# What passes or is treated within weeks or months: before that, a missing end is a gap in the
# record. Conventions of this project, after how long each lasts; what is not listed is chronic and
# stands until somebody says that it is over.
_LASTING: Mapping[str, _Lasting] = {
    "active_infection": _Lasting(present=14, possible=90),
    "febrile_neutropenia": _Lasting(present=14, possible=90),
    "infection": _Lasting(present=14, possible=90),
    "cmv_reactivation": _Lasting(present=30, possible=90),
    "hypercalcaemia": _Lasting(present=14, possible=60),
    "hyperviscosity": _Lasting(present=14, possible=60),
    "crs": _Lasting(present=30, possible=90),
    "icans": _Lasting(present=30, possible=90),
    "iec_hs": _Lasting(present=60, possible=120),
    "icaht": _Lasting(present=365, possible=540),
    "enterocolitis": _Lasting(present=180, possible=365),
    "cord_compression": _Lasting(present=90, possible=365),
    "pregnancy": _Lasting(present=280, possible=300),
}

_Row = TypeVar("_Row")


class Presence:
    """Whether something is present at as_of, by the latest row that speaks of it; None: nobody
    says, or the rows contradict each other. `suspected`: not known, but it was present and nobody
    has recorded its end.
    """

    __slots__ = ("_text", "present", "rows", "suspected")

    def __init__(
        self,
        present: bool | None,
        rows: tuple[Condition | Toxicity, ...] = (),
        text: Text = "",
        *,
        suspected: bool = False,
    ) -> None:
        self.present = present
        self.rows = rows
        self.suspected = suspected
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
        if not self.rows:
            return NOTHING
        return Found(self.present, self.sources, self._text, suspected=self.suspected)


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
    suspected: bool = False

    @property
    def _name(self) -> str:
        return self.row.condition if isinstance(self.row, Condition) else self.row.toxicity

    def of_another_episode(self, earlier: _RowReading) -> bool:
        """Whether the row tells the end of an episode that surely began after the earlier one."""
        own_end = self.ending == "past" and self._name in _EPISODES
        return own_end and earlier.row.when.before(self.row.when) is True

    def ends(self, earlier: _RowReading) -> bool:
        """Whether it surely follows the earlier row and says that what that row tells is over."""
        follows = self.present is False and earlier.since.before(self.since) is True
        return follows and not self.of_another_episode(earlier)

    @property
    def text(self) -> str:
        row = self.row
        name = self._name.replace("_", " ")
        if isinstance(row, Condition):
            name = f"{name} {row.status}"
        grade = "" if (words := grade_words(row)) is None else f" grade {words}"
        ending = {
            "none": "",
            "before_start": f", its recorded end ({row.end}) is before its start",
            "past": f", ended {row.end}",
            "open": ", end unknown",
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
    name: str, rows: Sequence[Condition], history: Sequence[Condition] = (), *, as_of: int
) -> Presence:
    """The latest row decides; rows of one day that contradict each other decide nothing, except for
    what stops a treatment: there "present" stands until a row surely follows that says it is over.
    A row that could not be read, or says no more than a suspicion, decides nothing. `history`: rows
    that say nothing of now, because a response ended what they tell.
    """
    if not rows:
        return _of_the_past(history) if history else _NOT_STATED
    said = [_statement(row, _PRESENT.get(row.status)) for row in rows]
    return _decided(name, [_if_it_lasts(x, _LASTING.get(name), as_of) for x in said])


def _of_the_past(rows: Sequence[Condition]) -> Presence:
    said = [_statement(row, _PRESENT.get(row.status)) for row in rows]
    return Presence(
        None, tuple(rows), lambda: f"{_texts(said)}: before the infusion and the response"
    )


def toxicity_presence(name: str, rows: Sequence[Toxicity], *, as_of: int) -> Presence:
    """Whether a toxicity is not yet over. Grade 0 is a statement of absence. Without an end it
    lasts as long as its kind usually does.
    """
    if not rows:
        return _NOT_STATED
    said = [_statement(row, row.grade != 0) for row in rows]
    return _decided(name, [_if_it_lasts(x, _LASTING.get(name), as_of) for x in said])


def _if_it_lasts(said: _RowReading, lasting: _Lasting | None, as_of: int) -> _RowReading:
    """What the row says of as_of: it no longer says "present" once its kind is usually over. A
    condition stated without a day is one of now, a toxicity without a day is one of some time.
    """
    day = said.since.last
    undated_condition = day is None and isinstance(said.row, Condition)
    if lasting is None or not said.present or undated_condition:
        return said
    if day is not None and as_of - day <= lasting.present:
        return said
    return _RowReading(
        said.row,
        None,
        said.since,
        "not_recorded" if said.ending == "none" else said.ending,
        suspected=day is None or as_of - day <= lasting.possible,
    )


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
    if unended := _unended(said):
        return Presence(None, tuple(x.row for x in unended), _texts(unended), suspected=True)
    latest = newest(said, lambda x: x.since, lambda x: x.present)
    if latest is None:
        words = name.replace("_", " ")
        return Presence(
            None,
            tuple(x.row for x in said),
            lambda: f"{words}: the record contradicts itself ({_texts(said)})",
        )
    return Presence(latest.present, (latest.row,), lambda: latest.text)


def _unended(said: Sequence[_RowReading]) -> list[_RowReading]:
    """Rows of what was present a while ago, that nothing surely follows."""

    def followed(x: _RowReading) -> bool:
        return any(y.ends(x) or (y.present and x.since.before(y.since)) for y in said)

    return [x for x in said if x.suspected and not followed(x)]


def _standing(said: Sequence[_RowReading]) -> Presence | None:
    """Present by a row that no row surely follows which says it is over; what speaks against it, or
    may be later, is said beside it.
    """
    here = [x for x in said if x.present and not any(y.ends(x) for y in said)]
    if not here:
        return None

    def against_it(x: _RowReading) -> bool:
        return not any(x.since.before(y.since) or x.of_another_episode(y) for y in here)

    against = [x for x in said if x.present is not True and against_it(x)]

    def text() -> str:
        if not against:
            return _texts(here)
        return (
            f"{_texts(here)}; the record contradicts itself or is unclear"
            f" ({_texts(against)}), so it counts as present"
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


def any_present(states: Sequence[Presence]) -> Found:
    """Whether one of them is present, of those that somebody speaks of."""
    stated = [x for x in states if x.rows]
    if not stated:
        return NOTHING
    deciding = [x for x in stated if x.present] or [x for x in stated if x.suspected] or stated
    value = any3(x.present for x in stated)
    pointed_to = value is None and any(x.suspected for x in stated)
    return Found(value, sources_of(*deciding), joined(*deciding), suspected=pointed_to)
