"""Every reader, every table, every way in which a cell is less than exact: each row is an event
with that imprecision, or an issue that names its place. Nothing is lost without a word.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.fhir_builder import (
    LOINC,
    SUBJECT,
    Json,
    agent,
    bundle,
    code,
    infusion,
    m_protein,
    patient,
    quantity,
    read_text,
    without,
)  # fmt: skip

from rearm.intake import Reading, read
from rearm.record import Issue, Record, When

# by table: the field of the record, a row of it, a cell that is a bound, a cell that is refused
Row = dict[str, str]
TABLES: dict[str, tuple[str, Row, tuple[str, str] | None, tuple[str, str]]] = {
    "labs": (
        "labs", {"day": "", "test": "serum_m_protein", "value": "3", "unit": "g/L"},
        ("value", "<0.5"), ("value", "xyz"),
    ),
    "therapies": (
        "therapies", {"start_day": "", "regimen": "VRd"}, ("line", ">2"), ("line", "xyz")
    ),
    "infusions": (
        "infusions", {"day": "", "product": "cilta-cel"}, ("dose_cells", "<1e8"),
        ("dose_cells", "xyz"),
    ),
    "assessments": (
        "responses", {"day": "", "response": "PR"}, ("nominal_day", "<30"), ("response", "xyz")
    ),
    "refractoriness": (
        "refractoriness", {"day": "", "agent_or_class": "IMiD", "status": "refractory"}, None,
        ("status", "xyz"),
    ),
    "variants": (
        "variants", {"day": "", "gene": "TP53", "result": "present"}, ("vaf", "<0.05"),
        ("result", "xyz"),
    ),
    "imaging": (
        "imaging", {"day": "", "method": "CT", "result": "positive"}, ("length_mm", ">50"),
        ("result", "xyz"),
    ),
    "toxicities": (
        "toxicities", {"day": "", "toxicity": "crs", "grade": "2"}, ("grade", ">=3"),
        ("grade", "xyz"),
    ),
    "conditions": (
        "conditions", {"day": "", "condition": "active_infection", "status": "present"},
        ("grade", ">=3"), ("status", "xyz"),
    ),
    "facts": (
        "facts", {"day": "", "finding": "stored_cd34", "value": "yes"}, ("value", ">2"),
        ("value", "xyz"),
    ),
    "deaths": ("deaths", {"day": "", "cause": "myeloma"}, None, ("cause", "xyz")),
}  # fmt: skip
ZERO = "2024-05-10"
# what stands as the day; what the record has of it, day 0 being 2024-05-10; None: it is refused
DAYS: list[tuple[str, When | None]] = [
    ("2024-10-10", When.on(153)),
    ("", When()),
    ("2024-10", When(144, 174)),
    ("im Oktober 2024", When(144, 174)),
    ("October 2024", When(144, 174)),
    ("Mitte Oktober 2024", When(151, 166)),
    ("late October 2024", When(159, 174)),
    ("Q4 2024", When(144, 235)),
    ("2024 Q4", When(144, 235)),
    ("after infusion", When(1, None)),
    ("nach CAR-T", When(1, None)),
    ("32.13.2024", None),
    ("10/11/2024", None),
    ("winter 2024", None),
    ("xyz", None),
]


def _day_of(table: str) -> str:
    return "start_day" if table == "therapies" else "day"


def _tidy(folder: Path, table: str, row: Row) -> Reading:
    (folder / "patients.csv").write_text(f"patient_id,day_zero\nA,{ZERO}\n", "utf-8")
    files = {"infusions": f"patient_id,day,product\nA,{ZERO},ide-cel\n"}
    lines = f"patient_id,{','.join(row)}\nA,{','.join(row.values())}\n"
    more = f"A,{ZERO},ide-cel{',' * (len(row) - 2)}\n" if table == "infusions" else ""
    for name, text in (files | {table: lines + more}).items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return read(folder)


def _mapped(folder: Path, table: str, row: Row) -> Reading:
    cells = ",".join(row.values())
    (folder / "a.csv").write_text(f"Pat,Z,P,{','.join(row)}\nA,{ZERO},ide-cel,{cells}\n", "utf-8")
    columns = "\n".join(f'{name} = {{ column = "{name}" }}' for name in row)
    (folder / "m.toml").write_text(
        '[files]\na = "a.csv"\n[[sheet]]\nfile = "a"\nid = "Pat"\n'
        '[[sheet.row]]\ntable = "patients"\nday_zero = { column = "Z" }\n'
        '[[sheet.row]]\ntable = "infusions"\nday = { column = "Z" }\nproduct = { column = "P" }\n'
        f'[[sheet.row]]\ntable = "{table}"\n{columns}\n',
        "utf-8",
    )
    return read(folder / "a.csv", folder / "m.toml")


READERS: dict[str, Callable[[Path, str, Row], Reading]] = {"tidy": _tidy, "mapped": _mapped}


def _events(record: Record, table: str) -> list[Any]:
    """What became of the row; not the infusion that is day 0."""
    every = getattr(record, TABLES[table][0])
    return [x for x in every if table != "infusions" or x.product != "ide-cel"]


def _told(reading: Reading, column: str) -> list[Issue]:
    """Issues that name the cell, or its row, in its file."""
    every = reading.all_issues()
    named = [i for i in every if i.column == column or i.source.header == column]
    assert all(i.source.file and i.source.row[1] == "row 2" for i in named)
    return named


@pytest.mark.parametrize(("given", "when"), DAYS)
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("reader", READERS)
def test_a_day(tmp_path: Path, reader: str, table: str, given: str, when: When | None) -> None:
    _, row, _, _ = TABLES[table]
    column = _day_of(table)
    reading = READERS[reader](tmp_path, table, row | {column: given})
    record = reading.records[0]
    events, aside = _events(record, table), record.set_aside
    if when is not None:
        assert [x.when for x in events] == [when]
        return
    (issue, *_) = _told(reading, column)
    assert (issue.severity, issue.value) == ("error", given)
    assert [x.when for x in (events or aside)] == [When()]


@pytest.mark.parametrize("what", ["bound", "refused"])
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("reader", READERS)
def test_a_cell(tmp_path: Path, reader: str, table: str, what: str) -> None:
    """A bound is kept as one, or told; a cell that is refused is told. No event becomes exact."""
    _, row, bound, refused = TABLES[table]
    cell = bound if what == "bound" else refused
    if cell is None:
        return
    column, given = cell
    reading = READERS[reader](tmp_path, table, row | {_day_of(table): "2024-10-10", column: given})
    record = reading.records[0]
    events, told = _events(record, table), _told(reading, column)
    if (table, what) == ("labs", "bound"):
        assert [(x.quantity.low, x.quantity.high) for x in events] == [(0, 0.05)]
        return
    assert [i.value for i in told][:1] == [given]
    if (table, what) == ("toxicities", "bound"):
        assert [(x.grade, x.grade_at_least) for x in events] == [(None, 3)]
        return
    name = {"cause": "cause", "response": "response"}.get(column, column)
    kept = [getattr(x, name, None) for x in events]
    assert all(x in (None, "unknown", "unclear") for x in kept), kept


# ---------------------------------------------------------------- FHIR


def _result(**when: Any) -> Json:
    return {**without(m_protein("x"), "effectiveDateTime"), **when}


def _variant(**when: Any) -> Json:
    gene = code("http://www.genenames.org/geneId", "HGNC:11913", "TNFRSF17")
    return {
        **without(_result(**when), "valueQuantity"),
        "code": code(LOINC, "69548-6"),
        "valueCodeableConcept": {"text": "not detectable"},
        "component": [{"code": code(LOINC, "48018-6"), "valueCodeableConcept": gene}],
    }


def _medication(**when: Any) -> Json:
    resource = without(agent("x", {"text": "daratumumab"}), "effectivePeriod")
    return {**resource, **({"effectivePeriod": {"start": _date(when)}} if when else {})}


def _infusion(**when: Any) -> Json:
    own = {"id": "x", "medicationCodeableConcept": {"text": "ciltacabtagene autoleucel"}}
    return {**without(infusion(), "effectiveDateTime"), **own, **when}


def _date(when: Json) -> Any:
    return when["effectiveDateTime"]


def _condition(**when: Any) -> Json:
    onset = {"onsetDateTime": _date(when)} if when else {}
    status = code("http://terminology.hl7.org/CodeSystem/condition-clinical", "active")
    return {
        "resourceType": "Condition", "id": "x", "subject": SUBJECT, "clinicalStatus": status,
        "code": code("urn:rearm:condition", "hepatitis_b"), **onset,
    }  # fmt: skip


def _adverse(**when: Any) -> Json:
    grade = {"extension": [{"url": "urn:rearm:column:grade", "valueString": "2"}]}
    return {
        "resourceType": "AdverseEvent", "id": "x", "actuality": "actual", "subject": SUBJECT,
        "event": code("urn:rearm:toxicity", "crs"), **grade,
        **({"date": _date(when)} if when else {}),
    }  # fmt: skip


def _death(**when: Any) -> Json:
    return patient(deceasedDateTime=_date(when))


RESOURCES: dict[str, Callable[..., Json]] = {
    "labs": _result,
    "variants": _variant,
    "therapies": _medication,
    "infusions": _infusion,
    "conditions": _condition,
    "toxicities": _adverse,
    "deaths": _death,
}
# a date of FHIR; the days from the infusion on 2024-03-04; None: it is refused
DATES: list[tuple[str | None, When | None]] = [
    ("2024-10-10", When.on(220)),
    ("2024-10", When(211, 241)),
    ("2024", When(-63, 302)),
    (None, When()),
    ("2024-13", None),
    ("xyz", None),
]


@pytest.mark.parametrize(("given", "when"), DATES)
@pytest.mark.parametrize("table", RESOURCES)
def test_a_date_of_fhir(table: str, given: str | None, when: When | None) -> None:
    if table == "deaths" and given is None:
        return  # nobody died
    resource = RESOURCES[table](**({} if given is None else {"effectiveDateTime": given}))
    others = [infusion()] if table == "deaths" else [patient(), infusion()]
    reading = _read(*others, resource)
    record = reading.records[0]
    events = _events_of(record, table)
    if when is not None and when != When():
        assert [x.when for x in events] == [when]
        return
    told = [i for i in reading.all_issues() if i.severity != "note"]
    assert all(i.source.place for i in told)
    kept = [x.when for x in events] == [When()]
    assert kept or told
    assert told or given is None


def _read(*resources: Json) -> Reading:
    return read_text(json.dumps(bundle(*resources)))


def _events_of(record: Record, table: str) -> list[Any]:
    first = [x.source for x in record.infusions if x.when == When.on(0)]
    return [x for x in getattr(record, table) if table != "infusions" or x.source not in first]


@pytest.mark.parametrize("value", [quantity(0.5, "g/dL", comparator="<"), quantity(0.5, "xyz")])
def test_a_value_of_fhir(value: Json) -> None:
    reading = _read(patient(), infusion(), m_protein("x", valueQuantity=value))
    record = reading.records[0]
    if "comparator" in value:
        assert [(x.quantity.low, x.quantity.high) for x in record.labs if x.quantity] == [(0, 0.5)]
        return
    assert (len(record.labs), len(record.set_aside)) == (0, 1)
    assert any(i.severity == "error" and i.source.place for i in record.issues)


def test_a_variant_of_fhir_that_is_not_detectable() -> None:
    reading = _read(patient(), infusion(), _variant(effectiveDateTime="2024-10"))
    assert [x.result for x in reading.records[0].variants] == ["absent"]
