"""A new soft-tissue lesion that PET shows and nobody measured: it may have been the progression, so
it is never told as none, and `check` names the row.
"""

from __future__ import annotations

from typing import Any

import pytest

import rearm
from rearm.intake import read_tables
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures

Row = dict[str, Any]
NEW: Row = {"day": 300, "method": "PET-CT", "result": "positive", "kind": "extramedullary"}
NEW["new"] = "yes"
DEATH: Row = {"day": 600, "cause": "infection"}
GONE: Row = {"day": 390, "method": "PET-CT", "result": "negative"}
MYELOMA: Row = {"finding": "lesion_histology", "value": "extramedullary=plasma_cells", "day": 305}
OTHER: Row = {"finding": "lesion_histology", "value": "extramedullary=infection", "day": 305}


def tables(imaging: list[Row], **more: Row) -> dict[str, list[Row]]:
    before = {"day": 85, "method": "PET-CT", "result": "negative"}
    own: dict[str, list[Row]] = {
        "patients": [{}],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "assessments": [{"day": 90, "response": "VGPR", "by": "team"}],
        "imaging": [before, *imaging],
        **{name: [row] for name, row in more.items()},
    }
    return {name: [{"patient_id": "A", **row} for row in rows] for name, rows in own.items()}


def judged(imaging: list[Row], **more: Row) -> tuple[Failure, int]:
    """The judgement, and how often the size is asked for."""
    (record,) = read_tables(tables(imaging, **more)).records
    told = [x for x in record.issues if x.code == "new_lesion_without_size"]
    assert all((x.severity, x.column) == ("warning", "length_mm") for x in told)
    (failure,) = failures(record)
    return failure, len(told)


THERAPY: Row = {"start_day": 330, "regimen": "talquetamab"}
# what the imaging shows, what else is known; the status, its day, whether the size is asked for
CASES: dict[str, tuple[list[Row], dict[str, Row], str, int | None, int]] = {
    "seen": ([NEW], {}, "suspected", 300, 1),
    "died of another cause": ([NEW], {"deaths": DEATH}, "suspected", 300, 1),
    "next therapy, then died": (
        [NEW], {"deaths": DEATH, "therapies": THERAPY}, "suspected", 300, 1),
    "therapy before it": (
        [NEW], {"deaths": DEATH, "therapies": THERAPY | {"start_day": 290}}, "suspected", 300, 1),
    "gone before the death": (
        [NEW, GONE], {"deaths": DEATH}, "died_without_progression", None, 1),
    "measured": ([NEW | {"length_mm": 30}], {"deaths": DEATH}, "failed", 300, 0),
    "measured by another row": (
        [NEW | {"site": "liver"}, NEW | {"site": "liver", "method": "CT", "length_mm": 30}],
        {"deaths": DEATH}, "failed", 300, 0),
    "myeloma by biopsy": ([NEW], {"deaths": DEATH, "facts": MYELOMA}, "failed", 300, 0),
    "not myeloma by biopsy": (
        [NEW], {"deaths": DEATH, "facts": OTHER}, "died_without_progression", None, 0),
    "not new": (
        [NEW | {"new": "no"}], {"deaths": DEATH}, "died_without_progression", None, 0),
    "none": ([GONE], {"deaths": DEATH}, "died_without_progression", None, 0),
}  # fmt: skip


@pytest.mark.parametrize(("imaging", "more", "status", "day", "asked"), CASES.values(), ids=CASES)
def test_a_new_lesion_without_a_size(
    imaging: list[Row], more: dict[str, Row], status: str, day: int | None, asked: int
) -> None:
    failure, told = judged(imaging, **more)
    assert (failure.status, failure.day, told) == (status, day, asked)


def test_the_words_say_what_would_tell_and_that_the_patient_died() -> None:
    failure, _ = judged([NEW], deaths=DEATH)
    assert "size, biopsy or repeat" in failure.reason
    assert "Died (day 600) of infection" in failure.reason
    (record,) = read_tables(tables([NEW], deaths=DEATH)).records
    assert rearm.assess(record).findings["failure_status"].value == "suspected"
