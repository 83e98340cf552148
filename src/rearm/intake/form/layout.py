"""How the form for the board stands on a sheet: what whoever writes it and whoever reads it share.

A line is found by its label, a cell by the heading over it, so that lines and columns may be moved.
"""

from __future__ import annotations

from rearm.knowledge.board_form import BoardForm, FormField

__all__ = [
    "BOARD",
    "EXAMPLE",
    "EXAMPLE_MARK",
    "HELP",
    "HINT",
    "LISTS",
    "TITLE",
    "UNIT",
    "cells_of",
    "patient_id_field",
]

# names of the sheets
BOARD, EXAMPLE, HELP, LISTS = "Board", "Example", "Help", "Lists"
# what stands in the first cell; by the mark the example is known, whatever its sheet is called
TITLE = "One patient for the board"
EXAMPLE_MARK = "Example, never read as a patient"
# headings that each group has
UNIT, HINT = "Unit", "Hint"


def cells_of(form: BoardForm, field: FormField) -> dict[str, str]:
    """The columns of the table by the heading under which a line of the field fills them."""
    group = form.groups[field.group]
    cells = {group.value: field.value}
    if form.units(field):
        cells[UNIT] = "unit"
    if field.day:
        cells[group.day] = field.day
    return cells | {heading: column for column, heading in field.beside.items()}


def patient_id_field(form: BoardForm) -> FormField:
    """The field that asks whose form it is."""
    return next(f for f in form.fields.values() if (f.table, f.value) == ("patients", "patient_id"))
