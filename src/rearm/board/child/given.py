"""A record as a program gives it, read and answered in the child process; no file is written."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from rearm.board.child.reading import ReadFile, read_file_of
from rearm.errors import RearmError
from rearm.intake import read_tables
from rearm.intake.fhir.read import read_fhir

__all__ = ["Cell", "GivenRecord", "ReadGiven", "read_given"]

Cell = bool | int | float | str | None


class GivenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A FHIR bundle as its JSON, or tidy tables: one of them. `as_of` and `region` as `rearm
    assess` has them.
    """

    bundle: msgspec.Raw = msgspec.Raw()
    tables: dict[str, list[dict[str, Cell]]] = {}  # noqa: RUF012: a default that msgspec copies
    as_of: int | None = None
    region: str | None = None


class ReadGiven(msgspec.Struct, frozen=True, kw_only=True):
    """What was read, or the sentence that says why nothing could be."""

    read: ReadFile | None = None
    refused: str = ""


def read_given(given: bytes) -> bytes:
    """A `ReadGiven` as JSON, of a `GivenRecord` as JSON."""
    wanted = msgspec.json.decode(given, type=GivenRecord)
    bundle = bytes(wanted.bundle)
    try:
        tables: Any = wanted.tables
        reading = (
            read_fhir(bundle, today=date.today(), name="bundle")
            if bundle
            else read_tables(tables, today=date.today())
        )
        read = read_file_of(reading, as_of=wanted.as_of, region=wanted.region)
    except RearmError as error:
        return msgspec.json.encode(ReadGiven(refused=str(error)))
    return msgspec.json.encode(ReadGiven(read=read))
