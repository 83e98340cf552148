"""One page of every check whose figures are kept: what was run, by which command, what it told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.docs_markdown import Lines, cell, table
from scripts.gate import GATES

__all__ = ["Check", "checks", "not_kept", "validation_page"]

FOLDER = Path(__file__).parents[1] / "docs" / "validation"
PAGE = "README.md"
# What of a log tells that tests run, and nothing of what they found.
_PROGRESS = re.compile(r"^(\.*s*\.*\s*\[\s*\d+%\]|bringing up nodes\.*)$")
_COMMAND = re.compile(r"`((?:make|python -m|pytest) [^`]+)`")


@dataclass(frozen=True, slots=True)
class Check:
    """A page of docs/validation. `command` runs the check again."""

    name: str
    title: str
    command: str
    body: tuple[str, ...]


def checks() -> list[Check]:
    """Every page of the folder, by its title. Raises ValueError where one names no command."""
    pages = (p for p in FOLDER.glob("*.md") if p.name != PAGE)
    return sorted((_check(p) for p in pages), key=lambda x: x.title)


def not_kept() -> dict[str, str]:
    """The titles of the gates whose figures are not kept, by their names."""
    kept = {x.name for x in checks()}
    return {name: gate.title for name, gate in GATES.items() if name not in kept}


def _check(page: Path) -> Check:
    text = re.sub(r"<!--.*?-->", "", page.read_text("utf-8"), flags=re.S)
    lines = text.strip().split("\n")
    command = _COMMAND.search(text)
    if command is None:
        raise ValueError(f"{page.name} names no command that runs the check again")
    return Check(page.stem, lines[0].removeprefix("# "), command[1], tuple(lines[1:]))


def validation_page() -> Lines:
    found = checks()
    yield "# Every check and its figures"
    yield ""
    yield (
        "What the project measured of itself, and the command that measures it again. A table says"
        " on which version it was made; where something was missed, it says so. `make gates` lists"
        " the long checks, `make test` runs the short ones. What these checks can't show stands in"
        " [Limits](../explanation/limits.md)."
    )
    rows = ((f"[{cell(x.title)}](#{_anchor(x.title)})", f"`{x.command}`") for x in found)
    yield from table(("check", "again by"), rows)
    missing = not_kept()
    if missing:
        yield "These checks exist, and their figures are not kept here:"
        yield from table(
            ("check", "run by"), ((cell(t), f"`make gate-{n}`") for n, t in missing.items())
        )
    for check in found:
        yield from ("", f"## {check.title}", "", f"Kept in [{check.name}.md]({check.name}.md).", "")
        yield from _shown(check.body)


def _shown(lines: Iterable[str]) -> Lines:
    """The body of a page below a heading of this one, without what only tells that tests run."""
    logged = False
    for line in lines:
        if line.startswith("```"):
            logged = not logged
        if logged and (not line.strip() or _PROGRESS.match(line.strip())):
            continue
        yield f"#{line}" if re.match(r"#+ ", line) and not logged else line


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
