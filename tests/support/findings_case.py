"""A patient for the tables of findings: four lines, then cilta-cel on day 0, PR, and progression on
day 200 as the team recorded it.
"""

from __future__ import annotations

import math
from typing import Any

from rearm.findings import Found, find
from rearm.intake import read_tables
from rearm.knowledge.catalogue import load_catalogue
from rearm.outcome.failures import failures
from rearm.record import Record

Row = tuple[str, dict[str, Any]]

LINES = [
    {
        "line": 1,
        "agents": "bortezomib;lenalidomide;dexamethasone",
        "purpose": "induction",
        "start_day": -1500,
        "end_day": -1400,
    },
    {
        "line": 1,
        "agents": "melphalan",
        "regimen": "HDM-ASCT",
        "purpose": "transplant",
        "start_day": -1380,
        "end_day": -1380,
    },
    {
        "line": 2,
        "agents": "daratumumab;pomalidomide;dexamethasone",
        "purpose": "treatment",
        "start_day": -800,
        "end_day": -400,
        "progression_on": "yes",
    },
    {
        "line": 3,
        "agents": "carfilzomib;dexamethasone",
        "purpose": "treatment",
        "start_day": -390,
        "end_day": -100,
        "progression_on": "yes",
    },
    {
        "agents": "fludarabine;cyclophosphamide",
        "purpose": "lymphodepletion",
        "start_day": -5,
        "end_day": -3,
    },
]
INFUSION: dict[str, Any] = {
    "day": 0, "product": "cilta-cel", "target": "BCMA", "construct": "camelid VHH",
    "dose_cells": 60000000, "apheresis_days": "-50",
    "in_specification": "yes", "infused": "yes",
}  # fmt: skip


def lab(
    day: int | str | None, test: str, value: object, unit: str | None = None, **more: Any
) -> Row:
    return "labs", {"day": day, "test": test, "value": value, "unit": unit, **more}


def stain(
    day: int | str | None,
    percent: object,
    method: str | None = "flow_cytometry",
    specimen: str | None = "marrow",
    **more: Any,
) -> Row:
    test = more.pop("test", "bcma_positive_plasma_cells")
    return lab(day, test, percent, "%", method=method, specimen=specimen, **more)


def variant(
    day: int | str | None,
    gene: str,
    change: str | None = None,
    kind: str | None = None,
    result: str = "present",
    **more: Any,
) -> Row:
    return "variants", {
        "day": day,
        "gene": gene,
        "change": change,
        "kind": kind,
        "result": result,
        **more,
    }


def condition(day: int | None, name: str, status: str = "present", **more: Any) -> Row:
    return "conditions", {"day": day, "condition": name, "status": status, **more}


def toxicity(day: int | None, name: str, grade: int | None = None, **more: Any) -> Row:
    return "toxicities", {"day": day, "toxicity": name, "grade": grade, **more}


def fact(day: int | None, name: str, value: str) -> Row:
    return "facts", {"day": day, "finding": name, "value": value, "by": "clinician"}


def imaging(
    day: int | None,
    result: str,
    kind: str | None = None,
    method: str | None = "PET-CT",
    **more: Any,
) -> Row:
    return "imaging", {"day": day, "result": result, "kind": kind, "method": method, **more}


def therapy(
    start: int | None, end: int | None, agents: str, purpose: str = "treatment", **more: Any
) -> Row:
    return "therapies", {
        "start_day": start,
        "end_day": end,
        "agents": agents,
        "purpose": purpose,
        **more,
    }


def findings(
    *rows: Row,
    as_of: int = 220,
    pd: int | None = 200,
    lines: bool = True,
    infusion: dict[str, Any] | None = None,
    **patient: Any,
) -> dict[str, Found]:
    """All findings of the patient with these rows added. `pd` None: no progression recorded."""
    record = record_of(*rows, as_of=as_of, pd=pd, lines=lines, infusion=infusion, **patient)
    return find(record, failures(record), load_catalogue(), as_of=as_of)


def record_of(
    *rows: Row,
    as_of: int = 220,
    pd: int | None = 200,
    lines: bool = True,
    infusion: dict[str, Any] | None = None,
    **patient: Any,
) -> Record:
    """The record of that patient as known at `as_of`."""
    responses = [
        {"day": 30, "response": "PR", "by": "team"},
        {"day": 90, "response": "PR", "by": "team"},
    ]
    if pd is not None:
        responses = [r for r in responses if int(str(r["day"])) < pd] + [
            {"day": pd, "response": "PD", "by": "team"}
        ]
    tables: dict[str, list[dict[str, Any]]] = {
        "patients": [
            {
                "sex": "M",
                "birth_date": "1960-06-01",
                "day_zero": "2024-06-01",
                "heavy_chain": "IgA",
                "light_chain": "kappa",
                **patient,
            }
        ],
        "therapies": list(LINES) if lines else [],
        "infusions": [INFUSION | (infusion or {})],
        "assessments": list(responses),
    }
    for table, row in rows:
        tables.setdefault(table, []).append(row)
    filled = {
        name: [{"patient_id": "P", **row} for row in entries] for name, entries in tables.items()
    }
    return read_tables(filled).records[0].known_at(as_of)


def shown(found: Found) -> object:
    """A value, or its bounds as `[low, high]` with round brackets where the limit itself is out,
    the words that are left as `a | b`; None where nothing is known.
    """
    if found.value is not None:
        return found.value
    if found.possible is not None:
        return " | ".join(found.possible)
    if found.quantity is None:
        return None
    ends = found.quantity
    left = "(" if math.isinf(ends.low) or ends.low_open else "["
    right = ")" if math.isinf(ends.high) or ends.high_open else "]"
    return f"{left}{ends.low:g}, {ends.high:g}{right}"
