"""A REDCap project as its server would export it, written from rows of the tidy tables: raw data or
labels, headers by name or by label, one row for each instance of a repeating form.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rearm.demo.write.redcap import INSTANCE, INSTRUMENT, export_columns, export_rows
from rearm.intake.redcap.dictionary import Dictionary, Field, read_dictionary
from rearm.intake.redcap.own_dictionary import ID, write_dictionary

Rows = Sequence[Mapping[str, str]]
_CHECKED = {"1": "Checked", "0": "Unchecked"}


@dataclass(frozen=True)
class Style:
    """How the export is asked for."""

    labels: bool = False
    labelled_headers: bool = False


def tidy_rows(folder: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of a folder of tidy tables, as they are written."""
    tables = {}
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as opened:
            tables[file.stem] = list(csv.DictReader(opened))
    return tables


def write_project(folder: Path, tables: Mapping[str, Rows], style: Style) -> tuple[Path, Path]:
    """The export and the data dictionary of Rearm's own project with these rows."""
    dictionary = folder / "dictionary.csv"
    if not dictionary.exists():
        write_dictionary(dictionary)
    export = folder / "export.csv"
    known = read_dictionary(dictionary)
    columns = export_columns()
    with export.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([_header(column, known, style) for column in columns])
        for own in _by_patient(tables):
            for record in export_rows(own):
                writer.writerow([_cell(column, record, known, style) for column in columns])
    return export, dictionary


def _by_patient(tables: Mapping[str, Rows]) -> Iterable[dict[str, list[dict[str, Any]]]]:
    """The tables of each patient; one without a row of his own has a blank one."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for table, rows in tables.items():
        for row in rows:
            own = found.setdefault(row[ID], {"patients": []})
            own.setdefault(table, []).append(dict(row))
    for patient, own in found.items():
        own["patients"] = own["patients"] or [{ID: patient}]
    return found.values()


def _header(column: str, dictionary: Dictionary, style: Style) -> str:
    if not style.labelled_headers:
        return column
    system = {INSTRUMENT: "Repeat Instrument", INSTANCE: "Repeat Instance"}
    if column in system:
        return system[column]
    if column.endswith("_complete") and column.removesuffix("_complete") in dictionary.forms:
        return "Complete?"
    stem, mark, code = column.partition("___")
    field = dictionary.fields[stem]
    return f"{field.label} (choice={field.choices[code]})" if mark else field.label


def _cell(column: str, record: Mapping[str, Any], known: Dictionary, style: Style) -> str:
    raw = str(record.get(column) or "")
    if not style.labels or raw == "":
        return raw
    if column == INSTRUMENT:
        return raw.capitalize()
    if column.endswith("_complete"):
        return {"0": "Incomplete", "1": "Unverified", "2": "Complete"}[raw]
    stem, mark, _ = column.partition("___")
    if mark:
        return _CHECKED[raw]
    field: Field | None = known.fields.get(stem)
    return field.choices.get(raw, raw) if field is not None else raw
