"""A launch from the record system: there to sign in, back with a code, and the patient is read and
shown in a session that reaches this patient only.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import msgspec
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rearm.board.child.carding import read_bundle
from rearm.board.child.reading import ReadFile
from rearm.board.exchange import once, smart
from rearm.board.exchange.configuration import RecordSystem, SmartServer
from rearm.board.exchange.fhir_search import FhirServer
from rearm.board.exchange.patient_read import read_patient
from rearm.board.people import sessions
from rearm.board.people.launched import cases_of_source, check_source, source_of
from rearm.board.record_system.requests import Exchange, SystemAddress
from rearm.board.refusals import NotAllowed, NotUsable, Refusal
from rearm.board.store import audit, uploads
from rearm.board.store.cases import latest_result
from rearm.board.store.exchanged import GivenCard, Launched
from rearm.board.store.utc import now
from rearm.board.web.declare import to
from rearm.board.web.pages import refused

__all__ = ["ADDRESSES", "MAY"]

MAY: tuple[sessions.Permission, ...] = ("read", "edit")
"""What a session may do that a record system opened, with this one patient."""

_LONGEST = 2000  # characters of a code, a state or a launch
_LIFE = int(once.LAUNCH_LIFE.total_seconds())


class Failed(Refusal):
    """A launch that the record system itself ended."""

    status = 403


def launch(exchange: Exchange) -> Response:
    """The beginning: to the sign-in of the record system, if it is one of the configuration."""
    if exchange.method == "HEAD":
        return Response()
    server = exchange.system.smart_server(exchange.query.get("iss", ""))
    given = exchange.query.get("launch", "")
    if server is None:
        raise NotAllowed(
            "The board does not know the record system that opens it. Ask who runs the board."
        )
    if not 0 < len(given) <= _LONGEST:
        raise NotUsable("The record system opened the board without a launch.")
    place = smart.Server.found(server, exchange.system)
    begun, state, browser = smart.begin(server.issuer), _secret(), _secret()
    address = place.authorize(begun, state=state, launch=given, back=_back(exchange))
    once.keep_launch(exchange.board.database, state, browser, begun)
    answer = RedirectResponse(address, status_code=303)
    _set_cookie(answer, exchange, _cookie(exchange), browser, path="/smart", life=_LIFE)
    return answer


def callback(exchange: Exchange) -> Response:
    """The way back: the code becomes a token, the patient is read, a session is opened."""
    if exchange.method == "HEAD":
        return Response()
    browser = exchange.cookies.get(_cookie(exchange), "")
    begun = once.take_launch(
        exchange.board.database, exchange.query.get("state", "")[:_LONGEST], browser
    )
    server = exchange.system.smart_server(begun.issuer)
    if server is None:
        raise NotAllowed("The board does not know this record system any more.")
    code = exchange.query.get("code", "")
    if "error" in exchange.query or not 0 < len(code) <= _LONGEST:
        raise Failed(f"{server.name} did not open the patient. Try again from there.")
    place = smart.Server.found(server, exchange.system)
    granted = place.granted(begun, code=code, back=_back(exchange))
    bundle = read_patient(FhirServer(place.asker, server.issuer, granted.token), granted.patient)
    read = exchange.board.reader.do(read_bundle, bundle)
    opened = _open(exchange, server, granted, bundle, read)
    answer = to(opened.path)
    answer.delete_cookie(_cookie(exchange), path="/smart")
    _set_cookie(answer, exchange, exchange.board.cookie, opened.cookie, path="/", life=None)
    return answer


@dataclass(frozen=True, slots=True)
class _Opened:
    """A new session, and the page that it begins with."""

    cookie: str
    path: str


def _open(
    exchange: Exchange, server: SmartServer, granted: smart.Granted, bundle: bytes, read: bytes
) -> _Opened:
    """Keeps what was read as an upload to be looked at, and opens the session. Where nothing is new
    since the last time, the sheet comes at once.
    """
    board, who = exchange.board, f"{granted.user} of {server.name}"
    found = msgspec.json.decode(read, type=ReadFile)
    if len(found.patients) != 1:
        raise NotUsable(f"{server.name} gave no data of one patient that can be read.")
    source = source_of(server.issuer, granted.patient)
    answer = found.patients[0].result
    with board.database.reading() as session:
        check_source(
            session,
            server.tenant,
            cases_of_source(session, source),
            (found.patients[0].patient_id,),
        )
        known = cases_of_source(session, source)
        same = next((x for x in known if _is_newest(session, x, answer)), None)
    upload = uploads.keep_read(board.database, server.tenant, who, server.name, bundle, read)
    with board.database.writing() as session:
        cookie = sessions.begin_launched(session, server.tenant, who, MAY)
        session.add(
            Launched(
                session_hash=sessions.hash_of(cookie),
                source=source,
                upload_id=upload,
                system=server.name,
                made_at=now(),
            )
        )
        details = {"upload": upload, "from": _card_of(session, granted.app_context)}
        audit.append(session, who, "launched", same or upload, details)
        if same is not None:
            uploads.discard(session, upload, who)
    return _Opened(cookie, f"/uploads/{upload}" if same is None else f"/patients/{same}")


def _card_of(session: Session, app_context: str) -> str:
    """The card from which the launch came; empty where what the record system says is none. The
    encounter is not noted: it tells of one patient, and the audit can't forget it.
    """
    card = session.get(GivenCard, app_context) if app_context else None
    return "" if card is None else card.id


def _is_newest(session: Session, case: str, answer: str) -> bool:
    newest = latest_result(session, case)
    return newest is not None and bool(answer) and newest.result == answer


def _back(exchange: Exchange) -> str:
    return f"{exchange.board.origin}/smart/callback"


def _cookie(exchange: Exchange) -> str:
    """The name of the cookie that ties a launch to the browser that began it."""
    # browsers keep a `__Host-` cookie for every path or not at all
    return f"{exchange.board.cookie.replace('__Host-', '__Secure-')}_launch"


def _set_cookie(
    answer: Response, exchange: Exchange, name: str, value: str, *, path: str, life: int | None
) -> None:
    """In a frame of another site a browser sends a cookie only if it is marked for that."""
    framed = bool(exchange.system.frame_ancestors)
    answer.set_cookie(
        name,
        value,
        max_age=life,
        path=path,
        httponly=True,
        secure=framed or exchange.board.origin.startswith("https:"),
        samesite="none" if framed else "lax",
    )


def _secret() -> str:
    return secrets.token_urlsafe(32)


def _refuse(request: Request, system: RecordSystem | None, refusal: Refusal) -> Response:
    return refused(request.scope, refusal)


ADDRESSES: tuple[SystemAddress, ...] = (
    SystemAddress(path="/launch", method="GET", handler=launch, refuse=_refuse),
    SystemAddress(path="/smart/callback", method="GET", handler=callback, refuse=_refuse),
)
