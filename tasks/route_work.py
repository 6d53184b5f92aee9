"""One route, opened for the length of a run: its connections, rules, policy and clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from boekbrug.domain.bookings import ReferenceData
from boekbrug.domain.budgets import Budget
from boekbrug.domain.errors import ConnectionBroken, SettingsInvalid
from boekbrug.domain.records import SyncRecord
from boekbrug.domain.tax import VatNumberStatus
from boekbrug.store import credentials, records, tenants
from connectors import BookingTarget, Connector, OrderSource, TargetSettings, VatNumberRegister
from connectors.registry import ConnectionParts, connection_parts, open_vat_register
from mappings.invoices import StatusPlan, status_plan
from tasks.metering import StoreMeter
from tasks.runtime import Runtime, runtime

BATCH = 50


@dataclass(eq=False)
class RouteWork:
    """What the steps of a run work with. Not a value: it holds open connections and is used by one run."""

    runtime: Runtime
    tenant: tenants.Tenant
    route: tenants.Route
    source: OrderSource
    target: BookingTarget
    target_settings: TargetSettings
    source_account: str
    target_account: str
    vat_register: VatNumberRegister | None
    vat_numbers: dict[str, VatNumberStatus] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The tenant's time zone."""
        return ZoneInfo(self.tenant.time_zone)

    def now(self) -> datetime:
        """The present moment in UTC."""
        return self.runtime.clock.now()

    def settled_at(self) -> datetime:
        """The moment from which a write that is under way now can be looked up for certain."""
        return self.now() + timedelta(seconds=self.target_settings.settle_seconds)

    @cached_property
    def reference_data(self) -> ReferenceData:
        """What the books let one choose from, read once per run."""
        return self.target.read_reference_data()

    @cached_property
    def status_plan(self) -> StatusPlan:
        """Which of the shop's statuses go over. Raises SettingsInvalid for a status that the shop does not know."""
        return status_plan(self.route.policy, self.source.read_statuses())

    @property
    def document_budget(self) -> Budget:
        """How many documents the remote account takes."""
        return Budget(
            account=self.target_account,
            name="documents",
            limit=self.target_settings.documents_per_period,
            period=timedelta(seconds=self.target_settings.documents_period),
        )


@contextmanager
def open_route(tenant_slug: str, route_slug: str = "") -> Iterator[RouteWork]:
    """Opens a route; without a slug the tenant's only one.

    Raises SettingsInvalid for a name that does not exist, ConnectionBroken while one of its connections is paused.
    """
    with runtime() as run, ExitStack() as closing:
        with run.database.read() as session:
            tenant = tenants.tenant_by_slug(session, tenant_slug)
            route = chosen_route(tenants.list_routes(session, tenant.id), tenant_slug, route_slug)
        source = connection(run, route.source)
        target = connection(run, route.target)
        opened_source = closing.enter_context(source.open(_meter(run, source, route.source)))
        opened_target = closing.enter_context(target.open(_meter(run, target, route.target)))
        if not isinstance(opened_source, OrderSource):
            raise SettingsInvalid(f"connection {route.source.slug!r} ({route.source.system}) is no source of orders")
        if not isinstance(opened_target, BookingTarget) or not isinstance(target.settings, TargetSettings):
            raise SettingsInvalid(f"connection {route.target.slug!r} ({route.target.system}) takes no bookings")
        register = closing.enter_context(open_vat_register(run.settings.vies_url)) if route.policy.vies else None
        yield RouteWork(
            runtime=run,
            tenant=tenant,
            route=route,
            source=opened_source,
            target=opened_target,
            target_settings=target.settings,
            source_account=source.account,
            target_account=target.account,
            vat_register=register,
        )


def chosen_route(routes: list[tenants.Route], tenant_slug: str, route_slug: str) -> tenants.Route:
    """The route with that slug, or the only one. Raises SettingsInvalid listing what there is."""
    names = ", ".join(route.slug for route in routes) or "none"
    found = [route for route in routes if route.slug == route_slug] if route_slug else routes
    if len(found) == 1:
        return found[0]
    if not route_slug:
        raise SettingsInvalid(f"tenant {tenant_slug!r} has {len(routes)} routes; name one of: {names}")
    raise SettingsInvalid(f"tenant {tenant_slug!r} has no route {route_slug!r}; there are: {names}")


def connection(run: Runtime, row: tenants.Connection, *, even_broken: bool = False) -> ConnectionParts:
    """The connection's validated settings and credentials, ready to open.

    Raises ConnectionBroken while the connection is paused, SettingsInvalid when a setting or credential is wrong.
    """
    if row.is_broken and not even_broken:
        raise ConnectionBroken(
            f"connection {row.slug!r} is paused: {row.reason}; mend it, then: boekbrug connection check",
            system=row.system,
        )
    with run.database.read() as session:
        secrets = credentials.read_credentials(session, run.sealing_key, row.tenant_id, row.id)
    return connection_parts(row.system, row.settings, secrets)


def _meter(run: Runtime, parts: ConnectionParts, row: tenants.Connection) -> StoreMeter:
    settings = parts.settings
    budget = Budget(
        account=parts.account,
        name="calls",
        limit=settings.calls_per_period,
        period=timedelta(seconds=settings.calls_period),
    )
    return StoreMeter(run, row.tenant_id, budget)


def check_connection(run: Runtime, row: tenants.Connection) -> Connector:
    """Opens a connection, paused or not, to be checked."""
    parts = connection(run, row, even_broken=True)
    return parts.open(_meter(run, parts, row))


def due_batch(work: RouteWork) -> list[SyncRecord]:
    """The documents to be pushed next, the most urgent lane first."""
    with work.runtime.database.read() as session:
        return records.due(session, work.tenant.id, work.route.id, work.now(), limit=BATCH)
