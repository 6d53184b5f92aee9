"""Lanes hold across processes on one remote account: who waits is written down, and goes before the lanes below."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boekbrug.domain.budgets import Budget
from boekbrug.domain.records import AttemptOutcome, Lane
from boekbrug.domain.tenants import TenantConfig
from boekbrug.store import budgets, tenants, waiters
from boekbrug.store.database import Database

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DOCUMENTS = Budget(account="books", name="documents", limit=6, period=timedelta(hours=1))
CALLS = Budget(account="books", name="calls", limit=4, period=timedelta(minutes=1))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'boekbrug.db'}")
    opened.migrate()
    with opened.write() as session:
        for slug in ("acme", "other"):
            tenants.import_tenant(session, TenantConfig(slug=slug, name=slug), who="test", now=NOW)
    yield opened
    opened.close()


def take(
    database: Database, lane: Lane, *of: Budget, now: datetime = NOW, holder: str = "", reserve: int = 0
) -> budgets.Slot | budgets.NotBefore:
    with database.write() as session:
        return budgets.take(
            session,
            of or [DOCUMENTS],
            tenant_id=1,
            record_id=None,
            kind="test",
            lane=lane,
            now=now,
            lease_seconds=60,
            holder=holder,
            reserve=reserve,
        )


def wait(
    database: Database, lane: Lane, *of: Budget, holder: str = "h", tenant_id: int = 1, now: datetime = NOW
) -> None:
    with database.write() as session:
        waiters.wait_for(
            session,
            of or [DOCUMENTS],
            tenant_id=tenant_id,
            holder=holder,
            route="verkoop",
            lane=lane,
            now=now,
            until=now + timedelta(minutes=4),
        )


@pytest.mark.parametrize("waiter", Lane)
@pytest.mark.parametrize("taker", Lane)
def test_a_lower_lane_gets_nothing_while_a_higher_one_waits(database: Database, waiter: Lane, taker: Lane) -> None:
    wait(database, waiter, tenant_id=2)
    taken = take(database, taker)
    if waiter < taker:
        assert isinstance(taken, budgets.NotBefore)
        assert taken.behind is waiter
        assert taken.moment == NOW + timedelta(minutes=4)
    else:
        assert isinstance(taken, budgets.Slot)


def test_a_waiter_that_ended_died_or_wants_another_budget_bars_nobody(database: Database) -> None:
    wait(database, Lane.DAILY)
    with database.write() as session:
        waiters.stop_waiting(session, [DOCUMENTS], tenant_id=1, holder="h")
    assert isinstance(take(database, Lane.MIGRATION), budgets.Slot)

    wait(database, Lane.DAILY)  # and its process dies
    later = NOW + timedelta(minutes=4)
    assert isinstance(take(database, Lane.MIGRATION, now=later - timedelta(seconds=1)), budgets.NotBefore)
    assert isinstance(take(database, Lane.MIGRATION, now=later), budgets.Slot)

    wait(database, Lane.RUSH, CALLS, now=later)
    assert isinstance(take(database, Lane.MIGRATION, now=later), budgets.Slot)
    assert isinstance(take(database, Lane.MIGRATION, CALLS, now=later), budgets.NotBefore)
    assert isinstance(take(database, Lane.MIGRATION, DOCUMENTS, CALLS, now=later), budgets.NotBefore)


def test_nobody_waits_for_itself(database: Database) -> None:
    wait(database, Lane.RUSH, holder="route:1")
    assert isinstance(take(database, Lane.DAILY, holder="route:1"), budgets.Slot)
    assert isinstance(take(database, Lane.DAILY, holder="route:2"), budgets.NotBefore)


def test_waiting_again_keeps_the_place_and_the_list_says_who(database: Database) -> None:
    wait(database, Lane.DAILY, holder="a")
    wait(database, Lane.MIGRATION, holder="b", tenant_id=2, now=NOW + timedelta(minutes=1))
    wait(database, Lane.RUSH, holder="a", now=NOW + timedelta(minutes=2))
    with database.read() as session:
        found = waiters.waiting(session, "books", NOW + timedelta(minutes=3))
    assert [(one.tenant, one.lane, one.since) for one in found] == [
        ("acme", Lane.RUSH, NOW),
        ("other", Lane.MIGRATION, NOW + timedelta(minutes=1)),
    ]


def test_a_migration_never_takes_the_last_slots(database: Database) -> None:
    taken = [take(database, Lane.MIGRATION, reserve=2) for _ in range(6)]
    assert [isinstance(one, budgets.Slot) for one in taken] == [True] * 4 + [False] * 2
    assert [isinstance(take(database, Lane.DAILY, reserve=2), budgets.Slot) for _ in range(3)] == [True, True, False]
    # What the daily run used counts: of what comes free later, two are kept back again.
    later = NOW + timedelta(hours=1, seconds=60)
    assert isinstance(take(database, Lane.MIGRATION, reserve=2, now=later), budgets.Slot)


_accounts = itertools.count()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(Lane), st.sampled_from(["d", "c", "dc"]), st.integers(0, 900)),
        min_size=10,
        max_size=40,
    )
)
def test_two_budgets_at_once_stay_exact(database: Database, steps: list[tuple[Lane, str, int]]) -> None:
    account = f"books {next(_accounts)}"  # a fresh one per example
    names = {"d": replace(DOCUMENTS, account=account), "c": replace(CALLS, account=account)}
    taken: dict[str, list[datetime]] = {"d": [], "c": []}
    now = NOW
    for lane, which, seconds in steps:
        now += timedelta(seconds=seconds)
        of = [names[one] for one in which]
        slot = take(database, lane, *of, now=now, reserve=2)
        if isinstance(slot, budgets.Slot):
            with database.write() as session:
                budgets.finish(session, slot, AttemptOutcome.WRITTEN, now)
            for one in which:
                taken[one].append(now)
        else:
            # What is said holds: from that moment on there is room, when nobody else comes first.
            assert slot.moment > now
            again = take(database, lane, *of, now=slot.moment, reserve=2)
            assert isinstance(again, budgets.Slot)
            with database.write() as session:
                budgets.cancel(session, again)
            now = slot.moment
    for one, moments in taken.items():
        limit = names[one].limit
        assert limit is not None
        for first in moments:
            assert sum(first <= moment < first + names[one].period for moment in moments) <= limit


def _keep_taking(url: str, lane: Lane, log: Path) -> None:
    """Takes slots in a process of its own, standing in line meanwhile as a run does, until it is told to end."""
    database, ended = Database(url), log.with_suffix(".end")
    quick = Budget(account="books", name="documents", limit=10, period=timedelta(milliseconds=500))
    holder = f"process:{os.getpid()}"
    with log.open("w") as said:
        while not ended.exists():
            now = datetime.now(UTC)
            with database.write() as session:
                waiters.wait_for(
                    session,
                    [quick],
                    tenant_id=1,
                    holder=holder,
                    route="verkoop",
                    lane=lane,
                    now=now,
                    until=now + timedelta(seconds=2),
                )
                slot = budgets.take(
                    session,
                    [quick],
                    tenant_id=1,
                    record_id=None,
                    kind="test",
                    lane=lane,
                    now=now,
                    lease_seconds=5,
                    holder=holder,
                )
            if isinstance(slot, budgets.Slot):
                said.write(f"{time.time()}\n")
                said.flush()
                with database.write() as session:
                    budgets.finish(session, slot, AttemptOutcome.WRITTEN, datetime.now(UTC))
            else:
                time.sleep(0.02)
    with database.write() as session:
        waiters.stop_waiting(session, [quick], tenant_id=1, holder=holder)
    database.close()


@pytest.mark.parametrize("ending", ["ends", "is killed"])
def test_a_migration_in_another_process_yields_and_then_goes_on(
    database: Database, tmp_path: Path, ending: str
) -> None:
    context = multiprocessing.get_context("spawn")
    url = f"sqlite:///{tmp_path / 'boekbrug.db'}"
    logs = {lane: tmp_path / lane.name for lane in (Lane.MIGRATION, Lane.DAILY)}
    migration, daily = (
        context.Process(target=_keep_taking, args=(url, lane, log), daemon=True) for lane, log in logs.items()
    )
    migration.start()
    _until(lambda: len(_moments(logs[Lane.MIGRATION])) >= 10)
    daily.start()
    _until(lambda: len(_moments(logs[Lane.DAILY])) >= 25)
    if ending == "is killed":
        assert daily.pid is not None
        os.kill(daily.pid, signal.SIGKILL)
    else:
        logs[Lane.DAILY].with_suffix(".end").touch()
    daily.join()
    first, last = _moments(logs[Lane.DAILY])[0], _moments(logs[Lane.DAILY])[-1]
    _until(lambda: _moments(logs[Lane.MIGRATION])[-1] > last)
    logs[Lane.MIGRATION].with_suffix(".end").touch()
    migration.join()
    moments = _moments(logs[Lane.MIGRATION])
    assert [moment for moment in moments if moment < first], "the migration ran alone first"
    assert not [moment for moment in moments if first < moment < last], "nothing while the daily run wants slots"


def _moments(log: Path) -> list[float]:
    lines = log.read_text().splitlines(keepends=True) if log.exists() else []
    return [float(line) for line in lines if line.endswith("\n")]


def _until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
