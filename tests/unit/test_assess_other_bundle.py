"""A copy of the bundled knowledge with one study changed: its own studies count, and the diff tells
what came of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import rearm
from rearm.assessment.check import check
from rearm.assessment.diff import diff
from rearm.knowledge import KnowledgeError, load
from rearm.knowledge.bundle import DATA

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copied(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "bundle"
    shutil.copytree(DATA, folder)
    return folder


def _direct_studies(strategy, agent):
    """Files of the studies with an arm of this agent after CAR-T."""
    return {
        study.id
        for study in load().studies
        for arm in study.arms
        if arm.strategy == strategy and arm.directness == "direct" and agent in arm.agents
    }


def test_studies_of_another_bundle_count_and_the_diff_shows_what_changed(copied):
    gone = _direct_studies("bispecific-gprc5d", "talquetamab")
    assert gone
    for file in (copied / "studies").glob("*.toml"):
        if any(f'id = "{name}"' in file.read_text("utf-8") for name in gone):
            file.write_text(
                file.read_text("utf-8").replace(
                    'strategy = "bispecific-gprc5d"', 'strategy = "bispecific-bcma"'
                ),
                "utf-8",
            )
    records = [
        r for r in rearm.read(ROOT / "examples" / "tables").records if r.patient_id == "SYN-01"
    ]
    other = load(copied)
    assert other.hash != load().hash
    found = diff(load(), other, records)
    assert gone <= {e.id for e in found.entries if e.kind == "study"}
    talquetamab = next(r for r in found.results if r.what == "talquetamab")
    assert (talquetamab.before, talquetamab.after) == (
        "preferred",
        "acceptable",
    )  # without direct evidence nothing is preferred
    assert all(e.kind == "study" for e in found.entries)


def test_a_copy_is_the_same_knowledge(copied):
    records = list(rearm.read(ROOT / "examples" / "tables").records)
    assert load(copied).hash == load().hash
    assert not diff(load(), load(copied), records).entries


@pytest.mark.parametrize(
    "part",
    [
        "studies",
        "scores.toml",
        "antigen_variants.toml",
        "tests.toml",
        "agents.toml",
        "regimens.toml",
    ],
)
def test_what_a_bundle_leaves_out_is_the_bundled_one(copied, part):
    shutil.rmtree(copied / part) if part == "studies" else (copied / part).unlink()
    other = load(copied)
    assert other.hash != load().hash
    assert other.studies == load().studies
    assert (other.scores, other.alterations) == (load().scores, load().alterations)
    assert (other.tests, other.agents, other.products, other.regimens) == (
        load().tests,
        load().agents,
        load().products,
        load().regimens,
    )
    assert other.catalogue == load().catalogue


def test_an_own_lexicon_and_dictionary_are_read(copied):
    for name, old, new in (
        ("agents.toml", 'name = "bortezomib"', 'name = "Bortezomib anew"'),
        ("scores.toml", 'id = "iss"', 'id = "iss2"'),
    ):
        text = (copied / name).read_text("utf-8")
        (copied / name).write_text(
            text.replace(old, new, 1) if old in text else text + "\n", "utf-8"
        )
    other = load(copied)
    assert other.agents is not load().agents
    assert other.agents.keys() == load().agents.keys()


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            "scores.toml",
            'sources = ["iss-definition"]',
            'sources = ["nowhere"]',
            "cites nowhere, which is no statement",
        ),
        ("scores.toml", 'sources = ["iss-definition"]', "sources = []", "score iss: has no source"),
        (
            "antigen_variants.toml",
            'sources = ["bcma-ecd-mutation-despite-expression"]',
            'sources = ["nowhere"]',
            "cites nowhere",
        ),
        (
            "antigen_variants.toml",
            "teclistamab =",
            "wondermab =",
            "wondermab is no agent or product",
        ),
    ],
)
def test_the_check_covers_scores_and_alterations(copied, file, old, new, told):
    text = (copied / file).read_text("utf-8")
    assert old in text
    (copied / file).write_text(text.replace(old, new, 1), "utf-8")
    assert any(told in str(problem) for problem in check(copied))


def test_a_score_that_does_not_add_up_is_a_problem_and_no_crash(copied):
    with (copied / "scores.toml").open("a", encoding="utf-8") as out:
        out.write('\n[[score]]\nid = "odd"\n')
    assert any("odd" in str(problem) for problem in check(copied))
    with pytest.raises(KnowledgeError):
        _ = load(copied).scores
