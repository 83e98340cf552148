"""The worklist, made of what the store keeps."""

from __future__ import annotations

import msgspec
from sqlalchemy.orm import Session

from rearm.board.child.reading import Summary
from rearm.board.decision.contents import decision_shown
from rearm.board.store.cases import all_cases, decisions_of, latest_result
from rearm.board.store.tables import Case, Result
from rearm.board.words import STATE_WORDS
from rearm.board.worklist.contexts import Worklist, WorklistGroup, WorklistRow

__all__ = ["worklist"]

_LAST = "9999"  # after every day of a meeting


def worklist(session: Session, tenant: str) -> Worklist:
    """Every patient of a tenant by state; the next meeting first, then by id."""
    rows: dict[str, list[WorklistRow]] = {state: [] for state in STATE_WORDS}
    for case in all_cases(session, tenant):
        result = latest_result(session, case.id)
        if result is not None:
            rows[case.state].append(_row(session, case, result))
    groups = tuple(
        WorklistGroup(
            state=state,
            title=title,
            rows=tuple(sorted(rows[state], key=lambda row: row.meeting_day or _LAST)),
        )
        for state, title in STATE_WORDS.items()
    )
    return Worklist(groups=groups, patients=sum(len(group.rows) for group in groups))


def _row(session: Session, case: Case, result: Result) -> WorklistRow:
    told = msgspec.json.decode(result.summary, type=Summary)
    last = next(iter(decisions_of(session, case.id)), None)
    shown = None if last is None else decision_shown(session, last)
    return WorklistRow(
        case=case.id,
        patient=case.patient_id,
        invented=case.invented,
        meeting_day=case.meeting_day or "",
        decided="" if shown is None else shown.chosen,
        new_answer=shown is not None and shown.answer < result.number,
        **msgspec.structs.asdict(told),
    )
