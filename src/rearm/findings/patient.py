"""Findings on the person: organs, counts, infections, toxicities, what is wished. Windows count
back from as_of.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

from rearm.findings.base import (
    FUNCTIONS,
    NOTHING,
    Found,
    Function,
    all3,
    any3,
    finding,
    joined,
    measured,
    not3,
    rows_of,
    sources_of,
    texts,
    unknown,
)
from rearm.findings.chart import PatientChart
from rearm.findings.derived import CHILDBEARING_AGE
from rearm.findings.last_known import SLOW_TO_CHANGE_DAYS, latest_number
from rearm.findings.presence import Presence, any_present, grade_words
from rearm.findings.results import LatestResult
from rearm.interval import Interval
from rearm.knowledge.option_names import declined_names
from rearm.record import Condition, Fact, Toxicity

_COUNT_DAYS = 30
_ECOG_DAYS = 60
_LVEF_DAYS = 180
_CLEAR_OF_INFECTION_DAYS = 30  # a statement that there is no infection is worth this long
_PREGNANCY_NEGATIVE_DAYS = 14
_PREGNANCY_POSITIVE_DAYS = 280
_CYTOPENIA_FROM_DAY = 30
_EVER = 10**6
_DAYS_PER_YEAR = 365.25


def _condition(name: str) -> Function:
    return lambda chart: chart.condition(name).found()


def _fact(name: str) -> Function:
    return lambda chart: chart.yes_no_fact(name)


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
for _name in ("eye_care_access", "stored_cd34", "stored_t_cells", "next_tcell_therapy_planned"):
    FUNCTIONS[_name] = _fact(_name)


# ---------------------------------------------------------------- person


@finding("age")
def age(chart: PatientChart) -> Found:
    """Needs the calendar date of as_of, or the age at some day as stated. With a year of birth or a
    stated age it is one of two.
    """
    record = chart.record
    has_birth = record.birth_date is not None or record.birth_year is not None
    zeros = record.day_zero_between if record.day_zero is None else (record.day_zero,) * 2
    if zeros is None or not has_birth:
        stated, contradiction = chart.fact("age_at_infusion")
        if stated is not None:
            return _stated_age(chart, stated)
        if contradiction is not NOTHING or not has_birth:
            return contradiction
    if zeros is None:
        return unknown("the age cannot be computed without a calendar date")
    first, last = (zero + timedelta(days=chart.as_of) for zero in zeros)
    born = record.birth_date
    if born is not None:
        low, high = _years(born, first), _years(born, last)
        old = str(low) if low == high else f"{low} or {high}"
        text = f"{old} years old on day {chart.as_of}"
    elif record.birth_year is not None:
        low, high = first.year - record.birth_year - 1, last.year - record.birth_year
        text = f"{low} {'or' if high - low == 1 else 'to'} {high} years old (year of birth)"
    else:
        return NOTHING
    return measured(Interval(float(low), float(high)), text, (record.source,), whole=True)


def _years(born: date, on: date) -> int:
    return on.year - born.year - (on < _birthday(born, on.year))


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
    if chart.record.sex not in ("F", "M"):
        return NOTHING
    return Found(chart.record.sex, (chart.record.source,), chart.record.sex)


@finding("ecog")
def ecog(chart: PatientChart) -> Found:
    return latest_number(chart, "ecog", _ECOG_DAYS, whole=True)


@finding("frailty")
def frailty(chart: PatientChart) -> Found:
    return chart.word_fact("frailty", ("fit", "intermediate", "frail"))


@finding("goals_of_care")
def goals_of_care(chart: PatientChart) -> Found:
    return chart.word_fact("goals_of_care", ("comfort_only", "disease_control", "no_hospital"))


@finding("declined")
def declined(chart: PatientChart) -> Found:
    rows = [x for x in chart.record.facts if x.finding == "declined" and declined_names(x.value)]
    if not rows:
        return NOTHING
    return Found(True, rows_of(rows), texts(rows, lambda x: f"declined: {x.value}, {x.when}"))


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
    return latest_number(chart, "creatinine", _COUNT_DAYS, last_days=SLOW_TO_CHANGE_DAYS)


@finding("lvef")
def lvef(chart: PatientChart) -> Found:
    return latest_number(chart, "lvef", _LVEF_DAYS, last_days=SLOW_TO_CHANGE_DAYS)


@finding("heart_failure_severe")
def heart_failure_severe(chart: PatientChart) -> Found:
    """NYHA class III or IV, or heart failure of grade 3 or more."""
    state = chart.condition("heart_failure")
    nyha = chart.word_fact("nyha_class", ("I", "II", "III", "IV"))
    sources, text = sources_of(state, nyha), joined(state, nyha)
    if state.present is False:
        return Found(False, sources, text)
    grades = [x.grade for x in state.rows if x.grade is not None] if state.present else []
    if nyha.value in ("III", "IV") or max(grades, default=0) >= 3:
        return Found(True, sources, text)
    mild = nyha.value is not None or bool(grades)
    return Found(False if mild else None, sources, text)


@finding("cardiac_disease")
def cardiac_disease(chart: PatientChart) -> Found:
    states = [
        chart.condition(name) for name in ("heart_failure", "arrhythmia", "ischaemic_heart_disease")
    ]
    deciding = [x for x in states if x.present] or [x for x in states if x.rows]
    if not deciding:
        return NOTHING
    return Found(any3(x.present for x in states), sources_of(*deciding), joined(*deciding))


@finding("thrombosis")
def thrombosis(chart: PatientChart) -> Found:
    """Also one that was treated: it bears on what is given next."""
    rows = chart.condition_rows("thrombosis")
    if not rows:
        return NOTHING
    had = [x for x in rows if x.status in ("present", "resolved")]
    if had:
        return Found(True, rows_of(had), texts(had, _thrombosis_text))
    if any(x.status != "absent" for x in rows):
        return unknown(texts(rows, _thrombosis_text), rows_of(rows))
    return Found(False, rows_of(rows), "thrombosis stated absent")


def _thrombosis_text(row: Condition) -> str:
    return f"thrombosis {row.status}, {row.when}"


# ---------------------------------------------------------------- blood


@finding("neutrophils")
def neutrophils(chart: PatientChart) -> Found:
    return latest_number(chart, "neutrophils", _COUNT_DAYS)


@finding("platelets")
def platelets(chart: PatientChart) -> Found:
    return latest_number(chart, "platelets", _COUNT_DAYS)


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
            named = " + ".join(a for a in row.agents if a in agents)
            until = f" to {row.end}" if row.end.first is not None else ""
            return Found(True, (row.source,), f"{named}, {row.start}{until}")
    return NOTHING


@finding("hemoglobin")
def hemoglobin(chart: PatientChart) -> Found:
    return latest_number(chart, "hemoglobin", _COUNT_DAYS)


@finding("prolonged_cytopenia")
def prolonged_cytopenia(chart: PatientChart) -> Found:
    """The latest counts of the last 60 days decide; ICAHT of grade 3 or more that has no end stands
    until they have recovered, as long as such a row speaks.
    """
    if chart.infusion_day is None:
        return NOTHING
    start = chart.infusion_day + _CYTOPENIA_FROM_DAY + 1
    if chart.as_of < start:
        return Found(False, (), f"day {_CYTOPENIA_FROM_DAY} after infusion not yet past")
    window = (max(start, chart.as_of - 60), chart.as_of)
    counts = [(chart.latest("neutrophils", window), 1.0), (chart.latest("platelets", window), 50.0)]
    low = [x.quantity.below(limit) if x.quantity is not None else None for x, limit in counts]
    results = [x for x, _ in counts]
    any_low, recovered = any3(low), all3(not3(x) for x in low)
    icaht = chart.toxicity("icaht")
    lasting = [x for x in icaht.rows if _lasting_icaht(x)] if icaht.present else []
    if lasting and any_low is not True and recovered is not True:
        first = lasting[0]
        text = f"ICAHT grade {grade_words(first)}, {first.when}, no end recorded"
        return Found(True, (first.source, *sources_of(*results)), text)
    return Found(any_low, sources_of(*results), joined(*results))


def _lasting_icaht(row: Condition | Toxicity) -> bool:
    no_end = row.end.first is None and row.end.last is None
    return row.grades.at_least(3) is True and no_end


# ---------------------------------------------------------------- infection


@finding("active_infection")
def active_infection(chart: PatientChart) -> Found:
    """Present until it is said to be over, or long past without an end. That there is none is said
    by a row of the last 30 days, never by silence.
    """
    stated = [x for x in _infections(chart) if x.rows]
    found = any_present(stated)
    if found.value is not False:
        return found
    clear_from = chart.as_of - _CLEAR_OF_INFECTION_DAYS
    recent = [x for x in stated if _last_day(x) >= clear_from]
    if recent:
        return Found(False, sources_of(*recent), joined(*recent))
    text = "; ".join(x.text for x in stated)
    return unknown(f"{text}, too long ago to be current", sources_of(*stated))


def _infections(chart: PatientChart) -> list[Presence]:
    """Of each table that may tell of one. A statement that no infection is active, or that it is
    resolved, ends what the others tell of the time before; an end, only its own episode.
    """
    general = chart.condition("active_infection")
    others = [chart.condition("febrile_neutropenia"), chart.toxicity("infection")]
    if general.present is not False:
        return [general, *others]
    (statement, *_) = general.rows
    return [general, *(x for x in others if not _is_over(x, statement))]


def _is_over(state: Presence, statement: Condition | Toxicity) -> bool:
    episode = isinstance(statement, Condition) and statement.status == "present"
    if episode:
        return all(row.when == statement.when for row in state.rows)
    return all(row.when.before(statement.when) for row in state.rows)


def _last_day(state: Presence) -> float:
    """The last day that one of its rows speaks of."""
    days = [day.last for row in state.rows for day in (row.when, row.end)]
    return max((day for day in days if day is not None), default=-math.inf)


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
    current = bool(state.rows) and _not_older(state, test)
    if state.present and current:
        return state.found()
    if test.word == "positive":
        return Found(True, test.sources, test.describe)
    if state.present is None and current:
        return state.found()
    fresh = chart.latest("pregnancy_test", chart.recent(_PREGNANCY_NEGATIVE_DAYS))
    if fresh.word == "negative":
        return Found(False, fresh.sources, fresh.describe)
    if test.word == "negative":
        text = f"{test.text}, too old to rely on"
    else:
        text = test.text or state.text
    return unknown(text, sources_of(test, state))


def _not_older(state: Presence, test: LatestResult) -> bool:
    """Whether the statement is not older than the test, as far as their days are known."""
    day = state.rows[0].when.last
    return test.day is None or day is None or day >= test.day
