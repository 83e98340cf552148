"""The invented registry gives the same records and answers from every layout, apart from what a
layout cannot hold.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.support.demo_registry import records_of, registry
from tests.support.record_told import told

from rearm.assessment import assess_all
from rearm.demo.chart import Tables
from rearm.demo.write.fhir import write_bundles, write_ndjson
from rearm.demo.write.omop import write_omop
from rearm.demo.write.redcap import DICTIONARY, EXPORT, write_redcap
from rearm.intake import read
from rearm.record import Record

COUNT = 2000 if os.environ.get("HYPOTHESIS_PROFILE") == "gate" else 60  # `make gate-layouts`
# of a table the columns that OMOP as it is written here does not hold
NOT_IN_OMOP = {
    "patients": ["heavy_chain", "light_chain"],
    "therapies": ["purpose", "best_response", "progression_on"],
    "infusions": ["apheresis_days", "dose_cells", "in_specification"],
    "labs": ["method", "sensitivity", "cells_counted"],
    "assessments": ["pattern", "basis"],
    "variants": ["copies", "clonal_fraction", "specimen", "site", "assay", "kind"],
    "toxicities": ["grade"],
    "conditions": ["attributed_to_myeloma"],
    "facts": ["by"],
}


def answers(records: Iterable[Record]) -> dict[str, Any]:
    """State and tiers by the number of the patient: the id of OMOP is a number."""
    return {
        re.sub(r"\D", "", a.patient_id).lstrip("0"): (
            a.answer.state,
            [(tier.tier, [s.option for s in tier.strategies]) for tier in a.answer.tiers],
        )
        for a in assess_all([*records])
    }


@pytest.mark.parametrize("write", [write_bundles, write_ndjson], ids=lambda w: w.__name__)
def test_fhir(write: Callable[[Iterable[Tables], Path], int], tmp_path: Path) -> None:
    write(registry(COUNT), tmp_path)
    found = {r.patient_id: told(r) for r in read(tmp_path).records}
    assert found == {r.patient_id: told(r) for r in records_of(registry(COUNT))}


def test_redcap(tmp_path: Path) -> None:
    write_redcap(registry(COUNT), tmp_path)
    reading = read(tmp_path / EXPORT, redcap=tmp_path / DICTIONARY)
    found = {r.patient_id: told(r) for r in reading.records}
    assert found == {r.patient_id: told(r) for r in records_of(registry(COUNT))}


def test_omop(tmp_path: Path) -> None:
    write_omop(registry(COUNT), tmp_path)
    held = [omop_holds(tables) for tables in registry(COUNT)]
    found = answers(read(tmp_path).records)
    assert len(found) == COUNT
    assert found == answers(records_of(held))


def omop_holds(tables: Tables) -> Tables:
    kept: Tables = {}
    for name, rows in tables.items():
        if name in ("imaging", "refractoriness"):
            continue
        if name == "toxicities":
            rows = [row for row in rows if row["grade"] > 0]
        if name == "conditions":
            rows = [row for row in rows if row["status"] == "present"]
        lost = NOT_IN_OMOP.get(name, ())
        kept[name] = [{k: v for k, v in row.items() if k not in lost} for row in rows]
    return kept
