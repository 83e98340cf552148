"""What curves and pictures of the report show: nothing that stands for a few patients."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.support.random_store import Tables
from tests.support.tiny_store import tiny_store

from rearm.cohort.store.folder import StoreFolder
from rearm.cohort.survival import Stays, state_occupation, stays_of
from rearm.report.cohort.contents import cohort_report
from rearm.report.cohort.counts import CountRule
from rearm.report.cohort.curves import MONTH, shown_states
from rearm.report.cohort.figures import Figure, median_words


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
    for (_, earlier), (_, later) in pairwise(shown):
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


def _events_by(days: list[int], of: list[int]) -> list[int]:
    return [sum(x <= day for x in of) for day in days]


def _of_deaths(died: list[int], alive: int, last: int) -> Tables:
    """One product; patients who died on these days, and some who were followed to the last."""
    ends = [(day, "death") for day in died] + [(last, None)] * alive
    return {
        "patients": [{"patient_id": f"P{i}"} for i in range(len(ends))],
        "infusions": [
            {"patient_id": f"P{i}", "infusion": 1, "day": 0, "status": "not_failed"}
            for i in range(len(ends))
        ],
        "outcomes": [
            {
                "patient_id": f"P{i}", "infusion": 1, "origin": "infusion", "endpoint": "OS",
                "origin_day": 0, "entry": 0, "status": "event" if event else "censored",
                "event": event, "days": day,
            }
            for i, (day, event) in enumerate(ends)
        ],
    }  # fmt: skip


@pytest.mark.parametrize("after", [1, 3, 4, 5, 9])
def test_a_share_stands_for_enough_events_since_the_one_before(after: int, tmp_path: Path) -> None:
    """20 events before month 6, `after` more in the year that follows, 60 patients watched on."""
    died = [20 + 7 * i for i in range(20)] + [200 + 10 * i for i in range(after)]
    tables = _of_deaths(died, 60 - after, 800)
    report = cohort_report(tiny_store(tmp_path / "store", tables))
    figure = next(x for x in report.figures if x.id == "os_product")
    (group,) = figure.groups
    assert group.curve is not None
    days = [point.day for point in group.curve.points]
    days += [day for day, share in group.shares.items() if share.value is not None]
    counts = _events_by(sorted({*days}), died)
    steps = [b - a for a, b in pairwise(counts)]
    assert all(step == 0 or step >= 5 for step in steps), steps
    assert group.shares[183].value is not None
    assert (group.shares[365].value is not None) == (after >= 5)


def test_no_limit_of_a_median_is_the_day_of_one_death(tmp_path: Path) -> None:
    """The upper limit lies beyond the curve, which ends with ten at risk; the rest are months."""
    died = [11 + 13 * i for i in range(20)]
    tables = tiny_store(tmp_path / "store", _of_deaths(died, 2, 900))
    (exact,) = next(x for x in _figures(tables, 1) if x.id == "os_product").groups
    (group,) = next(x for x in _figures(tables, 5) if x.id == "os_product").groups
    assert group.curve is not None and exact.median.high is not None
    last = group.curve.points[-1].day
    assert exact.median.high * MONTH > last
    assert group.median.high is None
    assert group.median.value == round(exact.median.value or 0)
    assert group.median.low == round(exact.median.low or 0)
    assert median_words(group) == f"{group.median.value:.0f} ({group.median.low:.0f} to ?)"


def _figures(store: StoreFolder, least: int) -> tuple[Figure, ...]:
    return cohort_report(store, min_cell=least).figures
