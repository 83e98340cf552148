"""What is asked of the folder of a board from the command line, whether or not the board runs.

`database`: the address of the server that keeps the patients, where it is given anew (with its
password); otherwise the one that the folder notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rearm.board.address import host_at, local_user
from rearm.board.people import sessions, tokens, users
from rearm.board.refusals import NotUsable
from rearm.board.store import audit, backup, erasing, retention
from rearm.board.store.audit import Verified, verify
from rearm.board.store.audit_events import audit_events
from rearm.board.store.database import Database
from rearm.board.store.erasing import Erased, case_named
from rearm.board.store.exporting import patient_export
from rearm.board.store.folder import BoardFolder, existing_board, open_board, write_private
from rearm.board.store.registry import registry_tables
from rearm.board.store.tables import FIRST_TENANT
from rearm.board.store.upgrade import Upgraded, upgrade
from rearm.cohort.store.lock import locked
from rearm.report.worklist.spreadsheets import write_csv_files

__all__ = [
    "Due",
    "ListedUser",
    "add_user",
    "all_tokens",
    "back_up",
    "days_kept",
    "disable_user",
    "end_token",
    "end_waiting",
    "erase_due",
    "erase_named",
    "export_audit",
    "export_named",
    "export_registry",
    "give_roles",
    "migrate",
    "new_link",
    "new_password_link",
    "new_token",
    "over_due",
    "restore",
    "set_days_kept",
    "users_listed",
    "verify_audit",
]

Due = tuple[str, str, str]
"""A patient whose time is over: the number of the case, the patient's id, the day of the last
change."""


def new_link(folder: Path, database: str | None = None) -> str:
    """A further link to the board of a folder. Raises NotUsable where no board ever ran there."""
    with _opened(folder, database) as (place, store):
        home = _here(place)
        return f"{home}/start/{sessions.new_link(store, local_user())}"


def verify_audit(folder: Path, noted_head: str | None, database: str | None = None) -> Verified:
    """What a look through the audit of a folder finds. Raises NotUsable where there is no board."""
    with _opened(folder, database) as (_, store), store.reading() as session:
        return verify(session, noted_head)


def export_registry(
    folder: Path, to: Path, tenant: str = FIRST_TENANT, database: str | None = None
) -> tuple[int, tuple[Path, ...]]:
    """Writes the newest records of all decided patients of a centre as tidy tables into an empty
    folder; gives the number of patients and the files. Raises NotUsable with a sentence.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise NotUsable(f"{to} is not an empty folder. Name one that is empty or not there yet.")
    with _opened(folder, database) as (_, store):
        with store.writing() as session:
            users.tenant_of(session, tenant)
            found = registry_tables(session, tenant)
            details = {"patients": len(found.cases), "cases": list(found.cases)}
            audit.append(session, local_user(), "registry_exported", "", details)
        if not found.cases:
            raise NotUsable(
                "Nothing is decided for any patient of this board (invented ones do not count), so "
                "there is nothing to export."
            )
        to.mkdir(parents=True, exist_ok=True)
        to.chmod(0o700)  # patients: for their owner only
        return len(found.cases), tuple(write_csv_files(to, found.tables))


def new_token(
    folder: Path,
    *,
    name: str,
    permissions: Iterable[str],
    days: int,
    tenant: str = FIRST_TENANT,
    database: str | None = None,
) -> str:
    """A token for a program of a centre. Raises NotUsable where it can't be made, or there is no
    board, and NotThere where there is no such centre.
    """
    with _opened(folder, database) as (_, store):
        with store.reading() as session:
            users.tenant_of(session, tenant)
        return tokens.make_token(
            store, tenant, local_user(), name=name, permissions=permissions, days=days
        )


def end_token(folder: Path, name: str, database: str | None = None) -> None:
    """Ends a token at once. Raises NotThere where there is none of this name."""
    with _opened(folder, database) as (_, store):
        tokens.revoke_token(store, local_user(), name)


def all_tokens(folder: Path, database: str | None = None) -> list[tokens.TokenShown]:
    """The tokens of a board. Raises NotUsable where there is no board."""
    with _opened(folder, database) as (_, store):
        return tokens.tokens(store)


def export_audit(folder: Path, file: Path, database: str | None = None) -> int:
    """Writes the audit as FHIR AuditEvents, one a line; gives how many."""
    with _opened(folder, database) as (_, store), store.reading() as session:
        lines = [*audit_events(session)]
    _write_new(file, "".join(f"{line}\n" for line in lines))
    return len(lines)


def migrate(folder: Path, database: str | None = None) -> Upgraded:
    """Brings the database to this version, or makes it where there is none. Raises NotUsable."""
    place = open_board(folder, database)
    with locked(place.path):
        store = Database(place.where)
        try:
            return upgrade(place, store)
        finally:
            store.close()


def back_up(folder: Path, file: Path, database: str | None = None) -> Verified:
    """Writes a board to one new file; gives what its audit shows."""
    with _opened(folder, database) as (_, store):
        return backup.write_backup(store, file, local_user())


def restore(folder: Path, file: Path, database: str | None = None) -> Verified:
    """Fills an empty or new board from such a file. Raises NotUsable with a sentence."""
    if not file.is_file():
        raise NotUsable(f"There is no file {file}.")
    place = open_board(folder, database)
    with locked(place.path):
        store = Database(place.where)
        try:
            upgrade(place, store)
            return backup.restore(file, place, store)
        finally:
            store.close()


def erase_named(folder: Path, name: str, database: str | None = None) -> Erased:
    """Erases the patient of this id or number. Raises NotThere where there is none."""
    with _opened(folder, database) as (place, store):
        with store.reading() as session:
            case = case_named(session, name).id
        return erasing.erase_patient(store, place, case, local_user())


def export_named(folder: Path, name: str, file: Path, database: str | None = None) -> None:
    """Writes everything that is kept of the patient of this id or number to a new file."""
    with _opened(folder, database) as (_, store), store.writing() as session:
        case = case_named(session, name).id
        _write_new(file, patient_export(session, case, local_user()))


def days_kept(folder: Path, database: str | None = None) -> int | None:
    """For how many days patients are kept; None where without end."""
    with _opened(folder, database) as (_, store), store.reading() as session:
        return retention.days_kept(session)


def set_days_kept(folder: Path, days: int | None, database: str | None = None) -> None:
    """Sets for how many days patients are kept; None: without end."""
    with _opened(folder, database) as (_, store), store.writing() as session:
        retention.keep_days(session, local_user(), days)


def over_due(folder: Path, days: int, database: str | None = None) -> list[Due]:
    """The patients whose time is over."""
    with _opened(folder, database) as (_, store), store.reading() as session:
        return [
            (case.id, case.patient_id, f"{case.changed_at:%Y-%m-%d}")
            for case in retention.over_due(session, days)
        ]


def erase_due(folder: Path, days: int, database: str | None = None) -> list[Erased]:
    """Erases the patients whose time is over."""
    with _opened(folder, database) as (place, store):
        return erasing.erase_due(store, place, days, local_user())


def end_waiting(folder: Path, days: int, database: str | None = None) -> int:
    """Deletes what was typed or uploaded, not taken in, and not changed for so many days; gives how
    many there were.
    """
    with _opened(folder, database) as (_, store), store.writing() as session:
        return retention.end_waiting(session, days)


def add_user(
    folder: Path,
    name: str,
    tenant: str,
    roles: list[str],
    origin: str,
    database: str | None = None,
) -> str:
    """A further user with roles; gives the link with which the user sets a password. `origin`: the
    address of the board, empty for this machine. Raises NotUsable and NotThere with a sentence.
    """
    with _opened(folder, database) as (place, store), store.writing() as session:
        user = users.add_user(session, local_user(), name, tenant, roles)
        token = users.new_password_link(session, local_user(), user)
        return f"{origin or _here(place)}/password/{token}"


def new_password_link(folder: Path, name: str, origin: str, database: str | None = None) -> str:
    """A further link for a user; an earlier one ends."""
    with _opened(folder, database) as (place, store), store.writing() as session:
        user = users.user_named(session, name)
        token = users.new_password_link(session, local_user(), user)
        return f"{origin or _here(place)}/password/{token}"


def give_roles(
    folder: Path, name: str, tenant: str, roles: list[str], database: str | None = None
) -> None:
    """These roles in a tenant and no others there; the sessions of the user end."""
    with _opened(folder, database) as (_, store), store.writing() as session:
        user = users.user_named(session, name)
        users.give_roles(session, local_user(), user, tenant, roles)


def disable_user(folder: Path, name: str, *, disabled: bool, database: str | None = None) -> None:
    """A disabled user can't sign in; sessions and links end at once."""
    with _opened(folder, database) as (_, store), store.writing() as session:
        user = users.user_named(session, name)
        users.set_disabled(session, local_user(), user, disabled=disabled)


def users_listed(folder: Path, database: str | None = None) -> list[ListedUser]:
    """Every user with the roles by tenant."""
    with _opened(folder, database) as (_, store), store.reading() as session:
        return [
            ListedUser(
                name=user.name,
                roles={k: sorted(v) for k, v in sessions.roles_of(session, user.id).items()},
                disabled=user.disabled_at is not None,
                provider=user.subject is not None,
            )
            for user in users.all_users(session)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedUser:
    """A user as the command line lists them. `provider`: signs in there and has no password."""

    name: str
    roles: dict[str, list[str]]
    disabled: bool
    provider: bool


def _here(place: BoardFolder) -> str:
    try:
        return f"http://{host_at(int(place.port.read_text(encoding='ascii')))}"
    except (OSError, ValueError):
        raise NotUsable(f"No board ran on {place.path}. Start it with `rearm serve`.") from None


def _write_new(file: Path, text: str) -> None:
    try:
        write_private(file, text.encode("utf-8"))
    except FileExistsError:
        raise NotUsable(f"{file} is there already. Name a file that is not.") from None


@contextmanager
def _opened(folder: Path, database: str | None = None) -> Iterator[tuple[BoardFolder, Database]]:
    place = existing_board(folder, database)
    store = Database(place.where)
    try:
        store.check()
        yield place, store
    finally:
        store.close()
