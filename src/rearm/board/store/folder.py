"""The folder of a board: one database, readable by its owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from rearm.board.refusals import NotUsable

__all__ = ["BoardFolder", "default_folder", "existing_board", "open_board"]

_DATABASE = "board.sqlite"
_INCOMING = "incoming"
_PORT = "port"


class BoardFolder:
    """A folder that is a board's. `incoming` holds files while they are read, `port` the number of
    the port at which it last answered.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / _DATABASE
        self.incoming = path / _INCOMING
        self.port = path / _PORT


def default_folder() -> Path:
    """Where a board lies unless another folder is named."""
    from platformdirs import user_data_path

    return user_data_path("rearm", appauthor=False) / "board"


def open_board(path: Path) -> BoardFolder:
    """The board of a folder; an empty folder, or one that is not there yet, becomes one. Only its
    owner can read what lies in it. Raises NotUsable with a sentence where the folder is none.
    """
    if path.exists() and not path.is_dir():
        raise NotUsable(f"{path} is a file. Name a folder for the board with --folder.")
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    board = BoardFolder(path)
    if not board.database.exists() and any(path.iterdir()):
        raise NotUsable(
            f"{path} is not the folder of a board: it contains other files. Name an empty folder, "
            "or one that `rearm serve` made."
        )
    path.chmod(0o700)
    os.close(os.open(board.database, os.O_RDWR | os.O_CREAT, 0o600))
    board.database.chmod(0o600)
    board.incoming.mkdir(exist_ok=True, mode=0o700)
    board.incoming.chmod(0o700)
    return board


def existing_board(path: Path) -> BoardFolder:
    """The board of a folder in which one already lies. Raises NotUsable with a sentence."""
    board = BoardFolder(path)
    if not board.database.is_file():
        raise NotUsable(f"{path} is not the folder of a board. Name one that `rearm serve` made.")
    return board
