"""The patient in lines: who and what the blood says; what was given, and what works no more; what
else decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rearm.assessment.result import Assessment, InfusionResult
from rearm.interval import Interval
from rearm.report.assessment.case import (
    age_words,
    kind_of_myeloma,
    refractory_classes,
    values_now,
)
from rearm.report.sheet.what_decides import what_decides
from rearm.report.words import words

__all__ = ["case_lines"]

_ALTERATIONS = (
    ("del(17p)", "del_17p"),
    ("TP53 mutation", "tp53_mutation"),
    ("1q gain", "gain_1q"),
    ("t(4;14)", "t_4_14"),
    ("t(14;16)", "t_14_16"),
    ("t(11;14)", "t_11_14"),
)


def case_lines(result: Assessment) -> tuple[str, ...]:
    """What is not on record is left out."""
    return tuple(x for x in (_person(result), _treatment(result), what_decides(result)) if x)


def _person(result: Assessment) -> str:
    value = {name: finding.value for name, finding in result.findings.items()}
    parts = [
        {"F": "Woman", "M": "Man"}.get(result.case.sex or "", "Patient"),
        age_words(result),
        f"ECOG {ecog:g}" if isinstance(ecog := value.get("ecog"), int | float) else "",
        words(str(value["frailty"])) if value.get("frailty") else "",
        kind_of_myeloma(result),
        *(name for name, key in _ALTERATIONS if value.get(key) is True),
    ]
    return " ".join((f"{', '.join(x for x in parts if x)}.", *values_now(result)))


def _treatment(result: Assessment) -> str:
    """The lines in their order, the CAR-T among them, and what no longer works."""
    number = _number_of_lines(result)
    lines = "; ".join(" then ".join(line) for line in _lines(result)) or "not on record"
    text = f"{number} lines: {lines}" if number else f"Lines: {lines}"
    agents = _refractory_agents(result)
    classes = refractory_classes(result)
    if not classes and not agents:
        return f"{text}."
    named = ", ".join(classes or agents)
    of_which = f" ({', '.join(agents)})" if classes and agents else ""
    return f"{text}. Refractory: {named}{of_which}."


def _number_of_lines(result: Assessment) -> str:
    """`5`, `7 to 8`; empty where it is not known."""
    lines = result.findings.get("prior_lines")
    if lines is None or not lines.known:
        return ""
    if lines.value is not None:
        return str(lines.value)
    return str(Interval.from_dict(lines.interval)) if lines.interval is not None else ""


def _refractory_agents(result: Assessment) -> list[str]:
    """The agents that no longer work, in the order in which they were first given."""
    given = dict.fromkeys(agent for row in result.therapies for agent in row.agents)
    found = result.findings
    return [
        agent
        for agent in given
        if (known := found.get(f"refractory_{agent.replace(' ', '_').replace('-', '_')}"))
        is not None
        and known.value is True
    ]


def _lines(result: Assessment) -> Iterator[list[str]]:
    """What was given, line by line: rows of one number belong together, and a bridge belongs to
    the CAR-T after it.
    """
    current: list[str] = []
    before: object = None
    for line, name in _given(result):
        if current and line != before:
            yield list(dict.fromkeys(current))
            current = []
        current.append(name)
        before = line
    if current:
        yield list(dict.fromkeys(current))


def _given(result: Assessment) -> Iterator[tuple[object, str]]:
    """Each row that treats, and each infusion, with what tells its line from others."""
    infusions = _infusions(result)
    timed: list[tuple[float, object, str]] = []
    for place, row in enumerate(result.therapies):
        name = row.regimen or ", ".join(row.agents)
        if not name or row.supportive or row.purpose == "lymphodepletion":
            continue
        start = row.start.low
        day = -1e9 + place if start is None else float(start)
        line: object = ("line", row.line) if row.line is not None else ("row", place)
        if row.purpose == "bridging":
            name = f"{name} bridge"
            line = _bridged(infusions, day) or line
        elif row.best_response:
            name = f"{name} ({row.best_response})"
        timed.append((day, line, name))
    for place, infusion in enumerate(infusions):
        day = 0.0 if infusion.day.low is None else float(infusion.day.low)
        timed.append((day, ("infusion", place), infusion.product or "CAR-T"))
    yield from ((line, name) for _, line, name in sorted(timed, key=lambda x: x[0]))


def _infusions(result: Assessment) -> list[InfusionResult]:
    """What was infused, a split dose once: a bag on a day on which nothing is judged is of one
    before.
    """
    judged = Counter(x.infusion_day for x in result.failures)
    found: list[InfusionResult] = []
    for infusion in result.case.infusions:
        day = infusion.day.low if infusion.day.low == infusion.day.high else None
        further = bool(judged) and day is not None and not judged[day]
        if infusion.infused is False or further:
            continue
        if day is not None:
            judged[day] -= 1
        found.append(infusion)
    return found


def _bridged(infusions: Sequence[InfusionResult], day: float) -> object:
    """The infusion to which a bridge of this day leads; None where there is none after it."""
    for place, infusion in enumerate(infusions):
        low = infusion.day.low
        if low is not None and day <= low:
            return ("infusion", place)
    return None
