"""The case in one paragraph, made of what is on record; what is not known is left out."""

from __future__ import annotations

from collections.abc import Iterator

from rearm.assessment import Assessment
from rearm.report.assessment.disease import later_disease_sentence
from rearm.report.words import days_words, words

__all__ = ["case_paragraph"]

_CLASSES = (
    ("proteasome inhibitors", "pi"),
    ("IMiDs", "imid"),
    ("anti-CD38", "anti_cd38"),
    ("BCMA bispecifics", "bcma_bispecific"),
    ("anti-GPRC5D", "gprc5d"),
)
_NOW = (
    ("ECOG", "ecog", ""),
    ("neutrophils", "neutrophils", " G/L"),
    ("platelets", "platelets", " G/L"),
    ("haemoglobin", "hemoglobin", " g/dL"),
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
        yield f"{lines} lines of therapy, the CAR-T included."
    classes = [name for name, key in _CLASSES if value.get(f"refractory_{key}")]
    if classes:
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
    now = [
        f"{name} {number:g}{unit}"
        for name, key, unit in _NOW
        if isinstance(number := value.get(key), int | float)
    ]
    if now:
        yield f"Now: {', '.join(now)}."
    if value.get("frailty"):
        yield f"Frailty: {value['frailty']}."
    if value.get("goals_of_care"):
        yield f"Stated goal of care: {words(str(value['goals_of_care']))}."


def _person(assessment: Assessment) -> str:
    case = assessment.case
    person = {"F": "A woman", "M": "A man"}.get(case.sex or "", "A patient")
    age = assessment.findings.get("age")
    if age is not None and age.value is not None:
        person += f" of {age.value} years"
    elif age is not None and age.interval is not None:
        low, high = age.interval["low"], age.interval["high"]
        if low is not None and high is not None:
            person += f" of {low:g} or {high:g} years"  # only the year of birth is known
    kind = " and ".join(case.heavy_chain)
    kind = "light-chain" if kind.lower() == "none" else kind
    return f"{person} with {' '.join(x for x in (kind, case.light_chain, 'myeloma') if x)}."
