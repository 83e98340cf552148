"""Several child processes for one kind of work: a request takes one that is free."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from rearm.board.child import pool
from rearm.board.child.pool import Pool
from rearm.board.child.worker import Worker
from rearm.board.refusals import Busy, NotUsable

pytestmark = pytest.mark.slow


@pytest.fixture
def two() -> Iterator[Pool]:
    workers = [Worker(what="The card", seconds=20, megabytes=400) for _ in range(2)]
    made = Pool(workers, patience=0.2)
    yield made
    made.close()


def _ident(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def _crash(_: float) -> int:
    os.abort()


def test_two_requests_are_worked_on_at_once_and_a_third_is_told(two: Pool) -> None:
    two.do(_ident, 0)
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(two.do(_ident, 2))) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    with pytest.raises(Busy, match="Too many requests"):
        two.do(_ident, 0)
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 2


def test_a_crash_costs_one_request(two: Pool) -> None:
    with pytest.raises(NotUsable, match="brought the process down"):
        two.do(_crash, 0)
    assert two.do(_ident, 0) != os.getpid()


def test_every_process_is_warmed(two: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Worker] = []
    monkeypatch.setattr(pool, "_first", lambda worker, work, item: begun.append(worker))
    two.warm(_ident, 0)
    for _ in range(100):
        if len(begun) == 2:
            break
        time.sleep(0.01)
    assert len(set(map(id, begun))) == 2
