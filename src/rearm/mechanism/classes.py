"""Classes of mechanisms: those that the data can't separate are one."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from rearm.mechanism.parameters import Mechanisms
from rearm.mechanism.result import MechanismClass

__all__ = ["classes_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FAMILIES = (
    ("antigen_negative", "low_antigen"),
    ("poor_expansion", "exhaustion", "suppression"),
)  # what serum and copies may not part
WITHIN = 3.0  # members of a family whose Bayes factors stay within this are reported as one class


def classes_of(
    m: Mechanisms, probability: Floats, prior: Floats, w: Floats, label: Ints
) -> tuple[MechanismClass, ...]:
    """Mechanisms grouped by what the data separate, the most probable first.

    `w`, `label`: weights and labels of the draws, for the Monte-Carlo error.
    """
    names = list(m.names)
    # Bayes factor against the prior, up to a constant
    factor = probability / np.maximum(prior, 1e-12)
    groups: list[list[int]] = []
    for family in FAMILIES:
        members = sorted((names.index(f) for f in family), key=lambda c: -factor[c])
        while members:
            group = [members[0]]
            group += [c for c in members[1:] if factor[members[0]] <= WITHIN * factor[c]]
            groups.append(group)
            members = [c for c in members if c not in group]
    inside = {c for g in groups for c in g}
    groups += [[c] for c in range(len(names)) if c not in inside]
    out = []
    for group in groups:
        hit = np.isin(label, group)
        p = float(probability[group].sum())
        error = math.sqrt(float((w**2 * (hit - p) ** 2).sum()))
        out.append(
            MechanismClass(
                members=tuple(names[c] for c in group),
                probability=p,
                error=error,
                prior=float(prior[group].sum()),
            )
        )
    return tuple(sorted(out, key=lambda c: -c.probability))
