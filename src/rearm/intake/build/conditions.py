"""Conditions and toxicities. A row that can't be read fully is kept as unclear, so that no older
state stands for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from rearm.intake.build.context import Context
from rearm.intake.rows import Row
from rearm.intake.values import shown
from rearm.record import Condition, Issue, Toxicity, When

__all__ = ["read_condition", "read_toxicity", "settle_conditions"]

_KEPT = "; it is kept as unclear, so that no older state stands for it. Correct the row."


def read_toxicity(row: Row, context: Context) -> Iterable[Toxicity]:
    """One episode of a toxicity."""
    toxicity = context.word(row, "toxicity")
    when, _ = context.day(row, "day")
    end, _ = _end(row, context, when, "toxicity")
    if toxicity is not None:
        yield Toxicity(
            toxicity=toxicity,
            source=row.source,
            when=when,
            grade=context.grade(row, "grade"),
            end=end,
        )


def read_condition(row: Row, context: Context) -> Iterable[Condition]:
    """One condition; its status is `unclear`, with an issue, where it is not stated, is a
    suspicion, or its days can't be used.
    """
    condition = context.word(row, "condition")
    status = context.word(row, "status")
    when, day_refused = context.day(row, "day")
    end, contradicts = _end(row, context, when, "condition")
    if condition is None:
        return
    if status is None or status == "unclear":
        given = shown(row.values["status"]) if row.values.get("status") is not None else "blank"
        _unclear(
            row,
            context,
            "status",
            f"The status of {shown(condition)} is {given}, which says neither present nor absent",
        )
    elif day_refused is not None:
        _unclear(row, context, "day", f"The day of {shown(condition)} ({status}) could not be read")
    elif contradicts:
        _unclear(row, context, "end_day", f"{shown(condition)} ends before it starts")
    sound = status is not None and day_refused is None and not contradicts
    yield Condition(
        condition=condition,
        status=status if status is not None and sound else "unclear",
        source=row.source,
        when=when,
        grade=context.grade(row, "grade"),
        end=end,
        attributed_to_myeloma=context.yes_no(row, "attributed_to_myeloma"),
    )


def settle_conditions(events: Iterable[Condition], context: Context) -> tuple[Condition, ...]:
    """The conditions; those that contradict each other on one day, or whose order is not known for
    want of a day, become unclear.
    """
    events = list(events)
    by_name: dict[str, list[Condition]] = defaultdict(list)
    for event in events:
        by_name[event.condition].append(event)
    told: set[tuple[str, When]] = set()
    settled = []
    for event in events:
        others = [o for o in by_name[event.condition] if o.status not in (event.status, "unclear")]
        why = None
        if event.status == "unclear":
            pass  # said when the row was read
        elif event.when == When() and others:
            why = (
                f"{shown(event.condition)} has no day ({event.status}), and another row states it"
                " otherwise"
            )
        elif event.status in ("present", "absent") and any(
            o.status in ("present", "absent") and o.when == event.when for o in others
        ):
            why = f"{shown(event.condition)} is stated as present and as absent for {event.when}"
        if why is not None and (event.condition, event.when) not in told:
            told.add((event.condition, event.when))
            context.issues.append(
                Issue(
                    "warning",
                    "condition_unclear",
                    event.source,
                    why + _KEPT,
                    "set_aside",
                    context.patient_id,
                )
            )
        settled.append(event if why is None else replace(event, status="unclear"))
    return tuple(settled)


def _unclear(row: Row, context: Context, column: str, what: str) -> None:
    context.issue(row, column, "warning", "condition_unclear", what + _KEPT, "set_aside")


def _end(row: Row, context: Context, when: When, what: str) -> tuple[When, bool]:
    """The end, and whether it contradicts the start: then it is not used."""
    end, _ = context.day(row, "end_day")
    start = when.first if when.first is not None else when.last
    if start is None or end.last is None or end.last >= start:
        return end, False
    message = (
        f"The {what} ends on day {end.last}, before it starts (day {start}). The end is not used."
    )
    context.issue(row, "end_day", "error", "end_before_start", message, "set_aside")
    return When(), True
