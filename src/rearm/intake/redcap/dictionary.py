"""The data dictionary of a REDCap project: its fields by form, with choices, checks and marks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rearm.errors import InputError
from rearm.intake.files.read import read_grids
from rearm.intake.mapping.draft.headers import header_key
from rearm.intake.mapping.header_names import spaced
from rearm.intake.rows import Grid
from rearm.intake.values import text

__all__ = ["COLUMNS", "Dictionary", "Field", "read_dictionary"]

# the columns of the file that is downloaded, in their order
COLUMNS = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?",
    "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip
# what is read of them, by the heads of the download and of the API
_READ = {
    "name": ("variable_field_name", "field_name"),
    "form": ("form_name",),
    "kind": ("field_type",),
    "label": ("field_label",),
    "choices": ("choices,_calculations,_or_slider_labels", "select_choices_or_calculations"),
    "note": ("field_note",),
    "validation": (
        "text_validation_type_or_show_slider_number",
        "text_validation_type_or_show_slider_number",
    ),
    "identifier": ("identifier?", "identifier"),
}
_NEEDED = ("name", "form", "kind", "label")
_WITH_CHOICES = ("radio", "dropdown", "checkbox")
_FIXED = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}
_TAG = re.compile(r"<[^<>]+>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `choices`: what its codes are called, in their order. `identifier`: the project
    marks it as one, so it is not read.
    """

    name: str
    form: str
    kind: str
    label: str
    choices: Mapping[str, str]
    note: str = ""
    validation: str = ""
    identifier: bool = False

    @property
    def dated(self) -> bool:
        """Whether the project lets in nothing but a date."""
        return self.validation.startswith(("date_", "datetime_"))

    @property
    def decimal(self) -> str | None:
        """The decimal mark that the project checks for; None where it checks for no number."""
        if self.validation.endswith("comma_decimal"):
            return ","
        return "." if self.validation.startswith("number") else None

    @property
    def numeric(self) -> bool:
        """Whether the project lets in nothing but a number."""
        return self.decimal is not None or self.validation == "integer"


@dataclass(frozen=True)
class Dictionary:
    """The fields of a project in their order; `file` is where they stand. The first is the id."""

    file: str
    fields: Mapping[str, Field]

    @property
    def id_field(self) -> Field:
        return next(iter(self.fields.values()))

    @cached_property
    def forms(self) -> Mapping[str, Sequence[Field]]:
        """The fields of each form, without the id."""
        forms: dict[str, list[Field]] = {}
        for field in self.fields.values():
            own = forms.setdefault(field.form, [])
            if field is not self.id_field:
                own.append(field)
        return forms


def read_dictionary(path: Path) -> Dictionary:
    """The data dictionary in a file, as REDCap writes it or as its API gives it. Raises InputError
    where the file is none.
    """
    for grid in read_grids(path)[0]:
        if (places := _places(grid)) is not None:
            return Dictionary(path.name, _fields(grid, places))
    raise InputError(
        f"{path.name} is not a REDCap data dictionary, because it has no columns "
        f"{COLUMNS[0]}, {COLUMNS[1]}, {COLUMNS[3]} and {COLUMNS[4]}. Download it from the project "
        "(Data Dictionary)."
    )


def _places(grid: Grid) -> dict[str, int] | None:
    """Where the columns of a dictionary stand; None in any other table."""
    heads = {_key(text(cell)): i for i, cell in enumerate(grid.rows[0])} if grid.rows else {}
    places = {name: heads[key] for name, keys in _READ.items() for key in keys if key in heads}
    return places if all(name in places for name in _NEEDED) and len(grid.rows) > 1 else None


def _key(head: str) -> str:
    return header_key(head.replace("/", " "))


def _fields(grid: Grid, places: Mapping[str, int]) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for row in grid.rows[1:]:
        cells = {name: text(row[i]) if i < len(row) else "" for name, i in places.items()}
        if not cells["name"] or cells["kind"] == "descriptive":
            continue
        kind = cells["kind"].lower()
        fields[cells["name"]] = Field(
            name=cells["name"],
            form=cells["form"],
            kind=kind,
            label=_plain(cells["label"]) or cells["name"],
            choices=_FIXED.get(kind) or _choices(kind, cells.get("choices", "")),
            note=_plain(cells.get("note", "")),
            validation=cells.get("validation", "").lower(),
            identifier=cells.get("identifier", "").lower() in ("y", "yes", "1", "true"),
        )
    return fields


def _choices(kind: str, given: str) -> dict[str, str]:
    """What codes are called: `1, IgG | 2, IgA`. A label may hold commas itself."""
    if kind not in _WITH_CHOICES:
        return {}
    pairs = (part.partition(",") for part in re.split(r"\||\n", given) if part.strip())
    return {code.strip(): _plain(label) or code.strip() for code, _, label in pairs}


def _plain(label: str) -> str:
    return spaced(_TAG.sub(" ", label))
