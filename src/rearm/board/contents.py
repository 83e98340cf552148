"""The contexts of the pages, made of what the store keeps."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from rearm.assessment import Assessment
from rearm.board import audit
from rearm.board.cases import (
    assessment_of,
    case_of,
    decisions_of,
    latest_result,
    result_of,
    results_of,
)
from rearm.board.contexts import (
    AnswerVersion,
    Choice,
    ChoiceGroup,
    DecisionPage,
    DecisionShown,
    DecisionTyped,
    PatientPage,
    UploadPage,
    UploadPatient,
    Worklist,
    WorklistGroup,
    WorklistRow,
)
from rearm.board.decisions import AGAINST, highest_tier
from rearm.board.reading import ReadIssue, ReadPatient, Summary
from rearm.board.refusals import NotThere
from rearm.board.tables import Case, Decision, Record, Result, Upload
from rearm.board.uploads import read_of, seen_mark, upload_of, versions_of
from rearm.board.words import STATE_WORDS
from rearm.report.assessment.answer_words import state_words, tier_words

__all__ = ["decision_page", "patient_page", "upload_page", "worklist"]

_LAST = "9999"  # after every day of a meeting


def worklist(session: Session) -> Worklist:
    """Every patient by state; the next meeting first, then by id."""
    rows: dict[str, list[WorklistRow]] = {state: [] for state in STATE_WORDS}
    for case in session.scalars(select(Case).order_by(Case.patient_id)):
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
    shown = None if last is None else _shown(session, last)
    return WorklistRow(
        case=case.id,
        patient=case.patient_id,
        invented=case.invented,
        meeting_day=case.meeting_day or "",
        decided="" if shown is None else shown.chosen,
        new_answer=shown is not None and shown.answer < result.number,
        **msgspec.structs.asdict(told),
    )


def patient_page(session: Session, case_id: str, refusal: str = "") -> PatientPage:
    """The newest answer of a patient. Raises NotThere where there is no such patient."""
    case = case_of(session, case_id)
    answers = results_of(session, case_id)
    if not answers:
        raise NotThere("There is no answer for this patient yet.")
    decisions = tuple(_shown(session, x) for x in decisions_of(session, case_id))
    return PatientPage(
        case=case.id,
        patient=case.patient_id,
        invented=case.invented,
        state=case.state,
        meeting_day=case.meeting_day or "",
        version=case.version,
        answers=tuple(_answer(session, x) for x in answers),
        decisions=decisions,
        new_answer=bool(decisions) and decisions[0].answer < answers[0].number,
        head=audit.head(session),
        result=assessment_of(answers[0]),
        refusal=refusal,
    )


def _answer(session: Session, result: Result) -> AnswerVersion:
    record = session.get_one(Record, result.record_id)
    upload = session.get_one(Upload, record.upload_id)
    return AnswerVersion(
        number=result.number,
        at=_moment(result.at),
        file=upload.file_name,
        software=result.software,
        knowledge=result.knowledge,
    )


def decision_page(
    session: Session,
    case_id: str,
    *,
    number: int | None = None,
    typed: DecisionTyped | None = None,
    wanting: Iterable[str] = (),
    changed: bool = False,
) -> DecisionPage:
    """The form of the decision on one version of the answer, by default the newest. `changed`: the
    patient was changed after the form was opened; what was decided meanwhile stands beside it.
    """
    case = case_of(session, case_id)
    newest = latest_result(session, case_id) if number is None else None
    stored = newest or result_of(session, case_id, number or 1)
    result = assessment_of(stored)
    last = next(iter(decisions_of(session, case_id)), None) if changed else None
    return DecisionPage(
        case=case.id,
        patient=case.patient_id,
        version=case.version,
        answer=stored.number,
        state=state_words(result),
        groups=tuple(_groups(result)),
        highest=highest_tier(result),
        typed=typed or DecisionTyped(),
        wanting=tuple(wanting),
        meanwhile=None if last is None else _shown(session, last),
    )


def _groups(result: Assessment) -> Iterable[ChoiceGroup]:
    for tier in result.answer.tiers:
        choices = tuple(
            Choice(
                strategy=x.strategy,
                name=result.titles.strategies[x.strategy],
                option=result.option(x.option).name,
            )
            for x in tier.strategies
        )
        if choices:
            yield ChoiceGroup(
                tier=tier.tier,
                title=tier_words(tier.tier),
                against=tier.tier in AGAINST,
                choices=choices,
            )


def _shown(session: Session, decision: Decision) -> DecisionShown:
    stored = session.get_one(Result, decision.result_id)
    return DecisionShown(
        version=decision.number,
        answer=stored.number,
        strategy=decision.strategy,
        chosen=_name(stored.result, decision.strategy),
        tier=decision.tier and tier_words(decision.tier),
        participants=decision.participants,
        reason=decision.reason,
        deviation=decision.deviation,
        at=_moment(decision.at),
        who=decision.who,
    )


class _Titles(msgspec.Struct):
    """Of a stored result only the names of the strategies."""

    strategies: dict[str, str]


class _Named(msgspec.Struct):
    titles: _Titles


def _name(result: str, strategy: str) -> str:
    if not strategy:
        return "none of the answer"
    return msgspec.json.decode(result, type=_Named).titles.strategies[strategy]


def upload_page(session: Session, upload_id: str) -> UploadPage:
    """What was read of a file. Raises NotThere where there is no such upload."""
    upload = upload_of(session, upload_id)
    read = read_of(upload)
    patients: tuple[UploadPatient, ...] = ()
    of_file: tuple[ReadIssue, ...] = ()
    known: dict[str, int] = {}
    if read is not None:
        known = versions_of(session, read)
        patients = tuple(_of_upload(x, known.get(x.patient_id)) for x in read.patients)
        of_file = tuple(x for x in read.issues if x.severity != "note")
    return UploadPage(
        upload=upload.id,
        file=upload.file_name,
        state=upload.state,
        at=_moment(upload.at),
        who=upload.who,
        patients=patients,
        of_file=of_file,
        answered=sum(not patient.refused for patient in patients),
        seen=seen_mark(known),
    )


def _of_upload(patient: ReadPatient, seen: int | None) -> UploadPatient:
    told = patient.summary
    serious = [x for x in patient.issues if x.severity != "note"]
    return UploadPatient(
        patient=patient.patient_id,
        seen=seen,
        first="" if told is None else told.first,
        missing=() if told is None else told.missing,
        further=0 if told is None else told.further,
        refused=patient.refused,
        not_used=tuple(x for x in serious if x.done != "used"),
        doubted=tuple(x for x in serious if x.done == "used"),
        notes=len(patient.issues) - len(serious),
    )


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
