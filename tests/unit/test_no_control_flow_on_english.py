"""Codes decide, sentences are made last: nothing in `src/` compares with, or searches in, English.

Looks for comparisons, `in`, `match` and startswith / endswith with a text constant of more than one
word, written there or named by a constant of a module. A code is one word (`not_failed`, `PD`,
`ne-no-baseline`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "rearm"

# file (or folder) -> why it may: the text compared with comes from the input, not from us
ALLOWED: dict[str, str] = {
    "intake/": "the words of the input, which are what intake reads",
    "board/exchange/": "types of FHIR resources, as a record system sends them",
    "board/record_system/cds.py": "the type of an access token, as a record system sends it",
    "response/false_signals.py": "a band of an immunofixation as the laboratory names it",
}
# codes of a published Literal that are two words since 0.1.0; the type checker holds them
CODES = {"none read": "directness of evidence", "indirect only": "directness of evidence"}

_WORDS = re.compile(r"[A-Za-z]{2,}\s+[A-Za-z]|^[A-Z][a-z]{3,}$")


def _texts(node: ast.AST, named: Mapping[str, str]) -> Iterator[str]:
    """Texts of an operand: constants, also by name, also inside a tuple, list or set."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name) and node.id in named:
        yield named[node.id]
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        for element in node.elts:
            yield from _texts(element, named)


def _asked(node: ast.AST, named: Mapping[str, str]) -> Iterator[str]:
    """Text constants that a comparison or a search within a text asks for."""
    if isinstance(node, ast.Compare):
        for operand in (node.left, *node.comparators):
            yield from _texts(operand, named)
    elif (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("startswith", "endswith", "find", "index", "count")
    ):
        for argument in node.args:
            yield from _texts(argument, named)
    elif isinstance(node, ast.MatchValue):
        yield from _texts(node.value, named)


def named_texts(code: str) -> dict[str, str]:
    """The module's own constants that are text: name -> text."""
    return {
        target.id: statement.value.value
        for statement in ast.parse(code).body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }


def english_in(code: str, named: Mapping[str, str] = MappingProxyType({})) -> list[tuple[int, str]]:
    """(line, text) of every decision on English in a module."""
    constants = {**named, **named_texts(code)}
    return [
        (getattr(node, "lineno", 0), text)
        for node in ast.walk(ast.parse(code))
        for text in _asked(node, constants)
        if _WORDS.search(text) and text not in CODES
    ]


def _found() -> dict[str, list[tuple[int, str]]]:
    files = sorted(SOURCE.rglob("*.py"))
    assert len(files) > 100
    modules = {path.relative_to(SOURCE).as_posix(): path.read_text("utf-8") for path in files}
    public = {
        name: text
        for code in modules.values()
        for name, text in named_texts(code).items()
        if name.isupper() and not name.startswith("_")
    }
    found = {name: english_in(code, public) for name, code in modules.items()}
    return {
        name: lines
        for name, lines in found.items()
        if lines and not any(name.startswith(place) for place in ALLOWED)
    }


def test_nothing_decides_on_english() -> None:
    assert _found() == {}


@pytest.mark.parametrize(
    "code",
    [
        'if "Died" not in reason: pass',
        'x = 1 if e.reason == "last contact" else 2',
        'y = [x for x in z if x.text.startswith("not reached in")]',
        'def f(e): return "due to myeloma" in e.text',
        'if why in ("one day", "b"): pass',
        'match why:\n    case "two results": pass',
        'GONE = "no lines recorded"\nif gap == GONE: pass',
    ],
)
def test_the_habit_is_found(code: str) -> None:
    assert english_in(code)


@pytest.mark.parametrize(
    "code",
    [
        'if status == "not_failed": pass',
        'if rule in ("sd-none", "PD", "sCR", "IgG"): pass',
        'text = "Died of myeloma" if died else "alive at last contact"',
    ],
)
def test_codes_and_sentences_are_no_habit(code: str) -> None:
    assert not english_in(code)
