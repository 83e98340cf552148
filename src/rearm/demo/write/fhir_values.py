"""The values of FHIR resources: codings, quantities, words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = [
    "LOINC",
    "RXNORM",
    "SNOMED",
    "UCUM",
    "Json",
    "codings_of",
    "fits",
    "lab_value",
    "loinc_component",
    "number_of",
    "status_of",
    "unit_of",
]

Json = dict[str, Any]

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
_WORDS = {"positive": "10828004", "negative": "260385009"}


def status_of(system: str, code: str) -> Json:
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}


def codings_of(system: str, code: str | None) -> list[Json]:
    return [] if code is None else [{"system": system, "code": code}]


def loinc_component(code: str, display: str, **value: Any) -> Json:
    return {"code": {"coding": [{"system": LOINC, "code": code, "display": display}]}, **value}


def number_of(value: Any) -> int | float:
    number = float(value)
    return int(number) if number.is_integer() else number


def lab_value(value: Any, unit: str) -> Json:
    match = re.fullmatch(r"(<=|>=|<|>)?\s*(-?[0-9.]+(?:[eE][+-]?[0-9]+)?)", str(value))
    if match is None:
        word = str(value)
        return {
            "valueCodeableConcept": {
                "coding": [
                    *codings_of(SNOMED, _WORDS.get(word)),
                    {"system": "urn:rearm:word", "code": word},
                ]
            }
        }
    found: Json = {"value": number_of(match[2])} | ({"comparator": match[1]} if match[1] else {})
    return {"valueQuantity": found | unit_of(unit)}


def unit_of(unit: str) -> Json:
    return {"unit": unit, "system": UCUM, "code": _ucum().get(unit, unit)} if unit else {}


@cache
def _ucum() -> Mapping[str, str]:
    data = tomllib.loads((files("rearm.knowledge") / "data" / "tests.toml").read_text("utf-8"))
    return {label: entry["ucum"] for label, entry in data["unit"].items()}


def fits(display: str, unit: str) -> bool:
    """Whether the LOINC code is of the unit's kind: a molar code does not stand beside a mass."""
    return ("[Moles/" in display) == ("mol" in unit) or not unit
