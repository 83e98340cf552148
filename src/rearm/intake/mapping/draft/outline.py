"""What was recognised in one sheet, and what stands in its columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rearm.intake.days import SlashedOrder, is_dated, slashed_order
from rearm.intake.dictionary import load_tables
from rearm.intake.mapping.draft.data_dictionary import CodedField
from rearm.intake.rows import Grid, Value
from rearm.intake.values import Refused, not_done, number, text
from rearm.knowledge.lab_tests import TestDef
from rearm.knowledge.tidy_tables import folded

__all__ = ["SheetOutline"]

_MOST_CODES = 6  # more are a number, no code
_YES = re.compile(
    r"(?i)yes|ja|y|j|x|true|wahr|verstorben|tot|dead|deceased|died|progress|progression|pd"
)
_ANSWER = re.compile(
    rf"(?i)(?:{_YES.pattern[4:]}|no|nein|n|false|falsch|alive|lebt|lebend|unknown|unbekannt|[0-9]"
    r"|99)"
)
_ENOUGH = 0.5  # of the cells of a column, so that it is one of such cells


@dataclass(slots=True, kw_only=True)
class SheetOutline:
    """What was recognised in one sheet."""

    grid: Grid
    header: int
    columns: dict[str, int]
    id_header: str
    groups: int | None = None  # the row of the groups above the header
    plain: Mapping[str, str] = field(default_factory=dict)  # headers without their group
    unnamed: list[int] = field(default_factory=list)  # columns with cells and without a header
    twice: dict[str, int] = field(default_factory=dict)  # header: how often it stands there
    day_header: str | None = None
    day_guessed: bool = False
    person: dict[str, str] = field(default_factory=dict)
    tests: dict[str, tuple[TestDef, str | None]] = field(default_factory=dict)
    wide: dict[tuple[str, str, str | None], list[str]] = field(
        default_factory=dict
    )  # (stem, test, unit): headers
    anchored: dict[str, tuple[TestDef, str | None, str]] = field(
        default_factory=dict
    )  # header: (test, unit, when)
    specimen: str | None = None  # of the tests that stand in columns
    regimens: dict[str, list[str]] = field(default_factory=dict)
    line_parts: dict[str, tuple[str, str, list[str]]] = field(
        default_factory=dict
    )  # column of therapies: (header before the number of the line, behind it, headers)
    infusion: dict[str, str] = field(default_factory=dict)
    therapy: dict[str, str] = field(default_factory=dict)
    long_labs: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)  # header of a test: that of its unit
    progression: str | None = None  # the day
    progressed: str | None = None  # whether there was one, as a code
    death: str | None = None  # the day
    dead: str | None = None  # whether the patient is, as a code
    notes: list[str] = field(default_factory=list)  # what the person must look at
    episodes: dict[str, str] = field(default_factory=dict)  # toxicity: header of its grade
    protein: str | None = None
    variants: dict[str, tuple[str, str]] = field(default_factory=dict)  # header: (locus, kind)
    status: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    fields: Mapping[str, CodedField] = field(default_factory=dict)
    conditions: Sequence[str] = ()  # texts of conditions under which its rows are read

    def called(self, header: str) -> tuple[str, ...]:
        """What a column is called: by its name, by its header where no other group has the same,
        by the label of a data dictionary.
        """
        coded = self.fields.get(header)
        label = () if coded is None else (*filter(None, (coded.name,)), coded.label)
        own = self.plain.get(header, header)
        alone = sum(name == own for name in self.plain.values()) < 2
        return tuple(dict.fromkeys((header, *((own,) if alone else ()), *label)))

    def label(self, header: str) -> str:
        """The label of a data dictionary, else the name."""
        return self.called(header)[-1] if header in self.fields else header

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
        """Whether most cells of a column are dates, or a data dictionary lets in nothing else."""
        coded = self.fields.get(header)
        if coded is not None and coded.dated:
            return True
        return _mostly(
            is_dated(cell) or (isinstance(cell, str) and slashed_order(cell) is not None)
            for cell in self.cells(header)
        )

    def holds_numbers(self, header: str) -> bool:
        """Whether most cells of a column are numbers."""
        return _mostly(map(_is_number, self.cells(header)))

    def date_orders(self) -> Counter[SlashedOrder]:
        """How many dates with slashes there are, by the orders that each allows."""
        given = (cell for header in self.columns for cell in self.cells(header))
        orders = (slashed_order(cell) for cell in given if isinstance(cell, str))
        return Counter(order for order in orders if order is not None)

    def codes(self, header: str) -> list[str]:
        """The codes of which a column is made where nobody says what they mean, else none."""
        coded = self.fields.get(header)
        if coded is not None and coded.choices:
            return []
        found = dict.fromkeys(text(c) for c in self.cells(header))
        if len(found) > _MOST_CODES or not all(re.fullmatch("[0-9]{1,2}", c) for c in found):
            return []
        return sorted(found, key=int)

    def answers(self, header: str) -> bool:
        """Whether a column answers yes or no, in words or by codes."""
        cells = self.meanings(header)
        return bool(cells) and all(_ANSWER.fullmatch(cell) for cell in cells)

    def yes(self, header: str) -> list[str]:
        """What stands for yes in a column that answers yes or no."""
        coded = self.fields.get(header)
        choices = coded.choices if coded is not None else {}
        meant = [code for code, label in choices.items() if _YES.fullmatch(label)]
        return meant or ["1", "yes", "ja", "y", "j", "x", "true"]

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


def _is_number(cell: Value) -> bool:
    try:
        number(cell, decimal=None)
    except Refused:
        return False
    return True
