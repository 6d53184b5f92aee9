"""The steps of a daily run as Prefect tasks: retried where an error passes by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from prefect import Task, get_run_logger, runtime
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import FlowRunContext
from prefect.states import Completed
from prefect.utilities.annotations import opaque

from boekbrug.domain.errors import RetryLater, SettingsInvalid, StoreUnavailable
from boekbrug.domain.migrations import MigrationState
from boekbrug.store import order_migrations
from tasks.contacts import ContactResult, carry_contacts
from tasks.continuations import go_on_at
from tasks.deployments import MIGRATE_ORDERS, PrefectScheduler
from tasks.fetching import FetchResult, fetch_changed
from tasks.flow_names import daily_flow
from tasks.payments import PaymentResult, bring_payments_back
from tasks.pushing import PushResult, push_due
from tasks.reporting import RunReport, document_rows, recorded_run, verification_text
from tasks.route_work import RouteWork, pausing
from tasks.settling import SettleResult, settle_and_adopt
from tasks.transforming import TransformResult, transform_waiting
from tasks.verifying import VerifyResult, verify_posted

P = ParamSpec("P")
R = TypeVar("R")

RETRY_DELAYS: list[float] = [5, 30, 120]
# When the remote side does not say when it will be back.
TRY_AGAIN_AFTER = timedelta(minutes=15)


def passes_by_itself(_task: Any, _run: TaskRun, state: State[Any]) -> bool:
    """Prefect asks whether to try a failed task again: only what passes by itself, and soon."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, StoreUnavailable) or (isinstance(error, RetryLater) and error.not_before is None)


class Step(Task[P, R]):
    """A Prefect task whose arguments are nothing that other tasks returned: else Prefect would look for that through
    all that a route's work holds, twice at every call.

    What Prefect notes of every task run, to recognise what it returned in another's arguments, is not kept either: a
    migration has a task run per batch, however many documents it brings over.
    """

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:  # type: ignore[override]
        """Carries the step out as a task run."""
        called: Callable[..., Any] = super().__call__
        returned: R = called(*map(opaque, args), **kwargs)
        run = FlowRunContext.get()
        if run is not None:
            run.run_results.clear()
            run.task_run_assets.clear()
        return returned


def step(name: str) -> Callable[[Callable[P, R]], Step[P, R]]:
    """A Prefect task by that name that is tried again where an error passes by itself, and keeps no documents."""

    def made(carry_out: Callable[P, R]) -> Step[P, R]:
        return Step(
            carry_out,
            name=name,
            retries=len(RETRY_DELAYS),
            retry_delay_seconds=RETRY_DELAYS,
            retry_condition_fn=passes_by_itself,
            cache_policy=NO_CACHE,
            persist_result=False,
        )

    return made


@contextmanager
def running(work: RouteWork, flow: str = "") -> Iterator[RunReport]:
    """A run of a flow (by default the route's daily one), from its start to its end in the store; what passes by itself
    is tried again later."""
    try:
        with recorded_run(work, flow_run_id=str(runtime.flow_run.id or "")) as report:
            yield report
    except RetryLater as problem:
        moment = work.now() + TRY_AGAIN_AFTER
        get_run_logger().warning("%s; a run is scheduled for %s", problem.message, moment.isoformat(timespec="minutes"))
        continue_at(work, moment, flow)
        raise


def publish(work: RouteWork, report: RunReport) -> State[Any]:
    """Leaves the run's artifacts, schedules its continuation when something waits, and returns its final state."""
    key = f"{work.tenant.slug}-{work.route.slug}"
    title = f"{work.tenant.slug}, route {work.route.slug}: {report.message(work)}"
    create_table_artifact(key=f"documents-{key}", table=document_rows(work, report), description=title)
    create_markdown_artifact(key=f"verification-{key}", markdown=verification_text(report), description=title)
    create_link_artifact(
        key=f"dashboard-{key}",
        link=f"{work.runtime.settings.public_url}/t/{work.tenant.slug}/runs?run={runtime.flow_run.id}",
        link_text=f"{work.tenant.name} in Boekbrug's dashboard",
        description=title,
    )
    if report.goes_on_at is not None:
        continue_at(work, report.goes_on_at)
    _revive_migration(work)
    return Completed(message=report.message(work))


def _revive_migration(work: RouteWork) -> None:
    """A migration that runs has a run scheduled; one whose last run could not see to that gets it here."""
    with work.runtime.database.read() as session:
        live = order_migrations.live_on_route(session, work.tenant.id, work.route.id)
    if live is not None and live.state is MigrationState.RUNNING:
        opens_at, _ = live.window.span(work.now(), work.zone)
        continue_at(work, max(work.now(), opens_at), MIGRATE_ORDERS)


def continue_at(work: RouteWork, moment: datetime, flow: str = "", *, exactly: bool = False) -> None:
    """Sees to it that one run of a flow of the route (by default its daily one) is scheduled; see
    `tasks.continuations`."""
    own_run = str(runtime.flow_run.id or "")
    flow = flow or daily_flow(work.route.source.system)
    try:
        go_on_at(work, PrefectScheduler(), flow, moment, own_run=own_run, exactly=exactly)
    except SettingsInvalid:
        # A flow that was called by hand, without a deployment: the next run, whenever that is, goes on.
        get_run_logger().warning("no continuation: the route is not deployed")


@step("carry-contacts")
def carry_changed_contacts(work: RouteWork) -> ContactResult:
    """Customers and suppliers made or changed since the last run."""
    with pausing(work, work.route.target, work.route.source):
        result = carry_contacts(work)
    get_run_logger().info(
        "read %d contacts: %d found or created, %d changed, %d refused",
        result.read,
        result.linked,
        result.changed,
        result.refused,
    )
    return result


@step("bring-payments-back")
def bring_back_payments(work: RouteWork) -> PaymentResult:
    """Tells the source what the books say was paid."""
    with pausing(work, work.route.target, work.route.source):
        result = bring_payments_back(work)
    get_run_logger().info(
        "%d unpaid documents compared: %d payments told, %d refused, %d to look at",
        result.compared,
        result.registered,
        result.refused,
        result.noted,
    )
    return result


@step("fetch-invoices")
def fetch_invoices(work: RouteWork) -> FetchResult:
    """What was made or changed since the last run, and again what has not gone over yet."""
    return _fetched(work)


@step("fetch-orders")
def fetch_orders(work: RouteWork) -> FetchResult:
    """What was placed or changed since the last run, and again what has not gone over yet."""
    return _fetched(work)


def _fetched(work: RouteWork) -> FetchResult:
    with pausing(work, work.route.source):
        result = fetch_changed(work)
    get_run_logger().info(
        "read %d documents: %d new, %d updated, %d changed after booking, %d gone",
        result.read,
        result.new,
        result.updated,
        result.changed_after_posting,
        result.gone,
    )
    return result


@step("transform-to-invoices")
def transform_to_invoices(work: RouteWork) -> TransformResult:
    """Judges every document that is waiting, by the route's rules."""
    with pausing(work, work.route.target):
        result = transform_waiting(work)
    get_run_logger().info(
        "%d ready (%d of them waited before), %d need attention", result.ready, result.reopened, result.refused
    )
    return result


@step("settle-unknown-outcomes")
def settle_unknown_outcomes(work: RouteWork) -> SettleResult:
    """Asks the books what became of writes whose outcome is not known, and recognises what they hold already."""
    with pausing(work, work.route.target):
        result = settle_and_adopt(work)
    get_run_logger().info(
        "%d found in the books, %d not there, %d in doubt", result.adopted, result.released, result.doubtful
    )
    return result


@step("push-with-rate-limit")
def push_batch(work: RouteWork) -> PushResult:
    """Pushes the next documents that are due. Raises RetryLater when the remote system is away."""
    with pausing(work, work.route.target):
        result = push_due(work)
    get_run_logger().info("%d posted, %d refused, %d unknown", result.posted, result.refused, result.unknown)
    return result


@step("verify-totals")
def verify_totals(work: RouteWork) -> VerifyResult:
    """Reads back what was posted and compares it with the source."""
    with pausing(work, work.route.target):
        result = verify_posted(work)
    get_run_logger().info("%d verified, %d differ", result.verified, result.mismatch)
    return result
