"""What becomes of each column, word and day when tables are de-identified."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.support.loops import some

from rearm.cohort.store.tables import TABLES
from rearm.export.deidentified import TREATMENTS
from rearm.export.deidentified.anonymity import QUASI
from rearm.export.deidentified.days import BOUND, SALT, UNIT, Blur, dated_by_month, vague_ends
from rearm.export.deidentified.finding_columns import findings_that_leave, leaves
from rearm.export.deidentified.new_ids import NewId, new_ids, read_key
from rearm.export.deidentified.people import BANDS, age_band, year_band
from rearm.export.deidentified.texts import common, only_words
from rearm.export.deidentified.vocabulary import vocabularies
from rearm.knowledge import load


def test_every_column_of_a_store_is_listed_and_no_other() -> None:
    for name, table in some(TABLES.items()):
        assert set(TREATMENTS[name]) == {c.name for c in table.columns}, name
    assert set(TREATMENTS) == {*TABLES, "findings"}


def test_every_finding_is_listed() -> None:
    knowledge = load()
    findings = some(knowledge.catalogue.findings)
    assert [name for name in findings if leaves(name, knowledge) is None] == []
    unknown = set(TREATMENTS["findings"]) - set(findings) - {"patient_id"}
    assert unknown == set()


def test_no_text_leaves_without_a_vocabulary() -> None:
    """A column of texts is a new id, dropped, or made of listed words."""
    for name, table in some(TABLES.items()):
        for column in some(table.columns):
            treatment = TREATMENTS[name][column.name]
            if column.kind in ("text", "texts"):
                assert treatment.kind in ("new_id", "drop", "words"), (name, column.name)
                assert (treatment.words is not None) == (treatment.kind == "words")
            else:
                assert treatment.kind not in ("words", "new_id")
            if treatment.kind == "drop":
                assert treatment.note


def test_every_day_is_counted_anew() -> None:
    """A number whose meaning is a day of the axis is treated as one."""
    for name, table in some(TABLES.items()):
        for column in some(table.columns):
            if column.kind == "whole" and "day" in column.meaning.split():
                kind = TREATMENTS[name][column.name].kind
                assert kind in ("day", "follow_up_day", "between", "drop"), (name, column.name)


def test_quasi_identifiers_are_those_that_are_treated() -> None:
    listed = {t.quasi for t in TREATMENTS["patients"].values() if t.quasi} | set(BANDS.values())
    assert listed == set(QUASI)


def test_vocabularies_hold_only_codes() -> None:
    for name, words in some(vocabularies(load()).items()):
        assert words, name
        assert all(isinstance(word, str) and len(word) < 60 for word in words)


@pytest.mark.parametrize(
    ("age", "years_seen", "band"),
    [
        (33.0, 1.0, "30-39"),
        (39.99, 8.0, "30-39"),
        (40.0, None, "40-49"),
        (84.0, 5.9, "80-89"),
        (84.0, 6.0, None),  # turns 90 under observation
        (89.9, None, "80-89"),
        (90.0, 0.0, "90 or more"),
        (104.0, 3.0, "90 or more"),
        (7.0, 2.0, "0-9"),
        (None, 2.0, None),
    ],
)
def test_ages(age: float | None, years_seen: float | None, band: str | None) -> None:
    frame = pl.DataFrame(
        {"age": [age], "seen": [years_seen]}, schema=dict.fromkeys(("age", "seen"), pl.Float64)
    )
    assert frame.select(age_band(pl.col("age"), pl.col("seen"))).item() == band


@pytest.mark.parametrize(
    ("year", "band"),
    [(2019, "2019-2021"), (2021, "2019-2021"), (2022, "2022-2024"), (None, None)],
)
def test_years(year: int | None, band: str | None) -> None:
    frame = pl.DataFrame({"year": pl.Series([year], dtype=pl.Int64)})
    assert frame.select(year_band(pl.col("year"))).item() == band


WORDS = frozenset({"ide-cel", "cilta-cel", "infection", "myeloma"})


@pytest.mark.parametrize(
    ("given", "joint", "becomes"),
    [
        ("ide-cel", None, "ide-cel"),
        ("Ide-cel of Dr Quill", None, "other"),
        (None, None, None),
        ("", None, "other"),
        ("infection; myeloma", "; ", "infection; myeloma"),
        ("infection; in Pirna", "; ", "infection; other"),
        (["ide-cel", "Quill"], None, ["ide-cel", "other"]),
        ([], None, []),
    ],
)
def test_words(given: str | list[str] | None, joint: str | None, becomes: object) -> None:
    kind = pl.List(pl.String) if isinstance(given, list) else pl.String
    frame = pl.DataFrame({"x": pl.Series([given], dtype=kind)})
    out = frame.select(only_words(frame, "x", WORDS, joint))
    assert out.to_dict(as_series=False)["x"] == [becomes]


def test_a_word_counts_the_patients_and_not_the_rows() -> None:
    frame = pl.DataFrame(
        {
            "patient_id": ["A", "A", "A", "B", "C"],
            "x": [["ide-cel", "ide-cel"], ["ide-cel"], ["ide-cel"], ["cilta-cel"], ["cilta-cel"]],
        }
    )
    assert common(frame, "x", WORDS, None, 2) == {"cilta-cel"}
    assert common(frame, "x", WORDS, None, 1) == {"cilta-cel", "ide-cel"}


def test_ids_are_new_and_those_of_a_key_stay() -> None:
    known = {"A": NewId("R1", "x"), "gone": NewId("R2", "y")}
    ids = new_ids(["A", "B", "C"], known)
    assert ids["A"] == known["A"] and len({one.id for one in ids.values()} | {"R2"}) == 4
    assert new_ids(["B"], known)["B"] != ids["B"]


# ---------------------------------------------------------------- days


def _months(zero: date, number: int) -> pl.DataFrame:
    """Events of which the month is known, as days from `zero`: one patient."""
    rows = []
    year, month = zero.year + 1, 1
    for _ in range(number):
        first = date(year, month, 1)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        last = date(year, month, 1) - timedelta(days=1)
        rows.append(("A", (first - zero).days, (last - zero).days))
    return pl.DataFrame(rows, schema=["patient_id", "low", "high"], orient="row")


def _widened(frame: pl.DataFrame, salt: str | None = None) -> pl.DataFrame:
    """With the ends widened by a salt, a new one where none is given."""
    low, high, blur = pl.col("low"), pl.col("high"), Blur()
    return frame.with_columns(pl.lit(salt or secrets.token_hex(16)).alias(SALT)).with_columns(
        blur.low(low, high).alias("new_low"), blur.high(low, high).alias("new_high")
    )


def test_the_ends_of_months_do_not_tell_the_day_of_the_infusion() -> None:
    """Months from 24 infusions in a row of days look alike: nothing but a draw tells them apart."""
    lengths, shifts = set(), set()
    for day in range(24):
        frame = _months(date(2021, 3, 3) + timedelta(days=day), 1)
        for _ in range(12):
            out = _widened(frame).row(0, named=True)
            assert out["new_low"] <= out["low"] and out["high"] <= out["new_high"]
            lengths.add(out["new_high"] - out["new_low"])
            shifts.add(out["low"] - out["new_low"])
    assert lengths == {62}
    assert min(shifts) <= 3 and max(shifts) >= 24


def test_widening_is_that_of_the_patient_and_averages_out_nowhere() -> None:
    """Many events of one patient are moved by about the same number of days: no mean, no maximum
    over them finds the true end.
    """
    nearest = []
    for _ in range(40):
        out = _widened(_months(date(2020, 6, 17), 36))
        moved = (out["low"] - out["new_low"]).to_list()
        assert max(moved) - min(moved) <= 8
        nearest.append(min(moved))
    assert max(nearest) >= 12, "the least moved of 36 events is always near its month"


@pytest.mark.parametrize(
    ("low", "high", "length"),
    [
        (30, 60, 62),
        (30, 57, 62),
        (100, 464, 732),
        (100, 465, 732),
        (28, 77, 49 + 31),
        (-2000, -900, 4 * 366 * 2),
    ],
)
def test_widened_to_few_lengths(low: int, high: int, length: int) -> None:
    frame = pl.DataFrame({"patient_id": ["A"], "low": [low], "high": [high]})
    for _ in range(20):
        out = _widened(frame).row(0, named=True)
        assert out["new_low"] <= low and high <= out["new_high"]
        assert out["new_high"] - out["new_low"] == length


@pytest.mark.parametrize(
    ("low", "high"), [(5, 5), (None, None), (None, -1), (None, 0), (1, None), (0, None)]
)
def test_exact_days_and_an_order_of_events_stay(low: int | None, high: int | None) -> None:
    frame = pl.DataFrame(
        {"patient_id": ["A"], "low": [low], "high": [high]},
        schema={"patient_id": pl.String, "low": pl.Int64, "high": pl.Int64},
    )
    out = _widened(frame).row(0, named=True)
    assert (out["new_low"], out["new_high"]) == (low, high)


def test_an_open_end_is_moved_by_up_to_a_year() -> None:
    frame = pl.DataFrame(
        {"patient_id": ["A"], "low": [None], "high": [400]},
        schema={"patient_id": pl.String, "low": pl.Int64, "high": pl.Int64},
    )
    moved = {_widened(frame)["new_high"].item() - 400 for _ in range(60)}
    assert min(moved) >= 0 and max(moved) > 150
    assert _widened(frame)["new_low"].item() is None


def test_one_interval_is_widened_alike_in_every_table() -> None:
    frame = _months(date(2021, 3, 3), 3)
    one, other = _widened(frame, "salt"), _widened(frame.reverse(), "salt")
    assert one.equals(other.reverse())


def test_the_ends_that_follow_up_must_not_tell() -> None:
    frame = pl.DataFrame({"patient_id": ["A", "A"], "low": [30, 90], "high": [59, 90]})
    ends = vague_ends({"t": frame}, [("t", "low", "high")]).sort(BOUND)
    assert ends[BOUND].to_list() == [30, 59] and ends[UNIT].to_list() == [31, 31]


@pytest.mark.parametrize(
    ("low", "high", "is_calendar"),
    [
        (30, 60, True),
        (30, 57, True),
        (100, 464, True),
        (30, 30, False),
        (70, 98, True),
        (70, 120, False),
    ],
)
def test_patients_whose_data_are_dated_by_month(low: int, high: int, is_calendar: bool) -> None:
    """Their follow-up may begin or end with a month, whatever the store keeps of it."""
    frame = pl.DataFrame({"patient_id": ["A"], "low": [low], "high": [high]})
    found = dated_by_month({"t": frame}, [("t", "low", "high")])
    assert found["patient_id"].to_list() == (["A"] if is_calendar else [])


def test_bounds_of_times_do_not_leave_and_those_of_numbers_do() -> None:
    columns = ["patient_id", "age", "days_to_relapse", "days_to_relapse__low", "igg__low", "x"]
    leave, unlisted = findings_that_leave(columns, load())
    assert leave == ["patient_id", "days_to_relapse", "igg__low"] and unlisted == ["x"]


def test_a_death_of_which_the_month_is_known_tells_no_date(tmp_path: Path) -> None:
    """End to end: the interval holds the truth, is longer, and no other day is its end."""
    from rearm.cohort.store.build import Wanted, build
    from rearm.cohort.store.folder import StoreFolder
    from rearm.export.deidentified import deidentify

    data = tmp_path / "data"
    data.mkdir()
    ids = [f"P{n}" for n in range(6)]
    (data / "patients.csv").write_text(
        "patient_id,day_zero\n" + "".join(f"{p},2021-03-0{n + 1}\n" for n, p in enumerate(ids))
    )
    (data / "infusions.csv").write_text(
        "patient_id,day,product\n" + "".join(f"{p},0,ide-cel\n" for p in ids)
    )
    (data / "deaths.csv").write_text(
        "patient_id,day,cause\n" + "".join(f"{p},2022-05,myeloma\n" for p in ids)
    )
    (data / "labs.csv").write_text(
        "patient_id,day,test,value,unit\n"
        + "".join(f"{p},{d},serum_m_protein,{v},g/dL\n" for p in ids for d, v in ((-3, 3), (30, 1)))
    )
    build(data, tmp_path / "store", Wanted())
    key = tmp_path / "key.csv"
    deidentify(tmp_path / "store", tmp_path / "out", key=key)
    new = {old: one.id for old, one in read_key(key).items()}
    store = StoreFolder(tmp_path / "store")
    truth = {new[row["patient_id"]]: row for row in _rows(store.table("patients").collect())}
    for row in some(_rows(pl.read_parquet(tmp_path / "out" / "patients.parquet"))):
        true = truth[row["patient_id"]]
        assert true["death_high"] - true["death_low"] == 30
        assert row["death_low"] <= true["death_low"]
        assert row["death_high"] - row["death_low"] == 62
        assert row["death_high"] >= true["death_high"]
    out = pl.read_parquet(tmp_path / "out" / "outcomes.parquet")
    deaths = out.filter((pl.col("endpoint") == "OS") & (pl.col("origin") == "infusion"))
    assert deaths.height == 6 and deaths["days"].null_count() == 6
    assert (deaths["days_high"] - deaths["days_low"]).to_list() == [62] * 6
    moved = set()
    for row in some(_rows(pl.read_parquet(tmp_path / "out" / "patients.parquet"))):
        true = truth[row["patient_id"]]
        assert true["last_seen"] - 31 < row["last_seen"] <= true["last_seen"]
        assert true["first_measured"] <= row["first_measured"] < true["first_measured"] + 31
        moved.add(true["last_seen"] - row["last_seen"])
    assert len(moved) > 1, "each patient is moved by a number of his own"


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return list(frame.iter_rows(named=True))
