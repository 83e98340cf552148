"""What programs have done in the child processes. Few wait at once; the others are told to come
again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from rearm.board.api.contexts import BundleGiven, TablesGiven
from rearm.board.board import Board
from rearm.board.child.given import ReadGiven, read_given
from rearm.board.child.worker import Worker
from rearm.board.refusals import Busy

__all__ = ["done_in", "read_of_given"]

Item = TypeVar("Item")
Made = TypeVar("Made")


def read_of_given(board: Board, given: BundleGiven | TablesGiven) -> ReadGiven:
    """What is read of a record, and the answers. Raises Busy, Died, NotUsable."""
    read = done_in(board, board.reader, read_given, msgspec.json.encode(given))
    return msgspec.json.decode(read, type=ReadGiven)


def done_in(board: Board, worker: Worker, work: Callable[[Item], Made], item: Item) -> Made:
    """A piece of work for a program. Raises Busy where too many wait."""
    with _place(board):
        return worker.do(work, item)


@contextmanager
def _place(board: Board) -> Iterator[None]:
    if not board.api_work.acquire(blocking=False):
        raise Busy("Too many programs wait for an answer. Try again in a few seconds.")
    try:
        yield
    finally:
        board.api_work.release()
