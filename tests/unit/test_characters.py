"""Characters that are no text are found, replaced, and shown without harm."""

from __future__ import annotations

import pytest

from rearm.characters import first_harmful, first_non_text, formula_free, inert, printable, replaced
from rearm.report.style import environment

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


@pytest.mark.parametrize(
    ("harmful", "instead"),
    [
        *((odd, "\ufffd") for odd in NO_TEXT),
        *((turn, "\ufffd") for turn in "\u061c\u200e\u200f\u202a\u202e\u2066\u2069"),
        ("\u2028", " "),
        ("\u2029", " "),
    ],
)
def test_what_would_do_harm_is_replaced(harmful: str, instead: str) -> None:
    """A turn of the direction of writing, and a separator of lines, are text and do harm."""
    assert first_harmful(f"KRd{harmful}") == harmful
    assert replaced(f"K{harmful}Rd") == f"K{instead}Rd"


@pytest.mark.parametrize("text", ["", "a\tb\r\nc", "é ü 中", "\u00a0", "\u200b", "\U0001f600"])
def test_what_does_no_harm_stays(text: str) -> None:
    assert first_harmful(text) is None
    assert replaced(text) == text


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+49 341 97", "'+49 341 97"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-cmd", "'-cmd"),
        ("\t=1", "'\t=1"),
        ("-8", "-8"),
        ("-0.5", "-0.5"),
        ("+1,5e3", "+1,5e3"),
        ("< 0.5", "< 0.5"),
        ("", ""),
    ],
)
def test_no_cell_of_a_table_is_computed(text: str, cell: str) -> None:
    assert formula_free(text) == cell


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


def test_a_page_holds_no_harmful_text_wherever_it_came_from() -> None:
    page = environment().from_string("<p>{{ text }}</p>").render(text="a\u202eb\ud800<\u2028")
    assert page == "<p>a\ufffdb\ufffd&lt; </p>"
