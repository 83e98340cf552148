"""The addresses of what is printed: the sheet at once, the whole report when it is made."""

from __future__ import annotations

from starlette.responses import Response

from rearm.board.child.drawing import ToPrint, print_sheet
from rearm.board.printing.contents import job_page
from rearm.board.printing.contexts import JobPage
from rearm.board.store import audit, cases, jobs
from rearm.board.store.decided import decided_for
from rearm.board.store.utc import moment_words, now
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, get, page, post, to

__all__ = ["ADDRESSES"]


def sheet(asked: Asked) -> Response:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        found = cases.result_of(session, case, asked.number("number"))
        audit.append(session, asked.who, "sheet_printed", case, {"version": found.number})
        wanted = ToPrint(
            result=found.result,
            printed=moment_words(now()),
            answer=found.number,
            head=audit.head(session),
            decided=decided_for(session, found),
        )
    return _pdf(asked.board.drawer.do(print_sheet, wanted), "sheet")


def ask(asked: Asked) -> Response:
    case = asked.part("case")
    with asked.board.database.writing() as session:
        found = cases.result_of(session, case, asked.number("number"))
        job = jobs.ask(session, found, asked.who)
    asked.board.press.wake()
    return to(f"/patients/{case}/jobs/{job}")


def job(asked: Asked) -> JobPage:
    with asked.board.database.reading() as session:
        found = job_page(session, asked.part("case"), asked.part("job"))
    if found.state in ("waiting", "working"):
        asked.board.press.wake()
    return found


def report(asked: Asked) -> Response:
    with asked.board.database.writing() as session:
        pdf = jobs.pdf_of_job(session, asked.part("case"), asked.part("job"), asked.who)
    return _pdf(pdf, "report")


def _pdf(pdf: bytes, name: str) -> Response:
    """Its name says nothing of the patient: folders of downloads stay."""
    headers = {"content-disposition": f'inline; filename="{name}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


ADDRESSES: tuple[Address, ...] = (
    get("/patients/{case}/results/{number}/sheet.pdf", sheet, "read"),
    post("/patients/{case}/results/{number}/report", ask, "read"),
    get("/patients/{case}/jobs/{job}.pdf", report, "read"),
    *page("/patients/{case}/jobs/{job}", job),
)
