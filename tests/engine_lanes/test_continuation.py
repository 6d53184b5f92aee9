"""One continuation per route, whoever ends when and whatever dies between the store and the server."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boekbrug.domain.tenants import ConnectionConfig, RouteConfig, TenantConfig
from boekbrug.store import tenants
from boekbrug.store.database import Database
from tasks.continuations import ScheduledRun, call_off, go_on_at
from tasks.route_work import RouteWork

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FLOW = "sync-orders"


class Died(BaseException):
    """The process is gone."""


@dataclass
class FakeServer:
    """Keeps runs by key as Prefect's server does. `dies_in`: the calls in which the caller dies, before or after."""

    runs: dict[str, list[Any]] = field(default_factory=dict)  # id → [moment, begun]
    keys: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    dies: str = ""

    def scheduled(self, flow_run_id: str) -> ScheduledRun | None:
        run = self.runs.get(flow_run_id)
        return ScheduledRun(flow_run_id, run[0]) if run and not run[1] else None

    def schedule(self, flow: str, name: str, at: datetime, key: str) -> str:
        if self.dies == "before":
            raise Died
        with self.lock:
            if key not in self.keys:
                self.keys[key] = f"run-{len(self.keys)}"
                self.runs[self.keys[key]] = [at, False]
        if self.dies == "after":
            raise Died
        return self.keys[key]

    def move(self, flow_run_id: str, at: datetime) -> None:
        self.runs[flow_run_id][0] = at

    def withdraw(self, flow_run_id: str) -> None:
        del self.runs[flow_run_id]

    @property
    def waiting(self) -> list[datetime]:
        return [at for at, begun in self.runs.values() if not begun]


def route_work(database: Database, slug: str = "acme") -> RouteWork:
    """As much of an opened route as continuations look at."""
    with database.write() as session:
        config = TenantConfig(
            slug=slug,
            name="Acme",
            connections=(
                ConnectionConfig(slug="shop", system="mijnwebwinkel"),
                ConnectionConfig(slug="books", system="factuursturen"),
            ),
            routes=(RouteConfig(slug="verkoop", source="shop", target="books"),),
        )
        tenant = tenants.import_tenant(session, config, who="test", now=NOW)
        route = tenants.route_by_slug(session, tenant.id, "verkoop")
    return cast(
        RouteWork,
        SimpleNamespace(runtime=SimpleNamespace(database=database), tenant=tenant, route=route, now=lambda: NOW),
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'boekbrug.db'}")
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def work(database: Database) -> RouteWork:
    return route_work(database)


def minutes(number: int) -> datetime:
    return NOW + timedelta(minutes=number)


def test_an_earlier_one_is_left_and_a_later_one_is_moved(work: RouteWork) -> None:
    server = FakeServer()
    assert go_on_at(work, server, FLOW, minutes(30)) == minutes(30)
    assert go_on_at(work, server, FLOW, minutes(40)) == minutes(30)
    assert server.waiting == [minutes(30)]
    assert go_on_at(work, server, FLOW, minutes(20)) == minutes(20)
    assert server.waiting == [minutes(20)]
    assert go_on_at(work, server, FLOW, minutes(50), exactly=True) == minutes(50)
    assert server.waiting == [minutes(50)]


def test_the_run_that_asks_does_not_count_and_flows_have_each_their_own(work: RouteWork) -> None:
    server = FakeServer()
    go_on_at(work, server, FLOW, minutes(0))
    (own,) = server.runs
    server.runs[own][1] = True
    go_on_at(work, server, FLOW, minutes(60), own_run=own)
    go_on_at(work, server, "migrate-orders", minutes(5))
    assert sorted(server.waiting) == [minutes(5), minutes(60)]


@pytest.mark.parametrize("dies", ["before", "after"])
def test_a_run_that_dies_beside_the_server_is_healed_by_the_next(work: RouteWork, dies: str) -> None:
    server = FakeServer(dies=dies)
    with pytest.raises(Died):
        go_on_at(work, server, FLOW, minutes(30))
    server.dies = ""
    assert go_on_at(work, server, FLOW, minutes(45)) == minutes(30)
    assert server.waiting == [minutes(30)]


def test_one_that_was_cancelled_on_the_server_or_lost_with_it_is_replaced(work: RouteWork) -> None:
    server = FakeServer()
    go_on_at(work, server, FLOW, minutes(30))
    server.runs.clear()
    go_on_at(work, server, FLOW, minutes(45))
    assert server.waiting == [minutes(45)]
    call_off(work, server, FLOW)
    assert server.waiting == []
    call_off(work, server, FLOW)


def test_runs_that_end_at_the_same_moment_schedule_one(work: RouteWork) -> None:
    for _ in range(10):
        server = FakeServer()
        threads = [threading.Thread(target=go_on_at, args=(work, server, FLOW, minutes(30 + i))) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.waiting) == 1


_tenants = itertools.count()
ACTS = ["ask", "exactly", "before", "after", "begin", "lost"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 90)), max_size=25))
def test_whatever_happens_there_is_one(database: Database, acts: list[tuple[str, int]]) -> None:
    work, server = route_work(database, f"tenant-{next(_tenants)}"), FakeServer()
    for act, number in acts:
        if act == "begin":
            for run in server.runs.values():
                run[1] = True
        elif act == "lost":
            server.runs.clear()
            server.keys.clear()
        elif act in ("before", "after"):
            server.dies = act
            with suppress(Died):
                go_on_at(work, server, FLOW, minutes(number))
            server.dies = ""
        else:
            go_on_at(work, server, FLOW, minutes(number), exactly=act == "exactly")
            assert len(server.waiting) == 1
        assert len(server.waiting) <= 1
    go_on_at(work, server, FLOW, minutes(15))
    assert len(server.waiting) == 1
    assert server.waiting[0] <= minutes(15)
