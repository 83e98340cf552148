"""Days as records have them: months, years and words are intervals, in every table; none becomes a
day, none is lost without a word.
"""

from __future__ import annotations

import textwrap
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rearm.intake import read, read_tables
from rearm.outcome.failures import failures
from rearm.record import Record, When

ZERO = "2024-02-12"
# what stands as the day; what the record has of it, day 0 being 2024-02-12
WORDS = [
    ("2024-03", When(18, 48)),
    ("03/2024", When(18, 48)),
    ("3.2024", When(18, 48)),
    ("März 2024", When(18, 48)),
    ("Mar 2024", When(18, 48)),
    ("March 2024", When(18, 48)),
    ("im März 2024", When(18, 48)),
    ("in March 2024", When(18, 48)),
    ("im 03/2024", When(18, 48)),
    ("in 2024-03", When(18, 48)),
    ("im Jahr 2023", When(-407, -43)),
    ("in the year 2023", When(-407, -43)),
    ("am 13. März 2024", When.on(30)),
    ("on 13 March 2024", When.on(30)),
    ("Anfang März 2024", When(18, 32)),
    ("early March 2024", When(18, 32)),
    ("Mitte März 2024", When(25, 40)),
    ("mid-March 2024", When(25, 40)),
    ("Ende März 2024", When(33, 48)),
    ("late March 2024", When(33, 48)),
    ("Ende 03/2024", When(33, 48)),
    ("Anfang 2024", When(-42, 139)),
    ("mid-2023", When(-317, -135)),
    ("Ende 2023", When(-226, -43)),
    ("in 2023", When(-407, -43)),
    ("Q1 2024", When(-42, 48)),
    ("Q1/2024", When(-42, 48)),
    ("2024-Q1", When(-42, 48)),
    ("1. Quartal 2024", When(-42, 48)),
    ("im ersten Quartal 2024", When(-42, 48)),
    ("I. Quartal 2024", When(-42, 48)),
    ("first quarter of 2024", When(-42, 48)),
    ("in the 1st quarter 2024", When(-42, 48)),
    ("H2 2023", When(-226, -43)),
    ("2. Halbjahr 2023", When(-226, -43)),
    ("second half of 2023", When(-226, -43)),
    ("Frühjahr 2024", When(18, 130)),
    ("im Frühling 2024", When(18, 130)),
    ("Sommer 2023", When(-256, -142)),
    ("Herbst 2023", When(-164, -53)),
    ("Winter 2023/24", When(-73, 38)),
    ("Winter 2023/2024", When(-73, 38)),
    ("2023", When(-407, -43)),
    (2023, When(-407, -43)),
    ("Jahr 2023", When(-407, -43)),
    ("before infusion", When(None, -1)),
    ("vor CAR-T-Infusion", When(None, -1)),
    ("prior to CAR T", When(None, -1)),
    ("after infusion", When(1, None)),
    ("post-CAR-T", When(1, None)),
    ("nach Infusion", When(1, None)),
    ("before bridging", When(None, -31)),
    ("Leukapherese", When.on(-40)),
    ("2024/03", When(18, 48)),
    ("2024-03-13", When.on(30)),
    ("2024/03/13", When.on(30)),
    ("2024/3/13", When.on(30)),
    ("13.03.2024 10:30", When.on(30)),
    ("13 Mar 2024", When.on(30)),
    ("13-Mar-2024", When.on(30)),
    ("13-MAR-2024 10:30", When.on(30)),
    ("13MAR2024", When.on(30)),
    ("13/Mar/2024", When.on(30)),
    ("13. März 2024", When.on(30)),
    ("13. Mrz. 2024", When.on(30)),
    ("13th March, 2024", When.on(30)),
    ("March 13, 2024", When.on(30)),
    ("Mar. 13 2024", When.on(30)),
    ("2024-Mar-13", When.on(30)),
    ("1. April 2024", When.on(49)),
    ("May 1st, 2024", When.on(79)),
    (None, When()),
]  # fmt: skip
# a row of each table, the column of its day, the field of the record
TABLES: dict[str, tuple[dict[str, Any], str, str]] = {
    "labs": ({"test": "creatinine", "value": 1.1, "unit": "mg/dL"}, "day", "labs"),
    "variants": ({"gene": "TP53", "result": "present"}, "day", "variants"),
    "imaging": ({"method": "PET-CT", "result": "negative"}, "day", "imaging"),
    "assessments": ({"response": "PD", "by": "team"}, "day", "responses"),
    "conditions": ({"condition": "hiv", "status": "absent"}, "day", "conditions"),
    "toxicities": ({"toxicity": "crs", "grade": 2}, "day", "toxicities"),
    "therapies": ({"agents": "selinexor"}, "start_day", "therapies"),
    "refractoriness": ({"agent_or_class": "IMiD", "status": "refractory"}, "day", "refractoriness"),
    "facts": ({"finding": "frailty", "value": "fit"}, "day", "facts"),
    "deaths": ({"cause": "myeloma"}, "day", "deaths"),
}  # fmt: skip


def _record(table: str, row: dict[str, Any], **more: Any) -> Record:
    tables: dict[str, list[dict[str, Any]]] = {
        "patients": [{"patient_id": "A", "day_zero": ZERO}],
        "infusions": [
            {"patient_id": "A", "day": ZERO, "product": "ide-cel", "apheresis_days": "2024-01-03"}
        ],
        "therapies": [
            {
                "patient_id": "A",
                "start_day": "2024-01-13",
                "agents": "dexamethasone",
                "purpose": "bridging",
            }
        ],
    } | more
    tables.setdefault(table, [])
    tables[table] = [*tables[table], {"patient_id": "A"} | row]
    return read_tables(tables).records[0]


@pytest.mark.parametrize(("given", "when"), WORDS)
@pytest.mark.parametrize("table", TABLES)
def test_day(table: str, given: Any, when: When) -> None:
    row, column, field = TABLES[table]
    if table == "deaths" and given == "Leukapherese":
        return  # nobody is infused after death
    record = _record(table, row | {column: given})
    event = getattr(record, field)[-1]
    assert event.when == when
    expected = {"undated", "imaging_undated", "no_end_recorded"}
    if (table, given) == ("therapies", "Leukapherese"):
        expected.add("perhaps_bridging")  # on the day of the collection, without a purpose
    unexpected = {i.code for i in record.issues} - expected
    assert unexpected == set()


@pytest.mark.parametrize("table", ["labs", "assessments", "imaging", "deaths", "variants"])
def test_row_without_a_day_is_said_once(table: str) -> None:
    row, _, field = TABLES[table]
    rows = [{"patient_id": "A"} | row | {"sample_id": n} for n in range(3)]
    if table != "labs":
        rows = [{k: v for k, v in r.items() if k != "sample_id"} for r in rows[:1]]
    record = _record(table, row, **{table: rows[1:]})
    issues = [i for i in record.issues if i.code == "undated"]
    assert len(issues) == 1
    assert len(getattr(record, field)) == len(rows)


def test_examination_of_a_month_keeps_its_result() -> None:
    record = _record("imaging", {"method": "PET-CT", "result": "positive", "day": "2024-05"})
    assert [(x.result, x.when) for x in record.imaging] == [("positive", When(79, 109))]
    assert record.set_aside == ()
    assert [i.code for i in record.issues] == ["imaging_undated"]


# An examination after the last visit: day, result; what check says was done; the failure says.
EXAMINED = [
    ("2024-10", "negative", "used", "not_failed", "No progression to day 90"),
    ("2024-10", "positive", "used", "suspected", "between day 232 and day 262"),
    ("October 2024", "negative", "used", "not_failed", "No progression to day 90"),
    ("Oktober 2024", "positive", "used", "suspected", "between day 232 and day 262"),
    ("2024-10", "xyz", "set_aside", "cannot_be_judged", "has no readable result"),
    ("2024-10-10", "xyz", "set_aside", "cannot_be_judged", "has no readable result"),
]


@pytest.mark.parametrize(("day", "result", "done", "status", "said"), EXAMINED)
def test_check_and_page_say_the_same_of_an_examination(
    day: str, result: str, done: str, status: str, said: str
) -> None:
    visits = [(-9, 30), (30, 3), (60, 2), (90, 2)]
    labs = [{"day": d, "test": "m_protein", "value": v, "unit": "g/L"} for d, v in visits]
    record = _record(
        "imaging",
        {"method": "PET-CT", "result": result, "day": day},
        labs=[{"patient_id": "A"} | lab for lab in labs],
    )
    assert [issue.done for issue in record.issues] == [done]
    assert len(record.set_aside) == (done == "set_aside")
    failure = failures(record)[-1]
    reason = failure.reason
    # no lesion is no progression, in whatever month nobody saw it
    assert failure.status == status
    assert failure.last_assessed_day == 90
    assert said in reason
    assert ("be read" in reason) == (done == "set_aside")


def test_infusion_is_placed_by_its_word() -> None:
    record = _record("infusions", {"product": "cilta-cel", "day": "before infusion"})
    assert [(x.product, x.when) for x in record.infusions] == [
        ("ide-cel", When.on(0)),
        ("cilta-cel", When(None, -1)),
    ]
    assert record.issues == ()


def test_word_around_an_infusion_of_a_month() -> None:
    infusions = [{"patient_id": "A", "day": "2024-02", "product": "ide-cel"}]
    row = {"response": "VGPR", "by": "team", "day": "after infusion"}
    record = _record("assessments", row, infusions=infusions)
    assert record.infusions[0].when == When(-11, 17)
    assert record.responses[0].when == When(-10, None)


def test_word_without_an_infusion_is_said() -> None:
    row = {"response": "VGPR", "by": "team", "day": "after infusion"}
    record = _record("assessments", row, infusions=[])
    assert [x.when for x in record.responses] == [When()]
    assert [(i.code, i.severity) for i in record.issues] == [("day_not_placed", "warning")]


def test_after_infusion_ends_with_the_last_contact() -> None:
    person = [{"patient_id": "A", "day_zero": ZERO, "last_seen_day": "2024-05-12"}]
    record = _record("assessments", {"response": "PD", "day": "after infusion"}, patients=person)
    assert [x.when for x in record.responses] == [When(1, 90)]


@pytest.mark.parametrize(
    ("given", "diagnosis"),
    [
        ("2019-03", When(-1809, -1779)),
        ("12/2017", When(-2264, -2234)),
        ("2017", When(-2598, -2234)),
        (2017, When(-2598, -2234)),
        ("2019-03-14", When.on(-1796)),
        (-900, When.on(-900)),
    ],
)
def test_diagnosis(given: Any, diagnosis: When) -> None:
    person = [{"patient_id": "A", "day_zero": ZERO, "diagnosis_day": given}]
    record = _record("labs", TABLES["labs"][0] | {"day": 30}, patients=person)
    assert (record.diagnosis, record.diagnosis_day) == (diagnosis, diagnosis.day)
    assert record.issues == ()


def test_last_contact_of_a_month_counts_from_its_first_day() -> None:
    person = [{"patient_id": "A", "day_zero": ZERO, "last_seen_day": "2024-05"}]
    record = _record("labs", TABLES["labs"][0] | {"day": 30}, patients=person)
    assert record.last_seen_day == 79
    assert [(i.code, i.done) for i in record.issues] == [("day_not_exact", "used")]


# days of the patient's other rows; date of day 0; the record's day, or the code of its issue
BARE = [
    ([0, 30, 1900], "2018-02-12", When.on(2010)),  # numbers around it
    ([0, 30], None, When.on(2010)),  # no date at all: a year could not be placed
    ([0, 30], "2018-02-12", "year_or_day"),  # years after the other numbers
    (["2018-02-12", 30], "2018-02-12", "year_or_day"),  # both in use
    ([0, 30], ZERO, When(-5155, -4791)),  # the day would lie in the future
    (["2024-02-12"], ZERO, When(-5155, -4791)),
]  # fmt: skip


@pytest.mark.parametrize(("others", "zero", "expected"), BARE)
def test_bare_year_or_day(others: list[Any], zero: str | None, expected: When | str) -> None:
    rows = [
        {"patient_id": "A", "day": day} | TABLES["labs"][0] | {"value": 1 + n / 10}
        for n, day in enumerate([*others, 2010])
    ]
    person = [{"patient_id": "A", "day_zero": zero}]
    record = read_tables({"patients": person, "labs": rows}, today=date(2026, 11, 30)).records[0]
    last = (*record.labs, *record.set_aside)[-1]
    codes = [i.code for i in record.issues if i.code != "lonely_last_day"]
    if isinstance(expected, str):
        assert (last.when, codes) == (When(), [expected])
    else:
        assert (last.when, codes) == (expected, [])


def test_undated_results_are_never_one() -> None:
    """Two visits without a day may hold the same value; a sample with a name is one."""
    rows = [{"patient_id": "A"} | TABLES["labs"][0] for _ in range(2)]
    named = [row | {"sample_id": "S1"} for row in rows]
    for given, count in ((rows, 2), (named, 1)):
        record = read_tables({"patients": [{"patient_id": "A"}], "labs": given}).records[0]
        assert len(record.labs) == count


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("03/04/2024", "date_ambiguous"),
        ("03-04-2024", "date_ambiguous"),
        ("14 Mar 24", "two_digit_year"),
        ("14-Mar-24", "two_digit_year"),
        ("Mar 24", "two_digit_year"),
        ("31 April 2024", "date_impossible"),
        ("2024/14/03", "date_impossible"),
        ("14 Marz 2024", "day_unreadable"),
        ("14 Mar", "day_unreadable"),
    ],
)
def test_a_date_that_is_not_certain_is_refused(given: str, code: str) -> None:
    record = _record("toxicities", {"toxicity": "crs", "grade": 2, "day": given})
    assert [x.when for x in record.toxicities] == [When()]
    assert code in {i.code for i in record.issues}


# Refused with a sentence that says what to write; each stays a row without a day.
REFUSED = ["spring 2024", "in summer of 2024", "fall 2024", "winter 2024", "Winter 2024", "Q5 2024"]
REFUSED += ["3. Halbjahr 2024", "Anfang 13/2024", "gegen Ostern 2024", "Q1 0000"]


@pytest.mark.parametrize("given", REFUSED)
@pytest.mark.parametrize("table", ["labs", "imaging", "assessments"])
def test_a_stretch_that_is_not_certain_is_refused(table: str, given: str) -> None:
    row, column, field = TABLES[table]
    record = _record(table, row | {column: given})
    assert (getattr(record, field) or record.set_aside)[-1].when == When()
    told = [i for i in record.issues if i.column == column and i.severity == "error"]
    assert [i.value for i in told] == [given]
    words = (
        "YYYY-MM-DD",
        "Q2 2024",
        "no date",
        "not a calendar date",
        "too early for a patient alive today",
    )
    assert any(word in told[0].message for word in words)


@pytest.mark.parametrize("given", ["winter 2024", "spring 2024"])
def test_a_season_is_told_what_to_write(given: str) -> None:
    row, column, _ = TABLES["imaging"]
    (issue,) = [i for i in _record("imaging", row | {column: given}).issues if i.value == given]
    assert "Enter the month (2024-04), quarter (Q2 2024)" in issue.message


def test_words_of_a_mapped_table_are_the_same(tmp_path: Path) -> None:
    mapping = """
    name = "m"
    [files]
    t = "t.csv"
    [[sheet]]
    file = "t"
    id = "Pat"
    [[sheet.row]]
    table = "patients"
    day_zero = { column = "Tag 0" }
    [[sheet.row]]
    table = "assessments"
    day = { column = "Tag" }
    response = { column = "Antwort" }
    """
    (tmp_path / "m.toml").write_text(textwrap.dedent(mapping), "utf-8")
    words = [(given, when) for given, when in WORDS if isinstance(given, str) and when.first]
    lines = [f"{n}\t{ZERO}\t{given}\tPR" for n, (given, _) in enumerate(words)]
    table = "\n".join(["Pat\tTag 0\tTag\tAntwort", *lines])
    (tmp_path / "t.csv").write_text(table, "utf-8")
    records = read(tmp_path, tmp_path / "m.toml").records
    assert len(records) > 30
    for record, (given, when) in zip(records, words, strict=True):
        if "infusion" not in given.casefold() and "CAR" not in given and "apher" not in given:
            assert [x.when for x in record.responses] == [when], given
