"""The knowledge check of what acts: a bundle in which everything acts passes, and each entry that
no patient brings about, or that changes nothing, is told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.small_bundle import (
    FINDINGS,
    Tables,
    indicator,
    rule,
    tables,
    with_examples,
    write,
)

from rearm.assessment.check import check
from rearm.assessment.check_effects import effect_problems
from rearm.findings import FUNCTIONS
from rearm.findings.base import NOTHING
from rearm.knowledge.bundle import load

DAYS: dict[str, dict[str, Any]] = {
    "time_to_failure_days": {"type": "integer", "unit": "d"},
    "days_since_infusion": {"type": "integer", "unit": "d"},
    "failure_timing": {"type": "word", "values": ["early", "intermediate", "late"]},
    "responded": {"type": "bool"},
    "early_or_no_response": {"type": "bool", "from": ["responded", "time_to_failure_days"]},
    "trials_open": {"type": "bool"},
    "refractory_drug": {"type": "bool"},
    "exposed_drug": {"type": "bool"},
}
"""Findings that hang together, as in the bundle of the program."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def functions_of_the_small_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*FINDINGS["finding"], *DAYS):
        if name not in FUNCTIONS:
            monkeypatch.setitem(FUNCTIONS, name, lambda chart: NOTHING)


def small() -> Tables:
    found = with_examples(tables())
    for name, entry in DAYS.items():
        words: dict[str, Any] = {"group": "g", "meaning": f"{name}.", "label": name}
        found["findings.toml"]["finding"][name] = words | entry
    return found


def base(strategy: str, tier: str = "situational") -> dict[str, Any]:
    return {
        "id": f"{strategy}-base",
        "strategy": strategy,
        "tier": tier,
        "reason": "It stands here for everybody.",
        "ground": "usual_practice",
        "sources": ["s1"],
    }


def place(**more: Any) -> dict[str, Any]:
    sound = {
        "id": "later",
        "strategy": "bispecific-gprc5d",
        "tier": "first",
        "when": "exposed",
        "reason": "It was given.",
        "ground": "usual_practice",
        "sources": ["s1"],
        "example_true": {"exposed": True},
        "example_false": {"exposed": False},
    }
    return {key: value for key, value in (sound | more).items() if value is not None}


def cap(at_most: str, when: str, true: dict[str, Any], false: dict[str, Any]) -> dict[str, Any]:
    words = {"id": "cap", "tier": None, "at_most": at_most, "when": when}
    return place(**words, example_true=true, example_false=false)


def told(tmp_path: Path, found: Tables) -> str:
    return "\n".join(str(p) for p in check(write(tmp_path / "b", found)))


def with_rule(effect: str, when: str, true: dict[str, Any], false: dict[str, Any]) -> Tables:
    found = small()
    more = {"stage": "caution"} if effect in ("exclude", "require") else {}
    one = rule("one", effect, when, example_true=true, example_false=false, **more)
    found["options/same-target.toml"]["rule"].append(one)
    return found


def with_places(*rows: dict[str, Any]) -> Tables:
    found = small()
    bases = [base("bispecific-gprc5d"), base("bispecific-bcma")]
    found["places/all.toml"] = {"place": [*bases, *rows]}
    return found


def test_the_small_bundle_acts(tmp_path: Path) -> None:
    assert told(tmp_path, with_places(place())) == ""


def test_the_bundle_of_the_program_acts() -> None:
    assert list(effect_problems(load())) == []


NOBODY = "no patient can make its condition true"
SHORT = {"responded": False, "time_to_failure_days": 300}


@pytest.mark.parametrize(
    ("when", "true", "false"),
    [
        # days run forwards, and a day has its name
        (
            "time_to_failure_days > 200 AND days_since_infusion < 100",
            {"time_to_failure_days": 300, "days_since_infusion": 50},
            {"time_to_failure_days": 10, "days_since_infusion": 50},
        ),
        (
            "failure_timing = 'late' AND time_to_failure_days < 100",
            {"failure_timing": "late", "time_to_failure_days": 50},
            {"failure_timing": "early", "time_to_failure_days": 50},
        ),
        (
            "failure_timing = 'late' AND days_since_infusion < 100",
            {"failure_timing": "late", "days_since_infusion": 50},
            {"failure_timing": "early", "days_since_infusion": 50},
        ),
        # a derived finding is what its parts make it
        (
            "early_or_no_response AND responded AND time_to_failure_days > 200",
            {"early_or_no_response": True, "responded": True, "time_to_failure_days": 300},
            {"early_or_no_response": True, **SHORT},
        ),
        # refractory to a drug that was never given
        (
            "refractory_drug AND NOT exposed_drug",
            {"refractory_drug": True, "exposed_drug": False},
            {"refractory_drug": True, "exposed_drug": True},
        ),
    ],
)
def test_a_condition_that_no_patient_meets_is_told(
    tmp_path: Path, when: str, true: dict[str, Any], false: dict[str, Any]
) -> None:
    assert NOBODY in told(tmp_path / "rule", with_rule("discourage", when, true, false))
    caps = [place(), cap("avoid", when, true, false)]
    assert f"place cap: {NOBODY}" in told(tmp_path / "place", with_places(*caps))
    found = small()
    sign = indicator("sign", "supports", "weak", "at_failure", when)
    examples = {"example_true": true, "example_false": false}
    factor = found[next(name for name in found if name.startswith("factors/"))]["factor"][0]
    factor["indicator"].append(sign | examples)
    assert f"indicator sign: {NOBODY}" in told(tmp_path / "factor", found)


def test_a_condition_of_like_form_that_somebody_meets_is_not_told(tmp_path: Path) -> None:
    when = "early_or_no_response AND responded AND time_to_failure_days > 100"
    true = {"early_or_no_response": True, "responded": True, "time_to_failure_days": 150}
    found = with_rule("discourage", when, true, {"early_or_no_response": True, **SHORT})
    assert told(tmp_path, found) == ""


def test_a_favour_of_what_is_closed_is_told(tmp_path: Path) -> None:
    found = with_rule("favour", "lost", {"lost": True}, {"lost": False})  # lost excludes it
    assert "favours the option only where it is excluded or discouraged" in told(tmp_path, found)


def test_a_rule_that_another_always_outdoes_is_told(tmp_path: Path) -> None:
    found = small()
    words = {"failed": "failed", "not": "not_failed"}
    row = {"failure_status": words["failed"]}
    exact = rule(
        "exact", "discourage", "failure_status = 'failed'", example_true=row,
        example_false={"failure_status": words["not"]},
    )  # fmt: skip
    other = exact | {"id": "other", "when": "failure_status = 'not_failed'"}
    other |= {"example_true": exact["example_false"], "example_false": row}
    weak = exact | {
        "id": "weak",
        "effect": "caution",
        "when": "failure_status IN ('failed', 'not_failed')",
        "example_false": {"failure_status": "suspected"},
    }
    found["options/same-target.toml"]["rule"] += [exact, other, weak]
    problems = told(tmp_path, found)
    assert "rule weak: is never seen" in problems
    assert "rule exact" not in problems


IDLE = "changes the place of no strategy"


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        # lifts to where everybody stands, or where another always lifts it
        ([place(tier="situational")], "later"),
        ([place(), place(id="again", when="exposed AND lost", tier="alternative",
                         example_true={"exposed": True, "lost": True},
                         example_false={"exposed": False, "lost": True})], "again"),
        # caps above all that can be reached, or where another always caps lower
        ([place(tier="alternative"), cap("alternative", "lost", {"lost": True}, {"lost": False})],
         "cap"),
        ([place(), cap("avoid", "lost", {"lost": True}, {"lost": False}),
          cap("situational", "lost", {"lost": True}, {"lost": False}) | {"id": "higher"}],
         "higher"),
        # caps only where what lifts can't be true
        ([place(), cap("situational", "NOT exposed", {"exposed": False}, {"exposed": True})],
         "cap"),
    ],
)  # fmt: skip
def test_a_placement_that_moves_nothing_is_told(
    tmp_path: Path, rows: list[dict[str, Any]], name: str
) -> None:
    problems = told(tmp_path, with_places(*rows)).splitlines()
    assert [x for x in problems if x.startswith(f"place {name}: ") and IDLE in x]


def test_a_lift_of_what_waits_for_a_trial_is_told(tmp_path: Path) -> None:
    """Without an open trial an option for trials only stays situational, and an open trial lifts it
    further.
    """
    found = with_places(
        place(tier="alternative"),
        place(
            id="open", when="trials_open", example_true={"trials_open": True},
            example_false={"trials_open": False},
        ),
    )  # fmt: skip
    option = found["options/new-target.toml"]
    del option["availability"]
    problems = told(tmp_path, found)
    assert f"place later: {IDLE}" in problems
    assert f"place open: {IDLE}" not in problems
