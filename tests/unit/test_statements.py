"""Statements and sources: complete, cited in both directions, worded by us."""

import hashlib
import json
import re

from tests.support.loops import some
from tests.support.places import DATA

from rearm.knowledge.bundle import load

STRENGTHS = {
    "guideline", "consensus", "survey", "cohort", "trial", "case", "review", "opinion", "label",
    "regulator", "preclinical", "secondary",
}  # fmt: skip


def test_every_statement_has_a_strength_and_a_source_that_exist() -> None:
    knowledge = load()
    for statement in some(knowledge.statements.values()):
        assert statement.strength in STRENGTHS, statement.id
        assert statement.source in knowledge.sources, statement.id
        assert statement.text.endswith("."), statement.id


def test_sources_say_how_much_was_read() -> None:
    for source in some(load().sources.values()):
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
    for source in some(load().sources.values()):
        if source.doi and source.id not in ("wu-2025-ide-cel",):
            assert source.doi not in seen, f"{source.id} and {seen[source.doi]}"
            seen[source.doi] = source.id


def test_what_was_read_second_hand_says_so() -> None:
    knowledge = load()
    for statement in some(knowledge.statements.values()):
        source = knowledge.sources[statement.source]
        if source.read == "secondary" and source.incomplete and source.kind == "secondary":
            assert statement.strength == "secondary", statement.id


def test_statements_of_the_collection_are_there_with_their_figures() -> None:
    """Each figure of a collected statement stands in ours; the sentences are ours."""
    ours = load().statements
    collected = json.loads((DATA / "collected_statements.json").read_text("utf-8"))
    assert collected
    for name, row in some(collected.items()):
        text = ours[name].text
        assert _hash(text) != row["sentence"]
        assert set(row["figures"]) <= _figures(text), name


def test_no_quote_of_the_collection_is_ours() -> None:
    """No ten words in a row (fewer where a quote is shorter) are those of quoted literature."""
    texts = [s.text for s in load().statements.values()]
    texts += [i.because for f in load().factors.values() for i in f.indicators]
    quoted = json.loads((DATA / "quoted_words.json").read_text("utf-8"))
    assert quoted
    for text in some(texts):
        words = re.findall(r"[^\W_]+", text.lower())
        for count, hashes in quoted.items():
            for start in range(len(words) - int(count) + 1):
                passage = " ".join(words[start : start + int(count)])
                assert _hash(passage) not in hashes, passage


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _figures(text: str) -> set[str]:
    named = re.sub(
        r"CD\d+|HAVCR2|1q|17p|t\(\d+;\d+\)|PFS\d?|BCL-?2|10\^[39]|CT103A|MonumenTAL-1|MajesTEC-1|G\d|\(n"
        r" = |N ?= ?",
        " ",
        text,
    )
    return set(re.findall(r"\d+(?:\.\d+)?", named.replace(",", "")))
