"""The simulated Mijnwebwinkel over real HTTP: authentication, filters, paging, shapes, refusals, and its own books."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from sandbox._cases import CASES, CREDITS
from sandbox._control import Control
from sandbox._server import Running, running
from sandbox._shopdata import MIX
from sandbox.mijnwebwinkel import PARTNER_TOKEN, Mijnwebwinkel

Get = Callable[..., Any]


@pytest.fixture(scope="module")
def server() -> Iterator[Running[Mijnwebwinkel]]:
    with running(Mijnwebwinkel(orders=130)) as found:
        yield found


@pytest.fixture
def shop(server: Running[Mijnwebwinkel]) -> Running[Mijnwebwinkel]:
    server.control.reset()
    return server


@pytest.fixture
def control(shop: Running[Mijnwebwinkel]) -> Control:
    return shop.control


@pytest.fixture
def call(shop: Running[Mijnwebwinkel]) -> Iterator[Callable[..., httpx.Response]]:
    with httpx.Client(base_url=shop.url) as client:

        def send(path: str, method: str = "GET", json: object = None, **query: object) -> httpx.Response:
            tokens = {"partner_token": PARTNER_TOKEN, "token": "demo1"}
            params = {name: str(value) for name, value in (tokens | query).items() if value is not None}
            return client.request(method, path, params=params, json=json)

        yield send


@pytest.fixture
def get(call: Callable[..., httpx.Response]) -> Get:
    def answer(path: str, **query: object) -> Any:
        response = call(path, **query)
        assert response.status_code == 200, response.text
        return response.json(parse_float=Decimal)

    return answer


def book_rows(control: Control, token: str = "demo1") -> list[dict[str, Any]]:
    books: Any = control.books()
    rows: list[dict[str, Any]] = books["shops"][token]["orders"]
    return rows


def number_of(order: dict[str, Any]) -> int:
    return int(str(order["number"]).removeprefix("T-"))


def read_all(get: Get, **query: object) -> list[Any]:
    """Every order, page by page until a short one."""
    found: list[Any] = []
    while True:
        page = get("/orders", limit=50, offset=len(found), **query)
        found += page
        if len(page) < 50:
            return found


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def wall(moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo('Europe/Amsterdam')):%Y-%m-%d %H:%M:%S}"


# Authentication


@pytest.mark.parametrize(("tokens", "status"), [
    ({"partner_token": None}, 401), ({"partner_token": "wrong"}, 401), ({"token": None}, 401), ({"token": "x"}, 401),
])  # fmt: skip
def test_wrong_tokens(call: Callable[..., httpx.Response], tokens: dict[str, str | None], status: int) -> None:
    response = call("/orders", **tokens)
    assert response.status_code == status
    assert set(response.json()) == {"code", "message", "description"}
    assert response.json()["code"] == status


def test_a_token_expires_or_is_switched_off(call: Callable[..., httpx.Response], control: Control) -> None:
    for state, status in (("expired", 401), ("off", 403), ("active", 200)):
        control.post("tokens", {"shop": "demo1", "state": state})
        assert call("/store").status_code == status
        assert call("/store", token="demo2").status_code == 200


def test_statuses_and_gateways_need_only_the_partner(get: Get, call: Callable[..., httpx.Response]) -> None:
    assert {status["status"] for status in get("/orderstatuses", token=None)} >= {1, 2, 3, 6, 10}
    assert "mollie" in {gateway["name"] for gateway in get("/payment/gateways", token=None)["gateways"]}
    assert call("/orderstatuses", partner_token=None).status_code == 401


def test_tokens_stay_out_of_the_log(get: Get, control: Control) -> None:
    get("/orders", limit=1)
    assert "demo1" not in str(control.log())
    assert PARTNER_TOKEN not in str(control.log())


# The list


def test_paging_gives_every_order_once_in_order(get: Get, control: Control) -> None:
    assert len(get("/orders")) == 10
    found = [number_of(order) for order in read_all(get)]
    assert found == [row["number"] for row in book_rows(control) if not row["test"]]
    assert get("/orders/count") == {"count": len(found)}
    assert get("/orders", offset=len(found)) == []
    assert [number_of(order) for order in get("/orders", ordering="desc", limit=3)] == found[:-4:-1]


def test_filters_agree_with_the_books(get: Get, control: Control) -> None:
    control.set_options(shapes="spec")
    rows = [row for row in book_rows(control) if not row["test"]]
    middle = rows[60]
    checks: list[tuple[dict[str, object], list[int]]] = [
        ({"status_id": 3}, [r["number"] for r in rows if r["status"] == 3]),
        ({"archived": 1}, [r["number"] for r in rows if r["archived"]]),
        ({"archived": "false"}, [r["number"] for r in rows if not r["archived"]]),
        ({"test": 1}, [r["number"] for r in book_rows(control)]),
        ({"start_date": middle["day"]}, [r["number"] for r in rows if r["day"] >= middle["day"]]),
        ({"end_date": middle["day"]}, [r["number"] for r in rows if r["day"] <= middle["day"]]),
        ({"status_changed_start_date": middle["changed"]},
         [r["number"] for r in rows if r["changed"] and r["changed"] >= middle["changed"]]),
        ({"status_changed_end_date": middle["changed"], "status_id": 2},
         [r["number"] for r in rows if r["changed"] and r["changed"] <= middle["changed"] and r["status"] == 2]),
    ]  # fmt: skip
    for query, expected in checks:
        assert expected
        assert [order["number"] for order in read_all(get, **query)] == expected, query
        assert get("/orders/count", **query) == {"count": len(expected)}


def test_orders_of_a_debtor_by_email_or_id(get: Get, control: Control) -> None:
    rows = [row for row in book_rows(control) if row["case"] == "email_case"][:2]
    found = get("/orders", debtor_email=rows[0]["email"])
    assert [number_of(order) for order in found] == [row["number"] for row in rows]
    member = next(row for row in book_rows(control) if row["case"] == "new_customer")
    debtor_id = get(f"/orders/{member['number']}")["debtor"]["id"]
    both = get("/orders", debtor_email=rows[0]["email"], debtor_id=debtor_id)
    assert len(both) == 4


def test_an_unpaid_new_order_has_no_moment_of_change_unless_told_so(get: Get, control: Control) -> None:
    new = next(row["number"] for row in book_rows(control) if row["case"] == "not_eligible")
    since = "2000-01-01 00:00:00"
    assert "status_changed_date" not in get(f"/orders/{new}")
    assert new not in [number_of(order) for order in read_all(get, status_changed_start_date=since)]
    control.set_options(new_order_has_change_date=True)
    assert "status_changed_date" in get(f"/orders/{new}")
    assert new in [number_of(order) for order in read_all(get, status_changed_start_date=since)]


@pytest.mark.parametrize("query", [
    {"limit": 101}, {"limit": 0}, {"limit": "ten"}, {"offset": -1}, {"start_date": "3-1-2026"},
    {"start_date": "2026-02-30"}, {"status_changed_start_date": "2026-03-01T10:00:00"}, {"ordering": "up"},
    {"archived": "ja"}, {"language": "nl"}, {"format": "yaml"}, {"modified_since": "2026-01-01"},
])  # fmt: skip
def test_bad_query_parameters_are_refused(call: Callable[..., httpx.Response], query: dict[str, object]) -> None:
    response = call("/orders", **query)
    assert response.status_code == 400
    assert next(iter(query)) in response.json()["description"]


def test_counting_takes_no_paging_and_newer_endpoints_refuse_their_own_way(
    call: Callable[..., httpx.Response],
) -> None:
    assert call("/orders/count", limit=5).status_code == 400
    problem = call("/orders/1001/payments", embed="everything")
    assert problem.status_code == 422
    assert set(problem.json()) == {"type", "title", "detail", "status"}
    for path in ("/orders/999999", "/nothing"):
        assert call(path).status_code == call(path).json()["code"] == 404
    assert call("/orders/abc").status_code == 400
    assert call("/tax-policy/regions/XX").json()["status"] == 404
    assert call("/orders", "DELETE").status_code == 405


@pytest.mark.parametrize("shifting", ["leave", "enter"])
def test_pages_shift_while_reading(get: Get, control: Control, shifting: str) -> None:
    query = {
        "leave": {"status_id": 3},
        "enter": {"status_changed_start_date": book_rows(control)[40]["changed"]},
    }[shifting]
    before = [number_of(order) for order in read_all(get, **query)]
    control.set_options(shifting=shifting)
    first = get("/orders", limit=10, **query)
    second = get("/orders", limit=10, offset=10, **query)
    assert [number_of(order) for order in first] == before[:10]
    expected = before[11:21] if shifting == "leave" else before[9:19]
    assert [number_of(order) for order in second] == expected


# Shapes


@pytest.mark.parametrize("shapes", ["spec", "live", "mixed"])
@pytest.mark.parametrize("token", ["demo1", "demo2"])
def test_every_shape_says_the_same_as_the_books(get: Get, control: Control, shapes: str, token: str) -> None:
    control.set_options(shapes=shapes)
    found = {number_of(order): order for order in read_all(get, token=token, test=1)}
    rows = book_rows(control, token)
    assert len(found) == len(rows) == 130
    for row in rows:
        order = found[row["number"]]
        assert order["uuid"] == row["uuid"]
        assert int(order["status"]) == row["status"]
        sign = -1 if row["credits"] else 1
        assert Decimal(order["price"]["total"]) * 100 * sign == row["total_cents"]
        gross: dict[Decimal, Decimal] = {}
        for line in order["orderlines"]:
            for price in as_list(line["price"]):
                rate = Decimal(price["rate"])
                gross[rate] = gross.get(rate, Decimal(0)) + Decimal(price["amount_including_tax"])
        assert {rate: amount * 100 * sign for rate, amount in gross.items()} == {
            Decimal(rate["rate"]): rate["gross_cents"] for rate in row["rates"]
        }
        adds_up = sum(gross.values()) == Decimal(order["price"]["total"])
        assert adds_up == (row["case"] != "total_mismatch"), row["case"]


def test_spec_shape(get: Get, control: Control) -> None:
    control.set_options(shapes="spec")
    orders = read_all(get, test=1)
    assert all(type(order["number"]) is int and type(order["status"]) is int for order in orders)
    assert all(isinstance(order["price"]["tax"], list) for order in orders)
    assert all(not isinstance(order["price"]["total"], str) for order in orders)
    prices = [line["price"] for order in orders for line in order["orderlines"]]
    assert any(isinstance(price, list) and len(price) == 2 for price in prices)
    assert all(isinstance(price, dict) or len(price) == 2 for price in prices)
    assert isinstance(get("/tax-policy/regions"), list)


def test_live_shape(get: Get, control: Control) -> None:
    control.set_options(shapes="live")
    orders = read_all(get, test=1)
    assert all(isinstance(order["number"], str) for order in orders)
    assert {str(order["number"])[:2] for order in orders} >= {"T-", "10"}
    assert all(isinstance(order["price"]["total"], str) for order in orders)
    taxes = [order["price"]["tax"] for order in orders]
    assert {type(tax) for tax in taxes} == {dict, list}
    assert all(len(tax) != 1 for tax in taxes if isinstance(tax, list))
    assert any(order["shipping"][0]["country"] == [] for order in orders)
    assert all(order["comments"] == [] or order["comments"]["customer"] for order in orders)
    assert set(get("/tax-policy/regions")) == {"regions"}


def test_mixed_shape_varies_per_order_and_is_stable(get: Get) -> None:
    orders = read_all(get, test=1)
    assert orders == read_all(get, test=1)
    assert {type(order["number"]) for order in orders} == {int, str}
    assert {isinstance(order["price"]["total"], str) for order in orders} == {True, False}
    assert {type(order["comments"]) for order in orders} == {dict, list}
    assert {type(order["quantity"]) for one in orders for order in one["orderlines"]} == {int, str}
    single = [line["price"] for order in orders for line in order["orderlines"] if len(as_list(line["price"])) == 1]
    assert {type(price) for price in single} == {dict, list}
    assert any("articles" in price for price in single)


def test_unit_prices_and_options_make_the_line_price(get: Get, control: Control) -> None:
    control.set_options(shapes="spec")
    lines = [line for order in read_all(get) for line in order["orderlines"] if "articles" in line]
    assert any("options" in line["articles"][0] for line in lines)
    for line in lines:
        article = line["articles"][0] if "articles" in line else line["price"]["articles"][0]
        unit = Decimal(article["price"]["amount"])
        unit += sum(Decimal(option["price"]["amount"]) for option in article.get("options", []))
        assert unit * line["quantity"] == Decimal(line["price"]["amount"])


def test_switches_of_what_is_unknown(get: Get, control: Control) -> None:
    rows = {row["case"]: row["number"] for row in book_rows(control)}
    credit, plain = rows["credit_full"], rows["mixed_vat"]
    before = {number: get(f"/orders/{number}") for number in (credit, plain)}
    assert Decimal(before[credit]["price"]["total"]) > 0
    control.set_options(credit_sign="negative", doubled_tax=True)
    after = {number: get(f"/orders/{number}") for number in (credit, plain)}
    assert Decimal(after[credit]["price"]["total"]) == -Decimal(before[credit]["price"]["total"])
    assert Decimal(after[plain]["price"]["total"]) == Decimal(before[plain]["price"]["total"])
    doubled = [Decimal(tax["amount"]) for tax in as_list(after[plain]["price"]["tax"])]
    assert doubled == [2 * Decimal(tax["amount"]) for tax in as_list(before[plain]["price"]["tax"])]


def test_credit_and_original_name_each_other(get: Get, control: Control) -> None:
    for row in (row for row in book_rows(control) if row["case"] in CREDITS):
        original = get(f"/orders/{row['credits']}")
        assert [int(number) for number in original["credit_order_numbers"]] == [row["number"]]
        assert row["total_cents"] < 0
        assert get(f"/orders/{row['number']}/payments") == {"payments": []}


# Other resources


def test_two_shops_share_numbers_but_nothing_else(get: Get, control: Control) -> None:
    first, second = book_rows(control, "demo1"), book_rows(control, "demo2")
    assert [row["number"] for row in first] == [row["number"] for row in second]
    assert {row["uuid"] for row in first}.isdisjoint(row["uuid"] for row in second)
    stores = [get("/store", token=token) for token in ("demo1", "demo2")]
    assert [found["prices_include_tax"] for found in stores] == [True, False]
    assert stores[0]["id"] != stores[1]["id"]
    assert {row["case"] for row in first} == set(CASES) | CREDITS


def test_payments_in_cents(get: Get, control: Control) -> None:
    row = next(row for row in book_rows(control) if row["case"] == "gift_card")
    (payment,) = get(f"/orders/{row['number']}/payments", embed="mutations,order")["payments"]
    assert payment["price"] == row["total_cents"]
    assert payment["method"] == "webshop_giftcard"
    assert datetime.fromisoformat(payment["createdAt"]).tzinfo is not None
    assert [step["type"] for step in payment["mutations"]] == ["authorize", "capture"]
    assert sum(line["price"] for line in payment["order"]["lines"]) == row["total_cents"]
    assert "mutations" not in get(f"/orders/{row['number']}/payments")["payments"][0]
    free = next(row for row in book_rows(control) if row["case"] == "free_order")
    assert get(f"/orders/{free['number']}/payments") == {"payments": []}


def test_settings_of_the_shop(get: Get, call: Callable[..., httpx.Response]) -> None:
    assert get("/tax-policy/regions/NL")["region"]["taxRate"] == "0.21"
    assert get("/payment/stores/me/gateways")["gateways"]
    assert call("/payment/stores/another/gateways").status_code == 403
    assert get("/shipping/methods")[0]["countries"] == ["NL"]
    assert get("/offlinelocations") == []

    def described(language: str) -> dict[int, str]:
        return {status["status"]: status["description"] for status in get("/orderstatuses", language=language)}

    assert described("nl_NL")[3] == "Betaald"
    assert described("en_GB")[3] == "Paid"
    assert {s["status"] for s in get("/orderstatuses") if s["credit_order"]} == {10}


def test_customers(get: Get, call: Callable[..., httpx.Response], control: Control) -> None:
    everyone = get("/customers")["customers"]
    assert len({customer["id"] for customer in everyone}) == len(everyone) > 40
    wanted = everyone[7]
    assert get("/customers", q=wanted["email"].upper())["customers"] == [wanted]
    one = get(f"/customers/{wanted['id']}", embed="address")["customer"]
    assert one["addresses"] == get(f"/customers/{wanted['id']}/addresses")["addresses"]
    assert call("/customers/none").json()["status"] == 404
    assert call("/customers", limit=5).status_code == 422
    control.set_options(customers_allowed=False)
    assert call("/customers").status_code == 403


# Writing


def test_patch_changes_status_at_the_shops_clock(
    get: Get, call: Callable[..., httpx.Response], control: Control
) -> None:
    new = next(row["number"] for row in book_rows(control) if row["case"] == "not_eligible")
    control.set_clock(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), freeze=True)
    response = call(f"/orders/{new}", "PATCH", {"status": 3, "archived": True, "comments": {"internal": "geboekt"}})
    assert response.status_code == 200
    order = get(f"/orders/{new}")
    assert order == response.json(parse_float=Decimal)
    assert (order["status_changed_date"], order["status_changed_time"]) == ("2026-03-29", "03:30:00")
    assert order["archived"] is True
    assert order["comments"]["internal"] == "geboekt"
    control.advance(3600)
    call(f"/orders/{new}", "PATCH", {"status": 3, "archived": False})
    assert get(f"/orders/{new}")["status_changed_time"] == "03:30:00"


@pytest.mark.parametrize(("case", "body"), [
    ("plain", {"status": 99}), ("plain", {"status": "3"}), ("plain", {"status": 10}), ("credit_full", {"status": 3}),
    ("guest_email", {"reference": "R1"}), ("domestic_business", {"reference": "x" * 256}), ("plain", {"total": 1}),
    ("plain", {"archived": "yes"}), ("plain", {"comments": {"customer": "x"}}), ("plain", [1]),
])  # fmt: skip
def test_patch_refuses(call: Callable[..., httpx.Response], control: Control, case: str, body: object) -> None:
    row = next(row for row in book_rows(control) if row["case"] == case)
    before = call(f"/orders/{row['number']}").text
    assert call(f"/orders/{row['number']}", "PATCH", body).status_code == 400
    assert call(f"/orders/{row['number']}").text == before


def test_patch_sets_the_reference_of_a_business_order(get: Get, call: Callable[..., httpx.Response],
                                                      control: Control) -> None:  # fmt: skip
    number = next(row["number"] for row in book_rows(control) if row["case"] == "domestic_business")
    assert call(f"/orders/{number}", "PATCH", {"reference": "F2026-1"}).status_code == 200
    assert get(f"/orders/{number}")["reference"] == "F2026-1"
    assert call(f"/orders/{number}", "PATCH", {}, override_stock=1).status_code == 403


# Limits


def test_rate_limit_per_shop_and_per_partner(call: Callable[..., httpx.Response], control: Control) -> None:
    control.set_clock(datetime(2026, 3, 1, 12, tzinfo=UTC), freeze=True)
    control.set_options(calls_per_minute=3)
    assert [call("/store").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert call("/store", token="demo2").status_code == 200
    refused = call("/store")
    assert 60 <= int(refused.headers["Retry-After"]) <= 61
    assert refused.json()["code"] == 429
    control.advance(61)
    assert call("/store").status_code == 200
    control.set_options(calls_per_minute=0, partner_calls_per_minute=2)
    assert [call("/orderstatuses").status_code, call("/store", token="demo2").status_code] == [200, 429]


# Control


def test_a_given_order_is_answered_as_it_was_given(get: Get, call: Callable[..., httpx.Response],
                                                   control: Control) -> None:  # fmt: skip
    given: dict[str, Any] = {
        "number": "5001",
        "date": "2026-02-30",
        "price": {"total": "nogal wat"},
        "orderlines": [None],
        "x": "\x00",
    }
    control.post("orders?shop=demo1", given)
    assert call("/orders/5001").json() == given
    assert get("/orders", ordering="desc", limit=1) == [given]
    row = book_rows(control)[-1]
    assert (row["number"], row["case"], row["rates"], row["total_cents"]) == (5001, "given", None, None)
    proper = given | {
        "status": 3, "currency": "EUR", "price": {"total": 12.1}, "date": "2026-01-02",
        "orderlines": [{"price": {"rate": 21, "amount": "10.000000", "amount_including_tax": "12.10"}}],
    }  # fmt: skip
    control.post("orders?shop=demo1&case=mine", proper)
    row = book_rows(control)[-1]
    assert (row["case"], row["status"], row["total_cents"]) == ("mine", 3, 1210)
    assert row["rates"] == [{"currency": "EUR", "rate": "21", "net_cents": 1000, "tax_cents": 210, "gross_cents": 1210}]


@pytest.mark.parametrize("broken", [
    {}, {"status": "9" * 5000, "uuid": {"a": []}, "currency": None}, {"debtor": [], "orderlines": {"price": 1}},
    {"debtor": {"email": "\ud83d"}, "currency": "\udc00"}, {"price": {"total": "1E+999999"}, "orderlines": "none"},
    {"price": [], "orderlines": [{"price": {"rate": "1E-99999", "amount": "NaN", "amount_including_tax": 0}}]},
    {"price": {"total": 1.5}, "orderlines": [{"price": [{"rate": "1E-99", "amount": 1, "amount_including_tax": 1}]}]},
])  # fmt: skip
def test_broken_orders_break_nothing_else(get: Get, call: Callable[..., httpx.Response], control: Control,
                                          broken: dict[str, object]) -> None:  # fmt: skip
    control.post("orders?number=5002", broken)
    assert call("/orders/5002").json() == broken
    assert number_of(get("/orders", limit=2, ordering="desc", archived=0)[1]) == 1130
    assert book_rows(control)[-1]["rates"] is None
    control.post("orders/5002/status", {"status": 2})
    assert get("/orders/5002") == get("/orders", ordering="desc", limit=1, status_id=2)[0]
    assert get("/orders/5002")["status"] == 2


def test_editing_an_order_is_not_seen_by_the_change_filter(get: Get, control: Control) -> None:
    row = next(row for row in book_rows(control) if row["case"] == "mixed_vat")
    since = wall(datetime.now(UTC) - timedelta(minutes=5))
    control.post(f"orders/{row['number']}/edit", {"changes": {"debtor": {"email": "ander@example.org"}}})
    assert get(f"/orders/{row['number']}")["debtor"]["email"] == "ander@example.org"
    assert get(f"/orders/{row['number']}")["debtor"]["address"]["invoice"]["name"]
    assert [number_of(order) for order in get("/orders", debtor_email="ander@example.org")] == [row["number"]]
    assert get("/orders", status_changed_start_date=since) == []
    control.post(f"orders/{row['number']}/status", {"status": 6})
    assert [number_of(order) for order in get("/orders", status_changed_start_date=since)] == [row["number"]]


def test_orders_come_and_go(get: Get, call: Callable[..., httpx.Response], control: Control) -> None:
    added = control.post("orders/new", {"shop": "demo2", "case": "mixed_vat"})
    assert added == {"number": 1131}
    assert call("/orders/1131").status_code == 404
    order = get("/orders/1131", token="demo2")
    moment = f"{order['date']} {order['time']}"
    assert wall(datetime.now(UTC) - timedelta(minutes=5)) < moment <= wall(datetime.now(UTC) + timedelta(seconds=1))
    control.post("orders/1131/delete", {"shop": "demo2"})
    assert call("/orders/1131", token="demo2").status_code == 404


def test_the_books_add_up(control: Control) -> None:
    books: Any = control.books()
    found = books["shops"]["demo2"]
    by_hand: dict[tuple[str, str, str], int] = {}
    for row in found["orders"]:
        for rate in row["rates"]:
            if not row["test"]:
                key = (str(row["status"]), rate["currency"], rate["rate"])
                by_hand[key] = by_hand.get(key, 0) + rate["gross_cents"]
    assert by_hand == {
        (status, total["currency"], total["rate"]): total["gross_cents"]
        for status, totals in found["totals"].items()
        for total in totals
    }
    assert books["eligible_statuses"] == [2, 3, 6]


def test_seed_and_number_of_orders(get: Get, control: Control) -> None:
    before = [row["uuid"] for row in book_rows(control)]
    control.seed(orders=60, shops=3)
    assert [row["uuid"] for row in book_rows(control)] == before[:60]
    assert [row["case"] for row in book_rows(control, "demo3")] == list(MIX)
    control.seed(seed=9)
    assert {row["uuid"] for row in book_rows(control)}.isdisjoint(before)
    control.seed(orders=0)
    assert get("/orders") == []
    newest = max(order["day"] for order in book_rows_after(control, orders=40))
    assert newest >= wall(datetime.now(UTC) - timedelta(days=4))[:10]


def book_rows_after(control: Control, **options: object) -> list[dict[str, Any]]:
    control.seed(**options)
    return book_rows(control)
