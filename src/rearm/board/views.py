"""What is shown: each view gives the context of its page, and notes who saw it."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from rearm.board import audit, contents, drawing, sessions
from rearm.board.asked import Asked
from rearm.board.cases import case_of, result_of
from rearm.board.contexts import Context, UploadForm
from rearm.board.pages import static_file
from rearm.board.reading import ENDINGS
from rearm.board.refusals import NotSignedIn, NotThere
from rearm.board.uploads import LARGEST
from rearm.board.words import NOT_SIGNED_IN

__all__ = [
    "decision",
    "first_page",
    "patient",
    "report",
    "report_json",
    "start",
    "static",
    "upload",
    "uploaded",
    "worklist",
]


def worklist(asked: Asked) -> Context:
    with asked.board.database.writing() as session:
        audit.append(session, asked.who, "worklist_seen")
        return contents.worklist(session)


def patient(asked: Asked) -> Context:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        case_of(session, case)
        audit.append(session, asked.who, "patient_seen", case)
        return contents.patient_page(session, case)


def decision(asked: Asked) -> Context:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        page = contents.decision_page(session, case)
        audit.append(session, asked.who, "patient_seen", case)
        return page


def upload(asked: Asked) -> Context:
    return upload_form()


def upload_form(refusal: str = "") -> UploadForm:
    return UploadForm(endings=ENDINGS, megabytes=LARGEST // 2**20, refusal=refusal)


def uploaded(asked: Asked) -> Context:
    with asked.board.database.writing() as session:
        page = contents.upload_page(session, asked.part("upload"))
        audit.append(session, asked.who, "upload_seen", page.upload)
        return page


def report(asked: Asked) -> Response:
    """Everything behind the sheet, drawn from the stored answer."""
    drawn = asked.board.drawer.do(drawing.draw, _stored(asked))
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
    case, number = asked.part("case"), asked.part("number")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise NotThere("There is no such version of the answer.")
    with asked.board.database.writing() as session:
        found = result_of(session, case, int(number))
        audit.append(session, asked.who, "result_seen", case, {"version": found.number})
        return found.result


def first_page(asked: Asked) -> Response:
    return RedirectResponse("/worklist", status_code=303)


def start(asked: Asked) -> Response:
    """A printed link: it becomes a session, once. A look at its headers alone does not use it."""
    if asked.method == "HEAD":
        return Response()
    raw = sessions.enter(asked.board.database, asked.part("token"))
    if raw is None:
        raise NotSignedIn(NOT_SIGNED_IN)
    answer = RedirectResponse("/worklist", status_code=303)
    answer.set_cookie(asked.board.cookie, raw, httponly=True, samesite="lax", path="/")
    return answer


def static(asked: Asked) -> Response:
    found = static_file(asked.part("name"))
    if found is None:
        raise NotThere("There is no such file.")
    data, kind = found
    return Response(data, headers={"content-type": kind, "cache-control": "max-age=300"})
