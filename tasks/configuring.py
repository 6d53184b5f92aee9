"""Changing what a tenant has set up: all of a change or nothing, by the same checks wherever it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from boekbrug.domain.bookings import ReferenceData
from boekbrug.domain.documents import OrderStatus, Side, SourceChoices, UnreadableDocument
from boekbrug.domain.errors import BoekbrugError, SettingsInvalid
from boekbrug.domain.findings import Finding
from boekbrug.domain.tenants import RouteConfig, TenantConfig
from boekbrug.store import audit, credentials, tenants
from boekbrug.store.audit import State
from connectors import Books, Capability, CheckItem, InvoiceSource, LedgerTarget, OrderSource, TargetSettings
from connectors.registry import connector_type, read_settings, same_books
from mappings.lookups import find_account, find_vat_code, unknown_account, unknown_vat_code
from mappings.rule_check import problems_of_rules
from tasks import rules
from tasks.route_work import check_reserve, open_connection
from tasks.runtime import Runtime
from tasks.streams import streams_of

CHECKED = "check connection"
"""The audit log's name for a check; its `after` tells whether it worked."""
_LATELY = timedelta(days=90)
_PATIENCE = 8  # seconds that a person waits for what a system lists


class RulesRefused(SettingsInvalid):
    """The change would make something wrong; `findings` say what."""

    def __init__(
        self, message: str, findings: tuple[Finding, ...] = (), *, system: str = "", document: str = ""
    ) -> None:
        super().__init__(message, system=system, document=document)
        self.findings = findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a connection's system lets one choose from. `problem` says why it could not be asked; then all is empty."""

    reference_data: ReferenceData | None = None
    choices: SourceChoices | None = None
    statuses: tuple[OrderStatus, ...] = ()
    problem: str = ""


def change_tenant(
    run: Runtime,
    tenant_id: int,
    change: Callable[[TenantConfig], TenantConfig],
    *,
    who: str,
    action: str,
    subject: str,
    before: State | None = None,
    after: State | None = None,
) -> None:
    """Makes the change and notes it in the audit log.

    Raises SettingsInvalid, and changes nothing, when a setting is wrong, a reserve leaves nothing, or two routes would
    give the same number in the same books (RulesRefused, with the findings).
    """
    now = run.clock.now()
    with run.database.write() as session:
        wanted = change(tenants.export_tenant(session, tenant_id))
        for connection in wanted.connections:
            read_settings(connection.system, connection.settings)
        tenants.import_tenant(session, wanted, who=who, now=now, same_books=same_books)
        for route in tenants.list_routes(session, tenant_id):
            target = read_settings(route.target.system, route.target.settings)
            if isinstance(target, TargetSettings):
                check_reserve(route.slug, route.policy, target)
        overlaps = rules.number_problems(run, session, tenant_id)
        if overlaps:
            raise RulesRefused("; ".join(f.sentence() for f in overlaps), overlaps)
        audit.note(session, tenant_id, now, who=who, action=action, subject=subject, before=before, after=after)


def with_route(config: TenantConfig, route: RouteConfig) -> TenantConfig:
    """The configuration with this route in place of the one with its slug, or besides the others."""
    slugs = [one.slug for one in config.routes]
    changed = tuple(route if one.slug == route.slug else one for one in config.routes)
    return _valid(config, routes=changed if route.slug in slugs else (*changed, route))


def with_connection(config: TenantConfig, connection: object) -> TenantConfig:
    """The same with a connection, given as a ConnectionConfig or what makes one."""
    made = _valid(config, connections=(*config.connections, connection)).connections[-1]
    slugs = [one.slug for one in config.connections]
    if made.slug not in slugs:
        return _valid(config, connections=(*config.connections, made))
    return _valid(config, connections=tuple(made if one.slug == made.slug else one for one in config.connections))


def _valid(config: TenantConfig, **changes: object) -> TenantConfig:
    fields = {name: getattr(config, name) for name in TenantConfig.model_fields}
    return TenantConfig.model_validate(fields | changes)


def disconnected(run: Runtime, row: tenants.Connection, who: str) -> None:
    """Forgets the connection's credentials and pauses it. What went over, and what became of it, stays."""
    now = run.clock.now()
    with run.database.write() as session:
        credentials.forget_credentials(session, row.tenant_id, row.id)
        tenants.pause_connection(session, row.tenant_id, row.id, reason=f"disconnected by {who}", now=now)
        audit.note(session, row.tenant_id, now, who=who, action="disconnect", subject=row.slug)


def tried(run: Runtime, row: tenants.Connection, who: str) -> Iterator[CheckItem]:
    """Checks a connection step by step, each as it is known. One that works is resumed; how it went is noted."""
    works = True
    try:
        with open_connection(run, row) as opened:
            for item in opened.check():
                works = works and item.ok
                yield item
    except SettingsInvalid as problem:  # a credential that is missing
        works = False
        yield CheckItem(name="settings", ok=False, detail=problem.message)
    with run.database.write() as session:
        if row.is_broken and works:
            tenants.resume_connection(session, row.tenant_id, row.id)
        audit.note(
            session,
            row.tenant_id,
            run.clock.now(),
            who=who,
            action=CHECKED,
            subject=row.slug,
            after={"works": works},
        )


def last_check(run: Runtime, row: tenants.Connection) -> tuple[datetime, bool] | None:
    """When the connection was last checked by a person, and whether it worked."""
    with run.database.read() as session:
        event = audit.last_event(session, row.tenant_id, CHECKED, row.slug)
    return (event.at, bool(event.after.get("works"))) if event else None


def listed(run: Runtime, row: tenants.Connection) -> Listed:
    """What the connection's system lists now. Never raises for a system that is away: `problem` says so."""
    quick = min(_PATIENCE, float(read_settings(row.system, row.settings).timeout))
    try:
        with open_connection(run, _with_timeout(row, quick)) as opened:
            return Listed(
                reference_data=opened.read_reference_data() if isinstance(opened, Books) else None,
                choices=opened.read_choices() if isinstance(opened, InvoiceSource) else None,
                statuses=opened.read_statuses() if isinstance(opened, OrderSource | InvoiceSource) else (),
            )
    except BoekbrugError as error:
        return Listed(problem=error.message)


def taken_numbers(run: Runtime, route: tenants.Route) -> tuple[Finding, ...]:
    """Invoices in the books that are not ours and bear numbers like those that the route gives. Asks the books, and the
    source where none of its numbers is known yet; nothing where one is away, or the books choose the numbers."""
    moves = route.policy.moves
    if not takes_lines(route.target) or (moves and not {"orders", "invoices"} & set(moves)):
        return ()
    with run.database.read() as session:
        samples = rules.sampled_numbers(session, route)
    try:
        with open_connection(run, route.target) as books:
            if not isinstance(books, LedgerTarget):
                return ()
            numbers = books.list_numbers(Side.SALES, route.policy.number_prefix)
            return rules.taken_number_problems(route, samples or _latest_numbers(run, route.source), numbers)
    except BoekbrugError:
        return ()


def _latest_numbers(run: Runtime, row: tenants.Connection) -> tuple[str, ...]:
    since = run.clock.now() - _LATELY
    with open_connection(run, row) as source:
        for stream in streams_of(source, (), takes_purchases=False):
            page = next(iter(stream.read_changed(since)), ())
            return tuple(one.number for one in page if not isinstance(one, UnreadableDocument))
    return ()


def _with_timeout(row: tenants.Connection, seconds: float) -> tenants.Connection:
    fields = {name: getattr(row, name) for name in tenants.Connection.__slots__}
    return tenants.Connection(**fields | {"settings": {**row.settings, "timeout": seconds}})


def new_rule_problems(
    run: Runtime, before: RouteConfig | None, after: RouteConfig, source: Listed, target: Listed, *, told_lines: bool
) -> tuple[Finding, ...]:
    """What a change of rules makes wrong that was right before; nothing where the books could not be asked.
    `told_lines`: the books are told account and VAT code of every line."""
    known = set(_problems(run, before, source, target, told_lines=told_lines)) if before else set()
    found = _problems(run, after, source, target, told_lines=told_lines)
    return tuple(problem for problem in found if problem not in known)


def _problems(
    run: Runtime, route: RouteConfig, source: Listed, target: Listed, *, told_lines: bool
) -> tuple[Finding, ...]:
    books = target.reference_data
    if books is None:
        return ()
    if told_lines:
        today = run.clock.now().date()
        sides = sides_of(route, source)
        return problems_of_rules(route.mapping, route.policy, books, source.choices, today=today, sides=sides)
    found = []
    for rule in route.mapping:
        code, account = rule.gives.vat_code, rule.gives.ledger_account
        countries = tuple(dict.fromkeys([rule.match.country or "", ""]))
        if code and find_vat_code(books, code, countries) is None:
            found.append(unknown_vat_code(books, code))
        if account and find_account(books, account) is None:
            found.append(unknown_account(books, account))
    return tuple(dict.fromkeys(found))


def sides_of(route: RouteConfig, source: Listed) -> list[Side]:
    """Which sides of the books the route writes on. Only invoicing programs, which list choices, have purchases."""
    moves, purchases = route.policy.moves, source.choices is not None
    sides = [Side.SALES] if not moves or {"orders", "invoices"} & set(moves) else []
    return [*sides, Side.PURCHASES] if purchases and (not moves or "purchases" in moves) else sides


def takes_lines(row: tenants.Connection) -> bool:
    """Whether the connection's books are told account and VAT code of every line."""
    return Capability.LEDGER_TARGET in connector_type(row.system).capabilities
