"""The addresses of a patient: the sheet, each version of the answer, the place on the worklist."""

from __future__ import annotations

from starlette.responses import Response

from rearm.board.child import drawing
from rearm.board.patient import contents
from rearm.board.patient.contexts import PatientPage, PlaceTyped
from rearm.board.refusals import SHOWN_AGAIN
from rearm.board.store import audit, cases
from rearm.board.store.decided import decided_for
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, get, page, post, to

__all__ = ["ADDRESSES"]


def patient(asked: Asked) -> PatientPage:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        cases.case_of(session, case)
        audit.append(session, asked.who, "patient_seen", case)
        return contents.patient_page(session, case)


def move(asked: Asked) -> Response | Again:
    case, form = asked.part("case"), asked.form
    version = form.number("version")
    typed = PlaceTyped(state=form.text("state"), meeting_day=form.text("meeting_day"))
    try:
        with asked.board.database.writing() as session:
            cases.move(
                session,
                case,
                version,
                asked.who,
                state=typed.state,
                meeting_day=typed.meeting_day,
            )
    except SHOWN_AGAIN as refusal:
        with asked.board.database.reading() as session:
            shown = contents.patient_page(session, case, str(refusal), typed)
        return Again(context=shown, status=refusal.status, path=f"/patients/{case}")
    return to(f"/patients/{case}", "scheduled" if typed.state == "scheduled" else "moved")


def report(asked: Asked) -> Response:
    """Everything behind the sheet, drawn from the stored answer."""
    case = asked.part("case")
    with asked.board.database.reading() as session:
        decided = decided_for(session, cases.result_of(session, case, asked.number("number")))
    wanted = drawing.ToDraw(result=_stored(asked), decided=decided, back=f"/patients/{case}")
    drawn = asked.board.drawer.do(drawing.draw, wanted)
    policy = (
        f"default-src 'none'; style-src 'sha256-{drawn.style_hash}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {"content-security-policy": policy}
    return Response(drawn.html, media_type="text/html; charset=utf-8", headers=headers)


def report_json(asked: Asked) -> Response:
    """The stored answer itself."""
    return Response(_stored(asked), media_type="application/json")


def _stored(asked: Asked) -> str:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        found = cases.result_of(session, case, asked.number("number"))
        audit.append(session, asked.who, "result_seen", case, {"version": found.number})
        return found.result


ADDRESSES: tuple[Address, ...] = (
    *page("/patients/{case}", patient),
    get("/patients/{case}/results/{number}.json", report_json, "read"),
    get("/patients/{case}/results/{number}", report, "read"),
    post("/patients/{case}/state", move, "edit"),
)
