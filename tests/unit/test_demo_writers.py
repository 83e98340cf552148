"""The invented registry says the same in every layout, as far as the layout holds it."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.demo_registry import records_of, registry, together
from tests.support.loops import some
from tests.support.record_told import told

from rearm.assessment import assess_all
from rearm.demo import demo_patients
from rearm.demo.write.fhir import write_bundles, write_ndjson
from rearm.demo.write.omop import write_omop, write_omop_parquet
from rearm.demo.write.omop_rows import NOT_CARRIED
from rearm.demo.write.redcap import DICTIONARY, EXPORT, write_redcap
from rearm.demo.write.tidy import write_csv, write_parquet
from rearm.errors import InputError
from rearm.intake import read
from rearm.record import Record

COUNT = 40
WRITERS = [write_csv, write_parquet, write_bundles, write_ndjson, write_omop, write_redcap]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [*csv.DictReader(file)]


def by_id(folder: Path) -> dict[str, Record]:
    return {record.patient_id: record for record in read(folder).records}


@pytest.mark.parametrize("write", WRITERS, ids=lambda w: w.__name__)
def test_a_folder_with_something_in_it_stays_as_it_is(write: Any, tmp_path: Path) -> None:
    (tmp_path / "labs.csv").write_text("mine", "utf-8")
    with pytest.raises(InputError, match="not empty"):
        write(registry(COUNT), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["labs.csv"]


@pytest.mark.parametrize("write", WRITERS, ids=lambda w: w.__name__)
def test_the_same_patients_give_the_same_bytes(write: Any, tmp_path: Path) -> None:
    folders = (tmp_path / "a", tmp_path / "b")
    assert [write(demo_patients(5), folder) for folder in folders] == [5, 5]
    first, second = ({p.name: p.read_bytes() for p in f.iterdir()} for f in folders)
    assert first
    assert first == second


# ---------------------------------------------------------------- tidy


def test_csv_holds_the_rows_and_parquet_the_same(tmp_path: Path) -> None:
    write_csv(registry(COUNT), tmp_path / "csv")
    write_parquet(registry(COUNT), tmp_path / "parquet")
    drawn = {record.patient_id: told(record) for record in records_of(registry(COUNT))}
    for layout in ("csv", "parquet"):
        found = {patient: told(record) for patient, record in by_id(tmp_path / layout).items()}
        assert found == drawn, layout


def test_parquet_is_written_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rearm.demo.write.tables._CHUNK", 7)
    assert write_parquet(registry(COUNT), tmp_path / "parts") == COUNT
    monkeypatch.setattr("rearm.demo.write.tables._CHUNK", 1000)
    write_parquet(registry(COUNT), tmp_path / "whole")
    parts, whole = by_id(tmp_path / "parts"), by_id(tmp_path / "whole")
    assert {k: told(v) for k, v in parts.items()} == {k: told(v) for k, v in whole.items()}
    assert all(p.suffix == ".parquet" for p in (tmp_path / "parts").iterdir())


# ---------------------------------------------------------------- FHIR


def test_bundles_give_the_records_and_answers_of_tidy_tables(tmp_path: Path) -> None:
    write_bundles(registry(COUNT), tmp_path)
    bundles = by_id(tmp_path)
    tidy = {record.patient_id: record for record in records_of(registry(COUNT))}
    assert {k: told(v) for k, v in bundles.items()} == {k: told(v) for k, v in tidy.items()}
    answers = [
        {a.patient_id: shown(a) for a in assess_all([*records.values()][:15])}
        for records in (bundles, tidy)
    ]
    assert len(answers[0]) == 15
    assert answers[0] == answers[1]


def shown(assessment: Any) -> tuple[Any, ...]:
    """State and tiers of an answer."""
    answer = assessment.answer
    return answer.state, [(t.tier, [s.option for s in t.strategies]) for t in answer.tiers]


def test_bulk_lines_are_the_resources_of_the_bundles(tmp_path: Path) -> None:
    write_bundles(registry(COUNT), tmp_path / "bundles")
    write_ndjson(registry(COUNT), tmp_path / "bulk")
    lines = [
        json.loads(line)
        for path in (tmp_path / "bulk").glob("*.ndjson")
        for line in path.read_text("utf-8").splitlines()
    ]
    single = [
        entry["resource"]
        for path in (tmp_path / "bundles").glob("*.json")
        for entry in json.loads(path.read_text("utf-8"))["entry"]
    ]
    assert Counter(r["resourceType"] for r in lines) == Counter(r["resourceType"] for r in single)
    assert Counter(map(told_by_resource, lines)) == Counter(map(told_by_resource, single))
    ids = [(r["resourceType"], r["id"]) for r in lines]
    assert len(set(ids)) == len(ids)
    assert all(len(r["id"]) <= 64 for r in lines)


def told_by_resource(resource: dict[str, Any]) -> str:
    """A resource without what tells it from those of other patients: its id, and references."""
    bare = {k: v for k, v in resource.items() if k not in ("id", "meta")}
    for key in ("partOf", "supportingInformation"):
        if key in bare:
            bare[key] = len(bare[key])
    return json.dumps(bare, sort_keys=True)


def test_the_manifest_counts_the_lines_and_references_lead_somewhere(tmp_path: Path) -> None:
    write_ndjson(registry(COUNT), tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    resources = []
    for output in some(manifest["output"]):
        path = tmp_path / output["url"].rsplit("/", 1)[1]
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        assert len(lines) == output["count"]
        assert {line["resourceType"] for line in lines} == {output["type"]}
        resources += lines
    there = {f"{r['resourceType']}/{r['id']}" for r in resources}
    named = [*references(resources)]
    assert len(named) > len(resources) - COUNT
    assert set(named) <= there


def references(value: Any) -> Iterator[str]:
    """Every reference but those to contained resources."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "reference" and not part.startswith("#"):
                yield part
            else:
                yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


# ---------------------------------------------------------------- REDCap


def test_the_export_says_by_its_dictionary_what_the_tables_say(tmp_path: Path) -> None:
    """Read back by the data dictionary alone, as its server would label it."""
    write_redcap(registry(COUNT), tmp_path)
    dictionary = {row["Variable / Field Name"]: row for row in rows_of(tmp_path / DICTIONARY)}
    choices = {
        name: dict(part.strip().split(", ", 1) for part in listed.split("|"))
        for name, row in dictionary.items()
        if (listed := row["Choices, Calculations, OR Slider Labels"])
    }
    found: dict[str, Counter[str]] = {}
    for row in some(rows_of(tmp_path / EXPORT)):
        form = row["redcap_repeat_instrument"] or "patients"
        assert row[f"{form}_complete"] == "2"
        assert not [k for k, v in row.items() if v and k in dictionary and own(k, form)]
        cells = {
            name.removeprefix(f"{form}_"): value
            for name, value in labelled(row, form, dictionary, choices)
        }
        found.setdefault(form, Counter())[json.dumps(cells, sort_keys=True)] += 1
    for table, rows in some(together(registry(COUNT)).items()):
        expected = Counter(
            json.dumps({k: as_labelled(table, k, v, choices) for k, v in row.items()
                        if k != "patient_id" and v != ""}, sort_keys=True)
            for row in rows
        )  # fmt: skip
        assert found[table] == expected, table


def own(field: str, form: str) -> bool:
    """Whether a field is of another form than the row."""
    return field != "patient_id" and not field.startswith(f"{form}_")


def labelled(
    row: dict[str, str],
    form: str,
    dictionary: dict[str, dict[str, str]],
    choices: dict[str, dict[str, str]],
) -> Iterator[tuple[str, str]]:
    for name, field in dictionary.items():
        if field["Form Name"] != form or name == "patient_id":
            continue
        if field["Field Type"] == "checkbox":
            ticked = [
                label for code, label in choices[name].items() if row[f"{name}___{code}"] == "1"
            ]
            if ticked:
                yield name, ";".join(ticked)
        elif field["Field Type"] == "yesno" and row[name]:
            yield name, {"1": "yes", "0": "no"}[row[name]]
        elif row[name]:
            yield name, choices.get(name, {}).get(row[name], row[name])


def as_labelled(table: str, column: str, value: Any, choices: dict[str, dict[str, str]]) -> str:
    """What the label of a cell of a tidy table is."""
    return choices.get(f"{table}_{column}", {}).get(str(value), str(value))


# ---------------------------------------------------------------- OMOP


def cdm(folder: Path) -> dict[str, list[dict[str, str]]]:
    return {path.stem: rows_of(path) for path in folder.glob("*.csv")}


def test_keys_are_unique_and_concepts_are_all_there(tmp_path: Path) -> None:
    assert write_omop(registry(COUNT), tmp_path) == COUNT
    tables = cdm(tmp_path)
    concepts = {row["concept_id"] for row in tables["concept"]}
    assert len(concepts) == len(tables["concept"])
    for name, rows in some(tables.items()):
        key = f"{name}_id"
        if key in rows[0] and name != "concept":
            assert len({row[key] for row in rows}) == len(rows), name
        used = {
            row[column]
            for row in rows
            for column in row
            if column.endswith("_concept_id") and row[column] not in ("", "0")
        }
        assert used <= concepts, name
    assert {row["person_id"] for row in tables["measurement"]} <= {
        row["person_id"] for row in tables["person"]
    }
    exposures = {row["drug_exposure_id"] for row in tables["drug_exposure"]}
    assert {row["event_id"] for row in tables["episode_event"]} <= exposures


def test_every_result_is_a_measurement_with_its_value_and_day(tmp_path: Path) -> None:
    write_omop(registry(COUNT), tmp_path)
    tables = cdm(tmp_path)
    persons = {row["person_source_value"]: row["person_id"] for row in tables["person"]}
    specimens = {r["specimen_id"]: r["specimen_source_value"] for r in tables["specimen"]}
    signs = {row["concept_id"]: row["concept_name"] for row in tables["concept"]}
    found = Counter(
        (
            row["person_id"],
            row["measurement_date"],
            row["measurement_source_value"],
            signs.get(row["operator_concept_id"], "")
            + (row["value_as_number"].removesuffix(".0") or row["value_source_value"]),
            row["unit_source_value"],
            specimens.get(row["measurement_event_id"], ""),
        )
        for row in tables["measurement"]
    )
    rows = together(registry(COUNT))
    zero = {r["patient_id"]: date.fromisoformat(r["day_zero"]) for r in rows["patients"]}
    expected = Counter(
        (
            persons[row["patient_id"]],
            (zero[row["patient_id"]] + timedelta(days=row["day"])).isoformat(),
            row["test"],
            row["value"],
            row["unit"],
            row.get("specimen", ""),
        )
        for row in rows["labs"]
    )
    assert found == expected


def test_what_occurred_is_there_and_what_did_not_is_not(tmp_path: Path) -> None:
    write_omop(registry(COUNT), tmp_path)
    found = Counter(row["condition_source_value"] for row in cdm(tmp_path)["condition_occurrence"])
    rows = together(registry(COUNT))
    expected = Counter(row["toxicity"] for row in rows["toxicities"] if row["grade"] > 0)
    expected += Counter(r["condition"] for r in rows["conditions"] if r["status"] == "present")
    expected["multiple myeloma"] = COUNT
    assert found == expected
    assert [row for row in rows["toxicities"] if row["grade"] == 0]
    assert len(NOT_CARRIED) > 5


def test_omop_as_parquet_holds_the_same(tmp_path: Path) -> None:
    import polars as pl

    write_omop(registry(COUNT), tmp_path / "csv")
    write_omop_parquet(registry(COUNT), tmp_path / "parquet")
    for path in some((tmp_path / "csv").iterdir()):
        parquet = pl.read_parquet(tmp_path / "parquet" / f"{path.stem}.parquet")
        text = parquet.with_columns(pl.all().cast(pl.String).fill_null(""))
        assert text.to_dicts() == rows_of(path)
