"""Which rows of the store are those of one patient: found by the columns of the tables, so that a
table of another part is neither forgotten by an export nor by an erasure.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, select

from rearm.board.store.tables import Base, Case, Erasure

__all__ = ["belonging"]

_CASES = Case.__tablename__
_STAYS = (Erasure.__tablename__,)


def belonging(case_id: str) -> list[tuple[Table, ColumnElement[bool]]]:
    """Each table with rows of this patient and what tells them, in an order in which a row stands
    before those that refer to it: rows with the number of the case, and rows that refer to such.
    """
    found: dict[str, ColumnElement[bool]] = {}
    for table in Base.metadata.sorted_tables:
        condition = _condition(table, case_id, found)
        if condition is not None:
            found[table.name] = condition
    return [(Base.metadata.tables[name], condition) for name, condition in found.items()]


def _condition(
    table: Table, case_id: str, found: dict[str, ColumnElement[bool]]
) -> ColumnElement[bool] | None:
    if table.name in _STAYS:
        return None
    if table.name == _CASES:
        return table.c.id == case_id
    if "case_id" in table.c:
        return table.c.case_id == case_id
    condition: ColumnElement[bool] | None = None
    for key in table.foreign_keys:
        parent = key.column.table
        if parent.name in found:
            refers = key.parent.in_(select(key.column).where(found[parent.name]))
            condition = refers if condition is None else condition | refers
    return condition
