"""Rows that say something but can't be read: an older, more favourable state must not stand for
them.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rearm.intake import InputError, read, read_tables
from rearm.intake.fhir.read import read_fhir
from rearm.record import Issue, Record, When
from rearm.strict_json import parse_json

TODAY = date(2026, 1, 1)
PERSON = {"patient_id": "A", "sex": "F", "day_zero": "2024-03-12"}


def _record(person: dict[str, Any] | None = None, **tables: Any) -> Record:
    rows = {
        name: [{"patient_id": "A", **row} for row in entries] for name, entries in tables.items()
    }
    return read_tables({"patients": [PERSON | (person or {})], **rows}, today=TODAY).records[0]


def _told(record: Record, code: str) -> list[Issue]:
    return [i for i in record.issues if i.code == code]


ABSENT = {"day": 0, "condition": "active_infection", "status": "absent"}


@pytest.mark.parametrize(
    ("cells", "when"),
    [
        ({"status": "suspected"}, When.on(50)),
        ({"status": "V.a."}, When.on(50)),
        ({"status": "perhaps"}, When.on(50)),
        ({"status": None}, When.on(50)),
        ({"status": "unknown"}, When.on(50)),
        ({"status": "present", "day": "12/03/24"}, When()),
        ({"status": "present", "day": None}, When()),
        ({"status": "present", "end_day": 40}, When.on(50)),
    ],
)
def test_a_condition_that_cannot_be_read_is_kept_as_unclear(
    cells: dict[str, Any], when: When
) -> None:
    record = _record(conditions=[ABSENT, {"day": 50, "condition": "active_infection"} | cells])
    assert [(c.status, c.when) for c in record.conditions] == [
        ("absent", When.on(0)),
        ("unclear", when),
    ]
    (told,) = _told(record, "condition_unclear")
    assert "so its state is treated as unclear" in told.message
    assert (told.severity, told.done, told.source.place.split(",")[0]) == (
        "warning",
        "set_aside",
        "row 3",
    )
    assert record.conditions[1].end == When()


def test_present_and_absent_on_one_day() -> None:
    record = _record(
        conditions=[
            ABSENT,
            ABSENT | {"status": "present"},
            ABSENT | {"day": 9, "status": "resolved"},
        ]
    )
    assert [c.status for c in record.conditions] == ["unclear", "unclear", "resolved"]
    assert len(_told(record, "condition_unclear")) == 1
    sound = _record(
        conditions=[
            ABSENT,
            ABSENT | {"day": 9, "status": "present"},
            {"condition": "diabetes", "status": "present"},
        ]
    )
    assert [c.status for c in sound.conditions] == [
        "absent",
        "present",
        "present",
    ]  # another day; the only row of a condition


def test_a_toxicity_that_ends_before_it_starts() -> None:
    record = _record(toxicities=[{"day": 9, "toxicity": "crs", "grade": 1, "end_day": 3}])
    assert record.toxicities[0].end == When()
    assert [i.severity for i in _told(record, "end_before_start")] == ["error"]


@pytest.mark.parametrize(
    ("cells", "when"),
    [
        ({"result": None, "length_mm": 30}, When.on(60)),
        ({"result": "pending"}, When.on(60)),
        ({"result": "positive", "length_mm": 0, "width_mm": 0, "short_axis_mm": 0}, When.on(60)),
    ],
)
def test_an_examination_that_cannot_be_read_is_kept_without_a_result(
    cells: dict[str, Any], when: When
) -> None:
    record = _record(imaging=[{"day": 60, "method": "PET-CT"} | cells])
    assert [(x.result, x.when) for x in record.imaging] == [(None, when)]
    assert [(x.test, x.when) for x in record.set_aside] == [("imaging", when)]
    assert [(i.severity, i.done) for i in _told(record, "imaging_unclear")] == [
        ("warning", "set_aside")
    ]


@pytest.mark.parametrize("size", [{}, {"length_mm": 0, "width_mm": 7}])
def test_an_examination_that_can_be_read(size: dict[str, Any]) -> None:
    record = _record(imaging=[{"day": 60, "method": "CT", "result": "positive"} | size])
    assert record.imaging[0].result == "positive"
    assert not _told(record, "imaging_unclear")


@pytest.mark.parametrize(
    "word",
    [
        "sepsis",
        "Pneumonie",
        "aktive Infektion",
        "septic shock",
        "A41.9",
        "J18.9",
        "Septischer Schock",
    ],
)
def test_words_of_an_active_infection(word: str) -> None:
    record = _record(conditions=[{"day": 1, "condition": word, "status": "present"}])
    assert [c.condition for c in record.conditions] == ["active_infection"]
    assert not record.issues


def test_a_condition_that_no_rule_reads_is_told_to_check() -> None:
    record = _record(conditions=[{"day": 1, "condition": "psoriasis", "status": "present"}])
    assert [(i.severity, i.done) for i in _told(record, "word_not_listed")] == [
        ("warning", "set_aside")
    ]


def _bundle(**condition: Any) -> Record:
    import json

    subject = {"subject": {"reference": "Patient/A"}}
    entries = [
        {"resourceType": "Patient", "id": "A"},
        {"resourceType": "Condition", "id": "c", **subject, **condition},
    ]
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": r} for r in entries],
    }
    return read_fhir(json.dumps(bundle).encode(), today=TODAY).records[0]


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("http://snomed.info/sct", "91302008"),
        ("http://snomed.info/sct", "233604007"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "A41.9"),
        ("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "J18.9"),
    ],
)
@pytest.mark.parametrize(
    ("verification", "status"),
    [("confirmed", "present"), ("provisional", "unclear"), ("refuted", "absent")],
)
def test_conditions_of_a_bundle(system: str, code: str, verification: str, status: str) -> None:
    state = "http://terminology.hl7.org/CodeSystem/condition-"
    record = _bundle(
        code=_concept(system, code),
        clinicalStatus=_concept(f"{state}clinical", "active"),
        verificationStatus=_concept(f"{state}ver-status", verification),
        onsetDateTime="2024-05-01",
    )
    assert [(c.condition, c.status) for c in record.conditions] == [("active_infection", status)]
    assert bool(_told(record, "unconfirmed_condition")) is (status == "unclear")


def _lab(**cells: Any) -> dict[str, Any]:
    return {"day": 5, "test": "serum_m_protein", "value": 2.5, "unit": "g/dL"} | cells


@pytest.mark.parametrize("status", ["retracted", "invalid", "error"])
def test_a_result_of_unknown_status_is_not_final(status: str) -> None:
    record = _record(labs=[_lab(status=status)])
    assert record.labs == () and [x.day for x in record.set_aside] == [5]


@pytest.mark.parametrize(
    ("first", "second", "used"),
    [
        ({"sample_id": "S1"}, {}, [0.5]),
        ({}, {"sample_id": "S1", "specimen": "serum"}, [0.5]),
        ({"sample_id": "S1"}, {"sample_id": "S2"}, [2.5, 0.5]),
        ({"day": 6}, {}, [2.5, 0.5]),
        ({}, {"value": None}, []),
        ({"sample_id": "S1"}, {"value": "n.d."}, []),
    ],
)
def test_what_a_correction_replaces(
    first: dict[str, Any], second: dict[str, Any], used: list[float]
) -> None:
    record = _record(labs=[_lab(**first), _lab(**({"value": 0.5, "status": "corrected"} | second))])
    assert [x.quantity and x.quantity.exact for x in record.labs] == used
    assert bool(_told(record, "correction_elsewhere")) is ("S2" in second.values())
    assert bool(_told(record, "result_withdrawn")) is (not used)
    assert [x.day for x in record.set_aside] == ([] if used else [5])


def test_a_day_number_in_the_future() -> None:
    record = _record({"last_seen_day": 900}, labs=[_lab(day=900), _lab(day=600)])
    assert [x.day for x in record.labs] == [600] and record.last_seen_day is None
    assert len(_told(record, "date_in_future")) == 2


def test_paths_and_numbers_that_are_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    for path, sentence in (
        ("", "No path"),
        (pipe, "not a regular file"),
        (large, "up to 64 MiB"),
        ("/dev/zero", "tidy|table|regular"),
    ):
        with pytest.raises(InputError, match=sentence):
            read(path)
    with pytest.raises(InputError, match="too close to 0"):
        parse_json("[1.3e-400]", "x.json")
    assert parse_json("[0.0, 0e5]", "x.json") == [0, 0]
