"""What is kept at the board: `rearm serve migrate`, `backup`, `restore`, `patient`, `retention` and
`audit export`.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from rearm.cli.serve import Config, Database, Folder, audit_app, place_of, serve_app
from rearm.cli.shared import Unusable, named, say, spoken, tell

__all__ = ["patient_app"]

patient_app = typer.Typer(help="One patient: export or delete.", no_args_is_help=True)
serve_app.add_typer(patient_app, name="patient")

New = Annotated[str, typer.Argument(metavar="FILE", help="A file that is not there yet.")]
Patient = Annotated[
    str,
    typer.Argument(metavar="ID", help="The patient's id, or the number in the page's address."),
]


@serve_app.command("migrate")
@spoken
def migrate(
    folder: Folder = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Bring the database of a board to this version, or make it. Of a file a copy is kept first."""
    place = place_of(folder, database, config)
    from rearm.board.commands import migrate as run
    from rearm.board.words import upgraded_words

    tell(upgraded_words(run(place.folder, place.database)))


@serve_app.command("backup")
@spoken
def backup(
    file: New, folder: Folder = None, database: Database = None, config: Config = None
) -> None:
    """Write a board to one file, also while it runs. The file holds patients: keep it as such."""
    place = place_of(folder, database, config)
    from rearm.board.commands import back_up
    from rearm.board.words import fault_words

    found = back_up(place.folder, named(file), place.database)
    tell(f"Written to {file}: {found.entries} entries of the audit, head {found.head}")
    for fault in found.faults:
        say(f"rearm: {fault_words(fault)}")
    if found.faults:
        raise typer.Exit(1)


@serve_app.command("restore")
@spoken
def restore(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Written by `rearm serve backup`.")],
    folder: Folder = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Fill an empty board from a backup, after a look through its audit. A board that is not empty
    stays as it is.
    """
    place = place_of(folder, database, config)
    from rearm.board.commands import restore as run

    found = run(place.folder, named(file), place.database)
    tell(
        f"Brought back: {found.entries} entries of the audit, each follows the one before, and "
        f"everything that they tell of is as it was written. Head: {found.head}"
    )


@patient_app.command("export")
@spoken
def export(
    patient: Patient,
    file: New,
    folder: Folder = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Write everything that is kept of a patient to one JSON file."""
    place = place_of(folder, database, config)
    from rearm.board.commands import export_named

    export_named(place.folder, patient, named(file), place.database)
    tell(f"Written to {file}.")


@patient_app.command("delete")
@spoken
def delete(
    patient: Patient,
    folder: Folder = None,
    database: Database = None,
    config: Config = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
) -> None:
    """Delete everything that is kept of a patient. The audit keeps the number of the case."""
    place = place_of(folder, database, config)
    from rearm.board.commands import erase_named
    from rearm.board.words import erased_words

    if not yes and not _confirmed(patient):
        raise Unusable("Nothing was deleted.")
    done = erase_named(place.folder, patient, place.database)
    for sentence in erased_words(done):
        tell(sentence)


@serve_app.command("retention")
@spoken
def retention(
    folder: Folder = None,
    database: Database = None,
    config: Config = None,
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, help="Days after the last change, for this time."),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option("--set", metavar="DAYS", help="Set the number for this board, or `off`."),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Delete the patients listed.")] = False,
) -> None:
    """List patients who are followed up and of whom nothing has changed for a number of days; with
    --apply, delete them. Off until a number is given; no patient is deleted by itself. What was
    typed or uploaded and not taken in ends by itself, too.
    """
    place = place_of(folder, database, config)
    from rearm.board.commands import days_kept, end_waiting, erase_due, over_due, set_days_kept
    from rearm.board.words import erased_words, retention_words, waiting_words

    if keep is not None:
        set_days_kept(place.folder, _days(keep), place.database)
    used = days if days is not None else days_kept(place.folder, place.database)
    due = [] if used is None else over_due(place.folder, used, place.database)
    for sentence in retention_words(used, due):
        tell(sentence)
    if apply and used is not None:
        for done in erase_due(place.folder, used, place.database):
            for sentence in erased_words(done):
                tell(sentence)
    waited = place.settings.not_taken_in_days
    ended = end_waiting(place.folder, waited, place.database) if apply else 0
    tell(waiting_words(waited, ended))


@audit_app.command("export")
@spoken
def export_audit(
    file: New, folder: Folder = None, database: Database = None, config: Config = None
) -> None:
    """Write the audit as FHIR R4 AuditEvents, one a line (NDJSON)."""
    place = place_of(folder, database, config)
    from rearm.board.commands import export_audit as run

    count = run(place.folder, named(file), place.database)
    tell(f"Written to {file}: {count} entries.")


def _confirmed(patient: str) -> bool:
    """Whether the id is typed once more; nobody types where there is no terminal."""
    if not sys.stdin.isatty():
        raise Unusable("Nobody can be asked here. Give --yes to delete without being asked.")
    tell("Everything that is kept of this patient will be deleted, and can't be brought back.")
    return bool(typer.prompt("Type the id once more to delete") == patient)


def _days(text: str) -> int | None:
    if text == "off":
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise Unusable(f"--set {text} is neither a number of days nor `off`.")
    return int(text)
