"""Days that are numbers beside dates, where day 0 was chosen: they count from the infusion."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from rearm.intake.build.axis import number_cells
from rearm.intake.build.gather import RowRun
from rearm.intake.issues import issue_at, place_at
from rearm.intake.rows import CellProblem
from rearm.record import Issue

__all__ = ["flag_numbers_beside_dates"]


def flag_numbers_beside_dates(zero: date, runs: Iterable[RowRun], patient_id: str) -> Issue:
    """That days which are numbers count from the date of the infusion, which was chosen."""
    cells = [*number_cells(runs)]
    row, column = cells[0]
    one = len(cells) == 1
    what = (
        "1 day is a number beside dates; it counts"
        if one
        else f"{len(cells)} days are numbers beside dates (this is the first); they count"
    )
    sentence = (
        f"{what} from {zero}, the date of the first CAR-T infusion. If "
        f"{'it counts' if one else 'they count'} from another day, enter that day in "
        f"patients.day_zero, or write {'a date' if one else 'dates'}."
    )
    problem = CellProblem("error", "number_beside_dates", sentence, "used")
    places = [place_at(r.at(c), patient_id, c, r.given(c)) for r, c in cells]
    return issue_at(
        row.at(column), problem, patient_id, column=column, value=row.given(column), places=places
    )
