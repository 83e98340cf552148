"""A row of `labs` to a result in the test's canonical unit, or set aside with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rearm.intake.build.context import Context
from rearm.intake.dictionary import near
from rearm.intake.rows import DecimalMark, Row, Value
from rearm.intake.values import Refused, not_done, shown, text
from rearm.interval import Interval
from rearm.knowledge.agents import find_agent
from rearm.knowledge.lab_tests import TestDef, definition, find_tests, load_tests, name_key
from rearm.record import Lab, When
from rearm.units import (
    NumberUnreadable,
    UnitRefusal,
    bound,
    check_range,
    factor,
    normal_unit,
    parse_number,
)

__all__ = ["CORRECTING", "LabRow", "read_lab"]

# A number with its unit in one cell: "90 %", "<0,1 g/dL". The number must end in a digit; a power
# (10^3) belongs to the unit.
_WITH_UNIT = re.compile(
    r"([<>=≤≥]*\s*[+-]?[0-9](?:[0-9.,]*[0-9])?)\s*([^0-9\s.,].*|10[\^*eE⁰-⁹].*)"
)
STATUS = frozenset(
    {"final", "preliminary", "corrected", "amended", "entered_in_error", "cancelled"}
)
CORRECTING = frozenset({"corrected", "amended"})
# Specimens that a name may stand for each other in; a row that states one of another group does not
# mean this test by an alias.
_FLUIDS = {"serum": "blood", "blood": "blood", "urine": "urine", "urine_24h": "urine"}


@dataclass(slots=True)
class LabRow:
    """A result with the row it came from; `usable` is False where it goes to `Record.set_aside`."""

    lab: Lab
    row: Row
    usable: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    quantity: Interval | None = None
    word: str | None = None
    unusual: str | None = None


def read_lab(row: Row, context: Context) -> LabRow | None:
    """The result of one row; None where the row says that nothing was measured (counted in a note)."""
    value = row.values.get("value")
    status = context.spelled(row, "status")
    withdrawn = (value is None or not_done(value)) and status in CORRECTING
    if (value is None or not_done(value)) and not withdrawn:
        if value is None:
            context.issue(
                row,
                "value",
                "note",
                "value_blank",
                f"{text(row.values.get('test')) or 'A test'} has no value; nothing is read from the"
                " row.",
                "set_aside",
            )
        else:
            context.count_not_done(row)
        return None
    unit = text(row.values.get("unit")) or None
    given = text(value) if isinstance(value, str) else _plain(value)
    test_text = text(row.values.get("test"))
    specimen = context.spelled(row, "specimen")
    test = _find_test(test_text, unit, specimen)
    when, day_refused = context.day(row, "day")
    reported, _ = context.day(row, "reported_day")
    why = day_refused
    reading = _Reading()
    if (
        reason := next(
            (row.set_aside[c] for c in ("value", "day", "test", "unit") if c in row.set_aside), None
        )
    ) is not None:
        why = reason  # said where the contradiction was found
    elif withdrawn:
        why = (
            "The correction has no value: it withdraws the result before it, and what holds is"
            " unknown."
        )
        context.issue(row, "status", "warning", "result_withdrawn", why, "set_aside")
    elif status is not None and status not in STATUS:
        why = (
            f"The status {shown(status)} is not known, so whether the result holds is not known; it"
            " is not used."
        )
    elif test is None:
        why = _unknown_test(test_text, specimen)
        context.issue(row, "test", "error", "unknown_test", why, "set_aside")
    else:
        try:
            reading = _read_value(test, value, unit, row.decimal)
        except (UnitRefusal, Refused) as refusal:
            why = str(refusal)
            place = (
                "unit"
                if refusal.code in ("unit_missing", "unit_not_allowed") and "unit" in row.values
                else "value"
            )
            context.issue(row, place, "error", refusal.code, why, "set_aside")
    if reading.unusual is not None:
        context.issue(row, "value", "warning", "value_unusual", reading.unusual, "used")
    return LabRow(
        _lab(row, context, test, test_text, when, reported, reading, given, unit, why),
        row,
        why is None,
    )


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
    further: dict[str, Any] = {
        column: _FURTHER[column](context, row, column)
        for column in row.values
        if column in _FURTHER
    }
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
    return tuple(
        part.strip() for part in (context.text(row, column) or "").split(";") if part.strip()
    )


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
def _find_test(given: str, unit: str | None, specimen: str | None) -> TestDef | None:
    """The test that a text names: its id, its display name, its LOINC code or a listed alias; never
    by likeness.

    Where a name stands for two tests the specimen decides; without one there is no answer.
    """
    found = _of_specimen(given, specimen)
    return definition(found[0].id, unit) if len(found) == 1 else None


def _of_specimen(given: str, specimen: str | None) -> list[TestDef]:
    """An id or a code says what was examined; an alias (`M-Protein`) is of this test only where the
    stated specimen is the test's.
    """
    key = name_key(given)
    return [
        t
        for t in find_tests(given)
        if specimen is None
        or t.specimen is None
        or _group(t.specimen) == _group(specimen)
        or key not in map(name_key, t.aliases)
    ]


def _group(specimen: str) -> str:
    return _FLUIDS.get(specimen, specimen)


def _unknown_test(given: str, specimen: str | None) -> str:
    if not given:
        return "The row names no test."
    named = find_tests(given)
    if len(named) > 1 and specimen is None:
        return f"{shown(given)} is {' or '.join(t.name for t in named)}; state the specimen."
    if named:
        return (
            f"{shown(given)} in {specimen} is no test of the dictionary ({named[0].name} is not"
            " measured there). Name the test by its id."
        )
    close = near(given, (n for t in load_tests().values() for n in (t.id, t.name, *t.aliases)))
    hint = (
        f"the nearest are {close}"
        if close
        else "docs/dictionary/tests.md lists the names that are read"
    )
    return f"{shown(given)} is not a test of the dictionary; {hint}."


def _read_value(
    test: TestDef, value: Value, unit: str | None, decimal: DecimalMark | None
) -> _Reading:
    if isinstance(value, str) or test.kind == "word":
        word = test.word(text(value))
        if word is not None:
            return _Reading(word=word)
    if test.kind == "word":
        allowed = ", ".join(dict.fromkeys(test.words.values()))
        raise Refused(
            "unknown_word", f"{test.name} is given as {shown(value)}; allowed: {allowed}."
        )
    if not isinstance(value, str | int | float):
        raise Refused(
            "value_unreadable", f"{test.name} is given as {shown(value)}, which is not a number."
        )
    parts = _WITH_UNIT.fullmatch(value.strip()) if isinstance(value, str) else None
    if parts is not None and normal_unit(parts[2]) in test.units:
        if unit is not None and normal_unit(unit) != normal_unit(parts[2]):
            message = (
                f"{test.name} has the unit {shown(parts[2])} beside the number and {shown(unit)} as"
                " its unit; it is not read."
            )
            raise Refused("unit_contradiction", message)
        value, unit = parts[1], parts[2]
    return _read_number(test.id, value, unit, decimal)


@lru_cache(maxsize=65536, typed=True)  # the same values come again and again in a cohort
def _read_number(
    test_id: str, value: str | int | float, unit: str | None, decimal: DecimalMark | None
) -> _Reading:
    test = load_tests()[test_id]
    try:
        found = parse_number(value, decimal=decimal)
    except NumberUnreadable:
        if isinstance(value, str) and find_agent(value) is not None:
            raise Refused(
                "drug_for_number",
                f"{test.name} is given as {shown(value)}, which is a drug and no value.",
            ) from None
        raise
    limits = bound(found, factor(unit, test.units, test_name=test.name, allowed=test.allowed))
    nearest_limit = limits.low if limits.high == float("inf") else limits.high
    unusual = check_range(
        nearest_limit, hard=test.hard, soft=test.soft, test_name=test.name, unit=test.unit
    )
    if found.comparator:
        unusual = None  # a detection limit is no measurement to wonder about
    return _Reading(
        quantity=Interval(limits.low, limits.high, limits.low_open, limits.high_open),
        unusual=unusual,
    )


def _reference_range(
    row: Row, context: Context, test: TestDef | None, unit: str | None
) -> tuple[float | None, float | None]:
    low, high = context.number(row, "ref_low"), context.number(row, "ref_high")
    if test is None or test.kind == "word" or (low is None and high is None):
        return None, None
    try:
        multiply_by = factor(unit, test.units, test_name=test.name)
    except UnitRefusal:
        return None, None  # said with the value
    return (None if low is None else low * multiply_by), (
        None if high is None else high * multiply_by
    )


def _plain(value: object) -> str:
    """A number from a spreadsheet as a person would write it: 12 significant digits hide the noise
    of binary fractions.
    """
    if isinstance(value, float):
        return f"{value:.12g}"
    return text(value)  # type: ignore[arg-type]
