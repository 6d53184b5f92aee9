"""Choosing an administration."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from boekbrug.domain.records import SyncStatus
from boekbrug.store import records, tenants
from dashboard.access import TheVisitor
from dashboard.site import render, site_of

router = APIRouter()


@router.get("/")
def home(visitor: TheVisitor) -> Response:
    """The only administration, or the choice of one."""
    if len(visitor.memberships) == 1:
        return RedirectResponse(f"/t/{visitor.memberships[0].tenant.slug}", 303)
    return RedirectResponse("/tenants", 303)


@router.get("/tenants")
def choose(request: Request, visitor: TheVisitor) -> Response:
    """All administrations of the user, with what needs attention in each."""
    rows = []
    with site_of(request).runtime.database.read() as session:
        for membership in visitor.memberships:
            groups = records.error_groups(session, membership.tenant.id)
            paused = [c.slug for c in tenants.list_connections(session, membership.tenant.id) if c.is_broken]
            rows.append(
                {
                    "membership": membership,
                    "errors": sum(g.count for g in groups if g.status is SyncStatus.NEEDS_ATTENTION),
                    "mismatches": sum(g.count for g in groups if g.status is SyncStatus.MISMATCH),
                    "paused": paused,
                }
            )
    return render(request, "tenants.html", visitor.wording, visitor=visitor, rows=rows)
