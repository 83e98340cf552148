"""A row that is corrected: the cells as they are typed anew, and what stood there before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from rearm.board.child.rows import Correction, TidyRow
from rearm.board.refusals import NotUsable
from rearm.board.store.utc import now, utc_text
from rearm.characters import first_harmful
from rearm.knowledge import load
from rearm.record import Source

__all__ = ["LONGEST", "cell_text", "corrected_row", "place_of"]

LONGEST = 500
"""Characters of a cell."""


def corrected_row(row: TidyRow, cells: Mapping[str, str], who: str) -> TidyRow:
    """The row with cells typed anew; a blank text clears a cell. Raises NotUsable where nothing is
    changed, or where a text can't stand there.
    """
    columns = load().tidy_tables.tables[row.table].columns.keys() - {"patient_id"}
    if unknown := sorted(cells.keys() - columns):
        raise NotUsable(f"The table {row.table} has no column {unknown[0]}.")
    for column, text in cells.items():
        if len(text) > LONGEST or first_harmful(text) is not None:
            raise NotUsable(f"{column}: a cell takes at most {LONGEST} characters of text.")
    changed = {c: text.strip() for c, text in cells.items() if text.strip() != cell_text(row, c)}
    if not changed:
        raise NotUsable("Nothing was changed. Type the cell anew, or take the file in as it is.")
    kept = {c: value for c, value in row.cells.items() if c not in changed}
    at = utc_text(now())
    return msgspec.structs.replace(
        row,
        cells=kept | {c: text for c, text in changed.items() if text},
        set_aside={c: x for c, x in row.set_aside.items() if c not in changed},
        moments={c: x for c, x in row.moments.items() if c not in changed},
        labels={c: x for c, x in row.labels.items() if c not in changed},
        constants=tuple(c for c in row.constants if c not in changed),
        corrected=(
            *row.corrected,
            *(
                Correction(column=c, old=cell_text(row, c), new=text, who=who, at=at)
                for c, text in changed.items()
            ),
        ),
    )


def place_of(row: TidyRow, column: str) -> str:
    """Where a cell stands in its file; where it has no place of its own, its row."""
    own = row.places.get(column)
    if own is not None:
        return str(Source(*own))
    return str(Source(*Source(row.file, row.where).row)) if row.file else row.place


def cell_text(row: TidyRow, column: str) -> str:
    """What stands in a cell, as text; empty where it is blank."""
    value: Any = row.cells.get(column)
    return "" if value is None else _shown(value)


def _shown(value: Any) -> str:
    """A kept cell as text."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
