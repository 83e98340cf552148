"""The program that runs: a board opened from its folder, answering on this machine, or to a proxy
before it.
"""

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
from rearm.board.settings import Settings, database_address
from rearm.board.store.database import Database
from rearm.board.store.folder import BoardFolder, open_board
from rearm.board.store.upgrade import upgrade
from rearm.board.store.utc import now
from rearm.cohort.store.lock import locked
from rearm.self_test import require_self_test

__all__ = ["listening", "serve"]

_MOST_OPEN = 1000  # connections that may be open; how many are worked on is the crowd guard's


def serve(
    folder: Path,
    *,
    port: int,
    examples: bool,
    tell: Callable[[str], None],
    settings: Settings | None = None,
    database: str | None = None,
    record_system: RecordSystem | None = None,
) -> None:
    """Opens the board of a folder and answers until it is interrupted. `port` 0: any that is free.
    `settings`: the configuration of a board for many. `database`: the address of the server that
    keeps the patients, once it is to be noted. `record_system`: with which record systems data are
    exchanged; None: with none. Raises NotUsable with a sentence where folder, database, port or
    configuration can't be used, and SelfTestFailed where this installation does not give the known
    answers: then nothing is opened and no table is changed.
    """
    require_self_test()
    os.umask(0o077)
    settings = settings or Settings()
    place = open_board(folder, database or database_address(settings) or None)
    with locked(place.path):
        _serve(
            place,
            port,
            examples=examples,
            tell=tell,
            settings=settings,
            record_system=record_system,
        )


def _serve(
    place: BoardFolder,
    port: int,
    *,
    examples: bool,
    tell: Callable[[str], None],
    settings: Settings,
    record_system: RecordSystem | None,
) -> None:
    database = Database(place.where)
    upgrade(place, database)
    taken = listening(port, settings.host)
    board = Board(
        place,
        database,
        port=taken.getsockname()[1],
        settings=settings,
        record_system=record_system,
    )
    board.self_tested = now()
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
        _tell_how_to_enter(board, tell)
        kept = place.path if isinstance(place.where, Path) else database.told
        tell(f"Patients are kept here: {kept}. Stop with Ctrl+C.")
        _server(board).run(sockets=[taken])
    finally:
        board.close()
        taken.close()


def _tell_how_to_enter(board: Board, tell: Callable[[str], None]) -> None:
    if board.settings.is_public:
        tell(f"At the board: {board.origin}, for the proxy on {board.settings.host}:{board.port}")
        tell("Users sign in. `rearm serve user add` makes the first one.")
        return
    tell(f"At the board: {board.link()}")
    tell("Open this link in a browser on this machine; it works once, within 15 minutes.")


def listening(port: int, host: str = ADDRESS) -> socket.socket:
    """A socket that already waits for who follows the link, on this machine where no other address
    is named. Raises NotUsable with a sentence where the port can't be opened.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
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
