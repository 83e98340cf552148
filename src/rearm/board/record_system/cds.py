"""The CDS Hooks 2.0 service: which service there is, a card for the patient who is opened, and what
became of a card.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from joserfc.jwk import KeySet
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from rearm.board.child.carding import CardFacts, card_facts, read_bundle
from rearm.board.exchange import once
from rearm.board.exchange.asking import Asker
from rearm.board.exchange.cards import Link, card_of
from rearm.board.exchange.configuration import CdsClient, RecordSystem
from rearm.board.exchange.fhir_search import FhirServer
from rearm.board.exchange.keys import KeysAtAddress, keys_of_file
from rearm.board.exchange.origins import NotAnAddress, origin_of
from rearm.board.exchange.prefetch import gather, templates
from rearm.board.exchange.tokens import caller_of
from rearm.board.people.launched import cases_of_source, source_of
from rearm.board.record_system.requests import Exchange, SystemAddress
from rearm.board.refusals import Busy, NotAllowed, NotSignedIn, NotThere, NotUsable, Refusal
from rearm.board.store import uploads
from rearm.board.store.tables import Upload
from rearm.characters import first_harmful
from rearm.errors import InputError
from rearm.strict_json import parse_json
from rearm.version import __version__

__all__ = ["ADDRESSES", "SERVICE"]

SERVICE = "rearm-relapse-after-car-t"
HOOK = "patient-view"

_FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_USER = re.compile(r"(?:Practitioner|PractitionerRole|Patient|RelatedPerson)/[A-Za-z0-9\-.]{1,64}")
_STAFF = ("Practitioner/", "PractitionerRole/")
_READING = 8.0  # seconds for what a record system did not send
_LONGEST_TEXT = 1000
_LONGEST_MOMENT = 40
_CODE = re.compile(r"[!-~]{1,200}")
_MOST_FEEDBACK = 50
_ISSUES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    412: "required",
    413: "too-long",
    415: "not-supported",
    422: "processing",
    503: "transient",
}
_ALLOWED = "authorization, content-type"


class Malformed(Refusal):
    """A request that is not what the specification says."""

    status = 400


class Unreadable(Refusal):
    """Data from which no answer is made."""

    status = 422


class NotJson(Refusal):
    """A body of another kind."""

    status = 415


# ---------------------------------------------------------------- the three addresses


def discovery(exchange: Exchange) -> Response:
    _caller(exchange)
    service = {
        "hook": HOOK,
        "id": SERVICE,
        "title": "Relapse of myeloma after CAR-T",
        "description": "Tells of alerts and of a relapse after CAR-T in multiple myeloma, with a "
        "link to the sheet for the tumour board.",
        "usageRequirements": "A FHIR R4 server. What is not prefetched is read with the access "
        "token that is sent.",
        "version": __version__,
        "prefetch": dict(templates()),
    }
    return _answer({"services": [service]}, exchange)


def call(exchange: Exchange) -> Response:
    client = _caller(exchange)
    _check_service(exchange)
    asked = _Asked.of(exchange.body)
    gathered = gather(asked.patient, asked.prefetch, _server(asked, client, exchange))
    bundle = msgspec.json.encode(gathered.bundle())
    facts = CardFacts(car_t=False, judged=False)
    if gathered.entries:
        facts = _facts(exchange, bundle)
    if exchange.system.keep and facts.car_t and facts.judged:
        _keep(exchange, client, bundle)
    number = str(uuid.uuid4())
    card = card_of(
        facts,
        number=number,
        lacking=tuple(gathered.incomplete),
        incomplete=gathered.sentences(),
        links=_links(exchange, asked, number) if facts.car_t else (),
    )
    if card is None:
        return _answer({"cards": []}, exchange)
    # the audit names no patient
    user = asked.user if asked.user.startswith(_STAFF) else ""
    details = {"instance": asked.instance, "user": user, "indicator": card["indicator"]}
    with exchange.board.database.writing() as session:
        once.give_card(session, number, who=client.name, issuer=client.issuer, details=details)
    return _answer({"cards": [card]}, exchange)


def feedback(exchange: Exchange) -> Response:
    client = _caller(exchange)
    _check_service(exchange)
    body = _body(exchange.body)
    listed = body.get("feedback")
    if not isinstance(listed, list) or not 0 < len(listed) <= _MOST_FEEDBACK:
        raise Malformed(f"`feedback` must be a list of 1 to {_MOST_FEEDBACK} entries.")
    said = [_feedback(x) for x in listed]
    with exchange.board.database.writing() as session:
        for card, told in said:
            once.keep_feedback(session, client.issuer, client.name, card, told)
    return _answer(None, exchange)


def preflight(exchange: Exchange) -> Response:
    """What a browser asks before it sends a request to another origin."""
    origin = exchange.headers.get("origin", "")
    if origin not in exchange.system.cross_origins:
        raise NotAllowed("Requests of this origin are not taken.")
    headers = {
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": _ALLOWED,
        "access-control-max-age": "600",
    }
    return Response(status_code=204, headers={**headers, **_cors(exchange.system, origin)})


# ---------------------------------------------------------------- who asks


def _caller(exchange: Exchange) -> CdsClient:
    board = exchange.board
    return caller_of(
        exchange.headers.get("authorization", ""),
        exchange.system,
        audience=f"{board.origin}{exchange.path}",
        keys=lambda client, kid: _keys(exchange, client, kid),
        once=lambda issuer, name, ends: once.first_use(board.database, issuer, name, ends),
    )


def _keys(exchange: Exchange, client: CdsClient, kid: str) -> KeySet:
    """The keys of a client; what goes wrong in fetching them is no fault of the token."""
    if client.keys_file:
        return keys_of_file(Path(client.keys_file), client.name)
    known = exchange.board.fetched_keys
    if client.issuer not in known:
        known[client.issuer] = KeysAtAddress(
            Asker(
                client.name,
                frozenset((origin_of(client.keys_address),)),
                frozenset(exchange.system.private_hosts),
            ),
            client.keys_address,
        )
    try:
        return known[client.issuer].keys(kid)
    except Refusal as refusal:
        raise Busy(f"The keys of {client.name} can't be had now. {refusal}") from None


def _check_service(exchange: Exchange) -> None:
    if exchange.parts["service"] != SERVICE:
        raise NotThere("There is no such service.")
    kind = exchange.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise NotJson("The body must be application/json.")


# ---------------------------------------------------------------- what is asked


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request of the hook, looked at."""

    instance: str
    user: str
    patient: str
    prefetch: Mapping[str, Any]
    server: str = ""
    token: str = ""

    @classmethod
    def of(cls, raw: bytes) -> _Asked:
        """Raises Malformed with a sentence that names what is missing."""
        body = _body(raw)
        if body.get("hook") != HOOK:
            raise Malformed(f"`hook` must be {HOOK}.")
        context, prefetch = _object(body, "context"), body.get("prefetch", {})
        if not isinstance(prefetch, dict):
            raise Malformed("`prefetch` must be an object.")
        if context.get("encounterId") is not None:
            _matching(context, "encounterId", _FHIR_ID)
        server, token = _access(body)
        return cls(
            instance=_matching(body, "hookInstance", _UUID),
            user=_matching(context, "userId", _USER),
            patient=_matching(context, "patientId", _FHIR_ID),
            prefetch=prefetch,
            server=server,
            token=token,
        )


def _body(raw: bytes) -> dict[str, Any]:
    try:
        found = parse_json(raw, "The body")
    except InputError as error:
        raise Malformed(str(error)) from None
    if not isinstance(found, dict):
        raise Malformed("The body must be a JSON object.")
    return found


def _object(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    if not isinstance(found, dict):
        raise Malformed(f"`{name}` is missing.")
    return found


def _matching(body: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    found = body.get(name)
    if not isinstance(found, str) or not form.fullmatch(found):
        raise Malformed(f"`{name}` is missing, or not in its form.")
    return found


def _access(body: Mapping[str, Any]) -> tuple[str, str]:
    """The FHIR server and the token with which it may be read; empty where none was given."""
    server = body.get("fhirServer", "")
    if not isinstance(server, str):
        raise Malformed("`fhirServer` must be an address.")
    if body.get("fhirAuthorization") is None:
        return server, ""
    granted = _object(body, "fhirAuthorization")
    token, kind = granted.get("access_token"), granted.get("token_type")
    if not server:
        raise Malformed("`fhirServer` is required with `fhirAuthorization`.")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise Malformed("`fhirAuthorization` has no access_token.")
    if kind != "Bearer" or not token or " " in token:
        raise Malformed("`fhirAuthorization` must be of the type Bearer.")
    return server, token


def _server(asked: _Asked, client: CdsClient, exchange: Exchange) -> FhirServer | None:
    """The server from which more may be read: one that the configuration lists for this client."""
    if not asked.token:
        return None
    try:
        origin = origin_of(asked.server)
    except NotAnAddress:
        raise NotAllowed("`fhirServer` can't be used.") from None
    listed = [x for x in client.fhir_servers if x.rstrip("/") == asked.server.rstrip("/")]
    if not listed:
        raise NotAllowed("`fhirServer` is not listed for this record system.")
    hosts = frozenset(exchange.system.private_hosts)
    asker = Asker(client.name, frozenset((origin,)), hosts)
    return FhirServer(asker, asked.server, asked.token, seconds=_READING)


# ---------------------------------------------------------------- what is answered


def _facts(exchange: Exchange, bundle: bytes) -> CardFacts:
    """Raises Unreadable without a word of the data, which may name the patient."""
    try:
        made = exchange.board.carders.do(card_facts, bundle)
    except NotUsable:
        raise Unreadable(
            "The data can't be read as the FHIR R4 resources of one patient, or not in the time "
            "and memory that is given to it."
        ) from None
    return msgspec.json.decode(made, type=CardFacts)


def _links(exchange: Exchange, asked: _Asked, card: str) -> tuple[Link, ...]:
    """To open the board from the record system, where that is set up; else to the page, where the
    board knows the patient of this record system.
    """
    board = exchange.board
    if asked.server and exchange.system.smart_server(asked.server) is not None:
        return (
            {
                "label": "Open the sheet for the board",
                "url": f"{board.origin}/launch",
                "type": "smart",
                "appContext": card,
            },
        )
    with board.database.reading() as session:
        cases = cases_of_source(session, source_of(asked.server, asked.patient))
    if len(cases) != 1:
        return ()
    (case,) = cases
    url = f"{board.origin}/patients/{case}"
    return ({"label": "Open the sheet for the board", "url": url, "type": "absolute"},)


def _keep(exchange: Exchange, client: CdsClient, bundle: bytes) -> None:
    """Keeps what came as an upload to be looked at, once."""
    board = exchange.board
    with board.database.reading() as session:
        if _is_kept(session, client.tenant, bundle):
            return
    read = board.carders.do(read_bundle, bundle)
    uploads.keep_read(board.database, client.tenant, client.name, client.name, bundle, read)


def _is_kept(session: Session, tenant: str, bundle: bytes) -> bool:
    same = Upload.tenant_id == tenant, Upload.sha256 == uploads.hash_of(bundle)
    known = select(Upload.id).where(*same)
    return session.scalar(known.limit(1)) is not None


def _feedback(entry: Any) -> tuple[str, dict[str, Any]]:
    """The card and what became of it, as the audit keeps it: the outcome and codes, no words. A
    comment may name the patient, whom the audit can't forget. Raises Malformed.
    """
    if not isinstance(entry, dict):
        raise Malformed("Each entry of `feedback` must be an object.")
    card, outcome = _matching(entry, "card", _UUID), entry.get("outcome")
    told: dict[str, Any] = {"outcomeTimestamp": _moment(entry), "outcome": outcome}
    if outcome == "accepted":
        listed = entry.get("acceptedSuggestions")
        if not isinstance(listed, list) or not listed or len(listed) > _MOST_FEEDBACK:
            raise Malformed("`acceptedSuggestions` is required where a card was accepted.")
        told["accepted"] = len([_text(x, "id") for x in listed])
    elif outcome == "overridden":
        told |= _override(entry.get("overrideReason"))
    else:
        raise Malformed("`outcome` must be accepted or overridden.")
    return card.lower(), told


def _override(reason: Any) -> dict[str, Any]:
    if reason is None:
        return {}
    if not isinstance(reason, dict):
        raise Malformed("`overrideReason` must be an object.")
    told: dict[str, Any] = {}
    if reason.get("reason") is not None:
        coding = reason["reason"]
        names = ("system", "code", "display")
        if not isinstance(coding, dict) or not coding.get("code"):
            raise Malformed("`reason` must be a Coding with a code.")
        given = {x: _text(coding, x) for x in names if coding.get(x) is not None}
        told["reason"] = {x: y for x, y in given.items() if x != "display" and _CODE.fullmatch(y)}
    if reason.get("userComment") is not None:
        _text(reason, "userComment")
        told["commented"] = True
    return told


def _text(holder: Any, name: str) -> str:
    found = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST_TEXT:
        raise Malformed(f"`{name}` must be a text of 1 to {_LONGEST_TEXT} characters.")
    if first_harmful(found) is not None:
        raise Malformed(f"`{name}` contains a character that is no text.")
    return found


def _moment(entry: Mapping[str, Any]) -> str:
    given = entry.get("outcomeTimestamp")
    try:
        moment = datetime.fromisoformat(given if isinstance(given, str) else "")
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None or len(str(given)) > _LONGEST_MOMENT:
        raise Malformed("`outcomeTimestamp` must be a moment with its zone.")
    return str(given)


def _answer(body: Any, exchange: Exchange) -> Response:
    headers = _cors(exchange.system, exchange.headers.get("origin", ""))
    if body is None:
        return Response(headers=headers)
    raw = msgspec.json.encode(body)
    return Response(raw, media_type="application/json", headers=headers)


def _refuse(request: Request, system: RecordSystem | None, refusal: Refusal) -> Response:
    """Why, as an OperationOutcome; it says nothing of a patient."""
    issue = {
        "severity": "error",
        "code": _ISSUES.get(refusal.status, "processing"),
        "diagnostics": str(refusal),
    }
    body = {"resourceType": "OperationOutcome", "issue": [issue]}
    headers = {} if system is None else _cors(system, request.headers.get("origin", ""))
    if isinstance(refusal, NotSignedIn):
        headers["www-authenticate"] = "Bearer"
    if isinstance(refusal, Busy):
        headers["retry-after"] = "5"
    return Response(
        msgspec.json.encode(body),
        status_code=refusal.status,
        media_type="application/fhir+json",
        headers=headers,
    )


def _cors(system: RecordSystem, origin: str) -> dict[str, str]:
    """What lets a page of a listed origin read the answer; cookies are never sent with it."""
    if origin not in system.cross_origins:
        return {"vary": "Origin"}
    return {"access-control-allow-origin": origin, "vary": "Origin"}


def _address(method: str, path: str, handler: Any) -> SystemAddress:
    return SystemAddress(path=path, method=method, handler=handler, refuse=_refuse)


ADDRESSES: tuple[SystemAddress, ...] = (
    _address("GET", "/cds-services", discovery),
    _address("POST", "/cds-services/{service}", call),
    _address("POST", "/cds-services/{service}/feedback", feedback),
    _address("OPTIONS", "/cds-services", preflight),
    _address("OPTIONS", "/cds-services/{service}", preflight),
    _address("OPTIONS", "/cds-services/{service}/feedback", preflight),
)
