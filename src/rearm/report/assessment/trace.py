"""The full trace of an option or a factor as text or as plain data: each rule, its clauses, the
findings read and where they stand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from rearm.assessment.explanation import Explanation, Traced
from rearm.assessment.result import FindingResult
from rearm.interval import Interval
from rearm.knowledge.practicalities import OptionPractice
from rearm.report.assessment.practicalities_words import FIELD_TITLES
from rearm.rules import Clause

__all__ = ["trace_object", "trace_text"]

_WORDS = {True: "true", False: "false", None: "unknown"}


def trace_text(explanation: Explanation) -> str:
    """One block a rule: its effect and outcome, what it says, the clauses, then the findings with
    their source rows.
    """
    lines = [f"{explanation.name} ({explanation.id})"]
    for rule in explanation.rules:
        stage = f", stage {rule.stage}" if rule.stage else ""
        lines += [
            "",
            f"{_WORDS[rule.clause.truth].upper():8} {rule.effect}{stage}: {rule.id}",
            f"         {rule.text}",
        ]
        lines += [f"         Until: {rule.until}"] if rule.until else []
        lines += [f"         {line}" for line in _clause(rule.clause, 0)]
        lines += [f"         {line}" for line in _findings(rule)]
        lines += [f"         cites {', '.join(rule.citations)}"] if rule.citations else []
    if explanation.practice is not None:
        lines += ["", "How it is given", *_practice(explanation)]
    return "\n".join(lines)


def trace_object(explanation: Explanation) -> dict[str, Any]:
    """The same as plain data for JSON."""
    return {
        "id": explanation.id,
        "name": explanation.name,
        "rules": [
            {
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
            for rule in explanation.rules
        ],
        **_practice_object(explanation.practice),
    }


def _practice(explanation: Explanation) -> Iterator[str]:
    """A line a text under the title of its field, then what was not read."""
    practice, later = explanation.practice, explanation.later_t_cells
    if practice is None:
        return
    for field, rows in practice.rows.items():
        for place, row in enumerate(rows):
            title = FIELD_TITLES[field] if place == 0 else ""
            yield f"  {title:26} {row.text} [{', '.join(row.sources)}]"
    if later is not None and "later_t_cells" not in practice.not_read:
        told = f"{later.text} [{', '.join(later.sources)}]"
        yield f"  {FIELD_TITLES['later_t_cells']:26} {told}"
    if practice.not_read:
        yield f"  not read: {', '.join(FIELD_TITLES[field] for field in practice.not_read)}"


def _practice_object(practice: OptionPractice | None) -> dict[str, Any]:
    if practice is None:
        return {}
    given = {
        field: [{"text": row.text, "citations": list(row.sources)} for row in rows]
        for field, rows in practice.rows.items()
    }
    return {"given": given, "not_read": list(practice.not_read)}


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
