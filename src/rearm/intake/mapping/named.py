"""What a text of a table names: agents, a CAR-T product, a laboratory test. Lists of medications
and procedures hold much that has nothing to do with the disease.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from rearm.intake.build.product_names import product_within
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.lexicon import Lexicon

__all__ = ["Named"]

_WORD = re.compile(r"[^\W_]+")
_LONGEST = 4  # words of one name
_SHORTEST = 4  # letters; a shorter name may stand for something else in a list of medications


class Named:
    """Looks up names of one knowledge bundle; a text that stands many times is looked up once."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self.names = lru_cache(maxsize=4096)(self._names)
        self._finders: Mapping[str, Callable[[str], tuple[str, ...]]] = {
            "agent": self._agents,
            "product": self._products,
            "test": self._tests,
        }

    def holds(self, kind: str, text: str) -> bool:
        """Whether a text names something of the kind. A result whose name speaks of the disease is
        one, be it that nobody can read it: it must not go unseen.
        """
        if kind == "test":
            folded = text.casefold()
            if any(word in folded for word in self._knowledge.fhir_codes.disease):
                return True
        return bool(self.names(kind, text))

    def _names(self, kind: str, text: str) -> tuple[str, ...]:
        """The ids of what a text names, in the order in which they stand there; empty where it
        names nothing of the kind.
        """
        return self._finders[kind](text)

    def _agents(self, text: str) -> tuple[str, ...]:
        lexicon = self._knowledge.lexicon
        whole = lexicon.find_agent(text)
        if whole is not None:
            return (whole.id,)
        regimens = [sets for sets in lexicon.candidate_sets(text) if sets]
        if len(regimens) == 1:
            return regimens[0]
        return _agents_within(text, lexicon)

    def _products(self, text: str) -> tuple[str, ...]:
        whole = self._knowledge.lexicon.find_product(text)
        if whole is not None:
            return (whole.id,)
        within = product_within(text, self._knowledge.lexicon)
        return () if within is None else (within[0].id,)

    def _tests(self, text: str) -> tuple[str, ...]:
        return tuple(test.id for test in self._knowledge.lab_tests.find(text))


def _agents_within(text: str, lexicon: Lexicon) -> tuple[str, ...]:
    """The agents that stand among other words: `bortezomib 3.5 MG injection`."""
    words = [*_WORD.finditer(text)]
    found: dict[str, None] = {}
    at = 0
    while at < len(words):
        for stop in range(min(len(words), at + _LONGEST), at, -1):
            name = text[words[at].start() : words[stop - 1].end()]
            agent = lexicon.find_agent(name) if len(name) >= _SHORTEST else None
            if agent is not None:
                found[agent.id] = None
                at = stop - 1
                break
        at += 1
    return tuple(found)
