"""No two reports of a store together tell what became of a few: each test first shows that without
the guard they would.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.support.loops import some
from tests.support.random_store import Tables, random_patient, random_tables
from tests.support.tiny_store import tiny_store

from rearm.cohort.outcomes.opened import opened
from rearm.cohort.store.folder import StoreFolder
from rearm.errors import InputError
from rearm.report.cohort.cohort import Cohort
from rearm.report.cohort.contents import CohortReport, cohort_report
from rearm.report.cohort.counts import CountRule
from rearm.report.cohort.figures import FIGURES, figure_of
from rearm.report.cohort.histories import fewest_that_differ
from rearm.report.cohort.kinds import of_one_kind
from rearm.report.cohort.ledger import Ledger
from rearm.report.cohort.page import cohort_page, every_table
from rearm.report.cohort.whose import whose_data

SIZE = 60


def _store(folder: Path, patients: list[int], seed: int = 1) -> StoreFolder:
    tables: Tables = {}
    for number in patients:
        for name, rows in random_patient(number, seed).items():
            tables.setdefault(name, []).extend(rows)
    return tiny_store(folder, tables)


def _shown(report: CohortReport) -> dict[str, Any]:
    return {name: value for name, value in report.to_dict().items() if name != "min_cell"}


def test_two_reports_that_differ_in_one_patient_are_not_both_written(tmp_path: Path) -> None:
    with_all = _store(tmp_path / "a", list(range(SIZE)))
    without_one = _store(tmp_path / "b", list(range(SIZE - 1)))
    # without the guard: the two tables differ by exactly the one patient
    exact = [cohort_report(store, min_cell=1) for store in (with_all, without_one)]
    size = [x.to_dict()["tables"]["funnel"]["rows"][0]["cells"][0] for x in exact]
    assert size == [SIZE, SIZE - 1] and _shown(exact[0]) != _shown(exact[1])
    # rounding alone is no guard either: somewhere a count crosses to the next multiple
    apart = [
        cohort_report(store, ledger=tmp_path / f"own {i}")
        for i, store in enumerate((with_all, without_one))
    ]
    assert _shown(apart[0]) != _shown(apart[1])
    # with it
    book = tmp_path / "common"
    cohort_report(with_all, ledger=book)
    with pytest.raises(InputError, match="fewer than 5 patients differ"):
        cohort_report(without_one, ledger=book)


@pytest.mark.parametrize("more", [1, 2, 3, 4])
def test_a_few_more_are_refused_and_enough_more_are_not(tmp_path: Path, more: int) -> None:
    book = tmp_path / "book"
    cohort_report(_store(tmp_path / "a", list(range(SIZE))), ledger=book)
    with pytest.raises(InputError):
        cohort_report(_store(tmp_path / "b", list(range(SIZE + more))), ledger=book)
    written = cohort_report(_store(tmp_path / "c", list(range(SIZE + 5))), ledger=book)
    assert written.tables["funnel"].rows


def test_patients_who_were_exchanged_count_on_both_sides(tmp_path: Path) -> None:
    book = tmp_path / "book"
    cohort_report(_store(tmp_path / "a", list(range(SIZE))), ledger=book)
    with pytest.raises(InputError):  # two left and two came: four differ
        cohort_report(_store(tmp_path / "b", [*range(2, SIZE + 2)]), ledger=book)
    cohort_report(_store(tmp_path / "c", [*range(3, SIZE + 3)]), ledger=book)


def test_each_earlier_report_counts_and_not_only_the_last(tmp_path: Path) -> None:
    book = tmp_path / "book"
    cohort_report(_store(tmp_path / "a", list(range(SIZE))), ledger=book)
    cohort_report(_store(tmp_path / "b", list(range(SIZE + 10))), ledger=book)
    with pytest.raises(InputError):
        cohort_report(_store(tmp_path / "c", list(range(SIZE + 1))), ledger=book)


def test_the_same_report_can_be_written_again(tmp_path: Path) -> None:
    store = _store(tmp_path / "store", list(range(SIZE)))
    first, again = cohort_report(store), cohort_report(store)
    assert first.to_dict() == again.to_dict()
    assert [x.name for x in sorted((store.path / "reports").glob("*.json"))] == ["00001.json"]


def test_a_curve_that_differs_in_a_few_is_left_out(tmp_path: Path) -> None:
    """A longer follow-up changes no table, and one patient's changes one curve by itself."""
    patients = list(range(SIZE))
    tables = random_tables(SIZE, 1)
    book = tmp_path / "book"
    first = cohort_report(tiny_store(tmp_path / "a", tables), ledger=book)
    moved = next(
        row
        for row in tables["outcomes"]
        if (row["origin"], row["endpoint"], row["status"]) == ("salvage", "PFS", "event")
    )
    moved |= {name: moved[name] + 400 for name in ("days", "days_low", "days_high")}
    changed = tiny_store(tmp_path / "b", tables)
    before = {f.id: f for f in first.figures}["pfs_strategy"]
    now = figure_of(
        Cohort(opened(changed)), next(a for a in FIGURES if a.id == before.id), CountRule(1)
    )
    assert now.table != before.table  # without the guard
    second = cohort_report(changed, ledger=book)
    # with the others of its kind: the reader is not to know in which of them a few changed
    assert second.withheld == ("adjusted", "os_second_cart", "os_strategy", "pfs_strategy")
    assert "pfs_strategy" not in {f.id for f in second.figures}
    assert len(patients) == SIZE


@pytest.mark.parametrize(("table", "column"), [("tests", "test"), ("findings", "t_11_14")])
def test_changes_in_one_table_do_not_hide_a_new_patient_in_the_others(
    tmp_path: Path, table: str, column: str
) -> None:
    book = tmp_path / "book"
    tables = random_tables(SIZE, 1)
    cohort_report(tiny_store(tmp_path / "a", tables), ledger=book)
    more = random_tables(SIZE + 1, 1)
    failed = {x["patient_id"] for x in more["patients"] if x["status"] == "failed"}
    others = sorted(failed - {f"P{SIZE:04d}"})[:8]
    for row in more[table]:
        if row["patient_id"] in others:
            row[column] = "urine_electrophoresis" if table == "tests" else not row[column]
    with pytest.raises(InputError, match="fewer than 5 patients differ"):
        cohort_report(tiny_store(tmp_path / "b", more), ledger=book)


def test_a_table_that_differs_in_a_few_is_left_out_with_those_of_its_kind(tmp_path: Path) -> None:
    book = tmp_path / "book"
    tables = random_tables(SIZE, 1)
    cohort_report(tiny_store(tmp_path / "a", tables), ledger=book)
    failed = {x["patient_id"] for x in tables["patients"] if x["status"] == "failed"}
    (moved, *_) = (row for row in tables["causes"] if row["patient_id"] in failed)
    moved["grade"] = "unlikely"
    second = cohort_report(tiny_store(tmp_path / "b", tables), ledger=book)
    assert second.withheld == ("causes", "kinds", "never_done")
    assert all(second.tables[name].empty for name in second.withheld)
    assert not second.tables["who"].empty
    page = cohort_page(second)
    assert "causes" not in {table.id for table in every_table(second)}
    assert "Kinds of failure" in page  # named among those that are left out


def test_longer_follow_up_does_not_hide_a_death_of_an_earlier_day(tmp_path: Path) -> None:
    """Five patients are followed on, and one death turns out to lie in month 3."""
    book = tmp_path / "book"
    tables = random_tables(200, 5)
    first = cohort_report(tiny_store(tmp_path / "a", tables), ledger=book)
    assert {"os_product", "progression"} <= {figure.id for figure in first.figures}
    product = {x["patient_id"]: x["product"] for x in tables["infusions"] if x["infusion"] == 1}
    of_os = [
        row
        for row in tables["outcomes"]
        if (row["origin"], row["endpoint"]) == ("infusion", "OS")
        and product[row["patient_id"]] == "ide-cel"
        and row.get("days") is not None
    ]
    late = [x for x in of_os if x["status"] == "censored" and x["days"] > 500][:8]
    early = next(x for x in of_os if x["status"] == "event" and x["days"] > 300 and not x["entry"])
    assert len(late) == 8
    for row in late:
        row["days"] += 100
    longer = cohort_report(tiny_store(tmp_path / "b", tables), ledger=tmp_path / "other")
    assert not longer.withheld
    early |= {"days": 90, "days_low": 90, "days_high": 90}
    second = cohort_report(tiny_store(tmp_path / "c", tables), ledger=book)
    assert "os_product" in second.withheld


def test_a_curve_is_compared_on_each_day_that_it_shows() -> None:
    courses = pl.DataFrame(
        {
            # a death of day 40; longer follow-up from day 500; the same
            "row": ["1|40||41", *["1|||601"] * 5, "1|||301"],
            "row_before": ["1|||301", *["1|||501"] * 5, "1|||301"],
        }
    )
    assert fewest_that_differ(courses, 0, [30]) == 6  # the course as a whole
    assert fewest_that_differ(courses, 0, [39]) == 6
    assert fewest_that_differ(courses, 0, [40]) == 1
    assert fewest_that_differ(courses, 5, [40]) == 6
    assert fewest_that_differ(courses[1:], 0, [500]) == 5
    assert fewest_that_differ(courses[6:], 0, [500]) is None


def test_every_figure_and_table_is_of_one_kind() -> None:
    single = {asked.id for asked in FIGURES} | {"states", "adjusted", "kinds", "tiers", "agreement"}
    for name in some(single):
        kind = of_one_kind(frozenset({name}))
        assert len(kind) > 1
        assert all(of_one_kind(frozenset({other})) == kind for other in kind)


def test_another_minimum_for_the_same_data_is_refused(tmp_path: Path) -> None:
    store = _store(tmp_path / "store", list(range(SIZE)))
    cohort_report(store, min_cell=5)
    with pytest.raises(InputError, match="--min-cell 5"):
        cohort_report(store, min_cell=7)
    assert cohort_report(store, min_cell=1).rule.exact  # stays in the house, and is not noted


def test_a_ledger_that_cannot_be_read_stops_the_report(tmp_path: Path) -> None:
    store = _store(tmp_path / "store", list(range(SIZE)))
    cohort_report(store)
    note = store.path / "reports" / "00001.json"
    kept = note.read_text()
    for damaged in ("", "{}", json.dumps({"min_cell": None})):
        note.write_text(damaged)
        with pytest.raises(InputError, match="Put it back"):
            cohort_report(store)
    note.write_text(kept)
    note.with_suffix(".parquet").unlink()
    with pytest.raises(InputError, match="missing"):
        cohort_report(store)


def _rows(store: StoreFolder) -> pl.DataFrame:
    cohort = Cohort(opened(store))
    figures = [figure_of(cohort, asked, CountRule(5)) for asked in FIGURES]
    return whose_data(cohort, figures)


_KEYS = ("patient_id", "infusion", "endpoint", "origin", "knowledge")
_DAYS = ("days", "event", "origin_day")  # the figures keep their rows whole
# of so many cells one is changed; every one in `make gate-ledger`
_ONE_IN = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "gate" else 4


@pytest.mark.slow
def test_whatever_a_report_shows_of_a_patient_is_in_the_ledger(tmp_path: Path) -> None:
    """Cells of a patient's rows are changed, one at a time: where the exact report changes, the
    ledger does, and in this patient alone.
    """
    base = random_tables(24, 3)
    store = tiny_store(tmp_path / "base", base)
    shown, kept = _shown(cohort_report(store, min_cell=1)), _rows(store)
    cells = seen = missed = 0
    patient = _with_everything(base)
    for table, rows in base.items():
        for at, row in enumerate(rows):
            for column in row if row["patient_id"] == patient else ():
                if column in _KEYS or (table == "outcomes" and column not in _DAYS):
                    continue
                cells += 1
                if cells % _ONE_IN:
                    continue
                changed = {name: list(x) for name, x in base.items()}
                changed[table][at] = row | {column: _other(row[column])}
                other = tiny_store(tmp_path / "other", changed)
                if _shown(cohort_report(other, min_cell=1)) == shown:
                    continue
                seen += 1
                now = _rows(other)
                apart = pl.concat([kept, now]).unique(keep="none")
                assert set(apart["patient_id"]) <= {patient}
                missed += apart.is_empty()
    assert seen > 20 // _ONE_IN
    assert missed == 0


def _with_everything(tables: Tables) -> str:
    """A patient with a failure, a salvage with a strategy and tiers, and a second salvage."""
    return next(
        str(row["patient_id"])
        for row in tables["lines"]
        if row.get("salvage") == 2
        and row["strategy"] is not None
        and any(
            x["patient_id"] == row["patient_id"] and x["status"] == "failed"
            for x in tables["infusions"]
        )
    )


def _other(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return None if value else (True if value is False else None)
    if isinstance(value, int | float):
        return value + 1
    return None


def test_the_ledger_compares_groups_that_were_cut_otherwise(tmp_path: Path) -> None:
    book = Ledger(tmp_path / "book")

    def rows(**groups: range) -> pl.DataFrame:
        return pl.DataFrame(
            [
                {"key": f"os/{name}", "patient_id": str(i), "row": "x"}
                for name, patients in groups.items()
                for i in patients
            ]
        )

    book.add(rows(others=range(12), a=range(12, 40)), 5, {})
    # four patients have left the others to be a group of their own with new ones
    now = rows(others=range(4, 12), b=range(40, 50), a=range(12, 40))
    assert book.too_close(now, 5, {}) == {"os/others"}
    assert book.too_close(rows(others=range(7, 12), a=range(12, 40)), 5, {}) == frozenset()
