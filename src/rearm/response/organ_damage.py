"""Organ damage of the kind myeloma does: hypercalcaemia, anaemia, renal impairment, and what is
stated as due to myeloma.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

import msgspec

from rearm.interval import Interval
from rearm.record import Condition, Lab, Record
from rearm.response.criteria import Criteria
from rearm.response.limits import at_least
from rearm.response.visits import CollectedResults, CourseFlag

__all__ = ["ClinicalEvent", "clinical_events"]

# test -> the condition that its abnormal value stands for
_CONDITIONS = {
    "calcium_corrected": "hypercalcaemia",
    "hemoglobin": "anaemia",
    "creatinine": "renal_impairment",
}
_STATED = (
    "hypercalcaemia",
    "anaemia",
    "renal_impairment",
    "cord_compression",
    "hyperviscosity",
    "pathological_fracture",
)


class ClinicalEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Organ damage of the kind myeloma does, with its day. `attributed` True or False as stated,
    None where nobody said; `stated`: known by the statement alone, without a value.

    >>> from rearm.response import ClinicalEvent
    >>> ClinicalEvent(day=90, what="hypercalcaemia", attributed=None, open=True, text="...").stated
    False
    """

    day: int  # of the patient's axis
    what: str  # hypercalcaemia, anaemia, renal, lesion ...
    attributed: bool | None
    open: bool  # nothing later took it back
    text: str  # the sentence
    stated: bool = False


def clinical_events(
    record: Record,
    collected: CollectedResults,
    criteria: Criteria,
    *,
    infusion: bool,
    until: int | None,
) -> tuple[list[ClinicalEvent], list[CourseFlag]]:
    """Hypercalcaemia, fall of haemoglobin, rise of creatinine, and conditions stated as due to
    myeloma, after the start of the course; and falls that belong to the treatment's own cytopenia.

    Whether myeloma is the cause is read from `conditions`, never assumed.
    """
    events: list[ClinicalEvent] = []
    flags: list[CourseFlag] = []
    for test in _CONDITIONS:
        crossings = _crossings(test, collected, criteria)
        if test == "hemoglobin" and infusion:
            crossings, found = _without_cytopenia(crossings, collected, criteria)
            flags += found
        event = _measured(test, crossings, record.conditions, criteria)
        if event is not None:
            events.append(event)
    measured = {e.what for e in events}
    events += [
        _stated_event(day, condition)
        for condition in record.conditions
        if (day := condition.when.day) is not None
        and _stated(condition, collected.start, until)
        and condition.condition not in measured
        and not _contradicted(condition, day, collected, criteria)
    ]
    return sorted(events, key=lambda e: (e.day, e.what)), flags


def _without_cytopenia(
    crossings: list[_Crossing], collected: CollectedResults, c: Criteria
) -> tuple[list[_Crossing], list[CourseFlag]]:
    """A fall of haemoglobin with the treatment's own cytopenia is no sign of myeloma."""
    own = {(day, text) for day, text in crossings if text and _cytopenic(collected, day, c)}
    flags = [_cytopenia(day, text) for day, text in crossings if (day, text) in own]
    return [(day, "" if (day, text) in own else text) for day, text in crossings], flags


def _stated_event(day: int, condition: Condition) -> ClinicalEvent:
    return ClinicalEvent(
        day=day,
        what=condition.condition,
        attributed=True,
        open=True,
        text=f"{condition.condition.replace('_', ' ')} recorded as due to myeloma",
        stated=True,
    )


# day of a value after the start, and how it crosses the limit: empty where it does not
_Crossing = tuple[int, str]


def _crossings(test: str, collected: CollectedResults, c: Criteria) -> list[_Crossing]:
    """Every value after the start, against what was known before it: the last value before the
    start, and for haemoglobin the highest since.
    """
    dated = [
        (day, x.quantity)
        for x in collected.crab.get(test, ())
        if x.quantity is not None and (day := x.when.first) is not None
    ]
    crossing = _CROSSINGS[test]
    reference: float | None = None
    found: list[_Crossing] = []
    for day, value in sorted(dated, key=itemgetter(0)):
        own = value.high if test == "creatinine" else value.low
        if day <= collected.start:
            reference = own
            continue
        found.append((day, crossing(value, reference, c)))
        if reference is None or (test == "hemoglobin" and own > reference):
            reference = own
    return found


# How a value crosses its limit, in words; empty where it does not for certain.


def _calcium(value: Interval, reference: float | None, c: Criteria) -> str:
    high = value.above(c.calcium_relapse)
    return f"corrected calcium {value.low:g} mg/dL" if high else ""


def _hemoglobin(value: Interval, reference: float | None, c: Criteria) -> str:
    if reference is None or not at_least(reference - value.high, c.hemoglobin_fall):
        return ""
    return f"haemoglobin {reference:g} to {value.high:g} g/dL"


def _creatinine(value: Interval, reference: float | None, c: Criteria) -> str:
    if reference is None or not at_least(value.low - reference, c.creatinine_rise):
        return ""
    return f"creatinine {reference:g} to {value.low:g} mg/dL"


_CROSSINGS = {
    "calcium_corrected": _calcium,
    "hemoglobin": _hemoglobin,
    "creatinine": _creatinine,
}


def _measured(
    test: str, crossings: Sequence[_Crossing], conditions: Sequence[Condition], c: Criteria
) -> ClinicalEvent | None:
    """The first value over the limit; open where the last value is over it too."""
    first = next(((day, text) for day, text in crossings if text), None)
    if first is None:
        return None
    day, text = first
    what = _CONDITIONS[test]
    return ClinicalEvent(
        day=day,
        what=what,
        attributed=_attribution(conditions, what, day, c.attribution_days),
        open=bool(crossings[-1][1]),
        text=text,
    )


def _cytopenia(day: int, crossing: str) -> CourseFlag:
    text = (
        f"{crossing} on day {day} during or soon after cytopenia from treatment; not counted as "
        "a sign of myeloma"
    )
    return CourseFlag("cytopenia", day, text)


def _cytopenic(collected: CollectedResults, day: int, c: Criteria) -> bool:
    """Soon after the infusion, or neutrophils or platelets low within two weeks: the haemoglobin
    may fall with them.
    """
    if day - collected.start < c.cytopenia_days:
        return True
    limits = (("neutrophils", c.cytopenia_neutrophils), ("platelets", c.cytopenia_platelets))
    return any(
        _near(x, day, c.cytopenia_near_days) and x.quantity is not None and x.quantity.below(limit)
        for test, limit in limits
        for x in collected.crab.get(test, ())
    )


def _near(lab: Lab, day: int, within: int) -> bool:
    return lab.when.first is not None and abs(lab.when.first - day) <= within


def _attribution(conditions: Sequence[Condition], what: str, day: int, within: int) -> bool | None:
    """What was said of the cause nearest to the day."""
    said = [
        (abs(at - day), place)
        for place, x in enumerate(conditions)
        if x.condition == what
        and x.attributed_to_myeloma is not None
        and (at := x.when.day) is not None
        and abs(at - day) <= within
    ]
    return conditions[min(said)[1]].attributed_to_myeloma if said else None


def _stated(condition: Condition, start: int, until: int | None) -> bool:
    """Is it there, after the start of the course, and due to myeloma as stated?"""
    day = condition.when.day
    if day is None or day <= start or (until is not None and day > until):
        return False
    due = condition.status == "present" and condition.attributed_to_myeloma is True
    return due and condition.condition in _STATED


def _contradicted(condition: Condition, day: int, collected: CollectedResults, c: Criteria) -> bool:
    """A laboratory value of the same days that could be judged and did not show it speaks against
    the stated condition.
    """
    test = next((t for t, name in _CONDITIONS.items() if name == condition.condition), None)
    if test is None:
        return False
    measured = [d for x in collected.crab.get(test, ()) if (d := x.when.first) is not None]
    near = [d for d in measured if abs(d - day) <= c.contradiction_days]
    return bool(near) and (test == "calcium_corrected" or any(d < min(near) for d in measured))
