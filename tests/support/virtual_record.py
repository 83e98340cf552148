"""Virtual patients as records, so that the same response criteria as for real patients can judge
them.
"""

from __future__ import annotations

import math

from rearm.interval import Interval
from rearm.mechanism.data import CHANNELS
from rearm.mechanism.observe import CR_SERUM
from rearm.mechanism.virtual import Cohort
from rearm.record import Infusion, Lab, Record, Source, When

__all__ = ["virtual_record"]

PLACE = Source("virtual", "")
UNIT = {
    "serum_m_protein": "g/dL",
    "kappa_flc": "mg/L",
    "lambda_flc": "mg/L",
    "urine_m_protein_24h": "mg/24h",
}


def virtual_record(c: Cohort, product: str, i: int, *, light_chains: bool = True) -> Record:
    """Patient i of a cohort: noise-free serum M-protein (and, where asked for, light chains with
    kappa involved) on the simulated days.
    """
    scales = c.patients.scales[i]
    serum = math.exp(scales[CHANNELS.index("m_protein")]) * c.simulation["m_protein"][i]
    chain = math.exp(scales[CHANNELS.index("flc")]) * c.simulation["flc"][i]
    labs = []
    for d, day in enumerate(c.simulation.days):
        labs.append(_lab("serum_m_protein", day, serum[d]))
        if light_chains:
            labs += [_lab("kappa_flc", day, chain[d] + 10.0), _lab("lambda_flc", day, 10.0)]
        labs.append(_lab("urine_m_protein_24h", day, 0.0))
        fixed = "negative" if serum[d] < CR_SERUM else "positive"
        labs.append(
            Lab(test="serum_immunofixation", when=When.on(int(day)), source=PLACE, word=fixed)
        )
        labs.append(
            Lab(test="urine_immunofixation", when=When.on(int(day)), source=PLACE, word="negative")
        )
    return Record(
        patient_id=f"virtual {i}",
        source=PLACE,
        heavy_chain=("IgG",),
        light_chain="kappa",
        labs=tuple(labs),
        infusions=(
            Infusion(
                source=PLACE, when=When.on(0), product=product, targets=("BCMA",), infused=True
            ),
        ),
    )


def _lab(test: str, day: float, value: float) -> Lab:
    return Lab(
        test=test,
        when=When.on(int(day)),
        source=PLACE,
        quantity=Interval.of(float(value)),
        unit=UNIT[test],
    )
