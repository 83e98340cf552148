"""How the fields of the entry form are named in the browser, and what is typed in them as lines.

`serum_m_protein.0.value` is a cell of the first line of a field, `t-labs.0.test` one of a line of a
table itself; `serum_m_protein.0.-row` is the row that the line showed, `-day.today` the day for all
values of a group.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rearm.board.refusals import NotUsable
from rearm.characters import first_harmful
from rearm.intake.form.typed import TypedForm, TypedLine, line_words
from rearm.knowledge.board_form import BoardForm

__all__ = ["LONGEST", "MOST_LINES", "day_name", "key_of", "name_of", "texts_of", "typed_of"]

LONGEST = 500
"""Characters of one field."""

MOST_LINES = 2000
"""Of a whole form."""

_NAME = re.compile(r"(t-)?([a-z0-9_]{1,60})\.([0-9]{1,4})\.(-row|[a-z0-9_]{1,60})")
_DAY = "-day."
_ROW = "-row"


def key_of(line: TypedLine) -> str:
    """The part of the name that says whose line it is."""
    return line.field or f"t-{line.table}"


def name_of(key: str, number: int, column: str) -> str:
    """The name of a cell in the browser."""
    return f"{key}.{number}.{column}"


def day_name(group: str) -> str:
    """The name of the day for all values of a group."""
    return f"{_DAY}{group}"


def texts_of(typed: TypedForm) -> dict[str, str]:
    """What the form shows, by the names of its fields."""
    texts = {day_name(group): day for group, day in typed.days.items() if day}
    for line in typed.lines:
        for column, text in line.cells.items():
            texts[name_of(key_of(line), line.number, column)] = text
        if line.row is not None:
            texts[name_of(key_of(line), line.number, _ROW)] = str(line.row)
    return texts


def typed_of(texts: Mapping[str, str], form: BoardForm) -> TypedForm:
    """The lines of what was typed, in the order of the form; blanks and names that the form does
    not have are passed over. Raises NotUsable where there are more lines than is taken.
    """
    cells: dict[tuple[str, str, int], dict[str, str]] = {}
    rows: dict[tuple[str, str, int], int] = {}
    for name, text in texts.items():
        found = _NAME.fullmatch(name)
        if found is None or not text.strip():
            continue
        is_table, key, number, column = bool(found[1]), found[2], int(found[3]), found[4]
        of_field = None if is_table else form.fields.get(key)
        table = key if is_table else of_field.table if of_field is not None else ""
        if table not in form.tables.tables:
            continue
        place = (table, "" if is_table else key, number)
        if column == _ROW:
            if text.isascii() and text.isdigit():
                rows[place] = int(text)
        elif column in form.tables.tables[table].columns:
            cells.setdefault(place, {})[column] = text.strip()
    if len(cells) > MOST_LINES:
        raise NotUsable(f"The form has more than {MOST_LINES} lines. Upload a file instead.")
    order = {key: index for index, key in enumerate(form.fields)}
    lines = [
        TypedLine(table=table, field=key, number=number, cells=own,
                  row=rows.get((table, key, number)))
        for (table, key, number), own in cells.items()
        if own.keys() - {"unit"}  # a unit may stand there by itself
    ]  # fmt: skip
    lines.sort(key=lambda x: (order.get(x.field, len(order)), x.table, x.number))
    days = {g: texts.get(day_name(g), "").strip() for g in form.groups}
    return TypedForm(lines=tuple(lines), days={g: day for g, day in days.items() if day})


def refusals_of(texts: Mapping[str, str], form: BoardForm) -> Iterator[str]:
    """Why texts can't be kept as they were typed, each a sentence that names the field."""
    for line in typed_of(texts, form).lines:
        for text in line.cells.values():
            if len(text) > LONGEST:
                yield f"{line_words(form, line)}: a text is longer than {LONGEST} characters."
            if first_harmful(text) is not None:
                yield f"{line_words(form, line)}: a text contains a character that is no text."
