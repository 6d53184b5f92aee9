"""Verification and corrections: what differs is found with both sides shown, nothing in the books is ever changed, and
what is mended is verified."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from boekbrug.domain.records import SyncStatus
from boekbrug.store import moves
from tasks.fetching import fetch_changed
from tasks.pushing import push_due
from tasks.verifying import verify_posted
from tests.world import World

PAID, CANCELLED = 3, 4


@pytest.fixture
def discounted(world: World) -> int:
    """A posted order of a debtor with a standard discount of 5 %, which the books take off by themselves."""
    number = world.order("shipping_taxed")
    email = world.shop_orders()[number]["email"]
    world.add_client(email=email, contact="Kees Korting", stddiscount="5")
    world.run()
    return number


def verify(world: World) -> Any:
    with world.opened() as work:
        return verify_posted(work)


@contextmanager
def without_invoice(world: World, number: int) -> Iterator[None]:
    """The invoice is not in the books for a while."""
    kept = world.books.simulator._accounts["demo1"].invoices
    (key,) = [key for key, invoice in kept.items() if str(number) in invoice.draft.reference[0]]
    taken = kept.pop(key)
    yield
    kept[key] = taken


def test_a_standard_discount_of_the_debtor_is_found_with_both_sides(world: World, discounted: int) -> None:
    record = world.record(discounted)
    assert record.status is SyncStatus.MISMATCH
    shop = world.shop_orders()[discounted]["total_cents"]
    books = world.invoices()[discounted]["gross"]
    assert books < shop
    by_code = {finding.code: finding for finding in record.findings}
    assert by_code["TOTAL_DIFFERS"].sentence("nl") == (
        f"Totaal: bron EUR {shop / 100:.2f}, boeken EUR {books / 100:.2f}."
    )
    tax = by_code["TAX_DIFFERS"].sentence("en")
    assert tax.startswith("VAT at 21%: source EUR ")
    assert " - " not in tax and "-," not in tax


def test_the_tolerance_is_the_routes(world: World, discounted: int) -> None:
    assert world.record(discounted).status is SyncStatus.MISMATCH
    world.demo_tenant(
        books={"documents_per_period": None}, policy={"tolerance": "100000", "tax_per_rate_tolerance": "100000"}
    )
    assert verify(world).mismatch == 0
    record = world.record(discounted)
    assert record.status is SyncStatus.VERIFIED
    assert {f.code for f in record.findings} >= {"TOTAL_NEARLY_SAME", "TAX_NEARLY_SAME"}, "small is not silent"


def test_a_mismatch_is_compared_again_until_it_is_mended(world: World, discounted: int) -> None:
    for _ in range(2):
        report = world.run()
        assert (report.verified.mismatch, report.pushed.posted) == (1, 0)
    books = world.books.simulator._accounts["demo1"]
    (invoice,) = books.invoices.values()
    books.clients[invoice.draft.clientnr].fields["stddiscount"] = "0"  # corrected by hand
    invoice.totals = books._totals(invoice.draft, books.clients[invoice.draft.clientnr])
    invoice.paid = invoice.totals.gross
    assert world.run().verified.verified == 1
    record = world.record(discounted)
    assert (record.status, {"TOTAL_DIFFERS", "TAX_DIFFERS"} & world.codes(discounted)) == (
        SyncStatus.VERIFIED,
        set(),
    )


def test_what_a_person_dealt_with_no_longer_counts(world: World, discounted: int) -> None:
    record = world.record(discounted)
    with world.runtime.database.write() as session:
        moves.accept_differences(
            session, record.tenant_id, record.id, world.clock.now(), who="jo", reason="korting is bedoeld"
        )
    assert world.record(discounted).status is SyncStatus.VERIFIED
    assert world.run().verified.mismatch == 0


def test_an_invoice_that_is_gone_is_told_and_found_again(world: World) -> None:
    number = world.order()
    with world.opened() as work:
        fetch_changed(work)
        push_due(work)
    with without_invoice(world, number):
        assert verify(world).mismatch == 1
        assert world.codes(number) == {"GONE_FROM_BOOKS"}
        assert world.run().pushed.posted == 0, "what is gone is not sent again by itself"
    assert verify(world).verified == 1
    assert (world.record(number).status, world.codes(number)) == (SyncStatus.VERIFIED, set())


def test_every_documents_vat_is_summed_per_rate(world: World) -> None:
    for case in ("mixed_vat", "plain", "shipping_split"):
        world.order(case)
    verified = world.run().verified
    shop, books = world.shop_orders(), world.invoices()
    assert verified.gross_shop.cents == sum(row["total_cents"] for row in shop.values())
    assert verified.gross_books.cents == sum(invoice["gross"] for invoice in books.values())
    for rate, total in verified.rates.items():
        told = sum(one["tax_cents"] for row in shop.values() for one in row["rates"] if one["rate"] == f"{rate:f}")
        assert total.shop.cents == told


# -- changed in the shop after it was booked


def test_an_edited_order_gets_the_correction_computed_and_the_books_are_left_alone(world: World) -> None:
    number = world.order()
    world.run()
    before = world.account()
    wire = world.wire(number)
    line = wire["orderlines"][0]
    price = line["price"][0]
    dearer = price | {"amount": price["amount"] + 100, "amount_including_tax": price["amount_including_tax"] + 121}
    if str(price["rate"]) == "9.00":
        dearer["amount_including_tax"] = price["amount_including_tax"] + 109
    more = dearer["amount_including_tax"] - price["amount_including_tax"]
    posted = wire["price"]["total"]
    changed = {
        "orderlines": [line | {"price": [dearer]}, *wire["orderlines"][1:]],
        "price": {"total": posted + more},
    }
    world.edit(number, changed)
    report = world.run()
    assert (report.fetched.changed_after_posting, report.pushed.posted) == (1, 0)
    record = world.record(number)
    assert record.status is SyncStatus.MISMATCH
    (found,) = [f for f in record.findings if f.code == "CHANGED_AFTER_POSTING"]
    assert found.values["posted"] == f"EUR {posted:.2f}"
    assert found.values["current"] == f"EUR {posted + more:.2f}"
    assert found.values["number"] == world.invoices()[number]["invoicenr"]
    assert "totaal" in found.values["changes"]
    assert world.account()["invoices"] == before["invoices"]

    assert world.run().fetched.changed_after_posting == 0, "said once, not in every run"
    world.edit(number, {"orderlines": wire["orderlines"], "price": wire["price"]})
    world.run()
    assert (world.record(number).status, world.codes(number)) == (SyncStatus.VERIFIED, set())


def test_an_order_cancelled_after_it_was_booked_asks_for_a_credit_note(world: World) -> None:
    number = world.order()
    world.run()
    before = world.account()["invoices"]
    world.set_status(number, CANCELLED)
    world.run()
    record = world.record(number)
    (found,) = record.findings
    assert (record.status, found.code) == (SyncStatus.MISMATCH, "CANCELLED_AFTER_POSTING")
    assert "Geannuleerd" in found.sentence("nl")
    assert world.account()["invoices"] == before

    world.set_status(number, PAID)
    world.run()
    assert (world.record(number).status, world.codes(number)) == (SyncStatus.VERIFIED, set())


def test_a_note_in_the_shop_is_no_change(world: World) -> None:
    number = world.order()
    world.run()
    world.edit(number, {"comments": {"customer": "Graag inpakken"}, "archived": True})
    assert world.run().fetched.changed_after_posting == 0
    assert world.record(number).status is SyncStatus.VERIFIED


def test_a_status_that_only_moves_on_is_no_change(world: World) -> None:
    number = world.order()
    world.set_status(number, PAID)
    world.run()
    world.set_status(number, 2)
    assert world.run().fetched.changed_after_posting == 0
    assert world.record(number).status is SyncStatus.VERIFIED


def test_a_credit_order_becomes_a_credit_note_of_the_same_debtor(make_world: Any) -> None:
    world = make_world(shop={"orders": 12, "shops": 1}, books={"invoices_per_hour": 0})
    world.demo_tenant(books={"documents_per_period": None})
    world.run()
    shop = world.shop_orders()
    (credit,) = [row for row in shop.values() if row["case"] == "credit_full"]
    note, original = world.invoices()[credit["number"]], world.invoices()[int(credit["credits"])]
    assert note["gross"] == credit["total_cents"] == -original["gross"]
    assert note["clientnr"] == original["clientnr"]


def test_without_the_policy_credit_orders_wait_for_a_person(make_world: Any) -> None:
    world = make_world(shop={"orders": 12, "shops": 1}, books={"invoices_per_hour": 0})
    world.demo_tenant(books={"documents_per_period": None}, policy={"credit_orders": False})
    world.run()
    (credit,) = [row["number"] for row in world.shop_orders().values() if row["case"] == "credit_full"]
    assert world.codes(credit) == {"CREDIT_NOT_SUPPORTED"}
    assert credit not in world.invoices()
