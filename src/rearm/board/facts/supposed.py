"""What would move if facts were so: made in the child process from stored rows, never kept."""

from __future__ import annotations

import msgspec

from rearm.board.child.answering import Kept, Supposed, suppose
from rearm.board.child.worker import Worker
from rearm.board.facts.contexts import Moved
from rearm.board.store.tables import Result

__all__ = ["MadeBy", "made_by_of", "supposed"]

MadeBy = tuple[str, str]
"""The version of the software and the hash of the knowledge."""


def made_by_of(result: Result) -> MadeBy:
    """What made an answer that is kept."""
    return result.software, result.knowledge_hash


def supposed(worker: Worker, kept: Kept, made_by: MadeBy) -> Moved:
    """What the new facts of `kept` would move, compared with an answer that `made_by` made. Raises
    NotUsable with a sentence where one does not fit the record.
    """
    found = msgspec.json.decode(worker.do(suppose, kept), type=Supposed)
    return Moved(
        assumed=found.assumed,
        moves=found.moves,
        groups=found.groups,
        state=found.state,
        first=found.first,
        other_version=made_by != (found.software, found.knowledge_hash),
    )
