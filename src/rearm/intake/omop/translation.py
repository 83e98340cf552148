"""What the readers of the tables share: the knowledge, the vocabulary, the losses, and the rows of
the CDM.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from rearm.intake.fhir.codes import TestCodes, test_codes
from rearm.intake.omop.hints import Hints
from rearm.intake.omop.loss import Losses
from rearm.intake.omop.runs import TidyRows
from rearm.intake.omop.vocabulary import Concept, Vocabulary
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.fhir_codes import FhirCodes
from rearm.knowledge.tidy_tables import folded

__all__ = ["Translation", "by_concept", "parsed_day", "with_meanings"]


@dataclass(slots=True, kw_only=True)
class Translation:
    """One CDM on its way to the tidy tables. `frames`: the tables that are read, typed."""

    knowledge: Knowledge
    vocabulary: Vocabulary
    frames: Mapping[str, pl.DataFrame]
    losses: Losses
    rows: list[TidyRows] = field(default_factory=list)

    @property
    def hints(self) -> Hints:
        return self.vocabulary.hints

    @property
    def codes(self) -> FhirCodes:
        return self.knowledge.fhir_codes

    @property
    def tests(self) -> TestCodes:
        return test_codes(self.knowledge)

    def add(self, table: str, frame: pl.DataFrame, origin: str, **further: Any) -> None:
        """Rows of a tidy table; none where the frame is empty."""
        if not frame.is_empty():
            self.rows.append(TidyRows(table=table, frame=frame, origin=origin, **further))

    def spelled(self, table: str, column: str, text: str | None) -> str | None:
        """The allowed word of a column that a text spells; None where it spells none."""
        if text is None:
            return None
        return self.knowledge.tidy_tables.tables[table].columns[column].spellings.get(folded(text))

    def word_of(self, concept: Concept | None) -> str | None:
        """The word that a concept stands for as a result (positive, present)."""
        if concept is None:
            return None
        return self.codes.words.get((concept.system, concept.code))


def with_meanings(
    frame: pl.DataFrame,
    columns: Sequence[str],
    meaning: Callable[..., Iterable[Any]],
    names: Mapping[str, pl.DataType | type[pl.DataType]],
) -> pl.DataFrame:
    """The frame with the columns `names`: what `meaning` gives for the values of `columns`. It is
    asked once for what many rows say.
    """
    distinct = frame.select(columns).unique(maintain_order=True)
    found = [tuple(meaning(*values)) for values in distinct.iter_rows()]
    said = pl.DataFrame(found, schema=dict(names), orient="row")
    table = distinct.hstack(said)
    return frame.join(table, on=list(columns), how="left", nulls_equal=True, maintain_order="left")


def by_concept(
    t: Translation, rows: pl.DataFrame, column: str = "concept", source: str | None = "source"
) -> Counter[str]:
    """How many rows each concept has; where there is none, each source value."""
    counts: Counter[str] = Counter()
    keys = [column] if source is None else [column, source]
    for *values, count in rows.group_by(keys).len().iter_rows():
        concept, said = values[0], values[1] if len(values) > 1 else None
        if concept is not None:
            counts[t.vocabulary.named(concept)] += count
        else:
            counts["no concept" if said is None else f"no concept, {said[:60]}"] += count
    return counts


def parsed_day(column: str) -> pl.Expr:
    """A column of days as dates; what is no whole date is blank."""
    return pl.col(column).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
