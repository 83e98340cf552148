"""Signed tokens (JWT): those with which a record system asks for a card, the id token of a launch,
and the assertion with which the board signs in as a client.

The library checks the signature; that a key has a name, how long a token lives, that it is used
once, and whose keys count, is checked here.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey
from joserfc.jws import extract_compact

from rearm.board.exchange.configuration import CdsClient, RecordSystem
from rearm.board.exchange.keys import key_of
from rearm.board.refusals import NotSignedIn
from rearm.errors import InputError
from rearm.strict_json import parse_json

__all__ = ["caller_of", "client_assertion", "identity_of"]

LONGEST_LIFE = 300
"""Seconds between the making of a token and its end."""

_LEEWAY = 10  # seconds by which two clocks may differ
_LONGEST_TOKEN = 16_384
_LONGEST_TEXT = 400
_OF_CARDS = ("ES384", "RS384")
_OF_IDENTITY = ("RS256", "ES256", "RS384", "ES384")

Keys = Callable[[CdsClient, str], KeySet]
Once = Callable[[str, str, int], bool]


def caller_of(
    authorization: str, system: RecordSystem, *, audience: str, keys: Keys, once: Once
) -> CdsClient:
    """Who asks, by the token of the request. `audience`: the address that was asked, which the
    token must name. `keys`: the keys of a client, by the name of the key. `once`: notes that a
    token was used, and says whether this was its first use. Raises NotSignedIn with a sentence.
    """
    header, claims, text = _opened(_bearer(authorization))
    _check_header(header, _OF_CARDS)
    _check_kind(header)
    client = system.cds_client(_text(claims, "iss"))
    if client is None:
        raise NotSignedIn("The configuration does not know who issued the token.")
    _check_keys_address(header, client)
    kid = str(header["kid"])
    _verify(text, keys(client, kid), kid, _OF_CARDS)
    _check_audience(claims, audience)
    ends = _check_times(claims, longest=LONGEST_LIFE)
    _check_tenant(claims, client)
    if not once(client.issuer, _text(claims, "jti"), ends):
        raise NotSignedIn("The token was used before.")
    return client


def identity_of(
    token: str, *, issuer: str, client_id: str, nonce: str, keys: KeySet
) -> Mapping[str, Any]:
    """The claims of the id token of a launch. Raises NotSignedIn with a sentence."""
    header, claims, text = _opened(token)
    _check_header(header, _OF_IDENTITY)
    _verify(text, keys, str(header["kid"]), _OF_IDENTITY)
    if _text(claims, "iss") != issuer:
        raise NotSignedIn("The id token is of another issuer.")
    _check_audience(claims, client_id)
    listed = claims["aud"]
    if isinstance(listed, list) and len(listed) > 1 and claims.get("azp") != client_id:
        raise NotSignedIn("The id token is for several, and not made out to this board.")
    _check_times(claims, longest=None)
    if not hmac.compare_digest(_text(claims, "nonce").encode(), nonce.encode()):
        raise NotSignedIn("The id token belongs to another launch.")
    _text(claims, "sub")
    return claims


def client_assertion(key: ECKey | RSAKey, *, client_id: str, audience: str) -> str:
    """Signs the board in at the address where tokens are given."""
    made = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": made,
        "exp": made + LONGEST_LIFE,
        "jti": secrets.token_urlsafe(24),
    }
    algorithm = "ES384" if isinstance(key, ECKey) else "RS384"
    header = {"alg": algorithm, "kid": key.kid, "typ": "JWT"}
    return jwt.encode(header, claims, key, algorithms=[algorithm])


def _bearer(authorization: str) -> str:
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
        raise NotSignedIn("The request bears no token (Authorization: Bearer ...).")
    return token


def _opened(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any], str]:
    """Header and claims of a token, of which nothing is believed yet."""
    try:
        found = extract_compact(token.encode("ascii"))
        claims = parse_json(found.payload, "The token")  # no name stands twice
    except (JoseError, InputError, ValueError):
        raise NotSignedIn("The token can't be read.") from None
    if not isinstance(claims, dict):
        raise NotSignedIn("The token can't be read.")
    return found.headers(), claims, token


def _check_header(header: Mapping[str, Any], algorithms: tuple[str, ...]) -> None:
    if header.get("alg") not in algorithms:
        raise NotSignedIn(f"The token is not signed with {' or '.join(algorithms)}.")
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= _LONGEST_TEXT:
        raise NotSignedIn("The token does not name its key (kid).")
    if "crit" in header:
        raise NotSignedIn("The token asks for something that is not done here (crit).")


def _check_kind(header: Mapping[str, Any]) -> None:
    if header.get("typ") != "JWT":
        raise NotSignedIn("The token does not say that it is a JWT.")


def _check_keys_address(header: Mapping[str, Any], client: CdsClient) -> None:
    """A token may name the address of its keys, if it is that of the configuration, letter by
    letter; it is never asked because a token names it.
    """
    if "jku" in header and (not client.keys_address or header["jku"] != client.keys_address):
        raise NotSignedIn("The token names keys at an address that the configuration does not.")


def _check_tenant(claims: Mapping[str, Any], client: CdsClient) -> None:
    if client.tenant_claim and claims.get("tenant") != client.tenant_claim:
        raise NotSignedIn("The token is of another tenant.")


def _verify(text: str, keys: KeySet, kid: str, algorithms: tuple[str, ...]) -> None:
    key = key_of(keys, kid)
    if key is None:
        raise NotSignedIn("The key that the token names is not known.")
    try:
        jwt.decode(text, key, algorithms=list(algorithms))
    except (JoseError, ValueError, TypeError):
        raise NotSignedIn("The token is not signed with the key that it names.") from None


def _check_audience(claims: Mapping[str, Any], audience: str) -> None:
    """The audience is a text or a list of texts, of which one is this address, letter by letter."""
    named = claims.get("aud")
    listed = named if isinstance(named, list) else [named]
    if audience not in [x for x in listed if isinstance(x, str)]:
        raise NotSignedIn("The token is for another address.")


def _check_times(claims: Mapping[str, Any], *, longest: int | None) -> int:
    """When the token ends. One that lives longer than `longest` seconds is refused."""
    now, made, ends = time.time(), _number(claims, "iat"), _number(claims, "exp")
    if ends <= now - _LEEWAY:
        raise NotSignedIn("The token has ended.")
    if made > now + _LEEWAY:
        raise NotSignedIn("The token is made in the future.")
    if longest is not None and not 0 < ends - made <= longest:
        raise NotSignedIn(f"The token lives longer than {longest} seconds.")
    if "nbf" in claims and _number(claims, "nbf") > now + _LEEWAY:
        raise NotSignedIn("The token does not count yet.")
    return int(ends)


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST_TEXT:
        raise NotSignedIn(f"The token does not say its {name}.")
    return found


def _number(claims: Mapping[str, Any], name: str) -> float:
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise NotSignedIn(f"The token does not say its {name}.")
    return found
