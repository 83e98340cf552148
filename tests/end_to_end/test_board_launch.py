"""The board opened from a record system: the way there and back, what is read, and that the session
reaches this patient only. Each guard is seen to hold, and its attempt to get through when off.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select
from tests.support.board import Visitor, new_board, stock
from tests.support.loops import some
from tests.support.people import by_proxy, public_board
from tests.support.record_system import (
    FakeRecordSystem,
    came_back,
    opened,
    running_record_system,
    taken_in,
)

from rearm.board.board import Board
from rearm.board.exchange import once, smart, tokens
from rearm.board.exchange.configuration import RecordSystem, record_system_of
from rearm.board.people.launched import Reach
from rearm.board.record_system import launch
from rearm.board.store.exchanged import Launch, Launched
from rearm.board.store.tables import AuditRow, SessionRow, Upload
from rearm.board.store.utc import now
from rearm.board.web.declare import BoardRoute


@pytest.fixture(scope="module")
def server() -> Iterator[FakeRecordSystem]:
    with running_record_system(FakeRecordSystem()) as running:
        yield running


@pytest.fixture
def ehr(server: FakeRecordSystem) -> FakeRecordSystem:
    server.reset()
    return server


@pytest.fixture
def board(tmp_path: Path, ehr: FakeRecordSystem) -> Board:
    board = new_board(tmp_path / "board")
    board.record_system = record_system_of(ehr.settings(tmp_path), tmp_path)
    ehr.board = board.origin
    return board


@pytest.fixture
def visitor(board: Board) -> Visitor:
    return Visitor(board, signed_in=False)


# ---------------------------------------------------------------- the whole way


@pytest.mark.parametrize("confidential", [True, False], ids=["confidential", "public"])
def test_from_the_record_system_to_the_sheet(tmp_path: Path, confidential: bool) -> None:
    with running_record_system(FakeRecordSystem(confidential=confidential)) as ehr:
        board = new_board(tmp_path / "board")
        board.record_system = record_system_of(ehr.settings(tmp_path), tmp_path)
        ehr.board = board.origin
        visitor = Visitor(board, signed_in=False)
        path = opened(visitor, ehr, "SYN-01")
        shown = visitor.get(f"{path}.json").json()
        assert [x["patient"] for x in shown["patients"]] == ["SYN-01"]
        assert shown["who"] == "Practitioner/12 of St Anna" and shown["state"] == "read"
        text = visitor.get(path).text
        assert "Opened from St Anna" in text and 'href="/worklist"' not in text
        case = taken_in(visitor, ehr, "SYN-01")
        assert "SYN-01: myeloma after CAR-T" in visitor.get(case).text
        assert visitor.get(f"{case}/results/1").status_code == 200
        assert visitor.post("/leave").status_code == 303
        assert visitor.get(case).status_code == 401


def test_the_way_there_says_what_smart_asks_for(visitor: Visitor, ehr: FakeRecordSystem) -> None:
    answer = visitor.get(ehr.launch("SYN-01"))
    place = urlsplit(answer.headers["location"])
    asked = {k: v[0] for k, v in parse_qs(place.query).items()}
    assert f"{place.scheme}://{place.netloc}" == ehr.origin
    assert asked["response_type"] == "code" and asked["aud"] == ehr.fhir
    assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
    assert {"launch", "openid", "fhirUser"} <= set(asked["scope"].split())
    assert not any("write" in x or "offline" in x for x in asked["scope"].split())
    assert len(asked["state"]) >= 40 and asked["state"] != asked["nonce"]
    cookie = answer.headers["set-cookie"]
    assert all(x in cookie for x in ("HttpOnly", "SameSite=lax", "Path=/smart", "Max-Age=600"))
    assert asked["state"] not in cookie and asked["nonce"] not in cookie
    with visitor.board.database.reading() as session:
        (kept,) = session.scalars(select(Launch))
        assert smart.challenge_of(kept.verifier) == asked["code_challenge"]
        assert asked["state"] not in (kept.state_hash, kept.browser_hash)


def test_a_look_at_its_headers_begins_nothing(visitor: Visitor, ehr: FakeRecordSystem) -> None:
    assert visitor.client.head(ehr.launch("SYN-01")).status_code == 200
    assert visitor.client.head("/smart/callback?code=x&state=y").status_code == 200
    with visitor.board.database.reading() as session:
        assert session.scalars(select(Launch)).all() == []


def test_what_the_system_has_in_many_pages_is_read_whole(
    visitor: Visitor, ehr: FakeRecordSystem
) -> None:
    ehr.page_size = 7
    path = opened(visitor, ehr, "SYN-01")
    assert len([x for x in ehr.asked if "page=" in x]) >= 10
    assert visitor.get(f"{path}.json").json()["patients"][0]["not_used"] == []
    assert ehr.bearers == {f"Bearer {ehr.token}"}


def test_nothing_new_leads_to_the_sheet_at_once(visitor: Visitor, ehr: FakeRecordSystem) -> None:
    case = taken_in(visitor, ehr, "SYN-01")
    again = Visitor(visitor.board, signed_in=False)
    assert opened(again, ehr, "SYN-01") == case
    assert again.get(case).status_code == 200
    assert len(again.get(f"{case}.json").json()["answers"]) == 1
    ehr.extra = [{"resourceType": "Observation", "id": "new", "status": "final",
                  "subject": {"reference": "Patient/SYN-01"}, "effectiveDateTime": "2025-04-16",
                  "code": {"coding": [{"system": "http://loinc.org", "code": "33358-3"}]},
                  "valueQuantity": {"value": 4.4, "unit": "g/dL", "code": "g/dL",
                                    "system": "http://unitsofmeasure.org"}}]  # fmt: skip
    new = opened(Visitor(visitor.board, signed_in=False), ehr, "SYN-01")
    assert new.startswith("/uploads/")


def test_the_audit_tells_who_opened_whom(visitor: Visitor, ehr: FakeRecordSystem) -> None:
    path = opened(visitor, ehr, "SYN-01")
    with visitor.board.database.reading() as session:
        (row,) = [x for x in session.scalars(select(AuditRow)) if x.action == "launched"]
        assert row.who == "Practitioner/12 of St Anna"
        assert json.loads(row.details).keys() == {"upload", "from"}  # no encounter of the patient
        assert "SYN-01" not in row.details and path.endswith(row.subject)


def test_the_store_keeps_no_token_and_no_secret_of_a_launch(
    visitor: Visitor, ehr: FakeRecordSystem, capfd: pytest.CaptureFixture[str]
) -> None:
    back = came_back(visitor, ehr, "SYN-01")
    with visitor.board.database.reading() as session:
        (kept,) = session.scalars(select(Launch))
        secrets = (kept.verifier, kept.nonce)
    assert visitor.get(back).status_code == 303
    visitor.board.database.close()
    file = visitor.board.folder.database
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = file.read_bytes()
    assert not any(x.encode() in whole for x in (ehr.token, *secrets))
    told = capfd.readouterr()
    assert ehr.token not in told.out + told.err and "SYN-01" not in told.out + told.err


# ---------------------------------------------------------------- the beginning


@pytest.mark.parametrize(
    "iss",
    ["", "https://evil.example", "{fhir}.evil.example", "{origin}@evil.example/fhir",
     "{origin}.evil.example/fhir", "{origin}", "{fhir}/other", "{fhir}?x", "{fhir}#x",
     "{origin}\\@evil.example", "//{host}/fhir", "javascript:alert(1)", "{fhir}%2f..",
     "https://{host}/fhir", "{fhir}\t"],
)  # fmt: skip
def test_no_other_system_opens_the_board(visitor: Visitor, ehr: FakeRecordSystem, iss: str) -> None:
    host = ehr.origin.removeprefix("http://")
    given = iss.format(fhir=ehr.fhir, origin=ehr.origin, host=host)
    answer = visitor.get("/launch", params={"iss": given, "launch": "x"})
    assert answer.status_code == 403 and "location" not in answer.headers
    assert ehr.asked == [] and (not given or given not in answer.text)


def test_without_the_list_any_system_would_be_asked(
    visitor: Visitor, ehr: FakeRecordSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert visitor.board.record_system is not None
    (server,) = visitor.board.record_system.smart_servers
    monkeypatch.setattr(RecordSystem, "smart_server", lambda self, iss: server)
    answer = visitor.get("/launch", params={"iss": "https://evil.example", "launch": "x"})
    assert answer.status_code == 303


def test_a_launch_must_be_named_once(visitor: Visitor, ehr: FakeRecordSystem) -> None:
    for query in ("", "&launch=", "&launch=a&launch=b", "&launch=" + "x" * 2001):
        assert visitor.get(f"/launch?iss={ehr.fhir}{query}").status_code == 422, query[:20]
    twice = f"/launch?iss={ehr.fhir}&iss=https://evil.example&launch=x"
    assert visitor.get(twice).status_code == 403


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization_endpoint", "https://evil.example/authorize"),
        ("authorization_endpoint", "javascript:alert(1)"),
        ("authorization_endpoint", "//evil.example"),
        ("authorization_endpoint", ""),
        ("authorization_endpoint", None),
        ("code_challenge_methods_supported", ["plain"]),
        ("code_challenge_methods_supported", None),
    ],
)
def test_the_board_leads_nowhere_else(
    visitor: Visitor, ehr: FakeRecordSystem, name: str, value: Any
) -> None:
    ehr.told = {name: value}
    answer = visitor.get(ehr.launch("SYN-01"))
    assert answer.status_code == 422 and "location" not in answer.headers


def test_a_system_that_does_not_answer_is_told(visitor: Visitor, tmp_path: Path) -> None:
    with running_record_system(FakeRecordSystem()) as gone:
        settings = gone.settings(tmp_path)
    visitor.board.record_system = record_system_of(settings, tmp_path)
    answer = visitor.get(gone.launch("SYN-01"))
    assert answer.status_code == 502 and "St Anna does not answer" in answer.text


def test_many_launches_are_not_kept_for_ever(
    visitor: Visitor, ehr: FakeRecordSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "_MOST_LAUNCHES", 2)
    answers = [visitor.get(ehr.launch("SYN-01")).status_code for _ in range(3)]
    assert answers == [303, 303, 503]
    moment = now()
    monkeypatch.setattr(once, "now", lambda: moment + timedelta(minutes=11))
    assert visitor.get(ehr.launch("SYN-01")).status_code == 303


# ---------------------------------------------------------------- the way back


def _back_twice(visitor: Visitor, ehr: FakeRecordSystem) -> bool:
    back = came_back(visitor, ehr, "SYN-01")
    visitor.get(back)
    return bool(visitor.get(back).status_code != 401)


def _back_in_another_browser(visitor: Visitor, ehr: FakeRecordSystem) -> bool:
    back = came_back(visitor, ehr, "SYN-01")
    other = Visitor(visitor.board, signed_in=False)
    return bool(other.get(back).status_code != 401)


def _state_of_nobody(visitor: Visitor, ehr: FakeRecordSystem) -> bool:
    back = came_back(visitor, ehr, "SYN-01")
    code = parse_qs(urlsplit(back).query)["code"][0]
    sent = [{"code": code}, {"code": code, "state": ""}, {"code": code, "state": "x" * 43}]
    return any(visitor.get("/smart/callback", params=x).status_code != 401 for x in sent)


def _any_launch(database: Any, state: str, browser: str) -> once.Begun:
    with database.reading() as session:
        kept = session.scalars(select(Launch)).all()[-1]
        return once.Begun(issuer=kept.issuer, nonce=kept.nonce, verifier=kept.verifier)


ATTEMPTS: list[Callable[[Visitor, FakeRecordSystem], bool]] = [
    _back_twice,
    _back_in_another_browser,
    _state_of_nobody,
]


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_launch_comes_back_once_and_to_its_browser(
    visitor: Visitor, ehr: FakeRecordSystem, attempt: Callable[..., bool]
) -> None:
    assert not attempt(visitor, ehr)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_without_the_guard_it_comes_back_anyhow(
    visitor: Visitor,
    ehr: FakeRecordSystem,
    monkeypatch: pytest.MonkeyPatch,
    attempt: Callable[..., bool],
) -> None:
    monkeypatch.setattr(once, "take_launch", _any_launch)
    assert attempt(visitor, ehr)


def test_a_launch_lives_for_minutes(
    visitor: Visitor, ehr: FakeRecordSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    back, moment = came_back(visitor, ehr, "SYN-01"), now()
    monkeypatch.setattr(once, "now", lambda: moment + timedelta(minutes=11))
    assert visitor.get(back).status_code == 401
    back = came_back(visitor, ehr, "SYN-01")
    monkeypatch.setattr(once, "now", lambda: moment + timedelta(minutes=22))
    monkeypatch.setattr(once, "LAUNCH_LIFE", timedelta(hours=1))
    assert visitor.get(back).status_code == 303  # it was its age


def test_a_refusal_of_the_system_is_told(visitor: Visitor, ehr: FakeRecordSystem) -> None:
    state = parse_qs(urlsplit(came_back(visitor, ehr, "SYN-01")).query)["state"][0]
    evil = "<script>alert(1)</script>"
    sent = {"error": evil, "error_description": evil, "state": state}
    answer = visitor.get("/smart/callback", params=sent)
    assert answer.status_code == 403 and "St Anna did not open" in answer.text
    assert "script" not in answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": None}, {"access_token": ""}, {"access_token": "a b"},
        {"access_token": "a\r\nb"}, {"token_type": "mac"}, {"patient": None}, {"patient": ""},
        {"patient": "SYN-01/../SYN-04"}, {"patient": "SYN-99"}, {"patient": ["SYN-01"]},
        {"id_token": None}, {"id_token": "a.b.c"},
    ],
    ids=repr,
)  # fmt: skip
def test_an_answer_with_less_than_a_token_opens_nothing(
    visitor: Visitor, ehr: FakeRecordSystem, change: dict[str, Any]
) -> None:
    ehr.token_answer = change
    answer = visitor.get(came_back(visitor, ehr, "SYN-01"))
    assert answer.status_code in (401, 422, 502)
    assert visitor.board.cookie not in visitor.client.cookies
    with visitor.board.database.reading() as session:
        assert session.scalars(select(SessionRow)).all() == []


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"}, {"iss": "{origin}.evil.example"}, {"aud": "another"},
        {"nonce": "another"}, {"exp": 1}, {"sub": ""}, {"iat": 4_000_000_000},
    ],
    ids=repr,
)  # fmt: skip
def test_an_id_token_that_is_not_for_us_opens_nothing(
    visitor: Visitor, ehr: FakeRecordSystem, claims: dict[str, Any]
) -> None:
    ehr.identity = {k: str(v).format(origin=ehr.origin) if k == "iss" else v
                    for k, v in claims.items()}  # fmt: skip
    assert visitor.get(came_back(visitor, ehr, "SYN-01")).status_code == 401


@pytest.mark.parametrize("kind", ["Patient", "RelatedPerson"])
def test_a_patient_opens_no_board(
    visitor: Visitor, ehr: FakeRecordSystem, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who signed in would stand in the audit, which forgets nobody."""
    ehr.identity = {"fhirUser": f"{ehr.fhir}/{kind}/SYN-01"}
    answer = visitor.get(came_back(visitor, ehr, "SYN-01"))
    assert answer.status_code == 403
    assert "for those who treat patients" in answer.text
    with visitor.board.database.reading() as session:
        assert session.scalars(select(SessionRow)).all() == []
        assert not [x for x in session.scalars(select(AuditRow)) if "SYN-01" in (x.who or "")]
    monkeypatch.setattr(smart, "_NO_STAFF", ())
    assert visitor.get(came_back(visitor, ehr, "SYN-01")).status_code != 403


def test_an_id_token_signed_by_another_opens_nothing(
    visitor: Visitor, ehr: FakeRecordSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ECKey.generate_key("P-384", {"kid": "of the record system"})
    made = int(time.time())
    back = came_back(visitor, ehr, "SYN-01")
    with visitor.board.database.reading() as session:
        (kept,) = session.scalars(select(Launch))
        claims = {"iss": ehr.origin, "aud": "rearm", "sub": "u", "iat": made, "exp": made + 300,
                  "nonce": kept.nonce}  # fmt: skip
    header = {"alg": "ES384", "kid": ehr.key.kid}
    ehr.token_answer = {"id_token": jwt.encode(header, claims, other, algorithms=["ES384"])}
    assert visitor.get(back).status_code == 401
    back = came_back(visitor, ehr, "SYN-01")
    monkeypatch.setattr(tokens, "_verify", lambda *_: None)
    monkeypatch.setattr("rearm.board.exchange.tokens.hmac.compare_digest", lambda *_: True)
    assert visitor.get(back).status_code == 303  # it was its signature


@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("place", ["https://evil.example/x", "http://169.254.169.254/x", None])
def test_nothing_is_asked_elsewhere_on_the_way_back(
    visitor: Visitor, ehr: FakeRecordSystem, name: str, place: Any
) -> None:
    back = came_back(visitor, ehr, "SYN-01")
    ehr.told = {name: place}
    assert visitor.get(back).status_code == 422


def test_a_further_page_elsewhere_is_told(visitor: Visitor, ehr: FakeRecordSystem) -> None:
    ehr.page_size, ehr.next_page = 30, "http://169.254.169.254/x"
    path = opened(visitor, ehr, "SYN-01")
    told = visitor.get(path).text
    assert "Observation: a further page lies at another address" in told


# ---------------------------------------------------------------- what the session reaches


def _paths(board: Board, **parts: str) -> list[tuple[str, str]]:
    from tests.end_to_end.test_board_routes import _addresses, _filled, _method

    routes: list[BoardRoute] = [x for x in _addresses(board) if x.needs != "nothing"]
    return [(_method(x), _filled(x.path, **parts)) for x in routes if x.path != "/leave"]


def test_the_session_reaches_nobody_else(
    board: Board, visitor: Visitor, ehr: FakeRecordSystem
) -> None:
    other = stock(board, "SYN-08")["SYN-08"]
    upload = opened(Visitor(board, signed_in=False), ehr, "SYN-04").split("/")[-1]
    opened(visitor, ehr, "SYN-01")
    for method, path in some(_paths(board, case=other, upload=upload, number="1")):
        answer = visitor.get(path) if method == "GET" else visitor.post(path)
        assert answer.status_code in (403, 404), (method, path)
        assert "SYN-08" not in answer.text and "SYN-04" not in answer.text


def test_without_the_guard_it_would_reach_them(
    board: Board, visitor: Visitor, ehr: FakeRecordSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = stock(board, "SYN-08")["SYN-08"]
    opened(visitor, ehr, "SYN-01")
    monkeypatch.setattr(Reach, "check", lambda *_: None)
    assert "SYN-08" in visitor.get(f"/patients/{other}").text
    assert visitor.get("/worklist").status_code == 200


def test_the_session_may_not_decide(visitor: Visitor, ehr: FakeRecordSystem) -> None:
    case = taken_in(visitor, ehr, "SYN-01")
    assert "Record the decision" not in visitor.get(case).text
    assert visitor.get(f"{case}/decision").status_code == 403
    sent = {"version": visitor.hidden(case, "version"), "state": "prepared", "meeting_day": ""}
    assert visitor.post(f"{case}/state", sent).status_code == 303


def test_a_patient_of_the_same_id_from_elsewhere_is_not_opened(
    board: Board, visitor: Visitor, ehr: FakeRecordSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock(board, "SYN-01")
    answer = visitor.get(came_back(visitor, ehr, "SYN-01"))
    assert answer.status_code == 403 and "same id from another source" in answer.text
    assert board.cookie not in visitor.client.cookies
    monkeypatch.setattr(launch, "check_source", lambda *_: None)
    assert opened(visitor, ehr, "SYN-01").startswith("/uploads/")


def test_signing_out_of_a_launch_leaves_no_way_back(
    visitor: Visitor, ehr: FakeRecordSystem
) -> None:
    path = opened(visitor, ehr, "SYN-01")
    assert visitor.post("/leave").status_code == 303
    assert visitor.get(path).status_code == 401


def test_an_upload_that_is_deleted_takes_its_launch_with_it(
    board: Board, visitor: Visitor, ehr: FakeRecordSystem
) -> None:
    upload = opened(visitor, ehr, "SYN-01").split("/")[-1]
    with board.database.writing() as session:
        session.connection().exec_driver_sql(f"DELETE FROM uploads WHERE id = '{upload}'")
    with board.database.reading() as session:
        assert session.scalars(select(Launched)).all() == []
    # and the session ends: without its launch it would reach everybody
    assert visitor.get("/worklist").status_code == 401
    assert visitor.get(f"/uploads/{upload}").status_code == 401


def test_what_was_discarded_is_forgotten_with_its_launch(
    board: Board, visitor: Visitor, ehr: FakeRecordSystem
) -> None:
    case = taken_in(visitor, ehr, "SYN-01")
    assert opened(Visitor(board, signed_in=False), ehr, "SYN-01") == case  # nothing was new
    board.opened()
    with board.database.reading() as session:
        assert [x.state for x in session.scalars(select(Upload))] == ["taken"]
        assert len(session.scalars(select(Launched)).all()) == 1
    assert opened(Visitor(board, signed_in=False), ehr, "SYN-01") == case


def test_a_page_that_shows_other_patients_too_is_out_of_reach(
    visitor: Visitor, ehr: FakeRecordSystem
) -> None:
    case = taken_in(visitor, ehr, "SYN-01")
    for path in (f"/meetings/2025-05-02{case}", "/meetings", "/entry", "/centre", "/follow-ups"):
        assert visitor.get(path).status_code == 403
    assert visitor.get(f"{case}/entry").status_code == 200


def test_the_cookie_of_a_launch_is_one_that_browsers_keep(
    tmp_path: Path, ehr: FakeRecordSystem
) -> None:
    """A `__Host-` cookie has no path but /."""
    board = public_board(tmp_path / "board")
    board.record_system = record_system_of(ehr.settings(tmp_path), tmp_path)
    cookie = by_proxy(board).get(ehr.launch("SYN-01")).headers["set-cookie"]
    assert cookie.startswith("__Secure-rearm_launch=")
    assert "Path=/smart" in cookie and "Secure" in cookie


@pytest.mark.parametrize("odd", ["%00", "%ff", "..%2f", "a" * 3000, "é", "{{7*7}}", "%0d%0ax:y"])
def test_nothing_odd_is_a_fault(visitor: Visitor, ehr: FakeRecordSystem, odd: str) -> None:
    board_origin = visitor.board.origin
    for path in ("/launch", "/smart/callback", "/cds-services", f"/cds-services/{odd}"):
        for method in ("GET", "POST", "HEAD", "PUT", "OPTIONS"):
            query = f"iss={odd}&launch={odd}&state={odd}&code={odd}&{odd}"
            answer = visitor.client.request(
                method, f"{path}?{query}", headers={"origin": board_origin}
            )
            assert answer.status_code < 500
            elsewhere = answer.headers.get("location", board_origin)
            assert elsewhere.startswith(board_origin)


# ---------------------------------------------------------------- frames


def test_only_a_listed_system_shows_the_board_in_a_frame(
    tmp_path: Path, ehr: FakeRecordSystem
) -> None:
    board = new_board(tmp_path / "board")
    framing = {**ehr.settings(tmp_path), "frame_ancestors": ["https://ehr.example.org"]}
    board.record_system = record_system_of(framing, tmp_path)
    ehr.board = board.origin
    visitor = Visitor(board, signed_in=False)
    headers = visitor.get("/launch").headers
    assert "frame-ancestors https://ehr.example.org" in headers["content-security-policy"]
    assert "x-frame-options" not in headers
    cookie = visitor.get(ehr.launch("SYN-01")).headers["set-cookie"]
    assert "SameSite=none" in cookie and "Secure" in cookie


def test_without_a_list_no_system_does(visitor: Visitor) -> None:
    headers = visitor.get("/launch").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
