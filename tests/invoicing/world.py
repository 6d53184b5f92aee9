"""An installation with an invoicing program and books that are told every line, both simulated over HTTP; one clock."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Any

import yaml
from pydantic import SecretStr
from sqlalchemy import event

from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.domain.tenants import TenantConfig
from boekbrug.settings import Settings
from boekbrug.store import credentials, records, tenants
from boekbrug.store.credentials import create_key, load_key
from boekbrug.store.database import Database
from connectors.registry import same_books
from demo.__main__ import SECRETS
from sandbox._server import Running, running
from sandbox.eboekhouden_soap import EBoekhoudenSoap
from sandbox.wefact import Wefact
from tasks.contacts import carry_contacts
from tasks.fetching import fetch_changed
from tasks.payments import bring_payments_back
from tasks.pushing import push_due, push_with_rate_limit
from tasks.reporting import RunReport, recorded_run
from tasks.route_work import RouteWork, open_route
from tasks.runtime import Runtime, using
from tasks.settling import settle_and_adopt
from tasks.transforming import transform_waiting
from tasks.verifying import verify_posted
from tests.world import DEMO_TENANTS, LinkedClock

_SECRETS = SECRETS | {"DEMO_LEDGER_TOKEN": "demo1-token"}
ATELIER = "atelier-vos"
ROUTE = "facturen"
ACCOUNT = "demo1"


class InvoicingWorld:
    """One installation, its clock, the invoicing program and the books."""

    def __init__(
        self, runtime: Runtime, clock: LinkedClock, invoices: Running[Wefact], books: Running[EBoekhoudenSoap]
    ) -> None:
        self.runtime, self.clock, self.invoices, self.books = runtime, clock, invoices, books

    def import_tenant(self, config: Mapping[str, Any]) -> None:
        wanted = TenantConfig.model_validate(config)
        with self.runtime.database.write() as session:
            tenant = tenants.import_tenant(session, wanted, who="test", now=self.clock.now(), same_books=same_books)
            for one in wanted.connections:
                row = tenants.connection_by_slug(session, tenant.id, one.slug)
                values = {n: SecretStr(_SECRETS[ref.removeprefix("env:")]) for n, ref in one.credentials.items()}
                credentials.save_credentials(session, self.runtime.sealing_key, tenant.id, row.id, values)

    def demo_tenant(
        self,
        *,
        policy: Mapping[str, Any] | None = None,
        invoices: Mapping[str, Any] | None = None,
        books: Mapping[str, Any] | None = None,
        rules: tuple[Mapping[str, Any], ...] = (),
        without: str = "",
        over_rest: bool = False,
        second_route: Mapping[str, Any] | None = None,
    ) -> None:
        """The demo's tenant, with changes; our own limits off unless they are named. `without`: rules that speak of it
        are left out. `over_rest`: its route goes to the same books by their other interface. `second_route`: one more
        like it, with these changes."""
        text = Template((DEMO_TENANTS / f"{ATELIER}.yaml").read_text()).substitute(
            wefact=self.invoices.url, eboekhouden=self.books.url, long_ago="2020-01-01", recently="2020-01-01"
        )
        tenant = yaml.safe_load(text)
        source, target = tenant["connections"]
        source["settings"] |= {"calls_per_period": None, "calls_per_minute": None} | dict(invoices or {})
        target["settings"] |= {"settle_seconds": 1} | dict(books or {})
        (route,) = tenant["routes"]
        route["policy"] |= policy or {}
        route["mapping"] = [*rules, *(rule for rule in route["mapping"] if not without or without not in str(rule))]
        if over_rest:
            other = {"slug": "administratie-rest", "system": "eboekhouden-rest"}
            other |= {"settings": {"base_url": self.books.root + "/"}}
            other |= {"credentials": {"access_token": "env:DEMO_LEDGER_TOKEN"}}
            tenant["connections"].append(other)
            route["target"] = "administratie-rest"
        if second_route is not None:
            tenant["routes"].append(route | second_route)
        self.import_tenant(tenant)

    @contextmanager
    def opened(self) -> Iterator[RouteWork]:
        with using(self.runtime), open_route(ATELIER, ROUTE) as work:
            yield work

    def run(self) -> RunReport:
        """One run of the route, its steps as they are."""
        with self.opened() as work, recorded_run(work) as report:
            report.contacts = carry_contacts(work)
            report.fetched = fetch_changed(work)
            report.transformed = transform_waiting(work)
            report.pushed = push_with_rate_limit(work, settle=settle_and_adopt, push=push_due)
            report.verified = verify_posted(work)
            report.payments = bring_payments_back(work)
        return report

    def records(self, *statuses: SyncStatus) -> dict[str, SyncRecord]:
        with self.runtime.database.read() as session:
            tenant = tenants.tenant_by_slug(session, ATELIER)
            found = records.listing(session, tenant.id, statuses=statuses or SyncStatus, limit=1_000_000)
        return {record.number: record for record in found}

    # -- the invoicing program's side

    def grow(self, **what: Any) -> dict[str, list[str]]:
        """More documents: `invoices`, `purchases`, `days`, `cases`, `purchase_cases`; their numbers."""
        made = self.invoices.control.post("grow", {"account": ACCOUNT, "invoices": 0, "purchases": 0, "days": 0} | what)
        assert isinstance(made, dict)
        return made

    def act(self, controller: str, action: str, **what: Any) -> dict[str, Any]:
        """A person at the program's screen."""
        done = self.invoices.control.post("do", {"account": ACCOUNT, "controller": controller, "action": action} | what)
        assert isinstance(done, dict)
        return done

    def program(self) -> dict[str, Any]:
        """The program's own account of itself."""
        found: Any = self.invoices.control.books()
        return dict(found["accounts"][ACCOUNT])

    # -- the books' side

    def administration(self) -> dict[str, Any]:
        """The books' own account of themselves."""
        found: Any = self.books.control.books()
        return dict(found["administrations"][ACCOUNT])

    def pay(self, number: str, *, purchase: bool = False, **what: Any) -> None:
        """Somebody books a payment."""
        self.books.control.post("payments", {"user": ACCOUNT, "invoice_number": number, "purchase": purchase} | what)

    def writes(self) -> Counter[str]:
        """Calls to either side, by action."""
        calls: Any = self.invoices.control.get("calls")
        return Counter(f"{call['controller']} {call['action']}" for call in calls)


@contextmanager
def invoicing_world(
    home: Path,
    template: Path,
    *,
    invoices: Mapping[str, object] | None = None,
    books: Mapping[str, object] | None = None,
    now: datetime | None = None,
    **settings: Any,
) -> Iterator[InvoicingWorld]:
    """An installation in `home`: a program without documents (unless told otherwise) and books without relations."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(template, home / "boekbrug.db")
    clock = LinkedClock(now or datetime.now(UTC).replace(microsecond=0))
    program_options = {"invoices": 0, "purchases": 0, "seed": 1, "calls_per_minute": 0, "calls_per_hour": 0}
    with ExitStack() as stack:
        program = stack.enter_context(running(Wefact(**program_options | dict(invoices or {}))))
        ledger = stack.enter_context(
            running(EBoekhoudenSoap(**{"relations": 0, "seed": 1, "both": True} | dict(books or {})))
        )
        for one in (program, ledger):
            clock.link(one)
        chosen = Settings(home=home, **settings)
        create_key(chosen)
        database = Database(chosen.database)
        stack.callback(database.close)
        event.listen(database._engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
        yield InvoicingWorld(Runtime(chosen, database, clock, load_key(chosen)), clock, program, ledger)
