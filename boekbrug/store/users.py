"""Users of the dashboard, what they are to which tenant, and how they are invited.

A user belongs to no tenant, so that an accountant has one password for all administrations; the memberships do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, update
from sqlmodel import Session, col, select

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.users import RIGHTS, Right, Role
from boekbrug.store.database import ACROSS_TENANTS, insert_new
from boekbrug.store.sessions import end_all_sessions, hash_token, new_token
from boekbrug.store.tables import InvitationRow, MembershipRow, TenantRow, UserRow
from boekbrug.store.tenants import Tenant

INVITATION_LASTS = timedelta(days=7)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,250}")


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who can sign in, once there is a password."""

    id: int
    email: str
    language: str
    has_password: bool
    is_disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What a user is to a tenant."""

    tenant: Tenant
    role: Role

    def may(self, right: Right) -> bool:
        """True when the role has that right."""
        return right in RIGHTS[self.role]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A link that makes somebody a user of a tenant; it works until it expires or was used."""

    id: int
    tenant: Tenant
    email: str
    role: Role
    invited_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingInvitation:
    """An invitation that nobody has accepted yet, as the tenant's own people see it."""

    id: int
    email: str
    role: Role
    invited_by: str
    expires_at: datetime


def checked_email(text: str) -> str:
    """The address as it is kept. Raises SettingsInvalid when it is none."""
    email = text.strip().casefold()
    if not _EMAIL.fullmatch(email):
        raise SettingsInvalid(f"{text!r} is not an e-mail address")
    return email


def add_user(session: Session, email: str, *, language: str, now: datetime) -> User:
    """The user with that address, made when there is none. Raises SettingsInvalid for what is no address."""
    address = checked_email(email)
    insert_new(
        session,
        UserRow,
        [{"email": address, "password_hash": "", "language": language, "disabled": False, "created_at": now}],
    )
    return user_by_email(session, address)


def user_by_email(session: Session, email: str) -> User:
    """The user. Raises SettingsInvalid when there is none with that address."""
    statement = select(UserRow).where(UserRow.email == email.strip().casefold())
    row = session.exec(statement.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise SettingsInvalid(f"there is no user {email!r}; boekbrug user list shows them")
    return _user(row)


def user_by_id(session: Session, user_id: int) -> User:
    """The user. Raises LookupError when there is none."""
    statement = select(UserRow).where(UserRow.id == user_id)
    row = session.exec(statement.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise LookupError(f"there is no user {user_id}")
    return _user(row)


def list_users(session: Session) -> list[tuple[User, list[Membership]]]:
    """All users with their memberships, by address. For whoever runs the installation."""
    users = [_user(row) for row in session.exec(select(UserRow).order_by(UserRow.email))]
    return [(user, memberships(session, user.id)) for user in users]


def password_hash_of(session: Session, email: str) -> tuple[int, str] | None:
    """Id and password hash of a user who may sign in; None when there is none."""
    return session.exec(
        select(UserRow.id, UserRow.password_hash).where(
            UserRow.email == email.strip().casefold(), col(UserRow.disabled).is_(False)
        )
    ).one_or_none()


def set_password(session: Session, user_id: int, password_hash: str) -> None:
    """From now on this is the password; whoever is signed in with the old one no longer is."""
    session.exec(update(UserRow).where(col(UserRow.id) == user_id).values(password_hash=password_hash))
    end_all_sessions(session, user_id)


def set_language(session: Session, user_id: int, language: str) -> None:
    """The language in which the user reads the pages."""
    session.exec(update(UserRow).where(col(UserRow.id) == user_id).values(language=language))


def disable(session: Session, user_id: int, *, disabled: bool = True) -> None:
    """The user can no longer sign in, and is signed out everywhere; or may again."""
    session.exec(update(UserRow).where(col(UserRow.id) == user_id).values(disabled=disabled))
    end_all_sessions(session, user_id)


def memberships(session: Session, user_id: int) -> list[Membership]:
    """Everything that the user may see, by the tenants' names."""
    # Read past the session, as records are: an integrator has hundreds.
    rows = session.connection().execute(
        select(TenantRow, MembershipRow.role)
        .join(MembershipRow, col(TenantRow.id) == col(MembershipRow.tenant_id))
        .where(MembershipRow.user_id == user_id)
        .order_by(TenantRow.name, TenantRow.slug)
        .execution_options(**ACROSS_TENANTS)
    )
    return [Membership(tenant=_tenant(row), role=Role(row.role)) for row in rows]


def roles(session: Session, user_id: int) -> dict[Role, int]:
    """With how many tenants the user has which role."""
    counted = select(MembershipRow.role, func.count()).where(MembershipRow.user_id == user_id)
    rows = session.exec(counted.group_by(MembershipRow.role).execution_options(**ACROSS_TENANTS))
    return {Role(role): count for role, count in rows}


def membership(session: Session, user_id: int, tenant_slug: str) -> Membership | None:
    """What the user is to the tenant with that slug; None for a stranger, and when there is no such tenant."""
    found = session.exec(
        select(MembershipRow.role, TenantRow)
        .join(TenantRow, col(TenantRow.id) == col(MembershipRow.tenant_id))
        .where(MembershipRow.user_id == user_id, TenantRow.slug == tenant_slug)
        .execution_options(populate_existing=True, **ACROSS_TENANTS)
    ).one_or_none()
    return None if found is None else Membership(tenant=_tenant(found[1]), role=Role(found[0]))


def members(session: Session, tenant_id: int) -> list[tuple[User, Role]]:
    """The tenant's users, by address."""
    rows = session.exec(
        select(UserRow, MembershipRow.role)
        .join(MembershipRow, col(MembershipRow.user_id) == col(UserRow.id))
        .where(MembershipRow.tenant_id == tenant_id)
        .order_by(UserRow.email)
        .execution_options(populate_existing=True)
    )
    return [(_user(user), Role(role)) for user, role in rows]


def admit(session: Session, tenant_id: int, user_id: int, role: Role) -> None:
    """The user has that role with the tenant from now on."""
    insert_new(session, MembershipRow, [{"tenant_id": tenant_id, "user_id": user_id, "role": role.value}])
    session.exec(
        update(MembershipRow)
        .where(col(MembershipRow.tenant_id) == tenant_id, col(MembershipRow.user_id) == user_id)
        .values(role=role.value)
    )


def dismiss(session: Session, tenant_id: int, user_id: int) -> bool:
    """The user no longer belongs to the tenant. False when that was so already."""
    gone = session.exec(
        delete(MembershipRow).where(col(MembershipRow.tenant_id) == tenant_id, col(MembershipRow.user_id) == user_id)
    )
    return gone.rowcount == 1


def invite(session: Session, tenant_id: int, email: str, role: Role, *, who: str, now: datetime) -> str:
    """The secret part of a new invitation's link, which is kept nowhere. Raises SettingsInvalid for a wrong address."""
    token = new_token()
    row = InvitationRow(
        token_hash=hash_token(token),
        tenant_id=tenant_id,
        email=checked_email(email),
        role=role.value,
        invited_by=who,
        created_at=now,
        expires_at=now + INVITATION_LASTS,
    )
    session.add(row)
    session.flush()
    return token


def open_invitation(session: Session, token: str, now: datetime) -> Invitation | None:
    """The invitation of that link; None when it expired, was used or never was."""
    # Whoever follows a link belongs to no tenant yet.
    found = session.exec(
        select(InvitationRow, TenantRow)
        .join(TenantRow, col(TenantRow.id) == col(InvitationRow.tenant_id))
        .where(
            InvitationRow.token_hash == hash_token(token),
            col(InvitationRow.expires_at) > now,
            col(InvitationRow.accepted_at).is_(None),
        )
        .execution_options(populate_existing=True, **ACROSS_TENANTS)
    ).one_or_none()
    if found is None:
        return None
    row, tenant = found
    return Invitation(
        id=row.id,
        tenant=_tenant(tenant),
        email=row.email,
        role=Role(row.role),
        invited_by=row.invited_by,
        expires_at=row.expires_at,
    )


def accept(session: Session, invitation: Invitation, user_id: int, now: datetime) -> bool:
    """The invited user belongs to the tenant. False, and nothing changes, when the link was used meanwhile."""
    used = session.exec(
        update(InvitationRow)
        .where(
            col(InvitationRow.tenant_id) == invitation.tenant.id,
            col(InvitationRow.id) == invitation.id,
            col(InvitationRow.accepted_at).is_(None),
        )
        .values(accepted_at=now)
    )
    if used.rowcount != 1:
        return False
    admit(session, invitation.tenant.id, user_id, invitation.role)
    return True


def open_invitations(session: Session, tenant_id: int, now: datetime) -> list[PendingInvitation]:
    """The tenant's invitations whose links still work, by address."""
    rows = session.exec(
        select(InvitationRow)
        .where(
            InvitationRow.tenant_id == tenant_id,
            col(InvitationRow.expires_at) > now,
            col(InvitationRow.accepted_at).is_(None),
        )
        .order_by(InvitationRow.email, col(InvitationRow.id))
        .execution_options(populate_existing=True)
    )
    return [
        PendingInvitation(
            id=row.id, email=row.email, role=Role(row.role), invited_by=row.invited_by, expires_at=row.expires_at
        )
        for row in rows
    ]


def withdraw_invitation(session: Session, tenant_id: int, invitation_id: int) -> bool:
    """Its link works no more. False when it was used or withdrawn already."""
    gone = session.exec(
        delete(InvitationRow).where(
            col(InvitationRow.tenant_id) == tenant_id,
            col(InvitationRow.id) == invitation_id,
            col(InvitationRow.accepted_at).is_(None),
        )
    )
    return gone.rowcount == 1


def change_role(session: Session, tenant_id: int, user_id: int, role: Role) -> None:
    """The member has another role. Raises SettingsInvalid when the tenant would have no integrator left."""
    if role is not Role.INTEGRATOR:
        keep_an_integrator(session, tenant_id, without=user_id)
    admit(session, tenant_id, user_id, role)


def withdraw(session: Session, tenant_id: int, user_id: int) -> None:
    """The member belongs to the tenant no more, nor does an invitation lead back. Raises SettingsInvalid when the
    tenant would have no integrator left."""
    keep_an_integrator(session, tenant_id, without=user_id)
    dismiss(session, tenant_id, user_id)
    email = session.exec(select(UserRow.email).where(UserRow.id == user_id)).one()
    session.exec(
        delete(InvitationRow).where(
            col(InvitationRow.tenant_id) == tenant_id,
            col(InvitationRow.email) == email,
            col(InvitationRow.accepted_at).is_(None),
        )
    )


def keep_an_integrator(session: Session, tenant_id: int, *, without: int) -> None:
    """Raises SettingsInvalid when this user is the only one left who can sign in as the tenant's integrator. Until the
    transaction ends nobody else changes what the tenant's integrators are."""
    present = session.exec(
        select(MembershipRow.user_id, UserRow.disabled)
        .join(UserRow, col(UserRow.id) == col(MembershipRow.user_id))
        .where(MembershipRow.tenant_id == tenant_id, MembershipRow.role == Role.INTEGRATOR.value)
        .order_by(col(MembershipRow.user_id))
        .with_for_update()
    ).all()
    able = {user_id for user_id, disabled in present if not disabled}
    if able == {without}:
        raise SettingsInvalid("an administration keeps at least one integrator")


def _user(row: UserRow) -> User:
    return User(
        id=row.id,
        email=row.email,
        language=row.language,
        has_password=bool(row.password_hash),
        is_disabled=row.disabled,
    )


def _tenant(row: TenantRow | Row[Any]) -> Tenant:
    return Tenant(id=row.id, slug=row.slug, name=row.name, time_zone=row.time_zone, language=row.language)
