"""Any other layout, read through a mapping file (the language is described in `mapping_model`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from rearm.intake.build.records import Reading, build_records
from rearm.intake.dictionary import Column, folded, load_tables
from rearm.intake.errors import InputError
from rearm.intake.mapping.checks import check_sheets
from rearm.intake.mapping.model import Condition, Mapping, RowSpec, Spec, ValueSpec, load_mapping
from rearm.intake.mapping.sheets import Flag, Line, Sheet, Sheets, open_sheets
from rearm.intake.rows import Row, Value
from rearm.intake.values import Moment, Refused, number, shown, text
from rearm.record import Issue, Source

__all__ = ["read_mapped"]

# Without one of these a row of the table says nothing.
_NEEDS_ONE = {
    "therapies": ("regimen", "agents"),
    "imaging": ("result", "length_mm", "lesion"),
    "toxicities": ("grade", "day"),
}


def read_mapped(source: Path, mapping_path: Path, *, today: date | None = None) -> Reading:
    """Records from the tables in (or beside) `source`, read as the mapping says.

    Raises InputError where the mapping can't be used, or names a file, sheet or column that is not
    there.
    """
    mapping = load_mapping(mapping_path)
    sheets = open_sheets(source, mapping)
    issues = [*sheets.issues, *check_sheets(sheets, mapping)]
    rows = [
        row
        for sheet in sheets.by_name.values()
        for row in _Reader(sheet, sheets, mapping, issues).rows()
    ]
    issues.extend(_unread_columns(sheets))
    has_patients = any(spec.table == "patients" for sheet in mapping.sheet for spec in sheet.row)
    records, loose = build_records(
        rows,
        definitions=mapping.regimens,
        has_patient_table=has_patients,
        notes=issues,
        today=today,
    )
    if not records:
        raise InputError(
            f"{source.name} gives no patient with the mapping {mapping_path.name}. Check id and"
            " id_pattern of its sheets."
        )
    return Reading(records, loose, sheets.files)


def _unread_columns(sheets: Sheets) -> Iterator[Issue]:
    for sheet in sheets.by_name.values():
        ignored = {
            i
            for pattern in sheet.spec.ignore
            for header, i in sheet.headers.items()
            if header == " ".join(pattern.split())
        }
        left = [
            header
            for header, i in sheet.headers.items()
            if i not in sheet.used and i not in ignored
        ]
        if left and sheet.spec.reduce is None:
            message = (
                f"The mapping does not read these columns of {sheet.place}: {', '.join(left)}."
            )
            yield Issue(
                "note",
                "columns_not_mapped",
                Source(sheet.grid.file, sheet.spec.sheet or ""),
                message,
                "set_aside",
            )


@dataclass(slots=True)
class _Found:
    """A value with the cell it came from."""

    value: Value | Moment
    column: int | None = None
    source: Source | None = None
    flag: Flag | None = None


@dataclass(slots=True)
class _Reader:
    """Rows of the tidy tables from one sheet."""

    sheet: Sheet
    sheets: Sheets
    mapping: Mapping
    issues: list[Issue]
    labels: dict[str, int | str | list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.labels = {folded(label): day for label, day in self.mapping.day_labels.items()}

    def rows(self) -> Iterator[Row]:
        for spec in self.sheet.spec.row:
            asked = f"{spec.table} of {self.sheet.spec.name}"
            targets: list[tuple[int | None, re.Match[str] | None]] = [(None, None)]
            if spec.each is not None:
                targets = [*self.sheet.matching(spec.each, asked_by=asked)]
            for column, match in targets:
                for line in self.sheet.lines:
                    if spec.when is None or self._holds(spec.when, line, asked):
                        row = self._row(spec, line, column, match, asked)
                        if row is not None:
                            yield row

    def _holds(self, when: Condition, line: Line, asked: str) -> bool:
        value = self._cell(line, self.sheet.column(when.column, asked_by=asked))
        given = folded(text(value))
        if when.is_ is not None and given not in {folded(text(v)) for v in when.is_}:
            return False
        if when.is_not is not None and given in {folded(text(v)) for v in when.is_not}:
            return False
        if when.above is not None:
            try:
                return (
                    value is not None
                    and number(value, decimal=self.sheet.grid.decimal) > when.above
                )
            except Refused:
                return False
        return True

    def _row(
        self, spec: RowSpec, line: Line, column: int | None, match: re.Match[str] | None, asked: str
    ) -> Row | None:
        table = load_tables()[spec.table]
        values: dict[str, Value] = {"patient_id": line.patient}
        moments: dict[str, Moment] = {}
        places: dict[str, Source] = {}
        set_aside: dict[str, str] = {}
        for name, value_spec in spec.columns.items():
            found = self._value(value_spec, table.columns[name], line, column, match, asked)
            if found is None or found.value is None:
                continue
            if found.source is not None:
                places[name] = found.source
            if (
                found.flag is not None
                and table.columns[name].type == "day"
                and found.flag.span is not None
            ):
                moments[name] = Moment(*found.flag.span)
            elif found.flag is not None:
                set_aside[name] = found.flag.reason
            if isinstance(found.value, Moment):
                moments.setdefault(name, found.value)
            else:
                values[name] = found.value
        given = values.keys() | moments.keys()
        if any(c.required and c.name not in given for c in table.columns.values()):
            return None
        if spec.table in _NEEDS_ONE and not given & set(_NEEDS_ONE[spec.table]):
            return None
        return Row(
            spec.table, values, self._source(spec, line, column, places), places=places, set_aside=set_aside, moments=moments,
            decimal=self.sheet.grid.decimal,
        )  # fmt: skip

    def _source(
        self, spec: RowSpec, line: Line, column: int | None, places: dict[str, Source]
    ) -> Source:
        """The cell that the event is about: the value, else the matched column, else the first cell
        read.
        """
        for name in ("value", "regimen", "agents", "response", "result", "status"):
            if name in places:
                return places[name]
        if column is not None:
            return self.sheet.source(line, column)
        return next(iter(places.values()), self.sheet.source(line, None))

    def _cell(self, line: Line, column: int) -> Value:
        return line.cells[column] if column < len(line.cells) else None

    def _value(
        self,
        spec: Spec,
        target: Column,
        line: Line,
        column: int | None,
        match: re.Match[str] | None,
        asked: str,
    ) -> _Found | None:
        if isinstance(spec, list):
            if len(spec) == 2 and isinstance(spec[0], int) and isinstance(spec[1], int):
                return _Found(Moment(spec[0], spec[1]))
            parts = [
                self._value(s, target, line, column, match, asked)
                for s in spec
                if isinstance(s, ValueSpec)
            ]
            present = [p for p in parts if p is not None and isinstance(p.value, str | int | float)]
            joined = ";".join(text(p.value) for p in present if not isinstance(p.value, Moment))
            return (
                _Found(
                    joined,
                    present[0].column,
                    present[0].source,
                    next((p.flag for p in present if p.flag), None),
                )
                if present
                else None
            )
        if not isinstance(spec, ValueSpec):
            return _Found(spec)
        found = self._origin(spec, line, column, match, asked)
        if found is not None and found.value is not None:
            found = self._changed(spec, found, line)
        if spec.more:
            found = self._with_more(spec, found, line)
        if found is None or found.value is None or isinstance(found.value, Moment):
            return found
        if target.type == "day" or target.name == "nominal_day":
            return self._labelled(found, target)
        return found

    def _origin(
        self,
        spec: ValueSpec,
        line: Line,
        column: int | None,
        match: re.Match[str] | None,
        asked: str,
    ) -> _Found | None:
        groups = match.groupdict() if match is not None else {}
        if spec.group is not None:
            return _Found(groups.get(spec.group), column, self.sheet.source(line, column))
        if spec.template is not None:
            names = re.findall(r"\{(\w+)\}", spec.template)
            return (
                None
                if any(groups.get(n) is None for n in names)
                else _Found(_filled(spec.template, groups))
            )
        if spec.last_column is not None:
            filled = [
                int(m["line"])
                for i, m in self.sheet.matching(spec.last_column, asked_by=asked)
                if self._cell(line, i) is not None
            ]
            return _Found(max(filled) + spec.plus) if filled else None
        index = column
        if spec.column is not None:
            name = _filled(spec.column, groups)
            if groups and "{" in spec.column and " ".join(name.split()) not in self.sheet.headers:
                return None  # not every matched column has this companion
            index = self.sheet.column(name, asked_by=asked)
        if index is None:
            return None
        return _Found(
            self._cell(line, index),
            index,
            self.sheet.source(line, index),
            self.sheet.flags.get((line.index, index)),
        )

    def _changed(self, spec: ValueSpec, found: _Found, line: Line) -> _Found | None:
        value = found.value
        words = {folded(key): word for key, word in spec.words.items()}
        if spec.extract is not None:
            parts = [
                m if isinstance(m, str) else next((g for g in m if g), "")
                for m in re.findall(spec.extract, _text(value))
            ]
            if not parts:
                self._problem(
                    found,
                    line,
                    "text_not_recognised",
                    f"{_shown(value)} holds nothing that the mapping looks for; it is not read.",
                )
                return None
            value = ";".join(dict.fromkeys(text(words.get(folded(p), p)) for p in parts))
        elif words:
            value = words.get(folded(_text(value)), value)
        if value == "":
            return None
        if spec.negate or spec.scale is not None:
            try:
                value = (
                    number(_plain(value), decimal=self.sheet.grid.decimal)
                    * (-1 if spec.negate else 1)
                    * (spec.scale if spec.scale is not None else 1)
                )
            except Refused as refusal:
                self._problem(found, line, refusal.code, f"{refusal} It is not used.")
                return None
        return _Found(value, found.column, found.source, found.flag)

    def _with_more(self, spec: ValueSpec, found: _Found | None, line: Line) -> _Found | None:
        """The value joined with those that other sheets state for the same patient; repetitions are
        left out.
        """
        parts = [] if found is None or found.value is None else [_text(found.value)]
        flag = found.flag if found is not None else None
        source = found.source if found is not None else None
        for place in spec.more:
            for day, sheet, other, column in self.sheets.day_cells(place).get(line.patient, ()):
                parts.append(str(day))
                flag = flag or sheet.flags.get((other.index, column))
                source = source or sheet.source(other, column)
        return (
            _Found(";".join(dict.fromkeys(parts)), found.column if found else None, source, flag)
            if parts
            else None
        )

    def _labelled(self, found: _Found, target: Column) -> _Found | None:
        meaning = self.labels.get(folded(_text(found.value)))
        if target.name == "nominal_day":
            if meaning is not None:
                return (
                    _Found(meaning, found.column, found.source)
                    if isinstance(meaning, int)
                    else None
                )
            return found if _is_whole(found.value) else None
        if meaning is None:
            return found
        value: Value | Moment = (
            Moment(meaning[0], meaning[1]) if isinstance(meaning, list) else meaning
        )
        return _Found(value, found.column, found.source, found.flag)

    def _problem(self, found: _Found, line: Line, code: str, message: str) -> None:
        source = found.source or self.sheet.source(line, None)
        self.issues.append(Issue("warning", code, source, message, "set_aside", line.patient))


def _filled(template: str, groups: dict[str, str | None]) -> str:
    """Names of groups in braces replaced by what they hold; other braces stay."""
    return re.sub(
        r"\{(\w+)\}", lambda m: (groups[m[1]] or "") if m[1] in groups else m[0], template
    )


def _is_whole(value: Value | Moment) -> bool:
    return re.fullmatch(r"[+-]?[0-9]+", _text(value)) is not None


def _text(value: Value | Moment) -> str:
    return "" if isinstance(value, Moment) else text(value)


def _plain(value: Value | Moment) -> Value:
    return None if isinstance(value, Moment) else value


def _shown(value: Value | Moment) -> str:
    return shown(_text(value))
