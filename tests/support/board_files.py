"""Files for a board: the tables of one invented patient, changed as a test wants them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from tests.support.board import Visitor
from tests.support.places import ROOT

from rearm.board.child.reading import read_file
from rearm.board.store import uploads
from rearm.board.store.tables import FIRST_TENANT

__all__ = ["give_again", "tables_of"]

Rows = list[dict[str, str]]


def tables_of(
    folder: Path, patient: str, change: Mapping[str, Callable[[Rows], Sequence[dict[str, str]]]]
) -> Path:
    """A folder with the tables of one patient; `change` gives the new rows of a table."""
    folder.mkdir()
    for file in sorted((ROOT / "examples" / "tables").glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as opened:
            reader = csv.DictReader(opened)
            names = reader.fieldnames or ()
            rows = [row for row in reader if row["patient_id"] == patient]
        made = change[file.stem](rows) if file.stem in change else rows
        with (folder / file.name).open("w", encoding="utf-8", newline="") as written:
            writer = csv.DictWriter(written, names)
            writer.writeheader()
            writer.writerows(made)
    return folder


def give_again(visitor: Visitor, folder: Path) -> None:
    """Takes in a further version of the patients of a folder, by the page of the upload."""
    read = read_file(folder)
    assert msgspec.json.decode(read)["patients"]
    upload = uploads.keep_read(
        visitor.board.database, FIRST_TENANT, "somebody", "tables.csv", b"x", read
    )
    path = f"/uploads/{upload}"
    answer = visitor.post(f"{path}/take", {"seen": visitor.hidden(path, "seen")})
    assert answer.status_code == 303
