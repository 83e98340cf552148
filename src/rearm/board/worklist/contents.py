"""The worklist, made of what the store keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

import msgspec
from sqlalchemy.orm import Session

from rearm.board.child.reading import Summary
from rearm.board.decision.contents import decision_shown
from rearm.board.patient.readiness import BEFORE_THE_MEETING, ready_for
from rearm.board.refusals import NotThere
from rearm.board.store.cases import all_cases, decisions_of, latest_result
from rearm.board.store.centres import is_of_the_list
from rearm.board.store.current import is_of_today
from rearm.board.store.tables import Case, Result
from rearm.board.store.utc import now
from rearm.board.words import STATE_WORDS
from rearm.board.worklist.contexts import (
    Worklist,
    WorklistGroup,
    WorklistRow,
    WorklistView,
)

__all__ = ["ALL", "today", "worklist"]

ALL = "all"
_LAST = "9999"  # after every day of a meeting
_Placed = tuple[str, WorklistRow]
_CHOSEN: Mapping[str, tuple[str, Callable[[_Placed], bool]]] = {
    "wanting": ("Something is missing or too old", lambda x: x[1].ready.wanting),
    "new_data": ("New data since the decision", lambda x: x[1].new_answer),
    "older_knowledge": ("Answer of an older knowledge", lambda x: _is_older(x[1])),
}


def today() -> date:
    """The day at which results are aged where no meeting is named."""
    return now().date()


def worklist(session: Session, tenant: str, view: str = ALL, searched: str = "") -> Worklist:
    """The patients of a view by state; the next meeting first, then by id. `searched`: words that
    must all stand in what the row shows. Raises NotThere where there is no such view.
    """
    chosen = _views()
    if view not in chosen:
        raise NotThere("The worklist has no such view.")
    placed = list(_placed(session, tenant))
    wanted = searched.casefold().split()
    shown = [x for x in placed if chosen[view][1](x) and _has(x[1], wanted)]
    return Worklist(
        groups=tuple(_groups(shown, view)),
        patients=len(shown),
        all_patients=len(placed),
        view=view,
        views=tuple(
            WorklistView(name=name, title=title, patients=sum(map(picks, placed)))
            for name, (title, picks) in chosen.items()
        ),
        searched=searched,
        older=sum(_is_older(row) for _, row in placed),
    )


def _is_older(row: WorklistRow) -> bool:
    return row.older_knowledge or row.older_list


def _views() -> dict[str, tuple[str, Callable[[_Placed], bool]]]:
    """Everybody, each state, and what asks for a look."""
    of_state = {
        str(state): (title, lambda x, state=state: x[0] == state)
        for state, title in STATE_WORDS.items()
    }
    return {ALL: ("Everybody", lambda x: True), **of_state, **_CHOSEN}


def _groups(placed: Sequence[_Placed], view: str) -> Iterator[WorklistGroup]:
    for state, title in STATE_WORDS.items():
        rows = [row for own, row in placed if own == state]
        if rows or view in (ALL, state):
            rows.sort(key=lambda row: row.meeting_day or _LAST)
            yield WorklistGroup(state=state, title=title, rows=tuple(rows))


def _has(row: WorklistRow, wanted: Sequence[str]) -> bool:
    told = (
        row.patient, row.product, row.car_t, row.relapse, row.cause, row.first, row.alerts,
        row.decided, row.meeting_day, *row.missing, *row.ready.lacking,
    )  # fmt: skip
    text = " ".join(told).casefold()
    return all(word in text for word in wanted)


def _placed(session: Session, tenant: str) -> Iterator[_Placed]:
    day = today()
    for case in all_cases(session, tenant):
        result = latest_result(session, case.id)
        if result is not None:
            yield case.state, _row(session, case, result, day)


def _row(session: Session, case: Case, result: Result, day: date) -> WorklistRow:
    told = msgspec.json.decode(result.summary, type=Summary)
    last = next(iter(decisions_of(session, case.id)), None)
    shown = None if last is None else decision_shown(session, last)
    meeting = None if case.meeting_day is None else date.fromisoformat(case.meeting_day)
    waits = case.state in BEFORE_THE_MEETING
    return WorklistRow(
        case=case.id,
        patient=case.patient_id,
        invented=case.invented,
        meeting_day=case.meeting_day or "",
        passed=waits and meeting is not None and meeting < day,
        decided="" if shown is None else shown.chosen,
        new_answer=shown is not None and shown.answer < result.number,
        older_knowledge=not is_of_today(result),
        older_list=not is_of_the_list(session, result),
        ready=ready_for(case, told.last_tests, day),
        **{name: getattr(told, name) for name in told.__struct_fields__},
    )
