"""What a verdict takes from the evidence, and what the kept figures depend on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rearm.assessment import evidence as kept
from rearm.assessment.evidence import evidence_of, pooled_for
from rearm.knowledge import Knowledge, load


@pytest.fixture(scope="module")
def known() -> Iterator[Knowledge]:
    return load()


@pytest.mark.parametrize("name", ["studies.py", "pool.py", "select.py", "evidence.py"])
def test_kept_figures_go_when_the_code_behind_them_changes(
    name: str, known: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, read = kept._key(known), Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda path: read(path) + (b"# changed" if path.name == name else b"")
    )
    assert kept._key(known) != before


def test_poor_results_are_judged_without_what_was_borrowed(known: Knowledge) -> None:
    """The limit that a verdict uses is that of the direct arms alone, though the figure shown may
    have borrowed.
    """
    evidence = pooled_for(known.options["talquetamab"], known)
    assert evidence.response is not None
    assert evidence.response.borrowed_share > 0
    assert evidence_of(known)["talquetamab"].response_upper == pytest.approx(
        evidence.response.unborrowed[2]
    )
    assert evidence.response.unborrowed[2] != pytest.approx(evidence.response.high, abs=1e-3)


def test_an_option_is_pooled_by_all_its_agents_though_its_key_names_one(known: Knowledge) -> None:
    carfilzomib: Any = pooled_for(known.options["venetoclax-carfilzomib-dexamethasone"], known)
    assert carfilzomib.agents == {"venetoclax", "carfilzomib", "dexamethasone"}
    assert {row.arm.id for row in carfilzomib.listed if row.pooled} == {"costa-2021-venkd-t1114"}
    alone = pooled_for(known.options["venetoclax-dexamethasone"], known)
    assert {row.arm.id for row in alone.listed if row.pooled} == {
        "canova-2025-vendex",
        "kumar-2017-venetoclax-t1114",
    }
    assert {row.arm.id: row.not_pooled for row in alone.listed}[
        "costa-2021-venkd-t1114"
    ] == "in combination with carfilzomib"


def test_a_name_of_its_own_in_the_key_selects_by_that_name(known: Knowledge) -> None:
    option = known.options["dcep"]
    assert pooled_for(option, known).agents == {"DCEP"}
    assert pooled_for(replace(option, evidence=None), known).agents == set(option.agents)
