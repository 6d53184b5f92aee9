"""The steps of a migration's run as Prefect tasks, and what it leaves for people to watch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from prefect import get_run_logger, runtime
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.migrations import LIVE, Migration, MigrationState
from boekbrug.store import order_migrations
from tasks.continuations import call_off
from tasks.deployments import MIGRATE_ORDERS, PrefectScheduler
from tasks.fetching import FetchResult
from tasks.migrating import bring_over, read_next_days, take_note
from tasks.orders import continue_at, running, settle_unknown_outcomes, step, verify_totals
from tasks.pushing import PushResult, push_due
from tasks.reporting import RunReport
from tasks.route_work import RouteWork, pausing
from tasks.settling import SettleResult
from tasks.standing import Standing, read_standing, start
from tasks.verifying import VerifyResult

# A run that dies says nothing: so long after it began, another one looks.
WATCHED_AFTER = timedelta(minutes=15)
# Counting the documents of a large migration takes longer than pushing some of them.
SHOWN_EVERY = timedelta(seconds=15)


@step("read-days")
def read_days(work: RouteWork, migration_id: int) -> FetchResult:
    """Reads the next days of the source's history and judges what they hold."""
    with pausing(work, work.route.source):
        result = read_next_days(work, migration_id)
    get_run_logger().info("read %d documents, %d of them new", result.read, result.new)
    return result


@step("push-history")
def push_history(work: RouteWork, limit: int) -> PushResult:
    """Pushes the next documents of the migration's lane. Raises RetryLater when the remote system is away."""
    with pausing(work, work.route.target):
        result = push_due(work, limit=limit)
    get_run_logger().info("%d posted, %d refused, %d unknown", result.posted, result.refused, result.unknown)
    return result


class TaskSteps:
    """The steps as Prefect tasks; the migration's progress is shown after the first one, and then now and again."""

    def __init__(self, migration_id: int) -> None:
        self._migration_id = migration_id
        self._shown_at: datetime | None = None

    def settle(self, work: RouteWork) -> SettleResult:
        """Clears up unknown outcomes."""
        return settle_unknown_outcomes(work)

    def read(self, work: RouteWork, migration_id: int) -> FetchResult:
        """Reads the next days."""
        result = read_days(work, migration_id)
        self._show_progress(work)
        return result

    def push(self, work: RouteWork, limit: int) -> PushResult:
        """Pushes at most so many of the documents that are due."""
        result = push_history(work, limit)
        self._show_progress(work)
        return result

    def verify(self, work: RouteWork) -> VerifyResult:
        """Compares what was posted with the source."""
        return verify_totals(work)

    def _show_progress(self, work: RouteWork) -> None:
        if self._shown_at is None or work.now() >= self._shown_at + SHOWN_EVERY:
            show_progress(work, read_standing(work, self._migration_id))
            self._shown_at = work.now()


def chosen_migration(work: RouteWork, migration_id: int) -> Migration:
    """The migration with that id, or the route's running one for 0. One that was only planned is started.

    Raises SettingsInvalid when there is none.
    """
    with work.runtime.database.read() as session:
        found: Migration | None
        if migration_id:
            found = order_migrations.migration_by_id(session, work.tenant.id, migration_id)
        else:
            of_route = order_migrations.list_migrations(session, work.tenant.id, work.route.id)
            latest = [one for one in of_route if one.state in LIVE] or of_route
            found = latest[0] if latest else None
    if found is None or found.route_id != work.route.id:
        raise SettingsInvalid(f"route {work.route.slug!r} has no migration {migration_id or ''}; see: boekbrug migrate")
    if found.state is MigrationState.PLANNED:
        return start(work.runtime, work.tenant.id, found.id, accepts_earlier_periods=False, who="Prefect")
    return found


@contextmanager
def migrating(work: RouteWork) -> Iterator[RunReport]:
    """A run of a migration. Another one is scheduled before it does anything, in case it does not come to its end."""
    with running(work, MIGRATE_ORDERS) as report:
        continue_at(work, work.now() + WATCHED_AFTER, MIGRATE_ORDERS, exactly=True)
        yield report


def bring_history_over(work: RouteWork, migration: Migration, report: RunReport) -> None:
    """As far as the window and the budget go."""
    bring_over(work, migration.id, TaskSteps(migration.id), report)


def publish_history(work: RouteWork, chosen: Migration, report: RunReport) -> State[Any]:
    """Leaves the progress and the statement, schedules the next run where there is to be one, and returns how this one
    ended."""
    standing = take_note(work, chosen.id)
    migration = standing.migration
    show_progress(work, standing)
    key = f"migration-{work.tenant.slug}-{work.route.slug}-{migration.id}-statement"
    create_markdown_artifact(key=key, markdown=migration.statement, description=said(work, standing, report))
    if report.goes_on_at is not None:
        continue_at(work, report.goes_on_at, MIGRATE_ORDERS, exactly=True)
    else:
        call_off(work, PrefectScheduler(), MIGRATE_ORDERS, own_run=str(runtime.flow_run.id or ""))
    return Completed(message=said(work, standing, report))


def said(work: RouteWork, standing: Standing, report: RunReport) -> str:
    """The run in a sentence."""
    counts, migration = standing.counts, standing.migration
    parts = [f"migration {migration.id} is {migration.state}: {report.pushed.posted} posted now"]
    parts.append(f"{counts.posted + counts.was_there} of {migration.shop_count} in the books")
    if counts.waiting:
        parts.append(f"{counts.waiting} waiting")
    if report.goes_on_at is not None:
        parts.append(f"goes on at {report.goes_on_at.astimezone(work.zone):%d-%m %H:%M}")
    if migration.finishes_at is not None and migration.state is MigrationState.RUNNING:
        parts.append(f"done at {migration.finishes_at.astimezone(work.zone):%d-%m %H:%M}")
    return ", ".join(parts)


def show_progress(work: RouteWork, standing: Standing) -> None:
    """The migration's progress as one artifact, whichever run it is that shows it."""
    migration = standing.migration
    text = f"{work.tenant.slug}, route {work.route.slug}, {migration.first_on} to {migration.last_on}"
    if migration.artifact_id:
        try:
            update_progress_artifact(UUID(migration.artifact_id), standing.progress, text)
            return
        except ObjectNotFound:
            get_run_logger().info("the server no longer knows the progress shown before")
    key = f"migration-{work.tenant.slug}-{work.route.slug}-{migration.id}"
    artifact_id = create_progress_artifact(standing.progress, key=key, description=text)
    with work.runtime.database.write() as session:
        order_migrations.keep(session, work.tenant.id, migration.id, artifact_id=str(artifact_id))
