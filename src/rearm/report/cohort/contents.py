"""Everything that a report of a store shows, before it is written as a page, tables or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rearm.cohort.outcomes.opened import AnyStore, opened
from rearm.cohort.outcomes.states import occupation_of
from rearm.errors import InputError
from rearm.report.cohort.adjusted import ADJUSTED, adjusted_model
from rearm.report.cohort.cohort import Cohort
from rearm.report.cohort.counts import CountRule
from rearm.report.cohort.curves import shown_states
from rearm.report.cohort.failures import (
    causes,
    failure_kinds,
    progression_days,
    response_agreement,
)
from rearm.report.cohort.figures import FIGURES, Figure, figure_of
from rearm.report.cohort.kinds import of_one_kind
from rearm.report.cohort.ledger import Ledger
from rearm.report.cohort.listed import OfListedProducts
from rearm.report.cohort.never_done import never_done
from rearm.report.cohort.salvage import first_by_kind, responses, sequences, tiers_of_chosen
from rearm.report.cohort.table import ReportTable
from rearm.report.cohort.who import funnel, who_they_are
from rearm.report.cohort.whose import STATES, days_shown, figures_of, published, whose_data
from rearm.version import __version__

__all__ = ["CohortReport", "cohort_report"]

_PATIENTS = frozenset({"funnel", "who"})  # without them there is no report


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortReport:
    """A report. `tables` by id, in the order of the page; `figures`: curves with their tables;
    `states`: day and share in each state; `withheld`: ids of tables (left empty) and
    figures of a kind of which a part differs from an earlier report in the data of a few patients.
    """

    patients: int | None
    criteria: str
    knowledge: tuple[str, ...]
    rule: CountRule
    tables: dict[str, ReportTable]
    figures: tuple[Figure, ...]
    states: tuple[tuple[int, tuple[float, ...]], ...]
    state_names: tuple[str, ...]
    withheld: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain data: what the page shows, and nothing that it does not."""
        every = [*self.tables.values(), *(figure.table for figure in self.figures)]
        return {
            "software": __version__,
            "knowledge": list(self.knowledge),
            "criteria": self.criteria,
            "patients": self.patients,
            "min_cell": self.rule.min_cell,
            "rounded_to": self.rule.base,
            "limits": "log-log",
            "level": 0.95,
            "withheld": list(self.withheld),
            "tables": {table.id: _plain(table) for table in every},
            "states": {
                "states": list(self.state_names),
                "days": [day for day, _ in self.states],
                "shares": [[round(x, 3) for x in shares] for _, shares in self.states],
            },
        }


def _plain(table: ReportTable) -> dict[str, Any]:
    return {
        "title": table.title,
        "columns": list(table.columns),
        "rows": [
            {"label": label, "cells": [x.text if x.value is None else x.value for x in cells]}
            for label, cells in table.rows
        ],
        "notes": list(table.notes),
    }


def cohort_report(
    store: AnyStore,
    *,
    min_cell: int = 5,
    ledger: Path | None = None,
    adjust: Sequence[str] = (),
) -> CohortReport:
    """A report of a store, and a note of what it shows in the ledger (by default the folder
    `reports` of the store), so that no later one differs from it by a few patients.

    `adjust`: covariates of a model of survival from the first salvage, which is left out without
    any. With `min_cell` 1 every count is shown as it is and nothing is noted: such a report is for
    those who may see the patients. Raises InputError where an earlier report differs from this one
    in the data of fewer than `min_cell` patients, and where the store holds no patient.
    """
    import polars as pl

    rule = CountRule(min_cell)
    folder = opened(store)
    if not rule.exact:
        folder = OfListedProducts(folder.folder)
    cohort = Cohort(folder)
    if not cohort.patients.height:
        raise InputError(f"{folder.path} holds no patients, so there is nothing to report.")
    figures = [figure_of(cohort, asked, rule) for asked in FIGURES]
    occupation = occupation_of(folder)
    states = shown_states(occupation.occupation, rule)
    model = adjusted_model(cohort, adjust, rule) if adjust else None
    shows = whose_data(cohort, figures)
    days = days_shown(figures, [day for day, _ in states])
    if model is not None:
        shows = pl.concat([shows, model.rows])
    close: frozenset[str] = frozenset()
    if not rule.exact:
        book = Ledger(ledger) if ledger is not None else Ledger.of_store(folder.path)
        close = of_one_kind(figures_of(book.too_close(shows, min_cell, days)))
        _refuse(close, min_cell)
        book.add(published(shows, close), min_cell, days)
    withheld = close
    return CohortReport(
        patients=rule.shown(cohort.patients.height),
        criteria=folder.criteria(),
        knowledge=tuple(sorted(cohort.patients["knowledge"].drop_nulls().unique())),
        rule=rule,
        tables=_tables(cohort, rule, withheld)
        | ({} if model is None or ADJUSTED in withheld else {ADJUSTED: model.table}),
        figures=tuple(f for f in figures if f.id not in withheld),
        states=() if STATES in withheld else states,
        state_names=occupation.occupation.states,
        withheld=tuple(sorted(withheld)),
    )


def _tables(cohort: Cohort, rule: CountRule, withheld: frozenset[str]) -> dict[str, ReportTable]:
    made = (
        funnel(cohort, rule),
        who_they_are(cohort, rule),
        failure_kinds(cohort, rule),
        causes(cohort, rule),
        first_by_kind(cohort, rule),
        responses(cohort, rule),
        sequences(cohort, rule),
        response_agreement(cohort, rule),
        progression_days(cohort, rule),
        tiers_of_chosen(cohort, rule),
        never_done(cohort, rule),
    )
    return {x.id: replace(x, rows=(), notes=()) if x.id in withheld else x for x in made}


def _refuse(close: frozenset[str], min_cell: int) -> None:
    if _PATIENTS & close:
        raise InputError(
            f"An earlier report of this store was made of almost the same data: those of fewer than"
            f" {min_cell} patients differ. The two reports together would show what became of these"
            f" few. Wait until the data of {min_cell} or more have changed, or name --min-cell 1"
            " for a report that stays with those who may see the patients."
        )
