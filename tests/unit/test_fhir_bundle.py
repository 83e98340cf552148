"""The bundle: whose it is, what is refused as a whole, and the resources about the person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.fhir_builder import (
    RXNORM,
    SUBJECT,
    agent,
    bundle,
    code,
    codes,
    infusion,
    m_protein,
    patient,
    read_text,
    record_of,
    without,
)

from rearm.intake import InputError, read
from rearm.interval import Interval
from rearm.record import When

Json = dict[str, Any]


def refused(content: Any) -> str:
    with pytest.raises(InputError) as error:
        read_text(content if isinstance(content, str | bytes) else json.dumps(content))
    assert "p.json" in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("<Bundle xmlns='http://hl7.org/fhir'/>", "not JSON"),
        ('{"resourceType":"Patient","id":"p1"}\n{"resourceType":"Observation"}', "not JSON"),
        ('{"resourceType": "Bundle", "type": "collection", "entry": [', "truncated"),
        ('{"resourceType": "Bundle", "resourceType": "Bundle"}', "appears twice"),
        ('{"resourceType": "Bundle", "x": NaN}', "NaN"),
        ('{"resourceType": "Bundle", "x": -Infinity}', "-Infinity"),
        ('{"resourceType": "Bundle", "x": 1e400}', "too large"),
        ("[" * 70 + "]" * 70, "deeper than 64"),
        ("[" * 100_000, "is nested deeper|truncated"),
        ('{"x": "\\ud800"}', "surrogate"),
        (b"\xff\xfe{}", "UTF-8"),
        ("[]", "no FHIR resource"),
        ("3", "no FHIR resource"),
        ("{}", "without resourceType"),
        (json.dumps(patient()), "single 'Patient'"),
        (json.dumps({"resourceType": "Bundle", "type": "history", "entry": []}), "history"),
        (json.dumps({"resourceType": "Bundle", "type": "collection"}), "without entries"),
        (json.dumps({"resourceType": "Bundle", "type": "collection", "entry": []}), "no Patient"),
        (
            json.dumps({"resourceType": "Bundle", "type": "collection", "entry": {}}),
            "not a valid FHIR Bundle",
        ),
        (
            json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [3]}),
            "not a valid FHIR Bundle",
        ),
        (
            json.dumps(
                {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {}}]}
            ),
            "entry 1 contains no FHIR resource",
        ),
    ],
)
def test_what_is_no_bundle_is_refused_with_a_sentence(text: str | bytes, said: str) -> None:
    import re

    assert re.search(said, refused(text))


def other(resource: Json, who: str = "p2") -> Json:
    return {**resource, "id": f"{resource['id']}-{who}", "subject": {"reference": f"Patient/{who}"}}


def test_two_patients_are_two_records_by_the_subject_of_each_resource() -> None:
    drug = {"resourceType": "Medication", "id": "drug", "code": {"text": "carfilzomib"}}
    by_drug = {"medicationReference": {"reference": "Medication/drug"}}
    given = without({**agent("a", {}), **by_drug}, "medicationCodeableConcept")
    reading = read_text(
        json.dumps(
            bundle(
                patient(), patient(id="p2", gender="male"), drug, m_protein(), other(infusion()),
                other(m_protein(value=0.7)), other(given), without(m_protein("m9"), "subject"),
            )
        )
    )  # fmt: skip
    first, second = reading.records
    assert (first.patient_id, first.sex, [x.quantity for x in first.labs]) == (
        "p1", "F", [Interval.of(1.2)],
    )  # fmt: skip
    assert (second.patient_id, second.sex, [x.quantity for x in second.labs]) == (
        "p2", "M", [Interval.of(0.7)],
    )  # fmt: skip
    assert [t.agents for t in first.therapies] == []
    assert [t.agents for t in second.therapies] == [("carfilzomib",)]
    assert not first.infusions and len(second.infusions) == 1
    assert "subject_missing" not in codes(first) | codes(second)  # m9 is of nobody
    (issue,) = [i for i in reading.issues if i.code == "subject_missing"]
    assert (issue.severity, issue.done) == ("error", "refused")
    assert (issue.source.place, issue.patient_id) == ("Observation/m9", None)


@pytest.mark.parametrize(
    "nameless",
    [
        m_protein("n"),
        infusion(id="n"),
        agent("n", {"text": "carfilzomib"}),
        {"resourceType": "Condition", "id": "n", "code": {"text": "Hepatitis B"}},
        {"resourceType": "AdverseEvent", "id": "n", "actuality": "actual"},
    ],
)
def test_what_says_of_nobody_that_it_happened_reaches_nobody(nameless: Json) -> None:
    several = bundle(patient(), patient(id="p2"), without(nameless, "subject"))
    alone = read_text(json.dumps(bundle(patient(), patient(id="p2"))))
    reading = read_text(json.dumps(several))
    assert reading.records == alone.records
    told = [(i.code, i.severity, i.source.place) for i in reading.issues]
    assert told == [("subject_missing", "error", f"{nameless['resourceType']}/n")]
    (record,) = read_text(json.dumps(bundle(patient(), without(nameless, "subject")))).records
    assert [i.severity for i in record.issues if i.code == "subject_missing"] == ["error"]


def test_a_subject_beside_two_patients_is_set_aside_and_said() -> None:
    reading = read_text(
        json.dumps(bundle(patient(), patient(id="p2"), m_protein(), other(m_protein(), "p9")))
    )
    assert [len(r.labs) for r in reading.records] == [1, 0]
    (issue,) = [i for i in reading.issues if i.code == "subject_missing"]
    assert (issue.severity, issue.source.place) == ("error", "Observation/m1-p9")


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/p2"},
        {"reference": "Group/g1"},
        {"reference": "urn:uuid:1b2f"},
        {"reference": "https://elsewhere.org/fhir/Patient/p1"},
        {"identifier": {"system": "urn:mrn", "value": "4711"}},
        {"reference": "Patient?identifier=urn:mrn|4711"},
    ],
)
def test_another_subject_is_refused(subject: Json) -> None:
    assert "Observation/m1" in refused(
        bundle(
            patient(identifier=[{"system": "urn:mrn", "value": "4712"}]), m_protein(subject=subject)
        )
    )


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/p1"},
        {"reference": "Patient/p1/_history/3"},
        {"reference": "https://example.org/fhir/Patient/p1"},
        {"identifier": {"system": "urn:mrn", "value": "4711"}},
        {"reference": "Patient?identifier=urn:mrn|4711"},
        {"reference": "Patient?identifier=urn%3Amrn%7C4711"},
        {"reference": "Patient?identifier=4711"},
    ],
)
def test_the_ways_to_name_the_patient(subject: Json) -> None:
    content = bundle(
        patient(identifier=[{"system": "urn:mrn", "value": "4711"}]), m_protein(subject=subject)
    )
    assert len(read_text(json.dumps(content)).records[0].labs) == 1


def test_references_by_full_url() -> None:
    content = bundle(patient(), m_protein(subject={"reference": "urn:uuid:5"}))
    content["entry"][0]["fullUrl"] = "urn:uuid:5"
    del content["entry"][0]["resource"]["id"]
    reading = read_text(json.dumps(content))
    assert len(reading.records[0].labs) == 1


@pytest.mark.parametrize(
    "kind", ["Observation", "Condition", "Specimen", "CarePlan", "Encounter", "Task"]
)
def test_every_resource_is_checked_also_those_that_are_not_read(kind: str) -> None:
    key = "for" if kind == "Task" else "subject"
    other = {"resourceType": kind, "id": "x", "status": "final", key: {"reference": "Patient/p9"}}
    assert "Patient/p9" in refused(bundle(patient(), m_protein(), other))


def test_without_a_patient_resource_the_one_subject_counts() -> None:
    record = read_text(json.dumps(bundle(m_protein(), infusion()))).records[0]
    assert (record.patient_id, record.sex, len(record.labs)) == ("p1", None, 1)
    assert codes(record) == {"no_patient_resource"}
    pair = bundle(m_protein(), m_protein("m2", subject={"reference": "Patient/p2"}))
    assert [r.patient_id for r in read_text(json.dumps(pair)).records] == ["p1", "p2"]
    group = bundle(m_protein(), m_protein("m2", subject={"reference": "Group/g1"}))
    assert "2 subjects" in refused(group)


def test_the_same_resource_twice_and_in_two_versions() -> None:
    assert codes(record_of(m_protein(), m_protein())) == {"duplicate_resource"}
    record = record_of(m_protein(), m_protein(value=0.7))
    assert (record.labs, codes(record)) == ((), {"versions_contradict"})
    earlier, later = (
        m_protein(meta={"lastUpdated": "2024-05-14T00:00:00Z"}),
        m_protein(value=0.7, meta={"lastUpdated": "2024-05-20T00:00:00Z"}),
    )
    for pair in ((earlier, later), (later, earlier)):
        record = record_of(*pair)
        assert [x.quantity for x in record.labs] == [Interval.of(0.7)]
        assert codes(record) == {"older_version"}


def test_a_page_of_a_search_is_said_to_be_one() -> None:
    content = bundle(
        patient(),
        m_protein(),
        kind="searchset",
        link=[{"relation": "next", "url": "https://example.org/2"}],
    )
    assert codes(read_text(json.dumps(content)).records[0]) == {"bundle_incomplete"}


NOTICE = {
    "resourceType": "OperationOutcome", "id": "oo",
    "issue": [{"severity": "warning", "code": "suppressed", "diagnostics": "3 results withheld"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "extra", "place"),
    [
        ({"total": 3}, (), "Bundle.total"),
        ({"total": 2}, (), None),
        ({}, (NOTICE,), "OperationOutcome/oo"),
        ({}, ({**NOTICE, "issue": [{"severity": "information", "code": "informational"}]},), None),
    ],
)
def test_what_a_server_held_back_is_said(
    more: Json, extra: tuple[Json, ...], place: str | None
) -> None:
    content = bundle(patient(), m_protein(), *extra, kind="searchset", **more)
    record = read_text(json.dumps(content)).records[0]
    assert len(record.labs) == 1
    found = [i.source.place for i in record.issues if i.code == "bundle_incomplete"]
    assert found == ([] if place is None else [place])


def test_included_resources_and_failed_requests() -> None:
    content = bundle(patient(), m_protein(), kind="searchset", total=2)
    content["entry"][0]["search"] = {"mode": "include"}
    assert codes(read_text(json.dumps(content)).records[0]) == {"bundle_incomplete"}
    answers = bundle(patient(), m_protein(), kind="batch-response")
    answers["entry"].append({"response": {"status": "403 Forbidden"}})
    (issue,) = [
        i for i in read_text(json.dumps(answers)).records[0].issues if i.code == "bundle_incomplete"
    ]
    assert "1 of 3 requests" in issue.message


def test_a_resource_given_in_part() -> None:
    record = record_of(m_protein(meta={"tag": [{"code": "SUBSETTED"}]}))
    (issue,) = [i for i in record.issues if i.code == "bundle_incomplete"]
    assert (issue.severity, issue.source.place) == ("warning", "Observation/m1")


def test_an_older_version_is_said_in_one_sentence() -> None:
    old = [
        {**condition({"text": "myeloma"}), "id": f"c{i}", "clinicalStatus": "active",
         "verificationStatus": "confirmed"}
        for i in range(5)
    ]  # fmt: skip
    issues = [i for i in record_of(*old).issues if i.code != "day_zero_chosen"]
    assert [i.code for i in issues] == ["older_version_of_fhir"]


def test_what_is_not_read_is_counted() -> None:
    record = record_of(
        *(
            {"resourceType": kind, "id": str(i), "subject": SUBJECT}
            for i, kind in enumerate(["CarePlan", "CarePlan", "Encounter"])
        )
    )
    (issue,) = [i for i in record.issues if i.code == "resources_not_read"]
    assert "2 CarePlan, 1 Encounter" in issue.message


# ---------------------------------------------------------------- the person


@pytest.mark.parametrize(
    ("change", "expected", "issues"),
    [
        ({"birthDate": "1961-05-02"}, ("F", "1961-05-02", None), set()),
        ({"birthDate": "1961-05"}, ("F", None, 1961), set()),
        ({"birthDate": "1961"}, ("F", None, 1961), set()),
        ({"birthDate": "61-05-02"}, ("F", None, None), {"day_unreadable"}),
        ({"birthDate": "1961-13-02"}, ("F", None, None), {"date_impossible"}),
        (
            {"birthDate": "1961-05-02", "gender": "other"},
            (None, "1961-05-02", None),
            {"sex_not_used"},
        ),
        ({"birthDate": "1961-05-02", "gender": 1}, (None, None, None), {"malformed_resource"}),
        (
            {"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]},
            (None, None, None),
            {"modifier"},
        ),
    ],
)
def test_the_patient(
    change: Json, expected: tuple[str | None, str | None, int | None], issues: set[str]
) -> None:
    record = read_text(json.dumps(bundle(patient(**change), infusion()))).records[0]
    assert (
        record.sex,
        record.birth_date and record.birth_date.isoformat(),
        record.birth_year,
    ) == expected
    assert codes(record) == issues


def test_death() -> None:
    def deaths(**more: Any) -> list[tuple[int | None, str]]:
        return [
            (d.day, d.cause)
            for d in read_text(json.dumps(bundle(patient(**more), infusion()))).records[0].deaths
        ]

    cause = {"extension": [{"url": "urn:rearm:column:cause", "valueString": "infection"}]}
    assert deaths(deceasedDateTime="2024-12-24") == [(295, "unknown")]
    assert deaths(deceasedDateTime="2024-12-24", **cause) == [(295, "infection")]
    assert deaths(deceasedBoolean=True) == [(None, "unknown")]
    assert deaths(deceasedBoolean=False, **cause) == []


def condition(concept: Json, **more: Any) -> Json:
    return {
        "resourceType": "Condition", "id": "c1", "subject": SUBJECT, "code": concept,
        "onsetDateTime": "2024-05-01",
        "clinicalStatus": code("http://terminology.hl7.org/CodeSystem/condition-clinical",
        "active"), **more,
    }  # fmt: skip


def verified(status: str) -> Json:
    return {
        "verificationStatus": code(
            "http://terminology.hl7.org/CodeSystem/condition-ver-status", status
        )
    }


def test_diagnosis_and_chains() -> None:
    chains = [
        {"url": "urn:rearm:column:heavy_chain", "valueString": "IgA"},
        {"url": "urn:rearm:column:light_chain", "valueString": "lambda"},
    ]
    record = record_of(
        condition(
            code("http://hl7.org/fhir/sid/icd-10-cm", "C90.00"),
            onsetDateTime="2019-03-04",
            extension=chains,
        )
    )
    assert (record.diagnosis_day, record.heavy_chain, record.light_chain) == (
        -1827,
        ("IgA",),
        "lambda",
    )
    relapse = record_of(condition(code("http://hl7.org/fhir/sid/icd-10-cm", "C90.02")))
    assert (relapse.diagnosis_day, codes(relapse)) == (None, {"myeloma_course"})


@pytest.mark.parametrize(
    ("more", "expected", "issues"),
    [
        ({}, ("present", 58), set()),
        (verified("confirmed"), ("present", 58), set()),
        (verified("refuted"), ("absent", 58), set()),
        (verified("provisional"), ("unclear", 58), {"unconfirmed_condition", "condition_unclear"}),
        (verified("entered-in-error"), None, {"entered_in_error"}),
        (
            {
                "clinicalStatus": code(
                    "http://terminology.hl7.org/CodeSystem/condition-clinical", "resolved"
                )
            },
            ("resolved", 58),
            set(),
        ),
        ({"clinicalStatus": {}}, ("present", 58), {"no_clinical_status"}),
        ({"onsetDateTime": None, "recordedDate": "2024-05-10"}, ("present", None), set()),
        ({"onsetAge": {"value": 60}, "onsetDateTime": None}, ("present", None), {"onset_not_read"}),
        (
            {"code": code("http://snomed.info/sct", "38341003", "Hypertension")},
            None,
            {"unknown_code"},
        ),
        ({"code": {"text": "t_cell_lymphoma"}}, None, {"unknown_code"}),
    ],
)
def test_conditions(more: Json, expected: tuple[str, int | None] | None, issues: set[str]) -> None:
    resource = {
        k: v
        for k, v in condition(code("urn:rearm:condition", "t_cell_lymphoma"), **more).items()
        if v is not None
    }
    record = record_of(resource)
    assert [(c.status, c.day) for c in record.conditions] == (
        [] if expected is None else [expected]
    )
    assert codes(record) == issues


def test_toxicities() -> None:
    grade = {"extension": [{"url": "urn:rearm:column:grade", "valueInteger": 3}]}
    event = {
        "resourceType": "AdverseEvent",
        "id": "a",
        "actuality": "actual",
        "event": code("urn:rearm:toxicity", "icans"),
        "subject": SUBJECT,
        "date": "2024-03-09",
        **grade,
    }
    record = record_of(
        event,
        {**event, "id": "b", "actuality": "potential"},
        {**event, "id": "c", "event": {"text": "icans"}},
    )
    assert [(t.toxicity, t.grade, t.day) for t in record.toxicities] == [("icans", 3, 5)]
    assert codes(record) == {"potential_event", "unknown_code"}


@pytest.mark.parametrize(
    ("system", "word", "grades"),
    [
        ("http://snomed.info/sct", "24484000", Interval(3, 5)),
        ("http://snomed.info/sct", "6736007", Interval(2, 2)),
        ("http://terminology.hl7.org/CodeSystem/adverse-event-severity", "severe", Interval(3, 5)),
        ("http://snomed.info/sct", "399166001", Interval(1, 5)),  # no word of the table
    ],
)
def test_the_severity_bounds_the_grade(system: str, word: str, grades: Interval) -> None:
    severity = {"severity": code(system, word)}
    event = {
        "resourceType": "AdverseEvent",
        "id": "a",
        "actuality": "actual",
        "event": code("urn:rearm:toxicity", "icans"),
        "subject": SUBJECT,
        "date": "2024-03-09",
    }
    as_condition = condition(code("urn:rearm:toxicity", "icans"), **severity)
    record = record_of(event | severity, as_condition)
    assert [x.grades for x in record.toxicities] == [grades, grades]


# onsets of the conditions that are the myeloma; the time of diagnosis, from day 0 (2024-03-04) on
ONSETS = [
    ([{"onsetDateTime": "2018-05"}], When(-2134, -2104), set()),
    ([{"onsetDateTime": "2018"}], When(-2254, -1890), set()),
    ([{"onsetDateTime": "2018-05-14"}], When.on(-2121), set()),
    ([{"onsetPeriod": {"start": "2018-05", "end": "2019-01"}}], When(-2134, -2104), set()),
    (
        [{"onsetDateTime": "2018-05"}, {"onsetDateTime": "2018-05-14"}],
        When(-2134, -2121),
        {"several_diagnoses"},
    ),
    (
        [{"onsetDateTime": "2019-06"}, {"onsetDateTime": "2018-05"}],
        When(-2134, -2104),
        {"several_diagnoses"},
    ),
    ([{"recordedDate": "2018-05-14"}], When(None, -2121), set()),
    (
        [{"recordedDate": "2020-01-01"}, {"onsetDateTime": "2018-05"}],
        When(-2134, -2104),
        {"several_diagnoses"},
    ),
]


@pytest.mark.parametrize(("onsets", "expected", "issues"), ONSETS)
def test_time_of_diagnosis(onsets: list[Json], expected: When, issues: set[str]) -> None:
    myeloma = code("http://hl7.org/fhir/sid/icd-10-cm", "C90.00")
    resources = [
        without(condition(myeloma), "onsetDateTime") | {"id": f"c{n}"} | onset
        for n, onset in enumerate(onsets)
    ]
    record = record_of(*resources)
    assert (record.diagnosis, codes(record)) == (expected, issues)


def test_statements_of_the_own_tables() -> None:
    def statement(identifier: str, table: str, **columns: Any) -> Json:
        components = [
            {"code": code("urn:rearm:column", k), "valueString": v} for k, v in columns.items()
        ]
        return {
            **without(m_protein(identifier), "valueQuantity"),
            "code": code("urn:rearm:table", table),
            "component": components,
        }

    record = record_of(
        statement(
            "r", "refractoriness", agent_or_class="anti-CD38", status="refractory", by="team"
        ),
        statement("f", "facts", finding="goals_of_care", value="no_hospital"),
        statement("x", "facts", finding="goals_of_care", value="no_hospital", mood="good"),
        statement("y", "therapies", regimen="VRd"),
        statement("z", "assessments", by="team"),
    )
    assert [(r.agent_or_class, r.status, r.when.day) for r in record.refractoriness] == [
        ("anti-CD38", "refractory", 70)
    ]
    assert [(f.finding, f.value) for f in record.facts] == [("goals_of_care", "no_hospital")]
    assert codes(record) == {"unknown_column", "unknown_code", "row_incomplete", "duplicate_row"}


def test_text_of_the_input_stays_on_one_line_of_an_issue() -> None:
    record = record_of(agent("a", code(RXNORM, "1\n2<script>", "x\u202ey")))
    assert all(issue.message.isprintable() for issue in record.issues)


# ---------------------------------------------------------------- files


def test_a_folder_of_bundles(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(bundle(patient(), m_protein())))
    (tmp_path / "b.json").write_text(
        json.dumps(bundle(patient(id="p2"), m_protein(subject={"reference": "Patient/p2"})))
    )
    assert [r.patient_id for r in read(tmp_path).records] == ["p1", "p2"]
    (tmp_path / "c.json").write_text(json.dumps(bundle(patient(), m_protein())))
    reading = read(tmp_path)
    assert [r.patient_id for r in reading.records] == ["p2"]
    (issue,) = reading.issues
    assert (issue.severity, issue.code, issue.done, issue.patient_id) == (
        "error", "patient_in_two_files", "refused", "p1",
    )  # fmt: skip
    assert "'p1' appears in a.json and in c.json." in issue.message
    (tmp_path / "d.json").mkdir()
    assert [i.source.file for i in read(tmp_path).issues] == ["d.json", "c.json"]
    (tmp_path / "b.json").unlink()
    with pytest.raises(InputError):
        read(tmp_path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read(tmp_path / "none.json")


# when the infusion was; the dates between which day 0 lies, the day of the M-protein of 13 May 2024
INFUSED_WITHIN: list[tuple[Json, tuple[str, str], When]] = [
    ({"effectiveDateTime": "2024"}, ("2024-01-01", "2024-12-31"), When(-232, 133)),
    ({"effectiveDateTime": "2024-03"}, ("2024-03-01", "2024-03-31"), When(43, 73)),
    (
        {"effectivePeriod": {"start": "2024-03-04", "end": "2024-03-08"}},
        ("2024-03-04", "2024-03-08"),
        When(66, 70),
    ),
]


@pytest.mark.parametrize(("stated", "between", "sampled"), INFUSED_WITHIN)
def test_an_infusion_without_a_whole_date_is_day_0_as_in_tables(
    stated: Json, between: tuple[str, str], sampled: When
) -> None:
    given = without(infusion(), "effectiveDateTime") | stated
    (record,) = read_text(json.dumps(bundle(patient(), given, m_protein()))).records
    assert record.day_zero is None
    assert tuple(map(str, record.day_zero_between or ())) == between
    assert [x.when for x in record.infusions] == [When.on(0)]
    assert [x.when for x in record.labs] == [sampled]
    (chosen,) = [i for i in record.issues if i.code == "day_zero_chosen"]
    assert chosen.source.place == "MedicationAdministration/car-t"
    assert f"between {between[0]} and {between[1]}" in chosen.message
