"""What a vignette of the second form expects of the recommendation: the relapse to decide on, the
state of the answer, tiers, tests and actions.

Hard expectations: the state, whose relapse it is and its status, `first_none_of`, actions to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from scripts.vignette_judge import Outcome, judge_day, judge_pattern, one_of, unknown_key

from rearm.assessment import Assessment
from rearm.assessment.result import Answer, NextTest, Relapse

TIERS = ["not_possible", "avoid", "situational", "alternative", "first"]


def judge_answer(result: Assessment, expected: dict[str, Any]) -> Iterator[Outcome]:
    """`expected`: the keys of the second form, which are taken out of it."""
    outcomes: list[Outcome] = []
    if "present_relapse" in expected:
        outcomes += _judge_relapse(result.relapse, expected.pop("present_relapse"))
    if "answer_state" in expected:
        wanted = expected.pop("answer_state")
        state = result.answer.state
        holds = state is not None and one_of(state, wanted)
        outcomes.append(Outcome(f"answer is {wanted}", holds, True, str(state)))
    outcomes += _judge_tiers(result.answer, expected.pop("tiers", {}))
    outcomes += _judge_tests(result, expected.pop("tests", {}))
    actions = [action.id for action in result.actions]
    for action in expected.pop("actions_include", []):
        outcomes.append(Outcome(f"do {action}", action in actions, True, str(actions)))
    for action in expected.pop("actions_exclude", []):
        outcomes.append(Outcome(f"do not {action}", action not in actions, False, str(actions)))
    yield from (replace(outcome, of_answer=True) for outcome in outcomes)


def _judge_relapse(relapse: Relapse | None, expected: dict[str, Any]) -> Iterator[Outcome]:
    label = "relapse"
    if expected.get("after", "") is None:
        yield Outcome(f"{label}: none", relapse is None, True, str(relapse))
        return
    if relapse is None:
        yield Outcome(f"{label}: {expected}", False, True, "no present relapse")
        return
    for key in ("after", "status", "certainty"):
        if key in expected:
            found = getattr(relapse, key)
            holds = one_of(found, expected[key])
            yield Outcome(f"{label}.{key} {expected[key]}", holds, key != "certainty", str(found))
    day = relapse.day.low if relapse.day.low == relapse.day.high else None
    yield from judge_day(day, expected, label)
    yield from judge_pattern(relapse.pattern, expected, label)


def _judge_tiers(answer: Answer | None, expected: dict[str, Any]) -> Iterator[Outcome]:
    """Without an answer nothing that names a tier holds; an answer that shows a strategy nowhere
    meets `at_most` and `first_none_of`.
    """
    tiers = answer.tiers if answer is not None else ()
    tier_of = {s.strategy: tier.tier for tier in tiers for s in tier.strategies}
    first = [strategy for strategy, tier in tier_of.items() if tier == "first"]
    for key, wanted in expected.items():
        if key == "first_any_of":
            holds = any(strategy in wanted for strategy in first)
            yield Outcome(f"first is any of {wanted}", holds, False, str(first))
        elif key == "first_none_of":
            for strategy in wanted:
                holds = answer is not None and strategy not in first
                yield Outcome(f"first is not {strategy}", holds, True, str(first))
        elif key == "first_size":
            low, high = wanted
            yield Outcome(f"first holds {wanted}", low <= len(first) <= high, False, str(first))
        elif key in ("at_least", "at_most"):
            for strategy, tier in wanted.items():
                found = tier_of.get(strategy)
                holds = _stands(found, tier, key) and answer is not None
                yield Outcome(f"{strategy} {key} {tier}", holds, False, str(found))
        else:
            yield unknown_key(f"tiers.{key}")


def _stands(found: str | None, tier: str, key: str) -> bool:
    if found is None:
        return key == "at_most"
    at, wanted = TIERS.index(found), TIERS.index(tier)
    return at >= wanted if key == "at_least" else at <= wanted


def _judge_tests(result: Assessment, expected: dict[str, Any]) -> Iterator[Outcome]:
    """Of the tests that stand before the decision."""
    shown = [_words(test) for test in result.tests]
    built = result.answer is not None
    for key, wanted in expected.items():
        if key == "shown_at_most":
            holds = built and len(shown) <= wanted
            yield Outcome(f"at most {wanted} tests", holds, False, str(len(shown)))
        elif key in ("any_of", "none_of"):
            for words in wanted:
                stands = any(w.strip().lower() in s for w in words.split(" | ") for s in shown)
                holds = built and stands == (key == "any_of")
                yield Outcome(f"tests {key} {words}", holds, False, str(shown)[:200])
        else:
            yield unknown_key(f"tests.{key}")


def _words(test: NextTest) -> str:
    return str([test.tests, test.findings, test.name]).lower()
