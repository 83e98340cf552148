"""The audit as FHIR R4 AuditEvents, for a system that collects them from many programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.board.store.tables import AuditRow
from rearm.version import __version__

__all__ = ["ACTIONS", "audit_event", "audit_events"]

_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_OURS = "urn:rearm:board-audit"
_TERMS = "http://terminology.hl7.org/CodeSystem"
_USER = ("110114", "User Authentication")
_RECORD = ("110110", "Patient Record")
_QUERY = ("110112", "Query")
_IMPORT = ("110107", "Import")
_EXPORT = ("110106", "Export")
_ACTIVITY = ("110100", "Application Activity")
_OTHER = (_ACTIVITY, "E")

ACTIONS: Mapping[str, tuple[tuple[str, str], str]] = {
    "board_opened": (_ACTIVITY, "E"),
    "signed_in": (_USER, "E"),
    "signed_out": (_USER, "E"),
    "worklist_seen": (_QUERY, "E"),
    "patient_seen": (_RECORD, "R"),
    "result_seen": (_RECORD, "R"),
    "upload_read": (_IMPORT, "C"),
    "upload_seen": (_IMPORT, "R"),
    "upload_discarded": (_IMPORT, "D"),
    "taken_in": (_RECORD, "C"),
    "state_changed": (_RECORD, "U"),
    "decided": (_RECORD, "C"),
    "launched": (_IMPORT, "C"),
    "draft_kept": (_IMPORT, "U"),
    "exported": (_EXPORT, "R"),
    "erased": (_RECORD, "D"),
    "backed_up": (_EXPORT, "R"),
    "retention_set": (_ACTIVITY, "U"),
}
"""What an entry tells, as the kind of event of DICOM and as created, read, updated, deleted or
executed. Any other counts as an activity of the program; its own name stands beside it."""

_OF_UPLOADS = ("upload_read", "upload_seen", "upload_discarded")
_SEALS = ("sealed", "erased")  # hashes of rows: for `audit verify`, not for a reader


def audit_events(session: Session) -> Iterator[str]:
    """One line of JSON for each entry, in their order."""
    every = select(AuditRow).order_by(AuditRow.number).execution_options(yield_per=500)
    for row in session.scalars(every):
        yield json.dumps(audit_event(row), ensure_ascii=True, separators=(",", ":"))


def audit_event(row: AuditRow) -> dict[str, Any]:
    """One entry. What it was done to is named by its number, as in the audit; its hash and that of
    the entry before stand with it, so that the chain can be followed in the export too.
    """
    kind, action = ACTIONS.get(row.action, _OTHER)
    return {
        "resourceType": "AuditEvent",
        "id": f"entry-{row.number}",
        "type": {"system": _DICOM, "code": kind[0], "display": kind[1]},
        "subtype": [{"system": f"{_OURS}:action", "code": row.action}],
        "action": action,
        "recorded": row.at,
        "outcome": "0",
        "agent": [
            {
                "who": {"identifier": {"system": f"{_OURS}:user", "value": row.who or "nobody"}},
                "requestor": True,
            }
        ],
        "source": {
            "observer": {"display": f"Rearm {__version__}"},
            "type": [{"system": f"{_TERMS}/security-source-type", "code": "4"}],
        },
        "entity": [_entry(row), *_subject(row)],
    }


def _entry(row: AuditRow) -> dict[str, Any]:
    return {
        "what": {"identifier": {"system": f"{_OURS}:entry", "value": str(row.number)}},
        "type": {"system": f"{_TERMS}/audit-entity-type", "code": "2"},
        "detail": [
            {"type": "hash", "valueString": row.hash},
            {"type": "previous", "valueString": row.previous},
        ],
    }


def _subject(row: AuditRow) -> Iterator[dict[str, Any]]:
    if not row.subject:
        return
    is_upload = row.action in _OF_UPLOADS
    system = "upload" if is_upload else "case"
    found: dict[str, Any] = {
        "what": {"identifier": {"system": f"{_OURS}:{system}", "value": row.subject}},
        "type": {"system": f"{_TERMS}/audit-entity-type", "code": "2" if is_upload else "1"},
        "role": {"system": f"{_TERMS}/object-role", "code": "3" if is_upload else "1"},
    }
    details = [{"type": k, "valueString": _text(v)} for k, v in _details(row) if _text(v)]
    yield {**found, "detail": details} if details else found


def _details(row: AuditRow) -> Iterator[tuple[str, Any]]:
    told = json.loads(row.details)
    yield from ((key, value) for key, value in told.items() if key not in _SEALS)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
