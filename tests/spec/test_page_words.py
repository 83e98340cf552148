"""The page of a patient says at most half of what it said when it listed every option by role, and
what a test before the choice must never miss still stands first.
"""

from __future__ import annotations

import re
from statistics import median

import pytest
from scripts.page_words import page_words
from tests.support.loops import some
from tests.support.results import examples, failed_examples

from rearm.report import page

# Medians of the eleven examples, measured with scripts/page_words.py on the page of 0.2.0.dev0 that
# listed all options by role and 19 tests first (commit dda999b): outside of folds, and in all.
SEEN_BEFORE, TOTAL_BEFORE = 2041, 31243

PAGES = {name: page(result, with_picture=False) for name, result in examples().items()}


def test_the_page_has_at_most_half_of_the_words() -> None:
    counted = [page_words(text) for text in PAGES.values()]
    assert len(counted) == 11
    assert median(words.seen for words in counted) <= SEEN_BEFORE / 2
    assert median(words.total for words in counted) <= TOTAL_BEFORE / 2


@pytest.mark.parametrize(
    ("markup", "seen", "total"),
    [
        ("<p>one two</p>", 2, 2),
        ("<details><summary>one</summary>two three</details>", 1, 3),
        ("<details open><summary>one</summary>two</details>", 2, 2),
        ("<details><summary>a</summary><details><summary>b</summary>c</details></details>", 1, 3),
        ("<style>a b</style><svg><text>c</text></svg><p>d</p>", 1, 1),
    ],
)
def test_words_are_counted(markup: str, seen: int, total: int) -> None:
    words = page_words(markup)
    assert (words.seen, words.total) == (seen, total)


def test_at_most_four_tests_stand_before_the_choice_and_the_others_in_one_line() -> None:
    for result in some(failed_examples()):
        text = PAGES[result.patient_id]
        before = text.partition("<h2>Before deciding</h2>")[2].partition("</ol>")[0]
        assert before.count("<li>") == len(result.tests) <= 4
        line = text.partition("ncomplete:</b>")[2].partition("</p>")[0]
        assert all(test.name in line for test in result.further_tests[:6])
        assert (f"and {len(result.further_tests) - 6} more" in line) is (
            len(result.further_tests) > 6
        )
        folded = text.partition('<details id="tests"')[2].partition("</details>")[0]
        assert all(test.name in folded for test in result.next_tests)
        assert "What must be known first" not in text


def test_nothing_is_drawn_without_content() -> None:
    for result in some(failed_examples()):
        text = PAGES[result.patient_id]
        causes = text.partition('id="causes"')[2].partition('id="basis"')[0]
        for score in result.causes.scores:
            assert (f"<td>{score.name}" in causes) == (score.category is not None)
        assert not re.search(r"<h3>[^<]*</h3>\s*<h3>", causes)
        for group in result.causes.groups:
            shown = [f for f in group.factors if f.grade in ("established", "likely", "possible")]
            heading = re.search(rf"<h3>{re.escape(_title(group.group))}: ", causes)
            assert bool(heading) == bool(shown or group.undecided)
        assert "no evidence read" not in text


def _title(group: str) -> str:
    from markupsafe import escape

    from rearm.report.words import words

    return str(escape(words(group)))


def test_each_reason_stands_whole_once() -> None:
    for text in some(PAGES.values()):
        ids = re.findall(r'<li id="(r\d+|s\d+)"', text)
        assert len(ids) == len(set(ids))
        links = set(re.findall(r'href="#((?:r|s)\d+)"', text))
        assert links <= set(ids)


def test_what_is_not_known_is_said_as_what_would_apply() -> None:
    for result in some(failed_examples()):
        text = PAGES[result.patient_id]
        assert "Not known whether" not in text
        unknown = text.partition("Unknown; each would apply")[2].partition("</details>")[0]
        items = re.findall(r'<li id="r\d+">(.{8})', unknown)
        assert items and set(items) == {"If so &#"}
