"""The addresses of an upload: give a file, look at what was read, take it in or discard it."""

from __future__ import annotations

from starlette.responses import Response

from rearm.board.refusals import NotUsable
from rearm.board.store import audit, uploads
from rearm.board.upload import contents
from rearm.board.upload.contexts import UploadForm, UploadPage
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, page, post, to

__all__ = ["ADDRESSES"]


def upload(asked: Asked) -> UploadForm:
    return contents.upload_form()


def uploaded(asked: Asked) -> UploadPage:
    with asked.board.database.writing() as session:
        found = contents.upload_page(session, asked.part("upload"))
        audit.append(session, asked.who, "upload_seen", found.upload)
        return found


def give(asked: Asked) -> Response | Again:
    board, form = asked.board, asked.form
    try:
        made = uploads.give(
            board.database,
            board.folder,
            board.reader,
            asked.tenant,
            asked.who,
            form.file_name,
            form.file,
        )
    except NotUsable as refusal:
        shown = contents.upload_form(str(refusal))
        return Again(context=shown, status=refusal.status, path="/upload")
    return to(f"/uploads/{made}")


def take_in(asked: Asked) -> Response:
    upload, seen = asked.part("upload"), asked.form.text("seen")
    with asked.board.database.writing() as session:
        made = uploads.take_in(session, asked.tenant, upload, asked.who, seen)
    return to(f"/patients/{made[0]}" if len(made) == 1 else "/worklist")


def discard(asked: Asked) -> Response:
    with asked.board.database.writing() as session:
        uploads.discard(session, asked.part("upload"), asked.who)
    return to("/upload")


ADDRESSES: tuple[Address, ...] = (
    *page("/upload", upload, "edit"),
    *page("/uploads/{upload}", uploaded, "edit"),
    post("/upload", give, "edit"),
    post("/uploads/{upload}/take", take_in, "edit"),
    post("/uploads/{upload}/discard", discard, "edit"),
)
