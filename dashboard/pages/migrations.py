"""Migratie: a shop's history, planned before it starts, watched while it goes over, accounted for at the end.

The same functions as `boekbrug migrate …`. Planning reads both sides and may take long: it runs beside the pages, and
its state is the store's, so that it goes on when the browser is closed and any browser sees how far it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from boekbrug.domain.errors import BoekbrugError, SettingsInvalid
from boekbrug.domain.findings import CATALOGUE, in_general
from boekbrug.domain.forecast import Forecast
from boekbrug.domain.migrations import ENDED, LIVE, Migration, MigrationState
from boekbrug.domain.users import Right
from boekbrug.domain.windows import DailyWindow
from boekbrug.store import audit, migration_records, order_migrations, tenants
from dashboard.access import Place, ThePlace
from dashboard.site import render
from dashboard.systems import title_of
from tasks import standing as standings
from tasks.flow_names import MIGRATE_ORDERS
from tasks.planning import draft_migration, foresee, make_plan
from tasks.route_work import MIGRATION_LANES, open_route
from tasks.runtime import Runtime, using
from tasks.standing import Standing

_log = logging.getLogger(__name__)
router = APIRouter()
SHOWN_WINDOWS = 14
SILENT_AFTER = timedelta(minutes=10)
"""A planning that gives no sign of life for so long broke off: a page of a source may be waited for that long."""
_MOST_PER_WINDOW = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How a plan would go: without orders of earlier VAT periods, and with them. `problem`: why that cannot be told."""

    without: Forecast | None = None
    with_yes: Forecast | None = None
    limit: int | None = None
    reserve: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Documents that did not or would not go over, and why."""

    count: int
    sentence: str
    suggestion: str


@router.get("/t/{tenant}/migrations")
def migrations(request: Request, place: ThePlace) -> Response:
    """The form for a new plan, and what there has been."""
    return _list_page(request, place)


@router.post("/t/{tenant}/migrations")
def plan(
    request: Request,
    place: ThePlace,
    route: Annotated[str, Form()] = "",
    first: Annotated[str, Form()] = "",
    last: Annotated[str, Form()] = "",
    from_hour: Annotated[str, Form()] = "00:00",
    to_hour: Annotated[str, Form()] = "00:00",
    per_window: Annotated[str, Form()] = "",
) -> Response:
    """Begins to plan."""
    place.require(Right.CONFIGURE)
    runtime, tenant = place.site.runtime, place.tenant
    with runtime.database.read() as session:
        chosen = next((one for one in tenants.list_routes(session, tenant.id) if one.slug == route), None)
    if chosen is None:
        raise HTTPException(404)
    entered = {"route": route, "first": first, "last": last, "from_hour": from_hour, "to_hour": to_hour}
    entered["per_window"] = per_window
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
        window = DailyWindow.parse(f"{from_hour}-{to_hour}")
        most = int(per_window) if per_window else None
    except ValueError:
        return _list_page(request, place, entered, place.wording.gettext("Fill in both days and the hours."))
    if most is not None and not 1 <= most <= _MOST_PER_WINDOW:
        return _list_page(request, place, entered, place.wording.gettext("A window takes at least one document."))
    if not days[0] <= days[1] < runtime.clock.now().astimezone(place.wording.zone).date():
        problem = place.wording.gettext("The last day lies before today, and not before the first day.")
        return _list_page(request, place, entered, problem)
    try:
        migration_id = draft_migration(runtime, tenant, chosen.id, *days, window=window, per_window=most, who=place.who)
    except SettingsInvalid:
        problem = place.wording.gettext("A migration of this route has not ended yet. Let it end, or cancel it.")
        return _list_page(request, place, entered, problem)
    _note(place, "plan migration", migration_id, {"from": first, "to": last, "window": str(window)})
    place.site.background(lambda: _make_plan(runtime, tenant, chosen.slug, migration_id))
    return RedirectResponse(f"{place.root}/migrations/{migration_id}", 303)


@router.get("/t/{tenant}/migrations/{migration_id}")
def migration(request: Request, place: ThePlace, migration_id: int, later: bool = False, seen: str = "") -> Response:
    """One migration: its planning, its plan, how far it is, or its statement. Looks again by itself while it moves."""
    runtime, tenant = place.site.runtime, place.tenant
    found = _migration(place, migration_id)
    if seen and seen != found.state.value:
        return Response(headers={"HX-Refresh": "true"})  # other things can be done with it now: the page anew
    now = runtime.clock.now()
    with runtime.database.read() as session:
        standing = Standing(found, migration_records.counts(session, tenant.id, migration_id))
        route = next((one for one in tenants.list_routes(session, tenant.id) if one.id == found.route_id), None)
    language = place.wording.language
    draft = found.state is MigrationState.DRAFT
    broken_off = draft and (bool(found.problem) or now - (found.seen_at or found.planned_at) > SILENT_AFTER)
    counts = standing.counts
    return render(
        request,
        "part/migration.html" if "hx-request" in request.headers else "migration.html",
        place.wording,
        place=place,
        visitor=place.visitor,
        migration=found,
        standing=standing,
        route=route,
        source=title_of(route.source) if route else place.wording.gettext("the source"),
        now=now,
        later=later,
        broken_off=broken_off,
        moves=(draft and not broken_off) or found.state is MigrationState.RUNNING,
        ended=found.state in ENDED,
        outlook=_outlook(place, route, found) if found.state is MigrationState.PLANNED and route else Outlook(),
        shown=SHOWN_WINDOWS,
        plan_skipped=_reasons(found.plan.skipped, language),
        plan_refused=_reasons(found.plan.refused, language),
        skipped=_reasons(counts.skipped, language),
        attention=_reasons(counts.needs_attention, language),
        can_act=place.may(Right.CONFIGURE),
    )


@router.post("/t/{tenant}/migrations/{migration_id}/start")
def start(place: ThePlace, migration_id: int, earlier: Annotated[bool, Form()] = False) -> Response:
    """Starts what was planned; `earlier` is the shopkeeper's yes to orders of earlier VAT periods."""
    found = _changeable(place, migration_id)
    _attempt(
        lambda: standings.start(
            place.site.runtime, place.tenant.id, migration_id, accepts_earlier_periods=earlier, who=place.who
        )
    )
    _note(place, "start migration", migration_id, {"earlier VAT periods": earlier})
    return _go_on(place, found)


@router.post("/t/{tenant}/migrations/{migration_id}/pause")
def pause(place: ThePlace, migration_id: int) -> Response:
    """Stops it before the next document."""
    _changeable(place, migration_id)
    _attempt(lambda: standings.pause(place.site.runtime, place.tenant.id, migration_id))
    _note(place, "pause migration", migration_id)
    return RedirectResponse(f"{place.root}/migrations/{migration_id}", 303)


@router.post("/t/{tenant}/migrations/{migration_id}/resume")
def resume(place: ThePlace, migration_id: int) -> Response:
    """Lets it go on where it was."""
    found = _changeable(place, migration_id)
    _attempt(lambda: standings.resume(place.site.runtime, place.tenant.id, migration_id))
    _note(place, "resume migration", migration_id)
    return _go_on(place, found)


@router.post("/t/{tenant}/migrations/{migration_id}/cancel")
def cancel(place: ThePlace, migration_id: int) -> Response:
    """Ends it; what went over stays in the books."""
    _changeable(place, migration_id)
    _attempt(lambda: standings.cancel(place.site.runtime, place.tenant.id, migration_id, who=place.who))
    _note(place, "cancel migration", migration_id)
    return RedirectResponse(f"{place.root}/migrations/{migration_id}", 303)


def _list_page(request: Request, place: Place, entered: dict[str, str] | None = None, problem: str = "") -> Response:
    with place.site.runtime.database.read() as session:
        routes = tenants.list_routes(session, place.tenant.id)
        found = [
            Standing(one, migration_records.counts(session, place.tenant.id, one.id))
            for one in order_migrations.list_migrations(session, place.tenant.id)
        ]
    live = {one.migration.route_id for one in found if one.migration.state in LIVE}
    blank = {"route": "", "first": "", "last": "", "from_hour": "00:00", "to_hour": "00:00", "per_window": ""}
    return render(
        request,
        "migrations.html",
        place.wording,
        status_code=422 if problem else 200,
        place=place,
        visitor=place.visitor,
        free=[route for route in routes if route.id not in live],
        slugs={route.id: route.slug for route in routes},
        found=found,
        entered=entered or blank,
        problem=problem,
        today=_today(place),
        can_act=place.may(Right.CONFIGURE),
    )


def _today(place: Place) -> date:
    return place.site.runtime.clock.now().astimezone(place.wording.zone).date()


def _migration(place: Place, migration_id: int) -> Migration:
    with place.site.runtime.database.read() as session:
        try:
            return order_migrations.migration_by_id(session, place.tenant.id, migration_id)
        except SettingsInvalid:
            raise HTTPException(404) from None


def _changeable(place: Place, migration_id: int) -> Migration:
    """Raises HTTPException 404 when it is not the tenant's, 403 when the user may not."""
    found = _migration(place, migration_id)
    place.require(Right.CONFIGURE)
    return found


def _attempt(action: Callable[[], object]) -> None:
    """Raises HTTPException 409 when the migration is no longer in the state in which the page showed it."""
    try:
        action()
    except SettingsInvalid:
        raise HTTPException(409) from None


def _note(place: Place, action: str, migration_id: int, after: audit.State | None = None) -> None:
    runtime = place.site.runtime
    with runtime.database.write() as session:
        audit.note(
            session,
            place.tenant.id,
            runtime.clock.now(),
            who=place.who,
            action=action,
            subject=str(migration_id),
            after=after,
        )


def _go_on(place: Place, found: Migration) -> Response:
    """Asks for a run. Without one the next daily run sees to it, and the page says so."""
    runtime = place.site.runtime
    with runtime.database.read() as session:
        route = next(one for one in tenants.list_routes(session, place.tenant.id) if one.id == found.route_id)
    started = place.site.hurry(runtime, place.tenant, route, flow=MIGRATE_ORDERS)
    return RedirectResponse(f"{place.root}/migrations/{found.id}{'' if started else '?later=1'}", 303)


def _make_plan(runtime: Runtime, tenant: tenants.Tenant, route: str, migration_id: int) -> None:
    """What runs beside the pages. Whatever ends it is kept with the draft."""
    try:
        with using(runtime), open_route(tenant.slug, route, lanes=MIGRATION_LANES) as work:
            make_plan(work, migration_id)
    except BoekbrugError as problem:
        said = problem.message
    except Exception:
        _log.exception("planning migration %d of %s failed", migration_id, tenant.slug)
        said = "unexpected error; see the dashboard's log"
    else:
        return
    with runtime.database.write() as session:
        order_migrations.planning_failed(session, tenant.id, migration_id, said)


def _outlook(place: Place, route: tenants.Route, found: Migration) -> Outlook:
    try:
        with using(place.site.runtime), open_route(place.tenant.slug, route.slug, lanes=MIGRATION_LANES) as work:
            return Outlook(
                without=foresee(work, found, found.plan.posting(earlier_periods=False)),
                with_yes=foresee(work, found, found.plan.posting(earlier_periods=True)),
                limit=work.document_budget.limit,
                reserve=work.reserve,
            )
    except BoekbrugError as problem:
        return Outlook(problem=problem.message)


def _reasons(counted: Mapping[str, int], language: str) -> list[Reason]:
    found = []
    for code, count in sorted(counted.items(), key=lambda item: -item[1]):
        sentence, suggestion = in_general(code, language) if code in CATALOGUE else (code, "")
        found.append(Reason(count=count, sentence=sentence, suggestion=suggestion))
    return found
