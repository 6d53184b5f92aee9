from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boekbrug.domain.documents import LineKind, Order, TaxTreatment, UnreadableDocument
from boekbrug.domain.money import total
from boekbrug.domain.snapshots import document_from_json, document_to_json, fingerprint
from connectors._capabilities import SourceDocument
from connectors._mijnwebwinkel_wire import Shop, order_from_wire, shop_from_wire, status_from_wire
from connectors._wire import Json, Unreadable, parse_json

GOLDEN = Path(__file__).parents[1] / "golden" / "mijnwebwinkel"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SHOP = Shop(name="Voorbeeldwinkel", currency="EUR", prices_include_tax=True)
CASES = sorted(path.name for path in GOLDEN.iterdir())


def payload_of(case: str) -> dict[str, Any]:
    payload = parse_json((GOLDEN / case / "payload.json").read_text())
    assert isinstance(payload, dict)
    return payload


def read(payload: Json) -> SourceDocument:
    return order_from_wire(payload, SHOP, AMSTERDAM)


def order_of(payload: Json) -> Order:
    order = read(payload)
    assert isinstance(order, Order), order
    return order


def problem_of(payload: Json) -> tuple[str, str]:
    document = read(payload)
    assert isinstance(document, UnreadableDocument), document
    [finding] = document.findings
    assert finding.code == "DOCUMENT_UNREADABLE"
    return finding.values["field"], finding.values["problem"]


@pytest.mark.parametrize("case", CASES)
def test_golden_orders(case: str) -> None:
    order = order_of(payload_of(case))
    assert order == document_from_json((GOLDEN / case / "order.json").read_text())
    assert document_from_json(document_to_json(order)) == order


@pytest.mark.parametrize("case", CASES)
def test_golden_orders_add_up(case: str) -> None:
    order = order_of(payload_of(case))
    assert total(line.gross for line in order.lines) == order.gross


def test_a_cost_over_two_rates_is_two_lines_of_one() -> None:
    order = order_of(payload_of("split-costs"))
    costs = [line for line in order.lines if line.kind is LineKind.PAYMENT_COSTS]
    assert [(line.rate, line.gross.amount, line.quantity) for line in costs] == [
        (9, Decimal("0.31"), 1),
        (21, Decimal("0.69"), 1),
    ]
    assert {line.source_id for line in costs} == {"a3"}


def test_unknown_kinds_of_lines_go_by_their_price() -> None:
    kinds = [line.kind for line in order_of(payload_of("live-shapes")).lines]
    assert kinds == [LineKind.ARTICLE, LineKind.OTHER, LineKind.DISCOUNT]


def flipped(payload: dict[str, Any]) -> dict[str, Any]:
    """The same order with every amount of the opposite sign."""
    payload = copy.deepcopy(payload)
    payload["price"]["total"] = str(-Decimal(payload["price"]["total"]))
    for tax in payload["price"]["tax"]:
        tax["amount"] = str(-Decimal(tax["amount"]))
    for line in payload["orderlines"]:
        for price in line["price"] if isinstance(line["price"], list) else [line["price"]]:
            for name in ("amount", "amount_including_tax"):
                price[name] = str(-Decimal(price[name]))
    return payload


def test_a_credit_order_is_positive_whatever_its_signs() -> None:
    negative = payload_of("credit-negative")
    positive = flipped(negative)
    total_only = {**negative, "price": positive["price"]}
    lines_only = {**negative, "orderlines": positive["orderlines"]}
    expected = order_of(negative)
    assert expected.gross.amount == Decimal("21.78")
    assert [line.gross.amount for line in expected.lines] == [Decimal("24.20"), Decimal("-2.42")]
    assert [line.kind for line in expected.lines] == [LineKind.ARTICLE, LineKind.DISCOUNT]
    assert expected.credits == "1042" and expected.is_credit
    for payload in (positive, total_only, lines_only):
        assert order_of(payload) == expected


def test_a_credit_order_of_nothing_goes_by_its_goods() -> None:
    payload = payload_of("credit-negative")
    payload["price"] = {"total": "0.00", "tax": []}
    payload["orderlines"][1]["price"] = [{"rate": "21.00", "amount": "20.000000", "amount_including_tax": "24.20"}]
    assert [line.gross.amount for line in order_of(payload).lines] == [Decimal("24.20"), Decimal("-24.20")]


def test_a_negative_order_that_credits_nothing_is_not_understood() -> None:
    payload = payload_of("credit-negative")
    del payload["credited_order_number"]
    assert problem_of(payload)[0] == "price.total"


@pytest.mark.parametrize(
    ("strategy", "treatment"),
    [("", TaxTreatment.DOMESTIC), (None, TaxTreatment.DOMESTIC), ("zero_percent", TaxTreatment.ZERO),
     ("reverse_charged_vat", TaxTreatment.REVERSE_CHARGE)],
)  # fmt: skip
def test_tax_strategies(strategy: Json, treatment: TaxTreatment) -> None:
    assert order_of({**payload_of("split-costs"), "tax_strategy": strategy}).treatment is treatment


@pytest.mark.parametrize(
    ("day", "clock", "utc"),
    [
        ("2025-12-31", "23:30:00", datetime(2025, 12, 31, 22, 30, tzinfo=UTC)),
        ("2025-03-30", "02:30:00", datetime(2025, 3, 30, 1, 30, tzinfo=UTC)),  # does not exist
        ("2025-10-26", "02:30:00", datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),  # exists twice
        ("2025-07-01", "00:00", datetime(2025, 6, 30, 22, 0, tzinfo=UTC)),
    ],
)
def test_the_shops_clock(day: str, clock: str, utc: datetime) -> None:
    order = order_of({**payload_of("split-costs"), "date": day, "time": clock})
    assert order.ordered_at == utc
    assert order.ordered_at.utcoffset() is not None
    skipped = timedelta(hours=1) if (day, clock) == ("2025-03-30", "02:30:00") else timedelta(0)
    assert order.ordered_at.replace(tzinfo=None) == datetime.fromisoformat(f"{day} {clock}") + skipped


@pytest.mark.parametrize(("taxed", "expected"), [("include", True), ("exclude", False), ("", False), ("?", False)])
def test_prices_with_or_without_vat(taxed: str, expected: bool) -> None:
    shop = Shop(prices_include_tax=False)
    order = order_from_wire({**payload_of("split-costs"), "taxed": taxed}, shop, AMSTERDAM)
    assert isinstance(order, Order) and order.prices_include_tax is expected


def test_without_a_delivery_address_goods_go_to_the_invoice_address() -> None:
    order = order_of(payload_of("split-costs"))
    assert order.delivery_address == order.customer.address
    assert order.customer.source_ref is None, "a guest has no id"


def change(path: str, value: object) -> dict[str, Any]:
    payload = payload_of("split-costs")
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = payload
    for step in steps:
        place = place[step]
    place[last] = value
    return payload


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("uuid", "", "uuid"),
        ("uuid", "../../etc", "uuid"),
        ("number", "T-1001", "number"),
        ("number", "10 42", "number"),
        ("status", None, "status"),
        ("date", "03-03-2025", "date"),
        ("date", "2025-02-30", "date"),
        ("date", "0001-01-01", "date"),
        ("time", "25:00:00", "date"),
        ("time", None, "time"),
        ("status_changed_date", "gisteren", "status_changed_date"),
        ("currency", "EURO", "currency"),
        ("price", None, "price.total"),
        ("price.total", "1e999", "price.total"),
        ("price.total", Decimal("1e999"), "price.total"),
        ("price.total", "NaN", "price.total"),
        ("price.total", "36,10", "price.total"),
        ("price.total", "36.105", "price.total"),
        ("price.tax.0.rate", "negen", "price.tax[0].rate"),
        ("tax_strategy", "oss", "tax_strategy"),
        ("debtor", "Jan", "debtor"),
        ("debtor.address.invoice.country_code", "NLD", "debtor.address.invoice.country_code"),
        ("debtor.address.invoice.name", ["x"], "debtor.address.invoice.name"),
        ("orderlines.0.quantity", 0, "orderlines[0].quantity"),
        ("orderlines.0.quantity", None, "orderlines[0].quantity"),
        ("orderlines.0.price", [], "orderlines[0].price"),
        ("orderlines.0.price.amount", None, "orderlines[0].price[0].amount"),
        ("orderlines.0.price.amount_including_tax", "24.2049", "orderlines[0].price[0].amount_including_tax"),
        ("orderlines.0.price.rate", "0.21e2", "orderlines[0].price[0].rate"),
        ("orderlines.0.price.rate", "-21", "orderlines[0].price[0].rate"),
        ("orderlines.0.price.rate", "2100", "orderlines[0].price[0].rate"),
        ("orderlines.1", "Thee", "orderlines[1]"),
    ],
)
def test_what_is_not_understood_is_said_and_not_guessed(path: str, value: object, field: str) -> None:
    payload = change(path, value)
    assert problem_of(payload)[0] == field
    document = read(payload)
    assert document.source_ref.id.startswith("5b0c9c1e") or path == "uuid"


def test_an_unreadable_order_keeps_its_identity() -> None:
    payload: dict[str, Json] = {"number": 12, "uuid": "5b0c9c1e-0000-4000-8000-000000001042", "status": 3}
    document = read(payload)
    assert isinstance(document, UnreadableDocument)
    assert (document.number, document.status_id, document.source_ref.id) == ("12", "3", payload["uuid"])
    assert read({"number": 12}).source_ref.id == "number:12"
    nameless = [read(payload).source_ref.id for payload in ({"a": 1}, {"a": 2}, {"a": 1}, [], "x", None)]
    assert nameless[0] == nameless[2] != nameless[1]
    assert all(name.startswith("content:") for name in nameless)


def test_the_same_order_in_another_spelling_has_the_same_fingerprint() -> None:
    payload = payload_of("split-costs")
    other = copy.deepcopy(payload)
    other["number"], other["price"]["total"] = 1042, Decimal("36.1")
    other["orderlines"][0]["quantity"] = "2.00"
    other["orderlines"][0]["price"] = [
        {"rate": 21, "amount": 20, "amount_including_tax": Decimal("24.200000000000003")}
    ]
    other["status"] = 2
    assert fingerprint(order_of(other)) == fingerprint(order_of(payload))


def test_very_many_lines() -> None:
    payload = payload_of("split-costs")
    payload["orderlines"] = payload["orderlines"][:1] * 10_000
    assert len(order_of(payload).lines) == 10_000


def test_a_very_deep_order() -> None:
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": deep, "number": deep}
        deep = [deep]
    assert isinstance(read(deep), UnreadableDocument)


def test_shop_and_statuses() -> None:
    assert shop_from_wire({"name": "W", "currency": "eur", "prices_include_tax": "0"}) == Shop(
        name="W", currency="EUR", prices_include_tax=False
    )
    status = status_from_wire({"status": 10, "description": "Credit", "credit_order": True})
    assert (status.id, status.name, status.is_credit) == ("10", "Credit", True)
    with pytest.raises(Unreadable):
        status_from_wire({"description": "Credit"})


# -- whatever comes

ABSURD = st.sampled_from(
    ["1e999", "NaN", "-Infinity", "\x00\x1b[31m", "' OR 1=1 --", "<script>", "\ud800", "9" * 500, "", " ", "0", "-1",
     "21.00", "2025-13-45", [], {}, [[]], [{}], True, False, None, 0, -1, 10**29, Decimal("1e999"), Decimal("NaN"),
     Decimal("sNaN"), Decimal("-Infinity"), Decimal("1E-400"), Decimal("1E+999999"), "à" * 5000]
)  # fmt: skip
ANYTHING = st.recursive(
    ABSURD | st.text(max_size=8) | st.integers() | st.decimals(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["rate", "amount", "amount_including_tax", "price", "tax", "total", "address", "invoice", "a"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a payload."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield (*path, key)
        yield from places(member, (*path, key))


PLACES = [(case, place) for case in CASES for place in places(payload_of(case))]


def check_document(document: SourceDocument) -> None:
    """What must hold of anything that is read."""
    assert document.source_ref.system == "mijnwebwinkel" and document.source_ref.id
    if isinstance(document, UnreadableDocument):
        [finding] = document.findings
        assert finding.blocks
        assert len(finding.sentence("nl")) < 400
        finding.sentence("nl").encode()
        return
    text = document_to_json(document)
    assert document_from_json(text) == document
    assert "\\u0000" not in text
    assert document.gross.amount >= 0
    assert all(line.quantity > 0 and 0 <= line.rate <= 100 for line in document.lines)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(PLACES), ANYTHING)
def test_one_value_replaced_by_anything(place: tuple[str, tuple[Any, ...]], value: Any) -> None:
    case, path = place
    payload = payload_of(case)
    spot: Any = payload
    for key in path[:-1]:
        spot = spot[key]
    spot[path[-1]] = value
    check_document(read(payload))


@pytest.mark.parametrize(("case", "path"), [(case, path) for case, path in PLACES if isinstance(path[-1], str)])
def test_one_field_left_out(case: str, path: tuple[Any, ...]) -> None:
    payload = payload_of(case)
    before = read(payload_of(case))
    spot: Any = payload
    for key in path[:-1]:
        spot = spot[key]
    del spot[path[-1]]
    document = read(payload)
    check_document(document)
    if isinstance(document, Order) and isinstance(before, Order):
        left_out_lines = path[0] == "orderlines" and len(path) == 1
        assert (
            left_out_lines
            or [line.gross for line in document.lines] == [line.gross for line in before.lines]
            or (path == ("credited_order_number",))
        )


@settings(max_examples=200, deadline=None)
@given(ANYTHING)
def test_anything_at_all(value: Any) -> None:
    check_document(read(value))
