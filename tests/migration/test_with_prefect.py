"""Against a real Prefect server: a migration from the command line to its end, and one continuation whatever happens.

One server for all of it, since starting one takes half a minute.
"""

from __future__ import annotations

import json
import os
import signal
import string
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from demo.__main__ import SECRETS, TENANTS
from demo.stack import Stack, get_json
from tasks.history import WATCHED_AFTER

ROOT = Path(__file__).parents[2]
CALL_SECONDS = 2  # that the books take for an invoice while the worker is killed
FEW_SECONDS = 15  # the period of the budget here, so that a migration needs several runs
DIES = "import os; deployments.PrefectScheduler.schedule = lambda *a, **k: os._exit(9)"
SCHEDULES = """
import sys
from datetime import UTC, datetime, timedelta
from tasks import deployments
from tasks.continuations import go_on_at
from tasks.route_work import open_route
{first}
with open_route("mokkenhuis") as work:
    print("ready", flush=True)
    sys.stdin.readline()
    moment = datetime(2036, 1, 1, tzinfo=UTC) + timedelta(minutes=int(sys.argv[1]))
    print(go_on_at(work, deployments.PrefectScheduler(), "sync-orders", moment))
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("stack")
    with Stack(home) as found:
        found.environment |= SECRETS | {
            "PYTHONPATH": str(ROOT),
            "BOEKBRUG_PATIENCE_SECONDS": "1",
            "BOEKBRUG_CLAIM_SECONDS": "1",
        }
        found.environment["PREFECT_WORKER_QUERY_SECONDS"] = "2"
        found.start_server()
        addresses = found.start_sandbox(
            "mijnwebwinkel",
            "factuursturen",
            "--orders=40",
            "--option=mijnwebwinkel.mix=everyday",
            "--option=factuursturen.invoices_per_hour=0",
            "--option=factuursturen.clients=0",
        )
        values = addresses | {"long_ago": str(datetime.now(UTC).date())}
        text = string.Template((TENANTS / "mokkenhuis.yaml").read_text()).substitute(values)
        books = f'base_url: "{addresses["factuursturen"]}"'
        assert books in text
        limits = f"{books}, documents_per_period: 20, documents_period: {FEW_SECONDS}, settle_seconds: 1"
        limits += f", timeout: {CALL_SECONDS + 1}"
        file = home / "mokkenhuis.yaml"
        file.write_text(text.replace(books, limits))
        found.boekbrug("init")
        found.boekbrug("tenant", "import", str(file))
        found.environment["BOOKS"] = addresses["factuursturen"].removesuffix("/api/v1") + "/control/books"
        found.wait_for_server()
        found.boekbrug("deploy")
        yield found


def waiting_runs(stack: Stack, flow: str) -> list[dict[str, Any]]:
    wanted = {
        "flows": {"name": {"any_": [flow]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}, "tags": {"all_": ["continuation"]}},
    }
    found: list[dict[str, Any]] = get_json(f"{stack.api_url}/flow_runs/filter", data=wanted)
    return found


def process(stack: Stack, minutes: int, first: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCHEDULES.format(first=first), str(minutes)],
        env=stack.environment,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def together(processes: list[subprocess.Popen[str]]) -> list[int]:
    """Lets them go at the same moment, when all are ready; their exit codes."""
    for one in processes:
        assert one.stdout and one.stdout.readline() == "ready\n"
    for one in processes:
        one.communicate("go\n", timeout=60)
    return [one.returncode for one in processes]


def test_one_continuation_whoever_ends_when_and_whatever_dies(stack: Stack) -> None:
    assert together([process(stack, 60, DIES)]) == [9]  # between the store and the server
    assert waiting_runs(stack, "sync-orders") == []
    assert together([process(stack, 30 + i) for i in range(3)]) == [0, 0, 0]
    (one,) = waiting_runs(stack, "sync-orders")
    assert one["next_scheduled_start_time"].startswith("2036-01-01T00:30")  # the earliest that was asked for
    # Somebody removes it in the UI: the next one that wants it has it again.
    address = f"{stack.api_url}/flow_runs/{one['id']}"
    urllib.request.urlopen(urllib.request.Request(address, method="DELETE")).close()
    assert together([process(stack, 50)]) == [0]
    (again,) = waiting_runs(stack, "sync-orders")
    assert again["id"] != one["id"]
    # A worker took it and died: it is pending for good.
    taken = {"state": {"type": "PENDING"}}
    assert get_json(f"{stack.api_url}/flow_runs/{again['id']}/set_state", data=taken)["status"] == "ACCEPT"
    assert together([process(stack, 70)]) == [0]
    (third,) = waiting_runs(stack, "sync-orders")
    assert third["id"] != again["id"]


@pytest.mark.timeout(900)  # its claims are real, and so are the starts of workers on a busy machine
def test_a_migration_from_plan_to_statement(stack: Stack) -> None:
    today = datetime.now(UTC).date()
    period = ("--from", str(today - timedelta(days=100)), "--to", str(today - timedelta(days=1)))
    planned = json.loads(stack.boekbrug("migrate", "plan", "mokkenhuis", *period, "--json"))
    assert planned["shop_count"] == planned["read"]
    assert invoices(stack) == []
    assert "Start it with" in stack.boekbrug("migrate", "plan", "mokkenhuis", *period)
    stack.boekbrug("migrate", "start", "mokkenhuis", "--accept-earlier-periods")
    worker = stack.start("worker-1", "boekbrug", "worker", "--name", "first")
    until(lambda: status(stack)["posted"] > 0)
    assert len(waiting_runs(stack, "migrate-orders")) <= 1
    stack.boekbrug("migrate", "pause", "mokkenhuis")
    until(lambda: not running(stack))
    kill(stack, worker)
    paused = len(invoices(stack))
    assert paused < planned["to_post"] + planned["earlier_periods"], "something is left for the other workers"
    assert status(stack)["state"] == "paused"
    budget = json.loads(stack.boekbrug("budget", "mokkenhuis", "--json"))
    documents = next(row for row in budget if row["budget"] == "documents")
    assert (documents["limit"], documents["reserve"]) == (20, 10)
    stack.boekbrug("migrate", "resume", "mokkenhuis")
    kill_a_worker_that_writes(stack)
    stack.start("worker-3", "boekbrug", "worker", "--name", "third")
    until(lambda: status(stack)["state"] == "completed", seconds=240)
    done = status(stack)
    assert done["complete"]
    assert done["posted"] + done["there_already"] == len(invoices(stack)) >= paused
    assert done["shop_count"] == done["posted"] + done["there_already"] + sum(done["skipped"].values()) + sum(
        done["needs_attention"].values()
    )
    artifacts = get_json(f"{stack.api_url}/artifacts/latest/filter", data={})
    progress = [one for one in artifacts if one["type"] == "progress"]
    assert [one["data"] for one in progress] == [100.0]
    assert any(one["key"].endswith("-statement") and "completed" in str(one["data"]) for one in artifacts)
    until(lambda: waiting_runs(stack, "migrate-orders") == [])
    assert "completed" in stack.boekbrug("migrate", "status", "mokkenhuis")


def kill_a_worker_that_writes(stack: Stack) -> None:
    """A worker and its flow run die while the books take invoices whose answers they never get. Another run was
    scheduled beforehand, which is brought forward here."""
    fault = {"kind": "delay", "when": "after", "seconds": CALL_SECONDS, "method": "POST", "path": "/invoices$"}
    get_json(stack.environment["BOOKS"].replace("/books", "/faults"), data=fault)
    before = len(invoices(stack))
    worker = stack.start("worker-2", "boekbrug", "worker", "--name", "second")
    until(lambda: len(invoices(stack)) > before, every=0.1)
    kill(stack, worker)
    urllib.request.urlopen(
        urllib.request.Request(stack.environment["BOOKS"].replace("/books", "/faults"), method="DELETE")
    ).close()
    (route,) = json.loads(stack.boekbrug("status", "--json"))
    assert route["in_flight"] > 0
    dead = running(stack)[0]
    assert dead["state_type"] == "RUNNING", "nobody told the server"
    (next_run,) = waiting_runs(stack, "migrate-orders")
    at = datetime.fromisoformat(next_run["next_scheduled_start_time"])
    assert timedelta(minutes=10) < at - datetime.now(UTC) <= WATCHED_AFTER
    now = {"type": "SCHEDULED", "state_details": {"scheduled_time": datetime.now(UTC).isoformat()}}
    get_json(f"{stack.api_url}/flow_runs/{next_run['id']}/set_state", data={"state": now, "force": True})


def kill(stack: Stack, worker: subprocess.Popen[str]) -> None:
    """SIGKILL to a worker and to the flow runs that it has started; first to the worker, which would tell of their end.

    A dead run's place is free five minutes after its last sign of life; here it is given back at once. That goes for
    a run, too, that the worker had only just taken: without a place the next worker would wait for it.
    """
    dead = running(stack)
    for pid in (worker.pid, *(int(one["infrastructure_pid"]) for one in dead if one["infrastructure_pid"])):
        with suppress(ProcessLookupError):
            os.killpg(os.getpgid(pid), signal.SIGKILL)
    worker.wait()
    for one in running(stack):
        if lease := one["state"]["state_details"]["deployment_concurrency_lease_id"]:
            get_json(f"{stack.api_url}/v2/concurrency_limits/decrement-with-lease", data={"lease_id": lease})


def status(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stack.boekbrug("migrate", "status", "mokkenhuis", "--json"))[0]
    return found


def running(stack: Stack) -> list[Any]:
    wanted = {
        "flows": {"name": {"any_": ["migrate-orders"]}},
        "flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}},
        "sort": "START_TIME_DESC",
    }
    found: list[Any] = get_json(f"{stack.api_url}/flow_runs/filter", data=wanted)
    return found


def invoices(stack: Stack) -> list[Any]:
    account = get_json(stack.environment["BOOKS"])["accounts"]["demo1"]
    return [one for one in account["invoices"] if "BB-" in str(one["reference"])]


def until(holds: Callable[[], object], seconds: float = 120, every: float = 1) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(every)
