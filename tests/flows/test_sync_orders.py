"""The daily run as a Prefect flow on a real server: what it leaves behind, what it does when the world is against it,
and that neither personal data nor secrets ever reach Prefect's database."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    TaskRunFilter,
    TaskRunFilterFlowRunId,
)
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext

from boekbrug.domain.errors import BoekbrugError
from boekbrug.domain.records import SyncStatus
from boekbrug.store import tenants
from demo.__main__ import SECRETS
from demo.stack import Stack
from flows.sync_orders import sync_orders
from tasks import deployments, orders
from tasks.deployments import RouteDeployment
from tasks.pushing import PushResult
from tasks.route_work import RouteWork, open_route
from tasks.runtime import using
from tests.flows.conftest import ask, environment_of, everything_in
from tests.world import DE_BIE, MOKKENHUIS, ROUTE, World

pytestmark = pytest.mark.timeout(240)


def run(world: World, slug: str = MOKKENHUIS) -> State[Any]:
    """The flow, in this process, on the real server; the state that it ended in."""
    with using(world.runtime):
        return sync_orders(slug, ROUTE, return_state=True)


def deploy(slug: str = MOKKENHUIS, **changes: Any) -> UUID:
    """The route's deployment; its id."""
    values: dict[str, Any] = {
        "tenant": slug, "tenant_name": "Een winkel", "route": ROUTE, "schedule": "0 6 * * *",
        "time_zone": "Europe/Amsterdam", "work_pool": "boekbrug", "active": True, "daily_flow": "sync-orders",
    }  # fmt: skip
    with deployments.registry() as registry:
        registry.ensure_work_pool("boekbrug")
        name, other = registry.register(RouteDeployment(**values | changes))
    assert (name, other) == (f"sync-orders/{slug}.{ROUTE}", f"migrate-orders/{slug}.{ROUTE}")
    found = ask(lambda client: client.read_deployment_by_name(name))
    return UUID(str(found.id))


def test_a_route_of_an_invoicing_program_has_its_own_daily_flow(server: str) -> None:
    route = RouteDeployment(
        tenant="atelier", tenant_name="Een atelier", route="facturen", schedule="0 6 * * *",
        time_zone="Europe/Amsterdam", work_pool="boekbrug", active=False, daily_flow="sync-invoices",
    )  # fmt: skip
    with deployments.registry() as registry:
        registry.ensure_work_pool("boekbrug")
        assert registry.register(route) == ["sync-invoices/atelier.facturen", "migrate-orders/atelier.facturen"]


def runs_of(deployment_id: UUID) -> list[Any]:
    chosen = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment_id]))
    return list(ask(lambda client: client.read_flow_runs(flow_run_filter=chosen)))


def task_runs_of(state: State[Any]) -> list[Any]:
    flow_run_id = state.state_details.flow_run_id
    assert flow_run_id is not None
    chosen = TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[flow_run_id]))
    return list(ask(lambda client: client.read_task_runs(task_run_filter=chosen)))


def artifacts(of: str) -> dict[str, Any]:
    """The artifacts of a tenant's route by what they are, the latest of each."""
    found = ask(lambda client: client.read_artifacts())
    latest: dict[str, Any] = {}
    for one in sorted(found, key=lambda artifact: artifact.created):
        if one.key and one.key.endswith(f"-{of}-{ROUTE}"):
            latest[one.key.split("-")[0]] = one
    return latest


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries that do not wait."""
    for step in (orders.fetch_orders, orders.push_batch, orders.settle_unknown_outcomes, orders.verify_totals):
        monkeypatch.setattr(step, "retry_delay_seconds", [0, 0, 0])


# -- deployments


def test_deployments_are_what_the_template_says(server: str) -> None:
    deployment_id = deploy("winkel-een", schedule="30 5 * * 1-5", time_zone="Europe/Brussels")
    found = ask(lambda client: client.read_deployment(deployment_id))
    (schedule,) = found.schedules
    assert (schedule.schedule.cron, schedule.schedule.timezone, schedule.active) == (
        "30 5 * * 1-5", "Europe/Brussels", True,
    )  # fmt: skip
    assert found.parameters == {"tenant": "winkel-een", "route": ROUTE}
    assert set(found.tags) == {"sync-orders", "tenant:winkel-een", f"route:{ROUTE}"}
    assert found.global_concurrency_limit.limit == 1
    assert (found.entrypoint, found.work_pool_name) == ("flows.sync_orders.sync_orders", "boekbrug")


def test_registering_twice_changes_nothing_and_switching_off_stops_the_schedule(server: str) -> None:
    deployment_id = deploy("winkel-twee")
    assert deploy("winkel-twee") == deployment_id
    assert len(ask(lambda client: client.read_deployment(deployment_id)).schedules) == 1
    assert deploy("winkel-twee", active=False, schedule="0 7 * * *") == deployment_id
    (schedule,) = ask(lambda client: client.read_deployment(deployment_id)).schedules
    assert (schedule.active, schedule.schedule.cron) == (False, "0 7 * * *")
    assert deploy("winkel-twee") == deployment_id
    (schedule,) = ask(lambda client: client.read_deployment(deployment_id)).schedules
    assert schedule.active is True


# -- a run


def test_a_run_leaves_what_a_person_can_read_and_nothing_personal(server: str, stack: Stack, world: World) -> None:
    too_long = world.order("long_postcode_gb")
    world.order("reverse_charge_bad_vat")
    state = run(world)
    assert state.is_completed(), state
    posted = len(world.invoices())
    assert state.message is not None and state.message.startswith(f"{posted} posted, {posted} verified, ")
    found = artifacts(MOKKENHUIS)
    assert set(found) == {"dashboard", "documents", "verification"}
    assert f"/t/{MOKKENHUIS}/runs?run={state.state_details.flow_run_id}" in found["dashboard"].data
    rows = {row["document"]: row for row in json.loads(found["documents"].data)}
    assert {row["status"] for row in rows.values()} == {"verified", "needs_attention"}
    assert "De postcode … is langer dan de 7 tekens" in rows[str(too_long)]["why"]
    assert "met e-mailadres …" in rows[str(too_long)]["why"]
    assert re.search(r"\| VAT 21% \| EUR [\d.]+ \| EUR [\d.]+ \| EUR 0.00 \|", found["verification"].data)

    again = run(world)
    assert again.is_completed() and again.message is not None and again.message.startswith("0 posted, 0 verified")
    assert len(world.invoices()) == posted

    # Everything that the server knows, logs and states included, a little later: logs are sent in batches.
    time.sleep(3)
    kept = everything_in(stack)
    assert "documents: " in kept, "the logs have not arrived"
    for row in world.shop_orders().values():
        assert not row["email"] or row["email"] not in kept
    for client in world.account()["clients"]:
        for name in ("email", "phone", "taxnumber", "address", "contact", "company"):
            assert len(client[name]) < 6 or client[name] not in kept, (name, client[name])
    for name, secret in SECRETS.items():
        if "KEY" in name or "PARTNER" in name:
            assert secret not in kept
    assert "token=" not in kept


def test_parameters_are_slugs_only(server: str, world: World) -> None:
    state = run(world)
    flow_run = ask(lambda client: client.read_flow_run(state.state_details.flow_run_id))
    assert flow_run.parameters == {"tenant": MOKKENHUIS, "route": ROUTE}
    for task_run in task_runs_of(state):
        assert {str(i) for inputs in task_run.task_inputs.values() for i in inputs} == set()


def test_prefect_keeps_nothing_of_the_steps_of_a_long_run(server: str, world: World) -> None:
    @orders.step("push")
    def push(work: RouteWork, posted: int) -> PushResult:
        return PushResult(tried=posted, posted=posted)

    @flow(persist_result=False)
    def long_run() -> list[int]:
        with open_route(MOKKENHUIS, ROUTE) as work:
            kept = [push(work, 1000 + number) for number in range(20)]
        run = FlowRunContext.get()
        assert run is not None
        return [len(kept), len(run.run_results), len(run.task_run_assets)]

    with using(world.runtime):
        assert long_run() == [20, 0, 0]


def test_an_outage_that_passes_is_retried(server: str, world: World, at_once: None) -> None:
    world.shop.control.add_fault("cut", path="/v1/orders", times=4)  # more than the connector itself tries again
    state = run(world)
    assert state.is_completed(), state
    (fetch,) = [one for one in task_runs_of(state) if one.name.startswith("fetch-orders")]
    assert fetch.run_count >= 2
    assert world.invoices()


def test_an_outage_that_stays_fails_the_run_and_schedules_one_continuation(
    server: str, world: World, at_once: None
) -> None:
    deployment_id = deploy()
    before = {one.id for one in runs_of(deployment_id)}
    world.shop.control.add_fault("cut", path="/v1/orders")
    assert run(world).is_failed()
    assert run(world).is_failed()
    new = [one for one in runs_of(deployment_id) if one.id not in before and "continuation" in one.tags]
    assert len(new) == 1, "the same moment is scheduled once"
    world.shop.control.clear_faults()
    assert run(world).is_completed()


def test_a_budget_wait_completes_and_schedules_one_continuation(server: str, make_world: Any) -> None:
    world = make_world(shop={"orders": 12}, books={"invoices_per_hour": 5})
    world.demo_tenant(books={"documents_per_period": 5})
    deployment_id = deploy()
    before = {one.id for one in runs_of(deployment_id)}
    state = run(world)
    assert state.is_completed()
    assert state.message is not None and re.search(
        r"5 posted, 5 verified, \d+ waiting, goes on at \d\d-\d\d", state.message
    )
    again = run(world)
    assert again.is_completed() and again.message is not None and "goes on at" in again.message
    new = [one for one in runs_of(deployment_id) if one.id not in before and "continuation" in one.tags]
    assert len(new) == 1
    scheduled = new[0].expected_start_time
    assert timedelta(minutes=58) < scheduled - datetime.now(UTC) < timedelta(minutes=63)
    assert world.account()["limits"]["invoices"]["refused"] == 0


def test_broken_credentials_fail_pause_and_leave_the_others_alone(server: str, make_world: Any) -> None:
    world = make_world(shop={"orders": 12}, books={"invoices_per_hour": 0})
    for slug in (MOKKENHUIS, DE_BIE):
        world.demo_tenant(slug, books={"documents_per_period": None})
    world.books.control.set_options(suspended=["demo1"])
    state = run(world)
    assert state.is_failed()
    with world.runtime.database.read() as session:
        tenant = tenants.tenant_by_slug(session, MOKKENHUIS)
        broken = {one.slug: one.reason for one in tenants.list_connections(session, tenant.id) if one.is_broken}
    assert set(broken) == {"boeken"}
    assert "401" in broken["boeken"] and "demo1-key" not in broken["boeken"]
    sent = len(world.writes())
    assert run(world).is_failed(), "a paused connection is not tried"
    assert len(world.writes()) == sent
    with pytest.raises(BoekbrugError, match="connection check"):
        run(world).result()

    assert run(world, DE_BIE).is_completed()
    assert world.invoices(DE_BIE)
    assert not world.invoices(MOKKENHUIS)


def test_a_mistake_of_ours_fails_loudly(server: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistake(*_: object) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(orders, "verify_posted", mistake)
    state = run(world)
    assert state.is_failed()
    (verify,) = [one for one in task_runs_of(state) if one.name.startswith("verify-totals")]
    assert verify.run_count == 1, "what is our mistake is not tried again"
    monkeypatch.undo()
    assert run(world).is_completed()
    assert not world.records(MOKKENHUIS, SyncStatus.POSTED)


# -- by a worker


def test_a_worker_runs_the_deployment(server: str, stack: Stack, world: World) -> None:
    for one in (world.shop, world.books, world.vies):
        one.control.real_time()
    deploy()
    with environment_of(world) as environment:
        stack.environment |= {name: environment[name] for name in ("BOEKBRUG_HOME", "BOEKBRUG_VIES_URL")}
        worker = stack.start(
            "worker", "prefect", "worker", "start", "--pool", "boekbrug", "--name", "test", "--run-once"
        )
        run_id = deployments.start_run("sync-orders", MOKKENHUIS, ROUTE)
        deadline = time.monotonic() + 150
        while (found := deployments.read_run(run_id)).state is None or not found.state.is_final():
            if worker.poll() is not None and worker.returncode == 0:
                worker = stack.start(
                    "worker", "prefect", "worker", "start", "--pool", "boekbrug", "--name", "test", "--run-once"
                )
            assert time.monotonic() < deadline, found.state
            time.sleep(1)
    assert found.state.is_completed(), found.state
    assert found.state.message is not None and found.state.message.startswith(f"{len(world.invoices())} posted")
    assert world.invoices()
