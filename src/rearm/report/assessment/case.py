"""The case in one paragraph, made of what is on record; what is not known is left out, never filled
in.
"""

from __future__ import annotations

from rearm.assessment import Assessment
from rearm.record import Record
from rearm.report.words import days_words, words

__all__ = ["case_paragraph"]


def case_paragraph(assessment: Assessment, record: Record) -> str:
    """Who the patient is, what was given before, what was infused, what came of it, and what stands
    in the way now.
    """
    value = {f.name: f.value for f in assessment.findings}
    sentences = [_person(assessment, record)]
    lines = value.get("prior_lines")
    if lines is not None:
        sentences.append(f"{lines} lines of therapy, the CAR-T included.")
    classes = [
        name
        for name, key in (
            ("proteasome inhibitors", "pi"),
            ("IMiDs", "imid"),
            ("anti-CD38", "anti_cd38"),
        )
        if value.get(f"refractory_{key}")
    ]
    if classes:
        sentences.append(f"Refractory to {', '.join(classes)}.")
    for failure in assessment.failures:
        sentence = (
            f"{failure.product or 'A CAR-T'} was infused on {days_words(failure.infusion_day)}"
        )
        if failure.best_response:
            sentence += f"; best response {failure.best_response}"
        sentence += f"; {words(failure.status)}"
        sentence += f" on {days_words(failure.day)}." if failure.day is not None else "."
        sentences.append(sentence)
    sentences += [
        f"A product ({i.product or 'CAR-T'}) was collected and never infused."
        for i in record.infusions
        if i.infused is False
    ]
    now = [
        f"{name} {value[key]:g}{unit}"
        for name, key, unit in (
            ("ECOG", "ecog", ""), ("neutrophils", "neutrophils", " G/L"), ("platelets", "platelets", " G/L"),
            ("haemoglobin", "hemoglobin", " g/dL"), ("creatinine", "creatinine", " mg/dL"), ("LVEF", "lvef", " %"),
        )
        if isinstance(value.get(key), int | float)
    ]  # fmt: skip
    if now:
        sentences.append(f"Now: {', '.join(now)}.")
    if value.get("frailty"):
        sentences.append(f"Frailty: {value['frailty']}.")
    if value.get("goals_of_care"):
        sentences.append(f"Stated goal of care: {words(str(value['goals_of_care']))}.")
    return " ".join(sentences)


def _person(assessment: Assessment, record: Record) -> str:
    person = {"F": "A woman", "M": "A man"}.get(record.sex or "", "A patient")
    age = next((f for f in assessment.findings if f.name == "age"), None)
    if age is not None and age.value is not None:
        person += f" of {age.value} years"
    elif age is not None and age.low is not None and age.high is not None:
        person += f" of {age.low:g} or {age.high:g} years"  # only the year of birth is known
    kind = " and ".join(record.heavy_chain)
    kind = "light-chain" if kind.lower() == "none" else kind
    disease = " ".join(x for x in (kind, record.light_chain, "myeloma") if x)
    return f"{person} with {disease}."
