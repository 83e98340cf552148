"""Observations: each way in which a result can be given, withdrawn, contradictory or missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.fhir_builder import (
    LOINC,
    SNOMED,
    SUBJECT,
    code,
    codes,
    infusion,
    m_protein,
    patient,
    quantity,
    record_of,
    without,
)

from rearm.interval import Interval

KAPPA, LAMBDA = (
    ("36916-5", "Kappa light chains.free [Mass/volume] in Serum"),
    ("33944-0", "Lambda light chains.free [Mass/volume] in Serum or Plasma"),
)


def test_a_plain_result() -> None:
    record = record_of(m_protein(issued="2024-05-15T09:12:00+02:00"))
    (lab,) = record.labs
    assert (lab.test, lab.quantity, lab.unit, lab.day, lab.reported_day) == (
        "serum_m_protein",
        Interval.of(1.2),
        "g/dL",
        70,
        72,
    )
    assert str(lab.source) == "p.json: Observation/m1"
    assert codes(record) == set()


# what is changed in the plain result -> (codes of issues, usable results, results set aside)
CASES: dict[str, tuple[Callable[[Any], Any], set[str], int, int]] = {
    "no status": (lambda o: without(o, "status"), {"status_unknown"}, 0, 0),
    "status unknown": (lambda o: {**o, "status": "unknown"}, {"status_unknown"}, 0, 0),
    "entered in error": (lambda o: {**o, "status": "entered-in-error"}, {"entered_in_error"}, 0, 0),
    "cancelled": (lambda o: {**o, "status": "cancelled"}, {"cancelled"}, 0, 0),
    "preliminary": (lambda o: {**o, "status": "preliminary"}, {"preliminary"}, 0, 1),
    "amended": (lambda o: {**o, "status": "amended"}, set(), 1, 0),
    "corrected": (lambda o: {**o, "status": "corrected"}, set(), 1, 0),
    "no subject": (lambda o: without(o, "subject"), {"subject_missing"}, 0, 0),
    "no unit": (lambda o: {**o, "valueQuantity": {"value": 1.2}}, {"unit_missing"}, 0, 1),
    "unit of another dimension": (lambda o: {**o, "valueQuantity": quantity(1.2, "mmol/L")},
    {"unit_not_allowed"}, 0, 1),
    "unit text only": (lambda o: {**o, "valueQuantity": {"value": 12, "unit": "g/L"}}, set(), 1, 0),
    "unit code against unit text": (lambda o: {**o,
    "valueQuantity": quantity(1.2) | {"unit": "g/L"}}, {"unit_contradiction"}, 0, 1),
    "unit code against text of another test": (lambda o: {**o,
    "valueQuantity": quantity(1.2) | {"unit": "mmol/L"}}, {"unit_contradiction"}, 0, 1),
    "unit text explains the code": (lambda o: {**o,
    "valueQuantity": quantity(1.2) | {"unit": "grams per decilitre"}}, set(), 1, 0),
    "comparator not read": (lambda o: {**o, "valueQuantity": quantity(1.2, comparator="ad")},
    {"value_unreadable"}, 0, 1),
    "no number": (lambda o: {**o, "valueQuantity": {"unit": "g/dL"}}, {"value_blank"}, 0, 1),
    "text": (lambda o: {**without(o, "valueQuantity"), "valueString": "see comment"},
    {"value_unreadable"}, 0, 1),
    "a range": (lambda o: {**without(o, "valueQuantity"), "valueRange": {"low": {"value": 1}}},
    {"value_type"}, 0, 1),
    "two values": (lambda o: {**o, "valueString": "1.2"}, {"malformed_resource"}, 0, 0),
    "absent with reason": (
        lambda o: {**without(o, "valueQuantity"),
            "dataAbsentReason": code("http://terminology.hl7.org/CodeSystem/data-absent-reason",
            "not-performed")},
        {"no_value"}, 0, 0,
    ),
    "absent without reason": (lambda o: without(o, "valueQuantity"), {"no_value"}, 0, 0),
    "value and a reason why there is none": (lambda o: {**o, "dataAbsentReason": {"text": "error"}},
    {"value_contradiction"}, 0, 1),
    "unknown code": (lambda o: {**o,
    "code": code(LOINC, "4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood")}, {"unknown_code"}, 0,
    0),
    "display alone": (lambda o: {**o,
    "code": {"coding": [{"display": "M-protein"}], "text": "serum M-protein"}}, {"unknown_code"}, 0,
    1),
    "another system": (lambda o: {**o, "code": code("urn:local", "33358-3")}, {"unknown_code"}, 0,
    0),
    "wrong check digit": (lambda o: {**o, "code": code(LOINC, "33358-4", "serum M-protein")},
    {"loinc_check_digit"}, 0, 1),
    "display of another test": (lambda o: {**o,
    "code": code(LOINC, "33358-3", "Albumin [Mass/volume] in Serum or Plasma")},
    {"code_contradiction"}, 0, 1),
    "text of another material": (lambda o: {**o,
    "code": {**code(LOINC, "33358-3"), "text": "M-Protein in 24 h Urin"}}, {"code_contradiction"},
    0, 1),
    "codes of two tests": (
        lambda o: {**o,
            "code": {"coding": [*code(LOINC, "33358-3")["coding"],
            *code(LOINC, "2465-3")["coding"]]}}, {"code_contradiction"}, 0, 1,
    ),
    "local code beside a known one": (lambda o: {**o,
    "code": {"coding": [{"system": "urn:lab", "code": "MPROT"}, *o["code"]["coding"]]}}, set(), 1,
    0),
    "modifier extension": (lambda o: {**o,
    "modifierExtension": [{"url": "urn:x", "valueBoolean": True}]}, {"modifier"}, 0, 0),
    "value is no object": (lambda o: {**o, "valueQuantity": 1.2}, {"malformed_resource"}, 0, 0),
    "code is a list": (lambda o: {**o, "code": ["33358-3"]}, {"malformed_resource"}, 0, 0),
    "value is a text in a quantity": (lambda o: {**o, "valueQuantity": quantity("1.2")},
    {"malformed_resource"}, 0, 0),
    "no date": (lambda o: without(o, "effectiveDateTime"), {"undated"}, 1, 0),
    "two-digit year": (lambda o: {**o, "effectiveDateTime": "13.05.24"}, {"day_unreadable"}, 0, 1),
    "a day number": (lambda o: {**o, "effectiveDateTime": "70"}, {"day_unreadable"}, 0, 1),
    "a day word": (lambda o: {**o, "effectiveDateTime": "baseline"}, {"day_unreadable"}, 0, 1),
    "no calendar date": (lambda o: {**o, "effectiveDateTime": "2024-02-30"}, {"date_impossible"}, 0,
    1),
    "in the future": (lambda o: {**o, "effectiveDateTime": "2031-05-13"}, {"date_in_future"}, 0, 1),
    "before birth": (lambda o: {**o, "effectiveDateTime": "1951-05-13"}, {"before_birth"}, 0, 1),
    "a timing": (lambda o: {**without(o, "effectiveDateTime"), "effectiveTiming": {"event": []}},
    {"day_unreadable"}, 0, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_a_result(name: str) -> None:
    change, expected, usable, set_aside = CASES[name]
    record = record_of(change(m_protein()))
    assert codes(record) == expected
    assert (len(record.labs), len(record.set_aside)) == (usable, set_aside)
    assert len(record.infusions) == 1  # nothing else is lost
    assert all(x.quantity is None and x.word is None and x.why_set_aside for x in record.set_aside)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (quantity(0.1, comparator="<"), Interval(0, 0.1, high_open=True)),
        (quantity(0.1, comparator="<="), Interval(0, 0.1)),
        (quantity(12, "g/L"), Interval.of(1.2)),
        (quantity(0), Interval.of(0)),
        (quantity(1e-05), Interval.of(1e-05)),
    ],
)
def test_values_and_comparators(value: dict[str, Any], expected: Interval) -> None:
    assert record_of(m_protein(valueQuantity=value)).labs[0].quantity == expected


@pytest.mark.parametrize(
    ("effective", "expected"),
    [
        ({"effectiveDateTime": "2024-05"}, (58, 88)),
        ({"effectiveDateTime": "2024"}, (-63, 302)),
        (
            {"effectiveDateTime": "2024-05-13T23:30:00-05:00"},
            (70, 70),
        ),  # the local date, not that of UTC
        ({"effectiveInstant": "2024-05-13T08:00:00.123Z"}, (70, 70)),
        (
            {"effectivePeriod": {"start": "2024-05-12", "end": "2024-05-13"}},
            (70, 70),
        ),  # a 24-hour collection, on the day it ends
        ({"effectivePeriod": {"start": "2024-05-01", "end": "2024-05-13"}}, (58, 70)),
        ({"effectivePeriod": {"start": "2024-05-01"}}, (58, None)),
    ],
)
def test_times(effective: dict[str, Any], expected: tuple[int, int | None]) -> None:
    (lab,) = record_of({**without(m_protein(), "effectiveDateTime"), **effective}).labs
    assert (lab.when.first, lab.when.last) == expected


def test_a_period_that_ends_before_it_starts() -> None:
    record = record_of(
        {
            **without(m_protein(), "effectiveDateTime"),
            "effectivePeriod": {"start": "2024-05-14", "end": "2024-05-13"},
        }
    )
    assert codes(record) == {"day_unreadable"}
    assert len(record.set_aside) == 1


def test_corrected_after_final_counts() -> None:
    record = record_of(m_protein("a", 1.2), m_protein("b", 0.7, status="corrected"))
    assert [x.quantity for x in record.labs] == [Interval.of(0.7)]
    assert codes(record) == {"superseded"}


def test_a_panel_gives_each_component_as_a_result() -> None:
    panel = {
        **without(m_protein("flc"), "valueQuantity"),
        "code": code(LOINC, "48378-4"),
        "component": [
            {"code": code(LOINC, *KAPPA), "valueQuantity": quantity(220, "mg/L"),
             "referenceRange": [{"low": {"value": 3.3}, "high": {"value": 19.4}}]},
            {"code": code(LOINC, *LAMBDA), "valueQuantity": quantity(0.8, "mg/dL")},
            {"code": code(LOINC, "48378-4"), "dataAbsentReason": {"text": "not computed"}},
        ],
    }  # fmt: skip
    record = record_of(panel)
    found = {x.test: x for x in record.labs}
    assert (found["kappa_flc"].quantity, found["lambda_flc"].quantity) == (
        Interval.of(220),
        Interval.of(8),
    )
    assert (found["kappa_flc"].ref_low, found["kappa_flc"].ref_high) == (3.3, 19.4)
    assert found["lambda_flc"].source.place == "Observation/flc component 2"
    assert codes(record) == {"no_value"}


def test_swapped_light_chain_code_is_seen_by_its_display() -> None:
    record = record_of(
        {
            **m_protein(),
            "code": code(LOINC, KAPPA[0], LAMBDA[1]),
            "valueQuantity": quantity(220, "mg/L"),
        }
    )
    assert codes(record) == {"code_contradiction"}
    assert [x.test for x in record.set_aside] == ["kappa_flc"]


@pytest.mark.parametrize(
    ("value", "expected", "issues"),
    [
        ({"valueCodeableConcept": code(SNOMED, "10828004", "Positive")}, "positive", set()),
        ({"valueCodeableConcept": code(SNOMED, "260415000")}, "negative", set()),
        ({"valueCodeableConcept": code(LOINC, "LA6577-6")}, "negative", set()),
        ({"valueCodeableConcept": {"text": "negativ"}}, "negative", set()),
        ({"valueString": "Positive"}, "positive", set()),
        (
            {"valueCodeableConcept": code(SNOMED, "82334004", "Positive")},
            None,
            {"unknown_value_code"},
        ),  # the display is not believed
        (
            {"valueCodeableConcept": {**code(SNOMED, "10828004"), "text": "negative"}},
            None,
            {"value_contradiction"},
        ),
        ({"valueCodeableConcept": {"text": "see report"}}, None, {"unknown_word"}),
        ({"valueQuantity": quantity(3)}, None, {"unknown_word"}),
    ],
)
def test_coded_results(value: dict[str, Any], expected: str | None, issues: set[str]) -> None:
    record = record_of(
        {**without(m_protein(), "valueQuantity"), "code": code(LOINC, "25700-6"), **value}
    )
    assert [x.word for x in record.labs] == ([] if expected is None else [expected])
    assert (len(record.set_aside), codes(record)) == (0 if expected else 1, issues)


def test_the_sample_gives_material_id_and_day() -> None:
    specimen = {
        "resourceType": "Specimen", "id": "s1", "subject": SUBJECT,
        "type": code(SNOMED, "119359002"), "accessionIdentifier": {"value": "M-17"},
        "collection": {"collectedDateTime": "2024-05-13T07:00:00Z"},
    }  # fmt: skip
    undated = {
        **without(m_protein(), "effectiveDateTime"),
        "specimen": {"reference": "Specimen/s1"},
        "code": code(LOINC, "11118-7"),
        "valueQuantity": quantity(20, "%"),
    }
    (lab,) = record_of(specimen, undated).labs
    assert (lab.specimen, lab.sample_id, lab.day) == ("marrow", "M-17", 70)
    record = record_of(specimen, {**undated, "effectiveDateTime": "2024-06-13"})
    assert codes(record) == {"days_contradict"}
    assert [x.day for x in record.set_aside] == [None]


def test_reference_ranges_need_the_unit_of_the_value() -> None:
    (lab,) = record_of(
        m_protein(referenceRange=[{"high": {"value": 500, "unit": "mg/dL", "code": "mg/dL"}}])
    ).labs
    assert lab.ref_high is None
    several = [
        {
            "high": {"value": 1, "code": "g/dL"},
            "type": {"coding": [{"system": "urn:x", "code": "normal"}]},
        },
        {"high": {"value": 2}, "age": {"low": {"value": 70}}},
    ]
    (lab,) = record_of(m_protein(referenceRange=several)).labs
    assert lab.ref_high == 1


def test_reports_date_their_results_and_withdraw_them() -> None:
    report = {
        "resourceType": "DiagnosticReport", "id": "r1", "status": "final", "subject": SUBJECT,
        "code": {"text": "SPEP"},
        "issued": "2024-05-16T10:00:00Z",
        "result": [{"reference": "Observation/m1"}, {"reference": "Observation/gone"}],
        "conclusion": "M-protein present",
    }  # fmt: skip
    record = record_of(report, m_protein())
    assert record.labs[0].reported_day == 73
    assert codes(record) == {"conclusion_not_read", "result_not_in_bundle"}
    record = record_of({**report, "status": "entered-in-error"}, m_protein())
    assert (record.labs, codes(record)) == ((), {"entered_in_error", "report_withdrawn"})


def test_many_unknown_codes_are_one_issue_with_its_count() -> None:
    record = record_of(*(m_protein(f"x{i}", code=code(LOINC, "4548-4")) for i in range(5)))
    (issue,) = [i for i in record.issues if i.code == "unknown_code"]
    assert "5 times" in issue.message
    assert issue.source.place == "Observation/x0"


def test_a_trend_is_no_response() -> None:
    trend = {
        **without(m_protein("d1"), "valueQuantity"),
        "code": code(LOINC, "97509-4"),
        "valueCodeableConcept": code(SNOMED, "271299001"),
    }
    record = record_of(trend)
    assert (record.responses, codes(record)) == ((), {"trend_not_read"})
    trend["valueCodeableConcept"]["coding"].append({"system": "urn:rearm:word", "code": "PD"})
    assert [r.response for r in record_of(trend).responses] == ["PD"]


def test_stage_and_performance_status_as_in_mcode() -> None:
    ecog = {
        **without(m_protein("e"), "valueQuantity"),
        "code": code(LOINC, "89247-1", "ECOG Performance Status score"),
        "valueInteger": 2,
    }
    stage = {
        **without(m_protein("s"), "valueQuantity"),
        "code": code(SNOMED, "1149163003"),
        "valueCodeableConcept": code(
            "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl", "C141396"
        ),
    }
    found = {x.test: x.quantity or x.word for x in record_of(ecog, stage).labs}
    assert found == {"ecog": Interval.of(2), "r_iss": "III"}


def variant(*components: dict[str, Any], answer: str = "LA9633-4") -> dict[str, Any]:
    return {
        **without(m_protein("v1"), "valueQuantity"),
        "code": code(LOINC, "69548-6"),
        "valueCodeableConcept": code(LOINC, answer),
        "component": list(components),
    }


GENE = {
    "code": code(LOINC, "48018-6"),
    "valueCodeableConcept": code("http://www.genenames.org/geneId", "HGNC:11913", "TNFRSF17"),
}


def test_a_variant_as_in_mcode() -> None:
    record = record_of(
        variant(
            GENE,
            {
                "code": code(LOINC, "48005-3"),
                "valueCodeableConcept": code("http://varnomen.hgvs.org", "NP_001183.2:p.Arg27Pro"),
            },
            {"code": code(LOINC, "81258-6"), "valueQuantity": quantity(41, "%")},
            {"code": code(LOINC, "82155-3"), "valueQuantity": quantity(1, "1")},
        )
    )
    (found,) = record.variants
    assert (found.gene, found.change, found.kind, found.result, found.vaf, found.copies) == (
        "TNFRSF17",
        "NP_001183.2:p.Arg27Pro",
        "snv",
        "present",
        0.41,
        1,
    )
    assert codes(record) == {"kind_from_hgvs"}


@pytest.mark.parametrize(
    ("resource", "issue"),
    [
        (variant(GENE, answer="LA18198-4"), "variant_undecided"),
        (variant(), "variant_without_gene"),
        (
            variant(
                {
                    **GENE,
                    "valueCodeableConcept": code(
                        "http://www.genenames.org/geneId", "HGNC:1097", "TNFRSF17"
                    ),
                }
            ),
            "code_contradiction",
        ),
        (
            variant(
                {
                    **GENE,
                    "valueCodeableConcept": code(
                        "http://www.genenames.org/geneId", "HGNC:99999", "TNFRSF17"
                    ),
                }
            ),
            "code_contradiction",
        ),
        ({**variant(GENE), "status": "preliminary"}, "preliminary"),
    ],
)
def test_variants_that_are_not_read(resource: dict[str, Any], issue: str) -> None:
    record = record_of(resource)
    assert record.variants == ()
    assert issue in codes(record)


def test_an_allele_frequency_without_unit_is_not_used() -> None:
    record = record_of(
        variant(GENE, {"code": code(LOINC, "81258-6"), "valueQuantity": {"value": 41}})
    )
    assert (record.variants[0].vaf, codes(record)) == (None, {"unit_not_allowed"})


def test_tumour_size_as_in_mcode() -> None:
    tumour = {
        "resourceType": "BodyStructure",
        "id": "t1",
        "patient": SUBJECT,
        "identifier": [{"value": "L1"}],
        "location": {"text": "liver"},
    }
    size = {
        **without(m_protein("z"), "valueQuantity"), "code": code(LOINC, "21889-1"),
            "focus": [{"reference": "BodyStructure/t1"}], "method": {"text": "CT"},
        "component": [
            {"code": code(LOINC, "33728-7"), "valueQuantity": quantity(3.8, "cm")},
            {"code": code(LOINC, "33729-5"), "valueQuantity": quantity(30, "mm")},
        ],
    }  # fmt: skip
    (found,) = record_of(tumour, size).imaging
    assert (
        found.lesion,
        found.site,
        found.method,
        found.length_mm,
        found.width_mm,
        found.result,
    ) == ("L1", "liver", "CT", 38, 30, "positive")


def test_no_car_t_still_gives_results() -> None:
    import json

    from tests.support.fhir_builder import bundle, read_text

    record = read_text(json.dumps(bundle(patient(), m_protein()))).records[0]
    assert (record.infusions, len(record.labs)) == ((), 1)
    assert infusion()["id"] == "car-t"
