"""Which options a person means by a name: of an option, a drug, a class, a kind of treatment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rearm.knowledge.lab_tests import name_key

if TYPE_CHECKING:
    from rearm.knowledge.bundle import Knowledge
    from rearm.knowledge.rulesets import Option

__all__ = ["declined_names", "options_named"]

# Say nothing of the kind of treatment.
_FILLERS = frozenset(
    (
        "a",
        "an",
        "any",
        "the",
        "further",
        "another",
        "therapy",
        "treatment",
        "therapie",
        "stem",
        "cell",
    )
)
_NOTHING = frozenset(("no", "none", "nothing", "nein", "keine", "nichts"))
_MEANS = {"chemotherapy": "cytotoxic", "chemotherapie": "cytotoxic", "radiation": "radiotherapy"}
# From this length on the beginning of a word is that word: transplant, Transplantation.
_STEM = 6


def declined_names(text: str) -> tuple[str, ...]:
    """The names of a statement that joins them by `;`; none where it says that there is none."""
    names = (part.strip() for part in text.split(";"))
    return tuple(name for name in names if name and name.casefold() not in _NOTHING)


def options_named(knowledge: Knowledge, name: str) -> tuple[str, ...]:
    """The ids of the options that a name stands for, in the order of the bundle: those with the
    drug, else with a drug of the class or of which every word of the name is told.
    """
    options, lexicon = knowledge.options.values(), knowledge.lexicon
    drug = lexicon.find_agent(name) or lexicon.find_product(name)
    if drug is not None:
        return tuple(o.id for o in options if drug.id in o.agents)
    of_class = frozenset(lexicon.agents_of_class(lexicon.find_class(name) or ""))
    wanted = set(_words(name)) - _FILLERS

    def meant(option: Option) -> bool:
        if name_key(name) in (name_key(option.id), name_key(option.name)):
            return True
        told = bool(wanted) and _tells(set(_words_of(knowledge, option)), wanted)
        return told or not of_class.isdisjoint(option.agents)

    return tuple(o.id for o in options if meant(o))


def _words_of(knowledge: Knowledge, option: Option) -> Iterator[str]:
    if not option.agents:  # else the name may tell of more than the treatment
        yield from _words(option.name)
    yield from _words(option.strategy)
    listed = knowledge.words.strategies.get(option.strategy)
    if listed is not None:
        yield from _words(listed.title)
        yield from _words(listed.words)
    for text in (*option.tags, *option.targets):
        yield from _words(text)
    for agent in option.agents:
        yield from (word for c in knowledge.lexicon.agent_class(agent) for word in _words(c))


def _words(text: str) -> list[str]:
    found = re.findall(r"[^\W_]+", text.casefold())
    return [_MEANS.get(word, word).removesuffix("s") for word in found]


def _tells(told: set[str], wanted: set[str]) -> bool:
    return all(any(_same(word, other) for other in told) for word in wanted)


def _same(a: str, b: str) -> bool:
    short, long = sorted((a, b), key=len)
    return a == b or (len(short) >= _STEM and long.startswith(short))
