"""How an input is cut into parts: in its own format where it has a way, else as whole records."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rearm.cohort.store.whole_input import WholeInput
from rearm.intake import read
from rearm.intake.omop.database import is_postgres_address
from rearm.intake.omop.parts import OmopParts
from rearm.intake.parts import PartReader
from rearm.intake.readers import reader_of
from rearm.knowledge import load

__all__ = ["reader_of_parts"]


def reader_of_parts(
    source: Path | str,
    *,
    mapping: str | Path | None,
    redcap: Path | None,
    knowledge: Path | None,
    today: date | None,
) -> PartReader:
    """The reader for an input, as `rearm.read` takes it. Raises InputError where it can't be
    read.
    """
    known = load(knowledge) if knowledge else load()
    if is_postgres_address(str(source)):
        return OmopParts()
    path = Path(source)
    if mapping is None and redcap is None and path.exists():
        in_parts = reader_of(path, known).parts(path, known)
        if in_parts is not None:
            return in_parts
    return WholeInput(read(source, mapping, redcap=redcap, knowledge=known, today=today))
