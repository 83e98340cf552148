"""Where a board answers, and who runs it."""

from __future__ import annotations

import getpass

__all__ = ["ADDRESS", "host_at", "local_user"]

ADDRESS = "127.0.0.1"
"""This machine itself, and no other."""


def host_at(port: int) -> str:
    """The address with its port, as a browser names it."""
    return f"{ADDRESS}:{port}"


def local_user() -> str:
    """Who runs the program on this machine; the audit names them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "local user"
