"""Drawn rows of a store, without records behind them: every value that a report can read turns up,
unknown ones too.
"""

from __future__ import annotations

import random
from typing import Any

Tables = dict[str, list[dict[str, Any]]]
STRATEGIES = ("bispecific-bcma", "bispecific-gprc5d", "celmod", "second-cart-new-target", None)
_KINDS = ("primary_refractory", "progression_after_response", "death_of_myeloma", None)
_RESPONSES = ("sCR", "VGPR", "PR", "SD", None)


def random_tables(number: int, seed: int) -> Tables:
    """The tables of the first `number` patients of a seed; each is the same in a larger store."""
    tables: Tables = {}
    for i in range(number):
        for name, rows in random_patient(i, seed).items():
            tables.setdefault(name, []).extend(rows)
    return tables


def random_patient(number: int, seed: int) -> Tables:
    """The rows of one patient."""
    d = random.Random(f"{seed}/{number}")
    patient = f"P{number:04d}"
    status = d.choice(("failed", "failed", "suspected", "not_failed", "cannot_be_judged"))
    end = d.randint(30, 900)
    fails = d.randint(1, end) if status == "failed" else None
    salvage = d.randint(fails or 1, end) if d.random() < 0.7 else None
    again = d.randint(salvage, end) if salvage is not None and d.random() < 0.4 else None
    dies = d.random() < 0.4
    second = salvage is not None and d.random() < 0.15
    tables: Tables = {
        "patients": [_person(d, patient, status, end, dies)],
        "infusions": [_infusion(d, patient, status, fails, end)],
        "outcomes": _outcomes(d, patient, fails, salvage, again, end, dies),
        "lines": _lines(d, patient, salvage, again, second),
        "causes": [
            {"patient_id": patient, "factor": factor, "group": "antigen", "grade": grade}
            for factor in ("bcma_biallelic_loss", "soluble_bcma_high")
            if (grade := d.choice(("established", "possible", "not_assessed")))
        ],
        "tests": [
            {"patient_id": patient, "rank": rank, "test": test, "mandatory": False}
            for rank, test in enumerate(d.sample(("ecg", "fish", "blood_panel"), 2), 1)
        ],
        "findings": [
            {"patient_id": patient}
            | {name: d.choice((True, False, None)) for name in ("emd_before_infusion", "t_11_14")}
            | {"bcma_status": d.choice(("positive", "lost", None))}
        ],
    }
    if second and salvage is not None:
        tables["infusions"].append(
            _infusion(d, patient, "not_failed", None, end) | {"infusion": 2, "day": salvage}
        )
        tables["outcomes"] += [
            {
                "patient_id": patient, "infusion": 2, "origin": "apheresis", "endpoint": "OS",
                "origin_day": salvage - 30, "status": "event" if dies else "censored",
                "days": end - salvage + 30, "entry": 0,
            }
        ]  # fmt: skip
    if salvage is not None and not second:
        tables["tiers"] = [
            {
                "patient_id": patient, "decision": "before_salvage", "as_of": salvage - 1,
                "strategy": name, "tier": d.choice(("first", "avoid", "situational")),
            }
            for name in STRATEGIES[:3]
        ]  # fmt: skip
    return tables


def _person(d: random.Random, patient: str, status: str, end: int, dies: bool) -> dict[str, Any]:
    return {
        "patient_id": patient, "source_hash": d.random().hex(), "software": "0",
        "knowledge": "2026.11", "as_of": end, "sex": d.choice(("F", "M", None)),
        "age": d.choice((None, float(d.randint(40, 85)))),
        "infusion_year": d.choice((None, d.randint(2018, 2024))), "infusion_day": 0,
        "heavy_chain": d.choice((["IgG"], ["IgA"], [])), "light_chain": d.choice(("kappa", None)),
        "last_seen": end, "died": dies or None, "death_low": end if dies else None,
        "death_high": end if dies else None, "infusions": 1, "status": status,
    }  # fmt: skip


def _infusion(
    d: random.Random, patient: str, status: str, fails: int | None, end: int
) -> dict[str, Any]:
    failed = status in ("failed", "suspected")
    return {
        "patient_id": patient, "infusion": 1, "day": 0,
        "product": d.choice(("ide-cel", "cilta-cel", None)), "status": status,
        "kind": d.choice(_KINDS) if failed else None,
        "timing": d.choice(("early", "late", None)) if failed else None,
        "failed_low": fails, "failed_high": fails, "computed_day": d.choice((fails, None)),
        "team_day": None if fails is None else d.choice((None, fails + 3, fails + 90)),
        "responded": d.choice((True, False, None)), "evaluable": d.choice((True, False)),
        "best_response_computed": d.choice(_RESPONSES), "best_response_team": d.choice(_RESPONSES),
        "followed_to": end, "last_assessed": end,
    }  # fmt: skip


def _outcomes(
    d: random.Random,
    patient: str,
    fails: int | None,
    salvage: int | None,
    again: int | None,
    end: int,
    dies: bool,
) -> list[dict[str, Any]]:
    first_seen = d.choice((0, 0, 0, d.randint(1, 200)))
    rows = []

    def add(origin: str, endpoint: str, start: int | None, day: int, event: str | None) -> None:
        known = start is not None
        spread = d.choice((0, 0, 0, 9)) if event == "death" and day > (start or 0) + 10 else 0
        row = {
            "patient_id": patient, "infusion": 1, "origin": origin, "endpoint": endpoint,
            "origin_day": start, "status": "event" if event else "censored", "event": event,
            "competing": False,
        }  # fmt: skip
        if not known or start is None:
            row |= {"status": "not_computable", "event": None, "obstacle": "did_not_fail"}
        elif endpoint == "OS" and dies and patient.endswith("7"):
            row |= {"status": "not_computable", "event": None, "obstacle": "death_undated"}
        else:
            days = day - start
            row |= {"days": days, "days_low": days - spread, "days_high": days + spread}
            row["entry"] = max(0, first_seen - start)
            if endpoint == "TTNT" and event is None and dies:
                row |= {"competing": True, "censored_by": "death_before_new_therapy"}
        rows.append(row)

    death = "death" if dies else None
    pd = fails if fails is not None and (salvage is None or fails <= salvage) else None
    add("infusion", "PFS", 0, end if pd is None else pd, death if pd is None else "PD")
    add("infusion", "OS", 0, end, death)
    therapy = None if salvage is None else "new therapy"
    add("infusion", "TTNT", 0, end if salvage is None else salvage, therapy)
    add("failure", "OS", fails, end, death)
    add("failure", "TTNT", fails, end if salvage is None else salvage, therapy)
    add("salvage", "OS", salvage, end, death)
    add("salvage", "PFS", salvage, again or end, "PD" if again else death)
    add("salvage", "TTNT", salvage, again or end, "new therapy" if again else None)
    return rows


def _lines(
    d: random.Random, patient: str, salvage: int | None, again: int | None, second: bool
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {"patient_id": patient, "line": n + 1, "after_infusion": 0} for n in range(d.randint(1, 6))
    ]
    for place, day in enumerate((salvage, again), 1):
        if day is None:
            continue
        rows.append(
            {
                "patient_id": patient, "line": len(rows) + 1, "after_infusion": 1,
                "salvage": None if second else place, "start_low": day, "start_high": day,
                "strategy": d.choice(STRATEGIES), "responded": d.choice((True, False, None)),
            }
        )  # fmt: skip
    return rows
