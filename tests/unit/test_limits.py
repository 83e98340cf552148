"""Comparison with a limit: the limit itself, the tolerance, and just beyond it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rearm.response.limits import at_least, at_most, below, over

# a limit of 0 makes the end of the tolerance itself a number that can be written; what lies at it
# is at the limit
ROWS: list[tuple[Callable[[float, float], bool], list[bool]]] = [
    # value    -1.1e-9  -1e-9   0      1e-9   1.1e-9
    (at_least, [False, True, True, True, True]),
    (at_most, [True, True, True, True, False]),
    (below, [True, False, False, False, False]),
    (over, [False, False, False, False, True]),
]


@pytest.mark.parametrize(("compare", "expected"), ROWS, ids=[r[0].__name__ for r in ROWS])
def test_values_about_a_limit(
    compare: Callable[[float, float], bool], expected: list[bool]
) -> None:
    assert [compare(value, 0) for value in (-1.1e-9, -1e-9, 0, 1e-9, 1.1e-9)] == expected


def test_decimals_meet_their_limit() -> None:
    assert 2.3 - 1.8 < 0.5 and at_least(2.3 - 1.8, 0.5) and not below(2.3 - 1.8, 0.5)
    assert 0.1 + 0.2 > 0.3 and at_most(0.1 + 0.2, 0.3) and not over(0.1 + 0.2, 0.3)
