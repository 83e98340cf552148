"""Rows of `imaging`: one lesion on one examination, or an examination without lesions."""

from __future__ import annotations

from collections.abc import Iterable

from rearm.intake import values
from rearm.intake.build import typed
from rearm.intake.build.axis import Axis, placed
from rearm.intake.build.log import IssueLog
from rearm.intake.build.terms import Terms
from rearm.intake.build.unread import UNREAD_IMAGING, set_aside, unread
from rearm.intake.rows import Cell, Row
from rearm.intake.values import Refused
from rearm.record import UNKNOWN_WHEN, Imaging, Lab, When

__all__ = ["read_imaging"]

_SMALLEST_LESION = 5.0  # mm; no imaging measures less reliably
_LENGTHS = ("length_mm", "width_mm", "short_axis_mm")


def read_imaging(row: Row, axis: Axis, log: IssueLog, terms: Terms) -> Iterable[Imaging | Lab]:
    """The examination; and, where its result or its day is not certain, what is set aside of it."""
    when, _ = placed(row, "day", axis, log)
    reported, _ = placed(row, "reported_day", axis, log)
    result = typed.word(row, "result", log)
    aside = _uncertain(row, log, result, when)
    if aside is not None:
        yield aside
    elif result is not None and _between_days(row, when):
        _tell_days(row, log, when)
    for column in _LENGTHS:
        _check_size(row, column, log)
    yield Imaging(
        source=row.source,
        when=when,
        method=typed.word(row, "method", log),
        result=result if aside is None else None,
        lesion=typed.text(row, "lesion", log),
        kind=typed.word(row, "kind", log),
        site=typed.text(row, "site", log),
        contiguous_with_bone=typed.flag(row, "contiguous_with_bone", log),
        length_mm=typed.number(row, "length_mm", log),
        width_mm=typed.number(row, "width_mm", log),
        short_axis_mm=typed.number(row, "short_axis_mm", log),
        spd_mm2=typed.number(row, "spd_mm2", log),
        n_lesions=typed.whole(row, "n_lesions", log),
        suv=typed.number(row, "suv", log),
        new=typed.flag(row, "new", log),
        reported_day=reported.day,
    )


def _uncertain(row: Row, log: IssueLog, result: str | None, when: When) -> Lab | None:
    """What is set aside where the result or its day is not certain: the examination is kept, and
    known not to have been read.
    """
    stated = row.cell("result")
    if result is None and stated.given is not None and not stated.not_done:
        return unread(row, "result", UNREAD_IMAGING, when)  # the issue came with the word
    why = _why_uncertain(row, result)
    if why is None:
        return None
    log.warning(
        row,
        "result",
        "imaging_unclear",
        f"{why}. It is kept without a result. Enter positive or negative, and the sizes.",
    )
    return set_aside(row, "result", UNREAD_IMAGING, when, why)


def _between_days(row: Row, when: When) -> bool:
    """Whether a month or a word stands as the day. A planned visit that the mapping states as an
    interval is placed by its plan.
    """
    return when.day is None and when != UNKNOWN_WHEN and not row.cell("day").settled


def _tell_days(row: Row, log: IssueLog, when: When) -> None:
    log.warning(
        row,
        "day",
        "imaging_undated",
        f"The day of the examination is not exact ({when}). It is read on each possible day, "
        "and only what holds on all of them is used. Enter the exact day.",
        "used",
    )


def _why_uncertain(row: Row, result: str | None) -> str | None:
    if result is None:
        return "The examination has no result that can be read"
    sizes = [row.cell(column) for column in (*_LENGTHS, "spd_mm2")]
    given = [size for size in sizes if size.given is not None]
    if result == "positive" and given and all(_is_zero(size, row) for size in given):
        return "The result is positive but every size is 0"
    return None


def _is_zero(size: Cell, row: Row) -> bool:
    try:
        return values.number(size.given, decimal=row.decimal) == 0
    except Refused:
        return False


def _check_size(row: Row, column: str, log: IssueLog) -> None:
    """A lesion below 5 mm can hardly be measured: centimetres in a column of millimetres look like
    this.
    """
    size = row.cell(column).value
    if size is not None and 0 < size < _SMALLEST_LESION:
        log.warning(
            row,
            column,
            "possible_unit_error",
            f"{column} is {size:g} mm, too small to be measured. Was it meant in centimetres? "
            "It is used as entered; check it.",
            "used",
        )
