"""All conditions of a bundle, read once and kept by the hash of the bundle."""

from __future__ import annotations

from collections.abc import Mapping

from rearm.knowledge._build import KnowledgeError
from rearm.knowledge._cache import from_cache, to_cache
from rearm.knowledge.bundle import Knowledge
from rearm.rules.reading import ConditionRefused, parse_condition
from rearm.rules.tree import RuleCondition, condition_from_json

__all__ = ["conditions_of", "read_conditions"]

_READ: dict[str, Mapping[str, RuleCondition]] = {}  # by the hash of the bundle


def conditions_of(knowledge: Knowledge) -> Mapping[str, RuleCondition]:
    """Every condition of the bundle by its text. Raises KnowledgeError with a sentence for each
    that is refused.
    """
    key = knowledge.hash
    if key not in _READ:
        cached = from_cache("conditions", key)
        texts = {text for _, text in knowledge.condition_texts()}
        # a version that read less of the same files may have kept fewer
        if cached is not None and texts == {row[0] for row in cached}:
            _READ[key] = {row[0]: condition_from_json(row) for row in cached}
        else:
            found, problems = read_conditions(knowledge)
            if problems:
                raise KnowledgeError(problems)
            to_cache("conditions", key, [c.to_json() for c in found.values()])
            _READ[key] = found
    return _READ[key]


def read_conditions(knowledge: Knowledge) -> tuple[dict[str, RuleCondition], list[str]]:
    """The conditions that can be read, and a sentence for each other one with the entries that it
    stands in.
    """
    found: dict[str, RuleCondition] = {}
    problems: dict[str, list[str]] = {}
    for where, text in knowledge.condition_texts():
        if text in found:
            continue
        try:
            found[text] = parse_condition(text, knowledge.catalogue)
        except ConditionRefused as error:
            problems.setdefault(str(error), []).append(where)
    return found, [f"{'; '.join(where)}: {why}" for why, where in problems.items()]
