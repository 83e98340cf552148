"""Signing in at a provider (OpenID Connect): who the user is there, and what its claims allow here.

The state, the nonce and the verifier of PKCE lie in the store, never in a cookie; the state works
once, within minutes, and only in the browser that began.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import ssl
import warnings
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc.errors import JoseError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from rearm.board.people import sessions, users
from rearm.board.people.sessions import hash_of
from rearm.board.people.signing_in import no_role
from rearm.board.refusals import Busy, NotAllowed, NotSignedIn
from rearm.board.settings import LOOPBACK, OidcSettings
from rearm.board.store import audit
from rearm.board.store.database import Database
from rearm.board.store.tables import OidcTry, User
from rearm.board.store.utc import now
from rearm.characters import first_harmful

with warnings.catch_warnings():
    # it says at its import that httpx has a successor; nobody who serves a board can change that
    warnings.simplefilter("ignore")
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.starlette_client import OAuth
    from authlib.oidc.core import CodeIDToken

__all__ = ["TRY_LIFE", "Provider"]

Made = TypeVar("Made")

TRY_LIFE = timedelta(minutes=10)
_SECONDS = 10.0
# only signatures with a public key: else who knows the client's secret could sign
_SIGNATURES = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
_FAILED = "The sign-in at {} did not succeed. Begin again."


class Provider:
    """The provider of one board. `callback`: the address to which it sends users back."""

    def __init__(self, settings: OidcSettings, secret: str, callback: str, contact: str) -> None:
        self.settings, self.callback, self.contact = settings, callback, contact
        self._client = OAuth().register(
            "provider",
            client_id=settings.client_id,
            client_secret=secret,
            server_metadata_url=settings.discovery,
            client_kwargs={
                "scope": settings.scopes,
                "code_challenge_method": "S256",
                "timeout": _SECONDS,
                # that of the machine, where a hospital keeps its own authorities; made once
                "verify": ssl.create_default_context(),
            },
        )

    def begin(self, database: Database, *, browser: str, next_path: str) -> str:
        """The address of the provider's sign-in. `browser`: the cookie of the browser, in which
        alone the way back works. Raises Busy where the provider does not answer.
        """
        metadata = self._metadata()
        _check_https(metadata["authorization_endpoint"])
        made = self._ask(self._client.create_authorization_url(self.callback))
        with database.writing() as session:
            session.execute(delete(OidcTry).where(OidcTry.made_at < now() - TRY_LIFE))
            session.add(
                OidcTry(
                    hash=hash_of(made["state"]),
                    browser=hash_of(browser),
                    nonce=made["nonce"],
                    verifier=made["code_verifier"],
                    next_path=next_path,
                    made_at=now(),
                )
            )
        return str(made["url"])

    def finish(
        self, database: Database, query: Mapping[str, str], *, browser: str, before: str
    ) -> tuple[str, str]:
        """The id of a new session, and the path to go on to, once the provider sent the user back.
        Raises NotSignedIn where anything of it is not as it was begun, NotAllowed where the user
        has no role, Busy.
        """
        begun = self._begun(database, query.get("state", ""), browser)
        code = query.get("code", "")
        if not code:
            raise self._failed()
        claims = self._claims(code, begun)
        with database.writing() as session:
            user = self._user(session, claims)
            name = user.name
            raw = sessions.begin(session, user, via="provider", before=before)
            audit.append(
                session,
                name,
                "signed_in" if raw else "sign_in_failed",
                details={"via": "provider"} if raw else {"role": "none"},
            )
        if raw is None:
            raise no_role(name, self.contact)
        return raw, begun.next_path

    def leaving(self, after: str) -> str:
        """The address at which the user signs out of the provider too, which leads back to `after`;
        empty where there is none.
        """
        try:
            end = self._metadata().get("end_session_endpoint", "")
            if not end:
                return ""
            _check_https(end)
        except (Busy, NotSignedIn):
            return ""
        asked = {"client_id": self.settings.client_id, "post_logout_redirect_uri": after}
        return f"{end}{'&' if urlsplit(end).query else '?'}{urlencode(asked)}"

    def _begun(self, database: Database, state: str, browser: str) -> _Begun:
        """What was kept of the beginning, which is used up. Raises NotSignedIn."""
        with database.writing() as session:
            row = session.get(OidcTry, hash_of(state)) if state else None
            # another browser must not use up a state that it got to know
            if row is None or not browser or not hmac.compare_digest(row.browser, hash_of(browser)):
                raise self._failed()
            found = _Begun(nonce=row.nonce, verifier=row.verifier, next_path=row.next_path)
            made_at = row.made_at
            session.delete(row)
        if now() - made_at > TRY_LIFE:
            raise self._failed()
        return found

    def _claims(self, code: str, begun: _Begun) -> Mapping[str, Any]:
        """What the identity token says, once everything about it was checked."""
        metadata = self._metadata()
        _check_https(metadata["token_endpoint"])
        signatures = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [
            x for x in signatures if x in _SIGNATURES
        ] or ["RS256"]

        async def fetch() -> Any:
            token = await self._client.fetch_access_token(
                redirect_uri=self.callback, code=code, code_verifier=begun.verifier
            )
            if "id_token" not in token:
                raise self._failed()
            return await self._client.parse_id_token(
                token,
                nonce=begun.nonce,
                claims_cls=CodeIDToken,
                claims_options=self._wanted(begun),
                leeway=60,
            )

        claims = self._ask(fetch())
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise self._failed()
        return dict(claims)

    def _wanted(self, begun: _Begun) -> dict[str, Any]:
        """What the token must say. The library by itself looks at neither the issuer that was meant
        nor the audience.
        """
        return {
            "iss": {"essential": True, "value": self.settings.issuer},
            "aud": {"essential": True, "value": self.settings.client_id},
            "nonce": {"essential": True, "value": begun.nonce},
            "sub": {"essential": True},
            "exp": {"essential": True},
        }

    def _user(self, session: Session, claims: Mapping[str, Any]) -> User:
        """The user of these claims, made at the first sign-in, with the roles that they give."""
        subject = f"{self.settings.issuer} {claims['sub']}"
        user = session.scalar(select(User).where(User.subject == subject))
        if user is None:
            name = _free_name(session, claims)
            user = users.add_user(session, name, name, "", (), subject=subject)
        if user.disabled_at is not None:
            raise NotAllowed("This user is disabled on this board. Ask its administrator.")
        wanted = self._roles(claims)
        for tenant in sorted({*wanted, *sessions.roles_of(session, user.id)}):
            roles = wanted.get(tenant, frozenset())
            users.give_roles(session, user.name, user, tenant, roles, by_provider=True)
        return user

    def _roles(self, claims: Mapping[str, Any]) -> dict[str, frozenset[str]]:
        """The roles that the configured claim gives, by tenant; none where it says nothing."""
        said = claims.get(self.settings.roles_claim)
        values = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        found: dict[str, set[str]] = {}
        for value in values:
            for text in self.settings.roles.get(value, ()) if isinstance(value, str) else ():
                tenant, _, role = text.partition("/")
                found.setdefault(tenant, set()).add(role)
        return {tenant: frozenset(roles) for tenant, roles in found.items()}

    def _metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = self._ask(self._client.load_server_metadata())
        if found.get("issuer") != self.settings.issuer:
            # nothing of it is kept: the next try asks again
            self._client.server_metadata.clear()
            raise NotSignedIn(
                f"{self.settings.name} answers as another provider than the one that this board "
                f"was set up with. Tell {self.contact}."
            )
        return found

    def _ask(self, asked: Coroutine[Any, Any, Made]) -> Made:
        try:
            return asyncio.run(asked)
        except httpx.HTTPError as error:
            raise Busy(f"{self.settings.name} does not answer. Try again in a moment.") from error
        except (AuthlibBaseError, JoseError, ValueError, KeyError, json.JSONDecodeError) as error:
            raise self._failed() from error

    def _failed(self) -> NotSignedIn:
        return NotSignedIn(_FAILED.format(self.settings.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    nonce: str
    verifier: str
    next_path: str


def _check_https(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in (*LOOPBACK, "localhost"):
        raise NotSignedIn("The provider gives an address without TLS. Nothing was sent there.")


def _free_name(session: Session, claims: Mapping[str, Any]) -> str:
    """The name of a user as the provider gives it. One that another user has gets a number: nobody
    becomes somebody else by choosing a name there, nor one of a centre.
    """
    said: Iterable[Any] = (claims.get("preferred_username"), claims.get("email"), claims["sub"])
    usable = (
        users.plain_name(x)[: users.LONGEST_NAME - 10]
        for x in said
        if isinstance(x, str) and first_harmful(x) is None
    )
    name = next((x for x in usable if x and not users.is_of_the_board(x)), "user")
    is_known = session.scalar(select(User.id).where(User.name == name)) is not None
    if not is_known and not users.centre_of_name(session, name):
        return name
    return f"{name} {secrets.token_hex(4)}"
