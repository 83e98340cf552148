"""A word for who gives an export of REDCap without its data dictionary."""

from __future__ import annotations

from collections.abc import Iterable

from rearm.intake.rows import Grid

__all__ = ["redcap_hint"]

_OWN = frozenset(
    ("redcap_event_name", "redcap_repeat_instrument", "redcap_data_access_group",
     "redcap_survey_identifier", "Repeat Instrument")
)  # fmt: skip


def redcap_hint(grids: Iterable[Grid]) -> str:
    """A sentence for the end of another; empty where no table looks like an export of REDCap."""
    heads = (cell for grid in grids for row in grid.rows[:1] for cell in row)
    named = (cell for cell in heads if isinstance(cell, str))
    if any(head in _OWN or head.endswith("_complete") or "___" in head for head in named):
        return (
            " It looks like an export of REDCap: give the data dictionary of the project with "
            "--redcap."
        )
    return ""
