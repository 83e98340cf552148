"""The two patients of a coordinator's morning: one is typed from a letter, prepared, overruled,
decided and followed up, one is sent as a workbook. What is to be seen of them is computed from the
tables that tell of the same patients, by the public entry.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.places import DATA

import rearm
from rearm.assessment import Assessment, assess
from rearm.assessment.overruling import StatedFact, assess_overruled, fact_now
from rearm.knowledge.bundle import load
from rearm.record import Record
from rearm.report.sheet.contents import sheet_contents

__all__ = [
    "CALCIUM",
    "GIVEN",
    "LETTER",
    "SENT",
    "TYPED",
    "first",
    "followed",
    "letter_record",
    "on_sheet",
    "overruled",
    "prepared",
    "prepared_record",
    "sent",
    "sent_record",
    "untold",
]

LETTER = DATA / "review" / "patients" / "1-first-entry"
TYPED, SENT = "C", "B"
CALCIUM = {
    "test": load().lab_tests["calcium"].name,
    "value": "2.31", "unit": "mmol/L", "day": "2026-09-28",
}  # fmt: skip
GIVEN = {
    "given": "talquetamab", "started": "2026-10-05", "best_response": "VGPR",
    "response_day": "2026-11-16",
}  # fmt: skip
_ECOG = StatedFact(kind="finding", what="ecog", value=3.0, id="stated by the team")


def _record(patient: str, **more: dict[str, str]) -> Record:
    """A patient as the tables tell of it, with a further row of some tables."""
    with TemporaryDirectory() as place:
        folder = Path(place) / "tables"
        shutil.copytree(LETTER, folder)
        for table, cells in more.items():
            file = folder / f"{table}.csv"
            row = {"patient_id": patient, **cells}
            if not file.exists():
                file.write_text(",".join(row) + "\n", encoding="utf-8")
            with file.open(encoding="utf-8", newline="") as lines:
                columns = next(csv.reader(lines))
            assert set(row) <= set(columns)
            with file.open("a", encoding="utf-8", newline="") as lines:
                csv.DictWriter(lines, columns).writerow(row)
        return {x.patient_id: x for x in rearm.read(folder).records}[patient]


@cache
def letter_record() -> Record:
    return _record(TYPED)


@cache
def prepared_record() -> Record:
    """With the result that was asked for."""
    return _record(TYPED, labs=CALCIUM)


@cache
def sent_record() -> Record:
    return _record(SENT)


@cache
def first() -> Assessment:
    return assess(letter_record())


@cache
def prepared() -> Assessment:
    return assess(prepared_record())


@cache
def overruled() -> Assessment:
    """As the team states that the ECOG is 3."""
    return assess_overruled(prepared_record(), (_stated(),))


@cache
def _stated() -> StatedFact:
    """The fact, with what it was stated over."""
    return fact_now(prepared_record(), _ECOG)


@cache
def sent() -> Assessment:
    return assess(sent_record())


@cache
def followed() -> Assessment:
    """With what was given after the meeting, and what came of it."""
    line = {"start_day": GIVEN["started"], "agents": GIVEN["given"], "purpose": "salvage",
            "best_response": GIVEN["best_response"]}  # fmt: skip
    seen = {"day": GIVEN["response_day"], "response": GIVEN["best_response"], "by": "team",
            "basis": "board follow-up"}  # fmt: skip
    record = _record(TYPED, labs=CALCIUM, therapies=line, assessments=seen)
    return assess_overruled(record, (_stated(),))


def untold(page: str, phrases: Iterable[str]) -> list[str]:
    """Phrases that the text of a page lacks; capitals and breaks of lines are layout."""
    text = re.sub(r"\s+", " ", page).casefold()
    return [x for x in phrases if re.sub(r"\s+", " ", x).casefold() not in text]


def on_sheet(result: Assessment) -> list[str]:
    """What a coordinator checks of a sheet."""
    sheet = sheet_contents(result)
    found = [sheet.state, sheet.relapse, sheet.failure, *sheet.case, *sheet.actions]
    found += [text for alert in sheet.alerts for text in alert]
    found += [name for name, _ in sheet.before] + [x for _, turns in sheet.before for x in turns]
    for x in sheet.lines:
        found += [x.line.tier_words, x.line.strategy, x.line.option, x.line.figure, *x.why]
    assert len(found) > 6
    return found
