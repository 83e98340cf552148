"""Contradictions inside a centre's own tables: each is flagged on every cell that takes part, so
that none of it is used.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from rearm.intake.issues import issue_at
from rearm.intake.mapping.model import Agreement, Label, Mapping, RowSpec, Twin, ValueSpec
from rearm.intake.mapping.sheets import CellFlag, DayCell, MappedSheet, MappedSheets, SheetLine
from rearm.intake.rows import CellProblem, column_letters
from rearm.intake.values import Refused, number, text
from rearm.knowledge.tidy_tables import folded
from rearm.record import Issue

__all__ = ["check_sheets"]

_SHARED_NUMBERS = 5  # so many different numbers are not the same in two patients by chance
_ENOUGH_VALUES = 5  # fewer percentages say little about the scale of a column


def check_sheets(sheets: MappedSheets, mapping: Mapping) -> list[Issue]:
    """Flags cells that must not be used, and gives the issues (each with its patient)."""
    issues: list[Issue] = []
    for agreement in mapping.agree:
        issues.extend(_agree(sheets, agreement))
    for sheet in sheets.by_name.values():
        for twin in sheet.spec.twin:
            issues.extend(_twins(sheet, twin))
        if sheet.spec.label is not None:
            issues.extend(_labels(sheet, sheet.spec.label, mapping))
        if sheet.spec.reduce is None:
            issues.extend(_shared_rows(sheet))
        issues.extend(_fractions(sheet))
    return issues


# ---------------------------------------------------------------- days of several sheets


def _agree(sheets: MappedSheets, agreement: Agreement) -> Iterator[Issue]:
    """A day that several sheets state differently."""
    stated = [sheets.day_cells(place) for place in agreement.days]
    for patient in dict.fromkeys(patient for by_patient in stated for patient in by_patient):
        of_sheets = [by_patient[patient] for by_patient in stated if patient in by_patient]
        if all(_near(a, b, agreement.tolerance) for a, b in combinations(of_sheets, 2)):
            continue
        cells = [cell for own in of_sheets for cell in own]
        places = " and ".join(f"day {cell.day} ({cell.source.place})" for cell in cells)
        reason = (
            f"The {agreement.what} is given as {places}. These contradict each other, so "
            "neither is used as a day."
        )
        days = [cell.day for cell in cells]
        for cell in cells:
            cell.sheet.flags[(cell.line.index, cell.column)] = CellFlag(
                reason, (min(days), max(days))
            )
        yield issue_at(cells[0].source, CellProblem("error", "days_contradict", reason), patient)


def _near(some: Sequence[DayCell], others: Sequence[DayCell], tolerance: int) -> bool:
    return min(abs(a.day - b.day) for a in some for b in others) <= tolerance


# ---------------------------------------------------------------- twins


def _twins(sheet: MappedSheet, twin: Twin) -> Iterator[Issue]:
    """Two columns that state the same in two units, and do not."""
    asked = f"twin of {sheet.spec.name}"
    seconds = {_groups(m): i for i, m in sheet.matching(twin.second, asked_by=asked)}
    pairs = [
        (i, seconds[_groups(m)])
        for i, m in sheet.matching(twin.first, asked_by=asked)
        if _groups(m) in seconds
    ]
    for line in sheet.lines:
        yield from _twins_of_line(sheet, line, pairs, twin)


def _twins_of_line(
    sheet: MappedSheet, line: SheetLine, pairs: Iterable[tuple[int, int]], twin: Twin
) -> Iterator[Issue]:
    lone_first: list[tuple[int, float]] = []
    lone_second: list[tuple[int, float]] = []
    for first, second in pairs:
        a, b = _number(sheet, line, first), _number(sheet, line, second)
        if a is not None and b is not None:
            if not _same(a / twin.ratio, b, twin):
                what = (
                    f"{_shown(a)} and {_shown(b)} should agree (divided by {twin.ratio:g}, the"
                    f" first gives {a / twin.ratio:.4g})"
                )
                yield _flag_pair(sheet, line, (first, second), what)
        elif a is not None:
            lone_first.append((first, a))
        elif b is not None:
            lone_second.append((second, b))
    for first, a in lone_first:
        for second, b in lone_second:
            if b and _same(a / twin.ratio, b, twin):
                what = (
                    f"{_shown(a)} and {_shown(b)} are the same result under two visits, so one "
                    "of them is misplaced"
                )
                yield _flag_pair(sheet, line, (first, second), what)


def _flag_pair(sheet: MappedSheet, line: SheetLine, pair: tuple[int, int], what: str) -> Issue:
    first, second = pair
    names = sheet.header_names
    reason = (
        f"In {names[first]} and {names[second]} {what}. They contradict each other, so neither "
        "is used."
    )
    for column in pair:
        sheet.flags[(line.index, column)] = CellFlag(reason)
    sentence = f"{reason} (Also {sheet.source(line, second).place}.)"
    problem = CellProblem("error", "twin_contradiction", sentence)
    return issue_at(sheet.source(line, first), problem, line.patient)


def _same(expected: float, stated: float, twin: Twin) -> bool:
    return abs(expected - stated) <= max(twin.tolerance, twin.relative * abs(stated))


def _groups(match: re.Match[str]) -> tuple[tuple[str, str | None], ...]:
    return tuple(sorted(match.groupdict().items()))


# ---------------------------------------------------------------- labels


def _labels(sheet: MappedSheet, spec: Label, mapping: Mapping) -> Iterator[Issue]:
    """Labels of planned days that the true day beside them contradicts."""
    asked = f"label of {sheet.spec.name}"
    label_column = sheet.column(spec.column, asked_by=asked)
    day_column = sheet.column(spec.day, asked_by=asked)
    planned_days = {
        folded(label): day for label, day in mapping.day_labels.items() if isinstance(day, int)
    }
    for line in sheet.lines:
        label = text(line.cells[label_column]) if label_column < len(line.cells) else ""
        planned, actual = planned_days.get(folded(label)), _number(sheet, line, day_column)
        if planned is None or actual is None:
            continue
        if abs(actual - planned) <= max(3, spec.within * abs(planned)):
            continue
        reason = (
            f"The row is labelled {label!r} but its day is {actual:g}. They contradict each "
            "other, so neither is used as a day."
        )
        low, high = sorted((planned, round(actual)))
        sheet.flags[(line.index, day_column)] = CellFlag(reason, (low, high))
        problem = CellProblem("error", "days_contradict", reason)
        yield issue_at(sheet.source(line, day_column), problem, line.patient)


# ---------------------------------------------------------------- rows that two patients share


def _shared_rows(sheet: MappedSheet) -> Iterator[Issue]:
    shared: dict[str, list[tuple[SheetLine, list[SheetLine]]]] = defaultdict(list)
    for lines in _lines_alike(sheet):
        for line in lines:
            others = [other for other in lines if other.patient != line.patient]
            if others:
                shared[line.patient].append((line, others))
                reason = (
                    f"The row has the same numbers as row {_row_numbers(sheet, others)} of "
                    "another patient, so it is unclear whose they are."
                )
                for column in range(len(line.cells)):
                    sheet.flags[(line.index, column)] = CellFlag(reason)
    for patient, rows in shared.items():
        own = _row_numbers(sheet, [line for line, _ in rows])
        theirs = _row_numbers(sheet, [other for _, others in rows for other in others])
        sentence = (
            f"Row {own} of {sheet.place} have the same numbers as row {theirs} of another "
            "patient. It is unclear whose they are, so none is used."
        )
        problem = CellProblem("error", "rows_shared_by_patients", sentence)
        yield issue_at(sheet.source(rows[0][0], None), problem, patient)


def _lines_alike(sheet: MappedSheet) -> Iterable[list[SheetLine]]:
    """Lines by their numbers, where these are too many to be the same by chance."""
    by_numbers: dict[tuple[float, ...], list[SheetLine]] = defaultdict(list)
    for line in sheet.lines:
        numbers = tuple(
            float(c) for c in line.cells if isinstance(c, float | int) and not isinstance(c, bool)
        )
        if len({n for n in numbers if n}) >= _SHARED_NUMBERS:
            by_numbers[numbers].append(line)
    return by_numbers.values()


def _row_numbers(sheet: MappedSheet, lines: Iterable[SheetLine]) -> str:
    return ", ".join(str(sheet.grid.first_row + line.index) for line in lines)


# ---------------------------------------------------------------- fractions for percent


def _fractions(sheet: MappedSheet) -> Iterator[Issue]:
    """Columns that a mapping reads as percent and whose values all lie between 0 and 1."""
    columns = dict.fromkeys(i for row in sheet.spec.row for i in _percent_columns(sheet, row))
    doubtful = [column for column in columns if _looks_like_fractions(_numbers(sheet, column))]
    names = sheet.header_names
    first: dict[str, tuple[SheetLine, int]] = {}
    for column in doubtful:
        reason = (
            f"The column {names[column]} is read as percent, but all its values are between 0 "
            "and 1. If they are fractions, set scale = 100 in the mapping."
        )
        for line in sheet.lines:
            if _number(sheet, line, column) is not None:
                sheet.flags[(line.index, column)] = CellFlag(reason)
                first.setdefault(line.patient, (line, column))
    listed = ", ".join(
        f"{names[c]} ({column_letters(sheet.grid.first_column + c)})" for c in doubtful
    )
    for patient, (line, column) in first.items():
        sentence = (
            f"Columns read as percent contain only values between 0 and 1: {listed}. They are "
            "not used. If they are fractions, set scale = 100 in the mapping."
        )
        problem = CellProblem("error", "percent_holds_fractions", sentence)
        yield issue_at(sheet.source(line, column), problem, patient)


def _percent_columns(sheet: MappedSheet, row: RowSpec) -> list[int]:
    """The columns that a block reads as results in percent, their scale left to themselves."""
    value, unit = row.columns.get("value"), row.columns.get("unit")
    in_percent = row.table == "labs" and isinstance(unit, str) and unit.startswith("%")
    if not in_percent or not isinstance(value, ValueSpec) or value.scale is not None:
        return []
    asked = f"row of {sheet.spec.name}"
    if row.each is not None:
        matches = any(re.fullmatch(row.each, header) for header in sheet.headers)
        may_lack = row.optional and not matches
        return [] if may_lack else [i for i, _ in sheet.matching(row.each, asked_by=asked)]
    if value.column is None or ((value.optional or row.optional) and not sheet.has(value.column)):
        return []
    return [sheet.column(value.column, asked_by=asked)]


def _looks_like_fractions(numbers: Sequence[float]) -> bool:
    return len(numbers) >= _ENOUGH_VALUES and max(numbers) <= 1 and any(0 < n < 1 for n in numbers)


def _numbers(sheet: MappedSheet, column: int) -> list[float]:
    read = (_number(sheet, line, column) for line in sheet.lines)
    return [value for value in read if value is not None]


def _number(sheet: MappedSheet, line: SheetLine, column: int) -> float | None:
    value = line.cells[column] if column < len(line.cells) else None
    if value is None:
        return None
    try:
        return number(value, decimal=sheet.grid.decimal)
    except Refused:
        return None


def _shown(value: float) -> str:
    return f"{value:.10g}"
