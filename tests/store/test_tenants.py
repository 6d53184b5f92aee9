from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlmodel import Session, col, select

from boekbrug.domain.errors import SettingsInvalid
from boekbrug.domain.tenants import ConnectionConfig, MappingRule, RouteConfig, RoutePolicy, RuleResult, TenantConfig
from boekbrug.store import tenants
from boekbrug.store.database import Database
from boekbrug.store.tables import RouteVersionRow
from tests.store.samples import NOW, add_record, add_tenant, config

RULE = MappingRule(kind="vat", gives=RuleResult(vat_code="21", ledger_account="8000"))


def load(session: Session, written: TenantConfig, who: str = "eva") -> tenants.Tenant:
    return tenants.import_tenant(session, written, who=who, now=NOW)


def versions(session: Session, tenant_id: int) -> list[tuple[int, str]]:
    rows = session.exec(
        select(RouteVersionRow.version, RouteVersionRow.changed_by)
        .where(RouteVersionRow.tenant_id == tenant_id)
        .order_by(col(RouteVersionRow.version))
    )
    return [tuple(row) for row in rows]


def test_what_is_imported_is_exported_without_credentials(writing: Session) -> None:
    written = config(
        name="Acme BV",
        language="en",
        time_zone="Europe/Brussels",
        connections=(
            ConnectionConfig(slug="shop", system="mijnwebwinkel", credentials={"api_key": "env:SHOP_KEY"}),
            ConnectionConfig(slug="books", system="factuursturen", settings={"b": [1, {"x": None}], "a": "é"}),
        ),
        routes=(
            RouteConfig(slug="orders", source="shop", target="books", policy=RoutePolicy(oss=True), mapping=(RULE,)),
            RouteConfig(slug="off", source="shop", target="books", enabled=False, schedule="*/5 * * * *"),
        ),
    )
    tenant = load(writing, written)
    exported = tenants.export_tenant(writing, tenant.id)
    bare = [connection.model_copy(update={"credentials": {}}) for connection in written.connections]
    assert exported == written.model_copy(update={"connections": tuple(bare)})
    assert tenants.tenant_by_slug(writing, "acme") == tenant


def test_importing_twice_changes_nothing(writing: Session) -> None:
    tenant = load(writing, config())
    before = tenants.list_routes(writing, tenant.id)
    assert load(writing, config(), who="somebody else") == tenant
    assert tenants.list_routes(writing, tenant.id) == before
    assert versions(writing, tenant.id) == [(1, "eva")]


def test_other_rules_or_policy_are_a_new_version_by_whom(writing: Session) -> None:
    tenant = load(writing, config())
    route = RouteConfig(slug="orders", source="shop", target="books", mapping=(RULE,))
    load(writing, config(routes=(route,)), who="piet")
    stricter = route.model_copy(update={"policy": RoutePolicy(start_on="2026-01-01")})
    load(writing, config(routes=(stricter,)), who="anna")
    assert versions(writing, tenant.id) == [(1, "eva"), (2, "piet"), (3, "anna")]
    kept = tenants.route_by_slug(writing, tenant.id, "orders")
    assert (kept.version, kept.mapping, kept.policy.start_on) == (3, (RULE,), date(2026, 1, 1))


def test_another_schedule_is_no_new_version(writing: Session) -> None:
    tenant = load(writing, config())
    load(writing, config(routes=(RouteConfig(slug="orders", source="shop", target="books", schedule="0 3 * * *"),)))
    assert tenants.route_by_slug(writing, tenant.id, "orders").schedule == "0 3 * * *"
    assert versions(writing, tenant.id) == [(1, "eva")]


def test_what_is_no_longer_written_down_is_out_of_use_and_comes_back_as_it_was(writing: Session) -> None:
    tenant = load(writing, config())
    before = tenants.route_by_slug(writing, tenant.id, "orders")
    load(writing, config(routes=(), connections=(config().connections[0],)))
    assert tenants.list_routes(writing, tenant.id) == []
    assert [connection.slug for connection in tenants.list_connections(writing, tenant.id)] == ["shop"]
    load(writing, config())
    assert tenants.route_by_slug(writing, tenant.id, "orders") == before


def test_an_unknown_slug_names_those_that_exist(writing: Session) -> None:
    with pytest.raises(SettingsInvalid, match="there are: none"):
        tenants.tenant_by_slug(writing, "acme")
    tenant = load(writing, config())
    load(writing, config("beta"))
    with pytest.raises(SettingsInvalid, match=r"no tenant 'acne'; there are: acme, beta"):
        tenants.tenant_by_slug(writing, "acne")
    with pytest.raises(SettingsInvalid, match=r"no route 'x'; there are: orders"):
        tenants.route_by_slug(writing, tenant.id, "x")
    with pytest.raises(SettingsInvalid, match=r"no connection 'x'; there are: shop, books"):
        tenants.connection_by_slug(writing, tenant.id, "x")
    with pytest.raises(LookupError):
        tenants.export_tenant(writing, 999)


def test_a_long_list_of_tenants_is_cut_off(writing: Session) -> None:
    for number in range(25):
        load(writing, config(f"t{number:02}"))
    with pytest.raises(SettingsInvalid, match=r"t19 and 5 more$"):
        tenants.tenant_by_slug(writing, "x")


def test_a_connection_does_not_change_its_system(writing: Session) -> None:
    load(writing, config())
    other = (ConnectionConfig(slug="shop", system="woocommerce"), config().connections[1])
    with pytest.raises(SettingsInvalid, match="another slug"):
        load(writing, config(connections=other))


def test_a_route_turns_around_only_while_it_has_no_documents(writing: Session) -> None:
    route = add_tenant(writing)
    around = config(routes=(RouteConfig(slug="orders", source="books", target="shop"),))
    load(writing, around)
    assert tenants.route_by_slug(writing, route.tenant_id, "orders").source.slug == "books"
    load(writing, config())
    add_record(writing, route)
    with pytest.raises(SettingsInvalid, match="another slug"):
        load(writing, around)


def test_a_broken_connection_says_why_and_since_when_it_broke_first(writing: Session) -> None:
    route = add_tenant(writing)
    later = NOW + timedelta(hours=1)
    tenants.pause_connection(writing, route.tenant_id, route.target.id, reason="password expired", now=NOW)
    tenants.pause_connection(writing, route.tenant_id, route.target.id, reason="account closed", now=later)
    broken = tenants.connection_by_slug(writing, route.tenant_id, "books")
    assert (broken.is_broken, broken.reason, broken.since) == (True, "account closed", NOW)
    assert not tenants.connection_by_slug(writing, route.tenant_id, "shop").is_broken
    tenants.resume_connection(writing, route.tenant_id, route.target.id)
    assert tenants.connection_by_slug(writing, route.tenant_id, "books") == route.target


def test_tenants_do_not_see_each_other(writing: Session) -> None:
    mine, theirs = add_tenant(writing, "mine"), add_tenant(writing, "theirs")
    tenants.pause_connection(writing, mine.tenant_id, theirs.target.id, reason="x", now=NOW)
    assert not tenants.connection_by_slug(writing, theirs.tenant_id, "books").is_broken
    assert {c.tenant_id for c in tenants.list_connections(writing, mine.tenant_id)} == {mine.tenant_id}
    assert [t.slug for t in tenants.list_tenants(writing)] == ["mine", "theirs"]


def test_a_new_tenant_is_nobody_else_s_whoever_makes_one_of_that_name_at_the_same_moment(database: Database) -> None:
    with database.write() as session:
        kept = load(session, config(slug="winkel", name="Van een ander"))
    together = Barrier(3)

    def make(name: str) -> tenants.Tenant:
        together.wait()
        with database.write() as session:
            return tenants.new_tenant(session, TenantConfig(slug="winkel", name=name), NOW)

    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(make, "abc"))
    assert {one.slug for one in made} == {"winkel-2", "winkel-3", "winkel-4"}
    assert len({kept.id, *(one.id for one in made)}) == 4
    with database.read() as session:
        assert [tenants.export_tenant(session, one.id).name for one in made] == ["a", "b", "c"]
        assert tenants.export_tenant(session, kept.id).connections == config(slug="winkel").connections
