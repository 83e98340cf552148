"""A record with one datum less, or less exact: what real records look like beside tidy ones.

Each change leaves the rest as it is: a row or a cell taken away, a day blurred to its month, to an
order word or to nothing, a number to its bound or to a word, a method, specimen or fraction gone.
Rows of patients and infusions are kept apart: without them another question is asked.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

__all__ = ["Change", "Thinned", "changes", "some_changes", "thinned"]

Tables = dict[str, list[dict[str, Any]]]
Change = Literal[
    "row_away",
    "cell_away",
    "day_to_month",
    "day_to_order",
    "day_away",
    "number_to_bound",
]
_DAYS = ("day", "start_day", "end_day")
# What identifies a row or the patient stays; a row without it is another row, or none.
_KEPT = frozenset({"patient_id", "day_zero", "test", "condition", "toxicity", "gene", "finding"})
# Without its unit a number says nothing, and the row is as good as gone; without its line the rows
# of a line fall apart, which is a matter of the count alone.
_TABLES = ("labs", "assessments", "variants", "imaging", "toxicities", "conditions", "facts",
           "therapies", "deaths")  # fmt: skip


@dataclass(frozen=True)
class Thinned:
    """Where, what, and the thinner tables."""

    change: Change
    table: str
    row: int
    column: str
    tables: Tables

    @property
    def without_trace(self) -> bool:
        """Is a row gone as if it had never been, or what places it, or an end?"""
        blank = self.change == "cell_away" and self.column == "value"
        unplaced = self.column in _DAYS and not self.tables[self.table][self.row][self.column]
        return blank or unplaced or self.change == "row_away"

    @property
    def told(self) -> str:
        return f"{self.change} {self.table} row {self.row + 2} {self.column}".rstrip()


def changes(tables: Tables) -> list[tuple[Change, str, int, str]]:
    """Every single change that the tables allow."""
    found: list[tuple[Change, str, int, str]] = []
    for table in _TABLES:
        for number, row in enumerate(tables.get(table, [])):
            found.append(("row_away", table, number, ""))
            for column, value in row.items():
                if value in (None, "") or column in _KEPT:
                    continue
                if column not in _DAYS:
                    found.append(("cell_away", table, number, column))
                if column in _DAYS:
                    found.append(("day_away", table, number, column))
                if column in _DAYS and _whole(value):
                    found.append(("day_to_month", table, number, column))
                    found.append(("day_to_order", table, number, column))
                if table == "labs" and column == "value" and _number(value):
                    found.append(("number_to_bound", table, number, column))
    return found


def thinned(tables: Tables, chosen: tuple[Change, str, int, str]) -> Thinned:
    change, table, number, column = chosen
    rows = [dict(row) for row in tables[table]]
    if change == "row_away":
        del rows[number]
    else:
        rows[number][column] = _less(change, rows[number][column], tables)
    return Thinned(
        change=change, table=table, row=number, column=column, tables={**tables, table: rows}
    )


def some_changes(tables: Tables, number: int, seed: int) -> Iterator[Thinned]:
    """`number` changes of the tables, each kind as often as the others."""
    draw = random.Random(seed)
    by_kind: dict[str, list[tuple[Change, str, int, str]]] = {}
    for change in changes(tables):
        by_kind.setdefault(change[0], []).append(change)
    for at in range(number):
        kind = sorted(by_kind)[at % len(by_kind)]
        yield thinned(tables, draw.choice(by_kind[kind]))


def _less(change: Change, value: Any, tables: Tables) -> str:
    if change in ("cell_away", "day_away"):
        return ""
    if change == "number_to_bound":
        # the true number lies within the bound
        return f"<{float(value) * 1.5 + 0.1:.3g}"
    day = int(float(value))
    if change == "day_to_order":
        return "after infusion" if day > _infusion(tables) else "before infusion"
    return _month(day, tables)


def _month(day: int, tables: Tables) -> str:
    zero = tables["patients"][0].get("day_zero")
    if not zero:
        return ""
    return (date.fromisoformat(str(zero)) + timedelta(days=day)).strftime("%Y-%m")


def _infusion(tables: Tables) -> int:
    days = [int(float(r["day"])) for r in tables.get("infusions", []) if _whole(r.get("day"))]
    return min(days, default=0)


def _whole(value: Any) -> bool:
    try:
        return float(value) == int(float(value))
    except (TypeError, ValueError):
        return False


def _number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
