"""What was the disease exposed to, and what is it refractory to: two questions, each answered as
stated and as computed.

Exposed: the agent was given against the myeloma (bridging counts, lymphodepletion and support do
not). Refractory: progression on it or within 60 days of its last dose (Rajkumar et al., Blood
2011;117:4691-4695). CAR-T has a time to progression and no refractoriness.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

from rearm.interval import Interval
from rearm.knowledge.bundle import bundled
from rearm.knowledge.lexicon import Lexicon
from rearm.record import Infusion, Record, RefractorinessStatement, Source, Therapy, When
from rearm.therapy.exposure_history import TreatmentHistory
from rearm.therapy.exposure_progression import WITHIN_DAYS, Progressions
from rearm.therapy.exposure_rows import product_id, product_targets
from rearm.therapy.exposure_statements import NOT_STATED, StatedStatus, Statements, Status

__all__ = ["WITHIN_DAYS", "Exposure", "ExposureAnswer", "TransplantInterval", "exposure"]

_TRIPLE = ("proteasome inhibitor", "IMiD", "anti-CD38")
_PENTA = ("bortezomib", "carfilzomib", "lenalidomide", "pomalidomide")


class ExposureAnswer(NamedTuple):
    """`value` is what to use; `stated` what the centre says, `computed` what the rows say, kept
    side by side. None is unknown. `contradicted`: unknown because a statement denies what the rows
    show.
    """

    value: bool | None
    stated: Status | None = None
    computed: bool | None = None
    sources: tuple[Source, ...] = ()
    note: str = ""
    contradicted: bool = False


@dataclass(frozen=True, slots=True)
class TransplantInterval:
    """Days from a transplant to progression, the rows it rests on, and why it is unknown where
    `days` is None.
    """

    days: Interval | None
    sources: tuple[Source, ...]
    note: str


def exposure(
    record: Record, *, until: int | None = None, lexicon: Lexicon | None = None
) -> Exposure:
    """Exposure and refractoriness of a record, up to and including day `until` (None: all that is
    recorded), to the agents of a lexicon (None: the bundled one).

    With `until`, rows without a day count only where order places them before it; where order is
    open they make a "no" unknown.
    """
    return Exposure(record, until, lexicon)


class Exposure:
    """Answers by agent, class and target. Ask with ids of the lexicon; an id or class that is not
    listed raises KeyError.

    Each answer is made once. Of the agents that nothing in the record speaks of all answers are the
    same one (`silent`, `silent_refractory`), so that a patient costs what is recorded and not the
    length of the lexicon.
    """

    def __init__(
        self, record: Record, until: int | None = None, lexicon: Lexicon | None = None
    ) -> None:
        self.lexicon = bundled().lexicon if lexicon is None else lexicon
        self.history = TreatmentHistory(record, until, self.lexicon)
        self._statements = Statements(self.history.record, self.lexicon)
        self._progressions = Progressions(self.history)
        self._exposed: dict[str, ExposureAnswer] = {}
        self._refractory: dict[str, ExposureAnswer] = {}

    # ---------------------------------------------------------------- all agents

    @cached_property
    def spoken_of(self) -> frozenset[str]:
        """Agents of the lexicon that a row, an unread text or a statement may be about."""
        about = {agent for x in self.history.openings for agent in x.agents or ()}
        about.update(self.history.by_agent)
        about.update(self._statements.agents)
        return frozenset(about.intersection(self.lexicon.agents))

    @cached_property
    def silent(self) -> ExposureAnswer:
        """Whether an agent was given that nothing speaks of: no, in a complete history."""
        why_open = self.history.open_for_any
        value = False if why_open is None else None
        return ExposureAnswer(value=value, computed=value, note=why_open or "")

    @cached_property
    def silent_refractory(self) -> ExposureAnswer:
        """Whether the disease is refractory to an agent that nothing speaks of."""
        value = self.silent.computed
        return ExposureAnswer(value=value, computed=value)

    # ---------------------------------------------------------------- exposure

    def agent(self, agent_id: str) -> ExposureAnswer:
        """Whether the agent (or CAR-T product) was given. False only with prior lines recorded and
        every regimen read.
        """
        answer = self._exposed.get(agent_id)
        if answer is None:
            answer = self._exposed[agent_id] = self._agent(agent_id)
        return answer

    def _agent(self, agent_id: str) -> ExposureAnswer:
        if agent_id in self.lexicon.products:
            return self._infused(
                lambda x: product_id(x, self.lexicon) == agent_id,
                lambda x: product_id(x, self.lexicon) is None,
                f"no infusion of {agent_id}",
            )
        if agent_id in self.spoken_of:
            return self._given(agent_id)
        self._check_agent(agent_id)
        return self.silent

    def _given(self, agent_id: str) -> ExposureAnswer:
        rows = self.history.by_agent.get(agent_id, [])
        # an unread name counts where each of its readings holds the agent
        read = [
            (row, text)
            for row, text, sets in self.history.unread
            if sets and all(agent_id in agents for agents in sets)
        ]
        note = ""
        if rows or read:
            computed: bool | None = True
            note = "" if rows else f"in every reading of '{read[0][1]}'"
        else:
            why_open = self.history.open_for(agent_id)
            computed, note = (False, "") if why_open is None else (None, why_open)
        stated = self._stated_exposure(agent_id)
        if self._given_since(stated, (agent_id,)):
            stated = NOT_STATED
        sources = _sources([*rows, *(row for row, _ in read), *stated.rows])
        return _exposed(stated, computed, sources, note)

    def _stated_exposure(self, agent_id: str) -> StatedStatus:
        """What is stated of the agent itself, else that no agent of its class was given."""
        if agent_id not in self._statements.agents:
            return NOT_STATED
        stated = self._statements.of(agent_id)
        if stated.status is not None:
            return stated
        for cls in self.lexicon.agent_class(agent_id):
            of_class = self._statements.of(cls)
            if of_class.status == "not_exposed":
                return StatedStatus(status="not_exposed", rows=of_class.rows[:1])
        return stated

    def _given_since(self, stated: StatedStatus, agents: Iterable[str]) -> bool:
        """Whether it is stated that none of the agents was given, and all that names one, or may be
        one, began after that.
        """
        if stated.status != "not_exposed":
            return False
        named = [row for agent in agents for row in self.history.by_agent.get(agent, ())]
        if named:
            return all(stated.older_than(row.start) for row in named)
        wanted = frozenset(agents)
        return any(
            stated.older_than(x.row.start)
            for x in self.history.openings
            if x.agents is None or wanted & x.agents
        )

    def cls(self, name: str) -> ExposureAnswer:
        """Whether any agent of the class was given; a CAR-T against the same target counts for
        `anti-BCMA` and the like.
        """
        cls = self._check_class(name)
        answers = [self.agent(member) for member in self.lexicon.agents_of_class(cls)]
        if target := self._target_of_class(cls):
            answers.append(self.target(target, kind="car-t"))
        computed = _any(a.computed for a in answers)
        given = [a for a in answers if a.value is True]
        stated = self._statements.of(cls)
        if self._given_since(stated, self.lexicon.agents_of_class(cls)):
            stated = NOT_STATED
        if stated.status is None and any(a.stated in ("exposed", "refractory") for a in given):
            stated = StatedStatus(status="exposed")
        sources = (*_sources(stated.rows), *(s for a in given for s in a.sources))
        notes = [a.note for a in given or answers if a.note and computed is not False]
        return _exposed(stated, computed, tuple(dict.fromkeys(sources)), notes[0] if notes else "")

    def target(self, name: str, kind: str | None = None) -> ExposureAnswer:
        """Whether anything against this tumour antigen was given; `kind` narrows it: bispecific,
        trispecific, adc, antibody, car-t.
        """
        answers: list[ExposureAnswer] = []
        if kind in (None, "car-t"):
            answers.append(
                self._infused(
                    lambda x: name in product_targets(x, self.lexicon),
                    lambda x: not product_targets(x, self.lexicon),
                    f"no infusion against {name}",
                )
            )
        if kind != "car-t":
            answers.extend(
                self.agent(a.id)
                for a in self.lexicon.agents.values()
                if name in a.targets and kind in (None, a.kind)
            )
        value = _any(a.value for a in answers)
        sources = tuple(dict.fromkeys(s for a in answers if a.value is True for s in a.sources))
        note = "" if value is not None else next((a.note for a in answers if a.value is None), "")
        computed = _any(a.computed for a in answers)
        return ExposureAnswer(value=value, computed=computed, sources=sources, note=note)

    def _infused(
        self,
        wanted: Callable[[Infusion], bool],
        unclear: Callable[[Infusion], bool],
        none_note: str,
    ) -> ExposureAnswer:
        hits = [x for x in self.history.infusions if wanted(x)]
        given = [x for x in hits if not x.perhaps_given]
        if given:
            return ExposureAnswer(value=True, computed=True, sources=_sources(given))
        if hits:
            note = "whether the product was infused is not recorded"
            return ExposureAnswer(value=None, sources=_sources(hits), note=note)
        unnamed = [x for x in self.history.infusions if unclear(x)]
        if unnamed:
            note = "an infused product is not named"
            return ExposureAnswer(value=None, sources=_sources(unnamed), note=note)
        if self.history.gap is None or self.history.infusions:
            return ExposureAnswer(value=False, computed=False, note=none_note)
        return ExposureAnswer(value=None, note=self.history.gap_words or "")

    # ---------------------------------------------------------------- refractoriness

    def refractory_agent(self, agent_id: str) -> ExposureAnswer:
        """Whether the disease is refractory to the agent: as stated where stated, else as computed.
        Not exposed is not refractory.
        """
        answer = self._refractory.get(agent_id)
        if answer is None:
            answer = self._refractory[agent_id] = self._refractory_agent(agent_id)
        return answer

    def _refractory_agent(self, agent_id: str) -> ExposureAnswer:
        if agent_id in self.lexicon.products:
            note = "CAR-T has a time to progression, not refractoriness"
            return ExposureAnswer(value=None, note=note)
        if agent_id not in self.spoken_of:
            self._check_agent(agent_id)
            return self.silent_refractory
        rows = self.history.by_agent.get(agent_id, [])
        on_row = [(row, self._progressions.on(row)) for row in rows]
        stated = self._statements.of(agent_id)
        if stated.status is None and agent_id in self._statements.agents:
            stated = self._from_class(agent_id)
        decisive = [row for row, progressed in on_row if progressed] or rows
        computed = self._progressed(agent_id, [progressed for _, progressed in on_row])
        since = [p for row, p in on_row if _lasts_past(stated, row)]
        if since:
            before = [p for row, p in on_row if not _lasts_past(stated, row)]
            return _with_later(stated, before, since, computed, _sources(decisive))
        return _refractory(stated, computed, _sources([*decisive, *stated.rows]))

    def _progressed(self, agent_id: str, on_rows: list[bool | None]) -> bool | None:
        """Progression on any row of the agent. False needs that there are no other rows."""
        if True in on_rows:
            return True
        if self.agent(agent_id).computed is False:
            return False
        none_on_rows = bool(on_rows) and None not in on_rows
        return False if none_on_rows and self.history.open_for(agent_id) is None else None

    def _from_class(self, agent_id: str) -> StatedStatus:
        """What a statement on the class says of one agent: `exposed` of all its agents;
        `refractory` only of the one that was given.
        """
        for cls in self.lexicon.agent_class(agent_id):
            stated = self._statements.of(cls)
            if stated.status == "refractory":
                members = self.lexicon.agents_of_class(cls)
                given = [m for m in members if self.agent(m).value is not False]
                if given == [agent_id] and self.agent(agent_id).value is True:
                    note = f"stated for {cls}, of which it is the only agent given"
                    return StatedStatus(status="refractory", rows=stated.rows, note=note)
            elif stated.status is not None:
                return StatedStatus(
                    status=stated.status, rows=stated.rows, note=f"stated for {cls}"
                )
        return NOT_STATED

    def refractory_cls(self, name: str) -> ExposureAnswer:
        """Whether the disease is refractory to an agent of the class. A statement about an agent
        speaks for its class too.
        """
        cls = self._check_class(name)
        members = self.lexicon.agents_of_class(cls)
        answers = [self.refractory_agent(m) for m in members]
        stated = self._statements.of(cls)
        if stated.status is None:
            stated = self._from_members(cls)
        on_rows = tuple(s for a in answers if a.computed for s in a.sources)
        computed = _any(a.computed for a in answers)
        given = (r for m in members for r in self.history.by_agent.get(m, ()))
        if any(_lasts_past(stated, row) for row in given):
            value = _any(a.value for a in answers)
            return ExposureAnswer(value=value, computed=computed, sources=_once(on_rows))
        return _refractory(stated, computed, _once((*_sources(stated.rows), *on_rows)))

    def _from_members(self, cls: str) -> StatedStatus:
        """What statements on agents say of their class: refractory as soon as one is; no more than
        exposed, or not exposed, where each agent is stated or was not given.
        """
        stated = {m: self._statements.of(m) for m in self.lexicon.agents_of_class(cls)}
        spoken = [x for x in stated.values() if x.status is not None]
        refractory = [x for x in spoken if x.status == "refractory"]
        if refractory:
            rows = tuple(row for x in refractory for row in x.rows)
            return StatedStatus(status="refractory", rows=rows)
        silent = [m for m, x in stated.items() if x.status is None]
        if not spoken or not all(self.agent(m).computed is False for m in silent):
            return NOT_STATED
        status: Status = "exposed" if any(x.exposed for x in spoken) else "not_exposed"
        return StatedStatus(status=status, rows=tuple(row for x in spoken for row in x.rows))

    # ---------------------------------------------------------------- groups of classes

    def triple_class_exposed(self) -> ExposureAnswer:
        """A proteasome inhibitor, an IMiD and an anti-CD38 antibody were given."""
        return _all([self.cls(c) for c in _TRIPLE])

    def triple_class_refractory(self) -> ExposureAnswer:
        """Refractory to a proteasome inhibitor, an IMiD and an anti-CD38 antibody."""
        return _all([self.refractory_cls(c) for c in _TRIPLE])

    def penta_exposed(self) -> ExposureAnswer:
        """Bortezomib, carfilzomib, lenalidomide, pomalidomide and an anti-CD38 antibody given."""
        return _all([*(self.agent(a) for a in _PENTA), self.cls("anti-CD38")])

    def penta_refractory(self) -> ExposureAnswer:
        """Refractory to bortezomib, carfilzomib, lenalidomide, pomalidomide and an anti-CD38
        antibody.
        """
        return _all([*(self.refractory_agent(a) for a in _PENTA), self.refractory_cls("anti-CD38")])

    def first_transplant_to_progression(self) -> TransplantInterval:
        """Days from the first autologous transplant to the first progression after it, as far as
        their days are known.

        Progression is the first dated PD, or the end of a course on which progression is stated.
        Unknown (`days` None) where the transplant has no day or no dated progression surely follows
        it; the note says which.
        """
        transplants = [r for r in self.history.rows if r.autologous]
        if not transplants:
            return TransplantInterval(None, (), "no autologous transplant is recorded")
        first = min(transplants, key=lambda r: math.inf if r.start.last is None else r.start.last)
        starts = [(r.start.first, r.start.last) for r in transplants]
        earliest = [day for day, _ in starts if day is not None]
        latest = [day for _, day in starts if day is not None]
        if len(earliest) < len(starts) or len(latest) < len(starts):
            note = "the day of the first transplant is unknown"
            return TransplantInterval(None, (first.source,), note)
        transplant = When(min(earliest), min(latest))
        days, source = _to_first_after(
            transplant, self._dated_progressions(), self._perhaps_progressed(transplant)
        )
        if source is None:
            note = "no dated progression certainly after the transplant"
            return TransplantInterval(None, (first.source,), note)
        return TransplantInterval(days, (first.source, source), "")

    def _dated_progressions(self) -> list[tuple[When, Source]]:
        stated = [(x.when, x.source) for x in self.history.record.responses if x.response == "PD"]
        rows = [r for r in self.history.rows if r.progression_on or r.best_response == "PD"]
        ends = [(r.end, r.source) for r in rows]
        return [(when, source) for when, source in (*stated, *ends) if when.first is not None]

    def _perhaps_progressed(self, after: When) -> list[int]:
        """First days from which the disease may have progressed though no dated row says so: where
        a line goes on without its end though progression is stated, and where another line follows
        one of which nobody says whether it was for progression.
        """
        lines = self.history.lines
        found = []
        for place, line in enumerate(lines):
            rows = [r for r in line.rows if after.before(r.start) and r.start.first is not None]
            if not rows or line.infusion is not None:
                continue
            stated = [r for r in line.rows if r.progression_on or r.best_response == "PD"]
            denied = any(r.progression_on is False for r in line.rows)
            followed = place + 1 < len(lines)
            undated = stated and all(r.end.first is None for r in stated)
            if undated or (not stated and not denied and followed):
                found.append(min(r.start.first for r in rows if r.start.first is not None))
        return found

    # ---------------------------------------------------------------- the lexicon

    def _check_agent(self, agent_id: str) -> None:
        if agent_id not in self.lexicon.agents:
            raise KeyError(
                f"'{agent_id}' is not an agent in the lexicon; use an id such as 'bortezomib'"
            )

    def _check_class(self, name: str) -> str:
        cls = self.lexicon.find_class(name)
        if cls is None:
            raise KeyError(
                f"'{name}' is not a class in the lexicon; use a name such as 'proteasome inhibitor'"
            )
        return cls

    def _target_of_class(self, cls: str) -> str | None:
        """The antigen of an `anti-X` class that CAR-T products exist for."""
        target = cls.removeprefix("anti-")
        return target if target in _car_t_targets(self.lexicon) else None


def _to_first_after(
    start: When, events: Sequence[tuple[When, Source]], perhaps_from: Sequence[int]
) -> tuple[Interval | None, Source | None]:
    """Days from a start to the first of the events after it, and where that event stands; None
    where none is sure to follow. One that may come before or after bounds the days from below, as
    do the days from which there may have been another.
    """
    begun, begun_by = start.first or 0, start.last or 0
    after = [(when, source) for when, source in events if start.before(when)]
    if not after:
        return None, None
    perhaps = [*perhaps_from] + [
        when.first
        for when, _ in events
        if when.first is not None and (when.last is None or when.last > begun)
    ]
    ends = [(math.inf if when.last is None else when.last, source) for when, source in after]
    latest, source = min(ends)
    return Interval(max(0, min(perhaps) - begun_by), latest - begun), source


@cache
def _car_t_targets(lexicon: Lexicon) -> frozenset[str]:
    return frozenset(target for x in lexicon.products.values() for target in x.targets)


def _any(values: Iterable[bool | None]) -> bool | None:
    """Three-valued "or"; of nothing it is false."""
    seen = list(values)
    return True if True in seen else None if None in seen else False


def _all(answers: list[ExposureAnswer]) -> ExposureAnswer:
    """Three-valued "and" of answers, computed and used each by itself."""

    def both(values: list[bool | None]) -> bool | None:
        return False if False in values else None if None in values else True

    value = both([a.value for a in answers])
    return ExposureAnswer(
        value=value,
        computed=both([a.computed for a in answers]),
        sources=tuple(dict.fromkeys(s for a in answers if a.value is value for s in a.sources)),
        note="; ".join(dict.fromkeys(a.note for a in answers if a.note)),
    )


def _exposed(
    stated: StatedStatus, computed: bool | None, sources: tuple[Source, ...], note: str
) -> ExposureAnswer:
    """Exposure as stated beside computed: a treatment that stands in a row was given, whatever is
    stated.
    """
    said = stated.exposed
    return ExposureAnswer(
        value=computed if said is None or computed is True else said,
        stated=stated.status,
        computed=computed,
        sources=sources,
        note=_noted(note, stated.status, said, computed),
    )


def _refractory(
    stated: StatedStatus, computed: bool | None, sources: tuple[Source, ...]
) -> ExposureAnswer:
    """Refractoriness as stated beside computed: what is stated is used, except that no statement
    makes a recorded progression undone. Then it is unknown, because an agent that failed must not
    look as if it were there to be given.
    """
    said = stated.refractory
    contradicted = said is False and computed is True
    return ExposureAnswer(
        value=computed if said is None else None if contradicted else said,
        stated=stated.status,
        computed=computed,
        sources=sources,
        note=_noted(stated.note, stated.status, said, computed),
        contradicted=contradicted,
    )


def _lasts_past(stated: StatedStatus, row: Therapy) -> bool:
    """Whether a statement that denies refractoriness was made before this treatment ended: it says
    nothing of a progression on it.
    """
    denied = stated.refractory is False
    return denied and (stated.older_than(row.start) or stated.older_than(row.end))


def _with_later(
    stated: StatedStatus,
    before: Sequence[bool | None],
    since: Sequence[bool | None],
    computed: bool | None,
    sources: tuple[Source, ...],
) -> ExposureAnswer:
    """Refractoriness where treatment went on after the statement that there is none: the statement
    is used for the treatments before it, what the rows show for those since.
    """
    contradicted = True in before
    value = _any([None if contradicted else False, *since])
    note = _noted(stated.note, stated.status, False, True) if contradicted else ""
    return ExposureAnswer(
        value=value,
        stated=stated.status if contradicted else None,
        computed=computed,
        sources=(*sources, *(_sources(stated.rows) if contradicted else ())),
        note=note,
        contradicted=contradicted and value is None,
    )


def _once(sources: Iterable[Source]) -> tuple[Source, ...]:
    return tuple(dict.fromkeys(sources))


def _noted(note: str, stated: Status | None, said: bool | None, computed: bool | None) -> str:
    """The note, with where the statement and the rows part."""
    if said is None or computed is None or said is computed:
        return note
    contradiction = f"stated '{stated}', but the treatment rows show {'yes' if computed else 'no'}"
    return f"{note}; {contradiction}" if note else contradiction


def _sources(rows: Iterable[Therapy | Infusion | RefractorinessStatement]) -> tuple[Source, ...]:
    sources = [r.source for r in rows]
    return tuple(dict.fromkeys(sources) if len(sources) > 1 else sources)
