"""The pages of the administration, made of what the store keeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Subquery, func, or_, select
from sqlalchemy.orm import Session

from rearm.board.administration.contexts import (
    AdministrationPage,
    AuditEntry,
    AuditPage,
    OpeningRow,
    RoleShown,
    SessionShown,
    TenantShown,
    UserShown,
    UserTyped,
    VerifiedPage,
)
from rearm.board.people.openings import recent_openings
from rearm.board.people.roles import MAY
from rearm.board.people.sessions import roles_of
from rearm.board.people.users import administrators, all_users
from rearm.board.store.audit import Verified
from rearm.board.store.tables import (
    FIRST_TENANT,
    AuditRow,
    Case,
    Membership,
    SessionRow,
    Tenant,
    Upload,
    User,
)
from rearm.board.store.tenants import tenant_named
from rearm.board.store.utc import moment_words, now
from rearm.board.words import HELD, NOT_HELD, ROLE_WORDS, fault_words, verified_words

__all__ = ["PAGE", "administration_page", "audit_page", "is_whole", "may_rule", "verified_page"]

PAGE = 100
"""Entries of the audit on one page."""

_MOST = 50
_SINCE = timedelta(hours=24)


def is_whole(tenant: str) -> bool:
    """Whether an administrator of this tenant administers the whole board."""
    return tenant == FIRST_TENANT


def may_rule(session: Session, tenant: str, user: User) -> bool:
    """Whether an administrator of a tenant may disable a user, or give a link to a password: not
    where the user has roles elsewhere too, since the link would lead there.
    """
    return is_whole(tenant) or set(roles_of(session, user.id)) == {tenant}


def administration_page(
    session: Session,
    tenant: str,
    *,
    link: str = "",
    link_for: str = "",
    refusal: str = "",
    typed: UserTyped | None = None,
) -> AdministrationPage:
    """What an administrator of a tenant sees. `typed`: what stood in a form that was refused."""
    return AdministrationPage(
        tenant=tenant,
        tenant_name=tenant_named(session, tenant),
        whole=is_whole(tenant),
        users=tuple(_users(session, tenant)),
        roles=tuple(
            RoleShown(role=role, title=ROLE_WORDS[role], may=tuple(sorted(may)))
            for role, may in MAY.items()
        ),
        sessions=tuple(_sessions(session, tenant)),
        tenants=tuple(_tenants(session)) if is_whole(tenant) else (),
        openings=tuple(
            OpeningRow(
                case=case.id,
                who=x.who,
                at=moment_words(x.at),
                until=moment_words(x.until),
                reason=x.reason,
            )
            for x, case in recent_openings(session, tenant, _MOST)
        ),
        link=link,
        link_for=link_for,
        refusal=refusal,
        typed=typed or UserTyped(),
    )


def audit_page(
    session: Session, tenant: str, *, case: str, who: str, day: str, before: int | None
) -> AuditPage:
    """Entries that fit what is asked for. An administrator of one tenant sees those of its patients
    and uploads, counted among themselves: how much others do is told by no number.
    """
    number: ColumnElement[int] = AuditRow.number.expression
    found = select(AuditRow, number)
    if not is_whole(tenant):
        own = _of_tenant(tenant)
        number = own.c.place
        found = select(AuditRow, number).join(own, own.c.number == AuditRow.number)
    found = found.order_by(number.desc()).limit(PAGE + 1)
    if case:
        found = found.where(AuditRow.subject == case)
    if who:
        found = found.where(AuditRow.who == who)
    refusal = ""
    if day:
        try:
            first = date.fromisoformat(day)
            after = first + timedelta(days=1)
            found = found.where(AuditRow.at >= first.isoformat(), AuditRow.at < after.isoformat())
        except (ValueError, OverflowError):
            refusal = "Give the day as year-month-day (2026-12-07)."
    if before is not None:
        found = found.where(number < before)
    rows = [] if refusal else [(x, place) for x, place in session.execute(found)]
    return AuditPage(
        whole=is_whole(tenant),
        entries=tuple(
            AuditEntry(
                number=place,
                at=x.at,
                who=x.who,
                action=x.action.replace("_", " "),
                subject=x.subject,
                details=x.details,
            )
            for x, place in rows[:PAGE]
        ),
        case=case,
        who=who,
        day=day,
        older=rows[PAGE - 1][1] if len(rows) > PAGE else None,
        refusal=refusal,
    )


def _of_tenant(tenant: str) -> Subquery:
    """The entries on patients and uploads of a tenant: their number, and their place among them."""
    cases = select(Case.id).where(Case.tenant_id == tenant)
    uploads = select(Upload.id).where(Upload.tenant_id == tenant)
    place = func.row_number().over(order_by=AuditRow.number).label("place")
    return (
        select(AuditRow.number, place)
        .where(or_(AuditRow.subject.in_(cases), AuditRow.subject.in_(uploads)))
        .subquery()
    )


def verified_page(found: Verified, *, all_centres: bool) -> VerifiedPage:
    """What a look through the audit found. `all_centres`: whether the reader administers them all;
    others are told neither how much there is nor what it is about.
    """
    if not found.faults:
        told = verified_words(found) if all_centres else HELD
        return VerifiedPage(whole=True, sentences=(told,))
    if not all_centres:
        return VerifiedPage(whole=False, sentences=(NOT_HELD,))
    return VerifiedPage(whole=False, sentences=tuple(map(fault_words, found.faults)))


def _users(session: Session, tenant: str) -> Iterator[UserShown]:
    for user in all_users(session, None if is_whole(tenant) else tenant):
        roles = roles_of(session, user.id)
        signs_in = "signs in with a password" if user.password else "has no password yet"
        yield UserShown(
            id=user.id,
            name=user.name,
            version=user.version,
            roles=tuple(sorted(roles.get(tenant, ()))),
            elsewhere=bool(set(roles) - {tenant}),
            disabled=user.disabled_at is not None,
            signs_in="signs in at a provider" if user.subject else signs_in,
            mine=may_rule(session, tenant, user),
        )


def _sessions(session: Session, tenant: str) -> Iterator[SessionShown]:
    found = (
        select(SessionRow)
        .where(SessionRow.ended_at.is_(None), SessionRow.seen_at > now() - _SINCE)
        .order_by(SessionRow.seen_at.desc())
        .limit(_MOST)
    )
    if not is_whole(tenant):
        found = found.where(SessionRow.tenant_id == tenant)
    for row in session.scalars(found):
        yield SessionShown(
            who=row.who,
            via=row.via,
            since=moment_words(row.made_at),
            seen=moment_words(row.seen_at),
        )


def _tenants(session: Session) -> Iterator[TenantShown]:
    counted = select(Membership.tenant_id, func.count(Membership.user_id.distinct())).group_by(
        Membership.tenant_id
    )
    users = {row[0]: row[1] for row in session.execute(counted)}
    for x in session.scalars(select(Tenant).order_by(Tenant.name)):
        yield TenantShown(
            id=x.id,
            name=x.name,
            users=users.get(x.id, 0),
            administrators=len(administrators(session, x.id)),
        )
