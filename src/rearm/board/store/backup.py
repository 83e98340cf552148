"""A board as one file, and back again: the file is the database of a board in SQLite, whichever
database it came from. Copied is one state, also while the board runs.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import Connection, Table, delete, exists, func, insert, select
from sqlalchemy.orm import Session

from rearm.board.refusals import NotUsable
from rearm.board.store import audit
from rearm.board.store.audit import Verified
from rearm.board.store.database import Database
from rearm.board.store.folder import BoardFolder, write_private
from rearm.board.store.tables import FLEETING, KEPT, AuditRow, Base, Case

__all__ = ["restore", "write_backup"]

_AT_ONCE = 100  # rows


def write_backup(database: Database, file: Path, who: str) -> Verified:
    """Writes everything but who is signed in to a new file that only its owner reads; gives what a
    look through its audit found. Raises NotUsable where there is such a file.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        write_private(file, b"")
    except FileExistsError:
        raise NotUsable(f"{file} is there already. Name a file that is not.") from None
    try:
        write_private(part, b"")
        with database.writing() as session:
            audit.append(session, who, "backed_up")
        found = _written(database, part)
        part.replace(file)
        return found
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    finally:
        for left in (part, *(part.with_name(f"{part.name}{x}") for x in ("-wal", "-shm"))):
            left.unlink(missing_ok=True)


def _written(database: Database, part: Path) -> Verified:
    copy = Database(part)
    try:
        copy.bring_up_to_date()
        with database.reading() as source, copy.writing() as target:
            _copy(source, target)
            found = audit.verify(target)
        copy.close_as_one_file()
        return found
    finally:
        copy.close()


def restore(file: Path, folder: BoardFolder, database: Database) -> Verified:
    """Fills an empty board from a backup, whole or not at all. Raises NotUsable with a sentence
    where the file is none, the board is not empty, or the audit of the file does not hold.
    """
    with _opened(file, folder) as source, database.writing() as target:
        if _is_used(target):
            raise NotUsable(
                f"{database.told} is not empty. A backup is brought back to an empty board only: "
                "name another folder or database."
            )
        _copy(source, target)
        found = audit.verify(target)
        if found.faults:
            raise NotUsable(
                f"The audit of {file} shows {len(found.faults)} faults, so nothing was brought "
                "back. Look at an earlier backup."
            )
        return found


@contextmanager
def _opened(file: Path, folder: BoardFolder) -> Iterator[Session]:
    """The backup, from a copy: the file itself stays as it is, also where it is of an earlier
    version.
    """
    if not file.is_file():
        raise NotUsable(f"There is no file {file}.")
    place = Path(mkdtemp(dir=folder.incoming))
    try:
        copy = place / "backup.sqlite"
        shutil.copyfile(file, copy)
        copy.chmod(0o600)
        database = Database(copy)
        try:
            try:
                database.check_is_board()
                database.bring_up_to_date()
            except NotUsable as refusal:
                raise NotUsable(str(refusal).replace(str(copy), str(file))) from None
            with database.reading() as session:
                yield session
        finally:
            database.close()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _is_used(session: Session) -> bool:
    return any(
        session.scalar(select(exists().where(x))) for x in (Case.id != "", AuditRow.number > 0)
    )


def _copy(source: Session, target: Session) -> None:
    """Every table, a row before those that refer to it. What the steps put into a new database
    makes room first.
    """
    into = target.connection()
    tables = [x for x in Base.metadata.sorted_tables if x.name not in FLEETING]
    for table in reversed(tables):
        if table.name not in KEPT:
            into.execute(delete(table))
    for table in tables:
        whole = select(table).order_by(*table.primary_key.columns)
        rows = source.connection().execute(whole, execution_options={"yield_per": _AT_ONCE})
        for part in rows.partitions():
            into.execute(insert(table), [dict(row._mapping) for row in part])
        _count_on(into, table)


def _count_on(connection: Connection, table: Table) -> None:
    """Where the server numbers rows, it goes on after the last."""
    column = table.autoincrement_column
    if column is None or connection.dialect.name == "sqlite":
        return
    last = connection.scalar(select(func.max(column)))
    sequence = func.pg_get_serial_sequence(table.name, column.name)
    if last is not None:
        connection.execute(select(func.setval(sequence, last)))
