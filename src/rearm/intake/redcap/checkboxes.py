"""Checkboxes: one field, a column for each choice. A tick says yes. No tick says nothing, unless
the form is marked as complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from rearm.intake.dictionary import load_tables
from rearm.intake.mapping.draft.header_meaning import is_drug, variant_of
from rearm.intake.mapping.draft.row_text import RowText, quoted
from rearm.intake.redcap.blocks import condition, is_in
from rearm.intake.redcap.dictionary import Field
from rearm.intake.redcap.export import CHECKED, COMPLETE, Export, Place
from rearm.knowledge.tidy_tables import folded

__all__ = ["Box", "agents_of", "boxes_of", "rows_of_box"]

BoxKind = Literal["agents", "refractory", "conditions", "variants", "unknown"]
_ENOUGH = 0.5  # of the choices, so that a box is one of such words
_REFRACTORY = re.compile(r"(?i)refra[ck]t")
# A tick there says that the others were not looked at.
_OPEN = re.compile(
    r"(?i).*\b(?:unknown|unbekannt|not (?:done|known|assessed|tested|available)|nicht (?:bekannt"
    r"|untersucht|erhoben)|n/?a|missing|pending)\b.*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One checkbox field. `choices`: the label of each of its columns by header; `open`: headers of
    choices by which the others are unknown, codes for missing data among them.
    """

    field: Field
    kind: BoxKind
    choices: Mapping[str, str]
    open: tuple[str, ...]

    @property
    def header(self) -> str:
        return self.field.name

    @property
    def headers(self) -> tuple[str, ...]:
        return (*self.choices, *self.open)


def boxes_of(places: Mapping[str, Place]) -> list[Box]:
    """The checkbox fields among the columns of a form."""
    fields = {p.field.name: p.field for p in places.values() if p.kind == "checkbox" and p.field}
    return [_box(field, places) for field in fields.values()]


def _box(field: Field, places: Mapping[str, Place]) -> Box:
    own = {header: place for header, place in places.items() if place.field is field}
    # a column that no choice is for: a code for missing data of the project
    unsaid = [h for h, place in own.items() if not place.label or _OPEN.fullmatch(place.label)]
    choices = {header: place.label for header, place in own.items() if header not in unsaid}
    return Box(field=field, kind=_kind(field, choices), choices=choices, open=tuple(unsaid))


def _kind(field: Field, choices: Mapping[str, str]) -> BoxKind:
    labels = [*choices.values()]
    known = load_tables()["conditions"].columns["condition"].spellings
    if _mostly(is_drug(label) for label in labels):
        refractory = _REFRACTORY.search(f"{field.name} {field.label}")
        return "refractory" if refractory else "agents"
    if _mostly(variant_of(label) is not None for label in labels):
        return "variants"
    if _mostly(folded(label) in known for label in labels):
        return "conditions"
    return "unknown"


def _mostly(holds: Iterator[bool]) -> bool:
    answers = [*holds]
    return bool(answers) and sum(answers) >= _ENOUGH * len(answers)


def agents_of(export: Export, box: Box) -> str:
    """The value that joins the agents that are ticked."""
    ticked, unticked = (quoted(export.mark(CHECKED, code)) for code in "10")
    cells = [
        f"{{ column = {quoted(header)}, words = {{ {ticked} = {quoted(label)}, {unticked} = "
        '"" }, only_words = true }'
        for header, label in box.choices.items()
        if is_drug(label)
    ]
    return f"[{', '.join(cells)}]"


def rows_of_box(export: Export, form: str, box: Box, day: Mapping[str, str]) -> Iterator[RowText]:
    """The blocks of a box: one for each choice that is ticked, and one for each that is not, where
    the form is complete and nothing says that nobody looked.
    """
    for header, label in box.choices.items():
        made = _row(box, label)
        if made is None:
            continue
        table, columns, absent = made
        ticked, unticked = (export.mark(CHECKED, code) for code in "10")
        yield RowText(table, {**day, **columns, "even_blank": "true"}, (is_in(header, [ticked]),))
        complete = export.complete(form)
        if absent and complete is not None:
            conditions = [
                is_in(header, [unticked]),
                is_in(complete, [export.mark(COMPLETE, "2")], part=True),
                *(condition(h, f"is_not = [{quoted(ticked)}]", part=True) for h in box.open),
            ]
            none = {**day, **columns, **absent, "even_blank": "true"}
            yield RowText(table, none, tuple(conditions))


def _row(box: Box, label: str) -> tuple[str, dict[str, str], dict[str, str]] | None:
    """Table and columns of a choice that is ticked, and what differs where it is not; that stays
    empty where no tick says nothing in any form.
    """
    if box.kind == "refractory" and is_drug(label):
        columns = {"agent_or_class": quoted(label), "status": quoted("refractory")}
        return "refractoriness", columns, {}
    if box.kind == "conditions":
        known = load_tables()["conditions"].columns["condition"].spellings.get(folded(label))
        if known is not None:
            columns = {"condition": quoted(known), "status": quoted("present")}
            return "conditions", columns, {"status": quoted("absent")}
    variant = variant_of(label) if box.kind == "variants" else None
    if variant is not None:
        columns = {
            "gene": quoted(variant[0]),
            "kind": quoted(variant[1]),
            "result": quoted("present"),
        }
        return "variants", columns, {"result": quoted("absent")}
    return None
