"""A small REDCap project of a centre: its data dictionary and an export, from short CSV texts."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rearm.intake import Reading, read
from rearm.intake.redcap.dictionary import COLUMNS, read_dictionary
from rearm.intake.redcap.draft import drafted
from rearm.intake.redcap.export import read_export
from rearm.knowledge.bundle import bundled
from rearm.record import Issue

# the columns of a dictionary that a test writes, by short names
SHORT = {
    "field": COLUMNS[0],
    "form": COLUMNS[1],
    "type": COLUMNS[3],
    "label": COLUMNS[4],
    "choices": COLUMNS[5],
    "note": COLUMNS[6],
    "check": COLUMNS[7],
    "id": COLUMNS[10],
}


@dataclass(frozen=True)
class Project:
    """The two files of a project."""

    export: Path
    dictionary: Path

    def read(self) -> Reading:
        return read(self.export, redcap=self.dictionary, today=date(2026, 1, 1))

    def draft(self) -> str:
        return drafted(read_export(self.export, read_dictionary(self.dictionary)), bundled())

    def issues(self, code: str) -> list[Issue]:
        return [issue for issue in self.read().all_issues() if issue.code == code]

    def read_by(self, mapping: str) -> Reading:
        """Read by a draft that somebody has completed."""
        target = self.export.parent / "completed.toml"
        target.write_text(mapping, "utf-8")
        return read(self.export, target, today=date(2026, 1, 1))


def project(folder: Path, dictionary: str, export: str) -> Project:
    """A project from CSV texts; the dictionary under short names, with ` / ` between choices."""
    rows = csv.DictReader(io.StringIO(_plain(dictionary)))
    with (folder / "dictionary.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for row in rows:
            full = {SHORT[name]: value or "" for name, value in row.items()}
            full[COLUMNS[5]] = full.get(COLUMNS[5], "").replace(" / ", " | ").replace("=", ", ")
            writer.writerow(full)
    (folder / "export.csv").write_text(_plain(export), "utf-8")
    return Project(folder / "export.csv", folder / "dictionary.csv")


def _plain(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines()) + "\n"
