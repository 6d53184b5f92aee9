"""Runs a simulator: a uvicorn server in a thread of this process, on a port of its own."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox._app import AnySimulator
from sandbox._control import Control
from sandbox._gate import TRANSPORT, gate

SimulatorT = TypeVar("SimulatorT", bound=AnySimulator)


@dataclass(frozen=True)
class Running(Generic[SimulatorT]):
    """A simulator that answers. ``url``: the base URL of its API; ``root``: scheme, host and port only."""

    simulator: SimulatorT
    root: str
    url: str
    control: Control


@contextmanager
def running(simulator: SimulatorT, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[Running[SimulatorT]]:
    """Serve a simulator while the context lasts; port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    listener = _listener(host, port)
    bound_port = listener.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(
            gate(simulator),
            http=_ExposingProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, daemon=True, name=f"sandbox-{simulator.name}"
    )
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError(f"the server of {simulator.name} did not start")
            time.sleep(0.002)
        root = f"http://{host}:{bound_port}"
        yield Running(simulator, root, root + simulator.base_path, Control(root))
    finally:
        # A fault may still be holding an answer back; nobody waits for it.
        server.should_exit = server.force_exit = True
        thread.join()
        listener.close()


def _listener(host: str, port: int) -> socket.socket:
    # Named as TCP, or asyncio leaves Nagle's algorithm on and every answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


class _ExposingProtocol(H11Protocol):
    """Shows the connection to the application, so that a fault can really close it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        served = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {**scope.get("extensions", {}), TRANSPORT: transport}
            await served(scope, receive, send)

        self.app = with_transport
