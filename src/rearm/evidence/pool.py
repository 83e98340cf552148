"""Pooled outcomes: one figure per measure from several arms, with what less direct settings may add
to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

import numpy as np

from rearm.evidence.quadrature import (
    Floats,
    Grid,
    Posterior,
    average_over_offset,
    bayes_factor,
    binomial_likelihood,
    marginal,
    normal_likelihood,
    posterior,
    spread,
)
from rearm.knowledge.studies import Arm, Directness, Months, Proportion

__all__ = [
    "BORROWING",
    "BORROWING_CAP",
    "LOGIT",
    "LOG_MONTHS",
    "MEASURES",
    "NOT_REACHED",
    "ArmData",
    "Loan",
    "Measure",
    "Pooled",
    "PooledArm",
    "Scale",
    "borrowed",
    "data_of",
    "median_not_reached",
    "pool",
]

Measure = Literal["response", "pfs", "severe_infection", "crs"]
MEASURES: tuple[Measure, ...] = ("response", "pfs", "severe_infection", "crs")

Z95 = 1.959963984540054

BORROWING: frozenset[Measure] = frozenset({"response", "pfs"})
"""Measures for which less direct settings may lend strength. The offsets say that a less direct
setting does better, which has no meaning where a higher figure is worse (infection, CRS): nothing
is borrowed there.
"""

BORROWING_CAP = 0.5
"""Less direct data may carry at most this share of the information about the direct value."""

MIDDLE_HALF = (0.25, 0.75)
"""Borrowing may not move the estimate out of this part of the posterior that the direct data give
by themselves.
"""

LANDMARK_RANGE = (30.0, 70.0)
"""Percent still free of the event between which a landmark gives a median; beyond, a constant
hazard would carry too far.
"""

NOT_REACHED = "median not reached"


@dataclass(frozen=True, slots=True)
class Scale:
    """A transformed scale with its priors, and the offsets that less direct settings may have:
    (worse, better), in scale units.

    `better`: how far the less direct setting may do better than the direct one, and so lie above
    it.
    """

    grid: Grid
    offsets: dict[Directness, tuple[float, float]]
    back: Callable[[float], float]
    unit: Literal["proportion", "months"]


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x))


# mu with sd 1.5 on the logit is close to flat on the probability; tau 0.5 allows centres to differ
# by an odds ratio of about 4.
LOGIT = Scale(
    Grid(0.0, 1.5, 0.5), {"near": (0.3, 0.75), "indirect only": (0.3, 1.5)}, _expit, "proportion"
)
# Median PFS in relapsed myeloma: a factor of about 7 either way around 5 months.
LOG_MONTHS = Scale(
    Grid(math.log(5.0), 1.0, 0.35),
    {"near": (0.2, 0.5), "indirect only": (0.2, 1.0)},
    math.exp,
    "months",
)


@dataclass(frozen=True, slots=True)
class ArmData:
    """What one arm says about one measure: counts, or a log median with its standard error."""

    arm: Arm
    patients: int | None
    events: int | None = None
    log_median: float | None = None
    se: float | None = None
    note: str | None = None

    def likelihood(self, grid: Grid) -> Floats:
        if self.log_median is not None and self.se is not None:
            return normal_likelihood(self.log_median, self.se, grid)
        assert self.events is not None and self.patients is not None
        return binomial_likelihood(self.events, self.patients, grid)

    def precision(self, centre: float) -> float:
        """Information of the arm alone at the pooled value, for the display of weights."""
        if self.se is not None:
            return 1 / self.se**2
        p = _expit(centre)
        return (self.patients or 0) * p * (1 - p)

    @property
    def raw(self) -> float:
        if self.log_median is not None:
            return math.exp(self.log_median)
        assert self.events is not None and self.patients
        return self.events / self.patients

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the arm by itself: Wilson's for counts, from the standard error for a
        median.
        """
        if self.log_median is not None and self.se is not None:
            return math.exp(self.log_median - Z95 * self.se), math.exp(
                self.log_median + Z95 * self.se
            )
        n, p = self.patients or 0, self.raw
        centre, half = p + Z95**2 / (2 * n), Z95 * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
        return max(0.0, (centre - half) / (1 + Z95**2 / n)), min(
            1.0, (centre + half) / (1 + Z95**2 / n)
        )


def _share(arm: Arm, value: Proportion | None) -> ArmData | str:
    if value is None:
        return "not reported"
    if value.events is None or value.n is None:
        return "percentage without counts"
    if value.n == 0:
        return "no patients"
    return ArmData(
        arm,
        value.n,
        events=value.events,
        note="number with the event computed from the percentage" if value.computed else None,
    )


def _landmark_se(free: float, n: int) -> float:
    """Standard error of the log median where the share `free` of n patients is free of the event:
    Greenwood, nobody censored before.
    """
    return math.sqrt((1 - free) / (n * free)) / -math.log(free)


def median_not_reached(value: Months) -> bool:
    """No median is printed, and at every landmark more than half were free of the event."""
    return value.median is None and all(mark.percent > 50 for mark in value.landmarks)


def _median(arm: Arm, value: Months | None) -> ArmData | str:
    """Log median with its standard error, by the best information printed; says how the weight was
    set where it is assumed.

    The number of patients is that of the response where only this is known.
    """
    if value is None:
        return "not reported"
    if arm.n_treated is not None or arm.response is None or arm.response.n is None:
        return _median_of(arm, value, arm.n_treated)
    data = _median_of(arm, value, arm.response.n)
    if isinstance(data, str):
        return data
    return replace(
        data,
        note="; ".join(
            part for part in (data.note, "number of patients as for the response") if part
        ),
    )


def _median_of(arm: Arm, value: Months, n: int | None) -> ArmData | str:
    z = NormalDist().inv_cdf(0.5 + value.level / 2)
    if value.median is not None:
        log_median = math.log(value.median)
        if value.low is not None and value.high is not None:
            return ArmData(
                arm, n, log_median=log_median, se=math.log(value.high / value.low) / (2 * z)
            )
        if value.low is not None and n:
            # An open upper limit leaves the lower half of the interval; it can't carry more than
            # the median by itself would.
            se = max(math.log(value.median / value.low) / z, _landmark_se(0.5, n))
            return ArmData(
                arm,
                n,
                log_median=log_median,
                se=se,
                note="weight from the lower limit; the upper one is open",
            )
        if n:
            note = (
                f"only a median is printed: weight set as if none of {n} patients had been censored"
                " before it"
            )
            return ArmData(arm, n, log_median=log_median, se=_landmark_se(0.5, n), note=note)
        return "a median without interval and without number of patients"
    mark = min(value.landmarks, key=lambda mark: (abs(mark.percent - 50), mark.month))
    if not LANDMARK_RANGE[0] <= mark.percent <= LANDMARK_RANGE[1]:
        return (
            f"{NOT_REACHED if median_not_reached(value) else 'median not printed'};"
            f" {mark.percent:g} % at {mark.month:g} months"
        )
    hazard = -math.log(mark.percent / 100)
    log_median = math.log(mark.month * math.log(2) / hazard)
    note = (
        f"median from {mark.percent:g} % free of progression at month {mark.month:g}, constant"
        " hazard assumed"
    )
    if mark.low and mark.high and mark.high < 100:
        se = math.log(math.log(mark.low / 100) / math.log(mark.high / 100)) / (2 * z)
        return ArmData(arm, n, log_median=log_median, se=se, note=note)
    if n:
        se = _landmark_se(mark.percent / 100, n)
        return ArmData(
            arm,
            n,
            log_median=log_median,
            se=se,
            note=f"{note}; weight from {n} patients without censoring",
        )
    return "a landmark without interval and without number of patients"


def data_of(arm: Arm, measure: Measure) -> ArmData | str:
    """The arm's data on a measure, or in words why there is nothing to pool.

    A meta-analysis, a subset and counts of lines instead of people bar every measure, PFS included:
    the same people stand behind it. `ever` speaks of the response alone, since times and toxicity
    of such an arm are counted once a patient.
    """
    if arm.figure in ("meta-analysis", "subset", "per-line"):
        return {"meta-analysis": "meta-analysis", "subset": "subset", "per-line": "rate per line"}[
            arm.figure
        ]
    if arm.figure == "ever" and measure == "response":
        return "counts a response in any later line"
    match measure:
        case "response":
            return _share(arm, arm.response)
        case "severe_infection":
            return _share(arm, arm.infection_grade3)
        case "crs":
            return _share(arm, arm.crs)
        case "pfs":
            return _median(arm, arm.pfs)


@dataclass(frozen=True, slots=True)
class PooledArm:
    """One arm inside a pooled figure. `weight` is its share of the direct information; `without`
    the figure if it is left out.
    """

    arm: Arm
    patients: int | None
    events: int | None
    value: float
    low: float
    high: float
    weight: float
    note: str | None
    without: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class Pooled:
    """A pooled figure: proportion (0 to 1) or months.

    `estimate` is the posterior median for the average centre with its 95 % credible interval
    `low`-`high`; `new_low`-`new_high` holds 95 % of the true values expected in a new centre.
    `unborrowed` is estimate and interval from the direct arms alone. `borrowed_share` is the part
    of the information that came from less direct settings (`borrowed_arms`), 1 minus the ratio of
    the posterior variances; `power` the discount on them: 1 nothing taken off, 0 nothing borrowed.
    `refused`: there were less direct results, and nothing was borrowed since they do not make the
    direct ones likelier.
    """

    measure: Measure
    unit: Literal["proportion", "months"]
    directness: Directness
    population: str
    estimate: float
    low: float
    high: float
    new_low: float
    new_high: float
    tau: float
    arms: tuple[PooledArm, ...]
    patients: int
    unborrowed: tuple[float, float, float]
    borrowed_share: float
    power: float
    refused: bool
    borrowed_arms: tuple[str, ...]
    borrowed_patients: int

    @property
    def studies(self) -> tuple[str, ...]:
        return tuple(sorted({row.arm.study for row in self.arms}))


@dataclass(frozen=True, slots=True)
class Loan:
    """What less direct data add: a log likelihood of mu (None: nothing), its share of the
    information, and the discount on it.
    """

    extra: Floats | None
    share: float
    power: float


def borrowed(direct: Floats, lenders: dict[Directness, list[Floats]], scale: Scale) -> Loan:
    """What less direct data may add to the log likelihood `direct` over (tau, mu).

    They are raised to a power (a power prior). It is at most 1 - 1/B, where the Bayes factor B says
    how many times likelier the direct data are with the less direct ones than without: nothing is
    borrowed where they disagree (B up to 1). It is lowered further until the share of the
    information is within the cap and the estimate within the middle half of what the direct data
    give alone.
    """
    grid = scale.grid
    parts = [
        average_over_offset(marginal(np.sum(rows, axis=0), grid), *scale.offsets[kind], grid)
        for kind, rows in lenders.items()
        if rows
    ]
    if not parts:
        return Loan(None, 0.0, 0.0)
    extra = np.asarray(np.sum(parts, axis=0))
    most = 1 - 1 / max(1.0, bayes_factor(direct, extra, grid))
    alone = posterior(direct, grid)
    lowest, highest = (alone.quantile(q) for q in MIDDLE_HALF)

    def share(result: Posterior) -> float:
        # Data that contradict each other can widen the posterior: then nothing was gained.
        return max(0.0, 1 - result.variance / alone.variance)

    def allowed(power: float) -> bool:
        result = posterior(direct, grid, power * extra)
        return share(result) <= BORROWING_CAP and lowest <= result.quantile(0.5) <= highest

    power = most
    if not allowed(power):
        low, high = 0.0, most
        for _ in range(12):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if allowed(middle) else (low, middle)
        power = low
    return (
        Loan(power * extra, share(posterior(direct, grid, power * extra)), power)
        if power > 0
        else Loan(None, 0.0, 0.0)
    )


def _interval(result: Posterior, scale: Scale) -> tuple[float, float, float]:
    return tuple(scale.back(result.quantile(q)) for q in (0.5, 0.025, 0.975))  # type: ignore[return-value]


def pool(
    rows: Sequence[ArmData],
    measure: Measure,
    directness: Directness,
    lenders: Sequence[ArmData] = (),
) -> Pooled | None:
    """Pool the rows of one directness; `lenders`, rows of less direct settings, add what the offset
    and the cap allow.

    None without rows: less direct data alone never make a direct figure. Lenders count for the
    measures in BORROWING only. The order of the rows does not matter.
    """
    if not rows:
        return None
    scale = LOG_MONTHS if measure == "pfs" else LOGIT
    grid = scale.grid
    rows = sorted(rows, key=lambda row: row.arm.id)
    logs = [spread(row.likelihood(grid), grid) for row in rows]
    by_kind: dict[Directness, list[Floats]] = {}
    lenders = sorted(lenders, key=lambda row: row.arm.id) if measure in BORROWING else []
    for row in lenders:
        by_kind.setdefault(row.arm.directness, []).append(spread(row.likelihood(grid), grid))
    total = np.sum(logs, axis=0)
    loan = borrowed(total, by_kind, scale)
    result = posterior(total, grid, loan.extra)
    centre = result.quantile(0.5)
    information = [1 / (1 / row.precision(centre) + result.tau_mean**2) for row in rows]
    arms = []
    for row, log, info in zip(rows, logs, information, strict=True):
        without = None
        if (
            len(rows) > 1
        ):  # what is left may agree with the less direct data more or less than the whole: its loan is its own
            left = total - log
            without = _interval(posterior(left, grid, borrowed(left, by_kind, scale).extra), scale)
        arms.append(
            PooledArm(
                arm=row.arm,
                patients=row.patients,
                events=row.events,
                value=row.raw,
                low=row.interval[0],
                high=row.interval[1],
                weight=info / sum(information),
                note=row.note,
                without=without,
            )
        )
    estimate, low, high = _interval(result, scale)
    return Pooled(
        measure=measure,
        unit=scale.unit,
        directness=directness,
        population="; ".join(sorted({row.arm.setting_words for row in rows})),
        estimate=estimate,
        low=low,
        high=high,
        new_low=scale.back(result.new_quantile(0.025)),
        new_high=scale.back(result.new_quantile(0.975)),
        tau=result.tau_mean,
        arms=tuple(arms),
        patients=sum(row.patients or 0 for row in rows),
        unborrowed=(
            (estimate, low, high)
            if loan.extra is None
            else _interval(posterior(total, grid), scale)
        ),
        borrowed_share=loan.share,
        power=loan.power,
        refused=bool(lenders) and loan.extra is None,
        borrowed_arms=tuple(row.arm.id for row in lenders if loan.extra is not None),
        borrowed_patients=sum(row.patients or 0 for row in lenders if loan.extra is not None),
    )
