"""A world to crash in: real simulators over HTTP, a real database, child processes that are really killed, and the
comparison of the three at the end.

The shop and the books are asked directly what they hold, so that neither the store nor a connector vouches for itself.
"""

from __future__ import annotations

import multiprocessing
import re
import secrets
import time
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import yaml
from pydantic import SecretStr

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.migrations import LIVE, Migration, MigrationState
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.domain.tenants import TenantConfig
from boekbrug.settings import Settings
from boekbrug.store import credentials, migration_records, moves, order_migrations, records, tenants
from boekbrug.store.credentials import load_key
from boekbrug.store.database import Database
from sandbox._clock import Clock
from sandbox._control import Control
from sandbox._server import running
from sandbox.factuursturen import Factuursturen
from sandbox.mijnwebwinkel import Mijnwebwinkel
from tasks.runtime import Runtime
from tasks.standing import cancel
from tests.crash.child import End, Job, MovedClock, Shared, perform

KILLED = -9
PATIENCE = 600  # seconds for one run, also on a machine that is busy with other things
HOUR = 3600
# Beyond the lease of any claim (`BOEKBRUG_CLAIM_SECONDS` is 120).
LEASE_OVER = 200
# Of a shop with a history the daily runs bring over so many days; the migration brings over all that is past, so that
# both meet the same orders.
DAILY_DAYS = 3
TEMPLATE = Path(__file__).parents[2] / "demo" / "tenants" / "mokkenhuis.yaml"
_DONE = (SyncStatus.POSTED, SyncStatus.VERIFIED, SyncStatus.MISMATCH)
_AT_REST = (*_DONE, SyncStatus.NEEDS_ATTENTION, SyncStatus.SKIPPED, SyncStatus.HELD)

# Everything is imported once, in a process without threads; each child is a fork of it.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.crash.child", "pytest"])


class SharedClock(Clock):
    """A simulator's clock that goes with the world's."""

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self._shared = shared

    def timestamp(self) -> float:
        return time.time() + self._shared.moved


@dataclass(frozen=True, slots=True)
class Shop:
    """One tenant of the world: whose orders, whose books."""

    slug: str
    token: str
    login: str
    clients_before: Mapping[str, int]
    """How often each customer was among the books' clients before the first run."""
    history: tuple[date, date] | None
    """The days that are brought over by a migration; None: there are daily runs only."""


class World:
    """Simulators, database and clock. Use `world()`.

    `database_url` is any address the store takes; empty: SQLite in the folder.
    """

    def __init__(
        self, folder: Path, shop: Mapping[str, object], books: Mapping[str, object], database_url: str
    ) -> None:
        self.folder = folder
        self.log = folder / "children.log"
        self.log.touch()
        self._clock_file = folder / "clock"
        self.shared = Shared(self._clock_file)
        self.clock = MovedClock(self.shared)
        self.settings: dict[str, Any] = {
            "home": folder,
            "database_url": database_url or f"sqlite:///{folder / 'boekbrug.db'}",
            "secret_key": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "patience_seconds": 1.0,
            "claim_seconds": 120.0,
        }
        self._shop_options, self._books_options = dict(shop), dict(books)
        self.shop = Mijnwebwinkel(clock=SharedClock(self.shared), **self._shop_options)
        self.books = Factuursturen(clock=SharedClock(self.shared), **self._books_options)
        self.addresses: dict[str, str] = {}
        self.shop_control: Control
        self.database = Database(self.settings["database_url"])
        self._made = 0

    # -- tenants

    def new_tenant(self, **given: Any) -> Shop:
        """One tenant, as with `new_tenants`."""
        return self.new_tenants(1, **given)[0]

    def new_tenants(
        self,
        count: int,
        *,
        books: Mapping[str, object] | None = None,
        source: Mapping[str, object] | None = None,
        seed: int = 1,
        orders: int | None = None,
        history: int = 0,
        **options: object,
    ) -> list[Shop]:
        """Tenants of their own with shops and books of their own: a world is used again without cleaning the store.

        `options` go to the simulated books, `books` and `source` to the settings of the connections. `history`: over
        so many days the orders are spread, and a migration brings over those of the days past.
        """
        first = self._made + 1
        self._made += count
        logins = [f"login{first + at}" for at in range(count)]
        sizes = {"days": history or self._shop_options["days"]} | ({} if orders is None else {"orders": orders})
        with self.shop.lock, self.books.lock:
            self.shop.reset({"seed": seed, **sizes})
            self.books.reset({"seed": seed, **options, "accounts": dict.fromkeys(logins, "key")})
        return [
            self._new_tenant(login, f"demo{at}", books or {}, source or {}, history)
            for at, login in enumerate(logins, 1)
        ]

    def _new_tenant(
        self,
        login: str,
        token: str,
        books: Mapping[str, object],
        source: Mapping[str, object],
        history: int,
        slug: str = "",
    ) -> Shop:
        slug = slug or login.replace("login", "shop")
        today = self.clock.now().astimezone(ZoneInfo("Europe/Amsterdam")).date()
        config = yaml.safe_load(
            TEMPLATE.read_text()
            .replace("$mijnwebwinkel", self.addresses["mijnwebwinkel"])
            .replace("$factuursturen", self.addresses["factuursturen"])
            .replace("$long_ago", str(today - timedelta(days=DAILY_DAYS)) if history else "2020-01-01")
        )
        config |= {"slug": slug, "name": slug}
        config["connections"][0]["settings"] |= {"timeout": 2.0, **source}
        config["connections"][1]["settings"] |= {"timeout": 2.0, "settle_seconds": 1.0, **books}
        keys = {"winkel": {"partner_token": "partner-demo", "token": token}}
        keys["boeken"] = {"username": login, "api_key": "key"}
        self._keep(config, keys)
        past = (today - timedelta(days=history + 1), today - timedelta(days=1)) if history else None
        return Shop(slug, token, login, self._clients(login), past)

    def second_tenant(self, shop: Shop) -> Shop:
        """Another tenant with the same orders and the same books."""
        return self._new_tenant(shop.login, shop.token, {}, {}, 0, slug=f"{shop.slug}-again")

    def _keep(self, config: dict[str, Any], keys: Mapping[str, Mapping[str, str]]) -> None:
        key = load_key(Settings(**self.settings))
        with self.database.write() as session:
            tenant = tenants.import_tenant(
                session, TenantConfig.model_validate(config), who="test", now=self.clock.now()
            )
            for slug, values in keys.items():
                row = tenants.connection_by_slug(session, tenant.id, slug)
                sealed = {name: SecretStr(value) for name, value in values.items()}
                credentials.save_credentials(session, key, tenant.id, row.id, sealed)

    def same_customer(self, shop: Shop, number: int, other: int) -> None:
        """Order `other` was placed by the customer of order `number`."""
        with self.shop.lock:
            placed = self.shop.shops[shop.token].records
            debtor = placed[number].wire(self.shop.options, ())["debtor"]
            placed[other].change({"debtor": debtor})

    # -- runs

    def start(self, shop: Shop, *, migrates: bool = False, **job: Any) -> BaseProcess:
        """A run in a child process of its own: the daily one, or that of the shop's migration."""
        settings = self.settings | job.pop("settings", {})
        history = shop.history if migrates else None
        work = Job(settings=settings, shared=self._clock_file, tenant=shop.slug, log=self.log, history=history, **job)
        self.shared.points = 0
        child = _FORKS.Process(target=perform, args=(work,), daemon=True)
        child.start()
        return child

    def run(self, shop: Shop, **job: Any) -> int:
        """A run from its beginning to its end; how it ended (`End`, or KILLED)."""
        child = self.start(shop, **job)
        child.join(PATIENCE)
        if child.exitcode is None:
            child.kill()
            raise AssertionError(f"a run of {shop.slug} did not end:\n{self.log.read_text()[-2000:]}")
        code = child.exitcode
        child.close()
        return code

    def wait_for_simulators(self) -> None:
        """Until no delayed call is under way any more: time is only moved while nothing happens."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for simulator in (self.shop, self.books):
                with simulator.lock:
                    begun = sum(rule.struck for rule in simulator.faults if rule.fault.kind == "delay")
                    ended = sum("delay" in cast(list[str], entry["faults"]) for entry in simulator.log)
                if begun != ended:
                    break
            else:
                return
            time.sleep(0.02)
        raise AssertionError("a simulator is still busy")

    def clear_faults(self) -> None:
        """The remote systems behave again."""
        self.wait_for_simulators()
        for simulator in (self.shop, self.books):
            with simulator.lock:
                simulator.faults.clear()
                simulator.log.clear()

    def move(self, seconds: float) -> None:
        """Time goes by, for everybody."""
        self.wait_for_simulators()
        self.shared.move(seconds)

    def bring_to_rest(self, shop: Shop, **job: Any) -> None:
        """Runs, hour by hour, until nothing waits any more; everything behaves."""
        self.clear_faults()
        for _ in range(60):
            self.move(LEASE_OVER)
            codes = [self.run(shop, migrates=migrates, **job) for migrates in (False, True)[: 1 + bool(shop.history)]]
            if not set(codes) <= {End.DONE, End.STOPPED}:
                raise AssertionError(f"runs of {shop.slug} ended with {codes}:\n{self.log.read_text()[-4000:]}")
            if set(codes) == {End.DONE} and not self.unfinished(shop):
                return
            self.move(HOUR)
        raise AssertionError(
            f"{shop.slug} does not come to rest: {self.standing(shop)}\n{self.log.read_text()[-4000:]}"
        )

    # -- what the store says

    def records(self, shop: Shop) -> list[SyncRecord]:
        """Everything the store knows of the tenant's documents."""
        with self.database.read() as session:
            tenant = tenants.tenant_by_slug(session, shop.slug)
            return records.listing(session, tenant.id, limit=1_000_000)

    def standing(self, shop: Shop) -> Counter[SyncStatus]:
        return Counter(record.status for record in self.records(shop))

    def unfinished(self, shop: Shop) -> int:
        """Documents that are still on their way, and the migration when it is."""
        left = sum(
            count for status, count in self.standing(shop).items() if status not in _AT_REST or status == "posted"
        )
        return left + bool(shop.history and not self._completed(shop))

    def _migrations(self, shop: Shop) -> list[Migration]:
        with self.database.read() as session:
            tenant = tenants.tenant_by_slug(session, shop.slug)
            return order_migrations.list_migrations(session, tenant.id)

    def _completed(self, shop: Shop) -> list[Migration]:
        return [one for one in self._migrations(shop) if one.state is MigrationState.COMPLETED]

    # -- what a person does meanwhile

    def hurry(self, shop: Shop, numbers: Collection[str]) -> int:
        """Presses Verwerk on these orders; how many go first now."""
        with self.database.write() as session:
            tenant = tenants.tenant_by_slug(session, shop.slug)
            return moves.retry(session, tenant.id, self.clock.now(), who="test", numbers=numbers)

    def change_migration(self, shop: Shop, to: MigrationState) -> bool:
        """Pauses, resumes or cancels the tenant's migration; False when it is not in a state for that."""
        live = next((one for one in self._migrations(shop) if one.state in LIVE), None)
        if live is None:
            return False
        try:
            if to is MigrationState.CANCELLED:
                settings = Settings(**self.settings)
                runtime = Runtime(settings, self.database, self.clock, load_key(settings))
                cancel(runtime, live.tenant_id, live.id, who="test")
            else:
                with self.database.write() as session:
                    order_migrations.change_state(session, live.tenant_id, live.id, to, among=LIVE)
        except SettingsInvalid:
            return False  # it ended meanwhile
        return True

    # -- the comparison

    def check(self, shop: Shop) -> list[str]:
        """Every way in which shop, store and books disagree; nothing when the promise was kept."""
        problems: list[str] = []
        with self.shop.lock:
            shops = cast(dict[str, Any], self.shop.books()["shops"])[shop.token]
            wanted = {str(o["number"]): o for o in shops["orders"] if not o["test"] and o["status"] in (2, 3, 6)}
        account = self._account(shop)
        ours = [invoice for invoice in account["invoices"] if invoice["reference"][2].startswith("BB-")]
        by_reference = Counter(invoice["reference"][2] for invoice in ours)
        by_order = Counter(_order_number(invoice) for invoice in ours)
        problems += [f"order {number} is in the books {n} times" for number, n in by_order.items() if n > 1]
        problems += [f"reference {ref} is in the books {n} times" for ref, n in by_reference.items() if n > 1]

        known = {record.number: record for record in self.records(shop)}
        if len(known) != len(self.records(shop)):
            problems.append("an order has two records")
        problems += [f"order {number} is not known" for number in wanted.keys() - known.keys()]
        for number, record in known.items():
            copies = by_order[number]
            if record.status not in _AT_REST or record.status is SyncStatus.POSTED:
                problems.append(f"order {number} is left {record.status}")
            if record.status in _DONE and copies == 0:
                problems.append(f"order {number} is {record.status} and not in the books")
            if record.status not in _DONE and copies:
                problems.append(f"order {number} is {record.status} and stands in the books")
            if number in wanted and record.status in (SyncStatus.HELD, SyncStatus.SKIPPED):
                problems.append(f"order {number} should go over and is {record.status}: {record.reason}")
            if record.status is SyncStatus.NEEDS_ATTENTION and not record.findings:
                problems.append(f"order {number} waits for a person and says no reason")
            if {f.code for f in record.findings} & {"CUSTOMER_DIFFERS", "GONE_FROM_BOOKS"}:
                problems.append(f"order {number}: {[f.code for f in record.findings]}")
        ids = {record.target_ref.id: number for number, record in known.items() if record.target_ref}
        for invoice in ours:
            number = _order_number(invoice)
            if ids.get(invoice["id"]) != number:
                problems.append(
                    f"invoice {invoice['id']} is of order {number}, the store says {ids.get(invoice['id'])}"
                )
            order = wanted.get(number)
            if order and order["email"].casefold() != invoice["client"]["email"].casefold():
                problems.append(f"order {number} of {order['email']} is booked on {invoice['client']['email']}")
        return [*problems, *self._check_migration(shop), *self.check_clients(shop), *self._check_limits(account)]

    def _check_migration(self, shop: Shop) -> list[str]:
        """Every order that the shop has of the migrated days was met, and is accounted for."""
        problems = []
        for migration in self._completed(shop) if shop.history else ():
            with self.database.read() as session:
                counts = migration_records.counts(session, migration.tenant_id, migration.id)
            if counts.waiting or counts.met != migration.shop_count:
                problems.append(f"the migration is completed with {counts}; the shop counts {migration.shop_count}")
        if shop.history and not self._completed(shop):
            problems.append("the migration is not completed")
        return problems

    def check_clients(self, shop: Shop) -> list[str]:
        """Customers that the books know more than once, and did not before."""
        return [
            f"{customer} is a client {count} times"
            for customer, count in self._clients(shop.login).items()
            if count > max(1, shop.clients_before.get(customer, 0))
        ]

    def _check_limits(self, account: Mapping[str, Any]) -> list[str]:
        limits = account["limits"]["invoices"]
        problems = []
        if limits["refused"]:
            problems.append(f"the books refused {limits['refused']} invoices over the limit")
        if limits["per_hour"] and limits["busiest_hour"] > limits["per_hour"]:
            problems.append(f"{limits['busiest_hour']} invoices in an hour")
        return problems

    def _account(self, shop: Shop) -> dict[str, Any]:
        with self.books.lock:
            accounts = cast(dict[str, Any], self.books.books()["accounts"])
        return cast(dict[str, Any], accounts[shop.login])

    def _clients(self, login: str) -> Counter[str]:
        with self.books.lock:
            clients = cast(dict[str, Any], self.books.books()["accounts"])[login]["clients"]
        return Counter(
            (c["email"] or "|".join((c["company"], c["contact"], c["zipcode"], c["address"]))).casefold()
            for c in clients
        )

    def invoices(self, shop: Shop) -> list[dict[str, Any]]:
        """The invoices of ours in the books."""
        return [i for i in self._account(shop)["invoices"] if i["reference"][2].startswith("BB-")]


def _order_number(invoice: Mapping[str, Any]) -> str:
    found = re.search(r"\d+", invoice["reference"][0])
    return found.group() if found else ""


@contextmanager
def world(
    folder: Path,
    *,
    shop: Mapping[str, object] | None = None,
    books: Mapping[str, object] | None = None,
    database_url: str = "",
) -> Iterator[World]:
    """A world with one shop system and one bookkeeping system; `shop` and `books` are options of the simulators."""
    made = World(folder, shop or {}, books or {}, database_url)
    with ExitStack() as closing:
        closing.callback(made.database.close)
        made.database.migrate()
        for simulator in (made.shop, made.books):
            address = closing.enter_context(running(simulator))
            made.addresses[simulator.name] = address.url
            if simulator is made.shop:
                made.shop_control = address.control
        yield made
