"""`boekbrug dashboard`: serves the shopkeeper's web pages."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import Annotated

import typer
import uvicorn

from boekbrug.cli._output import out
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.settings import Settings
from boekbrug.store.credentials import load_key
from boekbrug.store.database import Database


def dashboard(
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on; else as set.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port; 0: any that is free; else as set.")] = None,
) -> None:
    """Serve the dashboard until it is stopped. The first user: boekbrug user add EMAIL --tenant SLUG."""
    settings = Settings()
    load_key(settings)
    with closing(Database(settings.database)) as database:
        if not database.check():
            raise SettingsInvalid("the database's schema is not the one of this version; run `boekbrug init`")
    listener = _listen(host or settings.dashboard_host, settings.dashboard_port if port is None else port)
    address, number = listener.getsockname()[:2]
    shown = f"[{address}]" if ":" in address else address
    out.print(f"Dashboard: http://{shown}:{number}", markup=False, highlight=False, soft_wrap=True)
    # Named, not imported: the command line and the dashboard stand side by side.
    config = uvicorn.Config(
        "dashboard.app:from_environment", factory=True, log_config=None, access_log=False, server_header=False
    )
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(found[0], found[1])
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(found[4])
        listener.listen(128)  # who reads the address may come before the pages are ready, and waits
    except OSError as problem:
        raise SettingsInvalid(f"the dashboard cannot listen on {host} port {port}: {problem.strerror}") from None
    return listener
