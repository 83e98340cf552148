"""What a record says, apart from places, the wording of values, and order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from rearm.record import EVENT_FIELDS, Record, Source

__all__ = ["told"]

_NOWHERE = Source("", "")
_PERSON = (
    "patient_id",
    "sex",
    "birth_date",
    "birth_year",
    "day_zero",
    "diagnosis_day",
    "heavy_chain",
    "light_chain",
    "last_seen_day",
)


def told(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(record, name) for name in _PERSON}
    for name in EVENT_FIELDS:
        bare = (
            replace(e, source=_NOWHERE, **({"as_given": ""} if hasattr(e, "as_given") else {}))
            for e in getattr(record, name)
        )
        found[name] = Counter(repr(e) for e in bare)
    return found
