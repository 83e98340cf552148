"""Reading a condition: sqlglot parses, a list of allowed kinds of node decides, the catalogue
checks names, types and values.
"""

from __future__ import annotations

import math
import re
from typing import Any, Literal

from rearm.errors import meant
from rearm.knowledge.catalogue import Catalogue
from rearm.rules.tree import (
    Among,
    And,
    Arithmetic,
    BooleanFinding,
    Compare,
    LiteralNumber,
    Node,
    Not,
    NumberFinding,
    Numeric,
    Operator,
    Or,
    RuleCondition,
)

__all__ = ["ConditionRefused", "parse_condition"]

_NEAREST = 3  # findings that a sentence offers
_WORD = 3  # letters; a shorter word says too little


class ConditionRefused(ValueError):
    """A condition that is not of the allowed part of SQL or does not fit the catalogue; `str()` is
    a sentence.
    """


def parse_condition(text: str, catalogue: Catalogue) -> RuleCondition:
    """`text` as a condition on findings of `catalogue`.

    Raises ConditionRefused with a sentence for an operator outside the allowed part of SQL, a
    finding that does not exist, a literal that is not among the finding's values, and a comparison
    of unlike types.
    """
    import sqlglot
    from sqlglot import errors, exp

    if any(mark in text for mark in (";", "--", "/*")):
        raise ConditionRefused(f"{text!r}: comments and several statements are not allowed.")
    if "&&" in text or "||" in text:
        raise ConditionRefused(f"{text!r}: write AND in place of && and OR in place of ||.")
    try:
        tree = sqlglot.parse_one(text, into=exp.Condition, dialect="duckdb")
    except (errors.ParseError, errors.TokenError, RecursionError):
        raise ConditionRefused(
            f"{text!r} can't be read as a condition of SQL. {_unread(text)}"
        ) from None
    condition = RuleCondition(text, _ConditionReader(text, catalogue).logical(tree))
    if not condition.reads:
        raise ConditionRefused(
            f"{text!r} reads no finding, so it is the same for every patient: name the finding"
            " to read."
        )
    return condition


_ALLOWED = (
    "Allowed are AND, OR, NOT, =, <>, <, <=, >, >=, IN (...), BETWEEN, brackets, and +, - and * of"
    " numbers."
)
_MISSING = (
    "An unknown finding makes the condition unknown; no condition can ask whether it is missing."
)


def _unread(text: str) -> str:
    """What to do with a condition that the parser gave up on."""
    if not text.strip():
        return "Write what must hold, such as bcma_status = 'lost'."
    if text.count("(") != text.count(")"):
        return "A bracket has no partner: close or remove it."
    if text.count("'") % 2:
        return "A quotation mark is missing: put words between two single ones."
    if re.search(r"[<>=]\s*-?\d+,\d", text):
        return "Write a decimal point, not a comma."
    if re.search(r"[<>=]\s*-?[\d.]+\s*(?!AND\b|OR\b)[A-Za-z%/]", text, re.IGNORECASE):
        return (
            "Write the number alone, in the unit that the finding has; the dictionary of findings"
            " names it."
        )
    return _ALLOWED


class _ConditionReader:
    """Walks the tree of sqlglot; every kind of node that is not named here is refused."""

    def __init__(self, text: str, catalogue: Catalogue) -> None:
        from sqlglot import exp

        self.text, self.catalogue, self.exp = text, catalogue, exp
        self.comparisons: dict[type[Any], Operator] = {
            exp.EQ: "=",
            exp.LT: "<",
            exp.LTE: "<=",
            exp.GT: ">",
            exp.GTE: ">=",
        }
        self.arithmetic: dict[type[Any], Literal["+", "-", "*"]] = {
            exp.Add: "+",
            exp.Sub: "-",
            exp.Mul: "*",
        }

    def refused(self, why: str) -> ConditionRefused:
        return ConditionRefused(f"{self.text!r}: {why}")

    def not_allowed(self, tree: Any, what: str = "") -> ConditionRefused:
        exp = self.exp
        about_missing = isinstance(tree, exp.Null | exp.Coalesce) or (
            isinstance(tree, exp.Is) and isinstance(tree.expression, exp.Null)
        )
        return self.refused(
            f"{self.named(tree)}{what} is not of the allowed part of SQL."
            f" {_MISSING if about_missing else _ALLOWED}"
        )

    def logical(self, tree: Any) -> Node:
        exp = self.exp
        kind = type(tree)
        if kind is exp.Paren:
            return self.logical(tree.this)
        if kind in (exp.And, exp.Or):
            parts = tuple(
                self.logical(part) for part in tree.flatten()
            )  # flatten also looks through brackets of the same kind
            return And(parts) if kind is exp.And else Or(parts)
        if kind is exp.Not:
            return Not(self.logical(tree.this))
        if kind is exp.Column:
            name = self.column(tree)
            if self.catalogue[name].type != "bool":
                raise self.refused(f"{name} is no yes-or-no finding; compare it with a value.")
            return BooleanFinding(name)
        if kind in self.comparisons:
            return self.comparison(self.comparisons[kind], tree)
        if kind is exp.NEQ:
            return Not(self.comparison("=", tree))
        if kind is exp.Between:
            self.only(tree, "this", "low", "high")
            inner, low, high = (self.numeric(tree.args[key]) for key in ("this", "low", "high"))
            return And((Compare(">=", inner, low), Compare("<=", inner, high)))
        if kind is exp.In:
            return self.among(tree)
        raise self.not_allowed(tree)

    def comparison(self, operator: Operator, tree: Any) -> Node:
        left, right = self.bare(tree.this), self.bare(tree.expression)
        for one, other in ((left, right), (right, left)):
            if type(one) is self.exp.Column and not self.catalogue[self.column(one)].numeric:
                name = self.column(one)
                if self.catalogue[name].type == "bool":
                    raise self.refused(
                        f"{name} is a yes-or-no finding; write it alone, or NOT {name}."
                    )
                if operator != "=":
                    raise self.refused(f"{name} is a word and has no order; use = or <> or IN.")
                return Among(name, (self.word(name, other),))
        return Compare(operator, self.numeric(left), self.numeric(right))

    def among(self, tree: Any) -> Node:
        self.only(tree, "this", "expressions")
        inner, literals = self.bare(tree.this), [self.bare(x) for x in tree.expressions]
        if not literals:
            raise self.refused("IN needs a list of literals.")
        if type(inner) is self.exp.Column and not self.catalogue[self.column(inner)].numeric:
            name = self.column(inner)
            if self.catalogue[name].type == "bool":
                raise self.refused(f"{name} is a yes-or-no finding; write it alone, or NOT {name}.")
            return Among(name, tuple(self.word(name, x) for x in literals))
        values = [self.numeric(x) for x in literals]
        if not all(isinstance(v, LiteralNumber) for v in values):
            raise self.refused("IN takes literals only.")
        equal: tuple[Node, ...] = tuple(Compare("=", self.numeric(inner), v) for v in values)
        return equal[0] if len(equal) == 1 else Or(equal)

    def numeric(self, tree: Any) -> Numeric:
        exp = self.exp
        tree = self.bare(tree)
        kind = type(tree)
        if kind is exp.Column:
            name = self.column(tree)
            if not self.catalogue[name].numeric:
                raise self.refused(f"{name} is no number.")
            return NumberFinding(name)
        if kind is exp.Literal and not tree.is_string:
            value = float(tree.this)
            if not math.isfinite(value):
                raise self.refused(f"the number {tree.this} is too large.")
            return LiteralNumber(value)
        if kind is exp.Neg:
            inner = self.numeric(tree.this)
            return (
                LiteralNumber(-inner.value)
                if isinstance(inner, LiteralNumber)
                else Arithmetic("*", LiteralNumber(-1.0), inner)
            )
        if kind in self.arithmetic:
            return Arithmetic(
                self.arithmetic[kind], self.numeric(tree.this), self.numeric(tree.expression)
            )
        if kind is exp.Literal:
            raise self.refused(
                f"the word '{tree.this}' stands in place of a number. Write numbers without"
                " quotation marks."
            )
        raise self.not_allowed(tree)

    def word(self, name: str, tree: Any) -> str:
        values = self.catalogue[name].values
        if type(tree) is not self.exp.Literal or not tree.is_string:
            raise self.refused(
                f"{name} is a word; compare it with one of its values in single quotes. They are"
                f" {', '.join(values)}."
            )
        word: str = tree.this
        if word not in values:
            raise self.refused(
                f"{name} has no value '{word}'; its values are"
                f" {', '.join(values)}.{meant(word, values)}"
            )
        return word

    def column(self, tree: Any) -> str:
        self.only(tree, "this")
        name: str = tree.name
        if name not in self.catalogue:
            raise self.refused(
                f"there is no finding named {name}.{_nearest(name, self.catalogue)} "
                "docs/dictionary/findings.md lists them all."
            )
        return name

    def bare(self, tree: Any) -> Any:
        while type(tree) is self.exp.Paren:
            tree = tree.this
        return tree

    def only(self, tree: Any, *keys: str) -> None:
        """No further part than these: a table name before a column, a subquery in IN, a symmetric
        BETWEEN.
        """
        if extra := [key for key, part in tree.args.items() if part and key not in keys]:
            raise self.not_allowed(tree, f" with {', '.join(extra)}")

    def named(self, tree: Any) -> str:
        return f"{tree.sql(dialect='duckdb')!r} ({type(tree).__name__})"


def _nearest(name: str, catalogue: Catalogue) -> str:
    """The findings that may be meant by a name: those that are written much like it, else those
    that have its words in their name, values or meaning.
    """
    if alike := meant(name, catalogue):
        return alike
    words = [word for word in re.split(r"[\W_]+", name.casefold()) if len(word) >= _WORD]
    score: dict[str, int] = {}
    for finding in catalogue.values():
        places = (finding.name, " ".join(finding.values), f"{finding.label} {finding.meaning}")
        told = [set(re.split(r"[\W_]+", place.casefold())) for place in places]
        score[finding.name] = sum(
            weight
            for word in words
            for weight, own in zip((4, 2, 1), told, strict=True)
            if word in own
        )
    best = sorted((n for n in score if score[n]), key=lambda n: -score[n])[:_NEAREST]
    verb = "is" if len(best) == 1 else "are"
    return f" The nearest {verb} {', '.join(best)}." if best else ""
