"""Lines of therapy from regimen rows.

A line is one planned course: induction, transplant, consolidation and maintenance together
(Rajkumar et al., Blood 2015;126:921-922). A new line begins when other agents are taken in for
progression, relapse or toxicity, or when treatment is needed again after a planned pause. Bridging
and lymphodepletion belong to their CAR-T infusion, which is a line of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rearm.record import Infusion, Record, Source, Therapy, When

__all__ = ["Line", "PriorLines", "lines", "prior_lines", "rows_outside_lines"]

_WITH_INFUSION = frozenset({"bridging", "lymphodepletion"})
_NO_LINE = frozenset({"supportive", "toxicity_management"})
# Planned to follow: these go on with a line as long as there was no progression. Radiotherapy and
# mobilisation start none.
_CONTINUES = frozenset(
    {"transplant", "consolidation", "maintenance", "mobilisation", "radiotherapy"}
)
_CAR_T_RULE = (
    "CAR-T is a line of its own; its bridging, lymphodepletion and planned maintenance are kept"
    " with it"
)
_STARTS_NONE = frozenset({"mobilisation", "radiotherapy"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line. `number` counts all lines from 1, CAR-T included; `stated` is the number in the
    input, where there is one.

    `rule` says in words why the line began and why its rows are one; `rows` of a CAR-T line are
    those kept with it.
    """

    number: int
    stated: int | None
    rows: tuple[Therapy, ...]
    infusion: Infusion | None
    rule: str

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
        own = () if self.infusion is None else (self.infusion.source,)
        return (*own, *(r.source for r in self.rows))


@dataclass(frozen=True, slots=True)
class PriorLines:
    """Lines begun before a day: `certain`, and those whose order is not known. `count` is None
    without any line or with uncertain ones.
    """

    certain: tuple[Line, ...]
    uncertain: tuple[Line, ...]

    @property
    def count(self) -> int | None:
        return len(self.certain) if self.certain and not self.uncertain else None


def lines(record: Record) -> tuple[Line, ...]:
    """All lines in order, each with its rule and its rows.

    Line numbers in the input win. Rows without a number are read in order of their days (without
    days: of the input). No rows: no lines, which means that nothing is known of them. A product
    that was collected and never infused makes no line; bridging towards it does.
    """
    infused = record.infused()
    kept_with: dict[int, Infusion] = {}  # rows that belong to an infusion, by their identity
    treatments: list[Therapy] = []
    for row in record.therapies:
        maintained = _maintains(row, record, infused)
        attached = _infusion_of(row, infused) if row.purpose in _WITH_INFUSION else None
        infusion = maintained or attached
        if infusion is not None:
            kept_with[id(row)] = infusion
        if maintained is None and _makes_a_line(row, record, infused):
            treatments.append(row)
    found = _numbered(treatments)
    unnumbered = [row for row in treatments if row.line is None]
    found = _in_order([*found, *_unnumbered(unnumbered, found, record, infused)])
    for position, infusion in enumerate(infused, start=1):
        rows = [r for r in record.therapies if kept_with.get(id(r)) is infusion]
        after = (k for k, line in enumerate(found) if _after(line, infusion, position))
        car_t = _GrowingLine(rows=rows, rule=_CAR_T_RULE, infusion=infusion)
        found.insert(next(after, len(found)), car_t)
    return tuple(
        Line(number=n, stated=x.stated, rows=tuple(x.rows), infusion=x.infusion, rule=x.rule)
        for n, x in enumerate(found, start=1)
    )


def _makes_a_line(row: Therapy, record: Record, infused: Sequence[Infusion]) -> bool:
    """Is the row a treatment of its own?"""
    return row.purpose not in _NO_LINE and not _attached(row, record, infused)


def _numbered(treatments: Iterable[Therapy]) -> list[_GrowingLine]:
    """The lines that the input numbers, in the order of their numbers."""
    stated: dict[int, list[Therapy]] = {}
    for row in treatments:
        if row.line is not None:
            stated.setdefault(row.line, []).append(row)
    rule = "the input gives these rows one line number"
    return [_GrowingLine(rows=stated[n], rule=rule, stated=n) for n in sorted(stated)]


def prior_lines(
    record: Record, before_day: int, every: tuple[Line, ...] | None = None
) -> PriorLines:
    """Lines begun before a day, CAR-T among them. A line without days counts where its order or a
    later dated line places it before. `every`: the lines of the record where they are known.
    """
    certain: list[Line] = []
    uncertain: list[Line] = []
    found = lines(record) if every is None else every
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
    return PriorLines(tuple(certain), tuple(uncertain))


def rows_outside_lines(record: Record) -> tuple[Therapy, ...]:
    """Rows that belong to no line: support, treatment of toxicity, bridging where no infusion is
    recorded.
    """
    inside = {id(r) for line in lines(record) for r in line.rows}
    return tuple(r for r in record.therapies if id(r) not in inside)


@dataclass(slots=True, kw_only=True)
class _GrowingLine:
    """A line to which rows are still added."""

    rows: list[Therapy]
    rule: str
    stated: int | None = None
    infusion: Infusion | None = None

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
        if r.purpose not in (*_NO_LINE, *_WITH_INFUSION, "consolidation", "maintenance")
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
        earlier = (
            [d for d in (*numbered, *new) if d.first() <= _when_key(row.start)]
            if row.start != When()
            else new[-1:]
        )
        current = max(earlier, key=lambda d: d.first(), default=None)
        why = None if current is None else _why_new(row, current, record, infused)
        if current is not None and why is None:
            current.rows.append(row)
            if current.stated is None:
                current.rule = "a planned course without progression: one line"
        elif row.purpose in _STARTS_NONE and current is not None:
            current.rows.append(row)
        else:
            rule = f"a new line: {why or 'the first treatment recorded'}"
            new.append(_GrowingLine(rows=[row], rule=rule))
    return new


def _why_new(
    row: Therapy, current: _GrowingLine, record: Record, infused: Sequence[Infusion]
) -> str | None:
    """Why this row begins a new line, in words; None where it goes on with the current one."""
    last = current.rows[-1]
    if any(last.start.before(x.when) is True and x.when.before(row.start) is True for x in infused):
        return "CAR-T was given before it"
    if last.progression_on is True or last.best_response == "PD":
        return "there was progression on the treatment before it"
    if any(_between(last, x.when, row) for x in record.responses if x.response == "PD"):
        return "progression is recorded between it and the treatment before it"
    before = {a for r in current.rows for a in r.agents}
    # a holiday, or agents left out: no other agent was taken in
    same_agents = bool(row.agents) and set(row.agents) <= before
    if row.purpose in _CONTINUES or same_agents:
        return None
    if last.stop_reason and "tox" in last.stop_reason.casefold():
        return "the treatment was changed for toxicity"
    return "other agents were taken in; the reason is not recorded"


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
