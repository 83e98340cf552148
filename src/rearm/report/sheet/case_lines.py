"""The patient in two lines: who and what the blood says; what was given, and what works no more."""

from __future__ import annotations

from collections.abc import Iterator

from rearm.assessment.result import Assessment
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
_NOW = (
    ("Hb", "hemoglobin", "g/dL"),
    ("platelets", "platelets", "G/L"),
    ("neutrophils", "neutrophils", "G/L"),
    ("IgG", "igg", "mg/dL"),
    ("creatinine", "creatinine", "mg/dL"),
    ("eGFR", "egfr", "mL/min"),
    ("LVEF", "lvef", "%"),
)
_REFRACTORY = (
    ("proteasome inhibitors", "refractory_pi"),
    ("IMiDs", "refractory_imid"),
    ("anti-CD38", "refractory_anti_cd38"),
    ("BCMA bispecifics", "refractory_bcma_bispecific"),
    ("anti-GPRC5D", "refractory_gprc5d"),
)


def case_lines(result: Assessment) -> tuple[str, ...]:
    """Two lines as a rule; what is not on record is left out."""
    return tuple(line for line in (_person(result), _treatment(result)) if line)


def _person(result: Assessment) -> str:
    value = {name: finding.value for name, finding in result.findings.items()}
    case = result.case
    who = {"F": "Woman", "M": "Man"}.get(case.sex or "", "Patient")
    if (age := _age(result)) is not None:
        who += f", {age} years"
    parts = [who]
    if value.get("ecog") is not None:
        parts.append(f"ECOG {value['ecog']:g}" if isinstance(value["ecog"], int | float) else "")
    if value.get("frailty"):
        parts.append(words(str(value["frailty"])))
    kind = " and ".join(case.heavy_chain)
    kind = "light-chain" if kind.lower() == "none" else kind
    parts.append(" ".join(x for x in (kind, case.light_chain or "") if x))
    parts += [name for name, key in _ALTERATIONS if value.get(key) is True]
    now = [
        f"{name} {number:g} {unit}"
        for name, key, unit in _NOW
        if isinstance(number := value.get(key), int | float)
    ]
    return f"{', '.join(x for x in parts if x)}. {', '.join(now)}{'.' if now else ''}".strip()


def _age(result: Assessment) -> str | None:
    age = result.findings.get("age")
    if age is None:
        return None
    if age.value is not None:
        return str(age.value)
    if age.interval is None or age.interval["low"] is None or age.interval["high"] is None:
        return None
    return f"{age.interval['low']:g} or {age.interval['high']:g}"


def _treatment(result: Assessment) -> str:
    """The regimens in their order, the CAR-T among them, and the classes that no longer work."""
    given = list(dict.fromkeys(_given(result)))
    value = {name: finding.value for name, finding in result.findings.items()}
    lines = value.get("prior_lines")
    text = f"{lines} lines: " if lines is not None else "Lines: "
    text += ", ".join(given) if given else "not on record"
    refractory = [name for name, key in _REFRACTORY if value.get(key) is True]
    return f"{text}. Refractory: {', '.join(refractory)}." if refractory else f"{text}."


def _given(result: Assessment) -> Iterator[str]:
    timed: list[tuple[float, str]] = []
    for place, row in enumerate(result.therapies):
        if row.purpose in ("lymphodepletion", "supportive"):
            continue
        name = row.regimen or ", ".join(row.agents)
        start = row.start.low
        if name:
            timed.append((-1e9 + place if start is None else start, name))
    for infusion in result.case.infusions:
        if infusion.infused is not False:
            day = infusion.day.low
            timed.append((0.0 if day is None else day, infusion.product or "CAR-T"))
    yield from (name for _, name in sorted(timed, key=lambda x: x[0]))
