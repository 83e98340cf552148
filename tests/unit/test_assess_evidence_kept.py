"""What a verdict takes from the evidence, and what the kept figures depend on."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rearm.assessment import evidence as kept
from rearm.assessment.evidence import evidence_of, pool_options, pooled_for
from rearm.assessment.parameters import PARAMETERS
from rearm.evidence import listed_rows
from rearm.knowledge import Knowledge, load
from rearm.knowledge.studies import Proportion


@pytest.fixture(scope="module")
def known() -> Knowledge:
    return load()


def _differences(first: Any, second: Any, where: str = "") -> list[str]:
    """Places where two trees of plain data differ, numbers by more than a millionth."""
    if isinstance(first, dict) and isinstance(second, dict):
        keys = {**first, **second}
        return [d for k in keys for d in _differences(first.get(k), second.get(k), f"{where} {k}")]
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        if len(first) != len(second):
            return [where]
        pairs = enumerate(zip(first, second, strict=True))
        return [d for i, (a, b) in pairs for d in _differences(a, b, f"{where} {i}")]
    if isinstance(first, float) and isinstance(second, float):
        return [] if math.isclose(first, second, rel_tol=1e-6, abs_tol=1e-6) else [where]
    return [] if first == second else [where]


def test_the_committed_figures_are_those_that_pooling_gives(known: Knowledge) -> None:
    made = json.loads(kept.POOLED.read_bytes())
    assert made["inputs"] == kept.inputs_hash(known), "run scripts/pool_evidence.py"
    pooled = kept.plain_rows(kept.pool_options(known))
    assert len(pooled) == len(known.options)
    assert _differences(made["options"], pooled) == [], "run scripts/pool_evidence.py"


def test_a_difference_of_a_millionth_is_seen() -> None:
    rows = {"a": {"expected": [{"estimate": 0.5, "note": "x"}]}}
    assert _differences(rows, {"a": {"expected": [{"estimate": 0.5 + 1e-9, "note": "x"}]}}) == []
    for estimate, note in ((0.50001, "x"), (0.5, "y")):
        other = {"a": {"expected": [{"estimate": estimate, "note": note}]}}
        assert _differences(rows, other)


def test_the_committed_figures_are_read_without_pooling(
    known: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence_of.cache_clear()
    monkeypatch.setattr(kept, "pool_options", lambda knowledge: pytest.fail("pooled again"))
    monkeypatch.setattr(kept, "from_cache", lambda kind, key: pytest.fail("asked the cache"))
    assert evidence_of(known)["talquetamab"].expected
    evidence_of.cache_clear()


def test_nothing_that_pools_is_loaded_for_the_committed_figures() -> None:
    code = (
        "import sys; from rearm.assessment.evidence import evidence_of;"
        " from rearm.knowledge import load; assert len(evidence_of(load())) > 50;"
        " loaded = [m for m in sys.modules if m.startswith(('scipy', 'rearm.evidence'))];"
        " sys.exit(', '.join(loaded) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_options_of_ones_own_are_pooled_and_kept(
    known: Knowledge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    own = replace(known, options={"talquetamab": known.options["talquetamab"]})
    first = evidence_of(own)
    # Pooled here, and read as it was pooled on another machine: the last digits may differ.
    committed = evidence_of(known)["talquetamab"].expected
    assert not _differences(
        [asdict(row) for row in first["talquetamab"].expected], [asdict(row) for row in committed]
    )
    monkeypatch.setattr(kept, "pool_options", lambda knowledge: pytest.fail("pooled again"))
    evidence_of.cache_clear()
    assert evidence_of(own) == first


@pytest.mark.parametrize(
    "name",
    [
        "studies.py",
        "study_files.py",
        "_study_figures.py",
        "pool.py",
        "select.py",
        "setting.py",
        "evidence.py",
    ],
)
def test_kept_figures_go_when_the_code_behind_them_changes(
    name: str, known: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, read = kept.inputs_hash(known), Path.read_bytes
    before = kept._key(inputs)
    monkeypatch.setattr(
        Path, "read_bytes", lambda path: read(path) + (b"# changed" if path.name == name else b"")
    )
    assert kept._key(inputs) != before


def test_poor_results_are_judged_without_what_was_borrowed(known: Knowledge) -> None:
    """The limit that a verdict uses is that of the direct arms alone, though the figure shown may
    have borrowed; and none where all of them were read from weak sources.
    """
    evidence = pooled_for(known.options["talquetamab"], known)
    assert evidence.response is not None
    assert evidence.response.borrowed_share > 0
    assert all(row.arm.weak for row in evidence.response.arms)
    assert evidence_of(known)["talquetamab"].response_upper is None
    read = {"merz-2024-talquetamab": {"read_from": "abstract"}}
    upper = pool_options(_talquetamab(known, read))["talquetamab"].response_upper
    assert upper == pytest.approx(evidence.response.unborrowed[2])
    assert upper != pytest.approx(evidence.response.high, abs=1e-3)


def _talquetamab(known: Knowledge, arms: Mapping[str, Mapping[str, Any]]) -> Any:
    """The knowledge with talquetamab alone, and some arms of the studies changed."""
    studies = tuple(
        replace(s, arms=tuple(replace(a, **arms.get(a.id, {})) for a in s.arms))
        for s in known.studies
    )
    options = {"talquetamab": known.options["talquetamab"]}
    return SimpleNamespace(studies=studies, options=options)


@pytest.mark.parametrize(("read_from", "decides"), [("abstract", True), ("news", False)])
def test_figures_of_weak_sources_make_no_option_poor(
    read_from: str, decides: bool, known: Knowledge
) -> None:
    """Four responses of a hundred after CAR-T discourage an option where the paper was read, and
    not where a news item says so.
    """
    bad = {"response": Proportion(percent=4, n=100, events=4), "read_from": read_from}
    arms = ("merz-2024-talquetamab", "chari-2022-monumental1-prior-cart")
    upper = pool_options(_talquetamab(known, dict.fromkeys(arms, bad)))[
        "talquetamab"
    ].response_upper
    assert (upper is not None) is decides
    assert upper is None or upper < PARAMETERS.poor_response_upper


def test_an_option_is_pooled_by_all_its_agents_though_its_key_names_one(known: Knowledge) -> None:
    carfilzomib: Any = pooled_for(known.options["venetoclax-carfilzomib-dexamethasone"], known)
    assert carfilzomib.agents == {"venetoclax", "carfilzomib", "dexamethasone"}
    assert {row.arm.id for row in carfilzomib.listed if row.pooled} == {"costa-2021-venkd-t1114"}
    alone = pooled_for(known.options["venetoclax-dexamethasone"], known)
    # venetoclax without the steroid stands out of the doublet (medicine A4)
    assert {row.arm.id for row in alone.listed if row.pooled} == {"canova-2025-vendex"}
    assert {row.arm: row.not_pooled for row in listed_rows(alone)}[
        "costa-2021-venkd-t1114"
    ] == "in combination with carfilzomib"


def test_a_name_of_its_own_in_the_key_selects_by_that_name(known: Knowledge) -> None:
    option = known.options["dcep"]
    assert pooled_for(option, known).agents == frozenset({"DCEP"})
    assert pooled_for(replace(option, evidence=None), known).agents == frozenset(option.agents)
