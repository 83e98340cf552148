"""What holds of every answer, whoever the patient is: the strange patients of `generated_patients`
and those of `relapsed_patients`, by a number and seed that are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.changed_findings import invented, judged, relapsed, the_plan
from tests.support.generated_patients import generated_patients
from tests.support.loops import some
from tests.support.relapsed_patients import relapsed_patients

import rearm
from rearm.assessment.patient import patient_at
from rearm.assessment.placing import ALTERNATIVE, FIRST
from rearm.assessment.plan import TIERS
from rearm.assessment.result import AnswerStrategy, Assessment, Tier
from rearm.intake import read_tables
from rearm.record import Record

ENGAGERS = (
    "bispecific-bcma",
    "bispecific-gprc5d",
    "bispecific-fcrh5",
    "bispecific-combination",
    "trispecific",
)
AT_MOST_OPEN = 5
HIGH = ("first", "alternative")
drawn = given(seed=st.integers(min_value=0, max_value=10_000))
few = settings(max_examples=8, deadline=None)


def records(seed: int) -> list[Record]:
    """Ten patients, of both kinds."""
    tables = [*generated_patients(5, seed), *relapsed_patients(5, seed)]
    return [read_tables(one).records[0] for one in tables]


def answers(seed: int) -> list[Assessment]:
    return rearm.assess_all(records(seed), region="US")


def placed(result: Assessment) -> Iterator[tuple[Tier, AnswerStrategy]]:
    for tier in result.answer.tiers:
        for line in tier.strategies:
            yield tier.tier, line


@few
@drawn
def test_what_is_excluded_or_discouraged_never_leads(seed: int) -> None:
    for result in answers(seed):
        for tier, line in placed(result):
            verdict = result.option(line.option).verdict
            if tier not in ("avoid", "not_possible"):
                assert verdict not in ("excluded", "discouraged"), (result.patient_id, line)
            if tier != "not_possible":
                assert verdict != "excluded", (result.patient_id, line)


@few
@drawn
def test_at_most_five_lines_are_open(seed: int) -> None:
    """And none below the two highest tiers, unless these hold nothing against the myeloma."""
    for result in answers(seed):
        shown = [(tier, line) for tier, line in placed(result) if line.open]
        assert len(shown) <= AT_MOST_OPEN + 3
        assert sum(tier in HIGH for tier, _ in shown) <= AT_MOST_OPEN
        below = [tier for tier, _ in shown if tier not in HIGH]
        assert set(below) <= {"situational"} and len(below) <= 3
        treated = any(
            tier in HIGH and result.option(line.option).role in ("definitive", "observe")
            for tier, line in shown
        )
        assert not (treated and below)


@few
@drawn
def test_without_a_choice_there_are_no_tiers(seed: int) -> None:
    for result in answers(seed):
        nothing = result.answer.state in ("controlled", "died", "cannot_judge")
        assert nothing == (not result.answer.tiers)
        if nothing:
            assert result.answer.then == ()
        dead = bool(result.answer.state == "died")
        assert not dead or result.relapse is None or result.answer.tiers == ()


@few
@drawn
def test_what_only_trials_give_is_situational_until_one_is_open(seed: int) -> None:
    for result in answers(seed):
        finding = result.findings.get("trials_open")
        trial_open = finding is not None and finding.value is True
        for tier, line in placed(result):
            if tier in HIGH and line.access == "trial_only":
                assert trial_open, (result.patient_id, line.strategy)


@few
@drawn
def test_an_emergency_puts_no_engager_first(seed: int) -> None:
    for result in answers(seed):
        if result.answer.state == "emergency_first":
            first = [line.strategy for tier, line in placed(result) if tier == "first"]
            assert not set(first) & set(ENGAGERS), result.patient_id


@few
@drawn
def test_the_table_says_the_same(seed: int) -> None:
    own = records(seed)
    table = rearm.assess_table(own, region="US")
    for row, result in zip(
        table.iter_rows(named=True), rearm.assess_all(own, region="US"), strict=True
    ):
        tiers = {line.strategy: tier for tier, line in placed(result)}
        shown = {
            name.removeprefix("tier_"): tier
            for name, tier in row.items()
            if name.startswith("tier_") and tier is not None
        }
        assert shown == tiers
        assert row["answer_state"] == result.answer.state
        assert tuple(row["then"]) == result.answer.then


@few
@drawn
def test_a_line_says_why_it_stands_there(seed: int) -> None:
    """Each line has a reason; `would_be` names an unknown condition and a higher tier."""
    for result in answers(seed):
        for tier, line in placed(result):
            assert line.because, (result.patient_id, line.strategy)
            assert all(result.reasons[key].truth is not None for key in line.because)
            assert all(result.reasons[key].truth is None for key in line.waits_for)
            if line.would_be is not None:
                assert TIERS.index(line.would_be.tier) > TIERS.index(tier)
                assert result.reasons[line.would_be.if_].truth is None


# ---------------------------------------------------------------- one finding less

PATIENTS = {**relapsed(), **invented(12)}


def one_less() -> list[tuple[str, str]]:
    """Each patient with each known finding that a placement or a rule of an option reads, save
    those that are derived from others.
    """
    plan = the_plan()
    read = {
        name
        for strategy in plan.strategies
        for place in strategy.places
        if place.number != plan.always
        for name in plan.conditions[place.number].reads
    }
    read |= {
        name
        for option in plan.options
        for rule in option.rules
        if rule.effect in ("exclude", "require", "discourage")
        for name in plan.conditions[rule.number].reads
    }
    return [
        (who, name)
        for who, patient in PATIENTS.items()
        for name in sorted(read)
        if patient.values.get(name) is not None
    ]


def test_a_finding_less_lifts_nothing_to_first_that_nobody_is_told_of() -> None:
    """Where a strategy comes first because a finding is gone, the finding stood against it; the
    answer then asks for it: by a reason that waits, or a cap that would hold.
    """
    plan, pairs = the_plan(), one_less()
    assert len(pairs) > 500
    patients = list(PATIENTS.values())
    position = {who: number for number, who in enumerate(PATIENTS)}
    before = judged(patients, [(n, {}) for n in range(len(patients))])
    after = judged(patients, [(position[who], {name: None}) for who, name in pairs])
    lifted = 0
    for row, (who, name) in enumerate(pairs):
        for number, strategy in enumerate(plan.strategies):
            now, then = after.tiers[row, number], before.tiers[position[who], number]
            if now != FIRST or then >= FIRST:
                continue
            lifted += 1
            conditions = [place.number for place in strategy.places if place.caps]
            conditions += [
                rule.number
                for place in strategy.options
                for rule in plan.options[place].rules
                if rule.effect in ("exclude", "require", "discourage")
            ]
            unknown = [x for x in conditions if after.answers[row, x] == -1]
            assert unknown, (who, name, strategy.strategy)
    assert lifted > 10  # there are findings that stand against a first
    assert ALTERNATIVE < FIRST


def unknown_stops() -> list[tuple[str, str]]:
    """Patients of whom a stop is known to be absent."""
    stops = ("active_infection", "neutrophils", "platelets", "hemoglobin")
    return [
        (who, name)
        for who, patient in PATIENTS.items()
        for name in stops
        if patient.values.get(name) is not None
    ]


@pytest.mark.parametrize("strategy", ["bispecific-gprc5d", "bispecific-bcma"])
def test_a_stop_that_nobody_knows_lowers_no_tier(strategy: str) -> None:
    plan = the_plan()
    patients = list(PATIENTS.values())
    position = {who: number for number, who in enumerate(PATIENTS)}
    number = next(n for n, x in enumerate(plan.strategies) if x.strategy == strategy)
    pairs = unknown_stops()
    before = judged(patients, [(n, {}) for n in range(len(patients))])
    after = judged(patients, [(position[who], {name: None}) for who, name in pairs])
    lower = [
        pair
        for row, pair in enumerate(pairs)
        if after.tiers[row, number] < before.tiers[position[pair[0]], number]
    ]
    assert len(pairs) > 50 and lower == []


def test_a_stop_that_nobody_knows_is_told() -> None:
    """On the line of the strategy that it would stop: in a record without counts."""
    tables = next(
        one
        for one in relapsed_patients(40)
        if patient_at(read_tables(one).records[0], None, the_plan()).disease.relapse is not None
    )
    silent: dict[str, Any] = {
        **tables,
        "labs": [x for x in tables["labs"] if x["test"] not in ("neutrophils", "platelets")],
        "conditions": [],
    }
    (result,) = rearm.assess_all([read_tables(silent).records[0]], region="US")
    line = next(line for _, line in placed(result) if line.strategy == "bispecific-gprc5d")
    asked = {name for key in some(line.waits_for) for name in result.missing(result.reasons[key])}
    assert {"active_infection", "neutrophils"} <= asked
