"""Forms as they are sent: fields and one file, held in memory, with limits."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from rearm.board.refusals import NotUsable, TooLarge
from rearm.board.store.uploads import LARGEST

__all__ = ["MOST_BYTES", "Form", "SentFile", "read_form"]

_MOST_BYTES_OF_FIELDS = 64 * 1024
MOST_BYTES = LARGEST + _MOST_BYTES_OF_FIELDS
"""Of a whole request."""

_MOST_FIELDS = 50
_MOST_BYTES_OF_WIDE = 1024 * 1024
_MOST_FIELDS_OF_WIDE = 10_000
_MOST_FILES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """A file of a form: the field in which it was chosen, its name and what it holds."""

    field: str
    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The fields of a form, each with its last value, and the files that were chosen."""

    fields: dict[str, str] = field(default_factory=dict)
    files: tuple[SentFile, ...] = ()

    def files_of(self, name: str) -> tuple[SentFile, ...]:
        """The files that were chosen in one field."""
        return tuple(x for x in self.files if x.field == name)

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


async def read_form(request: Request, *, wide: bool = False) -> Form:
    """Raises NotUsable where it is no form, TooLarge where it is too large. `wide`: one with many
    fields.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        parser: FormParser | MultiPartParser = FormParser(
            request.headers,
            _limited(request, _MOST_BYTES_OF_WIDE if wide else _MOST_BYTES_OF_FIELDS),
            max_fields=_MOST_FIELDS_OF_WIDE if wide else _MOST_FIELDS,
        )
    elif kind == "multipart/form-data":
        parser = _InMemory(
            request.headers,
            _limited(request, MOST_BYTES),
            max_files=_MOST_FILES,
            max_fields=_MOST_FIELDS,
            max_part_size=_MOST_BYTES_OF_FIELDS,
        )
    else:
        raise NotUsable("This is not a form.")
    try:
        sent = await parser.parse()
    except MultiPartException as error:
        raise NotUsable(f"The form can't be read: {error.message}") from None
    except (LookupError, UnicodeError):
        raise NotUsable("The form can't be read: it is not sent as text in UTF-8.") from None
    fields: dict[str, str] = {}
    files: list[SentFile] = []
    for key, value in sent.multi_items():
        if not isinstance(value, UploadFile):
            fields[_text(key)] = _text(value)
            continue
        if value.filename:
            data = await value.read()
            files.append(SentFile(field=key, name=value.filename, data=data))
        await value.close()
    if sum(len(x.data) for x in files) > LARGEST:
        raise TooLarge(f"The file is larger than {LARGEST // 2**20} MiB. Split it.")
    return Form(fields=fields, files=tuple(files))


def _text(sent: str) -> str:
    """Raises NotUsable for half a character, which can't be kept."""
    try:
        sent.encode("utf-8")
    except UnicodeEncodeError:
        raise NotUsable("A text contains a character that is no text. Type it again.") from None
    return sent


async def _limited(request: Request, most: int) -> AsyncGenerator[bytes]:
    seen = 0
    async for chunk in request.stream():
        seen += len(chunk)
        if seen > most:
            raise TooLarge("The form is larger than is taken.")
        yield chunk
