"""A copy of the bundled knowledge with one study changed: its own studies count, and the diff tells
what came of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.small_bundle import tables, write

import rearm
from rearm.assessment.check import check
from rearm.assessment.diff import diff
from rearm.knowledge import KnowledgeError, load
from rearm.knowledge.bundle import DATA

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "bundle"
    shutil.copytree(DATA, folder)
    return folder


def _direct_studies(strategy: str, agent: str) -> Any:
    """Files of the studies with an arm of this agent after CAR-T."""
    return {
        study.id
        for study in load().studies
        for arm in study.arms
        if arm.strategy == strategy and arm.directness == "direct" and agent in arm.agents
    }


def test_studies_of_another_bundle_count_and_the_diff_shows_what_changed(copied: Path) -> None:
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
    assert all(e.kind == "study" for e in found.entries)
    before, after = (rearm.assess(records[0], knowledge=known) for known in (load(), other))
    own = before.option("talquetamab").evidence
    assert before.evidence[own].directness == "direct"
    assert after.evidence[after.option("talquetamab").evidence].directness != "direct"
    # figures do not place a strategy, what is known of it does
    assert not [r for r in found.results if r.what == "bispecific-gprc5d"]


def test_the_diff_shows_a_placement_and_the_tier_that_it_moves(copied: Path) -> None:
    file = copied / "places" / "t-cell-redirection.toml"
    file.write_text(
        file.read_text("utf-8")
        + """
[[place]]
id = "no-gprc5d-engager-here"
strategy = "bispecific-gprc5d"
at_most = "avoid"
when = "car_target_bcma"
reason = "A house rule of this bundle."
ground = "opinion"
sources = ["accepted-practice"]
example_true = { car_target_bcma = true }
example_false = { car_target_bcma = false }
""",
        "utf-8",
    )
    records = [
        r for r in rearm.read(ROOT / "examples" / "tables").records if r.patient_id == "SYN-01"
    ]
    found = diff(load(), load(copied), records)
    assert [(e.kind, e.id, e.change) for e in found.entries] == [
        ("place", "no-gprc5d-engager-here", "added")
    ]
    assert [(r.kind, r.what, r.before, r.after) for r in found.results] == [
        ("strategy", "bispecific-gprc5d", "first", "avoid")
    ]


def test_a_copy_is_the_same_knowledge(copied: Path) -> None:
    records = list(rearm.read(ROOT / "examples" / "tables").records)
    assert load(copied).hash == load().hash
    assert not diff(load(), load(copied), records).entries


def test_the_diff_names_what_changed_in_tests_lexicon_and_words(copied: Path) -> None:
    with (copied / "agents.toml").open("a", encoding="utf-8") as agents:
        agents.write('[[agent]]\nid = "wondermab"\nclass = "anti-CD38"\nkind = "antibody"\n')
    tests = (copied / "tests.toml").read_text("utf-8")
    assert 'aliases = ["' in tests
    (copied / "tests.toml").write_text(
        tests.replace('aliases = ["', 'aliases = ["only here", "', 1), "utf-8"
    )
    (copied / "words.toml").write_text(
        '[[strategy]]\nid = "trispecific"\ntitle = "Three at once"\nwords = "three at once"\n',
        "utf-8",
    )
    changes = {(e.kind, e.id): (e.change, e.fields) for e in diff(load(), load(copied)).entries}
    assert changes.pop(("agent", "wondermab")) == ("added", ())
    assert changes.pop(("strategy", "trispecific")) == ("changed", ("title", "words"))
    assert {change for (kind, _), change in changes.items() if kind == "test"} == {
        ("changed", ("aliases",))
    }


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
def test_what_a_bundle_leaves_out_is_the_bundled_one(copied: Path, part: str) -> None:
    shutil.rmtree(copied / part) if part == "studies" else (copied / part).unlink()
    other = load(copied)
    assert other.hash != load().hash
    assert other.studies == load().studies
    assert (other.scores, other.alterations) == (load().scores, load().alterations)
    assert dict(other.lab_tests) == dict(load().lab_tests)
    for part in ("agents", "products", "regimens", "words", "class_spellings"):
        assert getattr(other.lexicon, part) == getattr(load().lexicon, part)
    assert other.catalogue == load().catalogue


def test_an_own_agent_and_regimen_are_found(tmp_path: Path) -> None:
    text = (DATA / "agents.toml").read_text("utf-8")
    own = (
        '[[agent]]\nid = "wondermab"\nclass = "anti-CD38"\nkind = "antibody"\nbrands = ["Wonder"]\n'
    )
    folder = write(tmp_path / "own", tables())
    (folder / "agents.toml").write_text(f"{text}\n{own}", "utf-8")
    regimen = '{ id = "wd", names = ["WoD"], agents = ["wondermab", "dexamethasone"] },'
    regimens = (DATA / "regimens.toml").read_text("utf-8")
    assert "\nregimens = [" in regimens
    (folder / "regimens.toml").write_text(
        regimens.replace("\nregimens = [", f"\nregimens = [{regimen}", 1), "utf-8"
    )
    lexicon = load(folder).lexicon
    agent = lexicon.find_agent("WONDER")
    assert agent is not None and agent.id == "wondermab"
    assert "wondermab" in lexicon.agents_of_class("anti-CD38")
    assert lexicon.candidate_sets("WoD") == (("wondermab", "dexamethasone"),)
    assert lexicon.find_class("Proteasominhibitor") == "proteasome inhibitor"
    assert load().lexicon.find_agent("WONDER") is None


OWN_TEST = """
[test.wonder_protein]
name = "wonder protein"
aliases = ["WP"]
group = "blood"
units = ["g/L"%s]
hard = [0, 100]
soft = [1, 10]
"""


def test_an_own_test_and_unit_are_found(tmp_path: Path) -> None:
    folder = write(tmp_path / "own", tables())
    tests = (DATA / "tests.toml").read_text("utf-8")
    (folder / "tests.toml").write_text(tests + OWN_TEST % "", "utf-8")
    (found,) = load(folder).lab_tests.find("WP")
    assert (found.id, found.unit, found.units["gm/L"]) == ("wonder_protein", "g/L", 1.0)
    assert load().lab_tests.find("WP") == ()

    (folder / "tests.toml").write_text(tests + OWN_TEST % ', "mg/dL"', "utf-8")
    with pytest.raises(KnowledgeError, match=r"units.toml under \[factors.wonder_protein\]"):
        _ = load(folder).lab_tests
    (folder / "units.toml").write_text('[factors.wonder_protein]\n"mg/dL" = 0.01\n', "utf-8")
    own = load(folder).lab_tests
    assert own["wonder_protein"].units["mg/dL"] == 0.01
    assert own["igg"].units == load().lab_tests["igg"].units


def test_an_own_fhir_code_and_column_are_found(tmp_path: Path) -> None:
    folder = write(tmp_path / "own", tables())
    codes = (DATA / "fhir_codes.toml").read_text("utf-8")
    (folder / "fhir_codes.toml").write_text(
        codes + '\n[[test]]\nsystem = "snomed"\ncodes = { "1234" = "igg" }\n', "utf-8"
    )
    columns = (DATA / "tables.toml").read_text("utf-8")
    (folder / "tables.toml").write_text(
        columns.replace('name = "sex",', 'name = "sex", aliases = ["gender at birth"],', 1), "utf-8"
    )
    own = load(folder)
    assert own.fhir_codes.tests["snomed", "1234"] == "igg"
    assert own.tidy_tables.tables["patients"].by_header["gender_at_birth"].name == "sex"
    assert ("snomed", "1234") not in load().fhir_codes.tests
    assert "gender_at_birth" not in load().tidy_tables.tables["patients"].by_header


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            "scores.toml",
            'sources = ["iss-definition"]',
            'sources = ["nowhere"]',
            "cites nowhere, which is not a statement",
        ),
        ("scores.toml", 'sources = ["iss-definition"]', "sources = []", "score iss: has no source"),
        (
            "scores.toml",
            'finding = "age"',
            'finding = "agee"',
            "reads agee, which is not a finding",
        ),
        (
            "scores.toml",
            'test = "albumin"',
            'test = "albumen"',
            "score iss: reads albumen, which is not a test in the dictionary",
        ),
        (
            "antigen_variants.toml",
            'sources = ["bcma-ecd-mutation-despite-expression"]',
            'sources = ["nowhere"]',
            "cites nowhere",
        ),
        ("fhir_codes.toml", 'system = "snomed"', 'system = "snommed"', "snommed is not a system"),
        ("tables.toml", 'type = "year"', 'type = "yaer"', "Did you mean year?"),
        ("words.toml", "title =", "titel =", "Did you mean title?"),
        ("agents.toml", 'brands = ["Velcade"', 'brands = ["Kyprolis"', "is listed for both"),
        ("tests.toml", "aliases =", "alias =", "Did you mean aliases?"),
        (
            "antigen_variants.toml",
            "teclistamab =",
            "wondermab =",
            "wondermab is not an agent or product",
        ),
    ],
)
def test_the_check_covers_every_table_of_a_folder(
    copied: Path, file: str, old: str, new: str, told: str
) -> None:
    text = (copied / file).read_text("utf-8")
    assert old in text
    (copied / file).write_text(text.replace(old, new, 1), "utf-8")
    assert any(told in str(problem) for problem in check(copied))


def test_a_score_that_does_not_add_up_is_a_problem_and_no_crash(copied: Path) -> None:
    with (copied / "scores.toml").open("a", encoding="utf-8") as out:
        out.write('\n[[score]]\nid = "odd"\n')
    assert any("odd" in str(problem) for problem in check(copied))
    with pytest.raises(KnowledgeError):
        _ = load(copied).scores
