"""Names of files made of patients' ids, and writing a file whole or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FileNames", "file_name", "write_bytes", "write_frame", "write_text", "write_whole"]

# our own page, and the names of devices that Windows takes for no files
_RESERVED = re.compile(r"index|con|prn|aux|nul|com[0-9]|lpt[0-9]", re.IGNORECASE)


def file_name(patient_id: str) -> str:
    """A safe file name made of an id: text of the input never becomes a path, and two ids never
    share a name.

    An id of letters, digits and, inside, `_` and `-` is its own name; any other gets the start of
    its hash, so that a later run finds the same name.
    """
    safe = re.sub(r"[^A-Za-z0-9_-]+", "_", patient_id).strip("_-")[:80]
    if safe and safe == patient_id and not _RESERVED.fullmatch(safe):
        return safe
    return f"{safe or 'patient'}-{_hash(patient_id)}"


def _hash(patient_id: str) -> str:
    # an id that a program made may hold half a character, which UTF-8 has no form for
    return hashlib.sha256(patient_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]


class FileNames:
    """File names of patients that come one by one; an id that differs from an earlier one only in
    case gets its hash, because some disks do not tell them apart.
    """

    def __init__(self) -> None:
        self._owner: dict[str, str] = {}

    def of(self, patient_id: str) -> str:
        """The name of this patient's files, the same whenever it is asked for."""
        name = file_name(patient_id)
        if self._owner.setdefault(name.casefold(), patient_id) == patient_id:
            return name
        return f"{name}-{_hash(patient_id)}"


def write_whole(path: Path, write: Callable[[Path], object]) -> Path:
    """Writes a file whole or not at all: `write` fills a temporary file beside it, which is then
    renamed.

    Raises OSError that names `path`, whatever file could not be written.
    """
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".rearm-", suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return path


def _umask() -> int:
    """What the user withholds from others: pages of patients are as private as he wants them."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all."""
    write_whole(path, lambda part: part.write_bytes(data))


def write_text(path: Path, text: str) -> None:
    """Writes a text file (UTF-8) whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_frame(
    path: Path, frame: pl.DataFrame, compression: Literal["lz4", "zstd"] = "zstd"
) -> Path:
    """A Parquet file, whole or not at all. Raises OSError that names it where the disk is full: the
    bytes are made first, because Polars itself would leave a shorter file without a word.
    """
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression=compression)
    return write_whole(path, lambda part: part.write_bytes(buffer.getvalue()))
