"""Days of the CDM that can't be: ends before starts, and days that were once months."""

from __future__ import annotations

import polars as pl

from rearm.intake.omop.loss import Cause
from rearm.intake.omop.tables import TABLES
from rearm.intake.omop.translation import Translation, parsed_day

__all__ = ["tell_first_of_months", "tell_undated", "with_sane_ends"]

_ENOUGH = 60  # dates from which a share can be told
_SUSPECT = 0.15  # of all dates on the first of a month: by chance it is 0.033
_EVENTS = {
    "measurement": "day",
    "observation": "day",
    "condition_occurrence": "start",
    "drug_exposure": "start",
    "procedure_occurrence": "start",
    "episode": "start",
}


def with_sane_ends(t: Translation, table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without ends that lie before their starts, which are told."""
    turned = (parsed_day("end") < parsed_day("start")).fill_null(False)
    column, _ = TABLES[table].columns["end"]
    t.losses.rows(
        Cause(
            severity="warning",
            code="end_before_start",
            table=table,
            sentence="{n} end before they start. Their end is not used.",
            column=column,
        ),
        rows.filter(turned),
        value="end",
    )
    return rows.with_columns(pl.when(~turned).then(pl.col("end")).alias("end"))


def tell_first_of_months(t: Translation) -> None:
    """A warning for each table whose dates lie on the first of a month more often than by chance:
    their day may not be known.
    """
    for table, column in _EVENTS.items():
        rows = t.frames[table].with_columns(parsed_day(column).alias("at"))
        dated = rows.filter(pl.col("at").is_not_null())
        first = dated.filter(pl.col("at").dt.day() == 1)
        if dated.height < _ENOUGH or first.height < _SUSPECT * dated.height:
            continue
        t.losses.rows(
            Cause(
                severity="warning",
                code="first_of_month",
                table=table,
                sentence=(
                    f"{{n}} of {dated.height} are dated on the first of a month, more than by "
                    f"chance. "
                    "Where only the month was known, export YYYY-MM: it is read as an interval. "
                    "They are used as whole dates."
                ),
                done="used",
                column=TABLES[table].columns[column][0],
            ),
            first,
            value=column,
        )


def tell_undated(t: Translation) -> None:
    """A note for each table with rows that have no day."""
    for table, column in _EVENTS.items():
        t.losses.rows(
            Cause(
                severity="note",
                code="undated",
                table=table,
                sentence="{n} have no date. They are used only where no day is needed.",
                done="used",
                column=TABLES[table].columns[column][0],
            ),
            t.frames[table].filter(pl.col(column).is_null()),
        )
