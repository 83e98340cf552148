"""An invented registry for trying out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rearm.cli.shared import Unusable, named, say, spoken, tell

if TYPE_CHECKING:
    from rearm.demo.chart import Tables

__all__ = ["demo_app"]

demo_app = typer.Typer(help="Invented patients, for trying Rearm out.", no_args_is_help=True)


class Format(StrEnum):
    tidy = "tidy"
    fhir = "fhir"
    omop = "omop"
    redcap = "redcap"


@demo_app.callback()
def demo() -> None:
    """Invented patients, for trying Rearm out."""


@demo_app.command()
@spoken
def cohort(
    folder: Annotated[
        Path, typer.Option("--to", parser=named, metavar="FOLDER", help="An empty folder to write.")
    ],
    patients: Annotated[int, typer.Option("--patients", min=1, help="How many patients.")] = 500,
    layout: Annotated[
        Format, typer.Option("--format", help="The layout of the files.")
    ] = Format.tidy,
    seed: Annotated[
        int,
        typer.Option("--seed", help="The same seed gives the same patients, the first N of more."),
    ] = 0,
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            metavar="CONDITION",
            help="Only patients whom this condition over the dictionary's findings certainly fits:"
            " \"cart_bcma_status = 'lost'\".",
        ),
    ] = None,
    parquet: Annotated[
        bool, typer.Option("--parquet", help="Tidy or OMOP tables as Parquet instead of CSV.")
    ] = False,
    bundles: Annotated[
        bool,
        typer.Option("--bundles", help="FHIR as one bundle per patient instead of bulk NDJSON."),
    ] = False,
) -> None:
    """Write an invented registry: patients after CAR-T as a centre might record them. Nothing in it
    comes from a real patient.
    """
    if parquet and layout not in (Format.tidy, Format.omop):
        raise Unusable(f"--parquet goes with --format tidy or omop, not with {layout}.")
    if bundles and layout is not Format.fhir:
        raise Unusable(f"--bundles goes with --format fhir, not with {layout}.")
    write = _writer(layout, parquet=parquet, bundles=bundles)
    count = write(_registry(patients, seed, where), folder)
    said = "1 invented patient" if count == 1 else f"{count} invented patients"
    tell(f"{said}, none of them real: {folder}")
    if layout is Format.omop:
        from rearm.demo.write.omop_rows import NOT_CARRIED

        tell(f"OMOP has no place for: {'; '.join(NOT_CARRIED)}.")
    tell("What to do next:")
    for line in _next_steps(layout, folder):
        tell(f"  {line}")
    if count < patients:
        say(
            f"rearm: The condition fits only {count} of all patients that were drawn, so fewer than"
            f" {patients} were written. Widen it, or ask for fewer."
        )
        raise typer.Exit(1)


def _registry(count: int, seed: int, where: str | None) -> Iterator[Tables]:
    from rearm.demo.patient import demo_patients

    if where is None:
        return demo_patients(count, seed)
    from rearm.demo.fitting import condition_of, fitting_patients
    from rearm.knowledge import load

    knowledge = load()
    found = fitting_patients(count, seed, condition_of(where, knowledge), knowledge)
    first = next(found, None)
    if first is None:
        raise Unusable(
            "The condition fits none of the patients that were drawn. Nothing was written. Widen"
            " the condition."
        )
    return chain([first], found)


def _writer(
    layout: Format, *, parquet: bool, bundles: bool
) -> Callable[[Iterable[Tables], Path], int]:
    if layout is Format.tidy:
        from rearm.demo.write.tidy import write_csv, write_parquet

        return write_parquet if parquet else write_csv
    if layout is Format.fhir:
        from rearm.demo.write.fhir import write_bundles, write_ndjson

        return write_bundles if bundles else write_ndjson
    if layout is Format.redcap:
        from rearm.demo.write.redcap import write_redcap

        return write_redcap
    from rearm.demo.write.omop import write_omop, write_omop_parquet

    return write_omop_parquet if parquet else write_omop


def _next_steps(layout: Format, folder: Path) -> Iterator[str]:
    """The commands that read the files."""
    data = str(folder)
    if layout is Format.redcap:
        from rearm.demo.write.redcap import DICTIONARY, EXPORT

        data = f"{folder / EXPORT} --redcap {folder / DICTIONARY}"
    yield f"rearm check {data}"
    yield f"rearm cohort build {data} --store STORE"
