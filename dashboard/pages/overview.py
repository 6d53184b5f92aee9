"""Overzicht: how every route stands, what waits and when it goes, and the last weeks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.records import SyncStatus
from boekbrug.domain.users import Right
from boekbrug.store import budgets, continuations, records, reports, runs, tenants, waiters
from boekbrug.store.runs import RouteRun
from connectors import TargetSettings
from connectors.registry import read_settings
from dashboard.access import Place, ThePlace
from dashboard.first_steps import first_steps
from dashboard.prefect_link import run_url
from dashboard.site import render
from dashboard.systems import title_of
from tasks.flow_names import daily_flow
from tasks.route_work import account_of, document_budget

router = APIRouter()
WEEKS = 8
_SHOWN = (SyncStatus.PENDING, SyncStatus.IN_FLIGHT, SyncStatus.NEEDS_ATTENTION, SyncStatus.MISMATCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetNow:
    """The target's budget for documents. `others` of other tenants wait for the same account."""

    limit: int
    period_minutes: int
    used: int
    free: int
    opens_at: datetime | None
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteCard:
    """How a route stands."""

    route: tenants.Route
    source: str
    target: str
    paused: tuple[tenants.Connection, ...]
    last: RouteRun | None
    last_url: str
    next_at: datetime | None
    posted: int
    verified: int
    counts: Mapping[SyncStatus, int]
    budget: BudgetNow | None

    @property
    def waiting(self) -> int:
        """How many go over by themselves."""
        return self.counts[SyncStatus.PENDING] + self.counts[SyncStatus.IN_FLIGHT]

    @property
    def attention(self) -> int:
        """How many a person looks at."""
        return self.counts[SyncStatus.NEEDS_ATTENTION] + self.counts[SyncStatus.MISMATCH]


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What was booked in a week, by how it is now."""

    begins_at: datetime
    verified: int
    posted: int
    mismatch: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.verified + self.posted + self.mismatch


@router.get("/t/{tenant}")
def overview(request: Request, place: ThePlace, started: str = "") -> Response:
    """The page; `started` is a route that was just told to run."""
    now = place.site.runtime.clock.now()
    with place.site.runtime.database.read() as session:
        cards = list(_cards(session, place, now))
        weeks = list(_weeks(session, place, now))
        steps = first_steps(session, place)
    template = "part/overview.html" if "hx-request" in request.headers else "overview.html"
    return render(
        request,
        template,
        place.wording,
        place=place,
        visitor=place.visitor,
        cards=cards,
        started=started,
        steps=steps,
        weeks=weeks,
        most=max((week.total for week in weeks), default=0),
        now=now,
    )


def _cards(session: Session, place: Place, now: datetime) -> Iterator[RouteCard]:
    tenant, zone = place.tenant, ZoneInfo(place.tenant.time_zone)
    month = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for route in tenants.list_routes(session, tenant.id):
        booked = reports.posted_counts(session, tenant.id, month, now + timedelta(seconds=1), route_id=route.id)
        last = next(iter(runs.recent_runs(session, tenant.id, route.id, limit=1)), None)
        yield RouteCard(
            route=route,
            source=title_of(route.source),
            target=title_of(route.target),
            paused=tuple(c for c in (route.source, route.target) if c.is_broken),
            last=last,
            last_url=run_url(last.flow_run_id) if last and place.may(Right.TRACE) else "",
            next_at=_next_at(session, route, zone, now),
            posted=sum(booked.values()),
            verified=booked[SyncStatus.VERIFIED],
            counts=records.counts(session, tenant.id, route.id, statuses=_SHOWN),
            budget=_budget(session, place, route, now),
        )


def _next_at(session: Session, route: tenants.Route, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The next run: by the schedule, or before that because something waits for its moment. None: there is none."""
    if route.source.is_broken or route.target.is_broken:
        return None
    moments = []
    if route.enabled:
        try:
            moments.append(next(CronSim(route.schedule, now.astimezone(zone))))
        except (CronSimError, StopIteration):
            moments.clear()  # no cron expression, or one that never comes true: the deployment refuses it, too
    decided = continuations.continuation(session, route.tenant_id, route.id, daily_flow(route.source.system))
    if decided is not None and decided.scheduled_at > now:
        moments.append(decided.scheduled_at)
    return min(moments, default=None)


def _budget(session: Session, place: Place, route: tenants.Route, now: datetime) -> BudgetNow | None:
    """None where there is no limit, or where it cannot be told because the connection's settings are wrong."""
    try:
        settings = read_settings(route.target.system, route.target.settings)
        account = account_of(place.site.runtime, route.target)
    except SettingsInvalid:
        return None
    if not isinstance(settings, TargetSettings) or settings.documents_per_period is None:
        return None
    budget = document_budget(settings, account)
    usage = budgets.usage(session, budget, now=now)
    waiting = [one for one in waiters.waiting(session, account, now) if one.budget == budget.name]
    return BudgetNow(
        limit=settings.documents_per_period,
        period_minutes=settings.documents_period // 60,
        used=usage.used,
        free=usage.free or 0,
        opens_at=usage.opens_at,
        others=sum(one.tenant_id != route.tenant_id for one in waiting),
    )


def _weeks(session: Session, place: Place, now: datetime) -> Iterator[Week]:
    zone = ZoneInfo(place.tenant.time_zone)
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    for back in range(WEEKS - 1, -1, -1):
        first = monday - timedelta(weeks=back)
        begins, ends = (datetime.combine(day, time.min, zone) for day in (first, first + timedelta(weeks=1)))
        counted = reports.posted_counts(session, place.tenant.id, begins, ends)
        yield Week(
            begins_at=begins,
            verified=counted[SyncStatus.VERIFIED],
            mismatch=counted[SyncStatus.MISMATCH],
            posted=counted[SyncStatus.POSTED],
        )
