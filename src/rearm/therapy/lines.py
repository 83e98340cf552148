"""Lines of therapy from regimen rows.

A line is one planned course: induction, transplant, consolidation and maintenance together
(Rajkumar et al., Blood 2015;126:921-922). A new line begins when other agents are taken in for
progression, relapse or toxicity, or when treatment is needed again after a planned pause. Bridging
and lymphodepletion belong to their CAR-T infusion, which is a line of its own; a split dose is one.
Rows without a line
number that begin within a few weeks are the drugs of one regimen. Where the rows do not tell
whether a line begins, both counts are given.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rearm.knowledge.bundle import bundled
from rearm.knowledge.split_dose import split_infusion_days
from rearm.record import (
    Infusion,
    Record,
    Source,
    Therapy,
    When,
    last_apheresis,
    split_doses,
)
from rearm.therapy.anti_myeloma import stop_reason, treats_myeloma

__all__ = [
    "Line",
    "PriorLines",
    "bridges_to_infusion",
    "infusion_doses",
    "lines",
    "prior_lines",
    "rows_outside_lines",
]

_WITH_INFUSION = frozenset({"bridging", "lymphodepletion"})
# Planned to follow: these go on with a line as long as there was no progression. Radiotherapy and
# mobilisation start none.
_CONTINUES = frozenset(
    {"transplant", "consolidation", "maintenance", "mobilisation", "radiotherapy"}
)
_CAR_T_RULE = (
    "CAR-T is a separate line, together with its bridging, lymphodepletion and planned maintenance"
)
_STARTS_NONE = frozenset({"mobilisation", "radiotherapy"})
# Drugs whose first days lie no further apart belong to one regimen, unless one was stopped for
# another: about one cycle.
_FEW_WEEKS = 28
# From the collection to the infusion of cells, where only the infusion is known.
_WEEKS_OF_MAKING = 60
# A treatment resumed, or a transplant, after a longer pause may be needed anew or be planned.
_LONG_PAUSE = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line. `number` counts all lines from 1, CAR-T included; `stated` is the number in the
    input, where there is one.

    `rule` says in words why the line began and why its rows are one; `rows` of a CAR-T line are
    those kept with it, `doses` those of a split infusion, of which `infusion` is the first.
    `fewest` and `most` are the lines that its rows may be by themselves: 0 of a line that may go on
    with the one before it, 2 of one that may hold another.
    """

    number: int
    stated: int | None
    rows: tuple[Therapy, ...]
    infusion: Infusion | None
    rule: str
    fewest: int = 1
    most: int = 1
    doses: tuple[Infusion, ...] = ()

    @property
    def start(self) -> When:
        """First day: of the infusion for CAR-T, else of the earliest row; unknown where a row's day
        is unknown and may be the earliest.
        """
        if self.infusion is not None:
            return self.infusion.when
        return min((r.start for r in self.rows if r.start != When()), key=_when_key, default=When())

    @property
    def end(self) -> When:
        """Last day of the latest row; the day of infusion for CAR-T. Unknown where the latest row
        has no end.
        """
        if self.infusion is not None:
            return self.infusion.when
        return max(self.rows, key=lambda r: _when_key(r.start)).end

    @property
    def agents(self) -> tuple[str, ...]:
        """Agents of the line in order of use; those of bridging and lymphodepletion are not agents
        of the CAR-T line.
        """
        return (
            ()
            if self.infusion is not None
            else tuple(dict.fromkeys(a for r in self.rows for a in r.agents))
        )

    @property
    def sources(self) -> tuple[Source, ...]:
        """Rows of the input that the line rests on."""
        return (*(dose.source for dose in self.doses), *(r.source for r in self.rows))


@dataclass(frozen=True, slots=True)
class PriorLines:
    """Lines begun before a day: `certain`, and those whose order is not known. `possible` are of
    medication that may treat the myeloma and belongs to none of them.

    `fewest` and `most` bound the number of lines. `count` is None without any line, and where the
    bounds differ.
    """

    certain: tuple[Line, ...]
    uncertain: tuple[Line, ...]
    possible: tuple[Line, ...] = ()

    @property
    def fewest(self) -> int:
        return max(sum(x.fewest for x in self.certain), 1 if self.certain else 0)

    @property
    def most(self) -> int:
        return sum(x.most for x in (*self.certain, *self.uncertain, *self.possible))

    @property
    def count(self) -> int | None:
        return self.fewest if self.certain and self.fewest == self.most else None


def lines(record: Record) -> tuple[Line, ...]:
    """All lines in order, each with its rule and its rows.

    Line numbers in the input win. Rows without a number are read in order of their days (without
    days: of the input). No rows: no lines, which means that nothing is known of them. A product
    that was collected and never infused makes no line; bridging towards it does. Medication that
    does not treat myeloma makes none; where that is not known, see `PriorLines.possible`.
    """
    return _all_lines(record)[0]


def infusion_doses(record: Record) -> list[list[Infusion]]:
    """What was infused, the doses of a split infusion together, by the usual days of one."""
    return split_doses(record.infused(), split_infusion_days(), bundled().lexicon.products)


_Lines = tuple[tuple[Line, ...], tuple[Line, ...]]
# of the record that was asked for last: a patient is read from several sides in a row
_LAST: list[tuple[Record, _Lines]] = []


def _all_lines(record: Record) -> _Lines:
    """The lines, and those that medication would make of which it is not known whether it treats
    the myeloma.
    """
    for last, found in _LAST:
        if last is record:
            return found
    found = _read_lines(record)
    _LAST[:] = [(record, found)]
    return found


def _read_lines(record: Record) -> _Lines:
    infused = record.infused()
    split = infusion_doses(record)
    first_dose = {id(dose): doses[0] for doses in split for dose in doses}
    kept_with: dict[int, Infusion] = {}  # rows that belong to an infusion, by their identity
    treatments: list[Therapy] = []
    perhaps: list[Therapy] = []
    for row in record.therapies:
        maintained = _maintains(row, record, infused)
        attached = _infusion_of(row, infused) if row.purpose in _WITH_INFUSION else None
        infusion = maintained or attached
        if infusion is not None:
            kept_with[id(row)] = first_dose[id(infusion)]
        if maintained is None and not _attached(row, record, infused):
            treats = treats_myeloma(row)
            if treats:
                treatments.append(row)
            elif treats is None and not _steroid_after_infusion(row, record, infused):
                perhaps.append(row)
    found = _numbered(treatments)
    unnumbered = [row for row in treatments if row.line is None]
    found = _in_order([*found, *_unnumbered(unnumbered, found, record, infused)])
    apart = [row for row in perhaps if not _taken_in(row, found, record, infused)]
    possible = _unnumbered(apart, [], record, infused)
    position = 1
    for doses in split:
        rows = [r for r in record.therapies if kept_with.get(id(r)) is doses[0]]
        after = (k for k, line in enumerate(found) if _after(line, doses[0], position))
        car_t = _GrowingLine(rows=rows, rule=_CAR_T_RULE, doses=tuple(doses))
        if doses[0].perhaps_given:
            car_t.fewest = 0
        found.insert(next(after, len(found)), car_t)
        position += len(doses)
    return _settled(found), _settled(possible)


def _settled(found: Iterable[_GrowingLine]) -> tuple[Line, ...]:
    return tuple(
        Line(
            number=n,
            stated=x.stated,
            rows=tuple(x.rows),
            infusion=x.infusion,
            rule=x.rule,
            fewest=x.fewest,
            most=x.most,
            doses=x.doses,
        )
        for n, x in enumerate(found, start=1)
    )


def _steroid_after_infusion(row: Therapy, record: Record, infused: Sequence[Infusion]) -> bool:
    """Steroids alone after cells and before a progression treat the toxicity of the cells."""
    if row.unread or not row.agents or row.start == When():
        return False
    before = [x.when for x in infused if not _surely(row.start.before(x.when))]
    if not before:
        return False
    pd = [x.when for x in record.responses if x.response == "PD"]
    return not any(
        before[-1].before(day) is not False and day.before(row.start) is not False for day in pd
    )


def _surely(answer: bool | None) -> bool:
    return answer is True


def _numbered(treatments: Iterable[Therapy]) -> list[_GrowingLine]:
    """The lines that the input numbers, in the order of their numbers."""
    stated: dict[int, list[Therapy]] = {}
    for row in treatments:
        if row.line is not None:
            stated.setdefault(row.line, []).append(row)
    rule = "the input gives these rows the same line number"
    return [_GrowingLine(rows=stated[n], rule=rule, stated=n) for n in sorted(stated)]


def prior_lines(
    record: Record, before_day: int, every: tuple[Line, ...] | None = None
) -> PriorLines:
    """Lines begun before a day, CAR-T among them. A line without days counts where its order or a
    later dated line places it before. `every`: the lines of the record where they are known.
    """
    certain: list[Line] = []
    uncertain: list[Line] = []
    made, possible = _all_lines(record)
    found = made if every is None else every
    for k, line in enumerate(found):
        order = line.start.before(When.on(before_day))
        if order is None and any(
            later.start.before(When.on(before_day)) is True for later in found[k + 1 :]
        ):
            order = True
        if order is None and line.start == When():
            order = _placed_by_infusion(line, record, before_day)
        if order is True:
            certain.append(line)
        elif order is None:
            uncertain.append(line)
    begun = When.on(before_day)
    open_ones = tuple(x for x in possible if x.start.before(begun) is not False)
    return PriorLines(tuple(certain), tuple(uncertain), open_ones)


def rows_outside_lines(record: Record) -> tuple[Therapy, ...]:
    """Rows that belong to no line: support, treatment of toxicity, bridging where no infusion is
    recorded.
    """
    inside = {id(r) for line in lines(record) for r in line.rows}
    return tuple(r for r in record.therapies if id(r) not in inside)


def bridges_to_infusion(record: Record, row: Therapy) -> bool:
    """Whether the row is bridging towards an infusion with a day, of whose line it is a part. False
    for bridging that no infusion follows: then it was the treatment; and where the infusion has no
    day: then the bridging tells best when the line began.
    """
    if row.purpose != "bridging":
        return False
    infusion = _infusion_of(row, record.infused())
    return infusion is not None and infusion.day is not None


@dataclass(slots=True, kw_only=True)
class _GrowingLine:
    """A line to which rows are still added."""

    rows: list[Therapy]
    rule: str
    stated: int | None = None
    doses: tuple[Infusion, ...] = ()
    fewest: int = 1
    most: int = 1

    @property
    def infusion(self) -> Infusion | None:
        return self.doses[0] if self.doses else None

    def first(self) -> float:
        return min((_when_key(r.start) for r in self.rows), default=math.inf)


def _when_key(when: When) -> float:
    day = when.first if when.first is not None else when.last
    return math.inf if day is None else day


def _attached(row: Therapy, record: Record, infused: Sequence[Infusion]) -> bool:
    """Bridging and lymphodepletion make no line, save bridging towards a product that was never
    given: that was the treatment.
    """
    if row.purpose not in _WITH_INFUSION:
        return False
    never_given = (
        any(x.infused is False for x in record.infusions) and _infusion_of(row, infused) is None
    )
    return not (row.purpose == "bridging" and never_given)


def _infusion_of(row: Therapy, infused: Sequence[Infusion]) -> Infusion | None:
    """The next infusion after the row: by day, by `after_infusion`, or the only one."""
    if row.after_infusion is not None:
        return infused[row.after_infusion] if row.after_infusion < len(infused) else None
    if row.start == When():
        return infused[0] if len(infused) == 1 else None
    return (
        next(
            (x for x in infused if x.when.before(row.start) is not True and x.when != row.start),
            None,
        )
        if infused
        else None
    )


def _maintains(row: Therapy, record: Record, infused: Sequence[Infusion]) -> Infusion | None:
    """The infusion that a consolidation or maintenance directly follows: no other treatment and no
    progression in between, no number.
    """
    if (
        row.purpose not in ("consolidation", "maintenance")
        or row.line is not None
        or row.start.day is None
    ):
        return None
    before = [x for x in infused if x.when.before(row.start) is True]
    if not before:
        return None
    infusion = before[-1]
    other = [
        r.start
        for r in record.therapies
        if r.purpose not in (*_WITH_INFUSION, "consolidation", "maintenance") and treats_myeloma(r)
    ]
    between = [*other, *(x.when for x in record.responses if x.response == "PD")]
    return (
        None
        if any(infusion.when.before(w) is True and w.before(row.start) is True for w in between)
        else infusion
    )


def _unnumbered(
    rows: Iterable[Therapy],
    numbered: list[_GrowingLine],
    record: Record,
    infused: Sequence[Infusion],
) -> list[_GrowingLine]:
    """Lines of rows without a number. A continuing row (transplant, maintenance) joins the numbered
    line it follows by its day.
    """
    new: list[_GrowingLine] = []
    for row in sorted(rows, key=lambda r: _when_key(r.start)):
        current = _current(row, numbered, new)
        bridging = _may_bridge(row, infused)
        if current is None:
            rule = "a new line: the first treatment recorded"
            new.append(_GrowingLine(rows=[row], rule=rule, fewest=0 if bridging else 1))
            continue
        begin = _beginning(row, current, record, infused)
        if not begin.new or row.purpose in _STARTS_NONE:
            current.rows.append(row)
            if current.stated is None:
                current.rule = "a planned course without progression: one line"
            if begin.unsure and row.purpose not in _STARTS_NONE:
                current.most += 1
        else:
            line = _GrowingLine(rows=[row], rule=f"a new line: {begin.why}")
            line.fewest = 0 if begin.unsure or bridging else 1
            new.append(line)
    return new


def _may_bridge(row: Therapy, infused: Sequence[Infusion]) -> bool:
    """Whether a row of which no purpose is known may have bridged to an infusion: begun after the
    cells were collected, or where that day is unknown in the weeks in which they are made.
    """
    if row.purpose is not None or row.line is not None or row.start.first is None:
        return False
    infusion = _infusion_of(row, infused)
    if infusion is None or infusion.day is None:
        return False
    collected = last_apheresis([infusion], infusion.day)
    if collected is not None and collected.first is not None:
        return row.start.first >= collected.first
    return infusion.day - row.start.first <= _WEEKS_OF_MAKING


def _current(
    row: Therapy, numbered: Sequence[_GrowingLine], new: Sequence[_GrowingLine]
) -> _GrowingLine | None:
    """The line that was begun last before the row."""
    earlier = (
        [d for d in (*numbered, *new) if d.first() <= _when_key(row.start)]
        if row.start != When()
        else new[-1:]
    )
    return max(earlier, key=lambda d: d.first(), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beginning:
    """Whether a row begins a new line, and why. `unsure`: it may as well be the other way."""

    new: bool
    why: str = ""
    unsure: bool = False


_GOES_ON = _Beginning(new=False)


def _beginning(
    row: Therapy, current: _GrowingLine, record: Record, infused: Sequence[Infusion]
) -> _Beginning:
    """Whether this row begins a new line or goes on with the current one."""
    if why := _separated(row, current, record, infused):
        return _Beginning(new=True, why=why)
    together = _begun_together(row, current)
    if together:
        return _GOES_ON
    stopped = _stopped_before(row, current)
    if stopped in ("progression", "no_response"):
        return _Beginning(new=True, why=_WHY_STOPPED[stopped])
    # a holiday, or agents left out: no other agent was taken in
    before = {a for r in current.rows for a in r.agents}
    other = {a for a in row.agents if a not in before and _counts_alone(a)}
    same_agents = bool(row.agents) and not other
    if stopped == "toxicity":
        why = _WHY_STOPPED[stopped]
        return _Beginning(new=True, why=why, unsure=same_agents)
    if row.purpose in _CONTINUES or same_agents:
        return _Beginning(new=False, unsure=_long_pause(row, current))
    unsure = together is None or _run_together(row, current) or _after_transplant(row, current)
    why = "other agents were started; the reason is not recorded"
    return _Beginning(new=True, why=why, unsure=unsure)


_WHY_STOPPED = {
    "progression": "the disease progressed on the previous treatment",
    "no_response": "the previous treatment brought no response",
    "toxicity": "the treatment was changed for toxicity",
}


def _separated(
    row: Therapy, current: _GrowingLine, record: Record, infused: Sequence[Infusion]
) -> str | None:
    """What lies between the current line and the row and ends every line, in words."""
    last = current.rows[-1]
    if any(last.start.before(x.when) is True and x.when.before(row.start) is True for x in infused):
        return "CAR-T was given before it"
    orders = (last.after_infusion, row.after_infusion)
    if None not in orders and orders[0] != orders[1]:
        return "CAR-T was given before it"
    progressed = [r for r in current.rows if r.progression_on is True or r.best_response == "PD"]
    if any(not _same_time(r, row) for r in progressed):
        return "the disease progressed on the previous treatment"
    if any(_between(last, x.when, row) for x in record.responses if x.response == "PD"):
        return "progression is recorded between it and the previous treatment"
    return None


def _same_time(earlier: Therapy, row: Therapy) -> bool:
    """Whether the row surely began before the earlier one had ended, so that what is recorded of
    its end came after the row.
    """
    return _apart(earlier.start, row.start)[1] <= _FEW_WEEKS and not (
        earlier.end.last is not None
        and row.start.first is not None
        and earlier.end.last <= row.start.first
    )


def _apart(a: When, b: When) -> tuple[float, float]:
    """The least and the most days that may lie between two first days."""
    if a == b and a != When():
        return 0.0, 0.0  # one stretch of time as it was written: the drugs of one regimen
    ends = [math.inf if d is None else d for d in (a.last, b.last)]
    starts = [-math.inf if d is None else d for d in (a.first, b.first)]
    least = max(0.0, starts[0] - ends[1], starts[1] - ends[0])
    return least, max(ends[0] - starts[1], ends[1] - starts[0])


def _begun_together(row: Therapy, current: _GrowingLine) -> bool | None:
    """Whether the row began within a few weeks of a drug of the line; None where the days do not
    tell. A drug stopped for another is not given with it.
    """
    if row.purpose == "transplant":
        return False
    answers: set[bool | None] = set()
    for drug in current.rows:
        if drug.purpose in _CONTINUES - {"consolidation", "maintenance"}:
            continue
        least, most = _apart(drug.start, row.start)
        near = True if most <= _FEW_WEEKS else False if least > _FEW_WEEKS else None
        answers.add(near if near is False or not _stopped(drug, row) else False)
    return True if True in answers else None if None in answers else False


def _stopped(drug: Therapy, row: Therapy) -> bool:
    """Whether the drug was stopped, for a reason that begins a new line, before the row began."""
    if stop_reason(drug) is None:
        return False
    return drug.end.last is None or row.start.first is None or drug.end.last <= row.start.first


def _stopped_before(row: Therapy, current: _GrowingLine) -> str | None:
    """Why the last row of the line was stopped before this one began."""
    last = current.rows[-1]
    return stop_reason(last) if _stopped(last, row) else None


def _counts_alone(agent: str) -> bool:
    """Whether taking in the agent alone changes a regimen: a steroid does not."""
    return bundled().lexicon.treats_myeloma(agent) is True


def _last_day(current: _GrowingLine) -> int | None:
    """The last day of the line; None where any of its rows has no end."""
    ends = [r.end.last for r in current.rows]
    known = [d for d in ends if d is not None]
    return max(known) if known and len(known) == len(ends) else None


def _long_pause(row: Therapy, current: _GrowingLine) -> bool:
    last, first = _last_day(current), row.start.first
    return last is not None and first is not None and first - last > _LONG_PAUSE


def _run_together(row: Therapy, current: _GrowingLine) -> bool:
    """Whether both were given side by side for more than the weeks of a change: the row may have
    been planned.
    """
    first = row.start.last
    ends = [r.end.first for r in current.rows if r.end.first is not None]
    return first is not None and any(end - first > _FEW_WEEKS for end in ends)


def _after_transplant(row: Therapy, current: _GrowingLine) -> bool:
    """Whether a transplant of the line came within the year before: the row may be its planned
    consolidation or maintenance.
    """
    transplants = [r.start for r in current.rows if r.purpose == "transplant"]
    return row.purpose is None and any(_apart(x, row.start)[0] <= _LONG_PAUSE for x in transplants)


def _taken_in(
    row: Therapy, found: Sequence[_GrowingLine], record: Record, infused: Sequence[Infusion]
) -> bool:
    """Whether medication that tells nothing by itself was given within a line, as dexamethasone
    with bortezomib: then it is a part of it.
    """
    for line in found:
        if _separated(row, line, record, infused):
            continue
        end = _last_day(line)
        first = row.start.first
        inside = end is not None and first is not None and line.first() <= first <= end
        if inside or _begun_together(row, line):
            line.rows.append(row)
            line.rows.sort(key=lambda r: _when_key(r.start))
            return True
    return False


def _between(earlier: Therapy, when: When, row: Therapy) -> bool:
    """After the start of the one, and perhaps before that of the other."""
    return earlier.start.before(when) is True and when.before(row.start) is not False


def _in_order(lines: list[_GrowingLine]) -> list[_GrowingLine]:
    """Numbered lines keep the order of their numbers; the others go before the first numbered line
    that begins later.
    """
    ordered = [d for d in lines if d.stated is not None]
    for line in (d for d in lines if d.stated is None):
        place = next(
            (k for k, other in enumerate(ordered) if math.inf > other.first() > line.first()),
            len(ordered),
        )
        ordered.insert(place, line)
    return ordered


def _after(line: _GrowingLine, infusion: Infusion, position: int) -> bool:
    """Whether a line follows the infusion with this number. A line of which nothing is known stands
    before the first infusion.
    """
    if line.infusion is not None:
        return False
    first = line.rows[0]
    if first.after_infusion is not None:
        return first.after_infusion >= position
    return infusion.day is not None and math.inf > line.first() >= infusion.day


def _placed_by_infusion(line: Line, record: Record, before_day: int) -> bool | None:
    """Order of an undated line against a day, from the infusion that it is known to follow or
    precede.
    """
    after = line.rows[0].after_infusion if line.rows else None
    infused = record.infused()
    if after is None:
        return None
    if after < len(infused) and (day := infused[after].day) is not None and day <= before_day:
        return True
    previous = infused[after - 1].day if 0 < after <= len(infused) else None
    return False if previous is not None and previous >= before_day else None
