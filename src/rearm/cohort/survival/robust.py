"""The robust variance of a Cox model with weights, delayed entry and ties.

lifelines' own ignores entry and ties.
"""

from __future__ import annotations

import numpy as np

from rearm.cohort.survival.estimate import Floats, Ints
from rearm.cohort.survival.fine_gray_weights import WeightedRows

__all__ = ["robust_variance"]


def robust_variance(
    rows: WeightedRows, values: Floats, log_ratio: Floats, information: Floats
) -> Floats:
    """V (Σ u u') V, with V the inverse information and u the weighted score residuals of each
    patient's rows together (Lin and Wei 1989).

    Ties by Efron: of m events on a day the r-th (r = 0 ... m - 1) sees the tied patients with
    weight 1 - r/m, and brings the hazard (mean weight of the tied) / Σ weights at risk.
    """
    x = values[rows.row] - values.mean(axis=0)
    risk = np.exp(x @ log_ratio)
    span = int(rows.stop.max()) + 1
    weighted = rows.weight * risk
    at_risk = _at_risk(rows, weighted[:, None], span)[:, 0]
    first_moment = _at_risk(rows, weighted[:, None] * x, span)
    tied = _on(rows.stop[rows.event], weighted[rows.event, None], span)[:, 0]
    tied_moment = _on(rows.stop[rows.event], (weighted[:, None] * x)[rows.event], span)
    many = np.bincount(rows.stop[rows.event], minlength=span)
    brought = _on(rows.stop[rows.event], rows.weight[rows.event, None], span)[:, 0]

    covariates = x.shape[1]
    hazard, spared = np.zeros(span), np.zeros(span)  # of a day; what the tied are spared of it
    hazard_x, spared_x = np.zeros((span, covariates)), np.zeros((span, covariates))
    mean_x = np.zeros((span, covariates))
    for day in np.flatnonzero(many):
        m = int(many[day])
        part = np.arange(m) / m
        total = at_risk[day] - part * tied[day]
        mean = (first_moment[day] - part[:, None] * tied_moment[day]) / total[:, None]
        step = brought[day] / m / total
        hazard[day], spared[day] = step.sum(), (part * step).sum()
        hazard_x[day] = (step[:, None] * mean).sum(axis=0)
        spared_x[day] = ((part * step)[:, None] * mean).sum(axis=0)
        mean_x[day] = mean.mean(axis=0)

    so_far, so_far_x = np.cumsum(hazard), np.cumsum(hazard_x, axis=0)
    seen = (so_far[rows.stop] - so_far[rows.start])[:, None]
    seen_x = so_far_x[rows.stop] - so_far_x[rows.start]
    residual = -risk[:, None] * (x * seen - seen_x)
    own = rows.stop[rows.event]
    residual[rows.event] += x[rows.event] - mean_x[own]
    residual[rows.event] += risk[rows.event, None] * (
        x[rows.event] * spared[own, None] - spared_x[own]
    )
    by_patient = _on(rows.row, rows.weight[:, None] * residual, len(values))
    influence = by_patient @ information
    return np.asarray(influence.T @ influence)


def _on(where: Ints, what: Floats, span: int) -> Floats:
    """Sums of the columns of `what` by day (or patient)."""
    columns = [np.bincount(where, weights=column, minlength=span) for column in what.T]
    return np.column_stack(columns)


def _at_risk(rows: WeightedRows, what: Floats, span: int) -> Floats:
    """Sums over the rows with start < day <= stop."""
    under = np.cumsum(_on(rows.start, what, span) - _on(rows.stop, what, span), axis=0)
    return np.vstack((np.zeros(what.shape[1]), under[:-1]))
