"""The web application on this machine: `rearm serve`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from rearm.cli.shared import Json, Unusable, app, print_json, say, spoken, tell

if TYPE_CHECKING:
    from rearm.board.exchange.configuration import RecordSystem
    from rearm.board.settings import Settings

__all__ = [
    "Config",
    "Database",
    "Folder",
    "Place",
    "audit_app",
    "check_installed",
    "place_of",
    "serve_app",
]

serve_app = typer.Typer(
    help="At the board: a web application on this machine, for one user or, with --config, many.",
    invoke_without_command=True,
)
audit_app = typer.Typer(help="Who saw and did what.", no_args_is_help=True)
token_app = typer.Typer(help="Tokens of programs that use the API.", no_args_is_help=True)
serve_app.add_typer(audit_app, name="audit")
serve_app.add_typer(token_app, name="token")
app.add_typer(serve_app, name="serve")

_LOOPBACK = ("127.0.0.1", "localhost")
Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder", help="Where patients are kept (default: a folder of the user's data)."
    ),
]

Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="REARM_DATABASE",
        show_envvar=True,
        help=(
            "The PostgreSQL database that keeps the patients "
            "(postgresql+psycopg://user@host/name), if not the one that the folder notes."
        ),
    ),
]

Config = Annotated[
    Path | None,
    typer.Option("--config", help="The configuration of a board for many users (TOML)."),
]


Tenant = Annotated[str, typer.Option("--tenant", help="The centre that it is about.")]


@serve_app.callback()
@spoken
def serve(
    context: typer.Context,
    folder: Folder = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0: any port that is free.")
    ] = 8765,
    host: Annotated[
        str, typer.Option("--host", help="Only 127.0.0.1; others need --config.")
    ] = "127.0.0.1",
    config: Config = None,
    examples: Annotated[
        bool,
        typer.Option(
            "--examples/--no-examples", help="Begin a new board with the invented patients."
        ),
    ] = True,
    database: Database = None,
    record_system: Annotated[
        Path | None,
        typer.Option(
            "--record-system",
            help="A TOML file: which record systems may ask for cards and open the board.",
        ),
    ] = None,
) -> None:
    """Open the board of a folder in the browser: worklist, patients, uploads, decisions.

    Prints a link that works once. Answers on this machine only, unless a configuration names the
    address for others, who then sign in. Nothing is sent anywhere.
    """
    if context.invoked_subcommand is not None:
        return
    if host not in _LOOPBACK:
        raise Unusable(
            f"--host {host}: the board answers on this machine only (127.0.0.1), since it has no "
            "sign-in for others. Leave --host out, or describe a board for others with --config."
        )
    check_installed()
    from rearm.board import serve as running

    settings = _read_config(config)
    exchanged = _record_system(record_system, config, settings)
    try:
        running.serve(
            _board_folder(folder, settings),
            port=port if settings is None else settings.port,
            examples=examples and (settings is None or not settings.is_public),
            tell=_tell_now,
            settings=settings,
            database=database,
            record_system=exchanged,
        )
    except KeyboardInterrupt:  # the way to stop it
        tell("Stopped.")


@serve_app.command("link")
@spoken
def link(folder: Folder = None, database: Database = None, config: Config = None) -> None:
    """Print a new link to a board that runs, for instance after the session has ended."""
    place = place_of(folder, database, config)
    from rearm.board.commands import new_link

    tell(new_link(place.folder, place.database))


@serve_app.command("health")
@spoken
def health(
    folder: Folder = None, database: Database = None, config: Config = None, as_json: Json = False
) -> None:
    """Ask a board that runs whether it can do its work.

    Exit 0: it can. Exit 1: it runs and can't. Exit 2: no board answers.
    """
    check_installed()
    import msgspec

    from rearm.board.health import health as asked

    place = place_of(folder, database, config)
    found = asked(place.folder, place.settings)
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        tell("Ready." if found.ready else "Not ready; --json shows which part.")
    if not found.ready:
        raise typer.Exit(1)


@serve_app.command("export")
@spoken
def export(
    to: Annotated[Path, typer.Option("--to", help="An empty folder, or one not there yet.")],
    tenant: Tenant = "first",
    folder: Folder = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Write the newest records of all decided patients of a centre as tidy tables, with what was
    given after the decision and what came of it, for `rearm cohort build`.
    """
    place = place_of(folder, database, config)
    from rearm.board.commands import export_registry

    patients, files = export_registry(place.folder, to, tenant, place.database)
    who = "1 patient" if patients == 1 else f"{patients} patients"
    tell(f"{who} in {len(files)} tables: {to}. They hold patients: keep the folder safe.")
    tell(f"Build a registry with: rearm cohort build {to} --store STORE")


@audit_app.command("verify")
@spoken
def verify(
    folder: Folder = None,
    database: Database = None,
    config: Config = None,
    head: Annotated[
        str | None,
        typer.Option("--head", help="A head that was noted or printed earlier, looked for."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Look whether anything of the audit, or of what it tells of, was changed, removed, inserted or
    put in another order.

    Exit 0: everything is as it was written. Exit 1: something is not.
    """
    place = place_of(folder, database, config)
    from rearm.board.commands import verify_audit
    from rearm.board.words import fault_words, verified_words

    found = verify_audit(place.folder, head, place.database)
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(found))
    elif not found.faults:
        tell(verified_words(found))
    for fault in found.faults:
        say(f"rearm: {fault_words(fault)}")
    if found.faults:
        raise typer.Exit(1)


@token_app.command("add")
@spoken
def token_add(
    name: Annotated[str, typer.Option("--name", help="A name for the program that will use it.")],
    permission: Annotated[
        str, typer.Option("--permission", help="What it may do: read, edit, decide, with commas.")
    ] = "read",
    days: Annotated[int, typer.Option("--days", help="How long it is valid.")] = 90,
    tenant: Tenant = "first",
    folder: Folder = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Make a token for a program of one centre. It is printed once and kept only as a hash."""
    place = place_of(folder, database, config)
    from rearm.board.commands import new_token

    asked = [x.strip() for x in permission.split(",") if x.strip()]
    print(
        new_token(
            place.folder,
            tenant=tenant,
            name=name,
            permissions=asked,
            days=days,
            database=place.database,
        )
    )
    say("rearm: keep this token as a password; it is not shown again.")


@token_app.command("list")
@spoken
def token_list(
    folder: Folder = None,
    database: Database = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the tokens: of which centre, who made each, what it may do, when it was last used."""
    place = place_of(folder, database, config)
    import msgspec

    from rearm.board.commands import all_tokens
    from rearm.board.words import token_words

    found = all_tokens(place.folder, place.database)
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    for one in found:
        tell(token_words(one))
    if not found:
        tell("There is no token.")


@token_app.command("revoke")
@spoken
def token_revoke(
    name: Annotated[str, typer.Argument()],
    folder: Folder = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """End a token at once."""
    place = place_of(folder, database, config)
    from rearm.board.commands import end_token

    end_token(place.folder, name, place.database)
    tell(f"The token {name} is no longer valid.")


class Place(NamedTuple):
    """The board that a command is about. `database`: the address of the server that keeps the
    patients, with its password; None: the one that the folder notes, or a file of the folder.
    """

    folder: Path
    database: str | None
    settings: Settings

    @property
    def origin(self) -> str:
        return self.settings.origin


def place_of(folder: Path | None, database: str | None, config: Path | None) -> Place:
    """What the command line names, and what it leaves out as the configuration says."""
    check_installed()
    from rearm.board.settings import Settings, database_address

    settings = _read_config(config) or Settings()
    return Place(
        _board_folder(folder, settings), database or database_address(settings) or None, settings
    )


def _board_folder(folder: Path | None, settings: Settings | None) -> Path:
    """The folder that is named, or else that of the configuration, or else one of the user."""
    from rearm.board.store.folder import default_folder

    if folder is None and settings is not None and settings.folder:
        return Path(settings.folder)
    return default_folder() if folder is None else folder


def _read_config(config: Path | None) -> Settings | None:
    """The configuration, where one is named."""
    from rearm.board.settings import read_settings

    return None if config is None else read_settings(config)


def _record_system(
    file: Path | None, config: Path | None, settings: Settings | None
) -> RecordSystem | None:
    """Of the file that is named, or else of the configuration; keys lie beside that."""
    from rearm.board.exchange.configuration import read_record_system, record_system_of

    if settings is None or config is None or not settings.record_system:
        return None if file is None else read_record_system(file)
    if file is not None:
        raise Unusable(
            f"{config} says already which record systems there are. Leave --record-system out."
        )
    return record_system_of(settings.record_system, config.parent)


def _tell_now(text: str) -> None:
    """The link must be seen before anything else happens."""
    tell(text)
    sys.stdout.flush()


def check_installed() -> None:
    """Raises Unusable with a sentence where the parts of the application are not installed."""
    from importlib.util import find_spec

    if any(
        find_spec(name) is None
        for name in ("starlette", "uvicorn", "sqlalchemy", "alembic", "argon2")
    ):
        raise Unusable(
            "The board needs the extra `web` of Rearm. Install it: pip install 'rearm[web]'."
        )
