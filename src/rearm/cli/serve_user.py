"""Who signs in at the board: `rearm serve user`."""

from __future__ import annotations

from typing import Annotated

import typer

from rearm.cli.serve import Config, Database, Folder, place_of, serve_app
from rearm.cli.shared import Json, print_json, spoken, tell

__all__ = ["user_app"]

user_app = typer.Typer(help="Who signs in at the board.", no_args_is_help=True)
serve_app.add_typer(user_app, name="user")

Name = Annotated[str, typer.Argument(help="The name with which the user signs in.")]
Roles = Annotated[
    list[str],
    typer.Option(
        "--role", help="reader, editor, chair, data_manager or administrator; may be repeated."
    ),
]
Tenant = Annotated[str, typer.Option("--tenant", help="The centre in which the roles count.")]


@user_app.command("add")
@spoken
def add(
    name: Name,
    role: Roles,
    tenant: Tenant = "first",
    folder: Folder = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Add a user; prints a link with which the user sets a password, once, within a day."""
    place = place_of(folder, database, config)
    from rearm.board.commands import add_user

    tell(add_user(place.folder, name, tenant, role, place.origin, place.database))


@user_app.command("link")
@spoken
def link(
    name: Name, folder: Folder = None, database: Database = None, config: Config = None
) -> None:
    """Print a new link with which a user sets a password; an earlier one ends."""
    place = place_of(folder, database, config)
    from rearm.board.commands import new_password_link

    tell(new_password_link(place.folder, name, place.origin, place.database))


@user_app.command("roles")
@spoken
def roles(
    name: Name,
    role: Annotated[
        list[str] | None,
        typer.Option("--role", help="A role that the user has from now on; none takes all away."),
    ] = None,
    tenant: Tenant = "first",
    folder: Folder = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Set the roles of a user in a centre; the user's sessions end."""
    place = place_of(folder, database, config)
    from rearm.board.commands import give_roles

    give_roles(place.folder, name, tenant, role or [], place.database)
    tell(f"{name} in {tenant}: {', '.join(role or []) or 'no role'}.")


@user_app.command("disable")
@spoken
def disable(
    name: Name,
    enable: Annotated[bool, typer.Option("--enable", help="Let the user in again.")] = False,
    folder: Folder = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """Keep a user from signing in; sessions and links end at once."""
    place = place_of(folder, database, config)
    from rearm.board.commands import disable_user

    disable_user(place.folder, name, disabled=not enable, database=place.database)
    tell(f"{name} can sign in again." if enable else f"{name} can't sign in any more.")


@user_app.command("list")
@spoken
def list_users(
    folder: Folder = None,
    database: Database = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the users with their roles."""
    place = place_of(folder, database, config)
    from rearm.board.commands import users_listed

    found = users_listed(place.folder, place.database)
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(found))
        return
    if not found:
        tell("There is no user yet. Add one with `rearm serve user add`.")
    for user in found:
        told = "; ".join(f"{tenant}: {', '.join(x)}" for tenant, x in sorted(user.roles.items()))
        more = " (disabled)" if user.disabled else " (at a provider)" if user.provider else ""
        tell(f"{user.name}{more}: {told or 'no role'}")
