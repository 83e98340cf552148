"""The data dictionary of a REDCap export: what its fields are called, and what their codes mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rearm.intake.mapping.draft.headers import header_key
from rearm.intake.rows import Grid
from rearm.intake.values import text

__all__ = ["CodedField", "coded_fields"]


@dataclass(frozen=True, slots=True)
class CodedField:
    """A field of a REDCap data dictionary: its label, and the meaning of its codes.

    `name`: what the field is called where the header is its label. `unit`: that of the field's
    note. `dated`: it takes dates only. `decimal`: the decimal mark that it is checked for.
    `closed`: another code than these is not read.
    """

    label: str
    choices: Mapping[str, str]
    name: str = ""
    unit: str = ""
    dated: bool = False
    decimal: str | None = None
    closed: bool = False


def coded_fields(grid: Grid) -> dict[str, CodedField]:
    """The fields that a REDCap data dictionary describes; none for any other table."""
    if not grid.rows:
        return {}
    places = {header_key(text(cell)): i for i, cell in enumerate(grid.rows[0])}
    name = next((places[k] for k in ("variable_field_name", "field_name") if k in places), None)
    label = places.get("field_label")
    if name is None or label is None or "form_name" not in places:
        return {}
    choices = next((i for key, i in places.items() if "choices" in key), None)
    fields: dict[str, CodedField] = {}
    for row in grid.rows[1:]:
        cells = [text(c) for c in row] + [""] * (len(places) - len(row))
        given = cells[choices] if choices is not None else ""
        pairs = [p.partition(",") for p in given.split("|") if "," in p]
        codes = {code.strip(): meaning.strip() for code, _, meaning in pairs}
        fields[cells[name]] = CodedField(cells[label] or cells[name], codes)
    return fields
