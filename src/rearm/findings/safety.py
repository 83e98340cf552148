"""Findings on emergencies, and on what looks like relapse and is none. Nobody's silence is taken
for absence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rearm.findings.base import (
    FUNCTIONS,
    NOTHING,
    Found,
    Function,
    Text,
    any3,
    finding,
    joined,
    measured,
    rows_of,
    sources_of,
    texts,
    unknown,
)
from rearm.findings.chart import PatientChart
from rearm.findings.lesion_tissue import (
    lesion_name,
    naming_no_lesion,
    plasma_cells_of,
    plasma_cells_shown,
)
from rearm.findings.presence import Presence
from rearm.findings.results import lab_text
from rearm.findings.tumour import imaging_text, looked_at, positive_lesions, whole_body
from rearm.interval import Interval
from rearm.record import Fact, Lab, Source
from rearm.response.lesions import histology

_CALCIUM_LIMIT = 11.5  # mg/dL, corrected; IMWG clinical relapse
_CREATININE_RISE = 2.0  # mg/dL, IMWG clinical relapse
_CREATININE_HIGH = 2.0  # mg/dL, IMWG
_RENAL_BASELINE_DAYS = 365
_ACUTE_DAYS = 60
_BLASTS_DAYS = 90
_EMERGENCY_DAYS = 14  # a laboratory value speaks of an emergency of now for this long
_BLASTS_PERCENT = 5.0
# Haemophagocytosis-like hyperinflammation is a matter of weeks: a row without an end speaks for
# this long.
_IEC_HS_DAYS = 60


def _conditions(*names: str, toxicity: str | None = None) -> Function:
    """Present where one of the conditions is, or the toxicity of that name is not over."""

    def found(chart: PatientChart) -> Found:
        states = [chart.condition(n) for n in names]
        states += [chart.toxicity(toxicity)] if toxicity else []
        stated = [x for x in states if x.rows]
        if not stated:
            return NOTHING
        deciding = [x for x in stated if x.present] or stated
        return Found(any3(x.present for x in stated), sources_of(*deciding), joined(*deciding))

    return found


FUNCTIONS["al_amyloidosis"] = _conditions("al_amyloidosis")
FUNCTIONS["cord_compression"] = _conditions("cord_compression")
FUNCTIONS["second_solid_tumour"] = _conditions("second_solid_tumour")
FUNCTIONS["enterocolitis"] = _conditions("enterocolitis", toxicity="enterocolitis")


@finding("cns_disease")
def cns_disease(chart: PatientChart) -> Found:
    state = chart.condition("cns_myeloma")
    csf = chart.positive("csf_plasma_cells", chart.recent(_ACUTE_DAYS))
    if state.present or csf.value is True:
        return Found(True, sources_of(state, csf), joined(state, csf))
    return state.found() if state.rows or csf.value is None else csf


# Where a tumour reaches the spinal canal, as radiologists name it.
_AT_THE_SPINE = re.compile(
    r"spinal canal|vertebral canal|epidural|intraspinal|para-?vertebral|para-?spinal|neuroforam"
    r"|spinalkanal|wirbelkanal",
    re.IGNORECASE,
)


@finding("cord_threatened")
def cord_threatened(chart: PatientChart) -> Found:
    """A lesion at the spinal canal while nobody has stated what became of the cord. Nothing seen
    there is no all-clear: it stays unknown.
    """
    stated = chart.condition("cord_compression")
    if stated.rows:
        return Found(False, stated.sources, stated.text)
    lesions = [
        x
        for x in looked_at(chart, chart.at_failure or chart.recent(_ACUTE_DAYS))
        if x.result == "positive" and _AT_THE_SPINE.search(f"{x.site or ''} {x.lesion or ''}")
    ]
    return Found(True, rows_of(lesions), texts(lesions, imaging_text)) if lesions else NOTHING


# Below these, counts are corrected before anything that lowers them further.
_PLATELETS, _HEMOGLOBIN, _NEUTROPHILS = 25.0, 8.0, 0.5  # G/L, g/dL, G/L


@finding("severe_cytopenia")
def severe_cytopenia(chart: PatientChart) -> Found:
    """By the latest counts of the last 14 days; one that is low suffices, all three are needed to
    say that none is.
    """
    limits = (("platelets", _PLATELETS), ("hemoglobin", _HEMOGLOBIN), ("neutrophils", _NEUTROPHILS))
    window = chart.recent(_EMERGENCY_DAYS)
    counts = [(chart.latest(test, window), limit) for test, limit in limits]
    low = [(x, x.quantity.below(limit) if x.quantity is not None else None) for x, limit in counts]
    deciding = [x for x, is_low in low if is_low] or [x for x, _ in low if x.has_text]
    if not deciding:
        return NOTHING
    return Found(any3(is_low for _, is_low in low), sources_of(*deciding), joined(*deciding))


@finding("hyperviscosity")
def hyperviscosity(chart: PatientChart) -> Found:
    state, lab = (
        chart.condition("hyperviscosity"),
        chart.latest("serum_viscosity", chart.recent(_EMERGENCY_DAYS)),
    )
    if state.rows:
        return state.found()
    if not lab.has_text:
        return NOTHING
    return unknown(f"{lab.text}; hyperviscosity is a diagnosis, not stated", lab.sources)


@finding("serum_m_protein")
def serum_m_protein(chart: PatientChart) -> Found:
    return chart.number("serum_m_protein", chart.recent(_EMERGENCY_DAYS))


@finding("highest_light_chain")
def highest_light_chain(chart: PatientChart) -> Found:
    """The higher of kappa and lambda: at the level that harms the kidney it is the involved one."""
    window = chart.recent(_EMERGENCY_DAYS)
    chains = [chart.latest(test, window) for test in ("kappa_flc", "lambda_flc")]
    known = [(x.quantity.low, x) for x in chains if x.quantity is not None]
    if not known:
        return NOTHING
    _, top = max(known, key=lambda pair: pair[0])
    return measured(top.quantity, top.describe, top.sources)


@finding("hypercalcaemia")
def hypercalcaemia(chart: PatientChart) -> Found:
    """The later of a measurement and a statement decides; calcium without albumin is not corrected
    and not read.
    """
    measurement = _calcium(chart)
    high = measurement.value.above(_CALCIUM_LIMIT) if measurement.value is not None else None
    if high:
        return Found(True, measurement.sources, measurement.text)
    state = chart.condition("hypercalcaemia")
    newer = _is_newer(state, measurement.day)
    if state.present and (high is None or newer):
        return state.found()
    open_statement = bool(state.rows) and state.present is None and newer
    if high is False and not open_statement:
        return Found(False, measurement.sources, measurement.text)
    return state.found() if state.rows else unknown(measurement.text, measurement.sources)


def _is_newer(state: Presence, day: int | None) -> bool:
    """Whether the statement is not older than the measurement, as far as their days are known."""
    stated = state.rows[0].when.last if state.rows else None
    return day is None or stated is None or stated >= day


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calcium:
    """Calcium corrected for albumin in mg/dL, or why it can't be read."""

    value: Interval | None = None
    text: Text = ""
    sources: tuple[Source, ...] = ()
    day: int | None = None


def _calcium(chart: PatientChart) -> _Calcium:
    """As the laboratory corrected it, else corrected here."""
    lab = chart.latest("calcium_corrected", chart.recent(_EMERGENCY_DAYS))
    if lab.quantity is None and lab.problem is None:
        return _corrected(chart)
    return _Calcium(value=lab.quantity, text=lab.describe, sources=lab.sources, day=lab.day)


def _corrected(chart: PatientChart) -> _Calcium:
    """Total calcium corrected for the albumin of the same day: 0.8 mg/dL for each g/dL below 4
    (Payne et al., BMJ 1973;4:643-646).
    """
    for row in reversed(chart.results("calcium", chart.recent(_EMERGENCY_DAYS))):
        if row.day is None or row.quantity is None:
            continue
        albumin = chart.latest("albumin", (row.day, row.day))
        if albumin.quantity is None:
            continue
        low = row.quantity.low + 0.8 * (4 - albumin.quantity.high)
        high = row.quantity.high + 0.8 * (4 - albumin.quantity.low)
        value = Interval(round(low, 2), round(high, 2))
        return _Calcium(
            value=value,
            text=f"calcium {row.quantity} mg/dL with {albumin.text}: corrected {value} mg/dL",
            sources=(row.source, *albumin.sources),
            day=row.day,
        )
    return _Calcium()


@finding("renal_failure")
def renal_failure(chart: PatientChart) -> Found:
    """New renal failure: creatinine at least 2 mg/dL above the lowest value of the year before, or
    above 2 mg/dL and up by half.
    """
    state = chart.condition("renal_impairment")
    newly_stated = bool(state.present) and any(
        x.when.first is not None and x.when.first >= chart.as_of - _ACUTE_DAYS for x in state.rows
    )
    now = chart.latest("creatinine", chart.recent(_EMERGENCY_DAYS))
    if now.quantity is None:
        if newly_stated or state.present is False:
            return state.found()
        return unknown(now.text or state.text, sources_of(now, state))
    lowest = _lowest_of_year_before(chart, now.labs[0])
    value = _renal(now.quantity, lowest)
    if value is not True and newly_stated:
        return state.found()
    before = () if lowest is None else (lowest,)

    def text() -> str:
        earlier = f"before: {lab_text(before[0])}" if before else "no earlier value"
        return f"{now.text}, {earlier}"

    return Found(value, (*now.sources, *rows_of(before)), text)


def _lowest_of_year_before(chart: PatientChart, now: Lab) -> Lab | None:
    """The lowest creatinine of the year before this one."""
    day = now.when.first
    if day is None:
        return None
    window = (day - _RENAL_BASELINE_DAYS, day - 1)
    values = [
        (x.quantity.high, x) for x in chart.results("creatinine", window) if x.quantity is not None
    ]
    return min(values, key=lambda pair: pair[0])[1] if values else None


def _renal(now: Interval, lowest: Lab | None) -> bool | None:
    if now.at_most(_CREATININE_HIGH):
        return False
    if lowest is None or lowest.quantity is None:
        return None
    rise = now.at_least(lowest.quantity.high + _CREATININE_RISE)
    half = now.at_least(1.5 * lowest.quantity.high)
    above = now.above(_CREATININE_HIGH)
    return any3([rise, None if half is None or above is None else half and above])


# ---------------------------------------------------------------- not a relapse


def _histologies(chart: PatientChart) -> tuple[dict[str, str], tuple[Fact, ...]]:
    """The histology of each lesion, and the facts that say them."""
    rows = tuple(
        x for x in chart.record.facts if x.finding == "lesion_histology" and "=" in x.value
    )
    return histology(rows), rows


def _histology_text(row: Fact) -> str:
    return f"histology {row.value}, {row.when}"


@finding("t_cell_neoplasm")
def t_cell_neoplasm(chart: PatientChart) -> Found:
    words, rows = _histologies(chart)
    state = chart.condition("t_cell_lymphoma")
    if "t_cell_neoplasm" in words.values():
        hits = [x for x in rows if x.value.split("=", 1)[1].strip() == "t_cell_neoplasm"]
        return Found(True, rows_of(hits), texts(hits, _histology_text))
    if state.rows:
        return state.found()
    return Found(False if words else None, rows_of(rows), texts(rows, _histology_text))


@finding("mds_aml")
def mds_aml(chart: PatientChart) -> Found:
    """Only a statement decides; blasts are a reason to ask for one."""
    state = chart.condition("mds_aml")
    if state.rows:
        return state.found()
    blasts = chart.latest("marrow_blasts", chart.recent(_BLASTS_DAYS))
    if blasts.quantity is None:
        return unknown(blasts.describe, blasts.sources)
    if blasts.quantity.at_least(_BLASTS_PERCENT):
        return unknown(f"{blasts.text}: a myeloid neoplasm is to be asked for", blasts.sources)
    return unknown(f"{blasts.text}; no statement on a myeloid neoplasm", blasts.sources)


@finding("marrow_blasts_percent")
def marrow_blasts_percent(chart: PatientChart) -> Found:
    return chart.number("marrow_blasts", chart.recent(_BLASTS_DAYS))


@finding("iec_hs")
def iec_hs(chart: PatientChart) -> Found:
    return chart.toxicity("iec_hs", lasts=_IEC_HS_DAYS).found()


@finding("lesion_not_myeloma")
def lesion_not_myeloma(chart: PatientChart) -> Found:
    words, rows = _histologies(chart)
    other = [x for x in rows if words.get(x.value.split("=", 1)[0].strip()) != "plasma_cells"]
    if rows:
        deciding = other or list(rows)
        return Found(bool(other), rows_of(deciding), texts(deciding, _histology_text))
    stains = plasma_cells_shown(chart, chart.at_failure or chart.recent(_ACUTE_DAYS))
    return Found(False if stains else None, rows_of(stains), texts(stains, lab_text))


@finding("lesion_without_histology")
def lesion_without_histology(chart: PatientChart) -> Found:
    """Soft-tissue lesions at failure (without a failure: of the last 60 days), and bone lesions
    said to be new. Plasma cells shown by a stain of the biopsy are a histology.
    """
    window = chart.at_failure or chart.recent(_ACUTE_DAYS)
    looked = looked_at(chart, window)
    if not looked:
        return NOTHING
    words, _ = _histologies(chart)
    lesions = positive_lesions(chart, window)
    lesions += [x for x in looked if x.result == "positive" and x.new and x not in lesions]
    stains = plasma_cells_shown(chart, window)
    stained = plasma_cells_of(chart, lesions, stains)
    bare = [x for x in lesions if x.lesion not in words and not stained[lesion_name(x)]]
    nameless = naming_no_lesion(chart, stains)
    if nameless and bare:
        return unknown(
            lambda: f"{lab_text(nameless[-1])}: of which lesion is not stated", rows_of(nameless)
        )
    if bare:
        return Found(
            True,
            rows_of(bare),
            lambda: "no histology: " + "; ".join(imaging_text(x) for x in bare),
        )
    if lesions:
        shown = list(dict.fromkeys(x for rows in stained.values() for x in rows))
        return Found(
            False,
            rows_of((*lesions, *shown)),
            lambda: "; ".join(["each lesion has a histology", *map(lab_text, shown)]),
        )
    whole = [x for x in looked if whole_body(x)]
    return Found(False, rows_of(whole), texts(whole, imaging_text)) if whole else NOTHING
