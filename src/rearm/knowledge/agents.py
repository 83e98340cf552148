"""The bundled lexicon by functions, for callers that are not yet handed a `Knowledge`."""

from __future__ import annotations

from collections.abc import Mapping

from rearm.knowledge.bundle import bundled
from rearm.knowledge.lexicon import Agent, Product, Regimen, RegimenWords, lookup_key

__all__ = [
    "Agent",
    "Product",
    "Regimen",
    "agent_class",
    "agents_of_class",
    "candidate_sets",
    "find_agent",
    "find_class",
    "find_product",
    "find_regimens",
    "load_agents",
    "load_products",
    "load_regimens",
    "load_words",
    "lookup_key",
    "split_name",
]


def load_agents() -> Mapping[str, Agent]:
    return bundled().lexicon.agents


def load_products() -> Mapping[str, Product]:
    return bundled().lexicon.products


def load_regimens() -> Mapping[str, Regimen]:
    return bundled().lexicon.regimens


def load_words() -> RegimenWords:
    return bundled().lexicon.words


def find_agent(text: str) -> Agent | None:
    return bundled().lexicon.find_agent(text)


def find_product(text: str) -> Product | None:
    return bundled().lexicon.find_product(text)


def find_regimens(text: str) -> tuple[Regimen, ...]:
    return bundled().lexicon.find_regimens(text)


def split_name(word: str) -> tuple[tuple[str, ...], tuple[Regimen, ...]] | None:
    return bundled().lexicon.split_name(word)


def candidate_sets(name: str) -> tuple[tuple[str, ...], ...]:
    return bundled().lexicon.candidate_sets(name)


def agent_class(agent_id: str) -> tuple[str, ...]:
    return bundled().lexicon.agent_class(agent_id)


def agents_of_class(name: str) -> tuple[str, ...]:
    return bundled().lexicon.agents_of_class(name)


def find_class(text: str) -> str | None:
    return bundled().lexicon.find_class(text)
