"""Facts that are assumed or stated of the invented patients."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from msgspec import convert
from tests.support.places import ROOT

from rearm.assessment import Assessment, assess
from rearm.assessment.overruling import StatedFact, assess_overruled
from rearm.assessment.result import FactKind
from rearm.intake import read
from rearm.knowledge.bundle import load
from rearm.record import Record

__all__ = ["answer_of", "assumed", "records", "supposed"]


@cache
def records() -> dict[str, Record]:
    """The invented patients by their ids."""
    return {x.patient_id: x for x in read(ROOT / "examples" / "tables").records}


@cache
def answer_of(patient: str) -> Assessment:
    """The answer for one of them."""
    return assess(records()[patient])


def supposed(patient: str, *facts: StatedFact) -> tuple[Assessment, Assessment]:
    """The answer as it is, and with facts that are assumed."""
    after = assess_overruled(records()[patient], facts, hypothetical=True)
    return answer_of(patient), after


def assumed(what: str, value: str) -> StatedFact:
    """A fact in the words of a table: `yes`, `lost`, `retained or lost`, `4`, `at least 3`,
    `0 to 1`, `unknown`.
    """
    if what in ("failure", "relapse"):
        return StatedFact(kind=convert(what, FactKind), value=value)
    if what in ("failure_day", "relapse_day"):
        return StatedFact(kind=convert(what, FactKind), value=int(value))
    fact, entry = StatedFact(kind="finding", what=what), load().catalogue[what]
    if value == "unknown":
        return fact
    if " or " in value:
        return replace(fact, possible=tuple(value.split(" or ")))
    if value.startswith("at least "):
        return replace(fact, low=float(value[9:]))
    if " to " in value:
        low, _, high = value.partition(" to ")
        return replace(fact, low=float(low), high=float(high))
    if entry.type == "bool":
        return replace(fact, value=value == "yes")
    return replace(fact, value=value if entry.type == "word" else float(value))
