"""The daily run of one route: the shop's orders to the books."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.orders import (
    fetch_orders,
    publish,
    push_batch,
    running,
    settle_unknown_outcomes,
    transform_to_invoices,
    verify_totals,
)
from tasks.pushing import push_with_rate_limit
from tasks.route_work import open_route


@flow(name="sync-orders", flow_run_name="{tenant}.{route}", persist_result=False)
def sync_orders(tenant: str, route: str = "") -> State[Any]:
    """Brings what is new in the shop to the books and proves that both agree.

    Run again, at any moment and as often as you like, it goes on where it was: nothing is sent twice.
    """
    with open_route(tenant, route) as work, running(work) as report:
        report.fetched = fetch_orders(work)
        report.transformed = transform_to_invoices(work)
        report.pushed = push_with_rate_limit(work, settle=settle_unknown_outcomes, push=push_batch)
        report.verified = verify_totals(work)
    return publish(work, report)
