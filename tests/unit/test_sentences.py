"""The sentences that a user can meet: no slips of language that a machine can find.

Walks the texts of `src/rearm` (docstrings aside), of the templates and of the knowledge, and
refuses what no clinician or data manager would write: two negatives in one clause, the name of a
variable, a sentence of more than 45 words, and words once used in place of the field's noun.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rearm.intake.omop.tables import TABLES

SOURCE = Path(__file__).parents[2] / "src" / "rearm"
KNOWLEDGE = SOURCE / "knowledge" / "data"
MOST_WORDS = 45

# part of a path -> why names of keys may stand in its sentences: the reader writes that file
WRITES_KEYS = {
    "intake/mapping/": "to whoever writes a mapping file, of its keys",
    "knowledge/": "to whoever writes knowledge files, of their keys; not the knowledge itself",
    "knowledge/data/mechanism/": "to whoever fits the model, of its parameters",
    "board/store/migrations/": "to the database, as SQL",
    "board/exchange/": "to whoever connects a record system, of keys of the section and of SMART",
    "board/record_system/cds.py": "to whoever connects a record system, of names of CDS Hooks",
    "board/settings.py": "to whoever configures a board, of the keys of the file",
    "assessment/check": "to whoever writes knowledge files, of their keys",
    "assessment/planner.py": "to whoever writes placements, of their keys",
    "rules/reading.py": "to whoever writes a condition, of its findings",
    "mechanism/": "to whoever writes a plan or model parameters, of their keys",
}
NAMES = {
    "as_of": "the argument of rearm.assess",
    "data_manager": "a role, for --role",
    "quantitative_ig": "a word of the criteria, for --set",
}
WRONG_WORDS = {
    r"\btwins?\b": "a duplicate",
    r"\b(?:borne|bears?|bear|bearing)\b(?: \w+)? out\b": "confirmed, supported",
    r"\bto be had\b": "available",
    r"\bstands? twice\b": "appears twice",
    r"\bfault of the program\b": "an internal error",
    r"\bnot known whether\b": "it is unknown whether",
    r"\bnot un(?!til\b|der\b|less\b|it\b|its\b|ion\b|ique)\w+": "say it without the negatives",
}

_NEGATIVE = re.compile(
    r"\b(?:no|not|none|nothing|nobody|never|neither|cannot)\b|n['’]t\b", re.IGNORECASE
)
_END_OF_CLAUSE = re.compile(
    r"[,.;:()–=…]|\b(?:and|or|nor|but|so|because|if|unless|that|which|while|where|whether|although)\b"
)
_END_OF_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_WORD = re.compile(r"[A-Za-zÀ-ÿ'’-]+")
_SNAKE = re.compile(r"(?<![`\w./=<{'-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w`/>=('])")
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|can't|cannot|may|must|needs?|do|does|did|will|would|"
    r"gives?|holds?|contains?|enter|write|check|name|use|uses|used|shows?|counts?|depends|means?|stands?)\b"
)
_NO_SENTENCE = re.compile(r"\(\?|\\[bdsw]|</?[a-z]+[ >]|^\s*SELECT\b|\[\[[a-z]|^\s*#")


class Sentence(NamedTuple):
    """A sentence, and the file with the line or the key that it stands at."""

    where: str
    text: str


def _docstrings(tree: ast.AST) -> set[int]:
    bodies = (
        node.body
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return {id(b[0].value) for b in bodies if b and isinstance(b[0], ast.Expr)}


def _texts(node: ast.AST, apart: set[int]) -> Iterator[tuple[int, str]]:
    """(line, text) of each string; what is filled into one is shown as an ellipsis."""
    if isinstance(node, ast.JoinedStr):
        parts = [v.value if isinstance(v, ast.Constant) else "…" for v in node.values]
        yield node.lineno, "".join(map(str, parts))
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                yield from _texts(value.value, apart)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and id(node) not in apart:
            yield node.lineno, node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child, apart)


def _of_code(file: Path, code: str) -> Iterator[tuple[str, str]]:
    tree = ast.parse(code)
    for line, text in _texts(tree, _docstrings(tree)):
        yield f"{file.relative_to(SOURCE).as_posix()}:{line}", text


def _leaves(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _leaves(below, f"{key}.{name}")
    elif isinstance(value, list):
        for below in value:
            yield from _leaves(below, key)
    elif isinstance(value, str):
        yield key, value


def _of_knowledge(file: Path) -> Iterator[tuple[str, str]]:
    yield from _leaves(tomllib.loads(file.read_text("utf-8")), file.relative_to(SOURCE).as_posix())


def _of_template(file: Path) -> Iterator[tuple[str, str]]:
    filled = re.sub(r"\{([%#{]).*?[%#}]\}", "…", file.read_text("utf-8"), flags=re.DOTALL)
    plain = re.sub(r"<style.*?</style>|<[^>]*>", "\n", filled, flags=re.DOTALL)
    yield file.relative_to(SOURCE).as_posix(), plain


def split(where: str, text: str) -> Iterator[Sentence]:
    """The sentences of a text; none where it is a pattern, markup or a list of names."""
    if " " in text.strip() and _VERB.search(text) and not _NO_SENTENCE.search(text):
        for sentence in _END_OF_SENTENCE.split(text):
            if sentence.strip():
                yield Sentence(where=where, text=sentence.strip())


@cache
def sentences() -> tuple[Sentence, ...]:
    code = (_of_code(f, f.read_text("utf-8")) for f in sorted(SOURCE.rglob("*.py")))
    knowledge = map(_of_knowledge, sorted(KNOWLEDGE.rglob("*.toml")))
    templates = map(_of_template, sorted(SOURCE.rglob("*.j2")))
    texts = chain.from_iterable(chain(code, knowledge, templates))
    return tuple(s for where, text in texts for s in split(where, text))


@cache
def columns() -> frozenset[str]:
    """Columns of the tidy tables and their words, and the names of OMOP: what whoever enters data
    writes and reads.
    """
    tables = tomllib.loads((KNOWLEDGE / "tables.toml").read_text("utf-8"))
    found: set[str] = {"not_detected", "cells_counted"}
    for cdm_table in TABLES.values():
        found.update([cdm_table.name, *cdm_table.read])
    for table in tables["table"].values():
        for column in table["columns"]:
            found.update([column["name"], *column.get("words", ())])
    return frozenset(found)


def wrong_words(sentence: Sentence) -> list[str]:
    return [
        f"{better}: {found.group()}"
        for pattern, better in WRONG_WORDS.items()
        if (found := re.search(pattern, sentence.text, re.IGNORECASE))
    ]


def double_negatives(sentence: Sentence) -> list[str]:
    clauses = _END_OF_CLAUSE.split(sentence.text)
    return [c.strip() for c in clauses if len(_NEGATIVE.findall(c)) > 1]


def internal_names(sentence: Sentence) -> list[str]:
    where = max((k for k in WRITES_KEYS if sentence.where.startswith(k)), key=len, default="")
    if where and not (where == "knowledge/" and sentence.where.startswith("knowledge/data/")):
        return []
    return [x for x in _SNAKE.findall(sentence.text) if x not in columns() and x not in NAMES]


def too_long(sentence: Sentence) -> list[str]:
    words = len(_WORD.findall(sentence.text))
    return [f"{words} words"] if words > MOST_WORDS else []


RULES = (wrong_words, double_negatives, internal_names, too_long)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_sentences_of_the_program_and_the_knowledge(rule: Any) -> None:
    assert len(sentences()) > 3000
    found = [f"{s.where}: {'; '.join(slips)} | {s.text}" for s in sentences() if (slips := rule(s))]
    assert found == []


def test_each_exception_is_still_needed() -> None:
    named = {(s.where, x) for s in sentences() for x in _SNAKE.findall(s.text)}
    assert set(NAMES) <= {name for _, name in named}
    for where in WRITES_KEYS:
        assert any(place.startswith(where) and x not in columns() for place, x in named), where


# what the rules are there for: sentences that this project once had
ONCE = [
    (wrong_words, "A value that contradicts its twin is set aside."),
    (wrong_words, "The results do not bear it out."),
    (wrong_words, "The rise was not borne out later."),
    (wrong_words, "It is to be had only within a trial."),
    (wrong_words, "The column stands twice."),
    (wrong_words, "Not known whether this is so."),
    (wrong_words, "The day is not unknown."),
    (double_negatives, "No result is not read."),
    (double_negatives, "It is used, but it cannot be not known."),
    (double_negatives, "Nobody can't have it."),
    (internal_names, "Unknown is high_risk_cytogenetics, which is asked for."),
    (too_long, "It is " + "very " * 44 + "long."),
]


@pytest.mark.parametrize(("rule", "text"), ONCE, ids=[text[:30] for _, text in ONCE])
def test_a_slip_is_found(rule: Any, text: str) -> None:
    (sentence,) = split("report/page.py:1", text)
    assert rule(sentence)


def test_good_sentences_pass() -> None:
    good = (
        "A number without a unit is not used. Enter ref_low as a number, or `even_blank`. It has no"
        " month or is not a date. Neither is used; the day is not until then."
    )
    found = list(split("report/page.py:1", good))
    assert len(found) == 5
    assert [slip for sentence in found for rule in RULES for slip in rule(sentence)] == []


def test_texts_of_code_are_walked_as_they_are_read() -> None:
    code = (
        'def f(x):\n    """It is no sentence."""\n    return f"Day {x + \'is it\'} is" " used."\n'
    )
    found = [text for _, text in _of_code(SOURCE / "a.py", code)]
    assert found == ["Day … is used.", "is it"]
