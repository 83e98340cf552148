"""Where a browser goes on to after the sign-in: to a page of this board, and nowhere else."""

from __future__ import annotations

import re

__all__ = ["HOME", "local_path"]

HOME = "/"

_LONGEST = 300
# plain letters only: what browsers read in two ways (\\, //, %, tabs, dots that go up) is not among
# them
_LOCAL = re.compile(r"(?:/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)+(?:\?[A-Za-z0-9_.=&-]*)?")
_NOT_AGAIN = ("/sign-in", "/signed-out", "/start", "/password", "/leave")


def local_path(given: str) -> str:
    """The path of a page of ours that was asked for; the first page instead of anything else."""
    if len(given) > _LONGEST or not _LOCAL.fullmatch(given):
        return HOME
    return HOME if given.startswith(_NOT_AGAIN) else given
