"""What was the disease exposed to, and what is it refractory to: two questions, each answered as
stated and as computed.

Exposed: the agent was given against the myeloma (bridging counts, lymphodepletion and support do
not). Refractory: progression on it or
within 60 days of its last dose (Rajkumar et al., Blood 2011;117:4691-4695). CAR-T has a time to
progression and no refractoriness.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from rearm.knowledge.agents import (
    agent_class,
    agents_of_class,
    find_agent,
    find_class,
    load_agents,
    load_products,
)
from rearm.record import Infusion, Record, RefractorinessStatement, Source, Therapy
from rearm.therapy.exposure_rows import (
    NOT_AGAINST_MYELOMA,
    given_by,
    nothing_named,
    product_id,
    product_targets,
    readings,
    surely_after,
)
from rearm.therapy.lines import Line, lines

__all__ = ["NO_PRIOR_LINES", "WITHIN_DAYS", "Answer", "Exposure", "TransplantInterval", "exposure"]

WITHIN_DAYS = (
    60  # progression this many days after the last dose still counts as refractory (IMWG 2011)
)
_NO_PRIOR_LINE = NOT_AGAINST_MYELOMA | {"bridging", "radiotherapy", "mobilisation"}
NO_PRIOR_LINES = "no prior lines are recorded"
_STATUS_ORDER = (
    "not_exposed",
    "exposed",
    "refractory",
)  # a state only goes up, so the highest one stated stands
_PLAN = (
    "transplant",
    "consolidation",
    "maintenance",
)  # in the order in which they follow an induction
_TRIPLE = ("proteasome inhibitor", "IMiD", "anti-CD38")
_PENTA = ("bortezomib", "carfilzomib", "lenalidomide", "pomalidomide")


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` is what to use; `stated` what the centre says, `computed` what the rows say, kept
    side by side. None is unknown.
    """

    value: bool | None
    stated: str | None = None
    computed: bool | None = None
    sources: tuple[Source, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class TransplantInterval:
    """Days from a transplant to progression, the rows it rests on, and why it is unknown where
    `days` is None.
    """

    days: int | None
    sources: tuple[Source, ...]
    note: str


def exposure(record: Record, *, until: int | None = None) -> Exposure:
    """Exposure and refractoriness of a record, up to and including day `until` (None: all that is
    recorded).

    With `until`, rows without a day count only where order places them before it; where order is
    open they make a "no" unknown.
    """
    return Exposure(record, until)


class Exposure:
    """Answers by agent, class and target. Ask with ids of the lexicon; an id or class that is not
    listed raises KeyError.
    """

    def __init__(self, record: Record, until: int | None = None) -> None:
        self.record = record if until is None else record.known_at(until)
        self.rows: list[Therapy] = []  # against myeloma, given by `until`
        self.unplaced: list[Therapy] = []  # whether by `until` is not known
        for row in self.record.therapies:
            if row.purpose in NOT_AGAINST_MYELOMA:
                continue
            placed = True if until is None else given_by(row, record, until)
            if placed is not False:
                (self.rows if placed else self.unplaced).append(row)
        self.infusions = [x for x in self.record.infused() if until is None or x.day is not None]
        self._answers: dict[str, Answer] = {}

    # -- exposure
    # ----------------

    def agent(self, agent_id: str) -> Answer:
        """Whether the agent (or CAR-T product) was given. False only with prior lines recorded and
        every regimen read.
        """
        if agent_id in load_products():
            return self._infused(
                lambda x: product_id(x) == agent_id,
                lambda x: product_id(x) is None,
                f"no infusion of {agent_id}",
            )
        _check_agent(agent_id)
        if agent_id not in self._answers:
            self._answers[agent_id] = self._given(agent_id)
        return self._answers[agent_id]

    def _given(self, agent_id: str) -> Answer:
        rows = self._rows_of(agent_id)
        certain = [
            (r, text) for r, text, sets in self._unread if sets and all(agent_id in c for c in sets)
        ]
        why_open = self._why_open({agent_id})
        if rows or certain:
            computed: bool | None = True
        else:
            computed = False if why_open is None else None
        note = (
            f"in every reading of '{certain[0][1]}'"
            if certain and not rows
            else ""
            if computed is not None
            else why_open or ""
        )
        stated, statements = self._stated_status(agent_id)
        if stated is None and (by_class := self._class_not_exposed(agent_id)) is not None:
            stated, statements = "not_exposed", [by_class]
        sources = _sources([*rows, *(r for r, _ in certain), *statements])
        return _exposed(
            stated, None if stated is None else stated != "not_exposed", computed, sources, note
        )

    def cls(self, name: str) -> Answer:
        """Whether any agent of the class was given; a CAR-T against the same target counts for
        `anti-BCMA` and the like.
        """
        _, answers = self._members(name)
        own, statements = self._stated_status(_check_class(name))
        if target := _target_of_class(name):
            answers.append(self.target(target, kind="car-t"))
        computed = _any(a.computed for a in answers)
        positive = [a for a in answers if a.value is True]
        stated = own
        if stated is None and any(a.stated in ("exposed", "refractory") for a in positive):
            stated = "exposed"
        sources = tuple(
            dict.fromkeys((*_sources(statements), *(s for a in positive for s in a.sources)))
        )
        note = (
            next((a.note for a in positive or answers if a.note), "")
            if computed is not False
            else ""
        )
        return _exposed(
            stated, None if stated is None else stated != "not_exposed", computed, sources, note
        )

    def target(self, name: str, kind: str | None = None) -> Answer:
        """Whether anything against this tumour antigen was given; `kind` narrows it: bispecific,
        trispecific, adc, antibody, car-t.
        """
        answers: list[Answer] = []
        if kind in (None, "car-t"):
            answers.append(
                self._infused(
                    lambda x: name in product_targets(x),
                    lambda x: not product_targets(x),
                    f"no infusion against {name}",
                )
            )
        if kind != "car-t":
            answers.extend(
                self.agent(a.id)
                for a in load_agents().values()
                if name in a.targets and kind in (None, a.kind)
            )
        positive = [a for a in answers if a.value is True]
        value = _any(a.value for a in answers)
        sources = tuple(dict.fromkeys(s for a in positive for s in a.sources))
        note = "" if value is not None else next((a.note for a in answers if a.value is None), "")
        return Answer(value, None, _any(a.computed for a in answers), sources, note)

    # -- refractoriness
    # ----------------

    def refractory_agent(self, agent_id: str) -> Answer:
        """Whether the disease is refractory to the agent: as stated where stated, else as computed.
        Not exposed is not refractory.
        """
        if agent_id in load_products():
            return Answer(None, note="CAR-T has a time to progression, not refractoriness")
        _check_agent(agent_id)
        rows = self._rows_of(agent_id)
        verdicts = [(r, self._progressed(r)) for r in rows]
        exposed = self.agent(agent_id)
        if any(v for _, v in verdicts):
            computed: bool | None = True
        elif exposed.computed is False:
            computed = False
        else:
            closed = (
                bool(verdicts)
                and all(v is False for _, v in verdicts)
                and self._why_open({agent_id}) is None
            )
            computed = False if closed else None
        stated, statements = self._stated_status(agent_id)
        note = ""
        if stated is None:
            stated, statements, note = self._from_class(agent_id)
        decisive = [r for r, v in verdicts if v] or rows
        return _refractory(
            stated,
            None if stated is None else stated == "refractory",
            computed,
            _sources([*decisive, *statements]),
            note,
        )

    def refractory_cls(self, name: str) -> Answer:
        """Whether the disease is refractory to an agent of the class. A statement about an agent
        speaks for its class too.
        """
        members, _ = self._members(name)
        own, statements = self._stated_status(_check_class(name))
        answers = [self.refractory_agent(m) for m in members]
        computed = _any(a.computed for a in answers)
        stated = own
        if stated is None:
            said = {m: self._stated_status(m) for m in members}
            spoken = {m: s for m, s in said.items() if s[0] is not None}
            if any(s[0] == "refractory" for s in spoken.values()):
                stated = "refractory"
                statements = [x for s in spoken.values() if s[0] == "refractory" for x in s[1]]
            elif spoken and all(m in spoken or self.agent(m).computed is False for m in members):
                stated = (
                    "exposed" if any(s[0] == "exposed" for s in spoken.values()) else "not_exposed"
                )
                statements = [x for s in spoken.values() for x in s[1]]
        sources = tuple(
            dict.fromkeys(
                (*_sources(statements), *(s for a in answers if a.computed for s in a.sources))
            )
        )
        return _refractory(
            stated, None if stated is None else stated == "refractory", computed, sources, ""
        )

    # -- groups of classes
    # ----------------

    def triple_class_exposed(self) -> Answer:
        """A proteasome inhibitor, an IMiD and an anti-CD38 antibody were given."""
        return _all([self.cls(c) for c in _TRIPLE])

    def triple_class_refractory(self) -> Answer:
        """Refractory to a proteasome inhibitor, an IMiD and an anti-CD38 antibody."""
        return _all([self.refractory_cls(c) for c in _TRIPLE])

    def penta_exposed(self) -> Answer:
        """Bortezomib, carfilzomib, lenalidomide, pomalidomide and an anti-CD38 antibody were given."""
        return _all([*(self.agent(a) for a in _PENTA), self.cls("anti-CD38")])

    def penta_refractory(self) -> Answer:
        """Refractory to bortezomib, carfilzomib, lenalidomide, pomalidomide and an anti-CD38
        antibody.
        """
        return _all([*(self.refractory_agent(a) for a in _PENTA), self.refractory_cls("anti-CD38")])

    def first_transplant_to_progression(self) -> TransplantInterval:
        """Days from the first autologous transplant to the first progression after it.

        Progression is the first dated PD, or the end of a course on which progression is stated.
        Unknown (`days` None) where the transplant has no day or no progression is dated; the note
        says which.
        """
        transplants = sorted(
            (r for r in self.rows if r.autologous),
            key=lambda r: math.inf if r.start.day is None else r.start.day,
        )
        if not transplants:
            return TransplantInterval(None, (), "no autologous transplant is recorded")
        first = transplants[0]
        day = first.start.day
        if day is None or any(r.start.day is None for r in transplants):
            return TransplantInterval(
                None, (first.source,), "the day of the first transplant is not known"
            )
        dated = [
            (x.day, x.source)
            for x in self.record.responses
            if x.response == "PD" and x.day is not None and x.day > day
        ]
        dated += [
            (r.end.day, r.source)
            for r in self.rows
            if (r.progression_on or r.best_response == "PD")
            and r.end.day is not None
            and r.end.day > day
        ]
        if not dated:
            return TransplantInterval(
                None, (first.source,), "no dated progression after the transplant"
            )
        end, source = min(dated)
        return TransplantInterval(end - day, (first.source, source), "")

    @cached_property
    def history_open(self) -> str | None:
        """Why silence on an agent does not mean that it was not given, whichever agent; None where
        the history is recorded and read.
        """
        return self.history_gap or next(
            (why for agents, why in self._openings if agents is None), None
        )

    # -- inner
    # ----------------

    @cached_property
    def history_gap(self) -> str | None:
        """Why a "no" cannot be given for any agent; None where prior lines are recorded in full."""
        first = self.record.infused()[0] if self.record.infused() else None
        prior = [
            r for r in self.rows if r.purpose not in _NO_PRIOR_LINE and not surely_after(r, first)
        ]
        if not prior:
            return NO_PRIOR_LINES
        if any(
            f.finding == "therapy_history_complete" and f.value.strip().casefold() == "no"
            for f in self.record.facts
        ):
            return "the therapy history is stated to be incomplete"
        numbers = {r.line for r in self.rows if r.line is not None}
        free = list(
            self.infusions
        )  # an infusion may hold a number of its own, each one number, and only in its place
        for number in sorted(set(range(1, max(numbers, default=0) + 1)) - numbers):
            holder = next((x for x in free if self._may_be_line(x, number)), None)
            if holder is None:
                return f"line {number} is not recorded"
            free.remove(holder)
        return None

    def _may_be_line(self, infusion: Infusion, number: int) -> bool:
        """Whether the infusion can stand between the lines below and above this number, as far as
        days and order tell.
        """
        for row in self.rows:
            if row.line is None or row.purpose == "bridging":
                continue
            if row.line < number and (
                infusion.when.before(row.start) is True or surely_after(row, infusion)
            ):
                return False
            if row.line > number and (
                row.start.before(infusion.when) is True or row.after_infusion == 0
            ):
                return False
        return True

    def _why_open(self, ids: set[str]) -> str | None:
        """Why none of these agents can be called not given; None where they can."""
        if self.history_gap is not None:
            return self.history_gap
        return next((why for agents, why in self._openings if agents is None or ids & agents), None)

    @cached_property
    def _openings(self) -> list[tuple[frozenset[str] | None, str]]:
        """What the rows leave open: the agents concerned (None: any), and the reason."""
        found: list[tuple[frozenset[str] | None, str]] = []
        for row in self.unplaced:
            found.append(
                (
                    None if row.unread else frozenset(row.agents),
                    "a regimen has no day, and its order is not known",
                )
            )
        for _, text, sets in self._unread:
            agents = frozenset(a for c in sets for a in c)
            found.append(
                (agents, f"'{text}' could not be read for certain")
                if sets
                else (None, f"'{text}' was left unread")
            )
        for row in self.rows:
            found.extend(
                (None, f"'{a}' is in no lexicon") for a in row.agents if a not in load_agents()
            )
            if not row.agents and not row.unread and (unnamed := nothing_named(row)):
                found.append(unnamed)
        return found

    @cached_property
    def _unread(self) -> list[tuple[Therapy, str, tuple[tuple[str, ...], ...]]]:
        """Unread texts with their row and what each may stand for."""
        return [(r, text, readings(text)) for r in self.rows for text in r.unread]

    def _rows_of(self, agent_id: str) -> list[Therapy]:
        return [r for r in self.rows if agent_id in r.agents]

    def _infused(
        self,
        wanted: Callable[[Infusion], bool],
        unclear: Callable[[Infusion], bool],
        none_note: str,
    ) -> Answer:
        hits = [x for x in self.infusions if wanted(x)]
        if hits:
            return Answer(True, None, True, _sources(hits))
        if open_ones := [x for x in self.infusions if unclear(x)]:
            return Answer(None, None, None, _sources(open_ones), "an infused product is not named")
        value = False if self.history_gap is None or self.infusions else None
        return Answer(
            value, None, value, (), none_note if value is False else self.history_gap or ""
        )

    def _members(self, name: str) -> tuple[list[str], list[Answer]]:
        cls = _check_class(name)
        members = agents_of_class(cls)
        return list(members), [self.agent(m) for m in members]

    def _stated_status(self, name: str) -> tuple[str | None, list[RefractorinessStatement]]:
        """The highest status stated for this agent or class, and the statements that say it."""
        return self._statements.get(name, (None, []))

    @cached_property
    def _statements(self) -> dict[str, tuple[str | None, list[RefractorinessStatement]]]:
        said: dict[str, list[RefractorinessStatement]] = {}
        for statement in self.record.refractoriness:
            agent = find_agent(statement.agent_or_class)
            name = agent.id if agent is not None else find_class(statement.agent_or_class)
            if name is not None and _status(statement) in _STATUS_ORDER:
                said.setdefault(name, []).append(statement)
        found: dict[str, tuple[str | None, list[RefractorinessStatement]]] = {}
        for name, statements in said.items():
            highest = max((_status(s) for s in statements), key=_STATUS_ORDER.index)
            found[name] = highest, [s for s in statements if _status(s) == highest]
        return found

    def _class_not_exposed(self, agent_id: str) -> RefractorinessStatement | None:
        for cls in agent_class(agent_id):
            status, statements = self._stated_status(cls)
            if status == "not_exposed":
                return statements[0]
        return None

    def _from_class(self, agent_id: str) -> tuple[str | None, list[RefractorinessStatement], str]:
        """What a statement on the class says of one agent: `exposed` of all its agents;
        `refractory` only of the one that was given.
        """
        for cls in agent_class(agent_id):
            status, statements = self._stated_status(cls)
            if status == "refractory":
                members, answers = self._members(cls)
                given = [m for m, a in zip(members, answers, strict=True) if a.value is not False]
                if given == [agent_id] and self.agent(agent_id).value is True:
                    return (
                        "refractory",
                        statements,
                        f"stated for {cls}, of which it is the only agent given",
                    )
            elif status is not None:
                return status, statements, f"stated for {cls}"
        return None, [], ""

    def _progressed(self, row: Therapy) -> bool | None:
        """Progression on this row or within 60 days of its end. False where it is stated, or where
        the same line went on after it.
        """
        if row.progression_on is True or row.best_response == "PD":
            return True
        if self._pd_day(row) is not None:
            return True
        if row.progression_on is False:
            return False
        line = next((x for x in self._lines if any(r is row for r in x.rows)), None)
        # A change for progression begins a new line, so a row with a later planned part of the same
        # line had none.
        if line is not None and any(_planned_after(r, row) for r in line.rows):
            return False
        return None

    @cached_property
    def _lines(self) -> tuple[Line, ...]:
        return lines(self.record)

    def _pd_day(self, row: Therapy) -> int | None:
        """The day of a recorded progression on the row or within 60 days of its end, with no other
        treatment begun in between.
        """
        start = row.start.day
        end = (
            start if row.end.day is None else row.end.day
        )  # without an end the last dose was on the first day or later
        if start is None or end is None:
            return None
        begun = [r.start.day for r in self.rows if r is not row and r.start.day is not None]
        infused = [x.day for x in self.infusions if x.day is not None]
        for day in sorted(
            x.day for x in self.record.responses if x.response == "PD" and x.day is not None
        ):
            in_time = start < day <= end + WITHIN_DAYS
            if (
                in_time
                and not any(start < d and end <= d < day for d in begun)
                and not any(start <= d < day for d in infused)
            ):
                return day
        return None


def _any(values: Iterable[bool | None]) -> bool | None:
    """Three-valued "or"."""
    seen = list(values)
    return True if True in seen else None if None in seen else False


def _all(answers: list[Answer]) -> Answer:
    """Three-valued "and" of answers, stated, computed and used each by itself."""

    def both(values: list[bool | None]) -> bool | None:
        return False if False in values else None if None in values else True

    value = both([a.value for a in answers])
    sources = tuple(dict.fromkeys(s for a in answers if a.value is value for s in a.sources))
    return Answer(
        value,
        None,
        both([a.computed for a in answers]),
        sources,
        "; ".join(dict.fromkeys(a.note for a in answers if a.note)),
    )


def _exposed(
    stated: str | None,
    said: bool | None,
    computed: bool | None,
    sources: tuple[Source, ...],
    note: str,
) -> Answer:
    """Exposure as stated beside computed: a treatment that stands in a row was given, whatever is
    stated.
    """
    value = computed if said is None or computed is True else said
    return Answer(value, stated, computed, sources, _noted(note, stated, said, computed))


def _refractory(
    stated: str | None,
    said: bool | None,
    computed: bool | None,
    sources: tuple[Source, ...],
    note: str,
) -> Answer:
    """Refractoriness as stated beside computed: what is stated is used, except that no statement
    makes a recorded progression undone. Then it is unknown, because an agent that failed must not
    look as if it were there to be given.
    """
    value = computed if said is None else None if said is False and computed is True else said
    return Answer(value, stated, computed, sources, _noted(note, stated, said, computed))


def _noted(note: str, stated: str | None, said: bool | None, computed: bool | None) -> str:
    """The note, with where the statement and the rows part."""
    if said is None or computed is None or said is computed:
        return note
    contradiction = f"stated '{stated}', the treatment rows say {'yes' if computed else 'no'}"
    return f"{note}; {contradiction}" if note else contradiction


def _sources(rows: Iterable[Therapy | Infusion | RefractorinessStatement]) -> tuple[Source, ...]:
    return tuple(dict.fromkeys(r.source for r in rows))


def _check_agent(agent_id: str) -> None:
    if agent_id not in load_agents():
        raise KeyError(f"'{agent_id}' is no agent of the lexicon; use an id such as 'bortezomib'")


def _check_class(name: str) -> str:
    cls = find_class(name)
    if cls is None:
        raise KeyError(
            f"'{name}' is no class of the lexicon; use a name such as 'proteasome inhibitor'"
        )
    return cls


def _target_of_class(name: str) -> str | None:
    """The antigen of an `anti-X` class that CAR-T products exist for."""
    target = _check_class(name).removeprefix("anti-")
    return target if any(target in p.targets for p in load_products().values()) else None


def _status(statement: RefractorinessStatement) -> str:
    return statement.status.strip().casefold().replace(" ", "_").replace("-", "_")


def _planned_after(later: Therapy, row: Therapy) -> bool:
    """Whether a row is a planned continuation after another of its line: by day, without days by
    the usual order.
    """
    if later.purpose not in _PLAN or later is row:
        return False
    order = later.start.before(row.start)
    rank = _PLAN.index(row.purpose) if row.purpose in _PLAN else -1
    return order is False if order is not None else _PLAN.index(later.purpose) > rank
