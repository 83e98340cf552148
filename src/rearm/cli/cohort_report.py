"""The command that reports a store: a page, tables, JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rearm.cli.cohort_app import cohort_app
from rearm.cli.shared import Unusable, named, print_json, say, spoken

if TYPE_CHECKING:
    from rearm.report.cohort.contents import CohortReport

StoreArgument = Annotated[
    Path, typer.Argument(help="A store, made by `rearm cohort build`.", metavar="STORE")
]
_PAGE = "report.html"
_WORKBOOK = "tables.xlsx"


@cohort_app.command("report")
@spoken
def report(
    store: StoreArgument,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            parser=named,
            metavar="PATH",
            help=f"Write the page to this file (.html), or as {_PAGE} into this folder.",
        ),
    ] = None,
    tables: Annotated[
        Path | None,
        typer.Option(
            "--tables",
            parser=named,
            metavar="FOLDER",
            help="Write each table as a CSV file into this folder.",
        ),
    ] = None,
    xlsx: Annotated[
        bool, typer.Option("--xlsx", help=f"With --tables: also one workbook, {_WORKBOOK}.")
    ] = False,
    min_cell: Annotated[
        int,
        typer.Option(
            "--min-cell",
            help="The smallest count of patients that is shown; 1: all, for those who may see the "
            "patients.",
        ),
    ] = 5,
    ledger: Annotated[
        Path | None,
        typer.Option(
            "--ledger",
            parser=named,
            metavar="FOLDER",
            help="Where it is kept what earlier reports showed; by default in the store. Copies of "
            "a store need one in common.",
        ),
    ] = None,
    adjust: Annotated[
        list[str] | None,
        typer.Option(
            "--adjust",
            metavar="COVARIATE",
            help="Add a model of survival from the first salvage, adjusted for this covariate; may "
            "be repeated: age, female, lines-before, months-to-salvage, primary-refractory, "
            "high-risk, extraosseous.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--as-json", "--json", help="Print the tables as JSON.")
    ] = False,
) -> None:
    """Report a store: who the patients are, what failed, what was given and what became of it."""
    from rearm.report.cohort.contents import cohort_report

    if html is None and tables is None and not as_json:
        raise Unusable("Name what to write: --html PATH, --tables FOLDER, or --as-json.")
    if xlsx and tables is None:
        raise Unusable("--xlsx writes a workbook beside the tables. Name their folder: --tables.")
    made = cohort_report(store, min_cell=min_cell, ledger=ledger, adjust=tuple(adjust or ()))
    if html is not None:
        _write_page(made, html)
    if tables is not None:
        _write_tables(made, tables, xlsx)
    if as_json:
        print_json(made.to_dict())


def _write_page(made: CohortReport, html: Path) -> None:
    from rearm.files import write_text
    from rearm.report.cohort.page import cohort_page

    one_file = html.suffix.lower() in (".html", ".htm") and not html.is_dir()
    file = html if one_file else html / _PAGE
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, cohort_page(made))
    say(f"{file} written.")


def _write_tables(made: CohortReport, tables: Path, xlsx: bool) -> None:
    from rearm.report.cohort.page import write_csv_tables, write_tables_workbook

    written = write_csv_tables(made, tables)
    say(f"{len(written)} tables written to {tables}.")
    if xlsx:
        say(f"{write_tables_workbook(made, tables / _WORKBOOK)} written.")
