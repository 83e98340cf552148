"""Plain tables of the evidence, rows of simple values that `report/` draws and prints. Proportions
run from 0 to 1, times in months.
"""

from __future__ import annotations

from typing import Any

from rearm.evidence.pool import MEASURES, NOT_REACHED, Measure, Pooled, median_not_reached
from rearm.evidence.strategy import StrategyEvidence, remarks
from rearm.knowledge.studies import Months, Proportion

__all__ = ["Row", "forest_rows", "listed_rows", "months_words", "overview_rows", "share_words"]

Row = dict[str, Any]

_NAMES: dict[Measure, str] = {
    "response": "response (PR or better)",
    "pfs": "median PFS",
    "severe_infection": "infection of grade 3 or worse",
    "crs": "cytokine release syndrome, any grade",
}


def _joined(*remarks: str | None) -> str | None:
    return "; ".join(remark.rstrip(".") for remark in remarks if remark) or None


def _arm_rows(figure: Pooled) -> list[Row]:
    return [
        {
            "kind": "arm",
            "label": row.arm.population,
            "arm": row.arm.id,
            "study": row.arm.study,
            "setting": row.arm.setting_words,
            "directness": row.arm.directness,
            "n": row.patients,
            "events": row.events,
            "estimate": row.value,
            "low": row.low,
            "high": row.high,
            "weight": row.weight,
            "without_estimate": row.without[0] if row.without else None,
            "without_low": row.without[1] if row.without else None,
            "without_high": row.without[2] if row.without else None,
            "weak": row.arm.weak,
            "borrowed_share": None,
            "note": _joined(row.note, row.arm.overlap_note),
            "url": row.arm.url,
        }
        for row in sorted(figure.arms, key=lambda row: (-row.weight, row.arm.id))
    ]


def _summary_row(
    figure: Pooled,
    kind: str,
    label: str,
    estimate: float | None,
    low: float,
    high: float,
    note: str | None = None,
) -> Row:
    return {
        "kind": kind,
        "label": label,
        "arm": None,
        "study": None,
        "setting": figure.population,
        "directness": figure.directness,
        "n": figure.patients,
        "events": None,
        "estimate": estimate,
        "low": low,
        "high": high,
        "weight": None,
        "without_estimate": None,
        "without_low": None,
        "without_high": None,
        "weak": None,
        "borrowed_share": figure.borrowed_share,
        "note": note,
        "url": None,
    }


def forest_rows(evidence: StrategyEvidence, measure: Measure = "response") -> list[Row]:
    """Rows of a forest plot for one measure: arms by weight, then the pooled row and the interval
    for a new centre.

    First the figure after CAR-T where there is one, then the background figure of the nearest other
    setting, each with its label in `directness` and `setting`. Empty where nothing was pooled.
    `weight` is the arm's share of the information; `without_*` is the pooled figure when the arm is
    left out.
    """
    outcome = evidence.outcomes[measure]
    rows: list[Row] = []
    for figure in (outcome.pooled, outcome.background):
        if figure is not None:
            rows += _arm_rows(figure)
            note = remarks(outcome, figure)
            rows.append(
                _summary_row(
                    figure,
                    "pooled",
                    "Average centre",
                    figure.estimate,
                    figure.low,
                    figure.high,
                    note,
                )
            )
            rows.append(
                _summary_row(
                    figure,
                    "new centre",
                    "Range for a new centre",
                    None,
                    figure.new_low,
                    figure.new_high,
                )
            )
    return rows


def share_words(value: Proportion | None) -> str | None:
    """A share as printed: `79 % (22/28), 95 % interval 60-90`; None where it was not read."""
    if value is None:
        return None
    counts = f" ({value.events}/{value.n})" if value.events is not None else ""
    low, high = ("?" if side is None else f"{side:g}" for side in (value.low, value.high))
    interval = (
        ""
        if value.low is None and value.high is None
        else f", {value.level * 100:g} % interval {low}-{high}"
    )
    return f"{value.percent:.3g} %{counts}{interval}"


def months_words(value: Months | None) -> str | None:
    """A time to event as printed: `7.7 months (5.8-10.3); 40 % at month 12`; None where it was not
    read.
    """
    if value is None:
        return None
    parts = []
    if value.median is not None:
        level = "" if value.level == 0.95 else f", {value.level * 100:g} % interval"
        interval = (
            ""
            if value.low is None
            else (
                f" ({value.low:g}-{'not reached' if value.high is None else f'{value.high:g}'}{level})"
            )
        )
        parts.append(f"{value.median:g} {'month' if value.median == 1 else 'months'}{interval}")
    elif median_not_reached(value):
        parts.append(NOT_REACHED)
    parts += [f"{mark.percent:g} % at month {mark.month:g}" for mark in value.landmarks]
    return "; ".join(parts)


def listed_rows(evidence: StrategyEvidence) -> list[Row]:
    """Every arm that was read, most direct first, with its figures in words, whether it was pooled
    and, if not, why.
    """
    return [
        {
            "arm": row.arm.id,
            "study": row.arm.study,
            "citation": row.citation,
            "url": row.url,
            "weak": row.weak,
            "population": row.population,
            "directness": row.directness,
            "figure": row.figure,
            "n": row.arm.n_treated,
            "response": share_words(row.response),
            "complete_response": share_words(row.arm.complete_response),
            "pfs": months_words(row.pfs),
            "dor": months_words(row.arm.dor),
            "os": months_words(row.os),
            "crs": share_words(row.arm.crs),
            "icans": share_words(row.arm.icans),
            "severe_infection": share_words(row.arm.infection_grade3),
            "pooled": ", ".join(row.pooled) or None,
            "not_pooled": row.not_pooled,
            "findings": "; ".join(row.arm.findings) or None,
            "caveats": _joined(*row.arm.caveats, row.arm.overlap_note),
        }
        for row in evidence.listed
    ]


def overview_rows(evidence: StrategyEvidence) -> list[Row]:
    """One row a measure: the figure shown for the option with its label, for the overview of all
    strategies. No figure, no row.
    """
    rows = []
    for row in evidence.expected:
        rows.append(
            {
                "strategy": evidence.strategy,
                "measure": row.measure,
                "name": _NAMES[row.measure],
                "unit": row.unit,
                "estimate": row.estimate,
                "low": row.low,
                "high": row.high,
                "new_low": row.new_low,
                "new_high": row.new_high,
                "population": row.population,
                "directness": row.directness,
                "arms": len(row.arms),
                "patients": row.patients,
                "borrowed_share": row.borrowed_share,
                "unborrowed_estimate": row.unborrowed[0],
                "unborrowed_low": row.unborrowed[1],
                "unborrowed_high": row.unborrowed[2],
                "studies": ", ".join(row.studies),
                "note": evidence.note,
            }
        )
    return sorted(rows, key=lambda row: MEASURES.index(row["measure"]))
