"""Reading orders: every order, once, whatever the pages do."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from boekbrug.domain.documents import Order
from boekbrug.domain.money import total
from connectors._capabilities import OrderSource
from tests.conformance.sites import SourceSite

TODAY = datetime.now(UTC).date()
FIRST, LAST = TODAY - timedelta(days=100), TODAY + timedelta(days=1)
LONG_AGO = datetime.now(UTC) - timedelta(days=100)


def placed(shop: OrderSource, first: date = FIRST, last: date = LAST) -> list[Order]:
    orders = [document for page in shop.read_orders_placed(first, last) for document in page]
    assert all(isinstance(order, Order) for order in orders), orders
    return [order for order in orders if isinstance(order, Order)]


@pytest.mark.parametrize("beside_a_page", [None, 1, 0, +1])
@pytest.mark.parametrize("pages", [1, 3])
def test_every_order_is_read_once(source: SourceSite, pages: int, beside_a_page: int | None) -> None:
    count = 0 if beside_a_page is None else source.stand.page * pages + beside_a_page
    source.stand.fill(source.control, count)
    shop = source.open()
    orders = placed(shop)
    assert len(orders) == count == shop.count_orders_placed(FIRST, LAST)
    assert len({order.source_ref for order in orders}) == count
    changed = [document for page in shop.read_changed_orders(LONG_AGO) for document in page]
    assert Counter(order.source_ref for order in changed) == Counter(order.source_ref for order in orders)


def test_a_single_order(source: SourceSite) -> None:
    source.stand.fill(source.control, 1)
    [order] = placed(source.open())
    assert order.source_ref.system == source.system
    assert order.ordered_at.utcoffset() is not None and order.changed_at.utcoffset() is not None


def test_the_days_count_from_the_first_to_the_last(source: SourceSite) -> None:
    source.stand.fill(source.control, 2 * source.stand.page)
    shop = source.open()
    orders = placed(shop)
    day = orders[len(orders) // 2].ordered_at.date()
    expected = {order.source_ref for order in orders if order.ordered_at.date() == day}
    assert {order.source_ref for order in placed(shop, day, day)} == expected
    assert shop.count_orders_placed(day, day) == len(expected)


@pytest.mark.parametrize("way", [0, 1])
def test_no_order_is_lost_when_the_list_moves(source: SourceSite, way: int) -> None:
    source.stand.fill(source.control, 4 * source.stand.page + 3)
    shop = source.open()
    before = {order.source_ref for order in placed(shop)}
    source.stand.moving[way % len(source.stand.moving)](source.control)
    assert before <= {order.source_ref for order in placed(shop)}
    changed = [document.source_ref for page in shop.read_changed_orders(LONG_AGO) for document in page]
    assert before <= set(changed)


def test_the_same_question_has_the_same_answer(source: SourceSite) -> None:
    shop = source.open()
    assert placed(shop) == placed(shop) == placed(source.open())


def test_pages_are_read_as_they_are_wanted(source: SourceSite) -> None:
    source.stand.fill(source.control, 5 * source.stand.page)
    pages = source.open().read_orders_placed(FIRST, LAST)
    next(pages)
    calls = source.meter.calls
    next(pages)
    assert source.meter.calls == calls + 1


def test_orders_by_number(source: SourceSite) -> None:
    shop = source.open()
    orders = placed(shop)
    asked = [orders[2].number, "987654321", orders[0].number, "", "no-such", "1/../2"]
    assert list(shop.read_orders(asked)) == [orders[2], None, orders[0], None, None, None]


def test_every_order_has_a_status_that_the_shop_knows(source: SourceSite) -> None:
    shop = source.open()
    statuses = {status.id: status for status in shop.read_statuses()}
    assert statuses and all(status.name for status in statuses.values())
    assert {order.status_id for order in placed(shop)} <= set(statuses)


def test_orders_add_up(source: SourceSite) -> None:
    source.stand.fill(source.control, 3 * source.stand.page)
    for order in placed(source.open()):
        assert total((line.gross for line in order.lines), order.currency) == order.gross
        assert order.gross.amount >= 0
        assert order.customer.display_name


def test_another_tenants_orders_stay_apart(source: SourceSite) -> None:
    ours, theirs = placed(source.open()), placed(source.open(other=True))
    assert ours and theirs
    assert {order.source_ref for order in ours}.isdisjoint({order.source_ref for order in theirs})
