"""What one patient's result depends on, as a hash: equal hashes, equal results."""

from __future__ import annotations

import hashlib
from datetime import date
from functools import cache

import msgspec

from rearm import __version__
from rearm.knowledge.bundle import Knowledge
from rearm.record import Record
from rearm.response.criteria import load_criteria

__all__ = ["fingerprint"]

_ENCODER = msgspec.json.Encoder()


def fingerprint(
    record: Record,
    knowledge: Knowledge,
    *,
    as_of: int | date | None = None,
    region: str | None = None,
) -> str:
    """A hash (hexadecimal) of every event of the record with its place in the input, its issues,
    the knowledge, the criteria, the version of the program and the two settings.
    """
    parts = (
        __version__,
        knowledge.hash,
        load_criteria().version,
        _criteria_hash(),
        "" if as_of is None else str(as_of),
        region or "",
    )
    hashed = hashlib.sha256("\x1f".join(parts).encode("utf-8"))
    hashed.update(_ENCODER.encode(record))
    return hashed.hexdigest()


@cache
def _criteria_hash() -> str:
    return hashlib.sha256(repr(load_criteria()).encode("utf-8")).hexdigest()
