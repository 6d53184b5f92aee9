"""Every page of the dashboard on a large store, asked for as a browser does, without the network in between."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import insert

from benchmarks.large_store import NOW, dealt, filled
from benchmarks.report import Result
from benchmarks.store import Times, percentile, told
from boekbrug.domain.clock import ManualClock
from boekbrug.domain.users import Role
from boekbrug.settings import Settings
from boekbrug.store import sessions, users
from boekbrug.store.credentials import SealingKey
from boekbrug.store.database import Database
from boekbrug.store.tables import MembershipRow, RunRow
from dashboard.app import app_for
from tasks.runtime import Runtime

BENCH = "pages"
MOST = 500  # milliseconds
TIMES = 60
# {t}: a tenant, {r}: one of its documents.
PAGES = {
    "overview": "/t/t{t}",
    "report": "/t/t{t}/documents",
    "report, a page in the middle": "/t/t{t}/documents?after=2025-03-01T00:00:00%2B00:00~0",
    "report, one status": "/t/t{t}/documents?status=needs_attention",
    "report, two statuses, oldest first": "/t/t{t}/documents?status=held&status=verified&order=oldest",
    "report, a month by booking": "/t/t{t}/documents?by=posted&first=2026-01-01&last=2026-01-31",
    "report, a number looked for": "/t/t{t}/documents?text={r}",
    "report, a customer looked for": "/t/t{t}/documents?text=de+vries.",
    "report, a text that is nowhere": "/t/t{t}/documents?text=nowhere",
    "document": "/t/t{t}/documents/{r}",
    "errors": "/t/t{t}/errors",
    "errors, one cause": "/t/t{t}/errors/needs_attention/REFUSED_BY_BOOKS",
    "migrations": "/t/t{t}/migrations",
    "runs": "/t/t{t}/runs",
    "connections": "/t/t{t}/connections",
    "connections, a new one": "/t/t{t}/connections/new?system=factuursturen",
    "connection": "/t/t{t}/connections/boeken",
    "connection's credentials": "/t/t{t}/connections/boeken/credentials",
    "connection's check": "/t/t{t}/connections/boeken/check",
    "routes": "/t/t{t}/routes",
    "routes, a new one": "/t/t{t}/routes/new",
    "route": "/t/t{t}/routes/verkoop",
    "route's policy": "/t/t{t}/routes/verkoop/policy",
    "route's versions": "/t/t{t}/routes/verkoop/versions",
    "route's rule": "/t/t{t}/routes/verkoop/rules/0",
    "administrations": "/tenants",
    "errors of all administrations": "/tenants/errors",
    "notifications": "/notifications",
}


def run(tenants: int, many: int) -> Iterator[Result]:
    """Each page so many times, by a user who belongs to all tenants: of a tenant by lot, and of the largest one."""
    with tempfile.TemporaryDirectory(prefix="boekbrug-bench-") as folder:
        database = filled(Path(folder) / "pages.db", many, tenants)
        clock = ManualClock(NOW)
        token = _prepared(database, tenants)
        settings = Settings(home=Path(folder))
        runtime = Runtime(settings, database, clock, SealingKey(SealingKey.generate()))
        with TestClient(app_for(runtime), follow_redirects=False) as client:
            client.cookies.set("boekbrug-session", token)
            for name, address in PAGES.items():
                yield _measured(client, name, address, tenants, many)
        database.close()


def _measured(client: TestClient, name: str, address: str, tenants: int, many: int) -> Result:
    """A page, of any tenant (which has one document in so many) and of the largest (which has a fifth of all)."""
    lots, own = random.Random(3), dealt(many) // tenants
    small = [
        (tenant, tenant + tenants * lots.randrange(own)) for tenant in lots.choices(range(2, tenants + 1), k=TIMES)
    ]
    times, size = _timed(client, address, small)
    said, met = f"{told(times)}; {size / 1024:.0f} kB", percentile(times.wall, 95) <= MOST
    if "{t}" in address:
        times, _ = _timed(client, address, [(1, lots.randrange(dealt(many), many) + 1) for _ in range(TIMES)])
        said += f"; of {own + many - dealt(many):,} documents: {told(times)}"
        met = met and percentile(times.wall, 95) <= MOST
    of = (
        f"{name}; {own:,} documents of {many:,}"
        if "{t}" in address
        else f"{name}; {tenants:,} tenants, {many:,} documents"
    )
    return Result(BENCH, of, f"≤ {MOST} ms (95th %)", said, met)


def _timed(client: TestClient, address: str, which: list[tuple[int, int]]) -> tuple[Times, int]:
    """The page of each tenant and document, and the last one's bytes."""
    times = Times()
    for tenant, record in which:
        began, worked = time.perf_counter(), time.process_time()
        answer = client.get(address.format(t=tenant, r=record))
        times.add(time.perf_counter() - began, time.process_time() - worked)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}")
    return times, len(answer.content)


def _prepared(database: Database, tenants: int) -> str:
    """A user who belongs to all tenants, each of which has had runs; the token of a session."""
    with database.write() as session:
        user = users.add_user(session, "bench@example.com", language="nl", now=NOW)
        numbers = range(1, tenants + 1)
        role = Role.INTEGRATOR.value
        members = [{"tenant_id": n, "user_id": user.id, "role": role} for n in numbers]
        session.connection().execute(insert(MembershipRow), members)
        ran = [
            {"tenant_id": n, "route_id": n, "flow_run_id": f"{n}-{day}", "started_at": NOW - timedelta(days=day),
             "ended_at": NOW - timedelta(days=day), "outcome": "completed", "counts": '{"posted": 20}', "message": ""}
            for day in range(30, 0, -1) for n in numbers
        ]  # fmt: skip
        session.connection().execute(insert(RunRow), ran)
        return sessions.start_session(session, user.id, NOW, timedelta(hours=12))
