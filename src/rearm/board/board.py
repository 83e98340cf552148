"""One board: its folder, its database, the child processes, the address at which it answers."""

from __future__ import annotations

import shutil

from sqlalchemy import select

from rearm.board.address import host_at, local_user
from rearm.board.child import reading
from rearm.board.child.pool import Pool
from rearm.board.child.worker import Worker
from rearm.board.exchange.configuration import RecordSystem
from rearm.board.exchange.keys import KeysAtAddress
from rearm.board.people import sessions
from rearm.board.store import audit, uploads
from rearm.board.store.database import Database
from rearm.board.store.folder import BoardFolder
from rearm.board.store.tables import FIRST_TENANT, AuditRow

__all__ = ["Board"]

_CARDERS = 2  # processes that compute cards; a physician waits for one


class Board:
    """Everything that a request may need. `close` ends the child processes."""

    def __init__(
        self,
        folder: BoardFolder,
        database: Database,
        *,
        port: int,
        record_system: RecordSystem | None = None,
    ) -> None:
        self.folder, self.database, self.port = folder, database, port
        self.record_system = record_system
        self.fetched_keys: dict[str, KeysAtAddress] = {}
        self.reader = Worker(what="This file", seconds=120, megabytes=3072)
        self.drawer = Worker(what="The page", seconds=60, megabytes=3072)
        self.carders = Pool(
            [Worker(what="The card", seconds=15, megabytes=1024) for _ in range(_CARDERS)],
            patience=5,
        )

    @property
    def host(self) -> str:
        return host_at(self.port)

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    @property
    def cookie(self) -> str:
        """Its name; cookies know no ports, so two boards of one machine have two names."""
        return f"rearm_board_{self.port}"

    def link(self) -> str:
        """An address that opens one session."""
        return f"{self.origin}/start/{sessions.new_link(self.database, local_user())}"

    def is_new(self) -> bool:
        """Whether nothing has ever been done on this board."""
        with self.database.reading() as session:
            return session.scalar(select(AuditRow.number).limit(1)) is None

    def take_in_examples(self) -> int:
        """Takes in the invented patients; gives how many there are."""
        folder = reading.examples()
        if folder is None:
            return 0
        who = local_user()
        read = self.reader.do(reading.read_examples, folder)
        upload = uploads.keep_read(
            self.database, FIRST_TENANT, who, "invented patients of Rearm", b"", read
        )
        with self.database.writing() as session:
            seen = uploads.seen_mark({})
            return len(uploads.take_in(session, FIRST_TENANT, upload, who, seen, invented=True))

    def opened(self) -> None:
        """Notes the start; removes files that a run which was killed left behind."""
        for left in self.folder.incoming.iterdir():
            shutil.rmtree(left, ignore_errors=True)
        with self.database.writing() as session:
            audit.append(session, local_user(), "board_opened")

    def close(self) -> None:
        self.reader.close()
        self.drawer.close()
        self.carders.close()
        self.database.close()
