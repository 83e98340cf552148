"""Rows without a day: kept, but no order is known of them, so that little can be judged by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rearm.intake.issues import issue_at, place_at
from rearm.intake.rows import CellProblem, Row
from rearm.record import Issue, Severity

__all__ = ["flag_undated_rows", "is_undated"]

# What hangs on the day, by table; for the others a row without a day says what it has to say.
_MEANING: Mapping[str, tuple[Severity, str]] = {
    "labs": ("warning", "they are not used to judge the course of the disease"),
    "assessments": ("warning", "they are not used to date a failure or response"),
    "imaging": ("warning", "they are not used to judge any visit"),
    "deaths": ("warning", "survival can't be timed"),
    "variants": ("note", "they may be from before or after the infusion"),
    "toxicities": ("note", "they may or may not be going on"),
}


def is_undated(row: Row) -> bool:
    """Whether nothing stands as the day of a row. A result of FHIR without a date is told of by its
    reader.
    """
    cell = row.cell("day")
    told = row.stated and row.table == "labs"
    return not told and not cell.settled and (cell.given is None or cell.not_done)


def flag_undated_rows(
    table: str, rows: Sequence[Row], names: Sequence[str], patient_id: str
) -> Iterator[Issue]:
    """One issue for the undated rows of a table, at the first of them. `names`: what they hold."""
    if not rows or table not in _MEANING:
        return
    severity, meaning = _MEANING[table]
    count = len(rows)
    what = f"1 row of {table} has" if count == 1 else f"{count} rows of {table} have"
    listed = ", ".join(dict.fromkeys(names))
    listed = f" ({listed})" if 0 < len(listed) <= 80 else ""
    sentence = f"{what} no day{listed}; {meaning}. Enter the day, or words such as after infusion."
    yield issue_at(
        rows[0].at("day"),
        CellProblem(severity, "undated", sentence, "used"),
        patient_id,
        column="day",
        places=[place_at(row.at("day"), patient_id, "day", row.given("day")) for row in rows],
    )
