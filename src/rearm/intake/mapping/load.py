"""A mapping file read and checked: a sentence for each block that does not hold."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from rearm.errors import InputError, meant
from rearm.intake.days import DateOrder
from rearm.intake.dictionary import nearest
from rearm.intake.mapping.model import (
    Agreement,
    DayLabel,
    DayPlace,
    FileSpec,
    Label,
    Mapping,
    Reduce,
    RowFilter,
    RowSpec,
    Scalar,
    SheetSpec,
    Spec,
    Twin,
    ValueSpec,
)
from rearm.intake.rows import Moment
from rearm.knowledge._build import KnowledgeError, build, shown
from rearm.knowledge._toml import parsed
from rearm.knowledge.bundle import Knowledge, bundled
from rearm.knowledge.tidy_tables import TidyTable

__all__ = ["load_mapping", "mapping_of"]

_T = TypeVar("_T")
_MOST_PROBLEMS = 8  # more than these are for the next try


def load_mapping(path: Path, knowledge: Knowledge | None = None) -> Mapping:
    """The mapping of a TOML file.

    `knowledge` names the tables and agents, by default those that are bundled. Raises InputError
    that names the file, the place in it, what stands there and what to write.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The mapping {path.name} can't be read: {error.strerror or error}."
        ) from error
    return mapping_of(content, path.name, knowledge)


def mapping_of(content: bytes, name: str, knowledge: Knowledge | None = None) -> Mapping:
    """The mapping of a text in TOML; `name` is what sentences call it. Raises InputError like
    `load_mapping`.
    """
    try:
        table = parsed(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The mapping {name} is not TOML: {error}.") from error
    reader = _MappingReader(knowledge or bundled())
    mapping = reader.mapping(table)
    problems = list(dict.fromkeys(reader.problems))[:_MOST_PROBLEMS]
    if mapping is None or problems:
        raise InputError(f"The mapping {name} can't be used: {' '.join(problems)}")
    return mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class _Top:
    """The keys of the file; what is Any is read block by block."""

    name: str = ""
    ignore: tuple[str, ...] = ()
    files: Any = None
    sheet: Any = None
    day_labels: Any = None
    regimens: Any = None
    agree: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _SheetKeys:
    """The keys of a sheet; what is Any is read block by block."""

    file: str
    id: str
    sheet: str | None = None
    header_row: int = 1
    group_row: int | None = None
    id_pattern: str | None = None
    optional: bool = False
    ignore: tuple[str, ...] = ()
    missing: tuple[Scalar, ...] = ()
    date_order: DateOrder | None = None
    remark: str | None = None
    number_headers: bool = False
    reduce: Any = None
    label: Any = None
    twin: Any = None
    row: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _RowKeys:
    """The keys of a row that are no columns of its table."""

    table: str
    each: str | None = None
    when: Any = None
    even_blank: bool = False
    optional: bool = False


_ROW_KEYS = ("table", "each", "when", "even_blank", "optional")


class _MappingReader:
    """Reads a mapping block by block, so that one faulty block does not hide the next."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.problems: list[str] = []

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except KnowledgeError as error:
            self.problems.extend(error.problems)

    def mapping(self, content: dict[str, Any]) -> Mapping | None:
        """The mapping, or None where something is wrong; `problems` then says what."""
        top = None
        with self._noting():
            top = build(_Top, content, "top level")
        files = self._table(content, "files", _file)
        day_labels = self._table(content, "day_labels", _day_label)
        regimens = self._table(content, "regimens", self._regimen)
        agree = self._blocks(content, "agree", _agreement)
        sheets = self._blocks(content, "sheet", self._sheet)
        if not content.get("files"):
            self.problems.append(
                "top level: [files] is empty. Write a name and a pattern for each file, such as "
                'workbook = "*.xlsx".'
            )
        if content.get("sheet", []) == []:
            self.problems.append(
                "top level: there is no [[sheet]]. Write one for each sheet to read."
            )
        if top is None or self.problems:
            return None
        mapping = Mapping(
            name=top.name,
            ignore=top.ignore,
            files=files,
            day_labels=day_labels,
            regimens=regimens,
            agree=agree,
            sheet=sheets,
        )
        with self._noting():
            _check_links(mapping)
        return mapping

    def _table(
        self, content: dict[str, Any], key: str, read: Callable[[Any, str], _T]
    ) -> dict[str, _T]:
        """The entries of a table such as [files]."""
        given = content.get(key, {})
        made: dict[str, _T] = {}
        if not isinstance(given, dict):
            self.problems.append(
                f"{key}: a table is expected, not {shown(given)}. Write [{key}], and its "
                "entries below."
            )
            return made
        for name, value in given.items():
            with self._noting():
                made[name] = read(value, f"[{key}] {name}")
        return made

    def _blocks(
        self, block: dict[str, Any], key: str, read: Callable[[Any, str], _T], within: str = ""
    ) -> tuple[_T, ...]:
        """Blocks of which there may be several, such as [[sheet]]; `within` is where they stand."""
        given = block.get(key, [])
        brackets = f"[[sheet.{key}]]" if within else f"[[{key}]]"
        made: list[_T] = []
        if not isinstance(given, list):
            self.problems.append(
                f"{within or 'top level'}: {key} is not a list of blocks. Write {brackets}, with"
                " double brackets, above each of them."
            )
            return ()
        for number, entry in enumerate(given, 1):
            name = _name(entry, number)
            with self._noting():
                made.append(
                    read(entry, f"{within}, {key} {name}" if within else f"{brackets} {name}")
                )
        return tuple(made)

    def _regimen(self, given: Any, where: str) -> tuple[str, ...]:
        known = self.knowledge.lexicon.agents
        if not isinstance(given, list) or not all(isinstance(agent, str) for agent in given):
            _refuse(
                where,
                f"a list of agents is expected, not {shown(given)}. Write it as "
                '["bortezomib", "dexamethasone"].',
            )
        for agent in given:
            if agent not in known:
                _refuse(
                    where,
                    f"{agent!r} is not an agent in the lexicon; the nearest are "
                    f"{nearest(agent, known)}.",
                )
        return tuple(given)

    def _sheet(self, given: Any, where: str) -> SheetSpec:
        _check_table(given, where)
        keys = reduce = label = None
        with self._noting():
            keys = build(_SheetKeys, given, where)
            _check_least(keys.header_row, 1, f"{where}, header_row")
            if keys.group_row is not None:
                _check_group_row(keys.group_row, keys.header_row, f"{where}, group_row")
            _check_pattern(keys.id_pattern, f"{where}, id_pattern")
        with self._noting():
            reduce = _reduce(given["reduce"], f"{where}, reduce") if "reduce" in given else None
        with self._noting():
            label = _label(given["label"], f"{where}, label") if "label" in given else None
        twins = self._blocks(given, "twin", _twin, where)
        rows = self._blocks(given, "row", self._row, where)
        if keys is None:
            raise KnowledgeError([])  # its problems are noted already
        return SheetSpec(
            file=keys.file,
            sheet=keys.sheet,
            header_row=keys.header_row,
            group_row=keys.group_row,
            id=keys.id,
            id_pattern=keys.id_pattern,
            optional=keys.optional,
            ignore=keys.ignore,
            missing=keys.missing,
            date_order=keys.date_order,
            remark=keys.remark,
            number_headers=keys.number_headers,
            reduce=reduce,
            label=label,
            twin=twins,
            row=rows,
        )

    def _row(self, given: Any, where: str) -> RowSpec:
        _check_table(given, where)
        columns: dict[str, Spec] = {}
        own = {key: value for key, value in given.items() if key in _ROW_KEYS}
        filled = {key: value for key, value in given.items() if key not in _ROW_KEYS}
        keys = build(_RowKeys, own, where)
        _check_pattern(keys.each, f"{where}, each")
        table = self._tidy_table(keys.table, where)
        for name, value in filled.items():
            with self._noting():
                _check_column(name, table, where)
                columns[name] = _spec(value, f"{where}, {name}")
                _check_groups(columns[name], keys.each, f"{where}, {name}")
        required = (c.name for c in table.columns.values() if c.required)
        if missing := [name for name in required if name not in {"patient_id", *filled}]:
            _refuse(where, f"a row of {keys.table} needs {', '.join(missing)}. Add it.")
        spec = RowSpec(
            table=keys.table,
            each=keys.each,
            when=_conditions(keys.when, f"{where}, when"),
            even_blank=keys.even_blank,
            optional=keys.optional,
            columns=columns,
        )
        if not (spec.own or spec.when or spec.even_blank or keys.table == "patients"):
            _refuse(
                where,
                f"the row of {keys.table} reads no cell, so every row of the sheet would become "
                "one. If you mean that, add even_blank = true.",
            )
        return spec

    def _tidy_table(self, name: str, where: str) -> TidyTable:
        tables = self.knowledge.tidy_tables.tables
        if name not in tables:
            _refuse(
                where,
                f"there is no table {name!r}. Use one of {', '.join(tables)}.{meant(name, tables)}",
            )
        return tables[name]


# ---------------------------------------------------------------- one block


def _file(given: Any, where: str) -> FileSpec:
    if isinstance(given, str):
        return FileSpec(pattern=given)
    if not isinstance(given, dict):
        _refuse(
            where,
            f'a pattern such as "*.xlsx" is expected, not {shown(given)}. Put it in quotation '
            "marks.",
        )
    return build(FileSpec, given, where)


def _day_label(given: Any, where: str) -> DayLabel:
    if isinstance(given, list):
        return _interval(given, where)
    if isinstance(given, str) or _is_whole(given):
        day: int | str = given
        return day
    _refuse(
        where,
        'a day, an interval of days [first, last] or a word such as "apheresis" is expected, '
        f"not {shown(given)}. A day is a whole number.",
    )


def _interval(given: list[Any], where: str) -> Moment:
    if len(given) != 2 or not all(map(_is_whole, given)) or given[0] > given[1]:
        _refuse(
            where,
            f"an interval of days is [first, last], not {shown(given)}. Write two whole "
            "numbers, the smaller first.",
        )
    return Moment(given[0], given[1])


def _agreement(given: Any, where: str) -> Agreement:
    agreement = build(Agreement, given, where)
    _check_least(agreement.tolerance, 0, f"{where}, tolerance")
    if len(agreement.days) < 2:
        _refuse(
            f"{where}, days",
            f"only {len(agreement.days)} is given. Name at least two sheets that give the day.",
        )
    return agreement


def _twin(given: Any, where: str) -> Twin:
    twin = build(Twin, given, where)
    _check_pattern(twin.first, f"{where}, first")
    _check_pattern(twin.second, f"{where}, second")
    _check_above_zero(twin.ratio, f"{where}, ratio")
    _check_least(twin.tolerance, 0, f"{where}, tolerance")
    _check_least(twin.relative, 0, f"{where}, relative")
    return twin


def _label(given: Any, where: str) -> Label:
    label = build(Label, given, where)
    _check_above_zero(label.within, f"{where}, within")
    return label


def _conditions(given: Any, where: str) -> tuple[RowFilter, ...]:
    """The conditions of a row: none, one, or a list of which all must hold."""
    if given is None:
        return ()
    entries = given if isinstance(given, list) else [given]
    made: list[RowFilter] = []
    for number, entry in enumerate(entries, 1):
        place = where if len(entries) == 1 else f"{where} {number}"
        condition = build(RowFilter, entry, place)
        _check_pattern(condition.like, f"{place}, like")
        made.append(condition)
    return tuple(made)


def _reduce(given: Any, where: str) -> Reduce:
    reduce = build(Reduce, given, where)
    if not reduce.by:
        _refuse(f"{where}, by", "the list is empty. Name at least one column.")
    return reduce


def _spec(given: Any, where: str) -> Spec:
    """What fills a tidy column: see `Spec`."""
    if isinstance(given, dict):
        return _value(given, where)
    if isinstance(given, list):
        if any(isinstance(part, dict) for part in given):
            return tuple(_value(part, f"{where} {i}") for i, part in enumerate(given, 1))
        if all(map(_is_whole, given)):
            return _interval(given, where)
        _refuse(
            where,
            'a list contains values to be joined, such as { column = "x" }, or is an interval '
            f"of days [first, last], not {shown(given)}. Write one of the two.",
        )
    if isinstance(given, str | int | float):
        return given
    _refuse(where, f"{shown(given)} is not text. Put a date or a time in quotation marks.")


def _value(given: Any, where: str) -> ValueSpec:
    value = build(ValueSpec, given, where)
    _check_pattern(value.extract, f"{where}, extract")
    _check_pattern(value.last_column, f"{where}, last_column")
    if value.only_words and not value.words:
        _refuse(where, "only_words needs words. Add them.")
    origins = (
        value.column is not None,
        value.cell,
        value.group is not None,
        value.template is not None,
        value.last_column is not None,
    )
    if sum(origins) != 1:
        _refuse(where, "give exactly one of column, cell, group, template, last_column.")
    if re.search(r"[{}]", re.sub(r"\{\w+\}", "", value.template or "")):
        _refuse(
            where,
            "a template contains names of groups in braces, such as {hour}:{minute}, but "
            f"{value.template!r} has none. Add them.",
        )
    if value.last_column is not None and "line" not in re.compile(value.last_column).groupindex:
        _refuse(where, "last_column needs a group (?P<line>[0-9]+).")
    return value


# ---------------------------------------------------------------- what must hold


def _check_links(mapping: Mapping) -> None:
    """Every name of a file or sheet leads to one."""
    for sheet in mapping.sheet:
        if sheet.file not in mapping.files:
            _refuse(
                f"[[sheet]] {sheet.name}",
                f"the sheet {sheet.name!r} refers to the file {sheet.file!r}, which is not in "
                f"[files]. Add it there.{meant(sheet.file, mapping.files)}",
            )
    names = [sheet.name for sheet in mapping.sheet]
    for name in names:
        if names.count(name) > 1:
            _refuse(
                f"[[sheet]] {name}",
                "two [[sheet]] blocks have the same name. Put all rows of a sheet into one.",
            )
    for where, place in _day_places(mapping):
        if place.sheet not in names:
            _refuse(
                where,
                f"there is no [[sheet]] named {place.sheet!r}. Correct the "
                f"name.{meant(place.sheet, names)}",
            )


def _day_places(mapping: Mapping) -> Iterator[tuple[str, DayPlace]]:
    """Where days of other sheets are used, with what stands there."""
    for agreement in mapping.agree:
        for place in agreement.days:
            yield f"[[agree]] {agreement.what}", place
    for sheet in mapping.sheet:
        for number, row in enumerate(sheet.row, 1):
            for column, spec in row.columns.items():
                for value in _values(spec):
                    for place in value.more:
                        where = f"[[sheet]] {sheet.name}, row {number} [{row.table}], {column}"
                        yield f"{where}, more", place


def _values(spec: Spec) -> tuple[ValueSpec, ...]:
    """What is taken from the table."""
    if isinstance(spec, tuple):
        return spec
    return (spec,) if isinstance(spec, ValueSpec) else ()


def _check_column(name: str, table: TidyTable, where: str) -> None:
    if name not in table.columns or name == "patient_id":
        _refuse(
            where,
            f"{table.name} has no column {name!r}; the nearest are {nearest(name, table.columns)}.",
        )


def _check_groups(spec: Spec, each: str | None, where: str) -> None:
    """A value that speaks of a matched column, or of a group of the pattern, has one."""
    groups = set(re.compile(each).groupindex) if each else set()
    for value in _values(spec):
        named = re.findall(r"\{(\w+)\}", value.template or value.column or "")
        used = {value.group} if value.group else set(named)
        if (value.cell or value.group) and each is None:
            _refuse(where, "cell and group need a pattern in each.")
        if absent := sorted(used - groups):
            _refuse(where, f"the pattern in each has no group {', '.join(absent)}.")


def _check_table(given: Any, where: str) -> None:
    if not isinstance(given, dict):
        _refuse(where, f"a table is expected, not {shown(given)}.")


def _check_pattern(pattern: str | None, where: str) -> None:
    try:
        with warnings.catch_warnings():  # what Python will read otherwise one day
            warnings.simplefilter("error", FutureWarning)
            re.compile(pattern or "")
    except (re.error, FutureWarning, RecursionError, OverflowError) as error:
        _refuse(where, f"{pattern!r} is not a regular expression ({error}).")


def _check_least(value: float, least: int, where: str) -> None:
    if not value >= least:  # so that nan is refused as well
        _refuse(where, f"{value:g} is too small. Write {least} or more.")


def _check_group_row(group_row: int, header_row: int, where: str) -> None:
    if not 1 <= group_row < header_row:
        _refuse(
            where,
            f"{group_row} is not possible. The row of groups must be above header_row"
            f" ({header_row}).",
        )


def _check_above_zero(value: float, where: str) -> None:
    if not value > 0:
        _refuse(where, f"{value:g} is not allowed. Write a number above 0.")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _name(entry: Any, number: int) -> str:
    """How a block is named in a sentence: by its sheet, file or subject, a row by its table too."""
    if not isinstance(entry, dict):
        return str(number)
    if isinstance(table := entry.get("table"), str):
        return f"{number} [{table}]"
    names = (entry.get(key) for key in ("sheet", "file", "what"))
    return next((name for name in names if isinstance(name, str)), str(number))


def _refuse(where: str, sentence: str) -> NoReturn:
    raise KnowledgeError([f"{where}: {sentence}"])
