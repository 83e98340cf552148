"""The value of a column of a tidy table, from the cell, the header or the other sheets that a
mapping names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from rearm.errors import InputError
from rearm.intake.days import in_order
from rearm.intake.issues import issue_at
from rearm.intake.mapping.header_names import spaced
from rearm.intake.mapping.left_unread import UnlistedCodes
from rearm.intake.mapping.model import DayLabel, Scalar, Spec, ValueSpec
from rearm.intake.mapping.model import Mapping as SheetMapping
from rearm.intake.mapping.named import Named
from rearm.intake.mapping.sheets import CellFlag, MappedSheet, MappedSheets, SheetLine
from rearm.intake.rows import CellProblem, Moment, Value
from rearm.intake.values import Refused, number, shown, text
from rearm.knowledge.tidy_tables import Column, folded
from rearm.record import Issue, Source

__all__ = ["CellValues", "MappedValue", "RowTarget"]

_DATED = ("day", "days", "date")
_NUMBERS = ("number", "value")
_POINTED = re.compile(r"\s*(?P<sign>[<>≤≥=]*)\s*[+-]?[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedValue:
    """A value with the cell it came from."""

    value: Value | Moment
    column: int | None = None
    source: Source | None = None
    flag: CellFlag | None = None
    label: str = ""  # what stands in the cell, where the mapping says what it means

    @property
    def text(self) -> str:
        return "" if isinstance(self.value, Moment) else text(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTarget:
    """One row to make: the line, and the column that `each` matched, with its groups."""

    line: SheetLine
    asked: str  # what the mapping asks for, for sentences
    table: str = ""  # of the row to make
    column: int | None = None
    match: re.Match[str] | None = None

    @property
    def groups(self) -> dict[str, str | None]:
        return {} if self.match is None else self.match.groupdict()

    def cell(self, column: int) -> Value:
        return self.line.cells[column] if column < len(self.line.cells) else None


class CellValues:
    """Reads the values of one sheet; what can't be read is added to `issues`."""

    def __init__(
        self, sheet: MappedSheet, sheets: MappedSheets, mapping: SheetMapping, named: Named
    ) -> None:
        self.sheet, self.sheets, self.named = sheet, sheets, named
        self.labels: Mapping[str, DayLabel] = {
            folded(label): day for label, day in mapping.day_labels.items()
        }
        self.issues: list[Issue] = []
        self.unlisted = UnlistedCodes(sheet)
        self._words: dict[int, Mapping[str, Scalar]] = {}  # of values, by their identity
        self._columns: dict[str, int | None] = {}  # by names without groups

    def value(self, spec: Spec, column: Column, target: RowTarget) -> MappedValue | None:
        if isinstance(spec, tuple):
            return self._joined(spec, column, target)
        if not isinstance(spec, ValueSpec):
            constant = spec if isinstance(spec, Moment) else self._constant(spec, column)
            return MappedValue(value=constant)
        mapped = self._origin(spec, target)
        if mapped is not None and mapped.value is not None:
            mapped = self._changed(spec, column, mapped, target)
        if spec.more:
            mapped = self._with_more(spec, mapped, target)
        if mapped is None or mapped.value is None or isinstance(mapped.value, Moment):
            return mapped
        if column.type in _DATED:
            mapped = self._ordered(mapped)
        return self._labelled(mapped) if column.type == "day" else mapped

    def _ordered(self, mapped: MappedValue) -> MappedValue:
        """A date with slashes, in the order that the mapping states for the sheet."""
        order = self.sheet.spec.date_order
        if order is None or mapped.column is None or not isinstance(mapped.value, str):
            return mapped
        if folded(mapped.text) in self.labels:
            return mapped
        return replace(mapped, value=in_order(mapped.value, order))

    def _constant(self, given: Scalar, column: Column) -> Scalar:
        """A constant of the mapping. Its author writes numbers with a point, whatever mark the
        numbers of the file have.
        """
        if not isinstance(given, str) or column.type not in _NUMBERS:
            return given
        if (match := _POINTED.fullmatch(given)) is None:
            return given
        if not match["sign"]:
            return float(given)
        return given.replace(".", ",") if self.sheet.grid.decimal == "," else given

    def _joined(
        self, specs: tuple[ValueSpec, ...], column: Column, target: RowTarget
    ) -> MappedValue | None:
        """Several values joined by `;`."""
        values = [self.value(spec, column, target) for spec in specs]
        present = [v for v in values if v is not None and isinstance(v.value, str | int | float)]
        if not present:
            return None
        return MappedValue(
            value=";".join(v.text for v in present),
            column=present[0].column,
            source=present[0].source,
            flag=next((v.flag for v in present if v.flag), None),
        )

    def _origin(self, spec: ValueSpec, target: RowTarget) -> MappedValue | None:
        """What stands where the mapping says that the value comes from."""
        if spec.group is not None:
            return MappedValue(
                value=target.groups.get(spec.group),
                column=target.column,
                source=self.sheet.source(target.line, target.column),
            )
        if spec.template is not None:
            names = re.findall(r"\{(\w+)\}", spec.template)
            if any(target.groups.get(name) is None for name in names):
                return None
            return MappedValue(value=_filled(spec.template, target.groups))
        if spec.last_column is not None:
            lines = [
                _line_number(match["line"], target.asked)
                for index, match in self.sheet.matching(spec.last_column, asked_by=target.asked)
                if target.cell(index) is not None
            ]
            return MappedValue(value=max(lines) + spec.plus) if lines else None
        index = target.column
        if spec.column is not None:
            index = self._companion(spec.column, target, optional=spec.optional)
        if index is None or (value := target.cell(index)) is None:
            return None
        return MappedValue(
            value=value,
            column=index,
            source=self.sheet.source(target.line, index),
            flag=self.sheet.flags.get((target.line.index, index)),
        )

    def _companion(self, column: str, target: RowTarget, *, optional: bool) -> int | None:
        """The index of a named column. A name with groups need not be there for every matched
        column.
        """
        if "{" in column:
            name = _filled(column, target.groups)
            may_lack = optional or bool(target.groups)
            if may_lack and spaced(name) not in self.sheet.headers:
                return None
            return self.sheet.column(name, asked_by=target.asked)
        if column not in self._columns:
            lacks = optional and not self.sheet.has(column)
            index = None if lacks else self.sheet.column(column, asked_by=target.asked)
            self._columns[column] = index
        return self._columns[column]

    def _changed(
        self, spec: ValueSpec, column: Column, mapped: MappedValue, target: RowTarget
    ) -> MappedValue | None:
        """The value in the mapping's words, and in its unit."""
        value = self._worded(spec, column, mapped, target)
        if value is None or value == "":
            return None
        if spec.decimal is not None:
            value = _with_point(value, spec.decimal)
        if not spec.negate and spec.scale is None:
            return replace(mapped, value=value)
        try:
            plain = None if isinstance(value, Moment) else value
            size = number(plain, decimal=self.sheet.grid.decimal)
        except Refused as refusal:
            self._problem(mapped, target, refusal.code, f"{refusal} It is not used.")
            return None
        scale = 1 if spec.scale is None else spec.scale
        return replace(mapped, value=size * (-1 if spec.negate else 1) * scale)

    def _worded(
        self, spec: ValueSpec, column: Column, mapped: MappedValue, target: RowTarget
    ) -> Value | Moment:
        """What the mapping extracts, in its words; None, with an issue, where a text holds
        nothing of it.
        """
        words = self._words_of(spec, column)
        listed = folded(mapped.text) in words
        key = f"{target.table}.{column.name}"
        if spec.only_words and not listed:
            plain = None if isinstance(mapped.value, Moment) else mapped.value
            self.unlisted.add(target.line, mapped.column, plain, key)
            return None
        self.unlisted.read(target.line, mapped.column, key, listed=listed)
        if spec.names is not None:
            return ";".join(self.named.names(spec.names, mapped.text)) or mapped.value
        if spec.extract is None:
            return words.get(folded(mapped.text), mapped.value) if words else mapped.value
        parts = [
            m if isinstance(m, str) else next((g for g in m if g), "")
            for m in re.findall(spec.extract, mapped.text)
        ]
        if parts:
            return ";".join(dict.fromkeys(text(words.get(folded(p), p)) for p in parts))
        sentence = (
            f"{shown(mapped.text)} contains nothing that the mapping looks for. It is not read."
        )
        self._problem(mapped, target, "text_not_recognised", sentence)
        return None

    def _words_of(self, spec: ValueSpec, column: Column) -> Mapping[str, Scalar]:
        """The words of a value, as they are compared."""
        words = self._words.get(id(spec))
        if words is None:
            words = {folded(key): self._constant(word, column) for key, word in spec.words.items()}
            self._words[id(spec)] = words
        return words

    def _with_more(
        self, spec: ValueSpec, mapped: MappedValue | None, target: RowTarget
    ) -> MappedValue | None:
        """The value joined with those that other sheets state for the same patient; repetitions are
        left out.
        """
        mapped = MappedValue(value=None) if mapped is None else mapped
        parts = [] if mapped.value is None else [mapped.text]
        flag, source = mapped.flag, mapped.source
        for place in spec.more:
            for day in self.sheets.day_cells(place).get(target.line.patient, ()):
                parts.append(str(day.day))
                flag = flag or day.sheet.flags.get((day.line.index, day.column))
                source = source or day.source
        if not parts:
            return None
        joined = ";".join(dict.fromkeys(parts))
        return MappedValue(value=joined, column=mapped.column, source=source, flag=flag)

    def planned(self, mapped: MappedValue, *, of_visit: bool) -> MappedValue | None:
        """A planned day: a whole number, or a label that means one. Anything else is left to the
        day of the visit where that is read from the same place, else told as a cell of its own.
        """
        meaning = self.labels.get(folded(mapped.text))
        if meaning is not None:
            return replace(mapped, value=meaning, flag=None) if isinstance(meaning, int) else None
        is_day = re.fullmatch(r"[+-]?[0-9]+", mapped.text) is not None
        return mapped if is_day or not of_visit else None

    def _labelled(self, mapped: MappedValue) -> MappedValue:
        """A day, by the mapping's labels."""
        meaning = self.labels.get(folded(mapped.text))
        return mapped if meaning is None else replace(mapped, value=meaning, label=mapped.text)

    def _problem(self, mapped: MappedValue, target: RowTarget, code: str, sentence: str) -> None:
        where = mapped.source or self.sheet.source(target.line, None)
        problem = CellProblem("warning", code, sentence)
        self.issues.append(issue_at(where, problem, target.line.patient))


def _with_point(value: Value | Moment, decimal: str) -> Value | Moment:
    """The number that a text states with the decimal mark of its column; anything else as it is."""
    mark = re.escape(decimal)
    if not isinstance(value, str) or not re.fullmatch(rf"\s*[+-]?\d+({mark}\d+)?\s*", value):
        return value
    return float(value.strip().replace(decimal, "."))


def _filled(template: str, groups: Mapping[str, str | None]) -> str:
    """Names of groups in braces replaced by what they hold; other braces stay."""
    return re.sub(
        r"\{(\w+)\}", lambda m: (groups[m[1]] or "") if m[1] in groups else m[0], template
    )


def _line_number(text: str | None, asked_by: str) -> int:
    """The number that the group `line` of a header matched. Raises InputError where it is none."""
    if text is None or not re.fullmatch(r"[0-9]{1,3}", text):
        raise InputError(
            f"The mapping ({asked_by}) takes the number of a line from {text!r}, which is not a "
            "number. Write the group as (?P<line>[0-9]+)."
        )
    return int(text)
