"""Where a version of a record or of an answer comes from, in words."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.board.store.causes import cause_of
from rearm.board.store.tables import Record, Result, Upload

__all__ = ["cause_words", "origin_of_answer", "origin_of_record"]

_CAUSES: Mapping[str, str] = {
    "data": "new data",
    "recomputed": "made anew without new data",
    "follow_up": "follow-up of a decision",
    "overruled": "facts that the team states over the computed ones",
}


def cause_words(session: Session, result: Result) -> str:
    """Why an answer was made."""
    return _CAUSES[_cause(session, result)]


def origin_of_answer(session: Session, result: Result) -> str:
    """The file that brought the answer, or what else made it."""
    cause = _cause(session, result)
    if cause == "data":
        return _file(session, session.get_one(Record, result.record_id))
    return _CAUSES[cause]


def origin_of_record(session: Session, record: Record) -> str:
    """The file of a version of the record; one that rests on no file came with its first answer."""
    answers = select(Result).where(Result.record_id == record.id).order_by(Result.number).limit(1)
    first = session.scalar(answers)
    return _file(session, record) if first is None else origin_of_answer(session, first)


def _cause(session: Session, result: Result) -> str:
    noted = cause_of(session, result)
    return "data" if noted is None else noted.cause


def _file(session: Session, record: Record) -> str:
    return session.get_one(Upload, record.upload_id).file_name
