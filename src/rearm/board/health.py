"""A board that runs is asked whether it is ready: for a container, a service manager, a script."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException
from pathlib import Path

import msgspec

from rearm.board.address import host_at
from rearm.board.monitoring.contexts import Ready
from rearm.board.refusals import NotUsable
from rearm.board.settings import Settings, secret_of
from rearm.board.store.folder import BoardFolder
from rearm.board.web.guards import READY

__all__ = ["health"]

_SECONDS = 10
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def health(folder: Path, settings: Settings | None = None) -> Ready:
    """What the board of this folder or configuration tells of itself. Raises NotUsable with a
    sentence where it does not run, or tells this machine nothing.
    """
    settings = settings or Settings()
    host, port = _place(folder, settings)
    token = "" if settings.monitoring is None else secret_of(
        settings.monitoring, "token", optional=True
    )  # fmt: skip
    named = settings.origin.removeprefix("https://") or host_at(port)
    headers = {"Host": named} | ({"Authorization": f"Bearer {token}"} if token else {})
    asked = HTTPConnection(host, port, timeout=_SECONDS)
    try:
        asked.request("GET", READY, headers=headers)
        answer = asked.getresponse()
        body = answer.read()
    except (OSError, HTTPException) as error:
        raise NotUsable(
            f"No board answers at {host}:{port} ({type(error).__name__}). `rearm serve` starts one."
        ) from None
    finally:
        asked.close()
    if answer.status not in (200, 503):
        raise NotUsable(
            f"What answers at {host}:{port} tells this machine nothing (status {answer.status}). "
            f"Add {host} to the addresses of [monitoring] in the configuration."
        )
    try:
        return msgspec.json.decode(body, type=Ready)
    except msgspec.DecodeError:
        raise NotUsable(f"What answers at {host}:{port} is no board of this version.") from None


def _place(folder: Path, settings: Settings) -> tuple[str, int]:
    host = _EVERY_ADDRESS.get(settings.host, settings.host)
    if settings.is_public and settings.port:
        return host, settings.port
    noted = BoardFolder(folder).port
    try:
        return host, int(noted.read_text(encoding="ascii"))
    except (OSError, ValueError):
        raise NotUsable(f"No board has run in {folder} yet. Start it with rearm serve.") from None
