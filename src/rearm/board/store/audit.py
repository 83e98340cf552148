"""Who did what, when: entries that are only added, each with the hash of the one before.

A change, a deletion, an insertion or another order breaks the chain, and the last entry is kept
apart. Records, results and decisions are sealed: the entry that tells of one holds its hash. Who
rewrites the whole database can rewrite the chain too; against that, note the head elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.board.store.tables import AuditHead, AuditRow, Decision, Record, Result
from rearm.board.store.utc import now, utc_text

__all__ = ["Action", "Fault", "FaultKind", "Verified", "append", "head", "seal", "verify"]

Action = Literal[
    "board_opened",
    "signed_in",
    "signed_out",
    "tried_what_is_not_there",
    "worklist_seen",
    "patient_seen",
    "result_seen",
    "upload_read",
    "upload_seen",
    "upload_discarded",
    "taken_in",
    "state_changed",
    "decided",
    "launched",
    "card_given",
    "card_feedback",
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
        details=_canonical(details or {}),
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


def seal(row: Record | Result | Decision) -> dict[str, str]:
    """The hash of everything that a kept row says, by its name (`results/ab12`)."""
    table = row.__table__
    cells = {column.name: getattr(row, column.name) for column in table.columns}
    text = _canonical({k: utc_text(v) if k == "at" else v for k, v in cells.items()})
    return {f"{row.__tablename__}/{row.id}": _sha256(text)}


def verify(session: Session, noted_head: str | None = None) -> Verified:
    """Looks through the chain and everything that it seals. `noted_head`: a hash that was noted or
    printed earlier, which must stand in the chain.
    """
    faults: list[Fault] = []
    sealed: dict[str, str] = {}
    before, number, hashes = _START, 0, set[str]()
    for row in session.scalars(select(AuditRow).order_by(AuditRow.number)):
        faults += _of_entry(row, number, before)
        number, before = row.number, row.hash
        hashes.add(row.hash)
        sealed |= _seals(row)
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


def _seals(row: AuditRow) -> dict[str, str]:
    try:
        found = json.loads(row.details).get("sealed", {})
    except (ValueError, AttributeError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _of_kept(session: Session, sealed: Mapping[str, str]) -> Iterator[Fault]:
    there: set[str] = set()
    kept: Iterator[Record | Result | Decision] = chain(
        session.scalars(select(Record)),
        session.scalars(select(Result)),
        session.scalars(select(Decision)),
    )
    for row in kept:
        ((name, hashed),) = seal(row).items()
        there.add(name)
        if name not in sealed:
            yield Fault(kind="row_unaudited", what=name)
        elif sealed[name] != hashed:
            yield Fault(kind="row_changed", what=name)
    for name in sorted(set(sealed) - there):
        yield Fault(kind="row_missing", what=name)


def _hash_of(row: AuditRow) -> str:
    told = [row.number, row.at, row.who, row.action, row.subject, row.details, row.previous]
    return _sha256(_canonical(told))


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()
