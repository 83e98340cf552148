"""ADRS and ADTTE of computed courses, and their files."""

from __future__ import annotations

import builtins
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest
from tests.support.course_builder import death, record, serum, therapy

from rearm.export.adam import (
    ADRS_SCHEMA,
    ADTTE_SCHEMA,
    AVAL,
    AdamFolder,
    Datasets,
    LeftOut,
    left_out_words,
    response_datasets,
)
from rearm.outcome.patient_course import patient_course
from rearm.record import Record

FALL = {-5: 4.0, 28: 1.0, 56: 0.3, 84: 0.3, 112: 1.2, 140: 1.6}


def dated(**parts: Any) -> Record:
    return replace(
        record(**{"labs": serum(FALL), **parts}), patient_id="P-1", day_zero=date(2024, 1, 1)
    )


def sets(*patients: Record) -> Datasets:
    return response_datasets([patient_course(p) for p in patients], study="ST")


def in_folder(folder: Path, *patients: Record) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    with AdamFolder(folder, study="ST") as adam:
        for patient in patients:
            adam.add(patient_course(patient))
        return adam.finish()


def rows(frame: pl.DataFrame, code: str) -> list[dict[str, Any]]:
    return list(frame.filter(pl.col("PARAMCD") == code).iter_rows(named=True))


def test_columns_and_types() -> None:
    found = sets(dated())
    assert dict(found.adrs.schema) == ADRS_SCHEMA and dict(found.adtte.schema) == ADTTE_SCHEMA
    assert all(len(name) <= 8 for name in (*ADRS_SCHEMA, *ADTTE_SCHEMA))
    assert found.adrs["PARCAT2"].unique().to_list() == ["IMWG"] and found.adrs[
        "STUDYID"
    ].unique().to_list() == ["ST"]


def test_values_of_a_worked_course() -> None:
    adrs = sets(dated()).adrs
    assert [(r["ADY"], r["AVALC"], r["AVAL"]) for r in rows(adrs, "OVR")] == [
        (29, "PR", 4), (57, "VGPR", 5), (85, "VGPR", 5), (113, "PD", 1), (141, "PD", 1),
    ]  # fmt: skip
    assert [r["AVALC"] for r in rows(adrs, "COVR")] == ["PR", "VGPR", "VGPR", "PD", "PD"]
    assert [r["ANL03FL"] for r in rows(adrs, "COVR")] == ["Y", "Y", "Y", "Y", None]
    shown = {
        c: (rows(adrs, c)[0]["AVALC"], str(rows(adrs, c)[0]["ADT"]))
        for c in ("PD", "RSP", "VGPRRSP", "CBOR", "CB")
    }
    assert shown == {
        "PD": ("Y", "2024-04-22"), "RSP": ("Y", "2024-01-29"), "VGPRRSP": ("Y", "2024-02-26"),
        "CBOR": ("VGPR", "2024-02-26"),
        "CB": ("Y", "2024-01-29"),
    }  # fmt: skip
    assert (rows(adrs, "CRRSP")[0]["AVALC"], rows(adrs, "CRRSP")[0]["ADT"]) == ("N", None)


def test_avals_are_those_of_the_field() -> None:
    assert AVAL == {"PD": 1, "SD": 2, "MR": 3, "PR": 4, "VGPR": 5, "CR": 6, "sCR": 7, "NE": 8}


def test_times_to_event() -> None:
    adtte = sets(dated(deaths=[death(200, "infection")])).adtte
    pfs, os_, rsd = rows(adtte, "PFS")[0], rows(adtte, "OS")[0], rows(adtte, "RSD")[0]
    # both ends count: day 112 after the infusion is the 113th day
    assert (pfs["AVAL"], pfs["CNSR"], pfs["EVNTDESC"], pfs["SRCDOM"], pfs["SRCSEQ"]) == (
        113,
        0,
        "Disease Progression",
        "ADRS",
        4,
    )
    assert (os_["AVAL"], os_["CNSR"], os_["EVNTDESC"], os_["SRCDOM"], os_["SRCVAR"]) == (
        201,
        0,
        "Death",
        "ADSL",
        "DTHDT",
    )
    assert (rsd["AVAL"], str(rsd["STARTDT"])) == (85, "2024-01-29")


def test_censored_and_competing() -> None:
    quiet = dated(labs=serum({-5: 4.0, 28: 1.0, 56: 0.9}))
    pfs = rows(sets(quiet).adtte, "PFS")[0]
    assert (pfs["AVAL"], pfs["CNSR"], pfs["CNSDTDSC"], pfs["SRCDOM"]) == (
        57,
        1,
        "Last adequate assessment",
        "ADRS",
    )
    died = replace(quiet, deaths=(death(70, "infection"),))
    assert (
        rows(sets(died).adtte, "TTP")[0]["CNSR"] == 2
        and rows(sets(died).adtte, "PFS")[0]["CNSR"] == 0
    )


def test_after_new_therapy_nothing_counts() -> None:
    found = sets(
        dated(
            labs=serum({-5: 4.0, 28: 3.9, 56: 3.9, 84: 0.1, 112: 0.1}),
            therapies=[therapy(60, "salvage")],
        )
    ).adrs
    assert [r["ANL02FL"] for r in rows(found, "COVR")] == ["Y", "Y", None, None]
    assert rows(found, "RSP")[0]["AVALC"] == "N"


def test_what_has_no_row_is_said() -> None:
    found = sets(dated(), replace(record(infusions=[]), patient_id="P-2"))
    assert LeftOut(subject="P-1", parameter="DFS", reason="no confirmed CR to start from") in (
        found.left_out
    )
    assert any(x.subject == "P-2" for x in found.left_out)
    assert rows(found.adrs.filter(pl.col("USUBJID") == "P-2"), "CBOR")[0]["AVALC"] == "MISSING"
    sentences = left_out_words(Counter(x.reason for x in found.left_out))
    assert any("no confirmed CR" in sentence for sentence in sentences)


def test_without_a_calendar_date_days_still_hold() -> None:
    found = sets(replace(dated(), day_zero=None))
    assert (
        found.adrs["ADT"].null_count() == found.adrs.height
        and rows(found.adrs, "OVR")[0]["ADY"] == 29
    )
    assert found.adtte["AVAL"].null_count() == 0


def test_best_confirmed_is_that_of_the_course_on_generated_courses() -> None:
    from tests.support.imwg_cases import case_record
    from tests.support.imwg_generator import generate

    for seed in range(300):
        patient, criteria, start, _, _ = case_record(generate(seed))
        found = patient_course(replace(patient, infusions=()), start=start, criteria=criteria)
        frame = response_datasets([found]).adrs
        best, progression = rows(frame, "CBOR")[0]["AVALC"], rows(frame, "PD")[0]
        assert found.course is not None
        if found.course.best_confirmed != "NE":
            assert best == found.course.best_confirmed, seed
        else:
            assert best in ("NE", "PD", "MISSING"), seed
        assert (progression["AVALC"] == "Y") == (found.course.progression_day is not None), seed
        if found.course.progression_day is not None:
            assert progression["ADY"] == found.course.progression_day - start + 1, seed


def test_files_hold_the_same_rows(tmp_path: Path) -> None:
    patients = dated(), replace(dated(), patient_id="P-2", day_zero=None)
    found = sets(*patients)
    files, notes = in_folder(tmp_path, *patients)
    assert len(files) == 4 and notes == ()
    assert pl.read_parquet(tmp_path / "adrs.parquet").equals(found.adrs)
    frame, meta = pyreadstat.read_xport(str(tmp_path / "adrs.xpt"))
    assert (
        list(frame.columns) == list(ADRS_SCHEMA)
        and len(frame) == found.adrs.height
        and meta.table_name == "ADRS"
    )
    assert frame["ADT"].iloc[0] == date(2024, 1, 29) and frame["AVAL"].iloc[0] == 4.0
    assert frame["AVALC"].tolist() == found.adrs["AVALC"].to_list()
    assert all(len(label or "") <= 40 for label in meta.column_labels)


def test_a_text_that_xpt_cannot_hold_is_refused_by_name(tmp_path: Path) -> None:
    files, notes = in_folder(tmp_path, replace(dated(), patient_id="x" * 201))
    assert [f.name for f in files] == ["adrs.parquet", "adtte.parquet"] and all(
        "USUBJID" in n for n in notes
    )


def test_without_pyreadstat_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "pyreadstat":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    files, notes = in_folder(tmp_path, dated())
    assert len(files) == 2 and all("rearm[adam]" in n for n in notes)


def test_datasets_written_in_parts_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rearm.export.adam._PATIENTS_IN_MEMORY", 2)
    patients = [replace(dated(), patient_id=f"P-{n}") for n in range(5)]
    in_folder(tmp_path, *patients)
    assert pl.read_parquet(tmp_path / "adrs.parquet").equals(sets(*patients).adrs)
    assert pl.read_parquet(tmp_path / "adtte.parquet").equals(sets(*patients).adtte)
    assert {p.suffix for p in tmp_path.iterdir()} == {".parquet", ".xpt"}  # no part is left


def test_datasets_of_nobody_have_their_columns(tmp_path: Path) -> None:
    in_folder(tmp_path)
    assert dict(pl.read_parquet(tmp_path / "adrs.parquet").schema) == ADRS_SCHEMA
