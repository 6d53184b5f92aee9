"""`boekbrug connection check`: does a tenant's access to the remote systems work?"""

from __future__ import annotations

from typing import Annotated

import typer

from boekbrug.cli._output import Exit, print_json, print_table
from boekbrug.store import tenants
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


def _check(run: Runtime, row: tenants.Connection) -> list[dict[str, object]]:
    with open_connection(run, row) as opened:
        items = list(opened.check())
    if row.is_broken and all(item.ok for item in items):
        with run.database.write() as session:
            tenants.resume_connection(session, row.tenant_id, row.id)
    return [
        {"connection": row.slug, "system": row.system, "check": item.name, "ok": item.ok, "detail": item.detail}
        for item in items
    ]
