"""What is known, apart from the patient: tests, agents, criteria, the catalogue of findings,
factors, options, studies, statements.

Everything is TOML under `data/`. `load()` gives the whole bundle with its version and hash.
"""

from __future__ import annotations

from typing import Any

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
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
