"""The findings of patients as a table: the dictionary's names as columns, empty where unknown.

A number known within bounds has its two ends in further columns, a word of which several are
possible has these; both only where the finding itself is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rearm.assessment.patient import Patient
from rearm.knowledge.bundle import Knowledge
from rearm.rules import findings_frame

if TYPE_CHECKING:
    import polars as pl

__all__ = ["finding_rows", "in_one_form", "to_evaluate"]

_ENDS = ("__low", "__high", "__low_open", "__high_open")
_POSSIBLE = "__possible"


def finding_rows(patients: Sequence[Patient], knowledge: Knowledge) -> pl.DataFrame:
    """One row a patient."""
    import polars as pl

    names = list(knowledge.catalogue.findings)
    frame = findings_frame(
        [patient.values for patient in patients],
        names,
        knowledge.catalogue,
        [patient.bounds for patient in patients],
    )
    ids = pl.Series("patient_id", [p.record.patient_id for p in patients], dtype=pl.String)
    there = set(frame.columns)
    exact = [
        pl.when(pl.col(name).is_null() & pl.col(_told(name, end)).is_not_null())
        .then(pl.col(name + end))
        .alias(name + end)
        for name in names
        for end in (*_ENDS, _POSSIBLE)
        if name + end in there
    ]
    return frame.with_columns(exact).insert_column(0, ids)


def _told(name: str, end: str) -> str:
    """The column that has a value where anything is known of a finding short of its value."""
    return name + (_POSSIBLE if end == _POSSIBLE else _ENDS[0])


def in_one_form(frame: pl.DataFrame, knowledge: Knowledge) -> pl.DataFrame:
    """Columns in the order of the dictionary; those of bounds only where some row has any."""
    columns = ["patient_id"]
    there = set(frame.columns)
    told = {column for column in there if frame[column].null_count() < frame.height}
    for name in knowledge.catalogue.findings:
        if name in there:
            columns.append(name)
        for end in (*_ENDS, _POSSIBLE):
            if name + end in told:
                columns.append(name + end)
    return frame.select(columns)


def to_evaluate(frame: pl.DataFrame) -> pl.DataFrame:
    """The form in which conditions are evaluated: where a finding of some row has bounds, the ends
    of every row that knows it are its value.
    """
    import polars as pl

    filled = []
    for column in frame.columns:
        for end in _ENDS:
            if column.endswith(end):
                name = column.removesuffix(end)
                other = pl.lit(False) if end.endswith("_open") else pl.col(name).cast(pl.Float64)
                known = pl.col(name).is_not_null()
                filled.append(pl.when(known).then(other).otherwise(pl.col(column)).alias(column))
    return frame.with_columns(filled)
