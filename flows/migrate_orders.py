"""A migration of one route: the shop's history to the books, in its own lane."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.history import bring_history_over, chosen_migration, migrating, publish_history
from tasks.route_work import MIGRATION_LANES, open_route


@flow(name="migrate-orders", persist_result=False)
def migrate_orders(tenant: str, route: str = "", migration: int = 0) -> State[Any]:
    """Goes on with a planned migration for as long as its window and the budget allow, and schedules the rest.

    `migration` is the id that `boekbrug migrate plan` gave; 0 is the route's latest. Run it as often as you like.
    """
    with open_route(tenant, route, lanes=MIGRATION_LANES) as work:
        chosen = chosen_migration(work, migration)
        with migrating(work) as report:
            bring_history_over(work, chosen, report)
        return publish_history(work, chosen, report)
