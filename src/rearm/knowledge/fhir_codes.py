"""Codes that FHIR resources may carry, and what they stand for; from `data/fhir_codes.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rearm.knowledge._build import KnowledgeError, build
from rearm.knowledge.lab_tests import check_loinc

__all__ = ["FhirCodes", "read_fhir_codes"]

Coded = Mapping[tuple[str, str], str]  # what stands behind a (system, code)


@dataclass(frozen=True, slots=True, kw_only=True)
class FhirCodes:
    """The tables of the file. `systems` gives the short name of an address.

    `loinc` are named LOINC codes, `components` the columns of panels; `genes` maps HGNC ids to
    symbols; `excluding` are words of displays that exclude each other, `unspecific` those that say
    nothing of what is measured, `disease` parts of names that speak of the disease.
    """

    systems: Mapping[str, str]
    words: Coded
    tests: Coded
    conditions: Coded
    procedures: Coded
    loinc: Mapping[str, str]
    components: Mapping[str, str]
    disease_status: Mapping[str, str]
    genes: Mapping[str, str]
    excluding: tuple[Mapping[str, str], ...]
    unspecific: frozenset[str]
    disease: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _CodeList:
    system: str
    codes: Mapping[str, str]


def read_fhir_codes(file: Mapping[str, Any]) -> FhirCodes:
    """The codes of the parsed file.

    Raises KnowledgeError where a LOINC code has a wrong check digit or a system is not listed.
    """
    named: dict[str, str] = {k: v for k, v in file["loinc"].items() if isinstance(v, str)}
    components: dict[str, str] = file["loinc"]["component"]
    for code in (*named.values(), *components):
        if not check_loinc(code):
            raise KnowledgeError(
                [f"fhir_codes.toml: {code} is not a LOINC code: its check digit is wrong."]
            )
    return FhirCodes(
        systems={
            address: name for name, addresses in file["systems"].items() for address in addresses
        },
        words=_coded(file, "word"),
        tests=_coded(file, "test"),
        conditions=_coded(file, "condition"),
        procedures=_coded(file, "procedure"),
        loinc=named,
        components=components,
        disease_status=file["disease_status"],
        genes=file["genes"],
        excluding=tuple(file["names"]["excluding"]),
        unspecific=frozenset(file["names"]["unspecific"].split()),
        disease=tuple(file["names"]["disease"]),
    )


def _coded(file: Mapping[str, Any], kind: str) -> dict[tuple[str, str], str]:
    coded: dict[tuple[str, str], str] = {}
    for place, row in enumerate(file[kind], 1):
        entry = build(_CodeList, row, f"fhir_codes.toml, {kind} {place}")
        if entry.system not in file["systems"]:
            raise KnowledgeError([f"fhir_codes.toml: {entry.system} is not a system of the file."])
        coded |= {(entry.system, code): meaning for code, meaning in entry.codes.items()}
    return coded
