"""What is to be found out stands in a clinician's words, never in the definition of a finding."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.spec.test_findings_of_real_records import assessed

import rearm
from rearm.assessment import Assessment
from rearm.assessment.check import check_knowledge
from rearm.intake import read_tables
from rearm.knowledge import load
from rearm.report.assessment.page import page

Row = dict[str, Any]


@pytest.fixture(scope="module")
def result() -> Assessment:
    return judged("hbsag", "anti_hbc")


def judged(*negative: str) -> Assessment:
    """A relapse after ide-cel of which little is known but that these tests are negative."""
    serology = [{"day": 200, "test": test, "value": "negative"} for test in negative]
    tables: dict[str, list[Row]] = {
        "patients": [{"sex": "F", "birth_date": "1960-01-01", "day_zero": "2024-01-01"}],
        "infusions": [{"day": 0, "product": "ide-cel", "target": "BCMA"}],
        "assessments": [{"day": 200, "response": "PD", "by": "team"}],
        "labs": serology,
    }
    with_id = {name: [{"patient_id": "A"} | row for row in own] for name, own in tables.items()}
    (record,) = read_tables(with_id).records
    return rearm.assess(record)


def test_what_is_on_record_is_not_asked_for_again(result: Assessment) -> None:
    (serology,) = [t for t in result.next_tests if "viral_serology" in t.ids]
    assert (
        "Missing: hepatitis C RNA, HIV infection (serology), latent tuberculosis." in serology.why
    )
    assert {"hbsag", "anti_hbc"}.isdisjoint({*serology.findings, *serology.tests})


@pytest.mark.parametrize("known", ["hbsag", "hiv_serology"])
def test_a_test_whose_finding_is_on_record_is_left_out_of_its_work_up(known: str) -> None:
    (serology,) = [t for t in judged(known).next_tests if "viral_serology" in t.ids]
    assert {"hbsag", "anti_hbc", "hcv_rna", "hiv_serology"} - {known} == {*serology.tests}


def test_no_definition_stands_where_something_is_missing(result: Assessment) -> None:
    html = page(result, with_picture=False)
    asked = " ".join(re.findall(r"(?:Missing|Unknown): [^<]*", html))
    asked += " ".join(re.findall(r"Unknown \([^<]*\); would apply if so", html))
    asked += " ".join(re.findall(r'<p class="missing"><b>([^<]*)</b>', html))
    definitions = [
        f.meaning.rstrip(".")
        for name, f in load().catalogue.items()
        if not (name in result.findings and result.findings[name].known)
        and f.meaning.rstrip(".").casefold() != f.label.casefold()
        and len(f.meaning) > 40
    ]
    assert len(definitions) > 100
    assert len(asked) > 1000
    assert [x for x in definitions if x.casefold() in asked.casefold()] == []


def test_results_that_a_test_may_give_are_named_in_words(result: Assessment) -> None:
    html = page(result, with_picture=False)
    assert "If " in html and " = yes" not in html and " = no" not in html
    names = {name for test in result.next_tests for c in test.changes for name in c.values}
    assert names and all(result.titles.findings[name] for name in names)


def test_what_must_be_known_first_is_named_by_what_is_missing(result: Assessment) -> None:
    html = page(result, with_picture=False)
    first = r"<b>Clarify first:</b> (.*?)</p>|Clarify first: </span>(.*?)</td>"
    asked = " ".join(" ".join(found) for found in re.findall(first, html, re.DOTALL))
    asked += " ".join(re.findall(r'<p class="missing"><b>([^<]*)</b>', html))
    assert "relapse in soft tissue away from bone (imaging)" in asked
    assert "active infection" in asked and "bcma subclonal loss large" not in html
    assert not re.search(r"[>,;] ?imaging[<,;]", html)


def test_no_rule_is_named_by_its_id(result: Assessment) -> None:
    open_ = assessed(
        ("assessments", {"day": 60, "response": "CR", "by": "team"}),
        ("assessments", {"day": 310, "response": "PD", "by": "team"}),
        ("labs", {"day": 310, "test": "bcma_positive_plasma_cells", "value": 90, "unit": "%"}),
        ("imaging", {"day": 310, "method": "PET-CT", "result": "negative"}),
        after=(),
    )
    assert any(o.verdict == "open" and o.cautions for o in open_.options)
    for judged_ in (result, open_):
        html = page(judged_, with_picture=False)
        named = {x.casefold() for x in re.findall(r'<a href="#r\d+">([^<]*)</a>', html)}
        labels = {x.casefold() for x in judged_.titles.findings.values()}
        labels |= {f.text.casefold() for f in judged_.findings.values()}
        ids = {key.partition("@")[0].replace("-", " ") for key in judged_.reasons}
        assert "neutrophils" in named
        assert not (named - labels) & ids


def test_every_finding_can_be_asked_for() -> None:
    known = load()
    assert all(finding.label for finding in known.catalogue.values())
    assert not [p for p in check_knowledge(known) if "label" in p.text]
