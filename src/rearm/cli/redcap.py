"""Fetching a REDCap project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rearm.cli.shared import Json, app, named, print_json, spoken, tell


@app.command()
@spoken
def redcap(
    url: Annotated[str, typer.Argument(help="The address of the API, such as https://host/api/.")],
    folder: Annotated[
        Path, typer.Argument(help="A folder to write the two files to.", parser=named)
    ],
    token_variable: Annotated[
        str,
        typer.Option("--token-variable", help="The environment variable that holds the token."),
    ] = "REDCAP_TOKEN",
    as_json: Json = False,
) -> None:
    """Fetch the records and the data dictionary of a REDCap project, without the fields that it
    marks as identifiers.
    """
    from rearm.intake.redcap.api import fetch

    export, dictionary = fetch(url, folder, token_variable=token_variable)
    if as_json:
        print_json([str(export), str(dictionary)])
    else:
        tell(
            f"{export} and {dictionary} written. Now run: rearm check {export} --redcap "
            f"{dictionary}"
        )
