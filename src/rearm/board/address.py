"""Where a board answers, and who runs it."""

from __future__ import annotations

import getpass
import os

__all__ = ["ADDRESS", "host_at", "local_user"]

ADDRESS = "127.0.0.1"
"""This machine itself, and no other."""


def host_at(port: int) -> str:
    """The address with its port, as a browser names it."""
    return f"{ADDRESS}:{port}"


def local_user() -> str:
    """Who runs the program on this machine, as the system knows them (a variable of the
    environment could name anybody); the audit names them.
    """
    try:
        import pwd
    except ImportError:  # a system without this list of users
        return getpass.getuser()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"
