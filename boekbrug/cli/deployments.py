"""`boekbrug deploy`, and what other commands ask of a Prefect server. Only `boekbrug worker` knows Prefect besides."""

from __future__ import annotations

import os
import time
from datetime import datetime
from typing import Annotated

import typer

from boekbrug.cli._output import Exit, out
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.store import tenants
from tasks.flow_names import daily_flow
from tasks.route_work import RouteWork
from tasks.runtime import runtime


def deploy(tenant: Annotated[str, typer.Argument(help="Slug of one tenant; all when left out.")] = "") -> None:
    """Register every route that is switched on with the Prefect server, on its schedule. Safe to do again."""
    require_server()
    from tasks import deployments  # noqa: PLC0415 - importing Prefect takes seconds that no other command should pay

    with runtime() as run:
        with run.database.read() as session:
            owners = [tenants.tenant_by_slug(session, tenant)] if tenant else tenants.list_tenants(session)
            routes = [(owner, route) for owner in owners for route in tenants.list_routes(session, owner.id)]
        pool = run.settings.work_pool
        with deployments.registry() as registry:
            registry.ensure_work_pool(pool)
            for owner, route in routes:
                names = registry.register_route(owner, route, pool)
                daily = f"on schedule {route.schedule} ({owner.time_zone})" if route.enabled else "switched off"
                for name in names:
                    state = daily if not name.startswith(deployments.MIGRATE_ORDERS) else "when asked"
                    out.print(f"{name}: {state}", markup=False, highlight=False)
            told = registry.register_notifications(pool, active=run.settings.smtp_url is not None)
        how = "every five minutes" if run.settings.smtp_url else "switched off: BOEKBRUG_SMTP_URL is not set"
        out.print(f"{told}: {how}", markup=False, highlight=False)
    out.print(f"Run a worker with: boekbrug worker --pool {pool}", markup=False, highlight=False)


def run_on_worker(tenant: str, route: tenants.Route) -> None:
    """Lets a worker run the route now and waits for the end. Exits with LATER when the run failed."""
    require_server()
    from tasks import deployments  # noqa: PLC0415 - as above

    run_id = deployments.start_run(daily_flow(route.source.system), tenant, route.slug)
    out.print(f"Flow run {run_id}", markup=False, highlight=False)
    while True:
        state = deployments.read_run(run_id).state
        if state is not None and state.is_final():
            out.print(f"{state.name}: {state.message or ''}", markup=False, highlight=False)
            if not state.is_completed():
                raise typer.Exit(Exit.LATER)
            return
        time.sleep(0.5)


def schedule_migration(work: RouteWork) -> datetime:
    """Asks a worker to go on with the route's migration now, unless one is about to; from when. Raises SettingsInvalid
    when the route is not deployed."""
    require_server()
    from tasks import continuations, deployments  # noqa: PLC0415 - as above

    scheduler = deployments.PrefectScheduler()
    return continuations.go_on_at(work, scheduler, deployments.MIGRATE_ORDERS, work.now())


def require_server() -> None:
    """Raises SettingsInvalid when no Prefect server is named."""
    if not os.environ.get("PREFECT_API_URL"):
        raise SettingsInvalid(
            "PREFECT_API_URL is not set: start a server with `prefect server start` and set it to http://HOST:PORT/api"
        )
