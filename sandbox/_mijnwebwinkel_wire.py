"""Orders, customers and payments in Mijnwebwinkel's JSON, in the shapes that its specification and its live API show.

`order_json` builds the canonical form: Decimals for amounts, lists where there may be several, ``{}`` for nothing.
`shaped` then writes it the way one `Style` does, because the specification and the live answers differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from uuid import NAMESPACE_OID, uuid5
from zoneinfo import ZoneInfo

from sandbox._app import JsonObject
from sandbox._cart import MICRO
from sandbox._shopdata import COUNTRY_NAMES, Address, Customer, Line, Order, Price, Status

#: The shop's wall clock: dates and times in orders carry no zone.
ZONE = ZoneInfo("Europe/Amsterdam")

STATUS_IDS: dict[Status, int] = {
    "open": 1, "shipped": 2, "paid": 3, "cancelled": 4, "collected": 6, "credited": 10,
}  # fmt: skip
_PAYMENT_STATUS_IDS = {"captured": 1, "authorized": 5, "pending": 5, "failed": 3}
_PAYMENT_LINE_TYPES = {
    "article": "physical", "custom": "physical", "discount": "discount", "shipping": "shipping_fee",
    "payment": "payment_fee",
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """One way of writing an order down. The defaults are those of the specification's example."""

    amounts_as_strings: bool = False
    integers_as_strings: bool = False
    number_as_string: bool = False
    test_mark: bool = False
    bare_single_tax: bool = False
    single_price_in_list: bool = False
    empty_as_list: bool = False
    copy_delivery: bool = True
    short_total: bool = False
    articles_within_price: bool = False
    shipping_type: str = "payment"
    discount_type: str = "custom"


SPEC = Style()
LIVE = Style(
    amounts_as_strings=True, number_as_string=True, test_mark=True, bare_single_tax=True, empty_as_list=True,
    short_total=True, shipping_type="shipping", discount_type="discount",
)  # fmt: skip


def mixed(uuid: str) -> Style:
    """A style of its own for the order with this UUID."""
    rng = Random(uuid)

    def often() -> bool:
        return rng.random() < 0.5

    strings = often()
    return Style(
        amounts_as_strings=strings,
        integers_as_strings=strings and often(),
        number_as_string=often(),
        test_mark=often(),
        bare_single_tax=often(),
        single_price_in_list=often(),
        empty_as_list=often(),
        copy_delivery=often(),
        short_total=often(),
        articles_within_price=rng.random() < 0.125,
        shipping_type=rng.choice(("payment", "shipping", "custom")),
        discount_type=rng.choice(("custom", "discount")),
    )


def local(moment: datetime) -> tuple[str, str]:
    """Date and time as the shop's clock shows them."""
    wall = moment.astimezone(ZONE)
    return f"{wall:%Y-%m-%d}", f"{wall:%H:%M:%S}"


def order_json(order: Order, *, negative_credits: bool, doubled_tax: bool, credited_by: Sequence[int]) -> JsonObject:
    """The canonical form of an order; the switches are those of the simulator's options of these names."""
    sign = -1 if negative_credits and order.credits is not None else 1
    payment = order.payment
    invoice = order.customer.invoice
    date, time = local(order.placed_at)
    changed_date, changed_time = local(order.status_changed_at)
    delivery = order.customer.delivery or invoice
    shipped = any(line.kind == "shipping" for line in order.lines)
    credit: JsonObject = {} if order.credits is None else {"credited_order_number": order.credits}
    if credited_by:
        credit["credit_order_numbers"] = list(credited_by)
    factor = sign * (2 if doubled_tax else 1)
    return credit | {
        "number": order.number,
        "uuid": order.uuid,
        "date": date,
        "time": time,
        "status": STATUS_IDS[order.status],
        "status_changed_date": changed_date,
        "status_changed_time": changed_time,
        "weight": "0",
        "archived": order.archived,
        "finished": True,
        "taxed": "include" if order.prices_include_tax else "exclude",
        "locale": "nl_NL",
        "discountcode": order.discount_code,
        "currency": order.currency,
        "currency_format_locale": "nl_NL",
        "comments": {"customer": order.comment} if order.comment else {},
        "business_model": "B2B" if order.is_business else "B2C",
        "tax_region": order.tax_region,
        "tax_strategy": order.tax_strategy,
        "partner": {},
        "payment_status": payment.status if payment else "unknown",
        "payment": {} if payment is None else {
            "gateway_name": payment.gateway,
            "method_name": payment.method,
            "status": {"id": _PAYMENT_STATUS_IDS[payment.status], "text": payment.status},
        },
        "debtor": _debtor(order.customer),
        "price": {
            "tax": [
                {"rate": rate.quantize(Decimal("0.01")), "amount": _times(factor, amount).quantize(MICRO)}
                for rate, amount in order.taxes
            ],
            "total": _times(sign, order.total),
        },
        "orderlines": [_line(line, sign) for line in order.lines],
        "shipping": [{"country": {
            "description": COUNTRY_NAMES[delivery.country], "isocode": delivery.country} if shipped else {}}],
    } | ({"reference": order.reference} if order.is_business else {})  # fmt: skip


def _times(factor: int, amount: Decimal) -> Decimal:
    return factor * amount + 0  # adding nothing turns -0.00 into 0.00


def _price(price: Price, sign: int) -> JsonObject:
    return {
        "rate": price.rate.quantize(Decimal("0.01")),
        "amount": _times(sign, price.net).quantize(MICRO),
        "amount_including_tax": _times(sign, price.gross),
    }


def _line(line: Line, sign: int) -> JsonObject:
    written: JsonObject = {"id": line.id, "type": line.kind, "quantity": line.quantity}
    if line.description:
        written["description"] = line.description
    written["price"] = [_price(price, sign) for price in line.prices]
    if line.product is not None:
        rate = line.prices[0].rate.quantize(Decimal("0.01"))
        article: JsonObject = {
            "id": line.product.id,
            "description": line.product.name,
            "sku": line.product.sku,
            "price": {"amount": line.unit_net, "rate": rate},
        }
        if line.options:
            article["options"] = [
                {"description": option.description, "price": {"amount": option.net.quantize(MICRO), "rate": rate}}
                for option in line.options
            ]
        written |= {"weight": "0", "articles": [article]}
    return written


def _address(address: Address) -> JsonObject:
    return {
        "id": str(uuid5(NAMESPACE_OID, repr(address))),
        "gender": address.gender,
        "name": address.name,
        "company": address.company,
        "phone": address.phone,
        "street": address.street,
        "number": address.number,
        "zipcode": address.postcode,
        "city": address.city,
        "country": COUNTRY_NAMES[address.country],
        "country_code": address.country,
    }


def _debtor(customer: Customer) -> JsonObject:
    invoice = customer.invoice
    account: JsonObject = {"id": customer.id} if customer.id else {}
    return account | {
        "name": invoice.name,
        "company": invoice.company,
        "email": customer.email,
        "phone": invoice.phone,
        "address": {
            "invoice": _address(invoice) | {"taxnumber": invoice.vat_number, "bankaccount": ""},
            "delivery": _address(customer.delivery) if customer.delivery else {},
        },
    }


def customer_json(customer: Customer, store_id: str, *, with_address: bool) -> JsonObject:
    """A registered customer as the newer customer endpoints show it."""
    first, _, last = customer.invoice.name.partition(" ")
    written: JsonObject = {
        "id": customer.id, "storeId": store_id, "email": customer.email, "firstName": first, "lastName": last,
        "dateOfBirth": None, "description": None,
    }  # fmt: skip
    return written | {"addresses": addresses_json(customer)} if with_address else written


def addresses_json(customer: Customer) -> list[JsonObject]:
    """The addresses of a registered customer; the invoice address is the default for both when it is the only one."""
    both = [customer.invoice, *([customer.delivery] if customer.delivery else [])]
    return [
        {
            "id": str(uuid5(NAMESPACE_OID, repr(address))),
            "firstName": address.name.partition(" ")[0],
            "lastName": address.name.partition(" ")[2],
            "street": address.street,
            "streetNumber": address.number,
            "zipCode": address.postcode,
            "city": address.city,
            "countryCode": address.country,
            "company": address.company or None,
            "gender": {"V": "F", "M": "M"}.get(address.gender),
            "phone": address.phone or None,
            "taxNumber": address.vat_number or None,
            "iban": None,
            "isDefaultForDelivery": address == both[-1],
            "isDefaultForInvoice": address == both[0],
        }
        for address in both
    ]


def _iso(moment: datetime) -> str:
    return moment.astimezone(ZONE).isoformat(timespec="seconds")


def payment_json(order: Order, store_id: str, embed: Sequence[str]) -> JsonObject | None:
    """The payment of an order, prices in integer cents; None for free and credit orders, which have none."""
    payment = order.payment
    if payment is None:
        return None
    cents = int(order.total * 100)
    created, updated = _iso(order.placed_at), _iso(order.status_changed_at)
    written: JsonObject = {
        "id": str(uuid5(NAMESPACE_OID, f"{order.uuid}/payment")),
        "gateway": payment.gateway,
        "method": payment.method,
        "gatewayReference": f"ord_{order.uuid[:8]}",
        "price": cents,
        "currency": order.currency,
        "storeId": store_id,
        "reference": str(uuid5(NAMESPACE_OID, f"{order.uuid}/reference")),
        "isTest": order.test,
        "createdAt": created,
        "updatedAt": updated,
    }
    if "mutations" in embed:
        steps = {"captured": ["authorize", "capture"], "authorized": ["authorize"], "failed": ["failed"], "pending": []}
        written["mutations"] = [
            {"id": order.number * 2 + at, "type": kind, "reference": None, "price": cents, "description": None,
             "createdAt": updated, "expiresAt": None}
            for at, kind in enumerate(steps[payment.status])
        ]  # fmt: skip
    if "order" in embed:
        written["order"] = _paid_order(order, cents)
    if "properties" in embed:
        written["properties"] = {"shipping_region": (order.customer.delivery or order.customer.invoice).country}
    return written


def _paid_order(order: Order, cents: int) -> JsonObject:
    lines: list[JsonObject] = []
    for line in order.lines:
        gross = sum((price.gross for price in line.prices), Decimal(0))
        net = sum((price.net for price in line.prices), Decimal(0))
        tax = sum((price.tax for price in line.prices), Decimal(0))
        rate = line.prices[0].rate / 100 if len(line.prices) == 1 else (tax / net if net else Decimal(0))
        lines.append({
            "id": line.id, "type": _PAYMENT_LINE_TYPES[line.kind], "name": line.description,
            "description": line.description, "quantity": line.quantity, "price": int(gross * 100),
            "tax": round(tax * 100), "taxRate": f"{rate:.4f}",
        })  # fmt: skip
    tax_cents = int(sum((amount for _, amount in order.taxes), Decimal(0)) * 100)
    return {"id": order.uuid, "reference": order.number, "price": cents, "tax": tax_cents, "locale": "nl_NL",
            "deliveryType": "delivery", "lines": lines}  # fmt: skip


def shaped(canonical: Mapping[str, object], style: Style, *, test: bool) -> JsonObject:
    """The order as this style writes it; a test order's number may carry its mark."""
    order = dict(canonical)
    debtor, price = order.get("debtor"), order.get("price")
    if style.copy_delivery and isinstance(debtor, dict):
        address = debtor.get("address")
        if isinstance(address, dict) and address.get("delivery") == {}:
            order["debtor"] = debtor | {"address": address | {"delivery": _without_numbers(address.get("invoice"))}}
    if isinstance(price, dict):
        tax, total = price.get("tax"), price.get("total")
        order["price"] = price | {
            "tax": tax[0] if style.bare_single_tax and isinstance(tax, list) and len(tax) == 1 else tax,
            "total": total.quantize(MICRO) if isinstance(total, Decimal) and not style.short_total else total,
        }
    lines = order.get("orderlines")
    if isinstance(lines, list):
        order["orderlines"] = [_shaped_line(line, style) if isinstance(line, dict) else line for line in lines]
    written = {name: _written(value, style) for name, value in order.items()}
    if style.test_mark and test:
        written["number"] = f"T-{order.get('number')}"
    elif style.number_as_string:
        written["number"] = str(order.get("number"))
    return written


def _without_numbers(invoice: object) -> object:
    if not isinstance(invoice, dict):
        return invoice
    return {name: value for name, value in invoice.items() if name not in ("taxnumber", "bankaccount")}


def _shaped_line(line: JsonObject, style: Style) -> JsonObject:
    kinds = {"shipping": style.shipping_type, "discount": style.discount_type}
    written = line | {"type": kinds.get(str(line.get("type")), line.get("type"))}
    price = line.get("price")
    if isinstance(price, list) and len(price) == 1 and isinstance(price[0], dict) and not style.single_price_in_list:
        written["price"] = price[0]
        if style.articles_within_price and "articles" in line:
            written["price"] = price[0] | {"articles": written.pop("articles")}
    return written


def _written(value: object, style: Style) -> object:
    match value:
        case Decimal():
            return str(value) if style.amounts_as_strings else value
        case int() if not isinstance(value, bool) and style.integers_as_strings:
            return str(value)
        case dict():
            written = {name: _written(inner, style) for name, inner in value.items()}
            return [] if not written and style.empty_as_list else written
        case list():
            return [_written(inner, style) for inner in value]
        case _:
            return value
