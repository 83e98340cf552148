"""What a result takes over from the record, how it is asked, and the schema it holds to."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from tests.support.results import failed_examples

import rearm
from rearm.assessment import schema
from rearm.assessment.result import DayRange, StatedResponse
from rearm.intake import read_tables

Cells = dict[str, Any]


def test_an_infusion_that_could_not_be_read_is_not_no_infusion() -> None:
    """A CAR-T in the treatment lines alone has no day and product of an infusion."""
    therapy: Cells = {"patient_id": "P", "start_day": 0, "regimen": "ide-cel"}
    found = rearm.assess(read_tables({"therapies": [therapy]}).records[0])
    assert (found.about.code, found.options) == ("infusion_unread", ())
    assert found.about.reason == (
        "no CAR-T that could be read in this record; the input issues list what may be one"
    )
    assert [issue.code for issue in found.issues] == ["infusion_unread"]


def test_a_response_without_a_day_stands_among_the_stated_ones_without_one() -> None:
    infusion: Cells = {"patient_id": "P", "day": 0, "product": "ide-cel"}
    responses: list[Cells] = [
        {"patient_id": "P", "day": 30, "response": "PR"},
        {"patient_id": "P", "response": "CR"},
    ]
    (record,) = read_tables({"infusions": [infusion], "assessments": responses}).records
    assert [statement.response for statement in record.responses] == ["PR", "CR"]
    stated = rearm.assess(record).stated_responses
    assert stated == (
        StatedResponse(day=30, response="PR"),
        StatedResponse(between=DayRange(low=None, high=None), response="CR"),
    )


def test_an_option_is_asked_for_by_its_id() -> None:
    found = failed_examples()[0]
    assert found.option("talquetamab").id == "talquetamab"
    with pytest.raises(KeyError, match="panacea"):
        found.option("panacea")


def test_the_schema_is_printed_as_it_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    file = Path(schema.__file__)
    runpy.run_path(str(file), run_name="__main__")
    assert capsys.readouterr().out == file.with_suffix(".json").read_text("utf-8")
