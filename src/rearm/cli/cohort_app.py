"""The commands on many patients."""

from __future__ import annotations

import typer

from rearm.cli.shared import app

__all__ = ["cohort_app"]

cohort_app = typer.Typer(
    help="Many patients: a store of a registry, and what it says.", no_args_is_help=True
)
app.add_typer(cohort_app, name="cohort")
