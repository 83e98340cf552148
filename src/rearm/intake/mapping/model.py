"""The mapping language: how a centre's own tables are read as tidy tables. One TOML file a layout.

    name = "what this layout is"

    [files]                             # a name for each file, found by its pattern beside the path
    workbook = "*.xlsx"
    cells = { pattern = "cells*.csv", optional = true }

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
    id = "patient_id"                   # the column of the patient's id
    id_pattern = "(.+?)(_[0-9]+)?"      # where the cell holds more: the first group is the id
    ignore = ["comment"]                # columns that are left out on purpose

    [[sheet.row]]                       # each row of the sheet gives one row of this tidy table
    table = "labs"
    each = "copies_(?P<day>[0-9]+)"     # ... or one for each column whose header matches
    when = { column = "done", is = [1] }  # ... only where this holds: `is`, `is_not`, `above`
    day = { group = "day" }             # every other key is a column of the tidy table:
    test = "car_copies_per_ug_dna"      #   a constant,
    value = { cell = true }             #   the cell of the matched column,
    unit = "copies/ug"
    specimen = { column = "material" }  #   the cell of another column (its name may hold groups:
                                        #   "method_{day}")

Keys of such a value: `column`, `cell`, `group`, `template` ("{hour}:{minute}") say where it comes
from; `words` maps what stands there ("" means: no value), `extract` keeps what a regular expression
finds (several joined by ;), `negate` turns the sign, `scale` multiplies (for fractions that are
meant as percent), `more` adds values of other sheets for the same patient, `last_column` with
`plus` counts on from the highest numbered column that is filled. A list of such values is joined by
;.

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

What contradicts itself is set aside on both sides with an issue. Rows of numbers that two patients
share are set aside too, and so is a column in percent whose values all lie between 0 and 1, unless
`scale` states what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from rearm.intake.dictionary import nearest
from rearm.intake.errors import InputError
from rearm.knowledge._toml import parsed
from rearm.knowledge.bundle import Knowledge, bundled

__all__ = [
    "Agreement",
    "DayLabel",
    "DayPlace",
    "Label",
    "Mapping",
    "Reduce",
    "RowFilter",
    "RowSpec",
    "Scalar",
    "SheetSpec",
    "Twin",
    "ValueSpec",
    "load_mapping",
]

Scalar = str | int | float | bool
DayLabel = int | str | list[int]


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is not a regular expression ({error})") from None
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DayPlace(_Strict):
    """A column with days in some sheet; `where` keeps the rows whose cells are the given words."""

    sheet: str
    column: str
    negate: bool = False
    where: dict[str, Scalar] = {}


class ValueSpec(_Strict):
    """Where the value of a tidy column comes from, and what is made of it."""

    column: str | None = None
    cell: bool = False
    group: str | None = None
    template: str | None = None
    last_column: Pattern | None = None
    plus: int = 0
    words: dict[str, Scalar] = {}
    extract: Pattern | None = None
    negate: bool = False
    scale: float | None = None
    more: tuple[DayPlace, ...] = ()

    @model_validator(mode="after")
    def _one_origin(self) -> ValueSpec:
        origins = [
            self.column is not None,
            self.cell,
            self.group is not None,
            self.template is not None,
            self.last_column is not None,
        ]
        if sum(origins) != 1:
            raise ValueError("give exactly one of column, cell, group, template, last_column")
        if re.search(r"[{}]", re.sub(r"\{\w+\}", "", self.template or "")):
            raise ValueError("a template holds names of groups in braces, such as {hour}:{minute}")
        if self.last_column is not None and "line" not in re.compile(self.last_column).groupindex:
            raise ValueError("last_column needs a group (?P<line>[0-9]+)")
        return self


def _form(value: Any) -> str:
    """Which form of a value is meant, so that an error speaks of that form only."""
    if isinstance(value, list):
        return "joined" if any(isinstance(v, dict | ValueSpec) for v in value) else "interval"
    return "taken" if isinstance(value, dict | ValueSpec) else "constant"


Spec = Annotated[
    Annotated[ValueSpec, Tag("taken")]
    | Annotated[list[ValueSpec], Tag("joined")]
    | Annotated[list[int], Tag("interval")]
    | Annotated[Scalar, Tag("constant")],
    Discriminator(_form),
]


class RowFilter(_Strict):
    """When a row of the sheet is read: all that is given must hold for the cell of `column`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    column: str
    is_: list[Scalar] | None = Field(default=None, alias="is")
    is_not: list[Scalar] | None = None
    above: float | None = None


class RowSpec(_Strict):
    """One row of a tidy table from each row of the sheet (and each column that matches `each`)."""

    table: str
    each: Pattern | None = None
    when: RowFilter | None = None
    columns: dict[str, Spec]

    @model_validator(mode="before")
    @classmethod
    def _split(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        own = {k: v for k, v in given.items() if k in ("table", "each", "when")}
        return own | {"columns": {k: v for k, v in given.items() if k not in own}}

    @model_validator(mode="after")
    def _known(self, info: ValidationInfo) -> RowSpec:
        tables = _knowledge(info).tidy_tables.tables
        table = tables.get(self.table)
        if table is None:
            raise ValueError(f"there is no table {self.table!r}; one of {', '.join(tables)}")
        groups = set(re.compile(self.each).groupindex) if self.each else set()
        for name, spec in self.columns.items():
            if name not in table.columns or name == "patient_id":
                raise ValueError(
                    f"{self.table} has no column {name!r} to fill; the nearest are"
                    f" {nearest(name, table.columns)}"
                )
            for value in spec if isinstance(spec, list) else [spec]:
                if isinstance(value, ValueSpec):
                    self._check_groups(name, value, groups)
        missing = [
            c.name
            for c in table.columns.values()
            if c.required and c.name != "patient_id" and c.name not in self.columns
        ]
        if missing:
            raise ValueError(f"a row of {self.table} needs {', '.join(missing)}")
        return self

    def _check_groups(self, name: str, value: ValueSpec, groups: set[str]) -> None:
        used = (
            {value.group}
            if value.group
            else set(re.findall(r"\{(\w+)\}", value.template or value.column or ""))
        )
        if (value.cell or value.group) and self.each is None:
            raise ValueError(f"{name}: cell and group need a pattern in each")
        if not used <= groups:
            raise ValueError(
                f"{name}: the pattern in each has no group {', '.join(sorted(used - groups))}"
            )


class Twin(_Strict):
    """Two columns that state the same thing in two units."""

    first: Pattern
    second: Pattern
    ratio: float = Field(gt=0)
    tolerance: float = Field(default=0, ge=0)
    relative: float = Field(default=0, ge=0)


class Label(_Strict):
    """A label that states a planned day, beside the true day; `within`: the share of the planned
    day by which they may differ.
    """

    column: str
    day: str
    within: float = Field(default=0.5, gt=0)


class Reduce(_Strict):
    """Rows to one per group: the percent whose `column` is above a limit, and their count."""

    by: list[str] = Field(min_length=1)
    column: str
    percent_above: float
    where: dict[str, Scalar] = {}


class SheetSpec(_Strict):
    """One sheet, or one CSV file."""

    file: str
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1)
    id: str
    id_pattern: Pattern | None = None
    optional: bool = False
    ignore: list[str] = []
    reduce: Reduce | None = None
    label: Label | None = None
    twin: list[Twin] = []
    row: list[RowSpec] = []

    @property
    def name(self) -> str:
        return self.sheet or self.file


class Agreement(_Strict):
    """A day that several sheets state."""

    what: str
    tolerance: int = Field(default=0, ge=0)
    days: list[DayPlace] = Field(min_length=2)


class FileSpec(_Strict):
    """A file by its pattern."""

    pattern: str
    optional: bool = False


class Mapping(_Strict):
    """A mapping file."""

    name: str = ""
    files: dict[str, FileSpec]
    day_labels: dict[str, DayLabel] = {}
    regimens: dict[str, list[str]] = {}
    agree: list[Agreement] = []
    sheet: list[SheetSpec] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _short_files(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("files"), dict):
            return given | {
                "files": {
                    k: {"pattern": v} if isinstance(v, str) else v
                    for k, v in given["files"].items()
                }
            }
        return given

    @model_validator(mode="after")
    def _linked(self) -> Mapping:
        """Every name of a file or sheet leads to one."""
        for sheet in self.sheet:
            if sheet.file not in self.files:
                raise ValueError(
                    f"the sheet {sheet.name!r} stands in the file {sheet.file!r}, which [files]"
                    " does not name"
                )
        names = [sheet.name for sheet in self.sheet]
        if len(set(names)) != len(names):
            raise ValueError(
                "two [[sheet]] blocks have the same name; put all rows of a sheet into one"
            )
        for place in self._day_places():
            if place.sheet not in names:
                raise ValueError(
                    f"{place.sheet!r} is named in agree or more, but there is no [[sheet]] of this"
                    " name"
                )
        return self

    def _day_places(self) -> Iterator[DayPlace]:
        for agreement in self.agree:
            yield from agreement.days
        for row in (row for sheet in self.sheet for row in sheet.row):
            for value in row.columns.values():
                if isinstance(value, ValueSpec):
                    yield from value.more

    @model_validator(mode="after")
    def _labels_are_days(self) -> Mapping:
        for label, days in self.day_labels.items():
            if isinstance(days, list) and (len(days) != 2 or days[0] > days[1]):
                raise ValueError(f"day_labels {label!r}: an interval is [first, last]")
        return self

    @model_validator(mode="after")
    def _regimens_are_agents(self, info: ValidationInfo) -> Mapping:
        known = _knowledge(info).lexicon.agents
        for name, agents in self.regimens.items():
            for agent in agents:
                if agent not in known:
                    raise ValueError(
                        f"regimens {name!r}: {agent!r} is no agent of the lexicon; the nearest are"
                        f" {nearest(agent, known)}"
                    )
        return self


def _knowledge(info: ValidationInfo) -> Knowledge:
    """The knowledge that a mapping is read with."""
    return info.context if isinstance(info.context, Knowledge) else bundled()


def load_mapping(path: Path, knowledge: Knowledge | None = None) -> Mapping:
    """The mapping of a TOML file. Raises InputError that names the file and the key."""
    try:
        content = parsed(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"The mapping {path.name} can't be read: {error.strerror or error}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"The mapping {path.name} is not TOML: {error}.") from error
    try:
        return Mapping.model_validate(content, context=knowledge or bundled())
    except ValidationError as error:
        raise InputError(f"The mapping {path.name} can't be used: {_problems(error)}") from None


def _problems(error: ValidationError) -> str:
    sentences: dict[str, None] = {}
    for problem in error.errors()[:8]:
        place = ".".join(
            str(part)
            for part in problem["loc"]
            if part not in ("taken", "joined", "interval", "constant")
        )
        message = problem["msg"].removeprefix("Value error, ")
        sentences.setdefault(f"{place}: {message}." if place else f"{message}.")
    return " ".join(sentences)
