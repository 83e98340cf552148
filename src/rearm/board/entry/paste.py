"""Results pasted from a spreadsheet, and single results, as further lines of a form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import msgspec

from rearm.board.entry import drafts
from rearm.board.entry.contexts import PastedShown, PastePage
from rearm.board.entry.drafts import Entered
from rearm.board.entry.names import texts_of
from rearm.board.refusals import NotUsable
from rearm.characters import first_harmful
from rearm.intake.form.typed import TypedForm, TypedLine, lines_of
from rearm.intake.kept_rows import KeptRow
from rearm.intake.pasted import DateOrder, PastedResult, read_pasted
from rearm.record import Source

__all__ = ["LONGEST", "added", "not_usable", "order_of", "paste_page", "texts_with", "with_results"]

LONGEST = 200_000
"""Characters of a pasted table."""

_LAYOUTS = {
    "results": "one result a line",
    "days": "one day a line, one test a column",
    "tests": "one test a line, one day a column",
    "none": "not understood",
}
_DELIMITERS = {"\t": "tabs", ";": "semicolons", ",": "commas"}


def order_of(text: str) -> DateOrder | None:
    """The order of dates that was chosen; None before one is."""
    return "day_first" if text == "day_first" else "month_first" if text == "month_first" else None


def not_usable(
    path: str, patient: str, text: str, order: DateOrder | None, refusal: str
) -> PastePage:
    """The table once more as it was pasted, with why it can't be used, and how it was understood
    as far as it was.
    """
    try:
        page = paste_page(path, patient, text, order)
    except NotUsable:
        page = PastePage(path=path, patient=patient, text=text, order=order or "")
    return msgspec.structs.replace(page, refusal=refusal)


def paste_page(
    path: str, patient: str, text: str = "", order: DateOrder | None = None
) -> PastePage:
    """How a pasted table is understood. Raises NotUsable where it is too long or holds what is no
    text.
    """
    page = PastePage(path=path, patient=patient, text=text, order=order or "")
    if not text.strip():
        return page
    _check(text)
    read = read_pasted(text, order=order)
    shown = PastedShown(
        layout=_LAYOUTS[read.layout],
        delimiter=_DELIMITERS[read.delimiter],
        columns=read.columns,
        results=tuple((x.place, x.name, x.value, x.unit, x.day) for x in read.results),
        left=tuple((x.place, x.text, x.why) for x in read.left),
        asks_order=read.asks_order,
        dates=read.ambiguous[:5],
    )
    return PastePage(path=path, patient=patient, text=text, order=order or "", shown=shown)


def _check(text: str) -> None:
    if len(text) > LONGEST:
        raise NotUsable(f"The table is longer than {LONGEST} characters. Upload it as a file.")
    if first_harmful(text.replace("\t", " ").replace("\r", " ").replace("\n", " ")) is not None:
        raise NotUsable("The table contains a character that is no text. Copy it again.")


def added(text: str, order: DateOrder | None) -> tuple[PastedResult, ...]:
    """The results of a pasted table that can be used. Raises NotUsable where there is none, or
    where the order of its dates is not told.
    """
    _check(text)
    read = read_pasted(text, order=order)
    if read.asks_order:
        raise NotUsable("Say first whether the day or the month comes first in the dates.")
    if not read.results:
        raise NotUsable("No result of this table can be used.")
    return read.results


def with_results(typed: TypedForm, results: Iterable[PastedResult]) -> TypedForm:
    """The form with further results, each in the field that asks for its test or else among the
    other results.
    """
    rows = [
        KeptRow(
            table="labs",
            source=Source("", ""),
            cells={
                c: v
                for c, v in (("test", x.test), ("value", x.value), ("unit", x.unit), ("day", x.day))
                if v
            },
        )
        for x in results
    ]
    more = lines_of(rows, drafts.form()).lines
    return replace(typed, lines=(*typed.lines, *_after(typed.lines, more)))


def _after(there: Sequence[TypedLine], more: Sequence[TypedLine]) -> Iterable[TypedLine]:
    """Lines that come after those that are there."""
    for line in more:
        taken = [x.number for x in there if (x.field, x.table) == (line.field, line.table)]
        yield replace(line, number=max(taken, default=-1) + 1 + line.number, row=None)


def texts_with(given: Entered, results: Iterable[PastedResult]) -> dict[str, str]:
    """What a form shows with further results."""
    kept = {name: text for name, text in given.texts.items() if name.startswith("-more.")}
    return kept | texts_of(with_results(given.typed, results))
