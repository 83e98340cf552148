"""A board in a folder of a test, with somebody signed in, and without child processes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import msgspec
from starlette.testclient import TestClient
from tests.support.places import ROOT

from rearm.board.app import make_app
from rearm.board.board import Board
from rearm.board.child.pool import Pool
from rearm.board.child.reading import ReadFile, read_file
from rearm.board.child.worker import Worker
from rearm.board.people import sessions
from rearm.board.refusals import NotUsable
from rearm.board.settings import Settings
from rearm.board.store import uploads
from rearm.board.store.database import Database
from rearm.board.store.folder import open_board
from rearm.board.store.tables import FIRST_TENANT, Tenant
from rearm.errors import RearmError

__all__ = [
    "ON_FILE",
    "ON_SERVER",
    "PORT",
    "Visitor",
    "examples_read",
    "new_board",
    "other_tenant",
    "patient_named",
    "stock",
]

PORT = 8765
Item = TypeVar("Item")
Made = TypeVar("Made")


class _Here(Worker):
    """Work done in this process: what it does is tested here, its limits in `test_board_worker`."""

    def do(self, work: Callable[[Item], Made], item: Item) -> Made:
        try:
            return work(item)
        except RearmError as error:
            raise NotUsable(str(error)) from None


ON_SERVER: list[Callable[[], str]] = []
"""Where a test stands on a server by itself: gives the address of a new database (see conftest)."""

ON_FILE = ""  # on SQLite, wherever the tests stand


def new_board(folder: Path, url: str | None = None, *, settings: Settings | None = None) -> Board:
    """An empty board; `url`: of the server on which it stands, or `ON_FILE`."""
    fresh = not (folder.is_dir() and any(folder.iterdir()))
    if url is None and ON_SERVER and fresh:
        url = ON_SERVER[0]()
    place = open_board(folder, url or None)
    copied = fresh and not url
    if copied:
        place.database.write_bytes(_empty_database())
    database = Database(place.where)
    if not copied:
        database.bring_up_to_date()
    board = Board(place, database, port=PORT, settings=settings)
    board.reader = _Here(what="This file", seconds=60, megabytes=1024)
    board.drawer = _Here(what="The page", seconds=60, megabytes=1024)
    board.carders = Pool([_Here(what="The card", seconds=60, megabytes=1024)], patience=5)
    board.printer = _Here(what="The report", seconds=60, megabytes=1024)
    return board


@cache
def _empty_database() -> bytes:
    """That of a new board, made by all migrations once a process, since that takes a while."""
    with TemporaryDirectory() as folder:
        place = open_board(Path(folder) / "board")
        database = Database(place.database)
        database.bring_up_to_date()
        database.close()
        return place.database.read_bytes()


def other_tenant(board: Board) -> str:
    """A second tenant of the board, in which nobody works yet."""
    with board.database.writing() as session:
        session.add(Tenant(id="other", name="Another centre"))
    return "other"


@cache
def examples_read() -> ReadFile:
    """What is read of the invented patients."""
    return msgspec.json.decode(read_file(ROOT / "examples" / "tables"), type=ReadFile)


def stock(board: Board, *patients: str, tenant: str = FIRST_TENANT) -> dict[str, str]:
    """Takes in some of the invented patients of a tenant; gives their cases by their ids."""
    whole = examples_read()
    chosen = tuple(x for x in whole.patients if x.patient_id in patients)
    part = msgspec.json.encode(msgspec.structs.replace(whole, patients=chosen))
    upload = uploads.keep_read(board.database, tenant, "somebody", "examples.csv", b"x", part)
    with board.database.writing() as session:
        seen = uploads.seen_mark(uploads.versions_of(session, tenant, whole))
        if len(chosen) < len(whole.patients):
            read = uploads.read_of(uploads.upload_of(session, upload))
            assert read is not None
            seen = uploads.seen_mark(uploads.versions_of(session, tenant, read))
        cases = uploads.take_in(session, tenant, upload, "somebody", seen)
    return dict(zip((x.patient_id for x in chosen), cases, strict=True))


def patient_named(read: ReadFile, patient: str, other: str) -> ReadFile:
    """The file with one patient under another id, in every text that names the patient."""
    told = msgspec.json.encode(read).decode("utf-8")
    found: ReadFile = msgspec.json.decode(told.replace(patient, other).encode(), type=ReadFile)
    return found


class Visitor:
    """A browser without JavaScript: it keeps its cookie, sends forms as a page gave them."""

    def __init__(self, board: Board, *, signed_in: bool = True, **more: Any) -> None:
        self.board = board
        self.client = TestClient(
            make_app(board), base_url=board.origin, follow_redirects=False, **more
        )
        if signed_in:
            token = sessions.new_link(board.database, "somebody")
            answer = self.client.get(f"/start/{token}")
            assert answer.status_code == 303

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, **more)

    def post(self, path: str, data: dict[str, str] | None = None, **more: Any) -> Any:
        """As a form of our own page: with its token and the Origin that a browser sends."""
        fields = {"form_token": self.form_token(), **(data or {})}
        headers = {"origin": self.board.origin, **more.pop("headers", {})}
        return self.client.post(path, data=fields, headers=headers, **more)

    def form_token(self) -> str:
        cookie = self.client.cookies.get(self.board.cookie) or ""
        found = sessions.signed_in(self.board.database, cookie)
        return "" if found is None else found.form_token

    def hidden(self, path: str, name: str) -> str:
        """A hidden field of the page at this address."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.get(path).text)
        assert found is not None, f"{path} has no field {name}"
        return found[1]
