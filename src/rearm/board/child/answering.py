"""An answer made again from the rows that the store keeps: with facts that the team states over the
computed ones, or with what is only assumed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import cast

import msgspec

from rearm.assessment.moves import moves
from rearm.assessment.overruling import StatedFact, assess_overruled, fact_now
from rearm.assessment.result.moves import Move
from rearm.board.child.reading import CentreGiven, Summary, centre_at, summary_of
from rearm.board.child.rows import ReadIssue, TidyRow, kept
from rearm.board.refusals import NotUsable
from rearm.intake.kept_rows import read_kept
from rearm.record import UNREAD_FILES, Done, Issue, Record, Severity, Source
from rearm.report.assessment.answer_words import state_words
from rearm.report.assessment.move_words import MoveGroup, first_words, moves_in_words
from rearm.report.assessment.overruled_words import OverruledLine, overruled_lines

__all__ = ["Answer", "Kept", "Supposed", "answer", "record_of", "state", "suppose"]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a record as the store keeps it, with the facts that stand over it.

    `rows` and `issues`: as JSON; `read_on`: the day on which it was read, before which no date of
    it can lie in the future; `facts`: those that stand, the oldest first; `new`: those that are
    added to them now.
    """

    rows: str
    issues: str
    read_on: date
    region: str | None = None
    centre: CentreGiven | None = None
    facts: tuple[StatedFact, ...] = ()
    new: tuple[StatedFact, ...] = ()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer as the store keeps it. `new`: the facts that were added, with what was computed of
    them.
    """

    result: str
    summary: Summary
    software: str
    knowledge: str
    knowledge_hash: str
    centre: int = 0
    new: tuple[StatedFact, ...] = ()


class Supposed(msgspec.Struct, frozen=True, kw_only=True):
    """What would move if something was so: in codes, and in words. `assumed`: each fact beside what
    the record tells. `knowledge_hash` and `software` made it. `state`, `first`: of the answer as it
    is, and as it would be.
    """

    moves: tuple[Move, ...]
    groups: tuple[MoveGroup, ...]
    assumed: tuple[OverruledLine, ...]
    software: str
    knowledge_hash: str
    state: tuple[str, str]
    first: tuple[str, str]


def record_of(kept_record: Kept) -> Record:
    """The record as it was when it was read: the issues are those that were found then. Raises
    NotUsable where nothing can be made of the rows.
    """
    rows = msgspec.json.decode(kept_record.rows, type=tuple[TidyRow, ...])
    issues = msgspec.json.decode(kept_record.issues, type=tuple[ReadIssue, ...])
    reading = read_kept([kept(row) for row in rows], today=kept_record.read_on)
    record = next(reading.stream(), None)
    if record is None:
        raise NotUsable("Nothing can be read of this patient.")
    again = tuple(_issue(x) for x in issues)
    return replace(
        record,
        issues=tuple(x for x in again if x.code not in UNREAD_FILES),
        unread=tuple(x for x in again if x.code in UNREAD_FILES),
    )


def _issue(issue: ReadIssue) -> Issue:
    file, _, place = issue.place.partition(": ")
    return Issue(
        severity=cast("Severity", issue.severity),
        code=issue.code,
        source=Source(file, place),
        message=issue.message,
        done=cast("Done", issue.done),
        column=issue.column,
        value=issue.value,
    )


def answer(kept_record: Kept) -> Answer:
    """The answer with the facts that stand; those that no longer fit are shown in it and not
    applied.
    """
    return _answer(record_of(kept_record), kept_record, ())


def state(kept_record: Kept) -> Answer:
    """The answer with the new facts too. Raises AssessmentError with a sentence where one does not
    fit the record.
    """
    record, region = record_of(kept_record), kept_record.region
    new = tuple(fact_now(record, fact, region=region) for fact in kept_record.new)
    return _answer(record, kept_record, new)


def _answer(record: Record, given: Kept, new: tuple[StatedFact, ...]) -> Answer:
    found = assess_overruled(
        record, (*given.facts, *new), region=given.region, centre=centre_at(given.centre)
    )
    return Answer(
        result=found.to_json(),
        summary=summary_of(record, found),
        software=found.versions.software,
        knowledge=found.versions.knowledge,
        knowledge_hash=found.versions.knowledge_hash,
        new=new,
        centre=0 if given.centre is None else given.centre.number,
    )


def suppose(kept_record: Kept) -> bytes:
    """A `Supposed` as JSON: what the new facts, which are only assumed, would move. Raises
    AssessmentError with a sentence where one does not fit the record.
    """
    record, region = record_of(kept_record), kept_record.region
    centre = centre_at(kept_record.centre)
    before = assess_overruled(record, kept_record.facts, region=region, centre=centre)
    every = (*kept_record.facts, *kept_record.new)
    after = assess_overruled(record, every, hypothetical=True, region=region, centre=centre)
    moved = moves(before, after)
    return msgspec.json.encode(
        Supposed(
            moves=moved,
            groups=moves_in_words(before, after, moved),
            assumed=tuple(x for x in overruled_lines(after) if not x.id),
            software=after.versions.software,
            knowledge_hash=after.versions.knowledge_hash,
            state=(state_words(before), state_words(after)),
            first=(first_words(before), first_words(after)),
        )
    )
