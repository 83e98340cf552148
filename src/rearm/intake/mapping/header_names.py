"""The names of a sheet's columns: their headers, behind the group above them where a mapping says
that a row of groups stands there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rearm.intake.rows import Grid, Value
from rearm.intake.values import text

__all__ = ["column_names", "numbered", "spaced"]


def spaced(name: str) -> str:
    """A header as headers are compared: runs of spaces and line breaks are one space."""
    return " ".join(name.split())


def column_names(grid: Grid, header: int, groups: int | None = None) -> list[str | None]:
    """The name of each column of a grid by its header's row, from 0; None where there is none.

    With a row of `groups` a column is called `Group / Header`. A group goes on to the right until
    the next one, as merged cells do; a column that has a group of its own and no header (cells
    merged downwards) is called by the group.
    """
    names = [_name(cell) for cell in grid.rows[header]]
    if groups is None:
        return names
    above = [_name(cell) for cell in grid.rows[groups]]
    above += [None] * (len(names) - len(above))
    names += [None] * (len(above) - len(names))
    return [*_grouped(names, above)]


def numbered(names: Sequence[str | None]) -> list[str | None]:
    """Names of columns of which those that stand twice are told apart: `Complete?` and
    `Complete? (2)`.
    """
    seen: Counter[str] = Counter()
    found: list[str | None] = []
    for name in names:
        if name is not None:
            seen[name] += 1
        found.append(name if name is None or seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _grouped(names: Sequence[str | None], above: Sequence[str | None]) -> Sequence[str | None]:
    found: list[str | None] = []
    group: str | None = None
    for name, own in zip(names, above, strict=True):
        group = own or group
        if name is None:
            found.append(own)
        else:
            found.append(name if group is None else f"{group} / {name}")
    return found


def _name(cell: Value) -> str | None:
    return None if cell is None else spaced(text(cell)) or None
