"""Writes the pages that are made from the code: docs/reference/, and the page of all checks.

python -m scripts.write_reference            # writes the pages, removes those no longer made
python -m scripts.write_reference --check    # writes nothing; exit 1 with the names of stale pages
"""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.docs_api import module_pages
from scripts.docs_cli import commands_page
from scripts.docs_schema import board_api_page, result_page
from scripts.docs_validation import validation_page

NOTE = "<!-- Written by scripts/write_reference.py from the code; edit that, run `make docs`. -->"
ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FOLDER = DOCS / "reference"


def pages() -> dict[str, str]:
    """Every page by its path below docs/."""
    made = {
        "reference/cli.md": commands_page(),
        "reference/schema.md": result_page(),
        "reference/board-api.md": board_api_page(),
        "validation/README.md": validation_page(),
    } | {f"reference/api/{name}": lines for name, lines in module_pages().items()}
    return {name: "\n".join([NOTE, "", *lines]).rstrip("\n") + "\n" for name, lines in made.items()}


def stale_pages() -> dict[str, str | None]:
    """Pages whose file differs from what the code gives; None for a file no longer made."""
    made = pages()
    there = {p.relative_to(DOCS).as_posix(): p.read_text("utf-8") for p in FOLDER.rglob("*.md")}
    page = DOCS / "validation" / "README.md"
    if page.exists():
        there["validation/README.md"] = page.read_text("utf-8")
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
    for name, text in stale.items():
        page = DOCS / name
        if text is None:
            page.unlink()
            continue
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    print(f"{len(stale)} page{'s' if len(stale) != 1 else ''} of the reference changed.")


if __name__ == "__main__":
    main()
