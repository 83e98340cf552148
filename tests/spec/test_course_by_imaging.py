"""Imaging of which the day, the result or the lesion is not exactly known is read in the course: a
relapse that it may deny is suspected, a relapse that it may show has the days of both.
"""

from __future__ import annotations

from typing import Any

import pytest

from rearm.intake import read_tables
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.record import Record, When

Row = dict[str, Any]
# The infusion is day 0, 15 January 2024; the patient was last seen on day 400.
DEEP = [("-10", "3.0"), ("30", "0.3"), ("60", "0.3")]


def _record(*imaging: Row, labs: list[tuple[str, str]] = DEEP) -> Record:
    base = {"patient_id": "P", "method": "CT", "result": "positive", "kind": "plasmacytoma"}
    patient = {"patient_id": "P", "day_zero": "2024-01-15", "last_seen_day": "400"}
    given = {
        "patients": [patient | {"heavy_chain": "IgG", "light_chain": "kappa"}],
        "infusions": [{"patient_id": "P", "day": "0", "product": "cilta-cel"}],
        "labs": [
            {"patient_id": "P", "day": d, "test": "serum_m_protein", "value": v, "unit": "g/dL"}
            for d, v in labs
        ],
        "imaging": [base | row for row in imaging],
    }
    (record,) = read_tables(given).records
    return record


def _failure(*imaging: Row, labs: list[tuple[str, str]] = DEEP) -> Failure:
    (failure,) = failures(_record(*imaging, labs=labs))
    return failure


def _seen(day: str, lesion: str = "L1", **cells: Any) -> Row:
    return {"day": day, "lesion": lesion, "length_mm": 40, "width_mm": 30} | cells


def _clear(day: str, **cells: Any) -> Row:
    return {"day": day, "result": "negative"} | cells


@pytest.mark.parametrize(
    ("imaging", "status", "because", "when"),
    [
        # by month, with a clear examination before it
        ([_clear("-5"), _seen("2024-10")], "failed", "progression", When(260, 290)),
        ([_clear("2024-01"), _seen("2024-10")], "failed", "progression", When(260, 290)),
        # by order only: in the first weeks it would be too early to tell
        ([_clear("-5"), _seen("after infusion")], "suspected", "vague_days", When(1, 400)),
        # the clear examination has no day at all: the lesion was there before, or it is back
        ([_seen("-20"), _clear(""), _seen("300")], "suspected", "vague_days", When(300, 300)),
        # a lesion without a day may have come back before the one that is dated
        ([_clear("60"), _seen(""), _seen("300")], "failed", "progression", When(61, 300)),
        # a lesion without a name may be the one with a name, if the site allows
        ([_seen("-20", ""), _seen("300")], "suspected", "vague_results", When(300, 300)),
        ([_seen("-20", "", site="liver"), _seen("300", site="liver")],
         "suspected", "vague_results", When(300, 300)),
        ([_seen("-20", "", site="liver"), _seen("300", site="skin")],
         "failed", "progression", When(300, 300)),
        # what the first examination showed could not be read
        ([_seen("-20", result="unclear"), _seen("300")],
         "suspected", "vague_results", When(300, 300)),
    ],
)  # fmt: skip
def test_failure_by_imaging(imaging: list[Row], status: str, because: str, when: When) -> None:
    found = _failure(*imaging)
    assert (found.status, found.because, found.when) == (status, because, when)
