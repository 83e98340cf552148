"""Days of infusion, lymphodepletion and apheresis that contradict each other."""

from __future__ import annotations

from typing import Any

import pytest

from rearm.intake import read_tables

CODES = {"lymphodepletion_day", "apheresis_after_infusion", "two_products_one_day"}


def _told(
    infusions: list[dict[str, Any]], depletion: tuple[int, ...] = ()
) -> list[tuple[str, str, str]]:
    agents = "fludarabine;cyclophosphamide"
    therapies: list[dict[str, Any]] = [
        {"patient_id": "A", "start_day": d, "agents": agents, "purpose": "lymphodepletion"}
        for d in depletion
    ]
    rows = [{"patient_id": "A", "product": "ide-cel", **row} for row in infusions]
    (record,) = read_tables(
        {"patients": [{"patient_id": "A"}], "infusions": rows, "therapies": therapies}
    ).records
    return [(i.code, i.severity, i.done) for i in record.issues if i.code in CODES]


@pytest.mark.parametrize(
    ("days", "depletion", "flagged"),
    [
        ([0], (-5,), 0), ([0], (-1,), 0), ([0], (-30,), 0), ([0], (-31,), 1), ([0], (0,), 1),
         ([0], (4,), 1),
        ([0, 7], (-5,), 0),  # a split dose
        ([0, 400], (-5, 395), 0), ([0, 400], (-5,), 0), ([0, 400], (-5, 402), 1),
        ([0], (), 0), ([0], (-2000,), 0),  # none recorded for it
    ],
)  # fmt: skip
def test_an_infusion_follows_its_lymphodepletion(
    days: list[int], depletion: tuple[int, ...], flagged: int
) -> None:
    assert (
        _told([{"day": d} for d in days], depletion)
        == [("lymphodepletion_day", "error", "used")] * flagged
    )


@pytest.mark.parametrize(("apheresis", "flagged"), [("-40", 0), ("0", 1), ("40", 1), ("-40;3", 1)])
def test_apheresis_comes_before(apheresis: str, flagged: int) -> None:
    assert (
        _told([{"day": 0, "apheresis_days": apheresis}])
        == [("apheresis_after_infusion", "error", "used")] * flagged
    )


def test_two_products_on_one_day() -> None:
    assert _told([{"day": 0}, {"day": 0, "product": "cilta-cel"}]) == [
        ("two_products_one_day", "warning", "used")
    ]
    assert not _told([{"day": 0}, {"day": 1, "product": "cilta-cel"}])
    assert not _told([{"day": 0}, {"infused": "no", "product": "cilta-cel"}])
