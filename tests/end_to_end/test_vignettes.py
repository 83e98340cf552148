"""Patients with expectations, through the public entry: the examples, and the vignettes."""

from __future__ import annotations

import csv
from collections import defaultdict
from typing import Any

import pytest
import yaml
from scripts import vignettes
from tests.support.loops import some
from tests.support.places import DATA, ROOT


def _tables(patient: str) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for file in sorted((ROOT / "examples" / "tables").glob("*.csv")):
        with file.open(newline="", encoding="utf-8") as source:
            tables[file.stem] += [
                row for row in csv.DictReader(source) if row["patient_id"] == patient
            ]
    return {name: rows for name, rows in tables.items() if rows}


EXPECTED = yaml.safe_load((ROOT / "examples" / "expected.yaml").read_text(encoding="utf-8"))
OTHERS = yaml.safe_load((DATA / "vignettes.yaml").read_text(encoding="utf-8"))


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
