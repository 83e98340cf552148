"""Commands on a store of many patients: build, update, list, status."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rearm.cli.cohort_app import cohort_app
from rearm.cli.shared import (
    AsOf,
    Json,
    KnowledgeFolder,
    MappingFile,
    RedcapDictionary,
    Region,
    Unusable,
    bundle_folder,
    console,
    day_of,
    known,
    named,
    print_json,
    say,
    spoken,
    tell,
)

if TYPE_CHECKING:
    from rearm.cohort.store.build import BuildSummary

Store = Annotated[
    Path, typer.Option("--store", parser=named, metavar="PATH", help="The folder of the store.")
]
StoreFolderPath = Annotated[
    Path, typer.Argument(parser=named, metavar="STORE", help="The folder of a store.")
]
Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA", help="What `rearm assess` reads: a folder, a workbook, FHIR, OMOP ..."
    ),
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Number of processes.")]
EngineName = Annotated[
    Literal["local", "spark"],
    typer.Option("--engine", help="Processes of this machine (local), or Spark."),
]
_SHOWN = 20


@cohort_app.command("build")
@spoken
def build_store(
    data: Data,
    store: Store,
    mapping: MappingFile = None,
    redcap: RedcapDictionary = None,
    omop: Annotated[
        bool,
        typer.Option("--omop", help="DATA is an OMOP CDM. It is recognised without this, too."),
    ] = False,
    as_of: AsOf = None,
    region: Region = None,
    knowledge: KnowledgeFolder = None,
    criteria: Annotated[
        list[str] | None,
        typer.Option(
            "--criteria",
            help="Keep the courses by this version of the response criteria, too; may be repeated.",
        ),
    ] = None,
    jobs: Jobs = 1,
    engine: EngineName = "local",
    as_json: Json = False,
) -> None:
    """Assess every patient of an input and keep the answers as tables in a folder.

    A run that was interrupted goes on where it ended. Exit 0: everybody has an answer. Exit 1: a
    patient has none, or something of the input could not be read. Exit 2: the input can't be used.
    """
    from rearm.cohort.store.build import Wanted, build

    if omop:
        _is_omop(data)
    wanted = Wanted(
        mapping=mapping,
        redcap=redcap,
        as_of=day_of(as_of),
        region=region,
        knowledge=None if knowledge is None else bundle_folder(knowledge),
        criteria=tuple(criteria or ()),
        jobs=jobs,
        engine=engine,
        today=date.today(),
    )
    _told(build(data, store, wanted, tell=_progress()), store, as_json=as_json)


def _is_omop(data: str) -> None:
    """Raises Unusable where the input is said to be a CDM and is none."""
    from rearm.intake.omop.database import is_postgres_address
    from rearm.intake.omop.read import is_omop

    if not is_postgres_address(data) and not is_omop(Path(data)):
        raise Unusable(
            f"{data} is no OMOP CDM: a folder with files named like its tables (person, measurement"
            " ...), a DuckDB file, or the address of a PostgreSQL database."
        )


@cohort_app.command("update")
@spoken
def update_store(
    store: StoreFolderPath,
    data: Data,
    mapping: MappingFile = None,
    redcap: RedcapDictionary = None,
    knowledge: KnowledgeFolder = None,
    jobs: Jobs = 1,
    drop_patients: Annotated[
        bool,
        typer.Option("--drop-patients", help="Most patients of the store may leave it."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Bring a store up to date: only patients whose data changed are assessed; who is no longer in
    the input leaves.

    Day, region and criteria stay those of the store.
    """
    from rearm.cohort.store.build import Wanted, build
    from rearm.cohort.store.folder import StoreFolder

    settings = StoreFolder(store).manifest().settings
    if settings.mapping is not None and mapping is None and redcap is None:
        raise Unusable(
            f"{store} was built with a mapping or a REDCap dictionary. Name it with --mapping or "
            "--redcap."
        )
    wanted = Wanted(
        mapping=mapping,
        redcap=redcap,
        as_of=day_of(settings.as_of),
        region=settings.region,
        knowledge=None if knowledge is None else bundle_folder(knowledge),
        criteria=settings.criteria[1:],
        jobs=jobs,
        drop_patients=drop_patients,
        today=date.today(),
    )
    _told(build(data, store, wanted, tell=_progress()), store, as_json=as_json)


@cohort_app.command("list")
@spoken
def list_patients(
    store: StoreFolderPath,
    where: Annotated[
        str,
        typer.Option(
            "--where",
            help=(
                "A condition over the dictionary's findings, such as "
                '"relapse_pattern_extraosseous AND time_to_failure_days <= 270".'
            ),
        ),
    ],
    knowledge: KnowledgeFolder = None,
    as_json: Json = False,
) -> None:
    """List the patients for whom a condition holds: certainly, or perhaps, with the test that would
    tell.
    """
    from rearm.cohort.store.folder import StoreFolder
    from rearm.cohort.store.where import patients_where

    found = patients_where(StoreFolder(store), where, known(knowledge))
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(found))
        return
    from rearm.report.cohort.listing import listing

    tell(listing(found, known(knowledge)))


@cohort_app.command("status")
@spoken
def status(store: StoreFolderPath, as_json: Json = False) -> None:
    """Show what a store holds, the issues by cause, what is missing most, and what the last run
    changed.

    Exit 0: everybody has an answer. Exit 1: a patient has none, or the last run did not end.
    """
    from rearm.cohort.store.folder import StoreFolder
    from rearm.cohort.store.status import status_of
    from rearm.report.cohort.status import print_status

    found = status_of(StoreFolder(store))
    if as_json:
        print_json(found.plain())
    else:
        print_status(console(), found)
    if found.errors or not found.finished:
        raise typer.Exit(1)


def _progress() -> Callable[[int, int], None] | None:
    """Says how far a run is, on a terminal only."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, of: int) -> None:
        end = "\n" if done == of else ""
        print(f"\r{done} of {of} parts", end=end, file=sys.stderr, flush=True)

    return show


def _told(summary: BuildSummary, store: Path, *, as_json: bool) -> None:
    """What a run did, and its exit code."""
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(summary))
    else:
        tell(_sentence(summary, store))
        if told := [
            f"{n} {word}{'s' if n > 1 else ''}"
            for word, n in summary.by_severity.items()
            if word != "note"
        ]:
            tell(f"The input has {' and '.join(told)}: rearm cohort status {store} lists them.")
    for issue in summary.issues:
        if issue["severity"] != "note":
            say(f"rearm: {issue['file']}: {issue['message']}")
    for patient, why in list(summary.errors.items())[:_SHOWN]:
        say(f"rearm: {patient}: {why}")
    if len(summary.errors) > _SHOWN:
        more = len(summary.errors) - _SHOWN
        say(f"rearm: {more} more; `rearm cohort status {store}` lists them.")
    if not summary.patients:
        raise Unusable("The input contains no patient, so the store is empty.")
    if summary.errors or any(issue["severity"] == "error" for issue in summary.issues):
        raise typer.Exit(1)


def _sentence(summary: BuildSummary, store: Path) -> str:
    parts = [f"{summary.patients} patients in {store}: {summary.assessed} assessed"]
    if summary.changed and summary.new:
        parts.append(f"{len(summary.new)} of them new")
    if summary.unchanged:
        parts.append(f"{summary.unchanged} unchanged")
    if summary.removed:
        gone = ", ".join(summary.removed[:_SHOWN])
        more = f" and {len(summary.removed) - _SHOWN} more" if len(summary.removed) > _SHOWN else ""
        parts.append(f"{len(summary.removed)} no longer in the input and removed ({gone}{more})")
    if summary.errors:
        parts.append(f"{len(summary.errors)} without an answer")
    return ", ".join(parts) + f". Next: rearm cohort status {store}"
