"""The virtual patients of one course, weighed by what was measured and stated of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rearm.mechanism.data import CHANNELS, CourseEvidence
from rearm.mechanism.observe import (
    NEVER,
    Likelihood,
    compiled,
    expected,
    grid,
    progression,
    scale_prior,
)
from rearm.mechanism.parameters import Mechanisms
from rearm.mechanism.population import (
    Draws,
    Simulation,
    events,
    generator,
    inputs,
    simulate,
    slots_of,
)
from rearm.mechanism.sampling import Stages

__all__ = [
    "LESION_FALSE",
    "LESION_SEEN",
    "OUTPUTS",
    "Calendar",
    "PickedDraws",
    "SimulatedCourses",
    "label_of",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
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
CONFUSION = 0.25  # chance that a stated response is one level off, relative to being right
STATEMENT_FLOOR = 0.004  # progression of a kind that the model does not hold
# chance that imaging shows a lesion where the model has a sanctuary, and where it has none
# (assumption)
LESION_SEEN, LESION_FALSE = 0.85, 0.08
AHEAD = (7.0, 30.0, 60.0, 90.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The days of a simulation: those that are judged, those of the data, those ahead."""

    horizon: float
    judged: Floats
    ahead: Floats
    days: Floats  # all of them

    @classmethod
    def of(cls, m: Mechanisms, ev: CourseEvidence, *, look_ahead: bool) -> Calendar:
        measured = [x.day for x in ev.measurements]
        stated = [day for day, _ in ev.responses]
        last_data = max([*measured, *stated, ev.progression or 0.0, ev.followed_to])
        horizon = float(max(m.horizon, math.ceil((last_data + 30.0) / 28.0) * 28.0))
        judged = grid(horizon)
        last_day = max(last_data, ev.last_day)
        ahead = np.array([last_day + a for a in AHEAD]) if look_ahead else np.array([])
        days = np.unique(np.concatenate([judged, ahead, measured, stated]))
        return cls(horizon=horizon, judged=judged, ahead=ahead, days=days)


@dataclass(slots=True, kw_only=True)
class SimulatedCourses:
    """The simulated patients of all stages; `evaluate` adds a stage and gives its likelihood."""

    m: Mechanisms
    ev: CourseEvidence
    calendar: Calendar
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

    def picked(self, pick: Ints) -> PickedDraws:
        """Some draws, numbered over all stages."""
        bounds = np.cumsum([0] + [len(v) for v in self.outputs])
        stage = np.searchsorted(bounds, pick, side="right") - 1
        outputs = [self.outputs[s][i - bounds[s]] for s, i in zip(stage, pick, strict=True)]
        return PickedDraws(
            sim=_simulation(np.stack(outputs).astype(np.float64), self.calendar.days),
            scales=np.concatenate(self.scales)[pick],
            pc=np.concatenate(self.pc)[pick],
            w_pos=np.concatenate(self.w_pos)[pick],
        )


def _simulation(values: Floats, days: Floats) -> Simulation:
    return Simulation(values=values, days=days, outputs=OUTPUTS, steps=np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True, kw_only=True)
class PickedDraws:
    """Equally weighted draws from the posterior."""

    sim: Simulation
    scales: Floats
    pc: Floats
    w_pos: Floats

    def level(self, m: Mechanisms, channel: str, day: int) -> Floats:
        """What each draw expects of a channel on one day index, without noise."""
        rel, add = expected(m, self.sim, channel, day, self.pc)
        return np.asarray(np.exp(self.scales[:, CHANNELS.index(channel)]) * rel + add)


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
