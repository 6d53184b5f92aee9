"""The programs that are measured, each in a process of its own; the last line of output is JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measuring import ARGUMENTS, peak_megabytes


def run_flow(tenant: str, recording: Path | None) -> dict[str, Any]:
    """The daily run, as a worker's run does it. With `recording` the remote calls are written there, to be replayed
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


def migrate(tenant: str, first_on: date, last_on: date) -> dict[str, Any]:
    """A migration of these days, from its plan to its last document, as a worker's child runs it."""
    from boekbrug.domain.windows import DailyWindow  # noqa: PLC0415 - as above
    from flows.migrate_orders import migrate_orders  # noqa: PLC0415
    from tasks.planning import plan_migration  # noqa: PLC0415
    from tasks.route_work import MIGRATION_LANES, open_route  # noqa: PLC0415
    from tasks.standing import read_standing, start  # noqa: PLC0415

    with open_route(tenant, lanes=MIGRATION_LANES) as work:
        planned, _ = plan_migration(work, first_on, last_on, window=DailyWindow(), per_window=None, who="bench")
        start(work.runtime, work.tenant.id, planned.id, accepts_earlier_periods=True, who="bench")
        state = migrate_orders(tenant, return_state=True)
        standing = read_standing(work, planned.id)
    if not state.is_completed() or standing.progress < 100 or not standing.completeness.is_complete:
        raise SystemExit(f"the flow run ended as {state.name}: {state.message}")
    return {"message": state.message, "posted": standing.counts.posted}


def _record_calls(calls: list[dict[str, Any]]) -> None:
    from connectors._lines import DirectTransport  # noqa: PLC0415 - as above

    sent = DirectTransport.handle_request

    def send(transport: DirectTransport, request: httpx.Request) -> httpx.Response:
        response = sent(transport, request)
        if request.headers["User-Agent"].startswith("Boekbrug/"):
            kept = {name: value for name, value in request.headers.items() if name in ("authorization", "content-type")}
            address = request.url.copy_with(raw_path=request.extensions["target"])
            calls.append(
                {
                    "method": request.method,
                    "url": str(address),
                    "headers": kept,
                    "content": request.read().decode(),
                    "status": response.status_code,
                }
            )
        return response

    DirectTransport.handle_request = send  # type: ignore[method-assign, assignment]


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
    commands = parser.add_subparsers(dest="command")
    daily = commands.add_parser("flow")
    daily.add_argument("tenant")
    daily.add_argument("--record", type=Path)
    history = commands.add_parser("migrate")
    history.add_argument("tenant")
    history.add_argument("first_on", type=date.fromisoformat)
    history.add_argument("last_on", type=date.fromisoformat)
    loop = commands.add_parser("replay")
    loop.add_argument("recording", type=Path)
    given = json.loads(os.environ[ARGUMENTS]) if ARGUMENTS in os.environ else sys.argv[1:]
    chosen = parser.parse_args(given)
    match chosen.command:
        case None:
            said = {}
        case "flow":
            said = run_flow(chosen.tenant, chosen.record)
        case "migrate":
            said = migrate(chosen.tenant, chosen.first_on, chosen.last_on)
        case _:
            said = replay(chosen.recording)
    sys.stdout.write(json.dumps(said | {"peak": peak_megabytes(), "cpu": time.process_time()}) + "\n")


if __name__ == "__main__":
    main()
