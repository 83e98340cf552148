"""Which mechanism fits one patient's course: the posterior over mechanisms, its error, and the
measurement that would tell most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rearm.mechanism.data import CHANNELS, UNITS, Evidence, collect
from rearm.mechanism.observe import (
    NEVER,
    Likelihood,
    compiled,
    expected,
    grid,
    progression,
    scale_prior,
)
from rearm.mechanism.parameters import MechanismError, Mechanisms, load
from rearm.mechanism.population import Draws, Simulation, events, generator, inputs, simulate
from rearm.mechanism.sampling import Stages, ess, normalised
from rearm.mechanism.therapies import rows
from rearm.record import Record

__all__ = [
    "Band",
    "Candidate",
    "MechanismClass",
    "MechanismResult",
    "classes_of",
    "label_of",
    "posterior",
    "posterior_of",
]

Floats = npt.NDArray[np.float64]
OUTPUTS = (
    "m_protein",
    "flc",
    "sbcma_tumour",
    "sbcma_normal",
    "car",
    "T_sanctuary",
    "T_pp",
    "T_pn",
    "burden",
)
TELL = 0.7  # a class is named when it reaches this
FAMILIES = (
    ("antigen_negative", "low_antigen"),
    ("poor_expansion", "exhaustion", "suppression"),
)  # what serum and copies may not part
WITHIN = 3.0  # members of a family whose Bayes factors stay within this are reported as one class
ENOUGH, LEAST = 300.0, 40.0  # effective draws aimed at; below the second no answer is given
CONFUSION = 0.25  # chance that a stated response is one level off, relative to being right
STATEMENT_FLOOR = 0.004  # progression of a kind that the model does not hold
# chance that imaging shows a lesion where the model has a sanctuary, and where it has none
# (assumption)
LESION_SEEN, LESION_FALSE = 0.85, 0.08
MOST_STAGES = 10
# with more courses of drugs fewer patients are drawn, so that the answer still comes within about
# ten seconds
MANY_DRUGS = 5
AHEAD = (7.0, 30.0, 60.0, 90.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismClass:
    """Mechanisms that the data cannot separate, or a single one: probability with Monte-Carlo
    standard error, prior beside it.
    """

    members: tuple[str, ...]
    probability: float
    error: float
    prior: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What the fitted model expects of one channel: days, 5th, 50th, 95th percentile of the level
    without noise.
    """

    channel: str
    unit: str
    offset: float  # values are compared as log(value + offset): below it they are hardly told apart
    days: tuple[float, ...]
    low: tuple[float, ...]
    middle: tuple[float, ...]
    high: tuple[float, ...]
    points: tuple[tuple[float, float, int], ...]  # (day, value, kind)
    outside: int  # points outside their own 95 % predictive interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A next measurement: expected gain of information about the mechanism."""

    test: str
    day: float
    bits: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismResult:
    """The answer for one patient. `status`: told (a class reaches 0.7), cannot_tell, prior_only,
    refused (`reason` says why).
    """

    patient_id: str
    product: str
    infusion_day: int
    horizon: float
    status: str
    reason: str
    titles: Mapping[str, str]
    probabilities: Mapping[str, float]
    errors: Mapping[str, float]
    prior: Mapping[str, float]
    classes: tuple[MechanismClass, ...]
    effective_draws: float
    draws: int
    stages: int
    entropy_bits: float
    bands: tuple[Band, ...]
    next_measurements: tuple[Candidate, ...]
    progression: float | None
    followed_to: float
    measurements: Mapping[str, int]
    notes: tuple[str, ...]
    seed: int

    @property
    def leading(self) -> MechanismClass | None:
        return max(self.classes, key=lambda c: c.probability, default=None)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""

        def plain(value: Any) -> Any:
            if hasattr(value, "__dataclass_fields__"):
                return {k: plain(getattr(value, k)) for k in value.__dataclass_fields__}
            if isinstance(value, Mapping):
                return {str(k): plain(v) for k, v in value.items()}
            if isinstance(value, tuple):
                return [plain(v) for v in value]
            return value

        return {"note": "a model's hypothesis, not a test", **plain(self)}


@dataclass(slots=True)
class _Kept:
    """What is kept of each stage."""

    values: list[npt.NDArray[np.float32]]
    scales: list[Floats]
    pd_day: list[Floats]
    burden: list[Floats]
    pc: list[Floats]
    w_pos: list[Floats]


def posterior(
    record: Record, *, infusion: int | None = None, draws: int = 60_000, seed: int = 20_260_101
) -> MechanismResult:
    """Posterior over mechanisms for the infusion of this record (number from 1; None: the first).

    `draws` is about the number of virtual patients; up to twice as many are simulated where few of
    them fit. With nothing measured after the infusion the prior is returned, marked so. Raises
    `MechanismError` where there is nothing to explain (no infusion, no day, contradictory days) or
    numba is missing.
    """
    m = load()
    return posterior_of(m, collect(m, record, infusion), draws=draws, seed=seed)


def posterior_of(
    m: Mechanisms,
    ev: Evidence,
    *,
    draws: int = 60_000,
    seed: int = 20_260_101,
    look_ahead: bool = True,
) -> MechanismResult:
    """The same from evidence that was collected already."""
    if draws < 9 * 200:
        raise MechanismError(f"{draws} draws are too few; at least 1800 are needed")
    asked, crowd = draws, len(ev.drugs) / MANY_DRUGS
    if crowd > 1.0:
        draws = max(9 * 200, int(draws / crowd**2))
    if seed < 0:
        raise MechanismError(f"the seed must not be negative ({seed})")
    last_data = max(
        [x.day for x in ev.measurements]
        + [ev.progression or 0.0, ev.followed_to]
        + [d for d, _ in ev.responses]
    )
    horizon = float(max(m.horizon, math.ceil((last_data + 30.0) / 28.0) * 28.0))
    judged = grid(horizon)
    ahead = np.array([last_data + a for a in AHEAD]) if look_ahead else np.array([])
    days = np.unique(
        np.concatenate(
            [judged, ahead, [x.day for x in ev.measurements], [d for d, _ in ev.responses]]
        )
    )
    judge_at = np.searchsorted(days, judged)
    likelihood = Likelihood.of(m, ev.measurements, days)
    stages = Stages(m, ev.product, seed)
    kept = _Kept([], [], [], [], [], [])

    def evaluate(drawn: Draws, stage: int) -> Floats:
        sim, value = _run(m, ev, drawn, days)
        eps = generator(seed, 2, stage).standard_normal((len(drawn), len(CHANNELS)))
        logw, scales = likelihood.weigh(m, sim, value["B0"], value["pc_scale"], eps)
        part = Simulation(
            np.ascontiguousarray(sim.values[:, judge_at]), judged, sim.outputs, sim.steps
        )
        pd_day, level = progression(m, part, scales)
        logw += _course(ev, judged, pd_day, level)
        if ev.lesion is not None:
            seen = np.where(
                drawn.mechanism == m.names.index("sanctuary"), LESION_SEEN, LESION_FALSE
            )
            logw += np.log(seen if ev.lesion else 1.0 - seen)
        logw[label_of(drawn.mechanism, pd_day) < 0] = -np.inf
        kept.values.append(sim.values.astype(np.float32))
        kept.scales.append(scales)
        kept.pd_day.append(pd_day)
        kept.burden.append(value["B0"])
        kept.pc.append(value["pc_scale"])
        kept.w_pos.append(value["w_pos"])
        return logw

    n = len(m.names)
    stages.from_prior(max(200, int(0.4 * draws) // n), evaluate)
    prior = _prior(m, stages, kept, judged, judge_at, days, seed)
    while (
        not ev.bare
        and len(stages.draws) < MOST_STAGES
        and ess(normalised(stages.log_weights())) < ENOUGH
    ):
        stages.adapt(max(1800, int(0.2 * draws)), evaluate)
    logw = stages.log_weights()
    usable = np.isfinite(logw).any()
    w = normalised(logw)
    size = ess(w) if usable else 0.0
    label = label_of(stages.mechanism, np.concatenate(kept.pd_day))
    probability = np.array([w[label == c].sum() for c in range(n)])
    error = np.array(
        [math.sqrt(float((w**2 * ((label == c) - probability[c]) ** 2).sum())) for c in range(n)]
    )
    notes = list(ev.notes)
    if draws < asked:
        notes.append(
            f"{len(ev.drugs)} courses of drugs slow each virtual patient down, so fewer were"
            " simulated; the errors say what that costs"
        )
    status, reason = "told", ""
    if ev.bare:
        probability, error = prior.copy(), np.zeros(n)
        status, reason = "prior_only", f"{ev.bare}: these are the shares before any data."
    elif size < LEAST:
        status = "refused"
        reason = (
            f"Only {size:.0f} of {len(w)} virtual patients fit these measurements together: the"
            " model does not describe this course, and no probability is given. Check the values"
            " and units that lie far from the bands."
        )
    if status == "told" and ev.progression is None and probability[0] < 0.5 and _steady(ev):
        notes.append(
            "the model holds no dormant clone: a low, steady M-protein is read as myeloma that the"
            " CAR-T cells no longer reach and that will grow; some patients stay like this for"
            " years"
        )
    classes = () if status == "refused" else classes_of(m, probability, prior, w, label)
    if status == "told" and max(c.probability for c in classes) < TELL:
        status, reason = (
            "cannot_tell",
            f"No class of mechanisms reaches {TELL:.0%}: these data cannot tell.",
        )
    pick = _resample(w, 3000, seed)
    bands = _bands(m, ev, kept, days, pick, seed)
    for band in bands:
        if band.outside:
            notes.append(
                f"{band.outside} of {len(band.points)} values of {band.channel} lie outside what"
                " the fitted model expects"
            )
    following = (
        _next(m, ev, kept, days, ahead, label, pick, seed)
        if look_ahead and status not in ("refused", "prior_only")
        else ()
    )
    shown = status != "refused"
    names = m.names
    return MechanismResult(
        patient_id=ev.patient_id,
        product=ev.named_product or ev.product,
        infusion_day=ev.infusion_day,
        horizon=horizon,
        status=status,
        reason=reason,
        titles=dict(m.titles),
        probabilities=dict(zip(names, probability.tolist(), strict=True)) if shown else {},
        errors=dict(zip(names, error.tolist(), strict=True)) if shown else {},
        prior=dict(zip(names, prior.tolist(), strict=True)),
        classes=classes,
        effective_draws=size,
        draws=len(w),
        stages=len(stages.draws),
        entropy_bits=_entropy(probability),
        bands=bands,
        next_measurements=following,
        progression=ev.progression,
        followed_to=ev.followed_to,
        measurements={c: ev.count(c) for c in CHANNELS},
        notes=tuple(notes),
        seed=seed,
    )


def _steady(ev: Evidence) -> bool:
    """Whether the last three values of M-protein or light chain after the infusion stay level."""
    for channel in ("m_protein", "flc"):
        last = [
            x.value for x in ev.measurements if x.channel == channel and x.day > 0 and x.kind == 0
        ][-3:]
        if len(last) == 3 and min(last) > 0 and max(last) <= 1.25 * min(last):
            return True
    return False


def _run(
    m: Mechanisms, ev: Evidence, drawn: Draws, days: Floats
) -> tuple[Simulation, dict[str, Floats]]:
    params, start, threshold, value = inputs(m, drawn, isotype=ev.isotype, first=ev.first)
    n = len(drawn)
    later = events(m, value, [ev.later] * n) if ev.later else None
    slots = None
    if ev.drugs:
        slots = np.repeat(rows([ev.drugs]), n, axis=0)
        slots[:, :, 3] *= value["k_drug"][:, None]
        slots[:, :, 19] *= value["w_sanctuary"][:, None]
    return simulate(params, start, threshold, days, OUTPUTS, later=later, slots=slots), value


def label_of(mechanism: npt.NDArray[np.int64], pd_day: Floats) -> npt.NDArray[np.int64]:
    """The mechanism where there is progression within the horizon; no failure (0) where there is
    none.

    -1: progression although nothing was made wrong. Such draws belong to no mechanism and are left
    out (their share is printed by
    the calibration).
    """
    failed = pd_day < NEVER
    return np.where(failed, np.where(mechanism == 0, -1, mechanism), 0)


def _course(ev: Evidence, judged: Floats, pd_day: Floats, level: npt.NDArray[np.int64]) -> Floats:
    """Log probability of the stated progression, of being without it, and of stated responses."""
    out = np.zeros(len(pd_day))
    when = np.minimum(pd_day, 1e5)
    if ev.progression is not None and not ev.by_markers:
        sd = math.hypot(20.0, 0.2 * ev.progression)
        density = np.exp(-0.5 * ((ev.progression - when) / sd) ** 2) / (
            sd * math.sqrt(2.0 * math.pi)
        )
        out += np.log((1.0 - STATEMENT_FLOOR) * density + STATEMENT_FLOOR / judged[-1])
    elif ev.followed_to > 0:
        sd = math.hypot(20.0, 0.2 * ev.followed_to)
        z = (when - ev.followed_to) / sd / math.sqrt(2.0)
        free = 0.5 * (1.0 + np.array([math.erf(v) for v in z]))
        out += np.log((1.0 - STATEMENT_FLOOR) * free + STATEMENT_FLOOR * 0.5)
    if ev.responses:
        at = np.array([int(np.abs(judged - d).argmin()) for d, _ in ev.responses], dtype=np.int64)
        said = np.array([v for _, v in ev.responses], dtype=np.int64)
        compiled().stated(level, at, said, CONFUSION, out)
    return out


def _prior(
    m: Mechanisms,
    stages: Stages,
    kept: _Kept,
    judged: Floats,
    judge_at: npt.NDArray[np.int64],
    days: Floats,
    seed: int,
) -> Floats:
    """Shares of the labels before any data: the first stage with marker levels from their prior."""
    mean, sd = scale_prior(m, kept.burden[0])
    scales = mean + sd * generator(seed, 3).standard_normal(mean.shape)
    values = kept.values[0][:, judge_at].astype(np.float64)
    pd_day, _ = progression(
        m, Simulation(values, judged, OUTPUTS, np.zeros(0, dtype=np.int64)), scales
    )
    mechanism = stages.draws[0].mechanism
    label = label_of(mechanism, pd_day)
    n = len(m.names)
    w = stages.shares[mechanism] / np.bincount(mechanism, minlength=n)[mechanism]
    share = np.array([w[label == c].sum() for c in range(n)])
    return np.asarray(share / share.sum())


def classes_of(
    m: Mechanisms, probability: Floats, prior: Floats, w: Floats, label: npt.NDArray[np.int64]
) -> tuple[MechanismClass, ...]:
    names = list(m.names)
    factor = probability / np.maximum(
        prior, 1e-12
    )  # Bayes factor against the prior, up to a constant
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


def _resample(w: Floats, count: int, seed: int) -> npt.NDArray[np.int64]:
    """Systematic resampling: indices of `count` equally weighted draws."""
    points = (generator(seed, 4).uniform() + np.arange(count)) / count
    return np.minimum(np.searchsorted(np.cumsum(w), points), len(w) - 1)


def _picked(
    kept: _Kept, pick: npt.NDArray[np.int64], days: Floats
) -> tuple[Simulation, Floats, Floats, Floats]:
    bounds = np.cumsum([0] + [len(v) for v in kept.values])
    stage = np.searchsorted(bounds, pick, side="right") - 1
    values = np.stack(
        [kept.values[s][i - bounds[s]] for s, i in zip(stage, pick, strict=True)]
    ).astype(np.float64)
    sim = Simulation(values, days, OUTPUTS, np.zeros(0, dtype=np.int64))
    return (
        sim,
        np.concatenate(kept.scales)[pick],
        np.concatenate(kept.pc)[pick],
        np.concatenate(kept.w_pos)[pick],
    )


def _level(
    m: Mechanisms, sim: Simulation, channel: str, day: int, scales: Floats, pc: Floats
) -> Floats:
    rel, add = expected(m, sim, channel, day, pc)
    return np.asarray(np.exp(scales[:, CHANNELS.index(channel)]) * rel + add)


def _bands(
    m: Mechanisms, ev: Evidence, kept: _Kept, days: Floats, pick: npt.NDArray[np.int64], seed: int
) -> tuple[Band, ...]:
    sim, scales, pc, _ = _picked(kept, pick, days)
    out = []
    for channel in CHANNELS:
        points = [x for x in ev.measurements if x.channel == channel]
        if not points:
            continue
        levels = np.array([_level(m, sim, channel, d, scales, pc) for d in range(len(days))])
        low, middle, high = np.percentile(levels, [5, 50, 95], axis=1)
        s = m.scales[channel]
        noise = generator(seed, 5, CHANNELS.index(channel)).standard_normal(
            (len(points), len(pick))
        )
        outside = 0
        for x, e in zip(points, noise, strict=True):
            reported = (
                np.exp(np.log(levels[int(np.searchsorted(days, x.day))] + s.offset) + s.noise * e)
                - s.offset
            )
            a, b = np.percentile(reported, [2.5, 97.5])
            outside += int((x.kind <= 0 and a > x.value) or (x.kind >= 0 and b < x.value))
        out.append(
            Band(
                channel=channel,
                unit=UNITS[channel],
                offset=s.offset,
                days=tuple(days.tolist()),
                low=tuple(low.tolist()),
                middle=tuple(middle.tolist()),
                high=tuple(high.tolist()),
                points=tuple((x.day, x.value, x.kind) for x in points),
                outside=outside,
            )
        )
    return tuple(out)


def _entropy(p: Floats) -> float:
    q = p[p > 0]
    return float(0.0 - (q * np.log2(q)).sum())


def _next(
    m: Mechanisms,
    ev: Evidence,
    kept: _Kept,
    days: Floats,
    ahead: Floats,
    label: npt.NDArray[np.int64],
    pick: npt.NDArray[np.int64],
    seed: int,
) -> tuple[Candidate, ...]:
    """Expected fall of the entropy over mechanisms for each test and day ahead, by simulation from
    the posterior.
    """
    sim, scales, pc, w_pos = _picked(kept, pick, days)
    labels = np.maximum(label[pick], 0)
    n = len(m.names)
    now = _entropy(np.bincount(labels, minlength=n) / len(labels))
    rng = generator(seed, 6)
    truth = rng.choice(len(pick), size=400, replace=False)
    noise = rng.standard_normal(400)
    flat = np.zeros(len(pick))
    found = []
    for day in ahead:
        at = int(np.searchsorted(days, day))
        tests = [
            (c, np.log(_level(m, sim, c, at, scales, pc) + m.scales[c].offset), m.scales[c].noise)
            for c in CHANNELS
        ]
        burden = sim["burden"][:, at]
        # staining of clonal cells: share that is positive times its strength; without cells to
        # stain it says only that
        stain = (
            (sim["T_pp"][:, at] + sim["T_pn"][:, at] + sim["T_sanctuary"][:, at])
            / np.maximum(burden, 1e-12)
            * w_pos
        )
        tests.append(("bcma_on_cells", np.where(burden < 0.5, -6.0, np.log(stain + 0.03)), 0.5))
        for name, values, spread in tests:
            out = np.empty((len(truth), n))
            compiled().reweigh(
                np.ascontiguousarray(values), noise, spread, truth, flat, labels, n, out
            )
            after = np.array([_entropy(row) for row in out])
            found.append(
                Candidate(
                    test=name,
                    day=float(day),
                    bits=max(now - float(after.mean()), 0.0),
                    error=float(after.std() / math.sqrt(len(after))),
                )
            )
    best: dict[str, Candidate] = {}
    for c in sorted(found, key=lambda c: -c.bits):
        best.setdefault(c.test, c)
    return tuple(best.values())
