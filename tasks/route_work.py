"""One route, opened for the length of a run: its connections, rules, policy and clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from boekbrug.domain.budgets import Budget
from boekbrug.domain.errors import ConnectionBroken, RemoteUnavailable, SettingsInvalid
from boekbrug.domain.exchange import ExchangeRate
from boekbrug.domain.records import Lane, SyncRecord
from boekbrug.domain.tax import VatNumberStatus
from boekbrug.domain.tenants import MappingRule, Move, RoutePolicy
from boekbrug.store import credentials, records, tenants
from connectors import (
    BookingTarget,
    Connector,
    ConnectorSettings,
    InvoiceSource,
    LedgerTarget,
    OrderSource,
    TargetSettings,
    VatNumberRegister,
)
from connectors.ecb import Ecb
from connectors.ecb import Settings as EcbSettings
from connectors.registry import connector_type, open_connector, read_settings, remote_account
from connectors.vies import Settings as ViesSettings
from connectors.vies import Vies
from mappings.eligibility import StatusPlan, status_plan
from tasks.metering import StoreMeter, writing_before
from tasks.rules import number_problems
from tasks.runtime import Runtime, runtime
from tasks.streams import Stream, streams_of
from tasks.writing import BookingWriter, EntryWriter, Writer

# So many documents per task run: at the end of a batch threads wait for the last of it, so it is not small; but what a
# person hurries waits for its end, so it is not large either.
BATCH = 100
# What a daily run brings over, and what a migration does: neither touches the other's.
DAILY_LANES = frozenset({Lane.RUSH, Lane.DAILY})
MIGRATION_LANES = frozenset({Lane.MIGRATION})
# Slots of the target's budget that a migration leaves to the daily run, unless the route says otherwise.
RESERVE = 10
# Seconds that are enough, nearly always, to find or make a document's debtor before it is written.
PREPARATION = 30


@dataclass(eq=False)
class RouteWork:
    """What the steps of a run work with. Not a value: it holds open connections and is used by one run."""

    runtime: Runtime
    tenant: tenants.Tenant
    route: tenants.Route
    source: OrderSource | InvoiceSource
    streams: tuple[Stream, ...]
    target: BookingTarget | LedgerTarget
    writer: Writer
    source_settings: ConnectorSettings
    target_settings: TargetSettings
    target_account: str
    vat_register: VatNumberRegister | None
    vat_numbers: dict[str, VatNumberStatus] = field(default_factory=dict)
    lanes: frozenset[Lane] = DAILY_LANES
    halted: Callable[[], bool] = lambda: False  # whether to stop before the next write, whatever is due

    @property
    def zone(self) -> ZoneInfo:
        """The tenant's time zone."""
        return ZoneInfo(self.tenant.time_zone)

    @property
    def source_name(self) -> str:
        """Names the source for as long as it is this tenant's, whatever its address and tokens become."""
        return f"{self.tenant.slug}/{self.route.source.slug}"

    @property
    def keeps_contacts(self) -> bool:
        """Whether the source keeps its customers and suppliers as such; a shop only knows what they filled in."""
        return isinstance(self.source, InvoiceSource)

    def carries(self, what: Move) -> bool:
        """Whether the route's policy lets this go over."""
        moves = self.route.policy.moves
        return not moves or what in moves

    @property
    def today(self) -> date:
        """The present day of the tenant's calendar."""
        return self.now().astimezone(self.zone).date()

    @property
    def holder(self) -> str:
        """The name under which the route's runs wait for slots: those of its migrations apart from the daily ones."""
        return f"route:{self.route.id}:{max(self.lanes).name.lower()}"

    @property
    def place_lease(self) -> timedelta:
        """How long a run that died keeps its place in the line: longer than it can be silent between two slots."""
        settings = self.runtime.settings
        return timedelta(seconds=settings.claim_seconds + settings.patience_seconds)

    @property
    def reserve(self) -> int:
        """How many slots of the document budget a migration leaves free."""
        return reserve_of(self.route.policy, self.target_settings)

    @property
    def patience(self) -> timedelta:
        """The longest wait inside a run."""
        return timedelta(seconds=self.runtime.settings.patience_seconds)

    def now(self) -> datetime:
        """The present moment in UTC."""
        return self.runtime.clock.now()

    def settled_at(self) -> datetime:
        """The moment from which a write that is under way now can be looked up for certain."""
        return self.now() + timedelta(seconds=self.target_settings.settle_seconds)

    @property
    def write_seconds(self) -> float:
        """How long a write to either side can be under way. The connection gives a call up after some five time-outs
        at most, and what the remote side has then begun has `settle_seconds` to finish."""
        timeout = max(self.source_settings.timeout, self.target_settings.timeout)
        return 5 * timeout + self.target_settings.settle_seconds

    def writing_under(self, claim: datetime) -> AbstractContextManager[None]:
        """What is written inside is over before the claim runs out, at that moment, or is not written: then RetryLater
        is raised. A process may have slept since it took the claim."""
        return writing_before(claim - timedelta(seconds=self.write_seconds))

    @property
    def lease_seconds(self) -> float:
        """How long a document belongs to its worker: for its preparation and its write."""
        return max(self.runtime.settings.claim_seconds, PREPARATION + self.write_seconds)

    @cached_property
    def status_plan(self) -> StatusPlan:
        """Which of the source's statuses go over. Raises SettingsInvalid for a status that the source does not know."""
        return status_plan(self.route.policy, self.source.read_statuses())

    @property
    def document_budget(self) -> Budget:
        """How many documents the remote account takes."""
        return document_budget(self.target_settings, self.target_account)


@contextmanager
def open_route(tenant_slug: str, route_slug: str = "", *, lanes: frozenset[Lane] = DAILY_LANES) -> Iterator[RouteWork]:
    """Opens a route, for what is in these lanes; without a slug the tenant's only one.

    Raises SettingsInvalid for a name that does not exist and for invoice numbers that two routes can give,
    ConnectionBroken while one of its connections is paused.
    """
    with runtime() as run, ExitStack() as closing:
        with run.database.read() as session:
            tenant = tenants.tenant_by_slug(session, tenant_slug)
            route = chosen_route(tenants.list_routes(session, tenant.id), tenant_slug, route_slug)
            overlaps = number_problems(run, session, tenant.id)
        if overlaps:  # nothing is booked under a number that another route may give, too
            raise SettingsInvalid("; ".join(f"{found.sentence()} {found.suggestion()}" for found in overlaps))
        for row in (route.source, route.target):
            if row.is_broken:
                raise ConnectionBroken(
                    f"connection {row.slug!r} of {tenant_slug} is paused: {row.reason}. "
                    f"Mend it, then: boekbrug connection check {tenant_slug}",
                    system=row.system,
                )
        lane = max(lanes)  # a person's retry hurries its documents, not every call of the run
        source = closing.enter_context(open_connection(run, route.source, lane))
        target = closing.enter_context(open_connection(run, route.target, lane))
        target_settings = read_settings(route.target.system, route.target.settings)
        if not isinstance(source, OrderSource | InvoiceSource):
            raise SettingsInvalid(f"connection {route.source.slug!r} ({route.source.system}) is no source of documents")
        if not isinstance(target, BookingTarget | LedgerTarget) or not isinstance(target_settings, TargetSettings):
            raise SettingsInvalid(f"connection {route.target.slug!r} ({route.target.system}) takes no documents")
        check_reserve(route.slug, route.policy, target_settings)
        vies = Vies(ViesSettings(base_url=run.settings.vies_url)) if route.policy.vies else None
        yield RouteWork(
            runtime=run,
            tenant=tenant,
            route=route,
            source=source,
            streams=streams_of(source, route.policy.moves, takes_purchases=isinstance(target, LedgerTarget)),
            target=target,
            writer=_writer(run, target, route, closing),
            source_settings=read_settings(route.source.system, route.source.settings),
            target_settings=target_settings,
            target_account=account_of(run, route.target),
            vat_register=closing.enter_context(vies) if vies else None,
            lanes=lanes,
        )


def judging_by(work: RouteWork, policy: RoutePolicy, mapping: tuple[MappingRule, ...]) -> RouteWork:
    """The same open route by other rules, without VIES: to try rules out, not to write by."""
    route = replace(work.route, policy=policy, mapping=mapping)
    return replace(work, route=route, writer=work.writer.judging_by(policy, mapping), vat_register=None)


def _writer(run: Runtime, target: BookingTarget | LedgerTarget, route: tenants.Route, closing: ExitStack) -> Writer:
    if isinstance(target, BookingTarget):
        return BookingWriter(target, route.mapping, route.policy)
    ecb = None
    if route.policy.foreign_currency == "convert":
        ecb = closing.enter_context(Ecb(EcbSettings(base_url=run.settings.ecb_url), clock=run.clock))

    def rate_on(currency: str, day: date) -> ExchangeRate | None:
        """None, too, while the ECB is away: then the document waits and is judged anew by the next run."""
        try:
            return ecb.rate_on(currency, day) if ecb else None
        except RemoteUnavailable:
            return None

    return EntryWriter(target, route.mapping, route.policy, connector_type(route.source.system).title, rate_on)


def open_connection(run: Runtime, row: tenants.Connection, lane: Lane = Lane.DAILY) -> Connector:
    """A tenant's connection, open, whose calls go in that lane; close it. Nothing is sent yet.

    Raises SettingsInvalid when a setting or credential is wrong or missing.
    """
    settings = read_settings(row.system, row.settings)
    meter = StoreMeter(run, row.tenant_id, row.slug, call_budgets(settings, account_of(run, row)), lane)
    return open_connector(row.system, row.settings, _secrets(run, row), meter)


def _secrets(run: Runtime, row: tenants.Connection) -> dict[str, SecretStr]:
    with run.database.read() as session:
        return credentials.read_credentials(session, run.sealing_key, row.tenant_id, row.id)


def account_of(run: Runtime, row: tenants.Connection) -> str:
    """The remote account of a connection, which others may share."""
    return remote_account(row.system, row.settings, _secrets(run, row))


def call_budgets(settings: ConnectorSettings, account: str) -> tuple[Budget, ...]:
    """How many calls the remote account takes, in each of the periods it counts."""
    return tuple(
        Budget(
            account=account,
            name=limit.name,
            limit=limit.calls,
            period=timedelta(seconds=limit.seconds),
            counts_as=limit.counts_as,
        )
        for limit in settings.call_limits
    )


def document_budget(settings: TargetSettings, account: str) -> Budget:
    """How many documents the remote account takes."""
    return Budget(
        account=account,
        name="documents",
        limit=settings.documents_per_period,
        period=timedelta(seconds=settings.documents_period),
    )


def reserve_of(policy: RoutePolicy, settings: TargetSettings) -> int:
    """The slots that a migration leaves free: the route's own number, else ten, or half of a smaller limit."""
    limit = settings.documents_per_period
    if limit is None:
        return 0
    return policy.reserve if policy.reserve is not None else min(RESERVE, limit // 2)


def check_reserve(route_slug: str, policy: RoutePolicy, settings: TargetSettings) -> None:
    """Raises SettingsInvalid when the route's reserve would leave a migration nothing at all."""
    limit = settings.documents_per_period
    if limit is not None and policy.reserve is not None and policy.reserve >= limit:
        raise SettingsInvalid(
            f"route {route_slug!r}: reserve is {policy.reserve}, but the target takes {limit} documents per period; "
            f"it can be 0 to {limit - 1}"
        )


@contextmanager
def pausing(work: RouteWork, *connections: tenants.Connection) -> Iterator[None]:
    """A connection that does not work until a person mends it is paused; the other tenants go on. Of several it is the
    one whose system complained, else the first."""
    try:
        yield
    except ConnectionBroken as problem:
        connection = next((one for one in connections if one.system == problem.system), connections[0])
        with work.runtime.database.write() as session:
            tenants.pause_connection(session, work.tenant.id, connection.id, reason=problem.message, now=work.now())
        raise


def chosen_route(routes: list[tenants.Route], tenant_slug: str, route_slug: str) -> tenants.Route:
    """The route with that slug, or the only one. Raises SettingsInvalid listing what there is."""
    names = ", ".join(route.slug for route in routes) or "none"
    found = [route for route in routes if route.slug == route_slug] if route_slug else routes
    if len(found) == 1:
        return found[0]
    if not route_slug:
        raise SettingsInvalid(f"tenant {tenant_slug!r} has {len(routes)} routes; name one of: {names}")
    raise SettingsInvalid(f"tenant {tenant_slug!r} has no route {route_slug!r}; there are: {names}")


def due_batch(work: RouteWork, limit: int = BATCH) -> list[SyncRecord]:
    """The documents to be pushed next, of the lanes that this run brings over, the most urgent first."""
    with work.runtime.database.read() as session:
        return records.due(session, work.tenant.id, work.route.id, work.now(), limit, lanes=work.lanes)
