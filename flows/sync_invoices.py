"""The daily run of one route of an invoicing program: its invoices to the books, and back what was paid on them."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.orders import (
    bring_back_payments,
    carry_changed_contacts,
    fetch_invoices,
    publish,
    push_batch,
    running,
    settle_unknown_outcomes,
    transform_to_invoices,
    verify_totals,
)
from tasks.pushing import push_with_rate_limit
from tasks.route_work import open_route


@flow(name="sync-invoices", flow_run_name="{tenant}.{route}", persist_result=False)
def sync_invoices(tenant: str, route: str = "") -> State[Any]:
    """Brings contacts and invoices of both sides to the books, proves that both agree, and tells what was paid.

    Run again, at any moment and as often as you like, it goes on where it was: nothing is sent or told twice.
    """
    with open_route(tenant, route) as work, running(work) as report:
        report.contacts = carry_changed_contacts(work)
        report.fetched = fetch_invoices(work)
        report.transformed = transform_to_invoices(work)
        report.pushed = push_with_rate_limit(work, settle=settle_unknown_outcomes, push=push_batch)
        report.verified = verify_totals(work)
        report.payments = bring_back_payments(work)
    return publish(work, report)
