"""What helps to begin: the version, empty tables, a draft of a mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rearm.cli.shared import Json, app, print_json, spoken, tell
from rearm.version import __version__


def _tell_version(wanted: bool) -> None:
    if wanted:
        print(f"rearm {__version__}")
        raise typer.Exit


@app.callback()
def rearm(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and end.", callback=_tell_version, is_eager=True
        ),
    ] = False,
) -> None:
    """What is asked of the program itself."""


@app.command()
@spoken
def template(
    folder: Annotated[Path, typer.Argument(help="A folder to write to.")], as_json: Json = False
) -> None:
    """Write empty tidy tables with a description of each column."""
    from rearm.intake.tidy.template import write_template

    written = [str(p) for p in write_template(folder)]
    if as_json:
        print_json(written)
    else:
        tell("\n".join(written))


@app.command()
@spoken
def init(
    mapping: Annotated[Path, typer.Argument(help="The mapping file to write (TOML).")],
    source: Annotated[
        Path, typer.Option("--from", help="The workbook, folder or file whose headers are read.")
    ],
    as_json: Json = False,
) -> None:
    """Draft a mapping file from the headers; columns not recognised stand as comments."""
    from rearm.intake.mapping.draft import write_draft

    written = write_draft(mapping, source)
    if as_json:
        print_json(str(written))
    else:
        tell(
            f"{written} written. Read it through, complete the commented columns, then: rearm check"
            f" {source} --mapping {written}"
        )
