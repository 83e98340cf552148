"""The mapping language: how a centre's own tables are read as tidy tables. One TOML file a layout.

    name = "what this layout is"

    ignore = ["Notes", "old_*.csv"]     # sheets and files that are left out on purpose

    [files]                             # a name for each file, found by its pattern beside the path
    workbook = "*.xlsx"
    cells = { pattern = "cells*.csv", optional = true, many = true }   # all that match are read

    [day_labels]                        # labels in day columns: a day, an interval of days, or a
    "Day 7" = 7                         # word such as "apheresis"
    "3 month" = [61, 137]
    Leukapheresis = "apheresis"

    [regimens]                          # the centre's own meaning of regimen names, as agents
    BPV = ["bendamustine", "prednisone", "bortezomib"]

    [[sheet]]                           # one for each sheet (or CSV file) that is read
    file = "workbook"
    sheet = "PCR"                       # left out for CSV
    header_row = 2                      # true row of the header; 1 where left out
    group_row = 1                       # row of groups (merged cells) above it: each column is then
                                        # called "Group / Header", such as "Linie 1 / Schema"
    id = "patient_id"                   # the column of the patient's id
    id_pattern = "(.+?)(_[0-9]+)?"      # where the cell holds more: the first group is the id
    ignore = ["comment"]                # columns that are left out on purpose
    missing = ["-99", "NASK"]           # codes that stand for a blank cell
    date_order = "dmy"                  # how 03/04/2024 is meant here: day/month ("mdy": month/day)
    remark = "#"                        # rows above the header that begin so are left out
    number_headers = true               # a header that stands twice is called "Name", "Name (2)"

    [[sheet.row]]                       # each row of the sheet gives one row of this tidy table
    table = "labs"
    each = "copies_(?P<day>[0-9]+)"     # ... or one for each column whose header matches
    when = { column = "done", is = [1] }  # ... only where this holds: `is`, `is_not`, `above`,
                                        # `like` (a regular expression for the whole cell),
                                        # `names` ("agent", "product" or "test"); of a list
                                        # all must hold
    optional = true                     # ... and not at all where the sheet lacks its columns
    even_blank = true                   # ... also where every cell that it reads is blank
    day = { group = "day" }             # every other key is a column of the tidy table:
    test = "car_copies_per_ug_dna"      #   a constant,
    value = { cell = true }             #   the cell of the matched column,
    unit = "copies/ug"
    specimen = { column = "material" }  #   the cell of another column (its name may hold groups:
                                        #   "method_{day}")

Keys of such a value: `column`, `cell`, `group`, `template` ("{hour}:{minute}") say where it comes
from; `words` maps what stands there ("" means: no value), and with `only_words` nothing else is
read; `names = "agent"` keeps the agents ("product", "test") that a text names; `extract` keeps what
a regular expression finds (several joined by ;), `decimal` is the decimal mark of the column,
`negate` turns the sign, `scale` multiplies (for fractions that are meant as percent), `more` adds
values of other sheets for the same patient, `last_column` with `plus` counts on from the highest
numbered column that is filled. `optional`: the sheet may lack the column. A list of such values is
joined by ;.

A condition with `part = true` says which rows of the sheet are of this kind (the instrument of a
REDCap export) and states nothing of a patient.

    [[sheet.twin]]                      # two columns that state the same: first / ratio = second
    first = "copies_(?P<day>[0-9]+)"
    second = "cart_copies_(?P<day>[0-9]+)"
    ratio = 290
    tolerance = 1                       # not flagged up to this difference, in the unit of `second`
    relative = 0.02                     # ... or this share of it

    [sheet.label]                       # a label that states a day beside the true day: `Day 7` on
    column = "Day"                      # day 0 is a contradiction
    day = "cum_days"

    [sheet.reduce]                      # many rows to one: per patient and label, the percent of
    by = ["PATIENT_ID", "Day"]          # rows with a value above a limit
    where = { TYPE = "TNFRSF17_RNA" }
    column = "EXPRS"
    percent_above = 0                   # gives the columns `percent` and `count`

    [[agree]]                           # the same day stated in several sheets
    what = "day of apheresis"
    tolerance = 1
    days = [
      { sheet = "clin_data", column = "apheresis", negate = true },
      { sheet = "immune", column = "day", where = { label = "LA" } },
    ]

A row of which nothing but constants would stand there is not made, and its count is an issue:
a blank date of death is no death. `even_blank = true` makes it all the same, where the row of the
sheet (or its `when`) is the statement.

What contradicts itself is set aside on both sides with an issue. Rows of numbers that two patients
share are set aside too, and so is a column in percent whose values all lie between 0 and 1, unless
`scale` states what they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from rearm.intake.days import DateOrder
from rearm.intake.rows import Moment

__all__ = [
    "Agreement",
    "DayLabel",
    "DayPlace",
    "FileSpec",
    "Label",
    "Mapping",
    "Reduce",
    "RowFilter",
    "RowSpec",
    "Scalar",
    "SheetSpec",
    "Spec",
    "Twin",
    "ValueSpec",
]

Scalar: TypeAlias = str | int | float | bool
DayLabel: TypeAlias = int | str | Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPlace:
    """A column with days in some sheet; `where` keeps the rows whose cells are the given words."""

    sheet: str
    column: str
    negate: bool = False
    where: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSpec:
    """Where the value of a tidy column comes from, and what is made of it."""

    column: str | None = None
    cell: bool = False
    group: str | None = None
    template: str | None = None
    last_column: str | None = None
    plus: int = 0
    words: dict[str, Scalar] = field(default_factory=dict)
    only_words: bool = False
    names: Literal["agent", "product", "test"] | None = None
    extract: str | None = None
    decimal: Literal[",", "."] | None = None
    negate: bool = False
    scale: float | None = None
    optional: bool = False
    more: tuple[DayPlace, ...] = ()


Spec: TypeAlias = ValueSpec | tuple[ValueSpec, ...] | Moment | Scalar
"""A value that is taken from the table, several that are joined, an interval of days, a constant.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilter:
    """When a row of the sheet is read: all that is given must hold for the cell of `column`.

    `part`: the condition tells the kind of the row, and by itself nothing of a patient.
    """

    column: str
    is_: tuple[Scalar, ...] | None = None
    is_not: tuple[Scalar, ...] | None = None
    above: float | None = None
    like: str | None = None
    names: Literal["agent", "product", "test"] | None = None
    part: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSpec:
    """One row of a tidy table from each row of the sheet (and each column that matches `each`), of
    those for which every condition of `when` holds.
    """

    table: str
    each: str | None = None
    when: tuple[RowFilter, ...] = ()
    even_blank: bool = False
    optional: bool = False
    columns: dict[str, Spec]

    @property
    def own(self) -> frozenset[str]:
        """The columns that are filled from cells. Constants, and what a header says, are no data
        of a patient.
        """
        return frozenset(name for name, spec in self.columns.items() if _of_cells(spec))


def _of_cells(spec: Spec) -> bool:
    if isinstance(spec, tuple):
        return any(map(_of_cells, spec))
    return isinstance(spec, ValueSpec) and bool(spec.column or spec.cell or spec.more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """Two columns that state the same thing in two units."""

    first: str
    second: str
    ratio: float
    tolerance: float = 0
    relative: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label that states a planned day, beside the true day.

    `within` is the share of the planned day by which they may differ.
    """

    column: str
    day: str
    within: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduce:
    """Rows to one per group: the percent whose `column` is above a limit, and their count."""

    by: tuple[str, ...]
    column: str
    percent_above: float
    where: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetSpec:
    """One sheet, or one CSV file."""

    file: str
    id: str
    sheet: str | None = None
    header_row: int = 1
    group_row: int | None = None
    id_pattern: str | None = None
    optional: bool = False
    ignore: tuple[str, ...] = ()
    missing: tuple[Scalar, ...] = ()
    date_order: DateOrder | None = None
    remark: str | None = None
    number_headers: bool = False
    reduce: Reduce | None = None
    label: Label | None = None
    twin: tuple[Twin, ...] = ()
    row: tuple[RowSpec, ...] = ()

    @property
    def name(self) -> str:
        return self.sheet or self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A day that several sheets state."""

    what: str
    days: tuple[DayPlace, ...]
    tolerance: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSpec:
    """A file by its pattern; `many`: each file that matches is read."""

    pattern: str
    optional: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """A mapping file."""

    files: dict[str, FileSpec]
    sheet: tuple[SheetSpec, ...]
    name: str = ""
    ignore: tuple[str, ...] = ()
    day_labels: dict[str, DayLabel] = field(default_factory=dict)
    regimens: dict[str, tuple[str, ...]] = field(default_factory=dict)
    agree: tuple[Agreement, ...] = ()
