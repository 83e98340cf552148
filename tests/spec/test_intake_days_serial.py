"""One serial number of a spreadsheet among dates: that cell is set aside, the dates stand.

| day of the results | read as |
|---|---|
| 2022-01-05 | day -5 |
| 45231, 45231.0 or "45231" | no day, an error on that cell |
"""

from __future__ import annotations

from typing import Any

import pytest

from rearm.intake import read_tables
from rearm.record import UNKNOWN_WHEN, When


@pytest.mark.parametrize("serial", [45231, 45231.0, "45231", 44562, -60000, "0045231"])
@pytest.mark.parametrize("infusion", ["2022-01-10", "01/2022"])
def test_a_serial_number_costs_the_other_dates_nothing(serial: Any, infusion: str) -> None:
    labs: list[dict[str, Any]] = [
        {"patient_id": "A", "day": day, "test": "ldh", "value": 200 + i, "unit": "U/L"}
        for i, day in enumerate(["2022-01-05", serial, "2022-02-10"])
    ]
    reading = read_tables(
        {
            "patients": [{"patient_id": "A"}],
            "infusions": [{"patient_id": "A", "day": infusion, "product": "cilta-cel"}],
            "labs": labs,
        }
    )
    (record,) = reading.records
    assert UNKNOWN_WHEN not in [lab.when for lab in record.labs] and len(record.labs) == 2
    assert [(lab.as_given, lab.when) for lab in record.set_aside] == [("201 U/L", UNKNOWN_WHEN)]
    if infusion == "2022-01-10":
        assert [lab.when for lab in record.labs] == [When.on(-5), When.on(31)]
    errors = [(i.code, i.value) for i in record.issues if i.code == "day_implausible"]
    assert errors == [("day_implausible", str(serial).removesuffix(".0"))]
    assert "no_day_zero" not in {i.code for i in record.issues}
