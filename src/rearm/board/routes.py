"""Every address of the board, each with what a session must be allowed to do there."""

from __future__ import annotations

from rearm.board.administration.addresses import ADDRESSES as ADMINISTRATION
from rearm.board.api.addresses import ADDRESSES as API
from rearm.board.api.declare import ApiRoute
from rearm.board.board import Board
from rearm.board.break_glass.addresses import ADDRESSES as BREAK_GLASS
from rearm.board.centre.addresses import ADDRESSES as CENTRE
from rearm.board.compare.addresses import ADDRESSES as COMPARE
from rearm.board.decision.addresses import ADDRESSES as DECISION
from rearm.board.door.addresses import ADDRESSES as DOOR
from rearm.board.entry.addresses import ADDRESSES as ENTRY
from rearm.board.exports.addresses import ADDRESSES as EXPORTS
from rearm.board.follow_up.addresses import ADDRESSES as FOLLOW_UP
from rearm.board.history.addresses import ADDRESSES as HISTORY
from rearm.board.keeping.addresses import ADDRESSES as KEEPING
from rearm.board.knowledge.addresses import ADDRESSES as KNOWLEDGE
from rearm.board.meeting.addresses import ADDRESSES as MEETING
from rearm.board.monitoring.addresses import monitoring_routes
from rearm.board.overrule.addresses import ADDRESSES as OVERRULE
from rearm.board.patient.addresses import ADDRESSES as PATIENT
from rearm.board.printing.addresses import ADDRESSES as PRINTING
from rearm.board.record_system.addresses import system_routes
from rearm.board.upload.addresses import ADDRESSES as UPLOAD
from rearm.board.web.declare import Address, BoardRoute
from rearm.board.what_if.addresses import ADDRESSES as WHAT_IF
from rearm.board.worklist.addresses import ADDRESSES as WORKLIST

__all__ = ["ADDRESSES", "routes"]

ADDRESSES: tuple[Address, ...] = (
    *DOOR,
    *ADMINISTRATION,
    *BREAK_GLASS,
    *WORKLIST,
    *UPLOAD,
    *MEETING,
    *FOLLOW_UP,
    *HISTORY,
    *CENTRE,
    *KNOWLEDGE,
    *ENTRY,
    *DECISION,
    *COMPARE,
    *WHAT_IF,
    *OVERRULE,
    *KEEPING,
    *PRINTING,
    *EXPORTS,
    *PATIENT,
)
"""An address stands before one that would take it in."""


def routes(board: Board) -> list[BoardRoute]:
    """All addresses, joined to a board."""
    return [
        *(BoardRoute(address, board) for address in ADDRESSES),
        *(ApiRoute(address, board) for address in API),
        *system_routes(board),
        *monitoring_routes(board),
    ]
