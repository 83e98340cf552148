"""The pages of an upload, made of what the store keeps."""

from __future__ import annotations

from sqlalchemy.orm import Session

from rearm.board.child.reading import ENDINGS, ReadIssue, ReadPatient
from rearm.board.store.uploads import LARGEST, read_of, seen_mark, upload_of, versions_of
from rearm.board.store.utc import moment_words
from rearm.board.upload.contexts import UploadForm, UploadPage, UploadPatient

__all__ = ["upload_form", "upload_page"]


def upload_form(refusal: str = "") -> UploadForm:
    """The form for a file, with why the last one could not be used."""
    return UploadForm(endings=ENDINGS, megabytes=LARGEST // 2**20, refusal=refusal)


def upload_page(session: Session, upload_id: str) -> UploadPage:
    """What was read of a file. Raises NotThere where there is no such upload."""
    upload = upload_of(session, upload_id)
    read = read_of(upload)
    patients: tuple[UploadPatient, ...] = ()
    of_file: tuple[ReadIssue, ...] = ()
    known: dict[str, int] = {}
    if read is not None:
        known = versions_of(session, upload.tenant_id, read)
        patients = tuple(_of_upload(x, known.get(x.patient_id)) for x in read.patients)
        of_file = tuple(x for x in read.issues if x.severity != "note")
    return UploadPage(
        upload=upload.id,
        file=upload.file_name,
        state=upload.state,
        at=moment_words(upload.at),
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
