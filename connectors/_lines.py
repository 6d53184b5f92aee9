"""The connections to one server: who may use which, and how a request goes over one.

httpx's own transport speaks HTTP in pure Python twice over and looks after many connections and both versions of the
protocol; that is half of what a call costs here, where every line is one connection to one server (ADR 16).
What a failure means is told by the same errors: `httpx.ConnectError` and `ConnectTimeout` when certainly nothing was
sent, every other `httpx.TransportError` when it may have been.
"""

from __future__ import annotations

import re
import select
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import BadStatusLine, HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from queue import LifoQueue
from typing import cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from connectors._base import ConnectorSettings

_PART = 64 * 1024  # bytes read at once
_LONGEST_LINE = 64 * 1024  # of a head, in bytes; as http.client
_MOST_FIELDS = 100  # of a head; as http.client
_FIELD_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch  # RFC 9110, 5.6.2
_IDLE_SECONDS = 5.0  # as httpx: servers close what stands idle, and a call that crosses that has no known outcome


class Lines:
    """The connections of one session, as many as it may make calls at once; through the proxy that the environment
    names, where it names one.

    Each has a transport of its own: a pool of several looks at all of its sockets before and after each call, while
    every other thread waits.
    """

    def __init__(self, settings: ConnectorSettings) -> None:
        address, proxies = urlsplit(settings.base_url), getproxies()
        proxy = proxies.get(address.scheme) or proxies.get("all")
        direct = address.scheme == "http" or proxy_bypass(address.hostname or "")  # http is this machine
        context = httpx.create_ssl_context()

        def transport() -> httpx.BaseTransport:
            if direct or not proxy:
                return DirectTransport(httpx.URL(settings.base_url), context)
            limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
            return httpx.HTTPTransport(verify=context, limits=limits, proxy=proxy)

        self._all = [transport() for _ in range(settings.concurrency)]
        self._free: LifoQueue[httpx.BaseTransport] = LifoQueue()  # the one used last is the likeliest to be open yet
        for one in reversed(self._all):
            self._free.put(one)

    @contextmanager
    def one(self) -> Iterator[httpx.BaseTransport]:
        """One of them, for one call. Waits without an end: every call ahead in the queue ends in time itself."""
        transport = self._free.get()
        try:
            yield transport
        finally:
            self._free.put(transport)

    def close(self) -> None:
        """Lets go of all of them."""
        for transport in self._all:
            transport.close()


class DirectTransport(httpx.BaseTransport):
    """A connection over the standard library's HTTP. Makes requests one after the other, each with its time-out, its
    target and its Content-Length; no HEAD, whose answer has no body."""

    def __init__(self, address: httpx.URL, context: ssl.SSLContext) -> None:
        host = address.raw_host.decode("ascii")
        self._connection = (
            HTTPSConnection(host, address.port, context=context)
            if address.scheme == "https"
            else HTTPConnection(host, address.port)
        )
        self._connection.auto_open = 0  # opened here only, where a failure is known to be one of connecting
        self._connection.response_class = _Answer
        self._used_at = 0.0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends the request and returns the answer, whose body is still to be read. Raises httpx.TransportError."""
        self._open(request.extensions["timeout"]["read"])
        connection = self._connection
        with _as_httpx():
            try:
                target = request.extensions["target"].decode("ascii")
                connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
                for name, value in request.headers.raw:
                    connection.putheader(name, value)
                connection.endheaders(request.read())
                answer = cast(_Answer, connection.getresponse())
            except BaseException:
                connection.close()
                raise
        return httpx.Response(answer.status, headers=answer.head, stream=_Body(self, answer))

    def close(self) -> None:
        """Lets go of the connection; a later request makes a new one."""
        self._connection.close()

    def used(self) -> None:
        """The answer has been read to its end, and the connection can carry another."""
        self._used_at = time.monotonic()

    def _open(self, timeout: float) -> None:
        """Raises httpx.ConnectError or ConnectTimeout."""
        connection = self._connection
        if connection.sock is not None:
            if time.monotonic() - self._used_at < _IDLE_SECONDS and not _readable(connection):
                return
            connection.close()
        connection.timeout = timeout
        try:
            connection.connect()
        except TimeoutError:
            connection.close()
            raise httpx.ConnectTimeout("timed out") from None
        except (OSError, UnicodeError) as error:
            connection.close()
            raise httpx.ConnectError(str(error)) from None


class _Answer(HTTPResponse):
    """Reads its head by itself: http.client's own takes a head that breaks off for a whole one, and hands it to the
    parser of e-mails, which is a fifth of a call's processor time."""

    head: list[tuple[bytes, bytes]]

    def begin(self) -> None:
        """Raises HTTPException when the head is none, breaks off, or leaves open where the body ends."""
        version, _, rest = self._line().partition(b" ")
        if version not in (b"HTTP/1.1", b"HTTP/1.0") or not rest[:3].isdigit() or rest[3:4].strip():
            raise BadStatusLine("no answer of HTTP/1")
        self.status = int(rest[:3])
        if self.status < 200:
            raise HTTPException("an answer before the answer")
        self.head = []
        while line := self._line():
            name, colon, value = line.partition(b":")
            if not colon or not _FIELD_NAME(name) or len(self.head) >= _MOST_FIELDS:
                raise HTTPException("a header that is none, or too many")
            self.head.append((name.lower(), value.strip(b" \t")))
        self.version = int(version[-3:].replace(b".", b""))
        self._frame(dict(self.head))

    def _line(self) -> bytes:
        """The next line of the head, without its end."""
        line = self.fp.readline(_LONGEST_LINE + 1)
        if not line.endswith(b"\n"):
            raise HTTPException("the head breaks off, or has a line that is too long")
        return line.rstrip(b"\r\n")

    def _frame(self, fields: Mapping[bytes, bytes]) -> None:
        """Where the body ends, and whether the connection does with it (RFC 9112, 6.3 and 9.3)."""
        lengths = {value for name, value in self.head if name == b"content-length"}
        coding, length = fields.get(b"transfer-encoding"), fields.get(b"content-length")
        known = coding is None or coding.lower() == b"chunked"
        if len(lengths) > 1 or (length is not None and not length.isdigit()) or not known:
            raise HTTPException("it is not clear where the answer ends")
        self.chunked, self.chunk_left = coding is not None, None
        self.length = None if self.chunked or length is None else int(length)
        if self.status in (204, 304):
            self.length = 0
        connection = fields.get(b"connection", b"").lower()
        stays = b"keep-alive" in connection if self.version == 10 else b"close" not in connection
        self.will_close = not stays or not (self.chunked or self.length is not None)


class _Body(httpx.SyncByteStream):
    def __init__(self, transport: DirectTransport, answer: _Answer) -> None:
        self._transport = transport
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            while part := self._answer.read1(_PART):
                yield part
            if self._answer.length:
                raise HTTPException("the answer ended too early")
        self._answer.close()
        self._transport.used()

    def close(self) -> None:
        """What was not read to its end would be taken for the next answer."""
        if not self._answer.isclosed():
            self._answer.close()
            self._transport.close()


def _readable(connection: HTTPConnection) -> bool:
    """Nothing is to come before it is asked for: the server has closed, or what comes is not our answer."""
    waiting = select.poll()
    waiting.register(connection.sock, select.POLLIN)
    return bool(waiting.poll(0))


@contextmanager
def _as_httpx() -> Iterator[None]:
    """No text of the errors is passed on: they may hold what was sent."""
    try:
        yield
    except TimeoutError:
        raise httpx.ReadTimeout("timed out") from None
    except (HTTPException, OSError) as error:
        raise httpx.RemoteProtocolError(type(error).__name__) from None
    except ValueError as error:  # a header or target that cannot be sent as it is
        raise httpx.LocalProtocolError(type(error).__name__) from None
