"""The addresses for record systems: the cards of CDS Hooks, and the launch of SMART."""

from __future__ import annotations

from rearm.board.board import Board
from rearm.board.record_system.cds import ADDRESSES as CDS
from rearm.board.record_system.launch import ADDRESSES as LAUNCH
from rearm.board.record_system.requests import SystemRoute

__all__ = ["system_routes"]


def system_routes(board: Board) -> list[SystemRoute]:
    """The addresses joined to a board. Without a record system in the configuration there is
    nothing at any of them.
    """
    return [SystemRoute(address, board) for address in (*CDS, *LAUNCH)]
