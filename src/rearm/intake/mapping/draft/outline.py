"""What was recognised in one sheet, and what stands in its columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rearm.intake.days import is_dated
from rearm.intake.dictionary import load_tables
from rearm.intake.mapping.draft.data_dictionary import CodedField
from rearm.intake.rows import Grid, Value
from rearm.intake.values import not_done, text
from rearm.knowledge.lab_tests import TestDef
from rearm.knowledge.tidy_tables import folded

__all__ = ["SheetOutline"]

_ENOUGH = 0.5  # of the cells of a column, so that it is one of such cells


@dataclass(slots=True, kw_only=True)
class SheetOutline:
    """What was recognised in one sheet."""

    grid: Grid
    header: int
    columns: dict[str, int]
    id_header: str
    day_header: str | None = None
    day_guessed: bool = False
    person: dict[str, str] = field(default_factory=dict)
    tests: dict[str, tuple[TestDef, str | None]] = field(default_factory=dict)
    wide: dict[tuple[str, str, str | None], list[str]] = field(
        default_factory=dict
    )  # (stem, test, unit): headers
    regimens: dict[str, list[str]] = field(default_factory=dict)
    infusion: dict[str, str] = field(default_factory=dict)
    therapy: dict[str, str] = field(default_factory=dict)
    long_labs: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)  # header of a test: that of its unit
    progression: str | None = None
    death: str | None = None
    episodes: dict[str, str] = field(default_factory=dict)  # toxicity: header of its grade
    protein: str | None = None
    variants: dict[str, tuple[str, str]] = field(default_factory=dict)  # header: (locus, kind)
    status: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    fields: Mapping[str, CodedField] = field(default_factory=dict)

    def called(self, header: str) -> str:
        """What a column is called where its own name is a code of a data dictionary."""
        coded = self.fields.get(header)
        return header if coded is None else coded.label

    def cells(self, header: str) -> list[Value]:
        """What stands in a column, without what is blank or was not done."""
        index = self.columns[header]
        cells = [row[index] for row in self.grid.rows[self.header + 1 :] if index < len(row)]
        return [c for c in cells if c is not None and not not_done(c)]

    def meanings(self, header: str) -> list[str]:
        """The cells of a column, or what their codes mean."""
        coded = self.fields.get(header)
        choices = coded.choices if coded is not None else {}
        return [choices.get(text(c), text(c)) for c in self.cells(header)]

    def holds_dates(self, header: str) -> bool:
        """Whether most cells of a column are dates."""
        return _mostly(is_dated(cell) for cell in self.cells(header))

    def mentions(self, header: str, pattern: str) -> bool:
        """Whether most cells of a column, or the meanings of its codes, hold the pattern."""
        return _mostly(re.search(pattern, cell) for cell in self.meanings(header))

    def holds_words(self, header: str, table: str, column: str) -> bool:
        """Whether most cells, or what their codes mean, are words of that column of a tidy
        table.
        """
        spellings = load_tables()[table].columns[column].spellings
        return _mostly(folded(cell) in spellings for cell in self.meanings(header))


def _mostly(holds: Iterable[object]) -> bool:
    answers = [bool(one) for one in holds]
    return bool(answers) and sum(answers) >= _ENOUGH * len(answers)
