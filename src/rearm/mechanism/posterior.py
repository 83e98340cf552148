"""Which mechanism fits one patient's course, and the measurement that would tell most."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rearm.mechanism.data import CHANNELS, UNITS, CourseEvidence, collect
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
from rearm.mechanism.population import (
    Draws,
    Simulation,
    events,
    generator,
    inputs,
    simulate,
    slots_of,
)
from rearm.mechanism.sampling import Stages, ess, normalised
from rearm.record import Record

__all__ = [
    "Candidate",
    "MechanismClass",
    "MechanismResult",
    "QuantileBand",
    "classes_of",
    "label_of",
    "posterior",
    "posterior_of",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Status = Literal["told", "cannot_tell", "prior_only", "refused"]
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
FEWEST_DRAWS = 9 * 200
MOST_STAGES = 10
# with more courses of drugs fewer patients are drawn, so that the answer still comes within about
# ten seconds
MANY_DRUGS = 5
AHEAD = (7.0, 30.0, 60.0, 90.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismClass:
    """Mechanisms that the data cannot separate, or a single one.

    `error`: Monte-Carlo standard error of the probability.
    """

    members: tuple[str, ...]
    probability: float
    error: float
    prior: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileBand:
    """What the fitted model expects of one channel: 5th, 50th, 95th percentile without noise."""

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
    """The answer for one patient.

    `status`: told (a class reaches 0.7), cannot_tell, prior_only, refused; `reason` says why.
    """

    patient_id: str
    product: str
    infusion_day: int
    horizon: float
    status: Status
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
    bands: tuple[QuantileBand, ...]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Calendar:
    """The days of a simulation: those that are judged, those of the data, those ahead."""

    horizon: float
    judged: Floats
    ahead: Floats
    days: Floats  # all of them

    @classmethod
    def of(cls, m: Mechanisms, ev: CourseEvidence, *, look_ahead: bool) -> _Calendar:
        measured = [x.day for x in ev.measurements]
        stated = [day for day, _ in ev.responses]
        last_data = max([*measured, *stated, ev.progression or 0.0, ev.followed_to])
        horizon = float(max(m.horizon, math.ceil((last_data + 30.0) / 28.0) * 28.0))
        judged = grid(horizon)
        ahead = np.array([last_data + a for a in AHEAD]) if look_ahead else np.array([])
        days = np.unique(np.concatenate([judged, ahead, measured, stated]))
        return cls(horizon=horizon, judged=judged, ahead=ahead, days=days)


@dataclass(slots=True, kw_only=True)
class _Simulated:
    """The simulated patients of all stages; `evaluate` adds a stage and gives its likelihood."""

    m: Mechanisms
    ev: CourseEvidence
    calendar: _Calendar
    seed: int
    likelihood: Likelihood = field(init=False)
    outputs: list[npt.NDArray[np.float32]] = field(default_factory=list)
    scales: list[Floats] = field(default_factory=list)
    pd_day: list[Floats] = field(default_factory=list)
    burden: list[Floats] = field(default_factory=list)
    pc: list[Floats] = field(default_factory=list)
    w_pos: list[Floats] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.likelihood = Likelihood.of(self.m, self.ev.measurements, self.calendar.days)

    def evaluate(self, drawn: Draws, stage: int) -> Floats:
        """Log likelihood of each draw; -inf where it belongs to no mechanism."""
        m, ev, judged = self.m, self.ev, self.calendar.judged
        sim, values = _run(m, ev, drawn, self.calendar.days)
        eps = generator(self.seed, 2, stage).standard_normal((len(drawn), len(CHANNELS)))
        logw, scales = self.likelihood.weigh(m, sim, values, eps)
        pd_day, level = progression(sim.on(judged), scales)
        logw += _course(ev, judged, pd_day, level)
        if ev.lesion is not None:
            sanctuary = drawn.mechanism == m.names.index("sanctuary")
            seen = np.where(sanctuary, LESION_SEEN, LESION_FALSE)
            logw += np.log(seen if ev.lesion else 1.0 - seen)
        logw[label_of(drawn.mechanism, pd_day) < 0] = -np.inf
        self.outputs.append(sim.values.astype(np.float32))
        self.scales.append(scales)
        self.pd_day.append(pd_day)
        self.burden.append(values["B0"])
        self.pc.append(values["pc_scale"])
        self.w_pos.append(values["w_pos"])
        return logw

    def prior(self, stages: Stages) -> Floats:
        """Shares of the labels before any data: the first stage, levels drawn from their prior."""
        mean, sd = scale_prior(self.m, self.burden[0])
        scales = mean + sd * generator(self.seed, 3).standard_normal(mean.shape)
        first = _simulation(self.outputs[0].astype(np.float64), self.calendar.days)
        pd_day, _ = progression(first.on(self.calendar.judged), scales)
        mechanism = stages.draws[0].mechanism
        label = label_of(mechanism, pd_day)
        n = len(self.m.names)
        w = stages.shares[mechanism] / np.bincount(mechanism, minlength=n)[mechanism]
        share = np.array([w[label == c].sum() for c in range(n)])
        return np.asarray(share / share.sum())

    def picked(self, pick: Ints) -> _Picked:
        """Some draws, numbered over all stages."""
        bounds = np.cumsum([0] + [len(v) for v in self.outputs])
        stage = np.searchsorted(bounds, pick, side="right") - 1
        outputs = [self.outputs[s][i - bounds[s]] for s, i in zip(stage, pick, strict=True)]
        return _Picked(
            sim=_simulation(np.stack(outputs).astype(np.float64), self.calendar.days),
            scales=np.concatenate(self.scales)[pick],
            pc=np.concatenate(self.pc)[pick],
            w_pos=np.concatenate(self.w_pos)[pick],
        )


def _simulation(values: Floats, days: Floats) -> Simulation:
    return Simulation(values=values, days=days, outputs=OUTPUTS, steps=np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picked:
    """Equally weighted draws from the posterior."""

    sim: Simulation
    scales: Floats
    pc: Floats
    w_pos: Floats

    def level(self, m: Mechanisms, channel: str, day: int) -> Floats:
        """What each draw expects of a channel on one day index, without noise."""
        rel, add = expected(m, self.sim, channel, day, self.pc)
        return np.asarray(np.exp(self.scales[:, CHANNELS.index(channel)]) * rel + add)


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
    ev: CourseEvidence,
    *,
    draws: int = 60_000,
    seed: int = 20_260_101,
    look_ahead: bool = True,
) -> MechanismResult:
    """The same from evidence that was collected already.

    `look_ahead`: also name the measurement that would tell most.
    """
    if draws < FEWEST_DRAWS:
        raise MechanismError(f"{draws} draws are too few; at least {FEWEST_DRAWS} are needed")
    if seed < 0:
        raise MechanismError(f"the seed must not be negative ({seed})")
    affordable = _affordable(draws, ev)
    calendar = _Calendar.of(m, ev, look_ahead=look_ahead)
    stages = Stages(m, ev.product, seed)
    simulated = _Simulated(m=m, ev=ev, calendar=calendar, seed=seed)
    prior = _simulate_stages(stages, simulated, affordable)
    logw = stages.log_weights()
    w = normalised(logw)
    size = ess(w) if np.isfinite(logw).any() else 0.0
    label = label_of(stages.mechanism, np.concatenate(simulated.pd_day))
    probability, error = _shares(w, label, len(m.names))
    if ev.bare:
        probability, error = prior.copy(), np.zeros(len(m.names))
    refused = not ev.bare and size < LEAST
    classes = () if refused else classes_of(m, probability, prior, w, label)
    status, reason = _status(ev, classes, size, len(w))
    pick = _resample(w, 3000, seed)
    picked = simulated.picked(pick)
    bands = _bands(m, ev, picked, seed)
    following: tuple[Candidate, ...] = ()
    if look_ahead and status not in ("refused", "prior_only"):
        following = _next(m, picked, calendar.ahead, label[pick], seed)
    names = () if refused else m.names
    return MechanismResult(
        patient_id=ev.patient_id,
        product=ev.named_product or ev.product,
        infusion_day=ev.infusion_day,
        horizon=calendar.horizon,
        status=status,
        reason=reason,
        titles=dict(m.titles),
        probabilities=dict(zip(names, probability.tolist(), strict=False)),
        errors=dict(zip(names, error.tolist(), strict=False)),
        prior=dict(zip(m.names, prior.tolist(), strict=True)),
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
        notes=(
            *ev.notes,
            *_notes_on_speed(ev, affordable < draws),
            *_notes_on_dormancy(ev, status, probability),
            *_notes_on_fit(bands),
        ),
        seed=seed,
    )


def _affordable(draws: int, ev: CourseEvidence) -> int:
    """The number of draws that is simulated: fewer where many courses of drugs slow each down."""
    crowd = len(ev.drugs) / MANY_DRUGS
    return draws if crowd <= 1.0 else max(FEWEST_DRAWS, int(draws / crowd**2))


def _simulate_stages(stages: Stages, simulated: _Simulated, draws: int) -> Floats:
    """Simulate until enough draws count; the shares of the labels before any data."""
    stages.from_prior(max(200, int(0.4 * draws) // len(stages.m.names)), simulated.evaluate)
    prior = simulated.prior(stages)
    while (
        not simulated.ev.bare
        and len(stages.draws) < MOST_STAGES
        and ess(normalised(stages.log_weights())) < ENOUGH
    ):
        stages.adapt(max(FEWEST_DRAWS, int(0.2 * draws)), simulated.evaluate)
    return prior


def _shares(w: Floats, label: Ints, n: int) -> tuple[Floats, Floats]:
    """(probability, Monte-Carlo standard error) of each of n labels."""
    probability = np.array([w[label == c].sum() for c in range(n)])
    error = [
        math.sqrt(float((w**2 * ((label == c) - probability[c]) ** 2).sum())) for c in range(n)
    ]
    return probability, np.array(error)


def _status(
    ev: CourseEvidence, classes: Sequence[MechanismClass], size: float, draws: int
) -> tuple[Status, str]:
    """(status, why) of the answer; `size`: effective draws."""
    if ev.bare:
        return "prior_only", f"{ev.bare}: these are the shares before any data."
    if size < LEAST:
        return "refused", (
            f"Only {size:.0f} of {draws} virtual patients fit these measurements together: the"
            " model does not describe this course, and no probability is given. Check the values"
            " and units that lie far from the bands."
        )
    if max(c.probability for c in classes) < TELL:
        return "cannot_tell", f"No class of mechanisms reaches {TELL:.0%}: these data cannot tell."
    return "told", ""


def _notes_on_speed(ev: CourseEvidence, fewer: bool) -> list[str]:
    if not fewer:
        return []
    return [
        f"{len(ev.drugs)} courses of drugs slow each virtual patient down, so fewer were"
        " simulated; the errors say what that costs"
    ]


def _notes_on_dormancy(ev: CourseEvidence, status: Status, probability: Floats) -> list[str]:
    answered = status in ("told", "cannot_tell")
    relapse_expected = ev.progression is None and probability[0] < 0.5
    if not (answered and relapse_expected and _steady(ev)):
        return []
    return [
        "the model holds no dormant clone: a low, steady M-protein is read as myeloma that the"
        " CAR-T cells no longer reach and that will grow; some patients stay like this for"
        " years"
    ]


def _notes_on_fit(bands: Sequence[QuantileBand]) -> list[str]:
    return [
        f"{band.outside} of {len(band.points)} values of {band.channel} lie outside what"
        " the fitted model expects"
        for band in bands
        if band.outside
    ]


def _steady(ev: CourseEvidence) -> bool:
    """Whether the last three values of M-protein or light chain after the infusion stay level."""
    for channel in ("m_protein", "flc"):
        last = [
            x.value for x in ev.measurements if x.channel == channel and x.day > 0 and x.kind == 0
        ][-3:]
        if len(last) == 3 and min(last) > 0 and max(last) <= 1.25 * min(last):
            return True
    return False


def _run(
    m: Mechanisms, ev: CourseEvidence, drawn: Draws, days: Floats
) -> tuple[Simulation, Mapping[str, Floats]]:
    x = inputs(m, drawn, isotype=ev.isotype, first=ev.first)
    later = events(m, x.values, [ev.later] * len(x)) if ev.later else None
    slots = slots_of(x.values, [ev.drugs]) if ev.drugs else None
    return simulate(x, days, OUTPUTS, later=later, slots=slots), x.values


def label_of(mechanism: Ints, pd_day: Floats) -> Ints:
    """The mechanism where there is progression within the horizon; no failure (0) without it.

    -1: progression although nothing was made wrong. Such draws belong to no mechanism and are left
    out (their share is printed by the calibration).
    """
    failed = pd_day < NEVER
    return np.where(failed, np.where(mechanism == 0, -1, mechanism), 0)


def _course(ev: CourseEvidence, judged: Floats, pd_day: Floats, level: Ints) -> Floats:
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


def _resample(w: Floats, count: int, seed: int) -> Ints:
    """Systematic resampling: indices of `count` equally weighted draws."""
    points = (generator(seed, 4).uniform() + np.arange(count)) / count
    return np.minimum(np.searchsorted(np.cumsum(w), points), len(w) - 1)


def _bands(
    m: Mechanisms, ev: CourseEvidence, picked: _Picked, seed: int
) -> tuple[QuantileBand, ...]:
    days = picked.sim.days
    out = []
    for channel in CHANNELS:
        points = [x for x in ev.measurements if x.channel == channel]
        if not points:
            continue
        levels = np.array([picked.level(m, channel, d) for d in range(len(days))])
        low, middle, high = np.percentile(levels, [5, 50, 95], axis=1)
        s = m.scales[channel]
        noise = generator(seed, 5, CHANNELS.index(channel)).standard_normal(
            (len(points), len(picked.pc))
        )
        outside = 0
        for x, e in zip(points, noise, strict=True):
            level = levels[int(np.searchsorted(days, x.day))]
            reported = np.exp(np.log(level + s.offset) + s.noise * e) - s.offset
            lowest, highest = np.percentile(reported, [2.5, 97.5])
            too_low = x.kind <= 0 and lowest > x.value
            too_high = x.kind >= 0 and highest < x.value
            outside += int(too_low or too_high)
        out.append(
            QuantileBand(
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
    m: Mechanisms, picked: _Picked, ahead: Floats, label: Ints, seed: int
) -> tuple[Candidate, ...]:
    """Expected fall of the entropy over mechanisms for each test, on the best of the days ahead.

    By simulation from the posterior; `label`: of each picked draw.
    """
    labels = np.maximum(label, 0)
    n = len(m.names)
    now = _entropy(np.bincount(labels, minlength=n) / len(labels))
    rng = generator(seed, 6)
    truth = rng.choice(len(labels), size=400, replace=False)
    noise = rng.standard_normal(400)
    candidates = []
    for day in ahead:
        for test, values, spread in _tests(m, picked, int(np.searchsorted(picked.sim.days, day))):
            shares = compiled().reweigh(
                np.ascontiguousarray(values), noise, spread, truth, labels, n
            )
            after = np.array([_entropy(row) for row in shares])
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


def _tests(m: Mechanisms, picked: _Picked, day: int) -> list[tuple[str, Floats, float]]:
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
