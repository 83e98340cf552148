"""Pooled outcomes: one figure per measure, with what less direct settings may add to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np

from rearm.evidence.quadrature import (
    Floats,
    Posterior,
    PriorGrid,
    average_over_offset,
    bayes_factor,
    binomial_likelihood,
    marginal,
    normal_likelihood,
    posterior,
    spread,
)
from rearm.knowledge.studies import Arm, Directness, Figure, Months, Proportion

__all__ = [
    "BORROWING",
    "BORROWING_CAP",
    "LOGIT",
    "LOG_MONTHS",
    "MEASURES",
    "ArmData",
    "Estimate",
    "Loan",
    "Measure",
    "MeasureScale",
    "NotPooled",
    "Pooled",
    "PooledArm",
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

NotPooledCode = Literal[
    "not_reported",
    "no_counts",
    "no_patients",
    "median_without_weight",
    "landmark_without_weight",
    "not_reached",
    "median_not_printed",
    "meta_analysis",
    "subset",
    "per_line",
    "ever",
    "pivotal",
    "case_report",
    "unlicensed_dose",
    "steroid_differs",
    "other_use",
    "agents_not_separated",
    "in_combination",
    "not_selected",
    "shares_patients",
    "lends",
    "less_direct",
]


@dataclass(frozen=True, slots=True)
class NotPooled:
    """Why an arm does not stand in a pooled figure.

    `detail`: the landmark, the further agents, the marker or the other arm that the code speaks of.
    """

    code: NotPooledCode
    detail: str = ""


class Estimate(NamedTuple):
    """A figure with its 95 % limits: a proportion from 0 to 1, or months."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureScale:
    """A transformed scale with its priors, and the offsets that less direct settings may have:
    (worse, better), in scale units.

    `better`: how far the less direct setting may do better than the direct one, and so lie above
    it.
    """

    grid: PriorGrid
    offsets: dict[Directness, tuple[float, float]]
    back: Callable[[float], float]
    unit: Literal["proportion", "months"]


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x))


# mu with sd 1.5 on the logit is close to flat on the probability; tau 0.5 allows centres to differ
# by an odds ratio of about 4.
LOGIT = MeasureScale(
    grid=PriorGrid(mean=0.0, sd=1.5, tau_scale=0.5),
    offsets={"near": (0.3, 0.75), "indirect only": (0.3, 1.5)},
    back=_expit,
    unit="proportion",
)
# Median PFS in relapsed myeloma: a factor of about 7 either way around 5 months.
LOG_MONTHS = MeasureScale(
    grid=PriorGrid(mean=math.log(5.0), sd=1.0, tau_scale=0.35),
    offsets={"near": (0.2, 0.5), "indirect only": (0.2, 1.0)},
    back=math.exp,
    unit="months",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmData:
    """What one arm says about one measure: counts, or a log median with its standard error."""

    arm: Arm
    patients: int | None
    events: int | None = None
    log_median: float | None = None
    se: float | None = None
    note: str | None = None

    def likelihood(self, grid: PriorGrid) -> Floats:
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
        """95 % interval of the arm by itself.

        Wilson's for counts, from the standard error for a median.
        """
        if self.log_median is not None and self.se is not None:
            return math.exp(self.log_median - Z95 * self.se), math.exp(
                self.log_median + Z95 * self.se
            )
        return wilson_limits(self.raw, self.patients or 0)


def wilson_limits(share: float, patients: int) -> tuple[float, float]:
    """95 % limits of a share (0 to 1) of one patient or more (Wilson 1927)."""
    n, p = patients, share
    centre, half = p + Z95**2 / (2 * n), Z95 * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
    return max(0.0, (centre - half) / (1 + Z95**2 / n)), min(
        1.0, (centre + half) / (1 + Z95**2 / n)
    )


def _share(arm: Arm, value: Proportion | None) -> ArmData | NotPooled:
    if value is None:
        return NotPooled("not_reported")
    if value.events is None or value.n is None:
        return NotPooled("no_counts")
    if value.n == 0:
        return NotPooled("no_patients")
    return ArmData(arm=arm, patients=value.n, events=value.events, note=_share_note(value))


def _share_note(value: Proportion) -> str | None:
    """How the counts of a share came about, where they were not printed."""
    if value.evaluable:
        numbers = ", ".join(map(str, value.evaluable))
        return (
            f"{value.percent:g} % fits {numbers} patients assessed: counted in the fewest, so that"
            " it weighs no more than it may"
        )
    return "number with the event computed from the percentage" if value.computed else None


def _landmark_se(free: float, n: int) -> float:
    """Standard error of the log median where the share `free` of n patients is free of the event:
    Greenwood, nobody censored before.
    """
    return math.sqrt((1 - free) / (n * free)) / -math.log(free)


def median_not_reached(value: Months) -> bool:
    """No median is printed, and at every landmark more than half were free of the event."""
    return value.median is None and all(mark.percent > 50 for mark in value.landmarks)


def _median(arm: Arm, value: Months | None) -> ArmData | NotPooled:
    """Log median with its standard error, by the best information printed.

    A note says how the weight was set where it is assumed. The number of patients is that of the
    response where only this is known.
    """
    if value is None:
        return NotPooled("not_reported")
    if arm.n_treated is not None or arm.response is None or arm.response.n is None:
        return _median_of(arm, value, arm.n_treated)
    data = _median_of(arm, value, arm.response.n)
    if isinstance(data, NotPooled):
        return data
    return replace(
        data,
        note="; ".join(
            part for part in (data.note, "number of patients as for the response") if part
        ),
    )


def _median_of(arm: Arm, value: Months, n: int | None) -> ArmData | NotPooled:
    if value.median is None:
        return _median_of_landmark(arm, value, n)
    z = _z(value)
    log_median = math.log(value.median)
    if value.low is not None and value.high is not None:
        se = math.log(value.high / value.low) / (2 * z)
        return ArmData(arm=arm, patients=n, log_median=log_median, se=se)
    if not n:
        return NotPooled("median_without_weight")
    if value.low is not None:
        # An open upper limit leaves the lower half of the interval; it can't carry more than the
        # median by itself would.
        se = max(math.log(value.median / value.low) / z, _landmark_se(0.5, n))
        note = "weight from the lower limit; the upper one is open"
        return ArmData(arm=arm, patients=n, log_median=log_median, se=se, note=note)
    note = (
        f"only a median is printed: weight set as if none of {n} patients had been censored"
        " before it"
    )
    return ArmData(arm=arm, patients=n, log_median=log_median, se=_landmark_se(0.5, n), note=note)


def _median_of_landmark(arm: Arm, value: Months, n: int | None) -> ArmData | NotPooled:
    """The median that the landmark nearest to one half gives with a constant hazard."""
    mark = min(value.landmarks, key=lambda mark: (abs(mark.percent - 50), mark.month))
    if not LANDMARK_RANGE[0] <= mark.percent <= LANDMARK_RANGE[1]:
        return NotPooled(
            "not_reached" if median_not_reached(value) else "median_not_printed",
            f"{mark.percent:g} % at {mark.month:g} months",
        )
    hazard = -math.log(mark.percent / 100)
    log_median = math.log(mark.month * math.log(2) / hazard)
    note = (
        f"median from {mark.percent:g} % free of progression at month {mark.month:g}, constant"
        " hazard assumed"
    )
    if mark.low and mark.high and mark.high < 100:
        spread = math.log(math.log(mark.low / 100) / math.log(mark.high / 100))
        return ArmData(
            arm=arm, patients=n, log_median=log_median, se=spread / (2 * _z(value)), note=note
        )
    if not n:
        return NotPooled("landmark_without_weight")
    return ArmData(
        arm=arm,
        patients=n,
        log_median=log_median,
        se=_landmark_se(mark.percent / 100, n),
        note=f"{note}; weight from {n} patients without censoring",
    )


def _z(value: Months) -> float:
    """Standard errors from the estimate to a limit of the printed interval."""
    return NormalDist().inv_cdf(0.5 + value.level / 2)


_BARRED: Mapping[Figure, NotPooledCode] = {
    "meta-analysis": "meta_analysis",
    "subset": "subset",
    "per-line": "per_line",
    "pivotal": "pivotal",
}
"""Figures that are pooled for no measure."""


def data_of(arm: Arm, measure: Measure) -> ArmData | NotPooled:
    """The arm's data on a measure, or why there is nothing to pool.

    A meta-analysis, a subset, a pivotal trial and counts of lines instead of people bar every
    measure, PFS included: the same people stand behind it. `ever` speaks of the response alone,
    since times and toxicity of such an arm are counted once a patient.
    """
    if (barred := _BARRED.get(arm.figure)) is not None:
        return NotPooled(barred)
    if arm.figure == "ever" and measure == "response":
        return NotPooled("ever")
    match measure:
        case "response":
            return _share(arm, arm.response)
        case "severe_infection":
            return _share(arm, arm.infection_grade3)
        case "crs":
            return _share(arm, arm.crs)
        case "pfs":
            return _median(arm, arm.pfs)


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledArm:
    """One arm inside a pooled figure.

    `weight` is its share of the direct information; `without` the figure if it is left out. None:
    not read, or not told by one arm alone.

    >>> from rearm.evidence import evidence_for
    >>> gprc5d = evidence_for("bispecific-gprc5d")
    >>> round(sum(arm.weight for arm in gprc5d.response.arms), 6)
    1.0
    """

    arm: Arm  # as the study file has it
    patients: int | None  # number assessed
    events: int | None  # number of responses, or of another event
    value: float  # of this arm alone: 0 to 1, or months
    low: float  # 95 % limit
    high: float  # 95 % limit
    weight: float
    note: str | None  # a remark on it
    without: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """A pooled figure: proportion (0 to 1) or months.

    `estimate` is the posterior median for the average centre with its 95 % credible interval
    `low`-`high`; `new_low`-`new_high` holds 95 % of the true values expected in a new centre.
    `unborrowed` is estimate and interval from the direct arms alone. `borrowed_share` is the part
    of the information that came from less direct settings (`borrowed_arms`), 1 minus the ratio of
    the posterior variances; `power` the discount on them: 1 nothing taken off, 0 nothing borrowed.
    `refused`: there were less direct results, and nothing was borrowed since they do not make the
    direct ones likelier. Without arms there is no figure: None stands in its place.

    >>> from rearm.evidence import evidence_for
    >>> gprc5d = evidence_for("bispecific-gprc5d")
    >>> pooled = gprc5d.response
    >>> pooled.unit, pooled.new_low <= pooled.low, pooled.patients
    ('proportion', True, 64)
    """

    measure: Measure  # response, pfs, crs ...
    unit: Literal["proportion", "months"]  # of the figures
    directness: Directness  # of the arms
    population: str  # in words
    estimate: float
    low: float
    high: float
    new_low: float
    new_high: float
    tau: float  # spread between centres, on the transformed scale
    arms: tuple[PooledArm, ...]  # each with its weight
    patients: int  # number of them in the arms
    unborrowed: Estimate
    borrowed_share: float
    power: float
    refused: bool
    borrowed_arms: tuple[str, ...]
    borrowed_patients: int  # number of them in `borrowed_arms`

    @property
    def studies(self) -> tuple[str, ...]:
        return tuple(sorted({row.arm.study for row in self.arms}))


@dataclass(frozen=True, slots=True)
class Loan:
    """What less direct data add to the log likelihood of mu.

    `extra` None: nothing. `share` is their share of the information, `power` the discount on them.
    """

    extra: Floats | None
    share: float
    power: float


def borrowed(direct: Floats, lenders: dict[Directness, list[Floats]], scale: MeasureScale) -> Loan:
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


def _estimate(result: Posterior, scale: MeasureScale) -> Estimate:
    return Estimate(*(scale.back(result.quantile(q)) for q in (0.5, 0.025, 0.975)))


def pool(
    rows: Sequence[ArmData],
    measure: Measure,
    directness: Directness,
    lenders: Sequence[ArmData] = (),
) -> Pooled | None:
    """Pool the rows of one directness.

    `lenders`, rows of less direct settings, add what the offset and the cap allow, for the measures
    in BORROWING only. None without rows: less direct data alone never make a direct figure. The
    order of the rows does not matter.
    """
    if not rows:
        return None
    scale = LOG_MONTHS if measure == "pfs" else LOGIT
    rows = sorted(rows, key=lambda row: row.arm.id)
    lenders = sorted(lenders, key=lambda row: row.arm.id) if measure in BORROWING else []
    by_kind: dict[Directness, list[Floats]] = {}
    for row in lenders:
        log = spread(row.likelihood(scale.grid), scale.grid)
        by_kind.setdefault(row.arm.directness, []).append(log)
    logs = [spread(row.likelihood(scale.grid), scale.grid) for row in rows]
    total = np.sum(logs, axis=0)
    loan = borrowed(total, by_kind, scale)
    result = posterior(total, scale.grid, loan.extra)
    estimate = _estimate(result, scale)
    lent = [] if loan.extra is None else lenders
    return Pooled(
        measure=measure,
        unit=scale.unit,
        directness=directness,
        population="; ".join(sorted({row.arm.setting_words for row in rows})),
        estimate=estimate.estimate,
        low=estimate.low,
        high=estimate.high,
        new_low=scale.back(result.new_quantile(0.025)),
        new_high=scale.back(result.new_quantile(0.975)),
        tau=result.tau_mean,
        arms=_pooled_arms(rows, logs, result, by_kind, scale),
        patients=_patients(rows),
        unborrowed=(
            estimate if loan.extra is None else _estimate(posterior(total, scale.grid), scale)
        ),
        borrowed_share=loan.share,
        power=loan.power,
        refused=bool(lenders) and loan.extra is None,
        borrowed_arms=tuple(row.arm.id for row in lent),
        borrowed_patients=_patients(lent),
    )


def _pooled_arms(
    rows: Sequence[ArmData],
    logs: Sequence[Floats],
    result: Posterior,
    lenders: dict[Directness, list[Floats]],
    scale: MeasureScale,
) -> tuple[PooledArm, ...]:
    """Each arm with its weight and with the figure that the others give without it."""
    total = np.sum(logs, axis=0)
    centre = result.quantile(0.5)
    information = [1 / (1 / row.precision(centre) + result.tau_mean**2) for row in rows]

    def without(log: Floats) -> Estimate | None:
        if len(rows) == 1:
            return None
        # What is left may agree with the less direct data more or less than the whole does: its
        # loan is its own.
        left = total - log
        loan = borrowed(left, lenders, scale)
        return _estimate(posterior(left, scale.grid, loan.extra), scale)

    return tuple(
        PooledArm(
            arm=row.arm,
            patients=row.patients,
            events=row.events,
            value=row.raw,
            low=row.interval[0],
            high=row.interval[1],
            weight=info / sum(information),
            note=row.note,
            without=without(log),
        )
        for row, log, info in zip(rows, logs, information, strict=True)
    )


def _patients(rows: Sequence[ArmData]) -> int:
    """Patients of all arms; an arm whose number is not known counts for none."""
    return sum(row.patients or 0 for row in rows)
