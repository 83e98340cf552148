"""What earlier reports of a store were made of, so that no two together show what became of a few.

Two reports whose patients differ by one show what that one adds to every count and curve, however
they are rounded. So a report, or a figure of it, is written only where none of the earlier ones
differs from it in the data of fewer patients than the minimum cell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rearm.errors import InputError
from rearm.files import write_frame, write_text

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Ledger"]

_FOLDER = "reports"


@dataclass(frozen=True, slots=True)
class Ledger:
    """The reports that were made from a store, in a folder that stays with the patients' data:
    each a Parquet file with `key` (the figure, / and its group), `patient_id` and `row` (what the
    figure shows of the patient, or a hash of it).
    """

    folder: Path

    @classmethod
    def of_store(cls, store: Path) -> Ledger:
        return cls(store / _FOLDER)

    def too_close(self, now: pl.DataFrame, min_cell: int) -> frozenset[str]:
        """The figures of `now` that differ from those of an earlier report in the data of 1 to
        `min_cell` - 1 patients. Raises InputError where an earlier one had another minimum: two
        grains of rounding together are finer than either.
        """
        import polars as pl

        close: set[str] = set()
        for file, before_cell in self._earlier():
            if before_cell != min_cell:
                raise InputError(
                    f"Earlier reports of this store hide counts below {before_cell}. With another"
                    f" minimum the two together would show more than either: name --min-cell"
                    f" {before_cell}."
                )
            before = pl.read_parquet(file, glob=False)
            differ = _patients_that_differ(before, now)
            close |= {key for key, patients in differ.items() if patients < min_cell}
        return frozenset(close)

    def add(self, shown: pl.DataFrame, min_cell: int) -> None:
        """Keeps what a report shows; nothing where an earlier one showed the same."""
        import polars as pl

        shown = shown.sort("key", "patient_id", "row")
        number = 0
        for file, _ in self._earlier():
            number = int(file.stem)
            if pl.read_parquet(file, glob=False).equals(shown):
                return
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{number + 1:05d}.parquet"
        write_frame(file, shown)
        text = json.dumps({"min_cell": min_cell}) + "\n"
        write_text(file.with_suffix(".json"), text)  # last: it makes the file count

    def _earlier(self) -> list[tuple[Path, int]]:
        """The file of each report that is whole, with its minimum cell, in their order."""
        found = []
        for note in sorted(self.folder.glob("*.json")):
            file = note.with_suffix(".parquet")
            try:
                least = int(json.loads(note.read_text(encoding="utf-8"))["min_cell"])
            except (OSError, ValueError, KeyError, TypeError):
                raise InputError(
                    f"{note} is damaged, so what earlier reports showed is not known. Put it back"
                    " from a copy."
                ) from None
            if not file.is_file():
                raise InputError(
                    f"{file} is missing, so what an earlier report showed is not known. Put it back"
                    " from a copy."
                )
            found.append((file, least))
        return found


def _patients_that_differ(before: pl.DataFrame, now: pl.DataFrame) -> Mapping[str, int]:
    """By key of `now`: the fewest patients in whom it differs from a group of the same figure
    before, with whom it shares some. Groups may be cut otherwise than then: each is compared with
    each.
    """
    import polars as pl

    figure = pl.col("key").str.split("/").list.first().alias("figure")
    sizes = [frame.group_by("key").agg(pl.len().alias("n")) for frame in (before, now)]
    both = now.with_columns(figure).join(
        before.with_columns(figure), on=["figure", "patient_id"], suffix="_before"
    )
    pairs = (
        both.group_by("key", "key_before")
        .agg(
            pl.len().alias("common"),
            (pl.col("row") == pl.col("row_before")).sum().alias("same"),
        )
        .join(sizes[1], on="key")
        .join(sizes[0].rename({"key": "key_before", "n": "n_before"}), on="key_before")
        .with_columns(
            differ=pl.col("n").cast(pl.Int64)
            + pl.col("n_before")
            - pl.col("common")
            - pl.col("same")
        )
        .filter(pl.col("differ") > 0)
    )
    return dict(pairs.group_by("key").agg(pl.col("differ").min()).iter_rows())
