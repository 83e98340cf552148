"""A stored result read strictly: what no Rearm wrote is refused with a sentence."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any, Literal

from rearm.errors import RearmError

__all__ = ["SCHEMA_VERSION", "ResultError", "check_schema", "read_strictly"]

SCHEMA_VERSION: Literal["2-draft"] = "2-draft"
_DIGITS = 18  # of a whole number; what is larger is no day, no count and no place
# control characters (as JSON escapes them; a line break and a tab may be), those that turn the
# direction of a text, halves of pairs, and what is no character at all: intake lets none through
_ODD_CHARACTER = re.compile(
    r"(?<!\\)(?:\\\\)*\\(?:u00[01][0-9a-f]|[bfr])"
    "|[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


class ResultError(RearmError):
    """A stored result that can't be used; `str()` is a sentence."""


def read_strictly(text: str | bytes) -> Any:
    """The plain value of a stored result. Raises ResultError with a sentence where it is none."""
    try:
        plain = json.loads(
            text,
            object_pairs_hook=_each_key_once,
            parse_constant=_no_constant,
            parse_int=_whole_number,
            parse_float=_finite_number,
        )
    except RecursionError:
        raise ResultError("This is no result: its parts are nested too deeply.") from None
    except ValueError as error:
        raise ResultError(f"This is no JSON that can be read ({error}).") from None
    odd = _ODD_CHARACTER.search(json.dumps(plain, ensure_ascii=False))
    if odd is not None:
        raise ResultError(
            f"The result holds a character that Rearm never writes: {odd.group(0)!a}."
        )
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


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for name, n in Counter(name for name, _ in pairs).items() if n > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _whole_number(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"{text[:_DIGITS]}... is too large a number")
    return int(text)


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:_DIGITS]} is too large a number")
    return number
