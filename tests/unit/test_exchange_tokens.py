"""Signed tokens: each rule has an attempt that breaks it, which gets through with the rule off."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from joserfc.jws import serialize_compact

from rearm.board.exchange import tokens
from rearm.board.exchange.configuration import CdsClient, RecordSystem
from rearm.board.exchange.keys import key_of, keys_of, keys_of_file, private_key
from rearm.board.exchange.tokens import caller_of, client_assertion, identity_of
from rearm.board.refusals import NotSignedIn, NotUsable

ISSUER = "https://ehr.example.org"
ADDRESS = "https://board.example.org/cds-services"
JKU = "https://ehr.example.org/jwks.json"
KEY = ECKey.generate_key("P-384", {"kid": "k1"})
RSA = RSAKey.generate_key(2048, {"kid": "r1"})
P256 = ECKey.generate_key("P-256", {"kid": "p256"})
OTHER = ECKey.generate_key("P-384", {"kid": "k1"})  # by name the same
PUBLIC = keys_of({"keys": [k.as_dict(private=False) for k in (KEY, RSA, P256)]}, "St Anna")
CLIENT = CdsClient(name="St Anna", issuer=ISSUER, keys_address=JKU, tenant_claim="ward")
SYSTEM = RecordSystem(cds_clients=(CLIENT,))


class _Once:
    """Remembers what it saw."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()

    def __call__(self, issuer: str, name: str, ends: int) -> bool:
        known = (issuer, name) in self.seen
        self.seen.add((issuer, name))
        return not known


def _claims(**more: Any) -> dict[str, Any]:
    made = int(time.time())
    told = {"iss": ISSUER, "aud": ADDRESS, "iat": made, "exp": made + 300, "tenant": "ward",
            "jti": str(uuid.uuid4()), **more}  # fmt: skip
    return {k: v for k, v in told.items() if v is not None}


def _signed(
    header: dict[str, Any] | None = None, key: Any = KEY, alg: str = "ES384", **claims: Any
) -> str:
    head = {"alg": alg, "kid": key.kid, "typ": "JWT", **(header or {})}
    head = {k: v for k, v in head.items() if v is not None}
    return jwt.encode(head, _claims(**claims), key, algorithms=[alg], default_type=None)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _raw(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(_b64(x) for x in parts)


def _by_hmac(alg: str) -> str:
    """The confusion of old libraries: our public key as a secret."""
    secret = KEY.as_pem(private=False)
    text = _raw({"alg": alg, "kid": "k1", "typ": "JWT"}, _claims()).rsplit(".", 1)[0]
    digest = hashlib.sha256 if alg == "HS256" else hashlib.sha384
    return f"{text}.{_b64(hmac.new(secret, text.encode(), digest).digest())}"


def _enter(token: str, once: Any = None, audience: str = ADDRESS) -> CdsClient:
    return caller_of(
        f"Bearer {token}", SYSTEM, audience=audience, keys=lambda *_: PUBLIC, once=once or _Once()
    )


def _twice_named() -> str:
    """Two issuers in one object: a lenient parser takes the last."""
    body = '{"iss": "https://evil.example", ' + json.dumps(_claims())[1:]
    header = {"alg": "ES384", "kid": "k1", "typ": "JWT"}
    return serialize_compact(header, body.encode(), KEY, algorithms=["ES384"])


@pytest.mark.parametrize("key", [KEY, RSA], ids=["ES384", "RS384"])
def test_a_good_token_enters(key: Any) -> None:
    alg = "ES384" if key is KEY else "RS384"
    assert _enter(_signed(key=key, alg=alg)) is CLIENT
    assert _enter(_signed(key=key, alg=alg, aud=["https://x.example", ADDRESS])) is CLIENT
    assert _enter(_signed({"jku": JKU}, key=key, alg=alg)) is CLIENT


_now = time.time
BROKEN: dict[str, tuple[Callable[[], str], str]] = {
    "nothing": (lambda: "", "bears no token"),
    "no token": (lambda: "abc", "can't be read"),
    "five parts": (lambda: "a.b.c.d.e", "can't be read"),
    "too long": (lambda: "a" * 20_000, "bears no token"),
    "not ascii": (lambda: "é.é.é", "can't be read"),
    "none": (lambda: _raw({"alg": "none", "kid": "k1", "typ": "JWT"}, _claims()), "not signed"),
    "None": (lambda: _raw({"alg": "None", "kid": "k1", "typ": "JWT"}, _claims()), "not signed"),
    "HS256": (lambda: _by_hmac("HS256"), "not signed with"),
    "HS384": (lambda: _by_hmac("HS384"), "not signed with"),
    "ES256": (lambda: _signed(key=P256, alg="ES256"), "not signed with"),
    "RS256": (lambda: _signed(key=RSA, alg="RS256"), "not signed with"),
    "ES384 with a name of RSA": (lambda: _signed({"kid": "r1"}), "not signed with the key"),
    "another key": (lambda: _signed(key=OTHER), "not signed with the key"),
    "no signature": (lambda: _signed().rsplit(".", 1)[0] + ".", "not signed with the key"),
    "kid missing": (lambda: _signed({"kid": None}), "does not name its key"),
    "kid empty": (lambda: _raw({"alg": "ES384", "kid": "", "typ": "JWT"}, _claims()), "its key"),
    "kid a number": (lambda: _raw({"alg": "ES384", "kid": 1, "typ": "JWT"}, _claims()), "its key"),
    "kid unknown": (lambda: _signed({"kid": "k9"}), "is not known"),
    "kid a path": (lambda: _signed({"kid": "../../etc/passwd"}), "is not known"),
    "typ missing": (lambda: _signed({"typ": None}), "does not say that it is a JWT"),
    "typ other": (lambda: _signed({"typ": "JOSE"}), "does not say that it is a JWT"),
    "crit": (lambda: _raw({"alg": "ES384", "kid": "k1", "typ": "JWT", "crit": ["b64"]}, _claims()),
             "crit"),
    "jku look-alike": (lambda: _signed({"jku": "https://ehr.example.org.evil.example/jwks.json"}),
                       "keys at an address"),
    "jku at the origin": (lambda: _signed({"jku": "https://ehr.example.org/own.json"}),
                          "keys at an address"),
    "jku longer": (lambda: _signed({"jku": f"{JKU}?x"}), "keys at an address"),
    "jku in capitals": (lambda: _signed({"jku": JKU.replace("ehr", "EHR")}), "keys at an address"),
    "iss missing": (lambda: _signed(iss=None), "its iss"),
    "iss look-alike": (lambda: _signed(iss="https://ehr.example.org.evil.example"), "who issued"),
    "iss with a slash": (lambda: _signed(iss=f"{ISSUER}/"), "who issued"),
    "iss of the public sandbox": (lambda: _signed(iss="https://sandbox.cds-hooks.org"),
                                  "who issued"),
    "iss a list": (lambda: _signed(iss=[ISSUER]), "its iss|can't be read"),
    "aud missing": (lambda: _signed(aud=None), "another address"),
    "aud of a service": (lambda: _signed(aud=f"{ADDRESS}/x"), "another address"),
    "aud longer": (lambda: _signed(aud=f"{ADDRESS}/"), "another address"),
    "aud a part": (lambda: _signed(aud="https://board.example.org"), "another address"),
    "aud of others": (lambda: _signed(aud=["https://x.example"]), "another address"),
    "aud a number": (lambda: _signed(aud=[1, None]), "another address|can't be read"),
    "exp missing": (lambda: _signed(exp=None), "its exp"),
    "exp over": (lambda: _signed(exp=int(_now()) - 60, iat=int(_now()) - 120), "has ended"),
    "exp a year ahead": (lambda: _signed(exp=int(_now()) + 31_536_000), "lives longer"),
    "exp a second too far": (lambda: _signed(exp=int(_now()) + 302), "lives longer"),
    "exp true": (lambda: _signed(exp=True), "its exp|can't be read"),
    "exp a text": (lambda: _signed(exp="9999999999"), "its exp|can't be read"),
    "exp before iat": (lambda: _signed(iat=int(_now()) + 5, exp=int(_now()) + 4), "lives longer"),
    "iat missing": (lambda: _signed(iat=None), "its iat"),
    "iat ahead": (lambda: _signed(iat=int(_now()) + 60, exp=int(_now()) + 120), "future"),
    "nbf ahead": (lambda: _signed(nbf=int(_now()) + 60), "does not count yet"),
    "jti missing": (lambda: _signed(jti=None), "its jti"),
    "jti empty": (lambda: _signed(jti=""), "its jti"),
    "jti too long": (lambda: _signed(jti="x" * 500), "its jti"),
    "tenant missing": (lambda: _signed(tenant=None), "another tenant"),
    "tenant other": (lambda: _signed(tenant="icu"), "another tenant"),
    "a name twice": (_twice_named, "can't be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_token_does_not_enter(name: str) -> None:
    make, why = BROKEN[name]
    with pytest.raises(NotSignedIn, match=why):
        _enter(make())


@pytest.mark.parametrize("kind", ["", "Basic ", "bearer\t", "Token "])
def test_another_kind_of_authorization_does_not_enter(kind: str) -> None:
    with pytest.raises(NotSignedIn, match="bears no token"):
        caller_of(f"{kind}{_signed()}", SYSTEM, audience=ADDRESS, keys=lambda *_: PUBLIC,
                  once=_Once())  # fmt: skip


def test_a_token_enters_once() -> None:
    once, token = _Once(), _signed()
    _enter(token, once)
    with pytest.raises(NotSignedIn, match="used before"):
        _enter(token, once)
    _enter(token, lambda *_: True)  # it was its use


def test_the_address_of_each_service_is_another() -> None:
    token = _signed(aud=f"{ADDRESS}/a")
    with pytest.raises(NotSignedIn, match="another address"):
        _enter(token, audience=f"{ADDRESS}/b")
    assert _enter(token, audience=f"{ADDRESS}/a") is CLIENT


# What is switched off, with the attempt that it refuses.
GUARDS: list[tuple[str, Any, str]] = [
    ("_check_header", lambda *_: None, "RS256"),
    ("_check_audience", lambda *_: None, "aud longer"),
    ("_check_times", lambda *_, longest: 0, "exp a year ahead"),
    ("_verify", lambda *_: None, "another key"),
    ("_check_kind", lambda *_: None, "typ missing"),
    ("_check_keys_address", lambda *_: None, "jku look-alike"),
    ("_check_tenant", lambda *_: None, "tenant other"),
    ("_OF_CARDS", ("ES384", "RS384", "RS256"), "RS256"),
    ("LONGEST_LIFE", 10**9, "exp a year ahead"),
]


@pytest.mark.parametrize(("guard", "off", "attempt"), GUARDS, ids=[x[0] for x in GUARDS])
def test_without_the_rule_it_enters(
    monkeypatch: pytest.MonkeyPatch, guard: str, off: Any, attempt: str
) -> None:
    monkeypatch.setattr(tokens, guard, off)
    if guard == "_check_header":  # the library refuses the algorithm by itself
        monkeypatch.setattr(tokens, "_verify", lambda *_: None)
    assert _enter(BROKEN[attempt][0]()) is CLIENT


# ---------------------------------------------------------------- keys


def test_no_secret_is_taken_for_a_public_key() -> None:
    plain = [OctKey.generate_key(256, {"kid": "o"}).as_dict(private=True)]
    with pytest.raises(NotUsable, match="no JWK Set"):
        keys_of({"keys": plain}, "St Anna")
    mixed = keys_of({"keys": [*plain, KEY.as_dict(private=False)]}, "St Anna")
    assert key_of(mixed, "o") is None and key_of(mixed, "k1") is not None


@pytest.mark.parametrize("plain", [None, [], {}, {"keys": []}, {"keys": "x"}, {"keys": [{}]},
                                   {"keys": [{"kty": "EC"}]}])  # fmt: skip
def test_what_is_no_set_of_keys_is_told(plain: Any) -> None:
    with pytest.raises(NotUsable, match="no JWK Set"):
        keys_of(plain, "St Anna")


def test_two_keys_of_one_name_are_none() -> None:
    assert key_of(KeySet([KEY, OTHER]), "k1") is None


def test_keys_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}))
    assert key_of(keys_of_file(file, "St Anna"), "k1") is not None
    file.write_text("{")
    with pytest.raises(NotUsable, match=r"keys\.json"):
        keys_of_file(file, "St Anna")


@pytest.mark.parametrize("plain", ["{", "{}", '{"kty": "oct", "k": "AA"}',
                                   json.dumps(KEY.as_dict(private=False))])  # fmt: skip
def test_our_own_key_must_be_private(tmp_path: Path, plain: str) -> None:
    file = tmp_path / "own.json"
    file.write_text(plain)
    with pytest.raises(NotUsable, match="St Anna"):
        private_key(file, "St Anna")


# ---------------------------------------------------------------- the launch


def _identity(key: Any = KEY, **claims: Any) -> str:
    return _signed(key=key, **{"aud": "rearm", "nonce": "n1", "sub": "u1", "jti": None, **claims})


def _read(token: str) -> Any:
    return identity_of(token, issuer=ISSUER, client_id="rearm", nonce="n1", keys=PUBLIC)


def test_a_good_id_token_says_who_it_is() -> None:
    assert _read(_identity(fhirUser="Practitioner/1"))["fhirUser"] == "Practitioner/1"
    assert _read(_identity(aud=["rearm", "x"], azp="rearm"))["sub"] == "u1"


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://ehr.example.org.evil.example"}, "another issuer"),
        ({"iss": f"{ISSUER}/"}, "another issuer"),
        ({"aud": "another"}, "another address"),
        ({"aud": ["rearm", "x"]}, "for several"),
        ({"nonce": "n2"}, "another launch"),
        ({"nonce": None}, "its nonce"),
        ({"sub": None}, "its sub"),
        ({"exp": 1, "iat": 0}, "has ended"),
        ({"key": OTHER}, "not signed with the key"),
    ],
)
def test_a_broken_id_token_is_refused(claims: dict[str, Any], why: str) -> None:
    with pytest.raises(NotSignedIn, match=why):
        _read(_identity(**claims))


def test_an_id_token_that_is_not_signed_is_refused() -> None:
    claims = _claims(aud="rearm", nonce="n1", sub="u1")
    with pytest.raises(NotSignedIn, match="not signed with"):
        _read(_raw({"alg": "none", "kid": "k1"}, claims))


def test_the_board_signs_in_with_a_short_assertion() -> None:
    text = client_assertion(KEY, client_id="rearm", audience="https://ehr.example.org/token")
    told = jwt.decode(text, KEY, algorithms=["ES384"])
    assert told.header == {"alg": "ES384", "kid": "k1", "typ": "JWT"}
    assert told.claims["iss"] == told.claims["sub"] == "rearm"
    assert told.claims["aud"] == "https://ehr.example.org/token"
    assert 0 < told.claims["exp"] - told.claims["iat"] <= 300 and len(told.claims["jti"]) >= 24
