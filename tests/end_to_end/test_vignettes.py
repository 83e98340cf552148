"""Patients with expectations, through the public entry: the examples, and the vignettes."""

from __future__ import annotations

import csv
from collections import defaultdict
from typing import Any

import pytest
from scripts import vignettes
from tests.support.loops import some
from tests.support.places import DATA, ROOT
from tests.support.yaml_files import read_yaml


def _tables(patient: str) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for file in sorted((ROOT / "examples" / "tables").glob("*.csv")):
        with file.open(newline="", encoding="utf-8") as source:
            tables[file.stem] += [
                row for row in csv.DictReader(source) if row["patient_id"] == patient
            ]
    return {name: rows for name, rows in tables.items() if rows}


EXPECTED = read_yaml(ROOT / "examples" / "expected.yaml")
OTHERS = read_yaml(DATA / "vignettes.yaml")


def _misses(vignette: dict[str, Any]) -> list[str]:
    return [
        f"{o.what}   found: {o.found}"
        for _, o in vignettes.run([vignette], show=False)
        if not o.holds
    ]


@pytest.mark.parametrize("example", EXPECTED, ids=lambda e: e["id"])
def test_example_as_expected(example: dict[str, Any]) -> None:
    assert _misses({**example, "tables": _tables(example["id"])}) == []


@pytest.mark.parametrize("vignette", OTHERS, ids=lambda v: v["id"])
def test_vignette_as_expected(vignette: dict[str, Any]) -> None:
    assert _misses(vignette) == []


def test_an_expectation_can_fail() -> None:
    """The runner must be able to say no: the first example with every verdict turned round."""
    example = EXPECTED[0]
    wrong = {
        "failure": {"status": "not_failed", "day": 1},
        "options": {
            "preferred_or_acceptable": ["adc-bcma"],
            "excluded": [{"strategy": "bispecific-gprc5d", "agents": ["talquetamab"]}],
        },
        "alerts_include": ["cord_compression"],
        "asks_for": ["a test that does not exist"],
        "must_not_say": ["talquetamab"],
    }
    outcomes = [
        o
        for _, o in vignettes.run(
            [{**example, "tables": _tables(example["id"]), "expect": wrong}], show=False
        )
    ]
    assert len(outcomes) >= 7
    assert not any(o.holds for o in outcomes)


def test_a_vignette_with_a_fault_does_not_end_the_run() -> None:
    whole = {**EXPECTED[0], "tables": _tables(EXPECTED[0]["id"])}
    unreadable = {**whole, "id": "unreadable", "tables": {"patients": []}}
    outcomes = vignettes.run([unreadable, {"id": "empty"}, whole], show=False)
    misses = [(name, o.what) for name, o in outcomes if not o.holds]
    assert misses == [("unreadable", "read and judged"), ("empty", "read and judged")]
    assert EXPECTED[0]["id"] in {name for name, _ in outcomes}


def test_an_expectation_that_nobody_can_judge_does_not_hold() -> None:
    example = {**EXPECTED[0], "tables": _tables(EXPECTED[0]["id"])}
    strange = {"falure": {}, "options": {"best": ["adc-bcma"]}, "tiers": {"second": []}}
    outcomes = [o for _, o in vignettes.run([{**example, "expect": strange}], show=False)]
    assert [(o.what, o.holds) for o in outcomes] == [
        ("unknown expectation options.best", False),
        ("unknown expectation tiers.second", False),
        ("unknown expectation falure", False),
    ]


def test_the_keys_of_the_second_form_are_judged() -> None:
    """Each key with an expectation that holds and one that does not."""
    example = {**EXPECTED[0], "tables": _tables(EXPECTED[0]["id"])}
    right = {"failure": {"status": ["failed", "none"], "day_unknown": False}, "alerts_exclude": []}
    wrong = {
        "failure": {"status": "none", "day_unknown": True},
        "alerts_exclude": ["no_such_alert"],
        "stated": {"no_such_finding": 1},
        "present_relapse": {"after": "teclistamab"},
        "answer_state": "controlled",
        "tiers": {
            "first_any_of": ["observe"],
            "first_size": [6, 9],
            "at_least": {"observe": "first"},
        },
        "tests": {"any_of": ["no such test"]},
        "actions_include": ["no_such_action"],
    }
    assert all(o.holds for _, o in vignettes.run([{**example, "expect": right}], show=False))
    found = {o.what: o.holds for _, o in vignettes.run([{**example, "expect": wrong}], show=False)}
    assert len(found) == 10
    assert [what for what, holds in found.items() if holds] == ["no alert no_such_alert"]


def test_a_negated_clause_is_not_said() -> None:
    assert vignettes.said("BCMA (is )?lost", ["It cannot be said that BCMA is lost."]) is None
    assert vignettes.said("BCMA (is )?lost", ["No sample was taken. BCMA is lost."]) is not None


def test_every_failed_example_names_what_may_and_what_may_not_be_given() -> None:
    for example in some(EXPECTED):
        expect = example["expect"]
        if expect["failure"]["status"] == "failed":
            assert expect["options"].get("preferred_or_acceptable"), example["id"]
            assert expect["options"].get("excluded") or expect["options"].get(
                "discouraged_or_worse"
            ), example["id"]
        assert example["why"], example["id"]
