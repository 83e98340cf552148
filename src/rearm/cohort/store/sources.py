"""How an input is cut into parts: in its own format where it has a way, else as whole records."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rearm.cohort.store.whole_input import WholeInput
from rearm.intake import read
from rearm.intake.parts import PartReader
from rearm.intake.tidy.parts import TidyParts, can_be_cut
from rearm.knowledge import load

__all__ = ["reader_of_parts"]


def reader_of_parts(
    source: Path | str, mapping: Path | None, knowledge: Path | None, today: date | None
) -> PartReader:
    """The reader for an input. Raises InputError where it can't be read."""
    known = load(knowledge) if knowledge else load()
    if mapping is None and can_be_cut(Path(source), known):
        return TidyParts()
    return WholeInput(read(source, mapping, knowledge=known, today=today))
