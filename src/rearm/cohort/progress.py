"""Which patients of a folder are done, so that a run that was killed goes on where it ended.

One line of JSON a patient is added when his files are whole; the last line for a patient counts,
and a line that was cut off by the kill is no line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

import msgspec

from rearm.files import write_text

__all__ = ["NAME", "Done", "Progress", "hash_of"]

NAME = ".rearm-run.jsonl"


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A patient whose files are whole. `files`: a hash of each file by the ending of its name;
    `row` is what the table of patients shows.
    """

    patient_id: str
    name: str
    fingerprint: str
    files: dict[str, str]
    row: tuple[str, ...]


def hash_of(path: Path) -> str | None:
    """A hash of the file's content; None where there is no such file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


class Progress:
    """The record of a run in its folder. `before`: what an earlier run had done."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self.before: dict[str, Done] = {}
        if self._path.is_file():
            for line in self._path.read_bytes().splitlines():
                try:
                    done = msgspec.json.decode(line, type=Done)
                except msgspec.MsgspecError:
                    continue
                self.before[done.patient_id] = done
        self._file: TextIO | None = None

    def add(self, patients: Iterable[Done]) -> None:
        """Puts down patients whose files are whole."""
        if self._file is None:
            self._file = self._path.open("a", encoding="utf-8", newline="\n")
            self._file.write("\n")  # after a line that was cut off
        for done in patients:
            self._file.write(msgspec.json.encode(done).decode("utf-8") + "\n")
        self._file.flush()

    def finish(self, patients: Iterable[Done]) -> None:
        """Puts down what the finished run holds, and nothing else."""
        if self._file is not None:
            self._file.close()
            self._file = None
        lines = (msgspec.json.encode(done).decode("utf-8") + "\n" for done in patients)
        write_text(self._path, "".join(lines))
