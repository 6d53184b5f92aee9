"""Planning a migration: what the source has in a period, what would become of it, and when it would be done.

Reads from both sides, page by page, and writes nothing remotely.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from boekbrug.domain.documents import UnreadableDocument
from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.findings import Finding, blocking
from boekbrug.domain.forecast import Conditions, Forecast, forecast
from boekbrug.domain.migrations import Migration, MigrationPlan
from boekbrug.domain.records import DONE, Lane, SyncStatus
from boekbrug.domain.snapshots import Document
from boekbrug.domain.windows import DailyWindow
from boekbrug.store import budgets, migration_records, order_migrations, tenants
from boekbrug.store.rows import in_chunks
from mappings.bookings import debtor_number_for
from mappings.eligibility import Verdict
from mappings.periods import earlier_period
from mappings.references import our_reference
from mappings.source_documents import dated_on
from tasks.fetching import Terms, historic, judged_by
from tasks.progress import Progress, unwatched
from tasks.route_work import RouteWork
from tasks.runtime import Runtime
from tasks.streams import Given
from tasks.transforming import judge

# So many days are read at a time: what was read is then done with, however long the period is.
CHUNK = timedelta(days=7)
# Until documents were written on the account, one is taken to last so long.
ASSUMED_DURATION = timedelta(seconds=1)


@dataclass(slots=True)
class _Tally:
    """What planning counts."""

    read: int = 0
    to_post: Counter[date] = field(default_factory=Counter)
    was_there: int = 0
    with_daily: int = 0
    earlier_to_post: Counter[date] = field(default_factory=Counter)
    earlier_refused: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def draft_migration(
    runtime: Runtime,
    tenant: tenants.Tenant,
    route_id: int,
    first_on: date,
    last_on: date,
    *,
    window: DailyWindow,
    per_window: int | None,
    who: str,
) -> int:
    """Begins a plan, without opening a connection, and returns its id; `make_plan` makes it one that can be started.

    Raises SettingsInvalid for a period that has not ended, or a route whose migration has not ended.
    """
    now = runtime.clock.now()
    today = now.astimezone(ZoneInfo(tenant.time_zone)).date()
    if not first_on <= last_on < today:
        raise SettingsInvalid(f"from {first_on} to {last_on} is not a stretch of past days; today is {today}")
    with runtime.database.write() as session:
        return order_migrations.draft(
            session,
            tenant.id,
            route_id,
            first_on=first_on,
            last_on=last_on,
            window=window,
            per_window=per_window,
            shop_count=0,
            who=who,
            now=now,
        )


def plan_migration(
    work: RouteWork,
    first_on: date,
    last_on: date,
    *,
    window: DailyWindow,
    per_window: int | None,
    who: str,
    progress: Progress = unwatched,
) -> tuple[Migration, Forecast]:
    """Makes a plan that can be started, and tells how it would go.

    Raises SettingsInvalid for a period that has not ended, a window of no documents, or a route whose migration has
    not ended.
    """
    migration_id = draft_migration(
        work.runtime,
        work.tenant,
        work.route.id,
        first_on,
        last_on,
        window=window,
        per_window=per_window,
        who=who,
    )
    return make_plan(work, migration_id, progress)


def make_plan(work: RouteWork, migration_id: int, progress: Progress = unwatched) -> tuple[Migration, Forecast]:
    """Makes what was drafted a plan that can be started, and tells how it would go. How far it is stands with it.

    Raises SettingsInvalid when a newer plan replaced this one.
    """
    tenant_id = work.tenant.id
    with work.runtime.database.read() as session:
        migration = order_migrations.migration_by_id(session, tenant_id, migration_id)
    shop_count = count_dated(work, migration.first_on, migration.last_on)
    _note(work, migration_id, 0, shop_count)
    read_books(work, migration)
    tally = _Tally()
    for page in pages(work, migration.first_on, migration.last_on):
        _count(work, migration, page, tally)
        _note(work, migration_id, tally.read, shop_count)
        progress("plan", tally.read, shop_count)
    plan = MigrationPlan(
        shop_count=shop_count,
        read=tally.read,
        to_post=dict(sorted(tally.to_post.items())),
        was_there=tally.was_there,
        with_daily=tally.with_daily,
        skipped=dict(tally.skipped.most_common()),
        refused=dict(tally.refused.most_common()),
        earlier_to_post=dict(sorted(tally.earlier_to_post.items())),
        earlier_refused=dict(tally.earlier_refused.most_common()),
    )
    foreseen = foresee(work, migration, plan.posting(earlier_periods=False))
    with work.runtime.database.write() as session:
        order_migrations.keep_plan(session, tenant_id, migration_id, plan, foreseen.finishes_at)
        return order_migrations.migration_by_id(session, tenant_id, migration_id), foreseen


def _note(work: RouteWork, migration_id: int, read: int, shop_count: int) -> None:
    with work.runtime.database.write() as session:
        order_migrations.note_planning(
            session, work.tenant.id, migration_id, read=read, shop_count=shop_count, now=work.now()
        )


def count_dated(work: RouteWork, first_on: date, last_on: date) -> int:
    """How many documents of these days the source itself counts."""
    return sum(stream.count_dated(first_on, last_on) for stream in work.streams)


def pages(work: RouteWork, first_on: date, last_on: date) -> Iterator[Sequence[Given]]:
    """The source's documents of these days, some days at a time."""
    while first_on <= last_on:
        end = chunk_end(first_on, last_on)
        for stream in work.streams:
            yield from stream.read_dated(first_on, end)
        first_on = end + timedelta(days=1)


def chunk_end(first_on: date, last_on: date) -> date:
    """The last day that is read together with `first_on`."""
    return min(first_on + CHUNK - timedelta(days=1), last_on)


def read_books(work: RouteWork, migration: Migration) -> None:
    """Remembers what the books hold with a reference of ours, so that it is recognised wherever it came from.

    No document is booked before its own day.
    """
    tenant_id = work.tenant.id
    with work.runtime.database.write() as session:
        order_migrations.forget_booked(session, tenant_id, migration.id)
    since = migration.first_on - timedelta(days=1)
    for part in in_chunks(one for one in work.target.read_documents_booked(since) if one.our_reference):
        found = [
            order_migrations.Booked(
                our_reference=one.our_reference, target_ref=one.target_ref, number=one.number, booked_on=one.booked_on
            )
            for one in part
        ]
        with work.runtime.database.write() as session:
            order_migrations.add_booked(session, tenant_id, migration.id, found)


def foresee(work: RouteWork, migration: Migration, documents: int) -> Forecast:
    """When so many documents will be through, from now on and if nobody else used the account."""
    now, budget = work.now(), work.document_budget
    conditions = Conditions(
        budget=budget,
        reserve=work.reserve,
        window=migration.window,
        zone=work.zone,
        per_window=migration.per_window,
        pace=_pace(work),
        patience=timedelta(seconds=work.runtime.settings.patience_seconds),
    )
    opens_at, _ = migration.window.span(now, work.zone)
    with work.runtime.database.read() as session:
        return forecast(
            documents,
            conditions,
            now=now,
            ends=budgets.ends_in_use(session, budget, now=now),
            blocked_until=budgets.usage(session, budget, now=now).blocked_until,
            done_in_window=migration_records.written_since(session, work.tenant.id, migration.id, opens_at),
        )


def _pace(work: RouteWork) -> timedelta:
    with work.runtime.database.read() as session:
        duration = budgets.mean_duration(session, work.document_budget)
    return (ASSUMED_DURATION if duration is None else duration) / work.target_settings.concurrency


def booked_at(work: RouteWork, day: date | None) -> datetime:
    """A moment on the day that a document of the books bears; now when it bears none."""
    return work.now() if day is None else datetime.combine(day, time(), work.zone).astimezone(UTC)


def _count(work: RouteWork, migration: Migration, page: Sequence[Given], tally: _Tally) -> None:
    tenant_id = work.tenant.id
    references = {document.source_ref: our_reference(document.source_ref, work.source_name) for document in page}
    with work.runtime.database.read() as session:
        known = migration_records.known(session, tenant_id, work.route.id, references)
        booked = order_migrations.booked(session, tenant_id, migration.id, references.values())
    terms = Terms(lane=Lane.MIGRATION, policy=historic(work.route.policy))
    for document in page:
        tally.read += 1
        here = known.get(document.source_ref)
        if (here and here.status in DONE) or references[document.source_ref] in booked:
            tally.was_there += 1
        elif here and here.lane is not Lane.MIGRATION and here.status in (SyncStatus.PENDING, SyncStatus.IN_FLIGHT):
            tally.with_daily += 1
        else:
            _count_one(work, document, terms, tally)


def _count_one(work: RouteWork, document: Given, terms: Terms, tally: _Tally) -> None:
    judged = judged_by(work, document, terms)
    if judged.verdict is not Verdict.GOES:
        code = judged.reason.code if judged.reason else judged.verdict.value
        tally.skipped[code] += 1
        return
    if isinstance(document, UnreadableDocument):
        tally.refused[_code(document.findings)] += 1
        return
    earlier = earlier_period(dated_on(document), work.today, terms.policy, work.target.traits) is not None
    problems = _problems(work, document)
    if problems:
        (tally.earlier_refused if earlier else tally.refused)[_code(problems)] += 1
    else:
        (tally.earlier_to_post if earlier else tally.to_post)[dated_on(document)] += 1


def _problems(work: RouteWork, document: Document) -> tuple[Finding, ...]:
    """What would keep it from going over. What only the customer's own debtor can tell shows when it is
    posted: asking for every debtor would take as long as posting."""
    judged = judge(work, document)
    found = blocking(judged.findings)
    if found or judged.document is None or debtor_number_for(judged.document, work.route.mapping) is not None:
        return found
    obstacles = blocking(work.target.check_contact(judged.document.contact))
    if obstacles and work.target.find_contacts(judged.document.contact):
        return ()  # nobody needs to be created
    return obstacles


def _code(findings: Sequence[Finding]) -> str:
    return next((f.code for f in findings if f.blocks), "DOCUMENT_UNREADABLE")
