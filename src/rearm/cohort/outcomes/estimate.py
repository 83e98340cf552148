"""Curves by group from the rows of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rearm.cohort.outcomes.opened import AnyStore, opened
from rearm.cohort.outcomes.question import Question
from rearm.cohort.outcomes.result import GroupOutcome, Outcomes
from rearm.cohort.outcomes.rows import outcome_rows
from rearm.cohort.survival import (
    EarliestLatest,
    FollowUp,
    IncidenceCurve,
    Limits,
    SurvivalCurve,
    cumulative_incidence,
    follow_up_time,
    kaplan_meier,
)

if TYPE_CHECKING:
    import polars as pl

__all__ = ["estimated", "estimated_rows", "reasons_of"]

EVENT, COMPETES = 1, 2
_LEVEL = 0.95


def estimated(store: AnyStore, question: Question, *, limits: Limits = "log-log") -> Outcomes:
    """The curves that a question asks for."""
    found = opened(store)
    rows = outcome_rows(found, question)
    return estimated_rows(rows, question, found.criteria(question.criteria), limits=limits)


def estimated_rows(
    rows: pl.DataFrame, question: Question, criteria: str, *, limits: Limits = "log-log"
) -> Outcomes:
    """The curves of rows as `outcome_rows` gives them, the largest group first."""
    counted = rows.filter(rows["has_origin"])
    by_group = counted.partition_by("group", as_dict=True, maintain_order=True)
    groups = [_of_group(name, own, question, limits) for (name,), own in by_group.items()]
    groups.sort(key=lambda group: (-group.n, group.group or ""))
    return Outcomes(
        question=question,
        criteria=criteria,
        limits=limits,
        level=_LEVEL,
        groups=tuple(groups),
        without_origin=reasons_of(rows.filter(~rows["has_origin"])),
    )


def reasons_of(rows: pl.DataFrame) -> dict[str, int]:
    """How many rows are left out, by reason, the most frequent first."""
    counts = rows["left_out"].drop_nulls().value_counts()
    return dict(counts.sort(["count", "left_out"], descending=[True, False]).iter_rows())


def _of_group(
    name: str | None, own: pl.DataFrame, question: Question, limits: Limits
) -> GroupOutcome:
    counted = own.filter(own["left_out"].is_null())
    rows = _follow_up(counted, "exit", "cause")
    competes = question.competes
    return GroupOutcome(
        group=name,
        n=counted.height,
        events=int((rows.cause == EVENT).sum()),
        competing=int((rows.cause == COMPETES).sum()),
        delayed=int((rows.entry > 0).sum()),
        on_origin=int(counted["on_origin"].sum()),
        vague=_vague(own).height,
        left_out=reasons_of(own),
        rows=rows,
        free=kaplan_meier(rows, limits=limits),
        incidence=(
            (_incidence(rows, EVENT, limits), _incidence(rows, COMPETES, limits))
            if competes
            else None
        ),
        bounds=_bounds(own, competes, limits),
        follow_up=follow_up_time(rows, limits=limits),
    )


def _incidence(rows: FollowUp, cause: int, limits: Limits) -> IncidenceCurve:
    return cumulative_incidence(rows, cause=cause, limits=limits)


def _follow_up(own: pl.DataFrame, exit: str, cause: str) -> FollowUp:
    return FollowUp.of(
        entry=own["entry"].to_numpy(), exit=own[exit].to_numpy(), cause=own[cause].to_numpy()
    )


def _bounded(own: pl.DataFrame) -> pl.DataFrame:
    """Rows that have bounds, those without a day among them, each with a day under observation."""
    import polars as pl

    without_day = pl.col("exit").is_null() & (pl.col("cause") > 0)
    there = pl.col("left_out").is_null() | without_day
    after_entry = pl.col("entry") + 1
    earliest = pl.max_horizontal("earliest", after_entry)
    return own.filter(there & (pl.col("latest") >= after_entry)).with_columns(
        earliest=earliest, latest=pl.max_horizontal("latest", earliest)
    )


def _vague(own: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    differs = (pl.col("earliest") != pl.col("latest")) | (pl.col("cause") != pl.col("cause_latest"))
    return _bounded(own).filter(differs | pl.col("exit").is_null())


def _bounds(
    own: pl.DataFrame, competes: bool, limits: Limits
) -> EarliestLatest[SurvivalCurve] | EarliestLatest[IncidenceCurve] | None:
    if not _vague(own).height:
        return None
    there = _bounded(own)
    first = _follow_up(there, "earliest", "cause")
    last = _follow_up(there, "latest", "cause_latest")
    if competes:
        return EarliestLatest(
            earliest=_incidence(first, EVENT, limits), latest=_incidence(last, EVENT, limits)
        )
    return EarliestLatest(
        earliest=kaplan_meier(first, limits=limits), latest=kaplan_meier(last, limits=limits)
    )
