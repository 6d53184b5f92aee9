"""Eight processes on one account and one route: the budget holds in every window, each document is written by one of
them, and nobody is sent away by the database, while others keep looking at the same documents and hurrying them."""

import json
import multiprocessing
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

from boekbrug.domain.budgets import Budget
from boekbrug.domain.documents import ExternalRef
from boekbrug.domain.records import AttemptOutcome, Lane
from boekbrug.store import budgets, moves, observations, records, tenants
from boekbrug.store.database import Database
from tests.store.samples import add_tenant, observation

PERIOD = timedelta(seconds=1)
LIMIT = 20
DOCUMENTS = 60
OF = Budget(account="books", name="documents", limit=LIMIT, period=PERIOD)
PUSHING = 6


def _now() -> datetime:
    return datetime.now(UTC)


def _push(address: str, tenant_id: int, route_id: int, start: Barrier, log: Path) -> None:
    """What a run does with each document, with a wait of a millisecond in the place of the remote write."""
    database, written = Database(address), []
    start.wait(60)
    while True:
        with database.read() as session:
            due = records.due(session, tenant_id, route_id, _now(), limit=5)
            counted = records.counts(session, tenant_id, route_id)
        if counted["posted"] == DOCUMENTS:  # type: ignore[index]
            break
        for record in due or ():
            with database.write() as session:
                taken = budgets.take(
                    session, [OF], tenant_id=tenant_id, record_id=record.id, kind="document", lane=Lane.DAILY,
                    now=_now(), lease_seconds=30,
                )  # fmt: skip
                mine = isinstance(taken, budgets.Slot) and moves.claim(session, tenant_id, record.id, _now(), 30)
                if isinstance(taken, budgets.Slot) and not mine:
                    budgets.cancel(session, taken)
            if isinstance(taken, budgets.NotBefore):
                time.sleep(max(0.0, (taken.moment - _now()).total_seconds()))
                break
            if not mine:
                continue
            began = time.time()
            time.sleep(0.001)
            ended = time.time()
            with database.write() as session:
                budgets.finish(session, taken, AttemptOutcome.WRITTEN, _now())
                moves.mark_posted(
                    session, tenant_id, record.id, _now(),
                    target_ref=ExternalRef("books", "invoice", record.number), target_number=record.number,
                    posted_at=_now(),
                )  # fmt: skip
            written.append((record.id, began, ended))
    log.write_text(json.dumps(written))
    database.close()


def _look(address: str, tenant_id: int, route_id: int, start: Barrier, log: Path) -> None:
    """A run that reads the shop while the others write: all documents changed since, in ever another order."""
    database, rounds = Database(address), 0
    start.wait(60)
    while True:
        rounds += 1
        seen = [observation(str(number), fingerprint=f"{number} {rounds}") for number in range(DOCUMENTS)]
        with database.write() as session:
            observations.observe(session, tenant_id, route_id, seen[:: -1 if rounds % 2 else 1], _now(), version=1)
            if records.counts(session, tenant_id, route_id)["posted"] == DOCUMENTS:  # type: ignore[index]
                break
        time.sleep(0.05)
    log.write_text("[]")
    database.close()


def _hurry(address: str, tenant_id: int, route_id: int, start: Barrier, log: Path) -> None:
    """A person who presses Verwerk again and again."""
    database = Database(address)
    start.wait(60)
    while True:
        numbers = [str(number) for number in range(DOCUMENTS)]
        with database.write() as session:
            moves.retry(session, tenant_id, _now(), who="test", route_id=route_id, numbers=numbers[::-1])
            if records.counts(session, tenant_id, route_id)["posted"] == DOCUMENTS:  # type: ignore[index]
                break
        time.sleep(0.05)
    log.write_text("[]")
    database.close()


def test_eight_processes_keep_the_budget_and_write_each_document_once(
    database: Database, address: str, tmp_path: Path
) -> None:
    with database.write() as session:
        route: tenants.Route = add_tenant(session)
        seen = [observation(str(number)) for number in range(DOCUMENTS)]
        observations.observe(session, route.tenant_id, route.id, seen, _now(), version=1)
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(["boekbrug.store.budgets", "boekbrug.store.observations", "alembic"])
    start = server.Barrier(PUSHING + 2)
    jobs = [_push] * PUSHING + [_look, _hurry]
    logs = [tmp_path / f"{number}.json" for number in range(len(jobs))]
    processes = [
        server.Process(target=job, args=(address, route.tenant_id, route.id, start, log))
        for job, log in zip(jobs, logs, strict=True)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    with suppress(ValueError):
        for process in processes:
            process.kill()
    assert [process.exitcode for process in processes] == [0] * len(jobs)

    written = [tuple(line) for log in logs for line in json.loads(log.read_text())]
    assert len(written) == len({record for record, _, _ in written}) == DOCUMENTS
    # The remote side may have counted a request at any moment between its start and its end.
    for _, moment, _ in written:
        counted = [1 for _, began, ended in written if began <= moment and ended > moment - PERIOD.total_seconds()]
        assert len(counted) <= LIMIT
    assert len([log for log in logs if json.loads(log.read_text())]) > 1  # it was a contest
