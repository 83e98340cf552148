"""Findings on the person: organs, counts, infections, toxicities, what is wished. Windows count
back from as_of.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

from rearm.findings.base import (
    FUNCTIONS,
    Found,
    Function,
    all3,
    any3,
    finding,
    measured,
    not3,
    unknown,
)
from rearm.findings.chart import LatestResult, PatientChart
from rearm.findings.derived import CHILDBEARING_AGE
from rearm.interval import Interval
from rearm.record import Fact

_COUNT_DAYS = 30
_ECOG_DAYS = 60
_LVEF_DAYS = 180
_IGG_DAYS = 60
_CLEAR_OF_INFECTION_DAYS = 30  # a statement that there is no infection is worth this long
_PREGNANCY_NEGATIVE_DAYS = 14
_PREGNANCY_POSITIVE_DAYS = 280
_CYTOPENIA_FROM_DAY = 30
_EVER = 10**6
_DAYS_PER_YEAR = 365.25


def _condition(name: str) -> Function:
    return lambda chart: chart.condition(name).found()


for _name in (
    "dialysis",
    "lung_disease",
    "liver_failure",
    "active_gvhd",
    "diabetes",
    "autoimmune_disease",
    "malnutrition",
    "latent_tuberculosis",
):
    FUNCTIONS[_name] = _condition(_name)
for _fact in ("eye_care_access", "stored_cd34", "stored_t_cells", "next_tcell_therapy_planned"):
    FUNCTIONS[_fact] = lambda chart, name=_fact: chart.yes_no_fact(name)  # type: ignore[misc]


# ---------------------------------------------------------------- person


@finding("age")
def age(chart: PatientChart) -> Found:
    """Needs the calendar date of as_of, or the age at some day as stated. With a year of birth or a
    stated age it is one of two.
    """
    if chart.record.day_zero is None or (
        chart.record.birth_date is None and chart.record.birth_year is None
    ):
        stated, nothing = chart.fact("age_at_infusion")
        if stated is not None or nothing.text:
            return nothing if stated is None else _stated_age(chart, stated)
    if chart.record.day_zero is None:
        return unknown(
            "no calendar date is known, so that the age at as_of can't be told"
            if chart.record.birth_year or chart.record.birth_date
            else ""
        )
    on = chart.record.day_zero + timedelta(days=chart.as_of)
    born = chart.record.birth_date
    if born is not None:
        years = on.year - born.year - (on < _birthday(born, on.year))
        return Found(years, (chart.record.source,), f"{years} years old on day {chart.as_of}")
    if chart.record.birth_year is None:
        return unknown()
    years = on.year - chart.record.birth_year
    return measured(
        Interval(float(years - 1), float(years)),
        f"{years - 1} or {years} years old (year of birth)",
        (chart.record.source,),
        whole=True,
    )


def _stated_age(chart: PatientChart, fact: Fact) -> Found:
    day = fact.when.day if fact.when.day is not None else chart.infusion_day
    text = f"{fact.value} years old at the infusion, as stated"
    if day is None or not fact.value.strip().isdigit():
        return unknown(text, (fact.source,))
    passed = (chart.as_of - day) / _DAYS_PER_YEAR
    low, high = int(fact.value) + math.floor(passed), int(fact.value) + math.ceil(passed)
    return measured(Interval(float(low), float(high)), text, (fact.source,), whole=True)


def _birthday(born: date, year: int) -> date:
    """The birthday in this year; of the 29th of February on the 1st of March."""
    return (
        date(year, 3, 1) if (born.month, born.day) == (2, 29) else date(year, born.month, born.day)
    )


@finding("sex")
def sex(chart: PatientChart) -> Found:
    return (
        Found(chart.record.sex, (chart.record.source,), chart.record.sex)
        if chart.record.sex in ("F", "M")
        else unknown()
    )


@finding("ecog")
def ecog(chart: PatientChart) -> Found:
    return chart.number("ecog", chart.recent(_ECOG_DAYS), whole=True)


@finding("frailty")
def frailty(chart: PatientChart) -> Found:
    return chart.word_fact("frailty", ("fit", "intermediate", "frail"))


@finding("goals_of_care")
def goals_of_care(chart: PatientChart) -> Found:
    return chart.word_fact("goals_of_care", ("comfort_only", "disease_control", "no_hospital"))


@finding("trials_open")
def trials_open(chart: PatientChart) -> Found:
    fact, nothing = chart.fact("trials_open")
    if fact is None:
        return nothing
    named = fact.value.strip().casefold() not in ("", "no", "none", "nein", "keine")
    return Found(named, (fact.source,), f"trials open: {fact.value}, {fact.when}")


@finding("weight_kg")
def weight_kg(chart: PatientChart) -> Found:
    return chart.number("weight", chart.recent(_EVER))


# ---------------------------------------------------------------- kidney, heart


@finding("creatinine")
def creatinine(chart: PatientChart) -> Found:
    return chart.number("creatinine", chart.recent(_COUNT_DAYS))


@finding("creatinine_clearance")
def creatinine_clearance(chart: PatientChart) -> Found:
    """The later of a reported clearance and a reported eGFR (mL/min/1.73 m2, read as mL/min); else
    Cockcroft-Gault.

    A creatinine after the reported value may only worsen it: the kidney may have failed in between.
    Where its Cockcroft-Gault is lower it stands instead, and where that can't be computed nothing
    is known.
    """
    blood = chart.latest("creatinine", chart.recent(_COUNT_DAYS))
    reported = [
        chart.latest(test, chart.recent(_COUNT_DAYS)) for test in ("creatinine_clearance", "egfr")
    ]
    known = [x for x in reported if x.quantity is not None]
    if not known:
        return _cockcroft_gault(chart, blood)
    last = max(known, key=lambda x: x.labs[0].when.first or 0)
    told = measured(last.quantity, last.text, last.sources)
    if blood.day is None or last.day is None or last.day >= blood.day:
        return told
    computed = _cockcroft_gault(chart, blood)
    if computed.quantity is None:
        return unknown(
            f"{last.text}, but creatinine was measured later: {blood.text}",
            (*last.sources, *blood.sources),
        )
    lower = last.quantity is None or computed.quantity.high < last.quantity.low
    return computed if lower else told


def _cockcroft_gault(chart: PatientChart, blood: LatestResult) -> Found:
    """Clearance in mL/min from age, sex, weight and this creatinine (Nephron 1976;16:31-41)."""
    years, weight = age(chart), chart.latest("weight", chart.recent(_EVER))
    if (
        blood.quantity is None
        or years.quantity is None
        or weight.quantity is None
        or chart.record.sex not in ("F", "M")
        or blood.quantity.low <= 0
    ):
        missing = [
            n
            for n, x in (
                ("creatinine", blood.quantity),
                ("age", years.quantity),
                ("weight", weight.quantity),
            )
            if x is None
        ]
        return unknown(
            f"for Cockcroft-Gault there is no {', '.join(missing)}"
            if missing and len(missing) < 3
            else ""
        )
    factor = 0.85 if chart.record.sex == "F" else 1.0
    low = (140 - years.quantity.high) * weight.quantity.low / (72 * blood.quantity.high) * factor
    high = (140 - years.quantity.low) * weight.quantity.high / (72 * blood.quantity.low) * factor
    value = Interval(round(low, 1), round(high, 1))
    return measured(
        value,
        f"Cockcroft-Gault from {blood.text}; {years.text}; {weight.text}",
        (*blood.sources, *years.sources, *weight.sources),
    )


@finding("lvef")
def lvef(chart: PatientChart) -> Found:
    return chart.number("lvef", chart.recent(_LVEF_DAYS))


@finding("heart_failure_severe")
def heart_failure_severe(chart: PatientChart) -> Found:
    state, nyha = (
        chart.condition("heart_failure"),
        chart.word_fact("nyha_class", ("I", "II", "III", "IV")),
    )
    sources, text = (
        (*state.sources, *nyha.sources),
        "; ".join(x for x in (state.text, nyha.text) if x),
    )
    if state.present is False:
        return Found(False, sources, text)
    grade = (
        max((r.grade for r in state.rows if r.grade is not None), default=None)
        if state.present
        else None
    )
    if nyha.value in ("III", "IV") or (grade is not None and grade >= 3):
        return Found(True, sources, text)
    return Found(
        False if nyha.value is not None or (grade is not None and state.present) else None,
        sources,
        text,
    )


@finding("cardiac_disease")
def cardiac_disease(chart: PatientChart) -> Found:
    states = [
        chart.condition(n) for n in ("heart_failure", "arrhythmia", "ischaemic_heart_disease")
    ]
    told = [s for s in states if s.present] or [s for s in states if s.rows]
    return Found(
        any3([s.present for s in states]),
        tuple(r for s in told for r in s.sources),
        "; ".join(s.text for s in told),
    )


@finding("thrombosis")
def thrombosis(chart: PatientChart) -> Found:
    """Also one that was treated: it bears on what is given next."""
    rows = [x for x in chart.record.conditions if x.condition == "thrombosis"]
    had = [x for x in rows if x.status in ("present", "resolved")]
    if had:
        return Found(
            True,
            tuple(x.source for x in had),
            "; ".join(f"thrombosis {x.status}, {x.when}" for x in had),
        )
    if any(x.status != "absent" for x in rows):
        return unknown(
            "; ".join(f"thrombosis {x.status}, {x.when}" for x in rows), [x.source for x in rows]
        )
    return Found(
        False if rows else None,
        tuple(x.source for x in rows),
        "thrombosis stated absent" if rows else "",
    )


# ---------------------------------------------------------------- blood


@finding("neutrophils")
def neutrophils(chart: PatientChart) -> Found:
    return chart.number("neutrophils", chart.recent(_COUNT_DAYS))


@finding("platelets")
def platelets(chart: PatientChart) -> Found:
    return chart.number("platelets", chart.recent(_COUNT_DAYS))


_SUPPORT_DAYS, _IG_DAYS = 14, 60


@finding("counts_supported")
def counts_supported(chart: PatientChart) -> Found:
    return _given_lately(
        chart, ("g-csf", "red cell transfusion", "platelet transfusion"), _SUPPORT_DAYS
    )


@finding("immunoglobulin_replaced")
def immunoglobulin_replaced(chart: PatientChart) -> Found:
    return _given_lately(chart, ("immunoglobulin",), _IG_DAYS)


def _given_lately(chart: PatientChart, agents: tuple[str, ...], days: int) -> Found:
    """True where one of them surely reaches into the last days before as_of; never False, because
    support is often not recorded.
    """
    for row in chart.treated(agents):
        last = row.end.first if row.end.first is not None else row.start.first
        if last is not None and last >= chart.as_of - days:
            named = [a for a in row.agents if a in agents]
            return Found(
                True,
                (row.source,),
                f"{' + '.join(named)}, {row.start}"
                + (f" to {row.end}" if row.end.first is not None else ""),
            )
    return unknown()


@finding("hemoglobin")
def hemoglobin(chart: PatientChart) -> Found:
    return chart.number("hemoglobin", chart.recent(_COUNT_DAYS))


@finding("prolonged_cytopenia")
def prolonged_cytopenia(chart: PatientChart) -> Found:
    """The latest counts of the last 60 days decide; ICAHT of grade 3 or more that has no end stands
    until they have recovered.
    """
    if chart.infusion_day is None:
        return unknown()
    start = chart.infusion_day + _CYTOPENIA_FROM_DAY + 1
    if chart.as_of < start:
        return Found(False, (), f"day {_CYTOPENIA_FROM_DAY} after the infusion is not past")
    window = (max(start, chart.as_of - 60), chart.as_of)
    counts = [(chart.latest("neutrophils", window), 1.0), (chart.latest("platelets", window), 50.0)]
    low = [r.quantity.below(limit) if r.quantity is not None else None for r, limit in counts]
    sources, text = (
        [s for r, _ in counts for s in r.sources],
        "; ".join(r.text for r, _ in counts if r.text),
    )
    icaht = [
        x
        for x in chart.record.toxicities
        if x.toxicity == "icaht"
        and (x.grade or 0) >= 3
        and x.end.first is None
        and x.end.last is None
    ]
    if any3(low) is not True and icaht and all3([not3(v) for v in low]) is not True:
        return Found(
            True,
            (icaht[0].source, *sources),
            f"ICAHT grade {icaht[0].grade}, {icaht[0].when}, no end recorded",
        )
    return Found(any3(low), tuple(sources), text)


@finding("igg")
def igg(chart: PatientChart) -> Found:
    """Total IgG holds an IgG paraprotein: then the healthy IgG is at most the total, and how much
    lower is not known.
    """
    return _healthy_igg(chart, _IGG_DAYS)


@finding("igg_last_known")
def igg_last_known(chart: PatientChart) -> Found:
    """Whatever its age: a low value that is out of date is a reason to measure again, not one to
    forget.
    """
    return _healthy_igg(chart, _EVER)


def _healthy_igg(chart: PatientChart, days: int) -> Found:
    total = chart.latest("igg", chart.recent(days))
    if total.quantity is None:
        return unknown(total.text, total.sources)
    if chart.record.heavy_chain and not {"IgG"}.intersection(chart.record.heavy_chain):
        return measured(total.quantity, total.text, total.sources)
    day = chart.as_of if total.day is None else total.day
    protein = chart.latest("serum_m_protein", (day - _IGG_DAYS, min(day + _IGG_DAYS, chart.as_of)))
    if protein.quantity is not None and protein.quantity.at_most(0.0):
        return measured(total.quantity, total.text, (*total.sources, *protein.sources))
    isotype = (
        "IgG myeloma" if chart.record.heavy_chain else "myeloma without a recorded heavy chain"
    )
    text = (
        f"{total.text}; {isotype}, {protein.text or 'M-protein not known'}: healthy IgG is at most"
        " this"
    )
    return measured(
        Interval(0.0, total.quantity.high, False, total.quantity.high_open),
        text,
        (*total.sources, *protein.sources),
    )


# ---------------------------------------------------------------- infection


@finding("active_infection")
def active_infection(chart: PatientChart) -> Found:
    """Present until it is said to be over. That there is none is said by a row of the last 30 days,
    never by silence.
    """
    states = [
        chart.condition("active_infection"),
        chart.condition("febrile_neutropenia"),
        chart.toxicity("infection"),
    ]
    told = [s for s in states if s.rows]
    present = [s for s in told if s.present]
    if present:
        return Found(
            True, tuple(r for s in present for r in s.sources), "; ".join(s.text for s in present)
        )
    text = "; ".join(s.text for s in told)
    sources = tuple(r for s in told for r in s.sources)
    if any(s.present is None for s in told):
        return unknown(text, sources)
    recent = [
        s for s in told if any(_over(r, chart.as_of - _CLEAR_OF_INFECTION_DAYS) for r in s.rows)
    ]
    if recent:
        return Found(
            False, tuple(r for s in recent for r in s.sources), "; ".join(s.text for s in recent)
        )
    return unknown(f"{text}, too long ago to speak for now" if text else "", sources)


def _over(row: object, since: int) -> bool:
    when, end = getattr(row, "when", None), getattr(row, "end", None)
    last = [d.last for d in (when, end) if d is not None and d.last is not None]
    return bool(last) and max(last) >= since


for _test in ("hbsag", "anti_hbc"):
    FUNCTIONS[_test] = lambda chart, name=_test: chart.positive(name, chart.recent(_EVER))  # type: ignore[misc]


def _detected(chart: PatientChart, test: str, days: int) -> Found:
    """Detected, not detected, or unknown: `<10` may be either, as a limit of quantification is no
    limit of detection.
    """
    reading = chart.latest(test, chart.recent(days))
    if reading.word == "not_detected":
        return Found(False, reading.sources, reading.text)
    if reading.quantity is None:
        return unknown(reading.text, reading.sources)
    return Found(reading.quantity.above(0.0), reading.sources, reading.text)


@finding("hbv_dna_detected")
def hbv_dna_detected(chart: PatientChart) -> Found:
    """Without a result it is not detected where both serologies are negative: DNA is for those with
    an antibody (screen-hbv-hcv-hiv).
    """
    found = _detected(chart, "hbv_dna", _EVER)
    serology = [chart.positive(name, chart.recent(_EVER)) for name in ("hbsag", "anti_hbc")]
    if found.value is None and not found.text and all(x.value is False for x in serology):
        return Found(
            False,
            tuple(s for x in serology for s in x.sources),
            "; ".join(x.text for x in serology),
        )
    return found


@finding("hcv_rna_detected")
def hcv_rna_detected(chart: PatientChart) -> Found:
    return _detected(chart, "hcv_rna", _EVER)


@finding("hiv")
def hiv(chart: PatientChart) -> Found:
    serology, state = chart.positive("hiv_serology", chart.recent(_EVER)), chart.condition("hiv")
    known = serology.value if isinstance(serology.value, bool) else None
    value = any3(
        [*([known] if known is not None else []), *([state.present] if state.rows else [])]
    )
    return Found(
        value,
        (*serology.sources, *state.sources),
        "; ".join(x for x in (serology.text, state.text) if x),
    )


@finding("cmv_reactivation")
def cmv_reactivation(chart: PatientChart) -> Found:
    state, dna = chart.condition("cmv_reactivation"), _detected(chart, "cmv_dna", _COUNT_DAYS)
    if state.rows:
        return state.found()
    if dna.value is True:
        return unknown(
            f"{dna.text}; whether it is a reactivation to be treated is not stated", dna.sources
        )
    return dna


# ---------------------------------------------------------------- pregnancy


@finding("pregnancy")
def pregnancy(chart: PatientChart) -> Found:
    """A negative test speaks for two weeks, a positive one or a statement for the time of a
    pregnancy; men and, from 56, women are not.
    """
    if chart.record.sex == "M":
        return Found(False, (chart.record.source,), "male")
    years = age(chart)
    if years.quantity is not None and years.quantity.at_least(CHILDBEARING_AGE):
        return Found(False, years.sources, years.text)
    excluded = chart.yes_no_fact("pregnancy_possible")
    if excluded.value is False:
        return excluded
    test = chart.latest("pregnancy_test", chart.recent(_PREGNANCY_POSITIVE_DAYS))
    state = chart.condition("pregnancy")
    stated = _since(test, state.rows[0].when.last if state.rows else None)
    if state.present and stated:
        return state.found()
    if test.word == "positive":
        return Found(True, test.sources, test.text)
    if state.rows and state.present is None and stated:
        return state.found()
    fresh = chart.latest("pregnancy_test", chart.recent(_PREGNANCY_NEGATIVE_DAYS))
    if fresh.word == "negative":
        return Found(False, fresh.sources, fresh.text)
    return unknown(
        f"{test.text}, too old to rely on" if test.word == "negative" else test.text or state.text,
        (*test.sources, *state.sources),
    )


def _since(test: LatestResult, day: int | None) -> bool:
    """Whether a statement of this day is not older than the test."""
    return test.day is None or day is None or day >= test.day
