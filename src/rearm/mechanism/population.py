"""Virtual patients: draws of the varying parameters under each mechanism, and what the kernel needs
to run them.

Random numbers come from a counter-based generator keyed by seed and block, so that any block of
patients can be made again alone and the number of threads changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rearm.mechanism.model import N_EVENT, N_PARAMETERS, N_SLOT, N_STATES, PARAMETERS, output_index
from rearm.mechanism.parameters import MechanismError, Mechanisms, Shift

__all__ = [
    "Dose",
    "Draws",
    "Simulation",
    "compile_kernel",
    "draw",
    "generator",
    "inputs",
    "simulate",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ABSENT = -60.0  # logarithm of a clone that does not exist
RTOL, ATOL = 3e-6, 3e-10
NUMBA_MISSING = (
    "The mechanism wing needs numba, which is not installed: pip install 'rearm[mechanism]'."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """A CAR-T infusion. `cells` in 1e9; `target` BCMA or GPRC5D; `lymphodepletion` resets
    endogenous T cells.
    """

    day: float
    cells: float
    target: str = "BCMA"
    lymphodepletion: bool = True


@dataclass(frozen=True, slots=True)
class Draws:
    """Virtual patients: `z` [patient, varying parameter] on the Gaussian scale, mechanism, uniform
    numbers for extinction `u`.
    """

    z: Floats
    mechanism: Ints
    u: Floats

    def __len__(self) -> int:
        return len(self.z)


@dataclass(frozen=True, slots=True)
class Simulation:
    """What came out: `values` [patient, day, output], the days, names of the outputs, steps per
    group of lanes.
    """

    values: Floats
    days: Floats
    outputs: tuple[str, ...]
    steps: Ints

    def __getitem__(self, name: str) -> Floats:
        return self.values[:, :, self.outputs.index(name)]


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


def inputs(
    m: Mechanisms, draws: Draws, *, isotype: str | None = None, first: Dose
) -> tuple[Floats, Floats, Floats, dict[str, Floats]]:
    """(kernel parameters, state at the first infusion, extinction thresholds, clipped values of the
    varying parameters by name).
    """
    n = len(draws)
    value: dict[str, Floats] = {}
    for j, name in enumerate(m.varying):
        p = m.parameters[name]
        z = draws.z[:, j]
        if name == "k_m" and isotype is not None and isotype in m.isotype:
            z = z + math.log(m.isotype[isotype]) - p.centre
        value[name] = np.clip(z if p.scale == "log10" else np.exp(z), p.low, p.high)
    fixed = {name: p.value for name, p in m.parameters.items() if not p.vary}
    params = np.empty((n, N_PARAMETERS))
    for j, name in enumerate(PARAMETERS):
        if name in value:
            params[:, j] = value[name]
        elif name in fixed:
            params[:, j] = fixed[name]
    params[:, PARAMETERS.index("w_pp") :] = _weights(value, fixed, first.target)
    start = np.zeros((n, N_STATES))
    burden = np.log(value["B0"])
    neg, gneg, hidden = (value[k] * math.log(10.0) for k in ("f_neg", "f_gneg", "f_sanctuary"))
    rest = np.log1p(-np.minimum(np.exp(neg) + np.exp(gneg) + np.exp(hidden), 0.999))
    for c, part in enumerate((rest, neg, gneg, neg + gneg, hidden)):
        start[:, c] = np.maximum(burden + part, ABSENT)
    engrafted = first.cells * value["f_eng"]
    start[:, 5] = engrafted * (1.0 - fixed["f_M"])
    start[:, 6] = engrafted * fixed["f_M"]
    start[:, 8] = fixed["k_I"] / fixed["d_I"] * value["B0"] / (fixed["B_I"] + value["B0"])
    start[:, 9] = fixed["N_LD"] if first.lymphodepletion else 1.0
    start[:, 10] = 1.0
    threshold = 1.0 / -np.log1p(-draws.u * (1.0 - 1e-12))
    return params, start, threshold, value


def _weights(value: Mapping[str, Floats], fixed: Mapping[str, float], target: str) -> Floats:
    """Killing of and stimulation by the five clones, for a product against `target`."""
    n = len(value["w_pos"])
    w = np.empty((n, 10))
    hit = np.array([1, 0, 1, 0, 1]) if target == "BCMA" else np.array([1, 1, 0, 0, 1])
    strength = value["w_pos"] if target == "BCMA" else np.ones(n)
    for c in range(5):
        w[:, c] = strength if hit[c] else fixed["w_neg"]
        w[:, 5 + c] = float(hit[c])
    w[:, 4] *= value["w_sanctuary"]
    w[:, 9] *= fixed["a_sanctuary"]
    return w


def events(m: Mechanisms, value: Mapping[str, Floats], doses: Sequence[Sequence[Dose]]) -> Floats:
    """Later infusions of each patient as rows of `model.EVENT_FIELDS`. A second product replaces
    the weights of all CAR-T cells.
    """
    fixed = {name: p.value for name, p in m.parameters.items() if not p.vary}
    n, most = len(doses), max((len(d) for d in doses), default=0)
    out = np.zeros((n, most, N_EVENT))
    out[:, :, 0] = -1e9
    both = {target: _weights(value, fixed, target) for target in ("BCMA", "GPRC5D")} if most else {}
    for i, given in enumerate(doses):
        for q, dose in enumerate(given):
            cells = dose.cells * value["f_eng"][i]
            out[i, q, :4] = (
                dose.day,
                cells * (1.0 - fixed["f_M"]),
                cells * fixed["f_M"],
                fixed["N_LD"] if dose.lymphodepletion else -1.0,
            )
            out[i, q, 4:] = both[dose.target][i]
    return out


def simulate(
    params: Floats,
    start: Floats,
    threshold: Floats,
    days: Sequence[float] | Floats,
    outputs: Sequence[str],
    *,
    later: Floats | None = None,
    slots: Floats | None = None,
    begin: float = 0.0,
    rtol: float = RTOL,
    atol: float = ATOL,
    max_steps: int = 200_000,
) -> Simulation:
    """Run the kernel. Days must rise and not lie before `begin`. Patients are run in the order of
    their first later event.

    On the day of a later infusion the state just before it is given.

    Raises `ValueError` on days out of order; `RuntimeError` where a group does not reach its last
    day (steps used up).
    """
    when = np.asarray(days, dtype=np.float64)
    if len(when) == 0 or when[0] < begin or np.any(np.diff(when) < 0):
        raise ValueError("days must be given, rise, and not lie before the start")
    n = len(params)
    later = np.zeros((n, 0, N_EVENT)) if later is None else later
    slots = np.zeros((n, 0, N_SLOT)) if slots is None else slots
    run = compile_kernel()
    columns = output_index(outputs)
    if later.shape[1] or slots.shape[1]:
        first = np.full(n, np.inf)
        if later.shape[1]:
            first = np.minimum(
                first, np.where(later[:, :, 0] > begin, later[:, :, 0], np.inf).min(axis=1)
            )
        if slots.shape[1]:
            first = np.minimum(
                first, np.where(slots[:, :, 0] > 0, slots[:, :, 1], np.inf).min(axis=1)
            )
        order = np.argsort(first, kind="stable")
    else:
        order = np.arange(n)
    out = np.empty((n, len(when), len(columns)))
    c = np.ascontiguousarray
    steps = run(c(params[order]), c(start[order]), c(threshold[order]), c(later[order]), c(slots[order]), begin, when, columns,
                rtol, atol, max_steps, out)  # fmt: skip
    if (steps < 0).any():
        raise RuntimeError(
            f"{int((steps < 0).sum())} of {len(steps)} groups used up {max_steps} steps; the"
            " parameters are out of range"
        )
    values = np.empty_like(out)
    values[order] = out
    return Simulation(values, when, tuple(outputs), steps)


def compile_kernel() -> Callable[..., Ints]:
    """The compiled kernel; raises `MechanismError` in a sentence where numba is missing."""
    try:
        from rearm.mechanism.kernel import run
    except ModuleNotFoundError as missing:
        if missing.name in ("numba", "llvmlite"):
            raise MechanismError(NUMBA_MISSING) from missing
        raise
    compiled: Callable[..., Ints] = run
    return compiled
