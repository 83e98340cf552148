"""Which columns of the table of findings leave a store."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rearm.export.deidentified.texts import only_words
from rearm.export.deidentified.treatments import FINDINGS_OF_AGENTS, TREATMENTS
from rearm.knowledge import Knowledge

__all__ = ["findings_in_words", "findings_that_leave", "leaves"]

# counted in days or months, so that ends that are not exact would tell a date
_OF_TIME = ("d", "mo")


def findings_that_leave(
    columns: Sequence[str], knowledge: Knowledge
) -> tuple[list[str], list[str]]:
    """The columns that leave and those that no treatment is listed for."""
    leave, unlisted = [], []
    for column in columns:
        name = column.partition("__")[0]
        verdict = leaves(name, knowledge)
        if verdict is None:
            unlisted.append(column)
        elif verdict and not (column != name and _counts_time(name, knowledge)):
            leave.append(column)
    return leave, unlisted


def leaves(name: str, knowledge: Knowledge) -> bool | None:
    """Whether a finding leaves; None where no treatment is listed for it."""
    listed = TREATMENTS["findings"].get(name)
    if listed is not None:
        return listed.kind != "drop"
    of_agent = name.startswith(FINDINGS_OF_AGENTS) and name in knowledge.catalogue.findings
    return True if of_agent else None


def _counts_time(name: str, knowledge: Knowledge) -> bool:
    finding = knowledge.catalogue.findings.get(name)
    return finding is not None and finding.unit in _OF_TIME


def findings_in_words(frame: pl.DataFrame, knowledge: Knowledge) -> pl.DataFrame:
    """The texts of findings that the dictionary lists; others are replaced."""
    texts = (pl.String, pl.List(pl.String))
    return frame.with_columns(
        only_words(frame, column, knowledge.catalogue.findings[name].values, None)
        for column, kind in frame.schema.items()
        if kind in texts and (name := column.partition("__")[0]) in knowledge.catalogue.findings
    )
