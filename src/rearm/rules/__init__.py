"""Conditions over findings: the part of SQL that keeps three-valued logic, read with sqlglot and
evaluated with Polars.

Allowed: AND OR NOT, = <> < <= > >=, IN and NOT IN with literals, BETWEEN, + - *, columns. A finding
that is not known leaves a
condition unknown unless the rest decides it. Whatever turns unknown into known (COALESCE, IS NULL,
CASE ...) or mixes patients (aggregates, windows) is refused.
"""

from rearm.rules.compiled import conditions_of, read_conditions
from rearm.rules.frames import Compiled, evaluate, findings_frame, with_values
from rearm.rules.reading import ConditionRefused, parse_condition
from rearm.rules.rows import Bound, Bounds, Clause, Value, trace, truth, unknown_findings
from rearm.rules.tree import RuleCondition, condition_from_json

__all__ = [
    "Bound",
    "Bounds",
    "Clause",
    "Compiled",
    "ConditionRefused",
    "RuleCondition",
    "Value",
    "condition_from_json",
    "conditions_of",
    "evaluate",
    "findings_frame",
    "parse_condition",
    "read_conditions",
    "trace",
    "truth",
    "unknown_findings",
    "with_values",
]
