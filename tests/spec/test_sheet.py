"""The sheet: one page, few words, nothing of weight cut."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from markupsafe import escape
from tests.support.answered import answered

from rearm.report import page
from rearm.report.assessment.answer_words import answer_lines
from rearm.report.sheet import sheet
from rearm.report.sheet.contents import sheet_contents
from rearm.report.words import capital

WORDS = 500  # outside the cells of the table; the two legal lines do not count
OPEN_AT_MOST = 5


class _Words(HTMLParser):
    """The words outside table cells, style and footer."""

    skipped = ("td", "style", "footer", "title")

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.depth += tag in self.skipped

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag in self.skipped

    def handle_data(self, data: str) -> None:
        if not self.depth:
            self.words += re.findall(r"\w+", data)


def _words(text: str) -> int:
    counter = _Words()
    counter.feed(text)
    return len(counter.words)


RESULTS = answered()
# What stands before the figure where the answer is the same over a range.
RANGE = r"(?:below |above |between [\d.]+ and )?"


@pytest.mark.parametrize("name", sorted(RESULTS))
def test_the_sheet_of_each_patient_is_short_and_cuts_nothing_of_weight(name: str) -> None:
    result = RESULTS[name]
    text = sheet(result)
    assert _words(text) <= WORDS
    shown = [x for tier in result.answer.tiers for x in tier.strategies if x.open]
    assert len(shown) <= OPEN_AT_MOST
    weighty = [alert.text for alert in result.alerts] + [a.text for a in result.actions]
    assert [x for x in weighty if _escaped(x) not in text] == []
    for placed in shown:
        assert capital(result.titles.strategies[placed.strategy]) in text
        assert result.option(placed.option).verdict in ("open", "needs_information", None)


def _escaped(text: str) -> str:
    return str(escape(text))


def test_each_value_that_a_test_may_show_stands_with_its_unit() -> None:
    """A figure without its unit is of no use: `uninvolved IgG is 360 mg/dL`."""
    told = set()
    for name, result in RESULTS.items():
        text = sheet(result) + page(result)
        for finding, unit in result.titles.units.items():
            label = re.escape(str(escape(result.titles.findings[finding])))
            for shown in re.findall(rf"{label}(?: is|:) {RANGE}[\d.]+(.*)", text):
                assert shown.startswith(f" {escape(unit)}"), (name, finding, shown[:40])
                told.add(finding)
    assert {"igg", "platelets", "creatinine_clearance"} <= told


def test_each_patient_with_tiers_is_shown_something_to_decide_on() -> None:
    deciding = {name: x for name, x in answered().items() if x.answer.tiers}
    assert len(deciding) >= 35
    for name, result in deciding.items():
        assert answer_lines(result), name


def test_choose_is_said_only_where_something_treats_the_myeloma() -> None:
    choosing = {name: x for name, x in answered().items() if x.answer.state == "choose"}
    assert len(choosing) >= 25
    roles = ("definitive", "observe", "local")
    for name, result in choosing.items():
        assert any(result.option(x.option_id).role in roles for x in answer_lines(result)), name


def test_supportive_medication_is_no_line_of_the_case() -> None:
    assert "tocilizumab" in {a for t in answered()["E13"].therapies for a in t.agents}
    assert "tocilizumab" not in sheet(answered()["E13"])


def test_nothing_is_arranged_for_what_waits_for_a_confirmed_progression() -> None:
    shown = sheet_contents(answered()["SYN-09"])
    assert shown.lines and shown.lines[0].line.tier == "situational"
    assert any(text == "Only if progression is confirmed." for text in shown.lines[0].why)
    assert (shown.checklist, shown.arranged, shown.before_start) == ((), (), "")


def test_the_trial_is_named_as_one() -> None:
    headings = {name: sheet_contents(result).before_start for name, result in answered().items()}
    assert headings["SYN-05"] == "Before the trial"
    assert "Before the start of Talquetamab" in headings.values()
