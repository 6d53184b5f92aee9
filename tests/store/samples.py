"""A tenant, a route and documents to try the store with."""

from datetime import UTC, datetime

from sqlmodel import Session

from boekbrug.domain.documents import DocumentKind, ExternalRef
from boekbrug.domain.money import Money
from boekbrug.domain.records import SyncRecord, SyncStatus
from boekbrug.domain.tenants import ConnectionConfig, RouteConfig, TenantConfig
from boekbrug.store import observations, records, tenants

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


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
