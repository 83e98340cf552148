"""What a placement row does to real patients: the findings that its condition names are added to
each of them, and the tiers compared with those before.

The patients are those of the examples and vignettes with a relapse to decide on, and invented ones.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from tests.support.changed_findings import Change, Judged, invented, judged, relapsed, the_plan
from tests.support.places import DATA

from rearm.assessment.placing import AVOID, FIRST
from rearm.assessment.plan import PlacePlan, StrategyPlan

IDLE: dict[str, str] = tomllib.loads((DATA / "idle_placements.toml").read_text("utf-8"))["idle"]
STRATEGIES = the_plan().strategies
ROWS: dict[str, PlacePlan] = {
    place.place.id: place
    for strategy in STRATEGIES
    for place in strategy.places
    if place.place.when is not None
}
PATIENTS = tuple({**relapsed(), **invented(30)}.values())


@dataclass(frozen=True)
class Added:
    """By row of the knowledge: all patients with the findings of its example, beside them as they
    are (`before`).
    """

    before: Judged
    after: Mapping[str, Judged]


def part(of: Judged, start: int, end: int) -> Judged:
    rows = slice(start, end)
    return Judged(of.answers[rows], of.tiers[rows], of.allowed[rows], of.verdicts[rows])


@pytest.fixture(scope="module")
def added() -> Added:
    number = len(PATIENTS)
    changes: list[Change] = [(i, {}) for i in range(number)]
    for row in ROWS.values():
        changes += [(i, dict(row.place.example_true or {})) for i in range(number)]
    every = judged(PATIENTS, changes)
    parts = [part(every, n * number, (n + 1) * number) for n in range(len(ROWS) + 1)]
    return Added(parts[0], dict(zip(ROWS, parts[1:], strict=True)))


def by_hand(strategy: StrategyPlan, of: Judged, without: str = "") -> Any:
    """The slow and obvious reading: the highest row that is true, under the lowest cap, and no
    higher than the options allow; without one row.
    """
    number = STRATEGIES.index(strategy)
    tiers = []
    for answers, allowed in zip(of.answers, of.allowed[:, number], strict=True):
        true = [x for x in strategy.places if answers[x.number] == 1 and x.place.id != without]
        lifted = max((x.tier for x in true if not x.caps), default=AVOID)
        tiers.append(min([lifted, allowed, *(x.tier for x in true if x.caps)]))
    return np.array(tiers)


def not_as_it_says(row: PlacePlan, after: Judged) -> Iterator[str]:
    """Strategies of the row that a patient shows outside of what the row says."""
    assert (after.answers[:, row.number] == 1).all(), row.place.id
    for number, strategy in enumerate(STRATEGIES):
        if strategy.strategy not in row.place.of:
            continue
        tiers = after.tiers[:, number]
        caps = [
            np.where(after.answers[:, x.number] == 1, x.tier, FIRST)
            for x in strategy.places
            if x.caps
        ]
        under = np.minimum.reduce([*caps, after.allowed[:, number]])
        wrong = tiers > row.tier if row.caps else tiers < np.minimum(row.tier, under)
        if wrong.any():
            yield strategy.strategy


@pytest.mark.parametrize("name", ROWS)
def test_the_strategy_moves_as_the_row_says(name: str, added: Added) -> None:
    assert list(not_as_it_says(ROWS[name], added.after[name])) == []


def read_by(strategy: StrategyPlan) -> tuple[int, ...]:
    """The numbers of all conditions that may move a strategy: its rows, and what decides on its
    options.
    """
    plan = the_plan()
    options = [plan.options[position] for position in strategy.options]
    rules = [
        number
        for option in options
        for numbers in (option.exclude, option.require, option.discourage)
        for number in numbers.tolist()
    ]
    trial = () if plan.trial_open is None else (plan.trial_open,)
    numbers = (*(place.number for place in strategy.places), *rules, *trial)
    return tuple(number for number in numbers if number != plan.always)


def moved_without_a_reason(row: PlacePlan, before: Judged, after: Judged) -> Iterator[str]:
    """Strategies that move in a patient of whom no condition of theirs that names one of the added
    findings, or one derived from these, turned.
    """
    plan = the_plan()
    named = set(row.place.example_true or ())
    rests_on = {
        name
        for name in plan.columns
        if name in named or named.intersection(plan.knowledge.catalogue.sources_of(name))
    }
    for number, strategy in enumerate(STRATEGIES):
        own = [x for x in read_by(strategy) if rests_on.intersection(plan.conditions[x].reads)]
        moved = before.tiers[:, number] != after.tiers[:, number]
        turned = (before.answers[:, own] != after.answers[:, own]).any(axis=1)
        if (moved & ~turned).any():
            yield strategy.strategy


@pytest.mark.parametrize("name", ROWS)
def test_nothing_else_moves(name: str, added: Added) -> None:
    """Other strategies move only where a row or rule of their own names the same finding."""
    row, after = ROWS[name], added.after[name]
    assert list(moved_without_a_reason(row, added.before, after)) == []


def test_what_moves_wrongly_is_seen(added: Added) -> None:
    """Both tests above bite."""
    cap = next(row for row in ROWS.values() if row.caps and row.tier == AVOID)
    after = added.after[cap.place.id]
    lifted = replace(after, tiers=np.full_like(after.tiers, FIRST))
    assert list(not_as_it_says(cap, lifted)) != []
    lift = next(row for row in ROWS.values() if not row.caps and row.tier == FIRST)
    after = added.after[lift.place.id]
    fallen = replace(after, tiers=np.zeros_like(after.tiers))
    assert list(not_as_it_says(lift, fallen)) != []
    assert list(moved_without_a_reason(lift, added.before, fallen)) != []


# ---------------------------------------------------------------- rows that never act


def acts(row: PlacePlan, strategy: StrategyPlan, of: Judged) -> bool:
    """Whether the strategy stands elsewhere with the row than without it, in anybody."""
    return bool((by_hand(strategy, of) != by_hand(strategy, of, row.place.id)).any())


def with_others(row: PlacePlan, strategy: StrategyPlan) -> Sequence[Change]:
    """Every sixth patient with the example of the row, and with what another row of the strategy
    asks for or forbids.
    """
    own = dict(row.place.example_true or {})
    others = [
        dict(example)
        for other in strategy.places
        for example in (other.place.example_true, other.place.example_false)
        if example and other is not row
    ]
    few = range(0, len(PATIENTS), 6)
    return [(i, {**other, **own}) for other in others for i in few]


@pytest.fixture(scope="module")
def idle(added: Added) -> dict[str, bool]:
    """Rows that never move a strategy; True: they cap where the options never allow more."""
    found = {}
    for name, row in ROWS.items():
        own = [x for x in STRATEGIES if x.strategy in row.place.of]
        if any(acts(row, strategy, added.after[name]) for strategy in own):
            continue
        tried = [(x, judged(PATIENTS, changes)) for x in own if (changes := with_others(row, x))]
        if any(acts(row, strategy, of) for strategy, of in tried):
            continue
        found[name] = row.caps and all(
            (
                of.allowed[of.answers[:, row.number] == 1, STRATEGIES.index(strategy)] <= row.tier
            ).all()
            for strategy, of in tried
        )
    return found


@pytest.mark.slow
def test_every_row_acts_on_somebody(idle: dict[str, bool]) -> None:
    """A row that never moves anything is a mistake, or stands in the table with its reason. Take
    it out of the table when it is gone or acts.
    """
    assert set(idle) == set(IDLE)


@pytest.mark.slow
def test_a_row_that_repeats_the_rules_of_its_options_does(idle: dict[str, bool]) -> None:
    repeats = {name for name, why in IDLE.items() if why.startswith("repeats")}
    assert repeats == {name for name, covered in idle.items() if covered}
