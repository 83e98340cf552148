"""The outcomes of a store: by group the curves with what stands behind them, and as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rearm.cohort.outcomes.question import Question
from rearm.cohort.survival import (
    EarliestLatest,
    Estimate,
    FollowUp,
    IncidenceCurve,
    Limits,
    SurvivalCurve,
    numbers_at_risk,
)

if TYPE_CHECKING:
    import polars as pl

__all__ = ["GroupOutcome", "Outcomes"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupOutcome:
    """The outcome of one group. `group`: None where patients are not grouped.

    `n`: patients in the curves; `events`, `competing`: how many of them had the event, and one that
    made it impossible; `delayed`: entered after the origin; `on_origin`: had the event on the day
    of origin, which counts as day 1; `left_out`: how many are not in the curves, by reason.

    `free`: share free of every event. `incidence`: of the event and of the competing ones, where
    any compete. `bounds`: `free`, or the incidence of the event, with every event that is not dated
    to the day at its earliest and at its latest, those of which not even the month is known among
    them (`vague`); None where there is none. `follow_up`: time under observation.
    """

    group: str | None
    n: int
    events: int
    competing: int
    delayed: int
    on_origin: int
    vague: int
    left_out: Mapping[str, int]
    rows: FollowUp
    free: SurvivalCurve
    incidence: tuple[IncidenceCurve, IncidenceCurve] | None
    bounds: EarliestLatest[SurvivalCurve] | EarliestLatest[IncidenceCurve] | None
    follow_up: SurvivalCurve

    @property
    def censored(self) -> int:
        return self.n - self.events - self.competing

    @property
    def median(self) -> Estimate:
        """Days by which half are no longer free of every event."""
        return self.free.median()

    def at_risk(self, days: Sequence[int]) -> dict[int, int]:
        """How many are at risk on each of these days."""
        return {x.day: x.at_risk for x in numbers_at_risk(self.rows, days)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """What was asked, by which criteria and limits, and the outcome of each group, the largest
    first. `entry_used`: whether late entry was counted. `without_origin`: patients with the index
    infusion who are in no group, since the day that is counted from did not come or is not known,
    by reason.
    """

    question: Question
    criteria: str
    limits: Limits
    level: float
    groups: tuple[GroupOutcome, ...]
    without_origin: Mapping[str, int]

    @property
    def entry_used(self) -> bool:
        return self.question.entry

    @property
    def n(self) -> int:
        return sum(group.n for group in self.groups)

    @property
    def left_out(self) -> dict[str, int]:
        """How many patients are in no curve, by reason."""
        total = dict(self.without_origin)
        for group in self.groups:
            for reason, count in group.left_out.items():
                total[reason] = total.get(reason, 0) + count
        return total

    def group(self, name: str | None = None) -> GroupOutcome:
        """The outcome of one group. Raises KeyError where there is none of that name."""
        for group in self.groups:
            if group.group == name:
                return group
        raise KeyError(name)

    def summary(self, days: Sequence[int] = (90, 180, 365)) -> pl.DataFrame:
        """One row a group: counts, medians in days and shares on some days, with their limits.
        `share_...`: free of the event, or with it where others compete; empty where not known.
        """
        import polars as pl

        rows = [self._summary_row(group, days) for group in self.groups]
        return pl.DataFrame(rows, infer_schema_length=None)

    def _summary_row(self, group: GroupOutcome, days: Sequence[int]) -> dict[str, Any]:
        question, followed = self.question, group.follow_up.median()
        row: dict[str, Any] = {
            "endpoint": question.endpoint,
            "origin": question.origin,
            "by": question.by,
            "group": group.group,
            "landmark": None if question.landmark is None else str(question.landmark),
            "n": group.n,
            "events": group.events,
            "competing": group.competing,
            "censored": group.censored,
            "delayed_entry": group.delayed if self.entry_used else None,
            "on_origin": group.on_origin,
            "vague": group.vague,
            "left_out": sum(group.left_out.values()),
            "limits": self.limits,
            "level": self.level,
            "followed_median": followed.value,
        }
        if group.incidence is None:
            median = group.median
            row |= {"median": median.value, "median_low": median.low, "median_high": median.high}
        curve = group.free if group.incidence is None else group.incidence[0]
        for day in days:
            there = curve.on(day)
            row |= {
                f"share_{day}": there.value,
                f"low_{day}": there.low,
                f"high_{day}": there.high,
                f"at_risk_{day}": group.at_risk([day])[day],
            }
        return row

    def reasons(self) -> pl.DataFrame:
        """Who is in no curve: `group` (empty without an origin), `reason`, `patients`."""
        import polars as pl

        rows: list[tuple[str | None, str, int]] = [
            (None, why, count) for why, count in self.without_origin.items()
        ]
        rows += [(g.group, why, count) for g in self.groups for why, count in g.left_out.items()]
        schema = {"group": pl.String, "reason": pl.String, "patients": pl.Int64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def curves(self) -> pl.DataFrame:
        """Every step of every curve: `group`, `curve` (free, event, competing), `dated` (as_read,
        earliest, latest), `day`, `at_risk`, `events`, `share`, `standard_error`, `low`, `high`.
        """
        import polars as pl

        frames = [
            _steps(g.group, name, dated, c) for g in self.groups for name, dated, c in _all(g)
        ]
        return pl.concat(frames) if frames else pl.DataFrame()


def _all(group: GroupOutcome) -> list[tuple[str, str, SurvivalCurve | IncidenceCurve]]:
    found: list[tuple[str, str, SurvivalCurve | IncidenceCurve]] = [("free", "as_read", group.free)]
    name = "free"
    if group.incidence is not None:
        name = "event"
        found += [
            ("event", "as_read", group.incidence[0]),
            ("competing", "as_read", group.incidence[1]),
        ]
    if group.bounds is not None:
        found += [(name, "earliest", group.bounds.earliest), (name, "latest", group.bounds.latest)]
    return found


def _steps(
    group: str | None, name: str, dated: str, curve: SurvivalCurve | IncidenceCurve
) -> pl.DataFrame:
    import polars as pl

    share = curve.survival if isinstance(curve, SurvivalCurve) else curve.incidence
    return pl.DataFrame(
        {
            "day": curve.day,
            "at_risk": curve.at_risk,
            "events": curve.events,
            "share": share,
            "standard_error": curve.standard_error,
            "low": curve.low,
            "high": curve.high,
        }
    ).select(
        pl.lit(group, pl.String).alias("group"),
        pl.lit(name).alias("curve"),
        pl.lit(dated).alias("dated"),
        "day",
        "at_risk",
        "events",
        pl.col("share", "standard_error", "low", "high").fill_nan(None),
    )
