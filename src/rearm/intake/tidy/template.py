"""Empty tidy tables with a description of each column, for those who type or export into them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from rearm.errors import InputError
from rearm.intake.dictionary import Column, fact_values, load_tables
from rearm.knowledge.bundle import bundled

__all__ = ["DESCRIPTION", "describe_tables", "write_template"]

DESCRIPTION = "columns.md"

_DAYS = (
    (
        "A day that is known only within bounds is kept as an interval, in every table. A rule "
        "that needs"
    ),
    "the exact day is decided only if the bounds decide it.",
    "",
    "| entry | what is known |",
    "|---|---|",
    "| `12`, `-30`, `day 12`, `Tag 12` | that day |",
    "| `2024-03-14`, `2024/03/14`, `14.03.2024`, `14 Mar 2024`, `14. März 2024`, `March 14, 2024` |"
    " that date |",
    (
        "| `14.3.24`, `03/14/2024` | refused, because the century or the order of day and month "
        "is unclear |"
    ),
    "| `2024-03`, `03/2024`, `March 2024`, `im März 2024` | some day of the month |",
    "| `early`, `mid`, `late March 2024`, `Anfang`, `Mitte`, `Ende März 2024` | a day of its first"
    " half, from the 8th to the 23rd, of its second half |",
    "| `early`, `mid`, `late 2024`, `Anfang`, `Mitte`, `Ende 2024` | a day of its first half, of"
    " April to September, of its second half |",
    "| `Q3 2024`, `3. Quartal 2024`, `H1 2024`, `1. Halbjahr 2024` | some day of the quarter, of"
    " the half |",
    "| `Frühjahr`, `Sommer`, `Herbst 2024` | 1 March to 21 June, 1 June to 23 September,"
    " 1 September to 21 December |",
    "| `Winter 2023/24` | 1 December 2023 to 21 March 2024 |",
    "| `spring 2024`, `winter 2024` | refused, because the hemisphere or the winter meant is "
    "unclear |",
    "| `Jahr 2017` | some day of the year |",
    "| `2017` | the year if the patient's other days are dates, the day if they are numbers; "
    "refused if that is unclear |",
    "| `3 months`, `Monat 3` | half a month on either side |",
    "| `before infusion`, `vor CAR-T`, `before bridging` | before that day |",
    "| `after infusion`, `nach CAR-T` | from the day after the first infusion to the last contact"
    " |",
    "| `apheresis`, `diagnosis` | that day, if it is recorded |",
    "| blank, `n.d.`, `unknown` | nothing: the row is kept without a day and reported |",
)
_TYPES = {
    "id": "text",
    "text": "text",
    "day": "day number, date, month, year or word of order (see below)",
    "days": "days, joined by ;",
    "date": "date YYYY-MM-DD",
    "year": "year, four digits",
    "integer": "whole number",
    "number": "number",
    "yes_no": "yes or no",
    "value": "number, <number, or word",
    "unit": "unit",
    "test": "test id or LOINC code",
    "word": "one of",
    "words": "one or more (;) of",
    "agents": "agents, joined by ;",
    "regimen": "text",
}


def write_template(folder: Path) -> list[Path]:
    """Write one CSV with a header for each tidy table, and `columns.md`. Gives the paths written.

    Raises InputError where the folder can't be written or one of the files is there already:
    nothing is overwritten.
    """
    targets = {name: folder / f"{name}.csv" for name in load_tables()}
    there = [p.name for p in (*targets.values(), folder / DESCRIPTION) if p.exists()]
    if there:
        raise InputError(
            f"{folder} already contains {', '.join(there)}. Nothing was written. Choose an "
            "empty folder."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in targets.items():
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerow(load_tables()[name].columns)
        (folder / DESCRIPTION).write_text(describe_tables(), "utf-8")
    except OSError as error:
        raise InputError(
            f"The folder {folder} can't be written: {error.strerror or error}."
        ) from error
    return [*targets.values(), folder / DESCRIPTION]


def describe_tables() -> str:
    """The dictionary of the tidy tables in Markdown: each column with its type, meaning and allowed
    words.
    """
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Tidy tables"
    yield ""
    yield (
        "One file per table. Only `patients` is required, and columns may be left out. A blank "
        "cell means unknown; a negative result needs a row of its own."
    )
    yield (
        "Days are whole numbers on the patient's own axis (day 0 = `day_zero`); an ISO date may "
        "be entered for any day."
    )
    yield ""
    yield from _DAYS
    for table in load_tables().values():
        yield f"\n## {table.name}\n\n{table.meaning}\n"
        yield "| column | type | meaning |"
        yield "|---|---|---|"
        for column in table.columns.values():
            name = f"`{column.name}`" + (" (needed)" if column.required else "")
            yield f"| {name} | {_kind(column)} | {_escaped(column.meaning)} |"
    yield "\n## Values of facts\n"
    yield (
        "Any finding in the dictionary of findings may be entered too, by its name: yes or no, "
        "a number, or one of its words."
    )
    yield ""
    yield "| finding | values |"
    yield "|---|---|"
    for finding, words in fact_values().items():
        form = "lesion=word, word one of " if finding == "lesion_histology" else ""
        yield f"| `{finding}` | {form}{', '.join(words)} |"
    tables = bundled().tidy_tables
    for finding in sorted(tables.fact_numbers):
        yield f"| `{finding}` | a number |"
    for finding in sorted(tables.fact_options):
        yield f"| `{finding}` | a number, or by option `<option>=<number>` |"


def _kind(column: Column) -> str:
    text = _TYPES[column.type]
    if column.words:
        text += f" {', '.join(column.words)}"
    if column.open:
        text += ", or other words (kept but not used by rules)"
    return _escaped(text)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
