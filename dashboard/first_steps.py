"""What is still to be done before an administration's documents go over, in the order in which it is done."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from boekbrug.store import runs, tenants
from connectors import Capability
from connectors.registry import CONNECTORS
from dashboard.access import Place
from dashboard.words import N_

SOURCES = frozenset({Capability.ORDER_SOURCE, Capability.INVOICE_SOURCE})
TARGETS = frozenset({Capability.BOOKING_TARGET, Capability.LEDGER_TARGET})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step, and where it is taken."""

    title: str
    done: bool
    address: str


def first_steps(session: Session, place: Place) -> list[Step]:
    """All steps; none once the first route has run."""
    if runs.latest_runs(session, place.tenant.id, limit=1):
        return []
    connected = tenants.list_connections(session, place.tenant.id)
    routes = tenants.list_routes(session, place.tenant.id)
    first = f"{place.root}/routes/{routes[0].slug}" if routes else f"{place.root}/routes"
    connect = f"{place.root}/connections/new"
    return [
        Step(title=N_("Connect your shop or invoicing program"), done=bool(able(connected, SOURCES)), address=connect),
        Step(title=N_("Connect your books"), done=bool(able(connected, TARGETS)), address=connect),
        Step(title=N_("Make a route between them"), done=bool(routes), address=f"{place.root}/routes/new"),
        Step(
            title=N_("Choose VAT codes and accounts"),
            done=any(route.mapping for route in routes),
            address=f"{first}/usual-rules",
        ),
        Step(title=N_("Switch the route on"), done=any(route.enabled for route in routes), address=first),
        Step(title=N_("Have it run for the first time"), done=False, address=first),
    ]


def able(connected: list[tenants.Connection], wanted: frozenset[Capability]) -> list[tenants.Connection]:
    """The connections whose system can do one of these."""
    return [one for one in connected if one.system in CONNECTORS and CONNECTORS[one.system].capabilities & wanted]
