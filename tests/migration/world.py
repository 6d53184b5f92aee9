"""A whole installation in one process, on simulators, with one clock for all: sleeping moves the simulators too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr
from sqlalchemy import event

from boekbrug.domain.clock import ManualClock
from boekbrug.domain.migrations import Migration
from boekbrug.domain.records import Lane
from boekbrug.domain.tenants import TenantConfig
from boekbrug.settings import Settings
from boekbrug.store import credentials, tenants
from boekbrug.store.credentials import SealingKey
from boekbrug.store.database import Database
from sandbox._clock import Clock as SimulatorClock
from sandbox._server import Running, running
from sandbox.factuursturen import Factuursturen
from sandbox.mijnwebwinkel import PARTNER_TOKEN, Mijnwebwinkel
from tasks.fetching import fetch_changed
from tasks.migrating import PlainSteps, bring_over, take_note
from tasks.pushing import push_due, push_with_rate_limit
from tasks.reporting import RunReport, recorded_run
from tasks.route_work import DAILY_LANES, MIGRATION_LANES, RouteWork, open_route
from tasks.runtime import Runtime, using
from tasks.settling import settle_and_adopt
from tasks.standing import Standing, start
from tasks.transforming import transform_waiting
from tasks.verifying import verify_posted
from tests.store.tenant_filter import refuse_unfiltered

TENANT = yaml.safe_load((Path(__file__).parents[2] / "demo" / "tenants" / "mokkenhuis.yaml").read_text())
# In the middle of a VAT quarter, so that ninety days of orders begin in the one before.
NOW = datetime(2026, 9, 15, 10, 0, tzinfo=UTC)
STARTS_WITHIN = timedelta(seconds=5)  # a scheduled run's first write, after its moment


class LinkedClock(ManualClock):
    """Moves the simulators' clocks along with its own."""

    def __init__(self, now: datetime) -> None:
        super().__init__(now)
        self._others: list[SimulatorClock] = []

    def link(self, other: SimulatorClock) -> None:
        """From now on the other clock stands where this one does."""
        other.freeze()
        other.set(self.now())
        self._others.append(other)

    def advance(self, by: timedelta) -> None:
        super().advance(by)
        for other in self._others:
            other.advance(by.total_seconds())

    def go_to(self, moment: datetime) -> None:
        """Forward to a moment."""
        self.advance(max(moment - self.now(), timedelta(0)))


@dataclass
class World:
    """The installation, the shop and the books."""

    runtime: Runtime
    clock: LinkedClock
    shop: Running[Mijnwebwinkel]
    books: Running[Factuursturen]

    @contextmanager
    def work(self, lanes: frozenset[Lane] = MIGRATION_LANES, tenant: str = "mokkenhuis") -> Iterator[RouteWork]:
        with using(self.runtime), open_route(tenant, lanes=lanes) as work:
            yield work

    def daily_run(self, tenant: str = "mokkenhuis") -> RunReport:
        """As `boekbrug sync` does it."""
        with self.work(DAILY_LANES, tenant) as work, recorded_run(work) as report:
            report.fetched = fetch_changed(work)
            report.transformed = transform_waiting(work)
            report.pushed = push_with_rate_limit(work, settle=settle_and_adopt, push=push_due)
            report.verified = verify_posted(work)
        return report

    def migration_run(self, migration_id: int) -> tuple[RunReport, Standing]:
        """As the flow does it."""
        with self.work() as work:
            with recorded_run(work) as report:
                bring_over(work, migration_id, PlainSteps(), report)
            return report, take_note(work, migration_id)

    def start(self, migration_id: int, *, accepts_earlier_periods: bool = False) -> Migration:
        with self.work() as work:
            return start(
                work.runtime,
                work.tenant.id,
                migration_id,
                accepts_earlier_periods=accepts_earlier_periods,
                who="test",
            )

    def until_done(self, migration_id: int, *, runs: int = 200) -> Standing:
        """Run after run at the moments at which each says that it goes on."""
        for _ in range(runs):
            report, standing = self.migration_run(migration_id)
            if report.goes_on_at is None:
                return standing
            self.clock.go_to(report.goes_on_at + STARTS_WITHIN)
        raise AssertionError(f"not done after {runs} runs")

    def invoices(self, login: str = "demo1") -> list[dict[str, Any]]:
        """What the books hold of ours."""
        account: Any = self.books.control.books()["accounts"]
        return [one for one in account[login]["invoices"] if "BB-" in str(one["reference"])]

    def limits(self, login: str = "demo1") -> dict[str, Any]:
        account: Any = self.books.control.books()["accounts"]
        found: dict[str, Any] = account[login]["limits"]["invoices"]
        return found

    def orders(self, token: str = "demo1") -> list[dict[str, Any]]:
        shops: Any = self.shop.control.books()["shops"]
        found: list[dict[str, Any]] = shops[token]["orders"]
        return found


@contextmanager
def world(
    folder: Path,
    *,
    now: datetime = NOW,
    orders: int = 60,
    days: int = 90,
    mix: str = "everyday",
    per_hour: int = 60,
    policy: dict[str, object] | None = None,
    settings: dict[str, object] | None = None,
    seed: int = 1,
    database_url: str = "",
) -> Iterator[World]:
    """The installation with tenant mokkenhuis, whose shop has that many orders of the last days; on SQLite in the
    folder, unless the database's address is given."""
    clock = LinkedClock(now)
    options = {"orders": orders, "days": days, "mix": mix, "seed": seed, "shops": 1}
    with (
        running(Mijnwebwinkel(**options)) as shop,
        running(Factuursturen(seed=seed, clients=0, invoices_per_hour=per_hour)) as books,
    ):
        for simulator in (shop.simulator, books.simulator):
            clock.link(simulator.clock)
        shop.control.seed()
        database = Database(database_url or f"sqlite:///{folder / 'boekbrug.db'}")
        database.migrate()
        event.listen(database._engine, "before_execute", refuse_unfiltered)
        key = SealingKey(SealingKey.generate())
        runtime = Runtime(Settings(home=folder, **(settings or {})), database, clock, key)  # type: ignore[arg-type]
        add_tenant(runtime, shop.url, books.url, per_hour=per_hour, policy=policy or {})
        yield World(runtime, clock, shop, books)
        database.close()


def add_tenant(
    runtime: Runtime,
    shop_url: str,
    books_url: str,
    *,
    slug: str = "mokkenhuis",
    token: str = "demo1",
    per_hour: int = 60,
    policy: dict[str, object],
) -> None:
    """A tenant as in the demo. Two of them share the books' account demo1, and so its budget."""
    loaded = yaml.safe_load(yaml.safe_dump(TENANT))
    loaded["slug"] = slug
    shop, books = loaded["connections"]
    shop["settings"] = {"base_url": shop_url}
    books["settings"] = {"base_url": books_url, "documents_per_period": per_hour, "settle_seconds": 5}
    loaded["routes"][0]["policy"] |= {"start_on": "2026-09-15"} | policy
    config = TenantConfig.model_validate(loaded)
    secrets = {
        "winkel": {"partner_token": PARTNER_TOKEN, "token": token},
        "boeken": {"username": "demo1", "api_key": "demo1-key"},
    }
    with runtime.database.write() as session:
        tenant = tenants.import_tenant(session, config, who="test", now=runtime.clock.now())
        for connection, values in secrets.items():
            row = tenants.connection_by_slug(session, tenant.id, connection)
            sealed = {name: SecretStr(value) for name, value in values.items()}
            credentials.save_credentials(session, runtime.sealing_key, tenant.id, row.id, sealed)
