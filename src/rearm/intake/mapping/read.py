"""Any other layout, read through a mapping file (the language is described in `model`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from rearm.errors import InputError
from rearm.intake.build.gather import gather
from rearm.intake.build.records import make_records
from rearm.intake.build.terms import Terms
from rearm.intake.issues import issue_at
from rearm.intake.mapping.checks import check_sheets
from rearm.intake.mapping.load import load_mapping
from rearm.intake.mapping.rows import SheetRows
from rearm.intake.mapping.sheets import MappedSheets, open_sheets
from rearm.intake.result import Reading
from rearm.intake.rows import CellProblem
from rearm.knowledge.bundle import Knowledge
from rearm.record import Issue, Source

__all__ = ["read_mapped"]


def read_mapped(
    source: Path, mapping_path: Path, knowledge: Knowledge, *, today: date | None = None
) -> Reading:
    """Records from the tables in (or beside) `source`, read as the mapping says.

    Raises InputError where the mapping can't be used, or names a file, sheet or column that is not
    there.
    """
    mapping = load_mapping(mapping_path, knowledge)
    sheets = open_sheets(source, mapping)
    issues = [*sheets.issues, *check_sheets(sheets, mapping)]
    rows = [
        row
        for sheet in sheets.by_name.values()
        for row in SheetRows(sheet, sheets, mapping, knowledge.tidy_tables).rows(issues)
    ]
    issues.extend(_unread_columns(sheets))
    has_patients = any(spec.table == "patients" for sheet in mapping.sheet for spec in sheet.row)
    gathered = gather(rows, issues, has_patient_table=has_patients)
    if not gathered.runs:
        raise InputError(
            f"{source.name} gives no patient with the mapping {mapping_path.name}. Check id and"
            f" id_pattern of its sheets. {gathered.why_nobody()}".rstrip()
        )
    terms = Terms(knowledge, mapping.regimens)
    return Reading(
        lambda: make_records(gathered, terms, today=today), gathered.issues, sheets.files
    )


def _unread_columns(sheets: MappedSheets) -> Iterator[Issue]:
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
            sentence = (
                f"The mapping does not read these columns of {sheet.place}: {', '.join(left)}."
            )
            where = Source(sheet.grid.file, sheet.spec.sheet or "")
            yield issue_at(where, CellProblem("note", "columns_not_mapped", sentence))
