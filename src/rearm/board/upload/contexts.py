"""What the pages of an upload hold."""

from __future__ import annotations

from typing import ClassVar

from rearm.board.child.reading import ReadIssue
from rearm.board.web.contexts import Context, Part

__all__ = [
    "EXAMPLE",
    "CellToCorrect",
    "CellsTyped",
    "Corrected",
    "TableShown",
    "ToCorrect",
    "UploadForm",
    "UploadPage",
    "UploadPatient",
]

EXAMPLE = """\
patient_id,day,test,value,unit
P-1,2026-03-09,serum_m_protein,31,g/L
P-1,2026-03-09,hemoglobin,9.8,g/dL
"""
"""Rows of the table `labs`."""


class UploadForm(Context, frozen=True, kw_only=True):
    """The form for a file. `tables`: what a file may hold, `example` some rows of one. `mappings`
    are kept from earlier, `mapping` is the one that is chosen; `refusal`: why the last file could
    not be used. `days`: for how long what was read waits to be taken in.
    """

    template: ClassVar[str] = "upload"
    window: ClassVar[str] = "Upload a file"

    endings: tuple[str, ...]
    megabytes: int
    days: int
    tables: tuple[TableShown, ...]
    example: str = EXAMPLE
    mappings: tuple[str, ...] = ()
    mapping: str = ""
    refusal: str = ""


class CellsTyped(Part, frozen=True, kw_only=True):
    """What was typed for a row whose correction was refused, by column."""

    patient: int
    row: int
    cells: dict[str, str]


class TableShown(Part, frozen=True, kw_only=True):
    """A tidy table that a file may be: what its rows are, and the columns that must be filled."""

    name: str
    meaning: str
    needed: tuple[str, ...]
    columns: tuple[str, ...]


class CellToCorrect(Part, frozen=True, kw_only=True):
    """A cell of a row that can be typed anew. `wrong`: it is the one that is told of."""

    column: str
    value: str
    words: tuple[str, ...] = ()
    wrong: bool = False


class ToCorrect(Part, frozen=True, kw_only=True):
    """Something that was left out, or is doubted, with the row in which it can be put right; `row`
    is null where it is about no single row. `again`: its correction was refused, and the cells are
    as they were typed.
    """

    place: str
    value: str
    message: str
    patient: int
    row: int | None
    table: str = ""
    cells: tuple[CellToCorrect, ...] = ()
    again: bool = False


class Corrected(Part, frozen=True, kw_only=True):
    """A cell that was corrected on this page."""

    place: str
    column: str
    old: str
    new: str
    who: str
    at: str


class UploadPatient(Part, frozen=True, kw_only=True):
    """One patient of a file. `not_used`: what was left out, each with its place; `doubted`: what is
    used and should be looked at. `seen`: the version of a patient whom the board knows.
    """

    patient: str
    seen: int | None
    first: str
    missing: tuple[str, ...]
    further: int
    refused: str
    not_used: tuple[ToCorrect, ...]
    doubted: tuple[ToCorrect, ...]
    corrected: tuple[Corrected, ...]
    notes: tuple[ReadIssue, ...]


class UploadPage(Context, frozen=True, kw_only=True):
    """What was read of a file. `state`: `read`, `taken` or `discarded`. `of_file`: issues that
    belong to no patient. `seen`: the mark of the versions of the patients, `mark` that of what was
    read, for the forms. `until`: the day to which it waits to be taken in, empty where that was
    decided. `refusal`: why a correction could not be made.
    """

    template: ClassVar[str] = "uploaded"
    window: ClassVar[str] = "What was read"

    upload: str
    file: str
    state: str
    at: str
    who: str
    patients: tuple[UploadPatient, ...]
    of_file: tuple[ReadIssue, ...]
    answered: int
    seen: str
    mark: str
    until: str
    refusal: str = ""
