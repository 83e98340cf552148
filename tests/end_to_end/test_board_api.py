"""The API of the board: who may, what it takes and gives, what it refuses; each guard is seen to
hold, and its test to fail where the guard is off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from starlette.testclient import TestClient
from tests.support.board import Visitor, new_board, other_tenant, stock
from tests.support.loops import some
from tests.support.places import ROOT
from typer.testing import CliRunner

from rearm.assessment import Assessment
from rearm.board.api import declare
from rearm.board.api.addresses import ADDRESSES
from rearm.board.api.declare import ApiRoute
from rearm.board.app import make_app
from rearm.board.board import Board
from rearm.board.child.worker import Worker
from rearm.board.people import tokens
from rearm.board.people.sessions import Permission
from rearm.board.people.tokens import Program, make_token, program_of, revoke_token
from rearm.board.rate import Rate
from rearm.board.store.audit import verify
from rearm.board.store.tables import FIRST_TENANT, ApiToken, AuditRow, Case, Result, Upload
from rearm.board.store.utc import now
from rearm.board.web import guards
from rearm.cli import app

BUNDLE = json.loads((ROOT / "examples" / "fhir" / "biallelic-bcma-loss.json").read_text("utf-8"))
LAB = {"patient_id": "P1", "day": 10, "test": "m_protein", "value": 3, "unit": "g/dL"}
CANARY = "Mrs Canary 1951-02-03"
_NUMBERS = count()


class Sender:
    """A program with a token."""

    def __init__(self, board: Board, *may: str, tenant: str = FIRST_TENANT, **more: Any) -> None:
        self.board = board
        name = f"program-{next(_NUMBERS)}"
        self.token = make_token(board.database, tenant, "me", name=name, permissions=may, days=3)
        self.client = TestClient(make_app(board), base_url=board.origin, **more)

    def ask(self, method: str, path: str, **more: Any) -> Any:
        headers = {"authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return self.client.request(method, f"/api/v1{path}", headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> Any:
        return self.ask("POST", path, json=body, **more)


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return new_board(tmp_path / "board")


@pytest.fixture
def program(board: Board) -> Sender:
    return Sender(board, *get_args(Permission))


def _tidy(**changed: Any) -> dict[str, Any]:
    return {"format": "tidy", "tables": {"labs": [{**LAB, **changed}]}}


def _routes(board: Board) -> list[ApiRoute]:
    return [route for route in make_app(board).routes if isinstance(route, ApiRoute)]


def _body(route: ApiRoute) -> Any:
    return None if route.api.takes is None else {}


def _path(route: ApiRoute, **parts: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda m: parts.get(m[1], "1"), route.api.path)


# ---------------------------------------------------------------- what it gives


def test_every_answer_is_as_the_description_says(board: Board, program: Sender) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    document = program.get("/openapi.json").json()
    version = program.get(f"/cases/{case}").json()["version"]
    decision = {"version": version, "answer": 1, "strategy": "", "participants": "Dr A",
                "reason": "as discussed", "deviation": "none fits"}  # fmt: skip
    again = {**decision, "version": version + 1, "answer": 9}
    result = program.get(f"/cases/{case}/results/1").json()
    asked: list[tuple[str, str, str, Any, int]] = [
        ("GET", "/openapi.json", "", None, 200),
        ("POST", "/assess", "", {"format": "fhir", "bundle": BUNDLE}, 200),
        ("POST", "/assess", "", _tidy(unit="furlongs"), 200),
        ("POST", "/assess", "", {"format": "fhir", "bundle": {}}, 200),
        ("POST", "/assess", "", {"format": "fhir"}, 400),
        ("POST", "/render", "", {"result": result}, 200),
        ("POST", "/render", "", {"result": {}}, 422),
        ("GET", "/cases", "?limit=1&offset=0", None, 200),
        ("GET", "/cases", "?limit=0", None, 400),
        ("GET", "/cases", "?more=1", None, 400),
        ("POST", "/cases", "", _tidy(), 201),
        ("POST", "/cases", "", {"format": "tidy", "tables": {}}, 422),
        ("GET", "/cases/{case}", "", None, 200),
        ("GET", "/cases/{case}/results/{number}", "", None, 200),
        ("GET", "/cases/{case}/decisions", "", None, 200),
        ("POST", "/cases/{case}/decisions", "", decision, 201),
        ("POST", "/cases/{case}/decisions", "", decision, 409),
        ("POST", "/cases/{case}/decisions", "", again, 404),
        ("GET", "/cases/{case}/decisions", "", None, 200),
    ]  # fmt: skip
    seen = set()
    for method, path, query, body, status in some(asked):
        filled = path.replace("{case}", case).replace("{number}", "1") + query
        answer = program.ask(method, filled, **({} if body is None else {"json": body}))
        assert answer.status_code == status, (filled, answer.text)
        _conforms(document, method, path, answer)
        seen.add((method, path))
    assert seen == {(x.method, x.path) for x in ADDRESSES}


def _conforms(document: dict[str, Any], method: str, path: str, answer: Any) -> None:
    said = document["paths"][path][method.lower()]["responses"][str(answer.status_code)]
    kind = answer.headers["content-type"].split(";")[0]
    schema = said["content"][kind]["schema"]
    for name in said.get("headers", {}):
        assert name in answer.headers, (path, name)
    if kind.endswith("json"):
        whole = {**schema, "components": document["components"]}
        jsonschema.Draft202012Validator(whole).validate(answer.json())


def test_the_description_is_of_every_address_and_of_nothing_else(
    board: Board, program: Sender
) -> None:
    document = program.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    described = {
        (method.upper(), document["servers"][0]["url"] + path)
        for path, ways in document["paths"].items()
        for method in ways
    }
    there = {(x.api.method, x.path) for x in _routes(board)}
    assert described == there == {(x.method, f"/api/v1{x.path}") for x in ADDRESSES}
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert not re.search(r"\{patient", json.dumps([*document["paths"]]))


def test_a_wrong_answer_would_not_conform(board: Board, program: Sender) -> None:
    document = program.get("/openapi.json").json()
    answer = program.get("/cases")
    del document["components"]["schemas"]["CasesListed"]["properties"]["total"]
    document["components"]["schemas"]["CasesListed"]["additionalProperties"] = False
    with pytest.raises(jsonschema.ValidationError):
        _conforms(document, "GET", "/cases", answer)


def test_what_is_assessed_is_the_answer_and_nothing_of_it_is_stored(
    board: Board, program: Sender
) -> None:
    with board.database.reading() as session:
        before = session.query(AuditRow).count()
    (found,) = program.post("/assess", {"format": "fhir", "bundle": BUNDLE}).json()["patients"]
    case = stock(board, "SYN-01")["SYN-01"]
    stored = program.get(f"/cases/{case}/results/1").json()
    ours, theirs = Assessment.from_dict(found["result"]), Assessment.from_dict(stored)
    assert [x.tier for x in ours.answer.tiers] == [x.tier for x in theirs.answer.tiers]
    assert ours.answer.tiers[0].strategies[0].option == theirs.answer.tiers[0].strategies[0].option
    earlier = {"format": "fhir", "bundle": BUNDLE, "as_of": 300}
    (then,) = program.post("/assess", earlier).json()["patients"]
    assert then["result"]["as_of"] == 300 and then["result"] != found["result"]
    with board.database.reading() as session:
        assert session.query(Case).count() == 1  # of `stock`
        stocked = session.query(AuditRow).filter(AuditRow.who == "somebody").count()
        told = session.query(AuditRow).filter(AuditRow.action == "result_seen").count()
        assert session.query(AuditRow).count() == before + stocked + told
    assert list(board.folder.incoming.iterdir()) == []


def test_what_could_not_be_used_is_told_with_its_place(program: Sender) -> None:
    (found,) = program.post("/assess", _tidy(unit="furlongs")).json()["patients"]
    assert any("row 2" in x["place"] and x["done"] != "used" for x in found["issues"])
    refused = program.post("/assess", {"format": "tidy", "tables": {"nothing": [{}]}}).json()
    assert "no table" in refused["refused"] and refused["patients"] == []


def test_the_sheet_of_a_result_is_drawn(program: Sender) -> None:
    (found,) = program.post("/assess", {"format": "fhir", "bundle": BUNDLE}).json()["patients"]
    html = program.post("/render", {"result": found["result"]})
    assert html.headers["content-type"].startswith("text/html")
    assert "SYN-01: myeloma after CAR-T" in html.text
    assert "SYN-01" not in re.findall("<title>(.*?)</title>", html.text)[0]
    other = {**found["result"], "patient_id": "<script>alert(1)</script>"}
    drawn = program.post("/render", {"result": other}).text
    assert "<script" not in drawn and "&lt;script&gt;" in drawn


def test_a_record_is_taken_in_and_every_version_stays(board: Board, program: Sender) -> None:
    for number in (1, 2):
        (taken,) = program.post("/cases", _tidy(value=number)).json()["cases"]
        assert (taken["patient"], taken["answer"]) == ("P1", number)
    shown = program.get(f"/cases/{taken['case']}").json()
    assert [x["number"] for x in shown["answers"]] == [2, 1]
    assert shown["version"] == taken["version"]
    assert program.get("/cases").json()["total"] == 1
    with board.database.reading() as session:
        assert verify(session).faults == ()
        assert {x.state for x in session.query(Upload)} == {"taken"}
    # people see what a program took in, and the rows that it rests on
    assert "P1" in Visitor(board).get("/worklist").text


def test_a_decision_of_a_program_stands_where_those_of_people_stand(
    board: Board, program: Sender
) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    version = program.get(f"/cases/{case}").json()["version"]
    sent = {"version": version, "answer": 1, "strategy": "observe", "participants": "Dr A",
            "reason": "as discussed"}  # fmt: skip
    refused = program.post(f"/cases/{case}/decisions", sent)
    assert refused.status_code == 422 and "highest tier" in refused.json()["detail"]
    made = program.post(f"/cases/{case}/decisions", {**sent, "deviation": "the patient wants it"})
    assert made.json() == {"number": 1, "version": version + 1}
    (shown,) = program.get(f"/cases/{case}/decisions").json()["decisions"]
    assert shown["strategy"] == "observe" and shown["who"].startswith("program p")
    page = Visitor(board).get(f"/patients/{case}").text
    assert "the patient wants it" in page and shown["who"] in page


def test_texts_of_the_allowed_length_are_taken_however_they_are_written(
    board: Board, program: Sender
) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    text = "\U0001f642" * 4000  # 12 bytes each where JSON is all ASCII
    version = program.get(f"/cases/{case}").json()["version"]
    sent = {"version": version, "answer": 1, "strategy": "", "participants": text,
            "reason": text, "deviation": text}  # fmt: skip
    head = {"content-type": "application/json"}
    answer = program.ask("POST", f"/cases/{case}/decisions", content=json.dumps(sent), headers=head)
    assert answer.status_code == 201, answer.text


def test_cases_come_in_parts(board: Board, program: Sender) -> None:
    stock(board, "SYN-01", "SYN-02", "SYN-08")
    whole = [x["patient"] for x in program.get("/cases").json()["cases"]]
    parts = [program.get(f"/cases?offset={i}&limit=1").json()["cases"] for i in range(4)]
    assert [x["patient"] for part in parts for x in part] == whole
    assert len(whole) == 3 and parts[3] == []


# ---------------------------------------------------------------- who may


def test_a_token_does_only_what_it_may(board: Board) -> None:
    for may in some(get_args(Permission)):
        program = Sender(board, may)
        for route in some(x for x in _routes(board) if x.needs != "nothing"):
            answer = program.ask(route.api.method, _path(route), json=_body(route))
            assert (answer.status_code == 403) == (route.needs != may), (route.path, may)


def test_nobody_gets_anything_without_a_token(board: Board) -> None:
    nobody = TestClient(make_app(board), base_url=board.origin)
    for route in some(x for x in _routes(board) if x.needs != "nothing"):
        path = f"/api/v1{_path(route)}"
        answer = nobody.request(route.api.method, path, json=_body(route))
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_program_sees_only_its_tenant(board: Board, program: Sender) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    other = Sender(board, *get_args(Permission), tenant=other_tenant(board))
    decision = {"version": 1, "answer": 1, "strategy": "", "participants": "a", "reason": "b"}
    for route in some(x for x in _routes(board) if "{case}" in x.path):
        path = _path(route, case=case)
        body = decision if route.api.takes else None
        assert other.ask(route.api.method, path, json=body).status_code == 404, path
        assert program.ask(route.api.method, path, json=body).status_code != 404, path
    assert other.get("/cases").json() == {"cases": [], "offset": 0, "total": 0}
    (taken,) = other.post("/cases", _tidy(patient_id="SYN-01")).json()["cases"]
    assert taken["case"] != case and taken["answer"] == 1  # another patient of the same id
    assert program.get(f"/cases/{taken['case']}").status_code == 404


def test_a_cookie_is_no_token(board: Board) -> None:
    """So no page of another site can make a browser ask in the name of its user."""
    visitor = Visitor(board)
    assert visitor.get("/worklist").status_code == 200
    assert visitor.get("/api/v1/cases").status_code == 401
    assert visitor.post("/api/v1/cases").status_code == 401


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer x", "Basic {}", "{}", "Bearer {}x", "bearer\t{}"]
)
def test_what_is_no_token_opens_nothing(board: Board, program: Sender, header: str) -> None:
    told = header.format(program.token)
    assert program.get("/cases", headers={"authorization": told}).status_code == 401


def test_a_token_ends(board: Board, program: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = now()
    monkeypatch.setattr(tokens, "now", lambda: moment + timedelta(days=3, minutes=1))
    assert program.get("/cases").status_code == 401
    monkeypatch.setattr(tokens, "now", lambda: moment + timedelta(days=2))
    assert program.get("/cases").status_code == 200
    with board.database.reading() as session:
        (name,) = (row.name for row in session.query(ApiToken))
    revoke_token(board.database, "me", name)
    assert program.get("/cases").status_code == 401


def test_the_store_holds_no_token_and_the_audit_names_its_use(
    board: Board, program: Sender
) -> None:
    program.get("/cases")
    with board.database.reading() as session:
        (row,) = session.query(ApiToken)
        assert row.used_at is not None
        name = row.name
        audited = [(x.who, x.action) for x in session.query(AuditRow)]
    assert (f"program {name}", "worklist_seen") in audited and ("me", "token_made") in audited
    board.database.close()
    whole = b"".join(x.read_bytes() for x in board.folder.path.iterdir() if x.is_file())
    assert len(program.token) > 40 and program.token.encode() not in whole


def test_tokens_are_made_listed_and_revoked_on_the_command_line(board: Board) -> None:
    folder = ["--folder", str(board.folder.path)]

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["serve", "token", *arguments, *folder])

    made = run("add", "--name", "ward", "--permission", "read,edit", "--days", "9")
    assert made.exit_code == 0, made.output
    token = made.stdout.strip()
    found = program_of(board.database, token)
    assert found is not None and found.permissions == {"read", "edit"}
    assert run("add", "--name", "ward").exit_code == 2  # there is one of this name
    for wrong in (("--permission", "all"), ("--days", "0"), ("--days", "9999")):
        assert run("add", "--name", "other", *wrong).exit_code == 2
    assert run("add", "--name", "a/b").exit_code == 2
    assert "ward: read, edit in first; made by" in run("list").stdout
    assert run("revoke", "ward").exit_code == 0
    assert program_of(board.database, token) is None
    assert run("revoke", "ward").exit_code == 2 and "revoked" in run("list").stdout


def test_a_token_of_the_command_line_works_in_the_centre_that_is_named(board: Board) -> None:
    other = other_tenant(board)
    folder = ["--folder", str(board.folder.path)]

    def run(tenant: str) -> Any:
        return CliRunner().invoke(
            app, ["serve", "token", "add", "--name", f"of-{tenant}", "--tenant", tenant, *folder]
        )

    found = program_of(board.database, run(other).stdout.strip())
    assert found is not None and found.tenant == other
    first = program_of(board.database, run(FIRST_TENANT).stdout.strip())
    assert first is not None and first.tenant == FIRST_TENANT
    assert run("nowhere").exit_code == 2


# ---------------------------------------------------------------- guards


def _large(program: Sender) -> bool:
    told = program.post("/render", {"result": {"x": "y" * (3 * 2**20)}})
    unsaid = program.ask(
        "POST", "/render", content=(b"x" * 2**20 for _ in range(3)),
        headers={"content-type": "application/json"},
    )  # fmt: skip
    return bool(told.status_code != 413 or unsaid.status_code != 413)


def _deep(program: Sender) -> bool:
    body = '{"result": ' + '{"a":' * 200 + "1" + "}" * 200 + "}"
    sent = program.ask(
        "POST", "/render", content=body, headers={"content-type": "application/json"}
    )
    return bool(sent.status_code != 400)


def _lenient(program: Sender) -> bool:
    """Whether JSON is taken that says two things, or no number."""
    bodies = ('{"result": {}, "result": {}}', '{"result": {"a": NaN}}', '{"result": {"a": 1e999}}',
              '{"result": {"a": "\\ud800"}}')  # fmt: skip
    sent = [
        program.ask("POST", "/render", content=x, headers={"content-type": "application/json"})
        for x in bodies
    ]
    return any(x.status_code != 400 for x in sent)


def _often(program: Sender) -> bool:
    program.board.api_rate = Rate(per_minute=1, at_once=3)
    found = [program.get("/cases") for _ in range(4)]
    return [x.status_code for x in found] != [200, 200, 200, 429]


def _guessing(program: Sender) -> bool:
    program.board.api_rate = Rate(per_minute=1, at_once=3)
    header = {"authorization": "Bearer guess"}
    found = [program.get("/cases", headers=header).status_code for _ in range(4)]
    return found != [401, 401, 401, 429]


def _unknown(program: Sender) -> bool:
    return bool(program.get("/cases", headers={"authorization": "Bearer x"}).status_code == 200)


def _of_another(program: Sender) -> bool:
    case = stock(program.board, "SYN-08")["SYN-08"]
    other = Sender(program.board, "read", tenant=other_tenant(program.board))
    return bool(other.get(f"/cases/{case}").status_code == 200)


def _without_permission(program: Sender) -> bool:
    other = Sender(program.board, "decide")
    return bool(other.get("/cases").status_code == 200)


def _other_content(program: Sender) -> bool:
    sent = program.ask("POST", "/render", content="{}", headers={"content-type": "text/plain"})
    return bool(sent.status_code != 415)


def _wrong_host(program: Sender) -> bool:
    return bool(program.get("/cases", headers={"host": "evil.example"}).status_code == 200)


def _any_program(database: Any, raw: str) -> Program:
    return Program(
        who="x", tenant=FIRST_TENANT, permissions=frozenset(get_args(Permission)), key="x"
    )


def _parsed_leniently(data: bytes, name: str) -> Any:
    return json.loads(data)


async def _let_through(self: Any, scope: Any, receive: Any, send: Any) -> None:
    await self.app(scope, receive, send)


GUARDS: list[tuple[Callable[[Sender], bool], Any, str, Any]] = [
    (_large, declare, "_check_size", lambda size, most: None),
    (_deep, declare, "parse_json", _parsed_leniently),
    (_lenient, declare, "parse_json", _parsed_leniently),
    (_often, declare, "_check_rate", lambda board, key: None),
    (_guessing, declare, "_check_rate", lambda board, key: None),
    (_unknown, declare, "program_of", _any_program),
    (_of_another, declare, "check_tenant", lambda board, tenant, who, parts: None),
    (_without_permission, declare, "_check_permission", lambda program, needs: None),
    (_other_content, declare, "JSON", "text/plain"),
    (_wrong_host, guards.HostGuard, "__call__", _let_through),
]
_NAMES = [attempt.__name__.strip("_") for attempt, *_ in GUARDS]


@pytest.mark.parametrize(("attempt", "_where", "_name", "_off"), GUARDS, ids=_NAMES)
def test_a_guard_holds(
    program: Sender, attempt: Callable[[Sender], bool], _where: Any, _name: str, _off: Any
) -> None:
    assert not attempt(program)


@pytest.mark.parametrize(("attempt", "where", "name", "off"), GUARDS, ids=_NAMES)
def test_without_the_guard_it_goes_through(
    board: Board,
    monkeypatch: pytest.MonkeyPatch,
    attempt: Callable[[Sender], bool],
    where: Any,
    name: str,
    off: Any,
) -> None:
    monkeypatch.setattr(where, name, off)
    assert attempt(Sender(board, *get_args(Permission)))


def test_who_waits_may_ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [0.0]
    monkeypatch.setattr("rearm.board.rate.time.monotonic", lambda: moment[0])
    rate = Rate(per_minute=30, at_once=2)
    assert [rate.wait("a") for _ in range(3)] == [0, 0, 2]
    assert rate.wait("b") == 0  # another is not held up
    moment[0] = 2.0
    assert [rate.wait("a") for _ in range(2)] == [0, 2]
    monkeypatch.setattr("rearm.board.rate._MOST_KNOWN", 50)
    for number in range(500):
        rate.wait(f"x{number}")
    assert len(rate._left) <= 50


def test_too_often_is_told_with_how_long_to_wait(board: Board, program: Sender) -> None:
    board.api_rate = Rate(per_minute=2, at_once=1)
    program.get("/cases")
    answer = program.get("/cases")
    assert answer.status_code == 429 and 1 <= int(answer.headers["retry-after"]) <= 30


def test_another_way_is_refused_and_told_which_there_are(program: Sender) -> None:
    answer = program.ask("DELETE", "/cases")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_process_that_comes_down_costs_one_request(board: Board, program: Sender) -> None:
    board.reader = Worker(what="The record", seconds=30, megabytes=1024)
    try:
        board.reader._started().close()  # as where the process was killed
        answer = program.post("/cases", _tidy())
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
        with board.database.reading() as session:
            assert session.query(Case).count() == session.query(Result).count() == 0
        assert program.post("/cases", _tidy()).status_code == 201
    finally:
        board.reader.close()


def test_where_too_many_wait_the_next_is_told_to_come_again(board: Board, program: Sender) -> None:
    while board.api_work.acquire(blocking=False):
        pass
    answer = program.post("/assess", _tidy())
    assert answer.status_code == 503 and "retry-after" in answer.headers
    board.api_work.release()
    assert program.post("/assess", _tidy()).status_code == 200


def test_no_refusal_says_anything_of_a_patient(
    board: Board, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Sender(board, *get_args(Permission), raise_server_exceptions=False)
    case = stock(board, "SYN-01")["SYN-01"]
    bodies = (
        f'{{"{CANARY}": 1, "{CANARY}": 2}}', f'{{"{CANARY}": 1}}', f'["{CANARY}"', f'"{CANARY}"',
        f'{{"result": {{"schema": "2-draft", "patient_id": "{CANARY}"}}}}',
        f'{{"result": "{CANARY}"}}', f'{{"format": "{CANARY}"}}',
        f'{{"format": "tidy", "tables": {{"{CANARY}": 1}}}}',
        f'{{"format": "tidy", "tables": {{"{CANARY}": []}}}}',
        f'{{"format": "tidy", "tables": {{"labs": [{{"{CANARY}": {{}}}}]}}}}',
        f'{{"format": "fhir", "bundle": {{"resourceType": "{CANARY}"}}}}',
        f'{{"version": 1, "answer": 1, "strategy": "{CANARY}", "participants": "", "reason": ""}}',
    )  # fmt: skip
    for path in ("/render", "/cases", f"/cases/{case}/decisions"):
        for body in some(bodies):
            answer = program.ask(
                "POST", path, content=body, headers={"content-type": "application/json"}
            )
            assert answer.status_code in (400, 409, 422), (path, body, answer.text)
            assert "Canary" not in answer.text + str(answer.headers), (path, body)
    monkeypatch.setattr(
        "rearm.board.api.addresses.cases_listed", lambda *_, **__: 1 / 0 if CANARY else None
    )
    answer = program.get("/cases")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "fault" in answer.json()["detail"]
    assert "Canary" not in capsys.readouterr().err


@pytest.mark.parametrize("part", ["%00", "..%2f..%2fetc", "a" * 3000, "%ff", "0" * 16, "-1"])
def test_no_odd_address_is_a_fault(board: Board, program: Sender, part: str) -> None:
    for route in some(_routes(board)):
        path = re.sub(r"\{\w+\}", lambda _: part, route.api.path)
        for method in ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"):
            answer = program.ask(method, path)
            assert answer.status_code < 500, (method, path)
            assert "set-cookie" not in answer.headers
