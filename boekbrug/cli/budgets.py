"""`boekbrug budget`: what the remote accounts of a tenant allow, what is used, and who waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from boekbrug.cli._output import print_json, print_table
from boekbrug.domain.budgets import Budget
from boekbrug.store import budgets, tenants, waiters
from connectors import TargetSettings
from connectors.registry import read_settings
from tasks.route_work import account_of, call_budgets, document_budget, reserve_of
from tasks.runtime import Runtime, runtime


def budget(
    tenant: Annotated[str, typer.Argument(help="Slug of the tenant.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show per remote account and budget what is used and free, until when it is blocked, and who waits for it.

    An account may be shared with other tenants: of those only the number that waits is shown.
    """
    with runtime() as run:
        with run.database.read() as session:
            owner = tenants.tenant_by_slug(session, tenant)
            connections = tenants.list_connections(session, owner.id)
            routes = tenants.list_routes(session, owner.id)
        rows = [row for connection in connections for row in _rows(run, connection, routes)]
    if as_json:
        print_json(rows)
        return
    zone = ZoneInfo(owner.time_zone)
    print_table(
        f"Budgets of {tenant}",
        ("connection", "budget", "limit", "used", "free", "next slot", "blocked until", "kept for daily", "waiting"),
        (
            (
                row["connection"],
                row["budget"],
                f"{row['limit']} per {row['period_seconds']} s" if row["limit"] else "none",
                row["used"],
                "∞" if row["free"] is None else row["free"],
                _local(row["next_slot_at"], zone) or "now",
                _local(row["blocked_until"], zone) or "-",
                row["reserve"],
                "\n".join(_waiting(row, zone)) or "-",
            )
            for row in rows
        ),
    )


def _rows(run: Runtime, connection: tenants.Connection, routes: list[tenants.Route]) -> Iterator[dict[str, object]]:
    settings, account = read_settings(connection.system, connection.settings), account_of(run, connection)
    reserve = 0
    if isinstance(settings, TargetSettings):
        reserves = [reserve_of(route.policy, settings) for route in routes if route.target.id == connection.id]
        reserve = max(reserves, default=0)
        yield _row(run, connection, document_budget(settings, account), reserve)
    yield from (_row(run, connection, calls, 0) for calls in call_budgets(settings, account))


def _row(run: Runtime, connection: tenants.Connection, of: Budget, reserve: int) -> dict[str, object]:
    now = run.clock.now()
    with run.database.read() as session:
        usage = budgets.usage(session, of, now=now)
        waiting = [one for one in waiters.waiting(session, of.account, now) if one.budget == of.name]
    own = [one for one in waiting if one.tenant_id == connection.tenant_id]
    return {
        "connection": connection.slug,
        "system": connection.system,
        "budget": of.name,
        "limit": of.limit,
        "period_seconds": int(of.period.total_seconds()),
        "used": usage.used,
        "free": usage.free,
        "next_slot_at": _iso(usage.opens_at),
        "blocked_until": _iso(usage.blocked_until),
        "reserve": reserve,
        "waiting": [
            {"tenant": one.tenant, "route": one.route, "lane": one.lane.name.lower(), "since": _iso(one.since)}
            for one in own
        ],
        "others_waiting": len(waiting) - len(own),
    }


def _waiting(row: dict[str, object], zone: ZoneInfo) -> Iterator[str]:
    waiting = row["waiting"]
    assert isinstance(waiting, list)
    for one in waiting:
        yield f"{one['route']}, {one['lane']}, since {_local(one['since'], zone)}"
    if row["others_waiting"]:
        yield f"{row['others_waiting']} of other tenants"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _local(moment: object, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(zone):%d-%m %H:%M:%S}" if isinstance(moment, str) else ""
