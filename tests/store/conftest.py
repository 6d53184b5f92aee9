from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import Session

from boekbrug.domain.documents import DocumentKind, ExternalRef
from boekbrug.domain.money import Money
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.domain.tenants import ConnectionConfig, RouteConfig, TenantConfig
from boekbrug.store import observations, records, tenants
from boekbrug.store.database import Database
from tests.store.tenant_filter import refuse_unfiltered

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

# One line more (the address of an empty PostgreSQL database) runs the same tests there.
BACKENDS: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: f"sqlite:///{folder / 'boekbrug.db'}",
}


@pytest.fixture(params=sorted(BACKENDS))
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return BACKENDS[request.param](tmp_path)


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    """A migrated database in which every statement that does not name its tenant raises."""
    opened = Database(address)
    opened.migrate()
    event.listen(opened._engine, "before_execute", refuse_unfiltered)
    yield opened
    opened.close()


@pytest.fixture
def writing(database: Database) -> Iterator[Session]:
    """One write transaction for the whole test."""
    with database.write() as session:
        yield session


def config(slug: str = "acme", **changes: object) -> TenantConfig:
    values: dict[str, object] = {
        "slug": slug,
        "name": "Acme",
        "connections": (
            ConnectionConfig(slug="shop", system="mijnwebwinkel", settings={"base_url": "http://shop"}),
            ConnectionConfig(slug="books", system="factuursturen", settings={"base_url": "http://books"}),
        ),
        "routes": (RouteConfig(slug="orders", source="shop", target="books"),),
    }
    return TenantConfig.model_validate(values | changes)


def add_tenant(session: Session, slug: str = "acme") -> tenants.Route:
    """A tenant with one route, which is returned."""
    tenant = tenants.import_tenant(session, config(slug), who="test", now=NOW)
    return tenants.route_by_slug(session, tenant.id, "orders")


def observation(number: str = "10001", **changes: object) -> observations.Observation:
    values: dict[str, object] = {
        "source_ref": ExternalRef("mijnwebwinkel", "order", f"id-{number}"),
        "number": number,
        "kind": DocumentKind.INVOICE,
        "wanted": SyncStatus.PENDING,
        "source_status": "paid",
        "fingerprint": f"fingerprint of {number}",
        "snapshot": "{}",
        "customer_key": "a@example.com",
        "our_reference": f"acme-{number}",
        "ordered_at": NOW,
        "gross": Money.of("12.10"),
    }
    return observations.Observation(**(values | changes))  # type: ignore[arg-type]


def observe(
    session: Session, route: tenants.Route, *seen: observations.Observation, version: int | None = None
) -> list[observations.Observed]:
    return observations.observe(session, route.tenant_id, route.id, seen, NOW, version=version or route.version)


def add_record(session: Session, route: tenants.Route, number: str = "10001", **changes: object) -> SyncRecord:
    [seen] = observe(session, route, observation(number, **changes))
    return records.record_by_id(session, route.tenant_id, seen.record_id)


Transaction = Callable[[], AbstractContextManager[Session]]
