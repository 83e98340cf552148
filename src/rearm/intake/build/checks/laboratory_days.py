"""Laboratory days on another axis than the infusion: told where what was measured can't have been
at that time.

Days that are late show by the last contact, which lies before them (`last_contact.py`); those that
are early show here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rearm.intake.build.checks.treated import may_be_treated
from rearm.intake.issues import issue_at
from rearm.intake.rows import CellProblem
from rearm.knowledge.lab_tests import LabTests
from rearm.record import Issue, Lab, Record

__all__ = ["flag_early_laboratory"]

_CAR_TESTS = "CAR-T cells"  # the group of the dictionary
_FOLLOWED_DAYS = 60  # with so many results before the infusion, some are expected within this time
_MANY = 6
_FALL = 2.0  # an M-protein falls to half without therapy in no patient


def flag_early_laboratory(record: Record, tests: LabTests) -> Iterator[Issue]:
    """An issue where the laboratory days seem to lie too early against the first infusion."""
    infusions = [x.day for x in record.infused()]
    if not infusions or None in infusions:
        return  # nothing can be placed against a day that is not known
    first = min(day for day in infusions if day is not None)
    labs = [lab for lab in record.labs if lab.day is not None]
    found = (
        _cells_before(labs, first, tests.by_group[_CAR_TESTS])
        or _fall_before(record, labs, first)
        or _none_after(record, labs, first)
    )
    if found is not None:
        lab, why = found
        sentence = (
            f"{why}. Check the days of the laboratory results against the day of the infusion."
        )
        problem = CellProblem("warning", "laboratory_days_doubtful", sentence, "used")
        yield issue_at(lab.source, problem, record.patient_id)


def _cells_before(
    labs: Sequence[Lab], first: int, car_tests: frozenset[str]
) -> tuple[Lab, str] | None:
    for lab in labs:
        seen = lab.quantity is not None and lab.quantity.low > 0
        if lab.test in car_tests and seen and lab.day is not None and lab.day < first:
            return lab, (
                f"CAR-T cells were measured on day {lab.day} ({lab.as_given}), before the first"
                f" infusion (day {first})"
            )
    return None


def _fall_before(record: Record, labs: Sequence[Lab], first: int) -> tuple[Lab, str] | None:
    """An M-protein that halves before the infusion although nothing was given."""
    points = _m_proteins(labs, first)
    for (day, value, _), (later, fallen, lab) in pairwise(points):
        if value >= 0.5 and value >= _FALL * fallen and not may_be_treated(record, day, later):
            return lab, (
                f"The M-protein falls from {value:g} to {fallen:g} g/dL between day {day} and "
                f"day {later}, before the first infusion (day {first}) and with no therapy on "
                "record at that time"
            )
    return None


def _m_proteins(labs: Sequence[Lab], first: int) -> list[tuple[int, float, Lab]]:
    points = []
    for lab in labs:
        value = lab.quantity.exact if lab.quantity is not None else None
        if lab.test != "serum_m_protein" or value is None or lab.day is None:
            continue
        if lab.day < first:
            points.append((lab.day, value, lab))
    return sorted(points, key=lambda point: point[0])


def _none_after(record: Record, labs: Sequence[Lab], first: int) -> tuple[Lab, str] | None:
    days = [lab.day for lab in labs if lab.day is not None]
    seen = record.last_seen_day
    if len(days) < _MANY or seen is None or seen - first < _FOLLOWED_DAYS or max(days) > first:
        return None
    last = max(labs, key=lambda lab: lab.day or 0)
    return last, (
        f"The last of {len(days)} laboratory results is from day {last.day}, but the patient "
        f"was followed to day {seen}"
    )
