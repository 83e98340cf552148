"""The mapping of a REDCap export, drafted from the data dictionary of its project."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rearm.errors import InputError
from rearm.intake.mapping.draft.row_text import RowText, comment, quoted
from rearm.intake.redcap.blocks import FormBlocks, is_in
from rearm.intake.redcap.dictionary import read_dictionary
from rearm.intake.redcap.export import EVENT, GROUP, INSTRUMENT, Export, read_export
from rearm.intake.redcap.foreign_forms import foreign_form
from rearm.intake.redcap.missing_codes import likely_numbers, words_for_missing
from rearm.intake.redcap.own_forms import is_own_form, own_form
from rearm.intake.rows import Value
from rearm.intake.values import text
from rearm.knowledge.bundle import Knowledge, bundled

__all__ = ["drafted", "identifiers", "write_redcap_draft"]


def write_redcap_draft(target: Path, source: Path, dictionary: Path) -> Path:
    """Write a mapping drafted for an export to `target`. Raises InputError where `target` is there
    already or can't be written, and where export and dictionary do not belong together.
    """
    if target.exists():
        raise InputError(f"{target} already exists. Nothing was written. Choose another name.")
    draft = drafted(read_export(source, read_dictionary(dictionary)), bundled())
    try:
        target.write_text(draft, "utf-8")
    except OSError as error:
        raise InputError(f"{target} can't be written: {error.strerror or error}.") from error
    return target


def drafted(export: Export, knowledge: Knowledge) -> str:
    """The text of the mapping. It holds names, labels and codes of the project, and no value of a
    patient.
    """
    forms = {
        form: own_form(export, form, knowledge)
        if is_own_form(export, form, knowledge)
        else foreign_form(export, form)
        for form in export.dictionary.forms
    }
    return "\n".join(_lines(export, forms)) + "\n"


def _lines(export: Export, forms: dict[str, FormBlocks]) -> Iterator[str]:
    dictionary = export.dictionary
    what = "labels" if export.labels else "codes (raw data)"
    yield f"# Drafted from {comment(export.file)}, an export of {what}, with the data dictionary"
    yield f"# {comment(dictionary.file)}. Check every block, and map what is listed as comments."
    yield ""
    yield f"name = {quoted(Path(export.file).stem)}"
    yield ""
    yield "[files]"
    yield f"export = {quoted(export.file)}"
    if any(blocks.event_days for blocks in forms.values()):
        yield from _event_days(export)
    yield ""
    yield "[[sheet]]"
    yield 'file = "export"'
    yield f"id = {quoted(export.id_header)}"
    if export.numbered:
        yield "number_headers = true"
    yield from _missing(export)
    yield from _ignored(export)
    yield from _centre(export)
    if not any('table = "patients"' in line for blocks in forms.values() for line in blocks.lines):
        yield from _everybody()
    for form, blocks in forms.items():
        if blocks.lines or blocks.left:
            yield ""
            yield f"  # form {comment(form)}"
        yield from blocks.lines
        if blocks.left:
            yield "  # not recognised: map it, or add it to ignore = [...] of the sheet"
            yield from (f"  #   {comment(name)}{comment(why)}" for name, why in blocks.left.items())
    unknown = [header for header, place in export.columns.items() if place.kind == "unknown"]
    if unknown:
        yield f"  # not in the dictionary {comment(dictionary.file)}:"
        yield from (f"  #   {comment(header)}" for header in unknown)


def _event_days(export: Export) -> Iterator[str]:
    """The events, for the person to say which day each of them is."""
    header = export.system(EVENT)
    events = dict.fromkeys(text(export.cell(row, header)) for row in export.rows if header)
    yield ""
    yield "# Results without a date are placed by the event. Write the day of each, an interval"
    yield '# [first, last], or words such as "before infusion", and remove the #.'
    yield "[day_labels]"
    for event in filter(None, events):
        number = re.search(r"(?i)\b(?:day|tag)[ _]?(-?[0-9]+)", event.replace("_", " "))
        yield f"# {comment(quoted(event))} = {number[1] if number else ''}".rstrip()


def _missing(export: Export) -> Iterator[str]:
    if words := words_for_missing(export):
        yield f"missing = [{', '.join(map(quoted, words))}]"
    for number, headers in likely_numbers(export).items():
        shown = ", ".join(headers[:5]) + (" ..." if len(headers) > 5 else "")
        yield (
            f"# check: {number} stands in {comment(shown)}. If the project uses it as a code for "
            f"missing, add {quoted(number)} to missing = [...]; until then it is refused."
        )


def _ignored(export: Export) -> Iterator[str]:
    """What is left out by rule: marks of completeness, identifiers, what REDCap keeps for
    itself.
    """
    rules: list[tuple[str, Sequence[str]]] = [
        ("marked as identifiers in the dictionary: never read", identifiers(export)),
        ("completeness of forms, time stamps, columns of REDCap itself", _own_columns(export)),
    ]
    if not any(headers for _, headers in rules):
        return
    yield "ignore = ["
    for why, headers in rules:
        if headers:
            yield f"  # {why}"
            yield from (f"  {quoted(header)}," for header in headers)
    yield "]"


def identifiers(export: Export) -> list[str]:
    """The headers of fields that the project marks as identifiers; the record id is kept."""
    return [
        header
        for header, place in export.columns.items()
        if place.field is not None
        and place.field.identifier
        and place.field is not export.dictionary.id_field
    ]


def _own_columns(export: Export) -> list[str]:
    kept = (GROUP,)
    return [
        header
        for header, place in export.columns.items()
        if place.kind in ("complete", "timestamp")
        or (place.kind == "system" and place.name not in kept)
    ]


def _everybody() -> Iterator[str]:
    """Without a form of the person, every row names a patient all the same."""
    yield ""
    yield "  # no field of the person was recognised; the ids are read"
    yield from RowText("patients", {}).lines()


def _centre(export: Export) -> Iterator[str]:
    """The data access group is the centre. Every row of a patient repeats it: it is read at the
    events with which patients begin.
    """
    header = export.system(GROUP)
    if header is None:
        return
    first: dict[str, Sequence[Value]] = {}
    for row in export.rows:
        first.setdefault(text(export.cell(row, export.id_header)), row)
    conditions = [
        is_in(
            column,
            [*dict.fromkeys(text(export.cell(row, column)) for row in first.values())],
            part=True,
        )
        for column in map(export.system, (INSTRUMENT, EVENT))
        if column is not None
    ]
    yield ""
    yield "  # the data access group is the centre"
    centre = {"finding": quoted("centre"), "value": f"{{ column = {quoted(header)} }}"}
    yield from RowText("facts", centre, conditions).lines()
