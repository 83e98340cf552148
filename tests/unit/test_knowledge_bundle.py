"""The bundle: read, cached, hashed; and refused with a sentence where it does not fit."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.small_bundle import Tables, tables, write

from rearm.knowledge import KnowledgeError, bundle, load
from rearm.knowledge._cache import cache_folder
from rearm.knowledge.bundle import read_bundle
from rearm.knowledge.catalogue import load_catalogue, read_catalogue
from rearm.rules import conditions_of


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_the_bundled_knowledge_loads() -> None:
    knowledge = load()
    assert knowledge.version
    assert len(knowledge.hash) == 64
    assert len(knowledge.options) > 40
    assert len(conditions_of(knowledge)) > 150


def test_shared_rules_are_written_out(tmp_path: Path) -> None:
    knowledge = load(write(tmp_path / "b", tables()))
    assert [r.id for r in knowledge.options["same-target"].rules] == [
        "target-lost",
        "seen-before",
        "infected@same-target",
        "counts@same-target",
    ]
    assert [s.text for s in knowledge.options["new-target"].support] == ["Give G-CSF below 1.0."]
    assert [f.group for f in knowledge.factors.values()] == ["antigen", "safety", "t-cell"]


def content(knowledge: Any) -> Any:
    """Everything but the parsed files: JSON writes their dates as text."""
    return {f.name: getattr(knowledge, f.name) for f in fields(knowledge) if f.name != "tables"}


def test_what_comes_from_the_cache_is_the_same(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", tables())
    fresh, problems = read_bundle(folder)
    assert not problems
    assert list(cache_folder().glob("knowledge-*.json"))
    cached, _ = read_bundle(folder)
    assert content(cached) == content(fresh)


def test_the_hash_changes_with_any_file(tmp_path: Path) -> None:
    before = load(write(tmp_path / "b", tables())).hash
    (tmp_path / "b" / "studies").mkdir()
    (tmp_path / "b" / "studies" / "x.toml").write_text("a = 1\n")
    assert load(tmp_path / "b").hash != before


@pytest.mark.parametrize("damage", ["", "{", '{"key": "other", "content": {}}', "[]"])
def test_a_damaged_cache_is_read_anew(tmp_path: Path, damage: str) -> None:
    folder = write(tmp_path / "b", tables())
    fresh = load(folder)
    (file,) = cache_folder().glob("knowledge-*.json")
    file.write_text(damage)
    assert content(load(folder)) == content(fresh)
    assert json.loads(file.read_text())["key"] == fresh.hash


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert load(write(tmp_path / "b", tables())).version == "test"


def test_what_is_in_the_cache_is_not_parsed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "b", tables())
    read_bundle(folder)
    monkeypatch.setattr(bundle, "_parsed", lambda contents: pytest.fail("parsed again"))
    assert read_bundle(folder)[0].version == "test"


def broken(tmp_path: Path, change: Any) -> Any:
    found = tables()
    change(found)
    with pytest.raises(KnowledgeError) as error:
        knowledge = load(write(tmp_path / "b", found))
        conditions_of(knowledge)
    return str(error.value)


def set_rule(key: Any, value: Any) -> Any:
    return lambda t: t["options/same-target.toml"]["rule"][0].update({key: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            set_rule("effect", "forbid"),
            "option same-target, rule target-lost, effect: 'forbid' is not one of exclude",
        ),
        (set_rule("stage", "later"), "stage: 'later' is not one of choose"),
        (set_rule("colour", "red"), "unknown key colour"),
        (set_rule("because", 3), "because: text is expected, not 3"),
        (set_rule("sources", "s1"), "sources: a list is expected"),
        (set_rule("when", "missing_finding"), "there is no finding named missing_finding"),
        (set_rule("when", "lost IS NULL"), "not of the allowed part of SQL"),
        (lambda t: t["options/same-target.toml"].pop("strategy"), "strategy is missing"),
        (
            lambda t: t["options/same-target.toml"].update(id="new-target"),
            "the id new-target is used in options/new-target.toml too",
        ),
        (
            lambda t: t["options/new-target.toml"]["availability"][0].update({"from": "soon"}),
            "a date such as 2024-03-31",
        ),
        (
            lambda t: t["options/new-target.toml"]["availability"][0].update(
                {"from": datetime(2024, 3, 31)}
            ),
            "a date such as 2024-03-31",
        ),
        (lambda t: t["option_rules.toml"].update(extra=1), "option_rules.toml: unknown key extra"),
        (
            lambda t: t["findings.toml"]["finding"]["lost"].update(type="yes"),
            "finding lost, type: 'yes' is not one of bool",
        ),
        (
            lambda t: t["findings.toml"]["finding"]["failure_status"]["values"].append("unknown"),
            "unknown is null",
        ),
        (
            lambda t: t["findings.toml"]["finding"]["lost"].update({"from": ["nothing"]}),
            "derived from nothing, which is not a finding",
        ),
        (
            lambda t: t["factors/antigen.toml"]["factor"][0]["indicator"][0].update(weight="heavy"),
            "weight: 'heavy' is not one of decisive",
        ),
        (
            lambda t: t["workups.toml"]["workup"][0].update(turnaround=1.5),
            "turnaround: a whole number is expected",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(
    tmp_path: Path, change: Any, message: Any
) -> None:
    assert message in broken(tmp_path, change)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", tables())
    (folder / "options" / "bad.toml").write_text("id = ")
    with pytest.raises(KnowledgeError, match=r"options/bad.toml can't be read as TOML"):
        load(folder)
    with pytest.raises(KnowledgeError, match="is not a folder"):
        load(folder / "nothing")


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    def change(t: Tables) -> None:
        set_rule("effect", "forbid")(t)
        t["workups.toml"]["workup"][0].pop("tests")

    assert broken(tmp_path, change).count("\n") == 1


def test_templates_make_a_finding_for_each_agent() -> None:
    catalogue = load_catalogue()
    assert catalogue["exposed_belantamab_mafodotin"].type == "bool"
    assert "belantamab" in catalogue["refractory_belantamab_mafodotin"].meaning
    assert catalogue.sources_of("urgent") == catalogue["urgent"].from_
    assert catalogue.sources_of("lvef") == ("lvef",)


def test_a_finding_is_not_derived_from_itself() -> None:
    loop = {
        "group": {"g": {"title": ""}},
        "finding": {
            n: {"group": "g", "type": "bool", "meaning": "", "from": [m]} for n, m in ("ab", "ba")
        },
    }
    with pytest.raises(KnowledgeError, match="derived from itself"):
        read_catalogue(loop, {})
