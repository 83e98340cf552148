"""The trace of an option or a factor as text or as plain data: each rule, its clauses, the findings
read and where they stand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from msgspec import to_builtins

from rearm.assessment.explanation import Explanation, Traced
from rearm.assessment.result import FindingResult
from rearm.interval import Interval
from rearm.report.assessment.practicalities_words import FIELD_TITLES
from rearm.report.figures import figure_line, figure_words, in_whom, number_words
from rearm.rules import Clause

__all__ = ["hidden_words", "rule_lines", "rule_object", "trace_object", "trace_text"]

_WORDS = {True: "true", False: "false", None: "unknown"}
# A requirement acts where it is not met; every other rule where its condition is true.
_ACTS_WHERE_FALSE = "require"


def trace_text(explanation: Explanation, *, every: bool = False) -> str:
    """One block a rule: its effect and outcome, what it says, the clauses, then the findings with
    their source rows. First the rules that act, then those of which nobody knows; the others only
    with `every`.
    """
    ordered = sorted(explanation.rules, key=_order)
    shown = [rule for rule in ordered if every or _order(rule) < _IDLE]
    lines = [f"{explanation.name} ({explanation.id})"]
    for rule in shown:
        lines += ["", *rule_lines(rule)]
    lines += hidden_words("rule", len(ordered) - len(shown))
    lines += _seen(explanation)
    if explanation.given or explanation.not_read:
        lines += ["", "How it is given", *_given(explanation)]
    return "\n".join(lines)


def _seen(explanation: Explanation) -> list[str]:
    """What was seen of an option in patients like this one, and what chose the setting."""
    if explanation.evidence is None:
        return []
    chosen = "; ".join(f"{x} {_WORDS[value]}" for x, value in explanation.chosen_by.items())
    figures = (*explanation.evidence.expected, *explanation.evidence.others)
    cited = dict.fromkeys(study for figure in figures for study in figure.studies)
    lines = ["", f"SEEN     {figure_line(explanation.evidence)}"]
    lines += [f"         {figure_words(x)}, {number_words(x)}, {in_whom(x)}" for x in figures]
    lines += [f"         setting chosen by: {chosen}"]
    return lines + ([f"         cites {', '.join(cited)}"] if cited else [])


_IDLE = 2


def _order(rule: Traced) -> int:
    """0: the rule acts; 1: nobody knows; 2: it does not."""
    truth = rule.clause.truth
    if truth is None:
        return 1
    acts = truth is (rule.effect != _ACTS_WHERE_FALSE)
    return 0 if acts else _IDLE


def hidden_words(what: str, hidden: int) -> list[str]:
    """How many are left out and how to see them; nothing where none is."""
    if not hidden:
        return []
    counted = f"One {what} does" if hidden == 1 else f"{hidden} {what}s do"
    return ["", f"{counted} not act here; --all shows {'it' if hidden == 1 else 'them'}."]


def rule_lines(rule: Traced, heading: str = "") -> list[str]:
    """One rule as lines; `heading` in place of its effect and stage."""
    stage = f", stage {rule.stage}" if rule.stage else ""
    named = heading or f"{rule.effect}{stage}"
    lines = [f"{_WORDS[rule.clause.truth].upper():8} {named}: {rule.id}", f"         {rule.text}"]
    lines += [f"         Until: {rule.until}"] if rule.until else []
    lines += [f"         {line}" for line in _clause(rule.clause, 0)]
    lines += [f"         {line}" for line in _findings(rule)]
    return lines + ([f"         cites {', '.join(rule.citations)}"] if rule.citations else [])


def trace_object(explanation: Explanation) -> dict[str, Any]:
    """All of it as plain data for JSON."""
    return {
        "id": explanation.id,
        "name": explanation.name,
        "rules": [rule_object(rule) for rule in explanation.rules],
        "evidence": None if explanation.evidence is None else to_builtins(explanation.evidence),
        "chosen_by": dict(explanation.chosen_by),
        "given": [
            {"field": x.field, "text": x.text, "citations": list(x.citations)}
            for x in explanation.given
        ],
        "not_read": list(explanation.not_read),
    }


def rule_object(rule: Traced) -> dict[str, Any]:
    """One rule as plain data."""
    return {
        "id": rule.id,
        "effect": rule.effect,
        "stage": rule.stage,
        "until": rule.until,
        "text": rule.text,
        "condition": _clause_object(rule.clause),
        "findings": [{"name": name, **_finding_object(f)} for name, f in rule.findings],
        "sources": list(rule.sources),
        "citations": list(rule.citations),
    }


def _given(explanation: Explanation) -> Iterator[str]:
    """A line a text, the first of a field under its title; then what was not read."""
    told: set[str] = set()
    for given in explanation.given:
        title = "" if given.field in told else FIELD_TITLES[given.field]
        told.add(given.field)
        cited = f" [{', '.join(given.citations)}]" if given.citations else ""
        yield f"  {title:26} {given.text}{cited}"
    if explanation.not_read:
        yield f"  not read: {', '.join(FIELD_TITLES[field] for field in explanation.not_read)}"


def _clause(clause: Clause, depth: int) -> Iterator[str]:
    read = (
        ", ".join(f"{name} = {_value(value)}" for name, value in clause.values.items())
        if not clause.parts
        else ""
    )
    yield f"{'  ' * depth}[{_WORDS[clause.truth]}] {clause.text}" + (f"   ({read})" if read else "")
    for part in clause.parts:
        yield from _clause(part, depth + 1)


def _clause_object(clause: Clause) -> dict[str, Any]:
    return {
        "text": clause.text,
        "truth": clause.truth,
        "values": {name: _plain(value) for name, value in clause.values.items()},
        "parts": [_clause_object(part) for part in clause.parts],
    }


def _finding_object(finding: FindingResult) -> dict[str, Any]:
    return {"value": finding.value, "interval": finding.interval, "text": finding.text}


def _findings(rule: Traced) -> Iterator[str]:
    for name, finding in rule.findings:
        yield f"{name}: {finding.text or 'not known'}"
    if rule.sources:
        yield "rows: " + "; ".join(rule.sources)


def _value(value: object) -> str:
    if value is None:
        return "not known"
    if isinstance(value, Interval) and math.isfinite(value.low) and math.isfinite(value.high):
        left, right = "(" if value.low_open else "[", ")" if value.high_open else "]"
        return f"{left}{value.low:g}, {value.high:g}{right}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(value: object) -> object:
    if isinstance(value, Interval):
        return value.to_dict()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
