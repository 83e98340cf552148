"""Hazards by covariates where causes compete: the cause-specific Cox model and that of Fine and
Gray. The fit is lifelines' (extra `cohort`), the weights and the robust variance are our own.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from rearm.cohort.survival.estimate import Floats, normal_quantile
from rearm.cohort.survival.fine_gray_weights import WeightedRows, fine_gray_rows
from rearm.cohort.survival.follow_up import FollowUp
from rearm.cohort.survival.robust import robust_variance
from rearm.errors import InputError, RearmError

__all__ = ["HazardRatio", "Regression", "cause_specific_cox", "fine_gray"]

WhyUnknown = Literal["no_events", "constant", "collinear", "emptied", "not_bounded"]
# lifelines stops at a Newton decrement of 1e-7 by itself: three digits short of R
_EXACTLY = {"precision": 1e-16, "r_precision": 1e-15}
_MOST = 10.0  # standard errors of a log hazard ratio per SD above this hold no information


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardRatio:
    """The hazard per unit of a covariate, all others equal: ratio with limits, and on the log scale
    with its standard error. p is Wald's. None: the data do not tell it.

    >>> from rearm.cohort.survival import FollowUp, cause_specific_cox
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 1, 0, 1])
    >>> fitted = cause_specific_cox(follow_up, {"age": [60, 75, 65, 70]}, cause=1)
    >>> fitted.ratios[0].covariate
    'age'
    """

    covariate: str  # its name
    ratio: float | None = None  # per unit
    low: float | None = None  # lower limit
    high: float | None = None  # upper limit
    log_ratio: float | None = None  # natural logarithm
    standard_error: float | None = None  # of the logarithm
    p: float | None = None  # of a ratio of 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A fitted model. `hazard`: that of patients still free of every event (cause-specific), or of
    all who have not had this one (subdistribution). `variance`: the model's own, or robust by
    patient. `unknown` says why no ratio is told: no event of the cause, a covariate that is the
    same for everybody, covariates that determine each other, an early risk set that was empty
    before others entered, or a ratio that grows without bound.

    >>> from rearm.cohort.survival import FollowUp, cause_specific_cox
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 1, 0, 1])
    >>> fitted = cause_specific_cox(follow_up, {"age": [60, 75, 65, 70]}, cause=1)
    >>> fitted.patients, fitted.events
    (4, 3)
    """

    cause: int  # its number
    hazard: Literal["cause-specific", "subdistribution"]
    variance: Literal["model", "robust"]
    patients: int  # number of them
    events: int  # of the cause
    level: float  # probability of the limits
    ratios: tuple[HazardRatio, ...]  # one a covariate; empty where none is told
    unknown: WhyUnknown | None = None


def cause_specific_cox(
    follow_up: FollowUp,
    covariates: Mapping[str, Iterable[float]],
    *,
    cause: int,
    level: float = 0.95,
) -> Regression:
    """Cox's model of the hazard of one cause among patients free of every event; other causes
    censor (Prentice 1978). Ties by Efron, delayed entry counted, variance from the information.

    It says how a cause acts, not how many will have had it: see `fine_gray`. Raises `InputError`
    for a covariate that is missing in a row, `RearmError` where lifelines is not installed.
    `follow_up`: the patients, in days; `covariates`: a number of each patient, by name; `cause`:
    the number of the cause; `level`: probability of the limits.

    >>> from rearm.cohort.survival import FollowUp, cause_specific_cox
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 2, 0, 1])
    >>> covariates = {"age": [60, 65, 70, 75]}
    >>> cause_specific_cox(follow_up, covariates, cause=1).hazard
    'cause-specific'
    """
    values = _checked(follow_up, covariates)
    rows = WeightedRows(
        row=np.arange(len(follow_up)),
        start=follow_up.entry,
        stop=follow_up.exit,
        event=follow_up.cause == cause,
        weight=np.ones(len(follow_up)),
    )
    return _Model(
        rows=rows, names=tuple(covariates), values=values, cause=cause, level=level, robust=False
    ).fit()


def fine_gray(
    follow_up: FollowUp,
    covariates: Mapping[str, Iterable[float]],
    *,
    cause: int,
    level: float = 0.95,
) -> Regression:
    """The model of Fine and Gray (1999) for the subdistribution hazard of one cause, as a weighted
    Cox model (Geskus 2011; delayed entry counted). A ratio above 1: more have had the event by any
    day. Ties by Efron; the variance is the robust one by patient and takes the weights as known, as
    R's `finegray` with `coxph(..., cluster = id)`. cmprsk's `crr` differs in the third digit.

    Raises `InputError` for a covariate that is missing in a row, `RearmError` where lifelines is
    not installed. `follow_up`: the patients, in days; `covariates`: a number of each patient, by
    name; `cause`: the number of the cause; `level`: probability of the limits.

    >>> from rearm.cohort.survival import FollowUp, fine_gray
    >>> follow_up = FollowUp.of(exit=[30, 60, 90, 120], cause=[1, 2, 0, 1])
    >>> covariates = {"age": [60, 65, 70, 75]}
    >>> fine_gray(follow_up, covariates, cause=1).hazard
    'subdistribution'
    """
    values = _checked(follow_up, covariates)
    rows = fine_gray_rows(follow_up, cause=cause)
    return _Model(
        rows=rows, names=tuple(covariates), values=values, cause=cause, level=level, robust=True
    ).fit()


def _checked(follow_up: FollowUp, covariates: Mapping[str, Iterable[float]]) -> Floats:
    """One column a covariate."""
    if not covariates:
        raise InputError("A regression needs at least one covariate.")
    columns = []
    for name, given in covariates.items():
        column = np.array([_number(x, row, name) for row, x in enumerate(given, 1)], dtype=float)
        if len(column) != len(follow_up):
            raise InputError(f"There are {len(follow_up)} rows and {len(column)} values of {name}.")
        columns.append(column)
    return np.column_stack(columns)


def _number(value: Any, row: int, name: str) -> float:
    if isinstance(value, int | float | np.integer | np.floating | np.bool_):
        given = float(value)
        if math.isfinite(given):
            return given
    raise InputError(
        f"Row {row}: {name} is missing or no number. Leave the row out, and say how many were."
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Model:
    rows: WeightedRows
    names: tuple[str, ...]
    values: Floats  # one row a patient
    cause: int
    level: float
    robust: bool

    def fit(self) -> Regression:
        fitter = _lifelines()  # first: whether it is there does not depend on the data
        if not self.rows.event.any():
            return self._result(unknown="no_events")
        spread = self.values.std(axis=0)
        if (spread == 0).any():
            return self._result(unknown="constant")
        if np.linalg.matrix_rank((self.values - self.values.mean(axis=0)) / spread) < len(spread):
            return self._result(unknown="collinear")
        if not np.isfinite(self.rows.weight).all():
            return self._result(unknown="emptied")
        fitted = self._fitted(fitter)
        if fitted is None:
            return self._result(unknown="not_bounded")
        log_ratio, information = fitted
        variance = information
        bounded = (
            np.isfinite(log_ratio).all() and (np.sqrt(np.diag(information)) * spread < _MOST).all()
        )
        if not bounded:
            return self._result(unknown="not_bounded")
        if self.robust:
            variance = robust_variance(self.rows, self.values, log_ratio, information)
        return self._result(log_ratio=log_ratio, error=np.sqrt(np.diag(variance)))

    def _fitted(self, fitter: Any) -> tuple[Floats, Floats] | None:
        """Log hazard ratios and the inverse of their information; None where it does not end."""
        import pandas as pd
        from lifelines.exceptions import ConvergenceError

        columns = [f"x{i}" for i in range(len(self.names))]
        frame = pd.DataFrame(self.values[self.rows.row], columns=columns)
        frame = frame.assign(
            start=self.rows.start,
            stop=self.rows.stop,
            event=self.rows.event,
            weight=self.rows.weight,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on weights and separation: both are met here
            try:
                model = fitter().fit(
                    frame,
                    duration_col="stop",
                    event_col="event",
                    entry_col="start",
                    weights_col="weight",
                    fit_options=_EXACTLY,
                )
            except ConvergenceError:
                return None
        return model.params_.to_numpy(dtype=float), model.variance_matrix_.to_numpy(dtype=float)

    def _result(
        self,
        *,
        log_ratio: Floats | None = None,
        error: Floats | None = None,
        unknown: WhyUnknown | None = None,
    ) -> Regression:
        ratios = tuple(HazardRatio(covariate=name) for name in self.names)
        if log_ratio is not None and error is not None:
            ratios = tuple(
                _ratio(name, float(b), float(s), self.level)
                for name, b, s in zip(self.names, log_ratio, error, strict=True)
            )
        return Regression(
            cause=self.cause,
            hazard="subdistribution" if self.robust else "cause-specific",
            variance="robust" if self.robust else "model",
            patients=len(self.values),
            events=int(self.rows.event.sum()),
            level=self.level,
            ratios=ratios,
            unknown=unknown,
        )


def _ratio(name: str, log_ratio: float, error: float, level: float) -> HazardRatio:
    width = normal_quantile(level) * error
    return HazardRatio(
        covariate=name,
        ratio=math.exp(log_ratio),
        low=math.exp(log_ratio - width),
        high=math.exp(log_ratio + width),
        log_ratio=log_ratio,
        standard_error=error,
        p=math.erfc(abs(log_ratio) / error / math.sqrt(2)) if error > 0 else None,
    )


def _lifelines() -> Any:
    try:
        from lifelines import CoxPHFitter
    except ImportError:
        raise RearmError(
            "Regression needs lifelines, which is not installed: pip install 'rearm[cohort]'."
        ) from None
    return CoxPHFitter
