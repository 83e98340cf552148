"""What is kept of a patient in the forms of others: tables as CSV, an answer as FHIR."""

from __future__ import annotations

import json

from starlette.responses import Response

from rearm.board.decision.contexts import DecisionShown
from rearm.board.exports.contents import decisions_of_answer
from rearm.board.patient.contents import patient_page
from rearm.board.patient.contexts import AnswerVersion, PatientPage
from rearm.board.store import audit, cases
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, get
from rearm.board.web.tables import as_csv
from rearm.characters import escaped
from rearm.export.fhir_answer import answer_bundle

__all__ = ["ADDRESSES"]


def decisions(asked: Asked) -> Response:
    return as_csv(DecisionShown, _page(asked, "decisions.csv").decisions, name="decisions")


def versions(asked: Asked) -> Response:
    return as_csv(AnswerVersion, _page(asked, "versions.csv").answers, name="versions")


def fhir(asked: Asked) -> Response:
    """The answer and what was decided on it, as a Bundle of FHIR R4."""
    case = asked.part("case")
    with asked.board.database.writing() as session:
        stored = cases.result_of(session, case, asked.number("number"))
        details = {"version": stored.number, "as": "fhir"}
        audit.append(session, asked.who, "exported", case, details)
        result = cases.assessment_of(stored)
        decided = decisions_of_answer(session, stored)
        bundle = answer_bundle(result, made=stored.at, decisions=decided)
    text = escaped(json.dumps(bundle, ensure_ascii=False))
    return Response(text, media_type="application/fhir+json")


def _page(asked: Asked, name: str) -> PatientPage:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        cases.case_of(session, case)
        audit.append(session, asked.who, "exported", case, {"as": name})
        return patient_page(session, case)


ADDRESSES: tuple[Address, ...] = (
    get("/patients/{case}/decisions.csv", decisions, "read"),
    get("/patients/{case}/versions.csv", versions, "read"),
    get("/patients/{case}/results/{number}/fhir.json", fhir, "read"),
)
