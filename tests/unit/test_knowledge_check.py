"""The knowledge check: the bundled knowledge passes, and each thing that may be wrong makes it
fail.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.small_bundle import FINDINGS, Tables, tables, with_examples, write

import rearm
from rearm.assessment.check import check
from rearm.assessment.check_numbers import numbers_in
from rearm.assessment.diff import diff
from rearm.findings import FUNCTIONS
from rearm.findings.base import NOTHING
from rearm.knowledge import KnowledgeError, load
from rearm.knowledge.bundle import DATA


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def functions_of_the_small_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FINDINGS["finding"]:
        if name not in FUNCTIONS:
            monkeypatch.setitem(FUNCTIONS, name, lambda chart: NOTHING)


def test_the_bundled_knowledge_is_sound() -> None:
    assert [str(p) for p in check()] == []


def test_the_small_bundle_is_sound(tmp_path: Path) -> None:
    assert [str(p) for p in check(write(tmp_path / "b", with_examples(tables())))] == []


def option(t: Tables) -> Any:
    return t["options/same-target.toml"]


def first_rule(t: Tables) -> Any:
    return option(t)["rule"][0]


def factor(t: Tables) -> Any:
    return t["factors/antigen.toml"]["factor"][0]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda t: first_rule(t).update(sources=[]),
            "option same-target, rule target-lost: has no source",
        ),
        (
            lambda t: first_rule(t).update(sources=["nobody-2020"]),
            "cites nobody-2020, which is not a statement, source, study or arm",
        ),
        (
            lambda t: first_rule(t).update(because="Lost in 31 % of patients."),
            "the number 31 is neither in a cited source",
        ),
        (lambda t: first_rule(t).update(because=""), "has no reason"),
        (lambda t: first_rule(t).pop("stage"), "no stage"),
        (
            lambda t: option(t)["rule"][1].update(stage="choose"),
            "has a stage, which only exclude and require have",
        ),
        (lambda t: option(t)["rule"][1].update(until="later"), "has until, which only a stop has"),
        (lambda t: first_rule(t).update(when="lots"), "there is no finding named lots"),
        (
            lambda t: first_rule(t).update(when="failure_status = 'unknown'"),
            "has no value 'unknown'",
        ),
        (
            lambda t: first_rule(t).update(when="COALESCE(lost, exposed)"),
            "not of the allowed part of SQL",
        ),
        (lambda t: first_rule(t).update(when="anc / 2 > 1"), "not of the allowed part of SQL"),
        (lambda t: first_rule(t).update(when="lost = 1"), "yes-or-no finding"),
        (lambda t: first_rule(t).pop("example_true"), "has no example_true"),
        (
            lambda t: first_rule(t).update(example_true={"lost": False}),
            "example_true makes the condition false",
        ),
        (
            lambda t: first_rule(t).update(example_false={}),
            "example_false makes the condition unknown",
        ),
        (
            lambda t: first_rule(t).update(example_true={"gone": True}),
            "example_true: there is no finding named gone",
        ),
        (
            lambda t: first_rule(t).update(example_true={"lost": 1}),
            "lost is of type bool, 1 is not",
        ),
        (
            lambda t: option(t)["rule"][1].update(id="target-lost"),
            "rule target-lost: the id is used 2 times",
        ),
        (lambda t: option(t).update(strategy="magic"), "magic is not a strategy of the vocabulary"),
        (
            lambda t: option(t).update(sequence=["magic"]),
            "magic is not a strategy of the vocabulary",
        ),
        (lambda t: option(t).update(agents=["panacea"]), "panacea is not an agent or product"),
        (lambda t: option(t)["availability"][0].pop("source"), "availability US: has no source"),
        (
            lambda t: option(t)["availability"][0].update(
                to=option(t)["availability"][0]["from"].replace(year=2000)
            ),
            "ends before it begins",
        ),
        (
            lambda t: t["option_rules.toml"]["shared"][0]["tags"].append("nowhere"),
            "shared rule infected: no option has the tag nowhere",
        ),
        (
            lambda t: t["option_rules.toml"]["shared_support"][0].update(text="Give below 7."),
            "the number 7 is neither in a cited source",
        ),
        (
            lambda t: t["option_rules.toml"]["shared"][1].update(until="neutrophils are 0.9"),
            "the number 0.9 is neither",
        ),
        (lambda t: factor(t)["frequency"][0].update(percent=31.0), "12 of 40 is 30.0 %, not 31 %"),
        (lambda t: factor(t)["frequency"][0].update(n=50), "50 of 40 is not a share"),
        (lambda t: factor(t)["frequency"][0].pop("of"), "n and of must be given together"),
        (
            lambda t: factor(t)["frequency"][0].update(sources=[]),
            "frequency 'In a series.': has no source",
        ),
        (lambda t: factor(t)["indicator"][0].update(sources=["x"]), "indicator gene-hit: cites x"),
        (
            lambda t: t["sources.toml"]["source"].update(extra={"title": "T", "url": "u"}),
            "source extra: is not cited",
        ),
        (lambda t: t["sources.toml"]["source"]["src1"].pop("url"), "not marked incomplete"),
        (
            lambda t: t["statements.toml"]["statement"][0].update(source="gone"),
            "statement s1: comes from gone, which is not a source",
        ),
        (
            lambda t: t["workups.toml"]["workup"][1].update(supplies=["lost", "gone"]),
            "workup antigen: there is no finding named gone",
        ),
        (
            lambda t: t["workups.toml"]["workup"][1]["outcomes"].append({"peak": 1.0}),
            "an outcome gives peak, which the work-up does not supply",
        ),
        (
            lambda t: t["workups.toml"]["workup"][1].update(invasiveness=9),
            "invasiveness must be 0 to 3",
        ),
        (
            lambda t: t["findings.toml"]["finding"]["lost"].update(asks=["oracle"]),
            "finding lost: asks for oracle, which is not a work-up",
        ),
        (
            lambda t: t["findings.toml"]["finding"]["lost"].update(asks=["counts"]),
            "finding lost: asks for counts, which does not provide it. Name it in supplies or",
        ),
        (
            lambda t: t["workups.toml"]["workup"][1].update(also_tells=["gone"]),
            "workup antigen: there is no finding or group of findings named gone",
        ),
        (
            lambda t: t["workups.toml"]["workup"][1].update(tells={"serology": "gone"}),
            "workup antigen: tells: serology is not one of its tests, or gone is not among its",
        ),
        (
            lambda t: t["findings.toml"]["finding"].update(
                ecogg={"group": "g", "type": "integer", "meaning": "Performance status."}
            ),
            "finding ecogg: no function computes it, so it would always be unknown. Correct the "
            "name, leave the entry out, or write the function (rearm.findings). Did you mean "
            "ecog?",
        ),
        (
            lambda t: t["bundle.toml"].pop("reviewed"),
            "lacks the day on which the knowledge was reviewed",
        ),
        (lambda t: first_rule(t).update(effect="forbid"), "'forbid' is not one of"),
        (lambda t: first_rule(t).update(id="Target lost"), "rule Target lost: the id is not valid"),
        (lambda t: first_rule(t).update(example_false={}), "Give it lost too"),
        (
            lambda t: option(t)["tags"].append("nothing-acts-on-it"),
            "no shared rule acts on the tag nothing-acts-on-it",
        ),
        (
            lambda t: option(t)["availability"][0].update(region="Germany"),
            "Write two capital letters",
        ),
        (lambda t: option(t).update(rules=[]), "same-target: rules is not used here. Write rule"),
        (
            lambda t: t["statements.toml"]["statement"][0].update(strength="firm"),
            "the strength 'firm', which is not valid",
        ),
        (lambda t: t.pop("sources.toml"), "the folder has no sources.toml"),
        (
            lambda t: first_rule(t).update(example_true={"failure_status": "cured"}),
            "example_true: failure_status has no value 'cured'; its values are failed, suspected,",
        ),
        (
            lambda t: option(t).update(evidence={"strategy": "magic"}),
            "option same-target: magic (evidence) is not a strategy of the vocabulary",
        ),
        (
            lambda t: option(t)["availability"][0].update(off_label=True, when="exposed"),
            "off label in US has no label population: leave out `when`",
        ),
        (
            lambda t: t["findings.toml"]["finding"]["gene"].update({"from": ["lost"]}),
            "workup antigen: gene is derived; name what it is derived from",
        ),
        (
            lambda t: t["sources.toml"]["source"].update(s1={"title": "T", "url": "u"}),
            "statement s1: has the id of a source other than its own",
        ),
    ],
)
def test_each_fault_is_found(tmp_path: Path, change: Any, problem: Any) -> None:
    found = with_examples(tables())
    change(found)
    assert problem in "\n".join(map(str, check(write(tmp_path / "b", found))))


def test_criteria_of_a_folder_are_told_as_not_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", with_examples(tables()))
    own = folder / "criteria.toml"
    shutil.copy(DATA / "criteria.toml", own)
    assert check(folder) == []
    own.write_text(own.read_text("utf-8") + "\n# mine\n", "utf-8")
    (told,) = check(folder)
    assert str(told).startswith("criteria.toml: is not read from a folder")


def test_a_work_up_may_tell_more_than_is_tried(tmp_path: Path) -> None:
    found = with_examples(tables())
    found["findings.toml"]["finding"]["lost"].update(asks=["counts"])
    for told in (["lost"], ["g"]):  # the finding, or its group
        found["workups.toml"]["workup"][3].update(also_tells=told)
        assert check(write(tmp_path / "b", found)) == []


PHOSPHATE = """
[test.phosphate]
name = "Phosphate"
group = "chemistry"
units = ["mg/dL", "mmol/L"]
hard = [0, 60]
soft = [0.5, 12]
molar_mass = { g_per_mol = 30.974, of = "P" }
"""
FACTORS = """
[factors.phosphate]
"mg/dL" = 1.0
"mmol/L" = 3.0974
"""


def test_a_test_alone_takes_units_and_words_from_the_bundled_dictionary(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", with_examples(tables()))
    (folder / "tests.toml").write_text(PHOSPHATE, "utf-8")
    (folder / "units.toml").write_text(FACTORS, "utf-8")
    assert check(folder) == []
    assert load(folder).lab_tests["phosphate"].units["mmol/L"] == 3.0974


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("tests.toml", PHOSPHATE, "phosphate are not those of its units; run"),
        ("tests.toml", "[tests.phosphate]\n", "tests.toml: 'test' is missing. Add it"),
        ("tests.toml", "test = 1\n", "a part has a different form from the bundled file"),
        ("tests.toml", "unit = 1\n[test.x]\n", "tests.toml: a part has a different form"),
        ("tests.toml", "[test.x]\n", "test x: group, name is missing. Add it."),
        (
            "tests.toml",
            '[test.x]\nname = "X"\ngroup = "g"\nwords = "smells"\n',
            "x takes the words smells, which are not a list",
        ),
        (
            "tests.toml",
            '[test.x]\nname = "X"\ngroup = "g"\nunits = ["g/L"]\nhard = [1]\n',
            "x: hard and soft must be two numbers each",
        ),
        ("units.toml", "factors = 1\n", "units.toml: a part has a different form"),
        (
            "units.toml",
            'factors.serum_m_protein = "x"\n',
            "units.toml: a part has a different form",
        ),
        ("agents.toml", "agent = 1\n", "agents.toml or regimens.toml: a part has"),
        ("regimens.toml", "words = 1\n", "regimens.toml: a part has a different form"),
        ("words.toml", "words = 1\n", "words.toml, words: a table is expected"),
        ("fhir_codes.toml", "[systems]\n", "fhir_codes.toml: 'loinc' is missing"),
        ("tables.toml", "[table.labs]\n", "tables.toml: 'columns' is missing"),
        ("scores.toml", "score = 1\n", "scores.toml: a part has a different form"),
        ("antigen_variants.toml", "alteration = 1\n", "antigen_variants.toml: a part has"),
        (
            "factors/antigen.toml",
            "factor = 1\n",
            "factors/antigen.toml: a part has a different",
        ),
        ("option_rules.toml", "shared = 1\n", "option_rules.toml: a part has a different form"),
        ("alerts.toml", "alert = 1\n", "alerts.toml: a part has a different form"),
        ("sources.toml", "source = 1\n", "sources.toml: a part has a different form"),
        ("findings.toml", "finding = 1\n", "findings.toml or agents.toml: a part has a different"),
    ],
)
def test_a_part_that_is_missing_or_of_another_form_is_a_sentence(
    tmp_path: Path, file: str, text: str, problem: str
) -> None:
    folder = write(tmp_path / "b", with_examples(tables()))
    (folder / file).write_text(text, "utf-8")
    assert problem in "\n".join(map(str, check(folder)))


def test_a_file_that_cannot_be_read_is_told_alone(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", with_examples(tables()))
    file = folder / "sources.toml"
    file.write_text(file.read_text("utf-8") + '\n[[source]]\nid = "x"\n', "utf-8")
    (told,) = map(str, check(folder))
    assert told.startswith("knowledge: sources.toml can't be read as TOML") and "[[source]]" in told
    file.write_bytes("title = 'Müller'\n".encode("latin-1"))
    (told,) = map(str, check(folder))
    assert "line 1 contains a character that is not UTF-8" in told


def test_a_file_whose_name_is_not_utf_8_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", with_examples(tables()))
    (folder / "options" / "caf\udce9.toml").write_text("", "utf-8")  # one byte of Latin-1
    assert list(map(str, check(folder))) == [
        "knowledge: The name of the file options/caf\\udce9.toml is not UTF-8 or contains a "
        "control character. Rename the file."
    ]
    with pytest.raises(KnowledgeError, match="Rename the file"):
        load(folder)


def test_the_mark_of_a_windows_editor_does_no_harm(tmp_path: Path) -> None:
    folder = write(tmp_path / "b", with_examples(tables()))
    file = folder / "sources.toml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert check(folder) == []


@pytest.mark.parametrize(
    "name", ["studies/new-2031.toml.txt", "new-2031.toml", "studies/more/new.toml"]
)
def test_a_file_that_is_not_read_is_told(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "b", with_examples(tables()))
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("", "utf-8")
    assert any(str(problem).startswith(f"{name}: is not read") for problem in check(folder))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Seen in 12 of 40 (30 %), 8.4 months.", {12, 40, 30, 8.4}),
        ("Below 0.5 (10*9/L) or 1,077 patients", {0.5, 1077}),
        ("t(11;14), del(17p), 1q, CD38, PD-1, GPRC5D, IgG, V600E", set()),
        ("400 mg/dL within 24 h", {400, 24}),
        ("100 mg/24 h", {100}),
        ("grade 3-4, day 91", {3, 4, 91}),
    ],
)
def test_what_counts_as_a_number(text: str, numbers: Any) -> None:
    assert numbers_in(text) == numbers


def test_diff_tells_entries_and_results(tmp_path: Path) -> None:
    before = load(write(tmp_path / "a", tables()))
    changed = tables()
    changed["options/same-target.toml"]["rule"].pop()
    changed["factors/antigen.toml"]["factor"][0]["id"] = "absence"
    after = load(write(tmp_path / "b", changed))
    found = diff(before, after)
    assert [(e.kind, e.id, e.change, e.fields) for e in found.entries] == [
        ("factor", "loss", "removed", ()),
        ("factor", "absence", "added", ()),
        ("option", "same-target", "changed", ("rules",)),
    ]
    assert found.results == ()
    assert diff(before, before).entries == ()


def test_diff_tells_which_verdicts_change_with_a_rule(tmp_path: Path) -> None:
    """A rule against talquetamab that nobody has now: each example patient with a verdict on it
    changes, and nobody else does.
    """

    shutil.copytree(DATA, tmp_path / "b")
    file = tmp_path / "b" / "options" / "talquetamab.toml"
    new_rule = (
        '[[rule]]\nid = "never"\neffect = "exclude"\nstage = "caution"\nwhen = "prior_lines >='
        ' 0"\nbecause = "No."\nsources = []\n'
    )
    file.write_text(file.read_text() + "\n" + new_rule)
    records = rearm.read(Path(__file__).parents[2] / "examples" / "tables").records
    found = diff(load(), load(tmp_path / "b"), records)
    assert [(e.kind, e.id, e.fields) for e in found.entries] == [
        ("option", "talquetamab", ("rules",))
    ]
    changed = {r.what for r in found.results if r.kind == "option"}
    assert changed == {"talquetamab"}
    assert {r.after for r in found.results if r.kind == "option"} == {"excluded"}
    moved = {(r.what, r.after) for r in found.results if r.kind == "strategy"}
    assert moved == {("bispecific-gprc5d", "not_possible")}
