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

from benchmarks.large_store import NOW, filled
from benchmarks.report import Result
from benchmarks.store import percentile
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
# {t}: a tenant by lot, {r}: one of its documents.
PAGES = {
    "overview": "/t/t{t}",
    "report": "/t/t{t}/documents",
    "report, one status": "/t/t{t}/documents?status=needs_attention",
    "report, a month by booking": "/t/t{t}/documents?by=posted&first=2026-01-01&last=2026-01-31",
    "report, a number looked for": "/t/t{t}/documents?text={r}",
    "document": "/t/t{t}/documents/{r}",
    "errors": "/t/t{t}/errors",
    "errors, one cause": "/t/t{t}/errors/needs_attention/REFUSED_BY_BOOKS",
    "migrations": "/t/t{t}/migrations",
    "runs": "/t/t{t}/runs",
    "administrations, all of them": "/tenants",
    "errors of all administrations": "/tenants/errors",
    "notifications": "/notifications",
}


def run(tenants: int, many: int) -> Iterator[Result]:
    """Each page so many times, for a tenant and a document by lot, by a user who belongs to all tenants."""
    with tempfile.TemporaryDirectory(prefix="boekbrug-bench-") as folder:
        database = filled(Path(folder) / "pages.db", many, tenants)
        clock = ManualClock(NOW)
        token = _prepared(database, tenants)
        settings = Settings(home=Path(folder))
        runtime = Runtime(settings, database, clock, SealingKey(SealingKey.generate()))
        with TestClient(app_for(runtime), follow_redirects=False) as client:
            client.cookies.set("boekbrug-session", token)
            for name, address in PAGES.items():
                lots, times, size = random.Random(3), [], 0
                for _ in range(TIMES):
                    tenant = lots.randint(1, tenants)
                    record = tenant + tenants * lots.randrange(many // tenants)
                    began = time.perf_counter()
                    answer = client.get(address.format(t=tenant, r=record))
                    times.append(time.perf_counter() - began)
                    if answer.status_code != 200:
                        raise RuntimeError(f"{address} answered {answer.status_code}")
                    size = len(answer.content)
                slow, middle = (percentile(times, part) * 1000 for part in (95, 50))
                yield Result(
                    BENCH,
                    f"{name}; {tenants:,} tenants, {many:,} documents",
                    f"≤ {MOST} ms (95th %)",
                    f"{slow:.0f} ms; median {middle:.0f} ms; {size / 1024:.0f} kB",
                    slow <= MOST,
                )
        database.close()


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
