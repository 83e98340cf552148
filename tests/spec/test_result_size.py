"""A result and its page stay small, and hold texts only: no markup, no picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import pytest
from tests.support.loops import some
from tests.support.results import example_records, examples, failed_examples, generated

import rearm
from rearm.record import Record, Source, When
from rearm.report import page

PANEL = (
    "neutrophils", "platelets", "hemoglobin", "creatinine",
    "serum_m_protein", "kappa_flc", "lambda_flc", "calcium_corrected",
)  # fmt: skip
MARKUP = re.compile(r"<[A-Za-z/!][^>]*>")
FROM_THE_KNOWLEDGE = (
    "options", "reasons", "citations", "publications", "evidence",
    "support", "notes", "titles", "tests", "causes", "alerts",
)  # fmt: skip


def size(text: str) -> int:
    return len(text.encode())


def test_a_result_of_a_failed_example_is_small() -> None:
    results = failed_examples()
    assert len(results) == 9
    assert all(len(example_records()[a.patient_id].labs) <= 100 for a in results)
    assert median(size(a.to_json()) for a in results) <= 300_000


def test_a_page_of_a_failed_example_is_small() -> None:
    pages = [page(a) for a in failed_examples()]
    assert len(pages) == 9
    assert all("<svg" in drawn for drawn in pages)
    assert max(map(size, pages)) <= 400_000


def with_labs(record: Record, tests: tuple[str, ...], days: range) -> Record:
    """The record with a row of each test on each day, as its own rows are."""
    like = {lab.test: lab for lab in record.labs}
    labs = [
        replace(like[test], when=When.on(day), source=Source("labs.csv", f"row {1000 + day}"))
        for day in days
        for test in tests
    ]
    return replace(record, labs=record.labs + tuple(labs))


@pytest.mark.parametrize(
    ("tests", "step"),
    [(PANEL, 8), (PANEL, 1), (("serum_m_protein",), 1)],
    ids=["every week", "every day", "one test"],
)
def test_a_further_row_of_the_input_adds_little(tests: tuple[str, ...], step: int) -> None:
    record = example_records()["SYN-04"]
    last = record.last_day()
    assert last is not None
    days = range(last - step * 1000 // len(tests), last, step)
    grown = with_labs(record, tests, days)
    added = len(grown.labs) - len(record.labs)
    assert added == 1000
    more = size(rearm.assess(grown).to_json()) - size(examples()["SYN-04"].to_json())
    assert 0 < more <= 250 * added


def texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for key, value in part.items():
            yield key
            yield from texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from texts(value)


def test_no_text_of_the_knowledge_is_markup() -> None:
    seen = set()
    for assessment in some((*examples().values(), *generated(100))):
        plain = assessment.to_dict()
        seen |= {text for part in FROM_THE_KNOWLEDGE for text in texts(plain[part])}
    assert len(seen) > 2000
    assert [text for text in seen if MARKUP.search(text)] == []
    assert MARKUP.search("a <b>word</b>") and MARKUP.search('<svg width="1">')
    assert not MARKUP.search("below <0.5 and >2, or x <y")


def test_a_result_holds_no_picture() -> None:
    for assessment in some(examples().values()):
        text = assessment.to_json()
        assert "<svg" in page(assessment)
        assert "<svg" not in text and "data:image" not in text


def test_nothing_that_is_empty_or_said_twice_is_stored() -> None:
    """Each reason, finding and row stands once, and none without a use."""
    for assessment in some(failed_examples()):
        assert len(set(assessment.rows)) == len(assessment.rows)
        used = {citation.source for citation in assessment.citations.values()}
        assert used == set(assessment.publications)
        assert {o.evidence for o in assessment.options} == set(assessment.evidence)
        lines = {name for option in assessment.options for name in option.support}
        assert lines == set(assessment.support)
