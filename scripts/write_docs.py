"""Writes the generated pages of the dictionary to `docs/dictionary/`; always the same bytes for the
same knowledge.

python -m scripts.write_docs            # writes the pages, removes those that are no longer made
python -m scripts.write_docs --check    # writes nothing; exit 1 with the names of the pages that
are stale
"""

from __future__ import annotations

import sys
from pathlib import Path

from scripts import docs_facts, docs_practicalities, docs_rules, docs_store
from scripts.docs_markdown import Citations

from rearm.intake.tidy.template import describe_tables
from rearm.knowledge import Knowledge, load

NOTE = (
    "<!-- Written by scripts/write_docs.py from the knowledge; edit the knowledge, then run `make"
    " docs`. -->"
)
ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "dictionary"


def pages(knowledge: Knowledge, expected: Path) -> dict[str, str]:
    """Every page by its file name. `expected`: the table of expected verdicts of the examples."""
    cite = Citations(knowledge)
    made = {
        "findings.md": docs_rules.findings(knowledge),
        "tests.md": docs_facts.tests(knowledge),
        "factors.md": docs_rules.factors(knowledge, cite),
        "options.md": docs_rules.options(knowledge, cite),
        "shared-rules.md": docs_rules.shared_rules(knowledge, cite),
        "studies.md": docs_facts.studies(knowledge),
        "evidence.md": docs_facts.evidence(knowledge),
        "criteria.md": docs_facts.criteria(),
        "endpoints.md": docs_facts.endpoints(),
        "antigen-alterations.md": docs_rules.alterations(cite),
        "scores.md": docs_rules.scores(cite),
        "agents.md": docs_facts.agents(knowledge),
        "alerts-and-workups.md": docs_rules.alerts(knowledge, cite),
        "actions.md": docs_rules.actions(knowledge, cite),
        "practicalities.md": docs_practicalities.practicalities(knowledge, cite),
        "tables.md": iter(describe_tables().rstrip("\n").split("\n")),
        "store.md": docs_store.store(),
        "form.md": docs_facts.form(knowledge),
        "examples.md": docs_facts.examples(expected, knowledge),
        "sources.md": docs_facts.sources(knowledge),
    }
    return {name: "\n".join([NOTE, "", *lines]) + "\n" for name, lines in made.items()}


def stale_pages() -> dict[str, str | None]:
    """Pages whose file differs from what the knowledge gives, by name; None for a file that is no
    longer made.
    """
    made = pages(load(), ROOT / "examples" / "expected.yaml")
    there = {p.name: p.read_text("utf-8") for p in FOLDER.glob("*.md")}
    stale: dict[str, str | None] = {
        name: text for name, text in made.items() if there.get(name) != text
    }
    return stale | dict.fromkeys(there.keys() - made.keys())


def main() -> None:
    stale = stale_pages()
    if "--check" in sys.argv[1:]:
        if stale:
            sys.exit(f"Stale: {', '.join(sorted(stale))}. Run make docs.")
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in stale.items():
        if text is None:
            (FOLDER / name).unlink()
        else:
            (FOLDER / name).write_text(text, encoding="utf-8")
    print(
        f"{len(stale)} page{'s' if len(stale) != 1 else ''} changed in {FOLDER.relative_to(ROOT)}."
    )


if __name__ == "__main__":
    main()
