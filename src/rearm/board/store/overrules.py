"""Facts that the team states over the computed ones. Each statement, and each taking back, is a row
that stays; the record itself is never changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rearm.assessment import Assessment
from rearm.assessment.overruling import StatedFact
from rearm.assessment.result import FactKind
from rearm.board.child.answering import Answer, Kept
from rearm.board.refusals import NotThere, NotUsable
from rearm.board.store import audit
from rearm.board.store.cases import as_seen, case_of, latest_result, touch
from rearm.board.store.causes import note_cause
from rearm.board.store.centres import centre_given
from rearm.board.store.tables import Case, Overrule, Record, Result, new_id
from rearm.board.store.utc import moment_of, now, utc_text
from rearm.characters import first_harmful
from rearm.findings.base import Value

__all__ = [
    "LONGEST",
    "Stored",
    "apply_again",
    "fact_of_row",
    "facts_of_result",
    "hypothetical",
    "kept_of",
    "not_applied",
    "overrule",
    "overrules_of",
    "reason_wanting",
    "region_of_result",
    "standing",
    "standing_fact",
    "take_back",
]

LONGEST = 4000
"""Characters of a reason."""


class Stored(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The value of a fact as the store keeps it (see `StatedFact`)."""

    value: bool | int | float | str | None = None
    low: float | None = None
    high: float | None = None
    possible: tuple[str, ...] = ()


def overrules_of(session: Session, case_id: str) -> list[Overrule]:
    """Every statement and every taking back, the newest first."""
    rows = select(Overrule).where(Overrule.case_id == case_id).order_by(Overrule.number.desc())
    return [*session.scalars(rows)]


def standing(session: Session, case_id: str) -> tuple[StatedFact, ...]:
    """The facts that stand, the oldest first: of each the last statement, if not taken back."""
    facts: dict[tuple[str, str], Overrule] = {}
    for row in reversed(overrules_of(session, case_id)):
        facts.pop((row.kind, row.what), None)
        if row.takes_back is None:
            facts[row.kind, row.what] = row
    return tuple(fact_of_row(row) for row in facts.values())


def fact_of_row(row: Overrule) -> StatedFact:
    """The fact of a row of the store."""
    stored = msgspec.json.decode(row.value, type=Stored)
    value: Value = stored.value
    return StatedFact(
        kind=msgspec.convert(row.kind, FactKind),
        what=row.what,
        value=value,
        low=stored.low,
        high=stored.high,
        possible=stored.possible,
        id=row.id,
        by=row.who,
        at=utc_text(row.at),
        reason=row.reason,
        anchor=row.anchor,
        was=row.was,
    )


def kept_of(
    session: Session, case_id: str, *, new: Sequence[StatedFact] = (), without: str = ""
) -> Kept:
    """The newest version of a record with the facts that stand over it, for the child process.
    `new` are added, the one with the id `without` is left out. Raises NotThere where there is none.
    """
    result = latest_result(session, case_id)
    if result is None:
        raise NotThere("There is no answer for this patient yet.")
    record = session.get_one(Record, result.record_id)
    return Kept(
        rows=record.rows,
        issues=record.issues,
        read_on=record.at.date(),
        region=region_of_result(result.result),
        centre=centre_given(session, case_of(session, case_id).tenant_id),
        facts=tuple(x for x in standing(session, case_id) if x.id != without),
        new=tuple(new),
    )


def facts_of_result(session: Session, result: Result) -> tuple[StatedFact, ...]:
    """The facts that a result was made with."""
    told = msgspec.json.decode(result.result, type=_Overruled)
    ids = {x.id for x in told.overruled}
    rows = reversed(overrules_of(session, result.case_id))
    return tuple(fact_of_row(row) for row in rows if row.id in ids)


def region_of_result(result: str) -> str | None:
    """Where the approvals of a result in JSON were looked up; None: anywhere."""
    return msgspec.json.decode(result, type=_Region).region


class _Named(msgspec.Struct):
    id: str = ""


class _Overruled(msgspec.Struct):
    """Of a stored result only the facts that were stated."""

    overruled: tuple[_Named, ...] = ()


class _Region(msgspec.Struct):
    """Of a stored result only where approvals were looked up."""

    region: str | None = None


def reason_wanting(reason: str) -> str:
    """What is wrong with a reason, as a sentence; empty where it can be used."""
    if not reason.strip():
        return "Give the reason."
    if len(reason) > LONGEST:
        return f"The reason is longer than {LONGEST} characters. Shorten it."
    if first_harmful(reason) is not None:
        return "The reason contains a character that is no text. Type it again."
    return ""


def overrule(session: Session, case_id: str, version: int, who: str, *, given: Answer) -> None:
    """Keeps a fact that the team states, and the answer with it. `given`: that answer, and the one
    new fact with its id and time. Raises NotUsable with a sentence, and Conflict.
    """
    case = as_seen(session, case_id, version)
    (fact,) = given.new
    if wrong := reason_wanting(fact.reason):
        raise NotUsable(wrong)
    row = _row(session, case_id, who, fact)
    _keep(session, case, row, who, given, "overruled")


def take_back(
    session: Session, case_id: str, version: int, who: str, *, of: str, reason: str, given: Answer
) -> None:
    """Takes a fact back that stands, and keeps the answer without it. Raises NotUsable with a
    sentence, NotThere where no such fact stands, and Conflict.
    """
    case = as_seen(session, case_id, version)
    if wrong := reason_wanting(reason):
        raise NotUsable(wrong)
    fact = standing_fact(session, case_id, of)
    again = replace(fact, id=new_id(), at=utc_text(now()), reason=reason)
    row = _row(session, case_id, who, again, takes_back=of)
    _keep(session, case, row, who, given, "overrule_taken_back")


def apply_again(session: Session, case_id: str, version: int, who: str, *, given: Answer) -> None:
    """Keeps the answer to the newest record with the facts that stand. Raises Conflict."""
    case = as_seen(session, case_id, version)
    _keep(session, case, None, who, given, "overrules_applied")


def standing_fact(session: Session, case_id: str, of: str) -> StatedFact:
    """The fact with this id. Raises NotThere where none stands."""
    for fact in standing(session, case_id):
        if fact.id == of:
            return fact
    raise NotThere("There is no such overruled fact, or it was taken back before.")


def not_applied(session: Session, case_id: str, result: Assessment) -> bool:
    """Whether the facts that stand are others than those that the answer shows: then it was made
    without them.
    """
    return {fact.id for fact in standing(session, case_id)} != {x.id for x in result.overruled}


def _row(
    session: Session, case_id: str, who: str, fact: StatedFact, *, takes_back: str | None = None
) -> Overrule:
    latest = latest_result(session, case_id)
    if latest is None:
        raise NotThere("There is no answer for this patient yet.")
    last = session.scalar(select(func.max(Overrule.number)).where(Overrule.case_id == case_id))
    stored = Stored(value=fact.value, low=fact.low, high=fact.high, possible=fact.possible)
    return Overrule(
        id=fact.id,
        case_id=case_id,
        number=1 + (last or 0),
        result_id=latest.id,
        kind=fact.kind,
        what=fact.what,
        value=msgspec.json.encode(stored).decode(),
        anchor=fact.anchor,
        was=fact.was,
        reason=fact.reason.strip(),
        takes_back=takes_back,
        at=moment_of(fact.at),
        who=who,
    )


def _keep(
    session: Session,
    case: Case,
    row: Overrule | None,
    who: str,
    given: Answer,
    action: audit.Action,
) -> None:
    """A further version of the answer to the same record, and what made it."""
    latest = latest_result(session, case.id)
    if latest is None:
        raise NotThere("There is no answer for this patient yet.")
    if hypothetical(given.result):
        raise ValueError("what is assumed is never kept")
    sealed: dict[str, str] = {}
    if row is not None:
        session.add(row)
        session.flush()
        sealed |= audit.seal(row)
    result = Result(
        id=new_id(),
        case_id=case.id,
        number=latest.number + 1,
        record_id=latest.record_id,
        result=given.result,
        summary=msgspec.json.encode(given.summary).decode(),
        software=given.software,
        knowledge=given.knowledge,
        knowledge_hash=given.knowledge_hash,
        at=now(),
    )
    session.add(result)
    session.flush()
    sealed |= note_cause(session, result, who, "overruled", given.centre)
    touch(case, who)
    details = {"version": result.number, "sealed": sealed | audit.seal(result)}
    audit.append(session, who, action, case.id, details)


class _Hypothetical(msgspec.Struct):
    """Of a result only whether it is a real one."""

    hypothetical: bool = False


def hypothetical(result: str) -> bool:
    """Whether a result in JSON holds what is only assumed."""
    return msgspec.json.decode(result, type=_Hypothetical).hypothetical
