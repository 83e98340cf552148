"""Words of ids: one place, and a strategy of one's own is one row of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import get_args

import pytest
from tests.support.small_bundle import tables, write

from rearm.assessment.check import check
from rearm.evidence import MEASURES
from rearm.knowledge import KnowledgeError, load
from rearm.knowledge.bundle import DATA
from rearm.knowledge.words import read_words
from rearm.report.evidence.page import evidence_page
from rearm.report.words import VERDICT_ORDER, measure_words, strategy_words, words

ROW = """
[[strategy]]
id = "in-vivo-cart"
title = "CAR-T made in the body"
words = "CAR-T made in the body of the patient"
"""
STUDY = """
id = "author-2031"
authors = "Author A, et al."
title = "A trial"
journal = "A journal"
year = 2031
doi = "10.0/0"
url = "https://example.org"
read_from = "full text"
design = "phase-1"

[[arm]]
id = "author-2031-a"
strategy = "in-vivo-cart"
targets = ["BCMA"]
setting = "post-bcma-cart"
population = "In-vivo CAR-T after CAR-T"
figure = "patient-level"
n_treated = 20
response = { events = 12 }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bundled knowledge with a study of a strategy that only its own words.toml has."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(DATA, tmp_path / "own")
    (tmp_path / "own" / "words.toml").write_text(ROW, "utf-8")
    (tmp_path / "own" / "studies" / "author-2031.toml").write_text(STUDY, "utf-8")
    return tmp_path / "own"


def test_a_strategy_is_one_row_and_stands_on_the_page(folder: Path) -> None:
    assert check(folder) == []
    own = load(folder)
    page = evidence_page(["in-vivo-cart", "bispecific-bcma"], knowledge=own)
    assert "<h2>CAR-T made in the body</h2>" in page
    assert "12/20" in page
    assert strategy_words("in-vivo-cart", own) == "CAR-T made in the body of the patient"
    assert "in-vivo-cart" not in load().words.strategies
    with pytest.raises(KnowledgeError, match="no strategy or option in-vivo-cart"):
        evidence_page(["in-vivo-cart"])


def test_a_study_of_a_strategy_without_a_row_is_refused(folder: Path) -> None:
    (folder / "words.toml").unlink()
    (problem,) = check(folder)
    assert "strategy 'in-vivo-cart' is unknown" in str(problem)


def test_own_words_stand_for_the_bundled_ones(tmp_path: Path) -> None:
    own = write(tmp_path / "own", tables())
    (own / "words.toml").write_text('[words.verdict]\nopen = "can be given"\n', "utf-8")
    assert load(own).words.of("open") == "can be given"
    assert load().words.of("open") == "open"


def test_an_id_with_two_meanings_is_refused() -> None:
    with pytest.raises(KnowledgeError, match="early of timing has different words in another"):
        read_words({"words": {"kind": {"early": "x"}, "timing": {"early": "y"}}})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("needs_information", "needs information"),
        ("late", "late (after day 183)"),
        ("bcma_status", "BCMA status"),
        ("egfr", "eGFR"),
        ("never_seen", "never seen"),
        (None, ""),
    ],
)
def test_words_of_an_id(name: str | None, expected: str) -> None:
    assert words(name) == expected


def test_words_of_measures_and_strategies() -> None:
    assert measure_words("severe_infection") == "infection grade 3 or more"
    assert measure_words("time_to_next") == "time to next"
    assert strategy_words("bispecific-fcrh5") == "bispecific antibody against FcRH5"
    assert strategy_words("another-way") == "another way"


def test_every_measure_and_strategy_of_the_program_is_named() -> None:
    bundled = load()
    assert set(bundled.words.measures) == set(MEASURES)
    used = {option.strategy for option in bundled.options.values()}
    used |= {arm.strategy for study in bundled.studies for arm in study.arms} - {"other"}
    assert used
    assert used <= set(bundled.words.strategies)


def test_every_verdict_and_grade_of_the_result_is_named() -> None:
    from rearm.assessment.result import Grade, Verdict

    assert set(get_args(Verdict)) == set(load().words.groups["verdict"]) == set(VERDICT_ORDER)
    assert set(get_args(Grade)) - {"excluded"} == set(load().words.groups["grade"])
