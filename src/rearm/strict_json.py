"""JSON read strictly: what a lenient parser would let pass in silence is refused with a sentence.

Refused: names that stand twice in one object, NaN and infinities, numbers beyond a double, nesting
over 64 levels, text that is not UTF-8, unpaired surrogates, a file that ends in the middle, and
files over the size limit.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

from rearm.errors import InputError

__all__ = ["MAX_BYTES", "MAX_DEPTH", "load_json", "parse_json"]

MAX_DEPTH = 64
MAX_BYTES = 64 * 1024 * 1024
# characters of a number; longer ones can't be a measurement and cost quadratic time to read
_LONGEST_NUMBER = 400
_WHOLE_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def load_json(path: Path, *, max_bytes: int = MAX_BYTES) -> Any:
    """The content of a JSON file. Raises InputError with a sentence where the file is missing, too
    large or not strict JSON.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe or a device never ends
            raise InputError(f"{path.name} is not a regular file. Give a JSON file.")
        size = path.stat().st_size
        if size > max_bytes:
            raise InputError(
                f"{path.name} is {size / 2**20:.0f} MiB, and JSON files are read up to "
                f"{max_bytes / 2**20:.0f} MiB. Split it into one file per patient."
            )
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.name} can't be read: {error.strerror or error}.") from error
    return parse_json(raw, path.name)


def parse_json(raw: bytes | str, name: str, *, first_line: int = 1) -> Any:
    """The value that `raw` holds; `name` is shown in the sentence, `first_line` is the number of
    its first line in a file of which it is a part. Raises InputError where it is not strict JSON.
    """
    text = raw if isinstance(raw, str) else _decoded(raw, name)
    if not text.strip():
        raise InputError(f"{name} is empty. Give a file with one JSON value.")
    reader = _StrictParser(name)
    try:
        value = json.loads(
            text,
            object_pairs_hook=reader.members,
            parse_constant=reader.constant,
            parse_float=reader.real,
            parse_int=reader.whole,
        )
    except InputError:
        raise
    except RecursionError as error:
        raise InputError(
            f"{name} is nested deeper than {MAX_DEPTH} levels and is not read."
        ) from error
    except json.JSONDecodeError as error:
        raise InputError(_not_json(error, text, name, first_line)) from error
    if not _is_plain(text):
        _check(value, name)
    return value


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not UTF-8 text (byte {error.start + 1}). JSON must be stored as UTF-8."
        ) from error


class _StrictParser:
    def __init__(self, name: str) -> None:
        self.name = name

    def members(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            twice = next(key for key, count in Counter(k for k, _ in pairs).items() if count > 1)
            raise InputError(
                f"{self.name}: the name {_short(twice)} appears twice in one object, so its "
                "value is unclear. Remove one of them."
            )
        return found

    def constant(self, text: str) -> NoReturn:
        raise InputError(
            f"{self.name} contains {text}, which is not a number in JSON. Leave the value out "
            "if nothing was measured."
        )

    def real(self, text: str) -> float:
        value = float(text) if len(text) <= _LONGEST_NUMBER else math.inf
        if value == 0 and any(c in "123456789" for c in text.lower().split("e")[0]):
            raise InputError(
                f"{self.name}: the number {_short(text)} is too close to 0 to be read."
            )
        if math.isinf(value):
            raise InputError(
                f"{self.name}: the number {_short(text)} is too large or too long to be read."
            )
        return value

    def whole(self, text: str) -> int:
        if len(text) > 300:
            raise InputError(
                f"{self.name}: the number {_short(text)} is too large or too long to be read."
            )
        return int(text)


def _is_plain(text: str) -> bool:
    """Whether a text is too simple to hold what `_check` refuses: a look that is much faster."""
    brackets = text.count("{") + text.count("[")
    return brackets <= MAX_DEPTH and text.isascii() and "\\u" not in text


def _check(root: Any, name: str) -> None:
    """Depth and text of a parsed value, without recursion."""
    level = [root]
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH and any(isinstance(value, dict | list) for value in level):
            raise InputError(f"{name} is nested deeper than {MAX_DEPTH} levels and is not read.")
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif (
                isinstance(value, str)
                and not value.isascii()
                and any("\ud800" <= c <= "\udfff" for c in value)
            ):
                raise InputError(
                    f"{name} contains half of a surrogate pair (\\ud800 to \\udfff), which is "
                    "not a character. Correct the text there."
                )
        level = below


def _not_json(error: json.JSONDecodeError, text: str, name: str, first_line: int) -> str:
    line = error.lineno + first_line - 1
    open_string = text.startswith('"', error.pos) and not _WHOLE_STRING.match(text, error.pos)
    if open_string or error.pos >= len(text.rstrip()):
        return (
            f"{name} ends in the middle of a value (line {line}): the file is truncated."
            " Export it again."
        )
    return f"{name} is not JSON: {error.msg} at line {line}, column {error.colno}."


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
