"""The text of a drafted mapping: a block for what was recognised, a comment for the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from rearm.intake.days import parse_moment
from rearm.intake.mapping.draft.outline import SheetOutline
from rearm.intake.values import Refused, number, text
from rearm.knowledge.lab_tests import TestDef, load_tests
from rearm.knowledge.tidy_tables import folded
from rearm.units import normal_unit

__all__ = ["mapping_text"]

_LIGHT_CHAINS = "(?i)kappa|lambda"


def mapping_text(
    source: Path, keys: dict[str, str], sheets: list[tuple[str, SheetOutline]], skipped: list[str]
) -> Iterator[str]:
    yield (
        "# A first mapping, drafted from the headers. Check every block, complete the units, and"
        " map what is still listed as a comment."
    )
    yield (
        "# The language is described in the documentation (mapping files); rearm check shows what a"
        " mapping sets aside."
    )
    yield ""
    yield f"name = {_q(source.stem)}"
    yield ""
    yield "[files]"
    for key, name in keys.items():
        yield f"{key} = {_q(name)}"
    for place in skipped:
        yield f"# not mapped, no column of patients' ids was found: {_comment(place)}"
    yield from _labels([s for _, s in sheets])
    for key, sheet in sheets:
        yield ""
        yield from _block(key, sheet)


def _labels(sheets: list[SheetOutline]) -> Iterator[str]:
    labels: dict[str, None] = {}
    for sheet in sheets:
        if sheet.day_header is not None:
            cells = [text(c) for c in sheet.cells(sheet.day_header)]
            labels |= dict.fromkeys(c for c in cells if _is_label(c))
    if not labels:
        return
    yield ""
    yield (
        '# Labels in day columns: a day, an interval [first, last], or a word such as "apheresis"'
        ' or "before bridging".'
    )
    yield "[day_labels]"
    for label in list(labels)[:60]:
        try:
            moment = parse_moment(label)
        except Refused:
            yield f"# {_comment(_q(label))} = "
            continue
        if moment.anchor is not None:
            yield f"{_q(label)} = {_q(moment.anchor.replace('_', ' '))}"
        else:
            yield (
                f"{_q(label)} ="
                f" {moment.first if moment.first == moment.last else [moment.first, moment.last]}"
            )


def _is_label(cell: str) -> bool:
    if re.fullmatch(r"[0-9]{4}-.*|[0-9.]+", cell) or len(cell) > 40:
        return False
    try:
        number(cell, decimal=None)
    except Refused:
        return True
    return False


def _block(key: str, sheet: SheetOutline) -> Iterator[str]:
    """One sheet of the mapping."""
    yield "[[sheet]]"
    yield f"file = {_q(key)}"
    if sheet.grid.sheet is not None:
        yield f"sheet = {_q(sheet.grid.sheet)}"
    if (row := sheet.grid.first_row + sheet.header) != 1:
        yield f"header_row = {row}"
    yield f"id = {_q(sheet.id_header)}"
    ids = [text(c) for c in sheet.cells(sheet.id_header)]
    of_samples = folded(sheet.id_header) == "sample_id" and bool(ids)
    if of_samples and all(re.fullmatch(r".+_[0-9]+", i) for i in ids):
        yield (
            'id_pattern = "(.+?)_[0-9]+"   # sample ids: the patient stands before the last'
            " underscore"
        )
    yield from _person_rows(sheet)
    yield from _event_rows(sheet)
    yield from _lab_rows(sheet)
    yield from _history_rows(sheet)
    if sheet.rest:
        yield "  # not recognised:"
        yield from (f"  #   {_comment(name)}{_kind(sheet, name)}" for name in sheet.rest)


def _person_rows(sheet: SheetOutline) -> Iterator[str]:
    person = {column: _cell(sheet, name) for column, name in sheet.person.items()}
    if sheet.protein is not None:
        person.setdefault("heavy_chain", _part(sheet, sheet.protein, "Ig[GAMDE]"))
        if sheet.mentions(sheet.protein, _LIGHT_CHAINS):
            person.setdefault("light_chain", _part(sheet, sheet.protein, _LIGHT_CHAINS))
    if person:
        yield from _row("patients", person)
    if sheet.infusion:
        yield from _row("infusions", {c: _cell(sheet, name) for c, name in sheet.infusion.items()})
    for name, (locus, kind) in sheet.variants.items():
        yield from _row(
            "variants", {"gene": _q(locus), "kind": _q(kind), "result": _cell(sheet, name)}
        )


def _cell(sheet: SheetOutline, header: str) -> str:
    """A value that is the cell of a column, with what its codes mean."""
    coded = sheet.fields.get(header)
    if coded is None or not coded.choices:
        return f"{{ column = {_q(header)} }}"
    words = ", ".join(f"{_q(code)} = {_q(label)}" for code, label in coded.choices.items())
    return f"{{ column = {_q(header)}, words = {{ {words} }} }}"


def _part(sheet: SheetOutline, header: str, pattern: str) -> str:
    """The part of a cell, or of what its code means, that a pattern finds."""
    coded = sheet.fields.get(header)
    if coded is None or not coded.choices:
        return f"{{ column = {_q(header)}, extract = {_q(pattern)} }}"
    parts = {code: re.search(pattern, label) for code, label in coded.choices.items()}
    words = ", ".join(f"{_q(code)} = {_q(m[0] if m else '')}" for code, m in parts.items())
    return f"{{ column = {_q(header)}, words = {{ {words} }} }}"


def _event_rows(sheet: SheetOutline) -> Iterator[str]:
    """Blocks that make no event of a blank cell."""
    if sheet.progression is not None:
        day = {"day": _cell(sheet, sheet.progression), "response": _q("PD"), "by": _q("team")}
        yield from _row("assessments", day)
    if sheet.death is not None:
        if sheet.holds_dates(sheet.death):
            yield from _row("deaths", {"day": _cell(sheet, sheet.death)})
        else:
            when = f'{{ column = {_q(sheet.death)}, is = [1, "yes", "ja", "x"] }}'
            yield from _row("deaths", {"when": when})
    for toxicity, name in sheet.episodes.items():
        yield from _row("toxicities", {"toxicity": _q(toxicity), "grade": _cell(sheet, name)})


def _lab_rows(sheet: SheetOutline) -> Iterator[str]:
    """A block for each column of results, and for each row of columns that are numbered by days."""
    day = {"day": _cell(sheet, sheet.day_header)} if sheet.day_header else {}
    if sheet.day_guessed and sheet.day_header is not None:
        yield f"  # check: {_comment(sheet.day_header)} is taken for the day, as it holds dates"
    elif (sheet.tests or sheet.long_labs) and not day:
        yield '  # no column of dates was found: add day = { column = "..." } to each row of labs'
    if sheet.long_labs:
        yield from _row("labs", day | {c: _cell(sheet, n) for c, n in sheet.long_labs.items()})
    for name, (test, unit) in sheet.tests.items():
        columns = day | {"test": _q(test.id), "value": _cell(sheet, name)}
        if name in sheet.units:
            yield from _row("labs", columns | {"unit": _cell(sheet, sheet.units[name])})
        else:
            yield from _row("labs", columns, test, unit)
    for (stem, test_id, unit), names in sheet.wide.items():
        each = re.escape(stem) + r"[ _]?(?:d(?:ay)?[ _]?|_)(?P<day>-?[0-9]{1,4})"
        yield f"  # columns {_comment(', '.join(names))}"
        columns = {
            "each": _q(each),
            "day": '{ group = "day" }',
            "test": _q(test_id),
            "value": "{ cell = true }",
        }
        yield from _row("labs", columns, load_tests()[test_id], unit)


def _history_rows(sheet: SheetOutline) -> Iterator[str]:
    """Regimens by line, and what the patient is refractory to."""
    if sheet.therapy:
        yield from _row("therapies", {c: _cell(sheet, name) for c, name in sheet.therapy.items()})
    for stem, names in sheet.regimens.items():
        yield f"  # columns {_comment(', '.join(names))}"
        each = re.escape(stem) + r"[ _]?(?P<line>[0-9]{1,2})"
        columns = {
            "each": _q(each),
            "line": '{ group = "line" }',
            "regimen": "{ cell = true }",
        }
        yield from _row("therapies", columns)
    if sheet.status:
        each = "(?P<agent>" + "|".join(re.escape(n) for n in sheet.status) + ")"
        columns = {
            "each": _q(each),
            "agent_or_class": '{ group = "agent" }',
            "status": "{ cell = true }",
        }
        yield from _row("refractoriness", columns)


def _row(
    table: str, columns: dict[str, str], test: TestDef | None = None, unit: str | None = None
) -> Iterator[str]:
    yield ""
    yield "  [[sheet.row]]"
    yield f"  table = {_q(table)}"
    yield from (f"  {name} = {spec}" for name, spec in columns.items())
    if test is not None and test.kind == "number":
        allowed = unit is not None and normal_unit(unit) in test.units
        comment = (
            ""
            if allowed
            else f"   # state the unit, one of {', '.join(test.allowed)}"
            + (f" (the header says {_comment(unit)})" if unit else "")
        )
        yield f"  unit = {_q(unit if allowed and unit is not None else '')}{comment}"


def _kind(sheet: SheetOutline, name: str) -> str:
    cells = sheet.cells(name)
    if not cells:
        return "   (empty)"
    numbers = sum(
        (isinstance(c, int | float) and not isinstance(c, bool))
        or (isinstance(c, str) and _is_number(c))
        for c in cells
    )
    return (
        "   (numbers)"
        if numbers == len(cells)
        else "   (text)"
        if numbers == 0
        else "   (numbers and text)"
    )


def _is_number(cell: str) -> bool:
    try:
        number(cell, decimal=None)
    except Refused:
        return False
    return True


def _q(value: str) -> str:
    """A TOML basic string."""
    return json.dumps(value).replace("\x7f", "\\u007f")


def _comment(value: str | None) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", value or "")
