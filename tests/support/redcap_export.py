"""A REDCap project as its server would export it, written from rows of the tidy tables: raw data or
labels, headers by name or by label, one row for each instance of a repeating form.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rearm.intake.redcap.dictionary import Dictionary, Field, read_dictionary
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
from rearm.knowledge.tidy_tables import Column

Rows = Sequence[Mapping[str, str]]
INSTRUMENT, INSTANCE = "redcap_repeat_instrument", "redcap_repeat_instance"
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
    columns = [*_columns(known)]
    with export.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([_header(column, known, style) for column in columns])
        for record in _records(tables):
            writer.writerow([_cell(column, record, known, style) for column in columns])
    return export, dictionary


def _columns(dictionary: Dictionary) -> Sequence[str]:
    """The columns of a raw export, in its order."""
    columns = [ID, INSTRUMENT, INSTANCE]
    for form, fields in dictionary.forms.items():
        for field in fields:
            if field.kind == "checkbox":
                columns += [f"{field.name}___{code}" for code in field.choices]
            else:
                columns.append(field.name)
        columns.append(f"{form}_complete")
    return columns


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


def _records(tables: Mapping[str, Rows]) -> Sequence[Mapping[str, str]]:
    """The rows of the export: raw values by column."""
    found: list[dict[str, str]] = []
    by_patient: dict[str, list[dict[str, str]]] = {}
    patients = {row[ID]: row for row in tables["patients"]}
    for table, rows in tables.items():
        for row in rows:
            by_patient.setdefault(row[ID], [])
            if table != "patients":
                own = by_patient[row[ID]]
                instance = 1 + sum(record[INSTRUMENT] == table for record in own)
                own.append(
                    {
                        ID: row[ID],
                        INSTRUMENT: table,
                        INSTANCE: str(instance),
                        **_values(table, row),
                    }
                )
    for patient, own in by_patient.items():
        base = _values("patients", patients[patient]) if patient in patients else {}
        found += [{ID: patient, INSTRUMENT: "", INSTANCE: "", **base}, *own]
    return found


def _values(table: str, row: Mapping[str, str]) -> dict[str, str]:
    """Raw values of one form by column."""
    values = {f"{table}_complete": "2"}
    for column in bundled().tidy_tables.tables[table].columns.values():
        given = row.get(column.name, "") or ""
        if column.name != ID:
            values |= _raw(table, column, given)
    return values


def _raw(table: str, column: Column, given: str) -> dict[str, str]:
    name = field_name(table, column.name)
    if column.type == "yes_no":
        return {name: {"yes": "1", "no": "0", "": ""}[given]}
    choices = {choice.word: choice for choice in choices_of(column)}
    if not choices:
        return {name: given}
    if is_checkbox(column):
        parts = [part for part in given.split(";") if part]
        codes = {_known(part, column, choices) for part in parts}
        return {
            f"{name}___{choice.code}": "1" if choice in codes else "0"
            for choice in choices.values()
        }
    if not given:
        return {name: ""}
    choice = _known(given, column, choices)
    if choice is not None:
        return {name: choice.code}
    assert takes_other(column), (table, column.name, given)
    return {name: OTHER, other_name(name): given}


def _known(given: str, column: Column, choices: Mapping[str, Choice]) -> Choice | None:
    folded = " ".join(given.replace("_", " ").split()).casefold().replace(" ", "_")
    return choices.get(given) or choices.get(column.spellings.get(folded, ""))


def _cell(column: str, record: Mapping[str, str], known: Dictionary, style: Style) -> str:
    raw = record.get(column, "")
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
