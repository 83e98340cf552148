"""Findings on counts, M-protein, light chains and viscosity at a level that endangers."""

from __future__ import annotations

from rearm.findings.base import NOTHING, Found, finding, measured, suspected
from rearm.findings.chart import PatientChart
from rearm.findings.last_known import EMERGENCY_DAYS, Harmful, any_danger, danger

# Below these, counts are corrected before anything that lowers them further.
_COUNT_LIMITS = {"platelets": 25.0, "hemoglobin": 8.0, "neutrophils": 0.5}  # G/L, g/dL, G/L
_M_PROTEIN = 6.0  # g/dL; from here serum viscosity is measured in IgG myeloma (IgM 4, IgA 5)
_LIGHT_CHAIN = 1500.0  # mg/L; cast nephropathy is considered from here (IMWG)
# Symptoms begin above 4 cP (normal 1.4 to 1.8); the diagnosis stays clinical.
_VISCOSITY = 4.0
_CHAINS = ("kappa_flc", "lambda_flc")


@finding("severe_cytopenia")
def severe_cytopenia(chart: PatientChart) -> Found:
    """One count that is low suffices, all three are needed to say that none is."""
    return any_danger([danger(chart, test, _below(limit)) for test, limit in _COUNT_LIMITS.items()])


def _below(limit: float) -> Harmful:
    return lambda quantity: quantity.below(limit)


@finding("m_protein_very_high")
def m_protein_very_high(chart: PatientChart) -> Found:
    return any_danger([danger(chart, "serum_m_protein", lambda x: x.at_least(_M_PROTEIN))])


@finding("light_chain_very_high")
def light_chain_very_high(chart: PatientChart) -> Found:
    """Either of kappa and lambda: at the level that harms the kidney it is the involved one."""
    return any_danger([danger(chart, test, lambda x: x.at_least(_LIGHT_CHAIN)) for test in _CHAINS])


@finding("highest_light_chain")
def highest_light_chain(chart: PatientChart) -> Found:
    """The higher of kappa and lambda."""
    window = chart.recent(EMERGENCY_DAYS)
    chains = [chart.latest(test, window) for test in _CHAINS]
    known = [(x.quantity.low, x) for x in chains if x.quantity is not None]
    if not known:
        return NOTHING
    _, top = max(known, key=lambda pair: pair[0])
    return measured(top.quantity, top.describe, top.sources)


@finding("hyperviscosity")
def hyperviscosity(chart: PatientChart) -> Found:
    """A diagnosis that somebody states; a viscous serum points to it until somebody does."""
    state = chart.condition("hyperviscosity")
    viscosity = danger(chart, "serum_viscosity", lambda x: x.above(_VISCOSITY))
    stated_since = state.rows and not _older(state.rows[0].when.last, viscosity.latest.day)
    if state.present or stated_since:
        return state.found()
    if viscosity.harmful or viscosity.suspected:
        text = f"{viscosity.text}; the record states no diagnosis of hyperviscosity"
        return suspected(text, viscosity.latest.sources)
    return state.found() if state.rows else Found(None, viscosity.latest.sources, viscosity.text)


def _older(stated: int | None, measured_on: int | None) -> bool:
    return measured_on is not None and (stated is None or stated < measured_on)
