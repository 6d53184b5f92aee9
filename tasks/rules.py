"""What is wrong with a route before its first document fails: its rules against what the books and the source let one
choose, and its invoice numbers against those of other routes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlmodel import Session

from boekbrug.domain.documents import Side
from boekbrug.domain.findings import Finding
from boekbrug.domain.records import DONE
from boekbrug.domain.tenants import RouteConfig
from boekbrug.store import credentials, records, tenants
from connectors import Capability, Connector, InvoiceSource, LedgerTarget
from connectors.registry import connector_type, remote_account
from mappings.numbering import NumberRange, own_number_problems, range_problems
from mappings.rule_check import problems_of_rules
from tasks.runtime import Runtime
from tasks.streams import InvoiceStream, streams_of

_SAMPLES = 50


def rule_problems(run: Runtime, route: RouteConfig, source: Connector, target: Connector) -> tuple[Finding, ...]:
    """Everything wrong with the rules of a route into books that are told account and VAT code of every line; nothing
    for other books, which say so per document. Reads reference data of both sides."""
    if not isinstance(target, LedgerTarget):
        return ()
    streams = streams_of(source, route.policy.moves, takes_purchases=True)
    sides = [one.side if isinstance(one, InvoiceStream) else Side.SALES for one in streams]
    return problems_of_rules(
        route.mapping,
        route.policy,
        target.read_reference_data(),
        source.read_choices() if isinstance(source, InvoiceSource) else None,
        today=run.clock.now().date(),
        sides=list(dict.fromkeys(sides)),
    )


def number_problems(run: Runtime, session: Session, tenant_id: int) -> tuple[Finding, ...]:
    """Which of a tenant's routes that are switched on can give the same invoice number to the same books."""
    routes = [route for route in tenants.list_routes(session, tenant_id) if route.enabled]
    if len(routes) < 2:
        return ()
    ranges: dict[str, list[NumberRange]] = {}
    for route in routes:
        moves = route.policy.moves
        told = Capability.LEDGER_TARGET in connector_type(route.target.system).capabilities
        # Where nobody is logged in nothing goes over, and which books they are is not known.
        known = credentials.credential_names(session, tenant_id, route.target.id)
        if told and known and (not moves or "invoices" in moves or "orders" in moves):
            ranges.setdefault(_account(run, session, route.target), []).append(_range(session, route))
    return tuple(problem for several in ranges.values() for problem in range_problems(several))


def taken_number_problems(route: tenants.Route, samples: Sequence[str], numbers: Iterable[str]) -> tuple[Finding, ...]:
    """Whether numbers that stand in the books without being ours look like those of the route."""
    owner = NumberRange(owner=route.slug, prefix=route.policy.number_prefix, samples=tuple(samples))
    return own_number_problems(owner, numbers)


def sampled_numbers(session: Session, route: tenants.Route) -> tuple[str, ...]:
    """The latest numbers of the route's sales that went over."""
    latest = records.listing(session, route.tenant_id, route_id=route.id, statuses=DONE, limit=_SAMPLES)
    return tuple(record.number for record in latest if record.kind.side is Side.SALES)


def _account(run: Runtime, session: Session, row: tenants.Connection) -> str:
    secrets = credentials.read_credentials(session, run.sealing_key, row.tenant_id, row.id)
    return remote_account(row.system, row.settings, secrets)


def _range(session: Session, route: tenants.Route) -> NumberRange:
    return NumberRange(owner=route.slug, prefix=route.policy.number_prefix, samples=sampled_numbers(session, route))
