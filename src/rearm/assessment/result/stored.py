"""A stored result read strictly: what is no work of Rearm is refused with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from rearm.characters import first_non_text
from rearm.errors import InputError, RearmError
from rearm.strict_json import parse_json

__all__ = ["SCHEMA_VERSION", "ResultError", "check_schema", "read_strictly"]

SCHEMA_VERSION: Literal["2-draft"] = "2-draft"
_LARGEST = 10**18  # what is larger is no day, no count and no place


class ResultError(RearmError):
    """A stored result that can't be used; `str()` is a sentence.

    >>> import rearm
    >>> try:
    ...     rearm.Assessment.from_json("{}")
    ... except rearm.ResultError as error:
    ...     print(type(error).__name__)
    ResultError
    """


def read_strictly(text: str | bytes) -> Any:
    """The plain value of a stored result. Raises ResultError with a sentence where it is none."""
    try:
        plain = parse_json(text, "The result")
    except InputError as error:
        raise ResultError(str(error)) from None
    for value in _leaves(plain):
        if isinstance(value, str):
            odd = first_non_text(value)
            if odd is not None:
                raise ResultError(f"The result holds a character that is no text: {odd!a}.")
        elif isinstance(value, int) and abs(value) >= _LARGEST:
            raise ResultError(f"The result holds a number that is too large: {value:.3g}.")
    return plain


def check_schema(plain: Any) -> None:
    """Raises ResultError with a sentence where the value is of another schema than ours."""
    schema = _schema_of(plain)
    if schema == 1:
        raise ResultError(
            "This result has schema 1, of Rearm 0.1.0, which can't be drawn alone. Assess the"
            " patient again with this version."
        )
    if schema != SCHEMA_VERSION:
        raise ResultError(
            f"This is no result of schema {SCHEMA_VERSION}, which this version of Rearm reads."
        )


def _schema_of(plain: Any) -> Any:
    if not isinstance(plain, dict):
        return None
    versions = plain.get("versions")
    return plain.get("schema", versions.get("schema") if isinstance(versions, dict) else None)


def _leaves(value: Any) -> Iterator[Any]:
    """Every name, text, number and constant of a parsed value."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from _leaves(part)
    else:
        yield value
