"""The examples of `docs/thin-records.md`, read as they stand: the report says what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scripts.vignettes import page_text
from tests.support.places import ROOT

import rearm
from rearm.report import page

TEXT = (ROOT / "docs" / "thin-records.md").read_text("utf-8")
SECTIONS = {part.split("\n", 1)[0]: part for part in TEXT.split("\n## ")[1:]}


def test_there_are_examples() -> None:
    assert len(SECTIONS) == 8


@pytest.mark.parametrize("title", SECTIONS)
def test_the_report_says_it(title: str, tmp_path: Path) -> None:
    tables = {
        "patients": "patient_id\nA\n",
        "infusions": "patient_id,day,product\nA,0,ide-cel\n",
    } | dict(re.findall(r"```csv (\w+)\n(.*?)```", SECTIONS[title], re.DOTALL))
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    (record,) = rearm.read(tmp_path).records
    said = " ".join(page_text(page(rearm.assess(record))).split())
    quoted = re.findall(r"^> (.*)$", SECTIONS[title], re.MULTILINE)
    assert quoted
    assert [text for text in quoted if text not in said] == []
