"""The myeloma of one invented patient: what it secretes, and what each marker shows of a burden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rearm.demo import rates
from rearm.demo.chart import Chart

__all__ = ["Disease", "draw_disease"]

# what progression asks for by the criteria, with a margin so that a measuring error hides none
_RISE_M_PROTEIN, _RISE_LIGHT_CHAINS, _RISE_URINE = 0.66, 125.0, 245.0
_RISE_OF_NADIR = 0.3
_NORMAL_KAPPA, _NORMAL_LAMBDA = (5.0, 14.0), (7.0, 14.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disease:
    """Markers at the burden before the CAR-T: M-protein in g/dL (0: none is secreted), involved
    free light chain in mg/L, urine in mg/24h (0: not measurable), plasma cells in the marrow in %.
    `kappa`, `lambda_`: the free light chains of healthy plasma cells. `counts`: blood counts
    without myeloma.
    """

    heavy_chain: str
    light_chain: str
    m_protein: float
    light_chains: float
    urine: float
    marrow: float
    high_risk: bool
    kappa: float
    lambda_: float
    extraosseous: str | None  # the site of a lesion before the CAR-T
    paraskeletal: str | None
    counts: Mapping[str, float]

    def rise(self, nadir: float) -> float:
        """By how much the burden must rise above its nadir to be progression in the marker that
        the criteria follow.
        """
        if self.m_protein:
            least = _RISE_M_PROTEIN / self.m_protein
        elif self.urine:
            least = _RISE_URINE / self.urine
        else:
            least = _RISE_LIGHT_CHAINS / self.light_chains
        return max(least, _RISE_OF_NADIR * nadir)

    def free_light_chains(self, burden: float) -> tuple[float, float]:
        """Kappa and lambda, mg/L."""
        involved = self.light_chains * burden
        if self.light_chain == "kappa":
            return self.kappa + involved, self.lambda_
        return self.kappa, self.lambda_ + involved

    def plasma_cells(self, burden: float) -> float:
        """In the marrow, %."""
        return min(1.0 + self.marrow * burden, rates.HIGHEST_MARROW)


def draw_disease(chart: Chart) -> Disease:
    heavy = chart.pick(rates.HEAVY_CHAINS)
    alone = heavy == "none"
    chains = rates.LIGHT_CHAINS_ALONE if alone else rates.LIGHT_CHAINS_BESIDE
    secreted = min(
        max(chart.around(*rates.M_PROTEIN), rates.LOWEST_M_PROTEIN), rates.HIGHEST_M_PROTEIN
    )
    measurable = alone and chart.chance(rates.URINE_MEASURABLE)
    light = min(max(chart.around(*chains), 30.0), rates.HIGHEST_LIGHT_CHAINS)
    return Disease(
        heavy_chain=heavy,
        light_chain="kappa" if chart.chance(rates.KAPPA) else "lambda",
        m_protein=0.0 if alone else secreted,
        light_chains=max(light, 250.0) if alone else light,
        urine=max(chart.around(*rates.URINE), 320.0) if measurable else 0.0,
        marrow=min(chart.around(*rates.MARROW), rates.HIGHEST_MARROW),
        high_risk=chart.chance(rates.HIGH_RISK),
        kappa=chart.between(_NORMAL_KAPPA),
        lambda_=chart.between(_NORMAL_LAMBDA),
        extraosseous=chart.pick(rates.LESION_SITES)
        if chart.chance(rates.EXTRAOSSEOUS_BEFORE)
        else None,
        paraskeletal=chart.pick(rates.BONE_SITES)
        if chart.chance(rates.PARASKELETAL_BEFORE)
        else None,
        counts={test: chart.around(*usual) for test, usual in rates.COUNTS.items()},
    )
