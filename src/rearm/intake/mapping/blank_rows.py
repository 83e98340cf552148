"""Lines of a sheet of which no event is made: nothing stands there but constants of the mapping, or
a day with nothing beside it. None goes without a word.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rearm.intake.build.content import content_of
from rearm.intake.issues import issue_at, place_at
from rearm.intake.mapping.model import RowSpec
from rearm.intake.mapping.sheets import MappedSheet
from rearm.intake.rows import CellProblem, Row, Value
from rearm.intake.values import not_done, says_none, shown
from rearm.knowledge.tidy_tables import TidyTable
from rearm.record import Issue, IssuePlace, Source

__all__ = ["BesideDay", "LeftOut", "block_left_out", "left_out", "only_unknown"]


@dataclass(slots=True)
class LeftOut:
    """Rows of which nothing but constants would stand there, by block of the mapping."""

    places: list[IssuePlace] = field(default_factory=list)

    def add(self, row: Row) -> None:
        self.places.append(place_at(row.source, row.patient_id))


class BesideDay:
    """Days of which no event is made: nothing stands beside them, or that there was none."""

    def __init__(self, spec: RowSpec, days: Mapping[str, str]) -> None:
        self._table, self._days = spec.table, days
        self.issues: list[Issue] = []

    def blank(
        self,
        missing: Collection[str],
        values: Mapping[str, Value],
        places: Mapping[str, Source],
        who: str,
    ) -> None:
        """A line in which the day stands and not what happened."""
        for name in self._days:
            if name in places and values.get(name) is not None and not not_done(values[name]):
                what = f"with nothing as {' or '.join(missing)}"
                problem = self._problem("day_without_event", name, values[name], what)
                issue = issue_at(places[name], problem, who, column=name, value=values[name])
                self.issues.append(issue)
                return

    def denied(self, row: Row, table: TidyTable) -> None:
        """A row that says of a day that there was no such event."""
        content = content_of(row, table)
        for name in self._days:
            if content.kind == "not_done" and row.cell(name).speaks:
                denying = next((n for n in content.columns if says_none(row.given(n))), None)
                if denying is not None:
                    given = row.given(denying)
                    what = f"with {shown(given)} as {denying}"
                    problem = self._problem("day_of_none", name, row.cell(name).text, what)
                    issue = issue_at(
                        row.at(denying), problem, row.patient_id, column=denying, value=given
                    )
                    self.issues.append(issue)
                return

    def _problem(self, code: str, name: str, day: Value, what: str) -> CellProblem:
        sentence = (
            f"{self._days[name]} has the day {shown(day)}, {what}. No event of {self._table} is "
            "made, and it is unknown whether there was one. Enter what happened, or remove the "
            "day."
        )
        return CellProblem("warning", code, sentence)


def only_unknown(row: Row, table: TidyTable) -> bool:
    """A sheet has a line for everybody: where the day and what happened are words for not known, be
    they listed ones (the cause of a death), there is no event.
    """
    telling = {name for name, column in table.columns.items() if column.about or column.is_day}
    own = [name for name in row.cells if name in telling and name not in row.constants]
    unknown = all(not_done(row.cell(name).given) for name in own)
    return bool(own) and unknown and not row.stated


def left_out(spec: RowSpec, count: int, *, stated: bool) -> CellProblem:
    """Rows that are not made: nothing is told by a blank cell. Where a condition holds for them by
    what stands there, somebody may have meant it as the statement.
    """
    cells = ", ".join(sorted(spec.own))
    rows = f"1 row of {spec.table}" if count == 1 else f"{count} rows of {spec.table}"
    sentence = (
        f"{rows} would contain only constants of the mapping, because the cells for {cells} are "
        "blank. No event is made; this is the first."
    )
    asking = next((c.column for c in spec.when if not c.part), None)
    if asking is None or not stated:
        return CellProblem("note", "row_blank", sentence)
    sentence += f" If {asking} alone means that there was one, write even_blank = true in the row."
    return CellProblem("warning", "row_blank", sentence)


def block_left_out(sheet: MappedSheet, spec: RowSpec, lacks: Sequence[str]) -> Issue:
    """A block that the sheet has no columns for. Where a condition can't be looked at, rows may be
    there that somebody needs.
    """
    asked = {condition.column for condition in spec.when}
    rows = f"rows of {spec.table}"
    if asked & set(lacks):
        sentence = (
            f"{sheet.place} has no column {', '.join(lacks)}, so nobody can tell which of its rows "
            f"are {rows}. None is read. Add the column to the export."
        )
        problem = CellProblem("warning", "block_left_out", sentence)
    else:
        sentence = f"{sheet.place} has no column {', '.join(lacks)}, so it holds no {rows}."
        problem = CellProblem("note", "block_left_out", sentence, "used")
    where = sheet.grid.row_source(sheet.header_row)
    return issue_at(where, problem, column=", ".join(lacks))
