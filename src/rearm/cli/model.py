"""The mechanistic model: one patient, or a trial on virtual ones."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Annotated, Any

import typer

from rearm.cli.shared import (
    Input,
    Json,
    MappingFile,
    Patients,
    Unusable,
    app,
    chosen_patients,
    json_text,
    named,
    print_json,
    read_input,
    say,
    spoken,
    tell,
)


@app.command()
@spoken
def mechanism(
    path: Input,
    mapping: MappingFile = None,
    patient: Patients = None,
    infusion: Annotated[
        int | None,
        typer.Option(
            "--infusion",
            help="Infusion at which the course starts, counted from 1 (default: the first).",
        ),
    ] = None,
    draws: Annotated[
        int,
        typer.Option(
            "--draws",
            min=1800,
            help="Approximate number of virtual patients; more are simulated if few of them fit.",
        ),
    ] = 60_000,
    seed: Annotated[
        int, typer.Option("--seed", help="The same seed gives the same result.")
    ] = 20_260_101,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            parser=named,
            metavar="PATH",
            help="Write a page for each patient into this folder.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """For modellers: which mechanism of failure fits this patient's course, by a research model.

    It is a hypothesis, not a test, and feeds no recommendation. Where the record holds what the
    model does not read, it names no mechanism.
    """
    from rearm.files import FileNames, write_text
    from rearm.mechanism import posterior, withheld_because
    from rearm.report.mechanism import mechanism_page, mechanism_text

    records = list(chosen_patients(read_input(path, mapping), patient))
    names = FileNames()
    rows = JsonRows() if as_json else None
    answers = 0
    for record in records:
        try:
            if (why := withheld_because(record, infusion)) is not None:
                say(f"{record.patient_id}: {why} What follows is the model before the data.")
            result = posterior(record, infusion=infusion, draws=draws, seed=seed)
        except Exception as error:  # one patient's fault does not cost the others their answer
            if len(records) == 1:
                raise
            sentence = _why_not(record.patient_id, error)
            say(f"rearm: {sentence}")
            if rows is not None:
                rows.add({"patient_id": record.patient_id, "error": sentence})
            continue
        answers += 1
        if html is not None:
            html.mkdir(parents=True, exist_ok=True)
            page = html / f"{names.of(record.patient_id)}-mechanism.html"
            write_text(page, mechanism_page(result))
            say(f"{page} written.")
        if rows is not None:
            rows.add(result.to_dict())
        else:
            tell(mechanism_text(result))
    if rows is not None:
        rows.end()
    if not answers:
        raise Unusable(f"{path} contains no patient whose course can be explained.")


class JsonRows:
    """A JSON list that is printed row by row, as `print_json` would print it whole."""

    def __init__(self) -> None:
        self._before = "["

    def add(self, row: dict[str, Any]) -> None:
        """Print one row."""
        text = json_text(row)
        print(self._before + "\n" + indent(text, " "), end="")
        self._before = ","

    def end(self) -> None:
        """Close the list."""
        print("[]" if self._before == "[" else "\n]")


def _why_not(patient_id: str, error: Exception) -> str:
    from rearm.mechanism import MechanismError

    if isinstance(error, MechanismError):
        return str(error)
    return f"{patient_id}: the model failed ({type(error).__name__}: {error})."


@app.command()
@spoken
def trial(
    plan: Annotated[
        Path,
        typer.Argument(help="A plan (TOML): arms as sequences of therapies with decision rules."),
    ],
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", help="The same seed gives the same result (default: that of the plan)."
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", parser=named, metavar="PATH", help="Write figure and table to this file."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """For modellers: a trial on virtual patients, judged by the criteria of real ones.

    A research model's hypothesis, which feeds no recommendation.
    """
    from rearm.files import write_text
    from rearm.knowledge._toml import parsed
    from rearm.mechanism.trial import run_trial
    from rearm.report.mechanism import trial_page, trial_text

    try:
        read = parsed(plan.read_bytes())
    except ValueError as error:
        raise Unusable(f"{plan} is not a TOML file: {error}.") from None
    result = run_trial(read, seed=seed)
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        write_text(html, trial_page(result))
        say(f"{html} written.")
    if as_json:
        print_json(result.to_dict())
    else:
        tell(trial_text(result))
