"""What must hold of the outcomes of any store: drawn stores, against plain loops and laws."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.generated_patients import write_patients
from tests.support.loops import some
from tests.support.outcome_loops import counted
from tests.support.random_store import random_tables
from tests.support.tiny_store import tiny_store

from rearm.cohort.outcomes.estimate import estimated
from rearm.cohort.outcomes.opened import OpenedStore, opened
from rearm.cohort.outcomes.question import Question
from rearm.cohort.outcomes.rows import outcome_rows
from rearm.cohort.outcomes.states import occupation_of
from rearm.cohort.store.build import Wanted, build
from rearm.cohort.survival import earliest_and_latest, kaplan_meier
from rearm.interval import Interval

QUESTIONS = [
    Question(endpoint="PFS"),
    Question(endpoint="OS", by="product"),
    Question(endpoint="OS", entry=False),
    Question(endpoint="progression"),
    Question(endpoint="OS", origin="failure", by="kind"),
    Question(endpoint="TTNT", origin="failure"),
    Question(endpoint="PFS", origin="salvage", by="strategy"),
    Question(endpoint="OS", origin="salvage", by="strategy"),
    Question(endpoint="OS", origin="apheresis", infusion=2, by="strategy"),
    Question(endpoint="OS", origin="failure", by="strategy", landmark=60),
    Question(endpoint="OS", origin="infusion", by="strategy", landmark=200),
    Question(endpoint="OS", origin="failure", by="strategy", landmark="first_dose"),
]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[OpenedStore]:
    folder = tmp_path_factory.mktemp("drawn")
    return [opened(tiny_store(folder / str(seed), random_tables(80, seed))) for seed in range(4)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> OpenedStore:
    """A store of generated patients, built as a user builds it."""
    folder = tmp_path_factory.mktemp("built")
    data = write_patients(120, folder / "data", 5)
    build(data, folder / "store", Wanted(jobs=1))
    return opened(folder / "store")


def _same_as_loops(store: OpenedStore, question: Question) -> int:
    slow = counted(store, question)
    fast = {
        row["patient_id"]: row["left_out"]
        or (row["group"], row["entry"], row["exit"], row["cause"])
        for row in outcome_rows(store, question).filter("has_origin").rows(named=True)
    }
    assert fast == slow
    return len(slow)


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_rows_are_those_of_plain_loops(drawn: list[OpenedStore], question: Question) -> None:
    assert sum(_same_as_loops(store, question) for store in drawn) > 20


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_rows_of_a_built_store_are_those_of_plain_loops(
    built: OpenedStore, question: Question
) -> None:
    assert _same_as_loops(built, question) > 0


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_every_patient_is_in_a_curve_or_left_out_with_a_reason(
    drawn: list[OpenedStore], question: Question
) -> None:
    for store in some(drawn):
        rows = outcome_rows(store, question)
        found = estimated(store, question)
        assert found.n + sum(found.left_out.values()) == rows.height
        for group in found.groups:
            assert group.events + group.competing + group.censored == group.n
            if group.incidence is None or not group.n:
                continue
            for day in (30, 200, 700):
                parts = [curve.on(day).value for curve in (*group.incidence, group.free)]
                known = [x for x in parts if x is not None]
                assert len(known) in (0, 3)
                assert not known or sum(known) == pytest.approx(1.0)


def test_bounds_are_those_of_intervals(tmp_path: Path) -> None:
    tables = random_tables(90, 4)
    dated = {  # deaths of whom not even a bound is known are no interval
        name: [row for row in rows if not row["patient_id"].endswith("7")]
        for name, rows in tables.items()
    }
    store, question = opened(tiny_store(tmp_path / "store", dated)), Question(endpoint="OS")
    group = estimated(store, question).group()
    assert group.bounds is not None and group.vague > 5
    rows = outcome_rows(store, question).filter("has_origin").rows(named=True)
    kept = [row for row in rows if row["latest"] > row["entry"]]
    by_interval = earliest_and_latest(
        kaplan_meier,
        day=[Interval(row["earliest"], row["latest"]) for row in kept],
        cause=[row["cause"] for row in kept],
        entry=[row["entry"] for row in kept],
    )
    for day in some(range(0, 900, 20)):
        assert group.bounds.earliest.on(day) == by_interval.earliest.on(day)
        assert group.bounds.latest.on(day) == by_interval.latest.on(day)


def test_states_of_any_store_make_one(drawn: list[OpenedStore]) -> None:
    for store in some(drawn):
        found = occupation_of(store).occupation
        assert found.patients > 30
        assert found.share.sum(axis=1) == pytest.approx(1.0)
        assert (found.share >= -1e-12).all()


def test_the_order_of_rows_and_buckets_is_nothing(tmp_path: Path) -> None:
    tables = random_tables(40, 9)
    turned = {name: list(reversed(rows)) for name, rows in tables.items()}
    one = opened(tiny_store(tmp_path / "one", tables))
    halves = [
        {
            name: [row for row in rows if (int(row["patient_id"][1:]) < 20) == (bucket == 0)]
            for name, rows in turned.items()
        }
        for bucket in (0, 1)
    ]
    for bucket, half in enumerate(halves):
        tiny_store(tmp_path / "two", half, bucket=bucket, buckets=2)
    two = opened(tmp_path / "two")
    for question in some(QUESTIONS):
        assert outcome_rows(one, question).equals(outcome_rows(two, question))
        assert estimated(one, question).summary().equals(estimated(two, question).summary())
