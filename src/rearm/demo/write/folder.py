"""The folder that a registry is written to."""

from __future__ import annotations

from pathlib import Path

from rearm.errors import InputError

__all__ = ["empty_folder"]


def empty_folder(folder: Path) -> Path:
    """The folder, made where it is not there. Raises InputError where something lies in it: files
    of another registry beside the new ones would be read with them.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file. Nothing was written. Name a folder.")
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty. Nothing was written. Name an empty folder.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
