"""Virtual patients: draws under each mechanism, and what the kernel needs to run them.

Random numbers come from a counter-based generator keyed by seed and block, so that any block of
patients can be made again alone and the number of threads changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rearm.mechanism.model import (
    EFFECTOR,
    ENDOGENOUS,
    EVENT_DAY,
    EVENT_WEIGHTS,
    MEMORY,
    N_CLONES,
    N_EVENT,
    N_PARAMETERS,
    N_SLOT,
    N_STATES,
    NO_DRUG,
    NORMAL,
    PARAMETERS,
    SLOT_K,
    SLOT_KIND,
    SLOT_START,
    SLOT_W_SANCTUARY,
    SUPPRESSION,
    output_index,
)
from rearm.mechanism.parameters import MechanismError, Mechanisms, Shift
from rearm.mechanism.therapies import Drug, rows

__all__ = [
    "Dose",
    "Draws",
    "KernelInput",
    "Simulation",
    "compile_kernel",
    "draw",
    "events",
    "generator",
    "inputs",
    "simulate",
    "slots_of",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ABSENT = -60.0  # logarithm of a clone that does not exist
NUMBA_MISSING = (
    "The mechanism wing needs numba, which is not installed: pip install 'rearm[mechanism]'."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """A CAR-T infusion: `cells` in 1e9; `lymphodepletion` resets endogenous T cells."""

    day: float
    cells: float
    target: str = "BCMA"
    lymphodepletion: bool = True


@dataclass(frozen=True, slots=True)
class Draws:
    """Virtual patients: varying parameters, mechanism, uniform numbers for extinction.

    `z` [patient, varying parameter] is on the scale on which a parameter is Gaussian; `u` [patient,
    clone].
    """

    z: Floats
    mechanism: Ints
    u: Floats

    def __len__(self) -> int:
        return len(self.z)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What came out: `values` [patient, day, output], and steps per group of lanes."""

    values: Floats
    days: Floats
    outputs: tuple[str, ...]
    steps: Ints

    def __getitem__(self, name: str) -> Floats:
        return self.values[:, :, self.outputs.index(name)]

    def on(self, days: Floats) -> Simulation:
        """The same on some of its days."""
        at = np.searchsorted(self.days, days)
        return replace(self, values=np.ascontiguousarray(self.values[:, at]), days=days)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelInput:
    """Virtual patients as the kernel takes them, one row each.

    `params` after `model.PARAMETERS`, `start` the state at the first infusion after `model.STATES`,
    `threshold` of extinction per clone; `values`: clipped values of the varying parameters by name.
    """

    params: Floats
    start: Floats
    threshold: Floats
    values: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.params)

    def rows(self, which: Ints) -> KernelInput:
        """Some of the patients."""
        return KernelInput(
            params=self.params[which],
            start=self.start[which],
            threshold=self.threshold[which],
            values={name: v[which] for name, v in self.values.items()},
        )

    def without_extinction(self) -> KernelInput:
        """The same patients with clones that never die out: the deterministic core."""
        return replace(self, threshold=np.full_like(self.threshold, 1e300))


def generator(seed: int, *block: int) -> np.random.Generator:
    """The random numbers of one block."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *block])))


def draw(
    m: Mechanisms,
    product: str,
    counts: Sequence[int],
    seed: int,
    *block: int,
    extra: Mapping[str, Shift] | None = None,
) -> Draws:
    """`counts[i]` patients under mechanism i."""
    rng = generator(seed, *block)
    mean, sd = m.prior(product, extra=extra)
    mechanism = np.repeat(np.arange(len(m.names)), counts)
    z = mean[mechanism] + sd[mechanism] * rng.standard_normal((len(mechanism), len(m.varying)))
    return Draws(z, mechanism, rng.uniform(size=(len(mechanism), 5)))


def inputs(m: Mechanisms, draws: Draws, *, isotype: str | None = None, first: Dose) -> KernelInput:
    """What the kernel needs of these draws; `isotype` sets the turnover of the M-protein."""
    n = len(draws)
    values: dict[str, Floats] = {}
    for j, name in enumerate(m.varying):
        p = m.parameters[name]
        z = draws.z[:, j]
        if name == "k_m" and isotype is not None and isotype in m.isotype:
            z = z + math.log(m.isotype[isotype]) - p.centre
        values[name] = np.clip(z if p.scale == "log10" else np.exp(z), p.low, p.high)
    fixed = m.fixed
    params = np.empty((n, N_PARAMETERS))
    for j, name in enumerate(PARAMETERS):
        if name in values:
            params[:, j] = values[name]
        elif name in fixed:
            params[:, j] = fixed[name]
    params[:, PARAMETERS.index("w_pp") :] = _weights(values, fixed, first.target)
    return KernelInput(
        params=params,
        start=_start(values, fixed, first),
        threshold=1.0 / -np.log1p(-draws.u * (1.0 - 1e-12)),
        values=values,
    )


def _start(values: Mapping[str, Floats], fixed: Mapping[str, float], first: Dose) -> Floats:
    """State at the first infusion."""
    start = np.zeros((len(values["B0"]), N_STATES))
    burden = np.log(values["B0"])
    neg, gneg, hidden = (values[k] * math.log(10.0) for k in ("f_neg", "f_gneg", "f_sanctuary"))
    rest = np.log1p(-np.minimum(np.exp(neg) + np.exp(gneg) + np.exp(hidden), 0.999))
    for c, part in enumerate((rest, neg, gneg, neg + gneg, hidden)):
        start[:, c] = np.maximum(burden + part, ABSENT)
    engrafted = first.cells * values["f_eng"]
    start[:, EFFECTOR] = engrafted * (1.0 - fixed["f_M"])
    start[:, MEMORY] = engrafted * fixed["f_M"]
    start[:, SUPPRESSION] = (
        fixed["k_I"] / fixed["d_I"] * values["B0"] / (fixed["B_I"] + values["B0"])
    )
    start[:, ENDOGENOUS] = fixed["N_LD"] if first.lymphodepletion else 1.0
    start[:, NORMAL] = 1.0
    return start


def _weights(values: Mapping[str, Floats], fixed: Mapping[str, float], target: str) -> Floats:
    """Killing of and stimulation by the five clones, for a product against `target`."""
    n = len(values["w_pos"])
    w = np.empty((n, 2 * N_CLONES))
    hit = np.array([1, 0, 1, 0, 1]) if target == "BCMA" else np.array([1, 1, 0, 0, 1])
    strength = values["w_pos"] if target == "BCMA" else np.ones(n)
    for c in range(N_CLONES):
        w[:, c] = strength if hit[c] else fixed["w_neg"]
        w[:, N_CLONES + c] = float(hit[c])
    w[:, 4] *= values["w_sanctuary"]
    w[:, 9] *= fixed["a_sanctuary"]
    return w


def events(m: Mechanisms, values: Mapping[str, Floats], doses: Sequence[Sequence[Dose]]) -> Floats:
    """Later infusions of each patient as rows of `model.EVENT_FIELDS`.

    A second product replaces the weights of all CAR-T cells.
    """
    fixed = m.fixed
    n, most = len(doses), max((len(d) for d in doses), default=0)
    out = np.zeros((n, most, N_EVENT))
    out[:, :, EVENT_DAY] = -1e9
    weights = (
        {target: _weights(values, fixed, target) for target in ("BCMA", "GPRC5D")} if most else {}
    )
    for i, given in enumerate(doses):
        for q, dose in enumerate(given):
            cells = dose.cells * values["f_eng"][i]
            out[i, q, :EVENT_WEIGHTS] = (
                dose.day,
                cells * (1.0 - fixed["f_M"]),
                cells * fixed["f_M"],
                fixed["N_LD"] if dose.lymphodepletion else -1.0,
            )
            out[i, q, EVENT_WEIGHTS:] = weights[dose.target][i]
    return out


def slots_of(values: Mapping[str, Floats], courses: Sequence[Sequence[Drug]]) -> Floats:
    """Drugs as rows of `model.SLOT_FIELDS`, with each patient's own sensitivity.

    `courses`: the drugs of each patient, or one course that all of them get.
    """
    slots = rows(courses)
    if len(slots) == 1:
        slots = np.repeat(slots, len(values["k_drug"]), axis=0)
    if slots.shape[1]:
        slots[:, :, SLOT_K] *= values["k_drug"][:, None]
        slots[:, :, SLOT_W_SANCTUARY] *= values["w_sanctuary"][:, None]
    return slots


def simulate(
    patients: KernelInput,
    days: Sequence[float] | Floats,
    outputs: Sequence[str],
    *,
    later: Floats | None = None,
    slots: Floats | None = None,
) -> Simulation:
    """Run the kernel. On the day of a later infusion the state just before it is given.

    `later`: rows of `events`; `slots`: rows of `slots_of`. Raises `ValueError` where days do not
    rise or lie before the infusion, `RuntimeError` where a group does not reach its last day.
    """
    when = np.asarray(days, dtype=np.float64)
    if len(when) == 0 or when[0] < 0.0 or np.any(np.diff(when) < 0):
        raise ValueError("days must be given, rise, and not lie before the start")
    n = len(patients)
    later = np.zeros((n, 0, N_EVENT)) if later is None else later
    slots = np.zeros((n, 0, N_SLOT)) if slots is None else slots
    run = compile_kernel()
    order = _order(later, slots)
    c = np.ascontiguousarray
    out, steps = run(
        c(patients.params[order]),
        c(patients.start[order]),
        c(patients.threshold[order]),
        c(later[order]),
        c(slots[order]),
        when,
        output_index(outputs),
    )
    if (steps < 0).any():
        raise RuntimeError(
            f"{int((steps < 0).sum())} of {len(steps)} groups used up their steps; the parameters"
            " are out of range"
        )
    values = np.empty_like(out)
    values[order] = out
    return Simulation(values=values, days=when, outputs=tuple(outputs), steps=steps)


def _order(later: Floats, slots: Floats) -> Ints:
    """Patients by their first later event: those that share a step then stop together."""
    first = np.full(len(later), np.inf)
    if later.shape[1]:
        day = later[:, :, EVENT_DAY]
        first = np.minimum(first, np.where(day > 0.0, day, np.inf).min(axis=1))
    if slots.shape[1]:
        day = slots[:, :, SLOT_START]
        given = slots[:, :, SLOT_KIND] != NO_DRUG
        first = np.minimum(first, np.where(given, day, np.inf).min(axis=1))
    return np.argsort(first, kind="stable")


def compile_kernel() -> Callable[..., tuple[Floats, Ints]]:
    """The compiled kernel; raises `MechanismError` in a sentence where numba is missing."""
    try:
        from rearm.mechanism.kernel import run
    except ModuleNotFoundError as missing:
        if missing.name in ("numba", "llvmlite"):
            raise MechanismError(NUMBA_MISSING) from missing
        raise
    compiled: Callable[..., tuple[Floats, Ints]] = run
    return compiled
