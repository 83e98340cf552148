"""Who signs in and what they may: every role at every address, sessions, rights that change, a
proxy before the board, patients opened in an emergency, the administration. Each guard is seen to
hold, and its test to fail where the guard is off.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.responses import Response
from tests.support.board import Visitor, new_board, other_tenant, stock
from tests.support.loops import some
from tests.support.people import ORIGIN, PASSWORD, add_user, by_proxy, member, public_board

from rearm.board import routes
from rearm.board.app import make_app
from rearm.board.board import Board
from rearm.board.door import addresses as door
from rearm.board.entry import drafts
from rearm.board.people import openings, passwords, sessions, tries, users
from rearm.board.people.roles import MAY, ROLES, allowed
from rearm.board.settings import Settings
from rearm.board.store.tables import (
    FIRST_TENANT,
    AuditRow,
    Membership,
    Opening,
    SessionRow,
    Upload,
    User,
)
from rearm.board.store.tenants import OWNED
from rearm.board.store.triggers import drop_triggers
from rearm.board.store.utc import now
from rearm.board.web import declare, guards, proxies
from rearm.board.web.declare import BoardRoute
from rearm.board.web.next_path import local_path

REASON = "The patient came to our emergency room with a fever."


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return new_board(tmp_path / "board")


def entries(board: Board, action: str) -> list[tuple[str, str, Any]]:
    """Who, on what and with which details."""
    with board.database.reading() as session:
        found = session.scalars(select(AuditRow).where(AuditRow.action == action))
        return [(x.who, x.subject, json.loads(x.details)) for x in found]


# ---------------------------------------------------------------- every role at every address

HARMLESS = {
    "token", "name", "number", "user", "day", "job", "fact", "a", "b", "before", "after",
    "kind", "view",
}  # fmt: skip
"""Parts of addresses that name nothing of a tenant by themselves: `number` is a version of a case
that stands before it, and so are a report, a fact and what is compared; `user` and `day`
are looked up in the tenant of the session; a `kind` of knowledge and a `view` are of nobody."""


def _inside(asked: Any) -> Response:
    return Response("inside")


def _cells(board: Board) -> Iterator[tuple[str, str, str, bool]]:
    """Every address with every kind of visitor: what should happen, and whether it does. The guards
    are the real ones; behind them stands an answer that costs nothing. Programs and record systems
    come by ways of their own (`test_board_api`, `test_board_cds`).
    """
    ours, theirs = ("SYN-01", FIRST_TENANT), ("SYN-02", other_tenant(board))
    cases = {t: stock(board, p, tenant=t)[p] for p, t in (ours, theirs)}
    with board.database.reading() as session:
        uploads = {x.tenant_id: x.id for x in session.scalars(select(Upload))}
    with board.database.writing() as session:
        begun = {t: drafts.start(session, t, "somebody").id for _, t in (ours, theirs)}
    visitors: dict[str, tuple[Visitor, frozenset[str] | None]] = {
        "nobody": (Visitor(board, signed_in=False), None)
    }
    for role in (*ROLES, "expired"):
        add_user(board, f"a {role}", *(ROLES if role == "expired" else (role,)))
        may = None if role == "expired" else frozenset(map(str, MAY[role]))  # type: ignore[index]
        visitors[role] = member(board, f"a {role}"), may
    with board.database.writing() as session:
        expired = session.scalars(select(SessionRow).where(SessionRow.who == "a expired")).one()
        expired.seen_at = now() - timedelta(hours=2)
    tokens = {name: visitor.form_token() for name, (visitor, _) in visitors.items()}
    for route in some(x for x in make_app(board).routes if type(x) is BoardRoute):
        owned = set(OWNED) & set(route.param_convertors)
        for tenant in (FIRST_TENANT, "other") if owned else (FIRST_TENANT,):
            parts = {"case": cases[tenant], "upload": uploads[tenant], "draft": begun[tenant]}
            path = _filled(route.path, parts)
            for name, (visitor, may) in visitors.items():
                wanted = _wanted(route.needs, may, foreign=tenant != FIRST_TENANT)
                got = _asked(visitor, route, path, tokens[name])
                yield f"{route.path} {tenant} {name}", wanted, got, wanted == got


def _filled(path: str, parts: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda m: parts.get(m[1], "1"), path)


def _wanted(needs: str, may: frozenset[str] | None, *, foreign: bool) -> str:
    if needs == "nothing":
        return "inside"
    if may is None:
        return "401"
    if needs != "session" and needs not in may:
        return "403"
    return "404" if foreign else "inside"


def _asked(visitor: Visitor, route: BoardRoute, path: str, token: str) -> str:
    if "GET" in (route.methods or ()):
        answer = visitor.client.get(path)
    else:
        if route.needs == "nothing":  # a form of the browser's own
            browser = visitor.client.cookies.get(visitor.board.browser_cookie) or "b" * 43
            visitor.client.cookies.set(visitor.board.browser_cookie, browser)
            token = sessions.form_token_of(browser)
        headers = {"origin": visitor.board.origin}
        answer = visitor.client.post(path, data={"form_token": token}, headers=headers)
    return "inside" if answer.text == "inside" else str(answer.status_code)


def _holes(
    board: Board, monkeypatch: pytest.MonkeyPatch, *, under: str = ""
) -> list[tuple[str, str, str]]:
    """The cells in which not happens what should, of the addresses `under` a path."""
    chosen = (x for x in routes.ADDRESSES if x.path.startswith(under))
    emptied = tuple(dataclasses.replace(x, handler=_inside) for x in chosen)
    monkeypatch.setattr(routes, "ADDRESSES", emptied)
    # a refusal is drawn in other tests
    monkeypatch.setattr(declare, "refused", lambda scope, why, who: Response(None, why.status))
    cells = [*_cells(board)]
    assert len(cells) > 50
    holes = [(cell, wanted, got) for cell, wanted, got, right in cells if not right]
    print(f"{len(cells)} cells of roles, tenants and addresses, {len(holes)} holes")
    return holes


def test_every_role_reaches_exactly_what_it_may(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _holes(board, monkeypatch) == []


@pytest.mark.parametrize(
    ("name", "off"),
    [
        ("_check_permission", lambda who, needs: None),
        ("check_tenant", lambda board, tenant, who, parts: None),
        ("_check_may", lambda board, who, needs, parts: None),
    ],
)
def test_without_a_guard_the_matrix_has_holes(
    board: Board, monkeypatch: pytest.MonkeyPatch, name: str, off: Any
) -> None:
    monkeypatch.setattr(declare, name, off)
    assert len(_holes(board, monkeypatch, under="/patients")) > 5


def test_every_part_of_an_address_is_of_a_tenant_or_known_to_be_harmless(board: Board) -> None:
    parts = {x for address in routes.ADDRESSES for x in re.findall(r"\{(\w+)", address.path)}
    assert parts == {*OWNED, *HARMLESS}


def test_a_role_that_is_none_gives_nothing() -> None:
    assert allowed(["king", ""]) == frozenset()
    assert "read" not in allowed(["administrator"])
    assert allowed(["reader", "administrator"]) == {"read", "administer"}


# ---------------------------------------------------------------- signing in with a password


def sign_in(
    visitor: Visitor, name: str, password: str, *, next_path: str = "/worklist", **more: str
) -> Any:
    """As the form of the page sends it."""
    token = visitor.hidden("/sign-in", "form_token")
    sent = {"name": name, "password": password, "next": next_path, "form_token": token, **more}
    return visitor.post("/sign-in", sent)


@pytest.fixture
def known(board: Board) -> Board:
    """A board with an editor who has a password."""
    add_user(board, "alice", "editor", password=PASSWORD)
    return board


def test_a_user_signs_in_works_and_signs_out(known: Board) -> None:
    visitor = Visitor(known, signed_in=False)
    answer = sign_in(visitor, " Alice ", PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/worklist")
    assert "alice, This board" in visitor.get("/worklist").text
    assert visitor.get("/administration").status_code == 403
    assert entries(known, "signed_in") == [("alice", "", {"via": "password"})]
    assert visitor.post("/leave").headers["location"] == "/signed-out"
    assert "You are signed out" in visitor.get("/signed-out").text
    assert visitor.get("/worklist").status_code == 401


def test_a_page_that_needs_a_session_leads_to_the_sign_in_and_back(known: Board) -> None:
    case = stock(known, "SYN-01")["SYN-01"]
    visitor = Visitor(known, signed_in=False)
    refused = visitor.get(f"/patients/{case}")
    (link,) = re.findall(r'href="(/sign-in[^"]*)"', refused.text)
    next_path = visitor.hidden(link, "next")
    answer = sign_in(visitor, "alice", PASSWORD, next_path=next_path)
    assert answer.headers["location"] == f"/patients/{case}"


def _told(visitor: Visitor, name: str) -> tuple[int, str]:
    answer = sign_in(visitor, name, "wrong password here")
    text = re.sub(r'value="[^"]*"', "", answer.text)
    return answer.status_code, text


def _is_told_who_is_known(board: Board, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether words or work differ between a user, one who is disabled, and nobody's name."""
    with board.database.writing() as session:
        user = users.add_user(session, "x", "gone", FIRST_TENANT, ["reader"])
        user.password = passwords.hash_of(PASSWORD)
        users.set_disabled(session, "x", user, disabled=True)
    worked: list[str] = []
    real = passwords._HASHER.verify

    def counted(_: Any, kept: str, text: str) -> bool:
        worked.append(kept.split("$")[3])  # how much work it is
        return real(kept, text)

    monkeypatch.setattr(type(passwords._HASHER), "verify", counted)
    answers = []
    for name in ("alice", "gone", "nobody at all"):
        before = len(worked)
        told = _told(Visitor(board, signed_in=False), name)
        answers.append((told, len(worked) - before, worked[-1:]))
    return any(x != answers[0] for x in answers)


def test_nobody_learns_who_is_known(known: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _is_told_who_is_known(known, monkeypatch)


def test_without_the_dummy_the_time_would_tell(
    known: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = passwords.fits
    monkeypatch.setattr(passwords, "fits", lambda kept, text: bool(kept) and real(kept, text))
    assert _is_told_who_is_known(known, monkeypatch)


def test_a_name_that_is_unknown_is_not_noted(known: Board) -> None:
    for name in ("alice", "My pass phrase by mistake"):
        sign_in(Visitor(known, signed_in=False), name, "x" * 12)
    assert [who for who, *_ in entries(known, "sign_in_failed")] == ["alice", ""]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No password is right, and it takes no time to say so: how often is what counts here."""
    monkeypatch.setattr(passwords, "fits", lambda kept, password: False)


def _many_tries(board: Board, *, names: Callable[[int], str], client: str) -> Any:
    visitor = Visitor(board, signed_in=False, client=(client, 1))
    for number in range(31):
        answer = sign_in(visitor, names(number), "x")
        if answer.status_code != 401:
            return number, answer
    return None


@pytest.mark.parametrize(
    ("names", "tried", "sentence"),
    [
        (lambda number: "alice", 5, "under this name"),
        (lambda number: "nobody", 5, "under this name"),
        (lambda number: f"name {number}", 30, "from your address"),
    ],
    ids=["account", "unknown", "client"],
)
def test_who_tries_often_must_wait(
    known: Board,
    quick: None,
    monkeypatch: pytest.MonkeyPatch,
    names: Callable[[int], str],
    tried: int,
    sentence: str,
) -> None:
    number, answer = _many_tries(known, names=names, client="192.0.2.1")
    assert (number, answer.status_code) == (tried, 429)
    assert sentence in answer.text and 0 < int(answer.headers["retry-after"]) <= 900
    moment = now()
    monkeypatch.setattr(tries, "now", lambda: moment + timedelta(minutes=16))
    assert sign_in(Visitor(known, signed_in=False), names(0), "x").status_code == 401


def test_without_the_count_one_tries_for_ever(
    known: Board, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tries, "_check", lambda session, kind, key: None)
    assert _many_tries(known, names=lambda _: "alice", client="192.0.2.1") is None


def test_a_right_password_forgets_the_wrong_ones(known: Board) -> None:
    for _ in range(2):
        for _ in range(4):  # as often as a wrong password would
            tries.count(known.database, account="alice", client="testclient")
        assert sign_in(Visitor(known, signed_in=False), "alice", PASSWORD).status_code == 303


def test_another_client_does_not_wait_for_the_first(known: Board, quick: None) -> None:
    _many_tries(known, names=lambda number: f"name {number}", client="192.0.2.1")
    other = Visitor(known, signed_in=False, client=("192.0.2.2", 1))
    assert sign_in(other, "bob", "x").status_code == 401


def _sign_in_from_elsewhere(visitor: Visitor) -> bool:
    """Whether a page of another site can sign a browser in as somebody: it knows no token."""
    visitor.get("/sign-in")
    own = sessions.form_token_of(visitor.client.cookies.get(visitor.board.browser_cookie) or "")
    stranger = Visitor(visitor.board, signed_in=False)
    for token in ("", "x", stranger.hidden("/sign-in", "form_token"), "0" * 64):
        assert token != own
        if sign_in(visitor, "alice", PASSWORD, form_token=token).status_code != 403:
            return True
    bare = Visitor(visitor.board, signed_in=False)
    sent = {"name": "alice", "password": PASSWORD, "form_token": sessions.form_token_of("")}
    return bool(bare.post("/sign-in", sent).status_code != 403)


def _fixed_session(visitor: Visitor) -> bool:
    """Whether the id that a browser had before the sign-in is still good after it."""
    board = visitor.board
    add_user(board, "mallory", "reader")
    planted = member(board, "mallory").client.cookies.get(board.cookie) or ""
    visitor.client.cookies.set(board.cookie, planted)
    assert sign_in(visitor, "alice", PASSWORD).status_code == 303
    fresh = [x for x in visitor.client.cookies.jar if x.name == board.cookie]
    assert planted not in {x.value for x in fresh} or len(fresh) > 1
    return sessions.signed_in(board.database, planted) is not None


def _works_on_after_taking_roles(visitor: Visitor) -> bool:
    """Whether somebody whose roles were taken still sees anything."""
    board = visitor.board
    sees = member(board, "alice", visitor)
    assert sees.get("/worklist").status_code == 200
    with board.database.writing() as session:
        user = users.user_named(session, "alice")
        users.give_roles(session, "x", user, FIRST_TENANT, [])
    return bool(sees.get("/worklist").status_code == 200)


def _works_on_after_disabling(visitor: Visitor) -> bool:
    board = visitor.board
    sees = member(board, "alice", visitor)
    with board.database.writing() as session:
        users.set_disabled(session, "x", users.user_named(session, "alice"), disabled=True)
    return bool(sees.get("/worklist").status_code == 200)


GUARDS: list[tuple[Callable[[Visitor], bool], Any, str, Any]] = [
    (_sign_in_from_elsewhere, declare, "_check_token", lambda form, expected: None),
    (_sign_in_from_elsewhere, declare, "_of_browser", sessions.form_token_of),
    (_fixed_session, sessions, "_end", lambda session, raw: None),
    (_works_on_after_taking_roles, sessions, "end_all", lambda *_: None),
    (_works_on_after_disabling, sessions, "end_all", lambda *_: None),
]
_NAMES = [f"{attempt.__name__}-{name}" for attempt, _, name, _ in GUARDS]


@pytest.mark.parametrize(("attempt", "_where", "_name", "_off"), GUARDS, ids=_NAMES)
def test_a_guard_of_sessions_holds(
    known: Board, attempt: Callable[[Visitor], bool], _where: Any, _name: str, _off: Any
) -> None:
    assert not attempt(Visitor(known, signed_in=False))


@pytest.mark.parametrize(("attempt", "where", "name", "off"), GUARDS, ids=_NAMES)
def test_without_the_guard_of_sessions_it_goes_through(
    known: Board,
    monkeypatch: pytest.MonkeyPatch,
    attempt: Callable[[Visitor], bool],
    where: Any,
    name: str,
    off: Any,
) -> None:
    monkeypatch.setattr(where, name, off)
    assert attempt(Visitor(known, signed_in=False))


HOSTILE_PATHS = (
    "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.net",
    "/%09/evil.example", "/\t/evil.example", "/\n/evil.example", " /worklist", "data:text/html,x",
    "javascript:alert(1)", "/%2f%2fevil.example", "/%5cevil.example", "/worklist//evil.example",
    "/..//evil.example", "/worklist?x=https://evil.net", "/a@evil.example", "http:/evil.example",
    "/worklist#x", "/\u2044evil.example", "/worklist\r\nSet-Cookie: x=y", "", "worklist",
    "/start/x", "/sign-in/provider", "/leave", "/" + "a" * 400,
)  # fmt: skip


@pytest.mark.parametrize("given", HOSTILE_PATHS)
def test_the_sign_in_leads_nowhere_else(given: str) -> None:
    assert local_path(given) == "/"


def test_pages_of_ours_are_kept_over_the_sign_in(
    known: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("/worklist", "/patients/00ff00ff00ff00ff/results/1.json", "/audit?day=2026-12-07"):
        assert local_path(path) == path
    visitor = Visitor(known, signed_in=False)
    hostile = "//evil.example"
    assert sign_in(visitor, "alice", PASSWORD, next_path=hostile).headers["location"] == "/"
    monkeypatch.setattr(door, "local_path", lambda given: given)
    again = sign_in(Visitor(known, signed_in=False), "alice", PASSWORD, next_path=hostile)
    assert again.headers["location"] == hostile  # it was the look at the path


# ---------------------------------------------------------------- passwords and their links


def _link(board: Board, name: str) -> str:
    with board.database.writing() as session:
        user = users.user_named(session, name)
        return f"/password/{users.new_password_link(session, 'x', user)}"


def _set(visitor: Visitor, link: str, password: str, again: str = "") -> Any:
    token = visitor.hidden(link, "form_token")
    sent = {"form_token": token, "password": password, "again": again or password}
    return visitor.post(link, sent)


def test_a_link_sets_a_password_once(board: Board) -> None:
    add_user(board, "bob", "reader")
    visitor, link = Visitor(board, signed_in=False), _link(board, "bob")
    assert visitor.client.head(link).status_code == 200
    assert _set(visitor, link, PASSWORD).headers["location"] == "/sign-in"
    assert visitor.get(link).status_code == 401
    assert sign_in(visitor, "bob", PASSWORD).status_code == 303
    with board.database.reading() as session:
        kept = users.user_named(session, "bob").password
    assert kept.startswith("$argon2id$") and PASSWORD not in kept
    newer, older = _link(board, "bob"), _link(board, "bob")
    assert visitor.get(newer).status_code == 401 and visitor.get(older).status_code == 200


def test_a_link_to_a_password_lives_for_a_day(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_user(board, "bob", "reader")
    visitor, link, moment = Visitor(board, signed_in=False), _link(board, "bob"), now()
    monkeypatch.setattr(users, "now", lambda: moment + timedelta(hours=25))
    assert visitor.get(link).status_code == 401
    monkeypatch.setattr(users, "LINK_LIFE", timedelta(days=9))
    assert visitor.get(link).status_code == 200  # it was its age


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [
        ("short", "", "12 characters or more"),
        ("aaaaaaaaaaaaaaaa", "", "repeats few characters"),
        ("bob and many others", "", "name of the user"),
        ("x1y2z3" * 40, "", "200 characters or fewer"),
        (PASSWORD, "another thing entirely", "The two entries differ"),
    ],
)
def test_a_password_that_is_none_is_told(
    board: Board, password: str, again: str, sentence: str
) -> None:
    add_user(board, "bob", "reader")
    answer = _set(Visitor(board, signed_in=False), _link(board, "bob"), password, again)
    assert answer.status_code == 422 and sentence in answer.text and password not in answer.text


def test_a_password_is_the_same_on_every_keyboard() -> None:
    kept = passwords.hash_of("Zürich am See 1")
    assert passwords.fits(kept, "Zürich am See 1")
    assert not passwords.fits(kept, "Zurich am See 1") and not passwords.fits("", PASSWORD)


def test_a_password_link_needs_the_token_of_the_browser(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_user(board, "bob", "reader")
    visitor, link = Visitor(board, signed_in=False), _link(board, "bob")
    visitor.get(link)
    sent = {"form_token": "x", "password": PASSWORD, "again": PASSWORD}
    assert visitor.post(link, sent).status_code == 403
    monkeypatch.setattr(declare, "_check_token", lambda form, expected: None)
    assert visitor.post(link, sent).status_code == 303  # it was the token


# ---------------------------------------------------------------- tenants of a user


def test_a_user_of_two_centres_changes_between_them_with_another_id(board: Board) -> None:
    other = other_tenant(board)
    stock(board, "SYN-01")
    stock(board, "SYN-02", tenant=other)
    add_user(board, "alice", "reader")
    with board.database.writing() as session:
        users.give_roles(session, "x", users.user_named(session, "alice"), other, ["editor"])
    visitor = member(board, "alice")
    before = visitor.client.cookies.get(board.cookie) or ""
    assert "SYN-01" in visitor.get("/worklist").text and visitor.get("/upload").status_code == 403
    answer = visitor.post("/tenant", {"tenant": other})
    assert answer.status_code == 303
    visitor.client.cookies.clear()
    (raw,) = re.findall(rf"{board.cookie}=([^;]+);", answer.headers["set-cookie"])
    visitor.client.cookies.set(board.cookie, raw)
    text = visitor.get("/worklist").text
    assert "SYN-02" in text and "SYN-01" not in text and "alice, Another centre" in text
    assert visitor.get("/upload").status_code == 200
    assert raw != before and sessions.signed_in(board.database, before) is None
    assert entries(board, "tenant_changed") == [("alice", other, {})]


def test_nobody_changes_to_a_centre_without_a_role(board: Board) -> None:
    other = other_tenant(board)
    add_user(board, "alice", "reader")
    visitor = member(board, "alice")
    for tenant in (other, "none", ""):
        answer = visitor.post("/tenant", {"tenant": tenant})
        assert answer.status_code == (403 if tenant else 303)
    assert Visitor(board).post("/tenant", {"tenant": other}).status_code == 403


def test_the_time_since_the_sign_in_goes_on_in_another_centre(board: Board) -> None:
    other = other_tenant(board)
    add_user(board, "alice", "reader", tenant=other)
    with board.database.writing() as session:
        users.give_roles(session, "x", users.user_named(session, "alice"), FIRST_TENANT, ["reader"])
    visitor = member(board, "alice")
    began = now() - timedelta(hours=5)
    with board.database.writing() as session:
        session.scalars(select(SessionRow)).one().made_at = began
    assert visitor.post("/tenant", {"tenant": other}).status_code == 303
    with board.database.reading() as session:
        rows = session.scalars(select(SessionRow).where(SessionRow.ended_at.is_(None))).all()
        assert [x.made_at for x in rows] == [began]


def test_the_user_of_a_printed_link_has_every_right_in_the_first_centre(board: Board) -> None:
    visitor = Visitor(board)
    for path in ("/worklist", "/upload", "/administration", "/administration/audit"):
        assert visitor.get(path).status_code == 200, path
    assert visitor.get("/break-glass").status_code == 403


def test_who_has_no_role_is_told_whom_to_ask(board: Board) -> None:
    add_user(board, "alice", password=PASSWORD)
    visitor = Visitor(board, signed_in=False)
    answer = sign_in(visitor, "alice", PASSWORD)
    assert answer.status_code == 403 and "Ask the administrator of this board" in answer.text
    assert visitor.get("/worklist").status_code == 401


# ---------------------------------------------------------------- a proxy before the board


@pytest.fixture
def public(tmp_path: Path) -> Board:
    """A board for many, with an editor."""
    board = public_board(tmp_path / "public")
    add_user(board, "alice", "editor", password=PASSWORD)
    return board


def test_cookies_of_a_board_for_many_are_for_it_alone(public: Board) -> None:
    visitor = by_proxy(public)
    form = visitor.get("/sign-in")
    answer = sign_in(visitor, "alice", PASSWORD)
    assert answer.status_code == 303
    kept = [*form.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
    assert {x.split("=")[0] for x in kept} == {"__Host-rearm", "__Host-rearm_browser"}
    for cookie in some(kept):
        attributes = {x.strip().casefold() for x in cookie.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes
        assert not any(x.startswith("domain") for x in attributes)
    headers = visitor.get("/worklist").headers
    assert headers["strict-transport-security"] == "max-age=31536000"


def test_a_board_of_one_machine_sends_no_hsts(board: Board) -> None:
    answer = Visitor(board).get("/worklist")
    assert "strict-transport-security" not in answer.headers


def test_a_printed_link_opens_no_board_for_many(public: Board) -> None:
    token = sessions.new_link(public.database, "somebody")
    assert by_proxy(public).get(f"/start/{token}").status_code == 404


def test_a_board_for_many_waits_a_quarter_of_an_hour(
    tmp_path: Path, public: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = member(public, "alice", by_proxy(public))
    moment = now()
    monkeypatch.setattr(sessions, "now", lambda: moment + timedelta(minutes=16))
    assert visitor.get("/worklist").status_code == 401
    monkeypatch.setattr(Settings, "idle", timedelta(minutes=30))
    assert visitor.get("/worklist").status_code == 200  # it was its limit


def _plain_http(board: Board) -> bool:
    """Whether anything is had without TLS, or past the proxy, whatever the headers say."""
    askers = (
        by_proxy(board, x_forwarded_proto="http"),
        by_proxy(board, x_forwarded_proto=""),
        by_proxy(board, x_forwarded_proto="https,http"),
        by_proxy(board, peer="10.0.1.9"),
        by_proxy(board, peer="127.0.0.1"),
        by_proxy(board, peer="::ffff:10.0.0.9.evil"),
        by_proxy(board, peer="198.51.100.3", x_forwarded_for="10.0.0.9"),
    )
    return any(x.get("/sign-in").status_code != 403 for x in askers)


def _wrong_host(board: Board) -> bool:
    hosts = ("evil.example", "127.0.0.1:8765", "board.example.org:8765", "board.example.org.", "")
    asker = by_proxy(board)
    forwarded = asker.get("/sign-in", headers={"host": "x", "x-forwarded-host": ORIGIN[8:]})
    seen = [asker.get("/sign-in", headers={"host": x}).status_code for x in hosts]
    return any(x != 421 for x in [*seen, forwarded.status_code])


def _wrong_origin(board: Board) -> bool:
    visitor = member(board, "alice", by_proxy(board))
    origins = ("null", "http://board.example.org", "https://board.example.org:8765",
               "https://evil.example", "https://board.example.org.evil.example",
               "http://127.0.0.1:8765")  # fmt: skip
    sent = {"form_token": visitor.form_token()}
    answers = [visitor.client.post("/leave", data=sent, headers={"origin": x}) for x in origins]
    return any(x.status_code != 403 for x in answers)


async def _let_through(self: Any, scope: Any, receive: Any, send: Any) -> None:
    await self.app(scope, receive, send)


PUBLIC = [
    (_plain_http, proxies.TransportGuard),
    (_wrong_host, guards.HostGuard),
    (_wrong_origin, guards.OriginGuard),
]


@pytest.mark.parametrize(("attempt", "_guard"), PUBLIC)
def test_a_guard_of_a_board_for_many_holds(
    public: Board, attempt: Callable[[Board], bool], _guard: Any
) -> None:
    assert not attempt(public)
    assert by_proxy(public).get("/sign-in").status_code == 200


@pytest.mark.parametrize(("attempt", "guard"), PUBLIC)
def test_without_the_guard_of_a_board_for_many_it_goes_through(
    public: Board, monkeypatch: pytest.MonkeyPatch, attempt: Callable[[Board], bool], guard: Any
) -> None:
    monkeypatch.setattr(guard, "__call__", _let_through)
    assert attempt(public)


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        ("10.0.0.9", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.9", "1.2.3.4, 203.0.113.7", "203.0.113.7"),  # the left part is claimed
        ("10.0.0.9", "203.0.113.7, 10.0.0.8", "203.0.113.7"),  # two proxies of ours
        ("10.0.0.9", "", "10.0.0.9"),
        ("10.0.0.9", "unknown", "10.0.0.9"),
        ("198.51.100.3", "203.0.113.7", "198.51.100.3"),  # no proxy of ours: it claims
        ("testclient", "203.0.113.7", "testclient"),
    ],
)
def test_the_client_is_whom_the_proxy_saw(peer: str, told: str, client: str) -> None:
    headers = [(b"x-forwarded-for", told.encode())] if told else []
    scope = {"type": "http", "client": (peer, 1), "headers": headers}
    assert proxies.client_of(scope, ("10.0.0.0/24",)) == client


def test_a_client_that_claims_other_addresses_still_waits(public: Board, quick: None) -> None:
    statuses = []
    for number in range(31):
        asker = by_proxy(public, x_forwarded_for=f"192.0.2.{number}, 203.0.113.7")
        statuses.append(sign_in(asker, f"name {number}", "x").status_code)
    assert statuses == [401] * 30 + [429]


# ---------------------------------------------------------------- a patient opened in an emergency


@pytest.fixture
def two(board: Board) -> tuple[Board, str, str]:
    """A board with a reader of the first centre, and two patients of another."""
    cases = stock(board, "SYN-01", "SYN-02", tenant=other_tenant(board))
    add_user(board, "alice", "reader")
    return board, cases["SYN-01"], cases["SYN-02"]


def _open(visitor: Visitor, patient: str = "SYN-01", reason: str = REASON) -> Any:
    return visitor.post("/break-glass", {"tenant": "other", "patient": patient, "reason": reason})


def test_one_patient_is_opened_for_an_hour_and_everybody_sees_it(
    two: tuple[Board, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    board, case, neighbour = two
    visitor = member(board, "alice")
    assert visitor.get(f"/patients/{case}").status_code == 404
    assert _open(visitor).headers["location"] == f"/patients/{case}"
    text = visitor.get(f"/patients/{case}").text
    assert "SYN-01: myeloma" in text and "Seen by break-glass" in text and REASON in text
    assert visitor.get(f"/patients/{case}/results/1").status_code == 200
    assert visitor.get(f"/patients/{neighbour}").status_code == 404
    assert visitor.post(f"/patients/{case}/state", {"version": "1"}).status_code == 403
    assert visitor.get(f"/patients/{case}/decision").status_code == 403
    assert visitor.get("/worklist.json").json()["patients"] == 0
    ((who, subject, details),) = entries(board, "broke_glass")
    (sealed,) = details["sealed"]
    assert (who, subject, sealed) == ("alice", case, f"openings/{details['opening']}")
    add_user(board, "bob", "reader", tenant="other")
    assert REASON in member(board, "bob").get(f"/patients/{case}").text
    add_user(board, "carol", "administrator", tenant="other")
    assert REASON in member(board, "carol").get("/administration").text
    moment = now()
    monkeypatch.setattr(openings, "now", lambda: moment + timedelta(minutes=61))
    assert visitor.get(f"/patients/{case}").status_code == 404


def test_what_was_opened_to_one_is_open_to_nobody_else(two: tuple[Board, str, str]) -> None:
    board, case, neighbour = two
    add_user(board, "bob", "reader")
    _open(member(board, "alice"))
    assert member(board, "bob").get(f"/patients/{case}").status_code == 404
    assert Visitor(board).get(f"/patients/{case}").status_code == 404
    with board.database.writing() as session:
        kept = {"reason": REASON, "at": now(), "until": now() + timedelta(minutes=60)}
        session.add(Opening(id="o", case_id=neighbour, user_id="", who="alice", **kept))
    assert member(board, "alice").get(f"/patients/{case}").status_code == 200
    assert member(board, "alice").get(f"/patients/{neighbour}").status_code == 404


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [("", "Give the reason"), ("urgent", "Give the reason"), ("x" * 1001, "longer than"),
     ("\u202edrawkcab gnihtemos", "no text")],
)  # fmt: skip
def test_without_a_reason_nothing_opens(
    two: tuple[Board, str, str], reason: str, sentence: str
) -> None:
    board, case, _ = two
    visitor = member(board, "alice")
    answer = _open(visitor, reason=reason)
    assert answer.status_code == 422 and sentence in answer.text
    assert visitor.get(f"/patients/{case}").status_code == 404


def test_ids_can_t_be_guessed_one_after_the_other(
    two: tuple[Board, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    board, *_ = two
    visitor = member(board, "alice")
    statuses = [_open(visitor, patient=f"P{x}").status_code for x in range(6)]
    assert statuses == [422] * 5 + [429]
    assert len(entries(board, "broke_glass_in_vain")) == 5
    assert _open(visitor).status_code == 429
    monkeypatch.setattr(tries, "_check", lambda session, kind, key: None)
    assert _open(visitor).status_code == 303  # it was the count


def test_an_administrator_opens_no_patient_unless_the_board_is_set_up_so(tmp_path: Path) -> None:
    for may in (False, True):
        settings = Settings(administrators_may_break_glass=may)
        board = new_board(tmp_path / str(may), settings=settings)
        stock(board, "SYN-01", tenant=other_tenant(board))
        add_user(board, "root", "administrator")
        visitor = member(board, "root")
        assert visitor.get("/worklist").status_code == 403
        assert visitor.get("/break-glass").status_code == (200 if may else 403)
        assert _open(visitor).status_code == (303 if may else 403)


# ---------------------------------------------------------------- the administration


def test_a_user_is_added_gets_a_link_and_roles_and_is_disabled(board: Board) -> None:
    visitor = Visitor(board)
    sent = {"name": "Bob", "tenant": FIRST_TENANT, "role_editor": "yes"}
    text = visitor.post("/administration/users", sent).text
    (link,) = re.findall(rf"{board.origin}(/password/[\w-]+)", text)
    assert link not in visitor.get("/administration").text  # shown once
    bob = Visitor(board, signed_in=False)
    assert _set(bob, link, PASSWORD).status_code == 303
    sign_in(bob, "bob", PASSWORD)
    assert bob.get("/upload").status_code == 200
    (user,) = visitor.get("/administration.json").json()["users"]
    home, version = f"/administration/users/{user['id']}", {"version": str(user["version"])}
    assert visitor.post(f"{home}/roles", {**version, "role_reader": "yes"}).status_code == 303
    assert bob.get("/worklist").status_code == 401  # the session ended with the roles
    second = visitor.post(f"{home}/roles", {**version, "role_chair": "yes"})
    assert second.status_code == 409 and "Somebody changed this user" in second.text
    (user,) = visitor.get("/administration.json").json()["users"]
    assert user["roles"] == ["reader"]
    version = {"version": str(user["version"])}
    assert visitor.post(f"{home}/disable", version).status_code == 303
    assert sign_in(bob, "bob", PASSWORD).status_code == 401
    ((_, subject, details),) = entries(board, "user_roles_changed")[1:]
    assert subject == user["id"] and (details["from"], details["to"]) == (["editor"], ["reader"])


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"name": "", "role_reader": "yes"}, "A name has 1 to 60"),
        ({"name": "x" * 61, "role_reader": "yes"}, "A name has 1 to 60"),
        ({"name": "a\u202eb", "role_reader": "yes"}, "A name has 1 to 60"),
        ({"name": "carol"}, "Choose a role"),
    ],
)
def test_a_user_who_can_t_be_is_told(board: Board, sent: dict[str, str], sentence: str) -> None:
    visitor = Visitor(board)
    answer = visitor.post("/administration/users", {"tenant": FIRST_TENANT, **sent})
    assert answer.status_code == 422 and sentence in answer.text
    assert visitor.get("/administration.json").json()["users"] == []


@pytest.fixture
def north(board: Board) -> tuple[Visitor, str, str]:
    """An administrator of a second centre, a user of the first, and one of both."""
    other = other_tenant(board)
    add_user(board, "carol", "administrator", tenant=other)
    first = add_user(board, "alice", "editor")
    both = add_user(board, "dora", "reader", tenant=other)
    with board.database.writing() as session:
        users.give_roles(session, "x", users.user_named(session, "dora"), FIRST_TENANT, ["chair"])
    return member(board, "carol"), first, both


def test_an_administrator_rules_in_their_centre_only(
    board: Board, north: tuple[Visitor, str, str]
) -> None:
    visitor, first, both = north
    page = visitor.get("/administration.json").json()
    assert [x["name"] for x in page["users"]] == ["carol", "dora"] and page["tenants"] == []
    for deed in ("roles", "disable", "enable", "sign-out", "link"):
        answer = visitor.post(f"/administration/users/{first}/{deed}", {"version": "1"})
        assert answer.status_code == 404, deed
    for deed in ("disable", "sign-out", "link"):
        # the user works in the first centre too: a link would lead there
        answer = visitor.post(f"/administration/users/{both}/{deed}", {"version": "3"})
        assert answer.status_code == 403, deed
    assert visitor.post("/administration/tenants", {"name": "Mine"}).status_code == 403
    for name in ("alice", "dora"):
        visitor.post(
            "/administration/users", {"name": name, "tenant": FIRST_TENANT, "role_chair": "yes"}
        )
    with board.database.reading() as session:
        assert sessions.roles_of(session, first) == {FIRST_TENANT: {"editor"}}
        added = users.user_named(session, "alice@other")
        # in the administrator's own centre, whatever was sent
        assert sessions.roles_of(session, added.id) == {"other": {"chair"}}
        assert sessions.roles_of(session, both) == {FIRST_TENANT: {"chair"}, "other": {"chair"}}


def test_the_audit_is_searched_paged_and_checked(board: Board) -> None:
    case = stock(board, "SYN-01")["SYN-01"]
    visitor = Visitor(board)
    visitor.get(f"/patients/{case}")
    for _ in range(110):
        with board.database.writing() as session:
            users.add_tenant(session, "many", "first", f"Name {_}")
    found = visitor.get(f"/administration/audit.json?case={case}").json()["entries"]
    assert [x["action"] for x in found] == ["patient seen", "taken in"]
    assert visitor.get("/administration/audit.json?who=nobody").json()["entries"] == []
    first = visitor.get("/administration/audit.json?who=many").json()
    assert len(first["entries"]) == 100
    rest = visitor.get(f"/administration/audit.json?who=many&before={first['older']}").json()
    assert len(rest["entries"]) == 10 and rest["older"] is None
    today = f"{now():%Y-%m-%d}"
    assert visitor.get(f"/administration/audit.json?day={today}").json()["entries"]
    assert visitor.get("/administration/audit.json?day=2020-01-01").json()["entries"] == []
    assert "year-month-day" in visitor.get("/administration/audit?day=yesterday").text
    text = visitor.post("/administration/audit/verify").text
    assert "Nothing was changed" in text and "SYN-01" not in text
    with board.database.writing() as session:
        drop_triggers(session.connection(), {("audit", "audit_no_update")})
        session.connection().exec_driver_sql("UPDATE audit SET who = 'x' WHERE number = 1")
    text = visitor.post("/administration/audit/verify").text
    assert "Entry 1 of the audit was changed" in text


def test_an_administrator_of_one_centre_sees_the_audit_of_its_patients(
    board: Board, north: tuple[Visitor, str, str]
) -> None:
    visitor, *_ = north
    ours = stock(board, "SYN-01", tenant="other")["SYN-01"]
    stock(board, "SYN-02")
    found = visitor.get("/administration/audit.json").json()
    assert found["whole"] is False
    assert {x["subject"] for x in found["entries"] if x["action"] == "taken in"} == {ours}
    assert {x["action"] for x in found["entries"]} == {"taken in", "upload read"}


def test_pages_of_people_show_hostile_names_as_text(board: Board) -> None:
    name = "<script>alert(1)</script>"
    visitor = Visitor(board)
    visitor.post("/administration/tenants", {"name": name})
    visitor.post("/administration/users", {"name": name, "tenant": "first", "role_reader": "yes"})
    pages = [visitor.get(x).text for x in ("/administration", "/administration/audit")]
    pages.append(member(board, name).get("/worklist").text)
    pages.append(sign_in(Visitor(board, signed_in=False), name, "x").text)
    for text in some(pages):
        assert "<script" not in text and "&lt;script&gt;" in text


def test_the_rows_of_roles_are_those_that_were_given(board: Board) -> None:
    user = add_user(board, "alice", "reader", "chair")
    with board.database.reading() as session:
        rows = session.scalars(select(Membership)).all()
        assert {(x.user_id, x.tenant_id, x.role) for x in rows} == {
            (user, FIRST_TENANT, "reader"), (user, FIRST_TENANT, "chair"),
        }  # fmt: skip
        assert session.scalars(select(User)).one().name == "alice"
