"""What the pages of an upload hold."""

from __future__ import annotations

from typing import ClassVar

from rearm.board.child.reading import ReadIssue
from rearm.board.web.contexts import Context, Part

__all__ = ["UploadForm", "UploadPage", "UploadPatient"]


class UploadForm(Context, frozen=True, kw_only=True):
    """The form for a file. `refusal`: why the last one could not be used."""

    template: ClassVar[str] = "upload"
    window: ClassVar[str] = "Upload a file"

    endings: tuple[str, ...]
    megabytes: int
    refusal: str = ""


class UploadPatient(Part, frozen=True, kw_only=True):
    """One patient of a file. `not_used`: what was left out, each with its place; `doubted`: what is
    used and should be looked at. `seen`: the version of a patient whom the board knows.
    """

    patient: str
    seen: int | None
    first: str
    missing: tuple[str, ...]
    further: int
    refused: str
    not_used: tuple[ReadIssue, ...]
    doubted: tuple[ReadIssue, ...]
    notes: int


class UploadPage(Context, frozen=True, kw_only=True):
    """What was read of a file. `state`: `read`, `taken` or `discarded`. `of_file`: issues that
    belong to no patient. `seen`: the mark of the versions of the patients, for the form.
    """

    template: ClassVar[str] = "uploaded"
    window: ClassVar[str] = "What was read"

    upload: str
    file: str
    state: str
    at: str
    who: str
    patients: tuple[UploadPatient, ...]
    of_file: tuple[ReadIssue, ...]
    answered: int
    seen: str
