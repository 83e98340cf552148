"""Statements and sources: complete, cited in both directions, worded by us."""

import os
import re
from pathlib import Path

import pytest
import yaml

from rearm.knowledge.bundle import load

STRENGTHS = {
    "guideline", "consensus", "survey", "cohort", "trial", "case", "review", "opinion", "label", "regulator", "preclinical", "secondary",
}  # fmt: skip
SHARED = (
    Path(os.environ.get("REARM_SHARED", Path(__file__).parents[2].parent / "shared")) / "knowledge"
)
in_place = pytest.mark.skipif(not SHARED.exists(), reason="the knowledge folder is not there")


def test_every_statement_has_a_strength_and_a_source_that_exist() -> None:
    knowledge = load()
    for statement in knowledge.statements.values():
        assert statement.strength in STRENGTHS, statement.id
        assert statement.source in knowledge.sources, statement.id
        assert statement.text.endswith("."), statement.id


def test_sources_say_how_much_was_read() -> None:
    for source in load().sources.values():
        assert source.read in {
            "full",
            "abstract",
            "table",
            "report",
            "secondary",
            "none",
        }, source.id
        assert source.title, source.id
        if not (source.doi or source.pmid or source.url) and source.id != "accepted-practice":
            assert source.incomplete, f"{source.id}: without identifier and not marked"


def test_no_source_stands_twice() -> None:
    seen: dict[str, str] = {}
    for source in load().sources.values():
        if source.doi and source.id not in ("wu-2025-ide-cel",):
            assert source.doi not in seen, f"{source.id} and {seen[source.doi]}"
            seen[source.doi] = source.id


def test_what_was_read_second_hand_says_so() -> None:
    knowledge = load()
    for statement in knowledge.statements.values():
        source = knowledge.sources[statement.source]
        if source.read == "secondary" and source.incomplete and source.kind == "secondary":
            assert statement.strength == "secondary", statement.id


@in_place
def test_statements_of_the_collection_are_there_with_their_figures() -> None:
    """Each figure of a collected statement stands in ours; the sentences are ours."""
    ours = load().statements
    for row in yaml.safe_load((SHARED / "guidance.yaml").read_text("utf-8")):
        text = ours[row["id"]].text
        assert row["statement"].strip() != text
        assert _figures(row["statement"]) <= _figures(text), row["id"]


@in_place
def test_no_quote_of_the_collection_is_ours() -> None:
    texts = " ".join(s.text for s in load().statements.values())
    texts += " ".join(i.because for f in load().factors.values() for i in f.indicators)
    for name in ("guidance.yaml", "failure_factors.yaml", "additions_facts.yaml"):
        for quote in re.findall(
            r"quote: (.+?)\n\s*(?:seen_at|note)", (SHARED / name).read_text("utf-8"), re.S
        ):
            words = re.sub(r"\s+", " ", quote).strip("'\" ").split(" ")
            for start in range(max(1, len(words) - 9)):
                assert " ".join(words[start : start + 10]) not in texts


def _figures(text: str) -> set[str]:
    named = re.sub(
        r"CD\d+|HAVCR2|1q|17p|t\(\d+;\d+\)|PFS\d?|BCL-?2|10\^[39]|CT103A|MonumenTAL-1|MajesTEC-1|G\d|\(n"
        r" = |N ?= ?",
        " ",
        text,
    )
    return set(re.findall(r"\d+(?:\.\d+)?", named.replace(",", "")))
