"""The measurement that would tell most about the mechanism."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from rearm.mechanism.data import CHANNELS, CourseEvidence
from rearm.mechanism.observe import compiled
from rearm.mechanism.parameters import Mechanisms
from rearm.mechanism.population import generator
from rearm.mechanism.result import Candidate
from rearm.mechanism.simulated import LESION_FALSE, LESION_SEEN, PickedDraws

__all__ = ["entropy_bits", "next_measurements"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def entropy_bits(p: Floats) -> float:
    q = p[p > 0]
    return float(0.0 - (q * np.log2(q)).sum())


def next_measurements(
    m: Mechanisms,
    ev: CourseEvidence,
    picked: PickedDraws,
    ahead: Floats,
    label: Ints,
    seed: int,
) -> tuple[Candidate, ...]:
    """Expected fall of the entropy over mechanisms for each test, on the best of the days ahead on
    which the record does not hold it already; of imaging where nobody looked for a lesion.

    By simulation from the posterior; `label`: of each picked draw.
    """
    labels = np.maximum(label, 0)
    n = len(m.names)
    now = entropy_bits(np.bincount(labels, minlength=n) / len(labels))
    rng = generator(seed, 6)
    truth = rng.choice(len(labels), size=400, replace=False)
    noise = rng.standard_normal(400)
    candidates = [] if ev.lesion is not None else [_imaging(m, labels, float(ahead[0]))]
    for day in ahead:
        for test, values, spread in _tests(m, picked, int(np.searchsorted(picked.sim.days, day))):
            if (test, round(day)) in ev.measured:
                continue
            shares = compiled().reweigh(
                np.ascontiguousarray(values), noise, spread, truth, labels, n
            )
            after = np.array([entropy_bits(row) for row in shares])
            candidates.append(
                Candidate(
                    test=test,
                    day=float(day),
                    bits=max(now - float(after.mean()), 0.0),
                    error=float(after.std() / math.sqrt(len(after))),
                )
            )
    best: dict[str, Candidate] = {}
    for c in sorted(candidates, key=lambda c: -c.bits):
        best.setdefault(c.test, c)
    return tuple(best.values())


def _imaging(m: Mechanisms, labels: Ints, day: float) -> Candidate:
    """What it would tell whether a lesion is seen: exact, since the chances of both are known."""
    shares = np.bincount(labels, minlength=len(m.names)) / len(labels)
    seen = np.full(len(m.names), LESION_FALSE)
    seen[m.names.index("sanctuary")] = LESION_SEEN
    after = 0.0
    for chance in (seen, 1.0 - seen):
        joint = shares * chance
        after += joint.sum() * entropy_bits(joint / joint.sum())
    bits = max(entropy_bits(shares) - after, 0.0)
    return Candidate(test="imaging", day=day, bits=bits, error=0.0)


def _tests(m: Mechanisms, picked: PickedDraws, day: int) -> list[tuple[str, Floats, float]]:
    """(test, what each draw expects on this day index, noise): both logarithms."""
    tests = [
        (c, np.log(picked.level(m, c, day) + m.scales[c].offset), m.scales[c].noise)
        for c in CHANNELS
    ]
    sim = picked.sim
    burden = sim["burden"][:, day]
    # staining of clonal cells: share that is positive times its strength; without cells to
    # stain it says only that
    positive = sim["T_pp"][:, day] + sim["T_pn"][:, day] + sim["T_sanctuary"][:, day]
    stain = positive / np.maximum(burden, 1e-12) * picked.w_pos
    nothing_to_stain = burden < 0.5
    stained = np.where(nothing_to_stain, -6.0, np.log(stain + 0.03))
    return [*tests, ("bcma_on_cells", stained, 0.5)]
