"""The addresses of the administration: users and their roles, tenants, the audit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session
from starlette.responses import Response

from rearm.board.administration.contents import (
    administration_page,
    audit_page,
    is_whole,
    may_rule,
    verified_page,
)
from rearm.board.administration.contexts import (
    AdministrationPage,
    AuditPage,
    SentForm,
    UserTyped,
)
from rearm.board.people import sessions, users
from rearm.board.people.roles import ROLES
from rearm.board.refusals import SHOWN_AGAIN, NotAllowed, NotThere, NotUsable
from rearm.board.store import audit
from rearm.board.store.tables import Tenant, User, new_id
from rearm.board.web.asked import Asked
from rearm.board.web.declare import Address, Again, page, post, to
from rearm.board.web.kept import Kept

__all__ = ["ADDRESSES"]

HOME = "/administration"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What a change did: what the page says of it, or the link that it made and for whom."""

    kept: Kept | None = None
    link: str = ""
    link_for: str = ""


_NUMBER = re.compile(r"[0-9]{1,9}")
_WORD = re.compile(r"[a-z0-9]+")
_LONGEST_ID = 20


def administration(asked: Asked) -> AdministrationPage:
    with asked.board.database.writing() as session:
        audit.append(session, asked.who, "administration_seen")
        return administration_page(session, asked.tenant)


def seen_audit(asked: Asked) -> AuditPage:
    query = asked.query
    before = query.get("before", "")
    with asked.board.database.writing() as session:
        audit.append(session, asked.who, "audit_seen", "")
        return audit_page(
            session,
            asked.tenant,
            case=query.get("case", "")[:40],
            who=query.get("who", "")[:100],
            day=query.get("day", "")[:10],
            before=int(before) if _NUMBER.fullmatch(before) else None,
        )


def verified(asked: Asked) -> Again:
    """Looks through the whole audit, which takes a while where it is long."""
    with asked.board.database.writing() as session:
        found = audit.verify(session)
        audit.append(session, asked.who, "audit_verified", details={"faults": len(found.faults)})
    shown = verified_page(found, all_centres=is_whole(asked.tenant))
    return Again(context=shown, status=200, path=f"{HOME}/audit")


def add_user(asked: Asked) -> Response | Again:
    """A further user, who gets a link; a user who is known already gets the roles. An administrator
    of one centre knows those who have a role there, and adds others under names of the centre.
    """
    form, whole = asked.form, is_whole(asked.tenant)
    tenant = form.text("tenant") if whole else asked.tenant

    def change(session: Session) -> _Done:
        roles = _roles(asked)
        if not roles:
            raise NotUsable("Choose a role, or the user could do nothing here.")
        users.tenant_of(session, tenant)
        name = form.text("name")
        here = {x.name for x in users.all_users(session, tenant)}
        if not whole and users.plain_name(name) not in here:
            name = users.name_in(tenant, name)
        try:
            known = users.user_named(session, name)
        except NotThere:
            made = users.add_user(session, asked.who, name, tenant, roles)
            return _Done(link_for=made.name, link=_link(asked, session, made))
        users.give_roles(session, asked.who, known, tenant, roles)
        return _Done(kept="roles")

    return _changed(asked, change, "user")


def give_roles(asked: Asked) -> Response | Again:
    """The roles of a user in the tenant in which the session works."""

    def change(session: Session) -> _Done:
        user, version = _user(asked, session), asked.form.number("version")
        roles = _roles(asked)
        users.give_roles(session, asked.who, user, asked.tenant, roles, version=version)
        return _Done(kept="roles")

    return _changed(asked, change, "roles")


def disable(asked: Asked) -> Response | Again:
    return _disabled(asked, disabled=True)


def enable(asked: Asked) -> Response | Again:
    return _disabled(asked, disabled=False)


def sign_out(asked: Asked) -> Response | Again:
    """Ends every session of a user."""

    def change(session: Session) -> _Done:
        user = _ruled(asked, session)
        sessions.end_all(session, user.id)
        audit.append(session, asked.who, "signed_out", user.id)
        return _Done(kept="sessions_ended")

    return _changed(asked, change)


def new_link(asked: Asked) -> Response | Again:
    """A link with which a user sets a password."""

    def change(session: Session) -> _Done:
        user = _ruled(asked, session)
        return _Done(link_for=user.name, link=_link(asked, session, user))

    return _changed(asked, change)


def add_tenant(asked: Asked) -> Response | Again:
    """A further centre."""

    def change(session: Session) -> _Done:
        if not is_whole(asked.tenant):
            raise NotAllowed("Only an administrator of the first centre adds others.")
        name = asked.form.text("name").strip()
        users.check_tenant_name(name)
        users.add_tenant(session, asked.who, _tenant_id(session, name), name)
        return _Done(kept="centre_added")

    return _changed(asked, change, "tenant")


def _tenant_id(session: Session, name: str) -> str:
    """Made of the name, since names of users of the centre end in it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    found = "-".join(_WORD.findall(plain))[:_LONGEST_ID].strip("-")
    is_usable = found[:1].isalpha() and session.get(Tenant, found) is None
    return found if is_usable else f"centre-{new_id()}"


def _disabled(asked: Asked, *, disabled: bool) -> Response | Again:
    def change(session: Session) -> _Done:
        user, version = _ruled(asked, session), asked.form.number("version")
        users.set_disabled(session, asked.who, user, disabled=disabled, version=version)
        return _Done(kept="user_disabled" if disabled else "user_enabled")

    return _changed(asked, change)


def _changed(
    asked: Asked, change: Callable[[Session], _Done], form: SentForm | None = None
) -> Response | Again:
    """The page again, with the link that a change made (it is shown once), or why it was not; what
    was typed into its `form` stays there.
    """
    database = asked.board.database
    try:
        with database.writing() as session:
            done = change(session)
    except SHOWN_AGAIN as refusal:
        with database.reading() as session:
            shown = administration_page(
                session, asked.tenant, refusal=str(refusal), typed=_typed(asked, form)
            )
        return Again(context=shown, status=refusal.status, path=HOME)
    if not done.link:
        return to(HOME, done.kept)
    with database.reading() as session:
        shown = administration_page(session, asked.tenant, link=done.link, link_for=done.link_for)
    return Again(context=shown, status=200, path=HOME)


def _typed(asked: Asked, form: SentForm | None) -> UserTyped:
    sent = asked.form
    return UserTyped(
        form=form,
        user=asked.parts.get("user", ""),
        name=sent.text("name"),
        tenant=sent.text("tenant"),
        roles=tuple(_roles(asked)),
    )


def _roles(asked: Asked) -> list[str]:
    return [role for role in ROLES if asked.form.text(f"role_{role}")]


def _user(asked: Asked, session: Session) -> User:
    """The user of the address, as if there were none where another tenant has the user."""
    found = session.get(User, asked.part("user"))
    of_here = found is not None and asked.tenant in sessions.roles_of(session, found.id)
    if found is None or not (of_here or is_whole(asked.tenant)):
        raise NotThere("There is no such user.")
    return found


def _ruled(asked: Asked, session: Session) -> User:
    found = _user(asked, session)
    if not may_rule(session, asked.tenant, found):
        raise NotAllowed(
            "This user works in other centres too. Take the roles in yours away, or ask an "
            "administrator of the first centre."
        )
    return found


def _link(asked: Asked, session: Session, user: User) -> str:
    token = users.new_password_link(session, asked.who, user)
    return f"{asked.board.origin}/password/{token}"


ADDRESSES: tuple[Address, ...] = (
    *page(HOME, administration, "administer"),
    *page(f"{HOME}/audit", seen_audit, "administer"),
    post(f"{HOME}/audit/verify", verified, "administer"),
    post(f"{HOME}/tenants", add_tenant, "administer"),
    post(f"{HOME}/users", add_user, "administer"),
    post(f"{HOME}/users/{{user}}/roles", give_roles, "administer"),
    post(f"{HOME}/users/{{user}}/disable", disable, "administer"),
    post(f"{HOME}/users/{{user}}/enable", enable, "administer"),
    post(f"{HOME}/users/{{user}}/sign-out", sign_out, "administer"),
    post(f"{HOME}/users/{{user}}/link", new_link, "administer"),
)
