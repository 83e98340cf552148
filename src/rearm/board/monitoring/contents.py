"""The state of a board, without a count or a name of patients."""

from __future__ import annotations

from rearm.board.board import Board
from rearm.board.monitoring.contexts import DatabaseState, Ready, Reports, SelfTest
from rearm.board.refusals import Refusal
from rearm.board.store import jobs
from rearm.board.store.utc import utc_text
from rearm.version import __version__

__all__ = ["ready"]


def ready(board: Board) -> Ready:
    """Whether the board can answer, part by part."""
    database, reports = _database(board), None
    if database.ok:
        with board.database.reading() as session:
            waiting, longest = jobs.queue(session)
        reports = Reports(waiting=waiting, longest_seconds=longest)
    tested = board.self_tested
    self_test = SelfTest(
        ok=tested is not None, passed_at="" if tested is None else utc_text(tested)
    )
    processes = {
        "reading": not board.reader.is_stuck(),
        "drawing": not board.drawer.is_stuck(),
        "printing": not board.printer.is_stuck(),
        "cards": not board.carders.is_stuck(),
    }
    return Ready(
        ready=database.ok and self_test.ok and all(processes.values()),
        version=__version__,
        database=database,
        self_test=self_test,
        processes=processes,
        reports=reports,
    )


def _database(board: Board) -> DatabaseState:
    expected = board.database.newest()
    try:
        revision = board.database.revision() or ""
    except Refusal:  # it says where the database is, which is not for everybody
        revision = ""
    return DatabaseState(ok=revision == expected, revision=revision, expected=expected)
