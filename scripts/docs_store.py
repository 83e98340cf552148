"""The page of the dictionary on the tables of a store."""

from __future__ import annotations

from scripts.docs_markdown import Lines, cell, code, table

from rearm.cohort.store.tables import TABLES

_KINDS = {
    "text": "text",
    "whole": "whole number",
    "number": "number",
    "yes_no": "yes or no",
    "texts": "texts",
}


def store() -> Lines:
    """Every table with its columns."""
    yield "# Tables of a store"
    yield ""
    yield (
        "What `rearm cohort build` writes, one Parquet file a table and bucket. Days are on the"
        " patient's own axis, day 0 the infusion; an empty cell is unknown, or does not apply."
        " `..._low` and `..._high` are the days between which something lies."
    )
    for one in TABLES.values():
        yield f"\n## {one.name}"
        yield f"\nA row is {one.row}."
        yield from table(
            ("column", "type", "meaning"),
            ((code(c.name), _KINDS[c.kind], cell(c.meaning)) for c in one.columns),
        )
    yield "\n## findings"
    yield (
        "\nA row is one patient; the columns are the [findings](findings.md) of the dictionary."
        " Where a number is known only within bounds its ends are in `..__low` and `..__high`"
        " (`..__low_open`: the end itself is not possible), where several words are possible these"
        " are in `..__possible`; the finding itself is then empty."
    )
