"""What is drawn of a patient is drawn from the result: these modules read no record, no course and
no knowledge.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.support.places import ROOT

FOLDER = ROOT / "src" / "rearm" / "report" / "assessment"
FORBIDDEN = ("record", "outcome", "response", "findings", "knowledge", "intake", "therapy")
FILES = sorted(FOLDER.glob("*.py"))


def forbidden_imports(source: str) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    rooms = tuple(f"rearm.{room}" for room in FORBIDDEN)
    return [n for n in names if n.startswith(tuple(f"{room}." for room in rooms)) or n in rooms]


def test_there_are_files_to_look_at() -> None:
    assert {"page", "context", "terminal", "timeline"} <= {file.stem for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_file_reads_results_only(file: Path) -> None:
    assert forbidden_imports(file.read_text("utf-8")) == []


def test_a_forbidden_import_is_seen() -> None:
    source = (
        "import rearm.record\nfrom rearm.outcome.failure import Failure\n"
        "from rearm import knowledge"
    )
    assert len(forbidden_imports(source)) == 3
    assert forbidden_imports("from rearm.assessment.result import Reason") == []
