"""The report as one HTML page that needs nothing else, as CSV files and as a workbook."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from rearm.files import write_text
from rearm.report.cohort.adjusted import ADJUSTED
from rearm.report.cohort.contents import CohortReport
from rearm.report.cohort.counts import HIDDEN
from rearm.report.cohort.curves import DAYS_SHOWN
from rearm.report.cohort.figures import FIGURES, READINGS, Figure, group_words
from rearm.report.cohort.pictures import curve_spec, flow_spec, states_spec
from rearm.report.cohort.table import Cell, ReportTable, csv_text
from rearm.report.cohort.whose import STATES
from rearm.report.draw import NO_PICTURES, Spec, can_draw, svg
from rearm.report.style import css, environment
from rearm.version import __version__
from rearm.workbook import Workbook, put, write_workbook

__all__ = ["cohort_page", "write_csv_tables", "write_tables_workbook"]

_ASKED = {asked.id: asked for asked in FIGURES}
_NEAREST_DAYS = {  # by whether every day can be shown
    True: (),
    False: ("The days are the last of the picture up to day 183, 365 and 730.",),
}
_SHEET = 31  # characters that the name of a sheet may have


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part of the page: a table with, above it, a picture and what it shows."""

    table: ReportTable
    picture: Markup | None = None
    caption: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    id: str
    title: str
    parts: tuple[_Part, ...]


def cohort_page(report: CohortReport) -> str:
    """The page. Without the extra `pictures` it says so and has the tables."""
    withheld = [_title(name, report) for name in report.withheld]
    return (
        environment()
        .get_template("cohort.html.j2")
        .render(
            css=css(),
            report=report,
            sections=_sections(report),
            withheld=withheld,
            no_pictures="" if can_draw() else NO_PICTURES,
            hidden=HIDDEN,
            software=__version__,
        )
    )


def _title(figure: str, report: CohortReport) -> str:
    """What a table or figure that is left out is called."""
    if figure in report.tables:
        return report.tables[figure].title
    others = {STATES: "where patients are over time", ADJUSTED: "the adjusted model"}
    return _ASKED[figure].title if figure in _ASKED else others[figure]


def _sections(report: CohortReport) -> list[_Section]:
    table, figures = report.tables, {figure.id: figure for figure in report.figures}

    def plain(name: str, *, folded: bool = False) -> _Part:
        return _Part(table=table[name], folded=folded)

    def curves(*names: str) -> tuple[_Part, ...]:
        return tuple(_with_curves(figures[name]) for name in names if name in figures)

    sections = (
        _Section(id="patients", title="The patients", parts=(plain("funnel"), plain("who"))),
        _Section(
            id="failure",
            title="Failure",
            parts=(
                *_states(report),
                *curves("progression", "pfs_product", "os_product"),
                plain("kinds"),
                plain("causes", folded=True),
            ),
        ),
        _Section(
            id="after",
            title="After the failure",
            parts=(
                *curves("to_salvage", "os_failure"),
                *_landmarks(report),
            ),
        ),
        _Section(
            id="salvage",
            title="Salvage",
            parts=(
                *_ways(report),
                plain("responses"),
                *curves("pfs_strategy", "os_strategy", "os_second_cart"),
                *(plain(name) for name in (ADJUSTED,) if name in table),
            ),
        ),
        _Section(
            id="agreement",
            title="Agreement",
            parts=(
                plain("agreement"),
                plain("progression_days"),
                *_together(report, READINGS, "readings", "Progression by one source alone"),
                plain("tiers"),
            ),
        ),
        _Section(id="tests", title="Tests not done", parts=(plain("never_done"),)),
    )
    kept = [
        _Section(
            id=section.id,
            title=section.title,
            parts=tuple(part for part in section.parts if not part.table.empty),
        )
        for section in sections
    ]
    return [section for section in kept if section.parts]


def _picture(spec: Spec | None, label: str) -> Markup | None:
    if spec is None or not can_draw():
        return None
    return Markup(svg(spec, label=label))


def _with_curves(figure: Figure) -> _Part:
    if not figure.drawn:
        return _Part(table=figure.table)
    name = group_words(_ASKED[figure.id])
    spec = curve_spec(figure.groups, name, competes=figure.competes)
    picture = _picture(spec, f"{figure.title}; the numbers are in the table below")
    stepped = any(g.curve is not None and g.curve.stepped for g in figure.groups)
    caption = "" if picture is None else _caption(stepped)
    return _Part(table=figure.table, picture=picture, caption=caption)


def _caption(stepped: bool) -> str:
    limits = "Shaded: 95 % limits by log-log, for each day by itself."
    if stepped:
        return limits
    return (
        f"{limits} Lines join ends of weeks between which enough patients had the event, and end"
        " where too few are at risk."
    )


def _states(report: CohortReport) -> tuple[_Part, ...]:
    """Where patients are over time: a picture with the shares of some days."""
    if not report.states:
        return ()
    shown = _states_on(report)
    names = {
        "remission": "no relapse",
        "relapse": "relapse, no salvage",
        "salvage_1": "first salvage",
        "salvage_2": "second salvage",
        "death": "dead",
    }
    rows = tuple(
        (
            names[state],
            tuple(
                Cell(text=f"{100 * shares[i]:.0f} %", value=round(100 * shares[i]))
                for shares in shown.values()
            ),
        )
        for i, state in enumerate(report.state_names)
    )
    table = ReportTable(
        id="states",
        title="Where patients are, by time since the first infusion",
        columns=tuple(f"% on day {day}" for day in shown),
        rows=rows,
        notes=(
            "Estimated (Aalen-Johansen) with death and each further state competing. No relapse:"
            " alive without a relapse of a known day, in response or not.",
            *_NEAREST_DAYS[report.rule.exact],
        ),
    )
    picture = _picture(states_spec(report.states, report.state_names), table.title)
    return (_Part(table=table, picture=picture),)


def _states_on(report: CohortReport) -> dict[int, tuple[float, ...]]:
    """The shares by day: month 6, 12 and 24, or the last day before it that the picture shows. A
    picture of every step holds between its steps; one of some days tells nothing between them.
    """
    found: dict[int, tuple[float, ...]] = {}
    for month_end in DAYS_SHOWN[1:]:
        if report.states[-1][0] < month_end:
            break
        day, shares = [point for point in report.states if point[0] <= month_end][-1]
        found[month_end if report.rule.exact else day] = shares
    return found


def _landmarks(report: CohortReport) -> tuple[_Part, ...]:
    title = "Overall survival from a landmark after the failure, by whether a salvage had begun"
    return _together(report, "os_landmark_", "os_landmarks", title)


def _together(report: CohortReport, start: str, name: str, title: str) -> tuple[_Part, ...]:
    """Figures without a picture as one table."""
    found = [f for f in report.figures if f.id.startswith(start)]
    if not found:
        return ()
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for figure in found:
        rows.append((figure.title, ()))
        rows += figure.table.rows
    table = ReportTable(
        id=name,
        title=title,
        columns=found[0].table.columns,
        rows=tuple(rows),
        notes=found[0].table.notes,
    )
    return (_Part(table=table),)


def _ways(report: CohortReport) -> tuple[_Part, ...]:
    first, second = report.tables["first_salvage"], report.tables["sequences"]
    spec = flow_spec(first, second)
    picture = _picture(spec, "From the kind of failure to the first and the second salvage")
    caption = (
        "From the kind of failure (left) to the first salvage and the second (right). As wide as"
        f" the counts of the two tables below; what they show as {HIDDEN} is not drawn."
    )
    return (_Part(table=first, picture=picture, caption=caption), _Part(table=second))


def every_table(report: CohortReport) -> list[ReportTable]:
    """All tables in the order of the page."""
    return [part.table for section in _sections(report) for part in section.parts]


def write_csv_tables(report: CohortReport, folder: Path) -> list[Path]:
    """A CSV file for each table. Gives the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table in every_table(report):
        path = folder / f"{table.id}.csv"
        write_text(path, csv_text(table))
        written.append(path)
    return written


def write_tables_workbook(report: CohortReport, path: Path) -> Path:
    """A workbook with a sheet for each table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_workbook(path, lambda book: _fill(book, report), title="Rearm: report of a store")


def _fill(book: Workbook, report: CohortReport) -> None:
    bold = book.add_format({"bold": True})
    for table in every_table(report):
        sheet = book.add_worksheet(table.id[:_SHEET])
        sheet.set_column(0, 0, 44)
        put(sheet, 0, 0, table.title, bold)
        for column, name in enumerate(table.columns, 1):
            put(sheet, 1, column, name, bold)
        row = 2
        for label, cells in table.rows:
            put(sheet, row, 0, label, None if cells else bold)
            for column, cell in enumerate(cells, 1):
                put(sheet, row, column, _value(cell.value, cell.text))
            row += 1
        for note in table.notes:
            row += 1
            put(sheet, row, 0, note)


def _value(value: Any, text: str) -> str | int:
    return value if isinstance(value, int) else text
