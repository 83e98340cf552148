"""The rows of one invented patient as they are drawn: one generator a patient, so that the first N
patients are the same whatever the number of all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any, TypeVar

from rearm.demo import rates

__all__ = ["Chart", "Row", "Tables", "patient_id"]

Row = dict[str, Any]
Tables = dict[str, list[Row]]
Choice = TypeVar("Choice")

_FIRST_DAYS = ("day", "start_day")


def patient_id(number: int) -> str:
    """The id of the patient with this number, from 0."""
    return f"DEMO-{number + 1:06d}"


class Chart:
    """Draws and rows of one patient. `end`: the last day of follow-up; what would happen later is
    not recorded.
    """

    __slots__ = ("draw", "end", "id", "tables")

    def __init__(self, number: int, seed: int) -> None:
        self.id = patient_id(number)
        self.draw = Random(f"{seed}:{number}")  # of a text: the same on every machine and version
        self.tables: Tables = {"patients": []}
        self.end = 0

    # ------------------------------------------------------------ draws

    def chance(self, share: float) -> bool:
        return self.draw.random() < share

    def pick(self, shares: Mapping[Choice, float]) -> Choice:
        """One of the keys, by their shares."""
        at = self.draw.random() * sum(shares.values())
        for choice, share in shares.items():
            at -= share
            if at < 0:
                return choice
        return choice

    def between(self, bounds: tuple[float, float]) -> float:
        return self.draw.uniform(*bounds)

    def day_between(self, bounds: tuple[int, int]) -> int:
        return self.draw.randint(*bounds)

    def around(self, median: float, spread: float) -> float:
        """A number about the median, its logarithm spread normally."""
        return median * math.exp(self.draw.gauss(0.0, spread))

    def waited(self, median: float, shape: float = 1.0) -> int:
        """Days to an event of this median (Weibull), one at least."""
        scale = median / math.log(2.0) ** (1.0 / shape)
        return max(1, round(self.draw.weibullvariate(scale, shape)))

    def measured(self, value: float) -> float:
        """A value as a laboratory finds it."""
        return max(0.0, value * self.draw.gauss(1.0, rates.MEASURING_ERROR))

    # ------------------------------------------------------------ rows

    def row(self, table: str, **cells: Any) -> None:
        """A row, unless its day lies behind the end of follow-up."""
        for column in _FIRST_DAYS:
            if cells.get(column, self.end) > self.end:
                return
        self.tables.setdefault(table, []).append({"patient_id": self.id, **cells})

    def lab(self, day: int, test: str, value: float | str, unit: str = "", **more: Any) -> None:
        """A result; a number is rounded as laboratories do."""
        if day > self.end:
            return
        text = value if isinstance(value, str) else _rounded(value)
        row = {"patient_id": self.id, "day": day, "test": test, "value": text, "unit": unit}
        self.tables.setdefault("labs", []).append({**row, **more})

    def fact(self, day: int, finding: str, value: str, by: str = "clinician") -> None:
        self.row("facts", day=day, finding=finding, value=value, by=by)

    def condition(self, day: int, condition: str, status: str, **more: Any) -> None:
        self.row("conditions", day=day, condition=condition, status=status, **more)

    def toxicity(self, day: int, toxicity: str, grade: int, end_day: int | None = None) -> None:
        ongoing = end_day is None or end_day > self.end
        ended = {} if ongoing or grade == 0 else {"end_day": end_day}
        self.row("toxicities", day=day, toxicity=toxicity, grade=grade, **ended)

    def therapy(self, start: int, end: int | None, regimen: str, **more: Any) -> None:
        """A treatment period; one that goes on at the end of follow-up has no last day."""
        ended = {} if end is None or end > self.end else {"end_day": end}
        self.row("therapies", start_day=start, regimen=regimen, **ended, **more)


def _rounded(value: float) -> str:
    """Three figures, no more than two decimals."""
    if value >= 100:
        return str(round(value))
    text = f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return text.rstrip("0").rstrip(".")
