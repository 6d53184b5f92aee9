from __future__ import annotations

import io
import logging
import pickle
import socket
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr

from boekbrug.domain.clock import ManualClock
from boekbrug.domain.errors import (
    BoekbrugError,
    DocumentInvalid,
    NotAuthenticated,
    NotPermitted,
    OutcomeUnknown,
    RateLimited,
    RemoteUnavailable,
    SettingsInvalid,
)
from connectors import _http
from connectors._base import ConnectorSettings, LimitSignal
from connectors._http import Session
from connectors._login import Login
from tests.connectors.scripted import Meter, Script, Server, answering, cutting, dawdling, truncating

SECRET = "s3cr3t+key/with=signs"
PASSWORD = "pässword-of-basic"


class Settings(ConnectorSettings):
    pass


@pytest.fixture
def session(server: Server, meter: Meter, clock: ManualClock) -> Iterator[Session]:
    login = Login(
        basic=(SecretStr("jan"), SecretStr(PASSWORD)),
        query={"token": SecretStr(SECRET)},
        headers={"X-Key": SecretStr("header-secret")},
    )
    session = Session(
        "Teststelsel", "test", Settings(base_url=server.base_url, timeout=0.4), meter, login=login, clock=clock
    )
    yield session
    session.close()


@pytest.fixture
def nowhere(meter: Meter, clock: ManualClock) -> Iterator[Session]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    session = Session("Teststelsel", "test", Settings(base_url=f"http://127.0.0.1:{port}/"), meter, clock=clock)
    yield session
    session.close()


def failure_of(call: Callable[[], object]) -> BoekbrugError:
    with pytest.raises(BoekbrugError) as caught:
        call()
    return caught.value


def everything_in(error: BaseException) -> str:
    """All that an error could show anywhere: the whole chain, attributes included."""
    parts: list[str] = []
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop()
        if link is not None:
            parts += [repr(link), str(link), repr(vars(link)), "".join(traceback.format_exception(link))]
            todo += [link.__cause__, link.__context__]
    return "\n".join(parts)


def test_secrets_go_where_they_belong_and_the_path_below_the_base(server: Server, session: Session) -> None:
    server.plays(answering(200, {"ok": True}))
    assert session.read("orders", {"limit": "5"}) == {"ok": True}
    [request] = server.requests
    assert request.target == "/api/orders?limit=5&token=s3cr3t%2Bkey%2Fwith%3Dsigns"
    assert request.headers["authorization"] == "Basic amFuOnDDpHNzd29yZC1vZi1iYXNpYw=="
    assert request.headers["x-key"] == "header-secret"
    assert request.headers["accept"] == "application/json"


def test_numbers_keep_their_digits_both_ways(server: Server, session: Session) -> None:
    server.plays(answering(200, b'{"a": 12.10, "b": 8.181818, "c": 100000000000000000.01, "d": 7}'))
    assert session.read("x") == {
        "a": Decimal("12.10"), "b": Decimal("8.181818"), "c": Decimal("100000000000000000.01"), "d": 7
    }  # fmt: skip
    session.write("x", {"price": Decimal("12.10"), "tiny": Decimal("1E-7"), "naam": 'é"', "lines": [1, None, False]})
    assert server.requests[-1].body.decode() == (
        '{"price": 12.10, "tiny": 0.0000001, "naam": "é\\"", "lines": [1, null, false]}'
    )
    assert server.requests[-1].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>oops</html>", b'[{"a": 1', b'{"a": NaN}', b'{"a": Infinity}', b"[" * 100_000, b"\xff\xfe{}",
     b"{} {}"],
)  # fmt: skip
def test_an_unsound_answer_is_no_answer(server: Server, session: Session, body: bytes) -> None:
    server.plays(answering(200, body))
    assert type(failure_of(lambda: session.read("x"))) is RemoteUnavailable
    assert len(server.requests) == _http.READ_ATTEMPTS


def test_an_answer_without_end_is_cut_off(server: Server, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "LARGEST_ANSWER", 1000)
    server.plays(answering(200, b'"' + b"a" * 2000 + b'"'))
    assert type(failure_of(lambda: session.read("x"))) is RemoteUnavailable
    assert type(failure_of(lambda: session.write("x", {}))) is OutcomeUnknown


READS: list[tuple[Script, type[BoekbrugError]]] = [
    (answering(400, {"message": "bad"}), RemoteUnavailable),
    (answering(401, "no"), NotAuthenticated),
    (answering(403, "no"), NotPermitted),
    (answering(404, "no"), SettingsInvalid),
    (answering(409, "no"), RemoteUnavailable),
    (answering(422, "no"), RemoteUnavailable),
    (answering(429, "no"), RateLimited),
    (answering(302, "no", {"Location": "/login"}), RemoteUnavailable),
    (answering(500, "no"), RemoteUnavailable),
    (answering(503, "no"), RemoteUnavailable),
    (cutting, RemoteUnavailable),
    (truncating, RemoteUnavailable),
    (dawdling, RemoteUnavailable),
]
WRITES: list[tuple[Script, type[BoekbrugError]]] = [
    (answering(400, {"message": "bad"}), DocumentInvalid),
    (answering(401, "no"), NotAuthenticated),
    (answering(403, "no"), NotPermitted),
    (answering(404, "no"), DocumentInvalid),
    (answering(408, "no"), OutcomeUnknown),
    (answering(409, "no"), DocumentInvalid),
    (answering(422, "no"), DocumentInvalid),
    (answering(429, "no"), RateLimited),
    (answering(302, "no", {"Location": "/login"}), OutcomeUnknown),
    (answering(500, "no"), OutcomeUnknown),
    (answering(502, "no"), OutcomeUnknown),
    (answering(503, "no", {"Retry-After": "5"}), OutcomeUnknown),
    (cutting, OutcomeUnknown),
    (truncating, OutcomeUnknown),
    (dawdling, OutcomeUnknown),
]


@pytest.mark.parametrize(("script", "expected"), READS)
def test_how_a_read_fails(server: Server, session: Session, script: Script, expected: type[BoekbrugError]) -> None:
    server.plays(script)
    error = failure_of(lambda: session.read("x"))
    assert type(error) is expected
    assert error.system == "test"


@pytest.mark.parametrize(("script", "expected"), WRITES)
def test_how_a_write_fails(
    server: Server, session: Session, meter: Meter, script: Script, expected: type[BoekbrugError]
) -> None:
    server.plays(script)
    error = failure_of(lambda: session.write("x", {"a": 1}, document="1042"))
    assert type(error) is expected
    assert error.document == "1042"
    assert meter.calls == 1, "a write is never sent again by itself"


def test_what_never_left_was_not_written(nowhere: Session) -> None:
    assert type(failure_of(lambda: nowhere.write("x", {}))) is RemoteUnavailable
    assert type(failure_of(lambda: nowhere.read("x"))) is RemoteUnavailable


def test_a_read_is_asked_again_after_a_hiccup(server: Server, session: Session, meter: Meter) -> None:
    server.plays(answering(502, "no"), truncating, answering(200, [1]))
    assert session.read("x") == [1]
    assert meter.calls == 3, "every attempt counts against the budget"
    assert meter.open_calls == 0


def test_a_refusal_is_not_asked_again(server: Server, session: Session, meter: Meter) -> None:
    server.plays(answering(422, "no"))
    failure_of(lambda: session.read("x"))
    assert meter.calls == 1


def test_what_may_be_absent(server: Server, session: Session) -> None:
    server.plays(answering(404, "no"))
    assert session.look_up("x/1") is None
    server.plays(answering(422, "no"))
    assert session.look_up("x/1", absent=(404, 422)) is None
    server.plays(answering(401, "no"))
    assert type(failure_of(lambda: session.look_up("x/1"))) is NotAuthenticated


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30), ("Tue, 10 Mar 2026 11:21:30 GMT", 90), ("Tue, 10 Mar 2026 10:00:00 GMT", 0), ("99999999999", 86_400)],
)
def test_retry_after_becomes_a_moment(
    server: Server, session: Session, clock: ManualClock, meter: Meter, header: str, seconds: int
) -> None:
    server.plays(answering(429, "no", {"Retry-After": header, "X-RateLimit-Remaining": "0"}))
    error = failure_of(lambda: session.read("x"))
    assert isinstance(error, RateLimited)
    assert error.not_before == clock.now() + timedelta(seconds=seconds)
    assert meter.heard_signals == [LimitSignal(0, float(seconds))]


@pytest.mark.parametrize("header", [None, "soon", "-5", ""])
def test_a_limit_without_a_moment_is_tried_again_after_a_minute(
    server: Server, session: Session, meter: Meter, clock: ManualClock, header: str | None
) -> None:
    server.plays(answering(429, "no", {"Retry-After": header} if header is not None else {}))
    error = failure_of(lambda: session.write("x", {}))
    assert isinstance(error, RateLimited)
    assert error.not_before == clock.now() + timedelta(minutes=1)
    assert meter.heard_signals == [LimitSignal(0, 60.0)]


def test_the_meter_hears_what_is_left(server: Server, session: Session, meter: Meter) -> None:
    server.plays(answering(200, [], {"X-RateLimit-Remaining": "17"}))
    session.read("x")
    assert meter.heard_signals == [LimitSignal(17, None)]


def test_maintenance_with_a_moment_is_not_pressed(
    server: Server, session: Session, clock: ManualClock, meter: Meter
) -> None:
    server.plays(answering(503, "no", {"Retry-After": "600"}))
    error = failure_of(lambda: session.read("x"))
    assert isinstance(error, RemoteUnavailable)
    assert error.not_before == clock.now() + timedelta(seconds=600)
    assert meter.calls == 1


def test_a_spent_budget_stops_the_call_before_it_leaves(server: Server, clock: ManualClock) -> None:
    class Spent(Meter):
        def call(self, counts_as="", *, writes=False):  # type: ignore[no-untyped-def]
            raise RateLimited("no slot", not_before=datetime(2026, 3, 10, tzinfo=UTC))

    server.plays(answering(200, []))
    session = Session("T", "test", Settings(base_url=server.base_url), Spent(), clock=clock)
    for call in (lambda: session.read("x"), lambda: session.write("x", {})):
        assert type(failure_of(call)) is RateLimited
    assert server.requests == []
    session.close()


def test_a_refusal_says_what_the_remote_said(server: Server, session: Session) -> None:
    html = b"<html><style>p {}</style><body><h1>Fout</h1><p>Veld <b>zipcode</b> is te lang &amp; fout</p></body></html>"
    server.plays(answering(422, html))
    error = failure_of(lambda: session.write("x", {}))
    assert isinstance(error, DocumentInvalid)
    [finding] = error.findings
    assert finding.code == "REFUSED_BY_BOOKS"
    assert finding.values["answer"] == "Fout Veld zipcode is te lang & fout"
    server.plays(answering(400, {"code": 3, "message": "Niet goed", "description": "x" * 5000}))
    error = failure_of(lambda: session.write("x", {}))
    assert isinstance(error, DocumentInvalid)
    assert error.findings[0].values["answer"].startswith("Niet goed. xxx")
    assert len(error.findings[0].values["answer"]) <= 200


def test_no_failure_shows_a_secret(server: Server, session: Session, nowhere: Session) -> None:
    echo = f"token={SECRET} s3cr3t%2Bkey%2Fwith%3Dsigns {PASSWORD} header-secret amFuOnDDpHNzd29yZC1vZi1iYXNpYw=="
    scripts = [script for script, _ in READS + WRITES]
    scripts += [answering(status, echo) for status in (400, 401, 403, 404, 422, 429, 500)]
    for script in scripts:
        server.plays(script)
        for call in (lambda: session.read("x"), lambda: session.write("x", {})):
            shown = everything_in(failure_of(call)) + repr(session)
            for secret in (SECRET, "s3cr3t", PASSWORD, "header-secret", "amFuOnDDp", "token="):
                assert secret not in shown.replace("token=***", ""), (script, secret)


def test_every_failure_pickles(server: Server, session: Session) -> None:
    for script, expected in READS + WRITES:
        server.plays(script)
        error = failure_of(lambda: session.write("x", {}, document="7"))
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert vars(again) == vars(error)
        assert expected is not None


def test_nothing_logged_shows_an_address(server: Server, session: Session) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.DEBUG)
    try:
        server.plays(answering(302, [], {"Location": f"/?token={SECRET}", "Set-Cookie": f"k={SECRET}"}))
        failure_of(lambda: session.read("orders"))
        logging.getLogger("httpx").warning("still heard")
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        logging.getLogger("httpx").setLevel(logging.NOTSET)
    assert "still heard" in stream.getvalue()
    assert "s3cr3t" not in stream.getvalue()
    assert "orders" not in stream.getvalue()


def test_cookies_are_not_kept(server: Server, session: Session) -> None:
    server.plays(answering(200, [], {"Set-Cookie": "sessie=van-een-ander; Path=/"}))
    session.read("x")
    session.read("x")
    assert all("cookie" not in request.headers for request in server.requests)


@pytest.mark.parametrize(
    "address",
    ["http://example.org/", "ftp://example.org/", "example.org", "", "https://", "https://u:p@example.org/",
     "https://example.org/?token=x", "https://example.org/#x", "http://127.0.0.1.example.org/", "https://[::1/"],
)  # fmt: skip
def test_addresses_that_credentials_do_not_go_to(address: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        Settings(base_url=address)


@pytest.mark.parametrize("address", ["https://example.org/api", "http://localhost:8000/", "http://[::1]:80/x"])
def test_addresses_that_are_fine(address: str) -> None:
    assert Settings(base_url=address).base_url == address.rstrip("/") + "/"
