"""Patients of the board: their states, and the versions that are kept of them."""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from rearm.assessment import Assessment
from rearm.assessment.result import ResultError
from rearm.board.refusals import Conflict, NotThere, NotUsable
from rearm.board.store import audit
from rearm.board.store.states import STATES
from rearm.board.store.tables import Case, Decision, Result
from rearm.board.store.utc import now

__all__ = [
    "all_cases",
    "as_seen",
    "assessment_of",
    "case_of",
    "decisions_of",
    "latest_result",
    "move",
    "result_of",
    "results_of",
    "touch",
]

Kept = TypeVar("Kept", Result, Decision)


def case_of(session: Session, case_id: str) -> Case:
    """Raises NotThere where there is none."""
    found = session.get(Case, case_id)
    if found is None:
        raise NotThere("There is no such patient on this board.")
    return found


def all_cases(session: Session, tenant: str) -> list[Case]:
    """Every patient of a tenant, by the id that the centre gave."""
    of_tenant = select(Case).where(Case.tenant_id == tenant)
    return [*session.scalars(of_tenant.order_by(Case.patient_id))]


def as_seen(session: Session, case_id: str, version: int) -> Case:
    """The case, if nobody has changed it since this version was shown. Raises Conflict with a
    sentence.
    """
    case = case_of(session, case_id)
    if case.version != version:
        raise Conflict(
            f"{case.changed_by} changed this patient at {case.changed_at:%Y-%m-%d %H:%M} UTC, "
            "after you opened the page."
        )
    return case


def touch(case: Case, who: str) -> None:
    """Notes a change: the version of the case grows."""
    case.changed_at, case.changed_by = now(), who


def results_of(session: Session, case_id: str) -> list[Result]:
    """All versions, the newest first."""
    return [*session.scalars(_newest_first(Result, case_id))]


def decisions_of(session: Session, case_id: str) -> list[Decision]:
    """All versions, the newest first."""
    return [*session.scalars(_newest_first(Decision, case_id))]


def latest_result(session: Session, case_id: str) -> Result | None:
    return session.scalar(_newest_first(Result, case_id).limit(1))


def result_of(session: Session, case_id: str, number: int) -> Result:
    """One version of the answer. Raises NotThere where there is none."""
    found = session.scalar(select(Result).where(Result.case_id == case_id, Result.number == number))
    if found is None:
        raise NotThere("There is no such version of the answer.")
    return found


def assessment_of(result: Result) -> Assessment:
    """The answer as it was stored. Raises NotUsable with a sentence where this version can't read
    it.
    """
    try:
        return Assessment.from_json(result.result)
    except ResultError as error:
        raise NotUsable(
            f"Version {result.number} of the answer, stored by Rearm {result.software}, can't be "
            f"shown. {error} Upload the record again for an answer of this version."
        ) from None


def move(
    session: Session, case_id: str, version: int, who: str, *, state: str, meeting_day: str
) -> None:
    """Puts a case into another state of the worklist. Raises NotUsable with a sentence where that
    state needs something that is not there, and Conflict.
    """
    case = as_seen(session, case_id, version)
    day = _day(meeting_day)
    if state not in STATES:
        raise NotUsable("Choose one of the states of the worklist.")
    if state == "scheduled" and day is None:
        raise NotUsable("Name the day of the meeting for which the patient is scheduled.")
    decided = session.scalar(select(func.count()).where(Decision.case_id == case_id))
    if state in ("decided", "followed_up") and not decided:
        raise NotUsable("No decision of the board is recorded yet. Record it first.")
    before = case.state
    case.state, case.meeting_day = state, None if day is None else day.isoformat()
    touch(case, who)
    audit.append(
        session,
        who,
        "state_changed",
        case_id,
        {"from": before, "to": state, "meeting_day": case.meeting_day},
    )


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise NotUsable("Give the day of the meeting as year-month-day (2026-12-07).") from None


def _newest_first(table: type[Kept], case_id: str) -> Select[Kept]:
    return select(table).where(table.case_id == case_id).order_by(table.number.desc())
