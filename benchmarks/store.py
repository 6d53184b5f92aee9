"""The queries of flows and pages on a large store, against the same on a small one."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sqlmodel import Session

from benchmarks.large_store import CODES, NOW, dealt, filled
from benchmarks.report import Result
from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.records import SyncStatus
from boekbrug.store import records, tenants

BENCH = "store"
MOST = 50  # milliseconds
TENANTS = 1000
FEW = 50_000
TIMES = 200
Query = Callable[[Session, int, int], object]
QUERIES: Mapping[str, Query] = {
    "due": lambda s, tenant, _: records.due(s, tenant, tenant, NOW, limit=50),
    "next_due_at": lambda s, tenant, _: records.next_due_at(s, tenant, tenant, NOW),
    "counts": lambda s, tenant, _: records.counts(s, tenant, tenant),
    "listing, newest page": lambda s, tenant, _: records.listing(s, tenant),
    "listing, a page of errors": lambda s, tenant, _: records.listing(
        s, tenant, statuses=(SyncStatus.NEEDS_ATTENTION,), finding_code=CODES[0]
    ),
    "listing, a page in the middle": lambda s, tenant, record: records.listing(s, tenant, before_id=record),
    "what waits, on the route": lambda s, tenant, _: records.listing(
        s, tenant, route_id=tenant, statuses=(SyncStatus.PENDING, SyncStatus.NEEDS_ATTENTION)
    ),
    "error_groups": lambda s, tenant, _: records.error_groups(s, tenant),
    "stale_in_flight": lambda s, tenant, _: records.stale_in_flight(s, tenant, tenant, NOW),
    "unverified": lambda s, tenant, _: records.unverified(s, tenant, tenant, limit=50),
    "held": lambda s, tenant, _: records.held(s, tenant, tenant, limit=50),
    "outdated_skips": lambda s, tenant, _: records.outdated_skips(s, tenant, tenant, 2, limit=50),
    "by_numbers": lambda s, tenant, record: records.by_numbers(s, tenant, [str(record), str(record + 1000)]),
    "by_source_ref": lambda s, tenant, record: records.by_source_ref(
        s, tenant, tenant, ExternalRef("mijnwebwinkel", "order", str(record))
    ),
    "history": lambda s, tenant, record: records.history(s, tenant, record),
    "status of a tenant's routes": lambda s, tenant, _: [
        records.counts(s, tenant, route.id) for route in tenants.list_routes(s, tenant)
    ],
}


def run(many: int) -> Iterator[Result]:
    """Each query so many times, for a tenant by lot; the stores take turns."""
    with tempfile.TemporaryDirectory(prefix="boekbrug-bench-") as folder:
        small, large = (filled(Path(folder) / f"{count}.db", count, TENANTS) for count in (FEW, many))
        for name, query in QUERIES.items():
            lots = random.Random(1)
            times: dict[int, list[float]] = {FEW: [], many: []}
            for _ in range(TIMES):
                tenant = lots.randint(1, TENANTS)
                for database, count in ((small, FEW), (large, many)):
                    record = tenant + TENANTS * lots.randrange(dealt(count) // TENANTS)
                    began = time.perf_counter()
                    with database.read() as session:
                        query(session, tenant, record)
                    times[count].append(time.perf_counter() - began)
            few, most = (percentile(times[count], 95) * 1000 for count in (FEW, many))
            ratio = percentile(times[many], 50) / percentile(times[FEW], 50)
            yield Result(
                BENCH,
                f"{name}, of {many:,}",
                f"≤ {MOST} ms (95th %)",
                f"{most:.1f} ms; of {FEW:,}: {few:.1f} ms; medians {ratio:.1f} ×",
                most <= MOST,
            )
        small.close()
        large.close()


def percentile(values: list[float], percent: int) -> float:
    return sorted(values)[len(values) * percent // 100]
