"""Prints the tables of `tests/spec` as pages for people who do not read tests: `docs/spec/`.

python -m scripts.write_spec            # writes the pages
python -m scripts.write_spec --check    # writes nothing; exit 1 with the names of stale pages
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.spec import test_imwg_boundaries as boundaries
from tests.spec import test_regimens_spec as regimens
from tests.spec import test_units_traps as traps

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "spec"
NOTE = "<!-- Written by scripts/write_spec.py from tests/spec; edit the test, run `make docs`. -->"

_NAMES = {
    "serum_m_g_dl": "serum M {} g/dL",
    "serum_m_g_l": "serum M {} g/L",
    "urine_m_mg_24h": "urine M {} mg/24 h",
    "serum_ife": "serum immunofixation {}",
    "urine_ife": "urine immunofixation {}",
    "kappa_mg_l": "kappa {} mg/L",
    "lambda_mg_l": "lambda {} mg/L",
    "bm_pc_pct": "marrow plasma cells {} %",
    "bm_clonal": "marrow clone {}",
    "circ_pc_per_ul": "circulating plasma cells {} /uL",
    "plasmacytoma_spd_cm2": "plasmacytomas {} cm2",
    "n_lesions": "lesions {}",
    "lesion_longest_cm": "longest {} cm",
    "lesion_short_axis_cm": "short axis {} cm",
    "calcium_mg_dl": "calcium {} mg/dL",
}


def visit(results: dict[str, Any], before: dict[str, Any] | None = None) -> str:
    """Results in words; with `before` only those that are not as they were there."""
    same = before or {}
    words = [
        _NAMES.get(key, key.replace("_", " ") + " {}").format(value)
        for key, value in results.items()
        if same.get(key, ...) != value
    ]
    gone = [key for key in same if key not in results]
    if gone:
        names = (_NAMES.get(k, k).split(" {}")[0].replace("_", " ") for k in gone)
        words.append(f"not done: {', '.join(names)}")
    return "; ".join(words) or "as before"


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    names = list(head)
    yield f"| {' | '.join(names)} |"
    yield "|" + "---|" * len(names)
    for row in rows:
        cells = (str(cell).replace("|", "\\|") or " " for cell in row)
        yield f"| {' | '.join(cells)} |"
    yield ""


def later(base: dict[str, Any], then: list[dict[str, Any]]) -> str:
    return ", then ".join(visit(results, base) for results in then)


def response_page() -> Iterator[str]:
    yield "# Limits of the response criteria"
    yield ""
    yield (
        "Each threshold just under, at and just over: what was measured at the baseline, what"
        " changed at the later visits, and the response of the last one before confirmation."
    )
    yield ""
    rows = ((name, visit(base), later(base, then), e) for name, base, then, e in boundaries.ROWS)
    yield from table(("limit", "baseline", "later", "response"), rows)
    yield "## Measurable at baseline"
    yield ""
    measurable = ((visit(base), ", ".join(e) or "nothing") for base, e in boundaries.MEASURABLE)
    yield from table(("baseline", "measurable by"), measurable)
    yield "## Open questions of the text"
    yield ""
    yield "The response by default, and with the other answer (`docs/dictionary/criteria.md`)."
    yield ""
    settings = (
        (f"{name} = {value}", visit(base), later(base, then), default, changed)
        for name, value, base, then, default, changed in boundaries.PARAMETERS
    )
    yield from table(("setting", "baseline", "later", "default", "with it"), settings)
    yield "## Confirmation"
    yield ""
    confirmed = (
        (name, _settings(given), ", ".join(map(str, serum)), _settings(rest), " ".join(e))
        for name, given, serum, rest, e in boundaries.CONFIRMED
    )
    head = ("what", "setting", "serum M at each visit, g/dL", "besides", "confirmed response")
    yield from table(head, confirmed)


def _settings(given: dict[str, Any]) -> str:
    return ", ".join(f"{key.replace('_', ' ')}: {_words(value)}" for key, value in given.items())


def _words(value: Any) -> str:
    return ", ".join(map(str, value.values())) if isinstance(value, dict) else str(value)


def regimens_page() -> Iterator[str]:
    yield "# Regimen texts and what is read"
    yield ""
    letters = ", ".join(f"{short} {agent}" for short, agent in regimens.LETTERS.items())
    yield f"Parts are separated by /, the purpose follows a colon. {letters}."
    yield ""
    yield from table(("text", "parts", "unread", "ambiguous"), regimens.rows())


def units_page() -> Iterator[str]:
    yield "# Values as laboratories write them"
    yield ""
    head = ("test", "value", "unit", "read as")
    yield from table(head, traps.rows(traps.READ))
    yield "## Extremes that were measured and are not refused"
    yield ""
    yield from table(head, traps.rows(traps.EXTREME))
    yield "## Refused, with the code of the issue"
    yield ""
    yield from table((*head[:3], "code"), traps.rows(traps.REFUSED))


def pages() -> dict[str, str]:
    """Every page by its file name."""
    made = {
        "response-limits.md": response_page(),
        "regimens.md": regimens_page(),
        "units.md": units_page(),
    }
    return {name: "\n".join([NOTE, "", *lines]) for name, lines in made.items()}


def stale_pages() -> list[str]:
    """Names of pages whose file is not what the tests give."""
    return [
        name
        for name, text in pages().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text("utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    stale = stale_pages()
    if "--check" in arguments:
        print("\n".join(stale))
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        (FOLDER / name).write_text(pages()[name], encoding="utf-8")
    print(f"{len(stale)} pages changed in {FOLDER.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
