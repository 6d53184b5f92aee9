"""The queries of flows and pages on a large store, against the same on a small one."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert
from sqlmodel import Session

from benchmarks.report import Result
from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.records import SyncStatus
from boekbrug.store import records, tenants
from boekbrug.store.database import Database
from boekbrug.store.tables import ConnectionRow, RecordRow, RouteRow, RouteVersionRow, TenantRow

BENCH = "store"
MOST = 50  # milliseconds
TENANTS = 1000
FEW = 50_000
TIMES = 200
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
_CHUNK = 20_000
# Of a hundred documents of a route that has been in use for long.
_STATUSES = (
    [SyncStatus.PENDING] * 4
    + [SyncStatus.NEEDS_ATTENTION] * 2
    + [SyncStatus.MISMATCH, SyncStatus.POSTED, SyncStatus.HELD, SyncStatus.IN_FLIGHT, SyncStatus.SKIPPED]
)
_CODES = ("REFUSED_BY_BOOKS", "VAT_NUMBER_MISSING", "TOTAL_DIFFERS")
_SNAPSHOT = '{"lines": "' + "x" * 1500 + '"}'  # as long as an ordinary order's

Query = Callable[[Session, int, int], object]
QUERIES: Mapping[str, Query] = {
    "due": lambda s, tenant, _: records.due(s, tenant, tenant, NOW, limit=50),
    "next_due_at": lambda s, tenant, _: records.next_due_at(s, tenant, tenant, NOW),
    "counts": lambda s, tenant, _: records.counts(s, tenant, tenant),
    "listing, newest page": lambda s, tenant, _: records.listing(s, tenant),
    "listing, a page of errors": lambda s, tenant, _: records.listing(
        s, tenant, statuses=(SyncStatus.NEEDS_ATTENTION,), finding_code=_CODES[0]
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
        small, large = (filled(Path(folder) / f"{count}.db", count) for count in (FEW, many))
        for name, query in QUERIES.items():
            lots = random.Random(1)
            times: dict[int, list[float]] = {FEW: [], many: []}
            for _ in range(TIMES):
                tenant = lots.randint(1, TENANTS)
                for database, count in ((small, FEW), (large, many)):
                    record = tenant + TENANTS * lots.randrange(count // TENANTS)
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


def filled(path: Path, count: int, tenants: int = TENANTS) -> Database:
    """A store of so many documents, dealt out to the tenants in turn."""
    database = Database(f"sqlite:///{path}")
    database.migrate()
    add_tenants(database, tenants)
    lots = random.Random(2)
    for first in range(1, count + 1, _CHUNK):
        with database.write() as session:
            rows = [_record(number, lots, tenants) for number in range(first, min(first + _CHUNK, count + 1))]
            session.connection().execute(insert(RecordRow), rows)
    return database


def add_tenants(database: Database, count: int) -> None:
    """Tenants with a shop, books and a route; the route's id is the tenant's."""
    numbers = range(1, count + 1)
    own = {"system": "mijnwebwinkel", "settings": "{}", "removed": False, "broken": False, "reason": ""}
    rows: Mapping[type, list[dict[str, object]]] = {
        TenantRow: [
            {"id": n, "slug": f"t{n}", "name": f"T {n}", "time_zone": "Europe/Amsterdam", "language": "nl",
             "created_at": NOW}
            for n in numbers
        ],
        ConnectionRow: [
            own | {"id": 2 * n + end, "tenant_id": n, "slug": slug} for n in numbers
            for end, slug in ((-1, "winkel"), (0, "boeken"))
        ],
        RouteRow: [
            {"id": n, "tenant_id": n, "slug": "verkoop", "source_id": 2 * n - 1, "target_id": 2 * n, "enabled": True,
             "removed": False, "schedule": "0 6 * * *", "version": 1}
            for n in numbers
        ],
        RouteVersionRow: [
            {"tenant_id": n, "route_id": n, "version": 1, "policy": '{"statuses": ["Betaald"]}', "mapping": "[]",
             "changed_by": "bench", "changed_at": NOW}
            for n in numbers
        ],
    }  # fmt: skip
    with database.write() as session:
        for table, values in rows.items():
            session.connection().execute(insert(table), values)


def _record(number: int, lots: random.Random, tenants: int) -> dict[str, object]:
    tenant = (number - 1) % tenants + 1
    lot = lots.randrange(100)
    status = _STATUSES[lot] if lot < len(_STATUSES) else SyncStatus.VERIFIED
    wrong = status in (SyncStatus.NEEDS_ATTENTION, SyncStatus.MISMATCH)
    seen_at = NOW - timedelta(minutes=lots.randrange(1_000_000))
    posted = status in (SyncStatus.POSTED, SyncStatus.VERIFIED, SyncStatus.MISMATCH)
    return {
        "id": number,
        "tenant_id": tenant,
        "route_id": tenant,
        "source_system": "mijnwebwinkel",
        "source_kind": "order",
        "source_id": str(number),
        "kind": "invoice",
        "number": str(number),
        "sequence": number,
        "our_reference": f"BB-{number}",
        "status": status.value,
        "wanted": SyncStatus.PENDING.value,
        "version": 1,
        "lane": 1,
        "fingerprint": f"{number:064}",
        "source_status": "3",
        "customer_key": f"k{number % 977}",
        "ordered_at": seen_at,
        "gross_cents": lots.randrange(1000, 100_000),
        "currency": "EUR",
        "reason": "",
        "finding_code": lots.choice(_CODES) if wrong else "",
        "skipped_by": "",
        "target_system": "factuursturen" if posted else "",
        "target_kind": "invoice" if posted else "",
        "target_id": str(number) if posted else "",
        "target_number": str(number) if posted else "",
        "claimed_until": NOW - timedelta(minutes=1) if status is SyncStatus.IN_FLIGHT else None,
        "created_at": seen_at,
        "updated_at": seen_at,
        "posted_at": seen_at if posted else None,
        "findings": "[]",
        "differences": "[]",
        "accepted": "[]",
        "snapshot": _SNAPSHOT,
    }
