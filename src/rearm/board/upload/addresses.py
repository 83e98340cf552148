"""The addresses of an upload: give a file, look at what was read, take it in or discard it."""

from __future__ import annotations

from sqlalchemy.orm import Session
from starlette.responses import Response

from rearm.board.people.launched import check_source
from rearm.board.refusals import SHOWN_AGAIN, Busy, NotThere, NotUsable
from rearm.board.store import audit, mappings, retention, uploads
from rearm.board.upload import contents
from rearm.board.upload.contexts import CellsTyped, UploadForm, UploadPage
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, get, page, post, to

__all__ = ["ADDRESSES"]

_CELL = "cell."
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _days(asked: Asked) -> int:
    """For how long a file waits to be taken in."""
    return asked.board.settings.not_taken_in_days


def upload(asked: Asked) -> UploadForm:
    with asked.board.database.reading() as session:
        return contents.upload_form(session, asked.tenant, _days(asked))


def blank_form(asked: Asked) -> Response:
    """The workbook that `rearm template --xlsx` writes."""
    headers = {"content-disposition": 'attachment; filename="rearm-form.xlsx"'}
    made = contents.blank_form(asked.board.folder.incoming)
    return Response(made, media_type=_XLSX, headers=headers)


def uploaded(asked: Asked) -> UploadPage:
    with asked.board.database.writing() as session:
        retention.end_waiting(session, _days(asked))
        found = contents.upload_page(session, asked.part("upload"), _days(asked))
        audit.append(session, asked.who, "upload_seen", found.upload)
        return found


def give(asked: Asked) -> Response | Again:
    board, form = asked.board, asked.form
    files = [(x.name, x.data) for x in form.files_of("file")]
    try:
        name, mapping = _mapping(asked)
        made = uploads.give(
            board.database,
            board.folder,
            board.reader,
            asked.tenant,
            asked.who,
            files,
            mapping,
        )
        if name:
            with board.database.writing() as session:
                mappings.keep(session, asked.tenant, asked.who, name, mapping)
    except (NotUsable, NotThere, Busy) as refusal:
        with board.database.reading() as session:
            shown = contents.upload_form(
                session, asked.tenant, _days(asked), str(refusal), form.text("kept_mapping")
            )
        return Again(context=shown, status=refusal.status, path="/upload")
    return to(f"/uploads/{made}", "file_read_mapping" if name else "file_read")


def _mapping(asked: Asked) -> tuple[str, str]:
    """The mapping that was given, with the name under which it is kept (empty for one that is kept
    already); both empty where the files need none.
    """
    given = asked.form.files_of("mapping")
    if given:
        return mappings.mapping_text(given[0].name, given[0].data)
    kept = asked.form.text("kept_mapping")
    if not kept:
        return "", ""
    with asked.board.database.reading() as session:
        return "", mappings.mapping_named(session, asked.tenant, kept).text


def correct(asked: Asked) -> Response | Again:
    form, upload = asked.form, asked.part("upload")
    cells = {
        name.removeprefix(_CELL): form.text(name) for name in form.fields if name.startswith(_CELL)
    }
    try:
        uploads.correct(
            asked.board.database,
            asked.board.reader,
            asked.who,
            upload,
            read_mark=form.text("mark"),
            patient=form.number("patient"),
            row=form.number("row"),
            cells=cells,
        )
    except SHOWN_AGAIN as refusal:
        with asked.board.database.reading() as session:
            place = form.number("patient"), form.number("row")
            typed = CellsTyped(patient=place[0], row=place[1], cells=cells)
            shown = contents.upload_page(session, upload, _days(asked), str(refusal), typed)
        return Again(context=shown, status=refusal.status, path=f"/uploads/{upload}")
    return to(f"/uploads/{upload}", "correction")


def take_in(asked: Asked) -> Response:
    board, upload, seen = asked.board, asked.part("upload"), asked.form.text("seen")
    answers = uploads.overruled_answers(board.database, board.drawer, asked.tenant, upload)
    with board.database.writing() as session:
        _check_reach(session, asked, upload)
        made = uploads.take_in(session, asked.tenant, upload, asked.who, seen, answers=answers)
    if len(made) == 1:
        return to(f"/patients/{made[0]}", "patient_taken_in")
    return to("/worklist", "patients_taken_in")


def _check_reach(session: Session, asked: Asked, upload: str) -> None:
    """A patient may have come to the board between a launch and the taking in."""
    reach = None if asked.signed_in is None else asked.signed_in.reach
    read = uploads.read_of(uploads.upload_of(session, upload))
    if reach is not None and read is not None:
        ids = [patient.patient_id for patient in read.patients]
        check_source(session, asked.tenant, reach.cases, ids)


def discard(asked: Asked) -> Response:
    with asked.board.database.writing() as session:
        uploads.discard(session, asked.part("upload"), asked.who)
    return to("/upload", "file_discarded")


ADDRESSES: tuple[Address, ...] = (
    *page("/upload", upload, "edit"),
    get("/upload/form.xlsx", blank_form, "edit"),
    *page("/uploads/{upload}", uploaded, "edit"),
    post("/upload", give, "edit"),
    post("/uploads/{upload}/take", take_in, "edit"),
    post("/uploads/{upload}/correct", correct, "edit"),
    post("/uploads/{upload}/discard", discard, "edit"),
)
