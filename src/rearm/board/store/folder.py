"""The folder of a board, readable by its owner alone: its database, or the address of the server
that holds it.
"""

from __future__ import annotations

import os
from pathlib import Path

from rearm.board.refusals import NotUsable
from rearm.board.store.postgres import without_password

__all__ = ["BoardFolder", "default_folder", "existing_board", "open_board", "write_private"]

_DATABASE = "board.sqlite"
_ADDRESS = "database"  # the server that holds the patients, without the password
_COPIES = "board.before-*.sqlite"
_INCOMING = "incoming"
_PORT = "port"


class BoardFolder:
    """A folder that is a board's. `incoming` holds files while they are read, `port` the number of
    the port at which it last answered.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / _DATABASE
        self.address = path / _ADDRESS
        self.incoming = path / _INCOMING
        self.port = path / _PORT
        self._url: str | None = None

    @property
    def where(self) -> Path | str:
        """The database: a file, or the address of a server."""
        if self._url is not None:
            return self._url
        if self.address.is_file():
            return self.address.read_text(encoding="utf-8").strip()
        return self.database

    def on_server(self, url: str) -> None:
        """The patients of this board are kept by a server; its address is noted, its password is
        not. Raises NotUsable where they are kept elsewhere.
        """
        plain = without_password(url)
        noted = self.address.read_text(encoding="utf-8").strip() if self.address.is_file() else None
        if noted not in (None, plain):
            raise NotUsable(
                f"The patients of {self.path} are kept in another database ({noted}). Name another "
                "folder."
            )
        if self.database.exists():
            raise NotUsable(
                f"The patients of {self.path} are kept in a file there. Name another folder; "
                "`rearm serve backup` and `rearm serve restore` bring them to the server."
            )
        if noted is None:
            write_private(self.address, plain.encode("utf-8"))
        self._url = url

    def copy_before(self, revision: str) -> Path:
        """Where a copy of the database goes before it is changed."""
        return self.path / _COPIES.replace("*", revision)

    def remove_copies(self) -> None:
        """Removes the copies from before an upgrade."""
        for copy in self.path.glob(_COPIES):
            copy.unlink()


def default_folder() -> Path:
    """Where a board lies unless another folder is named."""
    from platformdirs import user_data_path

    return user_data_path("rearm", appauthor=False) / "board"


def open_board(path: Path, url: str | None = None) -> BoardFolder:
    """The board of a folder; an empty folder, or one that is not there yet, becomes one. Only its
    owner can read what lies in it. `url`: of the server that keeps the patients, once it is to be
    noted. Raises NotUsable with a sentence where the folder is none.
    """
    if path.exists() and not path.is_dir():
        raise NotUsable(f"{path} is a file. Name a folder for the board with --folder.")
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    board = BoardFolder(path)
    if not _is_board(board) and any(path.iterdir()):
        raise NotUsable(
            f"{path} is not the folder of a board: it contains other files. Name an empty folder, "
            "or one that `rearm serve` made."
        )
    path.chmod(0o700)
    if url is not None:
        board.on_server(url)
    if isinstance(board.where, Path):
        os.close(os.open(board.database, os.O_RDWR | os.O_CREAT, 0o600))
        board.database.chmod(0o600)
    board.incoming.mkdir(exist_ok=True, mode=0o700)
    board.incoming.chmod(0o700)
    return board


def existing_board(path: Path, url: str | None = None) -> BoardFolder:
    """The board of a folder in which one already lies. Raises NotUsable with a sentence."""
    board = BoardFolder(path)
    if not _is_board(board):
        raise NotUsable(f"{path} is not the folder of a board. Name one that `rearm serve` made.")
    if url is not None:
        board.on_server(url)
    return board


def write_private(file: Path, data: bytes) -> None:
    """A new file that only its owner reads. Raises FileExistsError where there is one."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(data)


def _is_board(board: BoardFolder) -> bool:
    return board.database.is_file() or board.address.is_file()
