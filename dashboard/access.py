"""Who is looking, and at what. A tenant's slug is looked up among the user's own memberships and nowhere else, so what
is somebody else's is not there at all: 404, exactly as for what never was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, HTTPException, Request
from starlette.datastructures import FormData

from boekbrug.domain.users import RIGHTS, Right, Role
from boekbrug.store import sessions, tenants, users
from boekbrug.store.sessions import UserSession
from dashboard.i18n import Wording
from dashboard.security import TOKEN_FIELD, check_form
from dashboard.site import Site, site_of

_PROLONGED_EVERY = timedelta(minutes=5)


class LoginNeededError(Exception):
    """Somebody who is not signed in asks for what only users see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A user who is signed in; `roles`: with how many tenants they have which role."""

    user: users.User
    session: UserSession
    roles: Mapping[Role, int]

    @property
    def has_several_tenants(self) -> bool:
        """Whether there is another one to change to."""
        return sum(self.roles.values()) > 1

    @property
    def may_found(self) -> bool:
        """Whether they may make new administrations: who already manages one."""
        return any(Right.FOUND in RIGHTS[role] for role in self.roles)

    @property
    def wording(self) -> Wording:
        """For pages without a tenant."""
        return Wording(self.user.language, ZoneInfo("Europe/Amsterdam"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A tenant's part of the dashboard, and who is looking."""

    site: Site
    visitor: Visitor
    membership: users.Membership

    @property
    def tenant(self) -> tenants.Tenant:
        """Whose it is."""
        return self.membership.tenant

    @property
    def root(self) -> str:
        """Where the tenant's pages begin."""
        return f"/t/{self.tenant.slug}"

    @property
    def who(self) -> str:
        """The name under which changes are noted."""
        return self.visitor.user.email

    @property
    def wording(self) -> Wording:
        """The user's language, the tenant's time."""
        return Wording(self.visitor.user.language, ZoneInfo(self.tenant.time_zone))

    def may(self, right: str) -> bool:
        """True when the user's role has that right."""
        return self.membership.may(Right(right))

    def connection(self, slug: str) -> tenants.Connection:
        """The tenant's connection. Raises HTTPException 404 when it has none with that slug."""
        with self.site.runtime.database.read() as session:
            found = [one for one in tenants.list_connections(session, self.tenant.id) if one.slug == slug]
        if not found:
            raise HTTPException(404)
        return found[0]

    def route(self, slug: str) -> tenants.Route:
        """The tenant's route. Raises HTTPException 404 when it has none with that slug."""
        with self.site.runtime.database.read() as session:
            found = [one for one in tenants.list_routes(session, self.tenant.id) if one.slug == slug]
        if not found:
            raise HTTPException(404)
        return found[0]

    def require(self, right: Right) -> None:
        """Raises HTTPException 403 when the user's role lacks the right."""
        if not self.membership.may(right):
            raise HTTPException(403)


async def checked_form(request: Request) -> None:
    """Depended on by the whole application: whatever changes something comes from a form of ours."""
    if request.method not in ("GET", "HEAD"):
        form = await request.form()
        check_form(request, site_of(request).cookies, str(form.get(TOKEN_FIELD, "")))


async def sent_form(request: Request) -> FormData:
    """What was sent, for forms whose fields are made from a model."""
    return await request.form()


def present_visitor(request: Request) -> Visitor | None:
    """Who is signed in; None for a stranger. A session that is in use is prolonged."""
    site = site_of(request)
    token = request.cookies.get(site.cookies.session, "")
    if not token:
        return None
    now = site.runtime.clock.now()
    with site.runtime.database.read() as session:
        present = sessions.session_of(session, token, now)
        if present is None:
            return None
        user = users.user_by_id(session, present.user_id)
        roles = users.roles(session, user.id)
    lasts = timedelta(hours=site.runtime.settings.session_hours)
    if (
        present.expires_at - now < lasts - _PROLONGED_EVERY
        and present.expires_at - present.created_at < sessions.LONGEST
    ):
        with site.runtime.database.write() as session:
            sessions.prolong(session, present, now, lasts)
    return Visitor(user=user, session=present, roles=roles)


def visitor_of(visitor: Annotated[Visitor | None, Depends(present_visitor)]) -> Visitor:
    """Who is signed in. Raises LoginNeededError for a stranger."""
    if visitor is None:
        raise LoginNeededError
    return visitor


def place_of(request: Request, tenant: str, visitor: Annotated[Visitor, Depends(visitor_of)]) -> Place:
    """The part of the tenant in the path. Raises HTTPException 404 when the visitor has no such tenant."""
    site = site_of(request)
    with site.runtime.database.read() as session:
        membership = users.membership(session, visitor.user.id, tenant)
    if membership is None:
        raise HTTPException(404)
    return Place(site=site, visitor=visitor, membership=membership)


SomeVisitor = Annotated[Visitor | None, Depends(present_visitor)]
TheVisitor = Annotated[Visitor, Depends(visitor_of)]
TheForm = Annotated[FormData, Depends(sent_form)]
ThePlace = Annotated[Place, Depends(place_of)]
