"""What each role may do. A right that stands nowhere in the table is given to nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from rearm.board.settings import Role

__all__ = ["ALL", "MAY", "ROLES", "Permission", "allowed"]

Permission = Literal["read", "edit", "decide", "export", "administer"]

ALL: frozenset[str] = frozenset(get_args(Permission))

ROLES: tuple[Role, ...] = get_args(Role)

MAY: Mapping[Role, frozenset[Permission]] = {
    "reader": frozenset({"read"}),
    "editor": frozenset({"read", "edit"}),
    "chair": frozenset({"read", "edit", "decide"}),
    "data_manager": frozenset({"read", "export"}),
    # who gives rights reads of no patient
    "administrator": frozenset({"administer"}),
}


def allowed(roles: Iterable[str]) -> frozenset[str]:
    """What somebody with these roles may do; a role that is none gives nothing."""
    given = set(roles)
    return frozenset().union(*(may for role, may in MAY.items() if role in given))
