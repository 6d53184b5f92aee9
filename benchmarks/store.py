"""The queries of flows and pages on a large store, each as they ask it."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlmodel import Session

from benchmarks.large_store import CODES, NOW, PERIOD, add_migrations, add_requests, dealt, filled
from benchmarks.report import Result
from boekbrug.domain.budgets import Budget
from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.records import Lane, SyncStatus
from boekbrug.store import attempts, budgets, migration_records, notifications, overviews, records, reports, tenants
from boekbrug.store.database import Database
from boekbrug.store.reports import DateKind, ReportFilter
from dashboard.pages import accounts
from tasks import fetching, reporting, settling, transforming, verifying
from tasks.route_work import BATCH, DAILY_LANES

BENCH = "store"
MOST = 50  # milliseconds
TENANTS = 1000
TIMES = 60
# Session, tenant (and its only route) and one of its documents.
Query = Callable[[Session, int, int], object]


def _refs(record: int) -> list[ExternalRef]:
    """A page of the source: a known document, and many new ones."""
    return [ExternalRef("mijnwebwinkel", "order", str(record)), *(ExternalRef("", "", f"new{n}") for n in range(99))]


def _budget(tenant: int) -> Budget:
    return Budget(account=f"account {tenant}", name="documents", limit=60, period=PERIOD)


QUERIES: Mapping[str, Query] = {
    # runs
    "due, a batch": lambda s, t, _: records.due(s, t, t, NOW, BATCH, lanes=DAILY_LANES),
    "due, what a person hurried": lambda s, t, _: records.due(
        s, t, t, NOW, fetching.LOOK_AGAIN_AT_MOST, lanes=[Lane.RUSH]
    ),
    "next_due_at": lambda s, t, _: records.next_due_at(s, t, t, NOW, lanes=DAILY_LANES),
    "counts at the end of a run": lambda s, t, _: records.counts(
        s, t, t, lanes=DAILY_LANES, statuses=reporting.COUNTED
    ),
    "stale_in_flight": lambda s, t, _: records.stale_in_flight(s, t, t, NOW, settling.PAGE),
    "in_flight_since": lambda s, t, record: records.in_flight_since(s, t, record),
    "pending_with_references, 500": lambda s, t, record: records.pending_with_references(
        s, t, t, [f"BB-{record + n * TENANTS}" for n in range(500)]
    ),
    "listing, what is read again": lambda s, t, _: records.listing(
        s, t, route_id=t, statuses=fetching.READ_AGAIN, lanes=DAILY_LANES, limit=fetching.LOOK_AGAIN_AT_MOST
    ),
    "outdated_skips, none": lambda s, t, _: records.outdated_skips(s, t, t, 1, limit=fetching.LOOK_AGAIN_AT_MOST),
    "outdated_skips, after a change": lambda s, t, _: records.outdated_skips(
        s, t, t, 2, limit=fetching.LOOK_AGAIN_AT_MOST
    ),
    "known, a page of the source": lambda s, t, record: migration_records.known(s, t, t, _refs(record)),
    "listing, what is transformed": lambda s, t, record: records.listing(
        s, t, route_id=t, statuses=transforming.WAITING, lanes=DAILY_LANES, before_id=record, limit=transforming.PAGE
    ),
    "unverified": lambda s, t, _: records.unverified(s, t, t, limit=verifying.PAGE),
    "by_numbers": lambda s, t, record: records.by_numbers(s, t, [str(record), str(record + TENANTS)]),
    "by_source_refs, one": lambda s, t, record: records.by_source_refs(s, t, t, _refs(record)[:1]),
    "budgets.usage": lambda s, t, _: budgets.usage(s, _budget(t), now=NOW),
    "budgets.mean_duration": lambda s, t, _: budgets.mean_duration(s, _budget(t)),
    "came_to, what needs attention": lambda s, t, _: notifications.came_to(
        s, t, SyncStatus.NEEDS_ATTENTION, NOW - timedelta(days=1), NOW
    ),
    # pages
    "counts of the overview": lambda s, t, _: [
        records.counts(s, t, route.id, statuses=(*reporting.COUNTED, SyncStatus.MISMATCH))
        for route in tenants.list_routes(s, t)
    ],
    "posted_counts, a month of a route": lambda s, t, _: reports.posted_counts(
        s, t, NOW - timedelta(days=31), NOW, route_id=t
    ),
    "error_groups": lambda s, t, _: records.error_groups(s, t),
    "listing, a page of errors": lambda s, t, _: records.listing(
        s, t, statuses=(SyncStatus.NEEDS_ATTENTION,), finding_code=CODES[0]
    ),
    "report_page, the newest": lambda s, t, _: reports.report_page(s, t, ReportFilter()),
    "report_page, one status": lambda s, t, _: reports.report_page(
        s, t, ReportFilter(statuses=frozenset({SyncStatus.NEEDS_ATTENTION}))
    ),
    "report_page, a month by booking": lambda s, t, _: reports.report_page(
        s, t, ReportFilter(by=DateKind.POSTED, since=NOW - timedelta(days=62), until=NOW - timedelta(days=31))
    ),
    "report_page, a number looked for": lambda s, t, record: reports.report_page(s, t, ReportFilter(text=str(record))),
    "report_page, a text that is nowhere": lambda s, t, _: reports.report_page(s, t, ReportFilter(text="nowhere")),
    "report_page, a name that many have": lambda s, t, _: reports.report_page(s, t, ReportFilter(text="bakker")),
    "report_page, a text looked for in all": lambda s, t, _: reports.report_page(
        s, t, ReportFilter(text="nowhere", in_all=True)
    ),
    "history": lambda s, t, record: records.history(s, t, record),
    "attempts_of": lambda s, t, record: attempts.attempts_of(s, t, record),
    "where a migration's documents are": lambda s, t, _: migration_records.counts(s, t, t),
    "standings, a page of administrations": lambda s, t, _: overviews.standings(
        s, range(t, min(t + accounts.PAGE, TENANTS + 1))
    ),
}


def run(many: int) -> Iterator[Result]:
    """Each query so many times: for a tenant by lot, and for the largest one."""
    with tempfile.TemporaryDirectory(prefix="boekbrug-bench-") as folder:
        database = filled(Path(folder) / "store.db", many, TENANTS)
        add_requests(database)
        add_migrations(database)
        yield from measured(database, many)
        database.close()


def measured(database: Database, many: int) -> Iterator[Result]:
    """The results of all queries on that store of so many documents."""
    lots, own = random.Random(1), dealt(many) // TENANTS
    small = [(tenant, tenant + TENANTS * lots.randrange(own)) for tenant in lots.choices(range(2, TENANTS), k=TIMES)]
    large = [(1, lots.randrange(dealt(many), many) + 1) for _ in range(TIMES)]
    for name, query in QUERIES.items():
        ordinary, largest = (_timed(database, query, which) for which in (small, large))
        yield Result(
            BENCH,
            f"{name}; {own:,} documents of {many:,}",
            f"≤ {MOST} ms (95th %)",
            f"{told(ordinary)}; of {own + many - dealt(many):,} documents: {told(largest)}",
            max(percentile(times.wall, 95) for times in (ordinary, largest)) <= MOST,
        )


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds that passed, and those of them in which the processor worked for us: other programs take theirs."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def add(self, wall: float, processor: float) -> None:
        """One more, in seconds."""
        self.wall.append(wall * 1000)
        self.processor.append(processor * 1000)


def _timed(database: Database, query: Query, which: list[tuple[int, int]]) -> Times:
    times = Times()
    for tenant, record in which:
        began, worked = time.perf_counter(), time.thread_time()
        with database.read() as session:
            query(session, tenant, record)
        times.add(time.perf_counter() - began, time.thread_time() - worked)
    return times


def told(times: Times) -> str:
    """The times as the table says them."""
    worked = percentile(times.processor, 50)
    return (
        f"{percentile(times.wall, 95):.1f} ms; median {percentile(times.wall, 50):.1f} ms, processor's {worked:.1f} ms"
    )


def percentile(values: list[float], percent: int) -> float:
    return sorted(values)[len(values) * percent // 100]
