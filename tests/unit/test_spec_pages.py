"""The tables of tests/spec as printed in the docs are those that the tests run."""

from __future__ import annotations

from scripts.write_spec import pages, stale_pages
from tests.spec.test_imwg_boundaries import ROWS


def test_the_pages_are_fresh() -> None:
    assert stale_pages() == [], "run: make docs"


def test_every_limit_stands_on_its_page() -> None:
    text = pages()["response-limits.md"]
    assert [name for name, *_ in ROWS if f"| {name} |" not in text] == []
    assert len(ROWS) > 70
