"""One patient's day axis: which calendar date is day 0, and what a stated moment is on the axis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Literal, NamedTuple

from rearm.intake.build.gather import RowRun
from rearm.intake.build.log import IssueLog
from rearm.intake.days import FIRST_DAY, LAST_DAY, is_dated, may_be_year, parse_moment, year_of
from rearm.intake.rows import Anchor, Cell, CellProblem, Moment, Row
from rearm.intake.values import Refused, shown
from rearm.record import UNKNOWN_WHEN, Infusion, When, given_in_order

__all__ = [
    "DAY_COLUMNS",
    "NOWHERE",
    "Axis",
    "DayZero",
    "DaysStated",
    "Placed",
    "choose_day_zero",
    "dates_of",
    "infusion_off_day_zero",
    "number_cells",
    "place",
    "placed",
]

DayZeroBasis = Literal["infusion", "dose", "row"]
_NOT_INFUSED = ("no", "n", "false", "0", "nein")
# days from the first possible day of birth; beyond them the age is certainly over 120 years
OLDEST = 121 * 366
_LONGEST_DAY = 9  # digits of the number of a day

# Columns that hold days, by table, the one that dates the event first.
DAY_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "patients": ("diagnosis_day", "last_seen_day"),
    "labs": ("day", "reported_day"),
    "therapies": ("start_day", "end_day"),
    "infusions": ("day", "apheresis_days"),
    "assessments": ("day",),
    "refractoriness": ("day",),
    "variants": ("day", "reported_day"),
    "imaging": ("day", "reported_day"),
    "toxicities": ("day", "end_day"),
    "conditions": ("day", "end_day"),
    "facts": ("day",),
    "deaths": ("day",),
}


# A number of a day is believed where another lies at most so many days below it.
_SUPPORT = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysStated:
    """How a patient's days are stated: whether there are dates, and the numbers of days; without
    those that may be years.

    `counted`: beside dates, how many days are numbers; `first`: the first of them, with its place.
    """

    dates: bool = False
    numbers: frozenset[int] = frozenset()
    counted: int = 0
    first: str = ""

    @classmethod
    def of(cls, runs: Sequence[RowRun]) -> DaysStated:
        dates, numbers = False, set[int]()
        for run in runs:
            for column in DAY_COLUMNS[run.table]:
                for cell in set(run.column(column)):
                    kind = _kind(cell)
                    dates = dates or kind == "date"
                    if kind == "number" and (moment := _moment(cell)) is not None:
                        numbers.update(d for d in (moment.first,) if d is not None)
        counted = [*number_cells(runs)] if dates and numbers else []
        first = ""
        if counted:
            row, column = counted[0]
            first = f"{shown(row.given(column))} in {row.at(column)}"
        return cls(dates=dates, numbers=frozenset(numbers), counted=len(counted), first=first)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayZero:
    """The calendar date of day 0, as ordinals: between `first` and `last`, which are the same where
    it is known.

    `basis`: whose date was chosen. `product`: of the infusion that is day 0, as it is written,
    where its date is known by its month or year only. `by_month`: no whole date stands anywhere.
    """

    first: int
    last: int
    basis: DayZeroBasis
    product: str | None = None
    by_month: bool = False


@dataclass(slots=True, kw_only=True)
class Axis:
    """Bounds and anchors of one patient's axis. `zero` and `today` are ordinals of dates; days are
    on the axis.

    Day 0 may be an infusion of which only the month is known: then `zero` is its first and
    `zero_last` its last possible date, `zero_product` what was given, and every other date is as
    many days from it as these allow.
    """

    zero: int | None
    today: int
    zero_last: int | None = None
    zero_product: str | None = None
    birth: int | None = None  # ordinal of the first day on which the patient can have been born
    death_day: int | None = None
    infusion: When = UNKNOWN_WHEN  # the first
    infusions: tuple[Infusion, ...] = ()  # what was given, in the order of time
    bridging_day: int | None = None
    lymphodepletion_day: int | None = None
    diagnosis: When = UNKNOWN_WHEN
    apheresis: tuple[When, ...] = ()
    stated: DaysStated = field(default_factory=lambda: DaysStated())

    def when(
        self, moment: Moment, *, may_follow_death: bool = False, is_diagnosis: bool = False
    ) -> When:
        """`moment` on the axis. Raises Refused where it has no place: before birth, after death (a
        report may), in the future, or a number that may be a day or a year.
        """
        if moment.anchor is not None:
            return self._anchored(moment)
        if moment.year is not None and (is_diagnosis or self._is_year(moment.year)):
            moment = year_of(moment.year)
        when = self._dated(moment) if moment.dated else self._numbered(moment)
        if self.birth is not None and self.zero is not None:
            self._check_age(when, self._last_zero - self.birth)
        if self.death_day is not None and not may_follow_death:
            self._check_death(when, self.death_day)
        return when

    @property
    def _last_zero(self) -> int:
        """The last possible ordinal of day 0, where there are dates."""
        return self.zero_last if self.zero_last is not None else self.zero or 0

    def _is_year(self, number: int) -> bool:
        """Whether a bare number such as 2017 is a year, by how the patient's other days are stated.
        Raises Refused where they do not tell.
        """
        stated = self.stated
        if self.zero is not None and number + self.zero > self.today >= self.zero:
            return True  # as a day it would lie in the future
        if not stated.numbers:
            return stated.dates or self.zero is not None
        supported = max(stated.numbers) >= number - _SUPPORT
        if not stated.dates and (self.zero is None or supported):
            return False
        raise Refused(
            "year_or_day",
            f"{number} may be a year or a day number. Write {number}-01 to {number}-12, or day "
            f"{number}.",
        )

    def _dated(self, moment: Moment) -> When:
        zero, first, last = self.zero, moment.first, moment.last
        if zero is None:
            raise Refused("no_day_zero", self._no_zero())
        if first is not None and first > self.today >= zero:
            raise Refused("date_in_future", f"The date {_iso(first)} is in the future. Correct it.")
        return When(
            None if first is None else first - self._last_zero,
            None if last is None else last - zero,
        )

    def _no_zero(self) -> str:
        lacks = "A calendar date can't be turned into a day number without the date of day 0"
        count = self.stated.counted
        if not count:
            return f"{lacks}. Enter it in patients.day_zero."
        are = "1 day of this patient is a number" if count == 1 else f"{count} days are numbers"
        them = "that day as a date" if count == 1 else "those days as dates"
        return (
            f"{lacks}. None is chosen, because {are} ({self.stated.first}). Enter day 0 in "
            f"patients.day_zero, or write {them}."
        )

    def _numbered(self, moment: Moment) -> When:
        when = When(moment.first, moment.last)
        if self.zero is None or moment.first is None:
            return when
        if moment.first + self.zero > self.today >= self.zero:
            raise Refused(
                "date_in_future",
                f"{self._shown(when)} is in the future. Correct the day or day 0.",
            )
        return when

    def _check_age(self, when: When, age_at_zero: int) -> None:
        """`age_at_zero` in days; the patient may be younger, as the birth is uncertain."""
        if when.last is not None and when.last + age_at_zero < 0:
            raise Refused(
                "before_birth",
                f"{self._shown(when)} is before the patient's birth. Correct the day or the "
                "date of birth.",
            )
        if when.first is not None and when.first + age_at_zero > OLDEST:
            raise Refused(
                "beyond_age",
                f"{self._shown(when)} would make the patient over 120 years old. Correct the "
                "day or the date of birth.",
            )

    def _check_death(self, when: When, death_day: int) -> None:
        if when.first is not None and when.first > death_day:
            raise Refused(
                "after_death",
                f"{self._shown(when)} is after the recorded death (day {death_day}). Correct "
                "one of them.",
            )

    def _anchored(self, moment: Moment) -> When:
        infusion, diagnosis = self.infusion, self.diagnosis
        match moment.anchor:
            case "apheresis" if self.apheresis:
                return _hull(self.apheresis)
            case "before_bridging" if self.bridging_day is not None:
                return When(None, self.bridging_day - 1)
            case "before_lymphodepletion" | "before_bridging" if (
                self.lymphodepletion_day is not None
            ):
                return When(None, self.lymphodepletion_day - 1)
            case "diagnosis":
                return diagnosis
            case "after_infusion":
                return UNKNOWN_WHEN if infusion.first is None else When(infusion.first + 1, None)
            case _:
                return UNKNOWN_WHEN if infusion.last is None else When(None, infusion.last - 1)

    def _shown(self, when: When) -> str:
        day = when.first if when.first is not None else when.last
        if day is None:
            return "The day"
        if self.zero is not None and self.zero == self._last_zero and day + self.zero > 0:
            return f"Day {day} ({_iso(day + self.zero)})"
        return f"Day {day}"

    # ------------------------------------------------------------ anchors, as events are read

    def anchor_therapy(self, row: Row) -> None:
        """The first exact day of bridging and of lymphodepletion; issues come with the row."""
        day = self.quiet_day(row.cell("start_day"))
        if day is None:
            return
        purpose = row.cell("purpose").text.casefold()
        if purpose == "bridging" and (self.bridging_day is None or day < self.bridging_day):
            self.bridging_day = day
        if purpose == "lymphodepletion" and (
            self.lymphodepletion_day is None or day < self.lymphodepletion_day
        ):
            self.lymphodepletion_day = day

    def anchor_infusions(self, infusions: Iterable[Infusion]) -> None:
        """The first day on which a product was given, and the leukaphereses."""
        infusions = tuple(infusions)
        self.infusions = tuple(given_in_order(infusions))
        self._first_infusion(x.when for x in self.infusions)
        self.apheresis = tuple(dict.fromkeys(when for x in infusions for when in x.apheresis))

    def after_infusion(self, number: int) -> When:
        """From the day after the infusion of this number (from 1) to the next on a later day; 0:
        before the first. Unknown where there is no such infusion with a day.
        """
        if number == 0:
            last = self.infusion.last
            return UNKNOWN_WHEN if last is None else When(None, last - 1)
        if number > len(self.infusions):
            return UNKNOWN_WHEN
        infused = self.infusions[number - 1].when
        if infused == UNKNOWN_WHEN:
            return UNKNOWN_WHEN
        first = None if infused.first is None else infused.first + 1
        following = [x.when.last for x in self.infusions[number:] if x.when.last is not None]
        return When(first, next((d for d in following if first is None or d >= first), None))

    def foresee_infusion(self, rows: Iterable[Row]) -> None:
        """The first infusion by its rows: other days, and those of other infusions, are placed by
        it before the infusions are read.
        """
        self._first_infusion(
            self.of_infusion(row, self.quiet(row.cell("day"))) for row in rows if _was_infused(row)
        )

    def of_infusion(self, row: Row, when: When) -> When:
        """The time of an infusion that its cell puts at `when`: day 0 where it is that itself. A
        row that repeats it, or another dose of the product in that month, is taken for it too.
        """
        same_product = row.cell("product").text == self.zero_product
        dates = dates_of(row.cell("day")) if same_product else None
        return When.on(0) if dates is not None and dates == (self.zero, self.zero_last) else when

    def _first_infusion(self, times: Iterable[When]) -> None:
        """The earliest by its last possible day, of those whose day has both bounds."""
        known = [(t.last, t.first, t) for t in times if t.first is not None and t.last is not None]
        self.infusion = min(known, default=(0, 0, UNKNOWN_WHEN), key=lambda x: x[:2])[2]

    def quiet_day(self, cell: Cell) -> int | None:
        """An exact day without issues: they are written when the row itself is read."""
        return self.quiet(cell).day

    def quiet(self, cell: Cell, *, is_diagnosis: bool = False) -> When:
        """The time of a cell without issues; unknown for a word, which is placed by others."""
        moment = _moment(cell)
        if moment is None or moment.anchor is not None:
            return UNKNOWN_WHEN
        try:
            return self.when(moment, is_diagnosis=is_diagnosis)
        except Refused:
            return UNKNOWN_WHEN


def _hull(times: Sequence[When]) -> When:
    """The days on which any of the times may have been."""
    firsts = [when.first for when in times if when.first is not None]
    lasts = [when.last for when in times if when.last is not None]
    return When(
        min(firsts) if len(firsts) == len(times) else None,
        max(lasts) if len(lasts) == len(times) else None,
    )


class Placed(NamedTuple):
    """A cell's time on the axis; where it can't be used, unknown, with the reason and, unless it
    was said before, the problem.
    """

    when: When
    why_not: str | None = None
    problem: CellProblem | None = None


NOWHERE = Placed(UNKNOWN_WHEN)


def place(cell: Cell, column: str, axis: Axis) -> Placed:
    """The time that a cell states, on the axis."""
    if cell.value is None:
        return Placed(UNKNOWN_WHEN, cell.why_not, cell.problem)
    is_report = column == "reported_day"
    try:
        when = axis.when(
            cell.value, may_follow_death=is_report, is_diagnosis=column == "diagnosis_day"
        )
    except Refused as refusal:
        problem = CellProblem("error", refusal.code, f"{refusal} The day is not used.")
        return Placed(UNKNOWN_WHEN, str(refusal), problem)
    if cell.value.anchor is not None and when == UNKNOWN_WHEN:
        return Placed(when, None, _not_placed(cell, cell.value.anchor))
    if is_report and when.day is None:
        sentence = (
            f"The day of the report, {shown(cell.given)}, is not exact; the day of the sample "
            "is used instead."
        )
        return Placed(when, None, CellProblem("note", "day_not_exact", sentence))
    if cell.value.short_year and cell.value.first is not None:
        sentence = f"{shown(cell.given)} is read as {_iso(cell.value.first)}."
        return Placed(when, None, CellProblem("note", "short_year_read", sentence, "used"))
    return Placed(when)


def _not_placed(cell: Cell, anchor: Anchor) -> CellProblem:
    what = "diagnosis" if anchor == "diagnosis" else "infusion"
    word = shown(anchor.replace("_", " ") if cell.given is None else cell.given)
    sentence = (
        f"{word} can't be placed in time because the day of the {what} is unknown. The row is "
        f"kept without a day, so its order is unknown. Enter the day of the {what}."
    )
    return CellProblem("warning", "day_not_placed", sentence, "used")


def placed(row: Row, column: str, axis: Axis, log: IssueLog) -> tuple[When, str | None]:
    """The time that a cell states, on the axis; where it can't be used, unknown and the reason."""
    when, why_not, problem = place(row.cell(column), column, axis)
    if problem is not None:
        log.problem(row, column, problem)
    return when, why_not


def _iso(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


# ---------------------------------------------------------------- day 0


def infusion_off_day_zero(runs: Iterable[RowRun], zero: int) -> int | None:
    """Ordinal of the first dated infusion where the stated day 0 is the date of none of them and
    other rows are day numbers; else None.

    Day numbers of centres count from the infusion, so one of the two dates is then mostly wrong.
    """
    infusions: list[int] = []
    numbered = False
    for run in runs:
        if run.table == "infusions":
            infusions.extend(_infusion_dates(run))
        elif not numbered:
            numbered = any(
                _kind(cell) == "number"
                for column in DAY_COLUMNS[run.table]
                if column != "diagnosis_day"
                for cell in set(run.column(column))
            )
    return min(infusions) if numbered and infusions and zero not in infusions else None


def number_cells(runs: Iterable[RowRun]) -> Iterator[tuple[Row, str]]:
    """The row and column of each day that is stated as a number."""
    for run in runs:
        for column in DAY_COLUMNS[run.table]:
            for index, cell in enumerate(run.column(column)):
                if _kind(cell) == "number":
                    yield run.row(index), column


def choose_day_zero(runs: Sequence[RowRun]) -> DayZero | None:
    """What to take as day 0 where dates stand without one; None without a date.

    The first infused CAR-T that has a whole date; else the first that has a month or year, whose
    day is then not known; else the first dose of the first dated line of therapy; else the first
    dated row. Without any whole date the first day of a month is as good an origin as any.

    Beside day numbers only a CAR-T with a whole date is day 0, where no infusion has a number: from
    what they would count is not known otherwise.
    """
    whole: dict[DayZeroBasis, list[int]] = {"infusion": [], "dose": [], "row": []}
    months: dict[DayZeroBasis, list[int]] = {"dose": [], "row": []}
    numbered = False
    for run in runs:
        for column in DAY_COLUMNS[run.table]:
            cells = set(run.column(column))
            if any(_kind(cell) == "number" for cell in cells):
                if (run.table, column) == ("infusions", "day"):
                    return None
                numbered = True
            stated = [dates for cell in cells if (dates := dates_of(cell)) is not None]
            exact = [first for first, last in stated if first == last]
            begun = [first for first, last in stated if first != last]
            whole["row"].extend(exact)
            months["row"].extend(begun)
            if column == "start_day":
                whole["dose"].extend(exact)
                months["dose"].extend(begun)
        if run.table == "infusions":
            whole["infusion"].extend(_infusion_dates(run))
    if numbered and (not whole["infusion"] or _infusion_may_be_earlier(runs)):
        return None
    if not whole["infusion"] and (infusion := _infusion_of_a_month(runs)) is not None:
        return replace(infusion, by_month=not whole["row"])
    for days in (whole, months):
        for basis, ordinals in days.items():
            if ordinals:
                zero = min(ordinals)
                return DayZero(first=zero, last=zero, basis=basis, by_month=days is months)
    return None


def _infusion_may_be_earlier(runs: Iterable[RowRun]) -> bool:
    """Whether a CAR-T that was given has no whole date, so that it may be the first."""
    return any(
        (dates := dates_of(row.cell("day"))) is None or dates[0] != dates[1]
        for run in runs
        if run.table == "infusions"
        for row in run.rows()
        if _was_infused(row)
    )


def _infusion_of_a_month(runs: Iterable[RowRun]) -> DayZero | None:
    """The first infusion among those of which the month or year is known."""
    known = [
        DayZero(first=dates[0], last=dates[1], basis="infusion", product=row.cell("product").text)
        for run in runs
        if run.table == "infusions"
        for row in run.rows()
        if _was_infused(row) and (dates := dates_of(row.cell("day"))) is not None
    ]
    return min(known, default=None, key=lambda zero: (zero.last, zero.first))


def _infusion_dates(run: RowRun) -> Iterator[int]:
    """Ordinals of the whole dates of infusions that are not said to have never been given."""
    for row in run.rows():
        dates = dates_of(row.cell("day"))
        if dates is not None and dates[0] == dates[1] and _was_infused(row):
            yield dates[0]


def _was_infused(row: Row) -> bool:
    """True unless the row states that the product was not infused."""
    return row.cell("infused").text.casefold() not in _NOT_INFUSED


def _kind(cell: Cell) -> Literal["date", "number"] | None:
    """Whether a cell of a day column holds a calendar date, or the number of a day: a serial number
    of a spreadsheet is none, and says nothing of how the others are meant.
    """
    value = cell.given
    if _is_interval_of_dates(cell):
        return "date"
    if isinstance(value, str):
        return _kind_of_text(value)
    if is_dated(value):
        return "date"
    if not isinstance(value, float | int) or isinstance(value, bool) or may_be_year(value):
        return None
    return "number" if FIRST_DAY <= value <= LAST_DAY else None


@lru_cache(maxsize=8192)
def _kind_of_text(value: str) -> Literal["date", "number"] | None:
    if is_dated(value):
        return "date"
    if may_be_year(value):
        return None  # either
    digits = value.strip().lstrip("+-")
    is_day = digits.isdecimal() and len(digits) <= _LONGEST_DAY and int(digits) <= LAST_DAY
    return "number" if is_day else None


def _is_interval_of_dates(cell: Cell) -> bool:
    """Whether the reader states the day by dates (a year or a period of FHIR), and no cell."""
    return cell.settled and isinstance(cell.value, Moment) and cell.value.dated


def _moment(cell: Cell) -> Moment | None:
    """What a cell states, quietly."""
    if _is_interval_of_dates(cell):
        moment: Moment = cell.value
        return moment
    if cell.given is None:
        return None
    try:
        return parse_moment(cell.given)
    except Refused:
        return None


def dates_of(cell: Cell) -> tuple[int, int] | None:
    """Ordinals of the first and last date that a cell allows; None where it holds none."""
    moment = _moment(cell)
    if moment is not None and moment.year is not None:
        moment = year_of(moment.year)
    if moment is None or not moment.dated or moment.first is None or moment.last is None:
        return None
    return moment.first, moment.last
