"""All administrations of a user at a glance, and their errors grouped over all of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from boekbrug.domain.findings import CATALOGUE, in_general
from boekbrug.domain.records import SyncStatus
from boekbrug.store import overviews, tenants
from dashboard.access import TheVisitor
from dashboard.site import render, site_of

router = APIRouter()
_NAMED = 8


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
def home(visitor: TheVisitor) -> Response:
    """The only administration, or the choice of one."""
    if len(visitor.memberships) == 1:
        return RedirectResponse(f"/t/{visitor.memberships[0].tenant.slug}", 303)
    return RedirectResponse("/tenants", 303)


@router.get("/tenants")
def choose(request: Request, visitor: TheVisitor) -> Response:
    """All administrations of the user, with how each stands."""
    runtime = site_of(request).runtime
    with runtime.database.read() as session:
        found = overviews.standings(session, [one.tenant.id for one in visitor.memberships])
    return render(
        request,
        "tenants.html",
        visitor.wording,
        visitor=visitor,
        rows=[(one, found[one.tenant.id]) for one in visitor.memberships],
        now=runtime.clock.now(),
    )


@router.get("/tenants/errors")
def errors(request: Request, visitor: TheVisitor) -> Response:
    """What waits for a person in any administration of the user, by cause."""
    owners = {one.tenant.id: one.tenant for one in visitor.memberships}
    with site_of(request).runtime.database.read() as session:
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
    )
