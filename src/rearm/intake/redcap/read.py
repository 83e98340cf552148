"""Records of a REDCap export: its mapping is drafted from the data dictionary, and read at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from rearm.intake.issues import issue_at, place_at
from rearm.intake.mapping.load import mapping_of
from rearm.intake.mapping.read import read_by_mapping
from rearm.intake.redcap.dictionary import read_dictionary
from rearm.intake.redcap.draft import drafted, identifiers
from rearm.intake.redcap.export import Export, read_export
from rearm.intake.result import Reading
from rearm.intake.rows import CellProblem
from rearm.knowledge.bundle import Knowledge
from rearm.record import Issue, Source

__all__ = ["read_redcap"]


def read_redcap(
    export: Path, dictionary: Path, knowledge: Knowledge, *, today: date | None = None
) -> Reading:
    """Records from an export (raw data or labels) by the data dictionary of its project.

    What the dictionary does not tell stays unread and is reported: draft the mapping and complete
    it. Raises InputError where the two do not belong together, where codes and labels are mixed,
    and where no patient can be read.
    """
    beside = read_export(export, read_dictionary(dictionary))
    name = f"drafted from {dictionary.name}"
    mapping = mapping_of(drafted(beside, knowledge).encode(), name, knowledge)
    return read_by_mapping(
        export, mapping, knowledge, name=name, issues=_issues(beside), today=today
    )


def _issues(export: Export) -> Iterator[Issue]:
    """What is left out by the marks of the dictionary, and what it has and the export has not."""
    own = export.dictionary.id_field
    if own.identifier:
        sentence = (
            f"{own.name}, the id of the patients, is marked as an identifier in "
            f"{export.dictionary.file}. It stands in every result. Export a pseudonym in its place."
        )
        problem = CellProblem("warning", "id_is_identifier", sentence, "used")
        yield issue_at(_head(export, export.id_header), problem)
    marked = identifiers(export)
    if marked:
        sentence = (
            f"{_columns(len(marked))} of {export.file} marked as identifiers in "
            f"{export.dictionary.file}: {', '.join(marked)}. They are not read."
        )
        places = [_head(export, header) for header in marked]
        problem = CellProblem("note", "identifiers_not_read", sentence)
        yield issue_at(places[0], problem, places=[place_at(p, None) for p in places])
    there = {place.field.name for place in export.columns.values() if place.field is not None}
    absent = [name for name in export.dictionary.fields if name not in there]
    if absent:
        some = ", ".join(absent[:5]) + (" ..." if len(absent) > 5 else "")
        sentence = (
            f"{export.file} lacks {len(absent)} of the {len(export.dictionary.fields)} fields of "
            f"{export.dictionary.file} ({some}). They were not exported, or have been added since."
        )
        problem = CellProblem("note", "fields_not_exported", sentence, "used")
        yield issue_at(Source(export.file, ""), problem)


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _head(export: Export, header: str) -> Source:
    return export.grid.cell_source(0, export.index[header], header)
