"""The page on the report of a registry: its example runs, and its numbers are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.places import ROOT

from rearm.cohort.outcomes.question import GROUPINGS
from rearm.report.cohort.adjusted import COVARIATES
from rearm.report.cohort.counts import CountRule
from rearm.report.cohort.figures import LANDMARKS

PAGE = (ROOT / "docs" / "cohort-report.md").read_text(encoding="utf-8")


def test_the_example_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "docs/cohort-report.md", "exec"), {})
    shown = capsys.readouterr().out
    assert "log-log" in shown and "did_not_fail" in shown


def test_groups_covariates_and_landmarks_are_those_of_the_code() -> None:
    text = " ".join(PAGE.split())
    groups = re.search(r"`by` is one of (.*?); `landmark", text)
    covariates = re.search(r"Only where you name covariates: (.*?)\.", text)
    assert groups is not None and covariates is not None
    assert set(re.findall(r"`(\w+)`", groups[1])) == set(GROUPINGS)
    assert set(re.findall(r"`([\w-]+)`", covariates[1])) == set(COVARIATES)
    assert ", ".join(map(str, LANDMARKS[:-1])) + f" and {LANDMARKS[-1]} days" in text


def test_the_rounding_that_the_page_names_is_that_of_the_rule() -> None:
    rule = CountRule()
    assert rule.min_cell == 5 and f"rounded to the nearest {rule.base} " in PAGE
    told = re.search(r"(\d+) of (\d+) is shown as (\d+) of (\d+)", PAGE)
    assert told is not None
    part, whole, *shown = map(int, told.groups())
    assert list(rule.part_of(part, whole)[:2]) == shown


def test_the_picture_is_there() -> None:
    (name,) = re.findall(r"!\[.*?\]\((.*?)\)", PAGE)
    assert (Path(ROOT) / "docs" / name).is_file()
