"""The configuration of a board for many: where it answers, who vouches for its users.

Without one a board answers on this machine only. A file that can't be used is refused with a
sentence that names the place. Secrets stand in no such file: it names a file or a variable.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import msgspec

from rearm.board.refusals import NotUsable

__all__ = [
    "LOOPBACK",
    "MonitoringSettings",
    "OidcSettings",
    "Role",
    "SessionSettings",
    "Settings",
    "TenantSettings",
    "database_address",
    "read_settings",
    "secret_of",
]

LOOPBACK = ("127.0.0.1", "::1")

Role = Literal["reader", "editor", "chair", "data_manager", "administrator"]
"""What a user is in a tenant; see `people.roles` for what each may do."""

_SHORTEST_SECRET = 16
_WEAK = re.compile(r"(?i)change.?me|client.?secret|password|default|(.)\1{7}")
_TENANT_ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
_PLACE = re.compile(r"^(?P<what>.*?) - at `\$\.?(?P<place>.*)`$", re.DOTALL)


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file: a key that is not known is refused, since it is most often a slip."""


class SessionSettings(_Strict, frozen=True, kw_only=True):
    """How long a session lasts: without use, and at most."""

    idle_minutes: int = 15
    longest_hours: int = 12


class OidcSettings(_Strict, frozen=True, kw_only=True):
    """A provider that vouches for users (OpenID Connect).

    `discovery`: the address of its configuration. `roles_claim`: the claim of the identity token
    that lists what a user is; `roles` gives for each value of it `tenant/role`.
    """

    discovery: str
    client_id: str
    client_secret_file: str = ""
    client_secret_env: str = ""
    scopes: str = "openid profile"
    roles_claim: str = "roles"
    roles: dict[str, tuple[str, ...]] = {}
    name: str = "your organisation"

    @property
    def issuer(self) -> str:
        """Who must have signed; a provider that calls itself otherwise is refused."""
        return self.discovery.removesuffix("/.well-known/openid-configuration")


class MonitoringSettings(_Strict, frozen=True, kw_only=True):
    """Who may ask whether the board is ready: programs at these addresses or networks, and whoever
    shows the token in the header Authorization (`Bearer ...`).
    """

    addresses: tuple[str, ...] = ()
    token_file: str = ""
    token_env: str = ""


class TenantSettings(_Strict, frozen=True, kw_only=True):
    """A centre, or a part of one, whose patients no other tenant sees."""

    id: str
    name: str


class Settings(_Strict, frozen=True, kw_only=True):
    """The whole file. `origin`: the address that users type, `https://board.example.org`.
    `trusted_proxies`: addresses or networks whose word on the client and its TLS counts. `contact`:
    whom a user asks who has no role. `not_taken_in_days`: for how long after the last change it is
    kept what somebody typed or uploaded and did not take in. `record_system` is read where data are
    exchanged.
    """

    folder: str = ""
    database_url: str = ""
    database_url_file: str = ""
    database_url_env: str = ""
    host: str = "127.0.0.1"
    port: int = 8765
    origin: str = ""
    trusted_proxies: tuple[str, ...] = ()
    contact: str = "the administrator of this board"
    administrators_may_break_glass: bool = False
    not_taken_in_days: int = 30
    session: SessionSettings = SessionSettings()
    oidc: OidcSettings | None = None
    tenants: tuple[TenantSettings, ...] = ()
    record_system: dict[str, Any] = {}
    monitoring: MonitoringSettings | None = None

    @property
    def is_public(self) -> bool:
        """Whether others than this machine use it: then by TLS and after a sign-in only."""
        return bool(self.origin)

    @property
    def watched_from(self) -> tuple[str, ...]:
        """From where a program may watch the board; one on this machine may be by all of it."""
        if self.monitoring is None:
            return () if self.is_public else LOOPBACK
        return self.monitoring.addresses

    @property
    def idle(self) -> timedelta:
        return timedelta(minutes=self.session.idle_minutes)

    @property
    def longest(self) -> timedelta:
        return timedelta(hours=self.session.longest_hours)


def database_address(settings: Settings) -> str:
    """That of the server that keeps the patients; empty where a file of the folder does."""
    return settings.database_url or secret_of(settings, "database_url", optional=True)


def read_settings(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """The configuration in a file. Raises NotUsable with a sentence for the first thing that can't
    be used, secrets included.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NotUsable(f"{path} can't be read ({error.strerror}).") from None
    try:
        found = msgspec.toml.decode(data, type=Settings)
    except msgspec.ValidationError as error:
        raise NotUsable(f"{path}: {_sentence(str(error))}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotUsable(f"{path} is no TOML: {error}.") from None
    for wrong in _wrong(found):
        raise NotUsable(f"{path}: {wrong}")
    for what in ("database_url",):
        secret_of(found, what, environment, optional=True)
    if found.oidc is not None:
        secret_of(found.oidc, "client_secret", environment)
    if found.monitoring is not None:
        secret_of(found.monitoring, "token", environment, optional=True)
    return found


def secret_of(
    settings: Settings | OidcSettings | MonitoringSettings,
    name: str,
    environment: Mapping[str, str] | None = None,
    *,
    optional: bool = False,
) -> str:
    """What `NAME_file` or `NAME_env` names. Raises NotUsable with a sentence where it is missing,
    or is one that everybody guesses.
    """
    file, variable = getattr(settings, f"{name}_file"), getattr(settings, f"{name}_env")
    if file and variable:
        raise NotUsable(f"Both {name}_file and {name}_env are given. Keep one of them.")
    if not file and not variable:
        if optional:
            return ""
        raise NotUsable(
            f"{name} is missing. Name a file with {name}_file, or a variable of the environment "
            f"with {name}_env."
        )
    if file:
        try:
            found = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise NotUsable(f"{name}_file: {file} can't be read.") from None
    else:
        found = (os.environ if environment is None else environment).get(variable, "").strip()
    if not found:
        raise NotUsable(f"{name}: {file or variable} is empty.")
    is_guessed = len(found) < _SHORTEST_SECRET or _WEAK.search(found)
    if name.endswith(("secret", "token")) and is_guessed:
        raise NotUsable(
            f"{name}: what stands in {file or variable} is too short or is easily guessed. Take "
            f"{_SHORTEST_SECRET} random characters or more."
        )
    return found


def _sentence(told: str) -> str:
    found = _PLACE.match(told)
    if found is None:
        return f"{told}."
    return f"{found['place']}: {found['what']}."


def _wrong(found: Settings) -> list[str]:
    """What can't be used, each a sentence."""
    return [
        *_wrong_address(found),
        *_wrong_limits(found),
        *_wrong_database(found),
        *_wrong_tenants(found),
        *([] if found.oidc is None else _wrong_oidc(found.oidc, found)),
        *([] if found.monitoring is None else _wrong_monitoring(found.monitoring)),
    ]


def _wrong_address(found: Settings) -> list[str]:
    wrong = []
    if not 0 <= found.port <= 65535:
        wrong.append("port: a port is a number from 0 to 65535.")
    try:
        ip_address(found.host)
    except ValueError:
        wrong.append(f"host: {found.host} is no address, such as 127.0.0.1 or 0.0.0.0.")
    for proxy in found.trusted_proxies:
        try:
            network = ip_network(proxy)
        except ValueError:
            wrong.append(f"trusted_proxies: {proxy} is no address and no network (10.0.0.0/24).")
            continue
        if network.prefixlen == 0:
            wrong.append(f"trusted_proxies: {proxy} is every address. Name that of the proxy.")
    if found.origin:
        wrong += _wrong_origin(found.origin)
        if not found.trusted_proxies:
            wrong.append(
                "trusted_proxies: users reach this board by TLS, which a proxy before it speaks. "
                "Name the address from which the proxy asks."
            )
    elif found.host not in LOOPBACK:
        wrong.append(
            f"origin: {found.host} is reached from other machines. Name the address that users "
            "type (https://board.example.org), with a proxy that speaks TLS before the board."
        )
    return wrong


def _wrong_origin(origin: str) -> list[str]:
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return [f"origin: {origin} is no address, such as https://board.example.org."]
    host = parts.hostname or ""
    plain = f"https://{host}" if port in (None, 443) else f"https://{host}:{port}"
    if not host or origin != plain:
        return [
            f"origin: {origin} is not as a browser names it: https://, the name in small letters, "
            "the port unless it is 443, and nothing behind."
        ]
    return []


def _wrong_limits(found: Settings) -> list[str]:
    wrong = []
    if not 1 <= found.session.idle_minutes <= 60:
        wrong.append("session.idle_minutes: from 1 to 60 minutes.")
    if not 1 <= found.session.longest_hours <= 24:
        wrong.append("session.longest_hours: from 1 to 24 hours.")
    if not 1 <= found.not_taken_in_days <= 365:
        wrong.append("not_taken_in_days: from 1 to 365 days.")
    return wrong


def _wrong_database(found: Settings) -> list[str]:
    given = [
        x for x in ("database_url", "database_url_file", "database_url_env") if getattr(found, x)
    ]
    if len(given) > 1:
        return [f"{given[0]} and {given[1]} are both given. Keep one of them."]
    if found.database_url:
        try:
            parts = urlsplit(found.database_url)
        except ValueError:
            return ["database_url: this is no address of a database."]
        if parts.password is not None or "password" in parts.query:
            return [
                "database_url: a password does not stand in this file. Name a file that holds the "
                "address with database_url_file, or a variable with database_url_env."
            ]
    return []


def _wrong_tenants(found: Settings) -> list[str]:
    wrong: list[str] = []
    seen: set[str] = set()
    for tenant in found.tenants:
        if not _TENANT_ID.fullmatch(tenant.id):
            wrong.append(
                f"tenants: {tenant.id!r} is no id of a tenant: a small letter, then small letters, "
                "digits and -, at most 40."
            )
        if not tenant.name.strip() or len(tenant.name) > 100:
            wrong.append(f"tenants: the name of {tenant.id!r} is empty or longer than 100 letters.")
        for text in (tenant.id, tenant.name):
            if text in seen:
                wrong.append(f"tenants: {text!r} stands there twice.")
        seen |= {tenant.id, tenant.name}
    return wrong


def _wrong_monitoring(monitoring: MonitoringSettings) -> list[str]:
    wrong = []
    for address in monitoring.addresses:
        try:
            network = ip_network(address)
        except ValueError:
            wrong.append(
                f"monitoring.addresses: {address} is no address and no network (10.0.0.0/24)."
            )
            continue
        if network.prefixlen == 0:
            wrong.append(f"monitoring.addresses: {address} is every address. Name that of yours.")
    if not (monitoring.addresses or monitoring.token_file or monitoring.token_env):
        wrong.append(
            "monitoring: nobody may ask. Name addresses, or a file or variable with a token."
        )
    return wrong


def _wrong_oidc(oidc: OidcSettings, found: Settings) -> list[str]:
    wrong = []
    if not oidc.discovery.endswith("/.well-known/openid-configuration"):
        wrong.append("oidc.discovery: the address ends in /.well-known/openid-configuration.")
    parts = urlsplit(oidc.discovery)
    if parts.scheme != "https" and parts.hostname not in (*LOOPBACK, "localhost"):
        wrong.append("oidc.discovery: a provider on another machine is asked by https only.")
    if "openid" not in oidc.scopes.split():
        wrong.append("oidc.scopes: `openid` is missing.")
    tenants = {"first", *(x.id for x in found.tenants)}
    for value, given in oidc.roles.items():
        for text in given:
            tenant, _, role = text.partition("/")
            if tenant not in tenants or role not in get_args(Role):
                wrong.append(
                    f"oidc.roles.{value}: {text!r} is no role of a tenant. Write the id of a "
                    f"tenant, / and one of {', '.join(get_args(Role))}."
                )
    return wrong
