"""The audit as FHIR R4 AuditEvents: each line keeps the rules of R4, and tells the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from sqlalchemy import select
from tests.support.board import Visitor
from tests.support.databases import Stocked
from tests.support.loops import some

from rearm.board.board import Board
from rearm.board.store.audit import Action
from rearm.board.store.audit_events import ACTIONS, audit_event, audit_events
from rearm.board.store.tables import AuditRow

_CODING = {"system": "uri", "version": "string", "code": "code", "display": "string"}
_REFERENCE = {"reference": "string", "type": "uri", "identifier": "Identifier", "display": "string"}
_IDENTIFIER = {"system": "uri", "value": "string"}

# R4 (4.0.1): element -> type, how often at least, how often at most
R4: Mapping[str, Mapping[str, tuple[str, int, int | None]]] = {
    "AuditEvent": {
        "resourceType": ("code", 1, 1),
        "id": ("id", 0, 1),
        "type": ("Coding", 1, 1),
        "subtype": ("Coding", 0, None),
        "action": ("code", 0, 1),
        "recorded": ("instant", 1, 1),
        "outcome": ("code", 0, 1),
        "outcomeDesc": ("string", 0, 1),
        "agent": ("agent", 1, None),
        "source": ("source", 1, 1),
        "entity": ("entity", 0, None),
    },
    "agent": {
        "type": ("CodeableConcept", 0, 1),
        "who": ("Reference", 0, 1),
        "altId": ("string", 0, 1),
        "name": ("string", 0, 1),
        "requestor": ("boolean", 1, 1),
    },
    "source": {
        "site": ("string", 0, 1),
        "observer": ("Reference", 1, 1),
        "type": ("Coding", 0, None),
    },
    "entity": {
        "what": ("Reference", 0, 1),
        "type": ("Coding", 0, 1),
        "role": ("Coding", 0, 1),
        "name": ("string", 0, 1),
        "description": ("string", 0, 1),
        "query": ("base64Binary", 0, 1),
        "detail": ("detail", 0, None),
    },
    "detail": {"type": ("string", 1, 1), "valueString": ("string", 1, 1)},
    "Coding": {name: (kind, 0, 1) for name, kind in _CODING.items()},
    "Reference": {name: (kind, 0, 1) for name, kind in _REFERENCE.items()},
    "Identifier": {name: (kind, 0, 1) for name, kind in _IDENTIFIER.items()},
}
PRIMITIVES: Mapping[str, str] = {
    "code": r"[^\s]+(\s[^\s]+)*",
    "id": r"[A-Za-z0-9\-\.]{1,64}",
    "uri": r"\S*",
    "string": r"[ \r\n\t\S]+",
    "instant": r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:"
    r"([0-5]\d|60)(\.\d+)?(Z|[+-]\d\d:\d\d)",
}
CODES = {"action": "CRUDE", "outcome": ("0", "4", "8", "12")}


def faults_of(value: Any, kind: str, where: str) -> Iterator[str]:
    """What R4 has against a value of a type."""
    if kind == "boolean":
        if not isinstance(value, bool):
            yield f"{where}: no boolean"
    elif kind in PRIMITIVES:
        if not (isinstance(value, str) and re.fullmatch(PRIMITIVES[kind], value)):
            yield f"{where}: no {kind}"
    elif not (isinstance(value, dict) and value):
        yield f"{where}: empty or no object"
    else:
        elements = R4[kind]
        yield from (f"{where}.{name}: no such element" for name in value if name not in elements)
        for name, (of, least, most) in elements.items():
            yield from _of_element(value.get(name), of, least, most, f"{where}.{name}")
        if kind == "entity" and "name" in value and "query" in value:
            yield f"{where}: sev-1, a name and a query"


def _of_element(value: Any, of: str, least: int, most: int | None, where: str) -> Iterator[str]:
    if value is None:
        if least:
            yield f"{where}: missing"
    elif most is None:
        if not (isinstance(value, list) and value):
            yield f"{where}: no list, or an empty one"
        else:
            for one in value:
                yield from faults_of(one, of, where)
    else:
        yield from faults_of(value, of, where)
        codes = CODES.get(where.removeprefix("AuditEvent."))
        if codes is not None and value not in codes:
            yield f"{where}: not a code of R4"


@pytest.fixture
def board(tmp_path: Path, stocked: Stocked) -> Iterator[Board]:
    board = stocked.board("sqlite", tmp_path / "board")
    visitor = Visitor(board)
    cases = re.findall(r"/patients/([0-9a-f]{16})", visitor.get("/worklist").text)
    for path in ("", "/results/1.json", "/export.json"):
        assert visitor.get(f"/patients/{cases[0]}{path}").status_code == 200
    yield board
    board.close()


def _told(board: Board) -> list[dict[str, Any]]:
    with board.database.reading() as session:
        return [json.loads(line) for line in audit_events(session)]


def test_every_line_keeps_the_rules_of_r4(board: Board) -> None:
    for event in some(_told(board)):
        assert list(faults_of(event, "AuditEvent", "AuditEvent")) == []


@pytest.mark.parametrize(
    "change",
    [{"type": None}, {"recorded": "2026-11-30"}, {"agent": []}, {"action": "X"}, {"extra": "x"},
     {"source": {}}, {"outcome": "1"}, {"agent": [{"requestor": "yes"}]}, {"id": "a b"},
     {"entity": [{"name": "a", "query": "b"}]}, {"entity": [{"detail": [{"type": "x"}]}]}],
)  # fmt: skip
def test_what_r4_forbids_is_found(board: Board, change: dict[str, Any]) -> None:
    event = {k: v for k, v in {**_told(board)[0], **change}.items() if v is not None}
    assert list(faults_of(event, "AuditEvent", "AuditEvent")) != []


def test_each_tells_who_did_what_when_to_what_and_on_which_version(board: Board) -> None:
    told = _told(board)
    with board.database.reading() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.number)).all()
        assert len(told) == len(rows)
        for event, row in zip(some(told), rows, strict=True):
            assert event["recorded"] == row.at and event["id"] == f"entry-{row.number}"
            assert event["agent"][0]["who"]["identifier"]["value"] == row.who
            assert event["subtype"][0]["code"] == row.action
            what = {x["what"]["identifier"]["value"] for x in event["entity"]}
            assert what == {str(row.number)} | ({row.subject} if row.subject else set())
            hashes = {x["type"]: x["valueString"] for x in event["entity"][0]["detail"]}
            assert hashes == {"hash": row.hash, "previous": row.previous}
    seen = [x for x in told if x["subtype"][0]["code"] == "result_seen"]
    assert {"type": "version", "valueString": "1"} in seen[-1]["entity"][1]["detail"]
    assert seen[-1]["action"] == "R" and seen[-1]["type"]["display"] == "Patient Record"


def test_no_patient_and_no_seal_stands_in_it(board: Board) -> None:
    text = json.dumps(_told(board))
    assert "SYN-" not in text and "sealed" not in text and "results/" not in text


def test_every_action_of_the_store_has_its_kind() -> None:
    """An action of another part goes as an activity of the program until it is named there."""
    assert set(ACTIONS) <= set(get_args(Action))
    row = AuditRow(number=1, at="2026-11-30T08:15:00.000000Z", who="", action="something_new",
                   subject="", details="{}", previous="0" * 64, hash="1" * 64)  # fmt: skip
    event = audit_event(row)
    assert event["type"]["code"] == "110100" and event["subtype"][0]["code"] == "something_new"
    assert list(faults_of(event, "AuditEvent", "AuditEvent")) == []
