"""Characters that are no text are found, replaced, and shown without harm."""

from __future__ import annotations

import pytest

from rearm.characters import first_non_text, inert, printable, replaced

NO_TEXT = [
    "\x00",
    "\x0b",
    "\x1b",
    "\x7f",
    "\x9b",
    "\ud800",
    "\udfff",
    "\ufdd0",
    "\ufffe",
    "\U0010ffff",
]
TEXT = ["", "a\tb\r\nc", "é ü 中", "\u200e", "\u202e", "\u00a0", "\U0001f600", "\ufffd"]


@pytest.mark.parametrize("odd", NO_TEXT)
def test_what_is_no_text(odd: str) -> None:
    assert first_non_text(f"KRd{odd}") == odd
    assert replaced(f"K{odd}Rd") == "K\ufffdRd"
    assert odd not in inert(odd) and odd not in printable(odd)


@pytest.mark.parametrize("text", TEXT)
def test_what_is_text(text: str) -> None:
    assert first_non_text(text) is None
    assert replaced(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\nb"),
        ("progression\rnone", "progression none"),
        ("a\tb", "a b"),
        ("\u202edRK", "\ufffddRK"),
        ("\u2066dRK\u2069", "\ufffddRK\ufffd"),
        ("é 中", "é 中"),
    ],
)
def test_a_line_on_a_terminal_reads_as_it_stands(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_what_a_screen_may_not_show_is_escaped() -> None:
    assert printable("a\u202eb\x1bc") == "a\\u202eb\\x1bc"
