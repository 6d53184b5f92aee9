"""Bringing history over: chunk by chunk read, judged and pushed in the migration's lane, until all of it is accounted
for.

Days are read only when little is left to push, so that what waits stays small, and what was read is committed, so that
a run that dies is simply done again. See `tasks.planning` for the plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from boekbrug.domain.findings import finding
from boekbrug.domain.migrations import Migration, MigrationState
from boekbrug.domain.records import DONE, Lane, SyncStatus
from boekbrug.store import migration_records, moves, order_migrations, records
from boekbrug.store.rows import findings_to_json
from mappings.periods import period_start
from tasks.fetching import FetchResult, Terms, historic, keep_page
from tasks.planning import booked_at, chunk_end, count_dated, foresee, pages, read_books
from tasks.progress import Progress, unwatched
from tasks.pushing import PAUSE_AFTER_FAILURE, PushResult, line, look_up_unknown, push_due
from tasks.reporting import RunReport
from tasks.route_work import BATCH, RouteWork, due_batch, pausing
from tasks.settling import SettleResult, adopt_or_release, settle_and_adopt
from tasks.standing import Standing, read_migration, read_standing, statement
from tasks.transforming import TransformResult, transform_records
from tasks.verifying import VerifyResult, verify_posted

# For what the daily run still has to bring over, of the days that the migration is of.
LOOK_AGAIN_AFTER = timedelta(hours=1)


class Steps(Protocol):
    """The steps of a migration's run as whoever runs them carries them out: as Prefect tasks, or as they are."""

    def settle(self, work: RouteWork) -> SettleResult:
        """Clears up unknown outcomes."""
        ...

    def read(self, work: RouteWork, migration_id: int) -> FetchResult:
        """Reads the next days."""
        ...

    def push(self, work: RouteWork, limit: int) -> PushResult:
        """Pushes at most so many of the documents that are due."""
        ...

    def verify(self, work: RouteWork) -> VerifyResult:
        """Compares what was posted with the source."""
        ...


class PlainSteps:
    """The steps as they are. A connection that does not work until a person mends it is paused."""

    def __init__(self, progress: Progress = unwatched) -> None:
        self._progress = progress

    def settle(self, work: RouteWork) -> SettleResult:
        """Clears up unknown outcomes."""
        with pausing(work, work.route.target):
            return settle_and_adopt(work)

    def read(self, work: RouteWork, migration_id: int) -> FetchResult:
        """Reads the next days."""
        with pausing(work, work.route.source):
            return read_next_days(work, migration_id, self._progress)

    def push(self, work: RouteWork, limit: int) -> PushResult:
        """Pushes at most so many of the documents that are due."""
        with pausing(work, work.route.target):
            return push_due(work, self._progress, limit)

    def verify(self, work: RouteWork) -> VerifyResult:
        """Compares what was posted with the source."""
        with pausing(work, work.route.target):
            return verify_posted(work, self._progress)


@dataclass(slots=True)
class _Day:
    """The start of the VAT period for which what waits was looked at last."""

    checked: date | None = None


def bring_over(work: RouteWork, migration_id: int, steps: Steps, report: RunReport) -> None:
    """One run of a migration: as far as the window and the budget go. `report.goes_on_at` says when to run again; it
    is None when it is completed, paused or cancelled. Afterwards: `take_note`."""
    migration = read_migration(work, migration_id)
    if migration.state is not MigrationState.RUNNING:
        _let_go_of_cancelled(work, migration)
        return
    opens_at, closes_at = migration.window.span(work.now(), work.zone)
    if opens_at > work.now():
        report.goes_on_at = opens_at
        return
    work.halted = _halting(work, migration_id, closes_at)
    report.pushed = pushed = PushResult(adopted=steps.settle(work).adopted)
    _judge_anew(work, migration_id)
    with line(work, pushed):
        _push_all(work, migration_id, steps, report, opens_at)
        if look_up_unknown(work, pushed, steps.settle):
            _push_all(work, migration_id, steps, report, opens_at)  # what turned out not to be in the books
    report.verified = steps.verify(work)
    if not _complete(work, migration_id):
        report.goes_on_at = _goes_on_at(work, migration_id, pushed)
        _let_go_of_cancelled(work, read_migration(work, migration_id))


def take_note(work: RouteWork, migration_id: int) -> Standing:
    """Keeps the finishing time true, and the statement."""
    standing = read_standing(work, migration_id)
    migration = standing.migration
    finishes_at = migration.ended_at
    if migration.state is MigrationState.RUNNING:
        left = standing.counts.waiting + migration.plan.posting(
            earlier_periods=migration.accepts_earlier_periods, placed_from=migration.reached_on
        )
        finishes_at = foresee(work, migration, left).finishes_at
    text = statement(standing, work.tenant.language)
    with work.runtime.database.write() as session:
        order_migrations.keep(session, work.tenant.id, migration_id, finishes_at=finishes_at, statement=text)
    return Standing(read_migration(work, migration_id), standing.counts)


def read_next_days(work: RouteWork, migration_id: int, progress: Progress = unwatched) -> FetchResult:
    """Reads some days more, recognises what the books hold already, and judges the rest by the route's rules."""
    tenant_id = work.tenant.id
    migration = read_migration(work, migration_id)
    if migration.reached_on == migration.first_on:
        read_books(work, migration)  # the plan may be days old
    end = chunk_end(migration.reached_on, migration.last_on)
    result = _read(work, migration, migration.reached_on, end)
    with work.runtime.database.write() as session:
        order_migrations.reach(session, tenant_id, migration_id, end + timedelta(days=1))
    progress("read", (end - migration.first_on).days + 1, (migration.last_on - migration.first_on).days + 1)
    return result


# -- inside a run


def _let_go_of_cancelled(work: RouteWork, migration: Migration) -> None:
    """What was being written when somebody cancelled the migration, and came back unwritten, is skipped like the
    rest."""
    if migration.state is MigrationState.CANCELLED:
        reason = f"migration {migration.id} was cancelled"
        with work.runtime.database.write() as session:
            migration_records.put_off(
                session, work.tenant.id, migration.id, work.now(), reason=reason, who=migration.ended_by
            )


def _halting(work: RouteWork, migration_id: int, closes_at: datetime) -> Callable[[], bool]:
    def halted() -> bool:
        if work.now() >= closes_at:
            return True
        with work.runtime.database.read() as session:
            return order_migrations.state_of(session, work.tenant.id, migration_id) is not MigrationState.RUNNING

    return halted


def _push_all(work: RouteWork, migration_id: int, steps: Steps, report: RunReport, opens_at: datetime) -> None:
    pushed, day = report.pushed, _Day()
    while not pushed.stopped and not work.halted():
        migration = read_migration(work, migration_id)
        _keep_out_earlier_periods(work, migration, day)
        room = _room(work, migration, opens_at)
        if room == 0:
            pushed.goes_on_at = next_window(work, migration)
            return
        due = due_batch(work, room)
        if len(due) < room and not migration.all_read:
            fetched = steps.read(work, migration_id)
            report.fetched.read += fetched.read
            report.fetched.new += fetched.new
            continue
        if not due:
            return
        batch = steps.push(work, room)
        pushed.add(batch)
        if batch.tried == 0:
            return


def _room(work: RouteWork, migration: Migration, opens_at: datetime) -> int:
    """How many documents the next batch may hold."""
    if migration.per_window is None:
        return BATCH
    with work.runtime.database.read() as session:
        written = migration_records.written_since(session, work.tenant.id, migration.id, opens_at)
    return max(0, min(BATCH, migration.per_window - written))


def next_window(work: RouteWork, migration: Migration) -> datetime:
    """When the window after the present one opens."""
    spans = migration.window.spans(work.now(), work.zone)
    opens_at, _ = next(spans)
    return opens_at if opens_at > work.now() else next(spans)[0]


def _read(work: RouteWork, migration: Migration, first_on: date, last_on: date) -> FetchResult:
    result = FetchResult()
    for page in pages(work, first_on, last_on):
        refs = {document.source_ref for document in page}
        tenant_id, now = work.tenant.id, work.now()
        with work.runtime.database.write() as session:
            known = migration_records.known(session, tenant_id, work.route.id, refs)
            migration_records.take_over(
                session, tenant_id, [one.record_id for one in known.values() if one.status is SyncStatus.SKIPPED], now
            )
            known = migration_records.known(session, tenant_id, work.route.id, refs)
        # What the daily run has begun with is its own; the migration only counts it.
        dailys = {
            ref: one
            for ref, one in known.items()
            if one.lane is not Lane.MIGRATION and one.status not in DONE and one.status is not SyncStatus.SKIPPED
        }
        policy = historic(work.route.policy)
        ours = Terms(lane=Lane.MIGRATION, policy=policy, earlier_periods=migration.accepts_earlier_periods)
        done = Terms(lane=Lane.MIGRATION, policy=policy)
        terms = {ref: done if ref in known and known[ref].status in DONE else ours for ref in refs}
        outcomes = keep_page(work, [document for document in page if document.source_ref not in dailys], result, terms)
        was_there = {one.record_id: one.status in DONE for one in outcomes}
        was_there |= {one.record_id: False for one in dailys.values()}
        with work.runtime.database.write() as session:
            migration_records.meet(session, tenant_id, migration.id, was_there)
        _adopt(work, migration, [one.record_id for one in outcomes if one.status is SyncStatus.PENDING])
        result.read += len(dailys)
    return result


def _adopt(work: RouteWork, migration: Migration, record_ids: list[int]) -> TransformResult:
    """Recognises what stands in the books already, and judges what does not."""
    tenant_id, result = work.tenant.id, SettleResult()
    with work.runtime.database.read() as session:
        pending = records.by_ids(session, tenant_id, record_ids)
        references = [record.our_reference for record in pending]
        booked = order_migrations.booked(session, tenant_id, migration.id, references)
    left = []
    for record in pending:
        found = booked.get(record.our_reference)
        if not found:
            left.append(record)
            continue
        with work.runtime.database.write() as session:
            claim = moves.claim(session, tenant_id, record.id, work.now(), work.lease_seconds)
        if claim is not None:
            adopt_or_release(work, record, claim, found, result, posted_at=booked_at(work, found[0].booked_on))
            with work.runtime.database.write() as session:
                migration_records.mark_was_there(session, tenant_id, migration.id, record.id)
    return transform_records(work, (record for record in left if record.lane is Lane.MIGRATION))


def _judge_anew(work: RouteWork, migration_id: int) -> None:
    """Gives what the route's rules of before refused another chance under those of now."""
    with work.runtime.database.read() as session:
        found = list(migration_records.outdated(session, work.tenant.id, migration_id, work.route.version))
    for page in found:
        transform_records(work, page)


def _keep_out_earlier_periods(work: RouteWork, migration: Migration, day: _Day) -> None:
    """A VAT period may have ended since documents of it were read: without the shopkeeper's yes they stay out."""
    start_on = period_start(work.today, work.route.policy.vat_period)
    if migration.accepts_earlier_periods or not work.target.traits.dates_itself or day.checked == start_on:
        return
    day.checked = start_on
    reason = finding("EARLIER_VAT_PERIOD", date=f"< {start_on}", start=start_on)
    with work.runtime.database.write() as session:
        migration_records.put_off(
            session,
            work.tenant.id,
            migration.id,
            work.now(),
            reason=reason.code,
            findings=findings_to_json([reason]),
            code=reason.code,
            placed_before=datetime.combine(start_on, time(), work.zone).astimezone(UTC),
        )


def _complete(work: RouteWork, migration_id: int) -> bool:
    """Completes the migration when nothing of it waits, after reading the days once more if the source counts more."""
    tenant_id = work.tenant.id
    migration = read_migration(work, migration_id)
    if not migration.all_read or migration.state is not MigrationState.RUNNING:
        return False
    counts = read_standing(work, migration_id).counts
    if counts.waiting:
        return False
    shop_count = count_dated(work, migration.first_on, migration.last_on)
    if shop_count > counts.met:
        _read(work, migration, migration.first_on, migration.last_on)
    with work.runtime.database.write() as session:
        order_migrations.keep(session, tenant_id, migration_id, shop_count=shop_count)
        if any(migration_records.unfinished(session, tenant_id, migration_id)):
            return False
        order_migrations.change_state(
            session,
            tenant_id,
            migration_id,
            MigrationState.COMPLETED,
            among=[MigrationState.RUNNING],
            ended_at=work.now(),
        )
        order_migrations.forget_booked(session, tenant_id, migration_id)
        migration_records.hand_over(session, tenant_id, migration_id, work.now())
    return True


def _goes_on_at(work: RouteWork, migration_id: int, pushed: PushResult) -> datetime | None:
    """The next moment at which running makes sense, inside a window; None when it is paused or cancelled."""
    migration = read_migration(work, migration_id)
    if migration.state is not MigrationState.RUNNING:
        return None
    now = work.now()
    with work.runtime.database.read() as session:
        put_off = records.next_due_at(session, work.tenant.id, work.route.id, now, lanes=work.lanes)
        _, in_flight = migration_records.unfinished(session, work.tenant.id, migration_id)
    moment = pushed.goes_on_at or put_off
    if moment is None and (due_batch(work, 1) or not migration.all_read):
        moment = now + PAUSE_AFTER_FAILURE
    if moment is None:
        moment = work.settled_at() if in_flight else now + LOOK_AGAIN_AFTER
    return max(moment, migration.window.span(moment, work.zone)[0])
