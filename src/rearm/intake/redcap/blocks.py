"""What one form of a REDCap project gives: blocks of a mapping, remarks, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rearm.intake.mapping.draft.data_dictionary import CodedField
from rearm.intake.mapping.draft.row_text import RowText, quoted
from rearm.intake.redcap.export import EVENT, INSTRUMENT, Export, Place
from rearm.intake.values import text

__all__ = ["FormBlocks", "coded", "condition", "conditions_of_form", "is_in"]


@dataclass(slots=True)
class FormBlocks:
    """The lines of a form in the mapping. `left`: columns that nothing is drafted for, with why;
    `event_days`: results are placed by the event.
    """

    lines: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    event_days: bool = False

    def add(self, row: RowText, conditions: Sequence[str]) -> None:
        self.lines.extend(row.under(conditions).lines())


def conditions_of_form(export: Export, form: str) -> list[str]:
    """Which rows of the export are those of a form: by the repeating instrument, and by the event
    where other events lack it.
    """
    conditions: list[str] = []
    rows = export.form_rows(form)
    if (header := export.system(INSTRUMENT)) is not None:
        found = dict.fromkeys(text(export.cell(row, header)) for row in rows)
        conditions.append(is_in(header, [*found] or [_expected(export, form)], part=True))
    if (header := export.system(EVENT)) is not None and rows:
        found = dict.fromkeys(text(export.cell(row, header)) for row in rows)
        every = export.values(header)
        if found.keys() < every:
            conditions.append(is_in(header, [*found], part=True))
    return conditions


def _expected(export: Export, form: str) -> str:
    """Where rows of a form would stand that has none yet: the first form holds the patient."""
    return "" if form == export.dictionary.id_field.form else form


def is_in(header: str, values: Sequence[str], *, part: bool = False) -> str:
    """A condition: one of the values stands in the column."""
    listed = ", ".join(map(quoted, values))
    return condition(header, f"is = [{listed}]", part=part)


def condition(header: str, what: str, *, part: bool = False) -> str:
    return f"{{ column = {quoted(header)}, {what}{', part = true' if part else ''} }}"


def coded(export: Export, place: Place, *, decimals: bool) -> CodedField:
    """A field for the draft: its label, and what may stand in its cells. `decimals`: the decimal
    mark has to be told, as numbers of the project are written in two ways.
    """
    own = place.field
    assert own is not None
    return CodedField(
        label=own.label,
        choices=export.written(own.choices),
        name=own.name,
        unit=own.note.strip("()[] "),
        dated=own.dated,
        decimal=own.decimal if decimals else None,
        closed=True,
    )
