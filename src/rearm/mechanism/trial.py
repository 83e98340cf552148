"""Trials on virtual patients: arms as sequences of therapies with rules, the same patients in every
arm.

title = "Target switch or the same target"
product = "ide-cel"            # what everybody gets on day 0
patients = 2000
months = 36

[[arm]] name = "GPRC5D bispecific at progression" [[arm.step]] when = "pd"                    # pd:
at progression on what was given before; day: on a day after the infusion rest = 21
# days without therapy first give = ["bispecific_gprc5d"]   # drugs of the model, or a CAR-T product
only_if = "bcma_negative"      # bcma_positive | bcma_negative at that time; left out: everybody
weeks = 52                     # stops after this time; left out: until progression
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rearm.mechanism.data import drug
from rearm.mechanism.observe import NEVER, progression
from rearm.mechanism.parameters import Mechanisms, load
from rearm.mechanism.plan import Step, read_plan
from rearm.mechanism.population import Dose, Draws, Simulation, events, generator, inputs, simulate
from rearm.mechanism.therapies import FOREVER, Drug, rows
from rearm.mechanism.virtual import MONTH, OUTPUTS, Patients, best_level, cohort, patients

__all__ = [
    "ArmResult",
    "StepResult",
    "TrialResult",
    "drugs_alone",
    "run_arm",
    "run_trial",
    "salvage_arm",
]

Floats = npt.NDArray[np.float64]
VISIT = 14.0  # days between visits of virtual patients
POSITIVE = 0.2  # share of BCMA-positive cells from which a sample counts as positive (assumption)
REPLICATES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What a step did, counted from its start. Percent and months with the 95 % interval that a
    trial of this size would see.
    """

    name: str
    treated: int
    orr: tuple[float, float, float]
    vgpr: tuple[float, float, float]
    cr: tuple[float, float, float]
    pfs_median: tuple[float, float, float]
    pfs_6: tuple[float, float, float]
    pfs_12: tuple[float, float, float]
    curve: tuple[tuple[float, float, float, float], ...]  # month, PFS, low, high (percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmResult:
    """One arm: its steps, and the curve of time from the infusion to progression on the last step
    (or to death).
    """

    name: str
    steps: tuple[StepResult, ...]
    whole: StepResult


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """Outcome of a plan. `differences`: (arm, measure, difference to the first arm, low, high) on
    the same virtual patients.
    """

    title: str
    product: str
    patients: int
    months: float
    trial_size: int
    seed: int
    arms: tuple[ArmResult, ...]
    differences: tuple[tuple[str, str, float, float, float], ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; a median that is not reached is null."""

        def plain(value: Any) -> Any:
            if isinstance(value, dict):
                return {k: plain(v) for k, v in value.items()}
            if isinstance(value, list | tuple):
                return [plain(v) for v in value]
            return None if isinstance(value, float) and not math.isfinite(value) else value

        return {"note": "a model's hypothesis, not a test", **plain(asdict(self))}


@dataclass(slots=True)
class _State:
    """Where each patient of an arm stands while steps are added."""

    drugs: list[list[Drug]]
    doses: list[list[Dose]]
    progression: Floats  # on what was given so far
    value: Mapping[str, Floats]
    frame: tuple[Floats, Floats, Floats]
    days: Floats
    bcma: Floats  # share of BCMA-positive cells [patient, day]
    results: list[StepResult] = field(default_factory=list)


def run_trial(plan: Mapping[str, Any], *, seed: int | None = None) -> TrialResult:
    """Run a plan (see the module). Raises `MechanismError` naming the part of the plan that cannot
    be used.
    """
    m = load()
    p = read_plan(m, plan, seed=seed)
    group = _group(m, p.product, p.population, p.patients, p.seed)
    results, raw = [], []
    notes = [
        "All arms run on the same virtual patients; intervals are those of a trial of this size,"
        " without the model's own error."
    ]
    for name, steps in p.arms:
        arm, times = run_arm(
            m, p.product, group, name, steps, months=p.months, size=p.trial_size, seed=p.seed
        )
        results.append(arm)
        raw.append(times)
        if len(arm.steps) <= len(steps):
            notes.append(
                f"{name}: nobody reached {len(steps) + 1 - len(arm.steps)} of its {len(steps)}"
                f" steps within {p.months:g} months"
            )
    return TrialResult(
        title=p.title,
        product=p.product,
        patients=p.patients,
        months=p.months,
        trial_size=p.trial_size,
        seed=p.seed,
        arms=tuple(results),
        differences=tuple(_differences(results, raw, p.trial_size, p.seed)),
        notes=tuple(notes),
    )


def _group(m: Mechanisms, product: str, population: str | None, n: int, seed: int) -> Patients:
    if population is None:
        return patients(m, product, n, seed)
    p = m.populations[population]
    return patients(
        m, product, n, seed, shares=m.shares(product, population), extra=p.shifts, death=p.death
    )


def run_arm(
    m: Mechanisms,
    product: str,
    group: Patients,
    name: str,
    steps: Sequence[Step],
    *,
    months: float,
    size: int,
    seed: int,
) -> tuple[ArmResult, Floats]:
    """One arm and, for paired comparison, the day of progression on the last step (or death) of
    each patient.
    """
    n = len(group)
    days = np.arange(0.0, months * MONTH + VISIT, VISIT)
    params, start, threshold, value = inputs(
        m, group.draws, first=Dose(day=0.0, cells=m.doses[product])
    )
    state = _State(
        [[] for _ in range(n)],
        [[] for _ in range(n)],
        np.zeros(n),
        value,
        (params, start, threshold),
        days,
        np.empty((0, 0)),
    )
    everybody = np.arange(n)
    sim = _simulate(m, state, everybody)
    state.bcma = _bcma(sim)
    state.progression, level = progression(m, sim, group.scales)
    ends = np.minimum(state.progression, group.death)
    state.results.append(_result(product, level, np.zeros(n), ends, months, size, seed))
    whole = ends.copy()
    for step in steps:
        begin = (
            state.progression + step.rest
            if step.when == "pd"
            else np.full(n, float(step.day or 0.0) + step.rest)
        )
        take = (begin < days[-1] - VISIT) & (begin < group.death)
        if step.when == "day":
            take &= state.progression > begin
        if step.only_if is not None:
            at = np.minimum(np.searchsorted(days, np.minimum(begin, days[-1])), len(days) - 1)
            positive = state.bcma[everybody, at] >= POSITIVE
            take &= positive if step.only_if == "bcma_positive" else ~positive
        who = np.flatnonzero(take)
        if not len(who):
            continue
        for i in who:
            _give(m, state, int(i), step, float(begin[i]))
        sim = _simulate(m, state, who)
        state.bcma[who] = _bcma(sim)
        pd_day, level = progression(m, sim, group.scales[who], begin=begin[who])
        state.progression[who] = pd_day
        for i, day in zip(who, pd_day, strict=True):  # what was given stops at progression
            state.drugs[i] = [d if d.end < day else _ended(d, float(day)) for d in state.drugs[i]]
        ends = np.minimum(pd_day, group.death[who])
        whole[who] = ends
        state.results.append(
            _result(
                " + ".join(_title(m, g) for g in step.give),
                level,
                begin[who],
                ends,
                months,
                size,
                seed,
            )
        )
    level = np.full((n, 3), 1, dtype=np.int64)
    return (
        ArmResult(
            name=name,
            steps=tuple(state.results),
            whole=_result("whole", level, np.zeros(n), whole, months, size, seed),
        ),
        whole,
    )


def _title(m: Mechanisms, what: str) -> str:
    return what if what in m.doses else str(m.drugs[what]["title"])


def _ended(d: Drug, day: float) -> Drug:
    return d if day >= NEVER / 10 else replace(d, end=max(day, d.start))


def _give(m: Mechanisms, state: _State, i: int, step: Step, begin: float) -> None:
    end = FOREVER if step.weeks is None else begin + 7.0 * step.weeks
    for what in step.give:
        if what in m.doses:
            state.doses[i].append(Dose(day=begin, cells=m.doses[what]))
        else:
            state.drugs[i].append(drug(m, what, start=begin, end=end))


def _simulate(m: Mechanisms, state: _State, who: npt.NDArray[np.int64]) -> Simulation:
    later = events(m, {k: v[who] for k, v in state.value.items()}, [state.doses[i] for i in who])
    slots = rows([state.drugs[i] for i in who])
    if slots.shape[1]:
        slots[:, :, 3] *= state.value["k_drug"][who][:, None]
        slots[:, :, 19] *= state.value["w_sanctuary"][who][:, None]
    params, start, threshold = state.frame
    return simulate(
        params[who], start[who], threshold[who], state.days, OUTPUTS, later=later, slots=slots
    )


def _bcma(sim: Simulation) -> Floats:
    return np.asarray(
        (sim["T_pp"] + sim["T_pn"] + sim["T_sanctuary"]) / np.maximum(sim["burden"], 1e-12)
    )


def _interval(values: Floats, point: float) -> tuple[float, float, float]:
    low, high = np.percentile(values, [2.5, 97.5], method="nearest")
    return point, float(low), float(high)


def _result(
    name: str,
    level: npt.NDArray[np.int64],
    begin: Floats,
    ends: Floats,
    months: float,
    size: int,
    seed: int,
) -> StepResult:
    n = len(begin)
    best = best_level(level)
    pfs = np.where(ends >= NEVER / 10, np.inf, ends - begin)
    # patients whose step began late are followed for less time: those still free then are censored,
    # so curves are of Kaplan and Meier
    until = np.where(np.isinf(pfs), months * MONTH - begin, pfs)
    event = np.isfinite(pfs)
    rng = generator(seed, 20)
    picks = rng.integers(0, n, size=(REPLICATES, min(size, n)))
    grid = np.arange(0.0, months + 0.5, 1.0)
    curves = np.array([_km(until[p], event[p], grid * MONTH) for p in picks])
    own = _km(until, event, grid * MONTH)
    low, high = np.percentile(curves, [2.5, 97.5], axis=0)
    medians = np.array([_half(c, grid) for c in curves])

    def share(limit: int) -> tuple[float, float, float]:
        hit = (best >= limit).astype(float)
        return _interval(100.0 * hit[picks].mean(axis=1), 100.0 * float(hit.mean()))

    return StepResult(
        name=name,
        treated=n,
        orr=share(3),
        vgpr=share(4),
        cr=share(5),
        pfs_median=_interval(medians, _half(own, grid)),
        pfs_6=_interval(
            100 * curves[:, min(6, len(grid) - 1)], 100 * float(own[min(6, len(grid) - 1)])
        ),
        pfs_12=_interval(
            100 * curves[:, min(12, len(grid) - 1)], 100 * float(own[min(12, len(grid) - 1)])
        ),
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
    """Month at which the curve crosses one half, by linear interpolation; infinite where it does
    not.
    """
    below = np.flatnonzero(curve <= 0.5)
    if not len(below):
        return float("inf")
    i = int(below[0])
    if i == 0:
        return 0.0
    a, b = curve[i - 1], curve[i]
    return float(months[i - 1] + (a - 0.5) / (a - b) * (months[i] - months[i - 1]))


def _differences(
    results: Sequence[ArmResult], raw: Sequence[Floats], size: int, seed: int
) -> list[tuple[str, str, float, float, float]]:
    """Paired differences of progression-free shares at 12 and 24 months from the infusion, each arm
    against the first.
    """
    out: list[tuple[str, str, float, float, float]] = []
    rng = generator(seed, 21)
    picks = rng.integers(0, len(raw[0]), size=(REPLICATES, min(size, len(raw[0]))))
    for arm, times in zip(results[1:], raw[1:], strict=True):
        for month in (12, 24):
            d = 100.0 * (
                (times > month * MONTH).astype(float) - (raw[0] > month * MONTH).astype(float)
            )
            low, high = np.percentile(d[picks].mean(axis=1), [2.5, 97.5])
            out.append(
                (
                    arm.name,
                    f"progression-free at {month} months",
                    float(d.mean()),
                    float(low),
                    float(high),
                )
            )
    return out


def salvage_arm(
    m: Mechanisms,
    product: str,
    what: str,
    *,
    n: int,
    seed: int,
    rest: float = 21.0,
    months: float = 48.0,
    size: int = 100,
    between: tuple[float, float] | None = None,
) -> StepResult:
    """First salvage at progression after `product`: drugs joined by `+`, or a CAR-T product.

    `between`: only patients who progress in this span of days after the infusion.
    """
    group = patients(m, product, n, seed)
    if between is not None:
        pd_day = cohort(m, product, group, months=months).progression
        rows_ = np.flatnonzero((pd_day > between[0]) & (pd_day <= between[1]))
        d = group.draws
        group = Patients(
            Draws(d.z[rows_], d.mechanism[rows_], d.u[rows_]),
            group.scales[rows_],
            group.death[rows_],
        )
    arm, _ = run_arm(
        m,
        product,
        group,
        what,
        [Step(give=tuple(what.split("+")), rest=rest)],
        months=months,
        size=size,
        seed=seed,
    )
    return arm.steps[-1]


def drugs_alone(
    m: Mechanisms, what: str, *, n: int, seed: int, months: float = 36.0, size: int = 100
) -> StepResult:
    """Drugs joined by `+` in patients who never had CAR-T: the setting in which their potency is
    set.
    """
    group = patients(m, "ide-cel", n, seed)
    params, start, threshold, value = inputs(
        m, group.draws, first=Dose(day=0.0, cells=0.0, lymphodepletion=False)
    )
    days = np.arange(0.0, months * MONTH + VISIT, VISIT)
    state = _State(
        [[] for _ in range(n)],
        [[] for _ in range(n)],
        np.zeros(n),
        value,
        (params, start, threshold),
        days,
        np.empty((0, 0)),
    )
    for i in range(n):
        _give(m, state, i, Step(give=tuple(what.split("+"))), 0.0)
    sim = _simulate(m, state, np.arange(n))
    pd_day, level = progression(m, sim, group.scales)
    return _result(what, level, np.zeros(n), np.minimum(pd_day, group.death), months, size, seed)
