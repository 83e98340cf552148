"""What curves and pictures of the report show: nothing that stands for a few patients."""

from __future__ import annotations

import numpy as np
import pytest

from rearm.cohort.survival import Stays, state_occupation, stays_of
from rearm.report.cohort.counts import CountRule
from rearm.report.cohort.curves import shown_states


def _stays(of_a_few: int) -> Stays:
    """Of 400 patients many relapse and die; `of_a_few` of them come to a second salvage."""
    stays = []
    for i in range(400):
        reached = {"relapse": 10 + i % 300} if i % 2 else {}
        if i % 4 == 1:
            reached["salvage_1"] = reached["relapse"] + 20
        if i % 4 == 1 and i // 4 < of_a_few:
            reached["salvage_2"] = reached["salvage_1"] + 5
        if i % 8 == 3:
            reached["death"] = reached["relapse"] + 90
        stays += stays_of(i, reached, last=reached.get("death", 700))
    return Stays.of(stays)


@pytest.mark.parametrize("of_a_few", [1, 4])
def test_no_picture_of_states_shows_a_few_in_any_of_them(of_a_few: int) -> None:
    found = state_occupation(_stays(of_a_few))
    at = found.states.index("salvage_2")
    exact = shown_states(found, CountRule(1))
    assert any(0 < 400 * shares[at] < 5 for _, shares in exact)
    shown = shown_states(found, CountRule(5))
    for (_, earlier), (_, later) in zip(shown, shown[1:], strict=False):
        assert all(x == 0 or 400 * x >= 4.5 for x in later)
        assert all(round(x, 2) == x for x in later)
        assert len(earlier) == len(later)


def test_states_that_enough_patients_come_to_are_shown() -> None:
    found = state_occupation(_stays(100))
    shown = shown_states(found, CountRule(5))
    assert len(shown) > 3
    days = [day for day, _ in shown[1:]]
    rows = [0 if day < found.day[0] else int(np.searchsorted(found.day, day, "right")) - 1
            for day in days]  # fmt: skip
    came = np.diff(found.came[rows], axis=0)
    assert ((came == 0) | (came >= 5)).all()
