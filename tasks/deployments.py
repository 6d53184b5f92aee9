"""Deployments of the flows on the Prefect server: one per route, made from the templates in `prefect.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx  # what Prefect's client raises
import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyOptions, FlowRun
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.states import Scheduled
from prefect.utilities.callables import parameter_schema
from prefect.utilities.templating import apply_values

from boekbrug.domain.errors import RemoteUnavailable, SettingsInvalid
from boekbrug.store import tenants
from tasks.continuations import ScheduledRun
from tasks.flow_names import MIGRATE_ORDERS, NOTIFY, SYNC_INVOICES, SYNC_ORDERS, daily_flow

__all__ = ["MIGRATE_ORDERS", "SYNC_INVOICES", "SYNC_ORDERS"]

TEMPLATES = Path(__file__).parent.parent / "prefect.yaml"
CONTINUATION = "continuation"
PROCESS = "process"  # Prefect's word for a work pool whose runs are processes on the worker's machine


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDeployment:
    """What the templates need to know of a route."""

    tenant: str
    tenant_name: str
    route: str
    schedule: str
    time_zone: str
    work_pool: str
    active: bool
    daily_flow: str


@cache
def _templates() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load(TEMPLATES.read_text())["deployments"]
    return loaded


def _filled(route: RouteDeployment) -> Iterator[Mapping[str, Any]]:
    """The route's daily flow and its migration: of the daily flows' templates, the one for what the route reads."""
    values = {name: getattr(route, name) for name in RouteDeployment.__slots__}
    others = {SYNC_ORDERS, SYNC_INVOICES, NOTIFY} - {route.daily_flow}
    for template in _templates():
        if others.isdisjoint(template["tags"]):
            yield apply_values(template, values)


def require_process_pool(name: str) -> None:
    """Raises SettingsInvalid when there is no such work pool or it is not for processes, RemoteUnavailable when the
    server does not answer."""
    with get_client(sync_client=True) as client:
        try:
            kind = client.read_work_pool(name).type
        except ObjectNotFound:
            raise SettingsInvalid(
                f"there is no work pool {name!r} on the Prefect server; make it with: boekbrug deploy"
            ) from None
        except httpx.HTTPStatusError as problem:  # its own words hold the address, and that may hold a password
            raise RemoteUnavailable(f"the Prefect server answers {problem.response.status_code}") from None
        except httpx.HTTPError as problem:
            raise RemoteUnavailable(
                f"the Prefect server that PREFECT_API_URL names cannot be reached: {problem}"
            ) from None
    if kind != PROCESS:
        raise SettingsInvalid(f"the work pool {name!r} is of type {kind!r}; a worker needs one of type {PROCESS!r}")


@contextmanager
def registry() -> Iterator[Registry]:
    """Registers any number of deployments over one connection to the Prefect server."""
    with get_client(sync_client=True) as client:
        yield Registry(client)


class Registry:
    """Makes the deployments what the templates and the routes say."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self._client = client
        self._flows: dict[str, _KnownFlow] = {}  # by entrypoint

    def ensure_work_pool(self, name: str) -> None:
        """Makes the work pool for processes on this machine, unless it is there."""
        with suppress(ObjectAlreadyExists):
            self._client.create_work_pool(WorkPoolCreate(name=name, type=PROCESS))

    def register_route(self, tenant: tenants.Tenant, route: tenants.Route, work_pool: str) -> list[str]:
        """Registers a tenant's route as it is kept now; the names of its deployments."""
        return self.register(
            RouteDeployment(
                tenant=tenant.slug,
                tenant_name=tenant.name,
                route=route.slug,
                schedule=route.schedule,
                time_zone=tenant.time_zone,
                work_pool=work_pool,
                active=route.enabled,
                daily_flow=daily_flow(route.source.system),
            )
        )

    def register(self, route: RouteDeployment) -> list[str]:
        """Creates or updates the deployments of a route and returns their names, `flow/tenant.route`.

        Doing it again changes nothing but what the route changed. An inactive route keeps its deployment, with its
        schedule switched off, so that its runs can still be looked up.
        """
        return [self._create(deployment, active=route.active) for deployment in _filled(route)]

    def register_notifications(self, work_pool: str, *, active: bool) -> str:
        """Creates or updates the deployment that notifies users and returns its name; `active`: on its schedule."""
        (template,) = (one for one in _templates() if NOTIFY in one["tags"])
        return self._create(apply_values(template, {"work_pool": work_pool}), active=active)

    def _create(self, deployment: Mapping[str, Any], *, active: bool) -> str:
        flow = self._flow(deployment["entrypoint"])
        limit = ConcurrencyLimitConfig.model_validate(deployment["concurrency_limit"])
        self._client.create_deployment(
            flow_id=flow.id,
            name=deployment["name"],
            entrypoint=deployment["entrypoint"],
            description=deployment["description"],
            tags=deployment["tags"],
            parameters=deployment["parameters"],
            parameter_openapi_schema=flow.parameters,
            enforce_parameter_schema=True,
            work_pool_name=deployment["work_pool"]["name"],
            pull_steps=[],
            concurrency_limit=limit.limit,
            concurrency_options=ConcurrencyOptions(collision_strategy=limit.collision_strategy),
            schedules=[
                DeploymentScheduleCreate(
                    schedule=CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"]),
                    active=schedule["active"] and active,
                )
                for schedule in deployment.get("schedules", ())
            ],
        )
        return f"{flow.name}/{deployment['name']}"

    def _flow(self, entrypoint: str) -> _KnownFlow:
        if (known := self._flows.get(entrypoint)) is None:
            flow: Flow[..., Any] = load_flow_from_entrypoint(entrypoint)
            parameters = parameter_schema(flow).model_dump_for_openapi()
            known = _KnownFlow(self._client.create_flow_from_name(flow.name), flow.name, parameters)
            self._flows[entrypoint] = known
        return known


@dataclass(frozen=True, slots=True)
class _KnownFlow:
    """A flow as the server knows it."""

    id: UUID
    name: str
    parameters: dict[str, Any]  # the schema


def _deployment_id(client: SyncPrefectClient, flow: str, name: str) -> UUID:
    try:
        return client.read_deployment_by_name(f"{flow}/{name}").id
    except ObjectNotFound:
        raise SettingsInvalid(
            f"there is no deployment {flow}/{name} on the Prefect server; "
            f"register it with: boekbrug deploy {name.partition('.')[0]}"
        ) from None


def start_run(flow: str, tenant: str, route: str) -> UUID:
    """Asks a worker to run the route's flow now and returns the run's id. Raises SettingsInvalid when not deployed."""
    with get_client(sync_client=True) as client:
        deployment_id = _deployment_id(client, flow, f"{tenant}.{route}")
        return client.create_flow_run_from_deployment(deployment_id).id


def read_run(flow_run_id: UUID) -> FlowRun:
    """The flow run as the server knows it."""
    with get_client(sync_client=True) as client:
        return client.read_flow_run(flow_run_id)


class PrefectScheduler:
    """Prefect's server as a `tasks.continuations.Scheduler`."""

    def scheduled(self, flow_run_id: str) -> ScheduledRun | None:
        """The run, if no worker has taken it. One that is pending is a worker's: when that one died it stays pending
        for good, and nobody else ever begins it."""
        with get_client(sync_client=True) as client:
            try:
                run = client.read_flow_run(UUID(flow_run_id))
            except ObjectNotFound:
                return None
        if run.state is None or not run.state.is_scheduled():
            return None
        at = run.state.state_details.scheduled_time or run.expected_start_time
        return ScheduledRun(flow_run_id, at or datetime.now(UTC))

    def schedule(self, flow: str, name: str, at: datetime, key: str) -> str:
        """Schedules a run; the server refuses a second one with the same key. Raises SettingsInvalid when the route is
        not deployed."""
        with get_client(sync_client=True) as client:
            run = client.create_flow_run_from_deployment(
                _deployment_id(client, flow, name),
                state=Scheduled(scheduled_time=at),
                tags=[CONTINUATION],
                idempotency_key=key,
            )
            return str(run.id)

    def withdraw(self, flow_run_id: str) -> None:
        """Removes it."""
        with get_client(sync_client=True) as client, suppress(ObjectNotFound):
            client.delete_flow_run(UUID(flow_run_id))

    def move(self, flow_run_id: str, at: datetime) -> None:
        """Moves it, unless a worker begins it in this very moment: then it is early, which does no harm."""
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(UUID(flow_run_id), Scheduled(scheduled_time=at))
