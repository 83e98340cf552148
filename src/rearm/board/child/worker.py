"""Work in a child process with limits: what crashes, hangs or eats memory there costs one request.

The process stays for the next request and is replaced when it had to be ended, and from time to
time. It is spawned, never forked: nothing of this process is inherited.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import connection
from multiprocessing.context import SpawnProcess
from threading import Lock, Thread
from time import monotonic
from typing import Any, TypeVar, cast

from rearm.board.refusals import Busy, Died, NotUsable
from rearm.errors import RearmError

__all__ = ["Worker"]

Item = TypeVar("Item")
Made = TypeVar("Made")

_RECYCLED = 200  # pieces of work of one process
_MEGABYTE = 2**20
_GRACE = 10  # seconds within which a process is started and another ended


class Worker:
    """One child process. `seconds` and `megabytes` limit one piece of work; `what` names it in
    sentences (`This file`). `begin`: what each process does before its first piece of work; where
    that raises a RearmError, the work is refused with its sentence and the process ends.
    """

    def __init__(
        self,
        *,
        what: str,
        seconds: float,
        megabytes: int,
        begin: Callable[[], None] | None = None,
    ) -> None:
        self._what, self._seconds, self._megabytes = what, seconds, megabytes
        self._begin = begin
        self._busy_since: float | None = None
        self._lock = Lock()
        self._process: SpawnProcess | None = None
        self._pipe: connection.Connection | None = None
        self._done = 0

    def do(self, work: Callable[[Item], Made], item: Item) -> Made:
        """`work(item)`, which must be picklable. Raises NotUsable with a sentence where the work
        refused the item or ran out of time or memory, Died where it brought the process down.
        """
        with self._lock, self._noted():
            pipe = self._started()
            try:
                pipe.send((work, item))
                if not pipe.poll(self._seconds):
                    self._end()
                    raise NotUsable(
                        f"{self._what} took longer than {self._seconds:.0f} seconds. Nothing was "
                        "kept of it."
                    )
                kind, value = cast("tuple[str, Any]", pipe.recv())
            except (EOFError, OSError):
                self._end()
                raise Died(
                    f"{self._what} brought the process down that worked on it (too large for its "
                    "memory, or a fault of Rearm). Nothing was kept of it."
                ) from None
            self._done += 1
            if self._done >= _RECYCLED or kind == "unfit":
                self._end()  # the next piece of work is for a new process, which begins again
        if kind == "made":
            return cast("Made", value)
        raise self._refusal(*(value if kind == "unfit" else (kind, value)))

    def is_stuck(self) -> bool:
        """Whether one piece of work takes longer than its limit, after which it is ended: then
        nothing will be answered any more.
        """
        since = self._busy_since
        return since is not None and monotonic() - since > self._seconds + _GRACE

    @contextmanager
    def _noted(self) -> Iterator[None]:
        self._busy_since = monotonic()
        try:
            yield
        finally:
            self._busy_since = None

    def close(self) -> None:
        """Ends the process, also in the middle of a piece of work, of which nothing is kept."""
        process = self._process
        if process is not None:
            process.kill()
        with self._lock:
            self._end()

    def _refusal(self, kind: str, value: Any) -> NotUsable:
        if kind == "refused":
            return NotUsable(value)
        if kind == "memory":
            return NotUsable(f"{self._what} needs more memory than is given to it.")
        return NotUsable(
            f"{self._what} could not be worked on because of an internal error ({value}). This is "
            "a bug in Rearm; please report it. Nothing was kept."
        )

    def _started(self) -> connection.Connection:
        if self._pipe is not None and self._process is not None and self._process.is_alive():
            return self._pipe
        self._end()
        os.environ.setdefault("POLARS_MAX_THREADS", "1")  # inherited
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        given = (theirs, self._megabytes, self._begin)
        process = context.Process(target=_serve, args=given, daemon=True)
        try:
            process.start()
        except OSError as error:
            raise Busy(f"No process can be started ({error.strerror}). Try again.") from None
        theirs.close()
        self._process, self._pipe, self._done = process, ours, 0
        return ours

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


def _serve(pipe: connection.Connection, megabytes: int, begin: Callable[[], None] | None) -> None:
    """What the child does: piece after piece, until its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    _limit(megabytes)
    kind, told = ("made", None) if begin is None else _answer(lambda _: begin(), None)
    while True:
        try:
            work, item = pipe.recv()
        except EOFError:
            return
        if kind != "made":
            pipe.send(("unfit", (kind, told)))
            return
        pipe.send(_answer(work, item))


def _answer(work: Callable[[Any], Any], item: Any) -> tuple[str, Any]:
    try:
        return "made", work(item)
    except RearmError as error:
        return "refused", str(error)
    except MemoryError:
        return "memory", ""
    except Exception as error:
        return "fault", type(error).__name__


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _limit(megabytes: int) -> None:
    """Memory that can be written to; the address space says nothing, since engines reserve it."""
    try:
        import resource
    except ImportError:  # a system without limits
        return
    most = megabytes * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold patients
