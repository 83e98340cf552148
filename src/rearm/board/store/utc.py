"""Times as the store keeps them: text in UTC, since SQLite has no times and loses a zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Dialect, String
from sqlalchemy.types import TypeDecorator

__all__ = ["UtcText", "moment_of", "moment_words", "now", "utc_text"]

_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def utc_text(moment: datetime) -> str:
    """`2026-11-30T08:15:00.000000Z`; texts sort as the moments do. Raises ValueError without a
    zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a time without a zone is no moment")
    return moment.astimezone(UTC).strftime(_FORM)


def moment_of(text: str) -> datetime:
    """The moment that `utc_text` wrote."""
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)


def moment_words(moment: datetime) -> str:
    """`2026-11-30 08:15 UTC`, as pages show it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


class UtcText(TypeDecorator[datetime]):
    """A column of moments."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else utc_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else moment_of(value)
