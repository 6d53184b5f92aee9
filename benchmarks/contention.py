"""Eight processes on one account: what the store hands out when everybody wants it at once."""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import psycopg

from benchmarks.large_store import add_tenants
from benchmarks.ledger import Request, most_in_any_period, share_in_use
from benchmarks.report import Result
from boekbrug.domain.budgets import Budget
from boekbrug.domain.records import AttemptOutcome, Lane
from boekbrug.store import budgets
from boekbrug.store.database import Database
from tests.postgres import running

BENCH = "contention"
PROCESSES = 8
LIMIT = 20
PERIOD = 10.0
REQUEST = 0.002  # seconds that the remote side takes


def run(periods: int) -> Iterator[Result]:
    """On both databases: so many periods under a limit, then a few seconds without one."""
    for opened in (_sqlite, _postgresql):
        with opened() as (name, address):
            requests = _contest(address, "limited", LIMIT, periods * PERIOD)
            most = most_in_any_period(requests, PERIOD)
            yield Result(BENCH, f"{name}: most in any {PERIOD:.0f} s", f"≤ {LIMIT}", str(most), most <= LIMIT)
            first = min(request.began for request in requests) + PERIOD
            share = share_in_use(requests, LIMIT, PERIOD, first, first + (periods - 1) * PERIOD)
            yield Result(BENCH, f"{name}: slots in use while all wait", "≥ 99 %", f"{share:.1%}", share >= 0.99)
            free = _contest(address, "free", 1_000_000, PERIOD)
            rate = len(free) / (max(one.ended for one in free) - min(one.began for one in free))
            yield Result(BENCH, f"{name}: slots handed out and given back", "", f"{rate:.0f} per second")


def _contest(address: str, account: str, limit: int, seconds: float) -> list[Request]:
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(PROCESSES)
    with tempfile.TemporaryDirectory(prefix="boekbrug-bench-") as folder:
        logs = [Path(folder) / f"{number}.json" for number in range(PROCESSES)]
        processes = [
            spawn.Process(target=_take_slots, args=(address, account, limit, seconds, start, log)) for log in logs
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        if any(process.exitcode for process in processes):
            raise RuntimeError("a process of the contest failed")
        return [Request(*line) for log in logs for line in json.loads(log.read_text())]


def _take_slots(address: str, account: str, limit: int, seconds: float, start: Barrier, log: Path) -> None:
    database = Database(address)
    budget = Budget(account=account, name="documents", limit=limit, period=timedelta(seconds=PERIOD))
    done: list[tuple[float, float]] = []
    start.wait(120)
    until = time.time() + seconds
    while time.time() < until:
        with database.write() as session:
            taken = budgets.take(
                session,
                [budget],
                tenant_id=1,
                record_id=None,
                kind="document",
                lane=Lane.DAILY,
                now=datetime.now(UTC),
                lease_seconds=60,
                soon=budgets.SOON,
            )
        if isinstance(taken, budgets.Slot):
            time.sleep(taken.wait_seconds)
        began = time.time()
        if isinstance(taken, budgets.NotBefore):
            time.sleep(max(0.0, min(taken.moment.timestamp(), until) - began))
            continue
        time.sleep(REQUEST)
        ended = time.time()
        with database.write() as session:
            budgets.finish(session, taken, AttemptOutcome.WRITTEN, datetime.now(UTC))
        done.append((began, ended))
    database.close()
    log.write_text(json.dumps(done))


@contextmanager
def _sqlite() -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory(prefix="boekbrug-bench-") as folder:
        yield "SQLite", _prepared(f"sqlite:///{Path(folder) / 'boekbrug.db'}")


@contextmanager
def _postgresql() -> Iterator[tuple[str, str]]:
    with running() as server:
        # The tests' server forgets commits when the power fails; here a commit costs what it costs.
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM RESET ALL")
            connection.execute("SELECT pg_reload_conf()")
        with server.database(migrated=False) as address:
            yield server.version, _prepared(address)


def _prepared(address: str) -> str:
    database = Database(address)
    database.migrate()
    add_tenants(database, 1)
    database.close()
    return address
