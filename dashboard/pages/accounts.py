"""All administrations of a user at a glance, and their errors grouped over all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from slugify import slugify

from boekbrug.domain.findings import CATALOGUE, in_general
from boekbrug.domain.records import SyncStatus
from boekbrug.domain.tenants import TenantConfig
from boekbrug.domain.users import Role
from boekbrug.store import audit, overviews, tenants, users
from boekbrug.store.searching import normalised
from dashboard.access import TheVisitor, Visitor
from dashboard.site import render, site_of

router = APIRouter()
PAGE = 100
_NAMED = 8
_LONGEST_NAME = 100
_LISTED = 50
"""Of each cause's administrations, those with the most documents."""


@dataclass(slots=True)
class SharedCause:
    """Documents with the same gravest finding, of several administrations: most of them first."""

    code: str
    status: SyncStatus
    sentence: str
    suggestion: str
    of: list[tuple[tenants.Tenant, int]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many documents."""
        return sum(count for _, count in self.of)


@router.get("/")
def home(request: Request, visitor: TheVisitor) -> Response:
    """The only administration, or the choice of one."""
    if visitor.has_several_tenants:
        return RedirectResponse("/tenants", 303)
    with site_of(request).runtime.database.read() as session:
        mine = users.memberships(session, visitor.user.id)
    return RedirectResponse(f"/t/{mine[0].tenant.slug}" if mine else "/tenants", 303)


@router.get("/tenants")
def choose(request: Request, visitor: TheVisitor, text: str = "", after: str = "") -> Response:
    """The administrations of the user by their names, with how each stands; those with a text in their names, and
    those after the one with a slug."""
    runtime = site_of(request).runtime
    with runtime.database.read() as session:
        mine = users.memberships(session, visitor.user.id)
        fit = [one for one in mine if normalised(text) in normalised(one.tenant.name)]
        first = next((place + 1 for place, one in enumerate(fit) if one.tenant.slug == after), 0)
        shown = fit[first : first + PAGE]
        found = overviews.standings(session, [one.tenant.id for one in shown])
    return render(
        request,
        "tenants.html",
        visitor.wording,
        visitor=visitor,
        rows=[(one, found[one.tenant.id]) for one in shown],
        count=len(mine),
        page=PAGE,
        most=overviews.MOST_COUNTED,
        text=text,
        is_first=not first,
        next=shown[-1].tenant.slug if len(fit) > first + PAGE else "",
        now=runtime.clock.now(),
    )


@router.get("/tenants/new")
def new(request: Request, visitor: TheVisitor) -> Response:
    """The form for a new administration."""
    _may_found(visitor)
    return render(request, "tenant_new.html", visitor.wording, visitor=visitor, name="", problem="")


@router.post("/tenants")
def found(request: Request, visitor: TheVisitor, name: Annotated[str, Form()] = "") -> Response:
    """A new, empty administration, of which its founder is the integrator."""
    _may_found(visitor)
    name, runtime = " ".join(name.split()), site_of(request).runtime
    if not 0 < len(name) <= _LONGEST_NAME:
        problem = visitor.wording.gettext("Give it a name of at most %(most)s characters.") % {"most": _LONGEST_NAME}
        page = {"visitor": visitor, "name": name, "problem": problem}
        return render(request, "tenant_new.html", visitor.wording, status_code=422, **page)
    now = runtime.clock.now()
    with runtime.database.write() as session:
        slug = slugify(name, max_length=40) or "administratie"
        config = TenantConfig(slug=slug, name=name, language=visitor.user.language)
        tenant = tenants.new_tenant(session, config, now)
        users.admit(session, tenant.id, visitor.user.id, Role.INTEGRATOR)
        audit.note(session, tenant.id, now, who=visitor.user.email, action="new administration", subject=tenant.slug)
    return RedirectResponse(f"/t/{tenant.slug}", 303)


def _may_found(visitor: Visitor) -> None:
    if not visitor.may_found:
        raise HTTPException(403)


@router.get("/tenants/errors")
def errors(request: Request, visitor: TheVisitor) -> Response:
    """What waits for a person in any administration of the user, by cause."""
    with site_of(request).runtime.database.read() as session:
        owners = {one.tenant.id: one.tenant for one in users.memberships(session, visitor.user.id)}
        found = overviews.causes(session, list(owners))
    shared: dict[tuple[SyncStatus, str], SharedCause] = {}
    language = visitor.wording.language
    for one in sorted(found, key=lambda cause: -cause.count):
        if (one.status, one.code) not in shared:
            sentence, suggestion = in_general(one.code, language) if one.code in CATALOGUE else ("", "")
            shared[one.status, one.code] = SharedCause(
                code=one.code,
                status=one.status,
                sentence=sentence,
                suggestion=suggestion,
            )
        shared[one.status, one.code].of.append((owners[one.tenant_id], one.count))
    return render(
        request,
        "tenants_errors.html",
        visitor.wording,
        visitor=visitor,
        causes=sorted(shared.values(), key=lambda cause: -cause.count),
        named=_NAMED,
        listed=_LISTED,
    )
