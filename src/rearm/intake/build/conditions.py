"""Conditions and toxicities. A row that can't be read fully is kept as unclear, so that no older
state stands for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rearm.intake.build import typed
from rearm.intake.build.axis import Axis, placed
from rearm.intake.build.log import IssueLog
from rearm.intake.build.terms import Terms
from rearm.intake.rows import CellProblem, Row
from rearm.intake.values import lowest_grade, shown
from rearm.record import UNKNOWN_WHEN, Condition, Toxicity, When

__all__ = ["read_condition", "read_toxicity", "settle_conditions"]

# the row's own state is not used, and the row is not lost
_KEPT = (
    ", so its state is treated as unclear and no older state is used in its place. Correct the row."
)
_STATED = ("present", "absent")
# Words of CTCAE for its grades. "Severe" is also said of what threatens life: a bound.
_GRADES = {"mild": 1, "moderate": 2, "fatal": 5}
_AT_LEAST = {"severe": 3, "life_threatening": 4}
_MILDEST, _WORST = 1, 5


def read_toxicity(row: Row, axis: Axis, log: IssueLog, terms: Terms) -> Iterable[Toxicity]:
    """One episode of a toxicity."""
    toxicity = typed.word(row, "toxicity", log)
    when, _ = placed(row, "day", axis, log)
    end, _ = _end(row, axis, log, when)
    grade, at_least = _grade(row, log)
    if toxicity is not None:
        yield Toxicity(
            toxicity=toxicity,
            source=row.source,
            when=when,
            grade=grade,
            end=end,
            grade_at_least=at_least,
        )


def _grade(row: Row, log: IssueLog) -> tuple[int | None, int | None]:
    """The grade, or the lowest that the severity in words allows."""
    severity = typed.word(row, "severity", log)
    given = row.given("grade")
    lowest = lowest_grade(given)
    if lowest is not None and _MILDEST <= lowest <= _WORST and row.cell("grade").aside is None:
        sentence = f"The grade {shown(given)} is read as grade {lowest} or higher."
        log.note(row, "grade", "grade_not_exact", sentence)
        return None, max(lowest, _AT_LEAST.get(severity or "", lowest))
    grade = typed.whole(row, "grade", log)
    if severity is None:
        return grade, None
    exact, least = _GRADES.get(severity), _AT_LEAST.get(severity)
    if grade is None:
        return exact, least
    if grade != exact and (least is None or grade < least):
        sentence = f"Grade {grade} contradicts the severity {severity}; the grade is used."
        log.warning(row, "severity", "severity_contradiction", sentence, "used")
    return grade, None


def read_condition(row: Row, axis: Axis, log: IssueLog, terms: Terms) -> Iterable[Condition]:
    """One condition; its status is `unclear`, with an issue, where it is not stated, is a
    suspicion, or its days can't be used.
    """
    condition = typed.word(row, "condition", log)
    status = typed.word(row, "status", log)
    when, day_refused = placed(row, "day", axis, log)
    end, ends_before_start = _end(row, axis, log, when)
    if condition is None:
        return
    name = shown(condition)
    if status is None or status == "unclear":
        given = row.given("status")
        stated = shown(given) if given is not None else "blank"
        why = f"The status of {name} is {stated}, which is neither present nor absent"
        log.warning(row, "status", "condition_unclear", why + _KEPT)
        status = "unclear"
    elif day_refused is not None:
        why = f"The day of {name} ({status}) could not be read"
        log.warning(row, "day", "condition_unclear", why + _KEPT)
        status = "unclear"
    elif ends_before_start:
        why = f"{name} ends before it starts"
        log.warning(row, "end_day", "condition_unclear", why + _KEPT)
        status = "unclear"
    yield Condition(
        condition=condition,
        status=status,
        source=row.source,
        when=when,
        grade=typed.whole(row, "grade", log),
        end=end,
        attributed_to_myeloma=typed.flag(row, "attributed_to_myeloma", log),
    )


def settle_conditions(events: Sequence[Condition], log: IssueLog) -> tuple[Condition, ...]:
    """The conditions; those that contradict each other on one day, or whose order is not known for
    want of a day, become unclear.
    """
    by_name: dict[str, list[Condition]] = defaultdict(list)
    for event in events:
        by_name[event.condition].append(event)
    logged: set[tuple[str, When]] = set()
    settled = []
    for event in events:
        why = _contradiction(event, by_name[event.condition])
        if why is not None and (event.condition, event.when) not in logged:
            logged.add((event.condition, event.when))
            log.add(event.source, CellProblem("warning", "condition_unclear", why + _KEPT))
        settled.append(event if why is None else replace(event, status="unclear"))
    return tuple(settled)


def _contradiction(event: Condition, of_name: Iterable[Condition]) -> str | None:
    """Why a condition is unclear beside the others of its name; None where it is not, or where it
    was so when its row was read.
    """
    if event.status == "unclear":
        return None
    others = [o for o in of_name if o.status not in (event.status, "unclear")]
    if others and event.when == UNKNOWN_WHEN:
        return (
            f"{shown(event.condition)} has no day ({event.status}), and another row states the "
            "opposite"
        )
    same_day = any(o.status in _STATED and o.when == event.when for o in others)
    if event.status in _STATED and same_day:
        return f"{shown(event.condition)} is stated as present and as absent for {event.when}"
    return None


def _end(row: Row, axis: Axis, log: IssueLog, when: When) -> tuple[When, bool]:
    """The end, and whether it contradicts the start: then it is not used."""
    end, _ = placed(row, "end_day", axis, log)
    start = when.first if when.first is not None else when.last
    if start is None or end.last is None or end.last >= start:
        return end, False
    what = "toxicity" if row.table == "toxicities" else "condition"
    log.error(
        row,
        "end_day",
        "end_before_start",
        f"The {what} ends on day {end.last}, before it starts (day {start}). The end is not used.",
    )
    return UNKNOWN_WHEN, True
