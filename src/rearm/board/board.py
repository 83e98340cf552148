"""One board: its folder, its database, the child processes, the address at which it answers."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from sqlalchemy import select

from rearm.board.address import host_at, local_user
from rearm.board.child import reading
from rearm.board.child.pool import Pool
from rearm.board.child.worker import Worker
from rearm.board.exchange.configuration import RecordSystem
from rearm.board.exchange.keys import KeysAtAddress
from rearm.board.people import sessions, users
from rearm.board.rate import Rate
from rearm.board.settings import Settings, secret_of
from rearm.board.store import audit, retention, uploads
from rearm.board.store.database import Database
from rearm.board.store.folder import BoardFolder
from rearm.board.store.jobs import Press
from rearm.board.store.tables import FIRST_TENANT, AuditRow
from rearm.self_test import require_self_test

if TYPE_CHECKING:
    from starlette.responses import Response

    from rearm.board.people.providers import Provider

__all__ = ["CALLBACK", "Board"]

CALLBACK = "/sign-in/provider/back"
"""Where a provider sends users back."""

_CARDERS = 2  # processes that compute cards; a physician waits for one


class Board:
    """Everything that a request may need. `close` ends the child processes."""

    def __init__(
        self,
        folder: BoardFolder,
        database: Database,
        *,
        port: int,
        settings: Settings | None = None,
        record_system: RecordSystem | None = None,
    ) -> None:
        self.folder, self.database, self.port = folder, database, port
        self.settings = settings or Settings()
        self.provider = _provider(self.settings, f"{self.origin}{CALLBACK}")
        self.record_system = record_system
        self.monitoring_token = _monitoring_token(self.settings)
        self.fetched_keys: dict[str, KeysAtAddress] = {}
        self.self_tested: datetime | None = None  # when this installation gave the known answers
        self.reader = Worker(what="This file", seconds=120, megabytes=3072, begin=require_self_test)
        self.drawer = Worker(what="The page", seconds=60, megabytes=3072)
        self.printer = Worker(what="The report", seconds=300, megabytes=3072)
        self.carders = Pool(
            [
                Worker(what="The card", seconds=15, megabytes=1024, begin=require_self_test)
                for _ in range(_CARDERS)
            ],
            patience=5,
        )
        self.api_rate = Rate(per_minute=300, at_once=60)
        self.api_work = BoundedSemaphore(8)  # pieces of work of programs that wait for a process
        self.press = Press(database, lambda: self.printer)

    @property
    def host(self) -> str:
        """What a request must name as its host."""
        return self.settings.origin.removeprefix("https://") or host_at(self.port)

    @property
    def origin(self) -> str:
        return self.settings.origin or f"http://{self.host}"

    @property
    def idle(self) -> timedelta | None:
        """How long a session lasts without use; None where nobody set it."""
        return self.settings.idle if self.settings.is_public else None

    @property
    def longest(self) -> timedelta | None:
        """How long a session lasts at most; None where nobody set it."""
        return self.settings.longest if self.settings.is_public else None

    @property
    def cookie(self) -> str:
        """Its name; cookies know no ports, so two boards of one machine have two names."""
        return "__Host-rearm" if self.settings.is_public else f"rearm_board_{self.port}"

    @property
    def browser_cookie(self) -> str:
        """The name of the cookie by which a browser is known before anybody is signed in."""
        return f"{self.cookie}_browser"

    @property
    def kept_cookie(self) -> str:
        """The name of the cookie that tells the next page what was kept."""
        return f"{self.cookie}_kept"

    def set_cookie(
        self, answer: Response, name: str, value: str, *, seconds: int | None = None
    ) -> None:
        """A cookie that only this board reads, and no script; `seconds`: for how long, else until
        the browser is closed.
        """
        secure = self.settings.is_public
        answer.set_cookie(
            name, value, max_age=seconds, httponly=True, samesite="lax", path="/", secure=secure
        )

    def forget_cookie(self, answer: Response, name: str) -> None:
        # browsers refuse a `__Host-` cookie without Secure, also one that takes it back
        secure = self.settings.is_public
        answer.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")

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
        """Notes the start; removes files that a run which was killed left behind, and what nobody
        needs any more.
        """
        for left in self.folder.incoming.iterdir():
            shutil.rmtree(left, ignore_errors=True)
        with self.database.writing() as session:
            retention.end_waiting(session, self.settings.not_taken_in_days)
            retention.purge(session, links=sessions.LINK_LIFE, sessions=sessions.LONGEST)
            audit.append(session, local_user(), "board_opened")
            for tenant in self.settings.tenants:
                users.add_tenant(session, local_user(), tenant.id, tenant.name)
        self.press.wake()  # reports that were asked for before it was stopped

    def close(self) -> None:
        self.reader.close()
        self.drawer.close()
        self.carders.close()
        self.press.close()
        self.printer.close()
        self.database.close()


def _monitoring_token(settings: Settings) -> str:
    """Empty where there is none."""
    if settings.monitoring is None:
        return ""
    return secret_of(settings.monitoring, "token", optional=True)


def _provider(settings: Settings, callback: str) -> Provider | None:
    oidc = settings.oidc
    if oidc is None:
        return None
    from rearm.board.people.providers import Provider  # it takes a second; few boards need it

    return Provider(oidc, secret_of(oidc, "client_secret"), callback, settings.contact)
