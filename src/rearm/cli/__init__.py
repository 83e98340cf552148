"""The command line. Exit codes: 0 done, 1 what `check` looks for was found, 2 input that can't be
used, 3 a fault of the program.
"""

from __future__ import annotations

import io
import os
import sys

# isort: off
# in the order of the commands in `rearm --help`
from rearm.cli import patients, render, knowledge, response, start, redcap, model  # noqa: F401
from rearm.cli import cohort, cohort_report, cohort_export  # noqa: F401
from rearm.cli.demo import demo_app
from rearm.cli import serve, serve_store, serve_user, self_test  # noqa: F401

# isort: on
from rearm.cli.shared import app, say

__all__ = ["app", "main"]

app.add_typer(demo_app, name="demo")


def main() -> None:
    """Entry point of `rearm`. No traceback reaches a user: a fault of the program ends with a
    sentence and exit code 3.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # a file is written as UTF-8; a terminal that lacks a letter shows a question mark
            stream.reconfigure(
                encoding=stream.encoding if stream.isatty() else "utf-8", errors="replace"
            )
    try:
        app()
    except Exception as error:
        if os.environ.get("REARM_DEBUG"):
            raise
        say(
            f"rearm: internal error ({type(error).__name__}: {error}). This is a bug in Rearm, "
            "not a problem with your file. Reports already written are intact. Please report "
            "it; REARM_DEBUG=1 shows where it happened."
        )
        sys.exit(3)
