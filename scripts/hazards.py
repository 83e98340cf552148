"""What could harm a patient, what stands against it, and which tests hold it, as a page:
docs/validation/hazards.md, made of docs/validation/hazards.toml.

python -m scripts.hazards            # writes the page
python -m scripts.hazards --check    # writes nothing; exit 1 where the page is stale
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs" / "validation" / "hazards.toml"
PAGE = TABLE.with_suffix(".md")
SEVERITIES = {"H": "wrong therapy", "M": "delay or wrong work-up", "L": "confusion"}
_SEEN = "tests/spec/test_hazards.py::test_without_its_guard_the_harm_is_seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One row. `guard`: what of the program stands against it (`module:name`), or a file with what
    it declares; `red`: the test that sees the harm without such a guard; `tests` hold it in full.
    """

    id: str
    name: str
    severity: str
    cause: str
    control: str
    guard: str
    tests: tuple[str, ...]
    red: str = ""


def hazards() -> dict[str, Hazard]:
    """The table by id. Raises where an id stands twice."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["hazard"]
    found = {row["id"]: Hazard(**row | {"tests": tuple(row["tests"])}) for row in rows}
    if len(found) < len(rows):
        raise ValueError("hazards.toml names an id twice")
    return found


def hazards_page() -> str:
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "<!-- Written by scripts/hazards.py from hazards.toml; edit that, run `make docs`. -->"
    yield ""
    yield "# What could harm a patient, and what stands against it"
    yield ""
    yield "Each guard is taken out in `make test`, and the harm is seen; then it is put back. The"
    yield "last column names the tests that hold the guard in full."
    yield ""
    head = ("hazard", "could lead to", "how it happens", "what stands against it", "guard", "tests")
    yield f"| {' | '.join(head)} |"
    yield "|---|---|---|---|---|---|"
    for x in hazards().values():
        held = "<br>".join(f"`{_short(name)}`" for name in x.tests)
        seen = f"`{x.guard}`" + (f"<br>`{_short(x.red)}`" if x.red else "")
        yield f"| {x.name} | {SEVERITIES[x.severity]} | {x.cause} | {x.control} | {seen} | {held} |"
    yield ""
    yield f"{len(hazards())} hazards. Where no other test is named, the harm is seen by"
    yield f"`{_SEEN}`."


def _short(test: str) -> str:
    return test.removeprefix("tests/")


def main(arguments: list[str]) -> int:
    page = hazards_page()
    if arguments == ["--check"]:
        stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page
        print(
            "docs/validation/hazards.md is stale: make docs" if stale else "hazards.md is as told"
        )
        return int(stale)
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
