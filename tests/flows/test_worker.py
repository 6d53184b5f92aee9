"""`boekbrug worker` on a real server: runs that start warm end as runs of Prefect's own worker do."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import anyio
import pytest
import yaml
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelling
from prefect.utilities.dispatch import lookup_type
from prefect.workers.base import BaseWorker
from prefect.workers.process import ProcessWorker

from boekbrug.cli._output import Exit
from boekbrug.store import runs, tenants
from boekbrug.warm.process import REPLACED_AFTER
from demo.stack import BIN, Stack
from tasks import deployments
from tasks.deployments import RouteDeployment
from tests.flows.conftest import ROOT, ask, environment_of
from tests.world import MOKKENHUIS, ROUTE, World, new_world

pytestmark = [pytest.mark.timeout(240), pytest.mark.skipif(sys.platform != "linux", reason="elsewhere none is warm")]

POOL = "warm"
ZYGOTE = "boekbrug.warm.zygote"
ROUTE_DEPLOYMENT = RouteDeployment(
    tenant=MOKKENHUIS, tenant_name="Een winkel", route=ROUTE, schedule="0 6 * * *", time_zone="Europe/Amsterdam",
    work_pool=POOL, active=False, daily_flow="sync-orders",
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, database_template: Path) -> Iterator[World]:
    """Orders enough for all of these tests, in real time."""
    home = tmp_path_factory.mktemp("warm")
    with new_world(home, database_template, shop={"orders": 12}, books={"invoices_per_hour": 0, "clients": 3}) as world:
        world.demo_tenant(books={"documents_per_period": None})
        for one in (world.shop, world.books, world.vies):
            one.control.real_time()
        yield world


@pytest.fixture(scope="module")
def worker(stack: Stack, world: World) -> Iterator[subprocess.Popen[str]]:
    with environment_of(world) as environment:
        stack.environment |= {name: environment[name] for name in ("BOEKBRUG_HOME", "BOEKBRUG_VIES_URL")}
    stack.environment["PREFECT_WORKER_QUERY_SECONDS"] = "1"
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: stack.api_url}), deployments.registry() as registry:
        registry.ensure_work_pool(POOL)
        registry.register(ROUTE_DEPLOYMENT)
    process = stack.start("warm-worker", "boekbrug", "worker", "--pool", POOL, "--name", "warm", "--limit", "2")
    yield process
    below = commands_below(process.pid)
    stack.end(process)
    assert not [pid for pid in below if Path(f"/proc/{pid}").exists()]


def until(holds: Callable[[], Any], patience: float = 90) -> Any:
    deadline = time.monotonic() + patience
    while not (found := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


def commands_below(pid: int) -> dict[int, str]:
    """The processes that a process started and that run, with their command lines."""
    found = {}
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            found[child] = command
    return found


def programs(worker: subprocess.Popen[str]) -> list[int]:
    """The processes that the worker's warm process has become."""
    return [pid for one in warm_processes(worker) for pid, command in commands_below(one).items() if ZYGOTE in command]


def warm_processes(worker: subprocess.Popen[str]) -> list[int]:
    """None as long as the worker has not started, one from then on."""
    return [pid for pid, command in commands_below(worker.pid).items() if ZYGOTE in command]


def start() -> UUID:
    return deployments.start_run("sync-orders", MOKKENHUIS, ROUTE)


def ended(run_id: UUID) -> Any:
    """The run's last state."""

    def final() -> Any:
        state = deployments.read_run(run_id).state
        return state if state is not None and state.is_final() else None

    return until(final)


def outcome(world: World, run_id: UUID) -> runs.RunOutcome | None:
    """How the run ended in our own store; None when it never said."""
    with world.runtime.database.read() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        (found,) = runs.latest_runs(session, tenant.id, flow_run_id=str(run_id))
    return found.outcome


def running(world: World, worker: subprocess.Popen[str]) -> tuple[UUID, int]:
    """A run that is in the middle of posting an invoice, and its process."""
    number = world.order()
    world.books.control.clear_faults()
    world.books.control.add_fault("delay", method="POST", path="/invoices$", seconds=8, times=1)
    run_id = start()
    until(lambda: any(fault["struck"] for fault in world.books.control.faults()))
    (program,) = programs(worker)
    assert number not in world.invoices()
    return run_id, program


def test_the_class_is_not_registered_in_the_place_of_prefects() -> None:
    import boekbrug.warm.worker

    assert boekbrug.warm.worker.WarmWorker.type == "process"
    assert lookup_type(BaseWorker, "process") is ProcessWorker


def test_every_flow_that_can_be_deployed_is_imported_beforehand() -> None:
    from boekbrug.warm.process import IMPORTED

    templates = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    assert {one["entrypoint"].rpartition(".")[0] for one in templates} <= set(IMPORTED)


@pytest.mark.parametrize(("configured", "used"), [(None, "client"), ("mine", "mine")])
def test_a_command_that_is_configured_is_the_one_that_is_run(configured: str | None, used: str) -> None:
    from boekbrug.warm.worker import _configuration

    configuration = _configuration(lambda: "client")(command=configured)
    configuration.prepare_for_flow_run(FlowRun(flow_id=uuid4()))
    assert configuration.command == used
    assert configuration._command_configured, "then Prefect runs it as it is"


def test_a_full_worker_asks_again_when_a_run_has_ended_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    from boekbrug.warm.worker import WarmWorker

    waiting = [FlowRun(flow_id=uuid4()) for _ in range(3)]
    found = list(waiting)
    asked: list[int] = []

    async def ask(worker: WarmWorker) -> list[FlowRun]:
        asked.append(int(worker.limiter.borrowed_tokens))
        taken = [waiting.pop(0) for _ in range(min(len(waiting), int(worker.limiter.available_tokens)))]
        for one in taken:
            worker.limiter.acquire_on_behalf_of_nowait(one.id)
        return taken

    async def work() -> None:
        worker = WarmWorker("pool", limit=2)
        worker._limiter = anyio.CapacityLimiter(2)
        asking = asyncio.create_task(worker.get_and_submit_flow_runs())
        await asyncio.sleep(0.2)
        assert asked == [0]
        worker.limiter.release_on_behalf_of(found[0].id)
        await asyncio.sleep(0.2)
        assert asked == [0, 1], "and then it is full again"
        worker.limiter.release_on_behalf_of(found[1].id)
        assert await asyncio.wait_for(asking, 5) == found
        assert asked == [0, 1, 1]

    monkeypatch.setattr(ProcessWorker, "get_and_submit_flow_runs", ask)
    asyncio.run(work())


def test_no_more_runs_are_asked_for_than_can_be_begun() -> None:
    from boekbrug.warm.worker import WarmWorker

    asked: list[dict[str, Any]] = []

    class Client:
        async def request(self, method: str, path: str, *, json: dict[str, Any], path_params: dict[str, str]) -> Any:
            asked.append(json | path_params)
            return SimpleNamespace(json=list)

    worker: Any = WarmWorker("pool", limit=2)
    worker._limiter = anyio.CapacityLimiter(2)
    worker._client = Client()
    worker._work_pool = SimpleNamespace(name="pool")
    worker._has_successfully_synced = True
    assert asyncio.run(worker.get_and_submit_flow_runs()) == []
    assert [(one["limit"], one["name"], one["work_queue_names"]) for one in asked] == [(4, "pool", [])]
    soon = datetime.fromisoformat(asked[0]["scheduled_before"]) - datetime.now(UTC)
    assert timedelta(seconds=5) < soon <= timedelta(seconds=10)


def test_a_full_worker_asks_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its health check would take it for one that hangs."""
    import boekbrug.warm.worker as module

    asked = 0

    async def ask(_: object) -> list[FlowRun]:
        nonlocal asked
        asked += 1
        return []

    async def work() -> None:
        worker = module.WarmWorker("pool", limit=1)
        worker._limiter = anyio.CapacityLimiter(1)
        worker.limiter.acquire_on_behalf_of_nowait("a run")
        with anyio.move_on_after(1):
            await worker.get_and_submit_flow_runs()

    monkeypatch.setattr(ProcessWorker, "get_and_submit_flow_runs", ask)
    monkeypatch.setattr(module, "ASKS_AFTER", 0.2)
    asyncio.run(work())
    assert 2 <= asked <= 6


def test_a_deployment_is_run_and_what_it_says_arrives(
    server: str, stack: Stack, worker: subprocess.Popen[str], world: World
) -> None:
    run_id = start()
    (program,) = until(lambda: programs(worker))
    assert program
    state = ended(run_id)
    assert state.is_completed(), state
    assert state.message.startswith(f"{len(world.invoices())} posted")
    log = stack.home / "logs" / "warm-worker.log"
    until(lambda: state.message in log.read_text())
    assert str(run_id) in log.read_text()
    assert "cold" not in log.read_text()
    until(lambda: not programs(worker))
    said = until(lambda: [one.message for one in ask(lambda client: client.read_logs()) if one.flow_run_id == run_id])
    assert any("posted" in message for message in said)
    # What it was forked from has nothing that must not be shared.
    (warm,) = warm_processes(worker)
    assert len(list(Path(f"/proc/{warm}/task").iterdir())) == 1
    assert sum(str(file.readlink()).startswith("socket:") for file in Path(f"/proc/{warm}/fd").iterdir()) == 1


def test_a_run_that_is_cancelled_lets_everything_go(server: str, worker: subprocess.Popen[str], world: World) -> None:
    run_id, program = running(world, worker)
    ask(lambda client: client.set_flow_run_state(run_id, Cancelling()))
    assert ended(run_id).is_cancelled()
    until(lambda: not Path(f"/proc/{program}").exists())
    assert outcome(world, run_id) is runs.RunOutcome.FAILED
    assert world.dump()["slot_waiter"] == []
    assert ended(start()).is_completed()


@pytest.mark.parametrize("whom", ["client", "program"])
def test_a_run_that_is_killed_has_crashed(server: str, worker: subprocess.Popen[str], world: World, whom: str) -> None:
    run_id, program = running(world, worker)
    client = until(lambda: deployments.read_run(run_id).infrastructure_pid)
    os.kill(int(client) if whom == "client" else program, signal.SIGKILL)
    state = ended(run_id)
    assert state.is_crashed(), state
    assert "-9" in (state.message or "")
    until(lambda: not Path(f"/proc/{program}").exists())
    assert outcome(world, run_id) is None


def test_a_warm_process_that_died_is_replaced(
    server: str, stack: Stack, worker: subprocess.Popen[str], world: World
) -> None:
    (dead,) = warm_processes(worker)
    os.kill(dead, signal.SIGKILL)
    (warm,) = until(lambda: [pid for pid in warm_processes(worker) if pid != dead], patience=REPLACED_AFTER + 30)
    assert warm
    run_id = start()
    until(lambda: programs(worker))  # it is a child of the new one
    assert ended(run_id).is_completed()
    log = (stack.home / "logs" / "warm-worker.log").read_text()
    assert "the warm process has ended (-9)" in log
    assert "cold)" not in log


def command(stack: Stack, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "boekbrug"), "worker", *arguments],
        env=stack.environment | {"COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_where_there_is_nothing_to_do_the_command_says_so_in_one_line(server: str, stack: Stack) -> None:
    done = command(stack, "--pool", "elsewhere")
    assert (done.returncode, len(done.stderr.splitlines())) == (Exit.SETTINGS, 1), done.stderr
    assert "'elsewhere'" in done.stderr
    ask(lambda client: client.create_work_pool(WorkPoolCreate(name="docker-pool", type="docker")))
    done = command(stack, "--pool", "docker-pool")
    assert (done.returncode, len(done.stderr.splitlines())) == (Exit.SETTINGS, 1), done.stderr
    assert "'docker'" in done.stderr
    done = command(stack, PREFECT_API_URL="http://127.0.0.1:9/api")
    assert (done.returncode, len(done.stderr.splitlines())) == (Exit.LATER, 1), done.stderr
    assert "cannot be reached" in done.stderr


def test_when_the_worker_is_killed_its_runs_end_in_order_and_nothing_is_left(
    server: str, worker: subprocess.Popen[str], world: World
) -> None:
    run_id, program = running(world, worker)
    (warm,) = warm_processes(worker)
    worker.kill()
    worker.wait()
    # As with Prefect's own worker: nobody reads what the run says any more, and its console ends it for that.
    assert ended(run_id).is_crashed()
    assert outcome(world, run_id) is runs.RunOutcome.FAILED
    assert world.dump()["slot_waiter"] == []
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in (warm, program)))
