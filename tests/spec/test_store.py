"""A store of many patients: the same answers as without one, whatever the parts, the processes and
the way it came to be.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from tests.support.generated_patients import write_patients
from tests.support.loops import some
from tests.support.parts_that_break import ENDS, RAISES, BreakingParts
from tests.support.store_files import bytes_of, tables_of, without_patient

import rearm
from rearm.assessment import assess_table
from rearm.cohort.store import build as building
from rearm.cohort.store.build import BuildSummary, Wanted, build
from rearm.cohort.store.folder import StoreFolder
from rearm.cohort.store.status import status_of
from rearm.errors import InputError
from rearm.intake.parts import folder_of_part, part_of
from rearm.intake.tidy.parts import TidyParts
from rearm.knowledge import load
from rearm.record import Record

PATIENTS = 48
KNOWLEDGE = load()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_patients(PATIENTS, tmp_path_factory.mktemp("patients"), seed=11)


@pytest.fixture(scope="module")
def records(source: Path) -> dict[str, Record]:
    return {record.patient_id: record for record in rearm.read(source).records}


@pytest.fixture(scope="module")
def store(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store") / "store"
    built = build(source, folder, Wanted(buckets=3))
    assert (built.patients, built.assessed, built.errors) == (PATIENTS, PATIENTS, {})
    return folder


def as_parquet(source: Path, to: Path) -> Path:
    to.mkdir()
    for file in source.glob("*.csv"):
        pl.read_csv(file, infer_schema=False).write_parquet(to / f"{file.stem}.parquet")
    return to


def shuffled(source: Path, to: Path) -> Path:
    """Every table with its rows by patient from the last to the first; those of one in order."""
    to.mkdir()
    for file in source.glob("*.csv"):
        frame = pl.read_csv(file, infer_schema=False)
        frame.sort("patient_id", descending=True, maintain_order=True).write_csv(to / file.name)
    return to


def edited(source: Path, to: Path, patient: str, change: Callable[[dict[str, str]], None]) -> Path:
    """The tables with the last result of a patient changed."""
    shutil.copytree(source, to)
    with (to / "labs.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    change([row for row in rows if row["patient_id"] == patient][-1])
    with (to / "labs.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return to


# ---------------------------------------------------------------- parts


@pytest.mark.parametrize("count", [1, 3, 16])
@pytest.mark.parametrize("written", ["csv", "parquet"])
def test_parts_give_the_records_of_the_whole(
    count: int, written: str, source: Path, records: dict[str, Record], tmp_path: Path
) -> None:
    given = source if written == "csv" else as_parquet(source, tmp_path / "parquet")
    whole = records if written == "csv" else {r.patient_id: r for r in rearm.read(given).records}
    reader, work = TidyParts(), tmp_path / "work"
    work.mkdir()
    reader.cut(given, work, count)
    found: dict[str, Record] = {}
    for number in range(count):
        part = folder_of_part(work, number)
        if part.is_dir():
            for record in reader.read(part, KNOWLEDGE, None).records:
                assert part_of(record.patient_id, count) == number
                found[record.patient_id] = record
    assert found == whole


def test_a_hash_follows_the_content_and_not_the_place(source: Path, tmp_path: Path) -> None:
    def hashes(folder: Path, name: str) -> dict[str, str]:
        work = tmp_path / name
        work.mkdir()
        TidyParts().cut(folder, work, 1)
        return dict(TidyParts().hashes(folder_of_part(work, 0)))

    def other_value(row: dict[str, str]) -> None:
        row["value"] = "17.5"

    before = hashes(source, "a")
    assert hashes(shuffled(source, tmp_path / "shuffled"), "b") == before
    after = hashes(edited(source, tmp_path / "edited", "G00004", other_value), "c")
    assert {p for p in before if before[p] != after[p]} == {"G00004"}


# ---------------------------------------------------------------- the tables


def test_the_answers_are_those_of_the_patients_one_by_one(
    store: Path, records: dict[str, Record]
) -> None:
    tables = tables_of(store)
    whole = {
        row["patient_id"]: row
        for row in assess_table(records.values(), tests=True).iter_rows(named=True)
    }
    for row in some(tables["patients"].iter_rows(named=True)):
        own = whole[row["patient_id"]]
        shared = row.keys() & own.keys()
        assert len(shared) > 25
        assert {name: row[name] for name in shared} == {name: own[name] for name in shared}
    tiers: dict[str, dict[str, str]] = {}
    for row in tables["tiers"].filter(pl.col("decision") == "now").iter_rows(named=True):
        tiers.setdefault(row["patient_id"], {})[row["strategy"]] = row["tier"]
    asked: dict[str, list[str]] = {}
    for row in tables["tests"].sort("patient_id", "rank").iter_rows(named=True):
        asked.setdefault(row["patient_id"], []).append(row["test"])
    for patient, own in some(whole.items()):
        expected = {
            name.removeprefix("tier_"): tier
            for name, tier in own.items()
            if name.startswith("tier_") and tier is not None
        }
        assert tiers.get(patient, {}) == expected
        assert asked.get(patient, []) == list(own["tests"] or [])


def test_the_tiers_of_the_day_before_the_first_salvage_know_nothing_of_it(
    store: Path, records: dict[str, Record]
) -> None:
    tables = tables_of(store)
    first = tables["lines"].filter(pl.col("salvage") == 1)
    before = tables["tiers"].filter(pl.col("decision") == "before_salvage")
    assert before.height
    checked = 0
    for row in first.iter_rows(named=True):
        if row["start_low"] is None:
            continue
        own = before.filter(pl.col("patient_id") == row["patient_id"])
        day = row["start_low"] - 1
        alone = rearm.assess(records[row["patient_id"]], as_of=day)
        expected = {s.strategy: t.tier for t in alone.answer.tiers for s in t.strategies}
        assert set(own["as_of"]) <= {day}
        assert dict(own.select("strategy", "tier").iter_rows()) == expected
        checked += bool(expected)
    assert checked >= 3


def test_two_versions_of_the_criteria_stand_side_by_side(source: Path, tmp_path: Path) -> None:
    build(source, tmp_path / "store", Wanted(criteria=("imwg-2011",)))
    tables = tables_of(tmp_path / "store")
    for name in ("infusions", "responses", "outcomes"):
        by_version = tables[name].group_by("criteria").agg(pl.col("patient_id").n_unique())
        assert dict(by_version.iter_rows()).keys() == {"imwg-2016", "imwg-2011"}
    assert set(tables["tiers"]["criteria"]) == {"imwg-2016"}


# ---------------------------------------------------------------- how it came to be


def test_processes_and_repetition_change_no_byte(source: Path, store: Path, tmp_path: Path) -> None:
    build(source, tmp_path / "two", Wanted(buckets=3, jobs=2))
    assert bytes_of(tmp_path / "two") == bytes_of(store)
    again = build(source, tmp_path / "two", Wanted(jobs=2))
    assert (again.assessed, again.unchanged) == (0, PATIENTS)
    assert bytes_of(tmp_path / "two") == bytes_of(store)


def test_an_update_assesses_whom_it_must_and_ends_as_a_build_would(
    source: Path, tmp_path: Path
) -> None:
    def a_rise(row: dict[str, str]) -> None:
        row.update(test="serum_m_protein", value="44", unit="g/L")

    later = without_patient(
        edited(source, tmp_path / "edited", "G00004", a_rise), "G00009", tmp_path / "later"
    )
    smaller = without_patient(source, "G00005", tmp_path / "smaller")
    build(smaller, tmp_path / "store", Wanted(buckets=3))
    updated = build(later, tmp_path / "store", Wanted())
    assert updated.changed == ["G00004"]
    assert updated.new == ["G00005"]
    assert updated.removed == ["G00009"]
    assert updated.assessed == 2
    build(later, tmp_path / "anew", Wanted(buckets=3))
    found, anew = bytes_of(tmp_path / "store"), bytes_of(tmp_path / "anew")
    # places are those of the export in which the patient's rows last differed
    differ = {name.split("/")[0] for name in found if found[name] != anew[name]}
    assert differ <= {"issues", "buckets"}  # the marker of a bucket has the size of each file
    assert found.keys() == anew.keys()
    changes = {c.patient_id: c for c in status_of(StoreFolder(tmp_path / "store")).changes}
    assert changes["G00005"].kind == "new"
    assert changes["G00009"].kind == "removed"
    assert changes.keys() <= {"G00004", "G00005", "G00009"}


def test_what_changed_names_the_answer_and_the_reason(tmp_path: Path) -> None:
    examples = Path(__file__).parents[2] / "examples" / "tables"
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        shutil.copytree(examples, folder)
    lines = (before / "labs.csv").read_text("utf-8").splitlines(keepends=True)
    first = pl.read_csv(before / "labs.csv", infer_schema=False)["patient_id"][0]
    kept = [x for x in lines if not x.startswith(f"{first},")]
    (after / "labs.csv").write_text("".join(kept), "utf-8")
    build(before, tmp_path / "store", Wanted())
    assert status_of(StoreFolder(tmp_path / "store")).changes == ()
    build(after, tmp_path / "store", Wanted())
    (change,) = status_of(StoreFolder(tmp_path / "store")).changes
    assert (change.patient_id, change.kind, change.why) == (first, "changed", ("rows",))
    assert change.answers


def test_other_settings_assess_everybody_anew_and_say_why(source: Path, tmp_path: Path) -> None:
    build(source, tmp_path / "store", Wanted(buckets=2))
    anew = build(source, tmp_path / "store", Wanted(region="US"))
    assert anew.assessed == PATIENTS
    found = status_of(StoreFolder(tmp_path / "store"))
    assert found.settings.region == "US"
    assert {c.why for c in found.changes} <= {("settings",)}


# ---------------------------------------------------------------- what goes wrong


def breaking(
    source: Path, store: Path, monkeypatch: pytest.MonkeyPatch, *, kills: bool, jobs: int
) -> BuildSummary:
    monkeypatch.setattr(building, "reader_of_parts", lambda *_, **__: BreakingParts(kills=kills))
    return build(source, store, Wanted(buckets=2, jobs=jobs))


def test_a_patient_with_whom_the_program_fails_costs_nobody_else_his_answer(
    source: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = breaking(source, tmp_path / "store", monkeypatch, kills=False, jobs=1)
    assert summary.errors == {RAISES: "internal error (ValueError: a fault of the program)"}
    found, whole = tables_of(tmp_path / "store")["patients"], tables_of(store)["patients"]
    others = pl.col("patient_id") != RAISES
    assert found.filter(others).equals(whole.filter(others))
    (row,) = found.filter(~others).iter_rows(named=True)
    assert row["error"] == summary.errors[RAISES]
    assert row["status"] is None


@pytest.mark.slow
def test_a_patient_who_ends_his_process_costs_nobody_else_his_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = write_patients(10, tmp_path / "few", seed=11)
    build(few, tmp_path / "whole", Wanted(buckets=2))
    summary = breaking(few, tmp_path / "store", monkeypatch, kills=True, jobs=2)
    assert summary.errors.keys() == {RAISES, ENDS}
    assert "its process was stopped" in summary.errors[ENDS]
    found, whole = (tables_of(tmp_path / name)["patients"] for name in ("store", "whole"))
    others = ~pl.col("patient_id").is_in([RAISES, ENDS])
    assert found.filter(others).equals(whole.filter(others))


def test_a_store_of_another_version_is_refused(store: Path, source: Path, tmp_path: Path) -> None:
    other = tmp_path / "store"
    shutil.copytree(store, other)
    text = (other / "store.json").read_text("utf-8")
    (other / "store.json").write_text(text.replace('"format":1', '"format":99'), "utf-8")
    for attempt in (
        lambda: build(source, other, Wanted()),
        lambda: StoreFolder(other).manifest(),
    ):
        with pytest.raises(InputError, match=r"version 99.*Build a new one"):
            attempt()


def test_one_byte_that_changed_is_found_and_mended(
    source: Path, store: Path, tmp_path: Path
) -> None:
    other = tmp_path / "store"
    shutil.copytree(store, other)
    file = next((other / "lines").iterdir())
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(InputError, match="missing or damaged"):
        status_of(StoreFolder(other))
    with pytest.raises(InputError, match="missing or damaged"):
        StoreFolder(other).finished()
    assert build(source, other, Wanted()).assessed > 0
    assert tables_of(other)["lines"].equals(tables_of(store)["lines"])


def test_a_folder_of_something_else_is_left_alone(source: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("a letter", "utf-8")
    with pytest.raises(InputError, match="something else than a store"):
        build(source, tmp_path, Wanted())
    assert [x.name for x in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("left", [None, 300])
def test_a_damaged_bucket_is_told_and_made_again(
    left: int | None, source: Path, store: Path, tmp_path: Path
) -> None:
    other = tmp_path / "store"
    shutil.copytree(store, other)
    file = next((other / "lines").iterdir())
    if left is None:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(InputError, match="missing or damaged"):
        status_of(StoreFolder(other))
    assert build(source, other, Wanted()).assessed > 0
    assert bytes_of(other) == bytes_of(store)
    assert status_of(StoreFolder(other)).changes == ()  # nobody is new


def test_another_registry_does_not_empty_a_store(store: Path, tmp_path: Path) -> None:
    other = tmp_path / "store"
    shutil.copytree(store, other)
    examples = Path(__file__).parents[2] / "examples" / "tables"
    with pytest.raises(InputError, match=r"48 of the 48 patients .*--drop-patients"):
        build(examples, other, Wanted())
    assert set(tables_of(other)["patients"]["patient_id"]) == set(StoreFolder(store).patients())
    assert len(build(examples, other, Wanted(drop_patients=True)).removed) == PATIENTS


def test_a_table_that_is_gone_is_told(source: Path, store: Path, tmp_path: Path) -> None:
    other, given = tmp_path / "store", tmp_path / "given"
    shutil.copytree(store, other)
    shutil.copytree(source, given)
    (given / "imaging.csv").unlink()
    told = build(given, other, Wanted()).issues
    assert [(x["code"], x["file"]) for x in told] == [("file_gone", "imaging.csv")]


def test_a_store_inside_of_its_input_is_refused(source: Path) -> None:
    with pytest.raises(InputError, match="lies in the input"):
        build(source, source / "store", Wanted())


def test_rows_that_make_no_record_are_a_patient_without_an_answer(
    source: Path, tmp_path: Path
) -> None:
    given = tmp_path / "given"
    shutil.copytree(source, given)
    with (given / "labs.csv").open("a", encoding="utf-8", newline="") as file:
        names = pl.read_csv(given / "labs.csv", infer_schema=False).columns
        row = {"patient_id": "A\nB", "day": "3", "test": "neutrophils", "value": "1"}
        csv.DictWriter(file, names).writerow(row)
    summary = build(given, tmp_path / "store", Wanted())
    assert summary.errors == {"A\nB": "no record could be made of the rows with this id"}
    assert summary.patients == tables_of(tmp_path / "store")["patients"].height == PATIENTS + 1


def test_an_unreadable_table_is_told_and_the_others_are_used(source: Path, tmp_path: Path) -> None:
    given = tmp_path / "given"
    shutil.copytree(source, given)
    (given / "imaging.csv").unlink()
    (given / "imaging.parquet").write_bytes(b"no parquet")
    summary = build(given, tmp_path / "store", Wanted())
    assert summary.patients == PATIENTS
    assert [i["code"] for i in summary.issues if i["severity"] == "error"] == ["file_unreadable"]


def test_no_name_of_a_folder_or_user_stays_in_a_store(
    source: Path, store: Path, tmp_path: Path
) -> None:
    for file in some(file for file in store.rglob("*") if file.is_file()):
        content = file.read_bytes()
        assert str(source).encode() not in content
        assert source.parent.name.encode() not in content
