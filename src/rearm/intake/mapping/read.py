"""Any other layout, read through a mapping file (the language is described in `model`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from pathlib import Path

from rearm.errors import InputError
from rearm.intake.build.gather import gather
from rearm.intake.build.records import make_records
from rearm.intake.build.terms import Terms
from rearm.intake.files.unread import unread_in
from rearm.intake.issues import issue_at, place_at
from rearm.intake.mapping.checks import check_sheets
from rearm.intake.mapping.header_names import spaced
from rearm.intake.mapping.load import load_mapping
from rearm.intake.mapping.many_files import every_file
from rearm.intake.mapping.model import Mapping
from rearm.intake.mapping.named import Named
from rearm.intake.mapping.rows import SheetRows
from rearm.intake.mapping.sheets import MappedSheet, MappedSheets, SheetRefused, open_sheets
from rearm.intake.result import Reading
from rearm.intake.rows import CellProblem, Row, column_letters
from rearm.knowledge.bundle import Knowledge
from rearm.record import Issue

__all__ = ["read_by_mapping", "read_mapped"]


def read_mapped(
    source: Path, mapping_path: Path, knowledge: Knowledge, *, today: date | None = None
) -> Reading:
    """Records from the tables in (or beside) `source`, read as the mapping says.

    A file or a sheet that can't be used as it is (damaged, a column that is read twice) is an error
    issue, and the others are read. Raises InputError where the mapping can't be used, or names a
    file, sheet or column that is not there.
    """
    mapping = load_mapping(mapping_path, knowledge)
    own = {mapping_path.name} if mapping_path.parent.resolve() == source.resolve() else set()
    return read_by_mapping(
        source, mapping, knowledge, name=mapping_path.name, beside=own, today=today
    )


def read_by_mapping(
    source: Path,
    mapping: Mapping,
    knowledge: Knowledge,
    *,
    name: str,
    beside: Collection[str] = (),
    issues: Iterable[Issue] = (),
    today: date | None = None,
) -> Reading:
    """Records from the tables in (or beside) `source`. `name` is what sentences call the mapping,
    `beside` are files of the folder that hold no data, `issues` were found before. Raises
    InputError like `read_mapped`.
    """
    mapping = every_file(source, mapping)
    sheets, rows, found = _readable(source, mapping, knowledge)
    found = [*issues, *found, *_unread_columns(sheets)]
    found.extend(_unread_files(source, mapping, {*sheets.files, *beside}))
    has_patients = any(spec.table == "patients" for sheet in mapping.sheet for spec in sheet.row)
    gathered = gather(rows, found, has_patient_table=has_patients)
    if not gathered.runs:
        raise InputError(
            f"{source.name} yields no patient with the mapping {name}. Check id "
            f"and id_pattern of its sheets. {gathered.why_nobody()}".rstrip()
        )
    terms = Terms(knowledge, mapping.regimens)
    return Reading(
        lambda: make_records(gathered, terms, today=today),
        gathered.issues,
        sheets.files,
        {(s.grid.file, s.grid.sheet): s.headers_by_place for s in sheets.by_name.values()},
        rows=gathered.rows_of,
        regimens=mapping.regimens,
    )


def _readable(
    source: Path, mapping: Mapping, knowledge: Knowledge
) -> tuple[MappedSheets, list[Row], list[Issue]]:
    """The sheets that can be read, their rows and the issues. What a sheet lacks may show only
    where a column is asked for: it is then left out, and the others are read anew.
    """
    refused: list[SheetRefused] = []
    named = Named(knowledge)
    while True:
        try:
            sheets = open_sheets(source, mapping, refused)
            issues = [*sheets.issues, *check_sheets(sheets, mapping)]
            rows = [
                row
                for sheet in sheets.by_name.values()
                for row in SheetRows(sheet, sheets, mapping, knowledge.tidy_tables, named).rows(
                    issues
                )
            ]
        except SheetRefused as error:
            if any(error.sheet == other.sheet for other in refused):
                raise  # nothing else was there to read
            refused.append(error)
        else:
            return sheets, rows, issues


def _unread_columns(sheets: MappedSheets) -> Iterator[Issue]:
    """Columns that hold something and are neither mapped nor left out on purpose: one issue for
    each sheet, and one for those without a header. The headers are the places.
    """
    for sheet in sheets.by_name.values():
        if sheet.spec.reduce is not None:
            continue
        ignored = {spaced(name) for name in sheet.spec.ignore}
        left = {
            index: header
            for header, index in sheet.headers.items()
            if index not in sheet.used and header not in ignored and sheet.holds_cells(index)
        }
        if left:
            sentence = (
                f"The mapping does not read these columns of {sheet.place}: "
                f"{', '.join(left.values())}. Map them, or add them to ignore of the sheet."
            )
            problem = CellProblem("warning", "columns_not_mapped", sentence)
            yield _on_headers(sheet, left, problem)
        named = set(sheet.headers.values())
        nameless = [
            index
            for index in range(sheet.width)
            if index not in named
            and sheet.name_of(index) not in ignored
            and sheet.holds_cells(index)
        ]
        if nameless:
            letters = [column_letters(sheet.grid.first_column + index) for index in nameless]
            sentence = (
                f"These columns of {sheet.place} have cells but no header, or the header of "
                f"another column: {', '.join(letters)}. They are not read. Give each a header "
                "of its own, or add it to ignore of the sheet (by its letters if it has no "
                "header)."
            )
            problem = CellProblem("warning", "column_without_header", sentence)
            yield _on_headers(sheet, nameless, problem)


def _on_headers(sheet: MappedSheet, columns: Iterable[int], problem: CellProblem) -> Issue:
    places = [sheet.header_source(index) for index in columns]
    return issue_at(places[0], problem, places=[place_at(x, None) for x in places])


def _unread_files(source: Path, mapping: Mapping, read: Collection[str]) -> Iterator[Issue]:
    if source.is_dir():
        yield from unread_in(source, read, ignore=mapping.ignore)
