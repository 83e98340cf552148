"""What a sheet holds and its mapping does not read: codes without a meaning, rows of a kind that no
block is for. One issue for each cause, with its count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rearm.intake.issues import issue_at, place_at
from rearm.intake.mapping.conditions import BlockConditions
from rearm.intake.mapping.model import RowSpec, ValueSpec
from rearm.intake.mapping.sheets import MappedSheet, SheetLine
from rearm.intake.rows import CellProblem, Value
from rearm.intake.values import shown
from rearm.record import Issue, IssuePlace

__all__ = ["FoundWithin", "RowsOfNoBlock", "UnlistedCodes", "values_of"]

_SHOWN = 5  # values that a sentence names


def values_of(spec: RowSpec) -> Iterator[ValueSpec]:
    """The values of a block that are taken from the sheet."""
    for given in spec.columns.values():
        parts = given if isinstance(given, tuple) else (given,)
        yield from (part for part in parts if isinstance(part, ValueSpec))


@dataclass(slots=True)
class _Unlisted:
    """A cell with a code that words do not list. `by`: the keys that do not use it."""

    place: IssuePlace
    by: dict[str, None] = field(default_factory=dict)


class UnlistedCodes:
    """Cells with a code that their words do not list, by column."""

    def __init__(self, sheet: MappedSheet) -> None:
        self._sheet = sheet
        self._found: dict[int, dict[int, _Unlisted]] = {}
        self._read: dict[tuple[int, int], dict[str, bool]] = {}
        values = [value for spec in sheet.spec.row for value in values_of(spec)]
        self._asked = any(value.only_words for value in values)

    def add(self, line: SheetLine, column: int | None, value: Value, key: str) -> None:
        """A cell that a key (`therapies.regimen`) does not use."""
        if column is None:
            return
        cells = self._found.setdefault(column, {})
        if line.index not in cells:
            source, name = self._sheet.source(line, column), self._sheet.name_of(column)
            cells[line.index] = _Unlisted(place_at(source, line.patient, name, value))
        cells[line.index].by[key] = None

    def read(self, line: SheetLine, column: int | None, key: str, *, listed: bool) -> None:
        """A cell that a key reads; `listed`: its words say what it means."""
        if self._asked and column is not None:
            self._read.setdefault((column, line.index), {})[key] = listed

    def issues(self) -> Iterator[Issue]:
        """One issue for each column, and for each set of keys that use its codes or do not."""
        for column, by_line in self._found.items():
            groups: dict[tuple[tuple[str, ...], tuple[str, ...], bool], list[IssuePlace]] = {}
            for index, cell in by_line.items():
                readers = self._read.get((column, index), {})
                kind = (tuple(cell.by), tuple(readers), any(readers.values()))
                groups.setdefault(kind, []).append(cell.place)
            for (unused, readers_, meant), places in groups.items():
                yield self._issue(column, unused, readers_, places, meant=meant)

    def _issue(
        self,
        column: int,
        by: Sequence[str],
        readers: Sequence[str],
        places: Sequence[IssuePlace],
        *,
        meant: bool,
    ) -> Issue:
        one = len(places) == 1
        cells = "1 cell" if one else f"{len(places)} cells"
        what_for, verb = ", ".join(by), "does" if len(by) == 1 else "do"
        used = (
            f"{'It is' if one else 'They are'} not used"
            if not readers
            else f"{what_for} {verb} not use {'it' if one else 'them'}; {', '.join(readers)} "
            f"{'does' if len(readers) == 1 else 'do'}"
        )
        add = (
            f'Add the code to words of {what_for}, as "" if it means nothing there.'
            if readers
            else "Add the code to words, or to missing of the sheet."
        )
        sentence = (
            f"{cells} of {shown(self._sheet.name_of(column))} in {self._sheet.place} "
            f"{'holds' if one else 'hold'} a code that the mapping does not list for {what_for}: "
            f"{_counted(Counter(place.value or '' for place in places))}. {used}; this is the "
            f"first. {add}"
        )
        problem = (
            CellProblem("note", "code_not_listed", sentence, "used")
            if meant
            else CellProblem("warning", "code_not_listed", sentence)
        )
        named = self._sheet.name_of(column)
        return issue_at(places[0].source, problem, column=named, places=places)


class RowsOfNoBlock:
    """The rows of a kind that no block reads. Only where each block says which kind it is for."""

    def __init__(self, sheet: MappedSheet) -> None:
        self._sheet = sheet
        self._blocks: list[BlockConditions] = []
        self._every_kind = False

    def block(self, spec: RowSpec, conditions: BlockConditions) -> None:
        """A block of the sheet, with its conditions."""
        self._blocks.append(conditions)
        self._every_kind |= not any(condition.part for condition in spec.when)

    def issues(self) -> Iterator[Issue]:
        """One issue for each column that tells the kind of rows in which something stands under a
        column that is mapped.
        """
        if self._every_kind or not self._blocks:
            return
        sheet, mapped = self._sheet, sorted(_mapped_columns(self._sheet))
        left: dict[str, list[IssuePlace]] = {}
        for line in sheet.lines:
            why: tuple[str, str] | None = None
            for block in self._blocks:
                if (why := block.failing_part(line)) is None:
                    break
            if why is None or not any(i < len(line.cells) and line.cells[i] for i in mapped):
                continue
            column, kind = why
            place = place_at(sheet.source(line, None), line.patient, column, kind)
            left.setdefault(column, []).append(place)
        for column, places in left.items():
            count = f"{len(places)} rows are" if len(places) > 1 else "1 row is"
            kinds = _counted(Counter(place.value or "" for place in places))
            sentence = (
                f"{count} not read from {sheet.place}, because of {column}: {kinds}. The mapping "
                "has no block for them; this is the first."
            )
            problem = CellProblem("warning", "rows_not_read", sentence)
            yield issue_at(places[0].source, problem, column=column, places=places)


class FoundWithin:
    """Cells in which a pattern of `like` is found, and which it does not match as a whole:
    `del(17p)` in `del(17p), gain 1q`, but also in `no del(17p)`. Who wrote the pattern must say.
    """

    def __init__(self, sheet: MappedSheet) -> None:
        self._sheet = sheet
        self._blocks: list[BlockConditions] = []

    def block(self, conditions: BlockConditions) -> None:
        """A block of the sheet, by its conditions."""
        self._blocks.append(conditions)

    def issues(self) -> Iterator[Issue]:
        """One issue for each column and pattern. Cells that another block matches as a whole are
        meant otherwise.
        """
        sheet = self._sheet
        found: dict[tuple[int, str], dict[int, IssuePlace]] = {}
        for block in self._blocks:
            for line in sheet.lines:
                within = block.found_within(line)
                if within is None or any(other.means(within.name, line) for other in self._blocks):
                    continue
                place = place_at(
                    sheet.source(line, within.column), line.patient, within.name, within.given
                )
                found.setdefault((within.column, within.like), {})[line.index] = place
        for (column, like), by_line in found.items():
            places = [*by_line.values()]
            one = len(places) == 1
            sentence = (
                f"{'1 cell' if one else f'{len(places)} cells'} of {shown(sheet.name_of(column))} "
                f"in {sheet.place} {'contains' if one else 'contain'} what like = '{like}' looks "
                f"for, with more beside it: {_counted(Counter(p.value or '' for p in places))}. "
                f"{'The row is' if one else 'The rows are'} not read, because like must match the "
                f"whole cell; this is the first. Write like = '{_anywhere(like)}' if what is "
                "beside it changes nothing."
            )
            problem = CellProblem("warning", "found_within_cell", sentence)
            named = sheet.name_of(column)
            yield issue_at(places[0].source, problem, column=named, places=places)


def _anywhere(like: str) -> str:
    """The pattern that matches a whole cell in which this one is found."""
    flags = re.match(r"(?:\(\?[aiLmsux]+\))?", like)
    front = flags[0] if flags else ""
    rest = like[len(front) :]
    return f"{front}.*{f'({rest})' if '|' in rest else rest}.*"


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
