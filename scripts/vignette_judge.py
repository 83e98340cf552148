"""What a vignette expects of a result, judged one expectation at a time; the form stands in
`tests/data/vocabulary.yaml`.

Hard expectations: excluded, never_preferred, alerts_include, must_not_say and the status of the
failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rearm.assessment.result import Answer, Causes, FailureResult, OptionResult

GRADES = ["excluded", "unlikely", "possible", "likely", "established"]


@dataclass(frozen=True)
class Outcome:
    """One expectation: what was expected, whether it holds and is hard, and what was found.
    `of_answer`: it speaks of the recommendation (second form).
    """

    what: str
    holds: bool
    hard: bool
    found: str
    of_answer: bool = False


def one_of(found: Any, expected: Any) -> bool:
    return found in expected if isinstance(expected, list) else found == expected


def unknown_key(key: str) -> Outcome:
    """An expectation that nobody can judge does not hold."""
    return Outcome(f"unknown expectation {key}", False, True, "")


def judge_failure(
    failure: FailureResult | None, expected: dict[str, Any], label: str
) -> Iterator[Outcome]:
    """`status: none` (and the older `status_none`): no infusion of which anything is said."""
    status = "none" if failure is None else failure.status
    wanted = expected.get("status")
    if expected.get("status_none") or wanted == "none":
        holds = status in ("none", "cannot_be_judged")
        yield Outcome(f"{label}: none", holds, True, status)
        return
    if failure is None:
        holds = isinstance(wanted, list) and "none" in wanted
        yield Outcome(f"{label}: {expected}", holds, True, "no entry for this infusion")
        return
    for key in ("status", "kind", "certainty", "timing"):
        if key in expected:
            found = getattr(failure, key)
            holds = one_of(found, expected[key])
            yield Outcome(f"{label}.{key} {expected[key]}", holds, key == "status", str(found))
    yield from judge_day(failure.day, expected, label)
    yield from judge_pattern(failure.pattern, expected, label)
    signals = [s.id for s in failure.signals]
    for word in expected.get("signals_include", []):
        yield Outcome(f"{label}.signals have {word}", word in signals, False, str(signals))


def judge_day(day: int | None, expected: dict[str, Any], label: str) -> Iterator[Outcome]:
    """`day_unknown`: no day may be stated."""
    if expected.get("day_unknown"):
        yield Outcome(f"{label}.day unknown", day is None, False, str(day))
    elif expected.get("day") is not None:
        tolerance = expected.get("day_tolerance", 0)
        near = day is not None and abs(day - expected["day"]) <= tolerance
        yield Outcome(f"{label}.day {expected['day']}", near, False, str(day))


def judge_pattern(
    pattern: Sequence[str], expected: dict[str, Any], label: str
) -> Iterator[Outcome]:
    for word in expected.get("pattern_includes", []):
        yield Outcome(f"{label}.pattern has {word}", word in pattern, False, str(pattern))


def judge_causes(causes: Causes, expected: dict[str, Any]) -> Iterator[Outcome]:
    groups = {g.group: g.grade for g in causes.groups}
    ranked = [g for g in causes.groups if g.group != "safety"]
    best = min((g.rank for g in ranked if g.rank is not None), default=None)
    leading = [g.group for g in ranked if best is not None and g.rank == best]
    shown = ", ".join(f"{g.group} {g.grade}" for g in causes.groups)
    if "leading_any_of" in expected:
        yield Outcome(
            f"causes lead with {expected['leading_any_of']}",
            any(g in expected["leading_any_of"] for g in leading),
            False,
            shown,
        )
    for group in expected.get("not_leading", []):
        yield Outcome(f"causes do not lead with {group}", group not in leading, False, shown)
    for group, grade in expected.get("grade_at_least", {}).items():
        known = groups.get(group) in GRADES and GRADES.index(groups[group]) >= GRADES.index(grade)
        yield Outcome(f"cause {group} at least {grade}", known, False, str(groups.get(group)))
    for group, grade in expected.get("grade_at_most", {}).items():
        low = groups.get(group) not in GRADES or GRADES.index(groups[group]) <= GRADES.index(grade)
        yield Outcome(f"cause {group} at most {grade}", low, False, str(groups.get(group)))
    for group, grades in expected.get("grade_not", {}).items():
        yield Outcome(
            f"cause {group} not {grades}",
            groups.get(group) not in grades,
            False,
            str(groups.get(group)),
        )
    if "undetermined" in expected:
        yield Outcome(
            f"causes undetermined {expected['undetermined']}",
            causes.undetermined == expected["undetermined"],
            False,
            shown,
        )


def options_of(
    options: Sequence[OptionResult], wanted: str | dict[str, Any]
) -> tuple[str, list[OptionResult]]:
    """The options that a tag, or a tag with targets and agents, stands for."""
    want = {"strategy": wanted} if isinstance(wanted, str) else wanted
    chosen = [o for o in options if o.strategy == want["strategy"]]
    if "only_targets" in want:
        chosen = [o for o in chosen if sorted(o.targets) == sorted(want["only_targets"])]
    if "agents" in want:
        chosen = [o for o in chosen if set(want["agents"]) <= set(o.agents)]
    return ", ".join(f"{k}={v}" for k, v in want.items()), chosen


VERDICTS = {
    "excluded": {"excluded"},
    "discouraged_or_worse": {"excluded", "discouraged"},
    "needs_information": {"needs_information"},
    "preferred_or_acceptable": {"open"},
}


def judge_options(
    options: Sequence[OptionResult], answer: Answer | None, expected: dict[str, Any]
) -> Iterator[Outcome]:
    """`preferred` reads as open in a strategy of tier first, `acceptable` as any other open one."""
    first = {
        placed.strategy
        for tier in (answer.tiers if answer is not None else ())
        if tier.tier == "first"
        for placed in tier.strategies
    }
    for key, wanted_list in expected.items():
        for wanted in wanted_list:
            label, chosen = options_of(options, wanted)
            found = (
                ", ".join(
                    f"{o.id} {o.verdict}" + (f" until {o.until}" if o.until else "") for o in chosen
                )
                or "no such option"
            )
            if key in VERDICTS:
                holds = bool(chosen) and all(o.verdict in VERDICTS[key] for o in chosen)
                if isinstance(wanted, dict) and wanted.get("temporary"):
                    holds = holds and all(o.until for o in chosen)
            elif key == "never_preferred":
                holds = all(o.verdict != "open" or o.strategy not in first for o in chosen)
            elif key == "not_excluded":
                holds = all(o.verdict != "excluded" for o in chosen)
            else:
                yield unknown_key(f"options.{key}")
                continue
            yield Outcome(f"{key}: {label}", holds, key in ("excluded", "never_preferred"), found)
