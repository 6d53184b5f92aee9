"""The transport of remote calls: an answer is whole or it is none, what stands idle is not trusted, and a failure says
whether anything can have been sent."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from connectors import _lines
from connectors._lines import DirectTransport

TIMEOUT = 0.5
SAID = b'{"a": 1}'


def whole(body: bytes = SAID, *headers: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


def chunked(*chunks: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks)


class KeepingServer:
    """Answers the requests of a connection one after the other with the next bytes; None hangs up instead."""

    def __init__(self) -> None:
        self.answers: list[bytes | None] = []
        self.hangs_up_after = 1_000  # answers on one connection
        self.connections = 0
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = httpx.URL(f"http://127.0.0.1:{self._listener.getsockname()[1]}/api/")
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, suppress(ConnectionError):
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        for _ in range(self.hangs_up_after):
            request = connection.recv(65536)
            if not request:
                return
            if b"Content-Length: 0\r\n" not in request and not request.endswith(b"}"):
                request += connection.recv(65536)  # the body comes by itself
            self.requests.append(request)
            answer = self.answers.pop(0)
            if answer is None:
                return
            connection.sendall(answer)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def server() -> Iterator[KeepingServer]:
    server = KeepingServer()
    yield server
    server.close()


@pytest.fixture
def transport(server: KeepingServer) -> Iterator[DirectTransport]:
    transport = DirectTransport(server.address, ssl.create_default_context())
    yield transport
    transport.close()


def ask(transport: DirectTransport, content: bytes = b"", headers: dict[str, str] | None = None) -> httpx.Response:
    """One request, read to its end as the connectors do."""
    request = httpx.Request(
        "POST",
        "http://not-looked-at/",
        headers={"Host": "shop.example", "Content-Length": str(len(content)), **(headers or {})},
        stream=httpx.ByteStream(content),
        extensions={"timeout": httpx.Timeout(TIMEOUT).as_dict(), "target": b"/api/x?y=%20"},
    )
    response = transport.handle_request(request)
    try:
        response.read()
    finally:
        response.close()
    return response


def test_what_is_sent_is_what_was_asked_for(server: KeepingServer, transport: DirectTransport) -> None:
    server.answers = [whole()]
    answer = ask(transport, b'{"b": 2}', {"Authorization": "secret"})
    assert (answer.status_code, answer.content) == (200, SAID)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    assert first == b"POST /api/x?y=%20 HTTP/1.1"
    names = [line.partition(b":")[0].lower() for line in lines]
    assert sorted(names) == [b"authorization", b"content-length", b"host"], "nothing is added, nothing stands twice"
    assert body == b'{"b": 2}'


def test_answers_follow_each_other_on_one_connection(server: KeepingServer, transport: DirectTransport) -> None:
    server.answers = [whole(b"1"), chunked(b"2", b"2", b""), whole(b"", "X: 1"), whole(b"4")]
    assert [ask(transport).content for _ in range(4)] == [b"1", b"22", b"", b"4"]
    assert server.connections == 1


def test_answers_of_all_kinds_follow_each_other(server: KeepingServer, transport: DirectTransport) -> None:
    server.answers = [
        b"HTTP/1.1 204 No Content\r\nset-cookie: a=1\r\nSet-Cookie:b=2 \r\n\r\n",
        b"HTTP/1.1 200\ncontent-length:2\n\n22",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n1\r\n3\r\n0\r\nTrailer: 1\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\n4",
    ]
    answers = [ask(transport) for _ in range(4)]
    assert [answer.content for answer in answers] == [b"", b"22", b"3", b"4"]
    assert answers[0].headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert server.connections == 1


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(SAID)]
)
def test_an_answer_may_end_with_its_connection(server: KeepingServer, transport: DirectTransport, head: bytes) -> None:
    server.hangs_up_after = 1
    server.answers = [head + SAID, whole()]
    assert [ask(transport).content, ask(transport).content] == [SAID, SAID]
    assert server.connections == 2


def test_a_packed_answer_is_unpacked(server: KeepingServer, transport: DirectTransport) -> None:
    server.answers = [whole(gzip.compress(SAID), "Content-Encoding: gzip")]
    assert ask(transport).content == SAID


@pytest.mark.parametrize(
    "answer",
    [
        whole(b"1" * 50)[:-1],  # a number that is one digit short is still a number
        whole(b"1" * 50)[:30],
        chunked(b"12", b"34"),
        chunked(b"1234")[:-4],
        chunked(b"12") + b"4\r",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nX: 1\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n22",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 2\r\n\r\n" + b"2" * 12,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 1\r\n\r\n2",
        b"HTTP/1.1 2000 OK\r\nContent-Length: 1\r\n\r\n2",
        b"HTTP/2 200 OK\r\nContent-Length: 1\r\n\r\n2",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"1" * 70_000 + b"\r\n\r\n",
    ],
)
def test_half_an_answer_is_none(server: KeepingServer, transport: DirectTransport, answer: bytes) -> None:
    server.hangs_up_after = 1
    server.answers = [answer, whole()]
    with pytest.raises(httpx.RemoteProtocolError) as problem:
        ask(transport)
    assert "1" not in str(problem.value), "nothing of what was sent or answered"
    assert ask(transport).content == SAID
    assert server.connections == 2


def test_what_was_not_read_is_not_the_next_answer(server: KeepingServer, transport: DirectTransport) -> None:
    server.answers = [whole(b"1" * 500_000), whole()]
    request = httpx.Request("GET", "http://x/", headers={"Host": "x", "Content-Length": "0"})
    request.extensions = {"timeout": httpx.Timeout(TIMEOUT).as_dict(), "target": b"/"}
    response = transport.handle_request(request)
    assert isinstance(response.stream, httpx.SyncByteStream)
    next(iter(response.stream))
    response.close()
    assert ask(transport).content == SAID


def test_a_connection_that_the_server_has_closed_is_not_used_again(
    server: KeepingServer, transport: DirectTransport
) -> None:
    """A write on it would be lost, and nobody would know."""
    server.hangs_up_after = 1
    server.answers = [whole(), whole()]
    ask(transport)
    time.sleep(0.1)  # until the server's end has arrived
    assert ask(transport).content == SAID
    assert (server.connections, len(server.requests)) == (2, 2)


def test_a_connection_that_stood_idle_is_not_used_again(
    server: KeepingServer, transport: DirectTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.hangs_up_after = 2
    server.answers = [whole(), whole(), whole()]
    ask(transport)
    ask(transport)
    monkeypatch.setattr(_lines, "_IDLE_SECONDS", 0.0)
    ask(transport)
    assert server.connections == 2


def test_a_server_that_says_so_is_left(server: KeepingServer, transport: DirectTransport) -> None:
    server.hangs_up_after = 1
    server.answers = [whole(SAID, "Connection: close"), whole()]
    assert [ask(transport).content, ask(transport).content] == [SAID, SAID]


def test_a_server_that_hangs_up_may_have_done_it(server: KeepingServer, transport: DirectTransport) -> None:
    server.answers = [None, whole()]
    with pytest.raises(httpx.RemoteProtocolError):
        ask(transport)
    assert ask(transport).content == SAID


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1"])
def test_a_server_that_is_silent_is_not_waited_for(
    server: KeepingServer, transport: DirectTransport, answer: bytes
) -> None:
    server.answers = [answer]
    with pytest.raises(httpx.ReadTimeout):
        ask(transport)


def test_what_cannot_be_sent_is_not_told(server: KeepingServer, transport: DirectTransport) -> None:
    with pytest.raises(httpx.LocalProtocolError) as problem:
        ask(transport, headers={"Authorization": "secret\r\nX: y"})
    assert "secret" not in str(problem.value)
    server.answers = [whole()]
    assert ask(transport).content == SAID


@pytest.mark.parametrize("host", ["127.0.0.1", "boekbrug.invalid", f"{'a' * 64}.example"])
def test_a_server_that_is_not_there_was_sent_nothing(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    transport = DirectTransport(httpx.URL(scheme="http", host=host, port=port), ssl.create_default_context())
    with pytest.raises(httpx.ConnectError):
        ask(transport)


def test_a_server_without_a_certificate_was_sent_nothing(server: KeepingServer) -> None:
    server.answers = [whole()]
    transport = DirectTransport(server.address.copy_with(scheme="https"), ssl.create_default_context())
    with pytest.raises((httpx.ConnectError, httpx.ConnectTimeout)):
        ask(transport, headers={"Authorization": "secret"})
    assert b"secret" not in b"".join(server.requests)
