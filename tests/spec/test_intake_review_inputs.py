"""Faults reported of other software, rebuilt with invented numbers (tests/data/review): what the
tables and texts give.
"""

from __future__ import annotations

from collections import Counter

from tests.support.places import DATA

from rearm.intake import Reading, read


def _read(name: str) -> Reading:
    return read(DATA / "review" / "inputs" / name)


def test_negative_values_and_codes_for_missing() -> None:
    reading = _read("13-negative-and-missing-codes/input")
    (record,) = reading.records
    assert [(x.test, x.day) for x in record.labs] == [
        ("serum_m_protein", day) for day in (-8, 30, 150)
    ]
    errors = Counter(i.code for i in reading.all_issues() if i.severity == "error")
    assert errors == {"value_impossible": 3, "value_unreadable": 2}


def test_spellings_of_units() -> None:
    """Another spelling of an allowed unit is read as that unit; what names another is refused."""
    reading = _read("14-unit-spellings/input")
    (record,) = reading.records
    read_as = {x.as_given: x.quantity.exact for x in record.labs if x.quantity is not None}
    assert read_as == {
        "1.4 g/dL": 1.4,
        "1.4 gm/dl": 1.4,
        "1.4 g%": 1.4,
        "1.4 g/100mL": 1.4,
        "1.4 mg/mL": 0.14,
        "310 mg/24h": 310,
        "310 mg/(24.h)": 310,
        "310 mg/{24h}": 310,
        "310 mg/d": 310,
        "95 10*3/uL": 95,
        "95 x10E9/L": 95,
        "95 K/mm3": 95,
        "95 10*3/mm3": 95,
        "95 x10^3/mcL": 95,
        "95 /uL{cells}": 0.095,
    }
    assert [x.as_given for x in record.set_aside] == ["1.4 g/dL (calc)", "310 mg/TV"]


def test_results_given_as_text() -> None:
    reading = _read("23-results-as-text/input/patient.json")
    (record,) = reading.records
    fixation = [(x.day, x.word) for x in record.labs if x.test == "serum_immunofixation"]
    assert fixation == [(29, "negative"), (59, "negative")]
    assert [(x.day, str(x.quantity)) for x in record.labs if x.test == "lambda_flc"] == [
        (-7, "<1.5"),
        (59, "<1.3"),
    ]
    assert "kappa_flc" in {x.test for x in record.set_aside}
