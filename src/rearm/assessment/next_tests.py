"""Which test would change the answer: each possible result of each work-up is judged like the
patient, and what differs is listed.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from rearm.assessment.logic import (
    GROUPS,
    NEEDS_INFORMATION,
    NO_VERDICT,
    NOT_APPLICABLE,
    VERDICTS,
    grade_word,
)
from rearm.assessment.patient import Patient
from rearm.assessment.placing import FIRST
from rearm.assessment.plan import TIERS, Plan
from rearm.assessment.result import Change, NextTest, Turn
from rearm.assessment.scenarios import Varied
from rearm.interval import Interval, IntervalDict
from rearm.knowledge.rulesets import Workup

if TYPE_CHECKING:
    from rearm.assessment.judging import Codings, OwnCodes
    from rearm.assessment.logic import Codes, Flags

__all__ = ["before_deciding", "next_tests_of"]


def next_tests_of(
    plan: Plan,
    patient: Patient,
    tried: Sequence[Varied],
    own: OwnCodes,
    codes: Codings,
    rows: range,
) -> tuple[NextTest, ...]:
    """Work-ups in the order in which they help.

    `own` are the patient's own codes; `rows` those of `codes` that judge the scenarios of `tried`,
    one after the other.
    """
    differences = _Differences(plan, patient, own, codes, rows)
    found = []
    start = 0
    for place, varied in enumerate(tried):
        end = start + len(varied.scenarios)
        turns = tuple(differences.turns(varied, range(start, end)))
        start = end
        if varied.mandatory or turns:
            weight = _weight(plan, turns)
            changes = _changes(plan, turns, *differences.others(varied, turns))
            test = _test(patient, varied, changes, _why(plan, varied, turns))
            # what changes the first choice, then the minimum work-up in the order of the knowledge,
            # then what changes most; of these what is least invasive, comes back soonest
            first = len({turn.what for turn in turns if turn.kind in _DECIDES})
            key = (
                (0, -first, test.invasiveness, test.turnaround)
                if first
                else (1, place, 0, 0)
                if varied.mandatory
                else (2, -weight, test.invasiveness, test.turnaround)
            )
            found.append((key, place, test))
    return (*(test for _, _, test in sorted(found, key=lambda x: x[:2])), *_overdue(plan, patient))


def _overdue(plan: Plan, patient: Patient) -> Iterator[NextTest]:
    """The markers, where the CAR-T has not failed as far as was looked, and nobody has looked for
    long.
    """
    last = patient.failures[-1] if patient.failures else None
    if (
        last is None
        or last.status != "not_failed"
        or last.last_assessed_day is None
        or patient.as_of is None
    ):
        return
    gap = patient.as_of - last.last_assessed_day
    if gap > plan.parameters.markers_old_after_days:
        why = (
            f"The disease was last assessed on day {last.last_assessed_day}, {gap} days before:"
            " whether it came back since is not known."
        )
        for workup in plan.workups:
            if "failure_status" in workup.workup.supplies:
                markers = Varied((workup,), False, ("failure_status",), False, ())
                yield _test(patient, markers, (), why)


Kind = Literal["option", "factor", "group", "failure", "strategy"]
_DECIDES: tuple[Kind, ...] = ("strategy", "failure")


def before_deciding(
    plan: Plan, patient: Patient, tests: Sequence[NextTest]
) -> tuple[NextTest, ...]:
    """The few tests that would change the first choice, or whether there is a relapse."""
    relapse = patient.disease.relapse
    suspected = relapse is not None and relapse.status == "suspected"
    confirm = {x.workup.id for x in plan.workups if suspected and x.workup.confirms}
    deciding = [
        test
        for test in tests
        if any(turn.kind in _DECIDES for change in test.changes for turn in change.turns)
        or "failure_status" in test.findings
        or (test.mandatory and not confirm.isdisjoint(test.ids))
    ]
    return tuple(deciding[:_SHOWN_AT_MOST])


_SHOWN_AT_MOST = 4


class _OneTurn(NamedTuple):
    """One thing that one result would turn from a code to another."""

    values: Mapping[str, Any]
    kind: Kind
    what: str
    name: str
    from_: str
    to: str


class _Differences:
    """Where the scenarios of one patient are judged otherwise than the patient as he is."""

    def __init__(
        self, plan: Plan, patient: Patient, own: OwnCodes, codes: Codings, rows: range
    ) -> None:
        self.plan, self.patient, self.own = plan, patient, own
        self.status = patient.values.get("failure_status")
        part = slice(rows.start, rows.stop)
        judged = codes.judged
        self.clear, self.open = judged.clear[part], judged.open[part]
        self.factors, self.groups = codes.factors[part], codes.groups[part]
        self.options = _by_row(self._options_that_turn())
        self.factors_that_turn = _by_row(self.factors != own.factors)
        self.groups_that_turn = _by_row(self.groups != own.groups)
        self.tiers = codes.tiers[part]
        self.strategies_that_turn = _by_row(self._in_or_out_of_first(codes.allowed[part]))

    def _options_that_turn(self) -> Flags:
        """Options whose verdict a result changes, other unknown stops assumed clear: judged anew,
        or one unknown stop less.
        """
        own = self.own
        waits = own.verdict == NEEDS_INFORMATION
        differs = (self.clear != own.clear) | (waits & (self.open < own.open))
        turned: Flags = differs & (own.verdict != NO_VERDICT)
        return turned

    def _in_or_out_of_first(self, allowed: Codes) -> Flags:
        """Strategies that a result brings into the first tier, or that it takes out of it by their
        placement. What a result might stop stands on the line of the strategy instead.
        """
        was, now = self.own.tiers == FIRST, self.tiers == FIRST
        turned: Flags = (now & ~was) | (was & ~now & (allowed == FIRST))
        return turned

    def turns(self, varied: Varied, rows: range) -> Iterator[_OneTurn]:
        """What each result of the work-up turns, in the order of its scenarios."""
        options, factors = self.plan.options, self.plan.factors
        for scenario, row in zip(varied.scenarios, rows, strict=True):
            values = scenario.values
            status = values.get("failure_status")
            if status is not None and status != self.status:
                before, then = str(self.status), str(status)
                yield _OneTurn(values, "failure", "failure", "Failure", before, then)
            for i in self.strategies_that_turn.get(row, ()):
                # without a relapse there are no tiers
                if status == "not_failed" or self._is_extreme(varied, values):
                    continue
                strategy = self.plan.strategies[i].strategy
                title = self.plan.knowledge.words.of_strategy(strategy)
                before, then = TIERS[self.own.tiers[i]], TIERS[self.tiers[row, i]]
                yield _OneTurn(values, "strategy", strategy, title, before, then)
            for i in self.options.get(row, ()):
                from_, to = self._verdicts(row, i)
                option = options[i].option
                yield _OneTurn(values, "option", option.id, option.name, from_, to)
            for i in self.factors_that_turn.get(row, ()):
                from_, to = _grade(self.own.factors[i]), _grade(self.factors[row, i])
                factor = factors[i].factor
                yield _OneTurn(values, "factor", factor.id, factor.name, from_, to)
            for i in self.groups_that_turn.get(row, ()):
                from_, to = _grade(self.own.groups[i]), _grade(self.groups[row, i])
                yield _OneTurn(values, "group", GROUPS[i], GROUPS[i], from_, to)

    def others(
        self, varied: Varied, turns: Sequence[_OneTurn]
    ) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        """The results of which nobody thinks, and of the rest those that turn nothing."""
        turned = [turn.values for turn in turns]
        results = [scenario.values for scenario in varied.scenarios]
        extreme = [values for values in results if self._is_extreme(varied, values)]
        return extreme, [x for x in results if x not in turned and x not in extreme]

    def _is_extreme(self, varied: Varied, values: Mapping[str, Any]) -> bool:
        """A result of which nobody thinks while no sign of the record points to it."""
        return any(
            values.get(name) is True and not self._suspected(name)
            for workup in varied.workups
            for name in workup.workup.extreme
        )

    def _suspected(self, name: str) -> bool:
        found = self.patient.found.get(name)
        return found is not None and found.suspected

    def _verdicts(self, row: int, i: int) -> tuple[str, str]:
        before = int(self.own.verdict[i])
        resolved = self.open[row, i] < self.own.open[i]
        if before == NEEDS_INFORMATION and not resolved:
            # another stop stays open: what changes is the verdict if that is clear
            before = int(self.own.clear[i])
        return VERDICTS[before], VERDICTS[int(self.clear[row, i])]


def _by_row(flags: Flags) -> dict[int, list[int]]:
    """The columns that are set, by row."""
    found: dict[int, list[int]] = {}
    for row, column in zip(*(x.tolist() for x in flags.nonzero()), strict=True):
        found.setdefault(row, []).append(column)
    return found


def _changes(
    plan: Plan,
    turns: Sequence[_OneTurn],
    extreme: Sequence[Mapping[str, Any]],
    quiet: Sequence[Mapping[str, Any]],
) -> tuple[Change, ...]:
    """The turns by the result that makes them, those that turn alike together. `extreme`: results
    of which nobody thinks; `quiet`: those that turn nothing.
    """
    by_result: dict[Any, dict[tuple[Kind, str, str], list[str]]] = {}
    for turn in turns:
        alike = by_result.setdefault(tuple(turn.values.items()), {})
        alike.setdefault((turn.kind, turn.from_, turn.to), []).append(turn.what)
    return tuple(
        Change(
            values=dict(values),
            turns=tuple(
                Turn(kind=kind, from_=from_, to=to, what=tuple(what))
                for (kind, from_, to), what in alike.items()
            ),
            within=_ranges(plan, values) if any(key[0] in _DECIDES for key in alike) else {},
            apart_by=_apart_by(dict(values), quiet),
            extreme=dict(values) in extreme,
        )
        for values, alike in by_result.items()
    )


def _apart_by(
    values: Mapping[str, Any], quiet: Sequence[Mapping[str, Any]]
) -> tuple[tuple[str, ...], ...]:
    """In what this result differs from each that turns nothing; where one differs in more than
    another, only the other.
    """
    differing = {
        tuple(name for name, value in values.items() if other.get(name, value) != value)
        for other in quiet
    }
    fewest: list[tuple[str, ...]] = []
    for names in sorted(differing, key=lambda x: (len(x), x)):
        if names and not any(set(few) <= set(names) for few in fewest):
            fewest.append(names)
    return tuple(fewest)


def _ranges(plan: Plan, values: Iterable[tuple[str, Any]]) -> dict[str, IntervalDict]:
    """The range between two limits around each number of a result that lies on none; not of what
    others are derived from, which have limits of their own.
    """
    found = {}
    for name, value in values:
        limits = plan.limits.get(name, ())
        own = isinstance(value, float) and name not in plan.feeds
        if own and limits and value not in limits:
            place = bisect(limits, value)
            low = limits[place - 1] if place else -inf
            high = limits[place] if place < len(limits) else inf
            found[name] = Interval(low, high, low_open=True, high_open=True).to_dict()
    return found


def _grade(code: int) -> str:
    return "not_applicable" if code == NOT_APPLICABLE else grade_word(int(code))


def _weight(plan: Plan, turns: Sequence[_OneTurn]) -> float:
    """Each thing that would change counts once, whatever number of results change it."""
    weights = {
        "option": plan.parameters.weight_option,
        "group": plan.parameters.weight_group,
        "factor": plan.parameters.weight_factor,
        "failure": plan.parameters.weight_status,
        "strategy": plan.parameters.weight_status,
    }
    return sum(weights[kind] for kind, _ in {(turn.kind, turn.what) for turn in turns})


def _test(patient: Patient, varied: Varied, changes: tuple[Change, ...], why: str) -> NextTest:
    workups = [w.workup for w in varied.workups]
    tests = tuple(dict.fromkeys(t for w in workups for t in _asked(w, varied.findings)))
    unread = sum(lab.test in tests for lab in patient.record.set_aside)
    return NextTest(
        ids=tuple(w.id for w in workups),
        name="; with ".join(w.name for w in workups),
        tests=tests,
        findings=varied.findings,
        mandatory=varied.mandatory,
        changes=changes,
        why=f"{_given_unread(unread)} {why}" if unread else why,
        invasiveness=max(w.invasiveness for w in workups),
        turnaround=max(w.turnaround for w in workups),
        citations=tuple(dict.fromkeys(c for w in workups for c in w.sources)),
        unread=unread,
    )


def _asked(workup: Workup, findings: Sequence[str]) -> Iterator[str]:
    """Its tests but for those that alone tell a finding, where that is on record."""
    for test in workup.tests:
        told = workup.tells.get(test, test)
        if told not in workup.supplies or told in findings:
            yield test


def _given_unread(number: int) -> str:
    if number == 1:
        return "1 result was given and could not be read: correct it first."
    return f"{number} results were given and could not be read: correct them first."


def _why(plan: Plan, varied: Varied, turns: Sequence[_OneTurn]) -> str:
    parts = ["Belongs to the minimum work-up."] if varied.mandatory else []
    if varied.partly:
        labels = dict.fromkeys(plan.labels[name] for name in varied.findings)
        parts.append(f"Missing: {', '.join(labels)}.")
    named = {
        kind: tuple(dict.fromkeys(turn.name for turn in turns if turn.kind == kind))
        for kind in ("strategy", "failure", "option", "group", "factor")
    }
    told = []
    if named["strategy"]:
        told.append(f"the first choice ({_listed(named['strategy'], 'strategie')})")
    if named["failure"]:
        told.append("whether the CAR-T failed")
    if named["option"]:
        told.append(f"the verdict on {_listed(named['option'], 'option')}")
    if named["group"] or named["factor"]:
        told.append(f"the grade of {_listed(named['factor'] or named['group'], 'cause')}")
    if told:
        both = "Only both together" if len(varied.workups) > 1 else "The result"
        parts.append(f"{both} could change {'; '.join(told)}.")
    return " ".join(parts)


def _listed(names: Sequence[str], what: str) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{len(names)} {what}s ({shown} ...)"
