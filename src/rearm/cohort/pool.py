"""Batches of work on several processes, with the results in the order of the batches.

Processes are spawned, never forked, so that it is the same on every system and no lock or thread of
the parent is inherited. No more than a few batches are under way: memory does not grow with their
number. Work that brings its process down ends nobody else's.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection
from threading import Thread
from typing import Any, TypeVar

__all__ = ["OneProcess", "ProcessEnded", "each_batch"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 2  # batches under way for each process: one that is worked on, one that waits


class ProcessEnded(Exception):
    """The process that worked on an item was ended from outside (killed, out of memory)."""


def each_batch(
    work: Callable[[Sequence[Item]], list[Result]],
    batches: Iterable[Sequence[Item]],
    *,
    jobs: int,
    prepare: Callable[..., None],
    settings: tuple[Any, ...],
    failed: Callable[[Item, Exception], Result],
) -> Iterator[list[Result]]:
    """`work(batch)` for each batch, in their order; with one job in this process.

    `prepare(*settings)` is called once in every process before its first batch. `failed` gives the
    result of an item whose process was ended; `work` itself answers for what goes wrong inside it.
    `work`, `prepare`, the settings and the items must be picklable.
    """
    if jobs <= 1:
        prepare(*settings)
        for batch in batches:
            yield work(batch)
        return
    pool = _Pool(work, jobs, prepare, settings, failed)
    try:
        yield from pool.results(batches)
    finally:
        pool.close()


def _nothing() -> None:
    """What a process is asked to do so that it starts."""


def _begin(prepare: Callable[..., None], settings: tuple[Any, ...]) -> None:
    """What a process does first. It leaves the keyboard to its parent and ends with it, even where
    the parent is killed and can tell nobody.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    prepare(*settings)


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


class OneProcess:
    """One further process, for work that may bring it down; it is replaced when that happens."""

    def __init__(
        self,
        work: Callable[[Sequence[Any]], list[Any]],
        prepare: Callable[..., None],
        settings: tuple[Any, ...],
    ) -> None:
        self._work, self._prepare, self._settings = work, prepare, settings
        self._executor: ProcessPoolExecutor | None = None

    def done(self, item: Any) -> Any | None:
        """What the work makes of one item; None where it brought the process down."""
        executor = self._executor = self._executor or _executor(1, self._prepare, self._settings)
        try:
            return executor.submit(self._work, [item]).result()[0]
        except BrokenProcessPool:
            self._executor = None
            return None

    def close(self) -> None:
        if self._executor is not None:
            self._executor.shutdown()


def _executor(
    jobs: int, prepare: Callable[..., None], settings: tuple[Any, ...]
) -> ProcessPoolExecutor:
    """Its processes share the cores by themselves: each has one thread for its tables."""
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # inherited; this process has its threads
    return ProcessPoolExecutor(
        max_workers=jobs,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(prepare, settings),
    )


class _Pool:
    """A process pool that is replaced when one of its processes is ended."""

    def __init__(
        self,
        work: Callable[[Sequence[Any]], list[Any]],
        jobs: int,
        prepare: Callable[..., None],
        settings: tuple[Any, ...],
        failed: Callable[[Any, Exception], Any],
    ) -> None:
        self.work, self.jobs, self.failed = work, jobs, failed
        self.prepare, self.settings = prepare, settings
        self.executor = self._started(jobs)

    def _started(self, jobs: int) -> ProcessPoolExecutor:
        executor = _executor(jobs, self.prepare, self.settings)
        for _ in range(jobs):  # they get ready while the first batch is made
            executor.submit(_nothing)
        return executor

    def close(self) -> None:
        self.executor.shutdown(wait=True, cancel_futures=True)

    def results(self, batches: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
        waiting: deque[tuple[Sequence[Any], Future[list[Any]]]] = deque()
        for batch in batches:
            waiting.append((batch, self._submitted(batch)))
            if len(waiting) >= _AHEAD * self.jobs:
                yield self._first(waiting)
        while waiting:
            yield self._first(waiting)

    def _submitted(self, batch: Sequence[Any]) -> Future[list[Any]]:
        try:
            return self.executor.submit(self.work, batch)
        except BrokenProcessPool:
            self.executor = self._started(self.jobs)
            return self.executor.submit(self.work, batch)

    def _first(self, waiting: deque[tuple[Sequence[Any], Future[list[Any]]]]) -> list[Any]:
        batch, future = waiting.popleft()
        try:
            return future.result()
        except BrokenProcessPool:
            # whose fault it was is not known: this batch is done again, patient by patient, apart
            # from the others, which go to a new pool
            self.executor = self._started(self.jobs)
            for place, (other, _) in enumerate(waiting):
                waiting[place] = (other, self._submitted(other))
            return self._one_by_one(batch)

    def _one_by_one(self, batch: Sequence[Any]) -> list[Any]:
        alone = OneProcess(self.work, self.prepare, self.settings)
        ended = ProcessEnded("its process was stopped")
        done = [
            self.failed(item, ended) if (result := alone.done(item)) is None else result
            for item in batch
        ]
        alone.close()
        return done
