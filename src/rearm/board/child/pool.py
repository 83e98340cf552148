"""Several child processes for one kind of work, kept warm: a request takes one that is free."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import Empty, LifoQueue
from threading import Thread
from typing import TypeVar

from rearm.board.child.worker import Worker
from rearm.board.refusals import Busy

__all__ = ["Pool", "warm"]

Item = TypeVar("Item")
Made = TypeVar("Made")


class Pool:
    """Workers that share the work. `patience`: seconds that a request waits for a free one."""

    def __init__(self, workers: Sequence[Worker], *, patience: float) -> None:
        self._workers, self._patience = tuple(workers), patience
        self._free: LifoQueue[Worker] = LifoQueue()
        for worker in self._workers:
            self._free.put(worker)

    def do(self, work: Callable[[Item], Made], item: Item) -> Made:
        """As `Worker.do`. Raises Busy where none is free in time."""
        try:
            worker = self._free.get(timeout=self._patience)
        except Empty:
            raise Busy("Too many requests are being worked on. Try again in a moment.") from None
        try:
            return worker.do(work, item)
        finally:
            self._free.put(worker)

    def warm(self, work: Callable[[Item], Made], item: Item) -> None:
        """Has each process do a first piece of work, beside everything else, so that a request
        does not wait for its start.
        """
        for worker in self._workers:
            warm(worker, work, item)

    def is_stuck(self) -> bool:
        """Whether one of them is."""
        return any(worker.is_stuck() for worker in self._workers)

    def close(self) -> None:
        for worker in self._workers:
            worker.close()


def warm(worker: Worker, work: Callable[[Item], Made], item: Item) -> None:
    """Has a process do a first piece of work, beside everything else."""
    Thread(target=_first, args=(worker, work, item), daemon=True).start()


def _first(worker: Worker, work: Callable[[Item], Made], item: Item) -> None:
    try:
        worker.do(work, item)
    except Exception:  # the first request will be told
        return
