"""Worked cases of the response criteria as data: run them through `response_course` and compare
every key that is expected.

The form is that of a list of cases with dated visits and the unit in the key (`serum_m_g_dl`); a
centre can bring its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from rearm.errors import RearmError
from rearm.interval import Interval
from rearm.outcome.endpoint_definitions import CENSORINGS
from rearm.outcome.endpoints import course_endpoint
from rearm.outcome.failures import failures
from rearm.record import (
    Condition,
    Death,
    Imaging,
    Infusion,
    Lab,
    Record,
    Source,
    Therapy,
    When,
)
from rearm.response.course import CourseDays, ResponseCourse, response_course
from rearm.response.criteria import Criteria, CriteriaError, load_criteria

__all__ = ["CaseError", "CaseResult", "CaseSummary", "Mismatch", "case_record", "run_cases"]

# key of a visit -> test, factor to the canonical unit
_NUMBERS = {
    "serum_m_g_dl": ("serum_m_protein", 1.0),
    "serum_m_g_l": ("serum_m_protein", 0.1),
    "urine_m_mg_24h": ("urine_m_protein_24h", 1.0),
    "urine_m_g_24h": ("urine_m_protein_24h", 1000.0),
    "kappa_mg_l": ("kappa_flc", 1.0),
    "kappa_mg_dl": ("kappa_flc", 10.0),
    "lambda_mg_l": ("lambda_flc", 1.0),
    "lambda_mg_dl": ("lambda_flc", 10.0),
    "flc_ratio": ("flc_ratio", 1.0),
    "iga_mg_dl": ("iga", 1.0),
    "iga_g_l": ("iga", 100.0),
    "igg_mg_dl": ("igg", 1.0),
    "igg_g_l": ("igg", 100.0),
    "igm_mg_dl": ("igm", 1.0),
    "igm_g_l": ("igm", 100.0),
    "igd_mg_dl": ("igd", 1.0),
    "igd_g_l": ("igd", 100.0),
    "bm_pc_pct": ("marrow_plasma_cells", 1.0),
    "circ_pc_per_ul": ("circulating_plasma_cells", 1.0),
    "calcium_mg_dl": ("calcium_corrected", 1.0),
    "hb_g_dl": ("hemoglobin", 1.0),
    "creat_mg_dl": ("creatinine", 1.0),
}
_SIGNS = {"pos": "positive", "positive": "positive", "neg": "negative", "negative": "negative"}
_WORDS: dict[str, tuple[str, dict[str, str]]] = {
    "serum_ife": ("serum_immunofixation", _SIGNS),
    "urine_ife": ("urine_immunofixation", _SIGNS),
    "bm_clonal": (
        "marrow_clonality",
        {"pos": "clonal", "neg": "polyclonal", "positive": "clonal", "negative": "polyclonal"},
    ),
    "dira": (
        "dira",
        {
            "neg": "shifted",
            "pos": "not_shifted",
            "shifted": "shifted",
            "not_shifted": "not_shifted",
        },
    ),
    "pet": ("pet", _SIGNS),
}
_LESION_KEYS = ("plasmacytoma_spd_cm2", "n_lesions", "lesion_longest_cm", "lesion_short_axis_cm")
_VISIT_KEYS = {
    "date",
    "baseline",
    "line",
    "serum_ife_isotype",
    "new_lesion",
    "bone_event",
    "mrd",
    "crab_attributable_to_mm",
    "not_done",
    *_LESION_KEYS,
}
_CASE_KEYS = {
    "id",
    "title",
    "patient",
    "visits",
    "new_therapy_date",
    "death",
    "parameters",
    "expected",
    "rule",
    "cart_infusion_date",
}
_PATIENT_KEYS = {"type", "isotype", "involved_flc", "serum_marker"}
_CRAB = {
    "calcium_corrected": "hypercalcaemia",
    "hemoglobin": "anaemia",
    "creatinine": "renal_impairment",
}
_CAUSES = {
    "progression": "myeloma",
    "myeloma": "myeloma",
    "pd": "myeloma",
    "toxicity": "toxicity",
    "infection": "infection",
    "other": "other",
    "unknown": "unknown",
}
_PER_VISIT = ("visit_response", "confirmed_response")
_DATED = {
    "best_confirmed_date",
    "pd_date",
    "relapse_from_cr_date",
    "clinical_relapse_date",
    "sustained_mrd_negative_date",
    "next_treatment_date",
    "cart_infusion_date",
    "cart_failure_date_default",
}
# the form of the cases has one word for both
_ONE_WORD = {CENSORINGS["no_assessment"].reason: CENSORINGS["last_assessment"].reason}
_EXPECTED = {
    "measurable",
    "best_confirmed_response",
    "mrd_negative_dates",
    "pfs",
    *_PER_VISIT,
    *_DATED,
}


class CaseError(RearmError):
    """A case that cannot be read; the message names the case, the key and what is wrong."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One expectation that does not hold."""

    key: str
    expected: Any
    found: Any
    reason: str


@dataclass(slots=True)
class CaseResult:
    """Outcome of one case. `found` holds every key of the answer, with dates in ISO form."""

    id: str
    title: str
    found: dict[str, Any] = field(default_factory=dict)
    mismatches: list[Mismatch] = field(default_factory=list)
    visits: int = 0
    visits_agreed: int = 0
    best_agreed: bool = True
    progression_agreed: bool = True
    others: int = 0
    others_agreed: int = 0
    error: str | None = None


@dataclass(slots=True)
class CaseSummary:
    """All results; `line` is the closing line of the command."""

    results: list[CaseResult]

    @property
    def agreed(self) -> bool:
        return all(r.error is None and not r.mismatches for r in self.results)

    @property
    def line(self) -> str:
        n = len(self.results)
        return (
            f"cases {n}, visits agreed {sum(r.visits_agreed for r in self.results)} of"
            f" {sum(r.visits for r in self.results)}, best agreed"
            f" {sum(r.best_agreed for r in self.results)} of {n}, progression agreed"
            f" {sum(r.progression_agreed for r in self.results)} of {n}, other keys agreed"
            f" {sum(r.others_agreed for r in self.results)} of"
            f" {sum(r.others for r in self.results)}"
        )


def run_cases(cases: Iterable[Mapping[str, Any]]) -> CaseSummary:
    """Run every case through the public entry and compare. A case that cannot be read has `error`
    set; the others still run.
    """
    return CaseSummary([_run(case) for case in cases])


def _run(case: Mapping[str, Any]) -> CaseResult:
    result = CaseResult(str(case.get("id", "?")), str(case.get("title", "")))
    expected = case.get("expected") or {}
    try:
        if not isinstance(expected, Mapping):
            raise CaseError("expected is a table of keys and values")
        _known(expected, _EXPECTED, "expected")
        record, criteria, start, zero, days = case_record(case)
        result.found, reasons = _answer(record, criteria, start, zero, days)
    except (CaseError, CriteriaError) as problem:
        result.error = str(problem)
        result.best_agreed = result.progression_agreed = False
        result.visits = (
            len(expected.get("visit_response") or ()) if isinstance(expected, Mapping) else 0
        )
        return result
    _compare(result, expected, days, reasons)
    return result


# ---- reading a case ----------------


def case_record(case: Mapping[str, Any]) -> tuple[Record, Criteria, int, date, list[int]]:
    """The record of a case, its criteria, the day of its baseline (0), the date of day 0 and the
    day of every visit, in the order given.

    Raises CaseError for an unknown key, a value that cannot be read or a case without visits.
    """
    _known(case, _CASE_KEYS, "the case")
    patient = case.get("patient") or {}
    _known(patient, _PATIENT_KEYS, "patient")
    visits = case.get("visits") or []
    if not visits:
        raise CaseError("the case has no visits")
    dates = [_date(v.get("date"), "date of a visit") for v in visits]
    marked = [d for v, d in zip(visits, dates, strict=True) if v.get("baseline")]
    # without a marked baseline the course begins before the first visit, and no fall can be counted
    zero = marked[0] if marked else min(dates) - timedelta(days=1)
    days = [(d - zero).days for d in dates]
    source = Source("case", str(case.get("id", "?")))
    labs: list[Lab] = []
    imaging: list[Imaging] = []
    conditions: list[Condition] = []
    for visit, day in zip(visits, days, strict=True):
        _visit(visit, day, source, labs, imaging, conditions)
    heavy, light = _isotype(patient, visits)
    parameters = dict(case.get("parameters") or {})
    if patient.get("serum_marker"):
        parameters["serum_marker"] = patient["serum_marker"]
    criteria = replace(
        load_criteria(parameters.pop("version", load_criteria().version), **parameters),
        visit_window=0,
    )
    therapies: tuple[Therapy, ...] = ()
    if case.get("new_therapy_date") is not None:
        therapies = (
            Therapy(
                source=source,
                start=_on(case["new_therapy_date"], zero, "new_therapy_date"),
                purpose="salvage",
            ),
        )
    deaths: tuple[Death, ...] = ()
    if case.get("death"):
        cause = str(case["death"].get("cause", "unknown")).lower()
        if cause not in _CAUSES:
            raise CaseError(f"death: cause is one of {', '.join(_CAUSES)}, not {cause!r}")
        deaths = (
            Death(
                when=_on(case["death"].get("date"), zero, "date of death"),
                cause=_CAUSES[cause],
                source=source,
            ),
        )
    expected = case.get("expected") or {}
    infused = case.get("cart_infusion_date") or expected.get("cart_infusion_date")
    infusions = (
        (Infusion(source=source, when=_on(infused, zero, "cart_infusion_date"), infused=True),)
        if infused
        else ()
    )
    record = Record(
        patient_id=source.place,
        source=source,
        day_zero=zero,
        heavy_chain=heavy,
        light_chain=light,
        labs=tuple(labs),
        imaging=tuple(imaging),
        conditions=tuple(conditions),
        therapies=therapies,
        deaths=deaths,
        infusions=infusions,
    )
    return record, criteria, 0, zero, days


def _visit(
    visit: Mapping[str, Any],
    day: int,
    source: Source,
    labs: list[Lab],
    imaging: list[Imaging],
    conditions: list[Condition],
) -> None:
    when = When.on(day)
    _known(visit, _VISIT_KEYS | _NUMBERS.keys() | _WORDS.keys(), "a visit")
    for key, value in visit.items():
        if value is None:
            continue
        if key in _NUMBERS:
            test, factor = _NUMBERS[key]
            labs.append(
                Lab(
                    test=test,
                    when=when,
                    source=source,
                    quantity=_quantity(key, value).scaled(factor),
                    as_given=str(value),
                )
            )
        elif key in _WORDS:
            test, words = _WORDS[key]
            word = words.get(str(value).lower())
            if word is None:
                raise CaseError(f"{key}: {value!r} is not one of {', '.join(words)}")
            bands = str(visit.get("serum_ife_isotype") or "") if key == "serum_ife" else ""
            isotype = tuple(b.strip() for b in bands.replace(",", ";").split(";") if b.strip())
            labs.append(Lab(test=test, when=when, source=source, word=word, isotype=isotype))
    if visit.get("mrd"):
        mrd = visit["mrd"]
        _known(mrd, {"result", "method", "sensitivity"}, "mrd")
        word = _SIGNS.get(str(mrd.get("result")).lower())
        if word is None:
            raise CaseError(f"mrd: result is pos or neg, not {mrd.get('result')!r}")
        sensitivity = float(mrd["sensitivity"]) if mrd.get("sensitivity") is not None else None
        labs.append(
            Lab(
                test="mrd",
                when=when,
                source=source,
                word=word,
                method=mrd.get("method"),
                sensitivity=sensitivity,
            )
        )
    _lesions(visit, when, source, imaging)
    said = visit.get("crab_attributable_to_mm")
    if said is not None:
        for test in {x.test for x in labs if x.day == day} & _CRAB.keys():
            conditions.append(
                Condition(
                    condition=_CRAB[test],
                    status="present",
                    source=source,
                    when=when,
                    attributed_to_myeloma=bool(said),
                )
            )


def _lesions(visit: Mapping[str, Any], when: When, source: Source, imaging: list[Imaging]) -> None:
    sizes = {k: _quantity(k, visit[k]).low for k in _LESION_KEYS if visit.get(k) is not None}
    if sizes:
        spd, longest, short = (
            sizes.get(k)
            for k in ("plasmacytoma_spd_cm2", "lesion_longest_cm", "lesion_short_axis_cm")
        )
        gone = spd == 0 or (spd is None and longest == 0)
        imaging.append(
            Imaging(
                source=source,
                when=when,
                method="CT",
                result="negative" if gone else "positive",
                lesion="L",
                kind="plasmacytoma",
                spd_mm2=None if spd is None else round(spd * 100, 9),
                length_mm=None if longest is None else round(longest * 10, 9),
                short_axis_mm=None if short is None else round(short * 10, 9),
                n_lesions=int(sizes["n_lesions"]) if "n_lesions" in sizes else None,
            )
        )
    new = visit.get("new_lesion")
    if new not in (None, False, "no", "none"):
        kind = (
            "bone" if "bone" in str(new).lower() or "lytic" in str(new).lower() else "plasmacytoma"
        )
        imaging.append(
            Imaging(
                source=source,
                when=when,
                method="CT",
                result="positive",
                lesion=f"new {when}",
                kind=kind,
                new=True,
            )
        )
    bone = str(visit.get("bone_event") or "").lower().replace("_", " ")
    if bone in ("", "none", "no") or "fracture" in bone or "osteopor" in bone:
        return  # an osteoporotic or compression fracture is not progression (section 4)
    if "new" not in bone and "lytic" not in bone and "lesion" not in bone:
        raise CaseError(
            f"bone_event: {visit['bone_event']!r} is neither a fracture nor a new lesion"
        )
    imaging.append(
        Imaging(
            source=source,
            when=when,
            method="CT",
            result="positive",
            lesion=f"bone {when}",
            kind="bone",
            new=True,
        )
    )


def _isotype(
    patient: Mapping[str, Any], visits: Iterable[Mapping[str, Any]]
) -> tuple[tuple[str, ...], str | None]:
    text = str(patient.get("isotype") or "").lower().replace("-", " ").replace(",", " ")
    heavy = tuple(name for name in ("IgG", "IgA", "IgM", "IgD", "IgE") if name.lower() in text)
    light = patient.get("involved_flc") or next((c for c in ("kappa", "lambda") if c in text), None)
    if not heavy and "light chain" in text:
        heavy = ("none",)
    if not heavy and patient.get("serum_marker") == "quantitative_ig":
        measured = [
            name
            for name in ("IgA", "IgD", "IgM", "IgG")
            if any(k.startswith(name.lower() + "_") for v in visits for k in v)
        ]
        heavy = tuple(measured[:1])
    return heavy, light


def _known(given: Any, allowed: Iterable[str], where: str) -> None:
    if not isinstance(given, Mapping):
        raise CaseError(f"{where} is a table of keys and values, not {given!r}")
    unknown = [str(k) for k in given if k not in set(allowed)]
    if unknown:
        raise CaseError(f"unknown key {', '.join(unknown)} in {where}")


def _quantity(key: str, value: Any) -> Interval:
    text = str(value).strip()
    try:
        if text[:1] in "<>" and text:
            number = float(text[1:].lstrip("="))
            closed = text[1:2] == "="
            return (
                Interval(0.0, number, high_open=not closed)
                if text[0] == "<"
                else Interval(number, float("inf"), low_open=not closed)
            )
        if isinstance(value, bool):
            raise ValueError
        return Interval.of(float(text))
    except ValueError:
        raise CaseError(f"{key}: {value!r} is not a number") from None


def _date(value: Any, where: str) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise CaseError(f"{where}: {value!r} is not a date") from None


def _on(value: Any, zero: date, where: str) -> When:
    return When.on((_date(value, where) - zero).days)


# ---- answer and comparison ----------------


def _answer(
    record: Record, criteria: Criteria, start: int, zero: date, days: list[int]
) -> tuple[dict[str, Any], dict[int, str]]:
    def iso(day: int | None) -> str | None:
        return None if day is None else (zero + timedelta(days=day)).isoformat()

    # the infusion, where a case names one, belongs to the line under assessment and does not end it
    course = response_course(
        replace(record, infusions=()),
        start=start,
        criteria=criteria,
        days=CourseDays(baseline_from=start, schedule=tuple(days)),
        infusion=False,
    )
    at = {v.day: v for v in course.visits}
    pfs = course_endpoint(record, course, "PFS")
    infusion = record.infusions[0].day if record.infusions else None
    failed = next((f for f in failures(record, criteria) if f.status == "failed"), None)
    found = {
        "measurable": list(course.measurable),
        "visit_response": [
            "PRE" if d < start else "BL" if d == start else at[d].response for d in days
        ],
        "confirmed_response": [
            "PRE" if d < start else "BL" if d == start else at[d].confirmed for d in days
        ],
        "best_confirmed_response": course.best_confirmed,
        "best_confirmed_date": iso(course.best_confirmed_day),
        "pd_date": iso(course.progression_day),
        "relapse_from_cr_date": iso(course.relapse_from_cr_day),
        "clinical_relapse_date": iso(course.clinical_relapse_day),
        "mrd_negative_dates": [iso(d) for d in course.mrd_negative_days],
        "sustained_mrd_negative_date": iso(course.sustained_mrd_negative_day),
        "next_treatment_date": iso(course.new_therapy_day),
        "cart_infusion_date": iso(infusion),
        "cart_failure_date_default": iso(failed.day) if failed is not None else None,
        "pfs": {
            "status": pfs.status,
            "reason": pfs.event or _ONE_WORD.get(pfs.reason, pfs.reason),
            "date": iso(pfs.day),
        },
    }
    return found, _reasons(course)


def _reasons(course: ResponseCourse) -> dict[int, str]:
    return {
        v.day: (
            f"{v.rule}: {v.reason}" + (f" [missing: {'; '.join(v.missing)}]" if v.missing else "")
        )
        for v in course.visits
    }


def _compare(
    result: CaseResult, expected: Mapping[str, Any], days: list[int], reasons: dict[int, str]
) -> None:
    found = result.found
    lists = {key: list(expected[key]) for key in _PER_VISIT if expected.get(key) is not None}
    if lists:
        result.visits = len(days)
        for i, day in enumerate(days):
            wrong = [
                key
                for key, values in lists.items()
                if i >= len(values) or values[i] != found[key][i]
            ]
            result.visits_agreed += not wrong
            for key in wrong:
                want = lists[key][i] if i < len(lists[key]) else "nothing"
                result.mismatches.append(
                    Mismatch(
                        f"{key}[{i}]",
                        want,
                        found[key][i],
                        reasons.get(day, "before or at the baseline"),
                    )
                )
        for key, values in lists.items():
            if len(values) > len(days):
                result.mismatches.append(
                    Mismatch(
                        key,
                        f"{len(values)} values",
                        f"{len(days)} visits",
                        "more values than visits",
                    )
                )
    last = reasons[max(reasons)] if reasons else "no visit after the baseline"
    for key in expected:
        if key in _PER_VISIT:
            continue
        want = _normal(key, expected[key])
        agrees = want == found[key]
        if not agrees:
            result.mismatches.append(Mismatch(key, want, found[key], last))
        if key.startswith("best_confirmed"):
            result.best_agreed &= agrees
        elif key == "pd_date":
            result.progression_agreed = agrees
        else:
            result.others += 1
            result.others_agreed += agrees


def _normal(key: str, value: Any) -> Any:
    """Dates in ISO form, whether they were quoted in the file or not."""
    if key in _DATED:
        return None if value is None else _date(value, key).isoformat()
    if key == "mrd_negative_dates":
        return [_date(d, key).isoformat() for d in value or ()]
    if key == "pfs" and isinstance(value, Mapping):
        return {
            **value,
            "date": None if value.get("date") is None else _date(value["date"], key).isoformat(),
        }
    return list(value) if isinstance(value, tuple) else value
