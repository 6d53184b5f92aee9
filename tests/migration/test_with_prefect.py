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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from demo.__main__ import SECRETS, TENANTS
from demo.stack import Stack, get_json

ROOT = Path(__file__).parents[2]
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
        found.environment |= SECRETS | {"PYTHONPATH": str(ROOT), "BOEKBRUG_PATIENCE_SECONDS": "1"}
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


def test_a_migration_from_plan_to_statement(stack: Stack) -> None:
    today = datetime.now(UTC).date()
    period = ("--from", str(today - timedelta(days=100)), "--to", str(today - timedelta(days=1)))
    planned = json.loads(stack.boekbrug("migrate", "plan", "mokkenhuis", *period, "--json"))
    assert planned["shop_count"] == planned["read"]
    assert invoices(stack) == []
    assert "Start it with" in stack.boekbrug("migrate", "plan", "mokkenhuis", *period)
    stack.boekbrug("migrate", "start", "mokkenhuis", "--accept-earlier-periods")
    worker = stack.start("worker-1", "prefect", "worker", "start", "--pool", "boekbrug", "--name", "first")
    until(lambda: status(stack)["posted"] > 0)
    assert len(waiting_runs(stack, "migrate-orders")) <= 1
    stack.boekbrug("migrate", "pause", "mokkenhuis")
    until(lambda: not running(stack))
    paused = len(invoices(stack))
    assert status(stack)["state"] == "paused"
    budget = json.loads(stack.boekbrug("budget", "mokkenhuis", "--json"))
    documents = next(row for row in budget if row["budget"] == "documents")
    assert (documents["limit"], documents["reserve"]) == (20, 10)
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    stack.start("worker-2", "prefect", "worker", "start", "--pool", "boekbrug", "--name", "second")
    stack.boekbrug("migrate", "resume", "mokkenhuis")
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


def status(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stack.boekbrug("migrate", "status", "mokkenhuis", "--json"))[0]
    return found


def running(stack: Stack) -> list[Any]:
    wanted = {"flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}}
    found: list[Any] = get_json(f"{stack.api_url}/flow_runs/filter", data=wanted)
    return found


def invoices(stack: Stack) -> list[Any]:
    account = get_json(stack.environment["BOOKS"])["accounts"]["demo1"]
    return [one for one in account["invoices"] if "BB-" in str(one["reference"])]


def until(holds: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(1)
