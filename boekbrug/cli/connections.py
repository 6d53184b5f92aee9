"""`boekbrug connection check | disconnect`: a tenant's access to the remote systems."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from typing import Annotated

import typer

from boekbrug.cli._output import Exit, out, print_json, print_table
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.store import credentials, runs, tenants
from connectors import CheckItem
from tasks.route_work import open_connection
from tasks.runtime import Runtime, runtime

app = typer.Typer(help="Access to remote systems.", no_args_is_help=True)


@app.callback()
def _connections() -> None:
    """Access to remote systems."""


@app.command("check")
def check(
    tenant: Annotated[str, typer.Argument(help="Slug of the tenant.")],
    connection: Annotated[str, typer.Argument(help="Slug of one connection; all when left out.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Try the tenant's connections step by step, without writing anything. One that works again is resumed."""
    rows = []
    with runtime() as run:
        with run.database.read() as session:
            owner = tenants.tenant_by_slug(session, tenant)
            found = (
                [tenants.connection_by_slug(session, owner.id, connection)]
                if connection
                else tenants.list_connections(session, owner.id)
            )
        for row in found:
            rows += _check(run, row)
    if as_json:
        print_json(rows)
    else:
        print_table(
            f"Connections of {tenant}",
            ("connection", "check", "", "found"),
            ((row["connection"], row["check"], "ok" if row["ok"] else "WRONG", row["detail"]) for row in rows),
        )
    if not all(row["ok"] for row in rows):
        raise typer.Exit(Exit.CONNECTION)


@app.command("disconnect")
def disconnect(
    tenant: Annotated[str, typer.Argument(help="Slug of the tenant.")],
    connection: Annotated[str, typer.Argument(help="Slug of the connection.")],
) -> None:
    """Forget a connection's credentials and pause it. What went over, and what became of it, stays."""
    who = getpass.getuser()
    with runtime() as run, run.database.write() as session:
        owner = tenants.tenant_by_slug(session, tenant)
        row = tenants.connection_by_slug(session, owner.id, connection)
        credentials.forget_credentials(session, owner.id, row.id)
        tenants.pause_connection(session, owner.id, row.id, reason=f"disconnected by {who}", now=run.clock.now())
    out.print(
        f"{tenant}: {connection} is disconnected. To connect it again, import it with credentials.",
        markup=False,
        highlight=False,
    )


def _check(run: Runtime, row: tenants.Connection) -> list[dict[str, object]]:
    items = _tried(run, row)
    works = all(item.ok for item in items)
    if row.is_broken and works:
        with run.database.write() as session:
            tenants.resume_connection(session, row.tenant_id, row.id)
    items.append(CheckItem(name="link", ok=works or not row.is_broken, detail=_link(row, works)))
    items += _last_runs(run, row)
    return [
        {"connection": row.slug, "system": row.system, "check": item.name, "ok": item.ok, "detail": item.detail}
        for item in items
    ]


def _tried(run: Runtime, row: tenants.Connection) -> list[CheckItem]:
    try:
        with open_connection(run, row) as opened:
            return list(opened.check())
    except SettingsInvalid as problem:  # a credential that is missing, after disconnecting or before connecting
        return [CheckItem(name="settings", ok=False, detail=problem.message)]


def _link(row: tenants.Connection, works: bool) -> str:
    if not row.is_broken:
        return "active"
    since = f" since {row.since:%Y-%m-%d %H:%M} UTC" if row.since else ""
    return "active again" if works else f"paused{since}: {row.reason}"


def _last_runs(run: Runtime, row: tenants.Connection) -> Iterator[CheckItem]:
    """When the connection's routes ran last, and how that ended."""
    with run.database.read() as session:
        for route in tenants.list_routes(session, row.tenant_id):
            if row.id not in (route.source.id, route.target.id):
                continue
            last = next(iter(runs.recent_runs(session, row.tenant_id, route.id, limit=1)), None)
            told = "never" if last is None else f"{last.started_at:%Y-%m-%d %H:%M} UTC: {last.message or 'not ended'}"
            off = "" if route.enabled else "; the route is switched off"
            yield CheckItem(name=f"last run, {route.slug}", ok=True, detail=told + off)
