"""A row of `labs` to a result in the test's canonical unit, or set aside with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rearm.intake.build import typed
from rearm.intake.build.axis import Axis, placed
from rearm.intake.build.lab_values import LabValue, unknown_test
from rearm.intake.build.log import IssueLog
from rearm.intake.build.terms import Terms
from rearm.intake.rows import Cell, Row
from rearm.intake.values import shown
from rearm.knowledge.lab_tests import TestDef
from rearm.record import Lab
from rearm.units import UnitRefusal, factor

__all__ = ["CORRECTING", "LabRow", "read_lab"]

STATUS = frozenset(
    {"final", "preliminary", "corrected", "amended", "entered_in_error", "cancelled"}
)
CORRECTING = frozenset({"corrected", "amended"})
_NOTHING = LabValue()
_WITHDRAWN = (
    "The correction has no value: it withdraws the result before it, and what holds is unknown."
)
# Columns that go into the result as they are.
_FURTHER = frozenset(
    {
        "time",
        "specimen",
        "method",
        "status",
        "sample_id",
        "nominal_day",
        "sensitivity",
        "cells_counted",
        "isotype",
    }
)


@dataclass(slots=True)
class LabRow:
    """A result with the row it came from; `usable` is False where it goes to `Record.set_aside`."""

    lab: Lab
    row: Row
    usable: bool


def read_lab(row: Row, axis: Axis, log: IssueLog, terms: Terms) -> LabRow | None:
    """The result of one row; None where the row says that nothing was measured (counted in a note).
    """
    value = row.cell("value")
    measured = value.given is not None and not value.not_done
    status = typed.spelled(row.cell("status"))
    if not measured and status not in CORRECTING:
        _log_nothing_measured(row, value, log)
        return None
    unit = row.cell("unit").text or None
    test_text = row.cell("test").text
    specimen = typed.spelled(row.cell("specimen"))
    test = terms.test(test_text, unit, specimen)
    when, why_not = placed(row, "day", axis, log)
    reported, _ = placed(row, "reported_day", axis, log)
    result = _NOTHING
    if (contradiction := _contradiction(row)) is not None:
        why_not = contradiction  # said where it was found
    elif not measured:
        why_not = _WITHDRAWN
        log.warning(row, "status", "result_withdrawn", why_not)
    elif status is not None and status not in STATUS:
        why_not = (
            f"The status {shown(status)} is not known, so whether the result holds is not known; it"
            " is not used."
        )
    elif test is None:
        why_not = unknown_test(terms.lab_tests, test_text, specimen)
        log.error(row, "test", "unknown_test", why_not)
    else:
        result = terms.lab_value(test, value.given, unit, row.decimal)
        if result.problem is not None:
            why_not = result.problem.sentence
            at_unit = result.of_unit and row.given("unit") is not None
            log.problem(row, "unit" if at_unit else "value", result.problem)
        elif result.unusual is not None:
            log.warning(row, "value", "value_unusual", result.unusual, "used")
    given = _as_written(value)
    lab = Lab(
        test=test.id if test is not None else test_text,
        when=when,
        source=row.source,
        quantity=result.quantity if why_not is None else None,
        word=result.word if why_not is None else None,
        as_given=f"{given} {unit}" if unit else given,
        unit=test.unit if test is not None else None,
        reported_day=reported.day,
        why_set_aside=why_not,
        **_further(row, log, test, unit),
    )
    return LabRow(lab, row, why_not is None)


def _log_nothing_measured(row: Row, value: Cell, log: IssueLog) -> None:
    if value.given is not None:
        log.count_not_done(row, "value")
        return
    name = row.cell("test").text or "A test"
    log.note(
        row,
        "value",
        "value_blank",
        f"{name} has no value; nothing is read from the row.",
        "set_aside",
    )


def _contradiction(row: Row) -> str | None:
    """Why the result was set aside before its row is read."""
    for column in ("value", "day", "test", "unit"):
        if (cell := row.cells.get(column)) is not None and cell.aside is not None:
            return cell.aside
    return None


def _further(row: Row, log: IssueLog, test: TestDef | None, unit: str | None) -> Mapping[str, Any]:
    """What else is known of a result, in the order of the columns."""
    further: dict[str, Any] = {}
    for column, cell in row.cells.items():
        if column in _FURTHER:
            if cell.problem is not None:
                log.problem(row, column, cell.problem)
            further[column] = cell.value
    if "isotype" in further:
        names = (further["isotype"] or "").split(";")
        further["isotype"] = tuple(name.strip() for name in names if name.strip())
    if row.given("ref_low") is not None or row.given("ref_high") is not None:
        further["ref_low"], further["ref_high"] = _reference_range(row, log, test, unit)
    return further


def _reference_range(
    row: Row, log: IssueLog, test: TestDef | None, unit: str | None
) -> tuple[float | None, float | None]:
    """The limits of normal in the test's canonical unit."""
    low, high = typed.number(row, "ref_low", log), typed.number(row, "ref_high", log)
    if test is None or test.kind == "word" or (low is None and high is None):
        return None, None
    try:
        multiply_by = factor(unit, test.units, test_name=test.name)
    except UnitRefusal:
        return None, None  # said with the value
    return (
        None if low is None else low * multiply_by,
        None if high is None else high * multiply_by,
    )


def _as_written(value: Cell) -> str:
    """A number from a spreadsheet as a person would write it: 12 significant digits hide the noise
    of binary fractions.
    """
    return f"{value.given:.12g}" if isinstance(value.given, float) else value.text
