"""A patient's rows of `patients` to one person, and the person's day axis."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rearm.intake.build import typed
from rearm.intake.build.axis import (
    Axis,
    DaysStated,
    DayZero,
    choose_day_zero,
    infusion_off_day_zero,
    placed,
)
from rearm.intake.build.gather import RowRun
from rearm.intake.build.issue_cells import cell_of_zero
from rearm.intake.build.log import IssueLog
from rearm.intake.days import parse_moment
from rearm.intake.issues import issue_at, place_at
from rearm.intake.rows import CellProblem, Moment, Row
from rearm.intake.values import Refused, shown
from rearm.record import UNKNOWN_WHEN, Severity, Source, When

__all__ = ["Person", "axis_of", "read_person"]

_MYELOMA = re.compile(r"(?<!no )(?<!kein )m[yi]\w{0,2}lom", re.IGNORECASE)
_FIRST_BIRTH_YEAR = 1880
# What does not change in one person, and day 0, which all days of a patient count from.
_IDENTITY = ("sex", "birth_date", "birth_year", "heavy_chain", "light_chain", "day_zero")


@dataclass(slots=True, kw_only=True)
class Person:
    """What is known of the person. `rows` are the different rows of `patients`; `source` is where
    the patient stands first.
    """

    rows: list[Row]
    source: Source
    sex: str | None = None
    birth_date: date | None = None
    birth_year: int | None = None
    day_zero: date | None = None
    day_zero_between: tuple[date, date] | None = None
    heavy_chain: tuple[str, ...] = ()
    light_chain: str | None = None
    disease: str | None = None
    _log: IssueLog = field(repr=False)
    _contradicted: dict[str, Row] = field(default_factory=dict, repr=False)

    def diagnosis(self, axis: Axis) -> When:
        """When the myeloma was diagnosed, where the person's rows agree."""
        found: When | None = None
        for row in self.rows:
            when, _ = placed(row, "diagnosis_day", axis, self._log)
            known = None if when == UNKNOWN_WHEN else when
            found = self.agreed(row, "diagnosis_day", found, known)
        return found or UNKNOWN_WHEN

    def last_seen(self, axis: Axis) -> When:
        """When the patient was last seen, where the rows agree. Of a month the first day counts, on
        or after which the patient was certainly alive.
        """
        seen: When | None = None
        for row in self.rows:
            when, _ = placed(row, "last_seen_day", axis, self._log)
            if when.day is None and when.first is not None:
                self._log.note(
                    row,
                    "last_seen_day",
                    "day_not_exact",
                    f"Last contact is entered as {shown(row.given('last_seen_day'))}; its first "
                    f"possible day is used (day {when.first}).",
                )
            known = None if when.first is None else when
            seen = self.agreed(row, "last_seen_day", seen, known)
        return seen or UNKNOWN_WHEN

    def agreed(self, row: Row, column: str, before: Any, now: Any) -> Any:
        """The value that all of the patient's rows agree on; None, with an issue, where they
        contradict each other, whatever a further row says.
        """
        if column in self._contradicted:
            return None
        if before in (None, ()):
            return now
        if now in (None, ()) or before == now:
            return before
        self._contradicted[column] = row
        self._log.error(
            row,
            column,
            "patient_contradiction",
            f"The patient's rows give {column} as {_words(before)} and as {_words(now)}. Neither "
            "is used.",
        )
        return None

    def say_if_two(self) -> None:
        """An issue where rows contradict each other on who the person is."""
        differ = {c: row for c, row in self._contradicted.items() if c in _IDENTITY}
        if len(self.rows) < 2 or not differ:
            return
        names = ", ".join(name.replace("_", " ") for name in differ)
        sentence = (
            f"The rows under this id may be of two patients: they differ in {names}. Settle whose "
            "they are, and give each patient an id, before anything of this record is used."
        )
        row = next(iter(differ.values()))
        places = [
            place_at(row.at(c), self._log.patient_id, c, row.given(c)) for c, row in differ.items()
        ]
        self._log.extend(
            [
                issue_at(
                    row.at("patient_id"),
                    CellProblem("error", "may_be_two_patients", sentence, "used"),
                    self._log.patient_id,
                    column="patient_id",
                    value=self._log.patient_id,
                    places=places,
                )
            ]
        )


def _disease(row: Row, log: IssueLog) -> str | None:
    """The word of the list; a text that names myeloma is one; another text is kept as written."""
    text = row.given("disease")
    if isinstance(text, str) and _MYELOMA.search(text):
        return "multiple_myeloma"
    return typed.word(row, "disease", log)


def read_person(rows: Sequence[Row], source: Source, today: int, log: IssueLog) -> Person:
    """The person that the rows of `patients` agree on; without any, nothing is known of one."""
    rows = _distinct(rows, log)
    person = Person(rows=rows, source=rows[0].source if rows else source, _log=log)
    for row in rows:
        sex, light = typed.word(row, "sex", log), typed.word(row, "light_chain", log)
        person.sex = person.agreed(row, "sex", person.sex, sex)
        person.light_chain = person.agreed(row, "light_chain", person.light_chain, light)
        disease = _disease(row, log)
        person.disease = person.agreed(row, "disease", person.disease, disease)
        heavy = typed.words(row, "heavy_chain", log)
        person.heavy_chain = person.agreed(row, "heavy_chain", person.heavy_chain, heavy) or ()
        year_of_date = _year_of_birth_date(row, log)
        birth = None if year_of_date is not None else _date(row, "birth_date", log)
        person.birth_date = person.agreed(row, "birth_date", person.birth_date, birth)
        person.birth_year = person.agreed(row, "birth_date", person.birth_year, year_of_date)
        year = _birth_year(row, today, log)
        person.birth_year = person.agreed(row, "birth_year", person.birth_year, year)
        zero = _date(row, "day_zero", log)
        person.day_zero = person.agreed(row, "day_zero", person.day_zero, zero)
    person.say_if_two()
    birth, year = person.birth_date, person.birth_year
    if birth is not None and year is not None and birth.year != year:
        log.error(
            rows[0],
            "birth_year",
            "birth_contradiction",
            f"The year of birth {year} contradicts the date of birth {birth}. Neither is used.",
        )
        person.birth_date = person.birth_year = None
    return person


def _distinct(rows: Sequence[Row], log: IssueLog) -> list[Row]:
    """The rows; where all hold the same, one of them."""
    if len(rows) < 2 or any(not _same(row, rows[0]) for row in rows[1:]):
        return list(rows)
    log.note(
        rows[1],
        None,
        "duplicate_row",
        "The patient's row appears twice with the same content. One is used.",
    )
    return list(rows[:1])


def _same(a: Row, b: Row) -> bool:
    return all(a.given(c) == b.given(c) for c in a.cells.keys() | b.cells.keys())


def _words(value: Any) -> str:
    """A value as the sentence of an issue shows it."""
    return " and ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _date(row: Row, column: str, log: IssueLog) -> date | None:
    if (problem := row.cell(column).problem) is not None:
        log.problem(row, column, problem)
    moment: Moment | None = row.cell(column).value
    if moment is None or moment.first is None or not moment.dated or moment.first != moment.last:
        return None
    return date.fromordinal(moment.first)


def _year_of_birth_date(row: Row, log: IssueLog) -> int | None:
    """The year where a month or a year stands as the date of birth."""
    cell = row.cell("birth_date")
    try:
        moment = parse_moment(cell.given)
    except Refused:
        return None
    year = moment.year
    if moment.dated and moment.first is not None and moment.first != moment.last:
        year = date.fromordinal(moment.first).year
    if year is not None:
        sentence = f"The date of birth is entered as {shown(cell.given)}; the year {year} is used."
        log.note(row, "birth_date", "birth_year_only", sentence)
    return year


def _birth_year(row: Row, today: int, log: IssueLog) -> int | None:
    year = typed.whole(row, "birth_year", log)
    if year is None or _FIRST_BIRTH_YEAR <= year <= date.fromordinal(today).year:
        return year
    log.error(
        row,
        "birth_year",
        "value_impossible",
        f"The year of birth {year} is not possible. It is not used. Enter four digits.",
    )
    return None


# ---------------------------------------------------------------- the axis


def axis_of(
    person: Person, runs: Sequence[RowRun], therapies: Iterable[Row], today: int, log: IssueLog
) -> Axis:
    """The axis of a person with these rows (of all tables), its day 0 chosen where none is stated.

    `therapies` are the rows of that table, which anchor days. The days of deaths and infusions come
    when their rows are read.
    """
    _log_off_infusion(person, runs, log)
    chosen = choose_day_zero(runs) if person.day_zero is None else None
    if chosen is not None:
        _log_chosen(person, runs, chosen, log)
    if chosen is not None and chosen.first == chosen.last:
        person.day_zero = date.fromordinal(chosen.first)
    elif chosen is not None:
        between = (date.fromordinal(chosen.first), date.fromordinal(chosen.last))
        person.day_zero_between = between
    zero = None if person.day_zero is None else person.day_zero.toordinal()
    if zero is not None and zero > today:
        sentence = (
            f"Day 0 ({person.day_zero}) is in the future. The dates are assumed to be shifted "
            "for de-identification."
        )
        problem = CellProblem("warning", "dates_shifted", sentence, "used")
        _log_at_day_zero(person, problem, log)
    first, last = (zero, zero) if chosen is None else (chosen.first, chosen.last)
    axis = Axis(
        zero=first,
        zero_last=last,
        zero_product=None if chosen is None else chosen.product,
        today=today,
        birth=_birth(person, last, log),
        stated=DaysStated.of(runs),
    )
    axis.foresee_infusion(row for run in runs if run.table == "infusions" for row in run.rows())
    for row in therapies:
        axis.anchor_therapy(row)
    times = (axis.quiet(row.cell("diagnosis_day"), is_diagnosis=True) for row in person.rows)
    axis.diagnosis = next((t for t in times if t != UNKNOWN_WHEN), UNKNOWN_WHEN)
    return axis


def _log_at_day_zero(person: Person, problem: CellProblem, log: IssueLog) -> None:
    """A problem of the stated day 0."""
    stated = next((row for row in person.rows if row.given("day_zero") is not None), None)
    if stated is None:
        log.add(person.source, problem)
    else:
        log.problem(stated, "day_zero", problem)


def _log_off_infusion(person: Person, runs: Sequence[RowRun], log: IssueLog) -> None:
    if person.day_zero is None:
        return
    infused = infusion_off_day_zero(runs, person.day_zero.toordinal())
    if infused is not None:
        sentence = (
            f"Day 0 is entered as {person.day_zero} and the infusion as "
            f"{date.fromordinal(infused)}, while other rows are day numbers. If these count "
            "from the infusion, every timing is wrong. All are used as entered; correct one of "
            "the two dates."
        )
        problem = CellProblem("error", "day_zero_off_infusion", sentence, "used")
        _log_at_day_zero(person, problem, log)


# What a day 0 that was chosen is the date of.
_DAY_ZERO_IS = {
    "infusion": "the first CAR-T infusion",
    "dose": "the first dose of the first dated therapy",
    "row": "the first dated row",
}


def _log_chosen(person: Person, runs: Sequence[RowRun], zero: DayZero, log: IssueLog) -> None:
    """How much hangs on the day chosen: all timing is meant from the infusion."""
    if zero.first < zero.last:
        severity: Severity = "warning" if zero.by_month else "error"
        between = f"between {date.fromordinal(zero.first)} and {date.fromordinal(zero.last)}"
        sentence = (
            f"The exact date of {_DAY_ZERO_IS[zero.basis]}, which is day 0, is unknown (a date "
            f"{between}). Every other date is therefore an interval of days, and laboratory "
            "results cannot be judged as a course. Enter the date of the infusion."
        )
        problem = CellProblem(severity, "day_zero_chosen", sentence, "used")
        _log_at_zero(person, runs, zero, problem, log)
        return
    day = date.fromordinal(zero.first)
    chosen = f"Dates are entered without day 0. Day 0 is {day}, the date of"
    if zero.by_month:
        chosen = (
            f"Only months are entered, without day 0. Day 0 is {day}, the first of the month of"
        )
    chosen = f"{chosen} {_DAY_ZERO_IS[zero.basis]}."
    timing = "so days are not counted from an infusion"
    if zero.basis == "infusion":
        problem = CellProblem("note", "day_zero_chosen", chosen, "used")
    elif any(_may_hold_infusion(run) for run in runs):
        meaning = (
            f" CAR-T infusions are on record but none has a readable date, {timing}. Enter "
            "their dates."
        )
        problem = CellProblem("error", "day_zero_chosen", chosen + meaning, "used")
    else:
        meaning = f" No CAR-T infusion was read, {timing}. If there was one, enter or map its date."
        problem = CellProblem("warning", "day_zero_chosen", chosen + meaning, "used")
    _log_at_zero(person, runs, zero, problem, log)


def _log_at_zero(
    person: Person, runs: Sequence[RowRun], zero: DayZero, problem: CellProblem, log: IssueLog
) -> None:
    """The problem at the cell whose date is day 0."""
    cell = cell_of_zero(runs, zero)
    if cell is None:
        log.add(person.source, problem)
    else:
        log.problem(*cell, problem)


def _may_hold_infusion(run: RowRun) -> bool:
    """Whether there is a product of which the rows do not deny that it was infused."""
    return run.table == "infusions" and any(
        row.cell("infused").value is not False for row in run.rows()
    )


def _birth(person: Person, zero: int | None, log: IssueLog) -> int | None:
    """Ordinal of the first day on which the patient can have been born. A birth after day 0 is not
    used, with an issue.
    """
    first = person.birth_date
    if first is None and person.birth_year is not None:
        first = date(person.birth_year, 1, 1)
    if first is None or zero is None or first.toordinal() <= zero:
        return None if first is None else first.toordinal()
    log.error(
        person.rows[0],
        "birth_year",
        "before_birth",
        "Day 0 is before the patient's birth. The date of birth is not used.",
    )
    person.birth_date = person.birth_year = None
    return None
