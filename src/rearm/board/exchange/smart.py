"""SMART App Launch: where a record system signs its users in, what is asked of it there, and what
it answers. The board is opened from the record system (EHR launch), never by itself.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rearm.board.exchange.asking import Asker, NotAnswered
from rearm.board.exchange.configuration import RecordSystem, SmartServer
from rearm.board.exchange.keys import keys_of, private_key
from rearm.board.exchange.once import Begun
from rearm.board.exchange.tokens import client_assertion, identity_of
from rearm.board.refusals import NotAllowed, NotUsable

__all__ = ["Granted", "Server", "begin", "challenge_of"]

_WELL_KNOWN = ".well-known/smart-configuration"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_TEXT = 400
_LONGEST_TOKEN = 16_384
_NO_STAFF = ("Patient/", "RelatedPerson/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What the record system granted: the patient, who the user is, and the token with which that
    patient may be read. Whether the record system shows who the patient is (need_patient_banner)
    changes nothing: our pages name the patient in their heading.
    """

    patient: str
    user: str
    token: str
    app_context: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """A record system of the configuration, with the addresses that it says it has."""

    server: SmartServer
    asker: Asker
    told: Mapping[str, Any]

    @classmethod
    def found(cls, server: SmartServer, system: RecordSystem) -> Server:
        """Raises NotAnswered, and NotUsable where what it tells of itself can't be used."""
        hosts = frozenset(system.private_hosts)
        asker = Asker(server.name, server.allowed_origins(), hosts)
        told = asker.get(f"{server.issuer.rstrip('/')}/{_WELL_KNOWN}")
        if not isinstance(told, dict):
            raise NotAnswered(f"{server.name} does not say how it is opened.")
        methods = told.get("code_challenge_methods_supported")
        if not isinstance(methods, list) or "S256" not in methods:
            raise NotUsable(f"{server.name} does not offer PKCE with S256, which SMART demands.")
        return cls(server, asker, told)

    def authorize(self, begun: Begun, *, state: str, launch: str, back: str) -> str:
        """The address at which the user's browser is to go on."""
        asked = {
            "response_type": "code",
            "client_id": self.server.client_id,
            "redirect_uri": back,
            "launch": launch,
            "scope": " ".join(self.server.scopes),
            "state": state,
            "aud": self.server.issuer,
            "nonce": begun.nonce,
            "code_challenge": challenge_of(begun.verifier),
            "code_challenge_method": "S256",
        }
        place = self._address("authorization_endpoint")
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"

    def granted(self, begun: Begun, *, code: str, back: str) -> Granted:
        """Changes the code into a token. Raises NotAnswered, NotUsable or NotSignedIn."""
        place = self._address("token_endpoint")
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": begun.verifier,
            "client_id": self.server.client_id,
        }
        if self.server.key_file:
            key = private_key(Path(self.server.key_file), self.server.name)
            fields |= {
                "client_assertion_type": _ASSERTION,
                "client_assertion": client_assertion(
                    key, client_id=self.server.client_id, audience=place
                ),
            }
        answer = self.asker.send_form(place, fields)
        if not isinstance(answer, dict):
            raise NotAnswered(f"{self.server.name} gave no token.")
        return self._granted(answer, begun)

    def _granted(self, answer: Mapping[str, Any], begun: Begun) -> Granted:
        kind, token = str(answer.get("token_type", "")), answer.get("access_token")
        if kind.lower() != "bearer" or not _is_token(token):
            raise NotAnswered(f"{self.server.name} gave no token.")
        patient = answer.get("patient")
        if not isinstance(patient, str) or not patient:
            raise NotUsable(f"{self.server.name} opened the board without a patient.")
        claims = self._identity(answer, begun)
        return Granted(
            patient=patient,
            user=_user(claims),
            token=str(token),
            app_context=_brief(answer.get("appContext")),
        )

    def _identity(self, answer: Mapping[str, Any], begun: Begun) -> Mapping[str, Any]:
        token = answer.get("id_token")
        if not isinstance(token, str) or len(token) > _LONGEST_TOKEN:
            raise NotUsable(f"{self.server.name} does not say who the user is (id_token).")
        keys = keys_of(self.asker.get(self._address("jwks_uri")), self.server.name)
        return identity_of(
            token,
            issuer=self.server.identity_issuer,
            client_id=self.server.client_id,
            nonce=begun.nonce,
            keys=keys,
        )

    def _address(self, name: str) -> str:
        """One of its addresses: at an origin that the configuration lists for it."""
        found = self.told.get(name)
        if not isinstance(found, str) or not found:
            raise NotUsable(f"{self.server.name} does not name its {name}.")
        self.asker.checked(found)
        return found


def begin(issuer: str) -> Begun:
    """What is kept of a new launch."""
    return Begun(issuer=issuer, nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(64))


def challenge_of(verifier: str) -> str:
    """What PKCE shows of the verifier: its hash (S256)."""
    hashed = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(hashed).rstrip(b"=").decode("ascii")


def _is_token(text: Any) -> bool:
    return (
        isinstance(text, str)
        and 0 < len(text) <= _LONGEST_TOKEN
        and text.isascii()
        and text.isprintable()
        and " " not in text
    )


def _user(claims: Mapping[str, Any]) -> str:
    """Who it is, as the audit names them: type and id of the FHIR resource, else the subject.
    Raises NotAllowed for a patient, whom the audit must not name.
    """
    named = claims.get("fhirUser")
    user = named if isinstance(named, str) and named else str(claims["sub"])
    name = "/".join(user.split("/")[-2:])
    if name.startswith(_NO_STAFF):
        raise NotAllowed("This board is for those who treat patients. Sign in as one of them.")
    return _brief(name)


def _brief(value: Any) -> str:
    """A short text without anything but text; empty where it is none."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > _LONGEST_TEXT:
        return ""
    return value
