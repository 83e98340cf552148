"""BCMA and GPRC5D are treated alike: in the findings of a patient the two change places, and the
tiers of the engagers change places with them.

Where they do not, a placement row says why (`asymmetry`), or a rule stands in the table of
`tests/data/asymmetries.toml` with the reason. Tried on the patients of the examples and vignettes
and on invented ones.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import pytest
from tests.support.changed_findings import Judged, invented, judged, relapsed, the_plan
from tests.support.loops import some
from tests.support.places import DATA

from rearm.assessment.patient import Patient
from rearm.assessment.placing import AVOID, FIRST, NOT_POSSIBLE
from rearm.assessment.plan import OptionPlan, RulePlan, StrategyPlan

ASYMMETRIES: dict[str, dict[str, str]] = tomllib.loads(
    (DATA / "asymmetries.toml").read_text("utf-8")
)
LISTED = {**ASYMMETRIES["rule"], **ASYMMETRIES["one_of_its_class"]}
BCMA, GPRC5D = "bispecific-bcma", "bispecific-gprc5d"
ENGAGERS = (BCMA, GPRC5D)
FINDINGS = (
    ("car_target_bcma", "car_target_gprc5d"),
    ("exposed_bcma_bispecific", "exposed_gprc5d"),
    ("refractory_bcma_bispecific", "refractory_gprc5d"),
    ("bcma_status", "gprc5d_status"),
    ("refractory_teclistamab", "refractory_talquetamab"),
    ("stopped_for_toxicity_teclistamab", "stopped_for_toxicity_talquetamab"),
    ("bcma_agent_between_failure_and_sample", "gprc5d_agent_between_failure_and_sample"),
)
# Known of BCMA alone, and read by rows that speak of both targets: false in everybody.
BCMA_ALONE = {"tnfrsf17_ectodomain_variant": False}
OTHER = {a: b for pair in FINDINGS for a, b in (pair, pair[::-1])}
STRATEGIES = {x.strategy: (n, x) for n, x in enumerate(the_plan().strategies)}
PATIENTS = {**relapsed(), **invented(60)}
DECIDING = ("exclude", "require", "discourage")


def mirror(strategy: str) -> str:
    return {BCMA: GPRC5D, GPRC5D: BCMA}.get(strategy, strategy)


def exchanged(patient: Patient) -> dict[str, Any]:
    """What is known of the one target, in place of what is known of the other."""
    bounds = patient.bounds
    return {
        name: patient.values[other] if patient.values.get(other) is not None else bounds.get(other)
        for name, other in OTHER.items()
    } | BCMA_ALONE


@cache
def both() -> tuple[Judged, Judged]:
    patients = list(PATIENTS.values())
    as_they_are = judged(patients, [(i, BCMA_ALONE) for i in range(len(patients))])
    return as_they_are, judged(patients, [(i, exchanged(p)) for i, p in enumerate(patients)])


def alike(strategy: StrategyPlan, answers: Any, unlisted: Collection[str] = LISTED) -> int:
    """The tier by all rows and rules but those that are said to differ; every drug can be had."""
    rows = [x for x in strategy.places if x.place.asymmetry is None and answers[x.number] == 1]
    lifted = max((x.tier for x in rows if not x.caps), default=AVOID)
    placed = min([lifted, *(x.tier for x in rows if x.caps)])
    if strategy.strategy in ASYMMETRIES["strategy"]:
        return placed
    options = [the_plan().options[position] for position in strategy.options]
    return min(placed, max(_allowed(option, answers, unlisted) for option in options))


def _allowed(option: OptionPlan, answers: Any, unlisted: Collection[str]) -> int:
    acting = {
        rule.effect
        for rule in option.rules
        if rule.base not in unlisted and answers[rule.number] == rule.counts_if
    }
    if acting & {"exclude", "require"}:
        return NOT_POSSIBLE
    return AVOID if option.poor or "discourage" in acting else FIRST


@pytest.mark.parametrize("strategy", [x for x in STRATEGIES if x not in ("adc-bcma",)])
def test_the_tiers_change_places_with_the_targets(strategy: str) -> None:
    one, other = both()
    (_, here), (_, there) = STRATEGIES[strategy], STRATEGIES[mirror(strategy)]
    differing = [
        name
        for name, answers, exchanged_ones in zip(PATIENTS, one.answers, other.answers, strict=True)
        if alike(here, answers) != alike(there, exchanged_ones)
    ]
    assert differing == []


def test_the_patients_differ_in_their_engagers() -> None:
    """Otherwise the test above would say nothing."""
    one, other = both()
    bcma, gprc5d = STRATEGIES[BCMA][0], STRATEGIES[GPRC5D][0]
    pairs = set(zip(one.tiers[:, bcma].tolist(), one.tiers[:, gprc5d].tolist(), strict=True))
    assert len(pairs) >= 8
    assert (one.tiers[:, bcma] != other.tiers[:, bcma]).sum() >= 20


def test_a_row_that_holds_for_one_target_alone_is_seen() -> None:
    """Without the reasons of the table the tiers do not mirror each other."""
    one, other = both()
    here, there = STRATEGIES[BCMA][1], STRATEGIES[GPRC5D][1]
    assert any(
        alike(here, a, unlisted=()) != alike(there, b, unlisted=())
        for a, b in zip(one.answers, other.answers, strict=True)
    )


# ---------------------------------------------------------------- rules


def swapped(text: str) -> str:
    for n, (one, other) in enumerate(FINDINGS):
        text = text.replace(one, f"<{n}>").replace(other, one).replace(f"<{n}>", other)
    return text


def says(option: OptionPlan, rule: RulePlan, *, mirrored: bool = False) -> tuple[Any, ...]:
    """What a rule says of any engager: its condition with the drug's own name left out."""
    when = getattr(rule.rule, "when", "")
    for agent in option.option.agents:
        when = when.replace(agent, "THIS-DRUG")
    return rule.effect, swapped(when) if mirrored else when, rule.stage, rule.until


def rules_of(strategy: str) -> Mapping[tuple[Any, ...], set[str]]:
    """By what it says the ids of the rules, of all options of an engager."""
    found: dict[tuple[Any, ...], set[str]] = {}
    for option in _options(strategy):
        for rule in option.rules:
            found.setdefault(says(option, rule), set()).add(rule.base)
    return found


def _options(strategy: str) -> list[OptionPlan]:
    return [the_plan().options[position] for position in STRATEGIES[strategy][1].options]


def without_mirror() -> set[str]:
    """The ids of rules of one class of engagers that no rule of the other class mirrors."""
    found = set()
    for strategy in some(ENGAGERS):
        theirs = rules_of(mirror(strategy))
        for option in _options(strategy):
            for rule in option.rules:
                if says(option, rule, mirrored=True) not in theirs:
                    found.add(rule.base)
    return found


def test_every_rule_is_mirrored_or_stands_in_the_table() -> None:
    """And the other way round: what is mirrored needs no reason."""
    assert without_mirror() == set(ASYMMETRIES["rule"])


def test_every_reason_of_the_table_is_of_a_rule_with_a_source() -> None:
    cited = {
        rule.base: rule.rule.sources
        for strategy in ENGAGERS
        for option in _options(strategy)
        for rule in option.rules
    }
    assert set(LISTED) <= set(cited)
    unread = [name for name in ASYMMETRIES["rule"] if set(cited[name]) <= {"accepted-practice"}]
    assert unread == []


def test_every_row_of_the_engagers_without_a_mirror_says_why() -> None:
    knowledge = the_plan().knowledge
    rows = {
        (strategy, place.tier, place.at_most, place.when or ""): place.asymmetry
        for place in knowledge.places.values()
        for strategy in place.of
        if strategy in ENGAGERS
    }
    mirrored = {(mirror(s), tier, cap, swapped(when)) for s, tier, cap, when in rows}
    bare = [row for row, reason in rows.items() if row not in mirrored and not reason]
    assert bare == []
    assert [row for row, reason in rows.items() if row in mirrored and reason] == []
