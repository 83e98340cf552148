"""The table of patients: what a coordinator looks for, one line each, and no measure that treats
nothing in the column of choices.
"""

from __future__ import annotations

import re
from html import unescape

import pytest
from tests.support.answered import answered
from tests.support.loops import some

from rearm.assessment import Assessment
from rearm.report.assessment.index import IndexRow, index_row
from rearm.report.assessment.page import index_page

RESULTS = answered()
TREAT = ("definitive", "observe")


def row(name: str) -> IndexRow:
    return index_row(f"{name}.html", RESULTS[name])


def strategies(result: Assessment, *, treating: bool) -> set[str]:
    """Titles of the strategies of which every option does, or does not, treat the myeloma."""
    roles: dict[str, set[str]] = {}
    for option in result.options:
        roles.setdefault(option.strategy, set()).add(option.role)
    return {
        result.titles.strategies[name]
        for name, found in roles.items()
        if bool(found & set(TREAT)) is treating
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "SYN-04",
            {
                "product": "cilta-cel",
                "lines": "5",
                "car_t": "CR; failed, day 640",
                "relapse": "after CAR-T, day 640; biochemical and marrow; intermediate",
                "cause": "T cells likely",
            },
        ),
        ("SYN-08", {"first": "controlled", "relapse": "none; VGPR after CAR-T", "alerts": ""}),
        ("SYN-10", {"alerts": "infection"}),
        (
            "D05",
            {
                "first": "emergency first: corticosteroid, radiotherapy; then alternative:"
                " bispecific antibody against BCMA"
            },
        ),
        ("D14", {"first": "emergency first: corticosteroid"}),
        ("E01", {"relapse": "after teclistamab, day 830; biochemical and marrow; rapid"}),
    ],
)
def test_a_line_says(name: str, expected: dict[str, str]) -> None:
    found = row(name)._asdict()
    assert {key: found[key] for key in expected} == expected


def test_what_stands_first_treats_the_myeloma() -> None:
    compared = 0
    for name, result in some(RESULTS.items()):
        first = row(name).first
        measures = strategies(result, treating=False)
        compared += len(measures)
        # an emergency is treated before: what does so stands before `then`, and nowhere else
        _, then, after = first.partition("; then ")
        emergency = result.answer.state == "emergency_first"
        assert emergency or not then, name
        assert [title for title in measures if title in (after if emergency else first)] == [], name
        placed = [
            result.titles.strategies[x.strategy]
            for tier in result.answer.tiers
            if tier.tier == "first"
            for x in tier.strategies
            if x.open and result.option(x.option).role in TREAT
        ]
        if result.answer.state in ("choose", "confirm_first"):
            assert [title for title in placed if title not in first] == [], name
    assert compared > 50


def test_forty_patients_are_a_short_table() -> None:
    rows = [row(name) for name in list(RESULTS)[:40]]
    html = index_page(rows)
    assert len(html.encode()) < 60_000
    lines = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", html, re.DOTALL)
    assert len(lines) == len(rows) == 40
    for line, shown in zip(lines, rows, strict=True):
        cells = [unescape(x) for x in re.findall(r"<td data-label=\"[^\"]+\">(.*?)</td>", line)]
        assert cells == list(shown[2:])
        assert max(map(len, cells)) <= 220
