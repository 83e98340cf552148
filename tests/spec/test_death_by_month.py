"""A death known by its month lies after the patient was last seen: it counts at the middle of the
days that are left, and the days stay beside it.

The infusion is on 28 September 2022, day 0; February 2023 has the days 126 to 153.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from rearm.cohort.store.build import Wanted, build
from rearm.cohort.store.folder import StoreFolder
from rearm.export.cibmtr.fields import PeriodEnd
from rearm.export.cibmtr.periods import periods_of
from rearm.intake import read_tables
from rearm.outcome.endpoints import endpoints
from rearm.outcome.failures import failures
from rearm.record import Record, When
from rearm.response.criteria import load_criteria

ZERO = "2022-09-28"
MONTH = When(126, 153)

# death, last contact; day by which it counts and its possible days
DEATHS: dict[str, tuple[str, Any, int, When]] = {
    "never seen again": ("2023-02", None, 139, MONTH),
    "last seen before the month": ("2023-02", 116, 139, MONTH),
    "last seen on the day before it": ("2023-02", 125, 139, MONTH),
    "last seen inside the month": ("2023-02", 140, 146, When(140, 153)),
    "last seen on its last day": ("2023-02", 153, 153, When.on(153)),
    "last seen in the same month": ("2023-02", "2023-02", 139, MONTH),
    "last seen in the month before": ("2023-02", "2023-01", 139, MONTH),
    "a death with a day": ("2023-02-11", 116, 136, When.on(136)),
}


def _record(death: str, last_seen: Any, **tables: list[dict[str, Any]]) -> Record:
    person = {"patient_id": "A", "day_zero": ZERO, "last_seen_day": last_seen}
    rows: dict[str, Any] = {
        "patients": [person],
        "infusions": [{"day": 0, "product": "ide-cel"}],
        "assessments": [{"day": 90, "response": "VGPR", "by": "team"}],
        "deaths": [{"day": death, "cause": "infection"}],
        **tables,
    }
    given = {name: [{"patient_id": "A"} | row for row in table] for name, table in rows.items()}
    return read_tables(given).records[0]


@pytest.mark.parametrize("name", DEATHS)
def test_survival_ends_after_the_last_contact(name: str) -> None:
    death, last_seen, day, between = DEATHS[name]
    record = _record(death, last_seen)
    found = endpoints(record, failures(record))[1]
    assert (found["OS"].status, found["OS"].day) == ("event", day)
    assert (found["PFS"].event, found["PFS"].day) == ("death", day)
    assert found["TTNT"].competing and found["TTNT"].day == day
    kept = When.on(day) if found["OS"].between is None else found["OS"].between
    assert kept == between


@pytest.mark.parametrize("name", DEATHS)
def test_a_death_is_no_contact_that_the_reader_forgot(name: str) -> None:
    death, last_seen, _, between = DEATHS[name]
    record = _record(death, last_seen)
    stated = {"2023-02": 126, "2023-01": 95}.get(last_seen, last_seen)
    assert record.last_seen_day == stated
    assert record.deaths[0].when == between
    assert "last_seen_before_data" not in {issue.code for issue in record.issues}


def test_data_after_the_last_contact_still_move_it() -> None:
    late = [{"day": 140, "response": "VGPR", "by": "team"}]
    record = _record("2023-02", 116, assessments=late)
    assert record.last_seen_day == 140
    assert [i.code for i in record.issues if i.severity == "warning"] == ["last_seen_before_data"]
    overall = endpoints(record, failures(record))[1]["OS"]
    assert (overall.day, overall.between) == (146, When(140, 153))


def test_what_is_open_ends_with_the_last_possible_day_of_the_death() -> None:
    """The relapse may have shown between the last contact and the death."""
    progressed = [{"day": "after infusion", "response": "PD", "by": "team"}]
    assert _record("2023-02", 116, assessments=progressed).responses[0].when == When(1, 153)


@pytest.mark.parametrize("death", ["2023-02", "2023"])
def test_a_reporting_period_is_not_over_by_a_possible_day_of_death(death: str) -> None:
    ends = [PeriodEnd(name=str(end), end=end) for end in (100, 150, 365)]
    found = list(periods_of(_record(death, 116), load_criteria(), ends))
    assert [(period.name, period.over) for period in found] == [("100", True), ("150", False)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> StoreFolder:
    """One patient for each row of `DEATHS`, and one of whose death only the year is known."""
    source = tmp_path_factory.mktemp("registry")
    given = [*((d, s) for d, s, _, _ in DEATHS.values()), ("2023", 116)]
    people = [f"P{n},F,1960,{ZERO},{'' if s is None else s}" for n, (_, s) in enumerate(given)]
    tables = {
        "patients": ["patient_id,sex,birth_year,day_zero,last_seen_day", *people],
        "infusions": ["patient_id,day,product", *(f"P{n},0,ide-cel" for n in range(len(given)))],
        "deaths": ["patient_id,day,cause"]
        + [f"P{n},{death},infection" for n, (death, _) in enumerate(given)],
    }
    for name, lines in tables.items():
        (source / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    folder = tmp_path_factory.mktemp("store") / "store"
    built = build(source, folder, Wanted(buckets=1))
    assert (built.patients, built.errors) == (len(given), {})
    return StoreFolder(folder)


def test_the_store_keeps_the_days_of_the_death(store: StoreFolder) -> None:
    survival = (
        store.table("outcomes")
        .filter(pl.col("origin") == "infusion", pl.col("endpoint") == "OS")
        .collect()
    )
    rows = {row["patient_id"]: row for row in survival.iter_rows(named=True)}
    for n, (_, _, day, between) in enumerate(DEATHS.values()):
        row = rows[f"P{n}"]
        assert (row["days"], row["days_low"], row["days_high"]) == (
            day, between.first, between.last,
        )  # fmt: skip
    assert rows[f"P{len(DEATHS)}"]["obstacle"] == "death_undated"


def test_the_store_takes_no_possible_day_of_death_for_a_contact(store: StoreFolder) -> None:
    rows = {
        row["patient_id"]: row for row in store.table("patients").collect().iter_rows(named=True)
    }
    seen = [rows[f"P{n}"]["last_seen"] for n in range(len(DEATHS) + 1)]
    assert seen == [0, 116, 125, 140, 153, 126, 95, 136, 116]
    year = rows[f"P{len(DEATHS)}"]
    assert (year["death_low"], year["death_high"]) == (116, 459)
