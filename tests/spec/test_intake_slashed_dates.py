"""Dates with slashes: read where the calendar allows one order of day and month, or where the
mapping states the order of its sheet; else refused with both ways out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rearm.intake import read, read_tables
from rearm.record import Record, When


def _of_tables(day: str) -> Record:
    lab = {"patient_id": "P", "day": day, "test": "crp", "value": 3, "unit": "mg/L"}
    tables: dict[str, Any] = {
        "patients": [{"patient_id": "P", "day_zero": "2022-06-01"}],
        "labs": [lab],
    }
    return read_tables(tables).records[0]


# what stands as the day, day 0 being 2022-06-01; the day, or why it is refused
SLASHED = [
    ("28/06/2022", 27),
    ("06/28/2022", 27),
    ("28-06-2022", 27),
    ("6/28/2022 00:00:00", 27),
    ("06/06/2022", 5),
    ("05/06/2022", "date_ambiguous"),
    ("05/06/2022 10:30", "date_ambiguous"),
    ("31/06/2022", "date_impossible"),
    ("28/13/2022", "date_impossible"),
    ("28/06/22", "two_digit_year"),
]


@pytest.mark.parametrize(("given", "expected"), SLASHED)
def test_a_slashed_date_is_read_where_one_order_is_possible(
    given: str, expected: int | str
) -> None:
    record = _of_tables(given)
    if isinstance(expected, int):
        assert (record.labs[0].when, record.issues) == (When.on(expected), ())
    else:
        assert [i.code for i in record.issues] == [expected]
        assert not record.labs


def test_the_first_infusion_with_a_slashed_date_is_day_0() -> None:
    infusion = {"patient_id": "P", "day": "28/06/2022", "product": "ide-cel"}
    (record,) = read_tables({"infusions": [infusion]}).records
    assert str(record.day_zero) == "2022-06-28"


def test_the_refusal_names_the_ways_out() -> None:
    (issue,) = _of_tables("05/06/2022").issues
    assert 'date_order="dmy" or "mdy"' in issue.message and "YYYY-MM-DD" in issue.message


MAPPING = """
[files]
i = "i.csv"
[[sheet]]
file = "i"
id = "Pat"
{order}
[[sheet.row]]
table = "infusions"
day = {{ column = "Inf" }}
apheresis_days = {{ column = "Aph" }}
product = "ide-cel"
"""
CSV = 'Pat,Inf,Aph\nA,05/06/2022,"{aph}"\nB,28/06/2022,\n'


def _mapped(folder: Path, order: str, aph: str = "01/05/2022; 02/05/2022") -> dict[str, Record]:
    (folder / "i.csv").write_text(CSV.format(aph=aph), encoding="utf-8")
    mapping = folder / "m.toml"
    mapping.write_text(MAPPING.format(order=order), encoding="utf-8")
    return {r.patient_id: r for r in read(folder, mapping=mapping).records}


@pytest.mark.parametrize(
    ("order", "zero", "apheresis"),
    [("dmy", "2022-06-05", [-35, -34]), ("mdy", "2022-05-06", [-121, -90])],
)
def test_the_order_that_a_mapping_states(
    order: str, zero: str, apheresis: list[int], tmp_path: Path
) -> None:
    records = _mapped(tmp_path, f'date_order = "{order}"')
    a = records["A"]
    assert str(a.day_zero) == zero
    assert [when.day for when in a.infusions[0].apheresis] == apheresis
    assert str(records["B"].day_zero) == "2022-06-28", "the calendar allows no other order"
    assert not [i for r in records.values() for i in r.issues if i.severity != "note"]


def test_a_year_of_two_digits_in_the_stated_order_is_told(tmp_path: Path) -> None:
    a = _mapped(tmp_path, 'date_order = "dmy"', "01/05/22")["A"]
    assert [when.day for when in a.infusions[0].apheresis] == [-35]


def test_without_an_order_both_are_possible(tmp_path: Path) -> None:
    a = _mapped(tmp_path, "")["A"]
    assert "date_ambiguous" in {i.code for i in a.issues} and a.day_zero is None
