"""A row of `labs` to a result in the test's canonical unit, or set aside with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rearm.intake.context import Context
from rearm.intake.dictionary import folded, nearest
from rearm.intake.rows import DecimalMark, Row, Value
from rearm.intake.values import Refused, not_done, shown, text
from rearm.knowledge.agents import find_agent
from rearm.knowledge.tests import TestDef, by_loinc, definition, load_tests
from rearm.record import Lab, Quantity, When
from rearm.units import NumberUnreadable, UnitRefusal, bound, check_range, factor, parse_number

__all__ = ["LabRow", "read_lab"]


@dataclass(slots=True)
class LabRow:
    """A result with the row it came from; `usable` is False where it goes to `Record.set_aside`."""

    lab: Lab
    row: Row
    usable: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    quantity: Quantity | None = None
    word: str | None = None
    unusual: str | None = None


def read_lab(row: Row, context: Context) -> LabRow | None:
    """The result of one row; None where the row says that nothing was measured (counted in a note)."""
    value = row.values.get("value")
    if value is None or not_done(value):
        if value is None:
            context.issue(
                row,
                "value",
                "note",
                "value_blank",
                f"{text(row.values.get('test')) or 'A test'} has no value; nothing is read from the row.",
                "set_aside",
            )
        else:
            context.count_not_done(row)
        return None
    unit = text(row.values.get("unit")) or None
    given = text(value) if isinstance(value, str) else _plain(value)
    test_text = text(row.values.get("test"))
    test = _find_test(test_text, unit)
    when, day_refused = context.day(row, "day")
    reported, _ = context.day(row, "reported_day")
    why = day_refused
    reading = _Reading()
    if (reason := next((row.set_aside[c] for c in ("value", "day", "test", "unit") if c in row.set_aside), None)) is not None:
        why = reason  # said where the contradiction was found
    elif test is None:
        why = _unknown_test(test_text)
        context.issue(row, "test", "error", "unknown_test", why, "set_aside")
    else:
        try:
            reading = _read_value(test, value, unit, row.decimal)
        except (UnitRefusal, Refused) as refusal:
            why = str(refusal)
            place = "unit" if refusal.code in ("unit_missing", "unit_not_allowed") and "unit" in row.values else "value"
            context.issue(row, place, "error", refusal.code, why, "set_aside")
    if reading.unusual is not None:
        context.issue(row, "value", "warning", "value_unusual", reading.unusual, "used")
    return LabRow(_lab(row, context, test, test_text, when, reported, reading, given, unit, why), row, why is None)


def _lab(
    row: Row,
    context: Context,
    test: TestDef | None,
    test_text: str,
    when: When,
    reported: When,
    reading: _Reading,
    given: str,
    unit: str | None,
    why: str | None,
) -> Lab:
    further: dict[str, Any] = {column: _FURTHER[column](context, row, column) for column in row.values if column in _FURTHER}
    if "ref_low" in row.values or "ref_high" in row.values:
        further["ref_low"], further["ref_high"] = _reference_range(row, context, test, unit)
    return Lab(
        test=test.id if test is not None else test_text,
        when=when,
        source=row.source,
        quantity=reading.quantity if why is None else None,
        word=reading.word if why is None else None,
        as_given=f"{given} {unit}" if unit else given,
        unit=test.unit if test is not None else None,
        reported_day=reported.day,
        why_set_aside=why,
        **further,
    )


def _isotype(context: Context, row: Row, column: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in (context.text(row, column) or "").split(";") if part.strip())


_FURTHER: Mapping[str, Callable[[Context, Row, str], Any]] = {
    "time": Context.text,
    "specimen": Context.word,
    "method": Context.word,
    "status": Context.word,
    "sample_id": Context.text,
    "nominal_day": Context.integer,
    "sensitivity": Context.number,
    "cells_counted": Context.integer,
    "isotype": _isotype,
}


@lru_cache(maxsize=4096)
def _find_test(given: str, unit: str | None) -> TestDef | None:
    """The test that a text names: its id, its display name or its LOINC code; never by likeness."""
    if code := by_loinc().get(given):
        return definition(code.id, unit)
    wanted = folded(given)
    for test in load_tests().values():
        if wanted in (test.id, folded(test.name)):
            return definition(test.id, unit)
    return None


def _unknown_test(given: str) -> str:
    if not given:
        return "The row names no test."
    return f"{shown(given)} is not a test of the dictionary; the nearest are {nearest(given, load_tests())}."


def _read_value(test: TestDef, value: Value, unit: str | None, decimal: DecimalMark | None) -> _Reading:
    if isinstance(value, str) or test.kind == "word":
        word = test.word(text(value))
        if word is not None:
            return _Reading(word=word)
    if test.kind == "word":
        allowed = ", ".join(dict.fromkeys(test.words.values()))
        raise Refused("unknown_word", f"{test.name} is given as {shown(value)}; allowed: {allowed}.")
    if not isinstance(value, str | int | float):
        raise Refused("value_unreadable", f"{test.name} is given as {shown(value)}, which is not a number.")
    return _read_number(test.id, value, unit, decimal)


@lru_cache(maxsize=65536, typed=True)  # the same values come again and again in a cohort
def _read_number(test_id: str, value: str | int | float, unit: str | None, decimal: DecimalMark | None) -> _Reading:
    test = load_tests()[test_id]
    try:
        found = parse_number(value, decimal=decimal)
    except NumberUnreadable:
        if isinstance(value, str) and find_agent(value) is not None:
            raise Refused("drug_for_number", f"{test.name} is given as {shown(value)}, which is a drug and no value.") from None
        raise
    limits = bound(found, factor(unit, test.units, test_name=test.name, allowed=test.allowed))
    nearest_limit = limits.low if limits.high == float("inf") else limits.high
    unusual = check_range(nearest_limit, hard=test.hard, soft=test.soft, test_name=test.name, unit=test.unit)
    if found.comparator:
        unusual = None  # a detection limit is no measurement to wonder about
    return _Reading(quantity=Quantity(limits.low, limits.high, limits.low_open, limits.high_open), unusual=unusual)


def _reference_range(row: Row, context: Context, test: TestDef | None, unit: str | None) -> tuple[float | None, float | None]:
    low, high = context.number(row, "ref_low"), context.number(row, "ref_high")
    if test is None or test.kind == "word" or (low is None and high is None):
        return None, None
    try:
        multiply_by = factor(unit, test.units, test_name=test.name)
    except UnitRefusal:
        return None, None  # said with the value
    return (None if low is None else low * multiply_by), (None if high is None else high * multiply_by)


def _plain(value: object) -> str:
    """A number from a spreadsheet as a person would write it: 12 significant digits hide the noise of binary fractions."""
    if isinstance(value, float):
        return f"{value:.12g}"
    return text(value)  # type: ignore[arg-type]
