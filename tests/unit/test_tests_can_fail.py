"""No test that cannot fail: each is sure to assert something. An assertion in a loop counts where
there is surely something to loop over (`some`, a literal, a range). Property tests may loop over
nothing: their inputs are drawn, and a single one may well be empty.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from tests.support.loops import some
from tests.support.places import ROOT

FILES = sorted((ROOT / "tests").rglob("test_*.py"))


def _asserts(node: ast.AST, asserting: frozenset[str]) -> bool:
    """Whether an assertion stands anywhere in the node: assert, pytest.raises, pytest.fail, or a
    call of a helper that asserts.
    """
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert):
            return True
        if isinstance(inner, ast.Call):
            name = ast.unparse(inner.func)
            if name in ("pytest.raises", "pytest.fail", "pytest.warns") or name in asserting:
                return True
    return False


def _helpers(tree: ast.Module) -> frozenset[str]:
    """Functions of the file that assert, also by way of each other, and `says` of the command line;
    a command run with `check` raises by itself.
    """
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    found = frozenset(
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "tests.support.command_line"
        for name in node.names
        if name.name in _helpers_of(node.module)
    )
    while True:
        more = found | {f.name for f in functions if _asserts(f, found)}
        if more == found:
            return found
        found = more


@cache
def _helpers_of(module: str) -> frozenset[str]:
    file = ROOT / f"{module.replace('.', '/')}.py"
    return _helpers(ast.parse(file.read_text(encoding="utf-8")))


def _never_empty(over: ast.expr) -> bool:
    if isinstance(over, ast.Tuple | ast.List | ast.Set):
        return bool(over.elts)
    if not isinstance(over, ast.Call):
        return False
    name = ast.unparse(over.func)
    if name in ("enumerate", "zip", "sorted", "reversed"):
        return any(_never_empty(argument) for argument in over.args[:1])
    literal_range = name == "range" and all(isinstance(a, ast.Constant) for a in over.args)
    return name == "some" or literal_range


def _is_drawn(function: ast.FunctionDef) -> bool:
    return any("given" in ast.unparse(d) for d in function.decorator_list)


def _certain(statement: ast.stmt) -> bool:
    """Whether a statement with an assertion is sure to reach it."""
    if isinstance(statement, ast.If):
        return bool(statement.orelse)
    return not isinstance(statement, ast.For) or _never_empty(statement.iter)


def faults(source: str) -> list[str]:
    """What is wrong with the tests of one file, by line."""
    tree = ast.parse(source)
    helpers = _helpers(tree)
    found = []
    for function in ast.walk(tree):
        is_test = isinstance(function, ast.FunctionDef) and function.name.startswith("test_")
        if not isinstance(function, ast.FunctionDef) or not is_test:
            continue
        if not _asserts(function, helpers):
            found.append(f"line {function.lineno}: {function.name} asserts nothing")
        statements = [s for s in function.body if _asserts(s, helpers)]
        if statements and not _is_drawn(function) and not any(map(_certain, statements)):
            found.append(f"line {function.lineno}: {function.name} may assert nothing")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_each_test_of_this_file_can_fail(file: Path) -> None:
    assert faults(file.read_text(encoding="utf-8")) == []


def test_all_kinds_of_tests_are_read() -> None:
    folders = {file.parent.name for file in FILES}
    assert folders >= {"unit", "spec", "property", "reference", "end_to_end"}


BAD = (
    "def test_a():\n    f()\n",
    "def test_a():\n    for x in things():\n        assert x\n",
    "def test_a():\n    for x in ():\n        assert x\n",
    "def test_a():\n    if f():\n        assert 1 == 2\n",
)
GOOD = (
    "def test_a():\n    for x in some(things()):\n        assert x\n",
    "def test_a():\n    for x in (1, 2):\n        assert x\n",
    "def test_a():\n    for i, x in enumerate(some(f())):\n        assert x\n",
    "def test_a():\n    for x in f():\n        assert x\n    assert g()\n",
    "def check(x):\n    assert x\n\ndef test_a():\n    check(1)\n",
)


@pytest.mark.parametrize("source", BAD)
def test_a_fault_is_found(source: str) -> None:
    assert len(faults(source)) == 1


@pytest.mark.parametrize("source", GOOD)
def test_what_is_right_is_left_alone(source: str) -> None:
    assert faults(source) == []


def test_some_fails_where_there_is_nothing() -> None:
    assert some(x for x in (1, 2)) == [1, 2]
    with pytest.raises(AssertionError, match="nothing to loop over"):
        some([])
