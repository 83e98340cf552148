"""What somebody hostile, or only hasty, found on the board once, each with what is right."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select
from starlette.routing import Route
from tests.support.board import Visitor, examples_read, new_board, other_tenant, stock
from tests.support.databases import without_triggers
from tests.support.loops import some
from tests.support.people import PASSWORD, add_user, member
from tests.support.places import ROOT

from rearm.board.app import make_app
from rearm.board.board import Board
from rearm.board.entry import drafts
from rearm.board.people import sessions, users
from rearm.board.refusals import NotUsable
from rearm.board.settings import Settings
from rearm.board.store import audit, erasing, retention, uploads
from rearm.board.store.exchanged import Launched
from rearm.board.store.tables import FIRST_TENANT, AuditRow, Draft, Upload, User
from rearm.board.store.utc import now
from rearm.board.web.guards import LONGEST_PART, LONGEST_QUERY

FIELD = re.compile(r'<(?:input|textarea|select)\b[^>]*\bname="([^"]+)"')


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return new_board(tmp_path / "board")


@pytest.fixture
def visitor(board: Board) -> Visitor:
    return Visitor(board)


@pytest.fixture
def case(board: Board) -> str:
    return stock(board, "SYN-01")["SYN-01"]


def entries(board: Board) -> int:
    with board.database.reading() as session:
        return session.scalar(select(func.count()).select_from(AuditRow)) or 0


# ---------------------------------------------------------------- forms


def test_the_page_of_the_centre_is_saved_with_every_field_that_it_has(visitor: Visitor) -> None:
    names = {*FIELD.findall(visitor.get("/centre").text)} - {"form_token"}
    assert len(names) > 100
    sent = dict.fromkeys(names, "") | {"seen": "0", "name": "St Anna"}
    assert visitor.post("/centre", sent).status_code == 303
    assert visitor.get("/centre.json").json()["content"]["name"] == "St Anna"


@pytest.mark.parametrize("day", ["20260901", "2026-W36-2", "2026-9-1", "1.9.2026"])
def test_a_day_of_the_follow_up_has_one_form(visitor: Visitor, case: str, day: str) -> None:
    decision = {"version": visitor.hidden(f"/patients/{case}/decision", "version"), "answer": "1",
                "strategy": "-", "participants": "X", "reason": "y", "deviation": "z"}  # fmt: skip
    assert visitor.post(f"/patients/{case}/decision", decision).status_code == 303
    path = f"/patients/{case}/follow-up"
    sent = {"version": visitor.hidden(path, "version"), "done": "no", "why_not": "died",
            "died": "yes"}  # fmt: skip
    for field in ("death_day", "next_look"):
        answer = visitor.post(path, {**sent, field: day})
        assert answer.status_code == 422 and "year-month-day" in answer.text
    assert visitor.post(path, {**sent, "death_day": "2026-09-01"}).status_code == 303


def test_texts_of_the_allowed_length_are_taken_in_every_script(visitor: Visitor, case: str) -> None:
    sent = {"version": visitor.hidden(f"/patients/{case}/decision", "version"), "answer": "1",
            "strategy": "-", "participants": "Я" * 3900, "reason": "Ж" * 3900,
            "deviation": "Щ" * 3900}  # fmt: skip
    assert visitor.post(f"/patients/{case}/decision", sent).status_code == 303


@pytest.mark.parametrize("charset", ["undefined", "punycode", "no-such", "unicode_escape"])
def test_a_form_in_another_encoding_is_refused(
    board: Board, visitor: Visitor, charset: str
) -> None:
    stranger = Visitor(board, signed_in=False)
    body = b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\na\\ud800\xff\r\n--x--\r\n'
    kind = {"content-type": f"multipart/form-data; boundary=x; charset={charset}"}
    for browser, path in ((stranger, "/sign-in"), (visitor, "/upload")):
        headers = {**kind, "origin": board.origin}
        answer = browser.client.post(path, content=body, headers=headers)
        assert answer.status_code in (403, 422), path


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1", "x"])
def test_lines_of_the_form_that_are_no_number_are_none(visitor: Visitor, number: str) -> None:
    draft = visitor.post("/entry").headers["location"]
    sent = {"do": "more:line", "-more.line": number}
    assert visitor.post(draft, sent).status_code == 303


# ---------------------------------------------------------------- who saw and did what


def test_a_form_that_is_shown_again_is_a_look_at_the_patient(
    board: Board, visitor: Visitor, case: str
) -> None:
    for path in ("state", "decision", "result", "what-if"):
        before = entries(board)
        visitor.post(f"/patients/{case}/{path}", {"version": "0", "answer": "1"})
        assert entries(board) > before, path
    before = entries(board)
    visitor.get(f"/patients/{case}/entry/paste")
    assert entries(board) > before


def test_what_is_kept_of_a_form_is_an_entry(board: Board, visitor: Visitor) -> None:
    draft = visitor.post("/entry").headers["location"]
    before = entries(board)
    visitor.post(draft, {"do": "keep", "patient_id.0.patient_id": "Meier"})
    assert entries(board) > before


def test_the_audit_names_no_patient_who_was_asked_for_by_id(board: Board, visitor: Visitor) -> None:
    assert visitor.get("/patients/Meier-1949").status_code == 404
    with board.database.reading() as session:
        assert "Meier" not in "".join(session.scalars(select(AuditRow.details)))


def test_an_erasure_reaches_a_form_that_was_begun(
    board: Board, visitor: Visitor, case: str
) -> None:
    other = visitor.post("/entry").headers["location"]
    own = visitor.post("/entry").headers["location"]
    visitor.post(other, {"do": "keep", "patient_id.0.patient_id": "SYN-02"})
    visitor.post(own, {"do": "keep", "patient_id.0.patient_id": "SYN-01"})
    erasing.erase_patient(board.database, board.folder, case, "x")
    with board.database.reading() as session:
        typed = [*session.scalars(select(Draft.typed))]
    assert len(typed) == 1 and "SYN-02" in typed[0]


# ---------------------------------------------------------------- who may


def test_only_who_may_export_gets_everything_of_a_patient(board: Board, case: str) -> None:
    add_user(board, "reader", "reader")
    add_user(board, "manager", "data_manager")
    path = f"/patients/{case}/export.json"
    assert member(board, "reader").get(path).status_code == 403
    assert member(board, "manager").get(path).status_code == 200


def test_guesses_count_although_a_known_patient_was_opened_between(board: Board) -> None:
    add_user(board, "reader", "reader")
    other = other_tenant(board)
    stock(board, "SYN-01", tenant=other)
    reader = member(board, "reader")

    def ask(patient: str) -> int:
        sent = {"tenant": other, "patient": patient, "reason": "emergency tonight"}
        return int(reader.post("/break-glass", sent).status_code)

    asked = [ask(x) for x in ("a", "b", "c", "SYN-01", "d", "e", "f")]
    assert asked == [422, 422, 422, 303, 422, 422, 429]


def test_an_opened_patient_closes_with_the_right_to_open_one(board: Board) -> None:
    user = add_user(board, "reader", "reader")
    other = other_tenant(board)
    case = stock(board, "SYN-01", tenant=other)["SYN-01"]
    reader = member(board, "reader")
    sent = {"tenant": other, "patient": "SYN-01", "reason": "emergency tonight"}
    assert reader.post("/break-glass", sent).status_code == 303
    assert reader.get(f"/patients/{case}").status_code == 200
    with board.database.writing() as session:
        users.give_roles(session, "x", session.get_one(User, user), FIRST_TENANT, ["administrator"])
    assert member(board, "reader").get(f"/patients/{case}").status_code in (403, 404)


def test_roles_in_one_centre_end_no_session_in_another(board: Board) -> None:
    user = add_user(board, "reader", "reader")
    reader, other = member(board, "reader"), other_tenant(board)
    with board.database.writing() as session:
        users.give_roles(session, "x", session.get_one(User, user), other, ["reader"])
    assert reader.get("/worklist").status_code == 200


def test_a_launch_joins_no_patient_who_came_meanwhile_from_elsewhere(board: Board) -> None:
    (one,) = (x for x in examples_read().patients if x.patient_id == "SYN-05")
    read = msgspec.json.encode(msgspec.structs.replace(examples_read(), patients=(one,)))
    upload = uploads.keep_read(board.database, FIRST_TENANT, "Dr E", "launch", b"x", read)
    with board.database.writing() as session:
        cookie = sessions.begin_launched(session, FIRST_TENANT, "Dr E", ("read", "edit"))
        session.add(
            Launched(
                session_hash=sessions.hash_of(cookie),
                source="s",
                upload_id=upload,
                system="x",
                made_at=now(),
            )
        )
    doctor, path = Visitor(board, signed_in=False), f"/uploads/{upload}"
    doctor.client.cookies.set(board.cookie, cookie)
    assert doctor.get(path).status_code == 200
    stock(board, "SYN-05")  # from elsewhere
    sent = {"seen": doctor.hidden(path, "seen")}
    assert doctor.post(f"{path}/take", sent).status_code == 403
    with board.database.reading() as session:
        assert session.get_one(Upload, upload).state == "read"


# ---------------------------------------------------------------- the last administrator


def ruled(board: Board, tenant: str = FIRST_TENANT) -> tuple[Visitor, str]:
    """The only administrator of a centre who can sign in, and one who never set a password."""
    boss = add_user(board, f"boss of {tenant}", "administrator", tenant=tenant, password=PASSWORD)
    add_user(board, f"new in {tenant}", "administrator", tenant=tenant)
    return member(board, f"boss of {tenant}"), boss


def deeds(user: str, version: int) -> list[tuple[str, dict[str, str]]]:
    sent = {"version": str(version), "role_reader": "yes"}
    return [(f"/administration/users/{user}/{deed}", sent) for deed in ("roles", "disable")]


@pytest.mark.parametrize("tenant", [FIRST_TENANT, "other"])
def test_the_last_administrator_stays_one(board: Board, tenant: str) -> None:
    other_tenant(board)
    visitor, boss = ruled(board, tenant)
    with board.database.reading() as session:
        version = session.get_one(User, boss).version
    for path, sent in deeds(boss, version):
        answer = visitor.post(path, sent)
        assert answer.status_code == 422 and "is the last administrator of" in answer.text
    with board.database.reading() as session:
        user = session.get_one(User, boss)
        assert sessions.roles_of(session, boss)[tenant] == {"administrator"}
        assert user.disabled_at is None
    add_user(board, "second", "administrator", tenant=tenant, password=PASSWORD)
    path, sent = deeds(boss, version)[0]
    assert visitor.post(path, sent).status_code == 303


def test_nobody_else_takes_the_last_administrator_away(board: Board) -> None:
    """Neither the command line nor an administrator of the first centre by accident."""
    other = other_tenant(board)
    _, boss = ruled(board, other)
    with board.database.writing() as session:
        user = session.get_one(User, boss)
        for wanted in (["reader"], []):
            with pytest.raises(NotUsable, match="last administrator of Another centre"):
                users.give_roles(session, "root", user, other, wanted)
        with pytest.raises(NotUsable, match="last administrator of Another centre"):
            users.set_disabled(session, "root", user, disabled=True)
        users.give_roles(session, "root", user, other, ["administrator", "reader"])
        users.give_roles(session, "a provider", user, other, ["reader"], by_provider=True)
    centres = Visitor(board).get("/administration.json").json()["tenants"]
    assert {x["id"]: x["administrators"] for x in centres} == {FIRST_TENANT: 0, other: 0}


# ---------------------------------------------------------------- what another centre learns


def test_an_administrator_does_not_learn_which_names_there_are(board: Board) -> None:
    other = other_tenant(board)
    carol, _ = ruled(board, other)
    add_user(board, "known", "editor", password=PASSWORD)
    add_user(board, "noted", "editor", tenant=other)
    told = {}
    for name in ("known", "free1", "noted"):
        answer = carol.post("/administration/users", {"name": name, "role_reader": "yes"})
        plain = re.sub(r"password/[\w-]+", "password/LINK", answer.text).replace(name, "NAME")
        told[name] = answer.status_code, re.sub(r'value="[^"]*"|[0-9a-f]{16}', "", plain)
        with board.database.writing() as session:  # so that each finds the same page
            for user in users.all_users(session, other):
                if user.name == f"{name}@{other}":
                    users.give_roles(session, "x", user, other, [])
    assert told["known"] == told["free1"] and told["known"][0] == 200
    assert told["noted"][0] == 303  # of the centre already
    with board.database.reading() as session:
        known = users.user_named(session, "known")
        assert sessions.roles_of(session, known.id) == {FIRST_TENANT: {"editor"}}


def test_names_of_a_centre_are_given_by_that_centre_only(board: Board) -> None:
    other = other_tenant(board)
    with board.database.writing() as session, pytest.raises(NotUsable, match="of that centre"):
        users.add_user(session, "root", f"anna@{other}", FIRST_TENANT, ["reader"])
    add_user(board, f"anna@{other}", "reader", tenant=other)
    add_user(board, "anna@example.org", "reader")


def test_no_number_tells_how_much_other_centres_do(board: Board) -> None:
    other = other_tenant(board)
    stock(board, "SYN-08")
    ours = stock(board, "SYN-01", tenant=other)["SYN-01"]
    carol, _ = ruled(board, other)
    add_user(board, "data", "data_manager", tenant=other)
    export = f"/patients/{ours}/export.json"

    def seen() -> list[object]:
        page = carol.get("/administration/audit.json?before=3").json()
        checked = carol.post("/administration/audit/verify").text
        return [[x["number"] for x in page["entries"]], page["older"], checked]

    before = seen()
    assert before[0] == [2, 1] and "Nothing was changed" in str(before[2])
    stock(board, "SYN-02", "SYN-03")
    assert seen() == before
    exported = member(board, "data").get(export).json()["audit"]
    assert exported and all("number" not in x for x in exported)
    whole = Visitor(board).post("/administration/audit/verify").text
    assert str(entries(board) - 1) in whole


def test_a_fault_elsewhere_is_told_without_its_place(board: Board) -> None:
    carol, _ = ruled(board, other_tenant(board))
    stock(board, "SYN-02")
    with without_triggers(board) as connection:
        connection.exec_driver_sql("UPDATE results SET software = 'x'")
    text = carol.post("/administration/audit/verify").text
    assert "Tell an administrator of the first centre" in text and "results/" not in text
    assert "results/" in Visitor(board).post("/administration/audit/verify").text


# ---------------------------------------------------------------- addresses of any length


def with_long_part(path: str, part: str) -> str:
    """The address of a route, with this in the place of each part."""
    return re.sub(r"\{[^}]+\}", part, path)


def test_no_address_takes_a_part_of_any_length(board: Board, visitor: Visitor, case: str) -> None:
    routes = [x for x in make_app(board).routes if isinstance(x, Route) and "{" in x.path]
    assert len(routes) > 60
    before = entries(board)
    for route in some(routes):
        for part in ("Z" * (LONGEST_PART + 1), "Z" * 20_000, "\u00c4" * 101):
            (method,) = (route.methods or set()) - {"HEAD"}
            headers = {"origin": board.origin}
            path = with_long_part(route.path, part)
            answer = visitor.client.request(method, path, headers=headers)
            assert answer.status_code == 404 and "ZZZZ" not in answer.text, route.path
    assert entries(board) == before  # nor does it reach the audit


@pytest.mark.parametrize("path", ["/worklist", "/administration/audit", "/sign-in",
                                  "/api/v1/cases", "/knowledge", "/no-such-page"])  # fmt: skip
def test_no_address_takes_a_query_of_any_length(visitor: Visitor, path: str) -> None:
    for query in ("who=" + "Z" * LONGEST_QUERY, "&".join(f"Z{x}=" for x in range(5000))):
        answer = visitor.get(f"{path}?{query}")
        assert (
            answer.status_code == 422 and "ZZZZ" not in answer.text and "Z4999" not in answer.text
        )


def test_an_address_of_many_parts_is_none(visitor: Visitor) -> None:
    assert visitor.get("/patients" + "/Z" * 2000).status_code == 404


# ---------------------------------------------------------------- what nobody takes in


def days_later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    moment = now() + timedelta(days=days)
    monkeypatch.setattr(retention, "now", lambda: moment)


@pytest.mark.parametrize("looked", ["/worklist", "/entry", "opened"])
def test_what_is_not_taken_in_ends_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked: str
) -> None:
    board = new_board(tmp_path / "short", settings=Settings(not_taken_in_days=7))
    visitor, case = Visitor(board), stock(board, "SYN-01")["SYN-01"]
    draft = visitor.post("/entry").headers["location"]
    visitor.post(draft, {"do": "keep", "patient_id.0.patient_id": "Meier"})
    visitor.post(f"/patients/{case}/entry", {"do": "keep"})
    file = ("labs.csv", (ROOT / "examples" / "tables" / "labs.csv").read_bytes())
    upload = visitor.post("/upload", files={"file": file}).headers["location"]
    day = f"{now() + timedelta(days=7):%Y-%m-%d}"
    told = [(draft, "for 7 days"), ("/entry", day), ("/upload", "7 days"), (upload, day)]
    for path, words in told:
        assert words in visitor.get(path).text, path

    def look() -> tuple[int, int]:
        board.opened() if looked == "opened" else visitor.get(looked)
        with board.database.reading() as session:
            waits = session.scalars(select(Upload).where(Upload.payload != b"")).all()
            return len(session.scalars(select(Draft)).all()), len(waits)

    days_later(monkeypatch, 6)
    assert look() == (2, 1)
    days_later(monkeypatch, 8)
    assert look() == (0, 0)
    with board.database.reading() as session:
        ended = select(AuditRow).where(AuditRow.details.contains("expired"))
        rows = [(x.who, x.action, x.subject) for x in session.scalars(ended)]
        assert audit.verify(session).faults == ()
    assert sorted(rows) == sorted([
        ("the board", "entry_discarded", draft.removeprefix("/entry/")),
        ("the board", "entry_discarded", case),
        ("the board", "upload_discarded", upload.removeprefix("/uploads/")),
    ])  # fmt: skip
    assert Visitor(board).get(draft).status_code == 404


def test_a_draft_that_is_opened_too_late_is_gone(
    board: Board, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = visitor.post("/entry").headers["location"]
    days_later(monkeypatch, 31)
    assert visitor.get(draft).status_code == 404


# ---------------------------------------------------------------- more of everything


def test_nobody_fills_the_board_with_what_is_not_taken_in(
    board: Board, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(drafts.MOST):
        assert visitor.post("/entry").status_code == 303
    answer = visitor.post("/entry")
    assert answer.status_code == 422 and "discard one" in answer.text
    monkeypatch.setattr(uploads, "MOST_WAITING", 2)
    file = ("labs.csv", (ROOT / "examples" / "tables" / "labs.csv").read_bytes())
    statuses = [visitor.post("/upload", files={"file": file}).status_code for _ in range(3)]
    assert statuses == [303, 303, 422]
    add_user(board, "editor", "editor")  # somebody else still can
    assert member(board, "editor").post("/entry").status_code == 303


@pytest.mark.parametrize("name", ["The Board", "upgrade", "program ward", "\uff50rogram x"])
def test_nobody_is_called_as_the_audit_calls_the_board(board: Board, name: str) -> None:
    with board.database.writing() as session, pytest.raises(NotUsable, match="The audit calls"):
        users.add_user(session, "root", name, FIRST_TENANT, ["reader"])


def test_a_link_of_one_centre_leads_not_into_another(board: Board) -> None:
    other = other_tenant(board)
    carol, _ = ruled(board, other)
    sent = {"name": "dora", "role_reader": "yes"}
    text = carol.post("/administration/users", sent).text
    (link,) = re.findall(r"(/password/[\w-]+)</code>", text)
    assert Visitor(board, signed_in=False).get(link).status_code == 200
    with board.database.writing() as session:
        dora = users.user_named(session, f"dora@{other}")
        users.give_roles(session, "root", dora, FIRST_TENANT, ["chair"])
    assert Visitor(board, signed_in=False).get(link).status_code == 401
