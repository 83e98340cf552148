"""The agents and CAR-T products that the name of a drug holds (`bortezomib 3.5 MG Injection`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rearm.knowledge.lexicon import Lexicon

__all__ = ["agents_in", "product_in"]

_WORDS = re.compile(r"[^\W\d_][\w\-]*")
_LONGEST = 3  # words of a name
_SHORTEST = 6  # letters: an abbreviation in the name of a drug may be that of a unit or a form


def agents_in(lexicon: Lexicon, name: str) -> tuple[str, ...]:
    """The ids of the agents that a name holds, whole words only, the longest first."""
    found: list[str] = []
    words = _WORDS.findall(name)
    place = 0
    while place < len(words):
        for length in range(_LONGEST, 0, -1):
            part = "".join(words[place : place + length])
            agent = lexicon.find_agent(part) if len(part) >= _SHORTEST else None
            if agent is not None:
                found.append(agent.id)
                place += length
                break
        else:
            place += 1
    return tuple(dict.fromkeys(found))


def product_in(lexicon: Lexicon, name: str) -> str | None:
    """The id of the CAR-T product that a name holds; None where it holds none, or two."""
    found = {p.id for part in _parts(name) if (p := lexicon.find_product(part)) is not None}
    return found.pop() if len(found) == 1 else None


def _parts(name: str) -> Iterator[str]:
    words = _WORDS.findall(name)
    for start in range(len(words)):
        for length in range(1, _LONGEST + 1):
            part = " ".join(words[start : start + length])
            if len(part) >= _SHORTEST:
                yield part
