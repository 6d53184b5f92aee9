"""Proves that the harness would notice: with one safeguard taken away it finds what that safeguard prevents."""

from __future__ import annotations

from typing import Any

from boekbrug.store import order_migrations, tenants
from tests.crash.harness import small_tenant, with_history
from tests.crash.world import KILLED, Shop, World


def _cut_short(w: World, **options: Any) -> Shop:
    """The number of a created client loses all digits but the first, and is a stranger's that way."""
    tenant = small_tenant(w, clients=15, **options)
    with w.books.lock:
        w.books.faults.add({"kind": "truncate", "keep": 1, "method": "POST", "path": "/clients$", "times": 1})
    return tenant


def test_without_the_look_up_it_finds_an_order_twice(w: World) -> None:
    tenant = small_tenant(w)
    assert w.run(tenant, only="after post", kill_at=1) == KILLED
    w.bring_to_rest(tenant, sabotage=["no_look_up"])
    assert any("is in the books 2 times" in problem for problem in w.check(tenant))


def test_without_the_look_up_it_finds_an_order_of_a_migration_twice(w: World) -> None:
    tenant = with_history(w)
    assert w.run(tenant, migrates=True, only="after post", kill_at=1) == KILLED
    w.bring_to_rest(tenant, sabotage=["no_look_up"])
    assert any("is in the books 2 times" in problem for problem in w.check(tenant))


def test_without_the_read_back_it_finds_an_invoice_of_a_migration_on_a_stranger(w: World) -> None:
    tenant = _cut_short(w, orders=6, history=10)
    w.run(tenant, migrates=True, sabotage=["no_read_back"])
    w.bring_to_rest(tenant, sabotage=["no_read_back"])
    assert any("is booked on" in problem for problem in w.check(tenant))


def test_it_finds_a_migration_that_was_never_completed(w: World) -> None:
    tenant = with_history(w)
    assert w.check(tenant) != []
    w.bring_to_rest(tenant)
    assert w.check(tenant) == []
    with w.database.write() as session:
        owner = tenants.tenant_by_slug(session, tenant.slug)
        (migration,) = order_migrations.list_migrations(session, owner.id)
        order_migrations.keep(session, owner.id, migration.id, shop_count=migration.shop_count + 1)
    assert any("the shop counts" in problem for problem in w.check(tenant))


def test_without_the_read_back_it_finds_an_invoice_on_a_stranger(w: World) -> None:
    tenant = _cut_short(w)
    w.run(tenant, sabotage=["no_read_back"])
    w.bring_to_rest(tenant, sabotage=["no_read_back"])
    assert any("is booked on" in problem for problem in w.check(tenant))


def test_with_the_read_back_a_number_cut_short_does_no_harm(w: World) -> None:
    tenant = _cut_short(w)
    w.run(tenant)
    w.bring_to_rest(tenant)
    assert w.check(tenant) == []


def test_it_finds_an_order_that_went_missing(w: World) -> None:
    tenant = small_tenant(w)
    w.bring_to_rest(tenant)
    account = w.books._accounts[tenant.login]
    with w.books.lock:
        account.invoices.popitem()
    assert any("not in the books" in problem for problem in w.check(tenant))


def test_it_finds_a_budget_exceeded(w: World) -> None:
    tenant = w.new_tenant(orders=4, invoices_per_hour=2)  # the connection believes in 60
    w.run(tenant)
    assert any("over the limit" in problem for problem in w.check(tenant))
