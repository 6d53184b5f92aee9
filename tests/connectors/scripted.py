"""A server that answers exactly what a test tells it, down to the bytes on the socket."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from connectors._base import LimitSignal
from connectors._wire import JsonOut, to_json


class Meter:
    """Counts calls and keeps what it heard."""

    def __init__(self) -> None:
        self.calls = 0
        self.counted: dict[str, int] = {}
        self.open_calls = 0
        self.heard_signals: list[LimitSignal] = []

    @contextmanager
    def call(self, counts_as: str = "", *, writes: bool = False) -> Iterator[None]:
        self.calls += 1
        self.counted[counts_as] = self.counted.get(counts_as, 0) + 1
        self.open_calls += 1
        try:
            yield
        finally:
            self.open_calls -= 1

    def heard(self, signal: LimitSignal) -> None:
        self.heard_signals.append(signal)


class Request:
    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.method, self.target, _ = first.split(" ")
        self.headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}


Script = Callable[[socket.socket, Request], None]


def answering(
    status: int = 200,
    body: JsonOut | bytes = None,
    headers: dict[str, str] | None = None,
    kind: str = "application/json",
) -> Script:
    """An ordinary answer."""

    def script(connection: socket.socket, request: Request) -> None:
        content = body if isinstance(body, bytes) else to_json(body).encode()
        lines = [
            f"HTTP/1.1 {status} X",
            f"Content-Length: {len(content)}",
            f"Content-Type: {kind}",
            "Connection: close",
        ]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)

    return script


def cutting(connection: socket.socket, request: Request) -> None:
    """Reads the request, then resets the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def truncating(connection: socket.socket, request: Request) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\nContent-Type: application/json\r\n\r\n[{"a"')


def dawdling(connection: socket.socket, request: Request) -> None:
    time.sleep(1.0)


class Server:
    """Answers each request by the next of its scripts, and the last one for ever."""

    def __init__(self) -> None:
        self.scripts: list[Script] = []
        self.requests: list[Request] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/api/"
        self._stopped = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def plays(self, *scripts: Script) -> None:
        self.scripts = list(scripts)

    def _serve(self) -> None:
        while not self._stopped:
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(2)
                try:
                    self._answer(connection)
                except OSError:
                    continue

    def _answer(self, connection: socket.socket) -> None:
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += connection.recv(65536)
        request = Request(raw)
        while len(request.body) < int(request.headers.get("content-length", 0)):
            request.body += connection.recv(65536)
        self.requests.append(request)
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        script(connection, request)

    def stop(self) -> None:
        self._stopped = True
        self._thread.join()
        self._listener.close()
