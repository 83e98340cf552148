"""FHIR bulk NDJSON: what an export holds, and what is read of it and said."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.support.export_builder import manifest, write_export
from tests.support.fhir_builder import bundle, infusion, m_protein, patient, without
from tests.support.loops import some

from rearm.intake import InputError, Reading, read
from rearm.interval import Interval
from rearm.record import Record

Json = dict[str, Any]
OTHER = {"reference": "Patient/p2"}
MRN = {"system": "urn:mrn", "value": "77"}
CARFILZOMIB = {"resourceType": "Medication", "id": "kyp", "code": {"text": "carfilzomib"}}


def given(reference: Json, **more: Any) -> Json:
    """A medication given that is named by a reference."""
    return {
        "resourceType": "MedicationAdministration",
        "id": "k1",
        "status": "completed",
        "medicationReference": reference,
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-06-01",
        **more,
    }


def export(folder: Path, *resources: Json | str, **files: Iterable[Json | str]) -> Reading:
    """What is read of an export with these lines in `all.ndjson`, and of other files by name."""
    named = {name.replace("__", "."): lines for name, lines in files.items()}
    return read(write_export(folder, {"all.ndjson": resources, **named}))


def told(reading: Reading) -> list[tuple[str, str, str]]:
    return [(i.severity, i.code, str(i.source)) for i in reading.issues]


def values(record: Record) -> list[Interval | None]:
    return [lab.quantity for lab in record.labs]


# ---------------------------------------------------------------- whose a line is


@pytest.mark.parametrize(
    ("subject", "is_of_p1"),
    [
        ({"reference": "Patient/p1"}, True),
        ({"reference": "Patient/p1/_history/3"}, True),
        ({"reference": "https://example.org/fhir/Patient/p1"}, True),
        ({"reference": "urn:uuid:p1"}, True),
        ({"reference": "urn:uuid:p1", "type": "Patient"}, True),
        ({"identifier": MRN}, True),
        ({"type": "Patient", "identifier": MRN}, True),
        ({"reference": "Patient?identifier=urn:mrn|77"}, True),
        ({"reference": "Patient?identifier=77"}, True),
        ({"reference": "Patient?name=x"}, False),
        ({"reference": "Patient?identifier=urn:other|77"}, False),
        ({"identifier": {"system": "urn:mrn", "value": "78"}}, False),
        ({"type": "Group", "identifier": MRN}, False),
        ({"reference": "Group?identifier=urn:mrn|77"}, False),
        ({"reference": "Group/p1"}, False),
        ({"reference": "Device/p1"}, False),
        ({"reference": "urn:uuid:p1", "type": "Group"}, False),
        ({"reference": "#p1"}, False),
        ({"reference": "Patient/"}, False),
        ({"reference": "Patient/p1/x"}, False),
        ({"reference": "Patient/p\u202e1"}, False),
        ({"reference": "NotPatient/p1"}, False),
        ({"display": "p1"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_whose_a_line_is(tmp_path: Path, subject: Json | None, is_of_p1: bool) -> None:
    result = m_protein(subject=subject)
    reading = export(tmp_path, patient(identifier=[MRN]), result, patient(id="p2"))
    by_id = {record.patient_id: values(record) for record in reading.records}
    assert by_id == {"p1": [Interval.of(1.2)] if is_of_p1 else [], "p2": []}
    nobody = [("error", "subject_missing", "all.ndjson: line 2")]
    assert told(reading) == ([] if is_of_p1 else nobody)


def test_an_identifier_of_two_patients_names_neither(tmp_path: Path) -> None:
    both = (patient(identifier=[MRN]), patient(id="p2", identifier=[MRN]))
    reading = export(tmp_path, *both, m_protein(subject={"identifier": MRN}))
    assert [values(record) for record in reading.records] == [[], []]
    assert told(reading) == [("error", "subject_missing", "all.ndjson: line 3")]


def test_the_same_id_on_two_servers_may_be_two_patients(tmp_path: Path) -> None:
    subjects = [{"reference": f"https://{name}.org/fhir/Patient/p1"} for name in "ab"]
    results = [m_protein(f"m{n}", subject=subject) for n, subject in enumerate(subjects)]
    reading = export(tmp_path, patient(), *results, patient(id="p2"))
    assert [record.patient_id for record in reading.records] == ["p2"]
    (issue,) = reading.issues
    assert (issue.code, issue.patient_id, issue.done) == ("patient_unreadable", "p1", "refused")
    assert "all.ndjson: line 2" in issue.message and "all.ndjson: line 3" in issue.message


def test_a_patient_without_a_patient_resource_has_a_record(tmp_path: Path) -> None:
    (record,) = export(tmp_path, m_protein(subject=OTHER)).records
    assert (record.patient_id, record.sex, values(record)) == ("p2", None, [Interval.of(1.2)])
    (issue,) = [i for i in record.issues if i.code == "no_patient_resource"]
    assert (str(issue.source), issue.severity) == ("all.ndjson: line 1", "warning")
    assert issue.message.startswith(
        "The export has no Patient resource of Patient/p2 that can be used."
    )


def test_a_patient_of_whom_nothing_else_is_there_has_a_record(tmp_path: Path) -> None:
    (record,) = export(tmp_path, patient()).records
    assert (record.patient_id, record.sex, record.labs, record.infusions) == ("p1", "F", (), ())


@pytest.mark.parametrize(
    ("second", "sex", "code"),
    [
        (patient(), "F", "duplicate_resource"),
        (patient(gender="male"), None, "versions_contradict"),
        (patient(gender="male", meta={"lastUpdated": "2026-02-01"}), None, "versions_contradict"),
    ],
)
def test_two_patient_resources_of_one_id(
    tmp_path: Path, second: Json, sex: str | None, code: str
) -> None:
    (record,) = export(tmp_path, patient(), m_protein(), second).records
    assert (record.sex, values(record)) == (sex, [Interval.of(1.2)])
    assert code in {i.code for i in record.issues}


def test_of_two_versions_the_last_update_is_read(tmp_path: Path) -> None:
    versions = [
        m_protein(value=value, meta={"lastUpdated": f"2026-0{month}-01T00:00:00Z"})
        for month, value in ((3, 0.9), (1, 1.2), (2, 1.5))
    ]
    (record,) = export(tmp_path, patient(), *versions).records
    assert values(record) == [Interval.of(0.9)]
    assert str(record.labs[0].source) == "all.ndjson: line 2"


@pytest.mark.parametrize(
    ("second", "sex"),
    [
        ({"gender": "male"}, "M"),  # corrected
        ({"birthDate": "1971-01-01"}, "F"),
        ({"gender": "male", "birthDate": "1971-01-01"}, None),  # somebody else
    ],
)
def test_a_later_version_corrects_a_person_but_changes_none(
    tmp_path: Path, second: Json, sex: str | None
) -> None:
    dated = [{"meta": {"lastUpdated": f"2026-0{n}-01T00:00:00Z"}} for n in (1, 2)]
    people = (patient(**dated[0]), patient(**{**dated[1], **second}))
    reading = export(tmp_path, *people, m_protein(), patient(id="p2"))
    assert [r.sex for r in reading.records if r.patient_id == "p1"] == ([sex] if sex else [])
    refused = [(i.code, i.patient_id) for i in reading.issues]
    assert refused == ([] if sex else [("patient_unreadable", "p1")])


def test_contradicting_patients_alone_are_an_issue_with_their_place(tmp_path: Path) -> None:
    reading = export(tmp_path, patient(gender="male"), patient(), patient(id="p2"))
    assert [record.patient_id for record in reading.records] == ["p2"]
    assert told(reading) == [("error", "patient_unreadable", "all.ndjson: line 1")]


def test_ids_that_look_alike_are_told_wherever_they_stand(tmp_path: Path) -> None:
    files: dict[str, list[Json]] = {"a__ndjson": [patient(id="12")]}
    reading = export(tmp_path, patient(id="0012"), **files)
    assert [record.patient_id for record in reading.records] == ["0012", "12"]
    assert [(i.code, len(i.places)) for i in reading.issues] == [("ids_alike", 2)]


# ---------------------------------------------------------------- what is of no patient


@pytest.mark.parametrize(
    ("reference", "is_found"),
    [
        ({"reference": "Medication/kyp"}, True),
        ({"reference": "https://example.org/fhir/Medication/kyp"}, True),
        ({"reference": "urn:uuid:kyp"}, True),
        ({"reference": "Medication/kyp/_history/1"}, True),
        ({"reference": "Medication/other"}, False),
        ({"reference": "Specimen/kyp"}, False),
    ],
)
def test_a_medication_of_no_patient_reaches_who_refers_to_it(
    tmp_path: Path, reference: Json, is_found: bool
) -> None:
    files: dict[str, list[Json]] = {"Medication__ndjson": [CARFILZOMIB]}
    reading = export(
        tmp_path, patient(), given(reference), patient(id="p2"), m_protein(subject=OTHER), **files
    )
    first, second = reading.records
    agents = [therapy.agents for therapy in first.therapies if therapy.agents]
    assert agents == ([("carfilzomib",)] if is_found else [])
    assert second.therapies == ()
    assert reading.issues == ()


def test_a_medication_by_identifier(tmp_path: Path) -> None:
    drug = {**CARFILZOMIB, "identifier": [{"system": "urn:drugs", "value": "9"}]}
    named = given({"reference": "Medication?identifier=urn:drugs|9"})
    (record,) = export(tmp_path, patient(), named, drug).records
    assert [therapy.agents for therapy in record.therapies] == [("carfilzomib",)]


# ---------------------------------------------------------------- lines that can't be read


@pytest.mark.parametrize(
    ("bad", "code", "said"),
    [
        ("not json", "line_unreadable", "line 2, column 1"),
        ('{"resourceType": "Observation", "id": NaN}', "line_unreadable", "NaN"),
        ('{"resourceType": "Patient", "id": "x", "id": "y"}', "line_unreadable", "appears twice"),
        ('{"a": 1}', "line_unreadable", "no FHIR resource"),
        ("[1]", "line_unreadable", "no FHIR resource"),
        ("3", "line_unreadable", "no FHIR resource"),
        (json.dumps(bundle(patient(id="x"))), "line_unreadable", "holds a Bundle"),
        ("[" * 70 + "]" * 70, "line_unreadable", "deeper than 64"),
        ('{"resourceType": "Patient"}', "patient_id_missing", "no id"),
        ('{"resourceType": "Patient", "id": "a\\u202eb"}', "patient_id_missing", "no id"),
        ('{"resourceType": "Patient", "id": "a/b"}', "patient_id_missing", "no id"),
        (json.dumps(without(m_protein("x"), "subject")), "subject_missing", "no patient"),
    ],
)
def test_a_bad_line_costs_no_other(tmp_path: Path, bad: str, code: str, said: str) -> None:
    reading = export(tmp_path, patient(), bad, "", m_protein(), bad)
    (record,) = reading.records
    assert (values(record), str(record.labs[0].source)) == (
        [Interval.of(1.2)],
        "all.ndjson: line 4",
    )
    (issue,) = reading.issues
    assert (issue.severity, issue.code, str(issue.source)) == ("error", code, "all.ndjson: line 2")
    assert said in issue.message and "first of 2 such lines" in issue.message
    assert issue.source.cell == (None, 2, None), "the number of the line is a row of the work list"
    assert [place.source.place for place in issue.places] == ["line 2", "line 5"]
    told_to_each = [i.code for i in record.unread]
    assert told_to_each == ([code] if code == "line_unreadable" else [])


def test_one_issue_for_each_cause_whatever_the_number_of_lines(tmp_path: Path) -> None:
    lines = ["x"] * 500 + ["{}"] * 300 + [json.dumps({"resourceType": "Claim"})] * 200
    reading = export(tmp_path, patient(), *lines)
    assert told(reading) == [
        ("error", "line_unreadable", "all.ndjson: line 2"),
        ("error", "line_unreadable", "all.ndjson: line 502"),
        ("note", "resources_not_read", "all.ndjson: line 802"),
    ]
    said = [issue.message for issue in reading.issues]
    assert "500 such lines" in said[0] and "300 such lines" in said[1] and "200 Claim" in said[2]
    assert all(len(issue.places) <= 100 for issue in some(reading.issues))


def test_a_line_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rearm.intake.ndjson.lines._LONGEST", 500)
    reading = export(tmp_path, patient(), patient(id="x" * 2000), m_protein())
    assert [values(record) for record in reading.records] == [[Interval.of(1.2)]]
    assert told(reading) == [("error", "line_unreadable", "all.ndjson: line 2")]


def test_a_file_that_ends_in_a_line_is_truncated(tmp_path: Path) -> None:
    folder = write_export(tmp_path, {"Patient.ndjson": [patient(), patient(id="p2")]})
    text = (folder / "Patient.ndjson").read_text("utf-8")
    (folder / "Patient.ndjson").write_text(text[:-20], "utf-8")
    reading = read(folder)
    (record,) = reading.records
    assert told(reading) == [("error", "file_cut_short", "Patient.ndjson: the rest after line 1")]
    assert record.unread == reading.issues
    (folder / "Patient.ndjson").write_text(text.rstrip(), "utf-8")
    assert (len(read(folder).records), read(folder).issues) == (2, ())


@pytest.mark.parametrize("compressed", [False, True])
def test_other_ways_to_write_lines(tmp_path: Path, compressed: bool) -> None:
    text = "\ufeff" + "\r\n".join(map(json.dumps, [patient(), m_protein()])) + "\r\n\r\n"
    name = "all.NDJSON.gz" if compressed else "all.NDJSON"
    raw = text.encode()
    (tmp_path / name).write_bytes(gzip.compress(raw) if compressed else raw)
    for path in (tmp_path, tmp_path / name):
        (record,) = read(path).records
        assert str(record.labs[0].source) == f"{name}: line 2"
        assert read(path).issues == ()


def test_a_truncated_gz_file_is_read_up_to_there(tmp_path: Path) -> None:
    people = [patient(id=f"p{n}", text={"div": f"{n * 7919}"}) for n in range(3000)]
    raw = gzip.compress("".join(f"{json.dumps(x)}\n" for x in people).encode())
    (tmp_path / "Patient.ndjson.gz").write_bytes(raw[: len(raw) // 2])
    reading = read(tmp_path)
    (issue,) = reading.issues
    count = len(reading.records)
    assert 0 < count < 3000
    assert (issue.code, issue.severity) == ("file_cut_short", "error")
    assert issue.source.place == f"the rest after line {count}"
    assert all(record.unread == (issue,) for record in some(reading.records))


@pytest.mark.parametrize("damage", ["checksum", "no gzip"])
def test_of_a_damaged_gz_file_nothing_is_used(tmp_path: Path, damage: str) -> None:
    raw = bytearray(gzip.compress(json.dumps(m_protein()).encode()))
    raw[-8] ^= 1
    content = bytes(raw) if damage == "checksum" else b"text"
    (tmp_path / "Observation.ndjson.gz").write_bytes(content)
    with pytest.raises(InputError, match="damaged or no gzip file"):
        read(tmp_path)
    write_export(tmp_path, {"Patient.ndjson": [patient()]})
    reading = read(tmp_path)
    (record,) = reading.records
    assert (record.sex, record.labs) == ("F", ())
    assert told(reading) == [("error", "file_unreadable", "Observation.ndjson.gz")]
    assert record.unread == reading.issues


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "no resource of a patient. Add Patient.ndjson"),
        ([CARFILZOMIB], "no resource of a patient"),
        (["x"], "all.ndjson: line 1"),
        ([json.dumps(patient(), indent=1)], "ends in the middle of a value"),
    ],
)
def test_an_export_without_patients_is_refused(
    tmp_path: Path, lines: list[Json | str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        export(tmp_path, *lines)


# ---------------------------------------------------------------- the manifest


def with_manifest(folder: Path, text: str, **files: Iterable[Json | str]) -> Reading:
    named = {f"{name}.ndjson": lines for name, lines in files.items()}
    write_export(folder, named)
    (folder / "manifest.json").write_text(text, "utf-8")
    return read(folder)


def test_a_manifest_that_agrees_says_nothing(tmp_path: Path) -> None:
    counted = manifest({"Patient.ndjson": 1, "Observation.ndjson": None})
    assert (
        with_manifest(tmp_path, counted, Patient=[patient()], Observation=[m_protein()]).issues
        == ()
    )


@pytest.mark.parametrize(
    ("output", "severity", "code", "place", "carried"),
    [
        ({"Observation.001.ndjson": 4}, "error", "file_missing", "Observation.001.ndjson", True),
        ({"Claim.000.ndjson": 4}, "note", "file_missing", "Claim.000.ndjson", False),
        (
            {"Observation.ndjson": 3},
            "error",
            "file_cut_short",
            "Observation.ndjson: the rest",
            True,
        ),
        ({}, "warning", "file_not_in_manifest", "Observation.ndjson", False),
    ],
)
def test_what_the_manifest_names_is_compared_with_the_folder(
    tmp_path: Path,
    output: dict[str, int | None],
    severity: str,
    code: str,
    place: str,
    carried: bool,
) -> None:
    whole = {"Patient.ndjson": 1} | ({"Observation.ndjson": 1} if output else {}) | output
    reading = with_manifest(
        tmp_path, manifest(whole), Patient=[patient()], Observation=[m_protein()]
    )
    (record,) = reading.records
    assert values(record) == [Interval.of(1.2)]
    assert told(reading) == [(severity, code, place)]
    assert [i.code for i in record.unread] == ([code] if carried else [])


def test_a_manifest_with_other_names_leaves_open_whether_all_is_there(tmp_path: Path) -> None:
    names = manifest({"download-1": None, "download-2": None})
    reading = with_manifest(tmp_path, names, Patient=[patient()])
    assert told(reading) == [("warning", "manifest_other_names", "manifest.json")]


@pytest.mark.parametrize("name", ["Patient", "Patient.ndjson"])
def test_a_file_of_the_manifest_may_have_been_compressed(tmp_path: Path, name: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest({name: 1}), "utf-8")
    (tmp_path / "Patient.ndjson.gz").write_bytes(gzip.compress(json.dumps(patient()).encode()))
    assert (len(read(tmp_path).records), read(tmp_path).issues) == (1, ())


def deletion(*urls: str) -> Json:
    entries = [{"request": {"method": "DELETE", "url": url}} for url in urls]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def test_what_was_deleted_is_not_read_and_said(tmp_path: Path) -> None:
    results = [m_protein(), m_protein("m2", 2.0, effectiveDateTime="2024-06-01")]
    reading = with_manifest(
        tmp_path,
        manifest({"Patient.ndjson": 3, "Observation.ndjson": 3}, deleted=["z.ndjson"]),
        Patient=[patient(), patient(id="p2"), patient(id="p3")],
        Observation=[*results, m_protein("m3", subject={"reference": "Patient/p3"})],
        z=[deletion("Observation/m2", "Patient/p3"), deletion("Observation/m9")],
    )
    assert [(r.patient_id, values(r)) for r in reading.records] == [
        ("p1", [Interval.of(1.2)]),
        ("p2", []),
    ]
    assert {(i.severity, i.code, str(i.source), i.patient_id) for i in reading.issues} == {
        ("note", "deleted", "Observation.ndjson: line 2", None),
        ("note", "deleted", "Patient.ndjson: line 3", None),
        ("warning", "patient_deleted", "Observation.ndjson: line 3", "p3"),
    }


def test_deletions_without_a_manifest_are_said(tmp_path: Path) -> None:
    files: dict[str, list[Json]] = {"deleted__ndjson": [deletion("Patient/p1")]}
    reading = export(tmp_path, patient(), **files)
    assert told(reading) == [("error", "line_unreadable", "deleted.ndjson: line 1")]
    assert "no manifest names its file" in reading.issues[0].message


def outcome(text: str, severity: str = "error") -> Json:
    issue = {"severity": severity, "code": "processing", "diagnostics": text}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def test_what_the_server_could_not_export_is_told_to_each_patient(tmp_path: Path) -> None:
    said = [outcome("Condition left out"), outcome("ready", "information")]
    reading = with_manifest(
        tmp_path,
        manifest({"Patient.ndjson": 1}, error=["e.ndjson"]),
        Patient=[patient()],
        e=[*said, outcome("Condition left out"), outcome("Observation left out")],
    )
    (record,) = reading.records
    assert [(i.code, i.source.place[:6]) for i in reading.issues] == [
        ("export_incomplete", "line 1"),
        ("export_incomplete", "line 4"),
    ]
    assert "Condition left out" in reading.issues[0].message
    assert "first of 2" in reading.issues[0].message
    assert record.unread == reading.issues


def test_lists_of_the_manifest_that_are_not_there_are_said(tmp_path: Path) -> None:
    named = manifest({"Patient.ndjson": 1}, deleted=["d.ndjson"], error=["e.ndjson"])
    reading = with_manifest(tmp_path, named, Patient=[patient()])
    assert [(i.code, i.source.file) for i in reading.issues] == [
        ("file_of_manifest_missing", "d.ndjson"),
        ("file_of_manifest_missing", "e.ndjson"),
    ]
    assert "still read" in reading.issues[0].message and "unknown" in reading.issues[1].message


@pytest.mark.parametrize("text", ["", "[", "[]", "{}", '{"output": []}', '{"output": {}}'])
def test_a_json_file_that_is_no_manifest_is_no_export(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"manifest\.json"):
        with_manifest(tmp_path, text, Patient=[patient()])


@pytest.mark.parametrize(
    "entry", [3, {}, {"url": 3}, {"url": "http://[x"}, {"url": "", "type": 3, "count": "x"}]
)
def test_a_malformed_entry_of_a_manifest_ends_nothing(tmp_path: Path, entry: Any) -> None:
    content = json.loads(manifest({"Patient.ndjson": 1}))
    content["output"].append(entry)
    content["deleted"] = {}
    reading = with_manifest(tmp_path, json.dumps(content), Patient=[patient()])
    assert [record.patient_id for record in reading.records] == ["p1"]


# ---------------------------------------------------------------- what lies beside it


def test_what_lies_beside_an_export_is_said(tmp_path: Path) -> None:
    write_export(tmp_path, {"Patient.ndjson": [patient()], "notes.txt": ["x"]})
    (tmp_path / "manifest.json").write_text(manifest({"Patient.ndjson": 1}), "utf-8")
    (tmp_path / "x.json").write_text(json.dumps(bundle(patient(id="x"))), "utf-8")
    (tmp_path / "more").mkdir()
    write_export(tmp_path / "more", {"Patient.ndjson": [patient(id="y")]})
    assert told(read(tmp_path)) == [
        ("warning", "folder_not_read", "more"),
        ("warning", "file_not_read", "notes.txt"),
        ("warning", "file_not_read", "x.json"),
    ]


# ---------------------------------------------------------------- single resources, several bundles


def write_each(folder: Path, *resources: Json) -> Path:
    for number, resource in enumerate(resources):
        text = json.dumps(resource, indent=1)
        (folder / f"{number}.json").write_text(text, "utf-8")
    return folder


def test_single_resources_of_a_folder_belong_together(tmp_path: Path) -> None:
    other = patient(id="p2", gender="male")
    reading = read(write_each(tmp_path, m_protein(), patient(), infusion(), other, CARFILZOMIB))
    first, second = reading.records
    assert (first.patient_id, first.sex, values(first)) == ("p1", "F", [Interval.of(1.2)])
    assert len(first.infusions) == 1
    assert (second.patient_id, second.sex) == ("p2", "M")
    assert str(first.labs[0].source) == "0.json: Observation/m1"
    assert reading.issues == ()


def test_a_patient_in_a_bundle_and_in_single_resources_is_not_read(tmp_path: Path) -> None:
    whole = bundle(patient(), infusion())
    reading = read(write_each(tmp_path, whole, m_protein(), m_protein("x", subject=OTHER)))
    assert [record.patient_id for record in reading.records] == ["p2"]
    assert [(i.code, i.patient_id) for i in reading.issues] == [("patient_in_two_files", "p1")]


def test_a_bundle_of_documents_alone_does_not_hide_the_patient(tmp_path: Path) -> None:
    letter = {
        "resourceType": "DocumentReference",
        "id": "d",
        "subject": {"reference": "Patient/p1"},
    }
    reading = read(write_each(tmp_path, bundle(letter), patient(), m_protein()))
    (record,) = reading.records
    assert (record.sex, values(record)) == ("F", [Interval.of(1.2)])
    assert told(reading) == [("note", "resources_not_read", "0.json")]


def test_documents_beside_another_patient_give_no_second_record(tmp_path: Path) -> None:
    subject = {"reference": "Patient/p1"}
    letter = {"resourceType": "DocumentReference", "id": "d", "subject": subject}
    both = bundle(letter, m_protein(subject=OTHER))
    reading = read(write_each(tmp_path, both, bundle(patient(), m_protein())))
    assert [(r.patient_id, r.sex) for r in reading.records] == [("p2", None), ("p1", "F")]


def test_one_bad_bundle_of_a_folder_costs_no_other(tmp_path: Path) -> None:
    several = bundle(patient(), m_protein(), patient(id="p2"), infusion(subject=OTHER))
    reading = read(write_each(tmp_path, {"type": "collection"}, several, bundle(patient(id="p3"))))
    assert [record.patient_id for record in reading.records] == ["p1", "p2", "p3"]
    assert told(reading) == [("error", "file_unreadable", "0.json")]


def test_one_bad_patient_of_a_bundle_costs_no_other(tmp_path: Path) -> None:
    several = bundle(patient(), m_protein(), patient(id="p2"), infusion(subject=OTHER))
    several["entry"][1]["resource"]["resourceType"] = 3
    reading = read(write_each(tmp_path, several, bundle(patient(id="p3"))))
    assert [record.patient_id for record in reading.records] == ["p2", "p3"]
    assert told(reading) == [("error", "patient_unreadable", "0.json")]


def test_a_folder_of_resources_of_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no resource of a patient"):
        read(write_each(tmp_path, CARFILZOMIB))
