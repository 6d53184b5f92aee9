"""Fetching: which orders are read on which day, what they become, and that none is lost, whatever the shop does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from boekbrug.domain.errors import RemoteUnavailable, SettingsInvalid
from boekbrug.domain.records import SyncStatus
from tasks.fetching import FetchResult, fetch_changed
from tests.world import MOKKENHUIS, World

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = timedelta(days=1)
PAID, CANCELLED = 3, 4


def fetch(world: World) -> FetchResult:
    with world.opened() as work:
        return fetch_changed(work)


def statuses(world: World) -> dict[int, SyncStatus]:
    return {int(number): record.status for number, record in world.records().items()}


def place_on(world: World, number: int, days_ago: int) -> None:
    """The order was placed and last changed so many days ago, as far as the shop says."""
    day = (world.clock.now().astimezone(AMSTERDAM) - days_ago * DAY).date().isoformat()
    world.edit(number, {"date": day, "time": "12:00:00", "status_changed_date": day, "status_changed_time": "12:05:00"})


# -- which are read


def test_the_first_run_reads_from_the_start_day_on(world: World) -> None:
    long_ago, just_before, on_the_day, later = (world.order() for _ in range(4))
    for number, days_ago in ((long_ago, 40), (just_before, 11), (on_the_day, 10), (later, 2)):
        place_on(world, number, days_ago)
    start = (world.clock.now().astimezone(AMSTERDAM) - 10 * DAY).date()
    world.demo_tenant(policy={"start_on": start.isoformat()})
    fetch(world)
    assert statuses(world) == {
        just_before: SyncStatus.SKIPPED,
        on_the_day: SyncStatus.PENDING,
        later: SyncStatus.PENDING,
    }
    assert world.codes(just_before) == {"BEFORE_START"}


def test_without_a_start_day_the_first_run_reads_thirty_days(world: World) -> None:
    history, recent = world.order(), world.order()
    place_on(world, history, 45)
    place_on(world, recent, 25)
    world.demo_tenant(policy={"start_on": None})
    fetch(world)
    assert statuses(world) == {recent: SyncStatus.PENDING}


def test_numbers_before_the_first_are_skipped(world: World) -> None:
    first, second = world.order(), world.order()
    world.demo_tenant(policy={"first_number": second})
    fetch(world)
    assert statuses(world) == {first: SyncStatus.SKIPPED, second: SyncStatus.PENDING}


def test_an_order_that_the_shop_tells_of_late_is_still_read(world: World) -> None:
    fetch(world)
    late = world.order()
    place_on(world, late, 1)  # placed before the last run, seen only now
    world.clock.advance(timedelta(hours=1))
    fetch(world)
    assert statuses(world) == {late: SyncStatus.PENDING}


def test_reading_twice_changes_nothing(world: World) -> None:
    for _ in range(5):
        world.order()
    assert fetch(world).new == 5
    before = world.records()
    again = fetch(world)
    assert (again.new, again.updated, again.read) == (0, 0, 5)
    assert world.records() == before


@pytest.mark.parametrize("shifting", ["none", "leave", "enter"])
def test_a_list_that_moves_while_it_is_read_loses_no_order(make_world: Callable[..., World], shifting: str) -> None:
    world = make_world(shop={"orders": 60, "shops": 1, "shifting": shifting}, books={"invoices_per_hour": 0})
    world.demo_tenant(shop={"page_size": 20})
    fetch(world)
    real = {number for number, row in world.shop_orders().items() if not row["test"]}
    assert statuses(world).keys() == real


def test_a_fetch_that_breaks_off_keeps_its_pages_and_is_done_again_from_the_start(
    make_world: Callable[..., World],
) -> None:
    world = make_world(shop={"orders": 45, "shops": 1})
    world.demo_tenant(shop={"page_size": 20})
    world.shop.control.add_fault("status", path=r"/v1/orders\?.*offset=[1-9]", status=400)
    with pytest.raises(RemoteUnavailable):
        fetch(world)
    kept = len(world.records())
    assert 0 < kept < 40
    world.shop.control.clear_faults()
    result = fetch(world)
    assert result.new + kept == len(world.records()) == sum(not row["test"] for row in world.shop_orders().values())


def test_test_orders_are_not_read(world: World) -> None:
    world.order("test_order")
    archived = world.order("archived")
    fetch(world)
    assert statuses(world) == {archived: SyncStatus.PENDING}


# -- statuses


def test_a_status_that_the_shop_does_not_know_lists_those_it_knows(world: World) -> None:
    world.order()
    world.demo_tenant(policy={"statuses": ["Betaalt", "Verzonden"]})
    with pytest.raises(SettingsInvalid) as refused:
        fetch(world)
    assert "'Betaalt'" in refused.value.message
    assert "Verzonden" not in refused.value.message.split(";")[0]
    for name in ("Betaald (3)", "Verzonden (2)", "Betaald & afgehaald (6)", "Geannuleerd (4)"):
        assert name in refused.value.message
    assert world.records() == {}


def test_statuses_may_be_named_by_id_and_in_any_case(world: World) -> None:
    number = world.order()
    world.set_status(number, PAID)
    world.demo_tenant(policy={"statuses": ["bETAALD ", "2"]})
    fetch(world)
    assert statuses(world) == {number: SyncStatus.PENDING}


def test_an_open_order_is_held_and_goes_over_when_it_is_paid(world: World) -> None:
    number = world.order("not_eligible")
    world.run()
    assert statuses(world) == {number: SyncStatus.HELD}
    assert world.codes(number) == {"STATUS_NOT_YET"}
    world.clock.advance(timedelta(days=3))
    world.set_status(number, PAID)
    world.run()
    assert statuses(world) == {number: SyncStatus.VERIFIED}


def test_a_held_order_is_looked_at_again_when_its_change_shows_nowhere(world: World) -> None:
    """Shops without a moment of change, or an import that sets the status behind the shop's back."""
    number = world.order("not_eligible")
    world.run()
    world.clock.advance(timedelta(days=20))
    world.edit(number, {"status": PAID})
    report = world.run()
    assert report.pushed.posted == 1
    assert statuses(world) == {number: SyncStatus.VERIFIED}


def test_a_cancelled_order_is_skipped_and_comes_back_when_it_is_paid_after_all(world: World) -> None:
    number = world.order("cancelled")
    world.run()
    assert statuses(world) == {number: SyncStatus.SKIPPED}
    assert world.codes(number) == {"STATUS_NEVER"}
    world.clock.advance(timedelta(hours=2))
    world.set_status(number, PAID)
    world.run()
    assert statuses(world) == {number: SyncStatus.VERIFIED}


# -- gone


def test_an_order_that_is_gone_before_it_went_over_is_skipped(world: World) -> None:
    number = world.order("not_eligible")
    world.run()
    world.delete(number)
    world.clock.advance(timedelta(days=1))
    assert world.run().fetched.gone == 1
    record = world.record(number)
    assert (record.status, record.reason) == (SyncStatus.SKIPPED, "gone from the shop")


def test_an_order_that_is_gone_after_it_went_over_stays_in_the_books(world: World) -> None:
    number = world.order()
    world.run()
    world.delete(number)
    world.clock.advance(timedelta(days=1))
    world.run()
    assert statuses(world) == {number: SyncStatus.VERIFIED}
    assert world.invoices().keys() == {number}


# -- unreadable


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        ({"price": None}, "price"),
        ({"price": {"total": "twaalf"}}, "price.total"),
        ({"date": "2099-02-31"}, "date"),
        ({"orderlines": [{"type": "article", "quantity": 0, "price": {"amount": 1}}]}, "orderlines"),
        ({"tax_strategy": "something_new"}, "tax_strategy"),
        ({"currency": "EURO"}, "currency"),
        ({"debtor": {"email": {"a": 1}}}, "email"),
    ],
)
def test_an_order_that_cannot_be_read_waits_with_the_field_and_the_problem(
    world: World, spoil: dict[str, Any], field: str
) -> None:
    number, other = world.order(), world.order()
    wire = world.wire(number)
    spoiled = {name: value for name, value in (wire | spoil).items() if value is not None}
    world.give(json.dumps(spoiled, default=str), number)
    world.run()
    assert statuses(world) == {number: SyncStatus.NEEDS_ATTENTION, other: SyncStatus.VERIFIED}
    (found,) = world.record(number).findings
    assert found.code == "DOCUMENT_UNREADABLE"
    assert field in found.values["field"]
    assert found.values["problem"]

    world.give(json.dumps(wire, default=str), number)  # mended in the shop
    world.run()
    assert statuses(world)[number] is SyncStatus.VERIFIED


def test_an_unreadable_order_without_a_status_waits_too(world: World) -> None:
    number = world.order()
    world.give(json.dumps({"number": number, "uuid": "no-id-at-all"}), number)
    world.run()
    assert statuses(world) == {number: SyncStatus.NEEDS_ATTENTION}
    assert world.run(MOKKENHUIS).pushed.posted == 0
