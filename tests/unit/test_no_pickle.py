"""Nothing that lies in a file is unpickled or evaluated: whoever can write the file would run code
of their own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.loops import some
from tests.support.places import ROOT

import rearm
from rearm.cohort.store.whole_input import WholeInput
from rearm.intake.parts import folder_of_part
from rearm.record import Record

SOURCES = sorted((ROOT / "src").rglob("*.py"))
PICKLES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "shelve", "marshal", "joblib"}
# methods that read a pickle, or run what a text says, whatever module they are of
READERS = {"read_pickle", "from_pickle", "load_pickle", "deserialize", "unsafe_load", "full_load"}
RUNNERS = {"eval", "exec", "compile", "__import__"}
ALLOWED = {
    # rows that this run gives to the tasks of its own cluster and gets back; none is kept
    "rearm/cohort/store/spark.py": {"import pickle", "pickle.loads", "pickle.dumps"},
}


def unsafe(tree: ast.AST) -> Iterator[str]:
    """What reads a pickle, or runs a text, in the order of the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in PICKLES:
                    yield f"import {alias.name}"
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] in PICKLES:
                yield f"from {node.module}"
            yield from (f"from import {x.name}" for x in node.names if x.name in READERS)
        elif isinstance(node, ast.Call):
            yield from _unsafe_call(node)


def _unsafe_call(node: ast.Call) -> Iterator[str]:
    called = ast.unparse(node.func)
    first, _, last = called.partition(".")
    method = called.rpartition(".")[2]
    if first in PICKLES and last:
        yield called
    if method in READERS or called in RUNNERS:
        yield called
    for keyword in node.keywords:
        if keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False":
            yield f"{called}(allow_pickle)"
    if called in ("np.load", "numpy.load", "np.fromfile") and "allow_pickle" not in {
        keyword.arg for keyword in node.keywords
    }:
        yield f"{called} without allow_pickle=False"
    if called == "yaml.load":
        yield called


def test_nothing_of_the_program_reads_a_pickle() -> None:
    assert len(SOURCES) > 300
    found: dict[str, set[str]] = {}
    for file in some(SOURCES):
        unsafe_ones = set(unsafe(ast.parse(file.read_text(encoding="utf-8"))))
        if unsafe_ones:
            found[file.relative_to(ROOT / "src").as_posix()] = unsafe_ones
    assert found == ALLOWED


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "import joblib",
        "from pickle import load",
        "from pandas import read_pickle",
        "pickle.load(file)",
        "pandas.read_pickle('x')",
        "polars.DataFrame.deserialize(file)",
        "np.load(file)",
        "np.load(file, allow_pickle=True)",
        "numpy.load(file, allow_pickle=maybe)",
        "yaml.load(text)",
        "eval(text)",
        "exec(text)",
    ],
)
def test_the_scan_would_see_it(line: str) -> None:
    assert list(unsafe(ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    [
        "np.load(file, allow_pickle=False)",
        "column.list.eval(x)",
        "yaml.safe_load(x)",
        "re.compile(x)",
    ],
)
def test_the_scan_lets_pass_what_is_safe(line: str) -> None:
    assert not list(unsafe(ast.parse(line)))


def test_records_come_back_from_their_parts_as_they_were(tmp_path: Path) -> None:
    """What was pickled before is written as data now: every field, the places of rows included."""
    source = ROOT / "examples" / "tables"
    read = list(rearm.read(source).records)
    doubled = [
        *read,
        *(replace(x, patient_id=f"{x.patient_id}-{n}") for n in range(60) for x in read),
    ]
    reading = rearm.read(source)
    reading.stream = lambda: iter(doubled)  # type: ignore[method-assign]
    whole = WholeInput(reading)
    whole.cut(source, tmp_path, 3)
    back: dict[str, Record] = {}
    for part in range(3):
        found = whole.read(folder_of_part(tmp_path, part), rearm.load_knowledge(), None)
        back |= {record.patient_id: record for record in found.stream()}
    assert len(back) == len(doubled) > 512  # more than two blocks
    assert [repr(back[x.patient_id]) for x in doubled] == [repr(x) for x in doubled]
    assert not [x for x in tmp_path.rglob("*") if x.is_file() and x.read_bytes()[:2] == b"\x80\x05"]
