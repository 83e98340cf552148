"""The web application on this machine: `rearm serve`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rearm.cli.shared import Json, Unusable, app, print_json, say, spoken, tell

__all__ = ["serve_app"]

serve_app = typer.Typer(
    help="At the board: a web application on this machine, for one user.",
    invoke_without_command=True,
)
audit_app = typer.Typer(help="Who saw and did what.", no_args_is_help=True)
serve_app.add_typer(audit_app, name="audit")
app.add_typer(serve_app, name="serve")

_LOOPBACK = ("127.0.0.1", "localhost")
Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder", help="Where patients are kept (default: a folder of the user's data)."
    ),
]


@serve_app.callback()
@spoken
def serve(
    context: typer.Context,
    folder: Folder = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0: any port that is free.")
    ] = 8765,
    host: Annotated[
        str, typer.Option("--host", help="Only 127.0.0.1, this machine itself.")
    ] = "127.0.0.1",
    examples: Annotated[
        bool,
        typer.Option(
            "--examples/--no-examples", help="Begin a new board with the invented patients."
        ),
    ] = True,
    record_system: Annotated[
        Path | None,
        typer.Option(
            "--record-system",
            help="A TOML file: which record systems may ask for cards and open the board.",
        ),
    ] = None,
) -> None:
    """Open the board of a folder in the browser: worklist, patients, uploads, decisions.

    Prints a link that works once. Answers on this machine only. Nothing is sent anywhere.
    """
    if context.invoked_subcommand is not None:
        return
    if host not in _LOOPBACK:
        raise Unusable(
            f"--host {host}: the board answers on this machine only (127.0.0.1), since it has no "
            "sign-in for others. Leave --host out."
        )
    _check_installed()
    from rearm.board import serve as running
    from rearm.board.exchange.configuration import read_record_system

    exchanged = None if record_system is None else read_record_system(record_system)
    try:
        running.serve(
            _folder(folder),
            port=port,
            examples=examples,
            tell=_tell_now,
            record_system=exchanged,
        )
    except KeyboardInterrupt:  # the way to stop it
        tell("Stopped.")


@serve_app.command("link")
@spoken
def link(folder: Folder = None) -> None:
    """Print a new link to a board that runs, for instance after the session has ended."""
    _check_installed()
    from rearm.board.commands import new_link

    tell(new_link(_folder(folder)))


@audit_app.command("verify")
@spoken
def verify(
    folder: Folder = None,
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
    _check_installed()
    from rearm.board.commands import verify_audit
    from rearm.board.words import fault_words, verified_words

    found = verify_audit(_folder(folder), head)
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(found))
    elif not found.faults:
        tell(verified_words(found))
    for fault in found.faults:
        say(f"rearm: {fault_words(fault)}")
    if found.faults:
        raise typer.Exit(1)


def _folder(folder: Path | None) -> Path:
    from rearm.board.store.folder import default_folder

    return default_folder() if folder is None else folder


def _tell_now(text: str) -> None:
    """The link must be seen before anything else happens."""
    tell(text)
    sys.stdout.flush()


def _check_installed() -> None:
    from importlib.util import find_spec

    if any(find_spec(name) is None for name in ("starlette", "uvicorn", "sqlalchemy", "alembic")):
        raise Unusable(
            "The board needs the extra `web` of Rearm. Install it: pip install 'rearm[web]'."
        )
