"""Forms of a centre's own project: what their names, labels and choices tell becomes blocks, by the
same recognition as the headers of any other table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rearm.intake.dictionary import load_tables
from rearm.intake.mapping.draft.data_dictionary import CodedField
from rearm.intake.mapping.draft.header_meaning import named_test_and_unit
from rearm.intake.mapping.draft.headers import THERAPY, header_key
from rearm.intake.mapping.draft.mapping_text import field_cell, row_lines
from rearm.intake.mapping.draft.outline import SheetOutline
from rearm.intake.mapping.draft.recognise import outline_of
from rearm.intake.mapping.draft.row_text import RowText, comment, quoted
from rearm.intake.redcap.blocks import FormBlocks, coded, condition, conditions_of_form
from rearm.intake.redcap.checkboxes import Box, agents_of, boxes_of, rows_of_box
from rearm.intake.redcap.export import EVENT, Export, Place
from rearm.intake.rows import Grid, Value
from rearm.knowledge.tidy_tables import folded

__all__ = ["foreign_form"]

# Fields of which nothing is drafted, with what the person should know.
_LEFT = {
    "calc": "   (calculated by REDCap, and stale until the form is saved again)",
    "notes": "   (free text)",
    "file": "   (a file)",
    "signature": "   (a file)",
    "sql": "   (choices come from a query that the dictionary does not hold)",
}
_ABSENT = quoted("absent")
_ENOUGH = 0.5  # of the choices of a field, so that it is one of such words
_CAUSE = re.compile(r"(?i)cause.{0,10}death|todesursache|\bcod\b")
_LEADING = re.compile(r"(-?[0-9]+)\b")


def foreign_form(export: Export, form: str) -> FormBlocks:
    """The blocks of a form, and what is left to the person."""
    found = FormBlocks()
    conditions = conditions_of_form(export, form)
    places: dict[str, Place] = {}
    for header, place in export.of_form(form).items():
        own = place.field
        if own is None or own.identifier:
            continue
        if (why := _LEFT.get(own.kind)) is not None:
            found.left[header] = why
        else:
            places[header] = place
    boxes = boxes_of(places)
    plain = {header: place for header, place in places.items() if place.kind == "field"}
    fields = _fields(export, plain)
    agents = _therapy(export, boxes, plain, fields)
    if agents is not None:
        row, taken = agents
        found.add(row, conditions)
        plain = {header: place for header, place in plain.items() if header not in taken}
        boxes = [box for box in boxes if box.header not in taken]
    sheet = _outlined(export, form, plain, fields)
    if sheet is not None:
        sheet.conditions = conditions
        _place_by_event(export, sheet, found, boxes)
        found.lines.extend(row_lines(sheet))
        for row in (*_responses(sheet), *_answers(sheet), *_causes_of_death(sheet)):
            found.add(row, conditions)
        found.lines.extend(f"  # check: {comment(note)}" for note in sheet.notes)
        found.left.update(dict.fromkeys(sheet.rest, ""))
    day = (
        {}
        if sheet is None or sheet.day_header is None
        else {"day": _cell(sheet.day_header, fields)}
    )
    for box in boxes:
        rows = [*rows_of_box(export, form, box, day)]
        if any(_ABSENT in row.columns.values() for row in rows):
            found.lines.append(
                f"  # check: where the form is complete, not ticked under {comment(box.header)} is "
                "read as absent"
            )
        for row in rows:
            found.add(row, conditions)
        if not rows:
            found.left.update(dict.fromkeys(box.headers, ""))
    return found


def _cell(header: str, fields: Mapping[str, CodedField]) -> str:
    return field_cell(header, fields.get(header))


def _fields(export: Export, plain: Mapping[str, Place]) -> dict[str, CodedField]:
    """The fields by header. The decimal mark is told where the project writes numbers in two
    ways; codes that are themselves the number stay numbers.
    """
    marks = {field.decimal for field in export.dictionary.fields.values()}
    made = {header: coded(export, place, decimals="," in marks) for header, place in plain.items()}
    return {
        header: _as_numbers(plain[header], field, labels=export.labels)
        for header, field in made.items()
    }


def _as_numbers(place: Place, field: CodedField, *, labels: bool) -> CodedField:
    """A field whose choices are numbers with an explanation (`0 - fully active`): its values are
    the numbers.
    """
    own = place.field
    assert own is not None
    leading = {code: _LEADING.match(label) for code, label in own.choices.items()}
    graded = bool(leading) and all(m is not None and m[1] == code for code, m in leading.items())
    read = named_test_and_unit(own.label) or named_test_and_unit(own.name)
    ordinal = read is not None and read[0].id == "ecog" and all(map(str.isdigit, own.choices))
    if not (graded or (ordinal and own.choices)):
        return field
    values = {label if labels else code: code for code, label in own.choices.items()}
    return replace(field, choices=values)


def _outlined(
    export: Export, form: str, plain: Mapping[str, Place], fields: Mapping[str, CodedField]
) -> SheetOutline | None:
    """What is recognised among the fields of a form, in the rows of that form."""
    headers = [export.id_header, *plain]
    event = export.system(EVENT)
    if event is not None:
        headers.append(event)
    cells: list[list[Value]] = [[*headers]]
    cells += [[export.cell(row, h) for h in headers] for row in export.form_rows(form)]
    grid = Grid(export.file, None, cells)
    sheet = outline_of(grid, 0, None, fields, id_header=export.id_header)
    if sheet is not None and event is not None:
        sheet.rest = [header for header in sheet.rest if header != event]
        if sheet.day_header == event:
            sheet.day_header = None
    return sheet


def _place_by_event(
    export: Export, sheet: SheetOutline, found: FormBlocks, boxes: list[Box]
) -> None:
    """Without a date of its own, what was done at a visit is placed by the event. One event for all
    says nothing of when.
    """
    if sheet.day_header is None:
        dated = [header for header in sheet.rest if sheet.holds_dates(header)]
        of_visit = [h for h in sheet.rest if _is_response(sheet, h)] or boxes
        if len(dated) == 1 and of_visit:
            sheet.day_header, sheet.day_guessed = dated[0], True
            sheet.rest.remove(dated[0])
    event = export.system(EVENT)
    if sheet.day_header is not None or event is None:
        return
    events = export.values(event)
    if len(events) > 1 and (sheet.tests or sheet.long_labs):
        sheet.day_header, found.event_days = event, True


def _responses(sheet: SheetOutline) -> Iterator[RowText]:
    """A field whose choices are responses is the team's assessment at a visit."""
    if sheet.day_header is None:
        return
    for header in [header for header in sheet.rest if _is_response(sheet, header)]:
        sheet.rest.remove(header)
        yield RowText(
            "assessments",
            {
                "day": _cell(sheet.day_header, sheet.fields),
                "response": _cell(header, sheet.fields),
                "by": quoted("team"),
            },
        )


def _is_response(sheet: SheetOutline, header: str) -> bool:
    spellings = load_tables()["assessments"].columns["response"].spellings
    field = sheet.fields.get(header)
    labels = [] if field is None else [*field.choices.values()]
    return len(labels) > 2 and sum(folded(x) in spellings for x in labels) > _ENOUGH * len(labels)


def _answers(sheet: SheetOutline) -> Iterator[RowText]:
    """A field named like a condition that is answered by yes or no."""
    spellings = load_tables()["conditions"].columns["condition"].spellings
    status = {"yes": "present", "no": "absent", "true": "present", "false": "absent"}
    day = {} if sheet.day_header is None else {"day": _cell(sheet.day_header, sheet.fields)}
    for header in [*sheet.rest]:
        field = sheet.fields.get(header)
        named = [spellings[folded(c)] for c in sheet.called(header) if folded(c) in spellings]
        if field is None or not named or len(field.choices) < 2:
            continue
        words = {code: status.get(label.lower(), "") for code, label in field.choices.items()}
        if not {"present", "absent"} <= set(words.values()):
            continue
        sheet.rest.remove(header)
        cell = field_cell(header, field, words)
        yield RowText("conditions", day | {"condition": quoted(named[0]), "status": cell})


def _causes_of_death(sheet: SheetOutline) -> Iterator[RowText]:
    """A field whose choices are causes of death, beside the day."""
    spellings = load_tables()["deaths"].columns["cause"].spellings
    for header in [*sheet.rest]:
        field = sheet.fields.get(header)
        asks = any(_CAUSE.search(called) for called in sheet.called(header))
        if field is None or not asks or not any(folded(x) in spellings for x in _labels(field)):
            continue
        sheet.rest.remove(header)
        day = {} if sheet.death is None else {"day": _cell(sheet.death, sheet.fields)}
        words = {
            c: label if folded(label) in spellings else "" for c, label in field.choices.items()
        }
        row = day | {"cause": field_cell(header, field, words)}
        yield RowText("deaths", row, (condition(header, 'is_not = [""]'),))


def _labels(field: CodedField) -> list[str]:
    return [*field.choices.values()]


def _therapy(
    export: Export,
    boxes: list[Box],
    plain: Mapping[str, Place],
    fields: Mapping[str, CodedField],
) -> tuple[RowText, set[str]] | None:
    """The block of a form whose drugs are ticked: one line of therapy with its agents. Also the
    headers that it reads.
    """
    drugs = [box for box in boxes if box.kind == "agents"]
    if len(drugs) != 1:
        return None
    columns: dict[str, str] = {}
    taken = {drugs[0].header, *drugs[0].headers}
    for header, place in plain.items():
        own = place.field
        assert own is not None
        keys = [header_key(called) for called in (header, own.name, own.label)]
        column = next((THERAPY[key] for key in keys if key in THERAPY), None)
        if column is not None and column not in columns:
            columns[column] = _cell(header, fields)
            taken.add(header)
    columns["agents"] = agents_of(export, drugs[0])
    return RowText("therapies", columns), taken
