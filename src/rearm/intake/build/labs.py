"""Rows of `labs` to results in the tests' canonical units, or set aside with the reason.

Most rows of a cohort stand in this table, so they are read from its columns, what repeats is read
once, and a row is made only where something has to be said of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from rearm.intake.build.axis import NOWHERE, Axis, Placed, place
from rearm.intake.build.gather import RowRun
from rearm.intake.build.lab_values import LabValue, lab_value, unknown_test, wrong_specimen
from rearm.intake.build.log import IssueLog
from rearm.intake.build.moments import instant_of
from rearm.intake.build.terms import Terms
from rearm.intake.build.typed import spelled
from rearm.intake.rows import BLANK, Cell, CellProblem, DecimalMark, Row
from rearm.intake.values import shown
from rearm.knowledge.lab_tests import TestDef
from rearm.record import Lab
from rearm.units import UnitRefusal, factor

__all__ = ["CORRECTING", "LabReader", "LabRow"]

STATUS = frozenset(
    {"final", "preliminary", "corrected", "amended", "entered_in_error", "cancelled"}
)
CORRECTING = frozenset({"corrected", "amended"})
_NOTHING = LabValue()
_WITHDRAWN = (
    "The correction has no value. The earlier result is withdrawn, so the value is unknown."
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
_LIMITS = ("ref_low", "ref_high")
_Columns = Sequence[tuple[str, Sequence[Cell]]]


class LabRow:
    """A result with the row it came from; `usable` is False where it goes to `Record.set_aside`."""

    __slots__ = ("_index", "_run", "instant", "lab", "unit", "usable")

    def __init__(
        self, lab: Lab, unit: str, run: RowRun, index: int, instant: datetime | None
    ) -> None:
        self.lab = lab
        self.unit = unit  # as stated
        self.instant = instant  # where date, time and offset are stated
        self.usable = lab.why_set_aside is None
        self._run, self._index = run, index

    @property
    def row(self) -> Row:
        return self._run.row(self._index)


class _StatedCells(NamedTuple):
    """The cells that say what was measured. A cohort repeats them."""

    value: Cell
    unit: Cell
    test: Cell
    specimen: Cell
    status: Cell
    ref_low: Cell
    ref_high: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What a row says but for its day: the test, its value, or why it can't be used."""

    test: str  # its id, or the text where it is none
    definition: TestDef | None
    canonical_unit: str | None
    as_given: str
    unit: str  # as stated
    value: LabValue = _NOTHING
    why_not: str | None = None
    problem: CellProblem | None = None
    column: str = "value"  # where the problem stands


class LabReader:
    """Reads the results of one input, patient by patient; what several rows say is read once."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self._said: dict[tuple[Cell, ...], _Said | None] = {}

    def read(self, runs: Iterable[RowRun], axis: Axis, log: IssueLog) -> Iterator[LabRow]:
        """The results of one patient, without the rows that say that nothing was measured (counted
        in a note).
        """
        days = _Days(axis, log)
        for run in runs:
            further = _further_columns(run)
            stated = zip(*map(run.column, _StatedCells._fields), strict=True)
            dated = zip(stated, run.column("day"), run.column("reported_day"), strict=True)
            times = run.column("time")
            for index, (cells, day, reported_day) in enumerate(dated):
                said = self._says(cells, day, run.decimal)
                if said is None:
                    _log_nothing_measured(run.row(index), log)
                    continue
                placed = days.placed(run, index, "day", day)
                reported = days.placed(run, index, "reported_day", reported_day)
                if said.problem is not None:
                    log.problem(run.row(index), said.column, said.problem)
                why_not = placed.why_not if said.why_not is None else said.why_not
                lab = Lab(
                    test=said.test,
                    when=placed.when,
                    source=run.source_of(index),
                    quantity=said.value.quantity if why_not is None else None,
                    word=said.value.word if why_not is None else None,
                    as_given=said.as_given,
                    unit=said.canonical_unit,
                    reported_day=reported.when.day,
                    why_set_aside=why_not,
                    **_further(run, index, further, said, log),
                )
                yield LabRow(lab, said.unit, run, index, instant_of(day, times[index]))

    def _says(
        self, cells: tuple[Cell, ...], day: Cell, decimal: DecimalMark | None
    ) -> _Said | None:
        """What the cells of a row say, without its day; None where nothing was measured."""
        key = cells if day.why_not is None or day.aside is None else (*cells, day)
        if key not in self._said:
            stated = _StatedCells._make(cells)
            measured = stated.value.given is not None and not stated.value.not_done
            if measured or spelled(stated.status) in CORRECTING:
                self._said[key] = _said(stated, day, measured, self.terms, decimal)
            else:
                self._said[key] = None
        return self._said[key]


def _said(
    stated: _StatedCells, day: Cell, measured: bool, terms: Terms, decimal: DecimalMark | None
) -> _Said:
    """What a row says that is a result, or withdraws one."""
    unit = stated.unit.text or None
    specimen, status = spelled(stated.specimen), spelled(stated.status)
    test = terms.test(stated.test.text, unit, specimen)
    given = _as_written(stated.value)
    said = _Said(
        test=stated.test.text if test is None else test.id,
        definition=test,
        canonical_unit=None if test is None else test.unit,
        as_given=f"{given} {unit}" if unit else given,
        unit=stated.unit.text,
    )
    for cell in (stated.value, day, stated.test, stated.unit):
        if cell.aside is not None:
            return replace(said, why_not=cell.aside)  # said where the contradiction was found
    if not measured:
        problem = CellProblem("warning", "result_withdrawn", _WITHDRAWN)
        return replace(said, why_not=_WITHDRAWN, problem=problem, column="status")
    if status is not None and status not in STATUS:
        why_not = (
            f"The status {shown(status)} is not recognised, so the result may not be valid. It "
            "is not used."
        )
        return replace(said, why_not=why_not)  # the problem is that of the column
    if test is None:
        why_not = unknown_test(terms.lab_tests, stated.test.text, specimen)
        problem = CellProblem("error", "unknown_test", why_not)
        return replace(said, why_not=why_not, problem=problem, column="test")
    if (elsewhere := wrong_specimen(test, specimen)) is not None:
        problem = CellProblem("error", "specimen_not_of_test", elsewhere)
        return replace(said, why_not=elsewhere, problem=problem, column="specimen")
    value = lab_value(
        test,
        stated.value.given,
        unit,
        decimal,
        terms.lexicon,
        reference=(stated.ref_low.value, stated.ref_high.value),
    )
    if value.problem is not None:
        value = _named_elsewhere(value, test, stated.value, terms)
    if value.problem is not None:
        at_unit = value.of_unit and stated.unit.given is not None
        return replace(
            said,
            why_not=value.problem.sentence,
            problem=value.problem,
            column="unit" if at_unit else "value",
        )
    if value.unusual is not None:
        problem = CellProblem("warning", "value_unusual", value.unusual, "used")
        return replace(said, value=value, problem=problem)
    if value.about:
        sentence = (
            f"{test.name} is entered as {shown(given)}; the number is used as if it were exact."
        )
        problem = CellProblem("note", "value_approximate", sentence, "used")
        return replace(said, value=value, problem=problem)
    return replace(said, value=value)


def _named_elsewhere(value: LabValue, test: TestDef, cell: Cell, terms: Terms) -> LabValue:
    """A word that is none of this test, with the test of its kind that reads it (an R-ISS among the
    ISS).
    """
    problem = value.problem
    if problem is None or problem.code != "unknown_word":
        return value
    others = [
        t
        for t in terms.lab_tests.values()
        if (t.group, t.kind) == (test.group, "word") and t.word(cell.text) is not None
    ]
    if not others:
        return value
    sentence = (
        f"{problem.sentence} It looks like a value of {others[0].id}. If so, enter that test."
    )
    return replace(value, problem=problem._replace(sentence=sentence))


class _Days:
    """The days of one patient's results. Visits have many: each cell is placed once."""

    def __init__(self, axis: Axis, log: IssueLog) -> None:
        self.axis, self.log = axis, log
        self._known: dict[str, dict[Cell, Placed]] = {
            "day": {BLANK: NOWHERE},
            "reported_day": {BLANK: NOWHERE},
        }

    def placed(self, run: RowRun, index: int, column: str, cell: Cell) -> Placed:
        """A cell's time on the axis."""
        known = self._known[column]
        placed = known.get(cell)
        if placed is None:
            placed = known[cell] = place(cell, column, self.axis)
        if placed.problem is not None:
            self.log.problem(run.row(index), column, placed.problem)
        return placed


def _further_columns(run: RowRun) -> _Columns:
    """What else is known of the results, as columns; the limits of normal last."""
    names = [name for name in run.names if name in _FURTHER]
    names.extend(name for name in _LIMITS if name in run.names)
    return [(name, run.column(name)) for name in names]


def _further(
    run: RowRun, index: int, columns: _Columns, said: _Said, log: IssueLog
) -> dict[str, Any]:
    """What else is known of one result."""
    further: dict[str, Any] = {}
    for name, cells in columns:
        cell = cells[index]
        if cell.problem is not None:
            log.problem(run.row(index), name, cell.problem)
        further[name] = cell.value
    if "isotype" in further:
        names = (further["isotype"] or "").split(";")
        further["isotype"] = tuple(name.strip() for name in names if name.strip())
    if not further.get("isotype") and said.value.isotype:
        further["isotype"] = said.value.isotype
    for name in _LIMITS:
        if further.get(name) is not None:
            further[name] = _in_canonical_unit(further[name], said)
    return further


def _in_canonical_unit(limit: float, said: _Said) -> float | None:
    """A limit of normal, stated in the unit of the result."""
    test = said.definition
    if test is None or test.kind == "word":
        return None
    try:
        return limit * factor(said.unit or None, test.units, test_name=test.name)
    except UnitRefusal:
        return None  # said with the value


def _log_nothing_measured(row: Row, log: IssueLog) -> None:
    if row.given("value") is not None:
        log.count_not_done(row, "value")
        return
    name = row.cell("test").text or "A test"
    sentence = f"{name} has no value. The row is not read."
    log.note(row, "value", "value_blank", sentence, "set_aside")


def _as_written(value: Cell) -> str:
    """A number from a spreadsheet as a person would write it: 12 significant digits hide the noise
    of binary fractions.
    """
    return f"{value.given:.12g}" if isinstance(value.given, float) else value.text
