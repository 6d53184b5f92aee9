"""The dashboard's only acquaintance with Prefect: having a route run now, and where its runs are shown."""

from __future__ import annotations

import importlib
import logging
import os
import threading

from boekbrug.domain.errors import ConnectionBroken
from boekbrug.store import tenants
from tasks.flow_names import MIGRATE_ORDERS, daily_flow
from tasks.route_work import DAILY_LANES, MIGRATION_LANES, open_route
from tasks.runtime import Runtime, using

_log = logging.getLogger(__name__)


def hurry(runtime: Runtime, tenant: tenants.Tenant, route: tenants.Route, *, flow: str = "") -> bool:
    """Has a flow of the route (by default its daily one) run now: one run, however often it is asked for. False when
    the server does not answer, the route is not deployed or a connection is paused; then the next run by schedule takes
    what is in the rush lane along, and has a migration that runs go on."""
    if not os.environ.get("PREFECT_API_URL"):
        return False
    import httpx  # noqa: PLC0415 - what Prefect's client raises
    from prefect.exceptions import PrefectException  # noqa: PLC0415 - importing Prefect takes seconds

    from tasks import continuations, deployments  # noqa: PLC0415 - as above

    chosen = flow or daily_flow(route.source.system)
    lanes = MIGRATION_LANES if flow == MIGRATE_ORDERS else DAILY_LANES
    try:
        with using(runtime), open_route(tenant.slug, route.slug, lanes=lanes) as work:
            continuations.go_on_at(work, deployments.PrefectScheduler(), chosen, work.now())
    except (ConnectionBroken, PrefectException, httpx.HTTPError) as problem:
        _log.warning("%s/%s cannot be run now: %s", tenant.slug, route.slug, problem)
        return False
    return True


def warm_up() -> None:
    """Imports Prefect beforehand, beside everything else, so that the first Verwerk does not wait for it."""
    if os.environ.get("PREFECT_API_URL"):
        threading.Thread(target=importlib.import_module, args=("tasks.deployments",), daemon=True).start()


def deploy(runtime: Runtime, tenant: tenants.Tenant, route: tenants.Route) -> bool:
    """Tells the server of a route's schedule, and whether it is switched on, as `boekbrug deploy` does. False when it
    does not answer: then it stays as the server had it until that is done."""
    if not os.environ.get("PREFECT_API_URL"):
        return False
    import httpx  # noqa: PLC0415 - what Prefect's client raises
    from prefect.exceptions import PrefectException  # noqa: PLC0415 - importing Prefect takes seconds

    from tasks import deployments  # noqa: PLC0415 - as above

    try:
        with deployments.registry() as registry:
            registry.ensure_work_pool(runtime.settings.work_pool)
            registry.register_route(tenant, route, runtime.settings.work_pool)
    except (PrefectException, httpx.HTTPError) as problem:
        _log.warning("%s/%s cannot be deployed now: %s", tenant.slug, route.slug, problem)
        return False
    return True


def run_url(flow_run_id: str) -> str:
    """Where Prefect's pages show a run; "" when no server is named."""
    root = os.environ.get("PREFECT_UI_URL") or os.environ.get("PREFECT_API_URL", "").removesuffix("/api")
    return f"{root}/runs/flow-run/{flow_run_id}" if root and flow_run_id else ""
