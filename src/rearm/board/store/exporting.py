"""Everything that is kept of one patient, as one JSON file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from rearm.board.store import audit
from rearm.board.store.belonging import belonging
from rearm.board.store.cases import case_of
from rearm.board.store.tables import AuditRow, Base, Record, Upload
from rearm.board.store.utc import now, utc_text
from rearm.characters import escaped
from rearm.version import __version__

__all__ = ["patient_export"]

_FORMAT = "rearm-board-patient-1"


def patient_export(session: Session, case_id: str, who: str) -> str:
    """The rows of each table that are those of the patient, the files they came from without their
    contents, and the entries of the audit, the one of this export among them. Raises NotThere.
    """
    case = case_of(session, case_id)
    audit.append(session, who, "exported", case_id)
    told = {
        "format": _FORMAT,
        "software": __version__,
        "exported_at": utc_text(now()),
        "case": case.id,
        "patient": case.patient_id,
        "tables": {**dict(_tables(session, case_id)), "uploads": _uploads(session, case_id)},
        "audit": _audit(session, case_id),
    }
    return escaped(msgspec.json.encode(told).decode("utf-8"))


def _tables(session: Session, case_id: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for table, condition in belonging(case_id):
        rows = session.connection().execute(select(table).where(condition))
        yield table.name, [_plain(table, dict(row._mapping)) for row in rows]


def _uploads(session: Session, case_id: str) -> list[dict[str, Any]]:
    table = Base.metadata.tables[Upload.__tablename__]
    given = select(Record.upload_id).where(Record.case_id == case_id)
    columns = [column for column in table.c if column.name != "payload"]
    rows = session.connection().execute(select(*columns).where(table.c.id.in_(given)))
    return [_plain(table, dict(row._mapping)) for row in rows]


def _audit(session: Session, case_id: str) -> list[dict[str, Any]]:
    """The entries on the patient, known by their hashes: their numbers would tell how much is done
    in other centres.
    """
    table = Base.metadata.tables[AuditRow.__tablename__]
    columns = [column for column in table.c if column.name != "number"]
    entries = select(*columns).where(table.c.subject == case_id).order_by(table.c.number)
    rows = session.connection().execute(entries)
    return [_plain(table, dict(row._mapping)) for row in rows]


def _plain(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {name: _cell(table, name, value) for name, value in row.items()}


def _cell(table: Table, name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return utc_text(value)
    if value and table.c[name].info.get("json"):
        return msgspec.Raw(value.encode("utf-8"))
    return value
