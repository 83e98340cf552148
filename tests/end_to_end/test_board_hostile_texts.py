"""Hostile texts through every field of every form, every text of a file, of a request of a program
and of a record system; then every page, PDF, card and export is read, and nothing runs.

What there is to fill in and to look at is read from the routes and the pages: a form that nobody
thought of is filled in, too, and an address that nobody reaches fails. `REARM_HOSTILE=all` sends
all texts; without it twelve.
"""

from __future__ import annotations

import copy
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response
from tests.support import hostile_visit
from tests.support.board import Visitor, new_board, other_tenant, stock
from tests.support.browser import CHROMIUM, chromium
from tests.support.hostile import HOSTILE, Pack, faults, packs
from tests.support.hostile_visit import HostileVisit, Seen, declared
from tests.support.loops import some
from tests.support.people import add_user, member
from tests.support.record_system import SERVICE, FakeRecordSystem, bundle_of
from tests.support.running_board import running

from rearm.board.board import Board
from rearm.board.exchange.configuration import record_system_of
from rearm.board.people import sessions, users
from rearm.board.people.tokens import make_token
from rearm.board.rate import Rate
from rearm.board.settings import Settings
from rearm.board.store.database import Database
from rearm.board.store.folder import open_board
from rearm.board.store.tables import FIRST_TENANT, User
from rearm.board.web import pages

pytestmark = pytest.mark.slow

ROUNDS = 3  # on one board
NOT_LOOKED = {
    "/start/{token}": "a link that opens a session",
    "/static/{name}": "files of the program",
    "/sign-in/provider": "of a board with a provider (test_board_provider)",
    "/sign-in/provider/back": "of a board with a provider (test_board_provider)",
    "/signed-out/provider": "of a board with a provider (test_board_provider)",
    "/password/{token}": "at the door (test_the_doors)",
    "/break-glass": "at the door (test_the_doors)",
    "/break-glass.json": "at the door (test_the_doors)",
}
NOT_SENT = {
    "/password/{token}": "at the door (test_the_doors)",
    "/break-glass": "at the door (test_the_doors)",
    "/tenant": "at the door (test_the_doors)",
    "/administration/users/{user}/enable": "without a field, of a user who was disabled",
    "/patients/{case}/recompute": "without a field, after a change of data or knowledge",
    "/worklist/recompute": "without a field, after a change of the knowledge",
    "/patients/{case}/overrule/apply": "without a field, after a change of the data",
}


def _chunks() -> list[tuple[Pack, ...]]:
    every = packs()
    return [tuple(every[i : i + ROUNDS]) for i in range(0, len(every), ROUNDS)]


CHUNKS = _chunks()
WHOLE = len(CHUNKS) > 1
PACKS = [packs()[0], HOSTILE] if WHOLE else packs()
"""What programs and record systems send: a few texts, and where all are sent, all at one place."""


def test_there_are_enough_texts() -> None:
    assert len(set(HOSTILE)) >= 200


# ---------------------------------------------------------------- every room


@pytest.mark.parametrize("chunk", CHUNKS, ids=range(len(CHUNKS)))
def test_nothing_runs_in_any_room(
    tmp_path: Path, chunk: tuple[Pack, ...], request: pytest.FixtureRequest
) -> None:
    board, seen = new_board(tmp_path / "board"), Seen()
    visit = HostileVisit(Visitor(board), seen)
    for pack in chunk:
        visit.give_files(pack)
        visit.send_all(pack)
    visit.look(whole=True)
    board.press.close()
    board.database.close()
    assert sorted(set(seen.wrong)) == []
    assert _unlooked(seen) == set(NOT_LOOKED)
    assert {x.path for x in declared("POST")} - {*seen.sent, *seen.bare} == set(NOT_SENT)
    fields = sum(map(len, seen.fields.values()))
    assert fields > 500
    if request.node.callspec.indices["chunk"] % 4 == 0 and CHROMIUM is not None:
        opened = _in_a_browser(tmp_path / "board", seen.pages)
        print(f"{opened} pages opened in Chromium: no dialog, no error, no request to elsewhere")
    print(
        f"{sum(map(len, chunk))} texts in {fields} fields of {len(seen.fields)} forms, "
        f"{sum(seen.sent.values())} times sent, {sum(seen.looked.values())} looks at "
        f"{len(seen.looked)} addresses, nothing ran"
    )


def _unlooked(seen: Seen) -> set[str]:
    return {x.path for x in declared("GET") if not seen.looked[x.path]}


def _in_a_browser(folder: Path, paths: list[str]) -> int:
    """Opens the pages as their user sees them; gives how many there were."""
    troubles: list[str] = []
    opened = 0
    with running(folder, "--no-examples") as link, chromium() as browser:
        origin = link.split("/start/")[0]
        database = Database(open_board(folder).where)
        mine = sessions.new_link(database, "somebody")
        database.close()
        view = browser.new_page()

        def dismissed(dialog: Any) -> None:
            troubles.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        view.on("dialog", dismissed)
        view.on("console", lambda x: troubles.append(x.text) if x.type == "error" else None)
        view.on("pageerror", lambda x: troubles.append(str(x)))
        view.on("request", lambda x: troubles.append(x.url) if _strange(x.url, origin) else None)
        view.goto(f"{origin}/start/{mine}")
        for path in some(paths):
            if path == "/sign-in":
                continue
            answer = view.goto(f"{origin}{path}")
            assert answer is not None and answer.status == 200, path
            for field in view.locator("input[type=text]").all()[:1]:
                field.dispatch_event("change")  # htmx has the list beside the form drawn
            opened += 1
        view.wait_for_timeout(1000)
    assert troubles == []
    return opened


def _strange(url: str, origin: str) -> bool:
    return not url.startswith((f"{origin}/", "data:"))


# ---------------------------------------------------------------- the doors


def test_the_doors(tmp_path: Path) -> None:
    """Where somebody signs in, sets a password, changes the centre, opens a patient of another."""
    board, seen = new_board(tmp_path / "board", settings=Settings()), Seen()
    user = add_user(board, "reader", "reader")
    other = other_tenant(board)
    stock(board, "SYN-02", tenant=other)
    add_user(board, "both", "reader")
    with board.database.writing() as session:
        found = session.get_one(User, user)
        link = users.new_password_link(session, "x", found)
        both = users.user_named(session, "both")
        users.give_roles(session, "x", both, other, ["reader"])
    stranger = HostileVisit(Visitor(board, signed_in=False), seen)
    stranger.more = (f"/password/{link}",)
    inside = [HostileVisit(member(board, name), seen) for name in ("reader", "both")]
    for visit in inside:
        visit.limited = True
    for pack in packs()[:3]:
        for visit in some([stranger, *inside]):
            visit.send_all(pack)
            visit.look()
    assert sorted(set(seen.wrong)) == []
    doors = {x for x, why in {**NOT_LOOKED, **NOT_SENT}.items() if "test_the_doors" in why}
    assert doors <= {*seen.looked, *seen.sent}
    assert seen.kept["/break-glass"] > 0


# ---------------------------------------------------------------- the test can fail


def test_a_page_that_does_not_escape_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(new_board(tmp_path / "board"))
    sent = {"text": '"><img src=x onerror=alert(1)>'}
    assert faults(visitor.post("/knowledge/search", sent)) == []
    unescaped = pages._environment().overlay(autoescape=False)
    monkeypatch.setattr(pages, "_environment", lambda: unescaped)
    assert "<img src=x>" in faults(visitor.post("/knowledge/search", sent))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", "<p onclick=x>"),
        ("text/html", "<script>alert(1)</script>"),
        ("text/html", "<a href=' javascript:alert(1)'>x</a>"),
        ("text/html", "<svg/onload=alert(1)>"),
        ("text/html", "<p>62615533</p>"),
        ("text/csv", "a,b\r\n1,=1+1\r\n"),
        ("application/json", '"a\u202eb"'),
    ],
)
def test_what_got_through_is_found(kind: str, body: str) -> None:
    heads = {"x-content-type-options": "nosniff", "content-security-policy": "script-src 'none'"}
    clean = _Answer(Response("x", headers=heads, media_type=kind))
    assert faults(clean) == []
    assert faults(_Answer(Response(body, headers=heads, media_type=kind))) != []


class _Answer:
    """An answer as a client holds it."""

    def __init__(self, made: Response) -> None:
        self.status_code, self.headers = made.status_code, made.headers
        self.content = bytes(made.body)
        self.text = self.content.decode("utf-8")


# ---------------------------------------------------------------- programs and record systems


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where texts stand in JSON."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _places(part, (*path, key))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _places(part, (*path, number))


def _kind(path: tuple[Any, ...]) -> tuple[Any, ...]:
    """The place without its numbers: one resource like another."""
    return tuple(x for x in path if not isinstance(x, int))


def _with(value: Any, path: tuple[Any, ...], text: str) -> Any:
    """The same with this text at a place; every other part is shared."""
    if not path:
        return text
    made = copy.copy(value)
    made[path[0]] = _with(value[path[0]], path[1:], text)
    return made


def _spoilt(body: Any, pack: Pack) -> Iterator[Any]:
    """The body with texts at one kind of place after the other, in the first of its kind; every
    eighth kind where only a few texts are sent.
    """
    first: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for path in _places(body):
        first.setdefault(_kind(path), path)
    for path in [*first.values()][:: 1 if WHOLE else 8]:
        yield _with(body, path, " ".join(pack))


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as given:
        return [row for row in csv.DictReader(given) if row["patient_id"] == "SYN-01"]


def _api(board: Board) -> dict[str, Any]:
    """Of each address of programs that takes a body a sound one."""
    visitor = Visitor(board)
    case = stock(board, "SYN-01")["SYN-01"]
    result = visitor.get(f"/patients/{case}/results/1.json").json()
    tables = {x.stem: _rows(x) for x in sorted(hostile_visit.TABLES.glob("*.csv"))}
    version = visitor.hidden(f"/patients/{case}/decision", "version")
    decision = {"version": int(version), "answer": 1, "strategy": "", "participants": "A",
                "reason": "b", "deviation": "c"}  # fmt: skip
    return {
        "/assess": {"format": "fhir", "bundle": bundle_of("SYN-01")},
        "/cases": {"format": "tidy", "tables": tables},
        "/render": {"result": result, "as": "sheet.html"},
        f"/cases/{case}/decisions": decision,
    }


def test_nothing_runs_in_what_programs_send(tmp_path: Path) -> None:
    board = new_board(tmp_path / "board")
    board.api_rate = Rate(per_minute=1e9, at_once=10**9)
    may = ("read", "edit", "decide")
    token = make_token(board.database, FIRST_TENANT, "x", name="x", permissions=may, days=1)
    head = {"authorization": f"Bearer {token}"}
    client = Visitor(board, signed_in=False).client
    bodies = _api(board)
    sent = answered = 0
    for pack in PACKS:
        for path, body in bodies.items():
            for spoilt in _spoilt(body, pack):
                answer = client.post(f"/api/v1{path}", json=spoilt, headers=head)
                assert faults(answer) == [], path
                sent, answered = sent + 1, answered + (answer.status_code < 300)
    assert answered > 10
    listed = client.get("/api/v1/cases", headers=head)
    assert faults(listed) == []
    for case in some(listed.json()["cases"]):
        for more in ("", "/results/1", "/decisions"):
            assert faults(client.get(f"/api/v1/cases/{case['case']}{more}", headers=head)) == []
    print(f"{sent} bodies of programs, {answered} of them taken, nothing ran")


def test_nothing_runs_in_what_a_record_system_sends(tmp_path: Path) -> None:
    board, system = new_board(tmp_path / "board"), FakeRecordSystem()
    system.origin = "http://127.0.0.1:9"
    keys = tmp_path / "keys"
    keys.mkdir()
    board.record_system = record_system_of({**system.settings(keys)}, keys)
    client = Visitor(board, signed_in=False).client
    path = f"/cds-services/{SERVICE}"
    sent = cards = 0
    for pack in PACKS:
        for body in _spoilt(system.request("SYN-01"), pack):
            head = {"authorization": f"Bearer {system.signed(board.origin + path)}"}
            answer = client.post(path, json=body, headers=head)
            assert faults(answer) == []
            shown = json.dumps(answer.json())
            assert not any(text in shown for text in pack if "<" in text or "](" in text)
            sent, cards = sent + 1, cards + (answer.status_code == 200)
    assert cards > 10
    print(f"{sent} requests for a card, {cards} answered with one, nothing ran")
