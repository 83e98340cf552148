"""The outcomes of a store by strategy, to stand beside what is published; never pooled into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rearm.knowledge.bundle import bundled
from rearm.report.cohort.contents import CohortReport
from rearm.report.cohort.counts import shown_text
from rearm.report.cohort.figures import Figure, median_words
from rearm.report.cohort.salvage import given_words
from rearm.report.cohort.table import Cell, ReportTable

__all__ = ["BESIDE", "StoreFigures", "beside_evidence"]

BESIDE = (
    "Patients of this store in whom the strategy was the first salvage, counted from its first"
    " dose. They are not among the studies, and the pooled figures are made without them: who was"
    " treated, how response was judged and how long patients were followed differ."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFigures:
    """What a store shows of one strategy: each a name and a text, as the report has it."""

    figures: tuple[tuple[str, str], ...]

    @property
    def words(self) -> str:
        """All in one line."""
        return "; ".join(f"{name} {text}" for name, text in self.figures)


def beside_evidence(report: CohortReport) -> Mapping[str, StoreFigures]:
    """By strategy of the list; without those that nobody in the store had as first salvage."""
    responses = _rows(report.tables["responses"])
    curves = {figure.id: figure for figure in report.figures}
    found: dict[str, StoreFigures] = {}
    for strategy in bundled().words.strategies:
        label = given_words(strategy)
        figures = [*_response(responses.get(label)), *_times(curves, strategy)]
        if figures:
            found[strategy] = StoreFigures(figures=tuple(figures))
    return found


def _rows(table: ReportTable) -> dict[str, tuple[Cell, ...]]:
    return dict(table.rows)


def _response(cells: tuple[Cell, ...] | None) -> list[tuple[str, str]]:
    if not cells:
        return []
    responded, of_all, share, limits, evaluable, of_evaluable, judged_limits = (
        cell.text for cell in cells
    )
    whole = f" ({share}, 95 % {limits})" if share else ""
    judged = f" ({of_evaluable}, 95 % {judged_limits})" if of_evaluable else ""
    return [
        ("response", f"{responded} of {of_all}{whole}"),
        ("response of evaluable", f"{responded} of {evaluable}{judged}"),
    ]


def _times(curves: Mapping[str, Figure], strategy: str) -> list[tuple[str, str]]:
    found = []
    for name, key in (("median PFS", "pfs_strategy"), ("median OS", "os_strategy")):
        figure = curves.get(key)
        groups = () if figure is None else figure.groups
        group = next((group for group in groups if group.name == strategy), None)
        if group is not None:
            n, events = shown_text(group.n), shown_text(group.events)
            text = f"{median_words(group)}, n = {n}, {events} events"
            found.append((f"{name} in months", text))
    return found
