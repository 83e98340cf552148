"""Inputs of the review as they came: bundles and tables that no one tidied. Each holds what must be
right of it, on its own path and on a sibling's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.fhir_builder import SUBJECT, agent, bundle, code, infusion, m_protein, patient
from tests.support.fhir_builder import read_text as read_bundle

from rearm.intake import read
from rearm.outcome.failure import Failure
from rearm.outcome.failures import failures
from rearm.record import Record
from rearm.therapy.lines import lines, prior_lines

INPUTS = Path(__file__).parents[1] / "data" / "review" / "inputs"
Json = dict[str, Any]
DAY_29, DAY_59, DAY_119, DAY_147 = "2024-04-02", "2024-05-02", "2024-07-01", "2024-07-29"


def of_input(name: str) -> Record:
    folder = next(INPUTS.glob(f"{name}-*")) / "input"
    single = folder / "patient.json"
    (record,) = read(single if single.exists() else folder).records
    return record


def only_failure(record: Record) -> Failure:
    (failure,) = failures(record)
    return failure


def flags(failure: Failure) -> set[str]:
    return {flag.id for flag in failure.flags}


# ---------------------------------------------------------------- 01: what treats no myeloma


def test_everyday_medication_leaves_the_course_alone() -> None:
    record = of_input("01")
    failure = only_failure(record)
    assert (failure.status, failure.best_response) == ("not_failed", "PR")
    assert len(lines(record)) == 1
    assert "unknown_medication" not in flags(failure)


SUPPORT = [
    "tocilizumab",
    "anakinra",
    "aciclovir 400 mg tablet",
    "levothyroxine 75 ug",
    "cotrimoxazole",
    "Prednisolon",
    "dexamethasone",
    "Filgrastim",
]


@pytest.mark.parametrize("drug", SUPPORT)
@pytest.mark.parametrize("way", ["fhir", "tidy", "mapping"])
def test_support_ends_no_course_whatever_reader_it_came_by(
    drug: str, way: str, tmp_path: Path
) -> None:
    record = treated_with(drug, way, tmp_path)
    assert len(record.therapies) == 1
    failure = only_failure(record)
    assert (failure.status, failure.signals, len(lines(record))) == ("not_failed", (), 1)
    assert "unknown_medication" not in flags(failure)


@pytest.mark.parametrize("way", ["fhir", "tidy", "mapping"])
def test_medication_that_is_not_known_is_said_and_ends_nothing(way: str, tmp_path: Path) -> None:
    record = treated_with("Wundermittel", way, tmp_path)
    failure = only_failure(record)
    assert (failure.status, len(lines(record))) == ("not_failed", 1)
    (flag,) = [f for f in failure.flags if f.id == "unknown_medication"]
    assert "Wundermittel" in flag.text and flag.day == 40
    assert "regimen_unread" in {i.code for i in record.issues}
    assert [x.start.day for x in prior_lines(record, 100).possible] == [40]


@pytest.mark.parametrize("way", ["fhir", "tidy", "mapping"])
def test_treatment_of_myeloma_still_ends_the_course(way: str, tmp_path: Path) -> None:
    record = treated_with("carfilzomib", way, tmp_path)
    failure = only_failure(record)
    assert [s.id for s in failure.signals] == ["new_therapy_without_pd"]
    assert len(lines(record)) == 2


def treated_with(drug: str, way: str, folder: Path) -> Record:
    """A PR on days 29 and 59, and a drug begun on day 40."""
    days = {-7: 3.0, 29: 1.1, 59: 0.9}
    if way == "fhir":
        labs = [
            m_protein(f"m{n}", value, effectiveDateTime=date)
            for n, (value, date) in enumerate(
                zip(days.values(), ("2024-02-26", DAY_29, DAY_59), strict=True)
            )
        ]
        given = agent("d", {"text": drug}, effectivePeriod={"start": "2024-04-13"})
        content = bundle(patient(), infusion(), *labs, given)
        return read_bundle(json.dumps(content)).records[0]
    rows = [f"P,{day},serum_m_protein,{value},g/dL" for day, value in days.items()]
    drug_column = "regimen" if way == "tidy" else "drug"
    tables = {
        "patients": ["patient_id,sex", "P,F"],
        "infusions": ["patient_id,day,product", "P,0,ide-cel"],
        "labs": ["patient_id,day,test,value,unit", *rows],
        "therapies": [f"patient_id,start_day,{drug_column}", f"P,40,{drug}"],
    }
    for name, table in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(table) + "\n")
    if way == "tidy":
        return read(folder).records[0]
    mapping = folder / "mapping.toml"
    mapping.write_text(MAPPING)
    return read(folder, mapping=mapping).records[0]


MAPPING = """name = "Example centre"
[files]
patients = "patients.csv"
infusions = "infusions.csv"
labs = "labs.csv"
therapies = "therapies.csv"
[[sheet]]
file = "patients"
id = "patient_id"
  [[sheet.row]]
  table = "patients"
  sex = { column = "sex" }
[[sheet]]
file = "infusions"
id = "patient_id"
  [[sheet.row]]
  table = "infusions"
  day = { column = "day" }
  product = { column = "product" }
[[sheet]]
file = "labs"
id = "patient_id"
  [[sheet.row]]
  table = "labs"
  day = { column = "day" }
  test = { column = "test" }
  value = { column = "value" }
  unit = { column = "unit" }
[[sheet]]
file = "therapies"
id = "patient_id"
  [[sheet.row]]
  table = "therapies"
  start_day = { column = "start_day" }
  regimen = { column = "drug" }
"""


def test_a_month_of_new_therapy_ends_the_course_at_its_first_day() -> None:
    month = agent("d", {"text": "carfilzomib"}, effectivePeriod={"start": "2024-06"})
    content = bundle(
        patient(), infusion(), m_protein("a", 3.0, effectiveDateTime="2024-02-26"),
        m_protein("b", 1.1, effectiveDateTime=DAY_29),
        m_protein("c", 0.9, effectiveDateTime=DAY_59),
        m_protein("d1", 0.1, effectiveDateTime=DAY_119),
        m_protein("e", 0.1, effectiveDateTime=DAY_147),
        month,
    )  # fmt: skip
    failure = only_failure(read_bundle(json.dumps(content)).records[0])
    assert failure.course is not None
    assert failure.course.new_therapy_day == 89
    assert failure.best_response == "PR"  # the fall under carfilzomib is not that of the cells


# ---------------------------------------------------------------- 02: one row a drug


def test_one_row_a_drug_is_counted_by_time() -> None:
    assert len(lines(of_input("02"))) == 3
    found = prior_lines(of_input("02"), 180)
    assert (found.fewest, found.most) == (3, 3)


def test_the_same_rows_by_fhir_are_the_same_lines() -> None:
    drugs = [
        ("bortezomib", "2020-01-01", "2020-05-01"), ("lenalidomide", "2020-01-01", "2020-05-01"),
        ("dexamethasone", "2020-01-01", "2020-05-06"), ("lenalidomide", "2020-09-01", "2022-03-01"),
        ("daratumumab", "2022-04-10", "2023-06-01"), ("pomalidomide", "2022-04-15", "2023-06-01"),
        ("dexamethasone", "2022-04-10", "2023-06-01"),
    ]  # fmt: skip
    transplant = {
        "resourceType": "Procedure", "id": "asct", "status": "completed", "subject": SUBJECT,
        "code": code("urn:rearm:procedure", "autologous_transplant"),
        "performedDateTime": "2020-06-10",
    }  # fmt: skip
    given = [
        agent(f"d{n}", {"text": name}, effectivePeriod={"start": start, "end": end})
        for n, (name, start, end) in enumerate(drugs)
    ]
    record = read_bundle(json.dumps(bundle(patient(), infusion(), *given, transplant))).records[0]
    found = prior_lines(record, 1)
    assert (len(lines(record)), found.fewest, found.most) == (3, 3, 3)


# ---------------------------------------------------------------- 05, 07, 08, 10, 23


def test_a_page_without_a_next_link() -> None:
    (issue,) = [i for i in of_input("05").issues if i.code == "bundle_incomplete"]
    assert (issue.severity, "187" in issue.message) == ("warning", True)


def test_a_second_band_is_not_passed_over() -> None:
    record = of_input("07")
    failure = only_failure(record)
    assert failure.status == "cannot_be_judged"
    assert "serum M-protein" in failure.reason
    assert len(record.set_aside) == 10
    assert {x.test for x in record.set_aside} == {"serum_m_protein"}


def test_a_second_band_in_a_table(tmp_path: Path) -> None:
    rows = [
        f"P,{day},{test},{value},g/dL"
        for day, first, second in ((-7, 2.0, 0.6), (29, 0.5, 0.5), (59, 0.4, 1.4))
        for test, value in (("51435-6", first), ("M-Protein 2", second))
    ]
    tables = {
        "patients": ["patient_id,sex", "P,F"],
        "infusions": ["patient_id,day,product", "P,0,ide-cel"],
        "labs": ["patient_id,day,test,value,unit", *rows],
    }
    for name, table in tables.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(table) + "\n")
    record = read(tmp_path).records[0]
    assert (len(record.labs), len(record.set_aside)) == (0, 6)
    assert only_failure(record).status == "cannot_be_judged"


def test_a_result_of_the_disease_under_an_unknown_code_is_said() -> None:
    unknown = m_protein("x", 2.2, code=code("urn:local", "77", "Paraproteinfraktion"),
                        effectiveDateTime=DAY_119)  # fmt: skip
    content = bundle(
        patient(), infusion(), m_protein("a", 3.0, effectiveDateTime="2024-02-26"),
        m_protein("b", 1.1, effectiveDateTime=DAY_29),
        m_protein("c", 0.9, effectiveDateTime=DAY_59),
        unknown,
    )  # fmt: skip
    record = read_bundle(json.dumps(content)).records[0]
    failure = only_failure(record)
    assert [x.test for x in record.set_aside] == ["Paraproteinfraktion"]
    assert "Paraproteinfraktion" in failure.reason
    assert failure.followed_to_day == 59  # what came later is not read as quiet


def test_one_sample_in_two_zones_confirms_nothing() -> None:
    record = of_input("08")
    failure = only_failure(record)
    assert (failure.status, failure.certainty, failure.day) == ("suspected", "unconfirmed", 119)
    assert len(record.labs) == 4


@pytest.mark.parametrize(
    ("days", "times", "samples", "count"),
    [
        (("2024-06-04T19:20:00-06:00", "2024-06-05T01:20:00Z"), ("", ""), ("", ""), 1),
        (("2024-06-04", "2024-06-05"), ("19:20-06:00", "01:20+00:00"), ("", ""), 1),
        (("2024-06-04", "2024-06-05"), ("", ""), ("S1", "S1"), 1),
        (("2024-06-04", "2024-06-05"), ("", ""), ("S1", "S2"), 2),
        (("2024-06-04T19:20:00-06:00", "2024-06-05T19:20:00-06:00"), ("", ""), ("", ""), 2),
    ],
)
def test_one_sample_twice_in_a_table(
    days: tuple[str, str], times: tuple[str, str], samples: tuple[str, str], count: int,
    tmp_path: Path,
) -> None:  # fmt: skip
    rows = [
        f"P,{day},{time},{sample},serum_m_protein,1.5,g/dL"
        for day, time, sample in zip(days, times, samples, strict=True)
    ]
    tables = {
        "patients": ["patient_id,sex", "P,F"],
        "infusions": ["patient_id,day,product", "P,2024-02-06,ide-cel"],
        "labs": ["patient_id,day,time,sample_id,test,value,unit", *rows],
    }
    for name, table in tables.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(table) + "\n")
    assert len(read(tmp_path).records[0].labs) == count


def test_an_order_not_to_give_is_said_so() -> None:
    record = of_input("10")
    assert record.therapies == ()
    (issue,) = [i for i in record.issues if "carfilzomib" in i.message]
    assert issue.code == "ordered_not_to_give"


def test_a_bound_given_as_text_stays_one() -> None:
    record = of_input("23")
    free = {(x.test, x.when.day): x for x in record.labs}
    bound = free["lambda_flc", -7].quantity
    assert bound is not None and (bound.high, bound.high_open) == (1.5, True)
    assert ("kappa_flc", 59) not in free  # its unit contradicts itself


# ---------------------------------------------------------------- line numbers, one bad file


@pytest.mark.parametrize(("numbers", "missing"), [((1, 1, 1, 3), True), ((1, 1, 2), False)])
def test_a_number_that_is_jumped_over_is_an_issue(
    numbers: tuple[int, ...], missing: bool, tmp_path: Path
) -> None:
    drugs = ("bortezomib", "lenalidomide", "dexamethasone", "daratumumab")
    rows = [f"P,{n},{drug}" for n, drug in zip(numbers, drugs, strict=False)]
    (tmp_path / "patients.csv").write_text("patient_id,sex\nP,F\n")
    table = "\n".join(["patient_id,line,regimen", *rows])
    (tmp_path / "therapies.csv").write_text(table + "\n")
    record = read(tmp_path).records[0]
    assert ("line_missing" in {i.code for i in record.issues}) is missing
    assert len(lines(record)) == 2


def test_one_bad_file_of_many_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(bundle(patient(), m_protein())))
    (tmp_path / "z.json").write_text('{"resourceType":"Bundle","type":"collection"')
    reading = read(tmp_path)
    assert [r.patient_id for r in reading.records] == ["p1"]
    (issue,) = [i for i in reading.issues if i.severity == "error"]
    assert issue.source.file == "z.json"


def test_several_patients_in_one_file_of_a_folder(tmp_path: Path) -> None:
    second = patient(id="p2")
    lab = {**m_protein("m2", 0.7), "subject": {"reference": "Patient/p2"}}
    (tmp_path / "a.json").write_text(json.dumps(bundle(patient(), second, m_protein(), lab)))
    reading = read(tmp_path)
    assert [(r.patient_id, len(r.labs)) for r in reading.records] == [("p1", 1), ("p2", 1)]
