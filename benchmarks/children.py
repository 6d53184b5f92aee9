"""The programs that are measured, each in a process of its own; the last line of output is JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measuring import peak_megabytes


def run_flow(tenant: str, recording: Path | None) -> dict[str, Any]:
    """The daily run, as a worker's child runs it. With `recording` the remote calls are written there, to be replayed
    by `replay`; they are complete and in order only with one call at a time."""
    from flows.sync_orders import sync_orders  # noqa: PLC0415 - what importing it costs belongs to what is measured

    calls: list[dict[str, Any]] = []
    if recording is not None:
        _record_calls(calls)
    state = sync_orders(tenant, return_state=True)
    if not state.is_completed():
        raise SystemExit(f"the flow run ended as {state.name}: {state.message}")
    if recording is not None:
        recording.write_text(json.dumps(calls))
    return {"message": state.message}


def _record_calls(calls: list[dict[str, Any]]) -> None:
    sent = httpx.HTTPTransport.handle_request

    def send(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        response = sent(transport, request)
        if request.headers["User-Agent"].startswith("Boekbrug/"):
            kept = {name: value for name, value in request.headers.items() if name in ("authorization", "content-type")}
            calls.append(
                {
                    "method": request.method,
                    "url": str(request.url),
                    "headers": kept,
                    "content": request.content.decode(),
                    "status": response.status_code,
                }
            )
        return response

    httpx.HTTPTransport.handle_request = send  # type: ignore[method-assign]


def replay(recording: Path) -> dict[str, Any]:
    """The bare loop: the same calls one after the other, answers read and forgotten."""
    calls = json.loads(recording.read_text())
    with httpx.Client(timeout=30) as client:
        for call in calls:
            answer = client.request(
                call["method"], call["url"], headers=call["headers"], content=call["content"] or None
            )
            if answer.status_code != call["status"]:
                raise SystemExit(f"{call['method']} answered {answer.status_code}, not {call['status']}: {answer.text}")
    return {"calls": len(calls)}


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    daily = commands.add_parser("flow")
    daily.add_argument("tenant")
    daily.add_argument("--record", type=Path)
    loop = commands.add_parser("replay")
    loop.add_argument("recording", type=Path)
    chosen = parser.parse_args()
    said = run_flow(chosen.tenant, chosen.record) if chosen.command == "flow" else replay(chosen.recording)
    sys.stdout.write(json.dumps(said | {"peak": peak_megabytes()}) + "\n")


if __name__ == "__main__":
    main()
