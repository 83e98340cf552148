"""The patient in two lines: who and what the blood says; what was given, and what works no more."""

from __future__ import annotations

from collections.abc import Iterator

from rearm.assessment.result import Assessment
from rearm.report.assessment.case import (
    age_words,
    kind_of_myeloma,
    refractory_classes,
    values_now,
)
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
    return (_person(result), _treatment(result))


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
    now = values_now(result)
    who = f"{', '.join(x for x in parts if x)}."
    return f"{who} Now: {', '.join(now)}." if now else who


def _treatment(result: Assessment) -> str:
    """The regimens in their order, the CAR-T among them, and the classes that no longer work."""
    given = list(dict.fromkeys(_given(result)))
    lines = result.findings.get("prior_lines")
    number = None if lines is None else lines.value
    text = f"{number} lines: " if number is not None else "Lines: "
    text += ", ".join(given) if given else "not on record"
    refractory = refractory_classes(result)
    return f"{text}. Refractory: {', '.join(refractory)}." if refractory else f"{text}."


def _given(result: Assessment) -> Iterator[str]:
    timed: list[tuple[float, str]] = []
    for place, row in enumerate(result.therapies):
        name = row.regimen or ", ".join(row.agents)
        if name and row.purpose not in ("lymphodepletion", "supportive"):
            start = row.start.low
            timed.append((-1e9 + place if start is None else start, name))
    for infusion in result.case.infusions:
        if infusion.infused is not False:
            day = infusion.day.low
            timed.append((0.0 if day is None else day, infusion.product or "CAR-T"))
    yield from (name for _, name in sorted(timed, key=lambda x: x[0]))
