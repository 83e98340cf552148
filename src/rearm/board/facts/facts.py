"""Which facts of an answer can be stated or assumed, and what was typed for one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import get_args

from rearm.assessment import Assessment
from rearm.assessment.overruling import (
    COURSE_WORDS,
    OF_THE_COURSE,
    StatedFact,
    fact_title,
    settable_findings,
)
from rearm.assessment.result import FactKind, FindingResult, Grade
from rearm.board.facts.contexts import Fact, FactChoice, FactGroup, FactTyped
from rearm.board.refusals import NotThere, NotUsable
from rearm.board.web.forms import Form
from rearm.findings import Found
from rearm.findings.base import Value
from rearm.findings.instead import found_words
from rearm.findings.whose import LATER_LINES, TOLD_AS
from rearm.interval import Interval
from rearm.knowledge.bundle import load
from rearm.knowledge.catalogue import Finding
from rearm.report.assessment.dated import dated
from rearm.report.words import words
from rearm.units import OF_CLONE

__all__ = ["fact_groups", "fact_of", "read_typed", "stated", "told_of"]

_YES_NO = (FactChoice(code="yes", words="yes"), FactChoice(code="no", words="no"))
_NUMBER = re.compile(r"[0-9]{1,7}(?:[.,][0-9]{1,6})?")
_DAY = re.compile(r"-?[0-9]{1,6}")
_UNKNOWN = "unknown"  # of the choices of a form
_COURSE_TITLE = "Course"
_CAUSE_TITLE = "Causes as the team sees them"


def fact_groups(result: Assessment, *, with_causes: bool = True) -> tuple[FactGroup, ...]:
    """Every fact of an answer that can be stated: the course, the causes, the findings that rules
    read, by the groups of the dictionary.
    """
    found = [FactGroup(title=_COURSE_TITLE, facts=tuple(_course(result)))]
    if with_causes:
        found.append(FactGroup(title=_CAUSE_TITLE, facts=tuple(_causes(result))))
    for group, title in _catalogue().groups.items():
        facts = tuple(_finding(result, x) for x in _settable(result) if x.group == group)
        found.append(FactGroup(title=title, facts=facts))
    return tuple(group for group in found if group.facts)


def fact_of(result: Assessment, fact_id: str) -> Fact:
    """The fact of this id. Raises NotThere where the answer has none."""
    for group in fact_groups(result):
        for fact in group.facts:
            if fact.id == fact_id:
                return fact
    raise NotThere("There is no such fact in this answer.")


def told_of(result: Assessment) -> frozenset[str]:
    """The findings that are not known and that a test would tell, by name."""
    return frozenset(
        name
        for test in result.next_tests
        for name in test.findings
        if name not in result.findings or not result.findings[name].known
    )


# ---------------------------------------------------------------- the facts


def _course(result: Assessment) -> Iterator[Fact]:
    last = result.failures[-1] if result.failures else None
    if last is not None and last.infusion_day is not None:
        yield _progression("failure", last.status, last.certainty)
        if last.status in ("failed", "suspected"):
            yield _day(result, "failure_day", last.when.low, last.when.high)
    now = result.relapse
    if now is not None and now.after != "CAR-T":
        yield _progression("relapse", now.status, now.certainty)
        yield _day(result, "relapse_day", now.day.low, now.day.high)


def _progression(kind: FactKind, status: str, certainty: str | None) -> Fact:
    code = {"failed": str(certainty), "suspected": "suspected", "not_failed": "none"}.get(status)
    return Fact(
        id=kind,
        kind=kind,
        what="",
        name=fact_title(kind),
        form="one",
        choices=tuple(FactChoice(code=code, words=text) for code, text in COURSE_WORDS.items()),
        now=COURSE_WORDS.get(code or "", words(status)),
        known=True,
    )


def _day(result: Assessment, kind: FactKind, low: int | None, high: int | None) -> Fact:
    exact = low is not None and low == high
    now = f"day {low}" if exact else f"between day {_or(low)} and day {_or(high)}"
    return Fact(
        id=kind,
        kind=kind,
        what="",
        name=fact_title(kind),
        form="day",
        now="day unknown" if low is None and high is None else dated(now, result),
        known=exact,
    )


def _or(day: int | None) -> str:
    return "?" if day is None else str(day)


def _causes(result: Assessment) -> Iterator[Fact]:
    choices = tuple(
        FactChoice(code=grade, words=words(grade))
        for grade in get_args(Grade)
        if grade != "not_assessed"
    )
    for group in result.causes.groups:
        for factor in group.factors:
            yield Fact(
                id=f"cause.{factor.id}",
                kind="cause",
                what=factor.id,
                name=factor.name,
                form="one",
                choices=choices,
                now=words(factor.grade),
                known=factor.grade != "not_assessed",
            )


@cache
def _catalogue() -> _Catalogue:
    knowledge = load()
    names = settable_findings(knowledge)
    return _Catalogue(
        findings=tuple(x for x in knowledge.catalogue.findings.values() if x.name in names),
        groups=dict(knowledge.catalogue.groups),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Catalogue:
    findings: tuple[Finding, ...]
    groups: dict[str, str]


def _settable(result: Assessment) -> Iterator[Finding]:
    later = result.findings.get(LATER_LINES)
    told_as = TOLD_AS if later is None or not later.value else {}
    for entry in _catalogue().findings:
        if entry.name not in told_as and entry.name not in OF_THE_COURSE:
            yield entry


def _finding(result: Assessment, entry: Finding) -> Fact:
    found = result.findings.get(entry.name, FindingResult())
    choices: tuple[FactChoice, ...] = ()
    if entry.type == "bool":
        choices = _YES_NO
    elif entry.type == "word":
        choices = tuple(FactChoice(code=x, words=words(x)) for x in entry.values)
    of_clone = entry.unit == OF_CLONE
    return Fact(
        id=f"finding.{entry.name}",
        kind="finding",
        what=entry.name,
        name=entry.asked_as,
        form="number" if entry.numeric else "one" if entry.type == "bool" else "several",
        choices=choices,
        unit="% of the clone" if of_clone else entry.unit_words,
        per_unit=100.0 if of_clone else 1.0,
        meaning=entry.meaning,
        now=_words(entry, found),
        known=found.known,
        can_be_unknown=True,
    )


def _words(entry: Finding, found: FindingResult) -> str:
    interval = None if found.interval is None else Interval.from_dict(found.interval)
    return found_words(entry, Found(found.value, interval=interval, possible=found.possible))


# ---------------------------------------------------------------- what was typed


def read_typed(form: Form, fact: Fact) -> FactTyped:
    """What a form holds of a fact: fields that begin with its id."""
    several = tuple(x.code for x in fact.choices if form.text(f"{fact.id}:{x.code}"))
    value = form.text(f"{fact.id}:value").strip()
    chosen_unknown = fact.form == "one" and value == _UNKNOWN
    return FactTyped(
        value="" if chosen_unknown else value,
        unknown=chosen_unknown or bool(form.text(f"{fact.id}:unknown")),
        low=form.text(f"{fact.id}:low").strip(),
        high=form.text(f"{fact.id}:high").strip(),
        several=several if fact.form == "several" else (),
    )


def stated(fact: Fact, typed: FactTyped) -> StatedFact:
    """The fact as it was typed. Raises NotUsable with a sentence where nothing was, or what was
    typed can't be the value.
    """
    base = StatedFact(kind=fact.kind, what=fact.what)
    if typed.unknown:
        if typed.value or typed.low or typed.high or typed.several:
            raise NotUsable(f"{fact.name}: give a value, or say that it is not known, not both.")
        if not fact.can_be_unknown:
            raise NotUsable(f"{fact.name}: choose one of the list.")
        return base
    if fact.form == "number":
        return _number(base, fact, typed)
    if fact.form == "several":
        return _several(base, fact, typed)
    if fact.form == "day":
        if not _DAY.fullmatch(typed.value):
            raise NotUsable(f"{fact.name}: give the day as a whole number.")
        return replace(base, value=int(typed.value))
    if typed.value not in {choice.code for choice in fact.choices}:
        raise NotUsable(f"{fact.name}: choose one of the list.")
    value: Value = typed.value
    if fact.kind == "finding":
        value = typed.value == "yes"
    return replace(base, value=value)


def _several(base: StatedFact, fact: Fact, typed: FactTyped) -> StatedFact:
    if not typed.several:
        raise NotUsable(f"{fact.name}: tick what it is, or everything that it may be.")
    if len(typed.several) == 1:
        return replace(base, value=typed.several[0])
    if len(typed.several) == len(fact.choices):
        raise NotUsable(f"{fact.name}: what may be anything is not known. Say that instead.")
    return replace(base, possible=typed.several)


def _number(base: StatedFact, fact: Fact, typed: FactTyped) -> StatedFact:
    value, low, high = (_read_number(fact, x) for x in (typed.value, typed.low, typed.high))
    if value is not None and (low is not None or high is not None):
        raise NotUsable(f"{fact.name}: give the number or the range that it lies in, not both.")
    if value is not None:
        return replace(base, value=value)
    if low is None and high is None:
        raise NotUsable(f"{fact.name}: give a number, or the lowest or highest that it may be.")
    if low is not None and high is not None and high <= low:
        raise NotUsable(f"{fact.name}: the highest number is not above the lowest.")
    return replace(base, low=low, high=high)


def _read_number(fact: Fact, text: str) -> float | None:
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise NotUsable(f"{fact.name}: what was typed is no number. Example: 12.5.")
    found = float(text.replace(",", "."))
    return found / fact.per_unit
