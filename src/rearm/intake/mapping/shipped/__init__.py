"""Mappings that Rearm brings: formats that look the same wherever they come from."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path

from rearm.errors import InputError, meant

__all__ = ["SHIPPED", "mapping_file"]

_FOLDER = Path(__file__).parent
SHIPPED = ("sdtm", "cbioportal", "synthea")


def mapping_file(given: str | PathLike[str]) -> Path:
    """The file of a mapping: by its name among those that Rearm brings, else by its path. A file
    of such a name is given with its folder or its ending. Raises InputError where there is neither.
    """
    name = fspath(given)
    if name in SHIPPED:
        return _FOLDER / f"{name}.toml"
    path = Path(name)
    if not path.exists() and path.name == name and not path.suffix:
        raise InputError(
            f"There is no mapping {name}. Rearm brings {', '.join(SHIPPED)}; any other is a "
            f"file (TOML).{meant(name, SHIPPED)}"
        )
    return path
