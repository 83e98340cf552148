"""`rearm cohort export`: the patients of a store or an input for others to work with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rearm.cli.cohort_app import cohort_app
from rearm.cli.shared import (
    KnowledgeFolder,
    MappingFile,
    RedcapDictionary,
    Unusable,
    known,
    named,
    read_input,
    say,
    spoken,
    tell_unread,
)

if TYPE_CHECKING:
    from rearm.export.deidentified import Deidentified
    from rearm.intake import Reading
    from rearm.knowledge import Knowledge
    from rearm.record import Record

_MARK = ".rearm-export"  # in a folder whose files an export may replace
_FROM_STORE = ("--deidentified", "--parquet")


@cohort_app.command("export")
@spoken
def export(
    path: Annotated[
        Path, typer.Argument(metavar="STORE|DATA", help="A store, or what it was built from.")
    ],
    to: Annotated[
        Path,
        typer.Option("--to", parser=named, metavar="FOLDER", help="Write the files here."),
    ],
    adam: Annotated[
        bool, typer.Option("--adam", help="ADRS and ADTTE of every patient (Parquet, XPT).")
    ] = False,
    cibmtr: Annotated[
        bool,
        typer.Option(
            "--cibmtr",
            help="Fields of the CIBMTR forms by patient and reporting period, and what is open.",
        ),
    ] = False,
    fhir_ndjson: Annotated[
        bool, typer.Option("--fhir-ndjson", help="Patients and responses, one file a type.")
    ] = False,
    deidentified: Annotated[
        bool,
        typer.Option(
            "--deidentified",
            help="The tables of the store without what tells who a patient is.",
        ),
    ] = False,
    parquet: Annotated[
        bool, typer.Option("--parquet", help="The tables of the store, one file each.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="What the store was built from, for exports that need it."),
    ] = None,
    mapping: MappingFile = None,
    redcap: RedcapDictionary = None,
    knowledge: KnowledgeFolder = None,
    study: Annotated[str, typer.Option("--study", help="STUDYID of the trial datasets.")] = "",
    revision: Annotated[
        str, typer.Option("--revision", help="With --cibmtr: revision of the forms, for example 8.")
    ] = "",
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            parser=named,
            metavar="FILE",
            help="With --deidentified: keep the key to the new ids here, never in the folder.",
        ),
    ] = None,
    least: Annotated[
        int,
        typer.Option("--least", min=1, help="With --deidentified: so many patients must be alike."),
    ] = 5,
) -> None:
    """Write every patient for others: trial datasets, registry fields, FHIR, tables.

    Only --deidentified removes what tells who a patient is. Exit 1: a patient could not be
    written, or something of the input could not be read.
    """
    chosen = {
        "--adam": adam,
        "--cibmtr": cibmtr,
        "--fhir-ndjson": fhir_ndjson,
        "--deidentified": deidentified,
        "--parquet": parquet,
    }
    kinds = [name for name, wanted in chosen.items() if wanted]
    if len(kinds) != 1:
        raise Unusable(f"Choose one of {', '.join(chosen)}.")
    (kind,) = kinds
    if kind != "--deidentified" and key is not None:
        raise Unusable("--key belongs to --deidentified: the other exports keep the ids.")
    _apart(to, path)
    if kind in _FROM_STORE:
        _of_store(kind, _store(path), to, key=key, least=least, knowledge=knowledge)
        return
    source = _data(path, data, kind)
    reading = read_input(source, mapping, known(knowledge), redcap=redcap)
    _mark(to)
    met: set[str] = set()
    if data is not None and _is_store(path):
        reading = _noting(reading, met)
    if kind == "--cibmtr":
        failed = _cibmtr(reading, to, revision, known(knowledge))
    else:
        failed = _of_records(kind, reading, to, study)
    if failed:
        raise typer.Exit(3)
    others = _other_patients(path, met) if met else ""
    if others:
        say(others)
    if tell_unread(reading) or others:
        raise typer.Exit(1)


def _noting(reading: Reading, met: set[str]) -> Reading:
    """The same records; the ids of those that are made are put down."""
    from rearm.intake import Reading

    def records() -> Iterator[Record]:
        for record in reading.stream():
            met.add(record.patient_id)
            yield record

    return Reading(records, reading.issues, reading.files, reading.headers)


def _other_patients(store: Path, met: set[str]) -> str:
    """A sentence where the data named beside a store are of other patients; else empty. A patient
    whose rows make no record has an error in the store.
    """
    from rearm.cohort.store.folder import StoreFolder

    rows = StoreFolder(store).table("patients").select("patient_id", "error").collect().rows()
    lacking = {patient for patient, error in rows if error is None} - met
    more = met - {patient for patient, _ in rows}
    if not (lacking or more):
        return ""
    return (
        f"rearm: patients of {store} that these data lack: {len(lacking)}; patients of these data "
        f"that {store} lacks: {len(more)}. Check that it was built from them."
    )


def _is_store(path: Path) -> bool:
    from rearm.cohort.store.folder import StoreFolder

    return StoreFolder(path).exists()


def _apart(to: Path, store: Path) -> None:
    """Raises Unusable where files of the export could take the place of others: in the store, which
    would remove them, or in a folder that holds anything but earlier exports.
    """
    inside = to.resolve()
    if _is_store(store) and store.resolve() in (inside, *inside.parents):
        raise Unusable(f"{to} lies in the store. Name a folder elsewhere.")
    if to.is_dir() and any(to.iterdir()) and not (to / _MARK).exists():
        raise Unusable(f"{to} is not empty, and no export made it. Name a new folder.")


def _mark(to: Path) -> None:
    """Notes that what is in the folder is of an export, which a later one may replace."""
    to.mkdir(parents=True, exist_ok=True)
    (to / _MARK).touch()


def _store(path: Path) -> Path:
    if not _is_store(path):
        raise Unusable(
            f"{path} is no store. `rearm cohort build {path} --store STORE` makes one; export that."
        )
    return path


def _data(path: Path, data: Path | None, kind: str) -> Path:
    """The input that records are made from."""
    if data is not None:
        return data
    if _is_store(path):
        raise Unusable(
            f"{kind} needs what the store was built from, because the store keeps no single "
            "results. Name it with --data PATH, and with --mapping FILE if it was mapped."
        )
    return path


# ---------------------------------------------------------------- from a store


def _of_store(
    kind: str, store: Path, to: Path, *, key: Path | None, least: int, knowledge: Path | None
) -> None:
    if kind == "--parquet":
        from rearm.cohort.store.folder import StoreFolder
        from rearm.export.store_tables import write_store_tables

        StoreFolder(store).finished()
        _mark(to)

        written = write_store_tables(store, to, knowledge=known(knowledge))
        say(f"{to}: {len(written) - 1} tables, and columns.csv with what their columns mean.")
        return
    from rearm.export.deidentified import deidentify

    done = deidentify(store, to, key=key, least=least, knowledge=known(knowledge))
    for line in _deidentified_words(done):
        say(line)


def _deidentified_words(done: Deidentified) -> Iterator[str]:
    yield f"{done.folder}: {done.patients} patients in {len(done.tables)} tables."
    if done.key is None:
        yield "No key was written, so nothing leads back from the new ids. --key FILE writes one."
    else:
        yield f"{done.key}: the key to the new ids. Keep it apart from the tables."
    if done.unlisted:
        n = len(done.unlisted)
        yield (
            f"{n} column{'s' if n > 1 else ''} without a listed treatment stayed out: "
            f"{', '.join(done.unlisted[:5])}{' ...' if len(done.unlisted) > 5 else ''}."
        )
    size = done.smallest_group
    if size is None:
        return
    n = sum(done.people.withheld.values())
    yield (
        f"Each patient is like at least {size - 1} others in what outsiders may know; {n} values "
        "were withheld for it. See report.json."
    )
    if size < done.least:
        yield (
            f"That is fewer than {done.least} alike, because there are only {done.patients} "
            "patients: do not pass these tables on."
        )


# ---------------------------------------------------------------- from records


def _of_records(kind: str, reading: Reading, to: Path, study: str) -> bool:
    """Writes an export of every record. Whether a patient could not be written."""
    to.mkdir(parents=True, exist_ok=True)
    if kind == "--adam":
        return _adam(reading, to, study)
    return _ndjson(reading, to)


def _adam(reading: Reading, to: Path, study: str) -> bool:
    from rearm.cli.response_files import CourseSettings, ResponseOutputs, run_response
    from rearm.files import FileNames

    outputs = ResponseOutputs(adam=to, study=study)
    done = run_response(reading.stream(), FileNames(), outputs, CourseSettings())
    for line in done.words():
        say(line)
    return bool(done.failed)


def _ndjson(reading: Reading, to: Path) -> bool:
    from rearm.export.fhir_ndjson import NdjsonFolder
    from rearm.outcome.patient_course import patient_course

    with NdjsonFolder(to) as folder:
        failed = _each(reading, lambda record: folder.add(patient_course(record)))
        written = folder.finish()
    for file in written:
        say(f"{file}: {folder.counts[file.stem]} resources.")
    return failed


def _cibmtr(reading: Reading, to: Path, revision: str, knowledge: Knowledge | None) -> bool:
    from rearm.export.cibmtr.write import MOST_IN_WORKBOOK, CibmtrFolder

    to.mkdir(parents=True, exist_ok=True)
    with CibmtrFolder(to, knowledge=knowledge, revision=revision) as folder:
        failed = _each(reading, folder.add)
        written = folder.finish()
    n = sum(folder.open.values())
    say(
        f"{folder.patients} patients, {folder.fields} fields: "
        f"{', '.join(str(file) for file in written)}."
    )
    say(f"{n} fields have no answer and stay empty; open.csv gives the reason of each.")
    if folder.fields > MOST_IN_WORKBOOK:
        say(f"No workbook was written: it would have more than {MOST_IN_WORKBOOK:,} rows.")
    if folder.without_infusion:
        say(
            f"{len(folder.without_infusion)} patients have no infusion with a day, so no period: "
            f"{', '.join(folder.without_infusion[:5])}"
            f"{' ...' if len(folder.without_infusion) > 5 else ''}."
        )
    return failed


def _each(reading: Reading, write: Callable[[Record], object]) -> bool:
    """Writes record by record; one for whom the program fails costs the others nothing."""
    failed = False
    for record in reading.stream():
        try:
            write(record)
        except OSError:
            raise
        except Exception as error:
            if os.environ.get("REARM_DEBUG"):
                raise
            failed = True
            say(
                f"rearm: {record.patient_id} could not be written because of an internal error "
                f"({type(error).__name__}: {error}). This is a bug in Rearm; please report it. "
                "REARM_DEBUG=1 shows where it happened."
            )
    return failed
