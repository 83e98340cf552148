"""Results of the disease in the month of an infusion: whether one lies before or after it decides
what is the baseline and what is a response, so that the exact day is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.knowledge.lab_tests import LabTests
from rearm.record import Issue, Lab, Record

__all__ = ["flag_month_of_infusion"]

_OF_DISEASE = ("monoclonal protein", "marrow and tumour")  # groups of the dictionary


def flag_month_of_infusion(record: Record, tests: LabTests) -> Iterator[Issue]:
    """An issue for each such result whose days, as far as they are known, hold an infusion."""
    of_disease = frozenset[str]().union(*(tests.by_group[group] for group in _OF_DISEASE))
    infusions = [x.day for x in record.infused() if x.day is not None]
    for lab in record.labs:
        day = next((day for day in infusions if _holds(lab, day)), None)
        if day is None or lab.test not in of_disease:
            continue
        sentence = (
            f"The possible days of this result ({lab.when}) include the infusion on day {day}, "
            "so it may be from before or after the infusion. Enter the exact day."
        )
        problem = CellProblem("warning", "month_holds_infusion", sentence, "used")
        yield issue_at(lab.source, problem, record.patient_id)


def _holds(lab: Lab, day: int) -> bool:
    """Whether it may lie on the day or before, and after it."""
    first, last = lab.when.first, lab.when.last
    return first is not None and last is not None and first <= day < last
