"""What CDS Hooks 2.0 lets a prefetch template say, looked at in our own templates: a read, a search
by type, tokens by equality or `:in`, dates by eq lt gt ge le, `_count`, `_sort`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["LONGEST_TEMPLATE", "faults"]

LONGEST_TEMPLATE = 1500
"""Characters; longer addresses are refused by some servers."""

_TOKEN = re.compile(r"\{\{context\.[A-Za-z]+\}\}")
_ANY_TOKEN = re.compile(r"\{\{.*?\}\}")
_READ = re.compile(r"[A-Z][A-Za-z]+/(?:[A-Za-z0-9.-]{1,64}|\{\{context\.[A-Za-z]+\}\})")
_KIND = re.compile(r"[A-Z][A-Za-z]+")
_PARAMETER = re.compile(r"[a-z][a-z-]*(?::in)?")
_DATE = re.compile(r"(?:eq|lt|gt|ge|le)?\d{4}(?:-\d{2}(?:-\d{2})?)?")
_SORT = re.compile(r"-?[a-z][a-z-]*(?:,-?[a-z][a-z-]*)*")


def faults(template: str) -> list[str]:
    """What a template says that a record system need not understand, each a sentence."""
    return list(_faults(template))


def _faults(template: str) -> Iterator[str]:
    if len(template) > LONGEST_TEMPLATE:
        yield f"longer than {LONGEST_TEMPLATE} characters"
    for token in _ANY_TOKEN.findall(template):
        if not _TOKEN.fullmatch(token):
            yield f"{token} is no value of the context"
    kind, mark, query = template.partition("?")
    if not mark:
        if not _READ.fullmatch(template):
            yield "neither a read nor a search by type"
        return
    if not _KIND.fullmatch(kind):
        yield f"{kind} is no type"
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            yield f"{part} has no value"
        else:
            yield from _of_parameter(name, value)


def _of_parameter(name: str, value: str) -> Iterator[str]:
    if name == "_count":
        if not value.isdigit():
            yield f"_count={value} is no number"
    elif name == "_sort":
        if not _SORT.fullmatch(value):
            yield f"_sort={value} is not in the form of R4"
    elif not _PARAMETER.fullmatch(name):
        yield f"{name} is not supported"
    elif name in ("date", "onset-date", "effective-time") and not _DATE.fullmatch(value):
        yield f"{name}={value} is no comparison of dates"
