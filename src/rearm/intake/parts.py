"""A large input cut into parts by patient, so that each part fits into memory by itself.

Every row of a patient lies in one part, whatever file it came from, and keeps its place in the
input. Which part that is depends on the patient's id and the number of parts alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from rearm.intake.result import Reading
from rearm.knowledge.bundle import Knowledge
from rearm.record import Issue

__all__ = ["PartReader", "Parts", "folder_of_part", "part_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is known once an input is cut: the names of its files, and the issues of no patient."""

    files: tuple[str, ...]
    issues: tuple[Issue, ...] = ()


class PartReader(Protocol):
    """A way in that can be read in parts."""

    def cut(self, source: str | Path, folder: Path, count: int) -> Parts:
        """Writes the rows of `source` (a path, or the address of a database) to `count` folders in
        `folder` (see `folder_of_part`), none
        for a part without patients. Memory does not grow with the number of patients. Raises
        InputError with a sentence where nothing can be read.
        """

    def hashes(self, part: Path) -> Mapping[str, str]:
        """By patient, a hash of the content of all rows in the folder of a part: equal where
        nothing of the patient changed, whatever the order of files and rows.
        """

    def read(
        self,
        part: Path,
        knowledge: Knowledge,
        today: date | None,
        patients: Collection[str] | None = None,
    ) -> Reading:
        """The records of a part, or those of `patients` alone; places are those of the input."""


def part_of(patient_id: str, count: int) -> int:
    """The part (from 0) of a patient: the same in every run and on every machine."""
    digest = hashlib.sha256(patient_id.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % count


def folder_of_part(folder: Path, part: int) -> Path:
    """Where a part lies."""
    return folder / f"part={part:05d}"
