"""The frame of the simulators: options, clock, faults, log, control endpoints, and the command line."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from pydantic import Field, ValidationError
from starlette.datastructures import Headers, QueryParams
from starlette.responses import PlainTextResponse, Response

from sandbox._app import Call, JsonObject, Options, Refusal, Route, Simulator, json_response, route
from sandbox._control import ControlError
from sandbox._rolling import RollingLimit
from sandbox._server import Running, running


class CounterOptions(Options):
    start: int = Field(20260010, ge=0, description="the number before the first")


class Counter(Simulator[CounterOptions]):
    """A system that counts."""

    name = "counter"
    base_path = "/v1"
    options_type = CounterOptions
    secret_parameters = frozenset({"token"})

    def fill(self) -> None:
        self.number = self.options.start
        self.seen: list[str] = []

    def routes(self) -> Sequence[Route]:
        return [
            route("POST", "/numbers", self._next),
            route("GET", "/numbers/{at:int}", lambda call: json_response({"at": int(call.params["at"])})),
            route("GET", "/files/{name:path}", lambda call: PlainTextResponse(call.params["name"])),
            route("PUT", "/echo", lambda call: json_response(call.json())),
        ]

    def guard(self, call: Call) -> None:
        if call.headers.get("x-blocked"):
            raise Refusal(403, {"error": "blocked"}, {"X-Why": "test"})

    def finish(self, call: Call, response: Response) -> Response:
        response.headers["X-Number"] = str(self.number)
        return response

    def books(self) -> JsonObject:
        return {"number": self.number, "seen": self.seen}

    def credentials(self) -> Sequence[str]:
        return ["none"]

    def extra_controls(self) -> Sequence[Route]:
        return [route("POST", "/skip", self._skip)]

    def _next(self, call: Call) -> Response:
        self.number += 1
        self.seen.append(call.text)
        return PlainTextResponse(str(self.number), 201)

    def _skip(self, call: Call) -> Response:
        self.number += 100
        return json_response({"number": self.number})


@pytest.fixture(scope="module")
def served() -> Iterator[Running[Counter]]:
    with running(Counter()) as sim:
        yield sim


@pytest.fixture
def sim(served: Running[Counter]) -> Running[Counter]:
    served.control.reset()
    return served


@pytest.fixture
def client(sim: Running[Counter]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sim.url, timeout=5) as client:
        yield client


def number(sim: Running[Counter]) -> object:
    return sim.control.books()["number"]


def test_routes_answer_and_refuse(client: httpx.Client) -> None:
    created = client.post("/numbers")
    assert (created.status_code, created.text, created.headers["x-number"]) == (201, "20260011", "20260011")
    assert client.get("/numbers/7").json() == {"at": 7}
    assert client.get("/files/a%2Fb c").text == "a/b c"
    assert client.get("/numbers/seven").status_code == 404
    wrong_method = client.delete("/numbers")
    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")
    blocked = client.get("/numbers/7", headers={"x-blocked": "1"})
    assert (blocked.status_code, blocked.json(), blocked.headers["x-why"]) == (
        403,
        {"error": "blocked"},
        "test",
    )
    assert blocked.headers["x-number"] == "20260011", "every answer passes through finish"


def test_fractions_survive_as_decimals(client: httpx.Client) -> None:
    assert (
        client.put("/echo", content=b'{"price":12.10,"vat":0.1,"whole":3}').text == '{"price":12.1,"vat":0.1,"whole":3}'
    )
    assert client.put("/echo", content=b"{").status_code == 400
    call = Call("PUT", "/", QueryParams(""), Headers({}), b'{"price": 12.10}')
    assert call.json() == {"price": Decimal("12.10")}


def test_options_change_seed_and_reset(sim: Running[Counter], client: httpx.Client) -> None:
    client.post("/numbers")
    sim.control.set_options(start=500)
    assert number(sim) == 20260011, "options alone leave the content"
    sim.control.seed(start=600)
    assert (number(sim), sim.control.options()) == (600, {"seed": 1, "start": 600})
    sim.control.reset(seed=9)
    assert (number(sim), sim.control.options()) == (20260010, {"seed": 9, "start": 20260010})
    assert sim.control.log() == []


def test_wrong_options_change_nothing(sim: Running[Counter]) -> None:
    for wrong in ({"start": -1}, {"begin": 3}):
        with pytest.raises(ControlError, match="422"):
            sim.control.set_options(**wrong)
    assert sim.control.options() == {"seed": 1, "start": 20260010}
    with pytest.raises(ValidationError):
        Counter(begin=3)


def test_systems_add_control_endpoints(sim: Running[Counter]) -> None:
    assert sim.control.post("skip", {}) == {"number": 20260110}
    with pytest.raises(ControlError, match="404"):
        sim.control.get("nothing")


def test_clock_sets_freezes_advances_and_returns(sim: Running[Counter]) -> None:
    moment = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)
    sim.control.set_clock(moment, freeze=True)
    assert sim.control.now() == moment
    sim.control.advance(3600.5)
    assert sim.control.now() == datetime(2026, 12, 31, 23, 30, 0, 500_000, tzinfo=UTC)
    assert sim.simulator.clock.today("Europe/Amsterdam").isoformat() == "2027-01-01"
    sim.control.post("clock", {"freeze": False})
    running_at = sim.control.now()
    time.sleep(0.01)
    assert running_at < sim.control.now() < datetime(2026, 12, 31, 23, 31, tzinfo=UTC)
    sim.control.real_time()
    assert abs((sim.control.now() - datetime.now(UTC)).total_seconds()) < 5
    with pytest.raises(ControlError, match="timezone"):
        sim.control.post("clock", {"set": "2026-01-01T10:00:00"})


def test_log_shows_requests_without_secrets(sim: Running[Counter], client: httpx.Client) -> None:
    client.get("/numbers/3", params={"token": "s3cret", "page": "2"})
    client.get("/nothing")
    first, second = sim.control.log()
    assert (first["method"], first["status"]) == ("GET", 200)
    assert "page=2" in str(first["path"]) and "s3cret" not in str(first)
    assert (second["path"], second["status"]) == ("/v1/nothing", 404)


@pytest.mark.parametrize(("when", "written"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("reset", [False, True])
def test_cut_closes_the_socket(
    sim: Running[Counter], client: httpx.Client, when: str, written: int, reset: bool
) -> None:
    sim.control.add_fault("cut", when=when, reset=reset, times=1)
    with pytest.raises(httpx.ReadError if reset else httpx.RemoteProtocolError):
        client.post("/numbers")
    assert number(sim) == 20260010 + written
    assert [entry["status"] for entry in sim.control.log()] == [None]
    assert client.post("/numbers").status_code == 201


@pytest.mark.parametrize(("when", "written"), [("before", 0), ("after", 1)])
def test_status_replaces_the_answer(sim: Running[Counter], client: httpx.Client, when: str, written: int) -> None:
    sim.control.add_fault("status", when=when, status=429, headers={"Retry-After": "7"}, body="slow down")
    answer = client.post("/numbers")
    assert (answer.status_code, answer.headers["retry-after"], answer.text) == (429, "7", "slow down")
    assert number(sim) == 20260010 + written


@pytest.mark.parametrize("status", [200, 502])
@pytest.mark.parametrize(("when", "written"), [("before", 0), ("after", 1)])
def test_html_page(sim: Running[Counter], client: httpx.Client, status: int, when: str, written: int) -> None:
    sim.control.add_fault("html", status=status, when=when)
    answer = client.post("/numbers")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert number(sim) == 20260010 + written


@pytest.mark.parametrize(("cut", "text"), [({"keep": 4}, "2026"), ({"drop": 2}, "202600"), ({"keep": 0}, "")])
def test_truncated_answer_is_complete_http(
    sim: Running[Counter], client: httpx.Client, cut: dict[str, int], text: str
) -> None:
    sim.control.add_fault("truncate", **cut)
    answer = client.post("/numbers")
    assert (answer.status_code, answer.text) == (201, text)
    assert answer.headers["content-length"] == str(len(text))
    assert number(sim) == 20260011, "only what the system answered can be shortened"


def test_truncated_answer_breaks_its_promise(sim: Running[Counter], client: httpx.Client) -> None:
    sim.control.add_fault("truncate", keep=4, honest=False, times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="received 4 bytes, expected 8"):
        client.post("/numbers")
    assert number(sim) == 20260011
    assert client.post("/numbers").text == "20260012"


def test_gibberish(sim: Running[Counter], client: httpx.Client) -> None:
    sim.control.add_fault("gibberish", seed=4)
    answer = client.post("/numbers")
    assert answer.status_code == 201
    assert b"2026" not in answer.content
    assert answer.content == client.post("/numbers").content, "the same seed, the same noise"
    assert number(sim) == 20260012


def test_delay_before_and_after_the_write(sim: Running[Counter], client: httpx.Client) -> None:
    for when in ("before", "after"):
        sim.control.add_fault("delay", when=when, seconds=0.1, times=1)
    started = time.perf_counter()
    assert client.post("/numbers").text == "20260011"
    assert time.perf_counter() - started >= 0.2


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_client_that_hangs_up_has_written_all_the_same(sim: Running[Counter], when: str) -> None:
    sim.control.add_fault("delay", when=when, seconds=0.3)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{sim.url}/numbers", timeout=0.1)
    deadline = time.monotonic() + 5
    while number(sim) != 20260011 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert number(sim) == 20260011


def test_what_was_held_back_before_a_reset_is_not_written_after_it(sim: Running[Counter]) -> None:
    sim.control.add_fault("delay", when="before", seconds=2)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{sim.url}/numbers", timeout=0.1)
    sim.control.reset()
    deadline = time.monotonic() + 5
    while 503 not in [call["status"] for call in sim.control.log()] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert 503 in [call["status"] for call in sim.control.log()]
    assert number(sim) == 20260010


def test_a_half_sent_request_writes_nothing(sim: Running[Counter]) -> None:
    with socket.create_connection(("127.0.0.1", int(sim.root.rpartition(":")[2]))) as raw:
        raw.sendall(b"POST /v1/numbers HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this")
    assert httpx.get(f"{sim.url}/numbers/1").status_code == 200
    assert number(sim) == 20260010


def test_faults_choose_their_calls(sim: Running[Counter], client: httpx.Client) -> None:
    first = sim.control.add_fault(
        "status", method="POST", path=r"numbers\?lane=rush", containing="WEB-1003", status=500
    )
    assert client.post("/numbers?lane=daily", content="WEB-1003").status_code == 201
    assert client.post("/numbers?lane=rush", content="WEB-1004").status_code == 201
    assert client.post("/numbers?lane=rush", content="WEB-1003").status_code == 500
    assert [(rule["id"], rule["matched"], rule["struck"]) for rule in sim.control.faults()] == [(first, 1, 1)]
    httpx.delete(f"{sim.root}/control/faults/{first}")
    assert sim.control.faults() == []


def test_faults_come_after_and_end(sim: Running[Counter], client: httpx.Client) -> None:
    sim.control.add_fault("status", after=2, times=2, status=503)
    assert [client.post("/numbers").status_code for _ in range(6)] == [201, 201, 503, 503, 201, 201]
    sim.control.clear_faults()
    sim.control.add_fault("status", probability=0.5, seed=3)
    struck = [client.post("/numbers").status_code == 503 for _ in range(60)]
    assert 15 < sum(struck) < 45
    sim.control.clear_faults()
    sim.control.add_fault("status", probability=0.5, seed=3)
    assert struck == [client.post("/numbers").status_code == 503 for _ in range(60)]


def test_delays_join_other_faults_and_the_first_other_decides(sim: Running[Counter], client: httpx.Client) -> None:
    sim.control.add_fault("status", status=500, times=1)
    sim.control.add_fault("delay", seconds=0.1, times=1)
    sim.control.add_fault("status", status=502, times=1)
    started = time.perf_counter()
    assert client.post("/numbers").status_code == 500
    assert time.perf_counter() - started >= 0.1
    assert client.post("/numbers").status_code == 502


@pytest.mark.parametrize(
    "fields",
    [{"kind": "explode"}, {"kind": "truncate"}, {"kind": "truncate", "keep": 1, "drop": 1}, {"kind": "delay"},
     {"kind": "cut", "path": "("}, {"kind": "cut", "often": 3}],
)  # fmt: skip
def test_senseless_faults_are_refused(sim: Running[Counter], fields: dict[str, object]) -> None:
    with pytest.raises(ControlError, match="422"):
        sim.control.post("faults", fields)
    assert sim.control.faults() == []


def test_an_unfinished_delay_does_not_hold_the_server_up() -> None:
    with running(Counter()) as sim:
        sim.control.add_fault("delay", seconds=30)
        with suppress(httpx.ReadTimeout):
            httpx.post(f"{sim.url}/numbers", timeout=0.05)
        started = time.monotonic()
    assert time.monotonic() - started < 5


def test_a_taken_port_is_refused(sim: Running[Counter]) -> None:
    with pytest.raises(OSError), running(Counter(), port=int(sim.root.rpartition(":")[2])):
        pass


def test_rolling_limit_is_exact_over_any_hour() -> None:
    limit = RollingLimit()
    assert all(limit.take(at, 3) for at in (0.0, 10.0, 20.0))
    assert not limit.take(3599.9, 3)
    assert limit.remaining(3599.9, 3) == 0
    assert limit.take(3600.0, 3), "the first is exactly an hour old"
    assert not limit.take(3609.9, 3)
    assert (limit.refused, limit.busiest) == (2, 3)
    assert limit.take(3609.9, 0), "0: no limit"


def test_command_line_serves_and_ends() -> None:
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "factuursturen",
        "vies",
        "--seed",
        "7",
        "--option",
        "factuursturen.clients=2",
        "--option",
        "factuursturen.accounts=anna:geheim",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline().rstrip() for _ in range(3)]
            assert lines[2] == "ready"
            urls = dict(line.split("  ") for line in lines[:2])
            assert set(urls) == {"factuursturen", "vies"}
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/api/v1", urls["factuursturen"])
            clients = httpx.get(f"{urls['factuursturen']}/clients", auth=("anna", "geheim")).json()
            assert len(clients) == 2
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            process.kill()


@pytest.mark.parametrize(
    "arguments", [["nosuchsystem"], ["vies=x"], ["vies", "--option", "factuursturen.clients=2"],
                  ["vies", "--option", "vies.colour=red"]],
)  # fmt: skip
def test_command_line_refuses_what_it_does_not_know(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "sandbox", *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_help_lists_systems_options_and_credentials() -> None:
    done = subprocess.run([sys.executable, "-m", "sandbox", "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    for expected in (
        "factuursturen",
        "vies",
        "ecb",
        "mijnwebwinkel",
        "invoices_per_hour",
        "demo1-key",
        "vat_rounding",
    ):
        assert expected in done.stdout
