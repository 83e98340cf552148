"""Ids of tests that the code names stand in the dictionary: a wrong one would never match."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import rearm
from rearm.knowledge.lab_tests import load_tests

SOURCE = Path(rearm.__file__).parent


def _strings(node: ast.AST, constants: dict[str, ast.expr]) -> Iterator[str]:
    """The strings that an expression holds, also by the name of a constant of its module."""
    if isinstance(node, ast.JoinedStr):
        return  # made as it runs
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name) and node.id in constants:
        yield from _strings(constants[node.id], {})
    for part in ast.iter_child_nodes(node):
        yield from _strings(part, constants)


def _ids_compared(tree: ast.Module) -> Iterator[str]:
    """What `lab.test` is compared with, and what `of_test` is asked for."""
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(isinstance(side, ast.Attribute) and side.attr == "test" for side in sides):
                for side in sides:
                    yield from _strings(side, constants)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "of_test":
            for argument in node.args:
                yield from _strings(argument, constants)


def test_ids_in_code_are_in_the_dictionary() -> None:
    named = {
        (path.relative_to(SOURCE).as_posix(), test_id)
        for path in SOURCE.rglob("*.py")
        for test_id in _ids_compared(ast.parse(path.read_text("utf-8")))
    }
    assert ("outcome/pattern.py", "csf_plasma_cells") in named
    assert [x for x in sorted(named) if x[1] not in load_tests()] == []


def test_a_wrong_id_would_be_seen() -> None:
    code = '_CAR = frozenset({"car_t_cells"})\nseen = any(lab.test in _CAR for lab in labs)'
    assert list(_ids_compared(ast.parse(code))) == ["car_t_cells"]
