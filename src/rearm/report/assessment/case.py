"""The case in one paragraph, made of what is on record; what is not known is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rearm.assessment import Assessment
from rearm.interval import Interval
from rearm.report.assessment.dated import date_or_day
from rearm.report.assessment.disease import later_disease_sentence
from rearm.report.words import days_words, words

__all__ = [
    "age_words",
    "case_paragraph",
    "kind_of_myeloma",
    "refractory_classes",
    "values_now",
]

_CLASSES = (
    ("proteasome inhibitors", "pi"),
    ("IMiDs", "imid"),
    ("anti-CD38", "anti_cd38"),
    ("BCMA bispecifics", "bcma_bispecific"),
    ("anti-GPRC5D", "gprc5d"),
)
_NOW = (
    ("neutrophils", "neutrophils", " G/L"),
    ("platelets", "platelets", " G/L"),
    ("haemoglobin", "hemoglobin", " g/dL"),
    ("IgG", "igg", " mg/dL"),
    ("creatinine", "creatinine", " mg/dL"),
    ("LVEF", "lvef", " %"),
)


def case_paragraph(assessment: Assessment) -> str:
    """Who the patient is, what was given before, what was infused, what came of it, and what stands
    in the way now.
    """
    return " ".join(_sentences(assessment))


def _sentences(assessment: Assessment) -> Iterator[str]:
    value = {name: finding.value for name, finding in assessment.findings.items()}
    yield _person(assessment)
    lines = value.get("prior_lines")
    if lines is not None:
        included = ", the CAR-T included" if assessment.failures else ""
        noun = "line" if lines == 1 else "lines"
        yield f"{lines} {noun} of therapy{included}."
    if classes := refractory_classes(assessment):
        yield f"Refractory to {', '.join(classes)}."
    for failure in assessment.failures:
        product = failure.product or "A CAR-T"
        sentence = f"{product} was infused on {days_words(failure.infusion_day)}"
        if failure.best_response_text:
            sentence += f"; best response {failure.best_response_text}"
        sentence += f"; {words(failure.status)}"
        yield sentence + (f" on {days_words(failure.day)}." if failure.day is not None else ".")
    if sentence := later_disease_sentence(assessment):
        yield sentence
    for infusion in assessment.case.infusions:
        if infusion.infused is False:
            product = infusion.product or "CAR-T"
            yield f"A product ({product}) was collected and never infused."
    ecog = value.get("ecog")
    if isinstance(ecog, int | float):
        yield f"ECOG {ecog:g}."
    yield from values_now(assessment)
    if value.get("frailty"):
        yield f"Frailty: {value['frailty']}."
    if value.get("goals_of_care"):
        yield f"Stated goal of care: {words(str(value['goals_of_care']))}."


def _person(assessment: Assessment) -> str:
    person = {"F": "A woman", "M": "A man"}.get(assessment.case.sex or "", "A patient")
    if age := age_words(assessment):
        person += f" of {age}"
    return f"{person} with {f'{kind_of_myeloma(assessment)} myeloma'.strip()}."


def age_words(assessment: Assessment) -> str:
    """`63 years`, or both that it may be where only the year of birth is known; empty where the age
    is not known.
    """
    age = assessment.findings.get("age")
    if age is None:
        return ""
    if age.value is not None:
        return f"{age.value} years"
    low, high = (
        (None, None) if age.interval is None else (age.interval["low"], age.interval["high"])
    )
    return "" if low is None or high is None else f"{low:g} or {high:g} years"


def kind_of_myeloma(assessment: Assessment) -> str:
    """`IgG kappa`, `light-chain lambda`; empty where nothing is recorded."""
    heavy = " and ".join(assessment.case.heavy_chain)
    heavy = "light-chain" if heavy.lower() == "none" else heavy
    return " ".join(x for x in (heavy, assessment.case.light_chain) if x)


def refractory_classes(assessment: Assessment) -> list[str]:
    """The classes of drugs that no longer work."""
    findings = assessment.findings
    return [
        name
        for name, key in _CLASSES
        if (found := findings.get(f"refractory_{key}")) is not None and found.value
    ]


def values_now(assessment: Assessment) -> Iterator[str]:
    """Blood, kidney and heart with their days: what is known now, and the last of what is too old
    to count.
    """
    now: dict[int | None, list[str]] = {}
    last: dict[int | None, list[str]] = {}
    for name, key, unit in _NOW:
        found = assessment.findings.get(key)
        if found is None:
            continue
        if isinstance(found.value, int | float):
            now.setdefault(found.day, []).append(f"{name} {found.value:g}{unit}")
        elif (bounds := found.interval or found.last) is not None:
            days = now if found.interval is not None else last
            days.setdefault(found.day, []).append(f"{name} {Interval.from_dict(bounds)}{unit}")
    if now:
        yield f"Now: {_by_day(assessment, now)}."
    if last:
        yield f"Last known: {_by_day(assessment, last)}."


def _by_day(assessment: Assessment, values: Mapping[int | None, Sequence[str]]) -> str:
    """`haemoglobin 9.1 g/dL, creatinine 2.2 mg/dL (2026-09-07)`."""
    told = []
    for day, found in values.items():
        when = "" if day is None else f" ({date_or_day(day, assessment)})"
        told.append(f"{', '.join(found)}{when}")
    return "; ".join(told)
