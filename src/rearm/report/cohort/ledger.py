"""What earlier reports of a store were made of, so that no two together show what became of a few.

Two reports whose patients differ by one show what that one adds to every count and curve, however
they are rounded. So a report, or a figure of it, is written only where none of the earlier ones
differs from it in the data of fewer patients than the minimum cell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rearm.errors import InputError
from rearm.files import write_frame, write_text
from rearm.report.cohort.histories import fewest_that_differ

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Days", "Ledger"]

Days = Mapping[str, Sequence[int]]

_FOLDER = "reports"


@dataclass(frozen=True, slots=True)
class Ledger:
    """The reports that were made from a store, in a folder that stays with the patients' data:
    each a Parquet file with `key` (the figure, / and its group), `patient_id` and `row` (what the
    figure shows of the patient). `days`, beside it: by key of a curve the days that it shows; its
    rows are courses (`histories`).
    """

    folder: Path

    @classmethod
    def of_store(cls, store: Path) -> Ledger:
        return cls(store / _FOLDER)

    def too_close(self, now: pl.DataFrame, min_cell: int, days: Days) -> frozenset[str]:
        """The figures of `now` that differ from those of an earlier report in the data of 1 to
        `min_cell` - 1 patients. Raises InputError where an earlier one had another minimum: two
        grains of rounding together are finer than either.
        """
        import polars as pl

        close: set[str] = set()
        for file, before_cell, days_before in self._earlier():
            if before_cell != min_cell:
                raise InputError(
                    f"Earlier reports of this store hide counts below {before_cell}. With another"
                    f" minimum the two together would show more than either: name --min-cell"
                    f" {before_cell}."
                )
            before = pl.read_parquet(file, glob=False)
            differ = _patients_that_differ(before, now, days_before, days)
            close |= {key for key, patients in differ if patients < min_cell}
        return frozenset(close)

    def add(self, shown: pl.DataFrame, min_cell: int, days: Days) -> None:
        """Keeps what a report shows; nothing where an earlier one showed the same."""
        import polars as pl

        shown = shown.sort("key", "patient_id", "row")
        number = 0
        own = set(shown["key"])
        kept = {key: sorted({*of}) for key, of in sorted(days.items()) if key in own}
        for file, _, days_before in self._earlier():
            number = int(file.stem)
            if days_before == kept and pl.read_parquet(file, glob=False).equals(shown):
                return
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{number + 1:05d}.parquet"
        write_frame(file, shown)
        text = json.dumps({"min_cell": min_cell, "days": kept}) + "\n"
        write_text(file.with_suffix(".json"), text)  # last: it makes the file count

    def _earlier(self) -> list[tuple[Path, int, Days]]:
        """The file of each report that is whole, its minimum cell and days, in their order."""
        found: list[tuple[Path, int, Days]] = []
        for note in sorted(self.folder.glob("*.json")):
            file = note.with_suffix(".parquet")
            try:
                read = json.loads(note.read_text(encoding="utf-8"))
                least, days = int(read["min_cell"]), dict(read["days"])
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
            found.append((file, least, days))
        return found


def _patients_that_differ(
    before: pl.DataFrame, now: pl.DataFrame, days_before: Days, days: Days
) -> Iterator[tuple[str, int]]:
    """Key of `now`, and the number of patients in whom it differs from a group of the same figure
    before, with whom it shares some; of a curve, the fewest on a day that either shows. Groups may
    be cut otherwise than then: each is compared with each.
    """
    import polars as pl

    figure = pl.col("key").str.split("/").list.first().alias("figure")
    size_before, size = (dict(x["key"].value_counts().iter_rows()) for x in (before, now))
    both = now.with_columns(figure).join(
        before.with_columns(figure), on=["figure", "patient_id"], suffix="_before"
    )
    pairs = both.group_by("key", "key_before").agg(
        pl.len().alias("common"), (pl.col("row") != pl.col("row_before")).sum().alias("other")
    )
    courses = both.filter(pl.col("key").is_in([*days])).partition_by(
        "key", "key_before", as_dict=True
    )
    for key, key_before, common, other in pairs.iter_rows():
        alone = size[key] + size_before[key_before] - 2 * common
        own = courses.get((key, key_before))
        if own is None:
            differ: int | None = alone + other
        else:
            shown = {*days[key], *days_before.get(key_before, ())}
            differ = fewest_that_differ(own, alone, shown)
        if differ:
            yield key, differ
