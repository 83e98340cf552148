"""The report on the terminal is the sheet in at most 60 lines of 100 columns; `--full` adds what
stands behind it.
"""

from __future__ import annotations

import pytest
from tests.support.answered import answered
from tests.support.results import terminal_text

from rearm.report.sheet.contents import sheet_contents

LINES = 60
COLUMNS = 100
RESULTS = answered()


@pytest.mark.parametrize("name", sorted(RESULTS))
def test_the_sheet_is_short_and_cuts_nothing_of_weight(name: str) -> None:
    result = RESULTS[name]
    lines = terminal_text(result, width=200).splitlines()
    assert max(map(len, lines)) <= COLUMNS  # also on a wider terminal
    assert len(lines) <= LINES
    text = " ".join(" ".join(lines).split())
    sheet = sheet_contents(result)
    for alert in result.alerts:
        assert " ".join(alert.text.split()) in text
    for action in result.actions:
        assert " ".join(action.text.split()) in text
    for line in sheet.lines:
        assert f"{line.line.strategy}: {line.line.option}" in text
        assert [label for label in line.first if label not in text] == []
    assert [label for label in sheet.checklist if label not in text] == []


def test_what_stands_behind_the_sheet_is_printed_on_request() -> None:
    result = RESULTS["SYN-04"]
    short, full = terminal_text(result, width=COLUMNS), terminal_text(result, full=True)
    for heading in ("Why did it fail?", "Tests that are incomplete", "Options, by these rules"):
        assert heading in full and heading not in short
    assert len(full.splitlines()) > 3 * len(short.splitlines())
    for option in result.options:
        assert " ".join(option.name.split()[:2]) in full
