"""Mutation testing of the response criteria: change one operator, number or condition at a time and
see whether the tests notice.

    python -m scripts.mutation [--share 0.25] [--jobs 2] [--module score] [--list]

Code and tests are copied first, and each mutant is loaded in a process of its own; the working tree
is left alone. A mutant is killed by the first disagreement with the literal second implementation
on 2,000 generated courses, or else by the tests of the criteria, or by running far too long. Prints
the survivors with their line, and ends with 1 where fewer than 85 % were killed. Text of sentences
is not
mutated: it decides nothing.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml  # noqa: F401  (loaded before the fork, so that no mutant pays for it)

HERE = Path(__file__).resolve().parents[1]
ROOT = Path(
    os.environ.get("REARM_MUTATION_TREE", HERE)
)  # a copy, so that edits while this runs kill nothing
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from tests.support.imwg_generator import generate  # noqa: E402
from tests.support.imwg_reference import reference  # noqa: E402

MODULES = ("score", "markers", "progression", "confirm", "levels", "limits")
COURSES, SECONDS, WANTED = 2000, 90, 0.85
# functions that only make text or values to show
SENTENCES = ("reason", "missing", "unusable", "text", "nadir", "carried")
TESTS = (
    "unit/test_limits.py",
    "unit/test_course_bounds.py",
    "unit/test_course_object.py",
    "spec/test_imwg_boundaries.py",
    "spec/test_imwg_confirmation.py",
    "spec/test_imwg_cases.py",
    "unit/test_course_criteria.py",
    "unit/test_failure.py",
    "unit/test_endpoints.py",
    "spec/test_failure_vignettes.py",
    "spec/test_response_output_missing.py",
    "spec/test_response_output_labels.py",
    "unit/test_course_response_review.py",
    "unit/test_course_false_signals.py",
    "spec/test_response_bad_input.py",
    "property/test_course_property.py",
)
_SWAPS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    module: str
    line: int
    what: str
    tree: ast.Module


def mutants(module: str) -> Iterator[Mutant]:
    """Every single change of the module's functions, in the order of the text."""
    tree = ast.parse(
        (ROOT / "src" / "rearm" / "response" / f"{module}.py").read_text(encoding="utf-8")
    )
    nodes = list(_deciding(tree))
    for n, node in enumerate(nodes):
        for k, (what, _) in enumerate(_changes(node)):
            twin = copy.deepcopy(tree)
            _, change = list(_changes(list(_deciding(twin))[n]))[k]
            change()
            yield Mutant(module, node.lineno, what, ast.fix_missing_locations(twin))


def _deciding(node: ast.AST) -> Iterator[Any]:
    """Nodes inside functions that can decide something: no annotations, no defaults of signatures,
    no parts of sentences.
    """
    for child in ast.iter_child_nodes(node):
        if (
            isinstance(child, ast.JoinedStr | ast.arguments)
            or child is getattr(node, "annotation", None)
            or child is getattr(node, "returns", None)
        ):
            continue
        if isinstance(child, ast.ClassDef):
            yield from (
                x
                for part in child.body
                if isinstance(part, ast.FunctionDef)
                for x in _deciding(part)
            )
            continue
        if isinstance(child, ast.FunctionDef) and child.name in SENTENCES:
            continue
        if isinstance(node, ast.Module) and not isinstance(child, ast.FunctionDef):
            continue
        yield child
        yield from _deciding(child)


def _changes(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            for other in _SWAPS.get(type(op), ()):
                yield (
                    f"{_short(node)}: {type(op).__name__} to {other.__name__}",
                    _setter(node.ops, i, other()),
                )
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign):
        for other in _SWAPS.get(type(node.op), ()):
            yield (
                f"{_short(node)}: {type(node.op).__name__} to {other.__name__}",
                _attribute(node, "op", other()),
            )
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        # in place of the node its operand is negated once more, which is the same
        yield (
            f"{_short(node)}: without not",
            _attribute(node, "operand", ast.UnaryOp(ast.Not(), node.operand)),
        )
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} to {not node.value}", _attribute(node, "value", not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield f"{node.value} to {node.value + 1}", _attribute(node, "value", node.value + 1)
    elif isinstance(node, ast.If | ast.IfExp):
        yield (
            f"if {_short(node.test)}: if not",
            _attribute(node, "test", ast.UnaryOp(ast.Not(), node.test)),
        )
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
        yield (
            f"{_short(node)}: {_CALLS[node.func.id]}",
            _attribute(node.func, "id", _CALLS[node.func.id]),
        )
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield f"{_short(node)}: left out", _attribute(node, "value", ast.Constant(None))
    elif (
        isinstance(node, ast.Return)
        and node.value is not None
        and not (isinstance(node.value, ast.Constant) and node.value.value is None)
    ):
        yield f"{_short(node)}: return None", _attribute(node, "value", ast.Constant(None))


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 70 else text[:67] + "..."


def _setter(target: list[Any], i: int, value: Any) -> Any:
    return lambda: target.__setitem__(i, value)


def _attribute(node: Any, name: str, value: Any) -> Any:
    return lambda: setattr(node, name, value)


# ---- running one ----------------


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, mutant: Mutant) -> None:
        self.name, self.mutant = f"rearm.response.{mutant.module}", mutant

    def find_spec(
        self, name: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.mutant.tree, f"<{self.name}>", "exec"), module.__dict__)


def survives(mutant: Mutant, cases: list[dict[str, Any]]) -> bool:
    """True where no test notices. Runs in a child process, since a module cannot be unloaded
    safely.
    """
    child = os.fork()
    if child == 0:
        verdict = 1
        try:
            signal.alarm(SECONDS)
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            sys.meta_path.insert(0, _Finder(mutant))
            verdict = 0 if _passes(cases) else 1
        finally:
            os._exit(verdict)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def _passes(cases: list[dict[str, Any]]) -> bool:
    from tests.support.imwg_cases import run_cases

    for start in range(0, len(cases), 20):
        if not run_cases(cases[start : start + 20]).agreed:
            return False
    files = [str(ROOT / "tests" / name) for name in TESTS]
    return (
        pytest.main(
            ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(ROOT), *files]
        )
        == 0
    )


def _in_a_copy() -> int:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("src", "tests", "examples"):
            shutil.copytree(
                HERE / name, Path(folder) / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        shutil.copy(HERE / "pyproject.toml", folder)
        place = {
            "REARM_MUTATION_TREE": folder,
            "REARM_SHARED": os.environ.get("REARM_SHARED", str(HERE.parent / "shared")),
        }
        return subprocess.run(
            [sys.executable, "-m", "scripts.mutation", *sys.argv[1:]],
            env={**os.environ, **place},
            check=False,
        ).returncode


def main() -> int:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument(
        "--share",
        type=float,
        default=1.0,
        help="a random share of the mutants, always the same one",
    )
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--module", choices=MODULES)
    arguments.add_argument("--list", action="store_true", help="only list the mutants")
    given = arguments.parse_args()
    if not given.list and "REARM_MUTATION_TREE" not in os.environ:
        return _in_a_copy()
    chosen = [
        m for module in ([given.module] if given.module else MODULES) for m in mutants(module)
    ]
    if given.share < 1:
        chosen = random.Random(0).sample(chosen, max(1, round(given.share * len(chosen))))
    if given.list:
        print("\n".join(f"{m.module}.py:{m.line}  {m.what}" for m in chosen))
        return 0
    cases = [{**(case := generate(seed)), "expected": reference(case)} for seed in range(COURSES)]
    whole = Mutant(
        chosen[0].module,
        0,
        "nothing",
        ast.parse((ROOT / f"src/rearm/response/{chosen[0].module}.py").read_text("utf-8")),
    )
    if not survives(whole, cases):
        print("The tests fail without any mutation, so nothing can be told. Mend them first.")
        return 2
    with ThreadPoolExecutor(given.jobs) as pool:
        alive = [
            m
            for m, lives in zip(chosen, pool.map(lambda m: survives(m, cases), chosen), strict=True)
            if lives
        ]
    if not survives(whole, cases):
        print(
            "The tests fail at the end without any mutation (a busy machine?): it cannot be told"
            " what was killed. Run it again."
        )
        return 2
    for module in MODULES:
        n, left = sum(m.module == module for m in chosen), sum(m.module == module for m in alive)
        if n:
            print(
                f"{module + '.py':16} {n - left:4} of {n:4} killed ({100 * (n - left) / n:.1f} %)"
            )
    for m in sorted(alive, key=lambda m: (m.module, m.line)):
        print(f"  survived  {m.module}.py:{m.line}  {m.what}")
    killed = 1 - len(alive) / len(chosen)
    print(f"mutants {len(chosen)}, killed {len(chosen) - len(alive)} ({100 * killed:.1f} %)")
    return 0 if killed >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
