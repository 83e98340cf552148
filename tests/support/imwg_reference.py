"""A second, slow and literal implementation of the response criteria, written from the text of the
criteria and not from the product.

It reads the same case files, looks back over all earlier visits each time, and calculates with
exact fractions of the decimals as written, so that a limit is met exactly or not at all. Default
answers to the open questions only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction as F
from typing import Any

DEPTH = {"sCR": 7, "CR": 6, "VGPR": 5, "PR": 4, "MR": 3, "SD": 2}
NAME = {depth: name for name, depth in DEPTH.items()}


@dataclass
class Value:
    """A number as written, or `<x`: anything from 0 up to, not including, x."""

    low: F
    high: F
    open: bool = False

    def below(self, limit: int) -> bool:
        return self.high < limit or (self.high == limit and self.open)


def read(visit: dict[str, Any], **keys: F) -> Value | None:
    for key, factor in keys.items():
        if visit.get(key) is not None:
            text = str(visit[key])
            if text.startswith("<"):
                return Value(F(0), F(text[1:]) * factor, True)
            return Value(F(text) * factor, F(text) * factor)
    return None


@dataclass
class V:
    """What one visit says, in g/dL, mg/24h, mg/L, %, cm and cm2."""

    day: date
    serum: Value | None
    urine: Value | None
    kappa: Value | None
    lam: Value | None
    marrow: Value | None
    cells: Value | None
    serum_ife: str | None
    urine_ife: str | None
    clonal: str | None
    spd: F | None
    lesions: int | None
    longest: F | None
    short: F | None
    new_lesion: bool
    raw: dict[str, Any] = field(default_factory=dict)


def parse(visit: dict[str, Any], isotype: str | None, light: str | None, quantitative: bool) -> V:
    serum = read(visit, serum_m_g_dl=F(1), serum_m_g_l=F(1, 10))
    if quantitative:
        serum = read(visit, iga_mg_dl=F(1, 1000), iga_g_l=F(1, 10))

    def number(key: str) -> F | None:
        return None if visit.get(key) is None else F(str(visit[key]))

    bone = str(visit.get("bone_event") or "")
    new = visit.get("new_lesion") not in (None, False, "none", "no") or (
        "lesion" in bone and "fracture" not in bone
    )
    return V(
        date.fromisoformat(visit["date"]),
        serum,
        read(visit, urine_m_mg_24h=F(1), urine_m_g_24h=F(1000)),
        read(visit, kappa_mg_l=F(1), kappa_mg_dl=F(10)),
        read(visit, lambda_mg_l=F(1), lambda_mg_dl=F(10)),
        read(visit, bm_pc_pct=F(1)),
        read(visit, circ_pc_per_ul=F(1)),
        original_band(visit, isotype, light),
        visit.get("urine_ife"),
        visit.get("bm_clonal"),
        number("plasmacytoma_spd_cm2"),
        visit.get("n_lesions"),
        number("lesion_longest_cm"),
        number("lesion_short_axis_cm"),
        new,
        visit,
    )


def original_band(visit: dict[str, Any], isotype: str | None, light: str | None) -> str | None:
    """Section 10: bands of another isotype and a band shifted by DIRA in IgG kappa disease are not
    the original M-protein.
    """
    bands = [b.strip() for b in (visit.get("serum_ife_isotype") or "").split(";") if b.strip()]
    if visit.get("serum_ife") != "pos":
        return visit.get("serum_ife")
    if bands and isotype is not None and isotype not in bands:
        return "neg"
    if (
        bands
        and isotype is None
        and light is not None
        and all(not b.endswith(light) for b in bands)
    ):
        return "neg"
    if isotype == "IgG kappa" and visit.get("dira") == "neg" and len(bands) <= 1:
        return "neg"
    return "pos"


def reference(case: dict[str, Any]) -> dict[str, Any]:
    """The answer to a case: the keys of `expected` that are defined by the default rules."""
    patient = case.get("patient", {})
    isotype = patient.get("isotype")
    visits = [
        parse(
            v,
            isotype,
            patient.get("involved_flc"),
            patient.get("serum_marker") == "quantitative_ig",
        )
        for v in case["visits"]
    ]
    base_at = next(i for i, v in enumerate(case["visits"]) if v.get("baseline"))
    base = visits[base_at]
    chain = patient.get("involved_flc") or (isotype.split()[1] if isotype else None)
    if chain is None:
        chain = high_chain(base)
    for later in visits[base_at + 1 :]:
        chain = chain or high_chain(later)
    alternatives = measure(
        base,
        patient.get("involved_flc")
        or (isotype.split()[1] if isotype else None)
        or high_chain(base),
    )
    responses: list[str] = []
    for i, _ in enumerate(visits):
        if i < base_at:
            responses.append("PRE")
        elif i == base_at:
            responses.append("BL")
        else:
            known = chain_known_at(visits, base_at, i, patient, isotype)
            called = {response(visits[base_at : i + 1], each, known) for each in alternatives}
            # nobody knows which of them holds, so only what all of them give can be called
            responses.append(called.pop() if len(called) == 1 else "NE")
    return confirm(case, visits, base_at, responses, alternatives)


def chain_known_at(
    visits: list[V], base_at: int, i: int, patient: dict[str, Any], isotype: str | None
) -> list[str | None]:
    """The involved chain as it was known at each visit from baseline to visit i."""
    known = patient.get("involved_flc") or (isotype.split()[1] if isotype else None)
    out = []
    for v in visits[base_at : i + 1]:
        known = known or high_chain(v)
        out.append(known)
    return out


def ratio(v: V) -> tuple[F, F | None] | None:
    """Lowest and highest ratio; None above where lambda may be 0."""
    if v.kappa is None or v.lam is None or v.lam.high == 0:
        return None
    return v.kappa.low / v.lam.high, (v.kappa.high / v.lam.low if v.lam.low > 0 else None)


def normal_ratio(v: V) -> bool | None:
    r = ratio(v)
    if r is None:
        return None
    low, high = r
    if low >= F("0.26") and high is not None and high <= F("1.65"):
        return True
    if low > F("1.65") or (high is not None and high < F("0.26")):
        return False
    return None


def high_chain(v: V) -> str | None:
    r = ratio(v)
    if r is None:
        return None
    if r[0] > F("1.65"):
        return "kappa"
    return "lambda" if r[1] is not None and r[1] < F("0.26") else None


def dflc(v: V, chain: str | None) -> Value | None:
    """Involved minus uninvolved chain in mg/dL, never below 0."""
    if chain is None or v.kappa is None or v.lam is None:
        return None
    own, other = (v.kappa, v.lam) if chain == "kappa" else (v.lam, v.kappa)
    return Value(
        max(F(0), own.low - other.high) / 10, max(F(0), own.high - other.low) / 10, own.open
    )


def measure(base: V, chain: str | None) -> list[list[str]]:
    """Section 2, by every answer that the bounds of the baseline leave open; first by the least
    values.
    """
    own = {"kappa": base.kappa, "lambda": base.lam}.get(chain or "")
    if chain is None and (base.kappa is None) != (base.lam is None):
        own = base.kappa or base.lam
    # without the other chain nobody knows the ratio, so either may hold
    unknown = bool(own) and not (base.kappa and base.lam)
    if not unknown and not (base.kappa and base.lam and high_chain(base) == chain):
        own = None
    found: list[list[str]] = []
    for serum in reaches(base.serum, 1):
        for urine in reaches(base.urine, 200):
            for flc in sorted({*reaches(own, 100), *([False] if unknown else [])}):
                for marrow in reaches(base.marrow, 30):
                    out = ["serum"] * serum + ["urine"] * urine
                    if not out and flc:
                        out = ["flc"]
                    if not out and marrow:
                        out = ["marrow"]
                    out += ["plasmacytoma"] * has_plasmacytoma(base)
                    if out not in found:
                        found.append(out)
    return found


def reaches(value: Value | None, limit: int) -> list[bool]:
    """Whether it is at least the limit: both answers where the bounds leave it open."""
    if value is None or value.below(limit):
        return [False]
    return [True] if value.low >= limit else [False, True]


def has_plasmacytoma(v: V) -> bool:
    return bool(v.spd) or (v.spd is None and bool(v.longest)) or v.new_lesion


def imaged(v: V) -> bool:
    return (
        v.spd is not None
        or v.longest is not None
        or v.lesions is not None
        or v.short is not None
        or v.new_lesion
    )


def lowest(values: list[Value | None]) -> Value | None:
    """Nadir: the lowest recorded value, baseline included (A1); of equal ones an open bound is
    lower.
    """
    found = [v for v in values if v is not None]
    return min(found, key=lambda v: (v.high, not v.open)) if found else None


def rose(
    value: Value | None, nadir: Value | None, share: F, amount: F, *, more_than: bool = False
) -> bool:
    if value is None or nadir is None:
        return False
    rise = value.low - nadir.high
    enough = rise > amount or (rise == amount and (nadir.open or not more_than))
    return enough and rise >= share * nadir.high


def is_pd(course: list[V], measurable: list[str], chains: list[str | None]) -> dict[str, bool]:
    """Section 4: the criteria that the last visit of `course` meets, and whether each needs a
    repeat.
    """
    now, before = course[-1], course[:-1]
    met: dict[str, bool] = {}
    nadir = lowest([v.serum for v in before])
    if rose(now.serum, nadir, F(1, 4), F(1, 2)):
        met["serum"] = True
    surely_high = all(v.serum.low >= 5 for v in before if v.serum is not None)
    if nadir and now.serum and surely_high and now.serum.low - nadir.high >= 1:
        met["serum"] = True
    if rose(now.urine, lowest([v.urine for v in before]), F(1, 4), F(200)):
        met["urine"] = True
    # without a baseline nobody knows what was measurable, so only the criteria that hold for all
    # apply
    secreted = "serum" in measurable or "urine" in measurable or not baseline_known(course[0])
    if not secreted:
        earlier = [dflc(v, c) for v, c in zip(before, chains, strict=False)]
        if rose(dflc(now, chains[-1]), lowest(earlier), F(1, 4), F(10), more_than=True):
            met["flc"] = True
    if not secreted and "flc" not in measurable:
        last = next(
            (v.marrow for v in reversed(course[1:]) if v.marrow is not None), None
        )  # carried forward until replaced
        if rose(last, lowest([v.marrow for v in before]), F(1, 4), F(10)):
            met["marrow"] = False
    if not measurable and baseline_known(course[0]):
        least = lowest([v.cells for v in before])
        if now.cells and least and now.cells.low >= 200 and rose(now.cells, least, F(1, 2), F(200)):
            met["cells"] = True
    if any(v.new_lesion for v in course[1:]):
        met["new lesion"] = False
    if grown(course):
        met["lesion growth"] = False
    return met


def may_be_pd(course: list[V], measurable: list[str], chains: list[str | None]) -> bool:
    """Whether the bounds of the last visit and of those before allow a rise by the size of a
    progression: seeing it is no assessment without progression.
    """
    now, before = course[-1], course[:-1]
    secreted = "serum" in measurable or "urine" in measurable or not baseline_known(course[0])
    earlier = [dflc(v, c) for v, c in zip(before, chains, strict=False)]
    serum = [v.serum for v in before]
    if could_rise(now.serum, serum, F(1, 4), F(1, 2)):
        return True
    nadir = lowest(serum)
    if nadir and nadir.high >= 5 and could_rise(now.serum, serum, F(0), F(1), nadir_from=5):
        return True
    if could_rise(now.urine, [v.urine for v in before], F(1, 4), F(200)):
        return True
    if not secreted:
        if could_rise(dflc(now, chains[-1]), earlier, F(1, 4), F(10), more_than=True):
            return True
        marrows = [v.marrow for v in before]
        if "flc" not in measurable and could_rise(now.marrow, marrows, F(1, 4), F(10)):
            return True
    only_cells = not measurable and baseline_known(course[0])
    return only_cells and could_rise(now.cells, [v.cells for v in before], F(1, 2), F(200))


def could_rise(
    value: Value | None,
    before: list[Value | None],
    share: F,
    amount: F,
    *,
    more_than: bool = False,
    nadir_from: int = 0,
) -> bool:
    """Do the bounds allow the rise: the highest value, over the lowest that the nadir may be?"""
    known = [v for v in before if v is not None]
    if value is None or not known:
        return False
    nadir = max(min(v.low for v in known), F(nadir_from))
    rise = value.high - nadir
    enough = rise > amount or (rise == amount and not more_than and not value.open)
    return enough and (rise > share * nadir or (rise == share * nadir and not value.open))


def grown(course: list[V]) -> bool:
    """Growth at the last examination (which stands until it is replaced), or a lesion that came
    back after it was gone.
    """
    examined = [i for i, v in enumerate(course) if measured(v)]
    if len(examined) < 2 or examined[-1] == 0:
        return returned(course)
    last = course[examined[-1]]
    if last.spd == 0:
        return False
    before = [course[i] for i in examined[:-1]]
    if returned(course):
        return True
    new_before = any(
        v.new_lesion for v in course
    )  # the size of a new lesion is not known, so the sum is not
    spds = [v.spd for v in before if v.spd is not None]
    if (
        not new_before
        and last.spd
        and spds
        and min(spds) > 0
        and (last.lesions or 1) > 1
        and last.spd >= min(spds) * F(3, 2)
    ):
        return True
    # "previous lesion >1 cm in short axis": as it was when it was smallest (the last time, where it
    # was so several times), or at any examination from there on, but before this one
    sized = [v for v in before if v.longest]
    if not last.longest or not sized:
        return False
    smallest = min(v.longest for v in sized if v.longest)
    if last.longest < smallest * F(3, 2):
        return False
    at = max(i for i, v in enumerate(sized) if v.longest == smallest)
    return any(v.short is not None and v.short > 1 for v in sized[at:])


def measured(v: V) -> bool:
    return v.spd is not None or v.longest is not None


def returned(course: list[V]) -> bool:
    """Gone at one examination, there again at a later one and still there."""
    gone = False
    back = False
    there = False
    for v in course:
        if not measured(v):
            continue
        present = v.spd > 0 if v.spd is not None else bool(v.longest)
        if present:
            back = back or gone
            there = True
        else:
            gone = gone or there
            back = False
    return back


def response(course: list[V], measurable: list[str], chains: list[str | None]) -> str:
    """Sections 3 and 6: progression first, then from the deepest level down."""
    base, now = course[0], course[-1]
    if not baseline_known(base):
        return "PD" if is_pd(course, measurable, chains) else "NE"
    if is_pd(course, measurable, chains):
        return "PD"
    core = measurable[0] if measurable else "none"
    levels: list[int] = []
    if "serum" in measurable:
        if now.serum is None and now.serum_ife != "neg":
            return "NE"
        levels.append(
            5
            if now.serum is None
            else by_fall(now.serum, base.serum, {5: F(9, 10), 4: F(1, 2), 3: F(1, 4)})
        )
    if "urine" in measurable:
        if now.urine is None and now.urine_ife != "neg":
            return "NE"
        levels.append(5 if now.urine is None else urine_level(now.urine, base.urine))
    if core == "flc":
        here, there = dflc(now, chains[-1]), dflc(base, chains[0])
        if here is None or there is None:
            return "NE"
        flc_level = by_fall(here, there, {5: F(9, 10), 4: F(1, 2)})
    marrow = next((v.marrow for v in reversed(course[1:]) if v.marrow is not None), None)
    if core == "marrow":
        if marrow is None:
            return "NE"
        marrow_level = by_fall(marrow, base.marrow, {4: F(1, 2)})
    cap = 7
    if measurable and "urine" not in measurable and now.urine_ife != "neg":
        if now.urine is None:
            cap = 4
        elif not now.urine.below(200):
            cap = 3
        elif not now.urine.below(100):
            cap = 4
    lesion_cap = 7
    if "plasmacytoma" in measurable:
        lesion_cap = plasmacytoma_level(course)
    # CR: both immunofixations negative, marrow below 5 %, no plasmacytoma; FLC-only: normal ratio
    # too
    ife = now.serum_ife == "neg" and now.urine_ife == "neg"
    clear_marrow = marrow is not None and marrow.below(5)
    no_lesion = (
        lesion_cap == 7 and not any(v.new_lesion for v in course) and not plasmacytoma_now(course)
    )
    quantity_agrees = all(x >= 5 for x in levels)
    ratio_ok = normal_ratio(now) is True
    if ife and clear_marrow and no_lesion and quantity_agrees and (core != "flc" or ratio_ok):
        clonality = next((v.clonal for v in reversed(course[1:]) if v.clonal is not None), None)
        return "sCR" if ratio_ok and clonality == "neg" else "CR"
    if not measurable or measurable == ["plasmacytoma"]:
        anything = any(
            x is not None
            for x in (
                now.serum,
                now.urine,
                now.kappa,
                now.lam,
                now.marrow,
                now.cells,
                now.serum_ife,
                now.urine_ife,
            )
        ) or imaged(now)
        return "SD" if anything else "NE"
    if core == "flc":
        levels.append(flc_level)
    if core == "marrow":
        levels.append(marrow_level)
    return NAME[min([*levels, cap, lesion_cap, 5])]


def by_fall(value: Value, base: Value | None, limits: dict[int, F]) -> int:
    assert base is not None
    fall = base.low - value.high
    return next((level for level, share in limits.items() if fall >= share * base.low), 2)


def urine_level(value: Value, base: Value | None) -> int:
    assert base is not None
    fall = base.low - value.high
    if value.below(100):
        return 5
    if value.below(200) or fall >= F(9, 10) * base.low:
        return 4
    return 3 if fall >= F(1, 2) * base.low else 2


def plasmacytoma_now(course: list[V]) -> bool:
    last = next((v for v in reversed(course) if measured(v)), None)
    return last is not None and (last.spd > 0 if last.spd is not None else bool(last.longest))


def plasmacytoma_level(course: list[V]) -> int:
    after = [v for v in course[1:] if imaged(v)]
    if not after:
        return 2
    if not plasmacytoma_now(course) and not any(v.new_lesion for v in course):
        return 7
    if any(v.new_lesion for v in course):
        return 2
    now = next((v.spd for v in reversed(course) if measured(v)), None)
    base = course[0].spd
    if now is None or not base:
        return 2
    fall = (base - now) / base
    return 5 if fall > F(9, 10) else 4 if fall >= F(1, 2) else 2


def confirm(
    case: dict[str, Any],
    visits: list[V],
    base_at: int,
    responses: list[str],
    alternatives: list[list[str]],
) -> dict[str, Any]:
    """Section 5: drop what could not be evaluated, pair, then take the best; section 8 for PFS."""
    measurable = alternatives[0]
    new_therapy = (
        date.fromisoformat(case["new_therapy_date"]) if case.get("new_therapy_date") else None
    )
    death = case.get("death")
    death_day = date.fromisoformat(death["date"]) if death else None
    chain_free = {"serum": True, "urine": True, "flc": True, "cells": True}
    after = range(base_at + 1, len(visits))
    no_baseline = all(r in ("NE", "PD", "PRE", "BL") for r in responses) and not baseline_known(
        visits[base_at]
    )
    usable = [
        i for i in after
        if (responses[i] != "NE" or (no_baseline and assessed(visits[i])))
        and (new_therapy is None or visits[i].day <= new_therapy)
    ]  # fmt: skip
    at_once: dict[int, bool] = {}
    for i in usable:
        known = chain_known_at(
            visits, base_at, i, case.get("patient", {}), case.get("patient", {}).get("isotype")
        )
        # without a repeat only where that holds whichever of them is measurable
        at_once[i] = responses[i] == "PD" and all(
            any(name not in chain_free for name in is_pd(visits[base_at : i + 1], each, known))
            for each in alternatives
        )
    confirmed: dict[int, str] = {}
    pd_at: int | None = None
    for place, i in enumerate(usable):
        following = usable[place + 1] if place + 1 < len(usable) else None
        if responses[i] == "PD":
            died = (
                death is not None
                and death["cause"] in ("progression", "myeloma")
                and (new_therapy is None or (death_day is not None and death_day <= new_therapy))
            )
            rest = [responses[j] for j in usable[place + 1 :]]
            if (
                at_once[i]
                or (following is not None and responses[following] == "PD")
                or (died and not rest)
            ):
                pd_at = i
                break
        elif responses[i] in DEPTH:
            if following is None or responses[following] not in DEPTH:
                confirmed[i] = "SD"
            else:
                confirmed[i] = NAME[min(DEPTH[responses[i]], DEPTH[responses[following]])]
    status = "BL"
    running: list[str] = []
    best, best_day = "NE", None
    for i, v in enumerate(visits):
        if i < base_at:
            running.append("PRE")
            continue
        if i == base_at:
            running.append("BL")
            continue
        if pd_at is not None and i >= pd_at:
            running.append("PD")
            continue
        if i in confirmed and (status == "BL" or DEPTH[confirmed[i]] > DEPTH[status]):
            status = best = confirmed[i]
            best_day = v.day
        running.append(status)
    if pd_at is not None and pd_at == usable[0]:
        # what was first seen is progression: no better response was ever there
        best, best_day = "PD", visits[pd_at].day
    pd_day = first_day(case, visits, base_at, measurable, pd_at)
    judged = [
        "NE"
        if at > base_at and said != "PD" and unclear(case, visits, base_at, at, measurable)
        else said
        for at, said in enumerate(responses)
    ]
    return {
        "measurable": measurable,
        "visit_response": responses,
        "confirmed_response": running,
        "best_confirmed_response": best,
        "best_confirmed_date": best_day and best_day.isoformat(),
        "pd_date": pd_day and pd_day.isoformat(),
        "relapse_from_cr_date": relapse_from_cr(
            visits, responses, usable, confirmed, pd_at, pd_day, patient_is_quantitative(case)
        ),
        "pfs": pfs(visits, judged, base_at, pd_day, death_day, new_therapy),
        **mrd(case, visits, base_at, responses),
    }


def patient_is_quantitative(case: dict[str, Any]) -> bool:
    return bool(case.get("patient", {}).get("serum_marker") == "quantitative_ig")


def baseline_known(base: V) -> bool:
    return any(
        x is not None
        for x in (
            base.serum,
            base.urine,
            base.kappa,
            base.lam,
            base.marrow,
            base.cells,
            base.serum_ife,
            base.urine_ife,
        )
    ) or has_plasmacytoma(base)


def assessed(v: V) -> bool:
    return (
        any(x is not None for x in (v.serum, v.urine, v.marrow, v.cells))
        or (v.kappa is not None and v.lam is not None)
        or imaged(v)
    )


def first_day(
    case: dict[str, Any], visits: list[V], base_at: int, measurable: list[str], pd_at: int | None
) -> date | None:
    """PD is dated at the first assessment that met the criterion; marrow and imaging carried
    forward date from their own day.
    """
    return None if pd_at is None else visits[pd_at].day


def relapse_from_cr(
    visits: list[V],
    responses: list[str],
    usable: list[int],
    confirmed: dict[int, str],
    pd_at: int | None,
    pd_day: date | None,
    quantitative: bool,
) -> str | None:
    """Section 7, only after a confirmed CR: M-protein back twice in a row, marrow at 5 %, or
    progression.
    """
    order = [i for i in usable if responses[i] in DEPTH or responses[i] == "PD"]
    start = next(
        (
            k
            for k, i in enumerate(order)
            if confirmed.get(i) in ("CR", "sCR") and (pd_at is None or i < pd_at)
        ),
        None,
    )
    if start is None:
        return None
    rest = order[start + 1 :]
    for k, i in enumerate(rest):
        v = visits[i]
        if v.marrow is not None and v.marrow.low >= 5:
            return v.day.isoformat()
        if i == pd_at and not back(v, quantitative):
            break
        if back(v, quantitative):
            if k + 1 < len(rest) and (
                back(visits[rest[k + 1]], quantitative) or responses[rest[k + 1]] == "PD"
            ):
                return v.day.isoformat()
            if k + 1 == len(rest):
                break
    return pd_day.isoformat() if pd_day else None


def back(v: V, quantitative: bool) -> bool:
    """Seen by immunofixation, or by electrophoresis where immunofixation was not done."""
    if v.serum_ife == "pos" or v.urine_ife == "pos":
        return True
    serum = not quantitative and v.serum_ife is None and v.serum is not None and v.serum.low > 0
    return serum or (v.urine_ife is None and v.urine is not None and v.urine.low > 0)


def unclear(
    case: dict[str, Any], visits: list[V], base_at: int, at: int, measurable: list[str]
) -> bool:
    patient = case.get("patient", {})
    known = chain_known_at(visits, base_at, at, patient, patient.get("isotype"))
    return may_be_pd(visits[base_at : at + 1], measurable, known)


def pfs(
    visits: list[V],
    responses: list[str],
    base_at: int,
    pd_day: date | None,
    death: date | None,
    new_therapy: date | None,
) -> dict[str, Any]:
    """Confirmed PD or death of any cause; censored at the last adequate assessment, before new
    therapy.
    """
    events = [
        (d, why)
        for d, why in ((pd_day, "PD"), (death, "death"))
        if d is not None and (new_therapy is None or d <= new_therapy)
    ]
    if events:
        day, why = min(events, key=lambda e: e[0])
        return {"status": "event", "reason": why, "date": day.isoformat()}
    adequate = [
        v.day
        for i, v in enumerate(visits)
        if i > base_at
        and responses[i] not in ("NE", "PRE")
        and (new_therapy is None or v.day <= new_therapy)
    ]
    last = max(adequate, default=visits[base_at].day)
    return {
        "status": "censored",
        "reason": "new therapy" if new_therapy else "last adequate assessment",
        "date": last.isoformat(),
    }


def mrd(
    case: dict[str, Any], visits: list[V], base_at: int, responses: list[str]
) -> dict[str, Any]:
    """MRD-negative needs CR and 1 in 100,000; sustained: marrow and imaging negative a year apart
    with no positive between.
    """
    negative: list[date] = []
    run: list[date] = []
    sustained: date | None = None
    for i in range(base_at + 1, len(visits)):
        result = visits[i].raw.get("mrd")
        if not result:
            continue
        if result["result"] == "pos":
            run = []
            continue
        state = next((r for r in reversed(responses[base_at + 1 : i + 1]) if r != "NE"), None)
        if (
            state in ("CR", "sCR")
            and result.get("sensitivity") is not None
            and F(str(result["sensitivity"])) <= F(1, 100_000)
        ):
            negative.append(visits[i].day)
            near = [
                (abs(w.day - visits[i].day), w.raw["pet"])
                for w in visits
                if w.raw.get("pet") and abs(w.day - visits[i].day) <= timedelta(days=90)
            ]
            if near and min(near)[1] == "neg":
                if run and sustained is None and visits[i].day - run[0] >= timedelta(days=365):
                    sustained = visits[i].day
                run.append(visits[i].day)
    return {
        "mrd_negative_dates": [d.isoformat() for d in negative],
        "sustained_mrd_negative_date": sustained and sustained.isoformat(),
    }
