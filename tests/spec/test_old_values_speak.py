"""A value that is too old to count is unknown, and goes on pointing to what it would mean."""

from __future__ import annotations

from typing import Any

import pytest

import rearm
from rearm.assessment import Assessment
from rearm.assessment.explanation import explain
from rearm.intake import read_tables
from rearm.record import Record
from rearm.report.assessment.case import values_now
from rearm.report.assessment.page import page
from rearm.report.assessment.sentences import reason_text
from rearm.report.sheet.contents import sheet_contents

Row = dict[str, Any]
AS_OF = 500
POINTED = "The last result points to it –"

# test, its unit, a value that endangers, how many days it counts and how many it points beyond,
# the finding, a rule that it would make act, and the option of the rule
SPEAKING = [
    ("egfr", "mL/min/1.73m2", "22", 30, 365, "creatinine_clearance", "engager-kidney",
     "talquetamab"),
    ("lvef", "%", "30", 180, 365, "lvef", "lvef-below-40-engager", "talquetamab"),
    ("platelets", "10*9/L", "12", 30, 60, "platelets", None, None),
    ("neutrophils", "10*9/L", "0.3", 30, 60, "neutrophils", None, None),
    ("ecog", "score", "4", 60, 120, "ecog", None, None),
    ("qtc", "ms", "540", 90, 180, "qtc", None, None),
]  # fmt: skip


def record_of(*labs: Row) -> Record:
    tables: dict[str, list[Row]] = {
        "patients": [
            {"sex": "F", "heavy_chain": "IgA", "light_chain": "kappa", "birth_year": "1958",
             "day_zero": "2025-01-01"}
        ],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "assessments": [
            {"day": 60, "response": "PR", "by": "team"},
            {"day": 480, "response": "PD", "by": "team"},
        ],
        "labs": list(labs),
    }  # fmt: skip
    with_id = {name: [{"patient_id": "A"} | row for row in own] for name, own in tables.items()}
    (record,) = read_tables(with_id).records
    return record


def lab(test: str, value: str, unit: str, day: int) -> Row:
    return {"day": day, "test": test, "value": value, "unit": unit}


def assessed(*labs: Row) -> Assessment:
    return rearm.assess(record_of(*labs), as_of=AS_OF)


@pytest.mark.parametrize("row", SPEAKING, ids=lambda x: x[0])
def test_how_long_a_value_counts_and_how_long_it_points(row: Any) -> None:
    test, unit, value, counts, points, finding, _, _ = row

    def found(age: int) -> Any:
        return assessed(lab(test, value, unit, AS_OF - age)).findings.get(finding)

    assert found(counts).value == float(value)
    old = found(counts + 1)
    assert (old.value, old.interval) == (None, None)
    assert (old.last["low"], old.day) == (float(value), AS_OF - counts - 1)
    assert found(points).last is not None
    gone = found(points + 1)
    assert gone is None or gone.last is None


@pytest.mark.parametrize("row", [x for x in SPEAKING if x[6]], ids=lambda x: x[0])
def test_the_caution_of_an_old_value_stays(row: Any) -> None:
    test, unit, value, counts, _, _, rule, option = row
    now = assessed(lab(test, value, unit, AS_OF))
    old = assessed(lab(test, value, unit, AS_OF - counts - 1))
    good = assessed(lab(test, "70", unit, AS_OF - counts - 1))
    assert rule in now.option(option).cautions
    assert (now.reasons[rule].truth, now.reasons[rule].pointed) == (True, False)
    assert rule in old.option(option).cautions
    assert (old.reasons[rule].truth, old.reasons[rule].pointed) == (None, True)
    assert reason_text(old.reasons[rule]).startswith(POINTED)
    assert rule not in good.reasons or not good.reasons[rule].pointed


def test_what_an_old_value_would_exclude_waits_for_a_new_one() -> None:
    """Bendamustine is not given with a clearance below 30 mL/min."""

    def verdict(value: str, age: int) -> Any:
        result = assessed(lab("egfr", value, "mL/min/1.73m2", AS_OF - age))
        return result.option("bendamustine-prednisone")

    assert verdict("22", 0).verdict == "excluded"
    assert verdict("22", 40).verdict == "needs_information"
    assert verdict("70", 40).verdict != "needs_information"
    assert "bendamustine-kidney" in verdict("22", 40).checklist


def test_a_newer_value_silences_the_old_one() -> None:
    result = assessed(
        lab("egfr", "22", "mL/min/1.73m2", AS_OF - 40), lab("egfr", "75", "mL/min/1.73m2", AS_OF)
    )
    assert result.findings["creatinine_clearance"].value == 75
    assert (
        not result.reasons["engager-kidney"].pointed
        if ("engager-kidney" in result.reasons)
        else True
    )


def test_another_result_on_a_later_day_takes_no_warning_away() -> None:
    """A calcium of today made creatinine and GFR of five weeks ago too old, and they were lost."""
    kidney = (
        lab("egfr", "28", "mL/min/1.73m2", AS_OF - 38),
        lab("creatinine", "2.2", "mg/dL", AS_OF - 38),
    )
    sheet = sheet_contents(assessed(*kidney, lab("calcium", "13.1", "mg/dL", AS_OF)))
    talquetamab = next(x for x in sheet.lines if x.line.option_id == "talquetamab")
    assert any(
        x.startswith(f"{POINTED} Creatinine clearance is below 30") for x in talquetamab.cautions
    )
    assert "Last known: creatinine 2.2 mg/dL (2026-04-08)." in sheet.case[0]


def test_values_stand_with_their_days() -> None:
    result = assessed(
        lab("neutrophils", "1.4", "10*9/L", AS_OF - 3),
        lab("platelets", "<20", "10*9/L", AS_OF - 3),
        lab("hemoglobin", "9.1", "g/dL", AS_OF - 20),
        lab("lvef", "55", "%", AS_OF - 200),
    )
    assert list(values_now(result)) == [
        "Now: neutrophils 1.4 G/L, platelets <20 G/L (2026-05-13); haemoglobin 9.1 g/dL"
        " (2026-04-26).",
        "Last known: LVEF 55 % (2025-10-28).",
    ]


def test_page_and_trace_tell_the_old_value() -> None:
    record = record_of(lab("egfr", "22", "mL/min/1.73m2", AS_OF - 40))
    result = rearm.assess(record, as_of=AS_OF)
    assert POINTED in page(result)
    explained = explain(record, "talquetamab", as_of=AS_OF)
    kidney = next(x for x in explained.rules if x.id == "engager-kidney@talquetamab")
    assert any("22" in x.text and "day 460" in x.text for _, x in kidney.findings)
