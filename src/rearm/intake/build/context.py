"""Reading one patient's rows: values come out typed, and what can't be used becomes an issue with
its place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from rearm.intake import values
from rearm.intake.build.axis import Axis
from rearm.intake.dictionary import Column, folded, load_tables
from rearm.intake.rows import Row, Value
from rearm.intake.values import Refused
from rearm.record import UNKNOWN_WHEN, Issue, Lab, Severity, Source, When

__all__ = ["Context"]

_Done = Literal["used", "set_aside", "refused"]
_T = TypeVar("_T")


@dataclass(slots=True)
class Context:
    """The patient's axis, and the issues found so far."""

    patient_id: str
    axis: Axis
    infused: bool = False  # an infusion was read; therapies are read after them
    issues: list[Issue] = field(default_factory=list)
    # statements of the disease that could not be read, kept with their day
    set_aside: list[Lab] = field(default_factory=list)
    _not_done: Counter[tuple[str, str]] = field(default_factory=Counter)
    _not_done_at: dict[tuple[str, str], Source] = field(default_factory=dict)

    def issue(
        self, row: Row, column: str | None, severity: Severity, code: str, message: str, done: _Done
    ) -> None:
        source = row.source if column is None else row.at(column)
        self.issues.append(Issue(severity, code, source, message, done, self.patient_id))

    def count_not_done(self, row: Row, column: str = "value") -> None:
        """Counts a cell that says `n.d.`; one note for all of a sheet comes from
        `notes_on_not_done`.
        """
        where = row.at(column)
        key = (where.file, where.place.split("!")[0] if "!" in where.place else "")
        self._not_done[key] += 1
        self._not_done_at.setdefault(key, where)

    def notes_on_not_done(self) -> list[Issue]:
        notes = []
        for key, count in self._not_done.items():
            where = f"the sheet {key[1]}" if key[1] else key[0]
            cells = "1 cell says" if count == 1 else f"{count} cells say"
            message = (
                f"{cells} in {where} that nothing was measured (n.d., NA or the like); no result is"
                " read from them. The first is named here."
            )
            notes.append(
                Issue("note", "not_done", self._not_done_at[key], message, "used", self.patient_id)
            )
        return notes

    def day(self, row: Row, column: str) -> tuple[When, str | None]:
        """The stated time on the axis; where it can't be used, unknown and the reason (an issue is
        written).
        """
        value, moment = row.values.get(column), row.moments.get(column)
        if (value is None and moment is None) or column in row.set_aside:
            return UNKNOWN_WHEN, row.set_aside.get(column)
        if moment is None and values.not_done(value):
            return UNKNOWN_WHEN, None
        try:
            return (
                self.axis.when(
                    moment or values.parse_moment(value), may_follow_death=column == "reported_day"
                ),
                None,
            )
        except Refused as refusal:
            self.issue(
                row, column, "error", refusal.code, f"{refusal} The day is not used.", "set_aside"
            )
            return UNKNOWN_WHEN, str(refusal)

    def text(self, row: Row, column: str) -> str | None:
        value = row.values.get(column)
        return None if value is None or column in row.set_aside else values.text(value) or None

    def number(self, row: Row, column: str) -> float | None:
        found = self._read(row, column, lambda v: values.number(v, decimal=row.decimal))
        return self._in_limits(row, column, found)

    def integer(self, row: Row, column: str) -> int | None:
        return self._in_limits(
            row, column, self._read(row, column, lambda v: values.integer(v, decimal=row.decimal))
        )

    def grade(self, row: Row, column: str) -> int | None:
        return self._in_limits(
            row, column, self._read(row, column, lambda v: values.grade(v, decimal=row.decimal))
        )

    def spelled(self, row: Row, column: str) -> str | None:
        """The word of a column, the text as written where it is not listed; without issues: they
        come when the column itself is read.
        """
        value = row.values.get(column)
        if value is None or column in row.set_aside or values.not_done(value):
            return None
        given = values.text(value)
        return _column(row.table, column).spellings.get(folded(given), given)

    def unread(self, row: Row, column: str, test: str, when: When) -> None:
        """Keeps a row that says something of the disease which could not be read: the day is known
        to have been assessed.
        """
        value = row.values.get(column)
        if value is None or values.not_done(value):
            return
        given = values.text(value)
        why = row.set_aside.get(column) or f"{values.shown(given)} could not be read"
        self.keep_unread(row, column, test, when, why)

    def keep_unread(self, row: Row, column: str, test: str, when: When, why: str) -> None:
        """Keeps a statement of the disease that can't be used, with its day and the reason."""
        given = values.text(row.values.get(column))
        self.set_aside.append(
            Lab(test=test, when=when, source=row.at(column), as_given=given, why_set_aside=why)
        )

    def yes_no(self, row: Row, column: str) -> bool | None:
        return self._read(row, column, values.yes_no)

    def word(self, row: Row, column: str) -> str | None:
        """The allowed word; None, with an issue, for another word in a closed list; the text as
        written in an open one.
        """
        definition = _column(row.table, column)
        found = self._read(row, column, lambda v: values.word(v, definition))
        if found is None:
            return None
        known, listed = found
        if (
            column in ("method", "specimen")
            and not listed
            and folded(known) in _column("assessments", "response").spellings
        ):
            self.issue(
                row,
                column,
                "error",
                "word_out_of_place",
                f"{values.shown(known)} is a response, not a {column}. It is not used.",
                "set_aside",
            )
            return None
        if not listed:
            message = (
                f"{values.shown(known)} is not a listed word of {column}; it is kept as written and"
                " no rule reads it."
            )
            # an unread condition may be one that excludes a treatment: `check` must not pass over
            # it
            unread_condition = column == "condition"
            self.issue(
                row,
                column,
                "warning" if unread_condition else "note",
                "word_not_listed",
                message,
                "set_aside" if unread_condition else "used",
            )
        return known

    def words(self, row: Row, column: str) -> tuple[str, ...]:
        definition = _column(row.table, column)
        return self._read(row, column, lambda v: values.words(v, definition)) or ()

    def _read(self, row: Row, column: str, reader: Callable[[Value], _T]) -> _T | None:
        value = row.values.get(column)
        if value is None or column in row.set_aside or values.not_done(value):
            return None
        try:
            return reader(value)
        except Refused as refusal:
            self.issue(
                row, column, "error", refusal.code, f"{refusal} It is not used.", "set_aside"
            )
            return None

    def _in_limits(self, row: Row, column: str, found: _T | None) -> _T | None:
        definition = _column(row.table, column)
        if found is None or not isinstance(found, int | float):
            return found
        if (definition.low is not None and found < definition.low) or (
            definition.high is not None and found > definition.high
        ):
            low, high = definition.low, definition.high
            limits = (
                f"from {low:g} to {high:g}"
                if low is not None and high is not None
                else f"at least {low:g}"
            )
            self.issue(
                row,
                column,
                "error",
                "value_impossible",
                f"{column} is {found:g}; it must be {limits}. It is not used.",
                "set_aside",
            )
            return None
        return found


def _column(table: str, column: str) -> Column:
    return load_tables()[table].columns[column]
