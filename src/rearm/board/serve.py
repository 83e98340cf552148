"""The program that runs: a board opened from its folder, answering on this machine only."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from rearm.board.address import ADDRESS
from rearm.board.app import make_app
from rearm.board.board import Board
from rearm.board.child import carding
from rearm.board.child.pool import warm
from rearm.board.exchange.configuration import RecordSystem
from rearm.board.refusals import NotUsable
from rearm.board.store.database import Database
from rearm.board.store.folder import BoardFolder, open_board
from rearm.cohort.store.lock import locked

__all__ = ["serve"]

_MOST_OPEN = 1000  # connections that may be open; how many are worked on is the crowd guard's


def serve(
    folder: Path,
    *,
    port: int,
    examples: bool,
    tell: Callable[[str], None],
    record_system: RecordSystem | None = None,
) -> None:
    """Opens the board of a folder and answers until it is interrupted. `port` 0: any that is free.
    `record_system`: with which record systems data are exchanged; None: with none.
    Raises NotUsable with a sentence where folder, database or port can't be used.
    """
    os.umask(0o077)
    place = open_board(folder)
    with locked(place.path):
        _serve(place, port, examples=examples, tell=tell, record_system=record_system)


def _serve(
    place: BoardFolder,
    port: int,
    *,
    examples: bool,
    tell: Callable[[str], None],
    record_system: RecordSystem | None,
) -> None:
    database = Database(place.database)
    database.bring_up_to_date()
    listening = _listening(port)
    port = listening.getsockname()[1]
    board = Board(place, database, port=port, record_system=record_system)
    try:
        is_new = board.is_new()
        board.opened()
        if is_new and examples:
            tell("Preparing the invented patients, which takes a few seconds ...")
            board.take_in_examples()
        if record_system is not None:
            board.carders.warm(carding.card_of_nobody, 0)
            warm(board.reader, carding.card_of_nobody, 0)
        place.port.write_text(str(board.port), encoding="ascii")
        tell(f"At the board: {board.link()}")
        tell("Open this link in a browser on this machine; it works once, within 15 minutes.")
        tell(f"The patients are kept in {place.path}. Stop with Ctrl+C.")
        _server(board).run(sockets=[listening])
    finally:
        board.close()
        listening.close()


def _listening(port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((ADDRESS, port))
        found.listen()  # from now on who follows the link waits, and is not refused
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            raise NotUsable(
                f"Port {port} is in use by another program. Name another with --port, or 0 for any "
                "that is free."
            ) from None
        raise NotUsable(
            f"Port {port} can't be opened ({error.strerror}). Name another with --port."
        ) from None
    return found


def _server(board: Board) -> uvicorn.Server:
    config = uvicorn.Config(
        make_app(board),
        access_log=False,  # addresses are no secret, but nobody asked for a list of them
        log_level="error",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        ws="none",
        limit_concurrency=_MOST_OPEN,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=3,
    )
    return uvicorn.Server(config)
