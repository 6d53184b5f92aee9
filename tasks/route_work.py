"""One route, opened for the length of a run: its connections, rules, policy and clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from boekbrug.domain.bookings import ReferenceData
from boekbrug.domain.budgets import Budget
from boekbrug.domain.errors import ConnectionBroken, SettingsInvalid
from boekbrug.domain.records import SyncRecord
from boekbrug.domain.tax import VatNumberStatus
from boekbrug.store import credentials, records, tenants
from connectors import (
    BookingTarget,
    Connector,
    ConnectorSettings,
    OrderSource,
    TargetSettings,
    VatNumberRegister,
)
from connectors.registry import open_connector, read_settings, remote_account
from connectors.vies import Settings as ViesSettings
from connectors.vies import Vies
from mappings.invoices import StatusPlan, status_plan
from tasks.metering import StoreMeter
from tasks.runtime import Runtime, runtime

BATCH = 50
# Seconds that are enough, nearly always, to find or make a document's debtor before it is written.
PREPARATION = 30


@dataclass(eq=False)
class RouteWork:
    """What the steps of a run work with. Not a value: it holds open connections and is used by one run."""

    runtime: Runtime
    tenant: tenants.Tenant
    route: tenants.Route
    source: OrderSource
    target: BookingTarget
    target_settings: TargetSettings
    target_account: str
    vat_register: VatNumberRegister | None
    vat_numbers: dict[str, VatNumberStatus] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The tenant's time zone."""
        return ZoneInfo(self.tenant.time_zone)

    @property
    def source_name(self) -> str:
        """Names the shop for as long as it is this tenant's, whatever its address and tokens become."""
        return f"{self.tenant.slug}/{self.route.source.slug}"

    def now(self) -> datetime:
        """The present moment in UTC."""
        return self.runtime.clock.now()

    def settled_at(self) -> datetime:
        """The moment from which a write that is under way now can be looked up for certain."""
        return self.now() + timedelta(seconds=self.target_settings.settle_seconds)

    @property
    def write_seconds(self) -> float:
        """How long a write can be under way. The connection gives a call up after some five time-outs at most, and what
        the remote side has then begun has `settle_seconds` to finish."""
        return 5 * self.target_settings.timeout + self.target_settings.settle_seconds

    @property
    def lease_seconds(self) -> float:
        """How long a document belongs to its worker: for its preparation and its write."""
        return max(self.runtime.settings.claim_seconds, PREPARATION + self.write_seconds)

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
        for row in (route.source, route.target):
            if row.is_broken:
                raise ConnectionBroken(
                    f"connection {row.slug!r} of {tenant_slug} is paused: {row.reason}. "
                    f"Mend it, then: boekbrug connection check {tenant_slug}",
                    system=row.system,
                )
        source = closing.enter_context(open_connection(run, route.source))
        target = closing.enter_context(open_connection(run, route.target))
        target_settings = read_settings(route.target.system, route.target.settings)
        if not isinstance(source, OrderSource):
            raise SettingsInvalid(f"connection {route.source.slug!r} ({route.source.system}) is no source of orders")
        if not isinstance(target, BookingTarget) or not isinstance(target_settings, TargetSettings):
            raise SettingsInvalid(f"connection {route.target.slug!r} ({route.target.system}) takes no bookings")
        vies = Vies(ViesSettings(base_url=run.settings.vies_url)) if route.policy.vies else None
        yield RouteWork(
            runtime=run,
            tenant=tenant,
            route=route,
            source=source,
            target=target,
            target_settings=target_settings,
            target_account=_account(run, route.target),
            vat_register=closing.enter_context(vies) if vies else None,
        )


def open_connection(run: Runtime, row: tenants.Connection) -> Connector:
    """A tenant's connection, open; close it. Nothing is sent yet.

    Raises SettingsInvalid when a setting or credential is wrong or missing.
    """
    settings = read_settings(row.system, row.settings)
    meter = StoreMeter(run, row.tenant_id, _call_budget(settings, _account(run, row)))
    return open_connector(row.system, row.settings, _secrets(run, row), meter)


def _secrets(run: Runtime, row: tenants.Connection) -> dict[str, SecretStr]:
    with run.database.read() as session:
        return credentials.read_credentials(session, run.sealing_key, row.tenant_id, row.id)


def _account(run: Runtime, row: tenants.Connection) -> str:
    return remote_account(row.system, row.settings, _secrets(run, row))


def _call_budget(settings: ConnectorSettings, account: str) -> Budget:
    return Budget(
        account=account,
        name="calls",
        limit=settings.calls_per_period,
        period=timedelta(seconds=settings.calls_period),
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


def due_batch(work: RouteWork) -> list[SyncRecord]:
    """The documents to be pushed next, the most urgent lane first."""
    with work.runtime.database.read() as session:
        return records.due(session, work.tenant.id, work.route.id, work.now(), limit=BATCH)
