"""A finding that is the number of one laboratory test has the unit in which that test is kept, and
the functions of findings ask only for tests that the dictionary has.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from tests.support.small_bundle import failure

import rearm.findings
from rearm.findings import FUNCTIONS
from rearm.findings.chart import PatientChart
from rearm.findings.results import Results
from rearm.interval import Interval
from rearm.knowledge.catalogue import Finding, load_catalogue
from rearm.knowledge.lab_tests import TestDef, load_tests
from rearm.record import Infusion, Lab, Record, Source, When

TESTS = load_tests()
CATALOGUE = load_catalogue()
S = Source("t", "row 1")
# each window that a finding looks at holds one of these days: before the infusion, at the peak of
# the cells, a month after, at the failure (day 200, see `failure`) and now
DAYS = (-5, 10, 30, 195, 210, 299)


def _chart(*tests: TestDef) -> PatientChart:
    labs = tuple(
        Lab(test=test.id, when=When.on(day), quantity=Interval.of(_number(test)), source=S)
        for test in tests
        for day in DAYS
    )
    infusion = Infusion(product="ide-cel", when=When.on(0), source=S)
    record = Record(patient_id="P", source=S, labs=labs, infusions=(infusion,))
    return PatientChart(record, (failure("failed"),), 300)


def _number(test: TestDef) -> float:
    """A number that nothing else gives by chance."""
    low, high = test.soft
    return low + (high - low) * 0.371231


@cache
def read_plainly() -> Mapping[str, str]:
    """The test of each finding that is the number of one test, as it is kept."""
    plain = {}
    for test in TESTS.values():
        if test.kind == "number":
            chart = _chart(test)
            for name, function in FUNCTIONS.items():
                if CATALOGUE[name].type == "number" and function(chart).value == _number(test):
                    plain[name] = test.id
    return plain


def other_units(catalogue: Mapping[str, Finding]) -> list[str]:
    """`% of CAR-T cells` is a percentage: the name of the finding says of what."""
    kept = {test.id: (test.unit or "").partition(" of ")[0] for test in TESTS.values()}
    return [
        f"{name} is in {catalogue[name].unit}, {test} is kept in {kept[test]}"
        for name, test in read_plainly().items()
        if catalogue[name].unit != kept[test]
    ]


def test_a_finding_has_the_unit_of_the_test_that_it_reads() -> None:
    plain = read_plainly()
    assert len(plain) >= 25
    assert plain["neutrophils"] == "neutrophils"
    assert plain["soluble_bcma_at_relapse"] == "soluble_bcma"
    assert other_units(CATALOGUE) == []


@pytest.mark.parametrize("name", ["neutrophils", "ferritin_before_infusion"])
def test_another_unit_is_seen(name: str) -> None:
    changed = replace(CATALOGUE[name], unit="furlong")
    (told,) = other_units({**CATALOGUE, name: changed})
    assert told.startswith(f"{name} is in furlong")


READS = ("number", "latest", "results", "highest", "positive", "aside")


def _tests_named(text: str) -> Iterator[str]:
    """The ids of tests that a module gives to `chart.number("...")` and the like."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and node.args:
            function, first = node.func, node.args[0]
            reads = isinstance(function, ast.Attribute) and function.attr in READS
            if reads and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def test_every_test_that_a_function_names_is_in_the_dictionary() -> None:
    files = sorted(Path(str(rearm.findings.__file__)).parent.glob("*.py"))
    named = {(file.name, test) for file in files for test in _tests_named(file.read_text("utf-8"))}
    assert len(named) >= 40
    assert [(file, test) for file, test in sorted(named) if test not in TESTS] == []
    assert list(_tests_named('chart.number("ferritinn", chart.recent(3))')) == ["ferritinn"]


def test_every_test_that_a_function_asks_for_is_in_the_dictionary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also those that are named elsewhere than in the call."""
    asked: set[str] = set()
    for method in ("of", "aside", "latest", "highest"):
        original = getattr(Results, method)

        def noted(self: Results, test: str, *more: object, original: object = original) -> object:
            asked.add(test)
            assert callable(original)
            return original(self, test, *more)

        monkeypatch.setattr(Results, method, noted)
    numbers = [test for test in TESTS.values() if test.kind == "number"]
    for chart in (_chart(), _chart(*numbers)):
        for function in FUNCTIONS.values():
            function(chart)
    assert len(asked) >= 60
    assert sorted(asked - set(TESTS)) == []
