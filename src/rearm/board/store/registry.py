"""What a registry takes of a board: the newest records of its decided patients as tidy tables, with
what became of the decisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from rearm.board.child.reading import TidyRow
from rearm.board.store.answers import kept_rows
from rearm.board.store.cases import all_cases, decisions_of
from rearm.board.store.follow_ups import follow_ups_of, rows_of, standing
from rearm.board.store.tables import Case

__all__ = ["RegistryTables", "registry_tables", "taken_by_registry"]

Cell = str | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryTables:
    """The tidy tables by name, each with its header first; `cases` are those they hold."""

    tables: dict[str, list[list[Cell]]]
    cases: tuple[str, ...]


def taken_by_registry(session: Session, tenant: str) -> list[Case]:
    """Everybody of whom something was decided; an invented patient is none."""
    return [
        case
        for case in all_cases(session, tenant)
        if not case.invented and decisions_of(session, case.id)
    ]


def registry_tables(session: Session, tenant: str) -> RegistryTables:
    """The newest rows of each patient. A further upload forgets no follow-up: its rows are added
    from what the board keeps.
    """
    found: dict[str, list[TidyRow]] = {}
    cases = taken_by_registry(session, tenant)
    for case in cases:
        kept = kept_rows(session, case.id)
        added = rows_of(standing(follow_ups_of(session, case.id)), kept.patient_id)
        for row in (*kept.rows, *added):
            if not row.unread:  # it says that nobody tested or knows
                found.setdefault(row.table, []).append(row)
    return RegistryTables(
        tables={name: _table(rows) for name, rows in found.items()},
        cases=tuple(case.id for case in cases),
    )


def _table(rows: Sequence[TidyRow]) -> list[list[Cell]]:
    told = [_told(row) for row in rows]
    columns = list(dict.fromkeys(name for cells in told for name in cells))
    return [list(columns), *([_cell(cells.get(name)) for name in columns] for cells in told)]


def _told(row: TidyRow) -> dict[str, object]:
    """What a row says: without cells that must not be used, with days that stand in none."""
    used = {name: cell for name, cell in row.cells.items() if name not in row.set_aside}
    return {**used, **row.labels}


def _cell(value: object) -> Cell:
    """A number as it is written, so that it stays one."""
    return None if value is None else str(value)
