"""Numbers of lines of therapy that are jumped over: a line is missing, or a number is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.knowledge.bundle import bundled
from rearm.knowledge.split_dose import split_infusion_days
from rearm.record import Issue, Record, split_doses
from rearm.record.line_numbers import missing_line

__all__ = ["flag_missing_line"]


def flag_missing_line(record: Record) -> Iterator[Issue]:
    """An issue at the row after the first number that is jumped over and that no infusion can hold,
    if there is one.
    """
    split = split_doses(record.infused(), split_infusion_days(), bundled().lexicon.products)
    missing = missing_line(record.therapies, [doses[0] for doses in split])
    if missing is None:
        return
    later = [(t.line, t) for t in record.therapies if t.line is not None and t.line > missing]
    number, row = min(later, key=lambda x: x[0])
    sentence = (
        f"The lines of therapy are numbered up to {number}, but line {missing} is missing. Add "
        "what was given in it, or correct the numbers."
    )
    problem = CellProblem("warning", "line_missing", sentence, "used")
    yield issue_at(row.source, problem, record.patient_id)
