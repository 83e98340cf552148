"""Nothing that tells who a patient is leaves with the de-identified tables."""

from __future__ import annotations

import json
import shutil
import stat
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.support.command_line import run, says
from tests.support.loops import some
from tests.support.seeded_identifiers import (
    IDENTIFIERS,
    hits,
    marked_store,
    write_marked_patients,
)
from tests.support.store_files import counted_as_whole

from rearm.cohort.store.build import Wanted, build
from rearm.cohort.store.folder import StoreFolder
from rearm.export.deidentified import TREATMENTS, Treatment, deidentify
from rearm.export.deidentified import write as writing
from rearm.export.deidentified.new_ids import NewId, read_key

PATIENTS = 40


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("in") / f"{IDENTIFIERS['name']}-{IDENTIFIERS['place']}"
    return write_marked_patients(PATIENTS, folder)


@pytest.fixture(scope="module")
def store(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store") / "store"
    build(data, folder, Wanted(buckets=2))
    return folder


@pytest.fixture
def marked(store: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "marked"
    shutil.copytree(store, copy)
    assert marked_store(copy, IDENTIFIERS["name"], ids=True) > 100
    counted_as_whole(copy)
    return copy


def test_what_is_seeded_does_reach_the_store(store: Path) -> None:
    found = hits(store, IDENTIFIERS.values())
    assert sum(n > 0 for n in found.values()) >= 10, found
    assert found[IDENTIFIERS["record number"]] and found[IDENTIFIERS["other code"]]


@pytest.mark.parametrize("keyed", [True, False])
def test_nothing_of_an_input_full_of_identifiers_leaves(
    store: Path, tmp_path: Path, keyed: bool
) -> None:
    out, key = tmp_path / "out", tmp_path / "key.csv"
    options: list[str | Path] = ["--key", key] if keyed else []
    says(run("cohort", "export", store, "--deidentified", "--to", out, *options), 0, "patients")
    assert pl.read_parquet(out / "patients.parquet").height == PATIENTS
    ids = StoreFolder(store).patients()
    found = hits(out, [*IDENTIFIERS.values(), *ids, *ids.values(), str(store), "1951"])
    assert {text: n for text, n in found.items() if n} == {}
    assert key.exists() is keyed


def test_nothing_leaves_though_every_text_of_the_store_tells_the_name(
    marked: Path, tmp_path: Path
) -> None:
    deidentify(marked, tmp_path / "out", key=tmp_path / "key.csv")
    assert hits(tmp_path / "out", [IDENTIFIERS["name"]]) == {IDENTIFIERS["name"]: 0}


def _every_word(frame: pl.DataFrame, column: str, words: Any, joint: Any) -> pl.Expr:
    return pl.col(column)


def _kept(table: str, column: str) -> Callable[[pytest.MonkeyPatch], None]:
    def off(patch: pytest.MonkeyPatch) -> None:
        patch.setitem(TREATMENTS[table], column, Treatment(kind="number"))

    return off


def _no_words(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(writing, "only_words", _every_word)


def _old_ids(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(writing, "new_ids", lambda patients, known: {p: NewId(p, p) for p in patients})


@pytest.mark.parametrize(
    "guard_off",
    [
        _no_words,
        _old_ids,
        _kept("patients", "error"),
        _kept("patients", "relapse_after"),
        _kept("relapses", "after"),
        _kept("responses", "rule"),
        _kept("infusions", "product"),
    ],
)
def test_with_a_guard_off_the_name_is_found(
    marked: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    guard_off: Callable[[pytest.MonkeyPatch], None],
) -> None:
    """The search above can fail."""
    guard_off(monkeypatch)
    deidentify(marked, tmp_path / "out")
    assert hits(tmp_path / "out", [IDENTIFIERS["name"]])[IDENTIFIERS["name"]] > 0


def test_a_column_without_a_treatment_stays(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "wider"
    shutil.copytree(store, copy)
    for file in some((copy / "patients").glob("*.parquet")):
        frame = pl.read_parquet(file, glob=False)
        frame.with_columns(centre=pl.lit(IDENTIFIERS["place"])).write_parquet(file)
    counted_as_whole(copy)
    done = deidentify(copy, tmp_path / "out")
    assert done.unlisted == ["patients.centre"]
    assert "centre" not in pl.read_parquet(tmp_path / "out" / "patients.parquet").columns
    result = run("cohort", "export", copy, "--deidentified", "--to", tmp_path / "out2")
    says(result, 0, "1 column without a listed treatment", "patients.centre")


def test_the_order_of_rows_tells_nothing_and_ids_differ_between_exports(
    store: Path, tmp_path: Path
) -> None:
    ids = []
    for name in ("one", "two"):
        deidentify(store, tmp_path / name)
        for file in some((tmp_path / name).glob("*.parquet")):
            column = pl.read_parquet(file)["patient_id"]
            assert column.is_sorted() and column.null_count() == 0
        ids.append(set(pl.read_parquet(tmp_path / name / "patients.parquet")["patient_id"]))
    assert len(ids[0]) == len(ids[1]) == PATIENTS and not ids[0] & ids[1]


def test_the_key_leads_back_and_is_kept_by_the_next_export(store: Path, tmp_path: Path) -> None:
    key = tmp_path / "apart" / "key.csv"
    key.parent.mkdir()
    deidentify(store, tmp_path / "one", key=key)
    first = {old: one.id for old, one in read_key(key).items()}
    assert set(first) == set(StoreFolder(store).patients())
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    deidentify(store, tmp_path / "two", key=key)
    second = pl.read_parquet(tmp_path / "two" / "patients.parquet")["patient_id"]
    assert set(first.values()) == set(second)
    truth = StoreFolder(store).table("patients").collect()
    days = dict(truth.select("patient_id", "infusions").iter_rows())
    out = pl.read_parquet(tmp_path / "two" / "patients.parquet")
    assert {first[p]: n for p, n in days.items()} == dict(
        out.select("patient_id", "infusions").iter_rows()
    )


@pytest.mark.parametrize("keyed", [True, False])
def test_a_second_export_tells_no_more_of_a_month_than_the_first(
    store: Path, tmp_path: Path, keyed: bool
) -> None:
    """Intervals are widened alike, so that they do not narrow each other."""
    key = tmp_path / "key.csv" if keyed else None
    ends = []
    for name in ("one", "two"):
        deidentify(store, tmp_path / name, key=key)
        frame = pl.read_parquet(tmp_path / name / "lines.parquet")
        vague = frame.filter(pl.col("progressed_low") != pl.col("progressed_high"))
        assert vague.height
        ends.append(sorted(vague.select("progressed_low", "progressed_high").rows()))
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    ("key", "out"),
    [
        ("out/key.csv", "out"),
        ("out/below/key.csv", "out"),
        ("link/key.csv", "out"),
        ("out/../out/key.csv", "out"),
        ("store/key.csv", "out"),
    ],
)
def test_the_key_never_lies_with_the_tables(
    store: Path, tmp_path: Path, key: str, out: str
) -> None:
    shutil.copytree(store, tmp_path / "store")
    (tmp_path / "out" / "below").mkdir(parents=True)
    (tmp_path / "out" / "below").rmdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    result = run(
        *("cohort", "export", tmp_path / "store", "--deidentified"),
        *("--to", tmp_path / out, "--key", f"{tmp_path}/{key}"),
    )
    says(result, 2, "The key", "Name a file elsewhere")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "patient_id,new_id,salt\nx\n", "\x00\xff"])
def test_a_file_that_is_no_key_is_not_overwritten(
    store: Path, tmp_path: Path, content: str
) -> None:
    key = tmp_path / "key.csv"
    key.write_bytes(content.encode("latin-1"))
    result = run(
        *("cohort", "export", store, "--deidentified", "--to", tmp_path / "out", "--key", key)
    )
    says(result, 2, "no key of an earlier export")
    assert key.read_bytes() == content.encode("latin-1")
    assert not (tmp_path / "out").exists()


def test_two_patients_with_one_new_id_are_no_key(store: Path, tmp_path: Path) -> None:
    key = tmp_path / "key.csv"
    key.write_text("patient_id,new_id,salt\nA,R1,x\nB,R1,y\n", "utf-8")
    result = run(
        *("cohort", "export", store, "--deidentified", "--to", tmp_path / "out", "--key", key)
    )
    says(result, 2, "no key of an earlier export")
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_in_it_is_refused(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "list of names.xlsx").write_text("", "utf-8")
    result = run("cohort", "export", store, "--deidentified", "--to", out)
    says(result, 2, "is not empty")
    assert [file.name for file in out.iterdir()] == ["list of names.xlsx"]


def test_an_export_that_fails_leaves_nothing(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "treated", fails)
    with pytest.raises(OSError):
        deidentify(store, tmp_path / "out", key=tmp_path / "key.csv")
    assert list(tmp_path.iterdir()) == []


def test_the_report_counts_what_stands_in_the_tables(store: Path, tmp_path: Path) -> None:
    done = deidentify(store, tmp_path / "out", least=4)
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report["patients"] == PATIENTS and report["smallest_group_asked_for"] == 4
    assert done.smallest_group is not None
    assert report["smallest_group"] == done.smallest_group >= 4
    assert report["smallest_group_before"] < 4
    heights = {
        f.stem: pl.read_parquet(f).height for f in some((tmp_path / "out").glob("*.parquet"))
    }
    assert report["tables"] == heights and "issues" not in heights


def test_counts_of_replaced_words_tell_of_no_few_patients(store: Path, tmp_path: Path) -> None:
    done = deidentify(store, tmp_path / "out")
    assert any(0 < n < 5 for n in done.replaced.values())
    columns = pl.read_csv(tmp_path / "out" / "columns.csv", infer_schema=False)
    told = {x for x in columns["replaced"] if x is not None}
    assert "<5" in told and not told & {"1", "2", "3", "4"}


def test_few_patients_are_told_as_too_few(tmp_path: Path) -> None:
    data = write_marked_patients(3, tmp_path / "data")
    build(data, tmp_path / "store", Wanted())
    result = run("cohort", "export", tmp_path / "store", "--deidentified", "--to", tmp_path / "out")
    says(result, 0, "fewer than 5 alike", "do not pass these tables on")
    out = pl.read_parquet(tmp_path / "out" / "patients.parquet")
    for column in ("sex", "age_band", "infusion_years", "product", "heavy_chain", "light_chain"):
        assert out[column].null_count() == 3


def test_a_treatment_can_be_made_stricter(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sex = replace(TREATMENTS["patients"]["status"], kind="drop")
    monkeypatch.setitem(TREATMENTS["patients"], "status", sex)
    deidentify(store, tmp_path / "out")
    assert "status" not in pl.read_parquet(tmp_path / "out" / "patients.parquet").columns


def test_patients_without_an_answer_leave_with_their_id_alone(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "broken"
    shutil.copytree(store, copy)
    for file in some((copy / "patients").glob("*.parquet")):
        frame = pl.read_parquet(file, glob=False)
        empty = [pl.lit(None, dtype=k).alias(c) for c, k in frame.schema.items()][1:]
        failed = pl.lit(IDENTIFIERS["name"]).alias("error")
        frame.with_columns(empty).with_columns(failed).write_parquet(file)
    counted_as_whole(copy)
    deidentify(copy, tmp_path / "out")
    out = pl.read_parquet(tmp_path / "out" / "patients.parquet")
    assert out.height == PATIENTS and out["patient_id"].n_unique() == PATIENTS
    assert all(out[column].null_count() == PATIENTS for column in some(out.columns[1:]))
    assert hits(tmp_path / "out", [IDENTIFIERS["name"]]) == {IDENTIFIERS["name"]: 0}


def test_a_store_of_nobody_gives_empty_tables(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "nobody"
    shutil.copytree(store, copy)
    for file in some(copy.rglob("*.parquet")):
        pl.read_parquet(file, glob=False).clear().write_parquet(file)
    counted_as_whole(copy)
    says(run("cohort", "export", copy, "--deidentified", "--to", tmp_path / "out"), 0, "0 patients")
    assert pl.read_parquet(tmp_path / "out" / "lines.parquet").height == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report["smallest_group"] is None


def test_two_versions_of_the_criteria_stand_side_by_side(tmp_path: Path) -> None:
    data = write_marked_patients(12, tmp_path / "data")
    build(data, tmp_path / "store", Wanted(criteria=("imwg-2011",)))
    deidentify(tmp_path / "store", tmp_path / "out")
    out = pl.read_parquet(tmp_path / "out" / "outcomes.parquet")
    assert set(out["criteria"]) == {"imwg-2016", "imwg-2011"}
    assert pl.read_parquet(tmp_path / "out" / "patients.parquet").height == 12


def test_what_is_withheld_of_a_patient_stands_in_no_table(store: Path, tmp_path: Path) -> None:
    """The product also tells itself by antigen, line of therapy and option."""
    deidentify(store, tmp_path / "out")
    patients = pl.read_parquet(tmp_path / "out" / "patients.parquet")
    infused = patients.filter(pl.col("infusions") > 0)
    hidden = some(infused.filter(pl.col("product").is_null())["patient_id"])
    shown = some(infused.filter(pl.col("product").is_not_null())["patient_id"])
    infusions = pl.read_parquet(tmp_path / "out" / "infusions.parquet")
    of_hidden = infusions.filter(pl.col("patient_id").is_in(hidden))
    assert of_hidden.height and of_hidden["product"].null_count() == of_hidden.height
    assert of_hidden["targets"].null_count() == of_hidden.height
    lines = pl.read_parquet(tmp_path / "out" / "lines.parquet").explode("agents")
    products = {"ide-cel", "cilta-cel", "mcarh109"}

    def told(ids: list[str]) -> set[str]:
        return set(lines.filter(pl.col("patient_id").is_in(ids))["agents"]) & products

    assert told(shown) and not told(hidden)
    options = lines.filter(pl.col("patient_id").is_in(hidden))["option"].drop_nulls()
    assert not options.str.starts_with("second-cart").any()


def test_groups_are_as_large_as_the_report_says(store: Path, tmp_path: Path) -> None:
    """Counted anew from the file that leaves."""
    done = deidentify(store, tmp_path / "out", least=3)
    patients = pl.read_parquet(tmp_path / "out" / "patients.parquet")
    known = ("sex", "age_band", "infusion_years", "product", "heavy_chain", "light_chain")
    groups = Counter(str(row) for row in patients.select(known).rows())
    assert min(groups.values()) == done.smallest_group and min(groups.values()) >= 3
