"""What the suite for all connectors does not ask: the facts of Mijnwebwinkel itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from boekbrug.domain.documents import Order, UnreadableDocument
from boekbrug.domain.errors import RemoteUnavailable
from connectors import _http
from connectors._wire import JsonOut
from connectors.mijnwebwinkel import Mijnwebwinkel, Settings, ShopCredentials
from sandbox._registry import simulator_class
from sandbox._server import Running, running
from tests.connectors.scripted import Meter, Server, answering

TODAY = datetime.now(UTC).date()
FIRST, LAST = TODAY - timedelta(days=100), TODAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "READ_PAUSE", 0.001)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running[Any]]:
    with running(simulator_class("mijnwebwinkel")()) as server:
        yield server


def shop_at(base_url: str, token: str = "demo1", **settings: Any) -> Mijnwebwinkel:
    credentials = ShopCredentials(partner_token=SecretStr("partner-demo"), token=SecretStr(token))
    return Mijnwebwinkel(Settings(base_url=base_url, **settings), credentials, Meter())


@pytest.mark.parametrize("token", ["demo1", "demo2"])
@pytest.mark.parametrize(
    "options",
    [{"shapes": "spec"}, {"shapes": "live", "credit_sign": "negative"}, {"shapes": "mixed", "doubled_tax": True}],
    ids=str,
)
def test_the_shop_and_its_orders_say_the_same(simulator: Running[Any], options: dict[str, Any], token: str) -> None:
    """Every hard case, in every shape, adds up per status, currency and rate to what the shop's own books hold."""
    simulator.control.reset(**options)
    read: dict[tuple[str, str, Decimal], int] = defaultdict(int)
    with shop_at(simulator.url, token) as shop:
        for page in shop.read_orders_placed(FIRST, LAST):
            for order in page:
                assert isinstance(order, Order), order
                for line in order.lines:
                    cents = -line.gross.cents if order.is_credit else line.gross.cents
                    read[order.status_id, order.currency, line.rate] += cents
    totals = simulator.control.books()["shops"][token]["totals"]
    assert dict(read) == {
        (status, entry["currency"], Decimal(entry["rate"])): entry["gross_cents"]
        for status, entries in totals.items()
        for entry in entries
    }


def test_broken_orders_do_not_hold_up_the_others(simulator: Running[Any]) -> None:
    simulator.control.reset(orders=6, mix="everyday")
    with shop_at(simulator.url) as shop:
        numbers = [document.number for page in shop.read_orders_placed(FIRST, LAST) for document in page]
        simulator.control.post(f"orders/{numbers[2]}/edit", {"changes": {"price": {"total": "veel"}}})
        documents = [document for page in shop.read_orders_placed(FIRST, LAST) for document in page]
    assert [document.number for document in documents] == numbers
    assert [isinstance(document, UnreadableDocument) for document in documents].count(True) == 1
    assert isinstance(documents[2], UnreadableDocument)


def params_of(server: Server) -> list[dict[str, str]]:
    return [{k: v[0] for k, v in parse_qs(urlsplit(request.target).query).items()} for request in server.requests]


STORE: JsonOut = {"name": "W", "currency": "EUR", "prices_include_tax": True}


def test_what_is_asked_for_changed_orders(server: Server) -> None:
    server.plays(answering(200, STORE), answering(200, []))
    with shop_at(server.base_url) as shop:
        assert list(shop.read_changed_orders(datetime(2026, 10, 25, 0, 50, 7, tzinfo=UTC))) == []
    store, changed, placed = params_of(server)
    # 00:50 UTC is 02:50 summer time; the shop's clock shows 02:10 again after it, so an hour is taken off.
    assert changed["status_changed_start_date"] == "2026-10-25 01:50:07"
    assert placed["start_date"] == "2026-10-24"
    for asked in (changed, placed):
        assert asked["limit"] == "100" and asked["ordering"] == "asc" and asked["test"] == "0"
        assert asked["language"] == "nl_NL" and asked["format"] == "json"
    assert store["token"] == "demo1" and store["partner_token"] == "partner-demo"
    assert [urlsplit(request.target).path for request in server.requests] == ["/api/v1/store"] + ["/api/v1/orders"] * 2


def test_another_order_than_the_one_asked_for_is_no_answer(server: Server) -> None:
    server.plays(answering(200, {"number": 7, "uuid": "5b0c9c1e-0000-4000-8000-000000000007"}))
    with shop_at(server.base_url) as shop, pytest.raises(RemoteUnavailable):
        list(shop.read_orders(["8"]))


def test_a_list_that_keeps_moving_is_given_up(server: Server) -> None:
    calls = iter(range(10_000))

    def fresh_page(connection: Any, request: Any) -> None:
        orders = [{"number": 1 + next(calls), "uuid": f"00000000-{next(calls)}"} for _ in range(4)]
        answering(200, STORE if "store" in request.target else orders)(connection, request)

    server.plays(fresh_page)
    with shop_at(server.base_url, page_size=4) as shop, pytest.raises(RemoteUnavailable, match="keeps moving"):
        list(shop.read_orders_placed(date(2026, 1, 1), date(2026, 1, 2)))
    assert len(server.requests) < 60


@pytest.mark.parametrize("payload", [{"error": "x"}, {"errors": []}, "x", 3, None])
def test_what_is_no_list_is_no_empty_list(server: Server, payload: JsonOut) -> None:
    server.plays(answering(200, STORE), answering(200, payload))
    with shop_at(server.base_url) as shop, pytest.raises(RemoteUnavailable):
        list(shop.read_orders_placed(date(2026, 1, 1), date(2026, 1, 2)))


@pytest.mark.parametrize("payload", [{"orderstatuses": [{"status": 3, "description": "Betaald"}]}, [{"status": "3"}]])
def test_statuses_bare_or_wrapped(server: Server, payload: JsonOut) -> None:
    server.plays(answering(200, payload))
    with shop_at(server.base_url) as shop:
        assert [status.id for status in shop.read_statuses()] == ["3"]


@pytest.mark.parametrize(("payload", "count"), [({"count": 7}, 7), ({"count": "7"}, 7)])
def test_the_count(server: Server, payload: JsonOut, count: int) -> None:
    server.plays(answering(200, payload))
    with shop_at(server.base_url) as shop:
        assert shop.count_orders_placed(date(2026, 1, 1), date(2026, 1, 31)) == count


@pytest.mark.parametrize("payload", [{}, {"count": "veel"}, [], 7])
def test_no_count(server: Server, payload: JsonOut) -> None:
    server.plays(answering(200, payload))
    with shop_at(server.base_url) as shop, pytest.raises(RemoteUnavailable):
        shop.count_orders_placed(date(2026, 1, 1), date(2026, 1, 31))
