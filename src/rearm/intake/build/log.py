"""The issues of one patient, collected in the order in which they are found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from rearm.intake.issues import issue_at, place_at
from rearm.intake.rows import CellProblem, Row, Value
from rearm.record import Done, Issue, IssuePlace, Source

__all__ = ["IssueLog"]


# "None" may be said by somebody who looked, or stand for a cell that nobody filled.
_ZERO = " Enter 0 if it was looked for and did not occur."


class IssueLog:
    """A collector: nothing is decided here."""

    def __init__(self, patient_id: str) -> None:
        self.patient_id = patient_id
        self.issues: list[Issue] = []
        self._not_done: dict[tuple[str, str], list[IssuePlace]] = defaultdict(list)
        self._denied_by_zero: set[tuple[str, str]] = set()

    def extend(self, issues: Iterable[Issue]) -> None:
        self.issues.extend(issues)

    def add(self, source: Source, problem: CellProblem, *, day: int | None = None) -> None:
        """A problem with its place; `day`: the latest day of the axis that it tells of."""
        self.issues.append(issue_at(source, problem, self.patient_id, day=day))

    def problem(self, row: Row, column: str | None, problem: CellProblem) -> None:
        """A problem of a cell, or of a whole row."""
        if column is None:
            self.add(row.source, problem)
            return
        self.issues.append(
            issue_at(
                row.at(column),
                problem,
                self.patient_id,
                column=column,
                value=_stated(row, column),
            )
        )

    def error(
        self, row: Row, column: str | None, code: str, sentence: str, done: Done = "set_aside"
    ) -> None:
        self.problem(row, column, CellProblem("error", code, sentence, done))

    def warning(
        self, row: Row, column: str | None, code: str, sentence: str, done: Done = "set_aside"
    ) -> None:
        self.problem(row, column, CellProblem("warning", code, sentence, done))

    def note(
        self, row: Row, column: str | None, code: str, sentence: str, done: Done = "used"
    ) -> None:
        self.problem(row, column, CellProblem("note", code, sentence, done))

    def count_not_done(self, row: Row, column: str, *, zero_denies: bool = False) -> None:
        """Counts a cell that says `none` or `n.d.`; `not_done` makes one note for each sheet.
        `zero_denies`: 0 would say there what the word does not.
        """
        where = row.at(column)
        sheet = (where.file, where.place.split("!")[0] if "!" in where.place else "")
        place = place_at(where, self.patient_id, column, _stated(row, column))
        self._not_done[sheet].append(place)
        if zero_denies:
            self._denied_by_zero.add(sheet)

    def not_done(self) -> Iterator[Issue]:
        """One note for each sheet in which cells say that nothing was measured."""
        for (file, sheet), places in self._not_done.items():
            count = len(places)
            denied_by_zero = (file, sheet) in self._denied_by_zero
            where = f"the sheet {sheet}" if sheet else file
            cells, state = ("1 cell", "states") if count == 1 else (f"{count} cells", "state")
            sentence = (
                f"{cells} in {where} {state} that nothing was found or measured (none, n.d., NA"
                " or similar). No result or event is read from them; this is the first."
                f"{_ZERO if denied_by_zero else ''}"
            )
            problem = CellProblem("note", "not_done", sentence, "used")
            yield issue_at(places[0].source, problem, self.patient_id, places=places)


def _stated(row: Row, column: str) -> Value:
    """What stands in a cell, be it that a mapping gives it another meaning."""
    given = row.given(column)
    return given if given is not None else row.cell(column).text or None
