"""Findings as somebody states them, for what was not measured.

Every finding of the catalogue may stand in the facts. What was measured stands above what was
stated; where the two contradict each other, both are shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from rearm.findings.base import Found, Value, sources_of, unknown
from rearm.findings.chart import PatientChart
from rearm.interval import Interval
from rearm.knowledge.catalogue import Finding
from rearm.record import Fact, When

__all__ = ["may_be_stated", "with_statement"]

# Facts under another name, with what their words say of the finding.
_SAID: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "bcma_status": ("antigen_bcma", {}),
    "gprc5d_status": ("antigen_gprc5d", {}),
    "cart_bcma_status": ("antigen_bcma", {}),
    "cart_gprc5d_status": ("antigen_gprc5d", {}),
    "car_gone_before_failure": ("car_t_persistence", {"lost": "yes", "present": "no"}),
    "car_expansion_poor": ("car_t_expansion", {"poor": "yes", "good": "no"}),
    "car_exhausted": ("car_t_exhaustion", {}),
    "marrow_tregs_high": ("marrow_regulatory_t_cells", {"high": "yes", "normal": "no"}),
}
# Facts of these names mean something else, and functions of their own read them.
_READ_ELSEWHERE = frozenset({"pregnancy_possible", "therapy_history_complete"})
# What these groups tell is of the time since the infusion; a statement from before it is not.
_SINCE_INFUSION = frozenset({"course", "antigen", "t_cell", "microenvironment"})
_BEFORE_INFUSION = "_before_infusion"
_YES_NO = {"yes": True, "true": True, "present": True, "no": False, "false": False, "absent": False}


def may_be_stated(facts: Iterable[Fact]) -> frozenset[str]:
    """The names of the findings that these facts may tell of, in the catalogue or not."""
    names = {fact.finding for fact in facts}
    under_others = {name for name, (other, _) in _SAID.items() if other in names}
    return frozenset(names | under_others | {name + _BEFORE_INFUSION for name in names})


def with_statement(chart: PatientChart, entry: Finding, found: Found) -> Found:
    """The finding with what somebody states of it: in its place where it is not known, beside it
    where it is and the two differ.
    """
    other, words = _SAID.get(entry.name, (entry.name, {}))
    # what is stated without naming the time, by a day before the infusion, is of that time
    now = entry.name.removesuffix(_BEFORE_INFUSION)
    names = dict.fromkeys((entry.name, other, now))
    if entry.name in _READ_ELSEWHERE or not any(chart.has_fact(name) for name in names):
        return found
    for name in names:
        of_before = name == now != entry.name
        if of_before and chart.infusion_day is None:
            continue
        fact, nothing = chart.fact(name, until=chart.infusion_day if of_before else None)
        if fact is None and nothing.has_text and not found.known:
            return nothing  # statements that contradict each other
        if fact is None or _of_before(chart, entry, fact.when):
            continue
        word = fact.value.strip().casefold()
        return _beside(entry, found, fact, _read(entry, words.get(word, word)))
    return found


def _of_before(chart: PatientChart, entry: Finding, when: When) -> bool:
    """Whether it was surely stated before the infusion, of what is told of the time since."""
    if entry.group not in _SINCE_INFUSION or entry.name.endswith(_BEFORE_INFUSION):
        return False
    return (
        chart.infusion_day is not None and when.last is not None and when.last <= chart.infusion_day
    )


def _beside(entry: Finding, found: Found, fact: Fact, value: Value) -> Found:
    said = f"{entry.name.replace('_', ' ')}: {fact.value}, stated by {_by(fact)}, {fact.when}"
    if value is None:
        if found.known:
            return found
        return unknown(f"{said}, which could not be read", (*found.sources, fact.source))
    if _fits(found, value):
        if found.value is not None:
            return found
        return Found(value, (fact.source,), said, stated_by=_by(fact))
    return Found(
        found.value,
        (*sources_of(found), fact.source),
        lambda: f"{found.text}; but {said}",
        interval=found.interval,
        possible=found.possible,
        stated_by=found.stated_by,
    )


def _by(fact: Fact) -> str:
    return fact.by or "an unnamed person"


def _fits(found: Found, value: Value) -> bool:
    """Whether what was measured allows the value."""
    if found.value is not None:
        return found.value == value
    if isinstance(found.bound, Interval):
        return not isinstance(value, bool | str | None) and found.bound.contains(float(value))
    return found.bound is None or value in found.bound


def _read(entry: Finding, word: str) -> Value:
    """The word as a value of the finding; None where it is none."""
    if entry.type == "bool":
        return _YES_NO.get(word)
    if entry.type == "word":
        return {value.casefold(): value for value in entry.values}.get(word)
    try:
        number = float(word)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    if entry.type == "integer":
        return int(number) if number.is_integer() else None
    return number
