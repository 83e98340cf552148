"""Commands in a process as a user has it: what they print, write and end with is what the tests see
that call them in their own process.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.command_line import run, run_alone
from tests.support.places import ROOT

TABLES, FHIR = ROOT / "examples" / "tables", ROOT / "examples" / "fhir"
BUNDLE = FHIR / "biallelic-bcma-loss.json"

# one way of a user after the other, in a folder of its own; the words of a line are one call
WAYS = {
    "a patient": (
        f"assess {BUNDLE} --json r.json --html p.html",
        f"explain {BUNDLE} --option talquetamab",
        "render r.json",
        f"response {BUNDLE} --json - --quiet",
        "assess nothing.json",
        f"assess {BUNDLE} --region XX",
    ),
    "tables of a centre": (
        "template t",
        "check t",
        f"init m.toml --from {TABLES / 'labs.csv'}",
        f"check {TABLES}",
    ),
    "the knowledge": (
        "knowledge list",
        "knowledge show talquetamab",
        "evidence talquetamab",
    ),
    "a registry": (
        "demo cohort --patients 3 --to d",
        "cohort build d --store s",
        "cohort update s d",
        "cohort status s",
        "cohort list s --where age>1",
        "cohort report s --html r --min-cell 1",
        "cohort export s --parquet --to e",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_process_of_its_own_does_the_same(tmp_path: Path, way: str) -> None:
    here, alone = tmp_path / "here", tmp_path / "alone"
    here.mkdir()
    alone.mkdir()
    for line in WAYS[way]:
        mine, theirs = run(*line.split(), cwd=here), run_alone(*line.split(), cwd=alone)
        assert mine.returncode == theirs.returncode, theirs.stderr
        assert (mine.stdout, mine.stderr) == (theirs.stdout, theirs.stderr), line
        assert "Traceback" not in theirs.stderr
    assert _files(here) == _files(alone)


def _files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*")}
