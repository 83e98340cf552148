"""k-anonymity against pyCANON, a second implementation; its numbers are in the repository, with the
script that made them (`scripts/k_anonymity_cases.py`).
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
from tests.support.loops import some

from rearm.export.deidentified import smallest_class
from rearm.export.deidentified.anonymity import small_classes_withheld

GOLDEN = Path(__file__).parent / "golden" / "k_anonymity.json"


def test_the_smallest_group_is_that_of_pycanon() -> None:
    cases = some(json.loads(GOLDEN.read_text("utf-8"))["cases"])
    frames = [
        (pl.DataFrame(case["rows"], schema=case["columns"], orient="row"), case) for case in cases
    ]
    ours = [smallest_class(frame, case["columns"]) for frame, case in frames]
    assert ours == [case["k"] for case in cases]
    assert len(set(ours)) > 5


def test_after_withholding_groups_are_as_large_as_asked_for() -> None:
    for case in some(json.loads(GOLDEN.read_text("utf-8"))["cases"]):
        frame = pl.DataFrame(case["rows"], schema=case["columns"], orient="row")
        for least in (1, 2, 5, 17):
            after = small_classes_withheld(frame, least, case["columns"])
            size = smallest_class(after, case["columns"]) or 0
            assert size >= min(least, frame.height)
            for column in case["columns"]:
                kept = after[column].is_not_null()
                assert (after[column] == frame[column]).filter(kept).all(), "a value was altered"
            if (smallest_class(frame, case["columns"]) or 0) >= least:
                assert after.equals(frame), "withheld without need"
