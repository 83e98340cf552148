"""The addresses of the worklist."""

from __future__ import annotations

from rearm.board.store import audit
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, page
from rearm.board.worklist import contents
from rearm.board.worklist.contexts import Worklist

__all__ = ["ADDRESSES"]


def worklist(asked: Asked) -> Worklist:
    with asked.board.database.writing() as session:
        audit.append(session, asked.who, "worklist_seen")
        return contents.worklist(session, asked.tenant)


ADDRESSES: tuple[Address, ...] = (*page("/worklist", worklist),)
