"""Orders of Mijnwebwinkel, from the JSON of its API to the domain's documents. Pure functions.

Facts: the supplier's OpenAPI file and shapes seen on the live API, in docs/connectors/mijnwebwinkel.md. Whatever is not
understood makes the document unreadable, with the field and the problem; it is never guessed and never dropped.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from boekbrug.domain.documents import (
    Address,
    Contact,
    ExternalRef,
    LineKind,
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    TaxTotal,
    TaxTreatment,
    UnreadableDocument,
)
from boekbrug.domain.findings import finding
from boekbrug.domain.money import Money, total
from connectors._capabilities import SourceDocument
from connectors._wire import Fields, Json, Unreadable, without_zeros

SYSTEM = "mijnwebwinkel"
# What a route is proposed to take and to leave out, by the names that every new shop begins with.
_GOES_OVER = frozenset({"betaald", "verzonden", "betaald & afgehaald"})
_NEVER = frozenset({"geannuleerd"})

_UUID = re.compile(r"[0-9a-z][0-9a-z-]{7,63}")
NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_DAY = re.compile(r"(20[0-9]{2})-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_USUAL_COUNTRIES = {"UK": "GB", "EL": "GR"}  # in use for VAT, but not the ISO codes

_TREATMENTS = {
    "": TaxTreatment.DOMESTIC,
    "zero_percent": TaxTreatment.ZERO,
    "reverse_charged_vat": TaxTreatment.REVERSE_CHARGE,
}

# Only `article`, `custom` and `payment` have been seen; the others are what such lines are called elsewhere in the API.
# A name that is not here does no harm: the line is booked by its price all the same.
_KINDS = {
    "article": LineKind.ARTICLE,
    "custom": LineKind.ARTICLE,
    "payment": LineKind.PAYMENT_COSTS,
    "payment_fee": LineKind.PAYMENT_COSTS,
    "shipping": LineKind.SHIPPING,
    "shipping_fee": LineKind.SHIPPING,
    "discount": LineKind.DISCOUNT,
    "discountcode": LineKind.DISCOUNT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What the shop says of itself, for orders that do not say it."""

    name: str = ""
    currency: str = "EUR"
    prices_include_tax: bool = True


def shop_from_wire(payload: Json) -> Shop:
    """The answer of `/store`. Raises Unreadable."""
    store = Fields(payload, "store")
    return Shop(
        name=store.text("name"),
        currency=store.text("currency").upper() or "EUR",
        prices_include_tax=store.flag("prices_include_tax", default=True),
    )


def status_from_wire(payload: Json) -> OrderStatus:
    """One member of `/orderstatuses`. Raises Unreadable."""
    status = Fields(payload, "orderstatus")
    status_id = status.required_text("status")
    name = status.text("description") or status_id
    return OrderStatus(
        id=status_id,
        name=name,
        is_credit=status.flag("credit_order", default=False),
        goes_over=name.strip().casefold() in _GOES_OVER,
        never=name.strip().casefold() in _NEVER,
    )


def order_from_wire(payload: Json, shop: Shop, zone: ZoneInfo) -> SourceDocument:
    """The order, or why it cannot be understood. Never raises, whatever the payload."""
    try:
        return _order(Fields(payload), shop, zone)
    except Unreadable as error:
        return UnreadableDocument(
            source_ref=ExternalRef(SYSTEM, "order", order_id(payload)),
            number=_text_if_any(payload, "number"),
            status_id=_text_if_any(payload, "status"),
            findings=(finding("DOCUMENT_UNREADABLE", field=error.field, problem=error.problem),),
        )


def _order(order: Fields, shop: Shop, zone: ZoneInfo) -> Order:
    uuid = _matching(order, "uuid", order.text("uuid").lower(), _UUID, "an id")
    number = order.required_text("number")
    if number.upper().startswith("T"):
        raise Unreadable("number", f"'{number}' marks a test order")
    _matching(order, "number", number, NUMBER, "an order number")
    currency = _matching(order, "currency", order.text("currency").upper() or shop.currency, _CURRENCY, "a currency")
    price = order.object("price")
    stated = price.money("total", currency)
    types, lines = _lines(order, currency)
    tax_totals = _tax_totals(price, currency)
    credits_number = order.text("credited_order_number")
    is_credit = credits_number not in ("", "0")
    if is_credit:
        # Whether a credit order's amounts come with a minus is not documented: the document's own sign is taken off,
        # so that what ran against it (a discount given back) keeps running against it.
        lines = _turned(lines, stated)
        tax_totals = _tax_totals_turned(tax_totals)
        stated = abs(stated)
    elif stated.amount < 0:
        raise Unreadable("price.total", f"{stated.amount} is negative, but the order names none that it credits")
    ordered_at = _moment(order, "date", "time", zone)
    strategy = order.text("tax_strategy")
    if strategy not in _TREATMENTS:
        raise Unreadable("tax_strategy", f"'{strategy}' is not known")
    invoice_address, delivery_address = _addresses(order)
    payment = order.object("payment")
    changed = order.text("status_changed_date").replace("0000-00-00", "")
    return Order(
        source_ref=ExternalRef(SYSTEM, "order", uuid),
        number=number,
        status_id=order.required_text("status"),
        ordered_at=ordered_at,
        changed_at=_moment(order, "status_changed_date", "status_changed_time", zone) if changed else ordered_at,
        currency=currency,
        prices_include_tax=_prices_include_tax(order.text("taxed"), shop),
        treatment=_TREATMENTS[strategy],
        customer=_customer(order, invoice_address),
        delivery_address=delivery_address,
        lines=tuple(_of_its_kind(name, line) for name, line in zip(types, lines, strict=True)),
        gross=stated,
        tax_totals=tax_totals,
        payment=Payment(method=payment.text("method_name"), gateway=payment.text("gateway_name")),
        credits=credits_number if is_credit else None,
        customer_reference=order.text("reference"),
        is_business=order.text("business_model").upper() == "B2B",
    )


def _lines(order: Fields, currency: str) -> tuple[list[str], list[OrderLine]]:
    """The shop's type and the line, one for each VAT rate: a cost that is spread over rates has a price for each, and
    then a quantity of one."""
    types, lines = [], []
    for index, line in enumerate(order.objects("orderlines")):
        quantity = without_zeros(line.number("quantity", 4).copy_abs())  # the amounts carry the direction
        if not quantity:
            raise Unreadable(line.path("quantity"), "is zero")
        prices = line.objects("price")
        if not prices:
            raise Unreadable(line.path("price"), "is missing")
        kind = line.text("type").lower()
        description = line.text("description") or next((a.text("description") for a in line.objects("articles")), "")
        for price in prices:
            types.append(kind)
            lines.append(
                OrderLine(
                    kind=_KINDS.get(kind, LineKind.OTHER),
                    description=description or kind,
                    quantity=quantity if len(prices) == 1 else Decimal(1),
                    net=Money(price.number("amount", 6), currency),
                    gross=price.money("amount_including_tax", currency),
                    rate=_rate(price),
                    source_id=line.text("id") or str(index + 1),
                )
            )
    return types, lines


def _of_its_kind(name: str, line: OrderLine) -> OrderLine:
    """As what it is. Discounts have been written as custom items too, and under names not in the list."""
    if line.gross.amount < 0 and (name == "custom" or name not in _KINDS):
        return replace(line, kind=LineKind.DISCOUNT)
    return line


def _turned(lines: list[OrderLine], stated: Money) -> list[OrderLine]:
    """The lines of a credit order with the sign of a sale."""
    direction = total((line.gross for line in lines), stated.currency)
    if direction.is_zero:  # goods and discount cancel out: the goods tell
        direction = total((line.gross for line in lines if line.kind is LineKind.ARTICLE), stated.currency)
    if direction.amount >= 0:
        return lines
    return [replace(line, net=_negated(line.net), gross=_negated(line.gross)) for line in lines]


def _tax_totals_turned(tax_totals: tuple[TaxTotal, ...]) -> tuple[TaxTotal, ...]:
    if sum(entry.tax.amount for entry in tax_totals) >= 0:
        return tax_totals
    return tuple(replace(entry, tax=_negated(entry.tax)) for entry in tax_totals)


def _negated(money: Money) -> Money:
    return Money(0 - money.amount, money.currency)  # 0 - …: no negative zero


def _tax_totals(price: Fields, currency: str) -> tuple[TaxTotal, ...]:
    return tuple(
        TaxTotal(rate=_rate(entry), tax=Money(entry.number("amount", 2), currency)) for entry in price.objects("tax")
    )


def _rate(price: Fields) -> Decimal:
    rate = price.exact_number("rate", 2)
    if not 0 <= rate <= 100:
        raise Unreadable(price.path("rate"), f"{rate} is not a percentage")
    return rate


def _prices_include_tax(taxed: str, shop: Shop) -> bool:
    # Seen: `include`. How the other case is written is not documented.
    word = taxed.lower()
    if word.startswith("inc"):
        return True
    return False if word.startswith("exc") else shop.prices_include_tax


def _addresses(order: Fields) -> tuple[Address, Address]:
    """The invoice and the delivery address; without the latter the goods go to the former."""
    debtor = order.object("debtor")
    addresses = debtor.object("address")
    invoice, delivery = addresses.object("invoice"), addresses.object("delivery")
    invoice_address = _address(invoice)
    invoice_address = replace(
        invoice_address,
        name=invoice_address.name or debtor.text("name"),
        company=invoice_address.company or debtor.text("company"),
    )
    if not delivery:
        return invoice_address, invoice_address
    delivery_address = _address(delivery)
    if not delivery_address.country:
        destinations = {_country(entry.object("country"), "isocode") for entry in order.objects("shipping")} - {""}
        country = destinations.pop() if len(destinations) == 1 else invoice_address.country
        delivery_address = replace(delivery_address, country=country)
    return invoice_address, delivery_address


def _address(address: Fields) -> Address:
    return Address(
        name=address.text("name"),
        company=address.text("company"),
        street=f"{address.text('street')} {address.text('number')}".strip(),
        postcode=address.text("zipcode"),
        city=address.text("city"),
        country=_country(address, "country_code"),
    )


def _country(fields: Fields, name: str) -> str:
    code = fields.text(name).upper()
    return _matching(fields, name, _USUAL_COUNTRIES.get(code, code), _COUNTRY, "a country code") if code else ""


def _customer(order: Fields, address: Address) -> Contact:
    debtor = order.object("debtor")
    invoice = debtor.object("address").object("invoice")
    customer_id = debtor.text("id")
    return Contact(
        email=debtor.text("email"),
        phone=invoice.text("phone") or debtor.text("phone"),
        vat_number=invoice.text("taxnumber"),
        address=address,
        source_ref=ExternalRef(SYSTEM, "customer", customer_id) if customer_id else None,
    )


def _moment(order: Fields, day_name: str, time_name: str, zone: ZoneInfo) -> datetime:
    """The moment from a day and a time of the shop's clock. In the hour that the end of summer time repeats, the first
    is meant; a time that its beginning skips is moved on. The offset is fixed: in a zone with summer time, a moment in
    the repeated hour equals nothing."""
    day = _matching(order, day_name, order.required_text(day_name), _DAY, "a day")
    clock = _matching(order, time_name, order.required_text(time_name), _TIME, "a time")
    try:
        given = datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), tzinfo=zone)
    except ValueError:
        raise Unreadable(order.path(day_name), f"'{day} {clock}' is not a moment") from None
    local = given.astimezone(UTC).astimezone(zone)
    return local.replace(tzinfo=timezone(local.utcoffset() or timedelta(0)))


def _matching(fields: Fields, name: str, text: str, pattern: re.Pattern[str], what: str) -> str:
    if not text:
        raise Unreadable(fields.path(name), "is missing")
    if not pattern.fullmatch(text):
        raise Unreadable(fields.path(name), f"'{text[:40]}' is not {what}")
    return text


def _text_if_any(payload: Json, name: str) -> str:
    try:
        return Fields(payload).text(name, 40)
    except Unreadable:
        return ""


def order_id(payload: Json) -> str:
    """The id of an order, whether it can be read or not, which stays the same: its own, else its number, else its
    content."""
    uuid = _text_if_any(payload, "uuid").lower()
    if _UUID.fullmatch(uuid):
        return uuid
    number = _text_if_any(payload, "number")
    if number:
        return f"number:{number}"
    try:
        return f"content:{hashlib.sha256(repr(payload).encode(errors='replace')).hexdigest()[:16]}"
    except (RecursionError, ValueError):  # nested without end, or a number without end
        return "content:unspeakable"
