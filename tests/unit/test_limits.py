"""Comparison with a limit: the limit itself, the tolerance, just beyond it, and open ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rearm.interval import Interval
from rearm.response.limits import at_least, at_most, below, fallen, over

# a limit of 0 makes the end of the tolerance itself a number that can be written; what lies at it
# is at the limit
ROWS: list[tuple[Callable[[float, float], bool], list[bool]]] = [
    # value    -1.1e-9  -1e-9   0      1e-9   1.1e-9
    (at_least, [False, True, True, True, True]),
    (at_most, [True, True, True, True, False]),
    (below, [True, False, False, False, False]),
    (over, [False, False, False, False, True]),
]
AROUND = (-1.1e-9, -1e-9, 0, 1e-9, 1.1e-9)


@pytest.mark.parametrize(("compare", "expected"), ROWS, ids=[r[0].__name__ for r in ROWS])
def test_values_about_a_limit(
    compare: Callable[[float, float], bool], expected: list[bool]
) -> None:
    assert [compare(value, 0) for value in AROUND] == expected


def test_a_number_beyond_its_open_end_is_past_a_limit_at_that_end() -> None:
    assert [over(value, 0, beyond=True) for value in AROUND] == [False, True, True, True, True]
    assert [below(value, 0, beyond=True) for value in AROUND] == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("base", "value", "expected"),
    [
        (Interval.of(4.0), Interval.of(0.4), False),
        (Interval.of(4.0), Interval.of(0.39), True),
        (Interval.of(4.0), Interval(0.0, 0.4), False),
        (Interval.of(4.0), Interval(0.0, 0.4, high_open=True), True),
        (Interval(4.0, 9.0, low_open=True), Interval.of(0.4), True),
        (Interval(4.0, 9.0), Interval.of(0.4), False),
    ],
)
def test_a_fall_by_more_than_so_much(base: Interval, value: Interval, expected: bool) -> None:
    assert fallen(base, value, 3.6) is expected


def test_decimals_meet_their_limit() -> None:
    assert 2.3 - 1.8 < 0.5 and at_least(2.3 - 1.8, 0.5) and not below(2.3 - 1.8, 0.5)
    assert 0.1 + 0.2 > 0.3 and at_most(0.1 + 0.2, 0.3) and not over(0.1 + 0.2, 0.3)
