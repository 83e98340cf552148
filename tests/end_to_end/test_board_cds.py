"""The CDS Hooks service as a record system uses it: each rule of the specification, and what is
refused. Requests have the shape of the public samples.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.support.board import Visitor, new_board, other_tenant, stock
from tests.support.loops import some
from tests.support.record_system import (
    SERVICE,
    FakeRecordSystem,
    bundle_of,
    running_record_system,
    taken_in,
)

from rearm.board.board import Board
from rearm.board.exchange import once
from rearm.board.exchange.configuration import record_system_of
from rearm.board.record_system import cds, requests
from rearm.board.refusals import NotUsable
from rearm.board.store import audit
from rearm.board.store.exchanged import CardFeedback, GivenCard, SeenToken
from rearm.board.store.tables import AuditRow, Case, Upload

PATH = f"/cds-services/{SERVICE}"
BROWSER = "https://chart.example.org"
CANARY = "Canary"


@pytest.fixture(scope="module")
def ehr() -> Iterator[FakeRecordSystem]:
    with running_record_system(FakeRecordSystem()) as running:
        yield running


class Caller:
    """The record system as it asks the board."""

    def __init__(self, board: Board, ehr: FakeRecordSystem) -> None:
        self.board, self.ehr = board, ehr
        self.visitor = Visitor(board, signed_in=False)

    def send(self, method: str, path: str, **more: Any) -> Any:
        token = self.ehr.signed(f"{self.board.origin}{path}")
        headers = {"authorization": f"Bearer {token}", **more.pop("headers", {})}
        return self.visitor.client.request(method, path, headers=headers, **more)

    def ask(self, patient: str = "SYN-01", **more: Any) -> Any:
        return self.send("POST", PATH, json=self.ehr.request(patient, **more))

    def card(self, patient: str = "SYN-01", **more: Any) -> Any:
        answer = self.ask(patient, **more)
        assert answer.status_code == 200, answer.text
        (card,) = answer.json()["cards"]
        return card

    def feed_back(self, *entries: Any) -> Any:
        return self.send("POST", f"{PATH}/feedback", json={"feedback": list(entries)})


def _board(folder: Path, ehr: FakeRecordSystem, **more: Any) -> Board:
    board = new_board(folder / "board")
    keys = folder / "keys"
    keys.mkdir()
    board.record_system = record_system_of({**ehr.settings(keys), **more}, keys)
    return board


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory, ehr: FakeRecordSystem) -> Caller:
    """One board for all that is refused or not counted."""
    return Caller(_board(tmp_path_factory.mktemp("cds"), ehr, cross_origins=[BROWSER]), ehr)


@pytest.fixture
def fresh(tmp_path: Path, ehr: FakeRecordSystem) -> Caller:
    """A board that nobody asked before."""
    return Caller(_board(tmp_path, ehr), ehr)


def _is_outcome(answer: Any, status: int) -> str:
    """An error in the form of FHIR, which says nothing of a patient; its sentence."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/fhir+json"
    told = answer.json()
    assert told["resourceType"] == "OperationOutcome"
    (issue,) = told["issue"]
    assert issue["severity"] == "error" and issue["code"]
    assert CANARY not in answer.text and "SYN-01" not in answer.text
    return str(issue["diagnostics"])


def _nothings(value: Any, where: str = "") -> list[str]:
    """Where an answer holds null or what is empty."""
    if value is None or value in ("", [], {}):
        return [] if where == "/cards" else [where]
    if isinstance(value, dict):
        return [x for k, v in value.items() for x in _nothings(v, f"{where}/{k}")]
    return [x for v in value for x in _nothings(v, where)] if isinstance(value, list) else []


# ---------------------------------------------------------------- discovery


def test_discovery_tells_of_one_service(caller: Caller) -> None:
    answer = caller.send("GET", "/cds-services")
    (service,) = answer.json()["services"]
    assert {"hook", "id", "description", "title", "version", "prefetch"} <= set(service)
    assert service["hook"] == "patient-view" and service["id"] == SERVICE == cds.SERVICE
    assert answer.headers["content-type"] == "application/json"
    assert _nothings(answer.json()) == []


def test_nothing_is_on_without_a_configuration(tmp_path: Path, ehr: FakeRecordSystem) -> None:
    caller = Caller(new_board(tmp_path / "board"), ehr)
    for method, path in (("GET", "/cds-services"), ("POST", PATH), ("POST", f"{PATH}/feedback")):
        _is_outcome(caller.send(method, path), 404)
    assert caller.visitor.get("/launch?iss=x&launch=y").status_code == 404


# ---------------------------------------------------------------- the token, on every call


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/cds-services"), ("POST", PATH), ("POST", f"{PATH}/feedback")],
)
def test_every_call_needs_a_token_of_its_own(caller: Caller, method: str, path: str) -> None:
    client, other = caller.visitor.client, caller.ehr.signed(f"{caller.board.origin}/x")
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": f"Bearer {other}"}):
        answer = client.request(method, path, headers=headers)
        _is_outcome(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    token = {"authorization": f"Bearer {caller.ehr.signed(caller.board.origin + path)}"}
    assert client.request(method, path, headers=token).status_code != 401
    assert "used before" in _is_outcome(client.request(method, path, headers=token), 401)


def test_without_the_note_of_its_use_a_token_would_count_again(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "first_use", lambda *_: True)
    token = {"authorization": f"Bearer {caller.ehr.signed(caller.board.origin + '/cds-services')}"}
    for _ in (1, 2):
        assert caller.visitor.get("/cds-services", headers=token).status_code == 200


def test_a_token_that_has_ended_is_forgotten(fresh: Caller) -> None:
    fresh.send("GET", "/cds-services")
    with fresh.board.database.writing() as session:
        (seen,) = session.scalars(select(SeenToken))
        assert len(seen.hash) == 64
        seen.ends_at = seen.ends_at.replace(year=2020)
    fresh.send("GET", "/cds-services")
    with fresh.board.database.reading() as session:
        assert len(session.scalars(select(SeenToken)).all()) == 1


def test_a_session_of_a_user_is_no_token(caller: Caller) -> None:
    signed_in = Visitor(caller.board)
    _is_outcome(signed_in.get("/cds-services"), 401)
    _is_outcome(signed_in.post(PATH), 401)


def test_keys_at_an_address_are_fetched_from_the_configuration(
    tmp_path: Path, ehr: FakeRecordSystem
) -> None:
    settings = ehr.settings(tmp_path)
    client = {**settings["cds_clients"][0], "keys_address": f"{ehr.origin}/jwks.json"}
    del client["keys_file"]
    caller = Caller(_board(tmp_path, ehr, cds_clients=[client]), ehr)
    assert caller.send("GET", "/cds-services").status_code == 200
    gone = {**client, "keys_address": "http://127.0.0.1:1/jwks.json"}
    (tmp_path / "other").mkdir()
    caller = Caller(_board(tmp_path / "other", ehr, cds_clients=[gone]), ehr)
    answer = caller.send("GET", "/cds-services")
    assert "can't be had" in _is_outcome(answer, 503) and answer.headers["retry-after"]


# ---------------------------------------------------------------- the call


def test_a_relapse_after_car_t_gets_one_card(caller: Caller) -> None:
    answer = caller.ask()
    (card,) = answer.json()["cards"]
    assert set(answer.json()) == {"cards"}  # no systemActions
    assert _nothings(answer.json()) == []
    assert uuid.UUID(card["uuid"]) and len(card["summary"]) < 140
    assert card["indicator"] in ("info", "warning", "critical") and card["source"]["label"]
    assert "suggestions" not in card and "selectionBehavior" not in card
    assert "after CAR-T, day 402" in card["detail"] and "<" not in card["detail"]
    (link,) = card["links"]
    assert link["type"] == "smart" and link["url"] == f"{caller.board.origin}/launch"
    assert link["appContext"] == card["uuid"] and "?" not in link["url"]


def test_who_has_no_car_t_gets_no_card(caller: Caller) -> None:
    sent = caller.ehr.prefetched("SYN-01")
    labs = [x for x in sent["labs"]["entry"] if "infusions" not in str(x)]
    sent |= {"procedures": None, "administrations": None, "statements": None,
             "labs": {**sent["labs"], "entry": labs}}  # fmt: skip
    answer = caller.ask(prefetch=sent)
    assert answer.status_code == 200 and answer.json() == {"cards": []}


def test_nothing_is_stored_of_the_patient(fresh: Caller) -> None:
    fresh.card()
    with fresh.board.database.reading() as session:
        assert session.scalars(select(Upload)).all() == []
        assert session.scalars(select(Case)).all() == []
        rows = session.scalars(select(AuditRow)).all()
        assert [x.action for x in rows] == ["card_given"] and "SYN-01" not in rows[0].details
    whole = b"".join(x.read_bytes() for x in fresh.board.folder.path.iterdir() if x.is_file())
    assert b"SYN-01" not in whole


def test_what_came_is_kept_where_the_configuration_says_so(
    tmp_path: Path, ehr: FakeRecordSystem
) -> None:
    caller = Caller(_board(tmp_path, ehr, keep=True), ehr)
    for _ in (1, 2):
        caller.card()
    with caller.board.database.reading() as session:
        ((upload, state),) = session.execute(select(Upload.id, Upload.state))
    assert state == "read"
    shown = Visitor(caller.board).get(f"/uploads/{upload}.json").json()
    assert [x["patient"] for x in shown["patients"]] == ["SYN-01"]


def test_what_another_centre_has_is_kept_for_this_one_too(
    tmp_path: Path, ehr: FakeRecordSystem
) -> None:
    """The same bundle of another centre is not this centre's, which would never see it."""
    caller = Caller(_board(tmp_path, ehr, keep=True), ehr)
    caller.card()
    other = other_tenant(caller.board)
    with caller.board.database.writing() as session:
        session.execute(update(Upload).values(tenant_id=other))
    caller.card()
    with caller.board.database.reading() as session:
        assert sorted(session.scalars(select(Upload.tenant_id))) == ["first", "other"]


_LEAVING: list[tuple[str, Any]] = [
    ("hook", None), ("hook", "order-sign"), ("hookInstance", None), ("hookInstance", "1"),
    ("context", None), ("context", []), ("context", {"patientId": "SYN-01"}),
    ("context", {"userId": "Practitioner/12"}),
    ("context", {"userId": "Nobody/12", "patientId": "SYN-01"}),
    ("context", {"userId": "Practitioner/12", "patientId": "SYN-01/../x"}),
    ("context", {"userId": "Practitioner/12", "patientId": "SYN-01", "encounterId": "a b"}),
    ("prefetch", []), ("fhirServer", 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), _LEAVING)
def test_what_the_specification_requires_is_required(caller: Caller, name: str, value: Any) -> None:
    assert name.split(".")[0] in _is_outcome(caller.ask(**{name: value}), 400) or value


@pytest.mark.parametrize(
    "granted",
    [[], {}, {"access_token": "a"}, {"access_token": "a b", "token_type": "Bearer"},
     {"access_token": "a", "token_type": "mac"}, {"access_token": "é", "token_type": "Bearer"},
     {"access_token": "a\r\nx: y", "token_type": "Bearer"}],
)  # fmt: skip
def test_an_access_token_must_be_one(caller: Caller, granted: Any) -> None:
    _is_outcome(caller.ask(fhirAuthorization=granted), 400)


def test_an_access_token_needs_its_server(caller: Caller) -> None:
    granted = {"access_token": "a", "token_type": "Bearer"}
    told = _is_outcome(caller.ask(fhirAuthorization=granted, fhirServer=None), 400)
    assert "fhirServer" in told


@pytest.mark.parametrize(
    "server",
    ["http://169.254.169.254/", "http://127.0.0.1:1/fhir", "{origin}/fhir/../admin", "{origin}",
     "{origin}.evil.example/fhir", "{origin}@evil.example/fhir", "file:///etc/passwd", "x"],
)  # fmt: skip
def test_no_other_server_is_read(caller: Caller, server: str) -> None:
    caller.ehr.asked.clear()
    given = server.replace("{origin}", caller.ehr.origin)
    granted = {"access_token": "a", "token_type": "Bearer"}
    answer = caller.ask(fhirServer=given, fhirAuthorization=granted, prefetch={})
    assert "fhirServer" in _is_outcome(answer, 403)
    assert caller.ehr.asked == []


def test_another_service_is_not_there(caller: Caller) -> None:
    for path in ("/cds-services/another", "/cds-services/another/feedback"):
        _is_outcome(caller.send("POST", path, json=caller.ehr.request("SYN-01")), 404)


_DEEP = b"[" * 65 + b"]" * 65
BODIES = [
    (b"", 400), (b"{", 400), (b"[]", 400), (b'"x"', 400), (b"\xff", 400), (_DEEP, 400),
    (b"[" * 10**6, 400), (b'{"hook": NaN}', 400), (b'{"hook": 1e400}', 400),
    (b'{"hook": "patient-view", "hook": "x"}', 400), (b'{"hook": "\\ud800"}', 400),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), BODIES, ids=lambda x: repr(x)[:30])
def test_a_body_that_is_no_strict_json_is_refused(caller: Caller, body: bytes, status: int) -> None:
    headers = {"content-type": "application/json"}
    _is_outcome(caller.send("POST", PATH, content=body, headers=headers), status)
    assert caller.send("GET", "/cds-services").status_code == 200


@pytest.mark.parametrize("kind", ["text/xml", "application/fhir+xml", "text/plain", ""])
def test_another_kind_of_body_is_refused(caller: Caller, kind: str) -> None:
    headers = {"content-type": kind}
    _is_outcome(caller.send("POST", PATH, content=b"<x/>", headers=headers), 415)


def test_a_body_that_is_too_large_is_refused(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "MOST_BYTES", 1000)
    _is_outcome(caller.ask(), 413)
    monkeypatch.setattr(requests, "MOST_BYTES", 10 * 2**20)
    assert caller.ask().status_code == 200  # it was its size


def test_without_what_is_required_and_without_access_it_is_412(caller: Caller) -> None:
    assert "procedures" in _is_outcome(caller.ask(prefetch=None), 412)


def test_what_was_not_sent_is_read_with_the_token_and_paged(caller: Caller) -> None:
    ehr = caller.ehr
    ehr.asked.clear()
    ehr.bearers.clear()
    granted = {"access_token": ehr.token, "token_type": "Bearer"}
    card = caller.card(prefetch={}, fhirAuthorization=granted)
    assert "incomplete" not in card["summary"].lower()
    assert any("page=1" in x for x in ehr.asked) and ehr.bearers == {f"Bearer {ehr.token}"}
    with caller.board.database.reading() as session:
        told = "".join(x.details for x in session.scalars(select(AuditRow)))
    assert ehr.token not in told


def test_a_first_page_without_a_token_says_incomplete_data(caller: Caller) -> None:
    sent = caller.ehr.prefetched("SYN-01")
    sent["labs"]["link"] = [{"relation": "next", "url": f"{caller.ehr.fhir}/Observation?page=2"}]
    card = caller.card(prefetch=sent)
    assert card["summary"].endswith("(incomplete data)")
    assert "**Incomplete data.** Laboratory results: only the first page" in card["detail"]


@pytest.mark.parametrize("place", ["http://169.254.169.254/x", "https://fhir.evil.example/x"])
def test_a_next_page_elsewhere_is_not_read(caller: Caller, place: str) -> None:
    sent = caller.ehr.prefetched("SYN-01")
    sent["labs"]["link"] = [{"relation": "next", "url": place}]
    granted = {"access_token": caller.ehr.token, "token_type": "Bearer"}
    card = caller.card(prefetch=sent, fhirAuthorization=granted)
    assert "a further page lies at another address" in card["detail"]


def test_an_error_in_the_prefetched_data_says_incomplete_data(caller: Caller) -> None:
    issue = {"severity": "error", "code": "timeout", "diagnostics": CANARY}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    card = caller.card(prefetch={**caller.ehr.prefetched("SYN-01"), "labs": outcome})
    assert "answered with an error" in card["detail"] and CANARY not in card["detail"]


def test_a_resource_of_another_patient_is_refused(caller: Caller) -> None:
    sent = caller.ehr.prefetched("SYN-01")
    sent["labs"] = caller.ehr.prefetched("SYN-04")["labs"]
    assert "another patient" in _is_outcome(caller.ask(prefetch=sent), 400)


def test_data_that_can_t_be_read_are_told_without_a_word_of_them(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> bytes:
        raise NotUsable(f"Mrs {CANARY} is no patient.")

    monkeypatch.setattr(caller.board.carders, "do", fail)
    assert "can't be read" in _is_outcome(caller.ask(), 422)


def test_the_link_leads_to_the_page_where_the_board_knows_the_patient(
    tmp_path: Path, ehr: FakeRecordSystem
) -> None:
    """Without a launch in the configuration: only for a patient of this record system."""
    board = _board(tmp_path, ehr)
    visitor = Visitor(board, signed_in=False)
    ehr.board = board.origin
    case = taken_in(visitor, ehr, "SYN-01")
    stock(board, "SYN-04")  # of the same id as a patient of the record system, but from a file
    keys = tmp_path / "more"
    keys.mkdir()
    board.record_system = record_system_of({**ehr.settings(keys), "smart_servers": []}, keys)
    caller = Caller(board, ehr)
    (link,) = caller.card()["links"]
    assert link == {"label": "Open the sheet for the board", "type": "absolute",
                    "url": f"{board.origin}{case}"}  # fmt: skip
    assert "links" not in caller.card("SYN-04")


# ---------------------------------------------------------------- feedback


def _accepted(card: str, /, **more: Any) -> dict[str, Any]:
    return {"card": card, "outcome": "accepted", "acceptedSuggestions": [{"id": "s1"}],
            "outcomeTimestamp": "2026-11-30T12:00:00Z", **more}  # fmt: skip


def _overridden(card: str, /, **more: Any) -> dict[str, Any]:
    reason = {"reason": {"system": "urn:x", "code": "known", "display": "Known already"},
              "userComment": "seen last week"}  # fmt: skip
    return {"card": card, "outcome": "overridden", "overrideReason": reason,
            "outcomeTimestamp": "2026-11-30T12:00:00+01:00", **more}  # fmt: skip


def test_feedback_is_kept_once_in_the_audit(fresh: Caller) -> None:
    card = fresh.card()["uuid"]
    for _ in (1, 2):
        answer = fresh.feed_back(_overridden(card), _accepted(card))
        assert answer.status_code == 200 and answer.text == ""
    with fresh.board.database.reading() as session:
        rows = [x for x in session.scalars(select(AuditRow)) if x.action == "card_feedback"]
        assert [json.loads(x.details)["outcome"] for x in rows] == ["overridden", "accepted"]
        told = json.loads(rows[0].details)
        assert told["reason"] == {"system": "urn:x", "code": "known"} and told["commented"] is True
        # what somebody wrote may name the patient, and the audit forgets nothing
        assert not any(x in y.details for x in ("last week", "already", "s1") for y in rows)
        assert {x.subject for x in rows} == {card}
        assert len(session.scalars(select(CardFeedback)).all()) == 2
        assert audit.verify(session).faults == ()


def test_the_same_outcome_at_another_time_is_another(fresh: Caller) -> None:
    card = fresh.card()["uuid"]
    other = _overridden(card, outcomeTimestamp="2026-11-30T13:00:00+01:00")
    assert fresh.feed_back(_overridden(card), other).status_code == 200
    with fresh.board.database.reading() as session:
        assert len(session.scalars(select(CardFeedback)).all()) == 2


def test_feedback_on_a_card_of_somebody_else_is_refused(fresh: Caller) -> None:
    card = fresh.card()["uuid"]
    unknown = fresh.feed_back(_overridden(card), _overridden(str(uuid.uuid4())))
    assert "No such card" in _is_outcome(unknown, 404)
    with fresh.board.database.writing() as session:
        assert session.scalars(select(CardFeedback)).all() == []  # all or nothing
        (given,) = session.scalars(select(GivenCard))
        given.issuer = "https://other.example.org"
    _is_outcome(fresh.feed_back(_overridden(card)), 404)


@pytest.mark.parametrize(
    "change",
    [
        {"card": None}, {"card": "x"}, {"outcome": "ignored"}, {"outcome": None},
        {"outcomeTimestamp": None}, {"outcomeTimestamp": "yesterday"},
        {"outcomeTimestamp": "2026-11-30T12:00:00"}, {"acceptedSuggestions": None},
        {"acceptedSuggestions": []}, {"acceptedSuggestions": [{}]}, {"acceptedSuggestions": "s1"},
    ],
    ids=repr,
)  # fmt: skip
def test_feedback_that_is_none_is_refused(caller: Caller, change: dict[str, Any]) -> None:
    entry = _accepted(caller.card()["uuid"], **change)
    _is_outcome(caller.feed_back({k: v for k, v in entry.items() if v is not None}), 400)


@pytest.mark.parametrize(
    "reason",
    [[], {"reason": "x"}, {"reason": {"display": "x"}}, {"userComment": 1},
     {"userComment": "x" * 1001}, {"userComment": "a\u202eb"}, {"userComment": "a\x00b"}],
)  # fmt: skip
def test_a_reason_that_is_none_is_refused(caller: Caller, reason: Any) -> None:
    entry = _overridden(caller.card()["uuid"], overrideReason=reason)
    _is_outcome(caller.feed_back(entry), 400)


@pytest.mark.parametrize("body", [{}, {"feedback": []}, {"feedback": {}}, {"feedback": [1]},
                                  {"feedback": [{}] * 51}])  # fmt: skip
def test_a_list_of_feedback_is_required(caller: Caller, body: Any) -> None:
    _is_outcome(caller.send("POST", f"{PATH}/feedback", json=body), 400)


# ---------------------------------------------------------------- browsers


@pytest.mark.parametrize("path", ["/cds-services", PATH, f"{PATH}/feedback"])
def test_a_browser_of_a_listed_origin_may_ask(caller: Caller, path: str) -> None:
    client = caller.visitor.client
    asked = {"origin": BROWSER, "access-control-request-method": "POST"}
    answer = client.options(path, headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == BROWSER
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    for origin in ("https://chart.example.org.evil.example", "null", "*", caller.board.origin, ""):
        refused = client.options(path, headers={**asked, "origin": origin})
        assert refused.status_code == 403
        assert "access-control-allow-origin" not in refused.headers


def test_an_answer_names_the_listed_origin_only(caller: Caller) -> None:
    good = caller.send("GET", "/cds-services", headers={"origin": BROWSER})
    assert good.headers["access-control-allow-origin"] == BROWSER
    assert good.headers["vary"] == "Origin"
    refused = caller.visitor.get("/cds-services", headers={"origin": BROWSER})
    assert refused.headers["access-control-allow-origin"] == BROWSER  # so that it reads why
    for headers in ({"origin": "https://evil.example"}, {}):
        other = caller.send("GET", "/cds-services", headers=headers)
        assert other.status_code == 200 and "access-control-allow-origin" not in other.headers


def test_no_page_but_these_takes_a_request_of_another_origin(caller: Caller) -> None:
    visitor = Visitor(caller.board)
    headers = {"origin": BROWSER}
    token = {"form_token": visitor.form_token()}
    for path in ("/leave", "/upload", "/cds-servicesx", "/cds-services/../leave"):
        answer = visitor.client.post(path, data=token, headers=headers)
        assert answer.status_code in (401, 403), path
    assert visitor.get("/worklist").status_code == 200


# ---------------------------------------------------------------- hostile text


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "[x](javascript:alert(1))",
                                  "![x](https://evil.example/p.png)"])  # fmt: skip
def test_text_of_the_record_is_no_markup_on_the_card(caller: Caller, text: str) -> None:
    sent = caller.ehr.prefetched("SYN-01")
    for entry in some(sent["statements"]["entry"]):
        concept = entry["resource"].get("medicationCodeableConcept", {})
        concept["text"] = text
        entry["resource"]["note"] = [{"text": text}]
    for entry in some(sent["labs"]["entry"]):
        entry["resource"]["code"]["text"] = text
        entry["resource"]["text"] = {"status": "generated", "div": f"<div>{text}</div>"}
    shown = json.dumps(caller.card(prefetch=sent))
    assert text not in shown and "<script" not in shown and "evil.example" not in shown


def test_a_whole_bundle_of_the_examples_can_be_sent(caller: Caller) -> None:
    """Data of every kind under one key: what is in it is read, whatever the key."""
    entries = [{"resource": x["resource"]} for x in bundle_of("SYN-04")["entry"]]
    page = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    nothing = dict.fromkeys(("patient", "conditions", "procedures", "administrations",
                             "statements", "genomics", "tumours"))  # fmt: skip
    card = caller.card("SYN-04", prefetch={**nothing, "labs": page})
    assert "after CAR-T, day 640" in card["detail"]


def test_without_its_guard_a_service_that_is_none_would_answer(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cds, "_check_service", lambda exchange: None)
    body = caller.ehr.request("SYN-01")
    assert caller.send("POST", "/cds-services/another", json=body).status_code == 200
