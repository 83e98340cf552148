"""The response course."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rearm.cli.shared import (
    Input,
    MappingFile,
    Patients,
    RedcapDictionary,
    Unusable,
    app,
    chosen_patients,
    console,
    named,
    read_input,
    say,
    spoken,
    tell_unread,
)

if TYPE_CHECKING:
    from rearm.response.criteria import Criteria

Origin = Literal["infusion", "apheresis", "failure", "salvage"]
Censoring = Literal["default", "fda", "ema"]


@app.command()
@spoken
def response(
    path: Input,
    mapping: MappingFile = None,
    redcap: RedcapDictionary = None,
    patient: Patients = None,
    start: Annotated[
        int | None,
        typer.Option(
            "--start", help="Day from which every course is counted (default: the last infusion)."
        ),
    ] = None,
    criteria: Annotated[
        str | None, typer.Option("--criteria", help="Version of the criteria (default: imwg-2016).")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--set", help="A parameter of the criteria, for example A5=pd; repeatable."),
    ] = None,
    origin: Annotated[
        Origin,
        typer.Option(
            "--origin",
            help=(
                "Day from which endpoints are counted: the infusion, its apheresis, its "
                "failure, or the salvage."
            ),
        ),
    ] = "infusion",
    censoring: Annotated[
        Censoring,
        typer.Option(
            "--censoring",
            help="fda needs --planned; ema counts progression and death through new therapy.",
        ),
    ] = "default",
    planned: Annotated[
        str | None,
        typer.Option(
            "--planned", help="Days of the planned assessments, counted from the start: 28,56,84."
        ),
    ] = None,
    trace: Annotated[
        bool, typer.Option("--trace", help=("Give the reasons, visit by visit."))
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            parser=named,
            metavar="PATH",
            help=("Write a page for each patient, and one with all patients, into this folder."),
        ),
    ] = None,
    json_to: Annotated[
        Path | None,
        typer.Option(
            "--json",
            parser=named,
            metavar="PATH",
            help=("Write one JSON object per patient into this folder; - prints JSON lines."),
        ),
    ] = None,
    adam: Annotated[
        Path | None,
        typer.Option(
            "--adam",
            parser=named,
            metavar="PATH",
            help="Write ADRS and ADTTE (Parquet, XPT) into this folder.",
        ),
    ] = None,
    stated_rs: Annotated[
        bool,
        typer.Option(
            "--stated-rs",
            help=(
                "Read PATH as an SDTM RS table of investigators' responses, confirm them and "
                "write ADRS to --adam."
            ),
        ),
    ] = False,
    supplement: Annotated[
        Path | None,
        typer.Option("--supplement", help=("The SUPPRS table that belongs to the RS table.")),
    ] = None,
    study: Annotated[str, typer.Option("--study", help="STUDYID of the trial datasets.")] = "",
    fhir: Annotated[
        Path | None,
        typer.Option(
            "--fhir",
            parser=named,
            metavar="PATH",
            help="Write the responses as FHIR Observations into this folder.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not print the course.")] = False,
) -> None:
    """Judge the confirmed IMWG response course from raw results, with or without CAR-T:
    table, picture, JSON, trial datasets, FHIR.
    """
    if stated_rs:
        _stated_rs(path, supplement, adam, study)
        return
    from rearm.cli.response_files import CourseSettings, ResponseOutputs, run_response
    from rearm.files import FileNames

    to_stdout = json_to is not None and str(json_to) == "-"
    if fhir is not None and json_to is not None and not to_stdout:
        _apart(json_to, fhir)
    settings = CourseSettings(
        start=start,
        criteria=_criteria(criteria, parameter or ()),
        origin=origin,
        style=censoring,
        schedule=_planned(planned),
    )
    outputs = ResponseOutputs(
        console=None if quiet or to_stdout else console(),
        trace=trace,
        html=html,
        json_folder=None if to_stdout else json_to,
        json_lines=sys.stdout if to_stdout else None,
        fhir=fhir,
        adam=adam,
        study=study,
    )
    reading = read_input(path, mapping, redcap=redcap)
    done = run_response(chosen_patients(reading, patient), FileNames(), outputs, settings)
    unread = tell_unread(reading)
    for line in done.words():
        say(line)
    if done.failed:
        raise typer.Exit(3)
    if unread:
        raise typer.Exit(1)


def _apart(json_to: Path, fhir: Path) -> None:
    """Raises Unusable where two outputs would write files of one name."""
    if json_to.resolve() == fhir.resolve():
        raise Unusable(
            f"--json and --fhir both write NAME.json into {fhir}, so one would replace the "
            "other. Name two folders."
        )


def _criteria(version: str | None, parameters: Iterable[str]) -> Criteria:
    from rearm.response.criteria import DEFAULT_VERSION, load_criteria

    return load_criteria(version or DEFAULT_VERSION, **dict(_setting(p) for p in parameters))


def _planned(text: str | None) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in (text or "").split(",") if part.strip())
    except ValueError:
        raise Unusable(f"--planned {text} is not a list of days such as 28,56,84.") from None


def _setting(text: str) -> tuple[str, Any]:
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise Unusable(
            f"--set {text} is not NAME=VALUE, for example A5=pd. docs/dictionary/criteria.md lists"
            " the parameters."
        )
    try:
        return name.strip(), float(value)
    except ValueError:
        return name.strip(), value.strip()


def _stated_rs(path: Path, supplement: Path | None, adam: Path | None, study: str) -> None:
    from rearm.export.adam import write_frames
    from rearm.export.stated_rs import rs_adrs

    if adam is None:
        raise Unusable("--stated-rs writes trial datasets. Name their folder with --adam FOLDER.")
    found = rs_adrs(path, supplement, study=study)
    adam.mkdir(parents=True, exist_ok=True)
    written, notes = write_frames({"adrs": found.adrs.lazy()}, adam)
    for line in (*(str(p) for p in written), *notes, *found.notes):
        say(line)
