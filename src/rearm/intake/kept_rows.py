"""Rows of the tidy tables that were read before, kept, perhaps corrected, and are read again: the
records are made of them as they were of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from rearm.errors import InputError
from rearm.garbage import no_collection
from rearm.intake.build.gather import gather
from rearm.intake.build.records import make_records
from rearm.intake.build.terms import Terms
from rearm.intake.cells import RowMaker
from rearm.intake.result import Reading
from rearm.intake.rows import DecimalMark, Moment, Row, Value
from rearm.knowledge.bundle import Knowledge, bundled
from rearm.record import Issue, Source

__all__ = ["KeptRow", "keep", "read_kept"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRow:
    """A row as it was given. `cells` are those that are filled, by column; `places` those cells
    that have a place of their own.

    `set_aside` gives by column why a cell must not be used; `moments` are days that are known
    otherwise than by their cell, `labels` what stands there; `decimal`, `constants` and `stated`
    are those of `Row`. `unread`: the row is kept and nothing is read of it, because it says that
    nobody tested or knows, or because it is not complete. `regimens`: the agents of the centre's
    own names of regimens in it.
    """

    table: str
    source: Source
    cells: Mapping[str, Value]
    places: Mapping[str, Source] = field(default_factory=dict)
    set_aside: Mapping[str, str] = field(default_factory=dict)
    moments: Mapping[str, Moment] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    constants: frozenset[str] = frozenset()
    stated: bool = False
    decimal: DecimalMark | None = None
    unread: bool = False
    regimens: Mapping[str, Sequence[str]] = field(default_factory=dict)


def keep(row: Row, regimens: Mapping[str, Sequence[str]] | None = None) -> KeptRow:
    """What is needed of a row to read it again. `regimens`: the centre's own names of regimens, of
    which those that the row writes are kept.
    """
    written = row.cell("regimen").text.casefold()
    filled = {name: cell for name, cell in row.cells.items() if cell.given is not None}
    asides = {name: cell.aside for name, cell in row.cells.items()}
    settled = {name: cell for name, cell in row.cells.items() if cell.settled}
    places = {name: row.at(name) for name in row.cells}
    return KeptRow(
        table=row.table,
        source=row.source,
        cells={name: cell.given for name, cell in filled.items()},
        places={name: place for name, place in places.items() if place != row.source},
        set_aside={name: reason for name, reason in asides.items() if reason is not None},
        moments={name: c.value for name, c in settled.items() if isinstance(c.value, Moment)},
        labels={name: cell.text for name, cell in settled.items() if cell.given is None},
        constants=row.constants,
        stated=row.stated,
        decimal=row.decimal,
        regimens={n: own for n, own in (regimens or {}).items() if n.casefold() in written},
    )


def read_kept(
    rows: Iterable[KeptRow],
    knowledge: Knowledge | None = None,
    *,
    today: date | None = None,
    notes: Iterable[Issue] = (),
) -> Reading:
    """The records of kept rows. `notes`: issues that were found before. Raises InputError for a
    table or a column that there is none of.
    """
    known = knowledge or bundled()
    makers: dict[DecimalMark | None, RowMaker] = {}
    made: dict[str, list[Row]] = {}
    regimens: dict[str, Sequence[str]] = {}
    for row in rows:
        table = known.tidy_tables.tables.get(row.table)
        if table is None or not row.cells.keys() <= table.columns.keys():
            raise InputError(f"The dictionary has no such row of {row.table} ({row.source}).")
        if row.unread:
            continue
        maker = makers.setdefault(row.decimal, RowMaker(known.tidy_tables, row.decimal))
        made.setdefault(row.table, []).append(_made(maker, row))
        regimens |= row.regimens
    with no_collection():
        every = (row for own in made.values() for row in own)
        gathered = gather(every, notes, has_patient_table="patients" in made)
    terms = Terms(known, regimens)
    return Reading(
        lambda: make_records(gathered, terms, today=today),
        gathered.issues,
        rows=gathered.rows_of,
        regimens=regimens,
    )


class _Places(dict[str, Source]):
    """Where the cells of one row stand."""

    def at(self, index: int, column: str) -> Source | None:
        return self.get(column)


def _made(maker: RowMaker, row: KeptRow) -> Row:
    return maker.row(
        row.table,
        row.cells,
        row.source,
        places=_Places(row.places),
        set_aside=row.set_aside,
        moments=row.moments,
        labels=row.labels,
        constants=row.constants,
        stated=row.stated,
    )
