"""Strict JSON: everything that a lenient parser would let pass is refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from rearm.errors import InputError
from rearm.strict_json import MAX_DEPTH, load_json, parse_json

REFUSED = [
    ('{"a": 1, "a": 2}', "appears twice"),
    ('{"a": {"b": 1, "b": 1}}', "appears twice"),
    ('{"a": NaN}', "NaN"),
    ('{"a": -Infinity}', "-Infinity"),
    ('{"a": 1e400}', "too large"),
    ('{"a": ' + "9" * 5000 + "}", "too large"),
    ('{"a": 0.' + "1" * 5000 + "}", "too large or too long"),
    ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested deeper"),
    ("[" * 200_000, "nested deeper"),
    ('{"a": "\\ud800"}', "surrogate"),
    ('{"\\udc00": 1}', "surrogate"),
    ('{"a": [1, 2', "truncated"),
    ('{"a": "text', "truncated"),
    ("", "empty"),
    ("  \n ", "empty"),
    ('{"a": 1} {"b": 2}', "is not JSON"),
    ("{'a': 1}", "is not JSON"),
    ('{"a": 01}', "is not JSON"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=range(len(REFUSED)))
def test_refused(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as error:
        parse_json(text, "p.json")
    assert "p.json" in str(error.value)
    assert len(str(error.value)) < 300


def test_read() -> None:
    assert parse_json(
        b'\xef\xbb\xbf{"a": [1, 2.5, null, true, "\\ud83d\\ude00 \xc2\xb5"]}', "p.json"
    ) == {"a": [1, 2.5, None, True, "😀 µ"]}


def test_depth_at_the_limit_is_read() -> None:
    assert parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH, "p.json")


def test_bytes_that_are_not_utf8() -> None:
    with pytest.raises(InputError, match="not UTF-8"):
        parse_json(b'{"a": "\xfc"}', "p.json")


def test_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        load_json(tmp_path / "none.json")
    (tmp_path / "big.json").write_text("[1, 2, 3]")
    with pytest.raises(InputError, match="up to"):
        load_json(tmp_path / "big.json", max_bytes=4)
    assert load_json(tmp_path / "big.json") == [1, 2, 3]


def test_a_name_that_stands_twice_among_many_is_found() -> None:
    """In steps that grow with the number of names: counted one by one, these were 10 ** 11."""
    names = ", ".join(f'"{i}": 0' for i in range(300_000))
    with pytest.raises(InputError, match="'299999' appears twice"):
        parse_json(f'{{{names}, "299999": 1}}', "p.json")
