"""What helps to begin: the version, empty tables, a draft of a mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rearm.cli.shared import Json, RedcapDictionary, Unusable, app, print_json, say, spoken, tell
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
            "--version", help="Print the version and exit.", callback=_tell_version, is_eager=True
        ),
    ] = False,
) -> None:
    """What is asked of the program itself."""


@app.command()
@spoken
def template(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder to write the empty tidy tables to, as CSV.")
    ] = None,
    xlsx: Annotated[
        Path | None,
        typer.Option(
            "--xlsx",
            help=(
                "A workbook to write: a form for one patient with drop-downs, an example, and the"
                " tidy tables as sheets."
            ),
        ),
    ] = None,
    redcap: Annotated[
        Path | None,
        typer.Option(
            "--redcap",
            help=(
                "A data dictionary (CSV) to write: create a REDCap project from it, and its exports"
                " are read as they are."
            ),
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a form for one patient (--xlsx), a data dictionary for REDCap (--redcap), or empty
    tidy tables with a description of each column.
    """
    if folder is None and xlsx is None and redcap is None:
        raise Unusable(
            "Name what to write: --xlsx FILE.xlsx for the form, --redcap FILE.csv for a data "
            "dictionary, or a folder for the empty tables."
        )
    written: list[str] = []
    if xlsx is not None:
        from rearm.intake.form.workbook import write_form
        from rearm.knowledge import load

        written.append(str(write_form(xlsx, load())))
    if redcap is not None:
        from rearm.intake.redcap.own_dictionary import repeating_forms, write_dictionary

        written.append(str(write_dictionary(redcap)))
        say(
            "In the project, enable these forms as repeating instruments: "
            f"{', '.join(repeating_forms())}."
        )
    if folder is not None:
        from rearm.intake.tidy.template import write_template

        written += [str(p) for p in write_template(folder)]
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
    redcap: RedcapDictionary = None,
    as_json: Json = False,
) -> None:
    """Draft a mapping file from the headers, or from the data dictionary of a REDCap project;
    unrecognised columns become comments.
    """
    from rearm.intake.mapping.draft.write import write_draft
    from rearm.intake.tidy.read import all_tidy

    if redcap is None and source.exists() and all_tidy(source):
        raise Unusable(
            f"{source} already holds tidy tables, so no mapping is needed. Run: rearm check "
            f"{source}"
        )
    if redcap is not None:
        from rearm.intake.redcap.draft import write_redcap_draft

        written = write_redcap_draft(mapping, source, redcap)
    else:
        written = write_draft(mapping, source)
    if as_json:
        print_json(str(written))
    else:
        tell(
            f"{written} written. Read it through, complete the columns listed as comments, then "
            f"run: rearm check {source} --mapping {written}"
        )
