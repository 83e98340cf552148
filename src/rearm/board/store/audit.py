"""Who did what, when: entries that are only added, each with the hash of the one before.

A change, a deletion, an insertion or another order breaks the chain, and the last entry is kept
apart. Records, results, decisions and whatever else is kept are sealed: the entry that tells of one
holds its hash; the entry that tells of an erasure names what was erased. Who rewrites the whole
database can rewrite the chain too; against that, note the head elsewhere.

An entry can't be changed, so it must hold nothing that an erasure has to reach: no id of a patient
and no text that somebody wrote. Such a text stands in a kept row, which the entry seals.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, undefer

from rearm.board.store.tables import KEPT, AuditHead, AuditRow, Base
from rearm.board.store.utc import now, utc_text

__all__ = [
    "Action",
    "Fault",
    "FaultKind",
    "Verified",
    "append",
    "canonical",
    "entry_hash",
    "head",
    "seal",
    "seal_of",
    "verify",
]

Action = Literal[
    "board_opened",
    "signed_in",
    "signed_out",
    "tried_what_is_not_there",
    "sign_in_failed",
    "tenant_changed",
    "user_added",
    "user_roles_changed",
    "user_disabled",
    "user_enabled",
    "password_link_made",
    "password_set",
    "tenant_added",
    "broke_glass",
    "broke_glass_in_vain",
    "administration_seen",
    "audit_seen",
    "audit_verified",
    "worklist_seen",
    "patient_seen",
    "result_seen",
    "sheet_printed",
    "report_asked",
    "report_taken",
    "exported",
    "token_made",
    "token_revoked",
    "upload_read",
    "upload_seen",
    "upload_discarded",
    "upload_corrected",
    "draft_kept",
    "entry_seen",
    "entry_discarded",
    "mapping_kept",
    "taken_in",
    "state_changed",
    "decided",
    "what_if_seen",
    "comparison_seen",
    "overruled",
    "overrule_taken_back",
    "overrules_applied",
    "erased",
    "sealed",
    "backed_up",
    "retention_set",
    "launched",
    "card_given",
    "card_feedback",
    "meeting_seen",
    "meeting_changed",
    "history_seen",
    "recomputed",
    "followed_up",
    "centre_changed",
    "registry_seen",
    "registry_exported",
]

FaultKind = Literal[
    "entry_changed",
    "entries_missing",
    "entry_out_of_order",
    "end_differs",
    "head_unknown",
    "row_changed",
    "row_missing",
    "row_unaudited",
]
_START = "0" * 64
_HASHED = ("number", "at", "who", "action", "subject", "details", "previous")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is not as it was written: `what` is the number of an entry, or a kept row."""

    kind: FaultKind
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a look through the audit found. `head` is the hash of the last entry."""

    entries: int
    head: str
    faults: tuple[Fault, ...]


def append(
    session: Session,
    who: str,
    action: Action,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Adds an entry, in the transaction of what it tells of."""
    last = session.scalar(select(AuditRow).order_by(AuditRow.number.desc()).limit(1))
    row = AuditRow(
        number=1 if last is None else last.number + 1,
        at=utc_text(now()),
        who=who,
        action=action,
        subject=subject,
        details=canonical(details or {}),
        previous=_START if last is None else last.hash,
    )
    row.hash = _hash_of(row)
    session.add(row)
    found = session.get(AuditHead, 1)
    if found is None:
        session.add(AuditHead(id=1, number=row.number, hash=row.hash))
    else:
        found.number, found.hash = row.number, row.hash
    session.flush()


def head(session: Session) -> str:
    """The hash of the last entry; of an empty audit zeros."""
    last = session.get(AuditHead, 1)
    return _START if last is None else last.hash


def seal(row: Base) -> dict[str, str]:
    """The hash of everything that a kept row says, by its name (`results/ab12`). An empty cell says
    nothing, so a column that is added later breaks no seal.
    """
    cells = {column.name: getattr(row, column.name) for column in row.__table__.columns}
    return seal_of(row.__tablename__, cells)


def seal_of(table: str, cells: Mapping[str, Any]) -> dict[str, str]:
    """As `seal`, of a row that was read as it stands in the database."""
    text = canonical({k: _plain(v) for k, v in cells.items() if v is not None})
    return {f"{table}/{cells['id']}": _sha256(text)}


def verify(session: Session, noted_head: str | None = None) -> Verified:
    """Looks through the chain and everything that it seals. `noted_head`: a hash that was noted or
    printed earlier, which must stand in the chain.
    """
    faults: list[Fault] = []
    sealed: dict[str, str] = {}
    before, number, hashes = _START, 0, set[str]()
    for row in session.scalars(_in_order().execution_options(yield_per=500)):
        faults += _of_entry(row, number, before)
        number, before = row.number, row.hash
        hashes.add(row.hash)
        sealed |= _names(row, "sealed")
        if row.action == "erased":  # gone on purpose: were it there, nothing would tell of it
            for name in _names(row, "erased"):
                sealed.pop(name, None)
    last = session.get(AuditHead, 1)
    if (number, before) != ((0, _START) if last is None else (last.number, last.hash)):
        faults.append(Fault(kind="end_differs", what=str(number)))
    if noted_head is not None and noted_head not in hashes:
        faults.append(Fault(kind="head_unknown", what=noted_head))
    faults += _of_kept(session, sealed)
    return Verified(entries=number, head=before, faults=tuple(faults))


def _of_entry(row: AuditRow, number: int, before: str) -> Iterator[Fault]:
    if row.number != number + 1:
        yield Fault(kind="entries_missing", what=f"{number + 1} to {row.number - 1}")
    elif row.previous != before:
        yield Fault(kind="entry_out_of_order", what=str(row.number))
    if _hash_of(row) != row.hash:
        yield Fault(kind="entry_changed", what=str(row.number))


def _in_order() -> Select[AuditRow]:
    return select(AuditRow).order_by(AuditRow.number)


def _names(row: AuditRow, key: str) -> dict[str, str]:
    try:
        found = json.loads(row.details).get(key, {})
    except (ValueError, AttributeError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _of_kept(session: Session, sealed: Mapping[str, str]) -> Iterator[Fault]:
    there: set[str] = set()
    for row in _kept(session):
        ((name, hashed),) = seal(row).items()
        there.add(name)
        if name not in sealed:
            yield Fault(kind="row_unaudited", what=name)
        elif sealed[name] != hashed:
            yield Fault(kind="row_changed", what=name)
    for name in sorted(set(sealed) - there):
        yield Fault(kind="row_missing", what=name)


def _kept(session: Session) -> Iterator[Base]:
    """Every row of the tables that are kept, but the audit itself."""
    for mapper in sorted(Base.registry.mappers, key=lambda x: x.class_.__tablename__):
        table = mapper.class_.__tablename__
        if table in KEPT and table != AuditRow.__tablename__:
            whole = select(mapper.class_).options(undefer("*"))
            yield from session.scalars(whole.execution_options(yield_per=50))


def _plain(value: Any) -> Any:
    """A cell as the seal takes it."""
    if isinstance(value, datetime):
        return utc_text(value)
    return value.hex() if isinstance(value, bytes) else value


def _hash_of(row: AuditRow) -> str:
    return entry_hash({name: getattr(row, name) for name in _HASHED})


def entry_hash(entry: Mapping[str, Any]) -> str:
    """The hash of an entry, which the next one holds, from its columns."""
    return _sha256(canonical([entry[name] for name in _HASHED]))


def canonical(value: Any) -> str:
    """A value as the hashes and the entries take it: always the same text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()
