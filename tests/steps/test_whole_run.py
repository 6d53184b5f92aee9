"""The promise, on 500 orders of every kind: each eligible order is in the books exactly once, or listed with a reason;
the books say what the shop says, to the cent and per VAT rate; the hourly limit is never passed; a second run sends
nothing. Both sides' own accounts of themselves are compared, not what Boekbrug thinks of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from boekbrug.domain.findings import Level
from boekbrug.domain.records import DONE, SyncRecord, SyncStatus
from tests.world import DE_BIE, LOGINS, MOKKENHUIS, World

ELIGIBLE = {2, 3, 6, 10}  # shipped, paid, picked up, returned
# The books compute VAT from their own lines, so a cent may fall elsewhere: it is said, and the total is the same.
ROUNDING = {"ROUNDED_BETWEEN_RATES", "ROUNDING_LINE_ADDED", "TAX_NEARLY_SAME"}
UNLIMITED = {"documents_per_period": None}

Rates = dict[str, tuple[int, int]]


def shop_rates(row: dict[str, Any]) -> Rates:
    return _without_nothing({one["rate"]: (one["net_cents"], one["tax_cents"]) for one in row["rates"]})


def books_rates(invoice: dict[str, Any]) -> Rates:
    return _without_nothing({rate: (one["net"], one["tax"]) for rate, one in invoice["rates"].items()})


def _without_nothing(rates: Rates) -> Rates:
    return {rate: amounts for rate, amounts in rates.items() if amounts != (0, 0)}


def total_of(rates: Rates) -> int:
    return sum(net + tax for net, tax in rates.values())


def is_listed(record: SyncRecord) -> bool:
    """The books differ from the shop in this order, and its findings say so."""
    return any(f.level is Level.MISMATCH or f.code in ROUNDING for f in record.findings)


def check_books(world: World, slug: str) -> None:
    """The shop's own orders against the books' own invoices; what differs must be listed."""
    shop, invoices = world.shop_orders(slug), world.invoices(slug)
    records = {int(number): record for number, record in world.records(slug).items()}

    assert records.keys() == {number for number, row in shop.items() if not row["test"]}, "an order is lost"
    assert invoices.keys() == {number for number, record in records.items() if record.status in DONE}
    for number, record in records.items():
        if shop[number]["status"] not in ELIGIBLE:
            assert record.status in (SyncStatus.HELD, SyncStatus.SKIPPED), record
        elif record.status not in DONE:
            assert record.status is SyncStatus.NEEDS_ATTENTION, record
            assert any(f.blocks for f in record.findings), record
            assert all(f.suggestion("nl") and f.suggestion("nl") != "-" for f in record.findings)

    sums: dict[str, Counter[str]] = {"shop": Counter(), "books": Counter()}
    for number, invoice in invoices.items():
        ours, theirs, record = shop_rates(shop[number]), books_rates(invoice), records[number]
        if not is_listed(record):
            assert theirs == ours, (number, shop[number]["case"], record.findings)
            for name, rates in (("shop", ours), ("books", theirs)):
                sums[name].update({rate: tax for rate, (_, tax) in rates.items()})
        elif not any(f.level is Level.MISMATCH for f in record.findings):
            assert total_of(theirs) == total_of(ours), (number, record.findings)
    assert sums["shop"] == sums["books"]
    assert len(sums["shop"]) >= 2

    account = world.account(slug)
    assert account["outbox"] == [], "a customer got mail"
    assert account["limits"]["invoices"]["refused"] == account["limits"]["calls"]["refused"] == 0


@pytest.mark.timeout(180)
def test_500_orders_without_a_limit(make_world: Callable[..., World]) -> None:
    world = make_world(shop={"orders": 500, "shops": 1}, books={"invoices_per_hour": 0, "clients": 12})
    world.demo_tenant(books=UNLIMITED)
    report = world.run()

    assert report.pushed.posted == len(world.invoices()) > 350
    assert report.goes_on_at is None
    assert not world.records(MOKKENHUIS, SyncStatus.PENDING, SyncStatus.IN_FLIGHT, SyncStatus.POSTED)
    check_books(world, MOKKENHUIS)

    books, kept, sent = world.account(), world.records(), len(world.writes())
    again = world.run()
    assert (again.pushed.posted, again.fetched.new, len(world.writes())) == (0, 0, sent)
    assert world.account()["invoices"] == books["invoices"]
    assert world.account()["clients"] == books["clients"]
    assert {n: (r.status, r.findings) for n, r in world.records().items()} == {
        n: (r.status, r.findings) for n, r in kept.items()
    }


@pytest.mark.timeout(180)
def test_500_orders_at_60_an_hour(make_world: Callable[..., World]) -> None:
    world = make_world(shop={"orders": 500, "shops": 1}, books={"invoices_per_hour": 60, "clients": 12})
    world.demo_tenant()
    hours, began = 0, world.clock.now()
    while (report := world.run()).goes_on_at is not None:
        hours += 1
        assert report.waiting > 0
        assert report.pushed.posted == 60, "the account's free capacity was not used"
        assert hours < 12
        world.clock.advance_to(report.goes_on_at)
    assert report.waiting == 0
    check_books(world, MOKKENHUIS)

    posted = len(world.invoices())
    limits = world.account()["limits"]["invoices"]
    assert limits["busiest_hour"] == 60
    assert hours == (posted - 1) // 60
    assert (world.clock.now() - began).total_seconds() < 3600 * hours + 120, "time was lost between the hours"
    sent = len(world.writes())
    assert world.run().pushed.posted == 0
    assert len(world.writes()) == sent


VARIANTS: dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "as in the specification, credits positive": (MOKKENHUIS, {"shapes": "spec"}, {}, {}),
    "as seen live, credits negative": (MOKKENHUIS, {"shapes": "live", "credit_sign": "negative"}, {}, {}),
    "mixed, credits negative, another seed": (MOKKENHUIS, {"credit_sign": "negative", "seed": 7}, {}, {}),
    "prices without VAT": (DE_BIE, {}, {}, {}),
    "VAT rounded per line": (MOKKENHUIS, {}, {"vat_rounding": "per_line"}, {"tax_rounding": "per_line"}),
    "prices without VAT, rounded per line, two decimals": (
        DE_BIE,
        {"shapes": "live"},
        {"vat_rounding": "per_line", "price_decimals": 2},
        {"tax_rounding": "per_line"},
    ),
    "four decimals": (DE_BIE, {"seed": 3}, {}, {"price_decimals": 4}),
    "VAT stated double": (MOKKENHUIS, {"doubled_tax": True}, {}, {}),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_the_systems_leave_open_changes_nothing(make_world: Callable[..., World], variant: str) -> None:
    slug, shop, books, connector = VARIANTS[variant]
    world = make_world(shop={"orders": 60} | shop, books={"invoices_per_hour": 0, "clients": 12} | books)
    world.demo_tenant(slug, books=UNLIMITED | connector)
    report = world.run(slug)
    assert report.pushed.posted > 40
    assert report.waiting == 0
    check_books(world, slug)
    credits_posted = [i for i in world.invoices(slug).values() if i["gross"] < 0]
    assert len(credits_posted) >= 2, "no credit note went over"
    assert world.run(slug).pushed.posted == 0


def test_two_tenants_share_nothing(make_world: Callable[..., World]) -> None:
    world = make_world(shop={"orders": 10}, books={"invoices_per_hour": 0})
    for slug in LOGINS:
        world.demo_tenant(slug, books=UNLIMITED)
        world.run(slug)
    ours = [{invoice["reference"][2] for invoice in world.account(slug)["invoices"]} for slug in LOGINS]
    assert all(ours)
    assert ours[0].isdisjoint(ours[1])
