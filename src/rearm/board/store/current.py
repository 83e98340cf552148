"""Whether a stored answer is that of the knowledge and software of today."""

from __future__ import annotations

from rearm.board.store.tables import Result
from rearm.knowledge.bundle import bundled
from rearm.version import __version__

__all__ = ["is_of_today"]


def is_of_today(result: Result) -> bool:
    """Of another software or knowledge the same record may have another answer."""
    return (result.software, result.knowledge_hash) == (__version__, bundled().hash)
