"""REDCap: the data dictionary of a project and its export as raw data, one row for each instance of
a repeating form.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rearm.demo.chart import Row, Tables
from rearm.demo.write.folder import empty_folder
from rearm.intake.redcap.own_dictionary import (
    ID,
    OTHER,
    Choice,
    choices_of,
    field_name,
    is_checkbox,
    other_name,
    takes_other,
    write_dictionary,
)
from rearm.knowledge.bundle import bundled
from rearm.knowledge.tidy_tables import Column, folded

__all__ = [
    "DICTIONARY", "EXPORT", "INSTANCE", "INSTRUMENT",
    "export_columns", "export_rows", "write_redcap",
]  # fmt: skip

DICTIONARY, EXPORT = "data_dictionary.csv", "export.csv"
INSTRUMENT, INSTANCE = "redcap_repeat_instrument", "redcap_repeat_instance"
_BASE = "patients"
_COMPLETE = "2"  # of a form; only then are boxes without a tick read as absent
_TICKED, _UNTICKED = "1", "0"


def write_redcap(registry: Iterable[Tables], folder: Path) -> int:
    """`data_dictionary.csv` and `export.csv`; gives the number of patients. Raises InputError where
    the folder is not empty.
    """
    empty_folder(folder)
    write_dictionary(folder / DICTIONARY)
    count = 0
    with (folder / EXPORT).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, export_columns(), restval="", lineterminator="\n")
        writer.writeheader()
        for tables in registry:
            count += 1
            writer.writerows(export_rows(tables))
    return count


def export_columns() -> list[str]:
    """The columns of a raw export, in its order."""
    columns = [ID, INSTRUMENT, INSTANCE]
    for table, definition in bundled().tidy_tables.tables.items():
        for column in definition.columns.values():
            if column.name != ID:
                columns += _headers_of(table, column)
        columns.append(f"{table}_complete")
    return columns


def _headers_of(table: str, column: Column) -> Iterator[str]:
    name, choices = field_name(table, column.name), choices_of(column)
    if not is_checkbox(column):
        yield name
    else:
        yield from (f"{name}___{choice.code}" for choice in choices)
        if takes_other(column):
            yield f"{name}___{OTHER}"
    if choices and takes_other(column):
        yield other_name(name)


def export_rows(tables: Tables) -> Iterator[Row]:
    """The rows of one patient as raw data: the form that does not repeat first."""
    for row in tables[_BASE]:
        yield {ID: row[ID], **_raw_values(_BASE, row)}
    for table, rows in tables.items():
        if table == _BASE:
            continue
        for instance, row in enumerate(rows, start=1):
            yield {
                ID: row[ID],
                INSTRUMENT: table,
                INSTANCE: instance,
                **_raw_values(table, row),
            }


def _raw_values(table: str, row: Row) -> Row:
    values: Row = {f"{table}_complete": _COMPLETE}
    for column in bundled().tidy_tables.tables[table].columns.values():
        if column.name == ID:
            continue
        given = row.get(column.name)
        if given not in (None, "") or is_checkbox(column):
            values |= _raw(table, column, given)
    return values


def _raw(table: str, column: Column, given: Any) -> Row:
    """A cell as raw data: the code of its choice, 1 or 0, or the text itself."""
    name = field_name(table, column.name)
    if column.type == "yes_no":
        return {name: _TICKED if given == "yes" else _UNTICKED}
    codes = _codes(table, column.name)
    if not codes:
        return {name: given}
    if not is_checkbox(column):
        code = codes.get(folded(str(given)))
        return {name: code} if code is not None else {name: OTHER, other_name(name): given}
    words = [word for word in str(given or "").split(";") if word]
    listed = {codes[folded(word)] for word in words if folded(word) in codes}
    boxes: Row = {
        f"{name}___{code}": _TICKED if code in listed else _UNTICKED for code in codes.values()
    }
    if others := [word for word in words if folded(word) not in codes]:
        boxes |= {f"{name}___{OTHER}": _TICKED, other_name(name): ";".join(others)}
    return boxes


@cache
def _codes(table: str, column: str) -> Mapping[str, str]:
    """The code of each word of a column, by its spelling in one form; none of free text."""
    choices: tuple[Choice, ...] = choices_of(bundled().tidy_tables.tables[table].columns[column])
    return {folded(choice.word): choice.code for choice in choices}
