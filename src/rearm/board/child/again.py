"""A kept record read once more, with rows added to it: the same way as a file goes.

What the rows say stays where it stood: places are those of the file that they came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import msgspec
from msgspec import structs

from rearm.assessment import Assessment
from rearm.board.child.reading import (
    CentreGiven,
    ReadFile,
    ReadIssue,
    ReadPatient,
    TidyRow,
    read_file_of,
)
from rearm.board.refusals import NotUsable
from rearm.intake import read_tables

__all__ = ["Again", "read_again"]

_FILE = "kept"  # names the tables while they are read


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """What is read once more: `rows` as they are kept, in JSON, and those that are new. `centre`:
    what the centre has today.
    """

    rows: str
    added: tuple[TidyRow, ...] = ()
    centre: CentreGiven | None = None


def read_again(item: Again) -> bytes:
    """A `ReadFile` of one patient, as JSON. Raises NotUsable where the rows are of none or of more
    than one.
    """
    rows = (*msgspec.json.decode(item.rows, type=tuple[TidyRow, ...]), *item.added)
    tables: dict[str, list[TidyRow]] = {}
    for row in rows:
        tables.setdefault(row.table, []).append(row)
    reading = read_tables(
        {name: [row.cells for row in own] for name, own in tables.items()},
        file=_FILE,
        today=date.today(),
    )
    patients = read_file_of(reading, centre=item.centre).patients
    if len(patients) != 1:
        raise NotUsable(f"The kept rows are of {len(patients)} patients instead of one.")
    places = dict(_places(tables))
    return msgspec.json.encode(ReadFile(patients=(_placed(patients[0], rows, places),), issues=()))


def _places(tables: Mapping[str, Sequence[TidyRow]]) -> Iterator[tuple[str, str]]:
    for name, rows in tables.items():
        for number, row in enumerate(rows, 2):  # the header is row 1
            yield f"{_FILE}/{name}: row {number}", row.place


def _placed(
    patient: ReadPatient, rows: tuple[TidyRow, ...], places: Mapping[str, str]
) -> ReadPatient:
    """The patient with the places of the first reading."""

    def place(text: str) -> str:
        start, mark, column = text.partition(", ")
        return f"{places[start]}{mark}{column}" if start in places else text

    def issue(found: ReadIssue) -> ReadIssue:
        return structs.replace(found, place=place(found.place))

    result = patient.result
    if result:
        found = Assessment.from_json(result)
        result = structs.replace(
            found,
            rows=tuple(map(place, found.rows)),
            issues=tuple(structs.replace(x, source=place(x.source)) for x in found.issues),
        ).to_json()
    return structs.replace(
        patient, rows=rows, issues=tuple(map(issue, patient.issues)), result=result
    )
