"""A small record system: FHIR R4 read and search with pages, SMART App Launch, and a client of CDS
Hooks that signs. It holds the invented patients of `examples/fhir`, and checks what it is sent.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from tests.support.board import Visitor
from tests.support.places import ROOT

__all__ = [
    "SERVICE",
    "FakeRecordSystem",
    "bundle_file",
    "bundle_of",
    "came_back",
    "opened",
    "running_record_system",
    "taken_in",
]

SERVICE = "rearm-relapse-after-car-t"
PATIENTS = {"SYN-01": "biallelic-bcma-loss", "SYN-04": "loss-of-persistence"}
_NAMED = {"labs", "genomics", "tumours"}


def bundle_of(patient: str) -> dict[str, Any]:
    """The whole Bundle of an invented patient."""
    found: dict[str, Any] = json.loads(bundle_file(patient).read_text(encoding="utf-8"))
    return found


def bundle_file(patient: str) -> Path:
    return ROOT / "examples" / "fhir" / f"{PATIENTS[patient]}.json"


class FakeRecordSystem:
    """What it is told to do otherwise stands in `page_size`, `next_page`, and in what is laid over
    its own answers: `told`, `token_answer`, `identity`. What it was asked: `asked`, `bearers`.
    """

    def __init__(self, *, confidential: bool = True) -> None:
        self.key = ECKey.generate_key("P-384", {"kid": "of the record system"})
        self.board_key = ECKey.generate_key("P-384", {"kid": "of the board"})
        self.confidential = confidential
        self.origin, self.board = "", ""
        self.token = secrets.token_urlsafe(16)
        self.reset()

    def reset(self) -> None:
        """As it was in the beginning, at the same port."""
        self.page_size, self.next_page = 40, ""
        self.asked: list[str] = []
        self.bearers: set[str] = set()
        self.token_answer: dict[str, Any] = {}
        self.told: dict[str, Any] = {}
        self.identity: dict[str, Any] = {}
        self.extra: list[dict[str, Any]] = []
        self._launches: dict[str, str] = {}
        self._codes: dict[str, dict[str, str]] = {}

    @property
    def fhir(self) -> str:
        return f"{self.origin}/fhir"

    def settings(self, folder: Path) -> dict[str, Any]:
        """The section `[record_system]` for it; its keys come into the folder."""
        (folder / "keys.json").write_text(json.dumps({"keys": [self.key.as_dict(private=False)]}))
        (folder / "own.json").write_text(json.dumps(self.board_key.as_dict(private=True)))
        smart = {"name": "St Anna", "issuer": self.fhir, "client_id": "rearm",
                 "identity": self.origin}  # fmt: skip
        if self.confidential:
            smart["key_file"] = "own.json"
        client = {"name": "St Anna", "issuer": self.origin, "keys_file": "keys.json",
                  "fhir_servers": [self.fhir]}  # fmt: skip
        return {"cds_clients": [client], "smart_servers": [smart], "private_hosts": ["127.0.0.1"]}

    def configuration(self, folder: Path) -> Path:
        """The file for `--record-system`, as a centre writes it; with its keys in the folder."""
        told = self.settings(folder)
        lines = ["[record_system]", f"private_hosts = {json.dumps(told['private_hosts'])}"]
        for name in ("cds_clients", "smart_servers"):
            for section in told[name]:
                lines.append(f"[[record_system.{name}]]")
                lines += [f"{key} = {json.dumps(value)}" for key, value in section.items()]
        file = folder / "record-system.toml"
        file.write_text("\n".join(lines), encoding="utf-8")
        return file

    # ------------------------------------------------------------ the client of CDS Hooks

    def signed(self, address: str, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """A token for one request; a claim or header of None is left out."""
        made = int(time.time())
        told = {"iss": self.origin, "aud": address, "iat": made, "exp": made + 300,
                "jti": str(uuid.uuid4()), **claims}  # fmt: skip
        head = {"alg": "ES384", "kid": self.key.kid, "typ": "JWT", **(header or {})}
        return jwt.encode(
            {k: v for k, v in head.items() if v is not None},
            {k: v for k, v in told.items() if v is not None},
            self.key, algorithms=["ES384"], default_type=None,
        )  # fmt: skip

    def request(self, patient: str, **more: Any) -> dict[str, Any]:
        """The body of a `patient-view`, whole as the specification wants it."""
        body = {"hook": "patient-view", "hookInstance": str(uuid.uuid4()), "fhirServer": self.fhir,
                "context": {"userId": "Practitioner/12", "patientId": patient},
                "prefetch": self.prefetched(patient), **more}  # fmt: skip
        return {k: v for k, v in body.items() if v is not None}

    def prefetched(self, patient: str) -> dict[str, Any]:
        """All data of a patient under the keys of the service, each in one page."""
        by_kind: dict[str, list[Any]] = {}
        for resource in self._resources(patient):
            by_kind.setdefault(resource["resourceType"], []).append({"resource": resource})
        kinds = {"labs": "Observation", "conditions": "Condition", "procedures": "Procedure",
                 "administrations": "MedicationAdministration",
                 "statements": "MedicationStatement"}  # fmt: skip
        found = {key: _searchset(by_kind.get(kind, [])) for key, kind in kinds.items()}
        (person,) = by_kind["Patient"]
        return {"patient": person["resource"], **found, "genomics": None, "tumours": None}

    # ------------------------------------------------------------ the server

    def app(self) -> Starlette:
        return Starlette(routes=[
            Route("/chart/{patient}", self._chart),
            Route("/jwks.json", self._keys),
            Route("/auth/authorize", self._authorize),
            Route("/auth/token", self._token, methods=["POST"]),
            Route("/fhir/metadata", self._metadata),
            Route("/fhir/.well-known/smart-configuration", self._configuration),
            Route("/fhir/{kind}/{name}", self._read),
            Route("/fhir/{kind}", self._search),
        ])  # fmt: skip

    def _chart(self, request: Request) -> Response:
        """What a physician sees who opens a patient: the card, and its link."""
        patient = request.path_params["patient"]
        cards = f"{self.board}/cds-services"
        with httpx.Client(timeout=30) as client:
            headers = {"authorization": f"Bearer {self.signed(cards)}"}
            (service,) = client.get(cards, headers=headers).json()["services"]
            place = f"{cards}/{service['id']}"
            headers = {"authorization": f"Bearer {self.signed(place)}"}
            answer = client.post(place, json=self.request(patient), headers=headers).json()
        (card,) = answer["cards"]
        (link,) = card["links"]
        url = link["url"]
        if link["type"] == "smart":
            launch = secrets.token_urlsafe(8)
            self._launches[launch] = json.dumps([patient, link["appContext"]])
            url += "?" + urlencode({"iss": self.fhir, "launch": launch})
        return HTMLResponse(
            f'<!doctype html><title>Chart</title><link rel="icon" href="data:,">'
            f"<h1>Chart of {escape(patient)}</h1>"
            f'<p class="{card["indicator"]}">{escape(card["summary"])}</p>'
            f'<p><a href="{escape(url)}">{escape(link["label"])}</a></p>'
        )

    def launch(self, patient: str) -> str:
        """The address at which the record system opens the board."""
        launch = secrets.token_urlsafe(8)
        self._launches[launch] = json.dumps([patient, ""])
        return "/launch?" + urlencode({"iss": self.fhir, "launch": launch})

    def _keys(self, request: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    def _metadata(self, request: Request) -> Response:
        return JSONResponse({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})

    def _configuration(self, request: Request) -> Response:
        told = {
            "issuer": self.origin,
            "jwks_uri": f"{self.origin}/jwks.json",
            "authorization_endpoint": f"{self.origin}/auth/authorize",
            "token_endpoint": f"{self.origin}/auth/token",
            "code_challenge_methods_supported": ["S256"],
            "capabilities": ["launch-ehr", "client-confidential-asymmetric"],
        }
        return JSONResponse({**told, **self.told})

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        good = (
            asked["response_type"] == "code" and asked["client_id"] == "rearm"
            and asked["aud"] == self.fhir and asked["code_challenge_method"] == "S256"
            and asked["redirect_uri"] == f"{self.board}/smart/callback"
            and "launch" in asked["scope"].split()
        )  # fmt: skip
        if not good:
            return Response("not as registered", status_code=400)
        patient, context = json.loads(self._launches.pop(asked["launch"]))
        code = secrets.token_urlsafe(8)
        self._codes[code] = {**asked, "patient": patient, "context": context}
        back = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", status_code=302)

    async def _token(self, request: Request) -> Response:
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        kept = self._codes.pop(form.get("code", ""), None)
        hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        shown = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
        if kept is None or shown != kept["code_challenge"] or not self._is_client(form):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        made = int(time.time())
        claims = {"iss": self.origin, "aud": "rearm", "sub": "u12", "iat": made, "exp": made + 300,
                  "nonce": kept["nonce"], "fhirUser": f"{self.fhir}/Practitioner/12",
                  **self.identity}  # fmt: skip
        header = {"alg": "ES384", "kid": self.key.kid, "typ": "JWT"}
        answer = {
            "access_token": self.token, "token_type": "Bearer", "expires_in": 300,
            "scope": kept["scope"], "patient": kept["patient"], "encounter": "E1",
            "need_patient_banner": True, "appContext": kept["context"],
            "id_token": jwt.encode(header, claims, self.key, algorithms=["ES384"]),
        }  # fmt: skip
        return JSONResponse({**answer, **self.token_answer})

    def _is_client(self, form: Mapping[str, str]) -> bool:
        if not self.confidential:
            return "client_assertion" not in form and form.get("client_id") == "rearm"
        told = jwt.decode(form["client_assertion"], self.board_key, algorithms=["ES384"]).claims
        return bool(told["aud"] == f"{self.origin}/auth/token" and told["sub"] == "rearm")

    def _read(self, request: Request) -> Response:
        if not self._may(request):
            return Response(status_code=401)
        kind, name = request.path_params["kind"], request.path_params["name"]
        found = [x for x in self._resources(name) if (x["resourceType"], x["id"]) == (kind, name)]
        return JSONResponse(found[0]) if found else Response(status_code=404)

    def _search(self, request: Request) -> Response:
        if not self._may(request):
            return Response(status_code=401)
        asked = dict(request.query_params)
        patient = asked.get("patient") or asked.get("subject", "")
        codes = set(asked["code"].split(",")) if "code" in asked else None
        found = [
            {"fullUrl": f"{self.fhir}/{x['resourceType']}/{x['id']}", "resource": x,
             "search": {"mode": "match"}}
            for x in self._resources(patient)
            if x["resourceType"] == request.path_params["kind"] and (
                codes is None or codes & {c.get("code") for c in x["code"].get("coding", [])})
        ]  # fmt: skip
        page = int(asked.get("page", "0"))
        begin, end = page * self.page_size, (page + 1) * self.page_size
        answer = {**_searchset(found[begin:end]), "total": len(found)}
        if end < len(found):
            more = urlencode({**asked, "page": str(page + 1)})
            place = f"{self.fhir}/{request.path_params['kind']}?{more}"
            answer["link"] = [{"relation": "next", "url": self.next_page or place}]
        return JSONResponse(answer)

    def _may(self, request: Request) -> bool:
        self.asked.append(str(request.url).removeprefix(self.fhir))
        self.bearers.add(request.headers.get("authorization", ""))
        return request.headers.get("authorization") == f"Bearer {self.token}"

    def _resources(self, patient: str) -> list[dict[str, Any]]:
        if patient not in PATIENTS:
            return []
        return [x["resource"] for x in bundle_of(patient)["entry"]] + self.extra


def _searchset(entries: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
    return {**found, "entry": entries} if entries else found


@contextmanager
def running_record_system(system: FakeRecordSystem) -> Iterator[FakeRecordSystem]:
    """The system at a free port of this machine."""
    config = uvicorn.Config(system.app(), port=0, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    system.origin = f"http://127.0.0.1:{port}"
    try:
        yield system
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def came_back(visitor: Visitor, ehr: FakeRecordSystem, patient: str) -> str:
    """The address at which a launch comes back to the board, after the user signed in."""
    begun = visitor.get(ehr.launch(patient))
    assert begun.status_code == 303, begun.text
    answer = httpx.get(begun.headers["location"])
    assert answer.status_code == 302, answer.text
    return answer.headers["location"].removeprefix(visitor.board.origin)


def opened(visitor: Visitor, ehr: FakeRecordSystem, patient: str) -> str:
    """Where the board leads after a whole launch."""
    answer = visitor.get(came_back(visitor, ehr, patient))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def taken_in(visitor: Visitor, ehr: FakeRecordSystem, patient: str) -> str:
    """The address of the patient who was opened, looked at and taken in."""
    path = opened(visitor, ehr, patient)
    answer = visitor.post(f"{path}/take", {"seen": visitor.hidden(path, "seen")})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])
