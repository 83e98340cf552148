"""What holds of every answer, whoever the patient is: the strange patients of `generated_patients`
and those of `relapsed_patients`, by a number and seed that are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.support.answered import answered
from tests.support.changed_findings import invented, judged, relapsed, the_plan, with_findings
from tests.support.generated_patients import generated_patients
from tests.support.loops import some
from tests.support.relapsed_patients import relapsed_patients

import rearm
from rearm.assessment.patient import patient_at
from rearm.assessment.pipeline import assess_patients
from rearm.assessment.placing import FIRST
from rearm.assessment.plan import TIERS
from rearm.assessment.result import AnswerStrategy, AnswerTier, Assessment, Tier
from rearm.intake import read_tables
from rearm.record import Record

ENGAGERS = frozenset(
    (
        "bispecific-bcma",
        "bispecific-gprc5d",
        "bispecific-fcrh5",
        "bispecific-combination",
        "trispecific",
    )
)
HIGH = ("first", "alternative")
LOW = ("avoid", "not_possible")
TREATING = ("definitive", "observe")
NOTHING_TO_CHOOSE = ("controlled", "died", "cannot_judge")
Line = tuple[Tier, AnswerStrategy]


def records(seed: int) -> list[Record]:
    """Ten patients, of both kinds."""
    tables = [*generated_patients(5, seed), *relapsed_patients(5, seed)]
    return [read_tables(one).records[0] for one in tables]


def placed(result: Assessment) -> list[Line]:
    tiers = result.answer.tiers
    return [(tier.tier, line) for tier in tiers for line in tier.strategies]


def stopped_options_lead(result: Assessment) -> Iterator[str]:
    """What is excluded or discouraged never leads a line above avoid."""
    for tier, line in placed(result):
        verdict = result.option(line.option).verdict
        if verdict == "excluded" and tier != "not_possible":
            yield f"{line.option} is excluded and leads {tier}"
        if verdict == "discouraged" and tier not in LOW:
            yield f"{line.option} is discouraged and leads {tier}"


def too_much_is_open(result: Assessment) -> Iterator[str]:
    """At most five lines of the two highest tiers; up to three situational ones where these hold
    nothing against the myeloma.
    """
    shown = [(tier, line) for tier, line in placed(result) if line.open]
    high = [line for tier, line in shown if tier in HIGH]
    below = [tier for tier, _ in shown if tier not in HIGH]
    if len(high) > 5 or len(below) > 3 or set(below) - {"situational"}:
        yield f"{len(high)} lines are open in the high tiers, below {below}"
    if below and any(result.option(x.option).role in TREATING for x in high):
        yield "lines of low tiers are open beside a choice"


def a_choice_where_there_is_none(result: Assessment) -> Iterator[str]:
    if (result.answer.state in NOTHING_TO_CHOOSE) != (not result.answer.tiers):
        yield f"{result.answer.state} with {len(result.answer.tiers)} tiers"
    if result.answer.then and result.answer.state not in ("stabilise_first", "emergency_first"):
        yield f"{result.answer.state} with what follows"


def trial_only_stands_high(result: Assessment) -> Iterator[str]:
    finding = result.findings.get("trials_open")
    if finding is None or finding.value is not True:
        high = [line for tier, line in placed(result) if tier in HIGH]
        yield from (line.option for line in high if line.access == "trial_only")


def engager_first_in_an_emergency(result: Assessment) -> Iterator[str]:
    if result.answer.state == "emergency_first":
        first = {line.strategy for tier, line in placed(result) if tier == "first"}
        yield from first & ENGAGERS


def a_line_without_its_reason(result: Assessment) -> Iterator[str]:
    """Every line has reasons that are known; what waits, and what would lift it, are unknown."""
    for tier, line in placed(result):
        if not line.because or any(result.reasons[key].truth is None for key in line.because):
            yield f"{line.strategy} has no known reason"
        would = line.would_be
        waits = (*line.waits_for, *(() if would is None else (would.if_,)))
        if any(result.reasons[key].truth is not None for key in waits):
            yield f"{line.strategy} waits for what is known"
        if would is not None and TIERS.index(would.tier) <= TIERS.index(tier):
            yield f"{line.strategy} would be no higher"


LAWS: tuple[Callable[[Assessment], Iterator[str]], ...] = (
    stopped_options_lead,
    too_much_is_open,
    a_choice_where_there_is_none,
    trial_only_stands_high,
    engager_first_in_an_emergency,
    a_line_without_its_reason,
)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(min_value=0, max_value=10_000))
def test_every_answer_keeps_the_laws_and_the_table_says_the_same(seed: int) -> None:
    own = records(seed)
    results = rearm.assess_all(own, region="US")
    for result in results:
        for law in LAWS:
            assert list(law(result)) == [], (law.__name__, result.patient_id)
    table = rearm.assess_table(own, region="US")
    for row, result in zip(table.iter_rows(named=True), results, strict=True):
        shown = {
            name.removeprefix("tier_"): tier
            for name, tier in row.items()
            if name.startswith("tier_") and tier is not None
        }
        assert shown == {line.strategy: tier for tier, line in placed(result)}
        assert (row["answer_state"], tuple(row["then"])) == (
            result.answer.state,
            result.answer.then,
        )


def test_the_laws_hold_of_the_examples_and_vignettes() -> None:
    broken = [
        (name, law.__name__, told)
        for name, result in some(answered().items())
        for law in LAWS
        for told in law(result)
    ]
    assert broken == []


def changed(result: Assessment, tier: Tier, **answer: Any) -> Assessment:
    """All lines in one tier, open."""
    lines = tuple(structs.replace(line, open=True, because=()) for _, line in placed(result))
    tiers = (AnswerTier(tier=tier, strategies=lines),)
    return structs.replace(result, answer=structs.replace(result.answer, tiers=tiers, **answer))


def test_each_law_can_be_broken() -> None:
    result = answered()["SYN-01"]
    wrong = [
        changed(result, "first", state="emergency_first"),
        changed(result, "first", state="confirm_first", then=("observe",)),
    ]
    assert [law.__name__ for law in LAWS if not any(list(law(x)) for x in wrong)] == []


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


# Findings that the program computes of the course or of several others: no test tells one alone.
COMPUTED = frozenset(
    ("relapse_status", "failure_certainty", "team_and_laboratory_differ", "triple_class_exposed")
)
# Told by an action (imaging of the spine) and an alert, not by a test.
TOLD_BY_ACTIONS = frozenset(("cord_threatened", "cord_compression"))


def test_a_finding_less_lifts_nothing_to_first_unless_it_is_asked_for() -> None:
    """Where a strategy comes first because a finding is gone, the finding stood against it: the
    answer then asks for it, on the line, by a test, or with the option.
    """
    plan, pairs = the_plan(), one_less()
    assert len(pairs) > 500
    patients = list(PATIENTS.values())
    position = {who: number for number, who in enumerate(PATIENTS)}
    before = judged(patients, [(n, {}) for n in range(len(patients))])
    after = judged(patients, [(position[who], {name: None}) for who, name in pairs])
    lifted = [
        (who, name, strategy.strategy)
        for row, (who, name) in enumerate(pairs)
        for number, strategy in enumerate(plan.strategies)
        if after.tiers[row, number] == FIRST > before.tiers[position[who], number]
    ]
    assert 5 < len(lifted) < len(pairs) / 50
    without = [with_findings(PATIENTS[who], {name: None}) for who, name, _ in lifted]
    results = assess_patients(plan, without, "US")
    silent = [
        (who, name, strategy)
        for (who, name, strategy), result in zip(lifted, results, strict=True)
        if name not in COMPUTED | TOLD_BY_ACTIONS and not asked_for(result, strategy, name)
    ]
    assert silent == []


def asked_for(result: Assessment, strategy: str, name: str) -> bool:
    """Whether the finding, or one that it is derived from or that is derived from it, is asked
    for.
    """
    catalogue = the_plan().knowledge.catalogue
    same = {name, *catalogue.sources_of(name)}
    same |= {other for other in the_plan().columns if name in catalogue.sources_of(other)}
    (line,) = (line for _, line in placed(result) if line.strategy == strategy)
    option = result.option(line.option)
    reasons = (*line.waits_for, *option.unknown, *option.cautions, *option.checklist)
    asked = {x for key in reasons for x in result.missing(result.reasons[key])}
    asked |= {x for test in result.next_tests for x in test.findings}
    return not same.isdisjoint(asked)


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
