"""Users, their roles by tenant, and the links with which they set a password.

Whatever changes what a user may do ends the user's sessions in the same transaction.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from rearm.board.people import sessions
from rearm.board.people.roles import ROLES
from rearm.board.refusals import Conflict, NotSignedIn, NotThere, NotUsable
from rearm.board.store import audit
from rearm.board.store.tables import Membership, PasswordLink, Tenant, User, new_id
from rearm.board.store.utc import now
from rearm.characters import first_harmful

__all__ = [
    "LINK_LIFE",
    "LONGEST_NAME",
    "add_tenant",
    "add_user",
    "administrators",
    "all_users",
    "centre_of_name",
    "check_tenant_name",
    "give_roles",
    "is_of_the_board",
    "name_in",
    "new_password_link",
    "plain_name",
    "set_disabled",
    "set_password",
    "tenant_of",
    "user_named",
    "user_of_link",
]

LINK_LIFE = timedelta(hours=24)
LONGEST_NAME = 60
"""Characters of a name."""

_ADMINISTRATOR = "administrator"
_OF_THE_BOARD = ("the board", "upgrade")  # in the audit
_OF_PROGRAMS = "program "


def plain_name(name: str) -> str:
    """A name as the store keeps it: two that look alike to a keyboard are one."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def user_named(session: Session, name: str) -> User:
    """Raises NotThere where there is none."""
    found = session.scalar(select(User).where(User.name == plain_name(name)))
    if found is None:
        raise NotThere("There is no user of this name.")
    return found


def all_users(session: Session, tenant: str | None = None) -> list[User]:
    """Every user by name; with `tenant` those who have a role there."""
    found = select(User).order_by(User.name)
    if tenant is not None:
        of_tenant = select(Membership.user_id).where(Membership.tenant_id == tenant)
        found = found.where(User.id.in_(of_tenant))
    return [*session.scalars(found)]


def tenant_of(session: Session, tenant: str) -> Tenant:
    """Raises NotThere where there is none."""
    found = session.get(Tenant, tenant)
    if found is None:
        raise NotThere("There is no such centre on this board.")
    return found


def check_tenant_name(name: str) -> None:
    """Raises NotUsable with a sentence where a centre can't be called that."""
    if not 0 < len(name) <= 100 or first_harmful(name) is not None:
        raise NotUsable("The name of a centre has 1 to 100 characters. Choose another.")


def add_tenant(session: Session, who: str, tenant: str, name: str) -> None:
    """A further tenant, or another name of one that is there."""
    found = session.get(Tenant, tenant)
    if found is not None and found.name == name:
        return
    if session.scalar(select(Tenant.id).where(Tenant.name == name)) is not None:
        raise NotUsable(f"Another centre of this board is called {name}. Choose another name.")
    if found is None:
        session.add(Tenant(id=tenant, name=name))
    else:
        found.name = name
    audit.append(session, who, "tenant_added", tenant, {"name": name})


def name_in(tenant: str, name: str) -> str:
    """The name of a user whom the administrator of one centre adds. It ends in the centre, so that
    it takes no name of another centre, and nobody learns which names there are.
    """
    plain, ending = plain_name(name), f"@{tenant}"
    return plain if not plain or plain.endswith(ending) else plain + ending


def is_of_the_board(plain: str) -> bool:
    """Whether the audit calls the board itself or a program so."""
    return plain in _OF_THE_BOARD or plain.startswith(_OF_PROGRAMS)


def centre_of_name(session: Session, plain: str) -> str:
    """The centre whose names end like this one; empty where it is that of none."""
    _, mark, ending = plain.rpartition("@")
    return ending if mark and session.get(Tenant, ending) is not None else ""


def add_user(
    session: Session,
    who: str,
    name: str,
    tenant: str,
    roles: Iterable[str],
    *,
    subject: str | None = None,
) -> User:
    """A further user with roles in one tenant. Raises NotUsable with a sentence."""
    plain = plain_name(name)
    if not plain or len(plain) > LONGEST_NAME or first_harmful(plain) is not None:
        raise NotUsable(f"A name has 1 to {LONGEST_NAME} characters. Choose another.")
    if is_of_the_board(plain):
        raise NotUsable("The audit calls the board itself or a program so. Choose another name.")
    if (centre := centre_of_name(session, plain)) not in ("", tenant):
        raise NotUsable(f"Names that end in @{centre} are those of that centre. Choose another.")
    if session.scalar(select(User.id).where(User.name == plain)) is not None:
        raise NotUsable("There is a user of this name. Choose another.")
    user = User(
        id=new_id(), name=plain, password="", subject=subject, made_at=now(), disabled_at=None
    )
    session.add(user)
    session.flush()
    audit.append(session, who, "user_added", user.id, {"name": plain})
    if kept := frozenset(roles):
        give_roles(session, who, user, tenant, kept)
    return user


def give_roles(
    session: Session,
    who: str,
    user: User,
    tenant: str,
    roles: Iterable[str],
    *,
    version: int | None = None,
    by_provider: bool = False,
) -> None:
    """These roles in a tenant, and no others there; the sessions of the user end. Raises NotUsable
    with a sentence, also for the last administrator, and Conflict where somebody changed the user
    after this version was shown. `by_provider`: what the provider takes away is gone in any case,
    and whoever has the role there administers the centre from the next sign-in on.
    """
    tenant_of(session, tenant)
    wanted = frozenset(roles)
    if unknown := wanted - frozenset(ROLES):
        raise NotUsable(f"{min(unknown)} is no role. Choose from {', '.join(ROLES)}.")
    _check_seen(user, version)
    before = sessions.roles_of(session, user.id).get(tenant, frozenset())
    if before == wanted:
        return
    if _ADMINISTRATOR in before - wanted and not by_provider:
        _check_administered_without(session, user, tenant)
    if wanted and not before:
        # who got a link from another centre would come in with these roles
        session.execute(delete(PasswordLink).where(PasswordLink.user_id == user.id))
    of_tenant = Membership.user_id == user.id, Membership.tenant_id == tenant
    session.execute(delete(Membership).where(*of_tenant))
    for role in sorted(wanted):
        session.add(Membership(user_id=user.id, tenant_id=tenant, role=role))
    _touch(session, user)
    sessions.end_all(session, user.id, tenant)
    details = {"tenant": tenant, "from": sorted(before), "to": sorted(wanted)}
    audit.append(session, who, "user_roles_changed", user.id, details)


def set_disabled(
    session: Session, who: str, user: User, *, disabled: bool, version: int | None = None
) -> None:
    """A disabled user can't sign in, and the user's sessions and links end. Raises Conflict, and
    NotUsable for the last administrator of a tenant.
    """
    _check_seen(user, version)
    if disabled:
        for tenant, roles in sorted(sessions.roles_of(session, user.id).items()):
            if _ADMINISTRATOR in roles:
                _check_administered_without(session, user, tenant)
    user.disabled_at = now() if disabled else None
    _touch(session, user)
    session.execute(delete(PasswordLink).where(PasswordLink.user_id == user.id))
    sessions.end_all(session, user.id)
    audit.append(session, who, "user_disabled" if disabled else "user_enabled", user.id)


def new_password_link(session: Session, who: str, user: User) -> str:
    """The token of a link with which the user sets a password once, within `LINK_LIFE`; an earlier
    link ends. Raises NotUsable where the user signs in elsewhere.
    """
    if user.subject is not None:
        raise NotUsable("This user signs in at a provider and has no password here.")
    session.execute(delete(PasswordLink).where(PasswordLink.user_id == user.id))
    token = secrets.token_urlsafe(32)
    link = PasswordLink(hash=sessions.hash_of(token), user_id=user.id, made_at=now(), used_at=None)
    session.add(link)
    audit.append(session, who, "password_link_made", user.id)
    return token


def user_of_link(session: Session, token: str) -> User:
    """Whose link it is. Raises NotSignedIn where it was used, is too old or is none."""
    link = session.get(PasswordLink, sessions.hash_of(token))
    user = None if link is None else session.get(User, link.user_id)
    usable = link is not None and link.used_at is None and now() - link.made_at <= LINK_LIFE
    if user is None or not usable or user.disabled_at is not None:
        raise NotSignedIn(
            "This link was used, is older than a day, or is none. Ask the administrator for "
            "another."
        )
    return user


def set_password(session: Session, token: str, kept: str) -> User:
    """Keeps the hash of a password and uses up the link; the sessions of the user end."""
    user = user_of_link(session, token)
    session.get_one(PasswordLink, sessions.hash_of(token)).used_at = now()
    user.password = kept
    sessions.end_all(session, user.id)
    audit.append(session, user.name, "password_set", user.id)
    return user


def administrators(session: Session, tenant: str) -> list[User]:
    """Who can sign in and administers a tenant."""
    found = (
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.tenant_id == tenant, Membership.role == _ADMINISTRATOR)
        .where(User.disabled_at.is_(None), (User.password != "") | User.subject.is_not(None))
        .order_by(User.name)
    )
    return [*session.scalars(found)]


def _check_administered_without(session: Session, user: User, tenant: str) -> None:
    """Raises NotUsable where nobody could administer a tenant any more."""
    if [x.id for x in administrators(session, tenant)] == [user.id]:
        name = tenant_of(session, tenant).name
        raise NotUsable(
            f"{user.name} is the last administrator of {name}. Let somebody else administer it "
            "first, who has signed in or set a password."
        )


def _check_seen(user: User, version: int | None) -> None:
    if version is not None and user.version != version:
        raise Conflict("Somebody changed this user after you opened the page. Look again.")


def _touch(session: Session, user: User) -> None:
    """The version of the user grows, also where only the roles change."""
    flag_modified(user, "name")  # a row in which nothing changed would not be written
    session.flush()
