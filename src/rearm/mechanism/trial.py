"""Trials on virtual patients: arms as sequences of therapies with rules.

The same patients are in every arm. A plan, as it is written:

    title = "Target switch or the same target"
    product = "ide-cel"            # what everybody gets on day 0
    patients = 2000
    months = 36

    [[arm]]
    name = "GPRC5D bispecific at progression"
    [[arm.step]]
    when = "pd"                    # pd: at progression on what was given before; day: on a day
    rest = 21                      # days without therapy first
    give = ["bispecific_gprc5d"]   # drugs of the model, or a CAR-T product
    only_if = "bcma_negative"      # or bcma_positive, at that time; left out: everybody
    weeks = 52                     # stops after this time; left out: until progression
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rearm.mechanism.data import drug
from rearm.mechanism.observe import NEVER, progression
from rearm.mechanism.parameters import Mechanisms, load
from rearm.mechanism.plan import Step, read_plan
from rearm.mechanism.population import (
    Dose,
    KernelInput,
    events,
    generator,
    inputs,
    simulate,
    slots_of,
)
from rearm.mechanism.result import NOTE
from rearm.mechanism.therapies import FOREVER, Drug
from rearm.mechanism.virtual import MONTH, OUTPUTS, Patients, best_level, cohort, patients

__all__ = [
    "ArmResult",
    "Readout",
    "StepResult",
    "TrialResult",
    "drugs_alone",
    "run_arm",
    "run_trial",
    "salvage_arm",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Estimate = tuple[float, float, float]  # figure, low, high
VISIT = 14.0  # days between visits of virtual patients
POSITIVE = 0.2  # share of BCMA-positive cells from which a sample counts as positive (assumption)
REPLICATES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What a step did, counted from its start.

    Percent and months, with the 95 % interval that a trial of this size would see.
    """

    name: str
    treated: int
    orr: Estimate
    vgpr: Estimate
    cr: Estimate
    pfs_median: Estimate
    pfs_6: Estimate
    pfs_12: Estimate
    curve: tuple[tuple[float, float, float, float], ...]  # month, PFS, low, high (percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmResult:
    """One arm: its steps, and the whole from the infusion to progression on the last of them."""

    name: str
    steps: tuple[StepResult, ...]
    whole: StepResult


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """Outcome of a plan.

    `differences`: (arm, measure, difference to the first arm, low, high) on the same patients.
    Nothing is unknown in it.

    >>> from rearm.mechanism import run_trial
    >>> arm = {"name": "against BCMA", "step": [{"give": ["bispecific_bcma"], "rest": 21}]}
    >>> plan = {"title": "One arm", "product": "ide-cel", "patients": 100, "arm": [arm]}
    >>> result = run_trial(plan, seed=1)
    >>> result.patients, result.differences
    (100, ())
    """

    title: str  # of the plan
    product: str  # given on day 0
    patients: int  # number of virtual patients
    months: float  # how long they are followed
    trial_size: int  # patients of one trial, for its chance of success
    seed: int  # of the random numbers
    arms: tuple[ArmResult, ...]  # each with its measures
    differences: tuple[tuple[str, str, float, float, float], ...]
    notes: tuple[str, ...] = ()  # sentences

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; a median that is not reached is null."""

        def plain(value: Any) -> Any:
            if isinstance(value, dict):
                return {k: plain(v) for k, v in value.items()}
            if isinstance(value, list | tuple):
                return [plain(v) for v in value]
            return None if isinstance(value, float) and not math.isfinite(value) else value

        return {"note": NOTE, **plain(asdict(self))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Readout:
    """How a trial is read: months of follow-up, patients that its intervals are for, seed."""

    months: float
    size: int = 100
    seed: int

    @property
    def visits(self) -> Floats:
        """Days of the visits."""
        return np.arange(0.0, self.months * MONTH + VISIT, VISIT)


@dataclass(slots=True, kw_only=True)
class _ArmState:
    """Where each patient of an arm stands while steps are added."""

    m: Mechanisms
    group: Patients
    kernel: KernelInput
    days: Floats
    drugs: list[list[Drug]]
    doses: list[list[Dose]]
    progression: Floats  # on what was given so far
    bcma: Floats  # share of BCMA-positive cells [patient, day]

    @classmethod
    def begin(cls, m: Mechanisms, group: Patients, first: Dose, readout: Readout) -> _ArmState:
        n, days = len(group), readout.visits
        return cls(
            m=m,
            group=group,
            kernel=inputs(m, group.draws, first=first),
            days=days,
            drugs=[[] for _ in range(n)],
            doses=[[] for _ in range(n)],
            progression=np.zeros(n),
            bcma=np.zeros((n, len(days))),
        )

    def begin_of(self, step: Step) -> Floats:
        """The day on which each patient would begin a step."""
        if step.day is None:
            return self.progression + step.rest
        return np.full(len(self.group), step.day + step.rest)

    def eligible(self, step: Step, begin: Floats) -> npt.NDArray[np.bool_]:
        """Who is alive and followed on the day of a step, and meets its condition."""
        days = self.days
        take = (begin < days[-1] - VISIT) & (begin < self.group.death)
        if step.when == "day":
            take &= self.progression > begin
        if step.only_if is not None:
            at = np.minimum(np.searchsorted(days, np.minimum(begin, days[-1])), len(days) - 1)
            positive = self.bcma[np.arange(len(self.group)), at] >= POSITIVE
            take &= positive if step.only_if == "bcma_positive" else ~positive
        return np.asarray(take)

    def give(self, i: int, step: Step, begin: float) -> None:
        """A step to patient i."""
        end = FOREVER if step.weeks is None else begin + 7.0 * step.weeks
        for what in step.give:
            if what in self.m.doses:
                self.doses[i].append(Dose(day=begin, cells=self.m.doses[what]))
            else:
                self.drugs[i].append(drug(self.m, what, start=begin, end=end))

    def follow(self, who: Ints, begin: Floats) -> tuple[Floats, Ints]:
        """(day of progression or death, response levels) of these patients from `begin` on.

        What was given stops at progression.
        """
        kernel = self.kernel.rows(who)
        sim = simulate(
            kernel,
            self.days,
            OUTPUTS,
            later=events(self.m, kernel.values, [self.doses[i] for i in who]),
            slots=slots_of(kernel.values, [self.drugs[i] for i in who]),
        )
        positive = sim["T_pp"] + sim["T_pn"] + sim["T_sanctuary"]
        self.bcma[who] = positive / np.maximum(sim["burden"], 1e-12)
        pd_day, level = progression(sim, self.group.scales[who], begin=begin)
        self.progression[who] = pd_day
        for i, day in zip(who, pd_day, strict=True):
            self.drugs[i] = [_ended(d, float(day)) for d in self.drugs[i]]
        return np.minimum(pd_day, self.group.death[who]), level


def run_trial(plan: Mapping[str, Any], *, seed: int | None = None) -> TrialResult:
    """Run a plan (see the module).

    `seed` stands over the plan's own. Raises `MechanismError` naming the part of the plan that
    cannot be used. `plan`: as the file has it; what it leaves out is the default, nothing is
    unknown.

    >>> from rearm.mechanism import run_trial
    >>> arm = {"name": "against BCMA", "step": [{"give": ["bispecific_bcma"], "rest": 21}]}
    >>> plan = {"title": "One arm", "product": "ide-cel", "patients": 100, "arm": [arm]}
    >>> result = run_trial(plan, seed=1)
    >>> [arm.name for arm in result.arms]
    ['against BCMA']
    """
    m = load()
    p = read_plan(m, plan, seed=seed)
    group = patients(m, p.product, p.patients, p.seed, mix=m.mix(p.product, p.population))
    readout = Readout(months=p.months, size=p.trial_size, seed=p.seed)
    arms, ends = [], []
    notes = [
        "All arms run on the same virtual patients; intervals are those of a trial of this size,"
        " without the model's own error."
    ]
    for name, steps in p.arms:
        arm, times = run_arm(m, p.product, group, name, steps, readout)
        arms.append(arm)
        ends.append(times)
        not_reached = len(steps) + 1 - len(arm.steps)
        if not_reached:
            notes.append(
                f"{name}: nobody reached {not_reached} of its {len(steps)} steps within"
                f" {p.months:g} months"
            )
    return TrialResult(
        title=p.title,
        product=p.product,
        patients=p.patients,
        months=p.months,
        trial_size=p.trial_size,
        seed=p.seed,
        arms=tuple(arms),
        differences=tuple(_differences(arms, ends, readout)),
        notes=tuple(notes),
    )


def run_arm(
    m: Mechanisms,
    product: str,
    group: Patients,
    name: str,
    steps: Sequence[Step],
    readout: Readout,
) -> tuple[ArmResult, Floats]:
    """One arm, and each patient's day of progression on the last step, or of death.

    The days are for paired comparison between arms.
    """
    state = _ArmState.begin(m, group, Dose(day=0.0, cells=m.doses[product]), readout)
    everybody = np.arange(len(group))
    ends, level = state.follow(everybody, np.zeros(len(group)))
    results = [_result(product, level, np.zeros(len(group)), ends, readout)]
    whole = ends.copy()
    for step in steps:
        begin = state.begin_of(step)
        who = np.flatnonzero(state.eligible(step, begin))
        if not len(who):
            continue
        for i in who:
            state.give(int(i), step, float(begin[i]))
        ends, level = state.follow(who, begin[who])
        whole[who] = ends
        title = " + ".join(_title(m, g) for g in step.give)
        results.append(_result(title, level, begin[who], ends, readout))
    never_responding = np.full((len(group), 3), 1, dtype=np.int64)
    whole_result = _result("whole", never_responding, np.zeros(len(group)), whole, readout)
    return ArmResult(name=name, steps=tuple(results), whole=whole_result), whole


def _title(m: Mechanisms, what: str) -> str:
    return what if what in m.doses else str(m.drugs[what]["title"])


def _ended(d: Drug, day: float) -> Drug:
    """The drug as it is once progression on `day` (NEVER: none) has ended it."""
    ended_before = d.end < day
    return d if ended_before or day >= NEVER / 10 else replace(d, end=max(day, d.start))


def _interval(values: Floats, point: float) -> Estimate:
    low, high = np.percentile(values, [2.5, 97.5], method="nearest")
    return point, float(low), float(high)


def _result(name: str, level: Ints, begin: Floats, ends: Floats, readout: Readout) -> StepResult:
    """Response and time to `ends` of the patients of a step, counted from `begin`."""
    n = len(begin)
    best = best_level(level)
    pfs = np.where(ends >= NEVER / 10, np.inf, ends - begin)
    # patients whose step began late are followed for less time: those still free then are censored,
    # so curves are of Kaplan and Meier
    until = np.where(np.isinf(pfs), readout.months * MONTH - begin, pfs)
    event = np.isfinite(pfs)
    picks = generator(readout.seed, 20).integers(0, n, size=(REPLICATES, min(readout.size, n)))
    grid = np.arange(0.0, readout.months + 0.5, 1.0)
    curves = np.array([_km(until[p], event[p], grid * MONTH) for p in picks])
    own = _km(until, event, grid * MONTH)
    low, high = np.percentile(curves, [2.5, 97.5], axis=0)
    medians = np.array([_half(c, grid) for c in curves])

    def share(limit: int) -> Estimate:
        hit = (best >= limit).astype(float)
        return _interval(100.0 * hit[picks].mean(axis=1), 100.0 * float(hit.mean()))

    def free_at(month: int) -> Estimate:
        at = min(month, len(grid) - 1)
        return _interval(100 * curves[:, at], 100 * float(own[at]))

    return StepResult(
        name=name,
        treated=n,
        orr=share(3),
        vgpr=share(4),
        cr=share(5),
        pfs_median=_interval(medians, _half(own, grid)),
        pfs_6=free_at(6),
        pfs_12=free_at(12),
        curve=tuple(
            (float(g), 100 * float(o), 100 * float(a), 100 * float(b))
            for g, o, a, b in zip(grid, own, low, high, strict=True)
        ),
    )


def _km(time: Floats, event: npt.NDArray[np.bool_], at: Floats) -> Floats:
    """Kaplan-Meier estimate on the days `at`."""
    order = np.argsort(time, kind="stable")
    t, e = time[order], event[order]
    risk = len(t) - np.arange(len(t))
    survival = np.cumprod(1.0 - e / risk)
    index = np.searchsorted(t, at, side="right") - 1
    return np.asarray(np.where(index < 0, 1.0, survival[np.maximum(index, 0)]))


def _half(curve: Floats, months: Floats) -> float:
    """Month at which the curve crosses one half, by linear interpolation; inf if it does not."""
    below = np.flatnonzero(curve <= 0.5)
    if not len(below):
        return float("inf")
    i = int(below[0])
    if i == 0:
        return 0.0
    a, b = curve[i - 1], curve[i]
    return float(months[i - 1] + (a - 0.5) / (a - b) * (months[i] - months[i - 1]))


def _differences(
    arms: Sequence[ArmResult], ends: Sequence[Floats], readout: Readout
) -> list[tuple[str, str, float, float, float]]:
    """Each arm against the first: paired differences of the progression-free shares.

    At 12 and 24 months from the infusion.
    """
    out: list[tuple[str, str, float, float, float]] = []
    first = ends[0]
    rng = generator(readout.seed, 21)
    picks = rng.integers(0, len(first), size=(REPLICATES, min(readout.size, len(first))))
    for arm, times in zip(arms[1:], ends[1:], strict=True):
        for month in (12, 24):
            day = month * MONTH
            d = 100.0 * ((times > day).astype(float) - (first > day).astype(float))
            low, high = np.percentile(d[picks].mean(axis=1), [2.5, 97.5])
            measure = f"progression-free at {month} months"
            out.append((arm.name, measure, float(d.mean()), float(low), float(high)))
    return out


def salvage_arm(
    m: Mechanisms,
    product: str,
    what: str,
    readout: Readout,
    *,
    n: int,
    rest: float = 21.0,
    between: tuple[float, float] | None = None,
) -> StepResult:
    """First salvage at progression after `product`: drugs joined by `+`, or a CAR-T product.

    `between`: only patients who progress in this span of days after the infusion.
    """
    group = patients(m, product, n, readout.seed)
    if between is not None:
        pd_day = cohort(m, product, group, months=readout.months).progression
        group = group.rows(np.flatnonzero((pd_day > between[0]) & (pd_day <= between[1])))
    step = Step(give=tuple(what.split("+")), rest=rest)
    arm, _ = run_arm(m, product, group, what, [step], readout)
    return arm.steps[-1]


def drugs_alone(m: Mechanisms, what: str, readout: Readout, *, n: int) -> StepResult:
    """Drugs joined by `+` in patients who never had CAR-T: there their potency is set."""
    group = patients(m, "ide-cel", n, readout.seed)
    no_cells = Dose(day=0.0, cells=0.0, lymphodepletion=False)
    state = _ArmState.begin(m, group, no_cells, readout)
    for i in range(n):
        state.give(i, Step(give=tuple(what.split("+"))), 0.0)
    ends, level = state.follow(np.arange(n), np.zeros(n))
    return _result(what, level, np.zeros(n), ends, readout)
