"""A production installation in small: PostgreSQL for Boekbrug and for Prefect's server, one work pool, two workers, six
tenants of whom each two share an account. Every order is booked once, no account gets more than it allows and none is
left unused, and both workers did their part."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.stack import Stack, get_json
from sandbox._server import Running, running
from sandbox.factuursturen import Factuursturen
from sandbox.mijnwebwinkel import Mijnwebwinkel
from tests.postgres import PostgreSQL, for_prefect

ROOT = Path(__file__).parent.parent.parent
TENANTS = [f"winkel-{number}" for number in range(1, 7)]
LOGINS = {tenant: f"books{number // 2 + 1}" for number, tenant in enumerate(TENANTS)}
ORDERS = 12
PER_HOUR = 10
WORKERS = ("first", "second")
POOL = "boekbrug"


@pytest.fixture
def shops() -> Iterator[Running[Mijnwebwinkel]]:
    with running(Mijnwebwinkel(seed=1, shops=len(TENANTS), orders=ORDERS, mix="everyday")) as served:
        yield served


@pytest.fixture
def books() -> Iterator[Running[Factuursturen]]:
    accounts = {login: f"{login}-key" for login in LOGINS.values()}
    with running(Factuursturen(seed=1, accounts=accounts, invoices_per_hour=PER_HOUR)) as served:
        yield served


@pytest.fixture
def server() -> Iterator[PostgreSQL]:
    with ExitStack() as opened:
        try:
            yield opened.enter_context(for_prefect())
        except LookupError as missing:
            if "CI" in os.environ:  # there .ci/run installs one
                raise
            pytest.skip(str(missing))


@pytest.fixture
def stack(server: PostgreSQL, tmp_path: Path) -> Iterator[Stack]:
    """Nothing is started yet; both databases are there, empty."""
    with server.installation() as settings, Stack(tmp_path) as stack:
        stack.environment |= settings | {
            "PYTHONPATH": str(ROOT),
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "PARTNER": "partner-demo",
        }
        yield stack


def _tenant(number: int, tenant: str, shops: str, books: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / "demo/tenants/mokkenhuis.yaml").read_text())
    source, target = config["connections"]
    source |= {
        "settings": {"base_url": shops},
        "credentials": {"partner_token": "env:PARTNER", "token": f"env:SHOP_{number}"},
    }
    target |= {
        "settings": {"base_url": books, "documents_per_period": PER_HOUR},
        "credentials": {"username": f"env:LOGIN_{number}", "api_key": f"env:KEY_{number}"},
    }
    config["routes"][0]["policy"]["start_on"] = "2020-01-01"
    return config | {"slug": tenant, "name": tenant}


@pytest.mark.timeout(900)
def test_two_workers_serve_six_tenants_on_postgresql(
    stack: Stack, shops: Running[Mijnwebwinkel], books: Running[Factuursturen], tmp_path: Path
) -> None:
    files = []
    for number, tenant in enumerate(TENANTS, 1):
        login = LOGINS[tenant]
        stack.environment |= {
            f"SHOP_{number}": f"demo{number}",
            f"LOGIN_{number}": login,
            f"KEY_{number}": f"{login}-key",
        }
        files.append(tmp_path / f"{tenant}.yaml")
        files[-1].write_text(yaml.safe_dump(_tenant(number, tenant, shops.url, books.url)))

    stack.start_server()
    stack.boekbrug("init")
    stack.boekbrug("health")
    stack.boekbrug("tenant", "import", *map(str, files))
    stack.wait_for_server()
    stack.boekbrug("deploy")
    stack.environment["PREFECT_LOGGING_LEVEL"] = "INFO"
    for worker in WORKERS:
        stack.start(f"worker-{worker}", "boekbrug", "worker", "--pool", POOL, "--name", worker, "--limit", "3")
    _until(stack, "both workers are online", lambda: _online(stack) == set(WORKERS))

    runs = [_start(stack, tenant) for tenant in TENANTS]
    ended = _until(stack, "all runs have ended", lambda: _ended(stack, runs))
    assert {run["state_type"] for run in ended} == {"COMPLETED"}, [(run["name"], run["state"]) for run in ended]
    ran = {  # both may have wanted a run; its page is told where it began
        worker: sum(f"/flow-run/{run}" in (tmp_path / "logs" / f"worker-{worker}.log").read_text() for run in runs)
        for worker in WORKERS
    }
    assert sum(ran.values()) == len(runs)
    assert all(ran.values())

    status = {row["tenant"]: row for row in yaml.safe_load(stack.boekbrug("status", "--json"))}
    accounts = books.control.get("books")["accounts"]  # type: ignore[call-overload,index]
    for login in set(LOGINS.values()):
        rows = [status[tenant] for tenant in TENANTS if LOGINS[tenant] == login]
        references = [tuple(invoice["reference"]) for invoice in accounts[login]["invoices"]]
        done = sum(row["verified"] + row["posted"] + row["mismatch"] for row in rows)
        assert len(set(references)) == len(references) == done == PER_HOUR
        assert accounts[login]["limits"]["invoices"]["busiest_hour"] == PER_HOUR
        assert accounts[login]["limits"]["invoices"]["refused"] == 0
        assert sum(row["in_flight"] for row in rows) == 0
        assert sum(row["pending"] for row in rows) > 0  # and what waits is scheduled, once per tenant that waits:
    waiting = {tenant for tenant in TENANTS if status[tenant]["pending"]}
    continuations = get_json(
        f"{stack.api_url}/flow_runs/filter", data={"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}},
                                                                "tags": {"all_": ["continuation"]}}}
    )  # fmt: skip
    deployed = Counter(run["deployment_id"] for run in continuations)
    assert set(deployed) == {_deployment(stack, tenant) for tenant in waiting}
    assert set(deployed.values()) == {1}

    # The server plans what the cron schedules say: a deployment that nobody starts by hand runs all the same.
    _until(stack, "every tenant's next days are planned", lambda: _planned(stack) == _deployments(stack))


def _until(stack: Stack, what: str, asked: Any, patience: float = 400) -> Any:
    deadline = time.monotonic() + patience
    while not (answer := asked()):
        stack.check()
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.5)
    return answer


def _online(stack: Stack) -> set[str]:
    workers = get_json(f"{stack.api_url}/work_pools/{POOL}/workers/filter", data={})
    return {worker["name"] for worker in workers if worker["status"] == "ONLINE"}


def _deployment(stack: Stack, tenant: str) -> str:
    return str(get_json(f"{stack.api_url}/deployments/name/sync-orders/{tenant}.verkoop")["id"])


def _deployments(stack: Stack) -> set[str]:
    return {_deployment(stack, tenant) for tenant in TENANTS}


def _planned(stack: Stack) -> set[str]:
    wanted = {"state": {"type": {"any_": ["SCHEDULED"]}}}
    runs = get_json(f"{stack.api_url}/flow_runs/filter", data={"flow_runs": wanted})
    return {run["deployment_id"] for run in runs if run["auto_scheduled"]}


def _start(stack: Stack, tenant: str) -> str:
    url = f"{stack.api_url}/deployments/{_deployment(stack, tenant)}/create_flow_run"
    return str(get_json(url, data={})["id"])


def _ended(stack: Stack, runs: list[str]) -> list[dict[str, Any]]:
    found = get_json(f"{stack.api_url}/flow_runs/filter", data={"flow_runs": {"id": {"any_": runs}}})
    final = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
    return found if all(run["state_type"] in final for run in found) else []
