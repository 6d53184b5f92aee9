"""The programs of the bench `wave`: deployments of a flow that does nothing, and runs of deployments all at once."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.client.orchestration import get_client

from benchmarks.measuring import peak_megabytes

LOOK_SECONDS = 5


@flow(name="noop", persist_result=False)
def noop() -> None:
    """What a Prefect flow run costs that does nothing."""


def run_wave(names: Sequence[str]) -> dict[str, Any]:
    """One run of each deployment, started at once; waits until all have ended, and returns the seconds it took."""
    with get_client(sync_client=True) as client:
        deployments = [client.read_deployment_by_name(name).id for name in names]
        began_at = datetime.now(UTC)
        started = [client.create_flow_run_from_deployment(one).id for one in deployments]
        ended_at = began_at
        for run_id in started:  # one after the other, and seldom: every question is work for the server
            while (state := client.read_flow_run(run_id).state) is None or not state.is_final():
                time.sleep(LOOK_SECONDS)
            if not state.is_completed():
                raise SystemExit(f"a flow run ended as {state.name}: {state.message}")
            ended_at = max(ended_at, state.timestamp)
        return {"seconds": (ended_at - began_at).total_seconds()}


def deploy_noop(names: Sequence[str], pool: str) -> dict[str, Any]:
    """Deployments of a flow that does nothing, one per name, as `tasks.deployments` makes them of a route."""
    with get_client(sync_client=True) as client:
        for name in names:
            client.create_deployment(
                flow_id=client.create_flow_from_name(noop.name),
                name=name.partition("/")[2],
                entrypoint="benchmarks.waves.noop",
                work_pool_name=pool,
                pull_steps=[],
            )
    return {}


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    deploying = commands.add_parser("deploy-noop")
    deploying.add_argument("pool")
    deploying.add_argument("names", nargs="+")
    running = commands.add_parser("run")
    running.add_argument("names", nargs="+")
    chosen = parser.parse_args()
    said = deploy_noop(chosen.names, chosen.pool) if chosen.command == "deploy-noop" else run_wave(chosen.names)
    sys.stdout.write(json.dumps(said | {"peak": peak_megabytes()}) + "\n")


if __name__ == "__main__":
    main()
