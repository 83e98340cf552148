"""Episodes that pass, of long ago, whose end nobody has recorded."""

from __future__ import annotations

from collections.abc import Iterator

from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.record import EVENT_FIELDS, UNKNOWN_WHEN, Condition, Issue, Record, Toxicity

__all__ = ["flag_open_ends"]

_PASSING = frozenset({
    "active_infection", "cmv_reactivation", "crs", "febrile_neutropenia", "icans", "iec_hs",
    "infection",
})  # fmt: skip
_LONG_AGO = 90  # days before the last data; a convention of this project


def flag_open_ends(record: Record) -> Iterator[Issue]:
    """A note for each such episode that no later row of its name follows: whether it is over is not
    known, and neither is it read as going on.
    """
    days = [x.when.last for name in EVENT_FIELDS for x in getattr(record, name)]
    until = max((day for day in days if day is not None), default=None)
    episodes: list[Condition | Toxicity] = [
        *record.toxicities,
        *(x for x in record.conditions if x.status == "present"),
    ]
    for row in episodes:
        name, day = _name(row), row.when.last
        ended = row.end != UNKNOWN_WHEN or (isinstance(row, Toxicity) and row.grade == 0)
        if name not in _PASSING or ended or day is None or until is None:
            continue
        if until - day > _LONG_AGO and not _followed(record, name, day):
            words = name.replace("_", " ")
            sentence = (
                f"The end of the {words} of {row.when} is not recorded, so it may still be "
                "going on. Enter the end day."
            )
            problem = CellProblem("note", "no_end_recorded", sentence, "used")
            yield issue_at(row.source, problem, record.patient_id)


def _name(row: Condition | Toxicity) -> str:
    return row.condition if isinstance(row, Condition) else row.toxicity


def _followed(record: Record, name: str, day: int) -> bool:
    """Whether a later row speaks of it; a statement on infections speaks of all of them."""
    names = {name}
    if name in ("infection", "febrile_neutropenia"):
        names.add("active_infection")
    rows: list[Condition | Toxicity] = [*record.conditions, *record.toxicities]
    return any(_name(x) in names and x.when.first is not None and x.when.first > day for x in rows)
