"""The page on outcomes over time: its example runs and prints what the page shows, and each figure
that it names stands in the golden file.
"""

from __future__ import annotations

import json
import re

import pytest
from tests.support.places import ROOT

from rearm.cohort import survival
from rearm.cohort.survival import FollowUp, kaplan_meier

PAGE = (ROOT / "docs" / "survival.md").read_text(encoding="utf-8")
GOLDEN = ROOT / "tests" / "reference" / "golden"


def test_the_example_prints_what_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "docs/survival.md", "exec"), {})
    assert capsys.readouterr().out == shown


def test_every_estimator_is_on_the_page() -> None:
    functions = {name for name in survival.__all__ if name.islower()}
    named = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert named == functions


def test_versions_of_r_are_those_of_the_golden_file() -> None:
    versions = json.loads((GOLDEN / "survival.json").read_text(encoding="utf-8"))["versions"]
    named = re.search(r"R ([\d.]+) \(survival ([\d.-]+), cmprsk ([\d.-]+), etm ([\d.-]+)\)", PAGE)
    assert named is not None
    r, *packages = named.groups()
    assert r in versions["R"]
    assert [p.replace("-", ".") for p in packages] == [
        versions[name] for name in ("survival", "cmprsk", "etm")
    ]


def test_limits_of_the_median_are_those_of_the_trial() -> None:
    case = json.loads((GOLDEN / "survival_cases.json").read_text(encoding="utf-8"))["trial"]
    follow_up = FollowUp.of(entry=case["entry"], exit=case["exit"], cause=case["cause"])
    medians = [kaplan_meier(follow_up, limits=kind).median() for kind in ("log-log", "log")]
    told = re.search(r"median had (\d+) to (\d+) days by log-log and (\d+) to (\d+) by log", PAGE)
    assert told is not None
    assert [float(x) for x in told.groups()] == [x for m in medians for x in (m.low, m.high)]
