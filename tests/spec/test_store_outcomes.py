"""Outcomes of small stores whose figures are worked out by hand.

Days are counted from the origin; `entry` is the day on which the patient was first seen.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.support.loops import some
from tests.support.tiny_store import rows_of, tiny_store

import rearm.cohort
from rearm.cohort import outcomes
from rearm.cohort.outcomes.opened import opened
from rearm.cohort.outcomes.question import Question
from rearm.cohort.outcomes.rows import outcome_rows
from rearm.cohort.outcomes.states import occupation_of
from rearm.cohort.store.folder import StoreFolder
from rearm.errors import InputError

# death on day 10; alive on day 15; death on day 20; death in a month, on day 30 by its middle;
# first seen on day 12, death on day 25; dead on a day that nobody wrote down, last seen on day 18
SURVIVAL = """
| patient_id | status         | event | days | days_low | days_high | censored_by  | entry | obstacle      |
| A          | event          | death | 10   | 10       | 10        | -            | 0     | -             |
| B          | censored       | -     | 15   | 15       | 15        | last_contact | 0     | -             |
| C          | event          | death | 20   | 20       | 20        | -            | 0     | -             |
| D          | event          | death | 30   | 22       | 38        | -            | 0     | -             |
| E          | event          | death | 25   | 25       | 25        | -            | 12    | -             |
| F          | not_computable | -     | -    | -        | -         | -            | 0     | death_undated |
"""  # noqa: E501
PATIENTS = """
| patient_id | last_seen | death_low | death_high |
| A          | 10        | 10        | 10         |
| B          | 15        | -         | -          |
| C          | 20        | 20        | 20         |
| D          | 20        | 22        | 38         |
| E          | 25        | 25        | 25         |
| F          | 18        | -         | -          |
"""


def _store(folder: Path, **tables: str | list[dict[str, Any]]) -> StoreFolder:
    read = {name: rows_of(x) if isinstance(x, str) else x for name, x in tables.items()}
    outcomes_of: list[dict[str, Any]] = [
        {"infusion": 1, "origin": "infusion", "endpoint": "OS", "origin_day": 0} | row
        for row in read.pop("outcomes")
    ]
    ids = sorted({row["patient_id"] for row in outcomes_of})
    read.setdefault("patients", [{"patient_id": x} for x in ids])
    read.setdefault("infusions", [{"patient_id": x, "infusion": 1, "day": 0} for x in ids])
    return tiny_store(folder, {**read, "outcomes": outcomes_of})


@pytest.fixture
def survival(tmp_path: Path) -> StoreFolder:
    return _store(tmp_path / "store", outcomes=SURVIVAL, patients=PATIENTS)


def test_survival_counts_late_entry_and_leaves_out_a_death_without_a_day(
    survival: StoreFolder,
) -> None:
    found = outcomes(survival, endpoint="OS")
    group = found.group()
    assert (group.n, group.events, group.delayed) == (5, 4, 1)
    assert group.left_out == {"death_undated": 1}
    # day 10: 1 of A B C D; day 20: 1 of C D E; day 25: 1 of D E; day 30: D
    by_hand = {9: 1.0, 10: 3 / 4, 20: 1 / 2, 25: 1 / 4, 30: 0.0}
    assert {day: group.free.on(day).value for day in by_hand} == pytest.approx(by_hand)
    assert group.median.value == 22.5  # level at one half from day 20 to day 25
    assert found.limits == "log-log" and found.entry_used


def test_a_store_that_was_opened_and_its_folder_give_the_same(survival: StoreFolder) -> None:
    store = rearm.cohort.open(survival.path)
    by_path = outcomes(str(survival.path), endpoint="OS").summary()
    assert outcomes(store, endpoint="OS").summary().equals(by_path)
    assert occupation_of(store).left_out == occupation_of(survival).left_out


def test_without_entry_the_days_before_the_first_visit_count_as_survived(
    survival: StoreFolder,
) -> None:
    group = outcomes(survival, endpoint="OS", entry=False).group()
    assert group.delayed == 0
    assert group.free.on(10).value == pytest.approx(4 / 5)


def test_vague_days_give_the_earliest_and_the_latest_curve(survival: StoreFolder) -> None:
    group = outcomes(survival, endpoint="OS").group()
    assert group.vague == 2 and group.bounds is not None
    # earliest: F dies on day 18, D on 22; latest: F is free until last seen on 18, D dies on 38
    early, late = group.bounds.earliest, group.bounds.latest
    assert early.on(10).value == pytest.approx(4 / 5)
    assert early.on(18).value == pytest.approx(4 / 5 * 3 / 4)  # 1 of C D E F
    assert early.on(22).value == pytest.approx(4 / 5 * 3 / 4 * 2 / 3 * 1 / 2)
    assert late.on(18).value == pytest.approx(4 / 5)
    assert late.on(37).value == pytest.approx(4 / 5 * 2 / 3 * 1 / 2)
    assert late.on(38).value == 0.0


PROGRESSION = """
| patient_id | status   | event | days | censored_by     |
| A          | event    | PD    | 0    | -               |
| B          | event    | death | 10   | -               |
| C          | event    | PD    | 10   | -               |
| D          | censored | -     | 12   | new_therapy     |
| E          | event    | PD    | 20   | -               |
| F          | censored | -     | 0    | no_assessment   |
"""


def test_death_before_progression_competes_and_all_shares_make_one(tmp_path: Path) -> None:
    rows = [{"endpoint": "PFS", "entry": 0} | row for row in rows_of(PROGRESSION)]
    store = _store(tmp_path / "store", outcomes=rows)
    group = outcomes(store, endpoint="progression").group()
    assert (group.n, group.events, group.competing) == (5, 3, 1)
    assert group.incidence is not None
    event, competing = group.incidence
    # day 1: A of 5; day 10: B and C of 4; day 20: E alone
    assert event.on(1).value == pytest.approx(1 / 5)
    assert event.on(10).value == pytest.approx(1 / 5 + 4 / 5 * 1 / 4)
    assert competing.on(10).value == pytest.approx(4 / 5 * 1 / 4)
    assert event.on(20).value == pytest.approx(4 / 5)
    for day in (1, 10, 20):
        parts = [event.on(day).value, competing.on(day).value, group.free.on(day).value]
        assert sum(x for x in parts if x is not None) == pytest.approx(1.0)


def test_an_event_on_the_day_of_origin_counts_on_day_1_and_no_follow_up_is_said(
    tmp_path: Path,
) -> None:
    rows = [{"endpoint": "PFS", "entry": 0} | row for row in rows_of(PROGRESSION)]
    group = outcomes(_store(tmp_path / "store", outcomes=rows)).group()
    assert group.on_origin == 1 and group.left_out == {"no_follow_up": 1}
    assert group.free.on(1).value == pytest.approx(4 / 5)


# A: results on day 20, team on 50; B: team alone, dies later; C: results after new therapy;
# E: bridging on day 42 before a second CAR-T on day 55
READ = """
| patient_id | endpoint | status   | event       | days | censored_by     |
| A          | PFS      | event    | PD          | 20   | -               |
| A          | OS       | censored | -           | 90   | last_contact    |
| A          | TTNT     | censored | -           | 90   | last_contact    |
| B          | PFS      | event    | PD          | 30   | -               |
| B          | OS       | event    | death       | 70   | -               |
| B          | TTNT     | censored | -           | 70   | -               |
| C          | PFS      | censored | -           | 35   | new_therapy     |
| C          | OS       | censored | -           | 90   | last_contact    |
| C          | TTNT     | event    | new therapy | 40   | -               |
| D          | PFS      | event    | PD          | 15   | -               |
| D          | OS       | censored | -           | 90   | last_contact    |
| D          | TTNT     | event    | new therapy | 60   | -               |
| E          | PFS      | censored | -           | 40   | new_therapy     |
| E          | OS       | censored | -           | 90   | last_contact    |
| E          | TTNT     | event    | new therapy | 55   | -               |
"""
READ_DAYS = """
| patient_id | infusion | day | computed_day | team_day | last_assessed | next_therapy |
| A          | 1        | 0   | 20           | 50       | 60            | -            |
| B          | 1        | 0   | -            | 30       | 65            | -            |
| C          | 1        | 0   | 45           | -        | 80            | 40           |
| D          | 1        | 0   | -            | 15       | 80            | 60           |
| E          | 1        | 0   | 50           | 50       | 80            | 42           |
"""


@pytest.mark.parametrize(
    ("source", "counted"),
    [
        ("agreed", {"A": (20, 1), "B": (30, 1), "C": (35, 0), "D": (15, 1), "E": (40, 0)}),
        # B dies without progression by the results, D begins new therapy on day 60
        ("results", {"A": (20, 1), "B": (70, 2), "C": (35, 0), "D": (60, 0), "E": (40, 0)}),
        ("team", {"A": (50, 1), "B": (30, 1), "C": (35, 0), "D": (15, 1), "E": (40, 0)}),
    ],
)
def test_progression_by_one_source_alone(
    tmp_path: Path, source: Any, counted: dict[str, tuple[int, int]]
) -> None:
    rows = [{"entry": 0} | row for row in rows_of(READ)]
    store = _store(tmp_path / "store", outcomes=rows, infusions=READ_DAYS)
    question = Question(endpoint="progression", progression=source)
    found = outcome_rows(opened(store), question).rows(named=True)
    assert {row["patient_id"]: (row["exit"], row["cause"]) for row in found} == counted
    group = outcomes(store, endpoint="progression", progression=source).group()
    assert group.events == sum(cause == 1 for _, cause in counted.values())


def test_progression_by_one_source_is_told_from_the_infusion_alone(failed: StoreFolder) -> None:
    with pytest.raises(InputError, match="from the infusion"):
        outcomes(failed, endpoint="OS", origin="failure", progression="team")


# all failed on day 100 of their axis; salvage begins so many days later (TTNT)
FAILURE = """
| patient_id | endpoint | status   | event       | days | censored_by              | competing |
| A          | OS       | event    | death       | 20   | -                        | -         |
| A          | TTNT     | censored | -           | 20   | death_before_new_therapy | yes       |
| B          | OS       | event    | death       | 80   | -                        | -         |
| B          | TTNT     | event    | new therapy | 30   | -                        | -         |
| C          | OS       | censored | -           | 90   | last_contact             | -         |
| C          | TTNT     | event    | new therapy | 50   | -                        | -         |
| D          | OS       | event    | death       | 60   | -                        | -         |
| D          | TTNT     | censored | -           | 60   | death_before_new_therapy | yes       |
"""
LINES = """
| patient_id | line | after_infusion | start_low | start_high | strategy        |
| A          | 3    | 0              | -50       | -50        | pi-combination  |
| B          | 4    | 1              | 130       | 130        | bispecific-bcma |
| B          | 5    | 1              | 160       | 160        | celmod          |
| C          | 4    | 1              | 150       | 150        | bispecific-bcma |
"""


@pytest.fixture
def failed(tmp_path: Path) -> StoreFolder:
    rows = [{"origin": "failure", "origin_day": 100, "entry": 0} | x for x in rows_of(FAILURE)]
    return _store(tmp_path / "store", outcomes=rows, lines=LINES)


def test_salvage_is_reached_while_death_before_it_competes(failed: StoreFolder) -> None:
    group = outcomes(failed, endpoint="TTNT", origin="failure").group()
    assert group.incidence is not None
    event, competing = group.incidence
    # day 20: A dies, 1 of 4; day 30: B, 1 of 3; day 50: C, 1 of 2; day 60: D dies
    assert event.on(60).value == pytest.approx(3 / 4 * 1 / 3 + 1 / 2 * 1 / 2)
    assert competing.on(60).value == pytest.approx(1 / 4 + 1 / 4)


# all failed on day 100; E began a therapy on day 60, F in a month around the failure, G on its day
EARLIER = """
| patient_id | origin   | status   | event       | days | days_low | days_high | competing |
| E          | infusion | event    | new therapy | 60   | 60       | 60        | -         |
| E          | failure  | censored | -           | 0    | -        | -         | yes       |
| F          | infusion | event    | new therapy | 98   | 85       | 112       | -         |
| F          | failure  | event    | new therapy | 5    | 1        | 12        | -         |
| G          | infusion | event    | new therapy | 100  | 100      | 100       | -         |
| G          | failure  | event    | new therapy | 0    | 0        | 0         | -         |
"""


def test_whoever_has_begun_a_therapy_before_the_failure_is_not_at_risk_of_the_next(
    tmp_path: Path,
) -> None:
    rows = [
        {"endpoint": "TTNT", "entry": 0, "origin_day": 100 if x["origin"] == "failure" else 0} | x
        for x in rows_of(EARLIER)
    ]
    group = outcomes(_store(tmp_path / "store", outcomes=rows), "TTNT", "failure").group()
    assert (group.n, group.events, group.competing) == (2, 2, 0)  # F and G; E's death is none
    assert group.left_out == {"new_therapy_before_failure": 1}


def test_whoever_was_treated_before_the_failure_is_in_no_group_of_what_came_since(
    tmp_path: Path,
) -> None:
    rows = [
        {"endpoint": "TTNT", "entry": 0, "origin_day": 100 if x["origin"] == "failure" else 0} | x
        for x in rows_of(EARLIER)
    ]
    seen = {"endpoint": "OS", "origin": "failure", "origin_day": 100, "status": "censored"}
    rows += [{"patient_id": p, "entry": 0, "days": 90, **seen} for p in "EFG"]
    found = outcomes(
        _store(tmp_path / "store", outcomes=rows, lines=LINES),
        "OS", "failure", by="strategy", landmark=40,
    )  # fmt: skip
    # E is not without a therapy
    assert {g.group: g.n for g in found.groups} == {"not_known": 2, "no_salvage_yet": 0}
    assert found.left_out == {"new_therapy_before_failure": 1}


def test_groups_at_a_landmark_are_those_of_the_day(failed: StoreFolder) -> None:
    at_40 = outcomes(failed, endpoint="OS", origin="failure", by="strategy", landmark=40)
    # by day 40 only B has begun; C begins on day 50 and stays where he was
    assert {g.group: g.n for g in at_40.groups} == {"no_salvage_yet": 2, "bispecific-bcma": 1}
    assert at_40.left_out == {"event_before_landmark": 1}  # A
    none_yet = at_40.group("no_salvage_yet")
    assert none_yet.free.on(20).value == pytest.approx(1 / 2)  # D dies on day 60, 20 days later


def test_from_the_first_dose_nobody_counts_before_it(failed: StoreFolder) -> None:
    found = outcomes(failed, endpoint="OS", origin="failure", by="strategy", landmark="first_dose")
    group = found.group("bispecific-bcma")
    assert (group.n, group.delayed, group.events) == (2, 2, 1)
    # B enters on day 30 and C on day 50; B dies on day 80, one of two at risk
    assert group.at_risk([30, 31, 51]) == {30: 0, 31: 1, 51: 2}
    assert group.free.on(80).value == pytest.approx(1 / 2)


def test_a_group_that_is_not_known_on_the_day_of_origin_is_refused(failed: StoreFolder) -> None:
    for by, origin in (("strategy", "infusion"), ("strategy", "failure"), ("kind", "infusion")):
        with pytest.raises(InputError, match="not known on the day"):
            outcomes(failed, origin=origin, by=by)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="There are sex"):
        outcomes(failed, by="colour")


def test_the_first_infusion_is_the_index_and_a_second_one_starts_nothing_anew(
    tmp_path: Path,
) -> None:
    first = {"patient_id": "A", "status": "event", "event": "PD", "days": 50, "entry": 0}
    rows = [first | {"endpoint": "PFS"}, first | {"endpoint": "PFS", "infusion": 2, "days": 70}]
    group = outcomes(_store(tmp_path / "store", outcomes=rows)).group()
    assert (group.n, group.free.day.tolist()) == (1, [50])


def test_a_second_car_t_counts_from_its_collection_for_those_who_were_infused(
    tmp_path: Path,
) -> None:
    second = {"origin": "apheresis", "infusion": 2, "origin_day": 200, "entry": 0}
    rows = [
        second | {"patient_id": "A", "status": "event", "event": "death", "days": 90},
        second | {"patient_id": "B", "status": "censored", "days": 120},
    ]
    infusions = [
        {"patient_id": p, "infusion": n, "day": day}
        for p, n, day in (("A", 1, 0), ("A", 2, 240), ("B", 1, 0), ("B", 2, 250))
    ]
    lines = [
        {
            "patient_id": p,
            "line": 5,
            "after_infusion": 1,
            "start_low": day,
            "start_high": day,
            "strategy": "second-cart-new-target",
        }
        for p, day in (("A", 240), ("B", 250))
    ]
    store = _store(tmp_path / "store", outcomes=rows, infusions=infusions, lines=lines)
    found = outcomes(store, endpoint="OS", origin="apheresis", infusion=2, by="strategy")
    group = found.group("second-cart-new-target")
    assert group.delayed == 2
    assert group.at_risk([40, 41, 51]) == {40: 0, 41: 1, 51: 2}  # infused 40 and 50 days later


def test_the_origin_that_did_not_come_is_no_group(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"patient_id": "A", "origin": "failure", "status": "censored", "days": 9, "entry": 0},
        {
            "patient_id": "B",
            "origin": "failure",
            "origin_day": None,
            "status": "not_computable",
            "obstacle": "did_not_fail",
        },
    ]
    found = outcomes(_store(tmp_path / "store", outcomes=rows), endpoint="OS", origin="failure")
    assert found.n == 1 and found.without_origin == {"did_not_fail": 1}
    assert found.reasons().rows() == [(None, "did_not_fail", 1)]


# from the infusion: relapse, first and second salvage, death or last contact
STATES = """
| patient_id | relapse | salvage | again | status   | days |
| A          | 10      | 20      | 30    | event    | 40   |
| B          | 10      | -       | -     | censored | 40   |
| C          | -       | 15      | -     | censored | 40   |
| D          | -       | -       | -     | event    | 5    |
"""


def test_states_follow_on_each_other_and_make_one(tmp_path: Path) -> None:
    reached: list[dict[str, Any]] = []
    for row in some(rows_of(STATES)):
        patient = {"patient_id": row["patient_id"], "entry": 0}
        end = {"status": row["status"], "days": row["days"]}
        reached.append(patient | end | {"event": "death" if end["status"] == "event" else None})
        reached.append(patient | end | {"origin": "failure", "origin_day": row["relapse"]})
        again = row["again"]
        reached.append(
            patient
            | {
                "origin": "salvage",
                "endpoint": "TTNT",
                "origin_day": row["salvage"],
                "status": "censored" if again is None else "event",
                "days": None if again is None else again - row["salvage"],
            }
        )
    found = occupation_of(_store(tmp_path / "store", outcomes=reached)).occupation
    by_hand = {
        4: (1, 0, 0, 0, 0),
        5: (3 / 4, 0, 0, 0, 1 / 4),
        10: (1 / 4, 2 / 4, 0, 0, 1 / 4),
        15: (0, 2 / 4, 1 / 4, 0, 1 / 4),
        20: (0, 1 / 4, 2 / 4, 0, 1 / 4),
        30: (0, 1 / 4, 1 / 4, 1 / 4, 1 / 4),
        40: (0, 1 / 4, 1 / 4, 0, 2 / 4),
    }
    for day, shares in some(by_hand.items()):
        assert tuple(x.value for x in found.on(day).values()) == pytest.approx(shares)


def test_tables_hold_what_the_groups_hold(failed: StoreFolder) -> None:
    found = outcomes(failed, endpoint="OS", origin="failure")
    (row,) = found.summary((30,)).rows(named=True)
    assert (row["n"], row["events"], row["limits"], row["at_risk_30"]) == (4, 3, "log-log", 3)
    steps = found.curves().filter(pl.col("dated") == "as_read")
    assert steps["share"].to_list() == pytest.approx([3 / 4, 2 / 4, 1 / 4, 1 / 4])


def test_a_reading_of_exact_days_has_no_bounds(tmp_path: Path) -> None:
    rows = [{"entry": 0} | row for row in rows_of(READ)]
    store = _store(tmp_path / "store", outcomes=rows, infusions=READ_DAYS)
    for source in ("results", "team"):
        group = outcomes(store, endpoint="progression", progression=source).group()
        assert (group.vague, group.bounds) == (0, None)
