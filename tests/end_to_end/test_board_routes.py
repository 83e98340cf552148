"""Every address of the board: who may use it, what it shows, what it refuses; each guard is seen to
hold, and its test to fail where the guard is off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from sqlalchemy import select
from sqlalchemy import text as text_of_sql
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from tests.support.board import (
    Visitor,
    examples_read,
    new_board,
    other_tenant,
    patient_named,
    stock,
)
from tests.support.filled_form import FilledForm
from tests.support.loops import some
from tests.support.places import DATA, ROOT

from rearm.assessment import Assessment
from rearm.board.api.declare import ApiRoute
from rearm.board.app import make_app
from rearm.board.board import CALLBACK, Board
from rearm.board.monitoring.addresses import MonitoringRoute
from rearm.board.people import sessions
from rearm.board.people.sessions import Permission
from rearm.board.record_system.addresses import system_routes
from rearm.board.store import uploads
from rearm.board.store.tables import FIRST_TENANT, AuditRow, SessionRow, StartLink, Upload
from rearm.board.store.triggers import drop_triggers
from rearm.board.store.utc import now
from rearm.board.web import declare, forms, guards
from rearm.board.web.declare import Address, BoardRoute

LABS = ROOT / "examples" / "tables" / "labs.csv"
BUNDLE = ROOT / "examples" / "fhir" / "biallelic-bcma-loss.json"
SCRIPT = "<script>alert(1)</script>"
HOSTILE = (
    SCRIPT,
    "<img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "{{ 7 * 7 }}{% include 'x' %}",
    "javascript:alert(1)",
    "'; DROP TABLE cases; --",
    '=HYPERLINK("http://x")',
)


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return new_board(tmp_path / "board")


@pytest.fixture
def visitor(board: Board) -> Visitor:
    return Visitor(board)


def _addresses(board: Board) -> list[BoardRoute]:
    """Those of pages; programs come by ways of their own (`test_board_api`, `..._monitoring`)."""
    every = [route for route in make_app(board).routes if isinstance(route, BoardRoute)]
    return [route for route in every if not isinstance(route, ApiRoute | MonitoringRoute)]


def _method(route: Route) -> str:
    return next(iter(sorted((route.methods or set()) - {"HEAD"})))


def _filled(path: str, **parts: str) -> str:
    """The path with something in each of its parts."""
    return re.sub(r"\{(\w+)\}", lambda m: parts.get(m[1], "0" * 16), path)


# ---------------------------------------------------------------- who may


def test_every_route_declares_what_it_needs(board: Board) -> None:
    every = make_app(board).routes
    assert [x for x in every if not isinstance(x, BoardRoute)] == []
    assert {x.needs for x in _addresses(board)} <= {"nothing", "session", *get_args(Permission)}
    open_ones = {x.path for x in _addresses(board) if x.needs == "nothing"}
    by_token = {route.path for route in system_routes(board)}  # they look at a signed token
    assert open_ones == {
        "/start/{token}", "/static/{name}", "/sign-in", "/sign-in/provider", CALLBACK,
        "/password/{token}", "/signed-out", "/signed-out/provider", *by_token,
    }  # fmt: skip


def test_a_route_without_a_declared_permission_can_t_be_made(board: Board) -> None:
    with pytest.raises(TypeError, match="needs"):
        Address(path="/x", method="GET", handler=lambda asked: Response())  # type: ignore[call-arg]


def test_nobody_gets_anything_without_a_session(board: Board) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    nobody = Visitor(board, signed_in=False)
    for route in some(x for x in _addresses(board) if x.needs != "nothing"):
        path = _filled(route.path, case=case, number="1")
        answer = nobody.get(path) if _method(route) == "GET" else nobody.post(path)
        assert answer.status_code == 401, path
        assert "SYN-01" not in answer.text


def test_a_session_does_only_what_it_is_allowed(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    for may in ("", *get_args(Permission)):
        with board.database.writing() as session:
            for row in session.query(SessionRow):
                row.permissions = may
        for route in some(x for x in _addresses(board) if x.needs in get_args(Permission)):
            path = _filled(route.path, case=case, number="1")
            answer = visitor.get(path) if _method(route) == "GET" else visitor.post(path)
            allowed = route.needs == may
            assert (answer.status_code == 403) != allowed, (path, may, answer.status_code)


def test_an_address_that_is_none_is_told_as_page_and_as_json(visitor: Visitor) -> None:
    page, plain = visitor.get("/nothing"), visitor.get("/nothing.json")
    assert page.status_code == plain.status_code == 404
    assert "nothing at this address" in page.text
    assert plain.headers["content-type"] == "application/problem+json"
    assert plain.json()["status"] == 404
    assert visitor.post("/worklist").status_code == 405


@pytest.mark.parametrize(
    "path",
    ["/patients/none", "/patients/none/decision", "/uploads/none", "/static/../secret",
     "/static/none.css"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).status_code == 404


@pytest.mark.parametrize("number", ["2", "0", "-1", "x", "1e3", "9" * 30, "１"])
def test_a_version_that_is_not_there_is_not_found(
    board: Board, visitor: Visitor, number: str
) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    assert visitor.get(f"/patients/{case}/results/{number}.json").status_code == 404


# ---------------------------------------------------------------- the link and the session


def test_a_link_opens_one_session(board: Board) -> None:
    first, second = Visitor(board, signed_in=False), Visitor(board, signed_in=False)
    token = sessions.new_link(board.database, "somebody")
    assert first.client.head(f"/start/{token}").status_code == 200  # a look does not use it
    answer = first.get(f"/start/{token}")
    assert answer.status_code == 303 and answer.headers["location"] == "/worklist"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and token not in cookie
    assert first.get("/worklist").status_code == 200
    assert second.get(f"/start/{token}").status_code == 401
    assert second.get("/worklist").status_code == 401


def test_without_the_note_of_its_use_a_link_would_open_again(board: Board) -> None:
    token = sessions.new_link(board.database, "somebody")
    for _ in range(2):
        assert Visitor(board, signed_in=False).get(f"/start/{token}").status_code == 303
        with board.database.writing() as session:
            for link in session.query(StartLink):
                link.used_at = None


def test_a_link_lives_for_minutes(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Visitor(board, signed_in=False)
    token = sessions.new_link(board.database, "somebody")
    moment = now()
    monkeypatch.setattr(sessions, "now", lambda: moment + timedelta(minutes=16))
    assert visitor.get(f"/start/{token}").status_code == 401
    monkeypatch.setattr(sessions, "LINK_LIFE", timedelta(hours=1))
    assert visitor.get(f"/start/{token}").status_code == 303  # it was its age


@pytest.mark.parametrize(
    ("minutes", "guard"), [(31, "IDLE"), (60 * 12 + 1, "LONGEST")], ids=["idle", "long"]
)
def test_a_session_ends_by_itself(
    board: Board, visitor: Visitor, monkeypatch: pytest.MonkeyPatch, minutes: int, guard: str
) -> None:
    assert visitor.get("/worklist").status_code == 200
    moment = now()
    monkeypatch.setattr(sessions, "now", lambda: moment + timedelta(minutes=minutes))
    if guard == "LONGEST":
        monkeypatch.setattr(sessions, "IDLE", timedelta(days=9))
    assert visitor.get("/worklist").status_code == 401
    monkeypatch.setattr(sessions, guard, timedelta(days=9))
    assert visitor.get("/worklist").status_code == 200


def test_who_works_stays_signed_in(
    board: Board, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = now()
    for minutes in (20, 40, 60):
        monkeypatch.setattr(sessions, "now", lambda m=minutes: moment + timedelta(minutes=m))
        assert visitor.get("/worklist").status_code == 200


def test_signing_out_ends_the_session_on_the_server(board: Board, visitor: Visitor) -> None:
    cookie = visitor.client.cookies.get(board.cookie)
    assert visitor.post("/leave").status_code == 303
    assert visitor.get("/worklist").status_code == 401
    visitor.client.cookies.set(board.cookie, cookie or "")
    assert visitor.get("/worklist").status_code == 401  # also with the cookie kept


def test_the_store_holds_no_token(board: Board) -> None:
    token = sessions.new_link(board.database, "somebody")
    visitor = Visitor(board)
    cookie = visitor.client.cookies.get(board.cookie) or ""
    board.database.close()
    whole = b"".join(x.read_bytes() for x in board.folder.path.iterdir() if x.is_file())
    assert len(cookie) > 40
    assert cookie.encode() not in whole and token.encode() not in whole
    assert visitor.form_token().encode() not in whole


# ---------------------------------------------------------------- guards


def _passes(visitor: Visitor, **headers: str) -> bool:
    return bool(visitor.get("/worklist", headers=headers).status_code == 200)


def _wrong_host(visitor: Visitor) -> bool:
    hosts = ("evil.example", "127.0.0.1", "127.0.0.1:1", "localhost:8765", "127.0.0.1:8765.x", "")
    return any(_passes(visitor, host=host) for host in hosts)


async def _app_that_waits(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("it was let in")


def test_who_comes_to_a_full_board_is_told_when_to_come_again(board: Board) -> None:
    app = guards.CrowdGuard(_app_that_waits, most=0)
    answer = TestClient(app).get("/worklist")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "Try again" in answer.text


def _wrong_origin(visitor: Visitor) -> bool:
    """Whether a page of another site, or none, can send a form of ours."""
    token = {"form_token": visitor.form_token()}
    origins = ("null", "http://evil.example", "http://127.0.0.1:8766", "https://127.0.0.1:8765",
               "http://127.0.0.1:8765.evil.example", "http://localhost:8765")  # fmt: skip
    sent = [visitor.client.post("/leave", data=token)]  # without any
    sent += [visitor.client.post("/leave", data=token, headers={"origin": x}) for x in origins]
    return any(x.status_code != 403 for x in sent)


def _wrong_token(visitor: Visitor) -> bool:
    other = Visitor(visitor.board)
    tokens = ("", "x", "é", "0" * 64, other.form_token())
    return any(visitor.post("/leave", {"form_token": token}).status_code != 403 for token in tokens)


def _no_session(visitor: Visitor) -> bool:
    nobody = Visitor(visitor.board, signed_in=False)
    return bool(nobody.get("/worklist").status_code == 200)


def _no_permission(visitor: Visitor) -> bool:
    """Whether a session that may nothing sees something."""
    visitor = Visitor(visitor.board)
    with visitor.board.database.writing() as session:
        row = session.query(SessionRow).order_by(SessionRow.made_at.desc()).first()
        assert row is not None
        row.permissions = ""
    return bool(visitor.get("/worklist").status_code == 200)


def _another_tenant_s_patient(visitor: Visitor) -> bool:
    """Whether anything of another tenant's patient or upload is had, or tells that it is there."""
    board = visitor.board
    case = stock(board, "SYN-01", tenant=other_tenant(board))["SYN-01"]
    with board.database.reading() as session:
        upload = session.scalars(select(Upload.id)).one()
    seen = False
    for route in some(x for x in _addresses(board) if {"case", "upload"} & set(x.param_convertors)):
        ask = visitor.get if _method(route) == "GET" else visitor.post
        theirs = ask(_filled(route.path, case=case, upload=upload, number="1"))
        nobody_s = ask(_filled(route.path, number="1"))
        seen = seen or (theirs.status_code, theirs.text) != (404, nobody_s.text)
    return seen


def _anybody(*_: Any) -> sessions.SignedIn:
    may = frozenset(get_args(Permission))
    return sessions.SignedIn(
        who="anybody", tenant=FIRST_TENANT, tenant_name="x", permissions=may, form_token="t"
    )


GUARDS: list[tuple[Callable[[Visitor], bool], Any, str, Any]] = [
    (_wrong_host, guards.HostGuard, "__call__", None),
    (_wrong_origin, guards.OriginGuard, "__call__", None),
    (_wrong_token, declare, "_check_token", lambda form, expected: None),
    (_no_session, declare, "_session", _anybody),
    (_no_permission, declare, "_check_permission", lambda who, needs: None),
    (_another_tenant_s_patient, declare, "check_tenant", lambda board, tenant, who, parts: None),
]
_NAMES = [attempt.__name__ for attempt, *_ in GUARDS]


async def _let_through(self: Any, scope: Any, receive: Any, send: Any) -> None:
    await self.app(scope, receive, send)


@pytest.mark.parametrize(("attempt", "_where", "_name", "_off"), GUARDS, ids=_NAMES)
def test_a_guard_holds(
    visitor: Visitor, attempt: Callable[[Visitor], bool], _where: Any, _name: str, _off: Any
) -> None:
    assert not attempt(visitor)
    assert visitor.get("/worklist").status_code == 200


@pytest.mark.parametrize(("attempt", "where", "name", "off"), GUARDS, ids=_NAMES)
def test_without_the_guard_it_goes_through(
    board: Board,
    monkeypatch: pytest.MonkeyPatch,
    attempt: Callable[[Visitor], bool],
    where: Any,
    name: str,
    off: Any,
) -> None:
    monkeypatch.setattr(where, name, off or _let_through)
    assert attempt(Visitor(board))


def test_a_try_at_another_tenant_s_patient_is_noted_but_not_of_the_patient(
    board: Board, visitor: Visitor
) -> None:
    case = stock(board, "SYN-01", tenant=other_tenant(board))["SYN-01"]
    assert visitor.get(f"/patients/{case}").status_code == 404
    with board.database.reading() as session:
        entries = [*session.scalars(select(AuditRow).order_by(AuditRow.number))]
        assert [x.action for x in entries if x.subject == case] == ["taken_in"]
        assert entries[-1].action == "tried_what_is_not_there" and entries[-1].who == "somebody"
        assert json.loads(entries[-1].details) == {"case": case}


def test_two_tenants_may_name_a_patient_alike(board: Board, visitor: Visitor) -> None:
    theirs = stock(board, "SYN-01", tenant=other_tenant(board))["SYN-01"]
    ours = stock(board, "SYN-01")["SYN-01"]
    assert theirs != ours
    (row,) = visitor.get("/worklist.json").json()["groups"][2]["rows"]
    assert (row["case"], row["patient"]) == (ours, "SYN-01")
    assert stock(board, "SYN-01")["SYN-01"] == ours  # a further version, of ours alone
    assert len(visitor.get(f"/patients/{ours}.json").json()["answers"]) == 2


def test_every_answer_bears_the_headers(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    paths = ("/worklist", "/worklist.json", f"/patients/{case}", "/upload", "/nothing",
             "/static/board.css", f"/patients/{case}/results/1", "/start/none")  # fmt: skip
    for path in some(paths):
        headers = visitor.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and re.findall("script-src[^;]*", policy) in (
            [],
            ["script-src 'self'"],
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert ("no-store" in headers["cache-control"]) != path.startswith("/static")
        assert "server" not in headers


def test_without_its_guard_an_answer_bears_none_of_them(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards.HeaderGuard, "__call__", _let_through)
    headers = Visitor(board).get("/worklist").headers
    assert not {"content-security-policy", "x-frame-options", "cache-control"} & set(headers)


@pytest.mark.parametrize(
    "part",
    ["%00", "..%2f..%2fetc", "%2e%2e", "a" * 3000, "%F0%9F%92%89", "%ff", "x.json.json", ".json",
     "{{7*7}}", "%0d%0aSet-Cookie:x=y", "1;drop", "-1"],
)  # fmt: skip
def test_no_odd_address_is_a_fault(board: Board, visitor: Visitor, part: str) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    ways = {route.path for route in some(_addresses(board))} - {"/leave"}
    behind = {path.replace("{case}", case) for path in ways}
    # several routes share a path, and many paths have no part: each address is asked once
    for path in some(sorted({re.sub(r"\{\w+\}", lambda _: part, x) for x in ways | behind})):
        for method in ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"):
            answer = visitor.client.request(
                method, f"{path}?x={part}", headers={"origin": board.origin}
            )
            assert answer.status_code < 500, (method, path)
            kept = answer.headers.get("set-cookie", board.browser_cookie)
            assert kept.startswith(board.browser_cookie) and "x=y" not in kept


def test_our_own_pages_hold_no_script_and_no_style(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    for path in ("/worklist", f"/patients/{case}", f"/patients/{case}/decision", "/upload"):
        text = visitor.get(path).text
        assert not re.search(r"<(script|style|iframe|object)|\son\w+=|\sstyle=|javascript:", text)


def test_a_form_that_is_too_large_is_refused(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = visitor.post("/leave", {"x": "y" * 70_000})
    assert answer.status_code == 413
    assert visitor.get("/worklist").status_code == 200
    monkeypatch.setattr(forms, "_MOST_BYTES_OF_FIELDS", 80_000)
    assert visitor.post("/leave", {"x": "y" * 70_000}).status_code == 303  # it was its size


def test_a_file_that_is_too_large_is_refused(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "LARGEST", 1000)
    answer = visitor.post("/upload", files={"file": ("labs.csv", b"x" * 1001, "text/csv")})
    assert answer.status_code == 413
    monkeypatch.setattr(forms, "MOST_BYTES", 5000)
    answer = visitor.post("/upload", files={"file": ("labs.csv", b"x" * 6000, "text/csv")})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("", b"x"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nnothing"),
        ("application/x-www-form-urlencoded", b"\xff\xfe=%zz"),
    ],
)
def test_what_is_no_form_of_ours_is_refused(visitor: Visitor, kind: str, body: bytes) -> None:
    headers = {"content-type": kind, "origin": visitor.board.origin}
    answer = visitor.client.post("/leave", content=body, headers=headers)
    assert answer.status_code in (403, 422)


def test_a_fault_tells_nobody_of_a_patient(
    board: Board,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    visitor = Visitor(board)

    def fail(*_: Any) -> None:
        raise RuntimeError("Mrs Canary")

    monkeypatch.setattr("rearm.board.worklist.contents.worklist", fail)
    for path in ("/worklist", "/worklist.json"):
        answer = visitor.get(path)
        assert answer.status_code == 500
        (number,) = re.findall(r"fault (\w{8})", answer.text)
        told = capsys.readouterr().err
        assert number in told and "RuntimeError" in told
        assert "Canary" not in answer.text + told


# ---------------------------------------------------------------- pages


def test_the_worklist_shows_who_is_where_and_what_is_missing(
    board: Board, visitor: Visitor
) -> None:
    cases = stock(board, "SYN-01", "SYN-08")
    groups = {g["state"]: g["rows"] for g in visitor.get("/worklist.json").json()["groups"]}
    assert set(groups) == {"backlog", "prepared", "scheduled", "decided", "followed_up"}
    rows = {row["patient"]: row for row in groups["backlog"]}
    assert {x: row["case"] for x, row in rows.items()} == cases
    result = visitor.get(f"/patients/{cases['SYN-01']}/results/1.json").json()
    assert rows["SYN-01"]["missing"] == [test["name"] for test in result["tests"]] != []
    assert rows["SYN-01"]["further"] == len(result["further_tests"])
    text = visitor.get("/worklist").text
    assert all(name in text for name in rows["SYN-01"]["missing"])


def test_the_patient_s_page_is_the_sheet_of_the_stored_answer(
    board: Board, visitor: Visitor
) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    text = visitor.get(f"/patients/{case}").text
    plain = visitor.get(f"/patients/{case}.json").json()
    stored = visitor.get(f"/patients/{case}/results/1.json").text
    result = Assessment.from_json(stored)
    assert plain["result"] == json.loads(stored)
    for line in some(x for t in result.answer.tiers for x in t.strategies if x.open):
        assert result.option(line.option).name in text
    assert "SYN-01: myeloma after CAR-T" in text
    assert "SYN-01" not in re.findall(r"<title>(.*?)</title>", text)[0]
    assert re.fullmatch("[0-9a-f]{64}", plain["head"]) and "Audit head" in text


def test_an_answer_that_this_version_can_t_read_is_told(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    with board.database.writing() as session:
        connection = session.connection()
        drop_triggers(connection, board.database.kind.triggers(connection))
        session.execute(text_of_sql("UPDATE results SET result = replace(result, '2-draft', '1')"))
    for path in (f"/patients/{case}", f"/patients/{case}/decision", f"/patients/{case}/results/1"):
        answer = visitor.get(path)
        assert answer.status_code == 422 and "schema" in answer.text, path
    assert visitor.get("/worklist").status_code == 200


def test_everything_behind_the_sheet_is_the_report_s_page(board: Board, visitor: Visitor) -> None:
    from rearm.report import page

    case = stock(board, "SYN-01")["SYN-01"]
    text = visitor.get(f"/patients/{case}/results/1").text
    result = Assessment.from_json(visitor.get(f"/patients/{case}/results/1.json").text)
    drawn = page(result, back=f"/patients/{case}")
    assert text == re.sub(
        "<title>.*?</title>", "<title>Rearm: everything behind the sheet</title>", drawn, count=1
    )


def test_a_patient_moves_over_the_worklist(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    path = f"/patients/{case}"
    sent = {"version": visitor.hidden(path, "version"), "state": "scheduled",
            "meeting_day": "2026-12-07"}  # fmt: skip
    assert visitor.post(f"{path}/state", sent).headers["location"] == path
    assert "meeting 2026-12-07" in visitor.get("/worklist").text
    again = visitor.post(f"{path}/state", {**sent, "state": "backlog"})  # on the old page
    assert again.status_code == 409 and "somebody changed this patient" in again.text
    assert visitor.get(f"{path}.json").json()["state"] == "scheduled"
    assert visitor.post(f"{path}/state", {**sent, "version": "x"}).status_code == 422


def _decide(visitor: Visitor, case: str, **more: str) -> Any:
    path = f"/patients/{case}/decision"
    sent = {
        "version": visitor.hidden(path, "version"),
        "answer": visitor.hidden(path, "answer"),
        "participants": "Dr A, Dr B",
        "reason": "as discussed",
        **more,
    }
    return visitor.post(path, sent)


def test_a_decision_is_recorded_and_shown(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    page = visitor.get(f"/patients/{case}/decision.json").json()
    leading = page["groups"][0]["choices"][0]
    other = next(g for g in page["groups"] if g["tier"] == "avoid")["choices"][0]
    assert _decide(visitor, case, strategy=leading["strategy"]).status_code == 303
    without = _decide(visitor, case, strategy=other["strategy"])
    assert without.status_code == 422 and "highest tier" in without.text
    assert "as discussed" in without.text  # what was typed is not lost
    done = _decide(visitor, case, strategy=other["strategy"], deviation="the patient wants it")
    assert done.status_code == 303
    shown = visitor.get(f"/patients/{case}.json").json()["decisions"]
    assert [x["version"] for x in shown] == [2, 1]
    assert shown[0]["deviation"] == "the patient wants it" and shown[0]["tier"] == "avoid"
    assert shown[1]["chosen"] == leading["name"]
    text = visitor.get(f"/patients/{case}").text
    assert "the patient wants it" in text and "replaced" in text
    assert "Decided: " in visitor.get("/worklist").text


def test_two_decide_at_once_and_both_texts_stand_there(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    path = f"/patients/{case}/decision"
    old = visitor.hidden(path, "version")
    first = _decide(visitor, case, strategy="-", reason="the first text", deviation="d")
    assert first.status_code == 303
    second = _decide(
        visitor, case, strategy="-", reason="the second text", deviation="d", version=old
    )
    assert second.status_code == 409
    assert "the first text" in second.text and "the second text" in second.text
    assert len(visitor.get(f"/patients/{case}.json").json()["decisions"]) == 1
    anew = re.findall(r'name="version" value="(\d+)"', second.text)[0]
    third = _decide(visitor, case, strategy="-", reason="the second text", deviation="d",
                    version=anew)  # fmt: skip
    assert third.status_code == 303


def test_data_after_the_decision_are_told(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    _decide(visitor, case, strategy="-", deviation="d")
    assert "Data came after" not in visitor.get(f"/patients/{case}").text
    stock(board, "SYN-01")
    assert "Data came after the decision" in visitor.get(f"/patients/{case}").text
    assert "new data since the decision" in visitor.get("/worklist").text
    assert len(visitor.get(f"/patients/{case}.json").json()["answers"]) == 2


# ---------------------------------------------------------------- uploads


def _give(visitor: Visitor, name: str, data: bytes) -> Any:
    return visitor.post("/upload", files={"file": (name, data, "application/octet-stream")})


def test_a_bundle_is_read_looked_at_and_taken_in(board: Board, visitor: Visitor) -> None:
    answer = _give(visitor, "letter.json", BUNDLE.read_bytes())
    assert answer.status_code == 303
    path = answer.headers["location"]
    shown = visitor.get(f"{path}.json").json()
    assert [x["patient"] for x in shown["patients"]] == ["SYN-01"] and shown["state"] == "read"
    assert visitor.get("/worklist.json").json()["patients"] == 0  # nothing before it is taken in
    taken = visitor.post(f"{path}/take", {"seen": visitor.hidden(path, "seen")})
    case = taken.headers["location"]
    assert visitor.get(f"{case}.json").json()["patient"] == "SYN-01"
    assert "was taken in" in visitor.get(path).text
    assert visitor.post(f"{path}/take", {"seen": "x"}).status_code == 409
    assert list(board.folder.incoming.iterdir()) == []


def test_a_filled_form_is_read_looked_at_and_taken_in(tmp_path: Path, visitor: Visitor) -> None:
    form = FilledForm(tmp_path / "form.xlsx")
    form.enter(DATA / "review" / "patients" / "4-after-work-up", "A")
    path = _give(visitor, "form.xlsx", form.save().read_bytes()).headers["location"]
    assert [x["patient"] for x in visitor.get(f"{path}.json").json()["patients"]] == ["A"]
    case = visitor.post(f"{path}/take", {"seen": visitor.hidden(path, "seen")}).headers["location"]
    assert "A: myeloma after CAR-T" in visitor.get(case).text


def test_what_could_not_be_used_is_listed_with_its_place(visitor: Visitor) -> None:
    rows = [
        "patient_id,day,test,value,unit",
        "P1,10,m_protein,12,g/L",
        "P1,12,m_protein,12,furlongs",
        "P1,14,hemoglobin,much,g/dL",
        f"P1,15,{SCRIPT},1,g/L",
    ]
    answer = _give(visitor, "labs.csv", "\n".join(rows).encode())
    path = answer.headers["location"]
    (patient,) = visitor.get(f"{path}.json").json()["patients"]
    places = {x["place"] for x in patient["not_used"]}
    assert {"labs.csv: row 3, unit", "labs.csv: row 4, value"} <= places
    text = visitor.get(path).text
    assert "furlongs" in text and "row 3" in text
    assert SCRIPT not in text and "&lt;script&gt;" in text


def test_what_was_read_can_be_discarded(board: Board, visitor: Visitor) -> None:
    path = _give(visitor, "letter.json", BUNDLE.read_bytes()).headers["location"]
    assert visitor.post(f"{path}/discard").status_code == 303
    assert "was discarded" in visitor.get(path).text
    assert visitor.get("/worklist.json").json()["patients"] == 0


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("letter.json", b"{", "truncated"),
        ("letter.json", b"[]", "."),
        ("labs.csv", b"", "empty"),
        ("notes.txt", b"x", "ends in"),
        ("book.xlsx", b"PK\x03\x04 nothing", "."),
        ("recipes.csv", b"a,b\n1,2\n", "no tidy table"),
        ("labs.csv", b"patient_id,day\n", "no patient"),
        ("", b"", "none was chosen"),
    ],
)
def test_a_file_that_can_t_be_used_is_told_on_the_form(
    board: Board, visitor: Visitor, name: str, data: bytes, sentence: str
) -> None:
    answer = _give(visitor, name, data) if name else visitor.post("/upload")
    assert answer.status_code == 422
    (told,) = re.findall(r'<p class="alert" role="alert">(.*?)</p>', answer.text, re.S)
    assert sentence in told and len(told) > 20
    assert list(board.folder.incoming.iterdir()) == []


# ---------------------------------------------------------------- hostile text


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_others_stays_text(board: Board, text: str) -> None:
    visitor = Visitor(board)
    read = patient_named(examples_read(), "SYN-01", text.replace("\\", "").replace('"', "''"))
    chosen = tuple(x for x in read.patients if not x.patient_id.startswith("SYN-"))
    part = msgspec.json.encode(msgspec.structs.replace(read, patients=chosen))
    upload = uploads.keep_read(board.database, FIRST_TENANT, text, text, b"x", part)
    pages = [visitor.get(f"/uploads/{upload}").text]
    with board.database.writing() as session:
        (case,) = uploads.take_in(session, FIRST_TENANT, upload, text, uploads.seen_mark({}))
    _decide(visitor, case, strategy="-", participants=text, reason=text, deviation=text)
    paths = ("/worklist", f"/patients/{case}", f"/patients/{case}/decision")
    pages += [visitor.get(path).text for path in paths]
    again = _decide(visitor, case, strategy=text, participants=text, reason=text, deviation=text)
    pages.append(again.text)
    assert again.status_code == 422
    for page in some(pages):
        # the tags of our pages are known; nothing of the text became one
        assert not set(re.findall(r"<(\w+)", page)) & {"script", "img", "svg"}
        assert page.count("</textarea>") in (0, 3)
    kept = visitor.get(f"/patients/{case}.json").json()["decisions"][0]
    assert kept["reason"] == kept["participants"] == text.strip()
    nobody = visitor.get(f"/patients/{text.replace('/', '')}")
    assert nobody.status_code in (404, 400) and "<script>alert" not in nobody.text


def test_no_address_and_no_title_names_a_patient(board: Board, visitor: Visitor) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    for path in ("/worklist", f"/patients/{case}", f"/patients/{case}/decision",
                 f"/patients/{case}/results/1"):  # fmt: skip
        text = visitor.get(path).text
        named = re.findall(r'(?:href|action|src)="([^"]*)"|<title>(.*?)</title>', text)
        assert named and not any("SYN-01" in x for pair in named for x in pair)
