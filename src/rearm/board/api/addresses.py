"""The addresses of the API. None of them names a patient."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from rearm.assessment import Assessment
from rearm.board.api.contents import case_shown, cases_listed, decisions_listed
from rearm.board.api.contexts import (
    AssessAnswer,
    AssessedPatient,
    BundleGiven,
    CaseShown,
    CasesListed,
    DecisionGiven,
    DecisionMade,
    DecisionsListed,
    RenderGiven,
    TablesGiven,
    TakenCase,
    TakenIn,
)
from rearm.board.api.declare import ApiAddress, ApiAsked, Given, as_answer
from rearm.board.api.openapi import description
from rearm.board.api.work import done_in, read_of_given
from rearm.board.child.drawing import draw_sheet, print_sheet_plainly
from rearm.board.child.reading import ReadFile, ReadPatient
from rearm.board.decision import decisions
from rearm.board.refusals import Busy, Died, NotUsable
from rearm.board.store import audit, cases, uploads
from rearm.board.store.tables import Case

__all__ = ["ADDRESSES"]

_MOST_OF_RECORD = 8 * 2**20
_MOST_OF_RESULT = 2 * 2**20
_MOST_OF_DECISION = 192 * 2**10  # three whole texts, in JSON at most 12 bytes a character
_PAGE = (1, 500, 100)
_NO_ANSWER = "No patient of this record has an answer. POST assess says why."
_NO_RESULT = "This is no result that this version can draw. Assess the record again."


def describe(asked: ApiAsked) -> Response:
    return Response(description(ADDRESSES), media_type="application/json")


def assess(asked: ApiAsked) -> Response:
    given = read_of_given(asked.board, asked.body)
    read = given.read or ReadFile(patients=(), issues=())
    patients = tuple(map(_assessed, read.patients))
    return as_answer(AssessAnswer(patients=patients, issues=read.issues, refused=given.refused))


def _assessed(patient: ReadPatient) -> AssessedPatient:
    return AssessedPatient(
        patient_id=patient.patient_id,
        result=Assessment.from_json(patient.result) if patient.result else None,
        refused=patient.refused,
        issues=patient.issues,
    )


def render(asked: ApiAsked) -> Response:
    given: RenderGiven = asked.body
    result = msgspec.json.encode(given.result).decode("utf-8")
    board = asked.board
    try:
        if given.form == "sheet.pdf":
            pdf = done_in(board, board.drawer, print_sheet_plainly, result)
            return Response(pdf, media_type="application/pdf")
        html = done_in(board, board.drawer, draw_sheet, result)
    except (Died, Busy):
        raise
    except NotUsable:
        raise NotUsable(_NO_RESULT) from None
    return Response(html, media_type="text/html; charset=utf-8")


def list_cases(asked: ApiAsked) -> Response:
    with asked.board.database.writing() as session:
        audit.append(session, asked.who, "worklist_seen")
        return as_answer(
            cases_listed(
                session,
                asked.program.tenant,
                offset=asked.query["offset"],
                limit=asked.query["limit"],
            )
        )


def take_in(asked: ApiAsked) -> Response:
    """Keeps a version of each patient that has an answer; every earlier one stays."""
    board, tenant = asked.board, asked.program.tenant
    read = read_of_given(board, asked.body).read
    if read is None or not any(patient.result for patient in read.patients):
        raise NotUsable(_NO_ANSWER)
    sent = msgspec.json.encode(asked.body)
    kept = uploads.keep_read(
        board.database, tenant, asked.who, "sent by a program", sent, msgspec.json.encode(read)
    )
    answers = uploads.overruled_answers(board.database, board.reader, tenant, kept)
    with board.database.writing() as session:
        seen = uploads.seen_mark(uploads.versions_of(session, tenant, read))
        taken = uploads.take_in(session, tenant, kept, asked.who, seen, answers=answers)
        session.flush()
        made = []
        for name in taken:
            case = session.get_one(Case, name)
            newest = cases.results_of(session, name)[0].number
            made.append(
                TakenCase(
                    case=case.id, patient=case.patient_id, answer=newest, version=case.version
                )
            )
    refused = tuple(x.patient_id for x in read.patients if not x.result)
    return as_answer(TakenIn(cases=tuple(made), refused=refused), status=201)


def show_case(asked: ApiAsked) -> Response:
    case = asked.parts["case"]
    with asked.board.database.writing() as session:
        shown = case_shown(session, case)
        audit.append(session, asked.who, "patient_seen", case)
        return as_answer(shown)


def show_result(asked: ApiAsked) -> Response:
    case = asked.parts["case"]
    with asked.board.database.writing() as session:
        found = cases.result_of(session, case, asked.number())
        result = cases.assessment_of(found)
        audit.append(session, asked.who, "result_seen", case, {"version": found.number})
    return as_answer(result)


def list_decisions(asked: ApiAsked) -> Response:
    case = asked.parts["case"]
    with asked.board.database.writing() as session:
        shown = decisions_listed(session, case)
        audit.append(session, asked.who, "patient_seen", case)
        return as_answer(shown)


def decide(asked: ApiAsked) -> Response:
    case, given = asked.parts["case"], asked.body
    typed = decisions.Given(
        strategy=given.strategy,
        participants=given.participants,
        reason=given.reason,
        deviation=given.deviation,
    )
    with asked.board.database.writing() as session:
        decisions.decide(session, case, given.version, asked.who, number=given.answer, given=typed)
        session.flush()
        made = decisions_listed(session, case)
        answer = DecisionMade(number=made.decisions[0].number, version=made.version)
    return as_answer(answer, status=201)


_RECORD = BundleGiven | TablesGiven
_WORK = {
    422: "The work took too long or needed too much memory, or the content can't be used.",
}

ADDRESSES: tuple[ApiAddress, ...] = (
    ApiAddress(
        path="/openapi.json",
        method="GET",
        handler=describe,
        needs="nothing",
        summary="This description",
        gives=Given(status=200, says="The description.", type=dict),
    ),
    ApiAddress(
        path="/assess",
        method="POST",
        handler=assess,
        needs="read",
        summary="What is found for the patients of a record; nothing is stored",
        takes=_RECORD,
        most_bytes=_MOST_OF_RECORD,
        gives=Given(status=200, says="What is found.", type=AssessAnswer),
        refuses=_WORK,
    ),
    ApiAddress(
        path="/render",
        method="POST",
        handler=render,
        needs="read",
        summary="The sheet of a result",
        takes=RenderGiven,
        most_bytes=_MOST_OF_RESULT,
        gives=Given(status=200, says="The sheet.", kinds=("text/html", "application/pdf")),
        refuses=_WORK,
    ),
    ApiAddress(
        path="/cases",
        method="GET",
        handler=list_cases,
        needs="read",
        summary="The patients of the board",
        query={"offset": (0, 999_999_999, 0), "limit": _PAGE},
        gives=Given(status=200, says="A part of them.", type=CasesListed),
    ),
    ApiAddress(
        path="/cases",
        method="POST",
        handler=take_in,
        needs="edit",
        summary="Take in a record: a further version of each of its patients",
        takes=_RECORD,
        most_bytes=_MOST_OF_RECORD,
        gives=Given(status=201, says="It was taken in.", type=TakenIn),
        refuses={**_WORK, 409: "Somebody changed a patient in the meantime."},
    ),
    ApiAddress(
        path="/cases/{case}",
        method="GET",
        handler=show_case,
        needs="read",
        summary="A patient with every answer and decision",
        gives=Given(status=200, says="The patient.", type=CaseShown),
    ),
    ApiAddress(
        path="/cases/{case}/results/{number}",
        method="GET",
        handler=show_result,
        needs="read",
        summary="A stored answer",
        gives=Given(status=200, says="The answer.", type=Assessment),
        refuses={422: "Another version of Rearm stored it, and this one can't read it."},
    ),
    ApiAddress(
        path="/cases/{case}/decisions",
        method="GET",
        handler=list_decisions,
        needs="read",
        summary="The decisions of the board on a patient",
        gives=Given(status=200, says="The decisions.", type=DecisionsListed),
    ),
    ApiAddress(
        path="/cases/{case}/decisions",
        method="POST",
        handler=decide,
        needs="decide",
        summary="Record a decision of the board",
        takes=DecisionGiven,
        most_bytes=_MOST_OF_DECISION,
        gives=Given(status=201, says="It was recorded.", type=DecisionMade),
        refuses={
            409: "Somebody changed the patient in the meantime.",
            422: "Something is wanting in the decision; the detail says what.",
        },
    ),
)
