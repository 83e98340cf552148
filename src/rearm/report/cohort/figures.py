"""Which curves the report shows, each with the table under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rearm.cohort.outcomes.estimate import estimated_rows
from rearm.cohort.outcomes.groups import NO_SALVAGE_YET
from rearm.cohort.outcomes.question import COMPETING, Question
from rearm.cohort.outcomes.rows import FAILURE_IS_DEATH, NOT_KNOWN, outcome_rows
from rearm.cohort.survival import Estimate
from rearm.report.cohort.cohort import Cohort
from rearm.report.cohort.counts import CountRule, shown_text
from rearm.report.cohort.curves import DAYS_SHOWN, MONTH, ShownCurve, ShownGroup, shown_group
from rearm.report.cohort.histories import COURSES, history
from rearm.report.cohort.merged import OTHER
from rearm.report.cohort.salvage import given_words
from rearm.report.cohort.table import Cell, ReportTable
from rearm.report.words import words

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "FIGURES",
    "LANDMARKS",
    "READINGS",
    "Figure",
    "FigureAsked",
    "figure_of",
    "group_words",
    "median_words",
]

LANDMARKS = (30, 60, 90)
READINGS = "progression_"  # of one source alone
_HALF = 0.5
_ALL = "all"  # where patients are not grouped
_DESCRIPTIVE = (
    "Groups were not chosen at random. A difference between two curves describes patients, and does"
    " not say that one therapy is better."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureAsked:
    """A figure of the report. `begun`: patients by whether any salvage began by the landmark."""

    id: str
    title: str
    question: Question
    begun: bool = False
    drawn: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure with its table. `rows`: `key`, `patient_id`, `row`: whose data it shows; `days`: by
    key of a curve the days that it shows.
    """

    id: str
    title: str
    competes: bool
    by_strategy: bool
    drawn: bool
    groups: tuple[ShownGroup, ...]
    table: ReportTable
    rows: pl.DataFrame
    days: dict[str, list[int]]


def _asked(id: str, title: str, question: Question, **more: bool) -> FigureAsked:
    return FigureAsked(id=id, title=title, question=question, **more)


FIGURES: tuple[FigureAsked, ...] = (
    _asked(
        "pfs_product",
        "Progression-free survival from the first infusion, by product",
        Question(endpoint="PFS", by="product"),
    ),
    _asked(
        "os_product",
        "Overall survival from the first infusion, by product",
        Question(endpoint="OS", by="product"),
    ),
    _asked(
        "progression",
        "Progression from the first infusion, death before it competing",
        Question(endpoint="progression"),
    ),
    _asked(
        "progression_results",
        "Progression by the results alone",
        Question(endpoint="progression", progression="results"),
        drawn=False,
    ),
    _asked(
        "progression_team",
        "Progression as the team recorded it",
        Question(endpoint="progression", progression="team"),
        drawn=False,
    ),
    _asked(
        "os_failure",
        "Overall survival from the failure, by its kind",
        Question(endpoint="OS", origin="failure", by="kind"),
    ),
    _asked(
        "to_salvage",
        "From the failure to the first salvage, death before it competing",
        Question(endpoint="TTNT", origin="failure"),
    ),
    _asked(
        "pfs_strategy",
        "Progression-free survival from the first salvage, by strategy",
        Question(endpoint="PFS", origin="salvage", by="strategy"),
    ),
    _asked(
        "os_strategy",
        "Overall survival from the first salvage, by strategy",
        Question(endpoint="OS", origin="salvage", by="strategy"),
    ),
    _asked(
        "os_second_cart",
        "Overall survival from the collection of a second CAR-T, from its infusion on",
        Question(endpoint="OS", origin="apheresis", infusion=2, by="strategy"),
        drawn=False,
    ),
    *(
        _asked(
            f"os_landmark_{day}",
            f"Survival from day {day} after the failure",
            Question(endpoint="OS", origin="failure", by="strategy", landmark=day),
            begun=True,
            drawn=False,
        )
        for day in LANDMARKS
    ),
)


def figure_of(cohort: Cohort, asked: FigureAsked, rule: CountRule) -> Figure:
    """The figure, with groups of a few patients together."""
    rows = outcome_rows(cohort.store, asked.question)
    if asked.begun:
        rows = _by_begun(rows)
    rows = _few_together(rows, rule)
    found = estimated_rows(rows, asked.question, cohort.criteria)
    groups = tuple(
        shown_group(group, found, rule) for group in sorted(found.groups, key=_unknown_last)
    )
    name = group_words(asked)
    notes = (*_deaths_beside(rows, rule), *_bounds_told(asked, groups), *_notes(asked))
    return Figure(
        id=asked.id,
        title=asked.title,
        competes=asked.question.competes,
        by_strategy=asked.question.by == "strategy",
        drawn=asked.drawn,
        groups=groups,
        table=_table(asked, groups, name, notes),
        rows=_whose(rows, asked, groups),
        days=_days(asked, groups),
    )


def _unknown_last(group: object) -> tuple[bool, int]:
    name = getattr(group, "group", None)
    last = name == NOT_KNOWN or str(name).startswith(OTHER)
    return last, -int(getattr(group, "n", 0))


def _by_begun(rows: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    begun = pl.col("group") != NO_SALVAGE_YET
    return rows.with_columns(
        group=pl.when(begun).then(pl.lit("salvage_begun")).otherwise(pl.lit(NO_SALVAGE_YET))
    )


def _few_together(rows: pl.DataFrame, rule: CountRule) -> pl.DataFrame:
    """Groups with fewer patients than the minimum as one; where that is too few as well, with those
    of whom the group is not known.
    """
    import polars as pl

    counted = rows.filter(pl.col("left_out").is_null(), pl.col("group").is_not_null())
    sizes = dict(counted["group"].value_counts().iter_rows())
    few = [name for name, n in sizes.items() if n < rule.min_cell and name != NOT_KNOWN]
    nobody = set(rows.filter(pl.col("has_origin"))["group"].drop_nulls()) - set(sizes)
    if not few and not nobody:
        return rows
    together = sum(sizes[name] for name in few) >= rule.min_cell
    name = f"{OTHER} ({len(few)})" if together else NOT_KNOWN
    into = pl.when(pl.col("group").is_in([*few, *nobody])).then(pl.lit(name)).otherwise("group")
    return rows.with_columns(group=into)


def _whose(rows: pl.DataFrame, asked: FigureAsked, shown: Sequence[ShownGroup]) -> pl.DataFrame:
    """Whose data each group of the figure shows, as the ledger keeps it: each count by itself, and
    the courses that curves are made of.
    """
    import polars as pl

    there = rows.filter(pl.col("has_origin"))
    counted = there.filter(pl.col("left_out").is_null())
    with_spread = [group.name for group in shown if group.spread]
    bounded = there.filter(pl.col("group").is_in(with_spread, nulls_equal=True))
    exit, cause = pl.col("exit"), pl.col("cause")
    course = history(
        pl.col("entry"), exit, pl.when(cause == 1).then(exit), pl.when(cause == 2).then(exit)
    )
    parts = (
        (":left_out", there, pl.col("left_out").fill_null("")),
        (":events", counted, cause.cast(pl.String)),
        (":late", counted, (pl.col("entry") > 0).cast(pl.String)),
        *((f":bounds_{day}", bounded, _bounds_on(day)) for day in DAYS_SHOWN[1:]),
        (COURSES, counted, course),
    )
    return pl.concat(
        own.select(_key(f"{asked.id}{part}"), "patient_id", row.alias("row"))
        for part, own, row in parts
    )


def _key(part: str) -> pl.Expr:
    import polars as pl

    group = pl.col("group").fill_null(_ALL)
    return pl.concat_str([pl.lit(part), group], separator="/").alias("key")


def _bounds_on(shown: int) -> pl.Expr:
    """What of the bounds of a patient counts for the share on a day."""
    import polars as pl

    ends = (("earliest", "cause"), ("latest", "cause_latest"))
    parts = [pl.col("entry").clip(upper_bound=shown)]
    for day, cause in ends:
        parts += [
            pl.col(day).clip(upper_bound=shown + 1),
            pl.when(pl.col(day) <= shown).then(cause),
        ]
    text = [part.cast(pl.String).fill_null("") for part in parts]
    return pl.concat_str(text, separator="|")


def _days(asked: FigureAsked, groups: Sequence[ShownGroup]) -> dict[str, list[int]]:
    """The days that each curve of the figure shows, with those of the numbers at risk."""
    return {
        f"{asked.id}{COURSES}/{group.name or _ALL}": sorted(
            {
                *DAYS_SHOWN,
                *(
                    point.day
                    for curve in (group.curve, group.competing_curve)
                    if curve is not None
                    for point in curve.points
                ),
            }
        )
        for group in groups
    }


def group_words(asked: FigureAsked) -> Callable[[str | None], str]:
    """What a group of the figure is called."""
    by = asked.question.by

    def name(group: str | None) -> str:
        if group is None:
            return "all"
        if group == "salvage_begun":
            return "salvage begun"
        if group == NO_SALVAGE_YET:
            return "no salvage yet"
        if group == NOT_KNOWN:
            return "others or not known"
        if group.startswith(OTHER):
            return group
        return given_words(group) if by == "strategy" else words(group)

    return name


def _table(
    asked: FigureAsked,
    groups: Sequence[ShownGroup],
    name: Callable[[str | None], str],
    notes: Sequence[str],
) -> ReportTable:
    competes = asked.question.competes
    columns = ["patients", "events"]
    columns += ["competing"] if competes else []
    columns += ["entered late", "left out", "followed, months"]
    columns += [] if competes else ["median, months (95 %)"]
    columns += ["at 6 months (95 %)", "at 12 months (95 %)", "at 24 months (95 %)"]
    columns += [f"at risk {x}" for x in ("day 0", "month 6", "month 12", "month 24")]
    rows = tuple((name(group.name), _row(group, competes)) for group in groups)
    return ReportTable(
        id=asked.id,
        title=asked.title,
        columns=tuple(columns),
        rows=rows,
        notes=tuple(notes),
    )


def _row(group: ShownGroup, competes: bool) -> tuple[Cell, ...]:
    cells = [Cell.count(group.n), Cell.count(group.events)]
    cells += [Cell.count(group.competing)] if competes else []
    cells += [Cell.count(group.delayed), Cell.count(group.left_out)]
    followed = "" if group.followed is None else f"{group.followed:.0f}"
    cells.append(Cell(text=followed))
    cells += [] if competes else [Cell(text=f"{median_words(group)}{_median_bounds(group)}")]
    cells += [Cell(text=_on_day(group, day)) for day in DAYS_SHOWN[1:]]
    return (*cells, *(Cell.count(group.at_risk[day]) for day in DAYS_SHOWN))


def median_words(group: ShownGroup) -> str:
    """`8.1 (5.8 to 11.0)`, in months. A curve that is shown in part tells of its own end only:
    whether the rest falls to one half would be told of the few who are left.
    """
    median = group.median
    if median.value is None:
        return _without_median(group.curve)
    low = "?" if median.low is None else _one_place(median.low)
    high = "?" if median.high is None else _one_place(median.high)
    return f"{_one_place(median.value)} ({low} to {high})"


def _one_place(months: float) -> str:
    """`8.1`; whole months, as where counts are not exact, without a place that they don't have."""
    return f"{round(months, 1):g}"


def _without_median(curve: ShownCurve | None) -> str:
    if curve is None:
        return "too few"
    last = curve.points[-1]
    if min(point.share for point in curve.points) <= _HALF:
        return "not shown (few at risk)"
    if curve.stepped:
        return "not reached"
    months = int(last.day / MONTH)
    return f"not reached by month {months}; few at risk later"


def _median_bounds(group: ShownGroup) -> str:
    if group.median_spread is None:
        return ""
    early, late = ("?" if x is None else f"{x:.1f}" for x in group.median_spread)
    return f" [{early} / {late}]"


def _on_day(group: ShownGroup, day: int) -> str:
    """The share with its limits and, in brackets, what vague days leave open."""
    said = _percent_words(group.shares[day])
    if not said or day not in group.spread:
        return said
    early, late = group.spread[day]
    return f"{said} [{100 * early:.0f} / {100 * late:.0f}]"


def _percent_words(share: Estimate) -> str:
    if share.value is None:
        return ""
    if share.low is None or share.high is None:
        return f"{100 * share.value:.0f} % (limits not known)"
    return f"{100 * share.value:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f})"


def _deaths_beside(rows: pl.DataFrame, rule: CountRule) -> list[str]:
    """Failures that are a death, from which nothing can be counted."""
    import polars as pl

    deaths = rows.filter(pl.col("left_out") == FAILURE_IS_DEATH).height
    if not deaths:
        return []
    return [
        "Counted from a progression. Not in the curves: patients whose failure is the death of"
        f" myeloma itself, without a progression before it ({shown_text(rule.shown(deaths))})."
    ]


def _bounds_told(asked: FigureAsked, groups: Sequence[ShownGroup]) -> list[str]:
    if not any(group.spread or group.median_spread for group in groups):
        return []
    too_good = (
        ""
        if asked.question.competes
        else " Leaving out deaths without a day makes survival too good."
    )
    return [
        "In brackets: with all vague days as early / as late as they can have been, deaths and"
        f" progressions without a day among them.{too_good}"
    ]


def _notes(asked: FigureAsked) -> list[str]:
    question = asked.question
    notes: list[str] = []
    if question.progression != "agreed":
        notes.append(
            "Whoever progressed by the other source alone is followed on, to death, new therapy or"
            " the last assessment."
        )
    if question.origin == "failure":
        notes.append("Of failures that are certain; suspected ones are in the tables alone.")
    if question.origin == "failure" and question.endpoint == "TTNT":
        notes.append(
            "Where the failure is the death itself, it counts on day 1. Left out: whoever had begun"
            " another therapy before the failure, and is not at risk of a first salvage."
        )
    if question.competes:
        notes.append(
            f"Competing: {COMPETING[question.endpoint]}; it is an event of its own and no"
            " censoring."
        )
    if question.origin == "salvage":
        notes.append(
            "Counted from the first dose of the first salvage: the time before it is no time under"
            " it. " + _DESCRIPTIVE
        )
    elif question.origin == "apheresis":
        notes.append(
            "Counted from the collection; patients enter on the day of the infusion. The store"
            " knows only collections that led to one."
        )
    elif question.landmark is not None:
        notes.append(
            "Patients alive and seen on the landmark, in the group of that day: who begins a"
            " salvage later stays in his group. Left out: who died, or was not followed or not yet"
            " seen, by then, and who had begun new therapy before the failure. " + _DESCRIPTIVE
        )
    elif question.by is not None:
        notes.append(_DESCRIPTIVE)
    return notes
