"""What lies in a folder and is not read: each file and each folder is told, so that nothing is left
out without a word.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterator
from pathlib import Path

from rearm.intake.files.kinds import TABLE_SUFFIXES, table_kind, table_name
from rearm.intake.files.read import SPREADSHEETS_NOT_READ
from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.record import Issue, Severity, Source

__all__ = ["ignored", "nothing_but", "unread_in"]

# Files of these kinds may hold patients; others (a letter, a picture, a mapping) are only named.
_DATA = frozenset(
    (
        *TABLE_SUFFIXES, *SPREADSHEETS_NOT_READ, ".json", ".ndjson", ".jsonl", ".xml", ".gz",
        ".zip", ".bz2", ".xz", ".zst", ".7z", ".tar", ".tgz", ".sas7bdat", ".xpt", ".sav", ".dta",
        ".rds", ".rdata", ".feather", ".arrow", ".avro", ".dat", ".tab", ".db", ".sqlite",
        ".mdb", ".accdb", ".dbf",
    )
)  # fmt: skip
_OWN = ("columns.md",)  # that `rearm template` writes
_NAMED = 5  # in a sentence


def ignored(name: str, patterns: Collection[str]) -> bool:
    """Whether somebody said that a file or sheet is left out on purpose."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def unread_in(
    folder: Path, read: Collection[str], *, ignore: Collection[str] = ()
) -> Iterator[Issue]:
    """An issue for each file and each folder that is not among those `read` (or told of already),
    by name. Hidden and lock files are left out, as `ignore` is.
    """
    stems = {table_name(name) for name in read}
    for path in _entries(folder):
        if path.name in read or path.name in _OWN or ignored(path.name, ignore):
            continue
        if path.is_dir():
            sentence = (
                f"{path.name} is a folder. Its files are not read. Move them up, or name the "
                "folder itself."
            )
            may_matter = any(path.iterdir()) or path.suffix.lower() in _DATA
            severity: Severity = "warning" if may_matter else "note"
            problem = CellProblem(severity, "folder_not_read", sentence)
        elif table_kind(path) in SPREADSHEETS_NOT_READ and path.stem in stems:
            sentence = f"{path.name} is not read, because a table of the same name is read instead."
            problem = CellProblem("note", "file_not_read", sentence)
        elif path.suffix.lower() in _DATA and not path.is_file():
            sentence = (
                f"{path.name} can't be read: it is a link that leads nowhere, or no file. Put the "
                "file itself there."
            )
            problem = CellProblem("error", "file_unreadable", sentence, "refused")
        elif path.suffix.lower() in _DATA:
            sentence = f"{path.name} is not read{_why_not(path)}."
            problem = CellProblem("warning", "file_not_read", sentence)
        else:
            sentence = f"{path.name} is neither a table nor a bundle. It is not read."
            problem = CellProblem("note", "file_not_read", sentence)
        yield issue_at(Source(path.name, ""), problem)


def _why_not(path: Path) -> str:
    suffix = table_kind(path)
    if suffix in SPREADSHEETS_NOT_READ:
        return f": it is {SPREADSHEETS_NOT_READ[suffix]}. Save it as .xlsx or CSV"
    if suffix in TABLE_SUFFIXES:
        return ": its content is unknown"
    if suffix == ".json":
        return ": FHIR bundles must be named by their own path"
    return f" ({suffix}). Use .csv, .xlsx or .parquet for tables, or .json for FHIR bundles"


def nothing_but(folder: Path) -> str:
    """What lies in a folder in which nothing can be read, as a sentence; empty where nothing
    does.
    """
    there = [f"{p.name}/" if p.is_dir() else p.name for p in _entries(folder)]
    if not there:
        return ""
    more = f" and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
    inside = " Folders in it are not searched. Name one of them." if "/" in "".join(there) else ""
    return f" It contains {', '.join(there[:_NAMED])}{more}, which are not read.{inside}"


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith(("~$", ".")))
