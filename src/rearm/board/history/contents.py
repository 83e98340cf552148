"""The history of an answer, made of what the store keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy.orm import Session

from rearm.assessment import Assessment
from rearm.assessment.changes import AnswerChange, ChangeKind, answer_changes
from rearm.board.child.reading import RowsGiven, TidyRow
from rearm.board.history.contexts import (
    AnswerStep,
    ChangeGroup,
    ChangeShown,
    HistoryPage,
    RowChange,
    Share,
)
from rearm.board.history.rows import row_changes
from rearm.board.patient.origins import cause_words, origin_of_record
from rearm.board.refusals import NotThere
from rearm.board.store.answers import rows_given
from rearm.board.store.cases import (
    assessment_of,
    case_of,
    decisions_of,
    result_of,
    results_of,
)
from rearm.board.store.causes import cause_of
from rearm.board.store.centres import centre_given, is_of_the_list
from rearm.board.store.current import is_of_today
from rearm.board.store.overrules import facts_of_result
from rearm.board.store.tables import Record, Result
from rearm.board.store.utc import moment_words
from rearm.knowledge import load
from rearm.report.assessment.dated import date_of, dated
from rearm.report.words import words

__all__ = ["Compared", "compared", "history_page", "to_be_told_apart"]

_TITLES: Mapping[ChangeKind, str] = {
    "state": "State of the answer",
    "first_choice": "First choice",
    "alert": "Alerts",
    "relapse": "Relapse to decide on",
    "failure": "CAR-T",
    "cause": "Causes of the failure",
    "strategy": "Tiers of strategies",
    "action": "What to do whatever is chosen",
    "test": "Tests asked for",
    "option": "Verdicts on options",
}
_NUMBER_OF_DAY = re.compile(r"-?[0-9]{1,6}(?:\.0+)?")
_FOLDED: tuple[ChangeKind, ...] = ("option", "test")
_MANY = 10  # of one kind: folded, so that the page can be overlooked


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two versions, and what differs of what made them. `old_rows` with `centre` are what is
    computed anew where the shares of data and knowledge are to be told apart.
    """

    before: Result
    after: Result
    since_decision: bool
    rows: tuple[RowChange, ...]
    knowledge: bool
    software: bool
    centre: bool
    facts: bool
    again: RowsGiven


def compared(session: Session, case_id: str, before: int = 0, after: int = 0) -> Compared | None:
    """The versions of these numbers; without numbers the newest beside that of the last decision,
    or beside the one before. None where there is one only. Raises NotThere.
    """
    results = results_of(session, case_id)
    if not results:
        raise NotThere("There is no answer for this patient yet.")
    decided = next(iter(decisions_of(session, case_id)), None)
    decided_on = next((r.number for r in results if decided and r.id == decided.result_id), 0)
    if not before:
        if len(results) == 1:
            return None
        after = results[0].number
        before = decided_on if 0 < decided_on < after else results[1].number
    old, new = (result_of(session, case_id, number) for number in (before, after))
    old_record, new_record = (session.get_one(Record, x.record_id) for x in (old, new))
    numbers = [0 if (x := cause_of(session, r)) is None else x.centre_number for r in (old, new)]
    return Compared(
        before=old,
        after=new,
        since_decision=before == decided_on,
        rows=row_changes(_rows(old_record), _rows(new_record)),
        knowledge=old.knowledge_hash != new.knowledge_hash,
        software=old.software != new.software,
        centre=numbers[0] != numbers[1],
        facts=_stated(session, old) != _stated(session, new),
        again=msgspec.structs.replace(
            rows_given(session, old_record, facts_of_result(session, old)),
            rows=_rows(old_record),
            centre=centre_given(session, case_of(session, case_id).tenant_id, numbers[1]),
        ),
    )


def _stated(session: Session, result: Result) -> set[str]:
    """The facts that the team states in an answer, by their ids."""
    return {x.id for x in facts_of_result(session, result)}


def to_be_told_apart(found: Compared) -> bool:
    """Whether data and something else changed, so that each has a share; facts that the team states
    are part of neither.
    """
    others = found.knowledge or found.software or found.centre
    return bool(found.rows) and others and not found.facts


def history_page(
    session: Session,
    case_id: str,
    found: Compared | None,
    between: Assessment | None = None,
    refusal: str = "",
) -> HistoryPage:
    """`between`: the old data with the knowledge of the later version, where it was computed."""
    case = case_of(session, case_id)
    results = results_of(session, case_id)
    if not results:
        raise NotThere("There is no answer for this patient yet.")
    decided = {x.result_id for x in decisions_of(session, case_id)}
    groups: tuple[ChangeGroup, ...] = ()
    shares: tuple[Share, ...] = ()
    rows: tuple[RowChange, ...] = ()
    if found is not None:
        old, new = assessment_of(found.before), assessment_of(found.after)
        groups = _groups(old, new)
        rows = tuple(_dated_row(x, new) for x in found.rows)
        if between is not None:
            shares = _shares(old, between, new)
    return HistoryPage(
        case=case.id,
        patient=case.patient_id,
        version=case.version,
        steps=tuple(_step(session, x, x.id in decided) for x in results),
        before=0 if found is None else found.before.number,
        after=0 if found is None else found.after.number,
        since_decision=found is not None and found.since_decision,
        reasons=() if found is None else tuple(_reasons(found, between)),
        rows=rows,
        groups=groups,
        shares=shares,
        outdated=tuple(_outdated(session, results[0])),
        refusal=refusal,
    )


def _shares(old: Assessment, between: Assessment, new: Assessment) -> tuple[Share, ...]:
    return (
        Share(
            cause="other",
            title="Knowledge, software or the centre's list, the data being the same",
            groups=_groups(old, between),
        ),
        Share(
            cause="data",
            title="The data, with the knowledge of the later version",
            groups=_groups(between, new),
        ),
    )


def _reasons(found: Compared, between: Assessment | None) -> Iterator[str]:
    """Why the later version differs, each a sentence."""
    old, new = found.before, found.after
    differs = {
        f"the knowledge ({old.knowledge} to {new.knowledge})": found.knowledge,
        f"the software ({old.software} to {new.software})": found.software,
        "the centre's list": found.centre,
        "what the team states over the computed facts": found.facts,
    }
    others = [name for name, is_other in differs.items() if is_other]
    told = " and ".join(others)
    if found.rows and not others:
        yield "The data changed; knowledge, software and the centre's list are the same."
    elif others and not found.rows:
        yield f"The data are the same. What changed is {told}."
    elif others:
        yield f"The data changed, and so did {told}."
        if found.facts:
            yield "What each of them changed can't be told apart."
        elif between is None:
            yield (
                "What each of them changed can't be told: the later version is not that of today's "
                "knowledge."
            )
    else:
        yield "Data, knowledge, software and the centre's list are the same."


def _outdated(session: Session, newest: Result) -> Iterator[str]:
    if not is_of_today(newest):
        yield f"It is of an older knowledge or software (knowledge {newest.knowledge})."
    if not is_of_the_list(session, newest):
        yield "It was made before the centre's list changed."


def _groups(old: Assessment, new: Assessment) -> tuple[ChangeGroup, ...]:
    changes = answer_changes(old, new)
    return tuple(
        ChangeGroup(
            kind=kind,
            title=title,
            folded=kind in _FOLDED or len(own) > _MANY,
            changes=own,
        )
        for kind, title in _TITLES.items()
        if (own := tuple(_shown(x, old, new) for x in changes if x.kind == kind))
    )


def _dated_row(row: RowChange, result: Assessment) -> RowChange:
    """With the date beside each number of a day."""
    columns = load().tidy_tables.tables[row.table].columns
    cells = tuple(
        msgspec.structs.replace(
            x, before=_dated_cell(x.before, result), after=_dated_cell(x.after, result)
        )
        if x.column in columns and columns[x.column].type == "day"
        else x
        for x in row.cells
    )
    return msgspec.structs.replace(row, cells=cells)


def _dated_cell(text: str, result: Assessment) -> str:
    if not _NUMBER_OF_DAY.fullmatch(text):
        return text
    day = date_of(int(float(text)), result)
    return f"{text} ({day})" if day else text


def _shown(change: AnswerChange, old: Assessment, new: Assessment) -> ChangeShown:
    before = words(change.before) if change.before else ""
    after = words(change.after) if change.after else ""
    if change.kind == "first_choice":
        before, after = before or "none", after or "none"
    if change.kind == "relapse":
        before, after = dated(before, old), dated(after, new)
    return ChangeShown(
        what=change.what,
        name=change.name,
        before=before,
        after=after,
    )


def _step(session: Session, result: Result, decided: bool) -> AnswerStep:
    record = session.get_one(Record, result.record_id)
    return AnswerStep(
        number=result.number,
        at=moment_words(result.at),
        file=origin_of_record(session, record),
        software=result.software,
        knowledge=result.knowledge,
        cause=cause_words(session, result),
        decided=decided,
    )


def _rows(record: Record) -> tuple[TidyRow, ...]:
    return msgspec.json.decode(record.rows, type=tuple[TidyRow, ...])
