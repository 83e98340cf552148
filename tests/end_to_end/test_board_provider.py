"""Signing in at a provider that really runs, and ways back that are not as they were begun; each
guard is seen to hold, and its test to fail where the guard is off.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest
from authlib.oidc.core import CodeIDToken
from sqlalchemy import select
from tests.support.board import Visitor, new_board

from rearm.board.board import CALLBACK, Board
from rearm.board.people import providers
from rearm.board.people.providers import Provider
from rearm.board.settings import OidcSettings, Settings, TenantSettings
from rearm.board.store.tables import AuditRow, Membership, OidcTry, SessionRow
from rearm.board.store.tables import User as Known
from rearm.board.store.utc import now

with warnings.catch_warnings():
    # it says at its import that Authlib has successors; we can't change that
    warnings.simplefilter("ignore")
    from oidc_provider_mock import User, run_server_in_thread

SECRET = "kept-in-a-file-9f8e7d6c5b4a"
PEOPLE = (
    User(sub="1", claims={"preferred_username": "Dr Chair", "roles": ["mm-chair", "unknown"]}),
    User(sub="2", claims={"preferred_username": "Dr Nobody"}),
    User(sub="3", claims={"preferred_username": "dr chair", "roles": "mm-reader"}),
    User(sub="4", claims={"preferred_username": "\u202eevil", "roles": [["mm-chair"], 7]}),
)
ROLES = {"mm-chair": ("first/chair", "north/reader"), "mm-reader": ("first/reader",)}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with run_server_in_thread(user_claims=PEOPLE) as found:
        yield f"http://localhost:{found.server_port}"


@pytest.fixture(scope="module")
def other_server() -> Iterator[str]:
    with run_server_in_thread(user_claims=PEOPLE) as found:
        yield f"http://localhost:{found.server_port}"


@pytest.fixture
def board(tmp_path: Path, server: str) -> Board:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    oidc = OidcSettings(
        discovery=f"{server}/.well-known/openid-configuration",
        client_id="board",
        client_secret_file=str(secret),
        roles=dict(ROLES),
        name="The hospital",
    )
    settings = Settings(
        oidc=oidc, tenants=(TenantSettings(id="north", name="North"),), contact="Ms Ask"
    )
    found = new_board(tmp_path / "board", settings=settings)
    found.opened()
    return found


@pytest.fixture
def visitor(board: Board) -> Visitor:
    return Visitor(board, signed_in=False)


def provider_of(board: Board) -> Provider:
    assert board.provider is not None
    return board.provider


def begun(visitor: Visitor, path: str = "/worklist") -> str:
    """The address at the provider to which a browser is sent."""
    answer = visitor.get(f"/sign-in/provider?next={path}")
    assert answer.status_code == 303
    return str(answer.headers["location"])


def agreed(address: str, sub: str = "1") -> str:
    """The way back, once the user signed in there."""
    answer = httpx.post(address, data={"sub": sub})
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def changed(address: str, **parts: str) -> str:
    """The address with other values in its query."""
    found = urlsplit(address)
    query = dict(parse_qsl(found.query)) | parts
    return urlunsplit(found._replace(query=urlencode(query)))


def gets_in(visitor: Visitor, back: str) -> bool:
    """Whether this way back opens a session."""
    found = urlsplit(back)
    answer = visitor.get(f"{found.path}?{found.query}")
    assert answer.status_code in (303, 401, 403), answer.status_code
    return bool(answer.status_code == 303 and visitor.get("/worklist").status_code == 200)


# ---------------------------------------------------------------- what is vouched for


def test_a_user_of_the_provider_gets_in_with_the_roles_of_the_claim(
    board: Board, visitor: Visitor
) -> None:
    back = agreed(begun(visitor))
    assert back.startswith(f"{board.origin}{CALLBACK}?")
    found = urlsplit(back)
    answer = visitor.get(f"{found.path}?{found.query}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/worklist")
    page = visitor.get("/worklist").text
    assert "dr chair, This board" in page and "North" in page
    with board.database.reading() as session:
        row = session.scalars(select(SessionRow)).one()
        assert set(row.permissions.split()) == {"read", "edit", "decide"}
        entry = session.scalars(select(AuditRow).order_by(AuditRow.number.desc())).first()
        assert entry is not None
        last = session.scalars(select(AuditRow).where(AuditRow.action == "signed_in")).one()
        assert (last.who, json.loads(last.details)) == ("dr chair", {"via": "provider"})
        assert session.scalars(select(OidcTry)).all() == []


def test_who_has_no_role_there_is_told_whom_to_ask_and_sees_nothing(
    board: Board, visitor: Visitor
) -> None:
    for sub in ("2", "4"):
        found = urlsplit(agreed(begun(visitor), sub))
        answer = visitor.get(f"{found.path}?{found.query}")
        assert answer.status_code == 403 and "Ask Ms Ask" in answer.text
        assert visitor.get("/worklist").status_code == 401
    with board.database.reading() as session:
        assert session.scalars(select(SessionRow)).all() == []
        assert "evil" not in " ".join(session.scalars(select(Known.name)))


def test_nobody_becomes_somebody_else_by_a_name_at_the_provider(
    board: Board, visitor: Visitor
) -> None:
    assert gets_in(visitor, agreed(begun(visitor), "1"))
    other = Visitor(board, signed_in=False)
    assert gets_in(other, agreed(begun(other), "3"))
    assert "dr chair, " not in other.get("/worklist").text
    with board.database.reading() as session:
        names = [*session.scalars(select(Known.name).order_by(Known.name))]
    assert len(set(names)) == 2


def test_roles_are_those_of_the_newest_sign_in(board: Board, visitor: Visitor) -> None:
    assert gets_in(visitor, agreed(begun(visitor)))
    provider_of(board).settings.roles.clear()
    again = Visitor(board, signed_in=False)
    assert not gets_in(again, agreed(begun(again)))
    assert visitor.get("/worklist").status_code == 401  # what the rights were before has ended
    with board.database.reading() as session:
        assert session.scalars(select(Membership)).all() == []


def test_pkce_and_the_secret_go_to_the_provider_only(
    board: Board, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = begun(visitor)
    query = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
    assert query["code_challenge_method"] == "S256" and len(query["nonce"]) >= 20
    assert query["redirect_uri"] == f"{board.origin}{CALLBACK}" and SECRET not in address
    with board.database.reading() as session:
        kept = session.scalars(select(OidcTry)).one()
        verifier, state_hash = kept.verifier, kept.hash
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    assert query["code_challenge"] == challenge.decode().rstrip("=")
    assert query["state"] not in state_hash
    sent: list[bytes] = []
    real = httpx.AsyncClient.send

    async def noting(self: Any, request: httpx.Request, **more: Any) -> httpx.Response:
        sent.append(request.content)
        return await real(self, request, **more)

    monkeypatch.setattr(httpx.AsyncClient, "send", noting)
    assert gets_in(visitor, agreed(address))
    assert any(f"code_verifier={verifier}".encode() in x for x in sent)


def test_a_user_who_was_disabled_here_stays_out(board: Board, visitor: Visitor) -> None:
    assert gets_in(visitor, agreed(begun(visitor)))
    with board.database.writing() as session:
        session.scalars(select(Known)).one().disabled_at = now()
    other = Visitor(board, signed_in=False)
    assert not gets_in(other, agreed(begun(other)))


def test_signing_out_leads_to_the_provider_s_own_way_out(
    board: Board, visitor: Visitor, server: str
) -> None:
    assert gets_in(visitor, agreed(begun(visitor)))
    answer = visitor.post("/leave")
    assert answer.headers["location"] == "/signed-out/provider"
    text = visitor.get("/signed-out/provider").text
    assert f'href="{server}/oauth2/end_session?client_id=board' in text


@pytest.mark.parametrize("given", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_way_back_leads_to_pages_of_this_board_only(visitor: Visitor, given: str) -> None:
    found = urlsplit(agreed(begun(visitor, given)))
    assert visitor.get(f"{found.path}?{found.query}").headers["location"] == "/"


def test_a_provider_that_does_not_answer_is_told(board: Board, visitor: Visitor) -> None:
    client = provider_of(board)._client
    client._server_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"
    answer = visitor.get("/sign-in/provider")
    assert answer.status_code == 503 and "The hospital does not answer" in answer.text


def test_what_the_provider_refuses_opens_nothing(visitor: Visitor) -> None:
    begun(visitor)
    assert visitor.get(f"{CALLBACK}?error=access_denied&state=x").status_code == 401
    assert visitor.get(CALLBACK).status_code == 401


def test_a_code_works_once(board: Board, visitor: Visitor) -> None:
    back = agreed(begun(visitor))
    code = dict(parse_qsl(urlsplit(back).query))["code"]
    assert gets_in(visitor, back)
    other = Visitor(board, signed_in=False)
    assert not gets_in(other, changed(agreed(begun(other), "3"), code=code))


# ---------------------------------------------------------------- not as it was begun


def _wrong_state(visitor: Visitor, _: str) -> bool:
    return gets_in(visitor, changed(agreed(begun(visitor)), state="x" * 30))


def _another_browser(visitor: Visitor, _: str) -> bool:
    """A way back that somebody was sent, and did not begin: it would sign them in as another."""
    back = agreed(begun(visitor))
    victim = Visitor(visitor.board, signed_in=False)
    victim.get("/sign-in")
    return gets_in(victim, back)


def _state_twice(visitor: Visitor, _: str) -> bool:
    back = agreed(begun(visitor))
    gets_in(visitor, changed(back, code="x"))
    return gets_in(visitor, back)


def _late(visitor: Visitor, _: str) -> bool:
    back = agreed(begun(visitor))
    with visitor.board.database.writing() as session:
        session.scalars(select(OidcTry)).one().made_at = now() - timedelta(minutes=11)
    return gets_in(visitor, back)


def _wrong_nonce(visitor: Visitor, _: str) -> bool:
    """A token that was made for another sign-in."""
    return gets_in(visitor, agreed(changed(begun(visitor), nonce="of another sign-in")))


def _foreign_issuer(visitor: Visitor, other: str) -> bool:
    """A token that another provider signed, with its own keys."""
    provider = provider_of(visitor.board)
    address = begun(visitor)
    metadata = provider._client.server_metadata
    metadata |= {"token_endpoint": f"{other}/oauth2/token", "jwks_uri": f"{other}/jwks"}
    elsewhere = urlunsplit(urlsplit(address)._replace(netloc=urlsplit(other).netloc))
    return gets_in(visitor, agreed(elsewhere))


def _foreign_audience(visitor: Visitor, _: str) -> bool:
    """A token of the right provider for another of its clients."""
    provider_of(visitor.board)._client.client_id = "another application"
    return gets_in(visitor, agreed(begun(visitor)))


def _another_provider(visitor: Visitor, other: str) -> bool:
    """The configuration says that it is another provider's."""
    board = visitor.board
    provider_of(board)._metadata()
    provider_of(board)._client.server_metadata["issuer"] = other
    answer = visitor.get("/sign-in/provider")
    return bool(answer.status_code == 303)


def _any_state(self: Provider, database: Any, state: str, browser: str) -> Any:
    with database.reading() as session:
        row = session.scalars(select(OidcTry)).one()
        return providers._Begun(nonce=row.nonce, verifier=row.verifier, next_path=row.next_path)


def _metadata_unchecked(self: Provider) -> Any:
    return self._ask(self._client.load_server_metadata())


def _without(*names: str) -> Callable[[Provider, Any], dict[str, Any]]:
    real = Provider._wanted

    def wanted(self: Provider, begun: Any) -> dict[str, Any]:
        return {k: v for k, v in real(self, begun).items() if k not in names}

    return wanted


GUARDS: list[tuple[Callable[[Visitor, str], bool], list[tuple[Any, str, Any]]]] = [
    (_wrong_state, [(Provider, "_begun", _any_state)]),
    (_another_browser, [(hmac, "compare_digest", lambda a, b: True)]),
    (_state_twice, [(Provider, "_begun", _any_state)]),
    (_late, [(providers, "TRY_LIFE", timedelta(days=1))]),
    (
        _wrong_nonce,
        [
            (Provider, "_wanted", _without("nonce")),
            (CodeIDToken, "validate_nonce", lambda self: None),
        ],
    ),
    (_foreign_issuer, [(Provider, "_wanted", _without("iss"))]),
    (
        _foreign_audience,
        [
            (Provider, "_wanted", _without("aud")),
            (CodeIDToken, "validate_azp", lambda self: None),
        ],
    ),
    (_another_provider, [(Provider, "_metadata", _metadata_unchecked)]),
]
_NAMES = [attempt.__name__ for attempt, _ in GUARDS]


@pytest.mark.parametrize(("attempt", "_off"), GUARDS, ids=_NAMES)
def test_a_way_back_that_was_not_begun_so_opens_nothing(
    visitor: Visitor, other_server: str, attempt: Callable[[Visitor, str], bool], _off: Any
) -> None:
    assert not attempt(visitor, other_server)
    assert visitor.get("/worklist").status_code == 401


@pytest.mark.parametrize(("attempt", "off"), GUARDS, ids=_NAMES)
def test_without_the_guard_it_opens(
    visitor: Visitor,
    other_server: str,
    monkeypatch: pytest.MonkeyPatch,
    attempt: Callable[[Visitor, str], bool],
    off: list[tuple[Any, str, Any]],
) -> None:
    for where, name, value in off:
        monkeypatch.setattr(where, name, value)
    assert attempt(visitor, other_server)
