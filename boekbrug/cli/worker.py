"""`boekbrug worker`: takes flow runs from the work pool and runs them."""

from __future__ import annotations

import asyncio
import logging
import os
from functools import partial
from typing import Annotated

import typer

from boekbrug.cli._output import out
from boekbrug.cli.deployments import require_server
from boekbrug.settings import Settings


def _at_once() -> int:
    """Runs of all tenants are due at the same hour, and one is mostly waiting."""
    return 4 * (os.cpu_count() or 1)


def worker(
    pool: Annotated[str | None, typer.Option("--pool", help="Work pool, of type process; else as set.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="What the worker is called in Prefect.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Runs at once; else four per processor.")] = None,
    with_healthcheck: Annotated[
        bool, typer.Option("--with-healthcheck", help="Answer on PREFECT_WORKER_WEBSERVER_PORT at /health.")
    ] = False,
) -> None:
    """Run what is due, as `prefect worker start` does, but without every run importing everything anew.

    Stops at SIGTERM or Ctrl-C. Restart it after an upgrade.
    """
    # Read when Prefect is imported. Its own 10 s would leave a worker idle whose runs take one or two.
    os.environ.setdefault("PREFECT_WORKER_QUERY_SECONDS", "2")
    # Worker, runs and server are of one installation: no run need ask which version the server is of.
    os.environ.setdefault("PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED", "false")
    require_server()
    logging.getLogger().handlers.clear()  # the worker logs as its runs do, and Prefect leaves alone what it finds
    from prefect.utilities.processutils import setup_signal_handlers_worker  # noqa: PLC0415 - takes seconds

    from boekbrug.warm.worker import WarmWorker  # noqa: PLC0415 - as above
    from tasks import deployments  # noqa: PLC0415 - as above

    pool = pool or Settings().work_pool
    deployments.require_process_pool(pool)
    said = partial(out.print, markup=False, highlight=False)
    setup_signal_handlers_worker(os.getpid(), "the worker", said)
    made = WarmWorker(work_pool_name=pool, name=name, limit=limit or _at_once(), create_pool_if_not_found=False)
    try:
        asyncio.run(made.start(with_healthcheck=with_healthcheck, printer=said))
    except KeyboardInterrupt:
        said(f"Worker {made.name!r} stopped!")
