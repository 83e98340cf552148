"""What is known of one patient: typed events on the patient's own day axis, each with the place it
came from.

Time is an integer day. Day 0 is `Record.day_zero` where the calendar date is known; a record
without dates works the same. Absence is unknown: no row means that nothing is known, a negative
result has a row of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from rearm.characters import printable
from rearm.interval import Interval

__all__ = [
    "UNKNOWN_WHEN",
    "Condition",
    "Death",
    "Fact",
    "Imaging",
    "Infusion",
    "Issue",
    "Lab",
    "Record",
    "RefractorinessStatement",
    "ResponseStatement",
    "Severity",
    "Source",
    "Therapy",
    "Toxicity",
    "Variant",
    "When",
    "missing_line",
    "surely_after",
]

Severity = Literal["note", "warning", "error"]
Done = Literal["used", "set_aside", "refused"]
# `row 12`, `row 12, value`, `labs!C7`, `labs!7`
_CELL_PLACE = re.compile(
    r"row (?P<line>[0-9]+)(?:, .*)?|(?P<sheet>.+)!(?P<column>[A-Z]{1,3})?(?P<row>[0-9]+)"
)


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """Where a value stands in the input: `Source("labs.csv", "row 12")`, `Source("cohort.xlsx",
    "visits!C7")`, or a FHIR resource id. What a screen may not show of names that the input gives
    is escaped.
    """

    file: str
    place: str

    def __post_init__(self) -> None:
        # here and nowhere else: a name of a file need not even be text
        if not (self.file.isprintable() and self.place.isprintable()):
            object.__setattr__(self, "file", printable(self.file))
            object.__setattr__(self, "place", printable(self.place))

    def __str__(self) -> str:
        return f"{self.file}: {self.place}" if self.place else self.file

    @property
    def cell(self) -> tuple[str | None, int | None, str | None]:
        """Sheet, number of the row, letters of the column; each None where the place names none."""
        match = _CELL_PLACE.fullmatch(self.place)
        if match is None:
            return None, None, None
        row = match["line"] or match["row"]
        return match["sheet"], None if row is None else int(row), match["column"]

    @property
    def row(self) -> tuple[str, str]:
        """File and row (or resource) that a cell belongs to: `row 12, value` and `row 12` are one,
        `labs!C7` and `labs!7` are.
        """
        place = re.sub(r"^(row \d+), .*", r"\1", self.place)
        return self.file, re.sub(r"^(.*!)[A-Z]{1,3}(\d+)$", r"\1\2", place)


@dataclass(frozen=True, slots=True)
class When:
    """A day, or the interval of days that the input allows. `None` on a side means that this side
    is open.

    `When(5, 5)` is day 5; `When(None, -1)` is "some day before 0"; `When(None, None)` is "no day is
    known".
    """

    first: int | None = None
    last: int | None = None

    @classmethod
    def on(cls, day: int) -> When:
        return cls(day, day)

    @property
    def day(self) -> int | None:
        """The day where it is exact, else None."""
        return self.first if self.first is not None and self.first == self.last else None

    def before(self, other: When) -> bool | None:
        """True or False where the order is certain; None where intervals overlap or are open."""
        if self.last is not None and other.first is not None and self.last < other.first:
            return True
        if self.first is not None and other.last is not None and self.first >= other.last:
            return False
        return None

    def __str__(self) -> str:
        if self.day is not None:
            return f"day {self.day}"
        if self.first is None and self.last is None:
            return "day unknown"
        return (
            f"between day {'?' if self.first is None else self.first} and day"
            f" {'?' if self.last is None else self.last}"
        )


UNKNOWN_WHEN = When()

# Whose cells a transplant was made with, by the words of its text.
_OF_A_DONOR = re.compile(r"\b(?:allo|haplo|donor|unrelated|sibling|spender|fremdspender)", re.I)
_OF_THE_PATIENT = re.compile(r"\b(?:auto|asct|aszt|apbs|ahsct|hdt|hdm|own\b)", re.I)
_OF_MARROW = re.compile(r"bone.?marrow|marrow transpl|knochenmark|\b[bk]mt\b", re.I)


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong or noteworthy in the input, where it stands, and what was done about it.

    `code` is a short stable id (`unit_missing`, `twin_contradiction`); `message` says what and what
    to do. `day`: the latest day of the axis that the message tells of, where it is about no single
    row. `column`: the column of the table that it is about, `value`: what stands there; None where
    it is about no single cell.
    """

    severity: Severity
    code: str
    source: Source
    message: str
    done: Done
    patient_id: str | None = None
    day: int | None = None
    column: str | None = None
    value: str | None = None


# Issues that doubt a value which is used all the same.
_DOUBTS = frozenset(
    {
        "possible_slip",
        "possible_unit_error",
        "value_unusual",
        "light_chains_swapped",
        "igg_below_m_protein",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """One result. Exactly one of `quantity` (canonical unit of the test) and `word` is set; both
    are None only in `Record.set_aside`.
    """

    test: str
    when: When
    source: Source
    quantity: Interval | None = None
    word: str | None = None
    as_given: str = ""  # value and unit as they stand in the input, for display
    unit: str | None = None  # canonical unit
    time: str | None = None
    specimen: str | None = None
    method: str | None = None
    status: str | None = None
    ref_low: float | None = None
    ref_high: float | None = None
    sample_id: str | None = None
    nominal_day: int | None = None
    reported_day: int | None = None
    sensitivity: float | None = None
    cells_counted: int | None = None
    isotype: tuple[str, ...] = ()
    why_set_aside: str | None = None

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Therapy:
    """A stretch of treatment. `agents` are ids of the lexicon of agents; `unread` are the parts of
    the text that could not be read.

    `after_infusion` is the number (from 1) of the infusion it is known to follow where only the
    order is known; 0: before the first.
    """

    source: Source
    start: When = UNKNOWN_WHEN
    end: When = UNKNOWN_WHEN
    line: int | None = None
    regimen: str | None = None
    agents: tuple[str, ...] = ()
    purpose: str | None = None
    best_response: str | None = None
    progression_on: bool | None = None
    stop_reason: str | None = None
    unread: tuple[str, ...] = ()
    after_infusion: int | None = None

    @property
    def when(self) -> When:
        return self.start

    @property
    def autologous(self) -> bool | None:
        """A transplant of the patient's own stem cells: one of which nothing says that it came from
        a donor. None for a transplant of marrow, which may be either.
        """
        text = self.regimen or ""
        if self.purpose != "transplant" or _OF_A_DONOR.search(text):
            return False
        return None if _OF_MARROW.search(text) and not _OF_THE_PATIENT.search(text) else True


@dataclass(frozen=True, slots=True, kw_only=True)
class Infusion:
    """A CAR-T product, infused or only collected (`infused` False). `product` is an id of the
    lexicon where known, else the text.
    """

    source: Source
    when: When = UNKNOWN_WHEN
    product: str | None = None
    targets: tuple[str, ...] = ()
    dose_cells: float | None = None
    apheresis_days: tuple[int, ...] = ()
    in_specification: bool | None = None
    infused: bool | None = None
    reason: str | None = None
    construct: str | None = None

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseStatement:
    """A response that somebody recorded (`by`: team or committee), kept as stated.

    `after_infusion`: as of `Therapy`.
    """

    response: str
    when: When
    source: Source
    by: str | None = None
    basis: str | None = None
    nominal_day: int | None = None
    pattern: str | None = None
    after_infusion: int | None = None

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class RefractorinessStatement:
    """What the centre states of one agent or class: refractory, exposed or not_exposed."""

    agent_or_class: str
    status: str
    source: Source
    when: When = UNKNOWN_WHEN
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A genomic finding; `result` present or absent. `gene` may hold a locus (17p13) or a
    translocation (`t(11;14)`).
    """

    gene: str
    result: str
    source: Source
    when: When = UNKNOWN_WHEN
    change: str | None = None
    kind: str | None = None
    copies: float | None = None
    vaf: float | None = None
    clonal_fraction: float | None = None
    specimen: str | None = None
    site: str | None = None
    assay: str | None = None
    reported_day: int | None = None

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Imaging:
    """One lesion on one examination, or an examination without lesions (`result` negative)."""

    source: Source
    when: When = UNKNOWN_WHEN
    method: str | None = None
    result: str | None = None
    lesion: str | None = None
    kind: str | None = None
    site: str | None = None
    contiguous_with_bone: bool | None = None
    length_mm: float | None = None
    width_mm: float | None = None
    short_axis_mm: float | None = None
    spd_mm2: float | None = None
    n_lesions: int | None = None
    suv: float | None = None
    new: bool | None = None
    reported_day: int | None = None

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxicity:
    """An episode. `grade_at_least`: the lowest possible grade where only a bound is known (severe:
    3); then `grade` is None.
    """

    toxicity: str
    source: Source
    when: When = UNKNOWN_WHEN
    grade: int | None = None
    end: When = UNKNOWN_WHEN
    grade_at_least: int | None = None

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    condition: str
    # present | resolved | absent; unclear: the input says something of it that could not be read,
    # was only suspected or contradicts itself, so that what was known before no longer holds and
    # what holds now is unknown
    status: str
    source: Source
    when: When = UNKNOWN_WHEN
    grade: int | None = None
    end: When = UNKNOWN_WHEN
    attributed_to_myeloma: bool | None = None

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A statement of a clinician: goals of care, trials open, stored cells, lesion histology ..."""

    finding: str
    value: str
    source: Source
    when: When = UNKNOWN_WHEN
    by: str | None = None

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    when: When
    # myeloma | toxicity | infection | other | unknown; several, as stated, joined by "; "
    cause: str
    source: Source

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes one by one."""
        return tuple(self.cause.split("; "))

    @property
    def day(self) -> int | None:
        return self.when.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything known of one patient. Event tuples are in the order of the input.

    `set_aside` holds results that are there but could not be used (no unit, contradiction,
    unreadable): they are never read as values, but they stop an older value from being carried
    forward past them.
    """

    patient_id: str
    source: Source
    sex: str | None = None  # F | M
    birth_date: date | None = None
    birth_year: int | None = None
    day_zero: date | None = None
    diagnosis: When = UNKNOWN_WHEN
    heavy_chain: tuple[str, ...] = ()
    light_chain: str | None = None
    last_seen_day: int | None = None
    labs: tuple[Lab, ...] = ()
    set_aside: tuple[Lab, ...] = ()
    therapies: tuple[Therapy, ...] = ()
    infusions: tuple[Infusion, ...] = ()
    responses: tuple[ResponseStatement, ...] = ()
    refractoriness: tuple[RefractorinessStatement, ...] = ()
    variants: tuple[Variant, ...] = ()
    imaging: tuple[Imaging, ...] = ()
    toxicities: tuple[Toxicity, ...] = ()
    conditions: tuple[Condition, ...] = ()
    facts: tuple[Fact, ...] = ()
    deaths: tuple[Death, ...] = ()
    issues: tuple[Issue, ...] = field(default=())

    @property
    def diagnosis_day(self) -> int | None:
        """The day of the diagnosis where it is exact, else None."""
        return self.diagnosis.day

    def doubted(self) -> frozenset[tuple[str, str]]:
        """The rows (`Source.row`) of which the input check doubts a value that is used."""
        return frozenset(issue.source.row for issue in self.issues if issue.code in _DOUBTS)

    def death_since(self, day: int) -> Death | None:
        """The death that is not surely before `day`, also where its own day is not known; None
        where there is none.
        """
        return next((d for d in self.deaths if d.when.last is None or d.when.last >= day), None)

    def last_day(self) -> int | None:
        """The last day with any data (event, report or `last_seen_day`); None where no day is known
        at all.
        """
        days = [d for name in EVENT_FIELDS for e in getattr(self, name) for d in _days(e)]
        if self.last_seen_day is not None:
            days.append(self.last_seen_day)
        return max(days, default=None)

    def known_at(self, day: int) -> Record:
        """The record as it could be known on `day`: nothing dated or reported after it.

        Where the reporting day is unknown the sample day counts. Events whose day is unknown stay
        (their order may place them), but not a death when there are data after `day`: it comes
        after them. Events whose interval may end after `day` but begins on or before it stay; what
        ends later keeps its start and loses its end (of an interval its last day), together with
        what only the end could tell (best response, reason to stop, progression on it).
        """
        changes: dict[str, Any] = {
            name: tuple(_cut(e, day) for e in getattr(self, name) if _known(e, day))
            for name in EVENT_FIELDS
        }
        last = self.last_day()
        if last is not None and day < last:
            changes["deaths"] = tuple(
                d for d in changes["deaths"] if d.when.first is not None or d.when.last is not None
            )
        if self.last_seen_day is not None:
            changes["last_seen_day"] = min(self.last_seen_day, day)
        return replace(self, **changes)

    def of_test(self, *tests: str) -> list[Lab]:
        """Usable results of these tests with a known day, oldest first (same day: order of the
        input).
        """
        found = [x for x in self.labs if x.test in tests and x.day is not None]
        return sorted(found, key=lambda x: x.day or 0)

    def infused(self) -> list[Infusion]:
        """What was given (not what was only collected), by day, then by the order of the input.

        One without a day stands where its order words put it, else before those that have one: the
        last infusion is one with a day, unless it is known that another followed.
        """
        given = [x for x in self.infusions if x.infused is not False]
        days = [x.day for x in given if x.day is not None]
        return sorted(given, key=lambda x: _rank(x, max(days, default=None)))


def _rank(infusion: Infusion, last_day: int | None) -> tuple[int, float]:
    """Place among the infusions; `last_day` is the last of those that have a day."""
    when = infusion.when
    if when.day is not None:
        return 1, when.day
    if when.first is not None and last_day is not None and when.first > last_day:
        return 2, when.first
    return 0, math.inf if when.last is None else when.last


EVENT_FIELDS = (
    "labs", "set_aside", "therapies", "infusions", "responses", "refractoriness",
    "variants", "imaging", "toxicities", "conditions", "facts", "deaths",
)  # fmt: skip


def surely_after(row: Therapy, infusion: Infusion | None) -> bool:
    """Whether the row is known to follow this infusion, by day or by order."""
    if infusion is None:
        return False
    if row.after_infusion is not None:
        return row.after_infusion > 0
    return (
        row.start.first is not None and infusion.day is not None and row.start.first >= infusion.day
    )


def missing_line(rows: Iterable[Therapy], infusions: Sequence[Infusion]) -> int | None:
    """The first number of a line that is jumped over and that no infusion can hold; None where
    there is none. An infusion holds one number, and only in its place.
    """
    numbered = [(row.line, row) for row in rows if row.line is not None]
    numbers = {number for number, _ in numbered}
    free = list(infusions)
    for number in sorted(set(range(1, max(numbers, default=0) + 1)) - numbers):
        holder = next((x for x in free if _may_be_line(x, number, numbered)), None)
        if holder is None:
            return number
        free.remove(holder)
    return None


def _may_be_line(infusion: Infusion, number: int, numbered: Sequence[tuple[int, Therapy]]) -> bool:
    """Whether the infusion can stand between the lines below and above this number, as far as days
    and order tell.
    """
    own = [(line, row) for line, row in numbered if row.purpose != "bridging"]
    follows = any(
        infusion.when.before(row.start) is True or surely_after(row, infusion)
        for line, row in own
        if line < number
    )
    precedes = any(
        row.start.before(infusion.when) is True or row.after_infusion == 0
        for line, row in own
        if line > number
    )
    return not follows and not precedes


def _days(event: Any) -> Iterable[int]:
    when: When = event.when
    for d in (when.first, when.last, getattr(event, "reported_day", None)):
        if d is not None:
            yield d
    end: When | None = getattr(event, "end", None)
    if end is not None:
        yield from (d for d in (end.first, end.last) if d is not None)


def _known(event: Any, day: int) -> bool:
    first = event.when.first if event.when.first is not None else event.when.last
    reported = getattr(event, "reported_day", None)
    return (first is None or first <= day) and (reported is None or reported <= day)


def _cut(event: Any, day: int) -> Any:
    if isinstance(event, Infusion) and any(d > day for d in event.apheresis_days):
        return replace(event, apheresis_days=tuple(d for d in event.apheresis_days if d <= day))
    end: When | None = getattr(event, "end", None)
    if (
        end is None
        or (end.first is None and end.last is None)
        or (end.last if end.last is not None else end.first or 0) <= day
    ):
        return event
    # an end that may have been by then says neither that it lasts nor that it is over
    begun = end.first is not None and end.first <= day
    cut: dict[str, Any] = {"end": When(end.first, None) if begun else UNKNOWN_WHEN}
    if isinstance(event, Therapy):
        cut |= {"best_response": None, "stop_reason": None, "progression_on": None}
    return replace(event, **cut)
