"""Entries of the knowledge as text, and what differs between two bundles."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rearm.assessment.diff import EntryChange, KnowledgeDiff, ResultChange
from rearm.knowledge import KnowledgeError, load
from rearm.knowledge.bundle import DATA
from rearm.report.knowledge import (
    diff_object,
    diff_text,
    entries_named,
    entry_object,
    entry_text,
    example_words,
)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "talquetamab",
            [
                "Option talquetamab",
                "options/talquetamab.toml",
                "when refractory_talquetamab",
                "US from 2023-08-09",
                "Sources disagree",
            ],
        ),
        (
            "bcma_biallelic_loss",
            [
                "Factor bcma_biallelic_loss",
                "supports (decisive",
                "true for cart_bcma_status = lost",
                "How often: 6 of 14",
            ],
        ),
        (
            "bcma-lost",
            [
                "Shared rule bcma-lost",
                "applies to every option with the tag bcma-only",
                "not true for bcma_status = retained",
            ],
        ),
        (
            "bcma_status",
            [
                "Finding bcma_status",
                "derived from",
                "provided by: BCMA on the relapsed plasma cells",
            ],
        ),
        (
            "serum_m_protein",
            ["Test serum_m_protein", "unit g/dL; read in g/dL, g/L", "LOINC 33358-3"],
        ),
        (
            "merz-2024",
            [
                "Study merz-2024",
                "citation incomplete: doi not seen",
                "response: 79 % (22/28)",
                "response: 64 % (of 22, 25 or 28)",
            ],
        ),
        ("dileo-2025", ["Study dileo-2025", "response not pooled: percentage without"]),
        ("merz-2024-other-salvage", ["belongs to no single strategy", "response: 26 % (8/31)"]),
        ("marrow", ["Work-up marrow", "Invasiveness 2 of 3"]),
        (
            "accepted-practice",
            ["Statement accepted-practice", "Source accepted-practice", "used by:"],
        ),
    ],
)
def test_an_entry_says_what_stands_under_its_id(name: str, says: list[str]) -> None:
    text = " ".join(entry_text(name).split())
    assert not [s for s in says if s.casefold() not in text.casefold()]


def test_every_entry_can_be_shown_and_is_plain_data() -> None:
    known = load()
    names = [
        *known.options,
        *known.factors,
        *known.statements,
        *known.sources,
        *known.catalogue,
        *known.workups,
        *known.alerts,
    ]
    for name in [*names, *(s.id for s in known.studies), *known.lab_tests]:
        assert entry_text(name, knowledge=known)
        json.dumps(entry_object(name, knowledge=known), allow_nan=False)


def test_what_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        KnowledgeError, match=r"no entry with the id talquetamb\. Did you mean talquetamab"
    ):
        entry_text("talquetamb")
    assert [kind for kind, _ in entries_named("infection")] == ["factor", "alert"]
    assert example_words({"a": True, "b": 2, "c": "lost"}) == "a = true, b = 2, c = lost"
    assert example_words({}) == "nothing known"


def test_a_diff_reads_as_sentences() -> None:
    found = KnowledgeDiff(
        before=("1", "a" * 64),
        after=("2", "b" * 64),
        entries=(
            EntryChange(
                kind="option", id="x", change="changed", fields=("rules",), parts=("x-stop",)
            ),
            EntryChange(kind="study", id="s", change="added"),
        ),
        results=(
            ResultChange(
                patient_id="P1",
                kind="option",
                what="x",
                before="open",
                after="needs_information",
            ),
            ResultChange(patient_id="P1", kind="factor", what="f", before=None, after="possible"),
        ),
    )
    assert diff_text(found).splitlines() == [
        "From 1 (aaaaaaaaaaaa) to 2 (bbbbbbbbbbbb)",
        "  changed  option x: rules (x-stop)",
        "  added    study s",
        "",
        "2 verdicts, tiers or grades changed:",
        "  P1",
        "    option x: open -> needs information",
        "    factor f: not there -> possible",
    ]
    assert json.loads(json.dumps(diff_object(found)))["results"][0]["after"] == "needs_information"
    same = KnowledgeDiff(before=("1", "a" * 64), after=("1", "a" * 64), entries=(), results=())
    assert "No entry differs." in diff_text(
        same
    ) and "No verdict, tier or grade changed" in diff_text(same)


def test_studies_belong_to_their_folder(tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path / "copy")
    (tmp_path / "copy" / "studies" / "xia-2025.toml").unlink()
    copy = load(tmp_path / "copy")
    assert {s.id for s in load().studies} - {s.id for s in copy.studies} == {"xia-2025"}
    assert "Study merz-2024" in entry_text("merz-2024", knowledge=copy)
    with pytest.raises(KnowledgeError):
        entry_text("xia-2025", knowledge=copy)
