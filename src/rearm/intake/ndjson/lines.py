"""The lines of NDJSON files, one by one, also of compressed ones; what can't be read is said."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rearm.errors import InputError
from rearm.intake.ndjson.problems import Problems
from rearm.intake.rows import CellProblem
from rearm.record import Source

__all__ = ["SUFFIXES", "Line", "is_ndjson", "lines_of", "ndjson_files", "tell_cut_short"]

SUFFIXES = (".ndjson", ".ndjson.gz")
_LONGEST = 16 * 1024 * 1024  # bytes of a line; no resource that is read comes near it
_CHUNK = 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that holds something. `number` counts from 1, and is 0 where the file is one resource.
    `ended`: whether a line break follows it.
    """

    file: str
    number: int
    text: bytes
    ended: bool = True

    @property
    def source(self) -> Source:
        return Source(self.file, f"line {self.number}" if self.number else "")


def is_ndjson(path: Path) -> bool:
    """Whether a file is named as NDJSON, compressed or not."""
    return path.name.lower().endswith(SUFFIXES)


def ndjson_files(folder: Path) -> list[Path]:
    """The NDJSON files in a folder, by name; hidden files are left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if is_ndjson(path) and path.is_file() and not path.name.startswith(("~$", "."))
    )


def lines_of(path: Path, problems: Problems) -> Iterator[Line]:
    """The lines of a file. What lies behind the place where a compressed file ends too early is
    not read, nor is a line of more than 16 MiB; both are added to `problems`.

    Raises InputError with a sentence where nothing of the file may be used.
    """
    _check(path)
    number = 0
    try:
        with _opened(path) as file:
            while text := file.readline(_LONGEST + 1):
                number += 1
                ended = text.endswith(b"\n")
                if len(text) > _LONGEST and not ended:
                    _skip_line(file)
                    _tell_too_long(Line(path.name, number, b""), problems)
                    continue
                if number == 1:
                    text = text.removeprefix(_BYTE_ORDER_MARK)
                if text := text.strip():
                    yield Line(path.name, number, text, ended)
    except (EOFError, zlib.error):
        tell_cut_short(path.name, number, problems)
    except OSError as error:
        raise InputError(f"{path.name} can't be read: {error.strerror or error}.") from error


def tell_cut_short(file: str, last: int | None, problems: Problems, why: str = "") -> None:
    """That a file ends behind line `last` (None: unknown where) although more was written: nobody
    knows whose that was.
    """
    place = f"the rest after line {last}" if last is not None else "the rest"
    sentence = why or "The file is truncated. Export it again."
    problem = CellProblem("error", "file_cut_short", sentence, "set_aside")
    problems.add(Source(file, place), problem)


def _tell_too_long(line: Line, problems: Problems) -> None:
    sentence = f"The line is longer than {_LONGEST // 2**20} MiB. It is not read."
    problems.add(line.source, CellProblem("error", "line_unreadable", sentence), cause="long")


def _opened(path: Path) -> io.BufferedReader:
    if path.suffix.lower() == ".gz":
        return io.BufferedReader(gzip.GzipFile(path))
    return path.open("rb")


def _skip_line(file: io.BufferedReader) -> None:
    while (text := file.readline(_CHUNK)) and not text.endswith(b"\n"):
        pass


def _check(path: Path) -> None:
    """A compressed file is read once before its lines: where its checksum is wrong any value in it
    may be, and then none is used. Raises InputError there.
    """
    try:
        with _opened(path) as file:
            while path.suffix.lower() == ".gz" and file.read(_CHUNK):
                pass
    except (EOFError, zlib.error):
        pass  # the lines before that place are whole
    except gzip.BadGzipFile as error:
        raise InputError(
            f"{path.name} is damaged or no gzip file ({error}). Export it again."
        ) from error
    except OSError as error:
        raise InputError(f"{path.name} can't be read: {error.strerror or error}.") from error
