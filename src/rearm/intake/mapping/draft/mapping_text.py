"""The text of a drafted mapping: a block for what was recognised, a comment for the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rearm.intake.days import parse_moment
from rearm.intake.dictionary import load_tables
from rearm.intake.mapping.draft.data_dictionary import CodedField
from rearm.intake.mapping.draft.outline import SheetOutline
from rearm.intake.mapping.draft.row_text import RowText, comment, quoted
from rearm.intake.rows import column_letters
from rearm.intake.values import Refused, number, text
from rearm.knowledge.lab_tests import TestDef, load_tests
from rearm.knowledge.tidy_tables import folded
from rearm.units import normal_unit

__all__ = ["field_cell", "mapping_text", "row_lines"]

_AT_DIAGNOSIS = ("iss", "r_iss")
_LIGHT_CHAINS = "(?i)kappa|lambda"


def mapping_text(
    source: Path,
    keys: dict[str, str],
    sheets: list[tuple[str, SheetOutline]],
    skipped: list[str],
    unread: list[str],
) -> Iterator[str]:
    yield (
        "# A first mapping, drafted from the headers. Check every block, complete the units, "
        "and map the columns still listed as comments."
    )
    yield (
        "# The documentation describes the language (mapping files); rearm check lists what a "
        "mapping does not use."
    )
    yield ""
    yield f"name = {quoted(source.stem)}"
    yield ""
    yield "[files]"
    for key, name in keys.items():
        yield f"{key} = {quoted(name)}"
    for place in skipped:
        yield f"# not mapped, because no column with patient ids was found: {comment(place)}"
    yield from (f"# not read: {comment(reason)}" for reason in unread)
    yield (
        "# List here what is left out on purpose (files, sheets); columns go into the ignore of "
        "their sheet. rearm check lists everything else that is not mapped."
    )
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
        "# Labels in day columns that were not recognised: write the day, an interval [first, "
        'last], or words such as "apheresis" or "before bridging", and remove the #.'
    )
    yield "[day_labels]"
    for label in list(labels)[:60]:
        yield f"# {comment(quoted(label))} = "


def _is_label(cell: str) -> bool:
    """Whether a text in a day column needs to be told what day it means: the reader reads dates,
    months, numbered days and words such as `Leukapherese` itself, and says what is wrong with a
    date that it refuses.
    """
    if re.fullmatch(r"[0-9]{4}-.*|[0-9.]+", cell) or len(cell) > 40:
        return False
    try:
        parse_moment(cell)
    except Refused as refusal:
        return refusal.code == "day_unreadable" and not _is_number(cell)
    return False


def _block(key: str, sheet: SheetOutline) -> Iterator[str]:
    """One sheet of the mapping."""
    yield "[[sheet]]"
    yield f"file = {quoted(key)}"
    if sheet.grid.sheet is not None:
        yield f"sheet = {quoted(sheet.grid.sheet)}"
    if (row := sheet.grid.first_row + sheet.header) != 1:
        yield f"header_row = {row}"
    if sheet.groups is not None:
        yield f"group_row = {sheet.grid.first_row + sheet.groups}"
    yield f"id = {quoted(sheet.id_header)}"
    ids = [text(c) for c in sheet.cells(sheet.id_header)]
    of_samples = folded(sheet.id_header) == "sample_id" and bool(ids)
    if of_samples and all(re.fullmatch(r".+_[0-9]+", i) for i in ids):
        yield (
            'id_pattern = "(.+?)_[0-9]+"   # sample ids: the patient id is before the last '
            "underscore"
        )
    yield from _date_order(sheet)
    yield from row_lines(sheet)
    yield from (f"  # check: {comment(note)}" for note in sheet.notes)
    left = [f"{comment(name)}{_kind(sheet, name)}" for name in sheet.rest]
    left += [f"{comment(n)}   (appears {count} times)" for n, count in sheet.twice.items()]
    left += [
        f"column {column_letters(sheet.grid.first_column + i)}   (no header)" for i in sheet.unnamed
    ]
    if left:
        yield "  # not recognised: map it, or add it to ignore = [...] of the sheet"
        yield from (f"  #   {name}" for name in left)


def _date_order(sheet: SheetOutline) -> Iterator[str]:
    """The order of day and month, where dates with slashes allow two."""
    orders = sheet.date_orders()
    if not orders["either"]:
        return
    if bool(orders["dmy"]) == bool(orders["mdy"]):
        yield (
            "# check: some dates can be read as day/month or month/day; write "
            'date_order = "dmy" or "mdy"'
        )
    else:
        order, first = ("dmy", "day") if orders["dmy"] else ("mdy", "month")
        count = orders["dmy"] + orders["mdy"]
        dates = "1 date" if count == 1 else f"{count} dates"
        yield (
            f"date_order = {quoted(order)}   # check: the {first} comes first in {dates} of this "
            f"table; {orders['either']} can be read both ways"
        )


def row_lines(sheet: SheetOutline) -> Iterator[str]:
    """The blocks of what was recognised, under the conditions of the sheet."""
    for rows in (_person_rows, _event_rows, _lab_rows, _history_rows):
        for part in rows(sheet):
            if isinstance(part, RowText):
                yield from part.under(sheet.conditions).lines()
            else:
                yield part


def _person_rows(sheet: SheetOutline) -> Iterator[str | RowText]:
    person = _cells(sheet, "patients", sheet.person)
    if sheet.protein is not None:
        person.setdefault("heavy_chain", _part(sheet, sheet.protein, "Ig[GAMDE]"))
        if sheet.mentions(sheet.protein, _LIGHT_CHAINS):
            person.setdefault("light_chain", _part(sheet, sheet.protein, _LIGHT_CHAINS))
    if person:
        yield _row("patients", person)
    if sheet.infusion:
        yield _row("infusions", _cells(sheet, "infusions", sheet.infusion))
    for name, (locus, kind) in sheet.variants.items():
        result = _cells(sheet, "variants", {"result": name})
        yield _row("variants", {"gene": quoted(locus), "kind": quoted(kind)} | result)


def _cells(sheet: SheetOutline, table: str, headers: Mapping[str, str]) -> dict[str, str]:
    """The columns of a tidy table, each from the cell under its header. Codes of which nobody says
    what they mean are for the person to fill in.
    """
    known = load_tables()[table].columns
    cells: dict[str, str] = {}
    for column, header in headers.items():
        cells[column] = _cell(sheet, header)
        codes = sheet.codes(header) if known[column].type in ("word", "words") else []
        if codes and not all(code in known[column].spellings for code in codes):
            meant = ", ".join(f'{quoted(code)} = ""' for code in codes)
            cells[column] += f"   # check: codes {', '.join(codes)}; add words = {{ {meant} }}"
    return cells


def _cell(sheet: SheetOutline, header: str) -> str:
    """A value that is the cell of a column, with what its codes mean."""
    return field_cell(header, sheet.fields.get(header))


def field_cell(
    header: str, coded: CodedField | None, words: Mapping[str, str] | None = None
) -> str:
    """The cell of a column that a data dictionary may describe. `words` is what its codes are
    called, in place of their labels.
    """
    parts = [f"column = {quoted(header)}"]
    meant = words if words is not None else {} if coded is None else coded.choices
    if meant:
        listed = ", ".join(f"{quoted(code)} = {quoted(label)}" for code, label in meant.items())
        parts.append(f"words = {{ {listed} }}")
        if coded is not None and coded.closed:
            parts.append("only_words = true")
    if coded is not None and coded.decimal is not None:
        parts.append(f"decimal = {quoted(coded.decimal)}")
    return f"{{ {', '.join(parts)} }}"


def _part(sheet: SheetOutline, header: str, pattern: str) -> str:
    """The part of a cell, or of what its code means, that a pattern finds."""
    coded = sheet.fields.get(header)
    if coded is None or not coded.choices:
        return f"{{ column = {quoted(header)}, extract = {quoted(pattern)} }}"
    parts = {code: re.search(pattern, label) for code, label in coded.choices.items()}
    return field_cell(header, coded, {code: m[0] if m else "" for code, m in parts.items()})


def _event_rows(sheet: SheetOutline) -> Iterator[str | RowText]:
    """Blocks that make no event of a blank cell."""
    if sheet.progression is not None:
        day = {
            "day": _cell(sheet, sheet.progression),
            "response": quoted("PD"),
            "by": quoted("team"),
        }
        if sheet.progressed is not None:
            yield from _codes_checked(sheet, sheet.progressed)
            when = {"when": _is(sheet.progressed, [*sheet.yes(sheet.progressed), ""])}
            yield _row("assessments", when | day)
        else:
            yield _row("assessments", day)
    day = {} if sheet.death is None else {"day": _cell(sheet, sheet.death)}
    if sheet.dead is not None:
        yield from _codes_checked(sheet, sheet.dead)
        dead = {"when": _is(sheet.dead, sheet.yes(sheet.dead))}
        # a death without a day is a death, and so is a day of death beside a blank
        yield _row("deaths", dead | ({"even_blank": "true"} | day if day else {}))
        if day:
            yield _row("deaths", {"when": _is(sheet.dead, [""])} | day)
    elif day:
        yield _row("deaths", day)
    for toxicity, name in sheet.episodes.items():
        yield _row("toxicities", {"toxicity": quoted(toxicity), "grade": _cell(sheet, name)})


def _is(header: str, values: Sequence[str]) -> str:
    """A condition: one of the values stands in the column."""
    listed = ", ".join(v if v.isdigit() and str(int(v)) == v else quoted(v) for v in values)
    return f"{{ column = {quoted(header)}, is = [{listed}] }}"


def _codes_checked(sheet: SheetOutline, header: str) -> Iterator[str]:
    if codes := sheet.codes(header):
        yield f"  # check: codes {', '.join(codes)} of {comment(header)}; 1 is assumed to mean yes"


def _lab_rows(sheet: SheetOutline) -> Iterator[str | RowText]:
    """A block for each column of results, and for each row of columns that are numbered by days."""
    day = {"day": _cell(sheet, sheet.day_header)} if sheet.day_header else {}
    if sheet.day_guessed and sheet.day_header is not None:
        yield (
            f"  # check: {comment(sheet.day_header)} is assumed to be the day, because it "
            "contains dates"
        )
    elif (sheet.long_labs or any(t.id not in _AT_DIAGNOSIS for t, _ in sheet.tests.values())) and (
        not day
    ):
        yield '  # no column of dates was found: add day = { column = "..." } to each row of labs'
    if sheet.long_labs:
        limits = {c: n for c, n in sheet.long_labs.items() if c != "range"}
        yield _row("labs", day | _cells(sheet, "labs", limits) | _range(sheet))
    specimen = {} if sheet.specimen is None else {"specimen": _cell(sheet, sheet.specimen)}
    for name, (test, unit, when) in sheet.anchored.items():
        columns = {
            "day": quoted(when),
            "test": quoted(test.id),
            "value": _cell(sheet, name),
        } | specimen
        yield _row("labs", columns, test, unit)
    for name, (test, unit) in sheet.tests.items():
        columns = _day_of(sheet, test, day) | {"test": quoted(test.id), "value": _cell(sheet, name)}
        columns |= specimen
        if name in sheet.units:
            yield _row("labs", columns | {"unit": _cell(sheet, sheet.units[name])})
        else:
            yield _row("labs", columns, test, unit)
    for (stem, test_id, unit), names in sheet.wide.items():
        each = re.escape(stem) + r"[ _]?(?:d(?:ay)?[ _]?|_)(?P<day>-?[0-9]{1,4})"
        yield f"  # columns {comment(', '.join(names))}"
        columns = {
            "each": quoted(each),
            "day": '{ group = "day" }',
            "test": quoted(test_id),
            "value": "{ cell = true }",
        }
        yield _row("labs", columns | specimen, load_tests()[test_id], unit)


def _day_of(sheet: SheetOutline, test: TestDef, day: dict[str, str]) -> dict[str, str]:
    """The day of a result that stands in a column. A stage is one of the diagnosis."""
    diagnosis = sheet.person.get("diagnosis_day")
    if test.id not in _AT_DIAGNOSIS:
        return day
    if diagnosis is not None:
        return {"day": _cell(sheet, diagnosis)}
    return {} if sheet.day_guessed else day


def _range(sheet: SheetOutline) -> dict[str, str]:
    """Both limits of a reference range that stands in one cell: `3,5 - 5,1`, `< 5`, `> 90`."""
    header = sheet.long_labs.get("range")
    if header is None:
        return {}
    number = r"([0-9]+(?:[.,][0-9]+)?)"
    to = r"\s*(?:-|\u2013|\u2014|bis|to)\s*"
    low = rf"^\s*{number}{to}|^\s*[>\u2265]\s*=?\s*{number}|^\s*(?:<|\u2264|bis|up to)()"
    high = rf"^\s*[0-9]+(?:[.,][0-9]+)?{to}{number}|^\s*(?:<|\u2264|bis|up to)\s*=?\s*{number}"
    high += r"|^\s*[>\u2265]()"
    return {
        "ref_low": f"{{ column = {quoted(header)}, extract = {quoted(low)} }}",
        "ref_high": f"{{ column = {quoted(header)}, extract = {quoted(high)} }}",
    }


def _history_rows(sheet: SheetOutline) -> Iterator[str | RowText]:
    """Regimens by line, and what the patient is refractory to."""
    if sheet.therapy:
        yield _row("therapies", _cells(sheet, "therapies", sheet.therapy))
    if sheet.line_parts:
        yield from _numbered_lines(sheet)
    for stem, names in sheet.regimens.items():
        yield f"  # columns {comment(', '.join(names))}"
        each = re.escape(stem) + r"[ _]?(?P<line>[0-9]{1,2})"
        columns = {
            "each": quoted(each),
            "line": '{ group = "line" }',
            "regimen": "{ cell = true }",
        }
        yield _row("therapies", columns)
    if sheet.status:
        each = "(?P<agent>" + "|".join(re.escape(n) for n in sheet.status) + ")"
        columns = {
            "each": quoted(each),
            "agent_or_class": '{ group = "agent" }',
            "status": "{ cell = true }",
        }
        yield _row("refractoriness", columns)


def _numbered_lines(sheet: SheetOutline) -> Iterator[str | RowText]:
    """One block for all numbered lines: the regimen's column, and those that go with it."""
    headers = [name for _, _, names in sheet.line_parts.values() for name in names]
    yield f"  # columns {comment(', '.join(headers))}"
    before, behind, _ = sheet.line_parts["regimen"]
    columns = {
        "each": quoted(f"{re.escape(before)}(?P<line>[0-9]{{1,2}}){re.escape(behind)}"),
        "line": '{ group = "line" }',
        "regimen": "{ cell = true }",
    }
    for column, (before, behind, _) in sheet.line_parts.items():
        if column != "regimen":
            columns[column] = f"{{ column = {quoted(before + '{line}' + behind)} }}"
    yield _row("therapies", columns)


def _row(
    table: str, columns: dict[str, str], test: TestDef | None = None, unit: str | None = None
) -> RowText:
    conditions = (columns["when"],) if "when" in columns else ()
    own = {name: text for name, text in columns.items() if name != "when"}
    if test is not None and test.kind == "number":
        allowed = unit is not None and normal_unit(unit) in test.units
        remark = (
            ""
            if allowed
            else f"   # enter the unit, one of {', '.join(test.allowed)}"
            + (f" (the header says {comment(unit)})" if unit else "")
        )
        own["unit"] = f"{quoted(unit if allowed and unit is not None else '')}{remark}"
    return RowText(table, own, conditions)


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
