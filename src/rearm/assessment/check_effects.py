"""Rules, indicators and placements that can't act: no patient brings them about, or where they hold
something else always says the same or more.

A patient is sought for each: first the one of its example, with records that would make derived
findings what the example says, then others among the values that findings may take. Derived
findings are always computed from their parts, and what holds of every patient is kept.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from rearm.assessment.placing import FIRST, SITUATIONAL, placements
from rearm.assessment.plan import OptionPlan, Plan, RulePlan, StrategyPlan
from rearm.assessment.planner import plan_of
from rearm.findings.derived import DERIVED
from rearm.knowledge.bundle import Knowledge
from rearm.knowledge.rulesets import Place
from rearm.rules import RuleCondition, truth

__all__ = ["effect_problems"]

_TRIES = 3000  # records tried for one condition, and for one derived finding
_WAYS = 12  # records kept for each value of a derived finding
_PATIENTS = 6  # of one placement
_AT_ONCE = 24  # judged together
_SEED = 20261130
# Numbers that no condition names and that a derived finding may turn on: days, percentages, grades.
_NUMBERS = (0.0, 1.0, 2.0, 4.0, 20.0, 60.0, 90.0, 100.0, 184.0, 300.0, 1000.0)

Row = Mapping[str, Any]
Holds = Callable[[Row], bool]


def effect_problems(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Each problem as (where, what)."""
    plan = plan_of(knowledge)
    patients = _Patients(plan)
    yield from _indicators(plan, patients)
    yield from _rules(plan, patients)
    yield from _places(plan, patients)


_NOBODY = "no patient can make its condition true: {}. Mend the condition, or take the entry out."
_OUTDONE = (
    "is never seen: wherever it holds, a rule beside it says the same more exactly. Take it out."
)
_ONLY_CLOSED = (
    "favours the option only where it is excluded or discouraged. Mend the condition, or take it"
    " out."
)
_IDLE = (
    "changes the place of no strategy, whatever else holds of a patient. Mend the condition or the"
    " tier, or take it out."
)


# ---------------------------------------------------------------- rules and indicators


def _indicators(plan: Plan, patients: _Patients) -> Iterator[tuple[str, str]]:
    for factor in plan.factors:
        for indicator in factor.indicators:
            where = f"factor {factor.factor.id}, indicator {indicator.base}"
            yield from ((where, text) for text in _never_seen(plan, patients, indicator))


def _rules(plan: Plan, patients: _Patients) -> Iterator[tuple[str, str]]:
    told: set[str] = set()  # a shared rule is told once
    for option in plan.options:
        for rule in option.rules:
            if rule.base in told:
                continue
            for text in _of_rule(plan, patients, option, rule):
                told.add(rule.base)
                yield f"option {option.option.id}, rule {rule.base}", text


def _of_rule(plan: Plan, patients: _Patients, option: OptionPlan, rule: RulePlan) -> Iterator[str]:
    found = list(_never_seen(plan, patients, rule))
    yield from found
    if rule.effect != "favour" or found or option.poor:
        return
    stops = [plan.conditions[n] for n in (*option.exclude, *option.discourage)]
    needs = [plan.conditions[n] for n in option.require]

    def is_open(row: Row) -> bool:
        return not any(truth(c, row) for c in stops) and all(
            truth(c, row) is not False for c in needs
        )

    if patients.one(plan.conditions[rule.number], is_open, rule.rule.example_true) is None:
        yield _ONLY_CLOSED


def _never_seen(plan: Plan, patients: _Patients, rule: RulePlan) -> Iterator[str]:
    condition = plan.conditions[rule.number]
    wanted = rule.counts_if == 1
    if patients.one(condition, None, rule.rule.example_true, wanted=wanted) is None:
        yield _NOBODY.format(rule.rule.when)
        return
    stronger = [plan.conditions[n] for n in rule.outdone_by]
    if not stronger:
        return

    def alone(row: Row) -> bool:
        return not any(truth(c, row) for c in stronger)

    if patients.one(condition, alone, rule.rule.example_true, wanted=wanted) is None:
        yield _OUTDONE


# ---------------------------------------------------------------- placements


def _places(plan: Plan, patients: _Patients) -> Iterator[tuple[str, str]]:
    """A placement acts where taking it out moves a strategy for one patient at least. Patients are
    those of whom it is true, alone and together with each other placement of its strategies.
    """
    known: dict[str, list[Row]] = {}
    for place in plan.knowledge.places.values():
        if place.when is None:
            continue
        condition = plan.conditions[_number(plan, place)]
        rows = patients.several(condition, place.example_true)
        if rows:
            known[place.id] = rows
        else:
            yield f"place {place.id}", _NOBODY.format(place.when)
    for name in known:
        place = plan.knowledge.places[name]
        beside = _batches(_beside(plan, place, known))
        if not any(_moves(plan, patients, place, rows) for rows in beside):
            yield f"place {name}", _IDLE


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(itertools.islice(rows, _AT_ONCE)):
        yield batch


def _number(plan: Plan, place: Place) -> int:
    return next(p.number for s in plan.strategies for p in s.places if p.place.id == place.id)


def _beside(plan: Plan, place: Place, known: Mapping[str, list[Row]]) -> Iterator[Row]:
    """Patients of the placement, alone and with what the others of its strategies ask for; in what
    they share its own values stand.
    """
    others = [
        row
        for s in plan.strategies
        if s.strategy in place.of
        for p in s.places
        if p.place.id != place.id
        for row in known.get(p.place.id, [])
    ]
    trial: list[Row] = [{}]
    if plan.trial_open is not None:
        trial.append(dict.fromkeys(plan.conditions[plan.trial_open].reads, True))
    for more in trial:
        for row in known[place.id]:
            yield {**more, **row}
            yield from ({**more, **other, **row} for other in others)


def _moves(plan: Plan, patients: _Patients, place: Place, rows: Sequence[Row]) -> bool:
    """Verdicts of options are left aside: they may say the same of a patient, and then the
    placement gives the reason. What is for trials only stays low unless a trial is open.
    """
    import numpy as np

    own = [s for s in plan.strategies if s.strategy in place.of]
    numbers = {p.number for s in own for p in s.places} - {plan.always}
    if plan.trial_open is not None:
        numbers.add(plan.trial_open)
    answers = np.full((len(rows), plan.always + 1), -1, dtype=np.int8)
    answers[:, plan.always] = 1
    for n, row in enumerate(rows):
        for number, answer in patients.answers(row, numbers).items():
            answers[n, number] = answer
    had = np.array([_ever_had(option) for option in plan.options])
    trial = (
        np.full(len(rows), False) if plan.trial_open is None else answers[:, plan.trial_open] == 1
    )
    limits = np.where(had[None, :] | trial[:, None], FIRST, SITUATIONAL).astype(np.int8)
    with_it, _ = placements(replace(plan, strategies=tuple(own)), answers, limits)
    less = tuple(_without(s, place) for s in own)
    without, _ = placements(replace(plan, strategies=less), answers, limits)
    return bool((with_it != without).any())


def _ever_had(option: OptionPlan) -> bool:
    """Whether the option is more than a trial anywhere at any time."""
    marketed = bool(option.labels or option.off_label) or "off-label" in option.option.tags
    return not option.approval_needed or marketed


def _without(strategy: StrategyPlan, place: Place) -> StrategyPlan:
    left = tuple(p for p in strategy.places if p.place.id != place.id)
    return replace(strategy, places=left)


# ---------------------------------------------------------------- patients


class _Patients:
    """Patients by the findings of their records, each with what follows from them."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.catalogue = plan, plan.knowledge.catalogue
        self._kept: dict[str, list[tuple[Any, Row]]] = {}

    def one(
        self,
        condition: RuleCondition,
        holds: Holds | None,
        example: Row | None,
        *,
        wanted: bool = True,
    ) -> Row | None:
        """One of whom the condition is `wanted` and `holds` is true; None where none was found."""
        example = example or {}
        for row in itertools.chain(
            self._like(condition.reads, example), self._tried(condition.reads, example)
        ):
            if truth(condition, row) is wanted and (holds is None or holds(row)):
                return row
        return None

    def several(self, condition: RuleCondition, example: Row | None) -> list[Row]:
        """A few of whom the condition is true, as what the record says and nothing derived."""
        example = example or {}
        found: list[Row] = []
        for row in itertools.islice(
            itertools.chain(
                self._like(condition.reads, example), self._tried(condition.reads, example)
            ),
            _TRIES,
        ):
            if truth(condition, row) is True:
                said = {
                    n: v for n, v in row.items() if v is not None and not self.catalogue[n].from_
                }
                if said not in found:
                    found.append(said)
            if len(found) == _PATIENTS:
                break
        return found

    def answers(self, row: Row, numbers: Iterable[int]) -> dict[int, int]:
        """The answers to these conditions of the plan: 1 true, 0 false, -1 unknown."""
        conditions = {n: self.plan.conditions[n] for n in numbers}
        read = [name for c in conditions.values() for name in c.reads]
        full = self._complete(row, self._needed(read))
        told = {n: truth(c, full) for n, c in conditions.items()}
        return {n: -1 if x is None else int(x) for n, x in told.items()}

    def _like(self, reads: Sequence[str], example: Row) -> Iterator[Row]:
        """Patients of the example: what it says of the record as it stands, and records that make
        its derived findings what they are.
        """
        own = {n: v for n, v in example.items() if not self.catalogue[n].from_}
        derived = [n for n in reads if self.catalogue[n].from_]
        ways = [
            [row for value, row in self._ways(name) if value == example.get(name, value)] or [{}]
            for name in derived
        ]
        needed = self._needed(reads)
        for pick in itertools.islice(itertools.product(*ways), _TRIES):
            parts: dict[str, Any] = {}
            for row in reversed(pick):
                parts |= row
            full = self._complete({**parts, **own}, needed)
            if _possible(full):
                yield full

    def _ways(self, name: str) -> list[tuple[Any, Row]]:
        """Records for each value of a derived finding."""
        if name not in self._kept:
            found: dict[Any, list[Row]] = {}
            parts = self.catalogue.sources_of(name)
            for row in self._tried((name,), {}):
                rows = found.setdefault(row[name], [])
                if len(rows) < _WAYS:
                    rows.append({p: row[p] for p in parts if row[p] is not None})
            self._kept[name] = [(v, row) for v, rows in found.items() for row in rows]
        return self._kept[name]

    def _tried(self, reads: Sequence[str], example: Row) -> Iterator[Row]:
        names = list(dict.fromkeys(s for name in reads for s in self.catalogue.sources_of(name)))
        needed = self._needed(reads)
        choices = [self._values(name, example) for name in names]
        size = math.prod(len(c) for c in choices)
        if size <= _TRIES:
            picks: Iterator[tuple[Any, ...]] = itertools.product(*choices)
        else:
            dice = random.Random(_SEED)
            picks = itertools.chain(
                self._one_at_a_time(choices),
                self._alike(choices, dice),
                (tuple(dice.choice(c) for c in choices) for _ in range(_TRIES)),
            )
        for pick in picks:
            row = self._complete(dict(zip(names, pick, strict=True)), needed)
            if _possible(row):
                yield row

    @staticmethod
    def _one_at_a_time(choices: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
        """All unknown but one or two: what a single sign brings about."""
        nothing = [None] * len(choices)
        for i, own in enumerate(choices):
            for value in own:
                single = [*nothing]
                single[i] = value
                yield tuple(single)
        for (i, own), (j, other) in itertools.combinations(enumerate(choices), 2):
            for value, second in itertools.product(own, other):
                pair = [*nothing]
                pair[i], pair[j] = value, second
                yield tuple(pair)

    @staticmethod
    def _alike(choices: Sequence[Sequence[Any]], dice: random.Random) -> Iterator[tuple[Any, ...]]:
        """Every yes-or-no part the same: what only the absence of all signs brings about."""
        for answer in (False, True):
            for _ in range(_TRIES // 10):
                yield tuple(answer if answer in c else dice.choice(c[:-1] or c) for c in choices)

    def _values(self, name: str, example: Row) -> list[Any]:
        """The values to try, that of the example first, unknown last."""
        finding = self.catalogue[name]
        if finding.type == "bool":
            values: list[Any] = [True, False]
        elif finding.type == "word":
            values = list(finding.values)
        else:
            values = self._numbers(name)
        first = [example[name]] if name in example else []
        return [*first, *(v for v in values if v not in first), None]

    def _numbers(self, name: str) -> list[float]:
        """Each limit that a condition names with a value on either side, and what examples and
        work-ups have.
        """
        limits = self.plan.limits.get(name, ())
        step = 1.0 if self.catalogue[name].type == "integer" else 0.01
        near = {x for limit in limits for x in (limit - step, limit, limit + step)}
        seen = self._seen.get(name, set())
        return sorted(x for x in {*near, *seen, *_NUMBERS} if x >= 0)

    @cached_property
    def _seen(self) -> dict[str, set[float]]:
        """The numbers of each finding in work-ups and examples."""
        knowledge = self.plan.knowledge
        rows: list[Row | None] = [o for w in knowledge.workups.values() for o in w.outcomes]
        entries: list[Any] = [r for o in knowledge.options.values() for r in o.rules]
        entries += [i for f in knowledge.factors.values() for i in f.indicators]
        entries += [*knowledge.places.values(), *knowledge.actions.values()]
        rows += [row for e in entries for row in (e.example_true, e.example_false)]
        found: dict[str, set[float]] = {}
        for row in rows:
            for name, value in (row or {}).items():
                if isinstance(value, int | float) and not isinstance(value, bool):
                    found.setdefault(name, set()).add(float(value))
        return found

    def _needed(self, names: Sequence[str]) -> list[str]:
        """The derived findings that these are or rest on, parts first."""
        wanted: set[str] = set()

        def add(name: str) -> None:
            if name not in wanted and name in self.catalogue and self.catalogue[name].from_:
                wanted.add(name)
                for part in self.catalogue[name].from_:
                    add(part)

        for name in names:
            add(name)
        return [name for name in DERIVED if name in wanted]

    @staticmethod
    def _complete(row: Row, needed: Sequence[str]) -> dict[str, Any]:
        full = dict(row)
        for name in needed:
            full[name] = DERIVED[name].compute(full)
        return full


def _possible(row: Row) -> bool:
    """Whether what holds of every patient holds here; what is not known contradicts nothing."""
    days, since = row.get("time_to_failure_days"), row.get("days_since_infusion")
    if days is not None and since is not None and days > since:
        return False
    timing = row.get("failure_timing")
    if timing is not None and days is not None:
        low, high = _TIMING.get(timing, (-math.inf, math.inf))
        if not low <= days <= high:
            return False
    if timing == "late" and since is not None and since <= _TIMING["intermediate"][1]:
        return False
    return all(
        row.get("exposed_" + name.removeprefix("refractory_")) is not False
        for name, value in row.items()
        if value is True and name.startswith("refractory_")
    )


_TIMING: Mapping[str, tuple[float, float]] = {
    "early": (0.0, 90.0),
    "intermediate": (91.0, 183.0),
    "late": (184.0, math.inf),
}
