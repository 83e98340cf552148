"""What the pages of the administration hold."""

from __future__ import annotations

from typing import ClassVar, Literal

from rearm.board.web.contexts import Context, Part

__all__ = [
    "AdministrationPage",
    "AuditEntry",
    "AuditPage",
    "OpeningRow",
    "RoleShown",
    "SentForm",
    "SessionShown",
    "TenantShown",
    "UserShown",
    "UserTyped",
    "VerifiedPage",
]

SentForm = Literal["user", "roles", "tenant"]


class UserShown(Part, frozen=True, kw_only=True):
    """A user with the roles in this tenant. `elsewhere`: whether there are roles in others too;
    `signs_in`: with a password, at a provider, or not yet. `mine`: whether this administrator may
    disable the user and give a link.
    """

    id: str
    name: str
    version: int
    roles: tuple[str, ...]
    elsewhere: bool
    disabled: bool
    signs_in: str
    mine: bool


class RoleShown(Part, frozen=True, kw_only=True):
    """A role, its name on pages, and what it may do."""

    role: str
    title: str
    may: tuple[str, ...]


class SessionShown(Part, frozen=True, kw_only=True):
    """Somebody who is signed in now."""

    who: str
    via: str
    since: str
    seen: str


class TenantShown(Part, frozen=True, kw_only=True):
    """A tenant, how many users have a role in it, and how many of those who can sign in administer
    it.
    """

    id: str
    name: str
    users: int
    administrators: int


class OpeningRow(Part, frozen=True, kw_only=True):
    """A patient of this tenant who was opened by break-glass; `case` is the id in the audit."""

    case: str
    who: str
    at: str
    until: str
    reason: str


class UserTyped(Part, frozen=True, kw_only=True):
    """What was typed into a form that was refused: that of a new user, of the roles of a `user` (by
    id) or of a further centre; null where none was.
    """

    form: SentForm | None = None
    user: str = ""
    name: str = ""
    tenant: str = ""
    roles: tuple[str, ...] = ()


class AdministrationPage(Context, frozen=True, kw_only=True):
    """Users, roles, sessions and tenants. `tenant`: the one that is administered; `whole`: whether
    the session administers the whole board. `link`: one to set a password, shown once, for
    `link_for`.
    """

    template: ClassVar[str] = "administration"
    window: ClassVar[str] = "Administration"

    tenant: str
    tenant_name: str
    whole: bool
    users: tuple[UserShown, ...]
    roles: tuple[RoleShown, ...]
    sessions: tuple[SessionShown, ...]
    tenants: tuple[TenantShown, ...]
    openings: tuple[OpeningRow, ...]
    link: str = ""
    link_for: str = ""
    refusal: str = ""
    typed: UserTyped = UserTyped()


class AuditEntry(Part, frozen=True, kw_only=True):
    """Who did what when, to what; `details` as they are kept. `number`: of the entry, or for the
    administrator of one centre its place among those of the centre.
    """

    number: int
    at: str
    who: str
    action: str
    subject: str
    details: str


class AuditPage(Context, frozen=True, kw_only=True):
    """Entries of the audit, the newest first. `case`, `who` and `day`: what was asked for; `older`:
    the number before which the next page begins, null on the last.
    """

    template: ClassVar[str] = "audit"
    window: ClassVar[str] = "Audit"

    whole: bool
    entries: tuple[AuditEntry, ...]
    case: str
    who: str
    day: str
    older: int | None
    refusal: str = ""


class VerifiedPage(Context, frozen=True, kw_only=True):
    """What a look through the whole audit found, each a sentence."""

    template: ClassVar[str] = "verified"
    window: ClassVar[str] = "Audit"

    whole: bool
    sentences: tuple[str, ...]
