"""Numbers in a reason stand in what is cited for it, or in the condition itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.rulesets import Rule, SharedRule

__all__ = ["numbers_in", "numbers_without_source"]

# Names and units that hold digits and state no figure: t(11;14), 10*9/L, PD-1, MajesTEC-1.
_NAMES = re.compile(
    r"t\(\d+;\d+\)|del\(\d+\w*\)|10\*\d+(?:/L)?|10\^\d+(?:/L)?|/1\.73 ?m2|mg/24"
    r" ?h|[A-Za-z][\w/]*-\d+\w*"
)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[ ,]\d{3})*(?:\.\d+)?(?![\w])")


def numbers_in(text: str) -> set[float]:
    """The figures a text states.

    Numbers inside names (CD38, t(11;14), 17p) and units (10*9/L) are none.
    """
    return {float(re.sub(r"[ ,]", "", n)) for n in _NUMBER.findall(_NAMES.sub(" ", text))}


def numbers_without_source(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Each figure in a text that neither a cited entry nor the condition has: (where, what)."""
    known = _Figures(knowledge)
    for where, text, when, sources in _texts(knowledge):
        allowed = numbers_in(when or "").union(*(known.of(name) for name in sources))
        for number in sorted(numbers_in(text) - allowed):
            yield (
                where,
                (
                    f"the number {number:g} is neither in a cited source nor in the condition. "
                    "Correct it, or cite the study or statement that has it."
                ),
            )


def _texts(knowledge: Knowledge) -> Iterator[tuple[str, str, str | None, tuple[str, ...]]]:
    for option in knowledge.options.values():
        at = f"option {option.id}"
        for rule in option.rules:
            if "@" not in rule.id:
                yield (
                    f"{at}, rule {rule.id}",
                    _said(rule),
                    _read(rule),
                    rule.sources,
                )
        for line in option.support:
            yield f"{at}, support {line.text!r}", line.text, line.when, line.sources
        for row in option.disagreements:
            yield f"{at}, disagreement", row.text, None, row.sources
        if option.later_t_cells is not None:
            yield (
                f"{at}, later_t_cells",
                option.later_t_cells.text,
                None,
                option.later_t_cells.sources,
            )
    for shared in knowledge.shared:
        if isinstance(shared, SharedRule):
            yield (
                f"shared rule {shared.id}",
                _said(shared),
                _read(shared),
                shared.sources,
            )
        else:
            yield f"shared support {shared.text!r}", shared.text, shared.when, shared.sources
    for action in knowledge.actions.values():
        said = (action.text, action.open_text, action.because, action.until)
        texts = (*(x for x in said if x), *(w.text for w in action.wordings))
        read = (*action.conditions.values(), *(w.when for w in action.wordings))
        yield f"action {action.id}", " ".join(texts), " ".join(read), action.sources
    for practice in knowledge.practicalities.values():
        # what cites a publication itself is the reading of it: its figures stand nowhere else
        if not set(practice.sources) & (knowledge.sources.keys() - knowledge.statements.keys()):
            said_of = f"{practice.text} {practice.brief or ''}"
            yield f"practice {practice.id}", said_of, None, practice.sources
    for review in knowledge.reviews.values():
        yield f"review {review.id}", f"{review.changes} {review.also or ''}", None, review.sources
    for factor in knowledge.factors.values():
        at = f"factor {factor.id}"
        for indicator in factor.indicators:
            yield (
                f"{at}, indicator {indicator.id}",
                indicator.because,
                indicator.when,
                indicator.sources,
            )
        for frequency in factor.frequencies:
            yield f"{at}, frequency", frequency.text, None, frequency.sources
        for implication in factor.implications:
            yield f"{at}, implication", implication.text, None, implication.sources


def _said(rule: Rule | SharedRule) -> str:
    return " ".join((rule.because, rule.until or "", *(w.text for w in rule.wordings)))


def _read(rule: Rule | SharedRule) -> str:
    return " ".join((rule.when, *(w.when for w in rule.wordings)))


class _Figures:
    """The figures that stand in statements, sources, studies and arms."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.studies = {study.id: study for study in knowledge.studies}
        self.arms = {arm.id: arm for study in knowledge.studies for arm in study.arms}
        self.read: dict[str, set[float]] = {}

    def of(self, name: str) -> set[float]:
        if name not in self.read:
            entries: list[Any] = [
                self.studies.get(name),
                self.arms.get(name),
                self.knowledge.sources.get(name),
            ]
            if (statement := self.knowledge.statements.get(name)) is not None:
                entries += [statement.text]
            self.read[name] = {n for entry in entries for n in _numbers(entry)}
        return self.read[name]


def _numbers(value: Any) -> Iterator[float]:
    """Every number anywhere in an entry, as a number or in a text."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, str):
        yield from numbers_in(value)
    elif isinstance(value, tuple | list | frozenset):
        for part in value:
            yield from _numbers(part)
    else:  # an entry of the knowledge, or a part of one
        for part in fields(value):
            yield from _numbers(getattr(value, part.name))
