"""Cells that Excel shows otherwise than it stores them: 0.86 as `86 %`, 0.5 as `<0.5`, 9 as `9
g/L`, 1 as `001`.

Whoever filled the sheet saw what is shown, so that is read: the number becomes the text of its
display, and its comparator or unit is then judged like one that was typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rearm.intake.rows import Grid, column_letters

__all__ = ["Display", "displays", "show"]

_BUILT_IN_PERCENT = ("9", "10")
_ZEROS = re.compile("00+")
_QUOTED = re.compile(r'"([^"]*)"|\\(.)')
_BRACKETS = re.compile(r"\[[^\[\]]*\]")


@dataclass(frozen=True, slots=True)
class Display:
    """What a number format puts around a number; `times` is 100 for a percent format, `digits` is
    how many digits a whole number has at least.
    """

    before: str = ""
    after: str = ""
    times: int = 1
    digits: int = 0

    def of(self, number: float) -> str:
        shown = f"{number * self.times:.15g}"
        if self.digits and number >= 0:
            shown = shown.zfill(self.digits) if shown.isdecimal() else shown
        return f"{self.before}{shown}{self.after}"


def displays(codes: Mapping[str, str], styles: Sequence[str]) -> dict[str, Display]:
    """The displays of a workbook by the style number of a cell; styles that show the bare number or
    a date are left out. `codes`: the format codes by number; `styles`: the number of the format of
    each style.
    """
    by_key = {key: _display(code) for key, code in codes.items()}
    by_key |= dict.fromkeys(_BUILT_IN_PERCENT, Display(after=" %", times=100))
    return {
        str(number): display
        for number, key in enumerate(styles)
        if (display := by_key.get(key)) is not None
    }


def _display(code: str) -> Display | None:
    """The display of a format code, by its first section (positive numbers)."""
    first = _BRACKETS.sub("", code.split(";")[0])
    digits = re.search(r"[0#?]", _QUOTED.sub(lambda m: " " * len(m[0]), first))
    if digits is None:
        return None
    before, after = _literals(first[: digits.start()]), _literals(first[digits.start() :])
    bare = _QUOTED.sub("", first)
    percent = "%" in bare
    if percent:
        after = f"{after} %"
    # 000 of an id; 0 alone, 0.00 and parts of dates and times are no leading zeros
    places = len(bare.strip()) if _ZEROS.fullmatch(bare.strip()) else 0
    if not (before or after or places):
        return None
    return Display(before, after, 100 if percent else 1, places)


def _literals(part: str) -> str:
    text = "".join(m[1] or m[2] or "" for m in _QUOTED.finditer(part))
    return text if text.strip() else ""


def show(grid: Grid, cells: Mapping[str, Display]) -> int:
    """Replaces the numbers at these addresses by the text that is shown; gives how many."""
    if not cells:
        return 0
    changed = 0
    for i, row in enumerate(grid.rows):
        for j, value in enumerate(row):
            if isinstance(value, int | float) and not isinstance(value, bool):
                display = cells.get(f"{column_letters(grid.first_column + j)}{grid.first_row + i}")
                if display is not None:
                    row[j] = display.of(value)
                    changed += 1
    return changed
