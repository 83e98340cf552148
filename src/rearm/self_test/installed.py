"""Whether the files of the program are those that were installed.

A wheel brings a list of its files with a hash of each (`RECORD`). A source tree that is installed
in place has none: its files are meant to change.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import msgspec

__all__ = ["Installed", "installed_files"]

_PACKAGE = Path(__file__).parents[1]
_READ_WHERE_FOUND = (".toml", ".csv", ".json")  # a file more of these would be read too


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """`files`: how many were compared, 0 where there is no list; `changed`: those that are other
    than installed, missing, or more than were installed.
    """

    files: int
    changed: tuple[str, ...] = ()


def installed_files(package: Path = _PACKAGE) -> Installed:
    """Compares each file of the package with the list that it was installed by."""
    try:
        found = distribution("rearm")
    except PackageNotFoundError:
        return Installed(files=0)
    listed = _listed(found, package)
    if not listed:
        return Installed(files=0)
    changed = [name for name, wanted in listed.items() if _hash(package / name) != wanted]
    there = {
        file.relative_to(package).as_posix()
        for file in package.rglob("*")
        if file.suffix in _READ_WHERE_FOUND
    }
    return Installed(files=len(listed), changed=(*changed, *sorted(there - listed.keys())))


def _listed(found: Distribution, package: Path) -> dict[str, str]:
    """The hash of each file by its name inside the package; empty where the list is of another
    copy than the one that runs.
    """
    listed = {}
    for file in found.files or ():
        place = Path(str(found.locate_file(file)))
        if file.hash is not None and place.is_relative_to(package):
            listed[place.relative_to(package).as_posix()] = f"{file.hash.mode}={file.hash.value}"
    return listed


def _hash(file: Path) -> str:
    try:
        digest = hashlib.sha256(file.read_bytes()).digest()
    except OSError:
        return ""
    return f"sha256={base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
