"""Findings that a drug is barred or dosed by: ECG, sodium, white cells, blood pressure, bleeding,
other medicines, earlier infections. Windows count back from as_of.
"""

from __future__ import annotations

from rearm.findings.base import (
    FUNCTIONS,
    NOTHING,
    Found,
    Function,
    finding,
    rows_of,
    texts,
    unknown,
)
from rearm.findings.chart import PatientChart
from rearm.findings.last_known import latest_number
from rearm.record import Condition, Toxicity

_ECG_DAYS = 90
_BLOOD_DAYS = 30
_WEIGHT_DAYS, _WEIGHT_BACK_DAYS = 60, 183
# Infections of grade 3 or more that count as recent, and how many make them recurrent; half a year
# is the span in which severe infections under engagers were counted.
_INFECTION_DAYS = 183
_RECURRENT = 2
_NERVE_TOXICITIES = ("parkinsonism", "cranial_nerve_palsy", "guillain_barre")
_INFECTIONS = ("active_infection", "febrile_neutropenia")


def _latest(test: str, days: int) -> Function:
    return lambda chart: latest_number(chart, test, days)


FUNCTIONS["qtc"] = _latest("qtc", _ECG_DAYS)
FUNCTIONS["sodium"] = _latest("sodium", _BLOOD_DAYS)
FUNCTIONS["leukocytes"] = _latest("leukocytes", _BLOOD_DAYS)
FUNCTIONS["lymphocytes"] = _latest("lymphocytes", _BLOOD_DAYS)
FUNCTIONS["ferritin"] = _latest("ferritin", _BLOOD_DAYS)


def _condition(name: str) -> Function:
    return lambda chart: chart.condition(name).found()


for _name in (
    "bleeding",
    "confusion",
    "hypertension_uncontrolled",
    "pulmonary_hypertension",
    "thrombotic_microangiopathy",
):
    FUNCTIONS[_name] = _condition(_name)


def _only_stated(chart: PatientChart) -> Found:
    """Nothing in the tables tells it; a clinician states it."""
    return NOTHING


for _name in ("anthracycline_dose", "strong_cyp1a2_inhibitor", "strong_cyp3a_inhibitor"):
    FUNCTIONS[_name] = _only_stated


@finding("caregiver_available")
def caregiver_available(chart: PatientChart) -> Found:
    return chart.yes_no_fact("caregiver_available")


@finding("travel_minutes")
def travel_minutes(chart: PatientChart) -> Found:
    """Minutes to the treating centre, as stated; a statement that is no number is unknown."""
    fact, nothing = chart.fact("travel_minutes")
    if fact is None:
        return nothing
    text = f"{fact.value} minutes to the centre, {fact.when}"
    try:
        minutes = float(fact.value)
    except ValueError:
        return unknown(text, (fact.source,))
    return Found(minutes, (fact.source,), text)


@finding("weight_loss_percent")
def weight_loss_percent(chart: PatientChart) -> Found:
    """Percent lost since the highest weight of the half year before the latest one; 0 where none
    was lost. Needs a weight of the last 60 days and an earlier one, both exact.
    """
    latest = chart.latest("weight", chart.recent(_WEIGHT_DAYS))
    if latest.quantity is None or latest.quantity.exact is None or latest.day is None:
        return NOTHING
    now = latest.quantity.exact
    before = chart.highest("weight", (latest.day - _WEIGHT_BACK_DAYS, latest.day - 1))
    if before is None or before.quantity.exact is None or before.quantity.exact <= 0:
        return NOTHING
    highest = before.quantity.exact
    lost = round(max(0.0, 100.0 * (highest - now) / highest), 1)
    sources = (*latest.sources, *rows_of(before.labs))
    return Found(lost, sources, f"{latest.text}, earlier up to {highest:g} kg")


@finding("recurrent_severe_infections")
def recurrent_severe_infections(chart: PatientChart) -> Found:
    """True where two episodes of grade 3 or more surely began in the last half year; never False,
    because an infection treated elsewhere is often not recorded.
    """
    earliest = chart.as_of - _INFECTION_DAYS
    recorded: list[Toxicity | Condition] = [*chart.toxicity_rows("infection"), *_stated(chart)]
    rows = [
        row
        for row in recorded
        if row.when.first is not None
        and row.when.first >= earliest
        and row.grades.at_least(3) is True
    ]
    days = {row.when.first for row in rows}
    if len(days) < _RECURRENT:
        return NOTHING
    return Found(True, rows_of(rows), texts(rows, _infection_text))


def _stated(chart: PatientChart) -> list[Condition]:
    rows = [row for name in _INFECTIONS for row in chart.condition_rows(name)]
    return [row for row in rows if row.status in ("present", "resolved")]


def _infection_text(row: Toxicity | Condition) -> str:
    name = row.toxicity if isinstance(row, Toxicity) else row.condition
    return f"{name.replace('_', ' ')} of grade {row.grades.low:g} or more, {row.when}"


@finding("iec_hs_past")
def iec_hs_past(chart: PatientChart) -> Found:
    """Whether hyperinflammation of an earlier T-cell therapy is on record, over or not."""
    return _ever(chart, ("iec_hs",))


@finding("parkinsonism_past")
def parkinsonism_past(chart: PatientChart) -> Found:
    """Whether a late neurotoxicity of an earlier CAR-T is on record, over or not."""
    return _ever(chart, _NERVE_TOXICITIES)


def _ever(chart: PatientChart, names: tuple[str, ...]) -> Found:
    """True where one of them has a row of grade 1 or more, False where every row says grade 0."""
    rows = chart.toxicity_rows(*names)
    if not rows:
        return NOTHING
    had = [row for row in rows if row.grades.at_least(1)]
    if had:
        return Found(True, rows_of(had), texts(had, _toxicity_text))
    if any(row.grades.at_least(1) is None for row in rows):
        return unknown("grade not recorded", rows_of(rows))
    return Found(False, rows_of(rows), "stated as absent")


def _toxicity_text(row: Toxicity) -> str:
    return f"{row.toxicity.replace('_', ' ')}, {row.when}"
