"""Sheets, CSV and Parquet files brought to grids of cells; nothing is interpreted here."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Final

import polars as pl

from rearm.characters import first_harmful
from rearm.errors import InputError
from rearm.intake.files.control_characters import clean_grids
from rearm.intake.files.excel import read_workbook
from rearm.intake.files.kinds import TABLE_SUFFIXES, is_table, table_kind
from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem, Grid, Value, decimal_mark
from rearm.record import Issue, Source

__all__ = [
    "SPREADSHEETS_NOT_READ",
    "bundle_files",
    "check_parquet",
    "read_grids",
    "table_files",
]

MAX_BYTES = 2 * 1024**3
_MOST_TIMES = 200  # tables of text are packed to a fiftieth at the best
_LEAST_UNPACKED = 64 * 1024**2
_TEXT_TO_A_NULL = 20  # bytes; UTF-16 without a mark has one in two
_HEAD = 65536  # characters in which the header mostly stands
_DELIMITERS = (";", "\t", "|", ",")
# the first line by which a file tells a spreadsheet program its delimiter
_STATED = re.compile(r"\s*\"?sep=(.)\"?[ ]*(?:\r\n|\r|\n|$)", re.IGNORECASE)
_END: Final = "\ue000end of the file\n"
SPREADSHEETS_NOT_READ = {
    ".xls": "an old Excel file",
    ".xlsb": "a binary Excel file",
    ".ods": "an OpenDocument file",
    ".numbers": "a Numbers file",
    ".txt": "a text file",
}


def table_files(folder: Path) -> list[Path]:
    """The tables in a folder, by name; hidden files and lock files of spreadsheet programs are left
    out.
    """
    return [file for file in _files(folder) if is_table(file)]


def bundle_files(folder: Path) -> list[Path]:
    """The FHIR bundles in a folder, by name; hidden files are left out."""
    return [file for file in _files(folder) if file.suffix.lower() == ".json"]


def _files(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith(("~$", ".")))


def read_grids(path: Path) -> tuple[list[Grid], list[Issue]]:
    """The grids of one file: one per sheet of a workbook, one of a CSV or Parquet file; with what
    was noteworthy in reading them.

    Control characters are replaced, with a note. Raises InputError with a sentence where the file
    is missing, empty, of another type, truncated or too large.
    """
    return _read(path, _suffix_of_table(path))


def _suffix_of_table(path: Path) -> str:
    suffix = table_kind(path)
    if suffix in SPREADSHEETS_NOT_READ:
        raise InputError(
            f"{path.name} is {SPREADSHEETS_NOT_READ[suffix]}, which can't be read. Save it as "
            ".xlsx or CSV."
        )
    if suffix not in TABLE_SUFFIXES:
        raise InputError(
            f"{path.name} is not a readable table. Use .csv, .xlsx or .parquet, FHIR as .json "
            "(a bundle) or .ndjson, or a database of OMOP as .duckdb."
        )
    return suffix


def _read(path: Path, suffix: str) -> tuple[list[Grid], list[Issue]]:
    try:
        with path.open("rb") as file:
            head = file.read(8)
        size = path.stat().st_size
    except OSError as error:
        raise InputError(f"{path.name} can't be read: {error.strerror or error}.") from error
    if size == 0:
        raise InputError(f"{path.name} is empty (0 bytes). Export it again.")
    if size > MAX_BYTES:
        raise InputError(
            f"{path.name} is {size / 2**30:.1f} GiB, and files are read up to "
            f"{MAX_BYTES // 2**30} GiB. Split it by patient."
        )
    if suffix in (".xlsx", ".xlsm"):
        if head[:4] == b"\xd0\xcf\x11\xe0":
            raise InputError(
                f"{path.name} is password-protected, or is an old .xls file under another name. "
                "Save it as .xlsx without a password."
            )
        if head[:2] != b"PK":
            raise InputError(
                f"{path.name} is named like an Excel workbook but is not one. Use the workbook "
                "itself, or rename the file to match its type."
            )
        grids, issues = read_workbook(path)
        return grids, [*issues, *clean_grids(grids, path.name)]
    if suffix == ".parquet":
        grids = [_parquet(path)]
        return grids, clean_grids(grids, path.name)
    return _csv(path)


def check_parquet(path: Path) -> list[str]:
    """The names of a Parquet file's columns. Raises InputError with a sentence where the file is
    none, is damaged, or a cell may hold several values.
    """
    with path.open("rb") as file:
        head = file.read(4)
    if head != b"PAR1":
        raise InputError(
            f"{path.name} is named like a Parquet file but is not one. Export it again, or "
            "rename the file to match its type."
        )
    try:
        schema = pl.read_parquet_schema(path)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # compiled reader: its panics do not derive from Exception
        raise _damaged(path, error) from None
    nested = [
        name for name, kind in schema.items() if kind.is_nested() or kind in (pl.Binary, pl.Object)
    ]
    if nested:
        raise InputError(
            f"{path.name}: the column {nested[0]} contains nested or binary values. Each cell "
            "must hold a single value."
        )
    return list(schema)


def _damaged(path: Path, error: BaseException) -> InputError:
    return InputError(
        f"{path.name} is damaged or truncated ({str(error).splitlines()[0][:120]}). Export it"
        " again."
    )


def _parquet(path: Path) -> Grid:
    check_parquet(path)
    try:
        frame = pl.read_parquet(path, hive_partitioning=False, glob=False)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # compiled reader: its panics do not derive from Exception
        raise _damaged(path, error) from None
    decimals = [name for name, kind in frame.schema.items() if kind.is_decimal()]
    frame = frame.with_columns(pl.col(decimals).cast(pl.Float64)) if decimals else frame
    rows: list[list[Value]] = [list(frame.columns), *(list(r) for r in frame.iter_rows())]
    return Grid(path.name, None, rows)


class _Texts(dict[str, str | None]):
    """Texts of cells, each held once; a blank is None."""

    def __missing__(self, text: str) -> str | None:
        found = self[text] = text if text.strip() else None
        return found


def _csv(path: Path) -> tuple[list[Grid], list[Issue]]:
    issues: list[Issue] = []
    text = _decoded(_bytes_of(path), path, issues)
    stated = _STATED.match(text)
    delimiter = _delimiter(text) if stated is None else stated[1]
    texts = _Texts()
    rows: list[list[Value]] = []
    # lines of bytes: a StringIO would hold four bytes for every character of the file
    start, above = (0, 0) if stated is None else (stated.end(), 1)  # rows are counted in the file
    lines = io.TextIOWrapper(io.BytesIO(text[start:].encode()), encoding="utf-8", newline="")
    del text
    records = csv.reader(chain(lines, [_END]), delimiter=delimiter, strict=False)
    try:
        rows.extend([*map(texts.__getitem__, record)] for record in records)
    except csv.Error as error:
        raise InputError(
            f"{path.name}: row {above + len(rows) + 1} can't be read ({error}). Check the quotation"
            " marks there."
        ) from error
    if rows.pop() != [_END.rstrip()]:
        raise InputError(_open_quotation(path.name, above + len(rows) + 1))
    del texts[_END.rstrip()]
    if swallowed := _row_with_rows(rows, texts, delimiter):
        raise InputError(_open_quotation(path.name, above + swallowed))
    if not any(texts.values()):
        raise InputError(f"{path.name} is an empty table. Export it again.")
    mark = decimal_mark([texts.values()], by_delimiter=delimiter == ";")
    grids = [Grid(path.name, None, rows, first_row=1 + above, decimal=mark)]
    if any(map(first_harmful, texts)):
        issues.extend(clean_grids(grids, path.name))
    return grids, issues


def _bytes_of(path: Path) -> bytes:
    """What a text file holds, unpacked. A file that unpacks to far more than any table would is
    refused before it fills the memory.
    """
    if path.suffix.lower() != ".gz":
        return path.read_bytes()
    most = min(MAX_BYTES, max(_LEAST_UNPACKED, _MOST_TIMES * path.stat().st_size))
    try:
        with gzip.open(path) as file:
            content = file.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path.name} is damaged or truncated ({error}). Export it again."
        ) from None
    if len(content) > most:
        raise InputError(
            f"{path.name} unpacks to more than {most // 2**20} MiB, which no table of its size "
            "does. Unpack it yourself and look at it first."
        )
    if not content:
        raise InputError(f"{path.name} is empty. Export it again.")
    return content


def _open_quotation(file: str, row: int) -> str:
    return (
        f"{file}: a quotation mark opened in row {row} swallows the rows below it. Close or "
        "remove it."
    )


def _row_with_rows(rows: Sequence[Sequence[Value]], texts: _Texts, delimiter: str) -> int | None:
    """The number (from 1) of the first row of which a cell holds whole rows of the table: lines
    with as many delimiters as the header. Two columns are too few to tell a row from a sentence.
    """
    odd = {t for t in texts if "\n" in t and delimiter in t.partition("\n")[2]}
    if not odd:
        return None
    width = next(len(row) for row in rows if any(cell is not None for cell in row))
    for number, row in enumerate(rows, 1) if width > 2 else ():
        for place, cell in enumerate(row):
            if isinstance(cell, str) and cell in odd:
                counts = [line.count(delimiter) for line in cell.splitlines()[1:]]
                counts[-1] += len(row) - 1 - place if counts[-1] else 0
                if any(count >= width - 1 for count in counts):
                    return number
    return None


def _is_no_text(raw: bytes) -> bool:
    """Whether NUL bytes tell that this is no text. A few of them among text are the slip of a cell,
    which is told where it stands.
    """
    nulls = raw.count(0)
    others = any(byte < 32 and byte not in b"\x00\t\n\r" for byte in set(raw)) if nulls else False
    return others or nulls * _TEXT_TO_A_NULL > len(raw)


def _decoded(raw: bytes, path: Path, issues: list[Issue]) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{path.name} is damaged: it starts as UTF-16 text but does not continue so. "
                "Export it as UTF-8."
            ) from error
    if _is_no_text(raw):
        raise InputError(f"{path.name} is named like a text file but is not one. Use a CSV file.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        sentence = (
            "The file is not UTF-8. It was read as Windows-1252 (Western European); check "
            "umlauts and µ."
        )
        problem = CellProblem("note", "encoding_guessed", sentence, "used")
        issues.append(issue_at(Source(path.name, ""), problem))
        return raw.decode("cp1252", errors="replace")


def _delimiter(text: str) -> str:
    """The delimiter of the header: the candidate that stands there most often outside quotation
    marks.
    """
    lines = (line for part in (text[:_HEAD], text) for line in part.splitlines())
    header = next((line for line in lines if line.strip()), "")
    outside = "".join(part for i, part in enumerate(header.split('"')) if i % 2 == 0)
    return max(_DELIMITERS, key=lambda d: (outside.count(d), d == ","))
