"""A whole installation in one process: a fresh database, simulators over HTTP, and one clock that moves them all.

`World` stands still until it is told to move: `world.clock.advance(…)`, or whoever sleeps on its clock, moves the
simulators along, so that an hour's limit on both sides is met in no time.
"""

from __future__ import annotations

import http.client
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any

import yaml
from pydantic import SecretStr
from sqlalchemy import event, text

from boekbrug.domain.clock import ManualClock
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.domain.tenants import TenantConfig
from boekbrug.settings import Settings
from boekbrug.store import credentials, moves, records, tenants
from boekbrug.store.credentials import create_key, load_key
from boekbrug.store.database import Database
from demo.__main__ import SECRETS
from sandbox._server import Running, running
from sandbox.factuursturen import Factuursturen
from sandbox.mijnwebwinkel import Mijnwebwinkel
from sandbox.vies import Vies
from tasks.fetching import fetch_changed
from tasks.pushing import push_due, push_with_rate_limit
from tasks.reporting import RunReport, recorded_run
from tasks.route_work import RouteWork, open_route
from tasks.runtime import Runtime, using
from tasks.settling import settle_and_adopt
from tasks.transforming import transform_waiting
from tasks.verifying import verify_posted

DEMO_TENANTS = Path(__file__).parent.parent / "demo" / "tenants"
MOKKENHUIS, DE_BIE = "mokkenhuis", "groothandel-de-bie"
LOGINS = {MOKKENHUIS: "demo1", DE_BIE: "demo2"}
"""Token of the shop and login of the books of each of the demo's tenants; the second has prices without VAT."""
ROUTE = "verkoop"


class LinkedClock(ManualClock):
    """Moves the simulators' frozen clocks along with itself."""

    def __init__(self, now: datetime) -> None:
        super().__init__(now)
        self.linked: list[Running[Any]] = []

    def link(self, simulator: Running[Any]) -> None:
        simulator.control.set_clock(self.now(), freeze=True)
        self.linked.append(simulator)

    def advance(self, by: timedelta) -> None:
        super().advance(by)
        for one in self.linked:
            with one.simulator.lock:
                one.simulator.clock.advance(by.total_seconds())

    def advance_to(self, moment: datetime) -> None:
        self.advance(moment - self.now())


class World:
    """One installation, its clock, and the simulated shop system, books and VIES that it speaks to."""

    def __init__(
        self,
        runtime: Runtime,
        clock: LinkedClock,
        shop: Running[Mijnwebwinkel],
        books: Running[Factuursturen],
        vies: Running[Vies],
    ) -> None:
        self.runtime, self.clock = runtime, clock
        self.shop, self.books, self.vies = shop, books, vies

    # -- tenants

    def import_tenant(self, yaml_text: str) -> None:
        """Creates or updates the tenant, its credentials taken from the demo's."""
        config = TenantConfig.model_validate(yaml.safe_load(yaml_text))
        with self.runtime.database.write() as session:
            tenant = tenants.import_tenant(session, config, who="test", now=self.clock.now())
            for wanted in config.connections:
                row = tenants.connection_by_slug(session, tenant.id, wanted.slug)
                values = {
                    name: SecretStr(SECRETS[ref.removeprefix("env:")]) for name, ref in wanted.credentials.items()
                }
                credentials.save_credentials(session, self.runtime.sealing_key, tenant.id, row.id, values)

    def demo_tenant(self, slug: str = MOKKENHUIS, **changes: Any) -> str:
        """Imports one of the demo's tenants, everything since 2020. `changes`: see `demo_yaml`."""
        self.import_tenant(demo_yaml(slug, self.shop.url, self.books.url, **changes))
        return slug

    # -- runs

    @contextmanager
    def opened(self, slug: str = MOKKENHUIS, route: str = ROUTE) -> Iterator[RouteWork]:
        """The tenant's route, open, as a run has it."""
        with using(self.runtime), open_route(slug, route) as work:
            yield work

    def run(self, slug: str = MOKKENHUIS, route: str = ROUTE) -> RunReport:
        """One run of the route, its four steps as they are."""
        with self.opened(slug, route) as work, recorded_run(work) as report:
            report.fetched = fetch_changed(work)
            report.transformed = transform_waiting(work)
            report.pushed = push_with_rate_limit(work, settle=settle_and_adopt, push=push_due)
            report.verified = verify_posted(work)
        return report

    # -- what is kept

    def records(self, slug: str = MOKKENHUIS, *statuses: SyncStatus) -> dict[str, SyncRecord]:
        """The tenant's records by order number."""
        with self.runtime.database.read() as session:
            tenant = tenants.tenant_by_slug(session, slug)
            found = records.listing(session, tenant.id, statuses=statuses or SyncStatus, limit=1_000_000)
        return {record.number: record for record in found}

    def record(self, number: object, slug: str = MOKKENHUIS) -> SyncRecord:
        return self.records(slug)[str(number)]

    def codes(self, number: object, slug: str = MOKKENHUIS) -> set[str]:
        """The codes of everything found about an order."""
        return {finding.code for finding in self.record(number, slug).findings}

    def retry(self, number: int, slug: str = MOKKENHUIS) -> None:
        """A person wants the order tried again."""
        with self.runtime.database.write() as session:
            tenant = tenants.tenant_by_slug(session, slug)
            assert moves.retry(session, tenant.id, self.clock.now(), who="jo", numbers=[str(number)]) == 1

    # -- the shop's side

    def order(self, case: str = "plain", slug: str = MOKKENHUIS) -> int:
        """A customer orders now; the order's number."""
        made = self.shop.control.post("orders/new", {"shop": LOGINS[slug], "case": case})
        assert isinstance(made, dict)
        return int(made["number"])

    def set_status(self, number: int, status: int, slug: str = MOKKENHUIS) -> None:
        self.shop.control.post(f"orders/{number}/status", {"shop": LOGINS[slug], "status": status})

    def edit(self, number: int, changes: Mapping[str, object], slug: str = MOKKENHUIS) -> None:
        """A JSON merge patch on the order as the shop has it."""
        self.shop.control.post(f"orders/{number}/edit", {"shop": LOGINS[slug], "changes": dict(changes)})

    def delete(self, number: int, slug: str = MOKKENHUIS) -> None:
        self.shop.control.post(f"orders/{number}/delete", {"shop": LOGINS[slug]})

    def shop_orders(self, slug: str = MOKKENHUIS) -> dict[int, dict[str, Any]]:
        """The shop's own account of its orders, by number: cents per VAT rate, minus for credit orders."""
        books: Any = self.shop.control.books()
        return {row["number"]: row for row in books["shops"][LOGINS[slug]]["orders"]}

    def wire(self, number: int, slug: str = MOKKENHUIS) -> dict[str, Any]:
        """The order in the form in which it can be given again."""
        shop = self.shop.simulator.shops[LOGINS[slug]]
        return dict(shop.records[number].wire(self.shop.simulator.options, ()))

    def give(self, text: str, number: int, slug: str = MOKKENHUIS) -> None:
        """Puts an order into the shop that answers with exactly this text."""
        host = self.shop.root.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            path = f"/control/orders?shop={LOGINS[slug]}&number={number}"
            connection.request("POST", path, body=text.encode("utf-8", "surrogatepass"))
            answer = connection.getresponse()
            assert answer.status == 201, answer.read()
        finally:
            connection.close()

    # -- the books' side

    def account(self, slug: str = MOKKENHUIS) -> dict[str, Any]:
        """The books' own account of themselves: clients, invoices (in cents), limits, outbox."""
        books: Any = self.books.control.books()
        return dict(books["accounts"][LOGINS[slug]])

    def invoices(self, slug: str = MOKKENHUIS) -> dict[int, dict[str, Any]]:
        """The invoices in the books by order number. Fails when an order stands there twice."""
        found: dict[int, dict[str, Any]] = {}
        for invoice in self.account(slug)["invoices"]:
            label, number = invoice["reference"][0].split()
            assert label == "Order"
            assert int(number) not in found, f"order {number} stands in the books twice"
            found[int(number)] = invoice
        return found

    def add_client(self, slug: str = MOKKENHUIS, **fields: str) -> int:
        """A client who is in the books already; its number. `fields` by the books' own names."""
        books = self.books.simulator._accounts[LOGINS[slug]]
        with self.books.simulator.lock:
            return books.add_client({"tax_type": "intax", "country": "146"} | fields).nr

    def writes(self) -> list[dict[str, Any]]:
        """Every call to the books that could change something."""
        return [call for call in self.books.control.log() if call["method"] != "GET"]

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything in the store, to be compared with itself later."""
        with self.runtime.database.read() as session:
            names = session.connection().execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars()
            return {
                name: [
                    tuple(row) for row in session.connection().execute(text(f'SELECT * FROM "{name}" ORDER BY 1, 2'))
                ]
                for name in sorted(names)
                if not name.startswith(("sqlite_", "alembic_"))
            }


def demo_yaml(
    slug: str,
    shop_url: str,
    books_url: str,
    *,
    policy: Mapping[str, Any] | None = None,
    books: Mapping[str, Any] | None = None,
    shop: Mapping[str, Any] | None = None,
    without: str = "",
    rules: tuple[Mapping[str, Any], ...] = (),
    **route: Any,
) -> str:
    """A demo tenant's YAML with changes: of the route's `policy`, of the settings of `shop` and `books`; mapping rules
    that speak of `without` left out and `rules` put in front; any other field of the route."""
    text_ = Template((DEMO_TENANTS / f"{slug}.yaml").read_text()).substitute(
        mijnwebwinkel=shop_url, factuursturen=books_url, long_ago="2020-01-01", recently="2020-01-01"
    )
    tenant = yaml.safe_load(text_)
    source, target = tenant["connections"]
    source["settings"] |= shop or {}
    target["settings"] |= books or {}
    (only,) = tenant["routes"]
    only["policy"] |= policy or {}
    kept = [rule for rule in only["mapping"] if not without or without not in str(rule)]
    only["mapping"] = [*rules, *kept]
    only |= route
    return yaml.safe_dump(tenant, sort_keys=False, allow_unicode=True)


def migrated_database(folder: Path) -> Path:
    """An empty database with the present schema, to be copied: making one takes longer than most tests."""
    path = folder / "template.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@contextmanager
def new_world(
    home: Path,
    template: Path,
    *,
    shop: Mapping[str, object] | None = None,
    books: Mapping[str, object] | None = None,
    now: datetime | None = None,
    **settings: Any,
) -> Iterator[World]:
    """An installation in `home` with empty shops (unless `shop` says how many `orders`) and empty books."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(template, home / "boekbrug.db")
    clock = LinkedClock(now or datetime.now(UTC).replace(microsecond=0))
    with ExitStack() as stack:
        served_shop = stack.enter_context(running(Mijnwebwinkel(**{"orders": 0, "seed": 1} | dict(shop or {}))))
        served_books = stack.enter_context(running(Factuursturen(**{"clients": 0, "seed": 1} | dict(books or {}))))
        served_vies = stack.enter_context(running(Vies()))
        for one in (served_shop, served_books, served_vies):
            clock.link(one)
        chosen = Settings(home=home, vies_url=served_vies.url, **settings)
        create_key(chosen)
        database = Database(chosen.database)
        stack.callback(database.close)
        # What a power cut would take is of no interest here, and waiting for the disk is half of a test's time.
        event.listen(database._engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
        yield World(Runtime(chosen, database, clock, load_key(chosen)), clock, served_shop, served_books, served_vies)
