"""The runs of a tenant; for the integrator with the way to the same run in Prefect, which leads back here."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from boekbrug.domain.users import Right
from boekbrug.store import runs, tenants
from dashboard.access import ThePlace
from dashboard.prefect_link import run_url
from dashboard.site import render

router = APIRouter()
SHOWN = 50


@router.get("/t/{tenant}/runs")
def tenant_runs(request: Request, place: ThePlace, run: str = "") -> Response:
    """The latest runs of all routes, the newest first; with `run` the run of that id in Prefect alone."""
    with place.site.runtime.database.read() as session:
        slugs = {route.id: route.slug for route in tenants.list_routes(session, place.tenant.id)}
        found = runs.latest_runs(session, place.tenant.id, flow_run_id=run, limit=SHOWN)
    traces = place.may(Right.TRACE)
    return render(
        request,
        "runs.html",
        place.wording,
        place=place,
        visitor=place.visitor,
        found=[(one, run_url(one.flow_run_id) if traces else "") for one in found],
        slugs=slugs,
        only=run,
    )
