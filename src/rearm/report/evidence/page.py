"""The evidence behind the options: on the terminal, as one HTML page, as SVG and as data.

Every figure is unadjusted and comes from different patients: the page orders nothing by it and says
where two strategies are not separated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from markupsafe import Markup
from msgspec import to_builtins
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rearm.assessment.evidence import evidence_of, pooled_for, setting_rows
from rearm.assessment.figures import figure_of
from rearm.assessment.result import Figure
from rearm.errors import meant
from rearm.evidence import (
    MEASURES,
    Measure,
    StrategyEvidence,
    compare,
    evidence_for,
    forest_rows,
    listed_rows,
    overview_rows,
)
from rearm.evidence.table import ForestRow, ListedRow, plain_row
from rearm.files import write_text
from rearm.knowledge import Knowledge, KnowledgeError, load
from rearm.knowledge.rulesets import Option
from rearm.knowledge.studies import NEARNESS
from rearm.report.cohort.beside import BESIDE, StoreFigures
from rearm.report.draw import svg
from rearm.report.evidence.forest import (
    block_words,
    counts_words,
    estimate_words,
    forest_lines,
    forest_spec,
    in_months,
    label_words,
)
from rearm.report.figures import figure_words, in_whom, number_words
from rearm.report.style import css, environment

__all__ = [
    "Chosen",
    "choose_evidence",
    "evidence_object",
    "evidence_overview",
    "evidence_page",
    "evidence_text",
    "study_names",
    "write_evidence_svgs",
]

NOT_IN_STORE = "Nobody in the store has this strategy as first salvage, or too few to be shown."


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What was read for one strategy, or for the part of it that fits one option.

    `options`: those that the figures belong to.
    """

    id: str
    title: str
    evidence: StrategyEvidence
    options: tuple[Option, ...]


def choose_evidence(
    names: Sequence[str] = (), *, knowledge: Knowledge | None = None
) -> list[Chosen]:
    """The evidence of the strategies or options named; of every strategy without a name.

    Raises KnowledgeError for a name that is neither, with the nearest ones.
    """
    known = knowledge or load()
    return [_chosen(name, known) for name in names or known.words.strategies]


def _chosen(name: str, knowledge: Knowledge) -> Chosen:
    strategies = knowledge.words.strategies
    if name in strategies:
        evidence = evidence_for(name, studies=knowledge.studies)
        options = tuple(
            o
            for o in knowledge.options.values()
            if (o.evidence.strategy if o.evidence else o.strategy) == name
        )
        return Chosen(id=name, title=strategies[name].title, evidence=evidence, options=options)
    if name in knowledge.options:
        option = knowledge.options[name]
        return Chosen(
            id=name, title=option.name, evidence=pooled_for(option, knowledge), options=(option,)
        )
    near = meant(name, (*strategies, *knowledge.options), most=3, likeness=0.4)
    raise KnowledgeError(
        [f"There is no strategy or option {name}.{near} Strategies: {', '.join(strategies)}."]
    )


def study_names(knowledge: Knowledge) -> dict[str, str]:
    """What each study is called: first author and year."""
    return {
        s.id: f"{s.citation.authors.split(' et al')[0].rstrip('.')} {s.citation.year or ''}".strip()
        for s in knowledge.studies
    }


# ---------------------------------------------------------------- plain data


def evidence_object(
    chosen: Sequence[Chosen],
    *,
    knowledge: Knowledge | None = None,
    store: Mapping[str, StoreFigures] | None = None,
) -> list[dict[str, Any]]:
    """All figures as plain data for JSON.

    What is expected, the rows of each forest plot, every arm that was read; with `store` what a
    store shows of the strategy, apart.
    """
    words = (knowledge or load()).words
    return [
        {
            "id": one.id,
            "title": one.title,
            "strategy": one.evidence.strategy,
            "directness": one.evidence.directness,
            "note": one.evidence.note,
            "options": [o.id for o in one.options],
            "expected": [plain_row(row) for row in overview_rows(one.evidence, words)],
            "forest": {
                m: [plain_row(row) for row in forest_rows(one.evidence, m)] for m in MEASURES
            },
            "settings": [to_builtins(figure) for figure in _settings(one)],
            "arms": [plain_row(row) for row in listed_rows(one.evidence)],
        }
        | ({} if store is None else {"store": _of_store(one, store)})
        for one in chosen
    ]


def _of_store(one: Chosen, store: Mapping[str, StoreFigures]) -> dict[str, str]:
    found = store.get(one.evidence.strategy)
    return {} if found is None else dict(found.figures)


def _settings(one: Chosen) -> list[Figure]:
    """The figures among which a patient's own sequence chooses, the nearest setting first."""
    nearness = list(NEARNESS)
    return sorted(
        map(figure_of, setting_rows(one.evidence)),
        key=lambda x: (x.measure not in ("response", "pfs"), nearness.index(x.nearness)),
    )


def pairs_apart(chosen: Sequence[Chosen]) -> tuple[list[str], int]:
    """The pairs whose responses are apart in the same setting, and the number compared."""
    with_figures = [one for one in chosen if one.evidence.by_setting]
    apart = []
    pairs = list(combinations(with_figures, 2))
    for first, second in pairs:
        separation = compare(first.evidence, second.evidence)
        if separation.better is not None:
            better, worse = (first, second) if separation.better == "first" else (second, first)
            apart.append(
                f"{better.title} above {worse.title}: {separation.reason} ({separation.words})"
            )
    return apart, len(pairs)


# ---------------------------------------------------------------- terminal


def evidence_overview(
    chosen: Sequence[Chosen], *, store: Mapping[str, StoreFigures] | None = None
) -> RenderableType:
    """One row a strategy: the figure that is shown for each measure, with its label; with `store`
    what a store shows, below.
    """
    table = Table(box=None, pad_edge=False, collapse_padding=True, header_style="bold")
    table.add_column("strategy", no_wrap=True, min_width=max(len(one.id) for one in chosen))
    for column in ("evidence", "response", "median PFS", "severe infection", "arms read"):
        table.add_column(column)
    for one in chosen:
        cells = _overview_cells(one)
        table.add_row(
            one.id,
            one.evidence.directness,
            *(cells[m] for m in ("response", "pfs", "severe_infection")),
            cells["arms"],
        )
    note = (
        "Figures marked * are from patients without previous CAR-T. All are unadjusted and from "
        "different patients, so they do not rank the strategies."
    )
    if store is None:
        return Group(table, Text(note, style="dim"))
    lines = [
        Text(f"{one.id}: {store[one.evidence.strategy].words}")
        for one in chosen
        if one.evidence.strategy in store
    ]
    heading = Text("\nIn the store, beside it", style="bold")
    return Group(table, Text(note, style="dim"), heading, *lines, Text(BESIDE, style="dim"))


def _overview_cells(one: Chosen) -> dict[str, str]:
    rows = {row.measure: row for row in overview_rows(one.evidence)}
    mark = {"direct": "", "near": " (near)", "indirect only": " *"}
    cells = {
        m: estimate_words(rows[m], m) + mark[rows[m].directness] if m in rows else ""
        for m in MEASURES
    }
    return cells | {"arms": str(len(one.evidence.listed) or "")}


def evidence_text(
    one: Chosen,
    *,
    knowledge: Knowledge | None = None,
    store: Mapping[str, StoreFigures] | None = None,
) -> RenderableType:
    """Everything read for one strategy.

    The forest plots, then every arm with its figures, survival included, and what became of it;
    with `store` what a store shows of the strategy.
    """
    known = knowledge or load()
    names, measures = study_names(known), known.words.measures
    parts: list[RenderableType] = [
        Text(f"\n{one.title}", style="bold underline"),
        Text(one.evidence.note),
    ]
    for measure in MEASURES:
        rows = forest_rows(one.evidence, measure)
        if rows:
            parts += [
                Text(f"\n{measures[measure].title}", style="bold"),
                *_forest(rows, measure, names),
            ]
    if settings := _settings(one):
        parts.append(Text("\nBy what the patients had had before", style="bold"))
        parts += [Padding(Text(_setting_line(x)), (0, 0, 0, 2)) for x in settings]
    if listed := listed_rows(one.evidence):
        parts.append(Text("\nAll arms that were read", style="bold"))
        parts += [Padding(_listed_line(row, names), (0, 0, 0, 2)) for row in listed]
    if store is not None:
        parts += [Text("\nIn the store, beside it", style="bold"), *_store_lines(one, store)]
    return Group(*parts)


def _store_lines(one: Chosen, store: Mapping[str, StoreFigures]) -> list[RenderableType]:
    found = store.get(one.evidence.strategy)
    if found is None:
        return [Padding(Text(NOT_IN_STORE), (0, 0, 0, 2))]
    lines = [f"{name}: {text}" for name, text in found.figures]
    return [*(Padding(Text(x), (0, 0, 0, 2)) for x in lines), Text(BESIDE, style="dim")]


def _setting_line(figure: Figure) -> str:
    return f"{in_whom(figure)}: {figure_words(figure)}, {number_words(figure)}"


_FIGURES = (
    ("response", "response"),
    ("complete_response", "CR"),
    ("pfs", "PFS"),
    ("dor", "duration of response"),
    ("os", "OS"),
)


def _listed_line(row: ListedRow, names: Mapping[str, str]) -> Text:
    weak = ", weak source" if row.weak else ""
    figures = (
        "; ".join(f"{what} {value}" for key, what in _FIGURES if (value := getattr(row, key)))
        or "no figure read"
    )
    line = Text(f"{names[row.study]}, {row.population} [{row.directness}{weak}]: {figures}.")
    line.append(f" Pooled: {row.pooled.replace('_', ' ')}." if row.pooled else "", style="dim")
    line.append(f" Response not pooled: {row.not_pooled}." if row.not_pooled else "", style="dim")
    return line


def _forest(
    rows: Sequence[ForestRow], measure: Measure, names: Mapping[str, str]
) -> list[RenderableType]:
    """The plot in lines of at most 80 characters.

    The label above, then counts, plot, figure and weight, then the remark.
    """
    axis = "months, logarithmic" if in_months(measure) else "0" + "50 %".center(29) + "100"
    counts = "patients" if in_months(measure) else "with/of"
    parts: list[RenderableType] = [
        Text(f"{counts:>10}  {axis:<34}{'estimate (95 %)':<25}{'weight':>7}", style="dim")
    ]
    block = ""
    for row, line in zip(rows, forest_lines(rows, measure=measure), strict=True):
        heading = block_words(row, rows)
        if heading != block:
            block = heading
            parts.append(Text(heading, style="underline"))
        style = {"arm": "", "pooled": "bold", "new centre": "dim"}[row.kind]
        weight = "" if row.weight is None else f"{100 * row.weight:.0f} %"
        parts.append(Padding(Text(label_words(row, names), style=style), (0, 0, 0, 2)))
        parts.append(
            Text(
                f"{counts_words(row):>10}  {line:<34}{estimate_words(row, measure):<25}{weight:>7}",
                style=style,
                no_wrap=True,
            )
        )
        if remark := _remark(row, measure):
            parts.append(Padding(Text(remark, style="dim"), (0, 0, 0, 12)))
    return parts


def _remark(row: ForestRow, measure: Measure) -> str:
    """How the weight of an arm was set and what stands without it.

    Of a pooled figure: what must be known of it.
    """
    without = "" if row.without is None else f"without it {estimate_words(row.without, measure)}"
    return "; ".join(part for part in (row.note, without) if part)


# ---------------------------------------------------------------- pictures and the page


def _picture(one: Chosen, measure: Measure, knowledge: Knowledge) -> str | None:
    rows = forest_rows(one.evidence, measure)
    if not rows:
        return None
    label = f"Forest plot, {one.title}: {knowledge.words.measures[measure].title}"
    spec = forest_spec(rows, measure=measure, names=study_names(knowledge))
    return svg(spec, label=label)


def _options_by_note(one: Chosen, knowledge: Knowledge) -> dict[str, list[str]]:
    """Names of the options of a strategy by the note of the evidence that fits them."""
    by_note: dict[str, list[str]] = {}
    for option in one.options:
        by_note.setdefault(evidence_of(knowledge)[option.id].note, []).append(option.name)
    return by_note


def write_evidence_svgs(
    chosen: Sequence[Chosen], folder: Path, *, knowledge: Knowledge | None = None
) -> list[Path]:
    """One SVG file for each strategy and measure with a pooled figure: `<strategy>-<measure>.svg`.
    Gives the paths.
    """
    known = knowledge or load()
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for one in chosen:
        for measure in MEASURES:
            picture = _picture(one, measure, known)
            if picture is not None:
                path = folder / f"{one.id}-{measure.replace('_', '-')}.svg"
                write_text(path, picture)
                written.append(path)
    return written


def evidence_page(
    strategies: Sequence[str] = (),
    *,
    knowledge: Knowledge | None = None,
    store: Mapping[str, StoreFigures] | None = None,
    back: str = "",
) -> str:
    """One self-contained HTML page for the strategies or options named, else for all strategies;
    with `store` what a store shows of each, beside it. `back`: the address to which the page leads
    back.

    Raises KnowledgeError for a name that is neither.
    """
    known = knowledge or load()
    chosen = choose_evidence(strategies, knowledge=known)
    names = study_names(known)
    apart, pairs = pairs_apart(chosen)
    engine = environment().overlay()
    engine.filters = engine.filters | {"estimate": estimate_words, "counts": counts_words}
    sections = [
        {
            "one": one,
            "cells": _overview_cells(one),
            "measures": [
                {
                    "title": known.words.measures[m].title,
                    "id": m,
                    "rows": forest_rows(one.evidence, m),
                    "picture": Markup(picture),
                }
                for m in MEASURES
                if (picture := _picture(one, m, known)) is not None
            ],
            "settings": _settings(one),
            "listed": listed_rows(one.evidence),
            "options": _options_by_note(one, known),
            "in_store": None if store is None else store.get(one.evidence.strategy),
        }
        for one in chosen
    ]
    return engine.get_template("evidence.html.j2").render(
        css=css(),
        sections=sections,
        names=names,
        apart=apart,
        pairs=pairs,
        knowledge=known,
        with_store=store is not None,
        beside=BESIDE,
        not_in_store=NOT_IN_STORE,
        back=back,
    )
