"""What is known apart from the patient.

Tests, agents, criteria, the catalogue of findings, factors, options, studies, statements and words.
Everything is TOML under `data/`. `load()` gives the whole bundle with its version and hash.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rearm.knowledge._build import KnowledgeError
    from rearm.knowledge.bundle import Knowledge, load
    from rearm.knowledge.catalogue import Catalogue, Finding, load_catalogue

__all__ = ["Catalogue", "Finding", "Knowledge", "KnowledgeError", "load", "load_catalogue"]

_HOMES = {
    "Catalogue": "catalogue",
    "Finding": "catalogue",
    "load_catalogue": "catalogue",
    "Knowledge": "bundle",
    "load": "bundle",
    "KnowledgeError": "_build",
}


def __getattr__(name: str) -> Any:
    """Names are looked up on first use: whoever needs only the tests does not read the rules."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
