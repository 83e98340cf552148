"""Random courses in the form of the case files: all types of disease, missing data, ties at limits,
both units, new therapy, death.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

# falls and rises that lie exactly at, just under and just over a limit
_FALLS = (
    0.1,
    0.10001,
    0.0999,
    0.5,
    0.50001,
    0.4999,
    0.75,
    0.75001,
    0.7499,
    0.51,
    0.3,
    0.05,
    0.0,
    1.0,
    1.2,
)
_RISES = (0.5, 0.49, 0.51, 0.1, 0.2, 1.0, 0.99, 0.0, -0.1)


def generate(seed: int) -> dict[str, Any]:
    """One case (without `expected`); the same seed gives the same case."""
    r = random.Random(seed)
    kind = r.choice(
        (
            "serum",
            "serum",
            "serum+urine",
            "urine",
            "flc",
            "marrow",
            "lesion",
            "serum+lesion",
            "none",
            "cells",
            "iga",
            "bare",
        )
    )
    patient: dict[str, Any] = {"type": kind}
    chain = r.choice(("kappa", "lambda"))
    if kind == "iga":
        patient |= {"isotype": f"IgA {chain}", "serum_marker": "quantitative_ig"}
    elif r.random() < 0.5:
        patient["isotype"] = r.choice((f"IgG {chain}", f"IgG {chain}", f"IgA {chain}"))
    elif r.random() < 0.5:
        patient["involved_flc"] = chain
    state = _start(r, kind)
    day = date(2024, 1, 1)
    visits = []
    if r.random() < 0.1:
        visits.append(_visit(r, day - timedelta(days=40), state, kind, chain, patient, full=False))
    visits.append(
        _visit(r, day, state, kind, chain, patient, full=kind != "bare") | {"baseline": True}
    )
    if kind == "bare":
        visits[-1] = {"date": day.isoformat(), "baseline": True}
    deep = r.random() < 0.5
    for _ in range(r.randint(1, 9)):
        day += timedelta(days=r.choice((7, 14, 28, 28, 56, 200)))
        _move(r, state, deep)
        if r.random() < 0.05:
            visits.append({"date": day.isoformat(), "not_done": "all"})
        else:
            visits.append(_visit(r, day, state, kind, chain, patient, full=False))
    case: dict[str, Any] = {"id": f"G{seed}", "title": kind, "patient": patient, "visits": visits}
    if r.random() < 0.2:
        case["new_therapy_date"] = (
            date(2024, 1, 1) + timedelta(days=r.randint(1, 250))
        ).isoformat()
    if r.random() < 0.25:
        case["death"] = {
            "date": (day + timedelta(days=r.randint(1, 60))).isoformat(),
            "cause": r.choice(("progression", "myeloma", "other", "unknown")),
        }
    return case


def _start(r: random.Random, kind: str) -> dict[str, float]:
    state = {
        "serum": 0.0,
        "urine": 0.0,
        "own": 12.0,
        "other": 10.0,
        "marrow": r.choice((2.0, 20.0, 29.9)),
        "cells": 0.0,
        "spd": 0.0,
        "longest": 0.0,
    }
    if kind.startswith("serum") or kind == "iga":
        state["serum"] = r.choice((1.0, 2.0, 3.0, 4.0, 6.0, 9.0))
    if "urine" in kind:
        state["urine"] = r.choice((200.0, 1000.0, 2500.0))
    if kind in ("serum", "iga") and r.random() < 0.3:
        state["urine"] = r.choice((50.0, 100.0, 199.0))
    if kind == "flc":
        state |= {
            "own": r.choice((100.0, 490.0, 810.0)),
            "serum": r.choice((0.0, 0.99)),
            "urine": r.choice((0.0, 199.0)),
        }
    if kind == "marrow":
        state["marrow"] = r.choice((30.0, 40.0, 60.0))
    if "lesion" in kind:
        state |= {"spd": r.choice((8.0, 20.0)), "longest": r.choice((2.0, 3.0))}
    if kind == "cells":
        state["cells"] = r.choice((100.0, 500.0))
    state["start"] = 0
    return state | {f"{k}0": v for k, v in state.items()}


def _move(r: random.Random, s: dict[str, float], deep: bool) -> None:
    """Next state: a fall to a tie, a rise to a tie, or a step."""
    for key, step in (
        ("serum", 0.5),
        ("urine", 200.0),
        ("own", 100.0),
        ("marrow", 10.0),
        ("cells", 200.0),
        ("spd", 4.0),
        ("longest", 1.0),
    ):
        choice = r.random()
        if choice < 0.35:
            continue
        if deep and choice < 0.7:
            s[key] = r.choice((0.0, 0.0, s[f"{key}0"] * r.choice(_FALLS)))
        elif choice < 0.65:
            s[key] = s[f"{key}0"] * r.choice(_FALLS)
        elif choice < 0.85:
            s[key] = max(0.0, s[key] + step * 2 * r.choice(_RISES))
        else:
            s[key] = s[key] * r.choice((1.25, 1.5, 1.2499, 1.4999, 1.0))
    if r.random() < 0.5:
        s["own"] = max(s["own"], 4.0)
    s["other"] = r.choice((10.0, 8.0, 12.5, 20.0))


def _visit(
    r: random.Random,
    day: date,
    s: dict[str, float],
    kind: str,
    chain: str,
    patient: dict[str, Any],
    *,
    full: bool,
) -> dict[str, Any]:
    v: dict[str, Any] = {"date": day.isoformat()}

    def there(share: float) -> bool:
        return full or r.random() < share

    def put(key: str, value: float, digits: int = 5) -> None:
        v[key] = (
            round(value, digits) if r.random() < 0.97 or not value else f"<{round(value, digits)}"
        )

    if there(0.93):
        if kind == "iga":
            put("iga_mg_dl", s["serum"] * 1000)
        elif r.random() < 0.5:
            put("serum_m_g_dl", s["serum"])
        else:
            put("serum_m_g_l", s["serum"] * 10)
    if there(0.85):
        if r.random() < 0.7:
            put("urine_m_mg_24h", s["urine"])
        else:
            put("urine_m_g_24h", s["urine"] / 1000, 8)
    if there(0.85 if kind == "flc" else 0.5):
        other = "lambda" if chain == "kappa" else "kappa"
        if r.random() < 0.5:
            v[f"{chain}_mg_l"], v[f"{other}_mg_l"] = round(s["own"], 5), s["other"]
        else:
            v[f"{chain}_mg_dl"], v[f"{other}_mg_dl"] = (
                round(s["own"] / 10, 6),
                round(s["other"] / 10, 6),
            )
        if r.random() < 0.03:
            del v[next(k for k in v if k.startswith(other))]
    gone = s["serum"] == 0 if kind != "iga" else s["serum"] < 0.4
    if there(0.85):
        v["serum_ife"] = (
            r.choice(("neg", "neg", "neg", "pos"))
            if gone
            else r.choice(("pos", "pos", "pos", "neg"))
        )
        if v["serum_ife"] == "pos" and r.random() < 0.2:
            v["serum_ife_isotype"] = r.choice(
                ("IgG kappa", "IgG lambda", "IgA kappa", "IgG lambda; IgM kappa")
            )
        if r.random() < 0.1:
            v["dira"] = r.choice(("pos", "neg"))
    if there(0.8):
        v["urine_ife"] = (
            r.choice(("neg", "neg", "neg", "pos")) if s["urine"] == 0 else r.choice(("pos", "neg"))
        )
    if there(0.6 if kind == "marrow" else 0.35):
        v["bm_pc_pct"] = round(
            r.choice((s["marrow"], 1.0, 2.0, 4.9, 5.0)) if not full else s["marrow"], 4
        )
        if r.random() < 0.6:
            v["bm_clonal"] = r.choice(("neg", "neg", "pos"))
    if "lesion" in kind and there(0.6):
        v["plasmacytoma_spd_cm2"] = round(s["spd"], 5)
        v["n_lesions"] = r.choice((1, 2, 2, 3))
        if r.random() < 0.6:
            v["lesion_longest_cm"] = round(s["longest"], 5)
            v["lesion_short_axis_cm"] = r.choice((0.9, 1.0, 1.1, 1.5))
    if not full and r.random() < 0.03:
        v["new_lesion"] = "soft_tissue"
    if not full and r.random() < 0.02:
        v["bone_event"] = r.choice(("compression fracture", "new lytic lesion"))
    if kind == "cells" and there(0.9):
        v["circ_pc_per_ul"] = round(s["cells"], 4)
    if not full and r.random() < 0.15:
        v["mrd"] = {
            "result": r.choice(("neg", "neg", "pos")),
            "method": "NGF",
            "sensitivity": r.choice((1e-5, 1e-6, 1e-4)),
        }
        if r.random() < 0.7:
            v["pet"] = r.choice(("neg", "neg", "neg", "pos"))
    return v
