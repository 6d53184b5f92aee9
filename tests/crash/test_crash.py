"""Proves that a run which dies anywhere loses no document and writes none twice.

`BOEKBRUG_CRASH_MINUTES=30 pytest tests/crash` tries every point and many storms; without it, a few of each.
"""

from __future__ import annotations

import os
import random
import signal
import time
from typing import Any

import pytest

from boekbrug.domain.records import SyncStatus
from tests.crash.harness import Figures, small_tenant, storm, sweep, with_history
from tests.crash.world import KILLED, PATIENCE, Shop, World

MINUTES = float(os.environ.get("BOEKBRUG_CRASH_MINUTES", "0"))


def test_killed_between_the_intention_and_the_write(w: World) -> None:
    tenant = small_tenant(w)
    assert w.run(tenant, only="before post", kill_at=1) == KILLED
    assert w.standing(tenant)[SyncStatus.IN_FLIGHT] == 1
    assert w.invoices(tenant) == []
    w.bring_to_rest(tenant)
    assert w.check(tenant) == []
    assert len(w.invoices(tenant)) == len(w.records(tenant)) == 4


def test_killed_between_the_write_and_the_commit(w: World) -> None:
    tenant = small_tenant(w)
    assert w.run(tenant, only="after post", kill_at=1) == KILLED
    assert w.standing(tenant)[SyncStatus.IN_FLIGHT] == 1
    assert len(w.invoices(tenant)) == 1, "the books have what the store does not know of"
    w.bring_to_rest(tenant)
    assert w.check(tenant) == []
    assert len(w.invoices(tenant)) == len(w.records(tenant)) == 4


@pytest.mark.parametrize("point", ["before commit", "after commit"])
def test_killed_at_a_commit(w: World, point: str) -> None:
    tenant = small_tenant(w)
    assert w.run(tenant, only=point, kill_at=7) == KILLED
    w.bring_to_rest(tenant)
    assert w.check(tenant) == []
    assert len(w.invoices(tenant)) == len(w.records(tenant)) == 4


def test_killed_at_points_in_turn(w: World) -> None:
    figures = Figures()
    until = time.monotonic() + (60 * MINUTES or 25)
    sweep(w, figures, every=1 if MINUTES else 17, first=1 if MINUTES else 6, until=until)
    assert figures.problems == []
    assert figures.points > 1


def test_a_migration_killed_between_the_write_and_the_commit(w: World) -> None:
    tenant = with_history(w)
    assert w.run(tenant, migrates=True, only="after post", kill_at=2) == KILLED
    assert w.standing(tenant)[SyncStatus.IN_FLIGHT] == 1
    assert len(w.invoices(tenant)) == 2, "the books have what the store does not know of"
    w.bring_to_rest(tenant)
    assert w.check(tenant) == []
    assert len(w.invoices(tenant)) == len(w.records(tenant)) == 6


@pytest.mark.parametrize(("scene", "every", "first"), [("migration", 41, 9), ("rush", 23, 5)])
def test_lanes_killed_at_points_in_turn(w: World, scene: str, every: int, first: int) -> None:
    figures = Figures()
    until = time.monotonic() + (60 * MINUTES or 25)
    sweep(w, figures, scene, every=1 if MINUTES else every, first=1 if MINUTES else first, until=until)
    assert figures.problems == []
    assert figures.points > 1


def _asleep_at(w: World, tenant: Shop, point: str, **job: Any) -> None:
    """A run is suspended at the point with a document claimed; another takes over and finishes; the first wakes up."""
    sleeper = w.start(tenant, only=point, kill_at=1, signal=signal.SIGSTOP, **job)
    deadline = time.monotonic() + PATIENCE
    while w.shared.points < 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert w.standing(tenant)[SyncStatus.IN_FLIGHT] == 1
    assert sleeper.pid is not None
    try:
        w.bring_to_rest(tenant)
    finally:
        os.kill(sleeper.pid, signal.SIGCONT)
    sleeper.join(PATIENCE)
    assert sleeper.exitcode is not None


def test_a_run_that_slept_through_its_claim_writes_nothing_more(w: World) -> None:
    tenant = small_tenant(w)
    _asleep_at(w, tenant, "before debtor")
    assert w.check(tenant) == []


def test_a_run_that_slept_between_its_last_check_and_the_write_writes_nothing(w: World) -> None:
    tenant = small_tenant(w)
    _asleep_at(w, tenant, "before sending")
    assert w.check(tenant) == []


def test_without_the_fence_it_would_write_twice(w: World) -> None:
    tenant = small_tenant(w)
    _asleep_at(w, tenant, "before sending", sabotage=["no_fence"])
    assert any("is in the books 2 times" in problem for problem in w.check(tenant)), w.log.read_text()[-2000:]


def test_storms_of_faults_and_kills(w: World) -> None:
    figures = Figures()
    until = time.monotonic() + 60 * MINUTES
    seed = random.randrange(10**6) if MINUTES else 11
    storm(w, figures, random.Random(seed), orders=12, rounds=3)
    storm(w, figures, random.Random(seed), orders=12, rounds=3, history=14)
    while time.monotonic() < until:
        seed += 1
        storm(w, figures, random.Random(seed), orders=60, rounds=8, history=14 * (seed % 2))
    assert figures.problems == [], f"seed {seed}"
    assert figures.documents >= 48
    assert figures.hurried
