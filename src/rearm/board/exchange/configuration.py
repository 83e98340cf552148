"""Which record systems the board exchanges data with, as the section `[record_system]` of a
configuration says it. Nothing is on without it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from rearm.board.exchange.origins import NotAnAddress, Origin, origin_of
from rearm.board.refusals import NotUsable

__all__ = ["CdsClient", "RecordSystem", "SmartServer", "read_record_system", "record_system_of"]

_SCOPES = (
    "launch",
    "openid",
    "fhirUser",
    "patient/Patient.r",
    "patient/Observation.rs",
    "patient/Condition.rs",
    "patient/Procedure.rs",
    "patient/MedicationAdministration.rs",
    "patient/MedicationStatement.rs",
    "patient/DiagnosticReport.rs",
    "patient/AdverseEvent.rs",
)


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the section; a name that is not known is refused."""


class CdsClient(_Section, frozen=True, kw_only=True):
    """A record system that asks for cards. Its tokens name `issuer`; its public keys are a JWK Set
    in `keys_file`, or at `keys_address`, which is the only `jku` that its tokens may name.

    `fhir_servers`: where its patients may be read from when it sends an access token. `tenant`: the
    tenant of the board to which its patients belong. `tenant_claim`: what its tokens must say of
    its own tenant; empty where they need not.
    """

    name: str
    issuer: str
    keys_file: str = ""
    keys_address: str = ""
    fhir_servers: tuple[str, ...] = ()
    tenant: str = "first"
    tenant_claim: str = ""


class SmartServer(_Section, frozen=True, kw_only=True):
    """A record system from which the board is opened. `issuer`: the address of its FHIR server, as
    a launch names it. `key_file`: the private key (a JWK) of a confidential client; without it the
    board is a public client.

    `identity`: who signs its id tokens, where that is not `issuer`. `origins`: further origins at
    which it signs in and gives tokens. `tenant`: the tenant of the board.
    """

    name: str
    issuer: str
    client_id: str
    key_file: str = ""
    identity: str = ""
    origins: tuple[str, ...] = ()
    scopes: tuple[str, ...] = _SCOPES
    tenant: str = "first"

    @property
    def identity_issuer(self) -> str:
        return self.identity or self.issuer

    def allowed_origins(self) -> frozenset[Origin]:
        """Where the board may ask this system anything."""
        return frozenset(origin_of(x) for x in (self.issuer, *self.origins))


class RecordSystem(_Section, frozen=True, kw_only=True):
    """The whole section. `private_hosts`: names that may lead to an address of an internal network,
    and that may be asked without TLS. `cross_origins`: origins of browsers that ask for cards.
    `frame_ancestors`: origins of record systems that show the board in a frame. `keep`: what came
    with a request for a card is kept as an upload to be looked at.
    """

    cds_clients: tuple[CdsClient, ...] = ()
    smart_servers: tuple[SmartServer, ...] = ()
    private_hosts: tuple[str, ...] = ()
    cross_origins: tuple[str, ...] = ()
    frame_ancestors: tuple[str, ...] = ()
    keep: bool = False

    def cds_client(self, issuer: str) -> CdsClient | None:
        return next((x for x in self.cds_clients if x.issuer == issuer), None)

    def smart_server(self, issuer: str) -> SmartServer | None:
        """The server of a launch: of the same parsed origin and the same path; None where the
        configuration has none.
        """
        try:
            asked = _place(issuer)
        except NotAnAddress:
            return None
        return next((x for x in self.smart_servers if _place(x.issuer) == asked), None)


def read_record_system(file: Path) -> RecordSystem:
    """The section of a TOML file; files that it names lie beside it. Raises NotUsable with a
    sentence.
    """
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotUsable(f"{file} can't be read: {error.strerror or error}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NotUsable(f"{file} is not TOML: {error}.") from None
    section = table.get("record_system")
    if not isinstance(section, dict):
        raise NotUsable(f"{file} has no section [record_system]. Add one.")
    return record_system_of(section, file.parent)


def record_system_of(table: Mapping[str, Any], folder: Path) -> RecordSystem:
    """The section as TOML gives it; `folder` holds the files that it names. Raises NotUsable with a
    sentence that names what is wrong.
    """
    try:
        found = msgspec.convert(table, RecordSystem)
    except msgspec.ValidationError as error:
        raise NotUsable(f"The section [record_system] can't be used: {error}.") from None
    for client in found.cds_clients:
        _check_client(client)
    for server in found.smart_servers:
        for address in (server.issuer, *server.origins):
            _check_address(address, server.name)
    for address in (*found.cross_origins, *found.frame_ancestors):
        _check_origin(address)
    _check_once("issuer", [x.issuer for x in found.cds_clients])
    _check_once("issuer", [x.issuer for x in found.smart_servers])
    return msgspec.structs.replace(
        found,
        cds_clients=tuple(
            msgspec.structs.replace(x, keys_file=_beside(folder, x.keys_file, x.name))
            for x in found.cds_clients
        ),
        smart_servers=tuple(
            msgspec.structs.replace(x, key_file=_beside(folder, x.key_file, x.name))
            for x in found.smart_servers
        ),
    )


def _place(issuer: str) -> tuple[Origin, str]:
    """An address as it is compared: its parsed origin and the path behind it."""
    origin = origin_of(issuer)
    return origin, issuer.split("://", 1)[1].partition("/")[2].rstrip("/")


def _check_client(client: CdsClient) -> None:
    if bool(client.keys_file) == bool(client.keys_address):
        raise NotUsable(f"{client.name} needs either keys_file or keys_address. Give one of them.")
    for address in (*client.fhir_servers, *filter(None, (client.keys_address,))):
        _check_address(address, client.name)


def _check_address(address: str, name: str) -> None:
    try:
        origin_of(address)
    except NotAnAddress as error:
        raise NotUsable(f"{name}: {address!r} can't be used: {error}") from None


def _check_origin(address: str) -> None:
    _check_address(address, "[record_system]")
    if address != str(origin_of(address)):
        raise NotUsable(
            f"{address!r} is no origin. Give scheme, host and port only: {origin_of(address)}."
        )


def _check_once(what: str, values: list[str]) -> None:
    twice = next((x for x in values if values.count(x) > 1), None)
    if twice is not None:
        raise NotUsable(f"The {what} {twice!r} appears twice in [record_system]. Remove one.")


def _beside(folder: Path, name: str, whose: str) -> str:
    if not name:
        return ""
    file = folder / name
    if not file.is_file():
        raise NotUsable(f"{whose}: there is no file {file}. Correct the name.")
    return str(file)
