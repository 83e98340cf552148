"""Random ids for patients, and the key that leads back from them, in a file apart."""

from __future__ import annotations

import csv
import io
import os
import secrets
import tempfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from rearm.errors import InputError

__all__ = ["NewId", "apart", "new_ids", "read_key", "write_key"]

_HEADER = ["patient_id", "new_id", "salt"]
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is taken for another
_LENGTH = 12


class NewId(NamedTuple):
    """The id of a patient in an export, and the salt that intervals are widened by (see `Blur`)."""

    id: str
    salt: str


def new_ids(patients: Iterable[str], known: Mapping[str, NewId]) -> dict[str, NewId]:
    """An id for each patient that says nothing of him; those of `known` stay."""
    taken = {one.id for one in known.values()}
    found: dict[str, NewId] = {}
    for patient in patients:
        found[patient] = known.get(patient) or NewId(_unused(taken), secrets.token_hex(16))
        taken.add(found[patient].id)
    return found


def _unused(taken: Collection[str]) -> str:
    while True:
        new = "R" + "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        if new not in taken:
            return new


def apart(key: Path, *folders: Path) -> None:
    """Raises InputError where the key would lie in one of the folders, or in one below it."""
    real = key.resolve()
    for folder in folders:
        inside = any(_same(parent, folder.resolve()) for parent in (real, *real.parents))
        if inside:
            raise InputError(
                f"The key {key} would lie in {folder}. Who gets that folder would know who the "
                "patients are. Name a file elsewhere."
            )


def _same(one: Path, other: Path) -> bool:
    """Whether two paths are one folder, on a disk that does not tell upper from lower case too."""
    try:
        return one == other or one.samefile(other)
    except OSError:
        return False


def read_key(file: Path) -> dict[str, NewId]:
    """The ids of an earlier export; none where there is no such file. Raises InputError where it is
    something else.
    """
    if not file.exists():
        return {}
    try:
        rows = list(csv.reader(io.StringIO(file.read_text("utf-8"), newline="")))
    except (UnicodeDecodeError, csv.Error):
        rows = []
    found = {row[0]: NewId(row[1], row[2]) for row in rows[1:] if len(row) == 3 and all(row)}
    whole = rows[:1] == [_HEADER] and len(found) == len(rows) - 1
    if not whole or len({one.id for one in found.values()}) != len(found):
        raise InputError(
            f"{file} is no key of an earlier export, or it is damaged. Name another file for the "
            "key; nothing was overwritten."
        )
    return found


def write_key(file: Path, ids: Mapping[str, NewId]) -> None:
    """Writes the key whole or not at all, readable by its user alone."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".rearm-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as open_file:
            writer = csv.writer(open_file)
            writer.writerow(_HEADER)
            writer.writerows((patient, *new) for patient, new in sorted(ids.items()))
        Path(name).replace(file)
    finally:
        Path(name).unlink(missing_ok=True)
