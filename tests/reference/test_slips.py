"""Slips of ten and days on another axis in the examples: how many are told. The full count is
`make gate-slips`.
"""

from __future__ import annotations

import pytest
from scripts import slips

EXAMPLES = slips.examples()


@pytest.mark.slow
def test_slips_that_change_an_answer_are_told() -> None:
    every = [s for n in ("SYN-02", "SYN-04", "SYN-07") for s in slips.slips(n, EXAMPLES[n])]
    changing = [s for s in every if s.changed]
    assert len(every) > 100
    assert len(changing) > 20
    assert sum(s.told for s in changing) >= 0.95 * len(changing)
    assert sum(s.told for s in every) >= 0.6 * len(every)
    silent = [s for s in changing if not s.told]
    assert [s.row for s in silent if any(c.startswith("failure") for c in s.changed)] == []


@pytest.mark.parametrize("days", slips.SHIFTS)
def test_laboratory_days_on_another_axis_are_told(days: int) -> None:
    assert len(EXAMPLES) == 11
    for name, tables in EXAMPLES.items():
        codes = {i.code for i in slips.read(slips.shifted(tables, days)).issues}
        assert codes & slips.AXIS, name


def test_values_as_they_are_are_rarely_told() -> None:
    values, told = slips.told_unaltered(cohort=False)
    assert values > 300
    assert [issue.code for _, issue in told] == [
        "light_chains_swapped",  # D04 has them swapped
        "light_chains_swapped",
        "possible_slip",  # D14 escapes by its light chain
    ]


@pytest.mark.shared_data
def test_values_of_the_cohort_are_rarely_told() -> None:
    values, told = slips.told_unaltered(cohort=True)
    assert len(told) * 200 <= values
