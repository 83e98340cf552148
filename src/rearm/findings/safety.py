"""Findings on emergencies, and on what looks like relapse and is none. Nobody's silence is taken
for absence.
"""

from __future__ import annotations

from rearm.findings.base import FUNCTIONS, Found, Function, any3, finding, measured, unknown
from rearm.findings.chart import PatientChart, lab_text
from rearm.findings.tumour import imaging_text, positive_lesions
from rearm.interval import Interval
from rearm.record import Fact, Lab, Source
from rearm.response.lesions import histology

_CALCIUM_LIMIT = 11.5  # mg/dL, corrected; IMWG clinical relapse
_CREATININE_RISE = 2.0  # mg/dL, IMWG clinical relapse
_CREATININE_HIGH = 2.0  # mg/dL, IMWG
_RENAL_BASELINE_DAYS = 365
_ACUTE_DAYS = 60
_BLASTS_DAYS = 90
_PARAPROTEIN_DAYS = 30
_BLASTS_PERCENT = 5.0
# Haemophagocytosis-like hyperinflammation is a matter of weeks: a row without an end speaks for
# this long.
_IEC_HS_DAYS = 60


def _conditions(*names: str, toxicity: str | None = None) -> Function:
    """Present where one of the conditions is, or the toxicity of that name is not over."""

    def found(chart: PatientChart) -> Found:
        states = [chart.condition(n) for n in names] + (
            [chart.toxicity(toxicity)] if toxicity else []
        )
        told = [s for s in states if s.rows]
        present = [s for s in told if s.present]
        value = True if present else any3([s.present for s in told])
        use = present or told
        return Found(
            value, tuple(r for s in use for r in s.sources), "; ".join(s.text for s in use)
        )

    return found


FUNCTIONS["al_amyloidosis"] = _conditions("al_amyloidosis")
FUNCTIONS["cord_compression"] = _conditions("cord_compression")
FUNCTIONS["second_solid_tumour"] = _conditions("second_solid_tumour")
FUNCTIONS["enterocolitis"] = _conditions("enterocolitis", toxicity="enterocolitis")


@finding("cns_disease")
def cns_disease(chart: PatientChart) -> Found:
    state, csf = (
        chart.condition("cns_myeloma"),
        chart.positive("csf_plasma_cells", chart.recent(_ACUTE_DAYS)),
    )
    if state.present or csf.value is True:
        return Found(
            True, (*state.sources, *csf.sources), "; ".join(x for x in (state.text, csf.text) if x)
        )
    return state.found() if state.rows or csf.value is None else csf


@finding("hyperviscosity")
def hyperviscosity(chart: PatientChart) -> Found:
    state, lab = (
        chart.condition("hyperviscosity"),
        chart.latest("serum_viscosity", chart.recent(14)),
    )
    if state.rows:
        return state.found()
    return unknown(
        f"{lab.text}; hyperviscosity is a diagnosis, not stated" if lab.text else "", lab.sources
    )


@finding("serum_m_protein")
def serum_m_protein(chart: PatientChart) -> Found:
    return chart.number("serum_m_protein", chart.recent(_PARAPROTEIN_DAYS))


@finding("highest_light_chain")
def highest_light_chain(chart: PatientChart) -> Found:
    """The higher of kappa and lambda: at the level that harms the kidney it is the involved one."""
    chains = [
        x
        for x in (
            chart.latest(t, chart.recent(_PARAPROTEIN_DAYS)) for t in ("kappa_flc", "lambda_flc")
        )
        if x.quantity is not None
    ]
    if not chains:
        return unknown()
    top = max(chains, key=lambda x: x.quantity.low if x.quantity else 0.0)
    return measured(top.quantity, top.text, top.sources)


@finding("hypercalcaemia")
def hypercalcaemia(chart: PatientChart) -> Found:
    """The later of a measurement and a statement decides; calcium without albumin is not corrected
    and not read.
    """
    lab = chart.latest("calcium_corrected", chart.recent(14))
    quantity = lab.quantity
    text, sources, day = lab.text, lab.sources, lab.day
    if quantity is None and not lab.why:
        quantity, text, sources, day = _corrected(chart)
    state = chart.condition("hypercalcaemia")
    high = quantity.above(_CALCIUM_LIMIT) if quantity is not None else None
    if high:
        return Found(True, sources, text)
    stated_day = state.rows[0].when.last if state.rows else None
    if state.present and (high is None or day is None or stated_day is None or stated_day >= day):
        return state.found()
    unclear = (
        bool(state.rows)
        and state.present is None
        and (day is None or stated_day is None or stated_day >= day)
    )
    if high is False and not unclear:
        return Found(False, sources, text)
    return state.found() if state.rows else unknown(text, sources)


def _corrected(chart: PatientChart) -> tuple[Interval | None, str, tuple[Source, ...], int | None]:
    """Total calcium corrected for the albumin of the same day: 0.8 mg/dL for each g/dL below 4
    (Payne).
    """
    for row in reversed(chart.results("calcium", chart.recent(14))):
        if row.day is None or row.quantity is None:
            continue
        albumin = chart.latest("albumin", (row.day, row.day))
        if albumin.quantity is None:
            continue
        shift = Interval(0.8 * (4 - albumin.quantity.high), 0.8 * (4 - albumin.quantity.low))
        value = Interval(
            round(row.quantity.low + shift.low, 2), round(row.quantity.high + shift.high, 2)
        )
        return (
            value,
            f"calcium {row.quantity} mg/dL with {albumin.text}: corrected {value} mg/dL",
            (row.source, *albumin.sources),
            row.day,
        )
    return None, "", (), None


@finding("renal_failure")
def renal_failure(chart: PatientChart) -> Found:
    """New renal failure: creatinine at least 2 mg/dL above the lowest value of the year before, or
    above 2 mg/dL and up by half.
    """
    state = chart.condition("renal_impairment")
    new = state.present and any(
        r.when.first is not None and r.when.first >= chart.as_of - _ACUTE_DAYS for r in state.rows
    )
    now = chart.latest("creatinine", chart.recent(30))
    if now.quantity is None:
        return (
            state.found()
            if new or state.present is False
            else unknown(now.text or state.text, (*now.sources, *state.sources))
        )
    first = now.labs[0].when.first or 0
    before = [
        x
        for x in chart.results("creatinine", (first - _RENAL_BASELINE_DAYS, first - 1))
        if x.quantity is not None
    ]
    lowest = min(before, key=lambda x: x.quantity.high if x.quantity else 0.0, default=None)
    value = _renal(now.quantity, lowest)
    text = now.text + (f", before: {lab_text(lowest)}" if lowest else ", no earlier value")
    if value is not True and new:
        return state.found()
    return Found(value, (*now.sources, *((lowest.source,) if lowest else ())), text)


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
    rows = tuple(
        x for x in chart.record.facts if x.finding == "lesion_histology" and "=" in x.value
    )
    return histology(rows), rows


@finding("t_cell_neoplasm")
def t_cell_neoplasm(chart: PatientChart) -> Found:
    said, rows = _histologies(chart)
    state = chart.condition("t_cell_lymphoma")
    hits = [x for x in rows if x.value.split("=", 1)[1].strip() == "t_cell_neoplasm"]
    if "t_cell_neoplasm" in said.values():
        return Found(
            True,
            tuple(x.source for x in hits),
            "; ".join(f"histology {x.value}, {x.when}" for x in hits),
        )
    if state.rows:
        return state.found()
    return Found(
        False if said else None,
        tuple(x.source for x in rows),
        "; ".join(f"histology {x.value}, {x.when}" for x in rows),
    )


@finding("mds_aml")
def mds_aml(chart: PatientChart) -> Found:
    state, blasts = (
        chart.condition("mds_aml"),
        chart.latest("marrow_blasts", chart.recent(_BLASTS_DAYS)),
    )
    if state.rows:
        return state.found()
    if blasts.quantity is not None and blasts.quantity.at_least(_BLASTS_PERCENT):
        return unknown(f"{blasts.text}: a myeloid neoplasm is to be asked for", blasts.sources)
    return unknown(
        (
            f"{blasts.text}; no statement on a myeloid neoplasm"
            if blasts.quantity is not None
            else blasts.text
        ),
        blasts.sources,
    )


@finding("marrow_blasts_percent")
def marrow_blasts_percent(chart: PatientChart) -> Found:
    return chart.number("marrow_blasts", chart.recent(_BLASTS_DAYS))


@finding("iec_hs")
def iec_hs(chart: PatientChart) -> Found:
    return chart.toxicity("iec_hs", lasts=_IEC_HS_DAYS).found()


@finding("lesion_not_myeloma")
def lesion_not_myeloma(chart: PatientChart) -> Found:
    said, rows = _histologies(chart)
    other = [x for x in rows if said.get(x.value.split("=", 1)[0].strip()) != "plasma_cells"]
    use = other or list(rows)
    return Found(
        bool(other) if said else None,
        tuple(x.source for x in use),
        "; ".join(f"histology {x.value}, {x.when}" for x in use),
    )


@finding("lesion_without_histology")
def lesion_without_histology(chart: PatientChart) -> Found:
    """Soft-tissue lesions at failure (without a failure: of the last 60 days), and bone lesions
    said to be new.
    """
    window = chart.at_failure or chart.recent(_ACUTE_DAYS)
    said, _ = _histologies(chart)
    looked = [
        x
        for x in chart.record.imaging
        if x.when.first is not None
        and x.when.last is not None
        and window[0] <= x.when.first
        and x.when.last <= window[1]
    ]
    lesions = positive_lesions(chart, window)
    lesions += [x for x in looked if x.result == "positive" and x.new and x not in lesions]
    bare = [x for x in lesions if x.lesion is None or x.lesion not in said]
    if bare:
        return Found(
            True,
            tuple(x.source for x in bare),
            "no histology: " + "; ".join(imaging_text(x) for x in bare),
        )
    if lesions:
        return Found(False, tuple(x.source for x in lesions), "each lesion has a histology")
    whole = [
        x
        for x in looked
        if x.method is not None and ("pet" in x.method.casefold() or "whole" in x.method.casefold())
    ]
    return (
        Found(False, tuple(x.source for x in whole), "; ".join(imaging_text(x) for x in whole))
        if whole
        else unknown()
    )
