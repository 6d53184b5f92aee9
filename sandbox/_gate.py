"""The ASGI application around a simulator: reads calls, applies faults, logs, serves ``/control``."""

import asyncio
import random
import struct
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from socket import SO_LINGER, SOL_SOCKET
from typing import cast
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, QueryParams
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox._app import AnySimulator, Call, Refusal, Route, dispatch
from sandbox._control import CONTROL_PATH, control_routes
from sandbox._faults import Fault

Outcome = Callable[[Scope, Receive, Send], Awaitable[None]]

TRANSPORT = "sandbox.transport"
"""The scope extension under which the server exposes the connection."""


def gate(simulator: AnySimulator) -> ASGIApp:
    """The ASGI application that serves a simulator and its control endpoints."""
    controls = control_routes(simulator)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        call = await _read(scope, receive)
        if call is None:
            return
        if call.path.startswith(CONTROL_PATH + "/"):
            await _deliver(_controlled(simulator, controls, call), scope, send)
            return
        target = call.path + (f"?{call.query}" if call.query else "")
        with simulator.lock:
            faults = [rule.fault for rule in simulator.faults.striking(call.method, target, call.body)]
        outcome, status = await _carry_out(simulator, call, faults)
        with simulator.lock:
            simulator.log.append(
                {
                    "at": simulator.clock.now().isoformat(),
                    "method": call.method,
                    "path": _without_secrets(call, simulator.secret_parameters),
                    "status": status,
                    "seconds": round(time.perf_counter() - started, 4),
                    "faults": [fault.kind for fault in faults],
                }
            )
        await outcome(scope, receive, send)

    return app


def _controlled(simulator: AnySimulator, controls: Sequence[Route], call: Call) -> Response:
    with simulator.lock:
        try:
            return dispatch(controls, call, CONTROL_PATH) or Response("no such control", 404)
        except Refusal as refusal:
            return refusal.response()


async def _carry_out(simulator: AnySimulator, call: Call, faults: Sequence[Fault]) -> tuple[Outcome, int | None]:
    """Answer one call as the faults have it. The write happens even if the client hangs up meanwhile, unless everything
    was reset by then: a call that a fault held back would get into content that it has nothing to do with."""
    resets = simulator.resets
    delays = [fault for fault in faults if fault.kind == "delay"]
    decisive = next((fault for fault in faults if fault.kind != "delay"), None)
    await _wait(delays, "before")
    if simulator.resets != resets:
        return _delivering(Response("the simulator was reset meanwhile", 503)), 503
    # Only an answer of the system itself can be shortened or garbled.
    needs_answer = decisive is None or decisive.when == "after" or decisive.kind in ("truncate", "gibberish")
    answer = simulator.answer(call) if needs_answer else None
    await _wait(delays, "after")
    if decisive is None and answer is not None:
        return _delivering(answer), answer.status_code
    assert decisive is not None
    return _misbehaving(decisive, answer)


async def _wait(delays: Sequence[Fault], when: str) -> None:
    seconds = sum(fault.seconds for fault in delays if fault.when == when)
    if seconds:
        await asyncio.sleep(seconds)


def _misbehaving(fault: Fault, answer: Response | None) -> tuple[Outcome, int | None]:
    if fault.kind == "cut":
        return _cutting(fault.reset), None
    if fault.kind == "html":
        return _delivering(HTMLResponse(fault.page(), fault.status, fault.headers)), fault.status
    if answer is None or fault.kind == "status":
        return _delivering(Response(fault.body, fault.status, fault.headers)), fault.status
    body = bytes(answer.body)
    if fault.kind == "gibberish":
        noise = random.Random(fault.seed).randbytes(max(len(body), 64))
        return _delivering(_with_body(answer, noise)), answer.status_code
    kept = body[: fault.keep] if fault.keep is not None else body[: len(body) - (fault.drop or 0)]
    if fault.honest:
        return _delivering(_with_body(answer, kept)), answer.status_code
    return _breaking_off(answer, kept), answer.status_code


def _with_body(answer: Response, body: bytes) -> Response:
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return Response(body, answer.status_code, headers)


def _delivering(response: Response) -> Outcome:
    async def deliver(scope: Scope, receive: Receive, send: Send) -> None:
        await _deliver(response, scope, send)

    return deliver


async def _deliver(response: Response, scope: Scope, send: Send) -> None:
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": bytes(response.body)})


def _cutting(reset: bool) -> Outcome:
    async def cut(scope: Scope, receive: Receive, send: Send) -> None:
        transport = _transport(scope)
        if reset:
            # Without lingering the kernel sends RST instead of FIN. A client that was killed has closed it before us.
            with suppress(OSError):
                transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        transport.close()
        await _gone(receive)

    return cut


def _breaking_off(answer: Response, kept: bytes) -> Outcome:
    async def break_off(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
        await send({"type": "http.response.body", "body": kept, "more_body": True})
        _transport(scope).close()
        await _gone(receive)

    return break_off


async def _gone(receive: Receive) -> None:
    """Until the server knows that the connection is closed, so that it adds no answer of its own."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _transport(scope: Scope) -> asyncio.Transport:
    return cast(asyncio.Transport, scope["extensions"][TRANSPORT])


async def _read(scope: Scope, receive: Receive) -> Call | None:
    """The whole request; None when the client hung up before it had sent it all."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return Call(scope["method"], scope["path"], QueryParams(scope["query_string"]), Headers(scope=scope), bytes(body))


def _without_secrets(call: Call, secrets: frozenset[str]) -> str:
    if not call.query:
        return call.path
    shown = [
        (name, "…" if name in secrets else value) for name, value in parse_qsl(str(call.query), keep_blank_values=True)
    ]
    return f"{call.path}?{urlencode(shown, safe='…')}"
