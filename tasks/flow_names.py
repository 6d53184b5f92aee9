"""The flows that have deployments, by name; light enough to be imported by whoever only asks."""

from __future__ import annotations

from connectors import Capability
from connectors.registry import connector_type

SYNC_ORDERS = "sync-orders"
SYNC_INVOICES = "sync-invoices"
MIGRATE_ORDERS = "migrate-orders"
NOTIFY = "notify"


def daily_flow(source_system: str) -> str:
    """The daily flow of a route that reads from this system: of a shop, or of an invoicing program."""
    return SYNC_ORDERS if Capability.ORDER_SOURCE in connector_type(source_system).capabilities else SYNC_INVOICES
