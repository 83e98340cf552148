"""What a sheet holds and its mapping does not read: codes without a meaning, rows of a kind that no
block is for. One issue for each cause, with its count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from rearm.intake.issues import issue_at, place_at
from rearm.intake.mapping.model import RowFilter, RowSpec, ValueSpec
from rearm.intake.mapping.sheets import MappedSheet, SheetLine
from rearm.intake.rows import CellProblem, Value
from rearm.intake.values import shown, text
from rearm.record import Issue, IssuePlace

__all__ = ["UnlistedCodes", "rows_of_no_block", "values_of"]

_SHOWN = 5  # values that a sentence names
FailingPart = Callable[[RowSpec, SheetLine], RowFilter | None]


def values_of(spec: RowSpec) -> Iterator[ValueSpec]:
    """The values of a block that are taken from the sheet."""
    for given in spec.columns.values():
        parts = given if isinstance(given, tuple) else (given,)
        yield from (part for part in parts if isinstance(part, ValueSpec))


class UnlistedCodes:
    """Cells with a code that their words do not list, by column."""

    def __init__(self, sheet: MappedSheet) -> None:
        self._sheet = sheet
        self._found: dict[int, dict[int, IssuePlace]] = {}

    def add(self, line: SheetLine, column: int | None, value: Value) -> None:
        """A cell; the same cell may be asked for by several blocks."""
        if column is not None:
            place = place_at(
                self._sheet.source(line, column), line.patient, self._sheet.name_of(column), value
            )
            self._found.setdefault(column, {})[line.index] = place

    def issues(self) -> Iterator[Issue]:
        for column, by_line in self._found.items():
            places = [*by_line.values()]
            cells = "1 cell" if len(places) == 1 else f"{len(places)} cells"
            sentence = (
                f"{cells} of {shown(self._sheet.name_of(column))} in {self._sheet.place} "
                f"{'holds' if len(places) == 1 else 'hold'} a code that the mapping does not "
                f"list: {_counted(Counter(place.value or '' for place in places))}. "
                f"{'It is' if len(places) == 1 else 'They are'} not used; this is the first. Add "
                "the code to words, or to missing of the sheet."
            )
            problem = CellProblem("warning", "code_not_listed", sentence)
            named = self._sheet.name_of(column)
            yield issue_at(places[0].source, problem, column=named, places=places)


def rows_of_no_block(sheet: MappedSheet, failing: FailingPart) -> Iterator[Issue]:
    """The rows of a kind that no block reads, where something stands in a column that is mapped:
    one issue for each column that tells the kind.
    """
    blocks = [spec for spec in sheet.spec.row if any(condition.part for condition in spec.when)]
    if len(blocks) < len(sheet.spec.row) or not blocks:
        return
    blocks = [b for b in blocks if all(sheet.has(c.column) for c in b.when)]
    mapped = _mapped_columns(sheet)
    left: dict[str, list[tuple[SheetLine, str]]] = {}
    for line in sheet.lines:
        if not any(i < len(line.cells) and line.cells[i] is not None for i in mapped):
            continue
        why = [failing(spec, line) for spec in blocks]
        if why and (first := why[-1]) is not None and None not in why:
            index = sheet.column(first.column, asked_by=f"when of {sheet.spec.name}")
            kind = text(line.cells[index]) if index < len(line.cells) else ""
            left.setdefault(first.column, []).append((line, kind))
    for column, lines in left.items():
        count = f"{len(lines)} rows are" if len(lines) > 1 else "1 row is"
        kinds = _counted(Counter(kind for _, kind in lines))
        sentence = (
            f"{count} not read from {sheet.place}, because of {column}: {kinds}. The mapping "
            "has no block for them; this is the first."
        )
        problem = CellProblem("warning", "rows_not_read", sentence)
        places = [
            place_at(sheet.source(line, None), line.patient, column, kind) for line, kind in lines
        ]
        yield issue_at(places[0].source, problem, column=column, places=places)


def _mapped_columns(sheet: MappedSheet) -> set[int]:
    """The columns from which values are read, without those of conditions and of the id."""
    named = {c.column for spec in sheet.spec.row for c in spec.when} | {sheet.spec.id}
    conditions = {sheet.column(n, asked_by="when") for n in named if sheet.has(n)}
    return sheet.used - conditions


def _counted(values: Counter[str]) -> str:
    """Values with their counts for a sentence, the most frequent first."""
    listed = [f"{shown(value)} ({count})" for value, count in values.most_common(_SHOWN)]
    more = len(values) - _SHOWN
    return ", ".join(listed) + (f" and {more} more" if more > 0 else "")
