"""The words of OMOP itself, and what stands in where a site's CONCEPT lacks an id; from
`concepts.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from rearm.knowledge.tidy_tables import folded

__all__ = ["Hints", "ProcedureMeaning", "load_hints"]


@dataclass(frozen=True, slots=True)
class ProcedureMeaning:
    """What a procedure is, and the CAR-T product where its code names one."""

    kind: str
    product: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """The tables of the file. Everything by concept id, but `systems` (by vocabulary),
    `spelled` (UCUM codes as the dictionary writes them), `procedures` (by id, or by system and
    code), `below` (codes of which all descendants are myeloma), `unclear` (names of statuses) and
    `fields` (the field's name).
    """

    systems: Mapping[str, str]
    operators: Mapping[int, str]
    words: Mapping[int, str]
    gender: Mapping[int, str]
    types: frozenset[int]
    algorithm: int
    prescriptions: frozenset[int]
    regimen_episode: int
    treatment_episode: int
    fields: Mapping[int, str]
    responses: frozenset[int]
    units: Mapping[int, str]
    spelled: Mapping[str, str]
    loinc: Mapping[int, str]
    conditions: Mapping[int, str]
    below: frozenset[tuple[str, str]]
    unclear: frozenset[str]
    agents: Mapping[int, str]
    products: Mapping[int, str]
    regimens: Mapping[int, str]
    procedures: Mapping[int | tuple[str, str], ProcedureMeaning]


@cache
def load_hints() -> Hints:
    """The bundled file, read once."""
    text = files("rearm.intake.omop").joinpath("concepts.toml").read_text("utf-8")
    file = tomllib.loads(text)
    types = file["types"]
    prescriptions = frozenset(types["prescriptions"])
    return Hints(
        systems=file["systems"],
        operators=_by_id(file["operators"]),
        words=_by_id(file["words"]),
        gender=_by_id(file["gender"]),
        types=frozenset({types["ehr"], types["laboratory"], types["algorithm"], *prescriptions}),
        algorithm=types["algorithm"],
        prescriptions=prescriptions,
        regimen_episode=file["episodes"]["regimen"],
        treatment_episode=file["episodes"]["treatment"],
        fields=_by_id(file["fields"]),
        responses=frozenset(file["responses"]["ids"]),
        units=_by_id(file["units"]["hints"]),
        spelled=file["units"]["spelled"],
        loinc=_by_id(file["loinc"]),
        conditions=_by_id(file["conditions"]),
        below=frozenset(
            (system, code) for system, codes in file["conditions_below"].items() for code in codes
        ),
        unclear=frozenset(map(folded, file["condition_status"]["unclear"])),
        agents=_by_id(file["agents"]),
        products=_by_id(file["products"]),
        regimens=_by_id(file["regimens"]),
        procedures=_procedures(file["procedure"]),
    )


def _by_id(table: Mapping[str, str]) -> dict[int, str]:
    return {int(concept): word for concept, word in table.items()}


def _procedures(rows: list[dict[str, Any]]) -> dict[int | tuple[str, str], ProcedureMeaning]:
    known: dict[int | tuple[str, str], ProcedureMeaning] = {}
    for row in rows:
        meaning = ProcedureMeaning(row["kind"], row.get("product"))
        known |= dict.fromkeys(row.get("ids", ()), meaning)
        known |= {(row["system"], code): meaning for code in row["codes"]}
    return known
