"""Contradictions inside a centre's own tables: what is found is flagged on every cell that takes
part, so that none of it is used.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from rearm.intake.dictionary import folded
from rearm.intake.mapping.model import Agreement, Label, Mapping, Twin, ValueSpec
from rearm.intake.mapping.sheets import Flag, Line, Sheet, Sheets
from rearm.intake.rows import Value, column_letters
from rearm.intake.values import Refused, number, text
from rearm.record import Issue

__all__ = ["check_sheets"]

_SHARED_NUMBERS = 5  # so many different numbers are not the same in two patients by chance
_ENOUGH_VALUES = 5  # fewer percentages say little about the scale of a column


def check_sheets(sheets: Sheets, mapping: Mapping) -> list[Issue]:
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


def _agree(sheets: Sheets, agreement: Agreement) -> Iterable[Issue]:
    stated = [sheets.day_cells(place) for place in agreement.days]
    for patient in dict.fromkeys(p for found in stated for p in found):
        groups = [found[patient] for found in stated if patient in found]
        apart = any(
            min(abs(a[0] - b[0]) for a in first for b in second) > agreement.tolerance
            for i, first in enumerate(groups)
            for second in groups[i + 1 :]
        )
        if not apart:
            continue
        cells = [cell for group in groups for cell in group]
        days = [day for day, *_ in cells]
        shown = " and ".join(
            f"day {day} ({sheet.source(line, column).place})" for day, sheet, line, column in cells
        )
        reason = (
            f"The {agreement.what} is stated as {shown}; they contradict each other, so neither is"
            " used as a day."
        )
        for _, sheet, line, column in cells:
            sheet.flags[(line.index, column)] = Flag(reason, (min(days), max(days)))
        _, sheet, line, column = cells[0]
        yield Issue(
            "error", "days_contradict", sheet.source(line, column), reason, "set_aside", patient
        )


def _twins(sheet: Sheet, twin: Twin) -> Iterable[Issue]:
    asked = f"twin of {sheet.spec.name}"
    seconds = {_groups(m): i for i, m in sheet.matching(twin.second, asked_by=asked)}
    pairs = [
        (i, seconds[_groups(m)])
        for i, m in sheet.matching(twin.first, asked_by=asked)
        if _groups(m) in seconds
    ]
    for line in sheet.lines:
        lone_first: list[tuple[int, float]] = []
        lone_second: list[tuple[int, float]] = []
        for first, second in pairs:
            a, b = _number(sheet, line, first), _number(sheet, line, second)
            if a is not None and b is not None:
                if not _same(a / twin.ratio, b, twin):
                    yield from _flag_pair(
                        sheet,
                        line,
                        first,
                        second,
                        f"{_shown(a)} and {_shown(b)} should agree (divided by {twin.ratio:g}, the"
                        f" first gives {a / twin.ratio:.4g})",
                    )
            elif a is not None:
                lone_first.append((first, a))
            elif b is not None:
                lone_second.append((second, b))
        for first, a in lone_first:
            for second, b in lone_second:
                if b and _same(a / twin.ratio, b, twin):
                    yield from _flag_pair(
                        sheet,
                        line,
                        first,
                        second,
                        f"{_shown(a)} and {_shown(b)} are the same result under two visits, so one"
                        " of them is shifted",
                    )


def _flag_pair(sheet: Sheet, line: Line, first: int, second: int, what: str) -> Iterable[Issue]:
    names = {i: h for h, i in sheet.headers.items()}
    reason = (
        f"In {names[first]} and {names[second]} {what}; they contradict each other, so neither is"
        " used."
    )
    for column in (first, second):
        sheet.flags[(line.index, column)] = Flag(reason)
    yield Issue(
        "error",
        "twin_contradiction",
        sheet.source(line, first),
        f"{reason} (Also {sheet.source(line, second).place}.)",
        "set_aside",
        line.patient,
    )


def _same(expected: float, stated: float, twin: Twin) -> bool:
    return abs(expected - stated) <= max(twin.tolerance, twin.relative * abs(stated))


def _groups(match: re.Match[str]) -> tuple[tuple[str, str | None], ...]:
    return tuple(sorted(match.groupdict().items()))


def _labels(sheet: Sheet, spec: Label, mapping: Mapping) -> Iterable[Issue]:
    asked = f"label of {sheet.spec.name}"
    label_column, day_column = (
        sheet.column(spec.column, asked_by=asked),
        sheet.column(spec.day, asked_by=asked),
    )
    planned_days = {
        folded(label): day for label, day in mapping.day_labels.items() if isinstance(day, int)
    }
    for line in sheet.lines:
        label = text(line.cells[label_column]) if label_column < len(line.cells) else ""
        planned, actual = planned_days.get(folded(label)), _number(sheet, line, day_column)
        if (
            planned is None
            or actual is None
            or abs(actual - planned) <= max(3, spec.within * abs(planned))
        ):
            continue
        reason = (
            f"The row is labelled {label!r}, but its day is {actual:g}; they contradict each other,"
            " so neither is used as a day."
        )
        low, high = sorted((planned, round(actual)))
        sheet.flags[(line.index, day_column)] = Flag(reason, (low, high))
        yield Issue(
            "error",
            "days_contradict",
            sheet.source(line, day_column),
            reason,
            "set_aside",
            line.patient,
        )


def _shared_rows(sheet: Sheet) -> Iterable[Issue]:
    by_numbers: dict[tuple[float, ...], list[Line]] = defaultdict(list)
    for line in sheet.lines:
        numbers = tuple(
            float(c) for c in line.cells if isinstance(c, float | int) and not isinstance(c, bool)
        )
        if len({n for n in numbers if n}) >= _SHARED_NUMBERS:
            by_numbers[numbers].append(line)
    found: dict[str, list[tuple[Line, list[Line]]]] = defaultdict(list)
    for lines in by_numbers.values():
        if len({line.patient for line in lines}) < 2:
            continue
        for line in lines:
            others = [other for other in lines if other.patient != line.patient]
            found[line.patient].append((line, others))
            reason = (
                "The row holds the same numbers as row"
                f" {', '.join(str(sheet.grid.first_row + o.index) for o in others)} of another"
                " patient; it is not certain whose they are."
            )
            for column in range(len(line.cells)):
                sheet.flags[(line.index, column)] = Flag(reason)
    for patient, rows in found.items():
        own = ", ".join(str(sheet.grid.first_row + line.index) for line, _ in rows)
        theirs = ", ".join(
            str(sheet.grid.first_row + o.index) for _, others in rows for o in others
        )
        message = (
            f"Row {own} of {sheet.place} hold the same numbers as row {theirs} of another patient;"
            " it is not certain whose they are, so none is used."
        )
        yield Issue(
            "error",
            "rows_shared_by_patients",
            sheet.source(rows[0][0], None),
            message,
            "set_aside",
            patient,
        )


def _fractions(sheet: Sheet) -> Iterable[Issue]:
    """Columns that a mapping reads as percent and whose values all lie between 0 and 1."""
    columns: dict[int, None] = {}
    for row in sheet.spec.row:
        value = row.columns.get("value")
        unit = row.columns.get("unit")
        if (
            row.table != "labs"
            or not isinstance(value, ValueSpec)
            or value.scale is not None
            or not isinstance(unit, str)
            or not unit.startswith("%")
        ):
            continue
        if row.each is not None:
            columns |= dict.fromkeys(
                i for i, _ in sheet.matching(row.each, asked_by=f"row of {sheet.spec.name}")
            )
        elif value.column is not None:
            columns[sheet.column(value.column, asked_by=f"row of {sheet.spec.name}")] = None
    doubtful = [
        c
        for c in columns
        if _looks_like_fractions(
            [v for line in sheet.lines if (v := _number(sheet, line, c)) is not None]
        )
    ]
    names = {i: h for h, i in sheet.headers.items()}
    first: dict[str, tuple[Line, int]] = {}
    for column in doubtful:
        reason = (
            f"The column {names[column]} is read as percent, but all its values lie between 0 and"
            " 1: they look like fractions. State scale = 100 in the mapping if they are."
        )
        for line in sheet.lines:
            if _number(sheet, line, column) is not None:
                sheet.flags[(line.index, column)] = Flag(reason)
                first.setdefault(line.patient, (line, column))
    for patient, (line, column) in first.items():
        listed = ", ".join(
            f"{names[c]} ({column_letters(sheet.grid.first_column + c)})" for c in doubtful
        )
        message = (
            "Columns read as percent hold only values between 0 and 1, which look like fractions:"
            f" {listed}. They are not used; state scale = 100 in the mapping if they are."
        )
        yield Issue(
            "error",
            "percent_holds_fractions",
            sheet.source(line, column),
            message,
            "set_aside",
            patient,
        )


def _looks_like_fractions(numbers: list[float]) -> bool:
    return len(numbers) >= _ENOUGH_VALUES and max(numbers) <= 1 and any(0 < n < 1 for n in numbers)


def _number(sheet: Sheet, line: Line, column: int) -> float | None:
    value: Value = line.cells[column] if column < len(line.cells) else None
    if value is None:
        return None
    try:
        return number(value, decimal=sheet.grid.decimal)
    except Refused:
        return None


def _shown(value: float) -> str:
    return f"{value:.10g}"
