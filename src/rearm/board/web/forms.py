"""Forms as they are sent: fields and one file, held in memory, with limits."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from rearm.board.refusals import NotUsable, TooLarge
from rearm.board.store.uploads import LARGEST

__all__ = ["MOST_BYTES", "Form", "read_form"]

MOST_BYTES = LARGEST + 64 * 1024
"""Of a whole request."""

_MOST_BYTES_OF_FIELDS = 64 * 1024
_MOST_FIELDS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The fields of a form, each with its last value, and the file, where one was chosen."""

    fields: dict[str, str] = field(default_factory=dict)
    file_name: str = ""
    file: bytes = b""

    def text(self, name: str) -> str:
        """Empty where the field was not sent. Line ends are those of the store."""
        return self.fields.get(name, "").replace("\r\n", "\n")

    def number(self, name: str) -> int:
        """A whole number. Raises NotUsable where the field holds none."""
        given = self.fields.get(name, "")
        if not (given.isascii() and given.isdigit() and len(given) < 10):
            raise NotUsable("The form is not whole. Open the page again and send it once more.")
        return int(given)


class _InMemory(MultiPartParser):
    """A file goes to no temporary file: it may hold a patient."""

    spool_max_size = MOST_BYTES


async def read_form(request: Request) -> Form:
    """Raises NotUsable where it is no form, TooLarge where it is too large."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        parser: FormParser | MultiPartParser = FormParser(
            request.headers, _limited(request, _MOST_BYTES_OF_FIELDS)
        )
    elif kind == "multipart/form-data":
        parser = _InMemory(
            request.headers,
            _limited(request, MOST_BYTES),
            max_files=1,
            max_fields=_MOST_FIELDS,
            max_part_size=_MOST_BYTES_OF_FIELDS,
        )
    else:
        raise NotUsable("This is not a form.")
    try:
        sent = await parser.parse()
    except MultiPartException as error:
        raise NotUsable(f"The form can't be read: {error.message}") from None
    fields: dict[str, str] = {}
    name, data = "", b""
    for key, value in sent.multi_items():
        if isinstance(value, UploadFile):
            name, data = value.filename or "", await value.read()
            await value.close()
        else:
            fields[key] = value
    if len(data) > LARGEST:
        raise TooLarge(f"The file is larger than {LARGEST // 2**20} MiB. Split it.")
    return Form(fields=fields, file_name=name, file=data)


async def _limited(request: Request, most: int) -> AsyncGenerator[bytes]:
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > most:
            raise TooLarge("The form is larger than is taken.")
        yield chunk
