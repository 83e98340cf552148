"""Reading a TOML file that a person wrote, with advice for whoever does not know TOML.

For knowledge, mappings and the plans of trials.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from typing import Any

from rearm.characters import first_harmful

__all__ = ["parsed"]


def parsed(content: bytes) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises ValueError with the line, what stands there and what to do.
    """
    try:
        text = content.decode("utf-8-sig")  # editors on Windows put a mark in front
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"line {line} contains a character that is not UTF-8. Save the file as UTF-8"
        ) from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(_explained(str(error), text)) from None
    for value in _texts(tables):
        if (harmful := first_harmful(value)) is not None:
            raise ValueError(
                f"the text {value[:40]} contains the character {harmful!a}, which is not text "
                "or changes the direction of writing. Remove it"
            )
    return tables


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        yield from chain.from_iterable(map(_texts, value.values()))
    elif isinstance(value, list):
        yield from chain.from_iterable(map(_texts, value))


def _explained(error: str, text: str) -> str:
    where = re.search(r"\s*\(at line (\d+), column \d+\)", error)
    if where is None:  # at the end of the document
        return f"{error}. {_advice(error, '')}"
    number = int(where[1])
    lines = text.splitlines()
    line = lines[number - 1].strip() if number <= len(lines) else ""
    excerpt = line if len(line) <= 90 else line[:89] + "…"
    return f"{error.replace(where[0], '')}, line {number}: {excerpt}\n  {_advice(error, line)}"


_ADVICE_BY_LINE = (
    (re.compile("[“”„‘’«»]"), 'Write straight quotation marks ("), not curly ones'),
    (
        re.compile(r"=\s*(True|False|TRUE|FALSE|[Yy]es|[Nn]o)\b"),
        "Write true or false, in lower case and without quotation marks",
    ),
    (re.compile(r"\d\s*%"), "Write the number alone, without the per cent sign"),
    (re.compile(r"=\s*-?\d+,\d"), "Write a decimal point, not a comma"),
    (
        re.compile(r"=\s*[<>≤≥~]?\s*\d[\d.]*\s*[A-Za-z/<>≤≥~]+"),
        "Write the number alone, without a unit",
    ),
)
_ADVICE_BY_ERROR = (
    ("Illegal character", "A text must end on its line: close it with a quotation mark"),
    (
        "Cannot declare",
        (
            "An entry that may be repeated needs double brackets, such as [[rule]], like the "
            "others in this file"
        ),
    ),
    (
        "Cannot overwrite",
        (
            "The same word appears twice in one entry, or a heading has different brackets from "
            "those above it"
        ),
    ),
    (
        "Cannot mutate",
        (
            "An entry that may be repeated needs double brackets, such as [[rule]], like the "
            "others in this file"
        ),
    ),
    (
        "Expected newline",
        "Nothing may follow a text on its line; inside a text use ' instead of a quotation mark",
    ),
    ("Invalid date", "This day does not exist; write a date as 2024-03-31"),
    ("Unclosed", "A bracket or a comma is missing before this place"),
)


def _advice(error: str, line: str) -> str:
    for sign, advice in _ADVICE_BY_LINE:
        if sign.search(line):
            return advice
    for start, advice in _ADVICE_BY_ERROR:
        if error.startswith(start):
            return advice
    return 'Compare it with its neighbours: word = value, texts between ", lists between [ and ]'
