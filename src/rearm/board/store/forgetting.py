"""What was deleted leaves traces in the files of a database until they are written anew."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from rearm.board.store.database import Database
from rearm.board.store.tables import Base, Setting

__all__ = ["forget", "forget_if_left", "to_forget"]

_LEFT = "to_forget"


def to_forget(session: Session) -> None:
    """Notes that something was deleted of which no trace may stay."""
    session.merge(Setting(name=_LEFT, value="1"))


def forget(database: Database) -> bool:
    """Writes the database anew. False where another program keeps that from being done; it is then
    done when the board is next opened.
    """
    tables = sorted(Base.metadata.tables)
    if not database.forget(tables):
        return False
    with database.writing() as session:
        session.execute(delete(Setting).where(Setting.name == _LEFT))
    return True


def forget_if_left(database: Database) -> None:
    """Does what could not be done when a patient was erased."""
    with database.reading() as session:
        left = session.get(Setting, _LEFT) is not None
    if left:
        forget(database)
