"""Signing in with a name and a password.

Whether the name is known shows neither in words nor in time, and who tries often must wait.
"""

from __future__ import annotations

from sqlalchemy import select

from rearm.board.people import passwords, sessions, tries
from rearm.board.people.users import LONGEST_NAME, plain_name
from rearm.board.refusals import NotAllowed, NotSignedIn
from rearm.board.store import audit
from rearm.board.store.database import Database
from rearm.board.store.tables import User

__all__ = ["WRONG", "no_role", "sign_in"]

WRONG = "The name or the password is not right."


def sign_in(
    database: Database, name: str, password: str, *, client: str, before: str, contact: str
) -> str:
    """The id of a new session. `client`: the address of the browser; `before`: the session that
    it had, which ends.

    Raises NotSignedIn in the same words for a name that is unknown, a password that is wrong and a
    user who is disabled; TooMany; NotAllowed where the user has no role.
    """
    plain = plain_name(name[: 4 * LONGEST_NAME])
    tries.count(database, account=plain, client=client)
    with database.reading() as session:
        user = session.scalar(select(User).where(User.name == plain))
        known, kept = user is not None, ""
        if user is not None and user.disabled_at is None:
            kept = user.password
    fitting = passwords.fits(kept, password)
    if not fitting:
        with database.writing() as session:
            # a name that is unknown may be a password typed in the wrong field: it is not noted
            audit.append(session, plain if known else "", "sign_in_failed")
        raise NotSignedIn(WRONG)
    dated = passwords.hash_of(password) if passwords.is_dated(kept) else None
    with database.writing() as session:
        user = session.scalars(select(User).where(User.name == plain)).one()
        if user.password != kept or user.disabled_at is not None:  # changed meanwhile
            raise NotSignedIn(WRONG)
        if dated is not None:
            user.password = dated
        tries.forget(session, "account", plain)
        tries.forget(session, "client", client)
        raw = sessions.begin(session, user, via="password", before=before)
        audit.append(
            session,
            user.name,
            "signed_in" if raw else "sign_in_failed",
            details={"via": "password"} if raw else {"role": "none"},
        )
    if raw is None:
        raise no_role(plain, contact)
    return raw


def no_role(name: str, contact: str) -> NotAllowed:
    """What a user is told who is known but has no role."""
    return NotAllowed(
        f"You are known here as {name}, but you have no role on this board yet.\nAsk {contact} to "
        "give you one, then sign in again."
    )
