"""Forms of Rearm's own project: each field is a column of a tidy table."""

from __future__ import annotations

from collections.abc import Mapping

from rearm.intake.mapping.draft.mapping_text import field_cell
from rearm.intake.mapping.draft.row_text import RowText, quoted
from rearm.intake.redcap.blocks import FormBlocks, coded, conditions_of_form
from rearm.intake.redcap.export import CHECKED, Export, Place
from rearm.intake.redcap.own_dictionary import (
    OTHER,
    choices_of,
    field_name,
    is_checkbox,
    other_name,
)
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.tidy_tables import Column, TidyTable

__all__ = ["is_own_form", "own_form"]


def is_own_form(export: Export, form: str, knowledge: Knowledge) -> bool:
    """Whether a form is named like a tidy table and holds the columns that it needs."""
    table = knowledge.tidy_tables.tables.get(form)
    if table is None:
        return False
    fields = {place.field.name for place in export.of_form(form).values() if place.field}
    needed = [c.name for c in table.columns.values() if c.required and c.type != "id"]
    names = [field_name(form, name) for name in needed or table.columns if name != "patient_id"]
    return all(name in fields for name in names) if needed else any(n in fields for n in names)


def own_form(export: Export, form: str, knowledge: Knowledge) -> FormBlocks:
    """The one block of such a form. A field that the centre has added is left to it."""
    table = knowledge.tidy_tables.tables[form]
    found, places = FormBlocks(), export.of_form(form)
    values: dict[str, str] = {}
    used: set[str] = set()
    for column in table.columns.values():
        parts = _parts(export, table, column, places, knowledge)
        used |= parts.keys()
        if len(parts) == 1:
            values[column.name] = next(iter(parts.values()))
        elif parts:
            values[column.name] = f"[{', '.join(parts.values())}]"
    if values:
        found.add(RowText(form, values), conditions_of_form(export, form))
    found.left = {header: "" for header in places if header not in used}
    return found


def _parts(
    export: Export,
    table: TidyTable,
    column: Column,
    places: Mapping[str, Place],
    knowledge: Knowledge,
) -> dict[str, str]:
    """By header the texts of the values that make up a column."""
    name = field_name(table.name, column.name)
    # `other` may be a word of its own (of causes of death); else the word stands beside it
    words = {OTHER: ""} | {choice.code: choice.word for choice in choices_of(column, knowledge)}
    parts: dict[str, str] = {}
    for header, place in places.items():
        own = place.field
        if own is None or own.identifier:
            continue
        if own.name == other_name(name):
            parts[header] = f"{{ column = {quoted(header)} }}"
        elif own.name != name:
            continue
        elif place.kind == "checkbox":
            ticked = export.mark(CHECKED, "1")
            unticked = export.mark(CHECKED, "0")
            meant = {ticked: words.get(place.name, place.label), unticked: ""}
            parts[header] = field_cell(header, coded(export, place, decimals=True), meant)
        else:
            called = {
                export.mark(own.choices, code): words.get(code, label)
                for code, label in own.choices.items()
            }
            plain = coded(export, place, decimals=True)
            known = called if choices_of(column) or is_checkbox(column) else None
            parts[header] = field_cell(header, plain, known)
    return parts
