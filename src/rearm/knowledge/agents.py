"""The bundled lexicon by functions, for callers that are not yet handed a `Knowledge`."""

from __future__ import annotations

from rearm.knowledge.bundle import bundled
from rearm.knowledge.lexicon import Agent

__all__ = ["find_agent", "find_class"]


def find_agent(text: str) -> Agent | None:
    return bundled().lexicon.find_agent(text)


def find_class(text: str) -> str | None:
    return bundled().lexicon.find_class(text)
