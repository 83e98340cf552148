"""The sheet: one page, few words, nothing of weight cut."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from markupsafe import escape
from tests.support.results import examples

import rearm
from rearm.assessment.result import Assessment
from rearm.intake import read_tables
from rearm.report.sheet import sheet

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


def _vignettes() -> dict[str, Assessment]:
    found = {}
    for name in ("vignettes", "vignettes_2"):
        text = Path("tests/data", f"{name}.yaml").read_text("utf-8")
        for one in yaml.safe_load(text):
            (record,) = read_tables(one["tables"]).records
            found[one["id"]] = rearm.assess(
                record, as_of=one.get("as_of"), region=one.get("region")
            )
    return found


RESULTS: dict[str, Assessment] = {**examples(), **_vignettes()}


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
        assert result.titles.strategies[placed.strategy] in text
        assert result.option(placed.option).verdict in ("open", "needs_information", None)


def _escaped(text: str) -> str:
    return str(escape(text))
